# SPDX-License-Identifier: MIT
"""The program under test, or the reference of tests/oracle in its place."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ORACLE = os.path.join(HERE, "..", "oracle", "oracle.py")


class Refused(Exception):
	"""Exit 3: the image cannot be read."""


class Wrong(Exception):
	"""The program ended as it never should here."""


class Program:
	"""Runs `ls` and `analyze`. `binary` is None for the reference."""

	def __init__(self, binary, environment=None):
		self.binary, self.environment = binary, environment

	def run(self, words, feed):
		"""The output; `feed` is a command whose output goes in by a pipe."""
		feeder = subprocess.Popen(feed, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) if feed else None
		done = subprocess.run(words, stdin=feeder.stdout if feeder else subprocess.DEVNULL, stdout=subprocess.PIPE,
				      stderr=subprocess.PIPE, env=self.environment)
		if feeder:
			feeder.stdout.close()
			if feeder.wait():
				raise Wrong("%s: exit %d" % (feed[0], feeder.returncode))
		error = done.stderr.decode("utf-8", "replace").strip()
		if done.returncode == 3 and not done.stdout:
			raise Refused(error)
		if done.returncode:
			raise Wrong("exit %d: %s" % (done.returncode, error[-500:]))
		return done.stdout

	def listing(self, image, feed=None):
		words = [sys.executable, ORACLE, "ls"] if self.binary is None else [self.binary, "ls", "--format", "ndjson"]
		rows = [json.loads(line) for line in self.run(words + [image], feed).splitlines()]
		return [row for row in rows if "schema" not in row]	# the header row has one

	def analysis(self, image, feed=None):
		if self.binary is None:
			return json.loads(self.run([sys.executable, ORACLE, "totals", image], feed))
		return json.loads(self.run([self.binary, "analyze", "--format", "json", "--top", "0", image], feed))


def figures(analysis):
	"""What must not depend on how an image is packed."""
	totals = {key: value for key, value in analysis["totals"].items() if key != "compressed_bytes"}
	layers = [{key: value for key, value in layer.items() if key not in PACKING} for layer in analysis["layers"]]
	return {"totals": totals, "layers": layers, "waste": analysis["waste"], "duplicates": analysis["duplicates"]}


PACKING = ("digest", "media_type", "compression", "compressed_size", "digest_verified")


def figures_difference(want, got):
	"""Where two results of `figures` differ, or None."""
	for name in ("totals", "layers", "waste", "duplicates"):
		if want[name] == got[name]:
			continue
		if isinstance(want[name], dict):
			keys = [key for key in want[name] if want[name][key] != got[name].get(key)]
			return "%s: %s" % (name, ", ".join("%s %s, %s" % (key, want[name][key], got[name].get(key)) for key in keys))
		if len(want[name]) != len(got[name]):
			return "%s: %d rows, %d rows" % (name, len(want[name]), len(got[name]))
		return "%s: %s" % (name, next("%s, %s" % pair for pair in zip(want[name], got[name]) if pair[0] != pair[1]))
	return None
