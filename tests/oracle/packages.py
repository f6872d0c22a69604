# SPDX-License-Identifier: MIT
"""dpkg's packages: what each owns, and why it is there. Slow, and by docs/metrics.md alone."""

import re

DPKG = b"var/lib/dpkg/"
STATES = b"var/lib/apt/extended_states"
MAX_LINKS = 40


def wants(path):
	"""Whether the content of a file at this path is looked into."""
	return path.startswith(DPKG) or path == STATES


# -- the final filesystem ------------------------------------------------------------------------------------


class Files:
	"""Paths of a stack, followed as the kernel does, the last component not."""

	def __init__(self, stack):
		self.stack = stack

	def find(self, path):
		"""The inode at `path`, or None."""
		parts = [part for part in path.split(b"/") if part]
		way = self.directory(parts[:-1], [self.stack.root], [MAX_LINKS]) if parts else None
		if not way:
			return None
		node = self.child(way, parts[-1])[-1:]
		return node[0].inode if node else None

	def child(self, way, part):
		"""The way one component further: nodes from the root on; empty where there is nothing."""
		if part == b".":
			return way
		if part == b"..":
			return way[:-1] or way
		node = way[-1].children.get(part)
		return way + [node] if node else []

	def directory(self, parts, way, left):
		for part in parts:
			further = self.child(way, part)
			if further and further[-1].inode.kind == "l":
				left[0] -= 1
				target = further[-1].inode.link
				start = [self.stack.root] if target.startswith(b"/") else way
				further = self.directory([each for each in target.split(b"/") if each], start, left) if left[0] >= 0 else []
			if not further or further[-1].children is None:
				return []
			way = further
		return way

	def read(self, path):
		inode = self.find(path)
		return (inode.data or b"") if inode is not None else b""

	def below(self, folder):
		return [(path, node.inode) for path, node in self.stack.walk() if path.startswith(folder)]


# -- what the files say --------------------------------------------------------------------------------------


def stanzas(data):
	"""Dictionaries of lower-case field names."""
	for block in re.split(rb"\n\r?\n(?:\r?\n)*", data):
		fields, last = {}, None
		for line in block.replace(b"\r\n", b"\n").split(b"\n"):
			if line[:1] in (b" ", b"\t"):
				if last and fields[last]:
					fields[last] += b"\n" + line
			elif b":" in line:
				name, value = line.split(b":", 1)
				last = name.lower()
				fields[last] = value.strip()
			else:
				last = None
		if fields.get(b"package"):
			yield fields


def relations(field):
	"""(name, architecture, operator, version) of every alternative."""
	for text in re.split(rb"[,|]", field):
		match = re.match(rb"\s*([^\s(:\[<]+)(?::([^\s(\[<]*))?[^(]*(?:\(\s*(<<|<=|>=|>>|=|<|>)?\s*([^)]*)\))?", text)
		if match:
			operator = match[3]
			yield match[1], match[2] or b"", operator, match[4].strip() if operator else None


def version_key(version):
	epoch, _, rest = version.rpartition(b":") if version.count(b":") == 1 else (b"", b"", version)
	upstream, dash, revision = rest.rpartition(b"-")
	if not dash:
		upstream, revision = rest, b""
	return [part_key(epoch), part_key(upstream), part_key(revision)]


def part_key(part):
	key = []
	for other, digits in re.findall(rb"([^0-9]*)([0-9]*)", part):
		key.append(([weight(c) for c in other] + [0], int(digits or b"0")))
	while key and key[-1] == ([0], 0):
		key.pop()
	return key + [([0], 0)]


def weight(c):
	if c == ord("~"):
		return -1
	return c if chr(c).isalpha() else c + 256


def satisfies(version, operator, wanted):
	if operator is None:
		return True
	if not version:
		return False
	left, right = version_key(version), version_key(wanted)
	return {b"<<": left < right, b"<=": left <= right, b"<": left <= right, b"=": left == right,
		b">=": left >= right, b">": left >= right, b">>": left > right}[operator]


# -- packages ------------------------------------------------------------------------------------------------


class Package:
	"""One that dpkg has installed."""

	def __init__(self, fields, sums=None):
		self.fields, self.sums = fields, sums
		self.name = self.shown = fields[b"package"]
		self.version, self.architecture = fields.get(b"version", b""), fields.get(b"architecture", b"")
		self.multi, self.automatic, self.inodes = fields.get(b"multi-arch", b""), False, []

	def bytes(self):
		return sum(inode.size for inode in self.inodes)

	def kept(self):
		status = self.fields.get(b"status", b"").split()
		return (b"yes" in (self.fields.get(name) for name in (b"essential", b"important", b"protected"))
			or self.fields.get(b"priority") == b"required" or status[:1] == [b"hold"])


def installed(fields):
	return fields.get(b"status", b"").split()[2:3] not in ([b"config-files"], [b"not-installed"])


def read_packages(files):
	packages = {}
	sources = [(inode.data, path + b".md5sums") for path, inode in files.below(DPKG + b"status.d/") if inode.data]
	for data, sums in sources + [(files.read(DPKG + b"status"), None)]:
		for fields in stanzas(data):
			if installed(fields):
				package = Package(fields, sums)
				packages[package.name, package.architecture] = package
	result = [packages[key] for key in sorted(packages)]
	for package in result:
		if sum(other.name == package.name for other in result) > 1:
			package.shown = package.name + b":" + package.architecture
	for fields in stanzas(files.read(STATES)):
		for architecture in (fields.get(b"architecture", b""), b"all"):
			if (fields[b"package"], architecture) in packages:
				packages[fields[b"package"], architecture].automatic = fields.get(b"auto-installed") == b"1"
	return result


def diversions(files):
	lines = files.read(DPKG + b"diversions").splitlines()
	result = {}
	for at in range(0, len(lines) - 2, 3):
		result.setdefault(lines[at], (lines[at + 1], lines[at + 2]))
	return result


def listed(package, files, diverted):
	if package.sums:
		return [line[34:] for line in files.read(package.sums).split(b"\n") if len(line) > 34 and line[32:33] == b" "]
	names = [package.name + b":" + package.architecture, package.name]
	for name in names if package.multi == b"same" else reversed(names):
		lines = [line for line in files.read(DPKG + b"info/" + name + b".list").split(b"\n") if line]
		if lines:
			break
	return [diverted[line][0] if line in diverted and diverted[line][1] != package.name else line for line in lines]


def claim(packages, files):
	diverted, taken = diversions(files), set()
	for package in sorted(packages, key=lambda package: (package.shown, package.version)):
		for path in listed(package, files, diverted):
			inode = files.find(path)
			if inode is not None and inode.kind == "f" and id(inode) not in taken:
				taken.add(id(inode))
				package.inodes.append(inode)
	claim_bytecode(packages, files, taken)


def claim_bytecode(packages, files, taken):
	"""Python's bytecode that nobody lists is whose its source is."""
	owners = {id(inode): package for package in packages for inode in package.inodes}
	for path, node in files.stack.walk():
		match = re.fullmatch(rb"(.*/)?__pycache__/([^/.]+)\.([^/]*\.)?pyc", path, re.DOTALL)
		if match and node.inode.kind == "f" and id(node.inode) not in taken:
			package = owners.get(id(files.find((match[1] or b"") + match[2] + b".py")))
			if package:
				taken.add(id(node.inode))
				package.inodes.append(node.inode)


# -- why they are there --------------------------------------------------------------------------------------


class Reasons:
	"""Who leads to whom, by the strength of the relation."""

	FIELDS = {b"pre-depends": 3, b"depends": 3, b"recommends": 2, b"suggests": 1}

	def __init__(self, packages):
		self.packages = packages
		self.native = next((package.architecture for package in packages if package.name == b"dpkg"), b"")
		self.edges = [(at, to, strength) for at, package in enumerate(packages) for field, strength in self.FIELDS.items()
			      for relation in relations(package.fields.get(field, b"")) for to in self.answers(at, relation)]
		self.roots = {at for at, package in enumerate(packages) if not package.automatic or package.kept()}

	def answers(self, at, relation):
		name, architecture, operator, wanted = relation
		for to, package in enumerate(self.packages):
			offers = [package.version] if package.name == name else []
			offers += [version or b"" for provided, _, _, version in relations(package.fields.get(b"provides", b"")) if provided == name]
			if to != at and any(satisfies(version, operator, wanted) for version in offers) and self.fits(at, to, architecture):
				yield to

	def fits(self, at, to, asked):
		multi = self.packages[to].multi
		if multi == b"foreign" or (asked == b"any" and multi == b"allowed"):
			return True
		left, right = self.real(at), self.real(to)
		if asked == b"native":
			left = self.native
		elif asked not in (b"", b"any"):
			left = asked
		return not left or not right or left == right

	def real(self, at):
		architecture = self.packages[at].architecture
		return self.native if architecture == b"all" else architecture

	def reached(self, strength, without=None):
		"""All that relations of this strength lead to, as if `without` were not there."""
		found, work = set(self.roots) - {without}, list(self.roots - {without})
		ways = {}
		for at, to, how in self.edges:
			if how >= strength:
				ways.setdefault(at, []).append(to)
		while work:
			for to in ways.get(work.pop(), ()):
				if to not in found and to != without:
					found.add(to)
					work.append(to)
		return found


def rows(stack, trees):
	"""Rows as in the JSON, of dpkg's packages. `trees` are those of the layers, which hold the inodes."""
	files, layer = Files(stack), {id(inode): index for index, tree in enumerate(trees) for inode in tree.inodes}
	packages = read_packages(files)
	claim(packages, files)
	told = [{
		"name": package.shown, "version": package.version or None, "bytes": package.bytes(), "files": len(package.inodes),
		"layers": sorted({layer[id(inode)] for inode in package.inodes}), "recommended_only": False, "recommended_by": [],
		"brings_packages": None, "brings_bytes": None, "unneeded": False,
	} for package in packages]
	if any(True for _ in stanzas(files.read(STATES))):
		explain(packages, told)
	return sorted(told, key=lambda row: (-row["bytes"], row["name"], row["version"] or b""))


def explain(packages, told):
	reasons = Reasons(packages)
	needed, recommended, suggested = reasons.reached(3), reasons.reached(2), reasons.reached(1)
	for at, row in enumerate(told):
		row["unneeded"] = at not in suggested
		if at not in recommended or at in needed:
			continue
		gone = {other for other in recommended - reasons.reached(2, at) if other not in needed}
		row.update(recommended_only=True, brings_packages=len(gone), brings_bytes=sum(told[other]["bytes"] for other in gone),
			   recommended_by=[told[by]["name"] for by in sorted({by for by, to, how in reasons.edges
									     if to == at and how == 2 and by in recommended})])
