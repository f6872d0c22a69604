# SPDX-License-Identifier: MIT
"""Stack layers as the kernel's overlayfs does, and remember what hides what."""

from extract import Node, cause_of, made_directory


class Stack:
	"""The merged view of the layers added so far."""

	def __init__(self):
		self.root = made_directory(0)

	def find(self, parts):
		"""The inode of a regular file (or other non-directory) at a literal path, or None."""
		node = self.root
		for part in parts:
			node = node.children.get(part) if node.children is not None else None
			if node is None:
				return None
		return node.inode if node.children is None else None

	def add(self, tree):
		"""Put a layer on top."""
		self.layer, self.lost = tree.index, []
		for inode, path, cause in tree.replaced:
			self.lose(inode, path, cause)
		work = [(self.root, tree.root, b"", False)]
		while work:
			view, layer, path, hidden = work.pop()
			self.drop_hidden(view, layer, path, hidden)
			for part, child in layer.children.items():
				below = path + b"/" + part if path else part
				covered = hidden or (part in layer.whiteouts and not child.explicit)
				if child.children is None:
					self.put_leaf(view, part, child, below)
				else:
					into = self.put_directory(view, part, child, below)
					work.append((into, child, below, covered or child.opaque))
		self.settle()

	def drop_hidden(self, view, layer, path, hidden):
		"""Names that a whiteout or an opaque directory hides and that the layer does not bring itself."""
		gone = list(view.children) if hidden else [name for name in layer.whiteouts if name in view.children]
		for part in gone:
			if part not in layer.children:
				self.drop(view.children.pop(part), path + b"/" + part if path else part)

	def put_leaf(self, view, part, child, path):
		old = view.children.get(part)
		if old is not None and old.children is not None:
			self.drop(old, path)
		elif old is not None and old.inode is not child.inode:
			self.lose(old.inode, path, cause_of(old.inode, child.inode))
		view.children[part] = Node(child.inode)
		view.children[part].layer = self.layer
		child.inode.names.add(path)

	def put_directory(self, view, part, child, path):
		old = view.children.get(part)
		if old is not None and old.children is None:
			self.lose(old.inode, path, "overwritten")
			old = None
		if old is None:
			old = view.children[part] = Node(child.inode)
		old.inode, old.explicit, old.layer = child.inode, child.explicit, self.layer
		return old

	def drop(self, node, path):
		work = [(node, path)]
		while work:
			node, path = work.pop()
			if node.children is None:
				self.lose(node.inode, path, "removed")
				continue
			work.extend((child, path + b"/" + part) for part, child in node.children.items())

	def lose(self, inode, path, cause):
		inode.names.discard(path)
		self.lost.append((path, inode, cause))

	def settle(self):
		"""Inodes whose last name went in this layer; of the names that went, the first in byte order decides."""
		self.lost.sort(key=lambda event: event[0])	# stable: the first event of a name comes first
		for _, inode, cause in self.lost:
			if inode.kind == "f" and not inode.names and inode.masked_by is None:
				inode.masked_by, inode.cause = self.layer, cause

	def walk(self):
		"""(path, node) of every path, the root left out, in byte order of the paths' parts."""
		work = [(b"", self.root)]
		while work:
			path, node = work.pop()
			if path:
				yield path, node
			if node.children is not None:
				for part in sorted(node.children, reverse=True):
					work.append((path + b"/" + part if path else part, node.children[part]))
