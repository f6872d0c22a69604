# SPDX-License-Identifier: MIT
"""Extract one layer into a tree of its own, as docker's overlay2 driver does.

What docker refuses and other engines load is noted in `Tree.refused`; what none loads raises Reject.
"""

import collections
import posixpath

ROOT_NAMES = (b"", b".")
MAX_LINKS = 40		# the kernel's
NAME_MAX = 255
TIME_MAX = (1 << 63) - 1
KINDS = {b"0": "f", b"1": "h", b"2": "l", b"3": "c", b"4": "b", b"5": "d", b"6": "p"}


class Reject(Exception):
	"""No engine loads this layer."""

	def __init__(self, name, why):
		super().__init__("%r: %s" % (name, why))
		self.name, self.why = name, why


class Inode:
	"""What a name leads to: content and attributes."""

	__slots__ = ("kind", "mode", "uid", "gid", "mtime", "size", "sha256", "link", "rdev", "xattrs", "layer",
		     "names", "masked_by", "cause", "entry_path", "data")

	def __init__(self, kind, layer):
		self.kind, self.layer = kind, layer
		self.size, self.sha256, self.link, self.rdev, self.xattrs = 0, None, None, None, {}
		self.names, self.masked_by, self.cause, self.entry_path = set(), None, None, None
		self.data = None


class Node:
	"""One name of a tree. `explicit` tells a directory that an entry names from one that a path needed."""

	__slots__ = ("inode", "children", "explicit", "opaque", "whiteouts", "layer")

	def __init__(self, inode, explicit=True):
		self.inode, self.explicit = inode, explicit
		self.children = {} if inode.kind == "d" else None
		self.opaque, self.whiteouts, self.layer = False, set(), inode.layer


def split_name(name):
	"""Cleaned parts of a name, `..` clamped at the root."""
	parts = []
	for part in name.split(b"/"):
		if part == b"..":
			del parts[-1:]
		elif part not in ROOT_NAMES:
			parts.append(part)
	return tuple(parts)


def go_clean(name):
	"""The name as docker compares names: a leading slash or `..` still makes a difference."""
	return posixpath.normpath(name or b".").replace(b"//", b"/")


def made_directory(layer):
	inode = Inode("d", layer)
	inode.mode, inode.uid, inode.gid, inode.mtime = 0o755, 0, 0, 0
	return Node(inode, explicit=False)


def set_owner(inode, entry):
	if inode.kind == "f":
		inode.xattrs.pop(b"security.capability", None)	# chown drops it
	inode.uid, inode.gid = entry.uid, entry.gid


def set_attributes(inode, entry, layer):
	"""chown, setxattr, chmod, utimes in the order of the engine."""
	set_owner(inode, entry)
	for name, value in entry.xattrs.items():
		if not (name.startswith(b"user.") and inode.kind not in ("f", "d")):
			inode.xattrs[name] = value
	inode.mode = 0o777 if inode.kind == "l" else entry.mode
	inode.mtime = engine_time(inode.kind, entry.mtime)
	inode.layer = layer


def engine_time(kind, nanoseconds):
	"""Times before 1970 and beyond 2262 become 0, but for symbolic links, whose 64 bits of nanoseconds just wrap."""
	if kind == "l":
		return (nanoseconds + TIME_MAX + 1) % (1 << 64) - TIME_MAX - 1
	return nanoseconds if 0 <= nanoseconds <= TIME_MAX else 0


class Tree:
	"""One layer, being extracted. `lower` finds a regular file's inode in the layers below."""

	def __init__(self, index, lower):
		self.index, self.lower = index, lower
		self.root = made_directory(index)
		self.inodes, self.refused, self.seen = [], [], set()
		self.respelled = False	# a path twice, but spelled so that docker takes it for two
		self.entries = self.whiteout_entries = 0
		self.dated = []		# (parts, name) of directory entries, whose times are set at the end
		self.replaced = []	# (inode, path, cause) of names that a later entry of this layer took

	def refuse(self, why, name):
		self.refused.append((why, name))

	# -- walking -------------------------------------------------------------------------------------------

	def directory(self, parts, name, make=True):
		"""The directory that `parts` lead to, its missing parents made; returns (node, literal parts)."""
		stack, todo, links = [(self.root, ())], collections.deque(parts), 0
		literal = len(todo)	# the last so many parts are the name's own, those before them a link's
		while todo:
			in_link = len(todo) > literal
			part = todo.popleft()
			literal = min(literal, len(todo))
			if part in ROOT_NAMES:
				continue
			if part == b"..":
				stack = stack[:-1] or stack
				continue
			here, path = stack[-1]
			child = here.children.get(part)
			if child is None:
				if not make:
					return None, None
				child = self.make_directory(here, part, name, in_link)
			if child.inode.kind == "l":
				links += 1
				if links > MAX_LINKS and not make:
					return None, None
				if links > MAX_LINKS:
					raise Reject(name, "too many symbolic links")
				target = child.inode.link
				if target.startswith(b"/"):
					stack = stack[:1]
				todo.extendleft(reversed(target.split(b"/")))
				continue
			if child.children is None:
				if not make:
					return None, None
				raise Reject(name, "a parent is not a directory")
			stack.append((child, path + (part,)))
		return stack[-1]

	def make_directory(self, here, part, name, through_link):
		if len(part) > NAME_MAX:
			raise Reject(name, "name too long")
		if through_link:
			self.refuse("parent behind a symbolic link is missing", name)
		if part in here.whiteouts:
			self.refuse("parent is a whiteout", name)
		here.children[part] = made_directory(self.index)
		return here.children[part]

	def leads_to(self, parts, parent):
		"""Whether the path still leads to its parent once what it replaces is gone."""
		return self.directory(parts[:-1], b"", make=False)[0] is parent

	def finish(self):
		"""docker sets the times of directories last, by their names; one that is gone makes it fail."""
		for parts, name in self.dated:
			if self.directory(parts, name, make=False)[0] is None:
				self.refuse("directory taken over by a later entry", name)

	# -- entries -------------------------------------------------------------------------------------------

	def add(self, entry):
		self.entries += 1
		parts = split_name(entry.name)
		if go_clean(entry.name) in self.seen:
			self.refuse("path twice", entry.name)
		self.respelled = self.respelled or (parts in self.seen and go_clean(entry.name) not in self.seen)
		self.seen.update((go_clean(entry.name), parts))
		if not parts:
			return
		base = parts[-1]
		if base == b".wh..wh..opq" and len(parts) > 1 and self.is_leaf(parts[:-1], entry.name):
			self.whiteout_entries += 1	# the mark is set on a file or a whiteout, where it means nothing
			return
		parent, literal = self.directory(parts[:-1], entry.name)
		if len(base) > NAME_MAX:
			raise Reject(entry.name, "name too long")
		if base == b".wh..wh..opq":
			self.whiteout_entries += 1
			parent.opaque = True
		elif base.startswith(b".wh."):
			self.add_whiteout(parent, base[4:], entry.name)
		elif entry.type in b"3" and entry.major == 0 and entry.minor == 0:
			self.remove(parent, base, literal, None)
			self.whiteout_entries += 1
			parent.whiteouts.add(base)
		else:
			self.add_node(parent, base, literal, entry)

	def is_leaf(self, parts, name):
		"""Whether a path is a whiteout, or something in this layer that is neither directory nor symbolic link."""
		above, _ = self.directory(parts[:-1], name)
		child = above.children.get(parts[-1])
		if child is None:
			return parts[-1] in above.whiteouts
		return child.children is None and child.inode.kind != "l"

	def add_whiteout(self, parent, base, name):
		self.whiteout_entries += 1
		if base in (b"", b".", b".."):
			raise Reject(name, "whiteout without a name")
		if base in parent.children:
			self.refuse("whiteout after an entry of its layer", name)
		if base in parent.whiteouts:
			self.refuse("path twice", name)
		parent.whiteouts.add(base)

	def add_node(self, parent, base, literal, entry):
		kind = KINDS[entry.type]
		if kind == "d":
			self.dated.append((split_name(entry.name), entry.name))
		old = parent.children.get(base)
		if kind == "d" and old is not None and old.children is not None:
			old.explicit = True
			set_attributes(old.inode, entry, self.index)
			return
		path = b"/".join(literal + (base,))
		if kind == "h":
			self.add_link(parent, base, literal, entry)
			return
		inode = Inode(kind, self.index)
		if kind == "f":
			inode.size, inode.sha256, inode.entry_path = entry.size, entry.sha256, path
			inode.data = entry.data
			self.inodes.append(inode)
		elif kind == "l":
			if not entry.link:
				raise Reject(entry.name, "symbolic link without a target")
			inode.link = entry.link
		elif kind in "cb":
			inode.rdev = (entry.major, entry.minor)
		self.replace(parent, base, literal, inode, entry)
		set_attributes(inode, entry, self.index)
		parent.children[base] = Node(inode)
		inode.names.add(path)

	def add_link(self, parent, base, literal, entry):
		target = split_name(entry.link)
		if not target:
			raise Reject(entry.name, "hard link without a target")
		where, place = self.directory(target[:-1], entry.name, make=False)
		found = where.children.get(target[-1]) if where is not None else None
		own = literal + (base,)
		if (place or ()) + target[-1:] == own or (place or target)[:len(own)] == own:
			raise Reject(entry.name, "hard link to itself or below itself")
		if found is not None and found.children is not None:
			raise Reject(entry.name, "hard link to a directory")
		inode = found.inode if found is not None else self.lower_inode(target, own, entry)
		self.replace(parent, base, literal, inode, entry)
		self.link_attributes(inode, entry)
		parent.children[base] = Node(inode)
		inode.names.add(b"/".join(own))

	def lower_inode(self, target, own, entry):
		inode = self.lower(target) if target != own else None
		if inode is None:
			raise Reject(entry.name, "hard link to nothing")
		self.refuse("hard link into a lower layer", entry.name)
		return inode

	def link_attributes(self, inode, entry):
		if inode.kind == "l":	# no chmod and no time for links to symbolic links
			set_owner(inode, entry)
			inode.layer = self.index
			return
		set_attributes(inode, entry, self.index)

	# -- replacing within the layer ------------------------------------------------------------------------

	def replace(self, parent, base, literal, successor, entry):
		self.remove(parent, base, literal, successor)
		if not self.leads_to(split_name(entry.name), parent):
			self.refuse("path leads through what it replaces", entry.name)

	def remove(self, parent, base, literal, successor):
		"""Take away what stands at a path; `successor` is the inode that comes instead."""
		old = parent.children.pop(base, None)
		if old is None:
			return
		path = b"/".join(literal + (base,))
		if old.children is None:
			self.lose(old.inode, path, cause_of(old.inode, successor))
			return
		work = [(old, path)]
		while work:
			node, at = work.pop()
			for part, child in node.children.items():
				below = at + b"/" + part
				if child.children is None:
					self.lose(child.inode, below, "removed")
				else:
					work.append((child, below))

	def lose(self, inode, path, cause):
		inode.names.discard(path)
		self.replaced.append((inode, path, cause))


def cause_of(old, new):
	"""Why the content of `old` is hidden when `new` takes its path (None: a whiteout)."""
	if new is None:
		return "removed"
	same = old.kind == new.kind == "f" and old.size == new.size and old.sha256 == new.sha256
	return "metadata_only" if same else "overwritten"
