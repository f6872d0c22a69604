# SPDX-License-Identifier: MIT
"""Repacked images in real engines: docker merges the layers, podman here applies them one to the other."""

import time

import program
import view


class Repacks:
	"""What `repack` writes, beside what it read."""

	MODES = (["--base-layers", "0"], ["--squash"], ["--merge-upper", "--base-layers", "1"])

	def __init__(self, work, docker, others, binary):
		self.work, self.docker, self.others, self.binary = work, docker, others, binary
		self.started = time.time_ns()

	def compare(self, path, tag, not_read=None):
		"""How the image at `path` and the repacked ones differ to both, or None. `tag` is its name."""
		refused = self.docker.load(path)
		try:
			untimed = set() if refused else self.made_up(path)
			before = None if refused else self.docker.view(tag)
		except program.Refused as error:
			return None if not_read and not_read in str(error) else "docker loads it: %s" % error
		finally:
			self.docker.remove(tag)
		beside = None if refused else self.podman_view(path)
		for mode in self.MODES:
			wrong = self.compare_mode(mode, path, tag, (refused, before, beside, untimed), not_read)
			if wrong:
				return "%s: %s" % (" ".join(mode), wrong)
		return None

	def compare_mode(self, mode, path, tag, original, not_read):
		refused, before, beside, untimed = original
		small = self.work.path("repacked.tar")
		try:
			self.binary.run([self.binary.binary, "repack", path, "--write", small, "-q"] + mode, None)
		except program.Refused as error:
			known = refused or (not_read and not_read in str(error))
			return None if known else "docker loads it: %s" % error
		if refused:
			return "docker refuses what was repacked: %s" % refused
		return self.in_docker(small, tag, before, untimed) or self.in_podman(small, beside, untimed)

	def made_up(self, path):
		"""Directories that no entry lists: their times are the engine's."""
		rows = view.listed(self.binary.listing(path))
		return {name for name, row in rows.items() if row["type"] == "d" and row["mtime_ns"] is None}

	def in_docker(self, small, tag, before, untimed):
		"""The original is gone by now: docker takes a layer that it has for granted, whoever ships it."""
		try:
			refused = self.docker.load(small)
			if refused:
				return "docker refuses the repacked one: %s" % refused
			return prefixed("docker", view.difference(before, self.docker.view(tag), untimed))
		finally:
			self.docker.remove(tag)

	def in_podman(self, small, before, untimed):
		if before is None:	# nor does it load the original
			return None
		after = self.podman_view(small)
		if after is None:
			return "podman refuses the repacked one"
		untimed = untimed | self.touched(before)
		return prefixed("podman", view.difference(before, after, untimed))

	def touched(self, rows):
		"""What podman itself changed when it applied a layer: a directory from which a whiteout took something."""
		return {path for path, row in rows.items() if row["type"] == "d" and row["mtime_ns"] >= self.started}

	def podman_view(self, path):
		"""The image as a container of podman's sees it; None where podman does not load it."""
		loaded = self.others("podman", "load", "-q", "-i", path, check=False)
		if loaded.returncode:
			return None
		name = loaded.stdout.decode().strip().rsplit(": ", 1)[-1].split(",")[0]
		try:
			return view.walk(self.others("podman", "image", "mount", name).stdout.decode().strip())
		finally:
			self.others("podman", "image", "unmount", "-f", name, check=False)
			self.others("podman", "rmi", "-f", name, check=False)


def prefixed(who, wrong):
	return "%s: %s" % (who, wrong) if wrong else None
