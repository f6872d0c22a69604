# SPDX-License-Identifier: MIT
"""Random layer stacks: few names, so that layers collide; every oddity of the model, the rare ones rarely."""

import copy
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "oracle"))

import databases	# noqa: E402
import extract	# noqa: E402
import overlay	# noqa: E402
import tarstream	# noqa: E402

PLAIN = [b"a", b"b", b"c", b"d", b"e"]
ODD = [b"\xff\xfe", "\u00e9".encode(), b"n\nl", b"\x1b[31m", b" sp", b"-x", b"L" * 120, b".wh", b"a.b", b"back\\slash",
       "\u202e".encode(), b"A", b"a b", b"a-", b"a0", b"M" * 255]
# Where a name of one letter may stand instead: places of docs/known.md, and what lies beside them.
PLACES = [b"tmp", b"var/tmp", b"var/log", b"e/.cache/pip", b"go/pkg/mod", b"conda/pkgs", b"conda/conda-meta", b"usr/share/doc",
	  b"root/.cache/R/renv", b"var/cache/apt", b"var/cache/apt/archives", b"var/backups", b"tmp/downloaded_packages"]
CONTENTS = [b"", b"", b"A", b"BB", b"x" * 600, b"y" * 600, b"z" * 512, b"w" * 1025, b"x" * 601]
MODES = [0o644, 0o644, 0o600, 0o755, 0o4755, 0o2755, 0o1777, 0o0]
MTIMES = [1600000000 * 10**9, 1500000000 * 10**9, 1600000000123456789, 0, -5 * 10**9, 1 << 64]
OWNERS = [0, 0, 0, 1, 1000, 3000000, 4000000000]
XATTRS = [(b"user.foo", b"bar"), (b"user.foo", b"a\0b\n"), (b"user.x", b"\xff"), (b"user.k", b"1=2"),
	  (b"security.capability", bytes.fromhex("0100000200200000000000000000000000000000")), (b"user.empty", b"")]
COMPRESSIONS = ["none"] * 6 + ["gzip", "gzip", "gzip2", "zstdraw", "zstd"]
# How often an entry that docker overlay2 refuses may stay, and one that nobody loads.
KEEP_REFUSED, KEEP_REJECTED = 0.04, 0.01


class Generator:
	"""One image from one seed."""

	def __init__(self, seed):
		self.random = random.Random(seed)
		self.names = self.random.sample(PLAIN, self.random.randint(2, 5))
		if self.random.random() < 0.3:
			self.names += self.random.sample(ODD, self.random.randint(1, 3))
		places = random.Random("places %d" % seed)	# of its own: other images stay what they are
		self.places = {name: place for name, place in zip(self.names, places.sample(PLACES, len(self.names)))
			       if places.random() < 0.5} if places.random() < 0.4 else {}
		self.names += [b"x.deb", b"dpkg.bin", b".ccache"] if self.places else []
		self.known = []	# (parts, type) of earlier entries
		self.files = []	# descriptions of earlier regular files

	def chance(self, probability):
		return self.random.random() < probability

	def pick(self, values):
		return self.random.choice(values)

	def parts(self):
		"""A path: one seen before, one below or beside it, or a new one."""
		if self.known and self.chance(0.6):
			parts = self.pick(self.known)[0]
			return parts if self.chance(0.7) or len(parts) >= 4 else parts + (self.pick(self.names),)
		depth = self.pick([1, 1, 1, 2, 2, 2, 3, 3, 4])
		return tuple(self.pick(self.names) for _ in range(depth))

	def expand(self, parts):
		"""The path of these parts, with a place in front that stands for the first."""
		removes = parts and parts[0].startswith(b".wh.") and not parts[0].startswith(b".wh..wh.")
		place = self.places.get(parts[0][4:] if removes else parts[0]) if parts else None
		if place is None:
			return b"/".join(parts)
		if removes:
			head, slash, base = place.rpartition(b"/")
			place = head + slash + b".wh." + base
		return b"/".join((place,) + parts[1:])

	def spell(self, parts, directory):
		name = self.expand(parts)
		if self.chance(0.04):
			name = self.pick([b"./", b"/", b".//"]) + name
		if self.chance(0.01):
			name = self.pick([b"../" + name, name.replace(b"/", b"//"), b"q/../" + name])
		return name + (b"/" if directory and self.chance(0.8) else b"")

	def base(self, parts, kind):
		entry = {"name": self.spell(parts, kind == b"5"), "type": kind, "data": b"", "link": b"", "rdev": (0, 0),
			 "mode": self.pick(MODES[:4]) if self.chance(0.9) else self.pick(MODES), "uid": 0, "gid": 0,
			 "mtime": MTIMES[0] if self.chance(0.8) else self.pick(MTIMES), "xattrs": {},
			 "dialect": self.dialect if self.chance(0.9) else self.pick(["v7", "ustar", "gnu", "pax"])}
		if self.chance(0.2):
			entry["uid"], entry["gid"] = self.pick(OWNERS), self.pick(OWNERS)
		if self.chance(0.08):
			entry["xattrs"] = dict(self.random.sample(XATTRS, self.random.randint(1, 2)))
		if self.chance(0.05):
			entry["pax_size"] = True
		return entry

	# -- one kind of entry each ----------------------------------------------------------------------------

	def file(self):
		parts = self.parts()
		entry = self.base(parts, b"0")
		entry["data"] = self.pick(CONTENTS)
		if self.chance(0.02):
			self.make_sparse(entry)
		self.known.append((parts, b"0"))
		self.files.append((parts, entry))
		return entry

	def make_sparse(self, entry):
		size = self.random.randint(0, 4000)
		data, extents, at = bytearray(size), [], 0
		while at < size and len(extents) < 4:
			at += self.random.randint(0, 900)
			length = min(self.random.randint(1, 700), size - at)
			if length <= 0:
				break
			data[at:at + length] = b"s" * length
			extents.append((at, length))
			at += length
		entry["data"] = bytes(data)
		entry["sparse"] = (self.pick(["1.0", "0.1"]), extents)
		if not extents:
			del entry["sparse"]

	def copy(self):
		"""The same content again at the same path: a late chmod, chown or touch."""
		if not self.files:
			return self.file()
		parts, old = self.pick(self.files)
		entry = self.base(parts, b"0")
		entry["data"] = old["data"]
		return entry

	def directory(self):
		parts = self.parts()
		self.known.append((parts, b"5"))
		entry = self.base(parts, b"5")
		entry["mode"] = self.pick([0o755, 0o755, 0o700, 0o711, 0o1777])
		return entry

	def hard_link(self):
		parts, target = self.parts(), self.pick(self.files)[0] if self.files and self.chance(0.9) else self.parts()
		self.known.append((parts, b"1"))
		entry = self.base(parts, b"1")
		entry["link"] = (self.pick([b"/", b"./", b"../"]) if self.chance(0.1) else b"") + self.expand(target)
		entry["xattrs"].pop(b"security.capability", None)
		return entry

	def symlink(self):
		parts = self.parts()
		entry = self.base(parts, b"2")
		target = self.expand(self.parts())
		if self.places and self.known and self.chance(0.6):	# into a place, often from outside
			target = b"/" + self.expand(self.pick(self.known)[0])
		entry["link"] = self.pick([target, target, b"/" + target, b"../" + target, b".", b"..", b"nowhere", b"k" * 150])
		entry["xattrs"] = {key: value for key, value in entry["xattrs"].items() if key.startswith(b"user.")}
		self.known.append((parts, b"2"))
		return entry

	def special(self):
		parts = self.parts()
		entry = self.base(parts, self.pick([b"3", b"4", b"6"]))
		if entry["type"] in b"34":
			entry["rdev"] = self.pick([(1, 3), (8, 0), (259, 70000), (0, 0) if self.chance(0.2) else (0, 1)])
			if entry["type"] == b"4" and entry["rdev"] == (0, 0):
				entry["rdev"] = (8, 1)
		entry["xattrs"] = {key: value for key, value in entry["xattrs"].items() if key.startswith(b"user.")}
		self.known.append((parts, entry["type"]))
		return entry

	def whiteout(self):
		parts = self.parts()
		entry = self.base(parts[:-1] + (b".wh." + parts[-1][:251],), self.pick([b"0", b"0", b"0", b"5", b"2"]))
		entry["link"] = b"t" if entry["type"] == b"2" else b""
		entry["xattrs"] = {}
		if self.chance(0.05) and entry["type"] == b"0":
			entry["data"] = b"whiteouts may have data"
		return entry

	def opaque(self):
		parts = self.parts()
		parts = parts if self.chance(0.95) else ()
		entry = self.base(parts + (b".wh..wh..opq",), b"0")
		entry["xattrs"] = {}
		return entry

	def root(self):
		entry = self.base((), b"5")
		entry["name"] = self.pick([b"./", b"/", b"."])
		return entry

	# -- layers --------------------------------------------------------------------------------------------

	def entry(self):
		kinds = [(self.file, 38), (self.directory, 16), (self.copy, 10), (self.whiteout, 12), (self.opaque, 5),
			 (self.hard_link, 10), (self.symlink, 7), (self.special, 3), (self.root, 1)]
		return self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()

	def layer(self):
		self.dialect = self.pick(["v7", "ustar", "ustar", "gnu", "pax", "pax"])
		count = self.pick([0, 1, 1, 2, 3, 3, 4, 5, 6, 8, 12])
		return {"entries": [self.entry() for _ in range(count)], "compression": self.pick(COMPRESSIONS),
			"end": self.pick([2, 2, 2, 0, 1, 20]), "global": self.chance(0.01)}

	def image(self):
		image = {"layers": [self.layer() for _ in range(self.pick([1, 2, 2, 3, 3, 4, 5, 6]))]}
		if len(image["layers"]) > 1 and self.chance(0.03):	# a layer listed twice
			image["layers"].append(copy.deepcopy(self.pick(image["layers"])))
		if self.chance(0.4):
			self.add_database(image)
		return self.weed(image)

	def add_database(self, image):
		"""dpkg's database in one or two layers, or its files over all of them."""
		writer = databases.Writer(self.random, [self.expand(parts) for parts, _ in self.known])
		for _ in range(self.pick([1, 1, 2])):
			layer, scattered = self.pick(image["layers"]), self.chance(0.1)
			for path, data in writer.files():
				entry = self.base(tuple(path.split(b"/")), b"0")
				entry["data"] = data
				(self.pick(image["layers"]) if scattered else layer)["entries"].append(entry)

	def weed(self, image):
		"""Take out most entries that some or all engines refuse."""
		spared = set()
		while True:
			at = self.first_odd(image, spared)
			if at is None:
				return image
			keep = KEEP_REFUSED if at[2] == "refused" else KEEP_REJECTED
			if self.chance(keep):
				if at[2] == "rejected":
					return image
				spared.add(id(image["layers"][at[0]]["entries"][at[1]]))
			else:
				del image["layers"][at[0]]["entries"][at[1]]

	def first_odd(self, image, spared):
		stack = overlay.Stack()
		for index, layer in enumerate(image["layers"]):
			tree = extract.Tree(index, stack.find)
			for number, described in enumerate(layer["entries"]):
				before = len(tree.refused)
				try:
					tree.add(as_entry(described))
				except extract.Reject:
					return index, number, "rejected"
				if len(tree.refused) > before and id(described) not in spared:
					return index, number, "refused"
			gone = self.gone_directory(tree, layer, spared)
			if gone is not None:
				return index, gone, "refused"
			stack.add(tree)
		return None

	def gone_directory(self, tree, layer, spared):
		"""The number of a directory entry that a later entry took over."""
		before = len(tree.refused)
		tree.finish()
		for _, name in tree.refused[before:]:
			for number, described in enumerate(layer["entries"]):
				if described["name"] == name and id(described) not in spared:
					return number
		return None


def as_entry(described):
	"""A description as the tar reader would give it back (contents stand for their digests)."""
	entry = tarstream.Entry()
	entry.name, entry.type, entry.link = described["name"], described["type"], described["link"]
	entry.mode, entry.uid, entry.gid, entry.mtime = 0, 0, 0, 0
	entry.size, entry.sha256 = len(described["data"]), described["data"]
	entry.major, entry.minor = described["rdev"]
	return entry


def image(seed):
	return Generator(seed).image()
