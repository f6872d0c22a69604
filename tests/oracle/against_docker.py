#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the reference to docker itself: load random layer stacks, mount them as docker does, compare every path.

usage: against_docker.py FIRST COUNT	(root, docker with the overlay2 driver)
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "property")]

import compare	# noqa: E402
import generate	# noqa: E402
import oracle	# noqa: E402
import tarwrite	# noqa: E402

TYPES = ((stat.S_ISREG, "f"), (stat.S_ISDIR, "d"), (stat.S_ISLNK, "l"), (stat.S_ISCHR, "c"), (stat.S_ISBLK, "b"),
	 (stat.S_ISFIFO, "p"))


def command(*words):
	done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	return done.returncode, done.stdout.decode("utf-8", "replace").strip()


def xattrs_of(path):
	names = [name for name in os.listxattr(path, follow_symlinks=False) if not name.startswith("trusted.overlay.")]
	return {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in names}


def content_digest(path):
	with open(path, "rb") as file:
		return hashlib.sha256(file.read()).hexdigest()


def seen(path, info):
	row = {"type": next(letter for test, letter in TYPES if test(info.st_mode)), "mode": "%o" % stat.S_IMODE(info.st_mode),
	       "uid": info.st_uid, "gid": info.st_gid, "mtime_ns": info.st_mtime_ns}
	if row["type"] == "f":
		row.update(size=info.st_size, sha256=content_digest(path))
	elif row["type"] == "l":
		row["link"] = oracle.printable(os.readlink(path))
	elif row["type"] in "cb":
		row["rdev"] = "%d,%d" % (os.major(info.st_rdev), os.minor(info.st_rdev))
	if xattrs_of(path):
		row["xattrs"] = xattrs_of(path)
	return row


def walk(root):
	"""What a container would see below `root`, ghosts left out."""
	rows, groups = {}, {}
	for directory, names, files in os.walk(root):
		for name in names + files:
			full = os.path.join(directory, name)
			try:
				info = os.lstat(full)
			except FileNotFoundError:
				continue
			path = os.path.relpath(full, root)
			rows[path] = seen(full, info)
			if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
				groups.setdefault(info.st_ino, []).append(path)
	for group in groups.values():
		for path in group:
			if len(group) > 1:
				rows[path]["hardlink"] = oracle.printable(min(group))
	return rows


def docker_view(tag):
	"""The rows of a loaded image, through an overlay mount of its layers."""
	_, text = command("docker", "image", "inspect", tag)
	data = json.loads(text)[0]["GraphDriver"]["Data"]
	lowers = [data["UpperDir"]] + [part for part in data.get("LowerDir", "").split(":") if part]
	with tempfile.TemporaryDirectory() as place:
		empty, target = os.path.join(place, "e"), os.path.join(place, "m")
		os.mkdir(empty)
		os.mkdir(target)
		links = [os.path.join("l", open(os.path.join(os.path.dirname(lower), "link")).read().strip()) for lower in lowers]
		here = os.getcwd()
		os.chdir(os.path.dirname(os.path.dirname(lowers[0])))
		try:
			subprocess.run(["mount", "-t", "overlay", "overlay", "-o", "ro,lowerdir=" + ":".join(links + [empty]), target],
				       check=True)
		finally:
			os.chdir(here)
		try:
			return walk(target.encode())
		finally:
			subprocess.run(["umount", target], check=True)


def reference_view(image):
	rows = {}
	for path, node in image.stack.walk():
		row = compare.normal(oracle.row(path, node))
		for key in ("path", "path_b64", "layer"):
			row.pop(key, None)
		rows[path] = row
	return rows


def compare_views(image, got):
	want = reference_view(image)
	if set(want) != set(got):
		return "only in the reference %s, only in docker %s" % (sorted(set(want) - set(got)), sorted(set(got) - set(want)))
	for path, node in image.stack.walk():
		left, right = want[path], got[path]
		if node.inode.kind == "d" and not node.explicit:
			right.pop("mtime_ns")
		if left != right:
			return "%r: reference %s, docker %s" % (path, left, right)
	return None


def check(seed, path):
	"""None when all is well, "" when there is nothing to compare, else what differs."""
	described = generate.image(seed)
	for layer in described["layers"]:
		layer["compression"] = "none"
	tag = "orcprop:%d" % seed
	data = tarwrite.docker_archive(described, tag)
	with open(path, "wb") as file:
		file.write(data)
	try:
		image = oracle.Image(path)
	except oracle.Refused as error:
		image, why = None, str(error)
	code, text = command("docker", "load", "-q", "-i", path)
	try:
		if image is None or image.refused:
			return "" if code else "docker loads what the reference says it refuses: %s" % (image.refused if image else why)
		if code:
			return "docker refuses: %s" % text
		return compare_views(image, docker_view(tag))
	finally:
		command("docker", "rmi", "-f", tag)


def main(arguments):
	if len(arguments) != 2:
		sys.stderr.write(__doc__)
		return 2
	passed = refused = failed = 0
	with tempfile.NamedTemporaryFile() as file:
		for seed in range(int(arguments[0]), int(arguments[0]) + int(arguments[1])):
			wrong = check(seed, file.name)
			if wrong is None:
				passed += 1
			elif not wrong:
				refused += 1
			else:
				failed += 1
				print("FAIL oracle/docker seed %d: %s" % (seed, wrong))
	print("oracle against docker: %d passed (%d of them refused by both), %d failed" % (passed + refused, refused, failed))
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
