# SPDX-License-Identifier: MIT
"""The filesystem of an image to engines that apply each layer to the tree of those below it, in place."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))

import blobs	# noqa: E402
import bundle	# noqa: E402
import extract	# noqa: E402
import tarstream	# noqa: E402

MAX_LINKS = 40


class Fails(Exception):
	"""Applying it fails."""


class Node:
	"""A directory, or a name of `content`, which hard links share."""

	def __init__(self, layer, content, children=None):
		self.layer, self.content, self.children = layer, content, children


class Filesystem:
	"""What the layers applied so far leave."""

	def __init__(self):
		self.root, self.layer = Node(-1, ["implied"], {}), -1

	def directory(self, parts, make):
		"""The directory that `parts` lead to, symbolic links followed inside the root; None where it is not there."""
		stack, todo, links = [self.root], list(parts), 0
		while todo:
			part = todo.pop(0)
			if part in extract.ROOT_NAMES:
				continue
			if part == b"..":
				stack = stack[:-1] or stack
				continue
			child = stack[-1].children.get(part)
			if child is None:
				if not make:
					return None
				child = stack[-1].children[part] = Node(self.layer, ["implied"], {})
			if child.children is None and child.content[0] == "l":
				links += 1
				if links > MAX_LINKS:
					raise Fails("links")
				target = child.content[1]
				stack = stack[:1] if target.startswith(b"/") else stack
				todo[:0] = target.split(b"/")
				continue
			if child.children is None:
				if not make:
					return None
				raise Fails("below no directory")
			stack.append(child)
		return stack[-1]

	def whiteout(self, parts, base):
		where = self.directory(parts[:-1], False)
		if where is None:
			return
		if base == b".wh..wh..opq":
			for name in [name for name, child in where.children.items() if not self.is_new(child)]:
				del where.children[name]
		else:
			where.children.pop(base[4:], None)

	def is_new(self, node):
		return node.layer == self.layer

	def add(self, entry):
		parts = extract.split_name(entry.name)
		if not entry.name or not parts:
			return
		if parts[-1].startswith(b".wh."):
			self.whiteout(parts, parts[-1])
			return
		where, base = self.directory(parts[:-1], True), parts[-1]
		kind = extract.KINDS[entry.type]
		attributes = [entry.mode, entry.uid, entry.gid, entry.mtime, sorted(entry.xattrs.items())]
		old = where.children.get(base)
		if kind == "h":
			where.children[base] = Node(self.layer, self.linked(entry))
		elif kind == "d":
			kept = old.children if old is not None and old.children is not None else {}
			where.children[base] = Node(self.layer, ["d"] + attributes, kept)
		elif kind == "f":
			where.children[base] = Node(self.layer, ["f", entry.sha256] + attributes)
		elif kind == "l":
			where.children[base] = Node(self.layer, ["l", entry.link] + attributes[1:])
		else:
			where.children[base] = Node(self.layer, [kind, entry.major, entry.minor] + attributes)

	def linked(self, entry):
		parts = extract.split_name(entry.link)
		where = self.directory(parts[:-1], False)
		target = where.children.get(parts[-1]) if where is not None and parts else None
		if target is None or target.children is not None:
			raise Fails("link")
		return target.content

	def rows(self):
		"""(path, content, first name of its hard links) of all that is there."""
		names, out, work = {}, [], [(self.root, b"")]
		while work:
			node, path = work.pop()
			for name, child in sorted(node.children.items()):
				below = path + b"/" + name
				out.append((below, child))
				names.setdefault(id(child.content), []).append(below)
				if child.children is not None:
					work.append((child, below))
		return sorted((path, repr(child.content), min(names[id(child.content)])) for path, child in out)


def rows(path):
	"""The rows of an image, or None where applying it fails."""
	filesystem = Filesystem()
	try:
		for index, source in enumerate(bundle.open_layers(path, None)):
			filesystem.layer = index
			stream = tarstream.Meter(blobs.open_plain(source.file, source.offset, source.size))
			for entry in tarstream.read_tar(stream, lambda name: False):
				filesystem.add(entry)
	except Fails:
		return None
	return filesystem.rows()
