# SPDX-License-Identifier: MIT
"""dpkg's database for a random image: few packages with few names for one another, claiming the paths there are."""

NAMES = [b"p0", b"p1", b"p2", b"p3", b"p4", b"p5"]
VIRTUAL = [b"v0", b"v1"]
VERSIONS = [b"1", b"1.0-1", b"1:0", b"2~rc1", b"2", b"1.0-1+b1", b"0.9"]
ARCHITECTURES = [b"amd64"] * 6 + [b"all", b"all", b"i386"]
FOLDER = b"var/lib/dpkg/"


class Writer:
	"""Files of one database, from the choices of `random`."""

	def __init__(self, random, paths):
		self.random, self.paths = random, paths or [b"a"]

	def chance(self, probability):
		return self.random.random() < probability

	def pick(self, values):
		return self.random.choice(values)

	def relation(self):
		text = self.pick(NAMES + NAMES + VIRTUAL)
		if self.chance(0.1):
			text += b":" + self.pick([b"any", b"amd64", b"i386", b"native"])
		if self.chance(0.25):
			text += b" (%s %s)" % (self.pick([b">=", b"<<", b"=", b"<=", b">>"]), self.pick(VERSIONS))
		return text

	def relations(self):
		groups = [b" | ".join(self.relation() for _ in range(self.pick([1, 1, 1, 2]))) for _ in range(self.pick([1, 1, 2, 3]))]
		return b", ".join(groups)

	def provides(self):
		text = self.pick(VIRTUAL)
		return text + (b" (= %s)" % self.pick(VERSIONS) if self.chance(0.4) else b"")

	def stanza(self, name):
		fields = [(b"Package", name), (b"Version", self.pick(VERSIONS)), (b"Architecture", self.pick(ARCHITECTURES))]
		for field, probability in ((b"Depends", 0.5), (b"Recommends", 0.6), (b"Suggests", 0.2), (b"Pre-Depends", 0.1)):
			if self.chance(probability):
				fields.append((field, self.relations()))
		if self.chance(0.3):
			fields.append((b"Provides", self.provides()))
		if self.chance(0.2):
			fields.append((b"Multi-Arch", self.pick([b"same", b"same", b"foreign", b"allowed"])))
		if self.chance(0.5):
			fields.append((b"Status", self.pick([b"install ok installed"] * 8 + [b"deinstall ok config-files", b"hold ok installed"])))
		if self.chance(0.1):
			fields.append(self.pick([(b"Essential", b"yes"), (b"Priority", b"required"), (b"Priority", b"important")]))
		if self.chance(0.3):
			fields.append((b"Description", b"text\n more of it\n ."))
		return dict(fields)

	def path(self):
		path = self.pick(self.paths)
		if self.chance(0.15):
			path = self.pick(self.paths) + b"/" + path.rsplit(b"/", 1)[-1]
		if self.chance(0.05):
			path = self.pick([b"../" + path, path + b"/.", path + b"/../" + path, b"/" + path])
		return b"/" + path

	def lines(self, count):
		return b"".join(self.path() + b"\n" for _ in range(count))

	def files(self):
		"""(path, content) of each file; the database in one piece."""
		stanzas = [self.stanza(self.pick(NAMES)) for _ in range(self.pick([1, 2, 3, 4, 5, 6]))]
		if self.chance(0.3):
			stanzas.append({b"Package": b"dpkg", b"Architecture": b"amd64"})
		yield FOLDER + b"status", b"\n".join(join(stanza) for stanza in stanzas)
		for stanza in stanzas:
			name, same = stanza[b"Package"], stanza.get(b"Multi-Arch") == b"same"
			if same and self.chance(0.9):
				name += b":" + stanza[b"Architecture"]
			yield FOLDER + b"info/" + name + b".list", b"/.\n" + self.lines(self.pick([0, 1, 2, 4, 8]))
		if self.chance(0.8):
			automatic = self.random.sample(NAMES, self.pick([2, 4, 5]))
			yield b"var/lib/apt/extended_states", b"\n".join(join({b"Package": name, b"Architecture": b"amd64", b"Auto-Installed": b"1"})
								      for name in automatic)
		if self.chance(0.4):
			yield FOLDER + b"diversions", b"".join(b"%s\n%s\n%s\n" % (self.path(), self.path(), self.pick(NAMES + [b":"]))
							       for _ in range(self.pick([1, 2, 3])))
		if self.chance(0.1):
			name = self.pick(NAMES)
			yield FOLDER + b"status.d/" + name, join(self.stanza(name))
			yield FOLDER + b"status.d/" + name + b".md5sums", b"".join(
				b"0" * 32 + b"  " + self.path()[1:] + b"\n" for _ in range(self.pick([1, 2, 4])))


def join(stanza):
	return b"".join(b"%s: %s\n" % field for field in stanza.items())
