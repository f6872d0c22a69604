# SPDX-License-Identifier: MIT
"""Write tar entries in the dialect asked for, and docker archives out of layers."""

import gzip
import hashlib
import io
import json
import struct
import subprocess

DIALECTS = ("v7", "ustar", "gnu", "pax")


def octal(value, width):
	return b"%0*o\0" % (width - 1, value)


def base256(value, width):
	return ((1 << (8 * width - 1)) | (value & ((1 << (8 * width - 1)) - 1))).to_bytes(width, "big") if value >= 0 \
		else (value & ((1 << (8 * width)) - 1)).to_bytes(width, "big")


def fits(value, width):
	return 0 <= value < 8 ** (width - 1)


def field(value, width, dialect):
	if fits(value, width):
		return octal(value, width)
	return base256(value, width) if dialect == "gnu" else octal(0, width)


def header(name, kind, dialect, mode=0, uid=0, gid=0, size=0, mtime=0, link=b"", rdev=(0, 0), prefix=b""):
	block = bytearray(512)
	block[0:100] = name[:100].ljust(100, b"\0")
	block[100:108] = octal(mode, 8)
	block[108:116] = field(uid, 8, dialect)
	block[116:124] = field(gid, 8, dialect)
	block[124:136] = field(size, 12, dialect)
	block[136:148] = field(mtime, 12, dialect)
	block[148:156] = b" " * 8
	block[156:157] = kind
	block[157:257] = link[:100].ljust(100, b"\0")
	if dialect != "v7":
		block[257:265] = b"ustar  \0" if dialect == "gnu" else b"ustar\x0000"
		block[329:337] = field(rdev[0], 8, dialect)
		block[337:345] = field(rdev[1], 8, dialect)
		block[345:345 + len(prefix)] = prefix
	block[148:156] = b"%06o\0 " % sum(block)
	return bytes(block)


def padded(data):
	return data + bytes(-len(data) % 512)


def pax_record(key, value):
	body = b" " + key + b"=" + value + b"\n"
	length = len(body)
	while len(b"%d" % length) + len(body) != length:
		length = len(b"%d" % length) + len(body)
	return b"%d" % length + body


def pax_header(records, kind=b"x"):
	data = b"".join(pax_record(key, value) for key, value in records)
	return header(b"PaxHeaders/0", kind, "pax", 0o644, size=len(data)) + padded(data)


def pax_time(nanoseconds):
	sign, nanoseconds = (b"-", -nanoseconds) if nanoseconds < 0 else (b"", nanoseconds)
	seconds, rest = divmod(nanoseconds, 10**9)
	return sign + b"%d" % seconds + ((b".%09d" % rest).rstrip(b"0") if rest else b"")


def split_ustar(name):
	"""(prefix, name) of a long name, or None."""
	for at in range(min(155, len(name) - 2), 0, -1):
		if name[at:at + 1] == b"/" and len(name) - at - 1 <= 100:
			return name[:at], name[at + 1:]
	return None


def plain_numbers(entry):
	return (fits(entry["uid"], 8) and fits(entry["gid"], 8) and fits(entry["mtime"] // 10**9, 12)
		and entry["mtime"] % 10**9 == 0 and max(entry["rdev"]) < 8**7)


def usable_dialect(entry):
	"""The entry's dialect if that can say everything about it, else PAX."""
	dialect, name = entry["dialect"], entry["name"]
	if entry["xattrs"] or entry.get("sparse") or entry["mtime"] % 10**9:
		return "pax"
	if dialect == "gnu":
		return "gnu"
	if not plain_numbers(entry) or len(entry["link"]) > 100:
		return "pax"
	if dialect == "v7":
		return "v7" if len(name) <= 100 and entry["type"] in b"0125" else "pax"
	if dialect == "ustar":
		return "ustar" if len(name) <= 100 or split_ustar(name) else "pax"
	return dialect


def sparse_parts(entry):
	"""(PAX records, stored bytes) of a sparse file whose `sparse` is (form, extents)."""
	form, extents = entry["sparse"]
	data = b"".join(entry["data"][at:at + length] for at, length in extents)
	size = b"%d" % len(entry["data"])
	numbers = [b"%d" % number for extent in extents for number in extent]
	if form == "1.0":
		table = padded(b"\n".join([b"%d" % len(extents)] + numbers) + b"\n")
		return [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", entry["name"]),
			(b"GNU.sparse.realsize", size)], table + data
	return [(b"GNU.sparse.size", size), (b"GNU.sparse.numblocks", b"%d" % len(extents)),
		(b"GNU.sparse.map", b",".join(numbers))], data


def entry_bytes(entry):
	"""One described entry as header, data and padding."""
	dialect, name, kind = usable_dialect(entry), entry["name"], entry["type"]
	data, prefix, before, records = entry["data"] if kind == b"0" else b"", b"", b"", []
	size, seconds = len(data), entry["mtime"] // 10**9
	if dialect == "gnu":
		for letter, value in ((b"K", entry["link"]), (b"L", name)):
			if len(value) > 100:
				before += header(b"././@LongLink", letter, "gnu", size=len(value) + 1) + padded(value + b"\0")
	elif dialect == "ustar" and len(name) > 100:
		prefix, name = split_ustar(name)
	elif dialect == "pax":
		if entry.get("sparse"):
			records, data = sparse_parts(entry)
			size = len(data)
		records += pax_records(entry, size)
		before = pax_header(records) if records else b""
	if dialect == "v7" and kind in b"05":
		kind = b"\0"
		name += b"/" if entry["type"] == b"5" and not name.endswith(b"/") else b""
	return before + header(name, kind, dialect, entry["mode"], entry["uid"], entry["gid"], size, seconds,
			       entry["link"], entry["rdev"], prefix) + padded(data)


def pax_records(entry, size):
	records = []
	if len(entry["name"]) > 100 or not entry["name"].isascii():
		records.append((b"path", entry["name"]))
	if len(entry["link"]) > 100 or not entry["link"].isascii():
		records.append((b"linkpath", entry["link"]))
	for key in ("uid", "gid"):
		if not fits(entry[key], 8):
			records.append((key.encode(), b"%d" % entry[key]))
	if entry["mtime"] % 10**9 or not fits(entry["mtime"] // 10**9, 12):
		records.append((b"mtime", pax_time(entry["mtime"])))
	if entry.get("pax_size"):
		records.append((b"size", b"%d" % size))
	return records + [(b"SCHILY.xattr." + key, value) for key, value in sorted(entry["xattrs"].items())]


def layer_tar(layer):
	"""The uncompressed tar of a described layer."""
	parts = [pax_header([(b"comment", b"global")], b"g")] if layer.get("global") else []
	parts += [entry_bytes(entry) for entry in layer["entries"]]
	return b"".join(parts) + bytes(512 * layer.get("end", 2))


def zstd_raw(data):
	"""A zstd frame of raw blocks, made without the zstd program."""
	out = [b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))]
	for at in range(0, max(len(data), 1), 1 << 17):
		part = data[at:at + (1 << 17)]
		last = at + len(part) >= len(data)
		out.append(struct.pack("<I", len(part) << 3 | int(last))[:3] + part)
	return b"".join(out)


def compress(data, how):
	if how == "gzip":
		return gzip.compress(data, 1, mtime=0)
	if how == "gzip2":	# two members
		half = len(data) // 2
		return gzip.compress(data[:half], 1, mtime=0) + gzip.compress(data[half:], 1, mtime=0)
	if how == "zstdraw":
		return zstd_raw(data)
	if how == "zstd":
		return subprocess.run(["zstd", "-qc1"], input=data, stdout=subprocess.PIPE, check=True).stdout
	return data


def member(name, data):
	return header(name, b"0", "ustar", 0o644, size=len(data)) + padded(data)


def docker_archive(image, tag="t:1"):
	"""The bytes of a docker archive of a described image."""
	diff_ids, names, members = [], [], []
	for index, layer in enumerate(image["layers"]):
		tar = layer_tar(layer)
		diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
		names.append("%d/layer.tar" % index)
		members.append((names[-1], compress(tar, layer["compression"])))
	config = json.dumps({"architecture": "amd64", "os": "linux", "config": image.get("config", {}), "history": image.get("history", []),
			     "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
	manifest = json.dumps([{"Config": "config.json", "RepoTags": [tag], "Layers": names}]).encode()
	members += [("config.json", config), ("manifest.json", manifest)]
	outer = image.get("outer", {})
	members += [("extra/%d" % number, b"nobody asks for this") for number in range(outer.get("extra", 0))]
	if outer.get("reverse"):
		members.reverse()
	out = io.BytesIO()
	for name, data in members:
		out.write(member((outer.get("prefix", "") + name).encode(), data))
	out.write(bytes(1024))
	return out.getvalue()
