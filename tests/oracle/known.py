# SPDX-License-Identifier: MIT
"""What safe rules know of visible files: the places of docs/known.md, tried on every directory above every file."""

import os
import re

import packages

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "..", "..", "docs", "known.md")
LOGIN = (b"lastlog", b"faillog", b"tallylog", b"wtmp", b"btmp")


def on_top(inside):
	return b"/" not in inside


def backup(place, inside):
	if place == b"var/backups":
		return on_top(inside) and inside.startswith((b"dpkg.", b"apt.", b"alternatives."))
	return on_top(inside) and inside.endswith(b"-old")


# What the table does not say: by the place and the path below it.
EXCEPTIONS = {
	"apt-archives": lambda place, inside: inside.endswith(b".deb") or inside.startswith(b"partial/"),
	"apt-cache": lambda place, inside: on_top(inside) and inside.endswith(b".bin"),
	"dpkg-backups": backup,
	"gem-cache": lambda place, inside: inside.endswith(b".gem"),
	"login-records": lambda place, inside: inside in LOGIN,
}


def pattern(text):
	"""A place of the table as a regular expression for the whole path of a directory."""
	anchored = text.startswith("/")
	parts = [re.escape(part).replace(r"\*", "[^/]*") for part in text.strip("/").split("/")]
	return re.compile((("" if anchored else "(?:.*/)?") + "/".join(parts)).encode(), re.S)


def safe_rules():
	"""{name: patterns of its places}"""
	rules = {}
	with open(TABLE, encoding="utf-8") as file:
		for line in file:
			cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
			if len(cells) == 5 and cells[1] == "safe":
				rules[cells[0]] = [pattern(place) for place in re.findall("`([^`]+)`", cells[3])]
	return rules


def above(path):
	"""The directories above a path, the root left out."""
	parts = path.split(b"/")
	return [b"/".join(parts[:depth]) for depth in range(1, len(parts))]


class Knowledge:
	"""The safe rules, tried on a stack."""

	def __init__(self, stack):
		self.rules, self.files = safe_rules(), packages.Files(stack)
		self.paths = {id(node): path for path, node in stack.walk()}
		self.places = {path: self.place_of(path) for path, node in stack.walk() if node.children is not None}
		self.guards = {}
		for path, node in stack.walk():
			if node.inode.kind == "l":
				self.guard(path, node.inode.link)

	def place_of(self, directory):
		"""The rules whose place a directory is."""
		return {name for name, patterns in self.rules.items()
			if any(each.fullmatch(directory) for each in patterns) and self.is_place(name, directory)}

	def is_place(self, name, directory):
		if name != "conda-cache" or directory.endswith((b".conda/pkgs", b".mamba/pkgs")):
			return True
		beside = self.files.find(directory[:-len(b"pkgs")] + b"conda-meta")
		return beside is not None and beside.kind == "d"

	def guard(self, link, target):
		"""What a link leads to is nothing that a rule knows whose place the link is not in."""
		if b"/" not in target:
			return
		path = target if target.startswith(b"/") else b"/".join(link.split(b"/")[:-1] + [target])
		parts = [part for part in path.split(b"/") if part]
		way = self.files.directory(parts[:-1], [self.files.stack.root], [packages.MAX_LINKS]) if parts else []
		node = self.files.child(way, parts[-1])[-1:] if way else []
		if node and id(node[0]) in self.paths:
			inside = {name for each in above(link) for name in self.places[each]}
			self.guards.setdefault(self.paths[id(node[0])], set()).update(set(self.rules) - inside)

	def force(self, name, path):
		"""The place that a rule is in force from at a path, or None."""
		place = None
		for directory in above(path):
			if name in self.guards.get(directory, ()):
				place = None
			if name in self.places[directory]:
				place = directory if place is None else place
		return None if name in self.guards.get(path, ()) else place

	def is_known(self, path):
		for name in self.rules:
			place = self.force(name, path)
			if place is not None and EXCEPTIONS.get(name, lambda *_: True)(place, path[len(place) + 1:]):
				return True
		return False

	def bytes(self, inodes):
		"""Of the visible ones among these inodes, all of whose names are known."""
		return sum(inode.size for inode in inodes
			   if inode.size and inode.names and all(self.is_known(name) for name in inode.names))
