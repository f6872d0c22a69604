# SPDX-License-Identifier: MIT
"""Builds tars, layers and container images from readable tables, the broken ones included.

Everything is bytes in memory and the same on every run. The pieces of a tar are made by file(), directory(),
symlink(), ...; tar() puts them in a row. docker_archive() and oci_archive() wrap layers into an image whose
digests fit; the `edit_*` arguments change a document before it is written, the `raw_*` ones replace it.
"""
import copy
import gzip as _gzip
import hashlib
import json
import struct
import zlib

BLOCK = 512
END = bytes(2 * BLOCK)


def raw(value):
	return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def sha256(data):
	return hashlib.sha256(data).hexdigest()


# Tar ---------------------------------------------------------------------------------------------

FIELDS = {  # name: (offset, width), POSIX.1-1988 ustar
	"name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12), "mtime": (136, 12),
	"chksum": (148, 8), "typeflag": (156, 1), "linkname": (157, 100), "magic": (257, 8), "uname": (265, 32),
	"gname": (297, 32), "devmajor": (329, 8), "devminor": (337, 8), "prefix": (345, 155), "tail": (500, 12),
}
USTAR = b"ustar\x0000"
GNU = b"ustar  \0"


def number(value, width):
	"""An octal field, or base-256 where it does not fit or is negative."""
	if 0 <= value < 8 ** (width - 1):
		return b"%0*o\0" % (width - 1, value)
	return base256(value, width)


def base256(value, width):
	out = bytearray((value & (256 ** width - 1)).to_bytes(width, "big"))
	out[0] |= 0x80
	return bytes(out)


def header(name, typeflag=b"0", size=0, mode=0o644, uid=0, gid=0, mtime=0, link=b"", dev=(0, 0), magic=USTAR, patch=None):
	"""One header block. `patch` maps a field name (or an offset) to the raw bytes put there before the checksum is
	computed; a patched "chksum" is left as given."""
	block = bytearray(BLOCK)

	def put(field, value):
		at = FIELDS[field][0] if isinstance(field, str) else field
		block[at:at + len(value)] = value

	for field, value in (
		("name", raw(name)[:100]), ("mode", number(mode, 8)), ("uid", number(uid, 8)), ("gid", number(gid, 8)),
		("size", number(size, 12)), ("mtime", number(mtime, 12)), ("typeflag", typeflag), ("linkname", raw(link)[:100]),
		("magic", magic), ("devmajor", number(dev[0], 8)), ("devminor", number(dev[1], 8))):
		put(field, value)
	if magic == b"":  # v7 has no devices
		put("devmajor", bytes(16))
	for field, value in (patch or {}).items():
		put(field, value)
	if "chksum" not in (patch or {}):
		put("chksum", b" " * 8)
		put("chksum", b"%06o\0 " % sum(block))
	return bytes(block)


def pad(data):
	return data + bytes(-len(data) % BLOCK)


def pax_record(key, value):
	body = b" " + raw(key) + b"=" + raw(value) + b"\n"
	size = len(body)
	while size != len(body) + len(str(size)):
		size = len(body) + len(str(size))
	return str(size).encode() + body


def pax(records, typeflag=b"x"):
	"""An extended header in front of an entry; `records` is a dict, or bytes for a malformed one."""
	text = records if isinstance(records, bytes) else b"".join(pax_record(k, v) for k, v in records.items())
	return header("PaxHeaders/0", typeflag, len(text)) + pad(text)


def gnu_long(name, typeflag=b"L", nul=True):
	text = raw(name) + (b"\0" if nul else b"")
	return header("././@LongLink", typeflag, len(text), magic=GNU) + pad(text)


def entry(name, typeflag, data=b"", records=None, **fields):
	records = dict(records or {})
	if len(raw(name)) > 100:
		records.setdefault("path", name)
	if len(raw(fields.get("link", b""))) > 100:
		records.setdefault("linkpath", fields["link"])
	fields.setdefault("size", len(data))
	front = pax(records) if records else b""
	return front + header(name, typeflag, **fields) + pad(data)


def file(name, data=b"", **fields):
	return entry(name, b"0", raw(data), **fields)


def directory(name, **fields):
	fields.setdefault("mode", 0o755)
	return entry(name if raw(name).endswith(b"/") else raw(name) + b"/", b"5", **fields)


def symlink(name, target, **fields):
	fields.setdefault("mode", 0o777)
	return entry(name, b"2", link=target, **fields)


def hardlink(name, target, **fields):
	return entry(name, b"1", link=target, **fields)


def node(name, typeflag, dev=(1, 3), **fields):
	return entry(name, typeflag, dev=dev, **fields)


def sparse10(name, real, extents, **fields):
	"""A PAX 1.0 sparse file: `extents` is a list of (offset, bytes)."""
	lines = [len(extents)]
	for offset, data in extents:
		lines += [offset, len(data)]
	text = "".join(f"{n}\n" for n in lines).encode()
	body = pad(text) + b"".join(data for _, data in extents)
	records = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name, "GNU.sparse.realsize": str(real)}
	return pax(records) + header("GNUSparseFile.0/x", size=len(body), **fields) + pad(body)


def tar(*parts, end=END):
	return b"".join(parts) + end


# Compression -------------------------------------------------------------------------------------

def gzip(data, level=6):
	return _gzip.compress(data, level, mtime=0)


def gzip_zeros(size, front=b"", check=True, chunk=1 << 24):
	"""A gzip member of `front` and `size` NUL bytes, made fast: one deflate run of zeros, repeated. Without `check`
	the trailer is wrong, for streams that nobody reads to their end."""
	packer = zlib.compressobj(9, zlib.DEFLATED, -15)
	head = packer.compress(front) + packer.flush(zlib.Z_FULL_FLUSH)
	packer = zlib.compressobj(9, zlib.DEFLATED, -15)
	run = packer.compress(bytes(chunk)) + packer.flush(zlib.Z_FULL_FLUSH)
	crc = zlib.crc32(front)
	for _ in range(size // chunk if check else 0):
		crc = zlib.crc32(bytes(chunk), crc)
	total = len(front) + size // chunk * chunk
	return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + head + run * (size // chunk) + b"\x03\0" +
		struct.pack("<II", crc, total & 0xffffffff))


M64 = (1 << 64) - 1


def xxh64(data, seed=0):
	"""XXH64, for the content checksum of zstd frames."""
	p1, p2, p3, p4, p5 = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579,
			      2870177450012600261)

	def rotl(x, r):
		return (x << r | x >> (64 - r)) & M64

	def mix(acc, lane):
		return rotl((acc + lane * p2) & M64, 31) * p1 & M64

	at = 0
	if len(data) >= 32:
		acc = [(seed + p1 + p2) & M64, (seed + p2) & M64, seed, (seed - p1) & M64]
		while at + 32 <= len(data):
			acc = [mix(a, lane) for a, lane in zip(acc, struct.unpack_from("<4Q", data, at))]
			at += 32
		h = sum(rotl(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & M64
		for a in acc:
			h = ((h ^ mix(0, a)) * p1 + p4) & M64
	else:
		h = (seed + p5) & M64
	h = (h + len(data)) & M64
	while at + 8 <= len(data):
		h = (rotl(h ^ mix(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & M64
		at += 8
	if at + 4 <= len(data):
		h = (rotl(h ^ struct.unpack_from("<I", data, at)[0] * p1 & M64, 23) * p2 + p3) & M64
		at += 4
	for byte in data[at:]:
		h = rotl(h ^ byte * p5 & M64, 11) * p1 & M64
	h = (h ^ h >> 33) * p2 & M64
	h = (h ^ h >> 29) * p3 & M64
	return h ^ h >> 32


def zstd(data, checksum=True, window_log=None, bad_checksum=False):
	"""A zstd frame (RFC 8878) of raw blocks; runs of one byte become RLE blocks. `window_log` asks for a window
	instead of a single segment."""
	flags = 0x04 if checksum else 0
	if window_log is None:
		frame = bytes([flags | 0xe0]) + struct.pack("<Q", len(data))
	else:
		frame = bytes([flags, (window_log - 10) << 3])
	size = 1 << 17
	blocks = [data[i:i + size] for i in range(0, len(data), size)] or [b""]
	for i, block in enumerate(blocks):
		last = 1 if i == len(blocks) - 1 else 0
		if block and block == block[:1] * len(block):
			frame += struct.pack("<I", len(block) << 3 | 1 << 1 | last)[:3] + block[:1]
		else:
			frame += struct.pack("<I", len(block) << 3 | last)[:3] + block
	if checksum:
		frame += struct.pack("<I", (xxh64(data) ^ bad_checksum) & 0xffffffff)
	return b"\x28\xb5\x2f\xfd" + frame


def zstd_zeros(size, front=b""):
	"""A zstd frame of `front` and `size` NUL bytes."""
	block = struct.pack("<I", 1 << 17 << 3 | 1 << 1)[:3] + b"\0"
	first = struct.pack("<I", len(front) << 3)[:3] + front
	return b"\x28\xb5\x2f\xfd\0\x50" + first + block * (size >> 17) + struct.pack("<I", 1)[:3]


def zstd_skippable(data=b""):
	return b"\x50\x2a\x4d\x18" + struct.pack("<I", len(data)) + data


# Images ------------------------------------------------------------------------------------------

class Layer:
	"""A layer: its tar, and what is stored for it when that is not the tar itself."""

	def __init__(self, plain, blob=None, diff_id=None):
		self.blob = plain if blob is None else blob
		self.diff_id = diff_id or "sha256:" + sha256(plain)


def as_layers(layers, compress=None):
	return [x if isinstance(x, Layer) else Layer(x, compress(x) if compress else x) for x in layers]


def dump(document):
	return document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()


def edited(document, edit):
	"""`edit` changes the document in place, or returns another."""
	document = copy.deepcopy(document)
	other = edit(document) if edit else None
	return document if other is None else other


def image_config(layers):
	return {
		"architecture": "amd64", "os": "linux", "created": "2023-01-02T03:04:05Z",
		"config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["sh"]},
		"rootfs": {"type": "layers", "diff_ids": [x.diff_id for x in layers]},
		"history": [{"created": "2023-01-02T03:04:05Z", "created_by": f"/bin/sh -c step {i}"} for i in range(len(layers))],
	}


def docker_parts(layers, compress=None, edit_config=None, edit_manifest=None, raw_config=None, raw_manifest=None):
	"""The members of a `docker save` archive as an ordered dict {name: bytes}."""
	layers = as_layers(layers, compress)
	config = dump(edited(image_config(layers), edit_config)) if raw_config is None else raw_config
	config_name = sha256(config) + ".json"
	names = [f"{i:064x}/layer.tar" for i in range(len(layers))]
	manifest = [{"Config": config_name, "RepoTags": ["test:1"], "Layers": names}]
	parts = {name: layer.blob for name, layer in zip(names, layers)}
	parts[config_name] = config
	parts["manifest.json"] = dump(edited(manifest, edit_manifest)) if raw_manifest is None else raw_manifest
	return parts


def pack(parts, drop=(), before=b"", after=b"", end=END):
	"""A tar of {name: bytes}; a value that is a tuple is a ready-made member. `drop` leaves members out; `before`
	and `after` are ready-made members around the rest."""
	body = b"".join(v[0] if isinstance(v, tuple) else file(k, v) for k, v in parts.items() if k not in drop)
	return before + body + after + end


def docker_archive(*layers, drop=(), before=b"", after=b"", end=END, **how):
	return pack(docker_parts(layers, **how), drop, before, after, end)


INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def descriptor(media_type, data, **more):
	return {"mediaType": media_type, "digest": "sha256:" + sha256(data), "size": len(data), **more}


def blob_name(data):
	return "blobs/sha256/" + sha256(data)


def oci_parts(layers, compress=gzip, suffix="+gzip", edit_config=None, edit_manifest=None, edit_index=None, raw_index=None,
	      raw_manifest=None, raw_config=None, layout=b'{"imageLayoutVersion":"1.0.0"}'):
	"""The members of an OCI archive as an ordered dict {name: bytes}."""
	layers = as_layers(layers, compress)
	config = dump(edited(image_config(layers), edit_config)) if raw_config is None else raw_config
	manifest = {
		"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, config),
		"layers": [descriptor(LAYER + suffix, x.blob) for x in layers],
	}
	manifest = dump(edited(manifest, edit_manifest)) if raw_manifest is None else raw_manifest
	index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, manifest)]}
	index = dump(edited(index, edit_index)) if raw_index is None else raw_index
	parts = {blob_name(x.blob): x.blob for x in layers}
	parts[blob_name(config)] = config
	parts[blob_name(manifest)] = manifest
	parts["index.json"] = index
	parts["oci-layout"] = layout
	return parts


def oci_archive(*layers, drop=(), before=b"", after=b"", end=END, **how):
	return pack(oci_parts(layers, **how), drop, before, after, end)


def with_blobs(parts, *blobs):
	"""The parts and further blobs under their digests."""
	return {**parts, **{blob_name(b): b for b in blobs}}
