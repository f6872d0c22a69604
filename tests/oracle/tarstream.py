# SPDX-License-Identifier: MIT
"""Read a tar stream as strictly as the engines do (v7, ustar, star, GNU and PAX), one entry at a time."""

import hashlib
import re

BLOCK = 512
CHUNK = 1 << 20
SPECIAL_MAX = 1 << 20
INT64_MAX = (1 << 63) - 1
BODILESS = b"123456"	# links, devices, directories and pipes never have content
KNOWN = b"0123456"


class TarError(Exception):
	"""The stream is no tar that any engine reads."""


class Entry:
	"""One tar entry, as written. Strings are bytes; `mtime` is in nanoseconds."""

	__slots__ = ("name", "type", "mode", "uid", "gid", "mtime", "size", "link", "major", "minor", "xattrs",
		     "sha256", "sparse", "data")

	def __init__(self):
		self.xattrs = {}
		self.sha256 = self.data = None
		self.sparse = None


class Meter:
	"""Count and hash what is read from a stream."""

	def __init__(self, raw):
		self.raw = raw
		self.size = 0
		self.digest = hashlib.sha256()

	def read(self, count):
		"""Up to `count` bytes; fewer only at the end of the stream."""
		parts = []
		while count:
			part = self.raw.read(count)
			if not part:
				break
			self.size += len(part)
			self.digest.update(part)
			parts.append(part)
			count -= len(part)
		return parts[0] if len(parts) == 1 else b"".join(parts)

	def exactly(self, count, what):
		data = self.read(count)
		if len(data) != count:
			raise TarError("truncated in " + what)
		return data

	def drain(self):
		while self.read(CHUNK):
			pass


def text(field):
	return field.split(b"\0", 1)[0]


def number(field):
	"""An octal or base-256 header field."""
	if field and field[0] & 0x80:
		value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
		if field[0] & 0x40:
			value -= 1 << (8 * len(field) - 1)
		if not -INT64_MAX - 1 <= value <= INT64_MAX:
			raise TarError("number out of range")
		return value
	digits = text(field.strip(b" \0"))
	if not digits:
		return 0
	if not re.fullmatch(rb"[0-7]+", digits):
		raise TarError("malformed number")
	return int(digits, 8)


def checksum_fits(block):
	want = number(block[148:156])
	blank = block[:148] + b" " * 8 + block[156:]
	signed = sum(byte - 256 if byte > 127 else byte for byte in blank)
	return want in (sum(blank), signed)


def decimal(value):
	if not re.fullmatch(rb"[+-]?[0-9]+", value) or not -INT64_MAX - 1 <= int(value) <= INT64_MAX:
		raise TarError("malformed number in a PAX record")
	return int(value)


def nanoseconds(value):
	"""A PAX time, seconds with a fraction."""
	match = re.fullmatch(rb"([+-]?)([0-9]+)(?:\.([0-9]*))?", value)
	if not match:
		raise TarError("malformed time in a PAX record")
	fraction = ((match.group(3) or b"")[:9]).ljust(9, b"0")
	total = int(match.group(2)) * 10**9 + int(fraction)
	return -total if match.group(1) == b"-" else total


def pax_records(data):
	"""The records of one PAX header as a list of (key, value)."""
	records = []
	while data:
		match = re.match(rb"([0-9]+) ", data)
		if not match:
			raise TarError("malformed PAX record")
		length = int(match.group(1))
		if length <= match.end() or length > len(data) or data[length - 1:length] != b"\n":
			raise TarError("malformed PAX record")
		key, equals, value = data[match.end():length - 1].partition(b"=")
		if not equals or not key or (b"\0" in (value if key in (b"path", b"linkpath", b"uname", b"gname") else key)):
			raise TarError("invalid PAX record")
		records.append((key, value))
		data = data[length:]
	return records


def pax_table(records):
	"""Records by key, the last one winning, sparse 0.0 offsets and lengths joined into one map."""
	table, pieces = {}, []
	for key, value in records:
		if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
			wanted = b"GNU.sparse.offset" if len(pieces) % 2 == 0 else b"GNU.sparse.numbytes"
			if key != wanted or b"," in value:
				raise TarError("malformed sparse map")
			pieces.append(value)
		else:
			table[key] = value
	if pieces:
		table[b"GNU.sparse.map"] = b",".join(pieces)
	return table


def basic_header(block):
	"""The fields of the fixed header."""
	entry = Entry()
	entry.name, entry.link = text(block[:100]), text(block[157:257])
	entry.mode, entry.uid, entry.gid = number(block[100:108]), number(block[108:116]), number(block[116:124])
	entry.size, entry.mtime = number(block[124:136]), number(block[136:148]) * 10**9
	entry.type = block[156:157]
	entry.major = entry.minor = 0
	magic, prefix = block[257:265], b""
	if magic == b"ustar  \0" or magic == b"ustar\x0000":
		entry.major, entry.minor = number(block[329:337]), number(block[337:345])
	if magic == b"ustar\x0000":
		prefix = text(block[345:476 if block[508:512] == b"tar\0" else 500])
	elif magic == b"ustar  \0":
		try:	# old Go wrote a ustar prefix where GNU keeps its times
			number(block[345:357]), number(block[357:369])
		except TarError:
			prefix = text(block[345:500])
			prefix = prefix if prefix.isascii() else b""
	if prefix:
		entry.name = prefix + b"/" + entry.name
	return entry


def apply_pax(entry, table):
	"""What PAX records say replaces the header; empty values say nothing."""
	for key, value in table.items():
		if not value:
			continue
		if key == b"path":
			entry.name = value
		elif key == b"linkpath":
			entry.link = value
		elif key in (b"uid", b"gid", b"size"):
			setattr(entry, key.decode(), decimal(value))
		elif key == b"mtime":
			entry.mtime = nanoseconds(value)
		elif key in (b"atime", b"ctime"):
			nanoseconds(value)
		elif key.startswith(b"SCHILY.xattr."):
			entry.xattrs[key[len(b"SCHILY.xattr."):]] = value


def sparse_numbers(values, count):
	if len(values) != 2 * count:
		raise TarError("malformed sparse map")
	numbers = [decimal(value) for value in values]
	return list(zip(numbers[::2], numbers[1::2]))


def sparse_map_in_data(stream, entry):
	"""The map of GNU sparse 1.0, which stands in front of the data; returns it and the bytes it took."""
	taken, buffered = 0, b""

	def line():
		nonlocal taken, buffered
		while b"\n" not in buffered:
			if taken + BLOCK > max(entry.size, 0) or taken > SPECIAL_MAX:
				raise TarError("malformed sparse map")
			buffered += stream.exactly(BLOCK, "a sparse map")
			taken += BLOCK
		head, buffered = buffered.split(b"\n", 1)
		return head

	count = decimal(line())
	if not 0 <= count <= SPECIAL_MAX:
		raise TarError("malformed sparse map")
	return sparse_numbers([line() for _ in range(2 * count)], count), taken


def read_sparse(stream, entry, table):
	"""Set the extents and logical size of a PAX sparse file; returns the bytes of data that follow."""
	version = (table.get(b"GNU.sparse.major", b""), table.get(b"GNU.sparse.minor", b""))
	if version not in ((b"", b""), (b"0", b"0"), (b"0", b"1"), (b"1", b"0")):
		return entry.size
	if version == (b"", b"") and not table.get(b"GNU.sparse.map"):
		return entry.size
	stored = entry.size
	entry.name = table.get(b"GNU.sparse.name") or entry.name
	size = table.get(b"GNU.sparse.size") or table.get(b"GNU.sparse.realsize")
	if size:
		entry.size = decimal(size)
	if version == (b"1", b"0"):
		carrier = Entry()
		carrier.size = stored
		extents, taken = sparse_map_in_data(stream, carrier)
		stored -= taken
	else:
		values = table.get(b"GNU.sparse.map", b"")
		extents = sparse_numbers(values.split(b",") if values else [],
					 decimal(table.get(b"GNU.sparse.numblocks", b"")))
	end = 0
	for offset, length in extents:
		if offset < end or length < 0 or offset + length > entry.size:
			raise TarError("invalid sparse map")
		end = offset + length
	if sum(length for _, length in extents) != stored:
		raise TarError("sparse map does not fit the data")
	entry.sparse = extents
	return stored


def zeros(digest, count):
	block = bytes(CHUNK)
	while count:
		digest.update(block[:min(count, CHUNK)])
		count -= min(count, CHUNK)


def hash_body(stream, entry, stored, keep):
	"""SHA-256 of the logical content; the data is consumed, padding excluded. What is kept goes to entry.data."""
	digest, extents = hashlib.sha256(), entry.sparse
	if extents is None:
		extents = [(0, stored)]
	at = 0
	for offset, length in extents:
		zeros(digest, offset - at)
		at = offset + length
		while length:
			part = stream.exactly(min(length, CHUNK), "the data of an entry")
			digest.update(part)
			length -= len(part)
			if keep:
				entry.data = (entry.data or b"") + part
	if entry.sparse is not None:
		zeros(digest, entry.size - at)
	return digest.digest()


def read_header(stream):
	"""The next header block, or None at the end of the archive."""
	block = stream.read(BLOCK)
	if not block:
		return None
	if len(block) != BLOCK:
		raise TarError("truncated header")
	if any(block):
		if not checksum_fits(block):
			raise TarError("header checksum does not fit")
		return block
	block = stream.read(BLOCK)
	if len(block) not in (0, BLOCK):
		raise TarError("truncated header")
	if any(block):
		raise TarError("an entry behind a lone zero block")
	return None


def special_body(stream, entry):
	if not 0 <= entry.size <= SPECIAL_MAX:
		raise TarError("special header too large")
	data = stream.exactly(entry.size, "a special header")
	stream.exactly(-entry.size % BLOCK, "a special header")
	return data


def next_entry(stream, wanted):
	"""The next entry with its content hashed and consumed up to the padding, which is returned beside it."""
	table, long_name, long_link = {}, b"", b""
	while True:
		block = read_header(stream)
		if block is None:
			if table or long_name or long_link:
				raise TarError("special header without an entry")
			return None
		entry = basic_header(block)
		if entry.type == b"x":
			table = pax_table(pax_records(special_body(stream, entry)))
		elif entry.type == b"g":
			pax_records(special_body(stream, entry))
			table, long_name, long_link = {}, b"", b""
		elif entry.type == b"L":
			long_name = text(special_body(stream, entry))
		elif entry.type == b"K":
			long_link = text(special_body(stream, entry))
		else:
			break
	apply_pax(entry, table)
	entry.name, entry.link = long_name or entry.name, long_link or entry.link
	if entry.type == b"\0":
		entry.type = b"5" if entry.name.endswith(b"/") else b"0"
	if entry.type not in KNOWN or len(entry.type) != 1:
		raise TarError("unknown type %r of %r" % (entry.type, entry.name))
	if entry.type in BODILESS:
		entry.size = 0
	if entry.size < 0:
		raise TarError("negative size of %r" % entry.name)
	entry.mode &= 0o7777
	if entry.type == b"0":
		stored = read_sparse(stream, entry, table)
		entry.sha256 = hash_body(stream, entry, stored, wanted(entry.name) and entry.sparse is None)
		stream.read(-stored % BLOCK)	# engines do without the last padding
	return entry


def read_tar(stream, wanted=lambda name: False):
	"""Every entry of the tar that a Meter reads, with the content of those wanted; the stream is read to its very end."""
	while True:
		entry = next_entry(stream, wanted)
		if entry is None:
			break
		yield entry
	stream.drain()
