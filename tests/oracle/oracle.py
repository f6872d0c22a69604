#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A slow, independent computation of what `layeropt analyze` and `layeropt ls` print.

usage: oracle.py totals IMAGE | oracle.py ls IMAGE
"""

import base64
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import account	# noqa: E402
import blobs	# noqa: E402
import bundle	# noqa: E402
import dive	# noqa: E402
import extract	# noqa: E402
import known	# noqa: E402
import overlay	# noqa: E402
import packages	# noqa: E402
import tarstream	# noqa: E402


class Refused(Exception):
	"""No engine loads the image."""

	def __init__(self, layer, name, why):
		super().__init__("layer %s: %s%s" % (layer, "%r: " % name if name else "", why))
		self.layer, self.name, self.why = layer, name, why


class LoadedLayer:
	"""One layer after reading."""

	__slots__ = ("tree", "size", "stored", "digest", "dive_entries")


class Image:
	"""An image, read and stacked. `refused` holds what docker overlay2 would not load."""

	def __init__(self, path, platform=None):
		self.layers, self.stack, self.refused, self.respelled = [], overlay.Stack(), [], False
		for index, source in enumerate(bundle.open_layers(path, platform)):
			try:
				self.layers.append(self.load(index, source))
			except extract.Reject as error:
				raise Refused(index, error.name, error.why) from error
			except (tarstream.TarError, blobs.BlobError) as error:
				raise Refused(index, None, str(error)) from error

	def load(self, index, source):
		layer = LoadedLayer()
		stream = tarstream.Meter(blobs.open_plain(source.file, source.offset, source.size))
		layer.tree = extract.Tree(index, self.stack.find)
		layer.dive_entries = []
		for entry in tarstream.read_tar(stream, lambda name: packages.wants(b"/".join(extract.split_name(name)))):
			layer.tree.add(entry)
			layer.dive_entries.append((extract.split_name(entry.name), entry.size, entry.type == b"5"))
		layer.tree.finish()
		layer.size, layer.stored, layer.digest = stream.size, source.size, stream.digest.hexdigest()
		if source.diff_id != "sha256:" + layer.digest:
			raise extract.Reject(None, "diff ID does not fit")
		self.stack.add(layer.tree)
		self.respelled = self.respelled or layer.tree.respelled
		self.refused += [(index, why, name) for why, name in layer.tree.refused]
		return layer

	def analysis(self):
		result = account.analyze(self.layers, self.stack)
		result["totals"]["dive"] = dive.figures([layer.dive_entries for layer in self.layers])
		knowledge = known.Knowledge(self.stack)
		for row, layer in zip(result["layers"], self.layers):
			row["reclaimable_bytes"] = row["wasted_bytes"] + knowledge.bytes(layer.tree.inodes)
		result["totals"]["reclaimable_bytes"] = sum(row["reclaimable_bytes"] for row in result["layers"])
		result["packages"] = packages.rows(self.stack, [layer.tree for layer in self.layers])
		return result

	def listing(self):
		"""Rows as `layeropt ls --format ndjson` prints them."""
		for path, node in self.stack.walk():
			yield row(path, node)


def row(path, node):
	inode = node.inode
	out = name_fields("path", path)
	out.update(type=inode.kind, mode="%o" % inode.mode, uid=inode.uid, gid=inode.gid)
	out["mtime_ns"] = None if inode.kind == "d" and not node.explicit else inode.mtime	# such a time is the engine's own
	if inode.kind == "f":
		out.update(size=inode.size, sha256=inode.sha256.hex())
	if inode.kind == "l":
		out.update(name_fields("link", inode.link))
	if inode.kind in "cb":
		out["rdev"] = "%d,%d" % inode.rdev
	if inode.kind != "d" and len(inode.names) > 1:
		out.update(name_fields("hardlink", min(inode.names)))
	if inode.xattrs:
		out["xattrs"] = {printable(name): value.hex() for name, value in sorted(inode.xattrs.items())}
	out["layer"] = node.layer
	return out


def name_fields(key, name):
	fields = {key: printable(name)}
	try:
		name.decode("utf-8")
	except UnicodeDecodeError:
		fields[key + "_b64"] = base64.b64encode(name).decode()
	return fields


def printable(name):
	"""Bytes as JSON text; what is no UTF-8 becomes the four characters \\xNN."""
	return name.decode("utf-8", "backslashreplace")


def jsonable(value):
	if isinstance(value, bytes):
		return printable(value)
	if isinstance(value, list):
		return [jsonable(item) for item in value]
	if isinstance(value, dict):
		return {key: jsonable(item) for key, item in value.items()}
	return value


def main(arguments):
	if len(arguments) != 2 or arguments[0] not in ("totals", "ls"):
		sys.stderr.write("usage: oracle.py totals IMAGE | oracle.py ls IMAGE\n")
		return 2
	try:
		image = Image(arguments[1])
	except (Refused, bundle.BundleError) as error:
		sys.stderr.write("oracle: error: %s: %s\n" % (arguments[1], error))
		return 3
	if arguments[0] == "ls":
		for line in image.listing():
			print(json.dumps(line))
	else:
		print(json.dumps(jsonable(image.analysis()), indent=1))
	return 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
