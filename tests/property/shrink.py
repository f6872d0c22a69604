# SPDX-License-Identifier: MIT
"""Make a failing image small: drop layers, then entries, then what is odd about them."""

import copy

PLAIN = {"uid": 0, "gid": 0, "mode": 0o644, "mtime": 0, "xattrs": {}, "dialect": "pax"}


def kind(line):
	"""What a difference is about, so that shrinking does not wander off to another one."""
	return line.split(":", 1)[0].split("[", 1)[0]


def candidates(image):
	"""Smaller images, the boldest first."""
	for at in range(len(image["layers"])):
		yield lambda other, at=at: other["layers"].pop(at)
	for at, layer in enumerate(image["layers"]):
		for number in range(len(layer["entries"])):
			yield lambda other, at=at, number=number: other["layers"][at]["entries"].pop(number)
	for at, layer in enumerate(image["layers"]):
		for key, value in (("compression", "none"), ("end", 2), ("global", False)):
			if layer.get(key, value) != value:
				yield lambda other, at=at, key=key, value=value: other["layers"][at].update({key: value})
		for number, entry in enumerate(layer["entries"]):
			for key, value in PLAIN.items():
				if entry[key] != value:
					yield lambda other, at=at, number=number, key=key, value=value: \
						other["layers"][at]["entries"][number].update({key: value})


def shrink(image, check, lines, budget=400):
	"""The smallest image found that still fails in one of the ways of `lines`, and how it fails."""
	wanted, progress = {kind(line) for line in lines}, True
	while progress and budget:
		progress = False
		for edit in candidates(image):
			smaller = copy.deepcopy(image)
			edit(smaller)
			left = check(smaller)
			budget -= 1
			if any(kind(line) in wanted for line in left):
				image, lines, progress = smaller, left, True
				break
			if not budget:
				break
	return image, lines


def describe(image):
	out = []
	for index, layer in enumerate(image["layers"]):
		out.append("  layer %d (%s, %d zero blocks at the end)" % (index, layer["compression"], layer["end"]))
		for entry in layer["entries"]:
			extra = {key: entry[key] for key in ("link", "rdev", "uid", "gid", "mtime", "xattrs", "sparse")
				 if entry.get(key) not in (None, b"", 0, (0, 0), {})}
			data = entry["data"] if len(entry["data"]) < 20 else b"%d bytes" % len(entry["data"])
			out.append("    %s %r mode %o data %r %s %s" % (entry["type"].decode(), entry["name"], entry["mode"], data,
								    entry["dialect"], extra or ""))
	return "\n".join(out)
