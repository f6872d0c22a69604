# SPDX-License-Identifier: MIT
"""Take image archives apart, and make big ones that cost little disk."""

import hashlib
import json
import os
import shutil
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "property"))

import tarwrite	# noqa: E402

MEGABYTE = 1 << 20
FILES_PER_FOLDER = 100
CONTENT = b"%07d\n"
# What enlarge() leaves as it is: package databases, which are kept to be looked into up to ceilings of their own.
DATABASE, SMALL = b"var/lib/dpkg/", 65536


def layer_names(archive):
	"""The members of an open archive that are layers of its one image, lowest first."""
	names = archive.getnames()
	if "manifest.json" in names:
		return json.load(archive.extractfile("manifest.json"))[0]["Layers"]

	def blob(descriptor):
		return "blobs/" + descriptor["digest"].replace(":", "/")

	index = json.load(archive.extractfile("index.json"))
	manifest = json.load(archive.extractfile(blob(index["manifests"][0])))
	return [blob(layer) for layer in manifest["layers"]]


def extract_layers(path, folder):
	"""Write the layers of an archive, as they are stored, to `folder`; the file names, biggest layer first."""
	os.mkdir(folder)
	made = []
	with tarfile.open(path) as archive:
		for number, name in enumerate(dict.fromkeys(layer_names(archive))):
			made.append(os.path.join(folder, str(number)))
			with open(made[-1], "wb") as file:
				shutil.copyfileobj(archive.extractfile(name), file, MEGABYTE)
	os.sync()	# what is written later would disturb what is measured
	return sorted(made, key=os.path.getsize, reverse=True)


def padding(size):
	return -size % 512


# ---- an image with bigger files

def walk(file, start, end):
	"""(offset, header, size) of what a tar between two offsets holds, PAX headers included."""
	while start + 512 <= end:
		file.seek(start)
		header = file.read(512)
		if not any(header):
			return
		size = tarfile.nti(header[124:136])
		yield start, header, size
		start += 512 + size + padding(size)


def with_size(header, size):
	header = bytearray(header)
	header[124:136] = tarwrite.field(size, 12, "gnu")
	header[148:156] = b" " * 8
	header[148:156] = b"%06o\0 " % sum(header)
	return bytes(header)


def copy(file, to, offset, size):
	file.seek(offset)
	while size:
		data = file.read(min(size, MEGABYTE))
		to.write(data)
		size -= len(data)


def enlarge_layer(file, to, start, end, factor):
	"""Write a layer whose files, but small ones, are `factor` times larger: a hash of what they held, then a hole."""
	for offset, header, size in walk(file, start, end):
		stored = size + padding(size)
		if header[156:157] not in b"0\0" or size < SMALL or header.startswith(DATABASE):
			to.write(header)
			copy(file, to, offset + 512, stored)
			if header[156:157] == b"x" and b" size=" in file_bytes(file, offset + 512, size):
				raise ValueError("a size in a PAX header")
			continue
		content = hashlib.sha256(file_bytes(file, offset + 512, size)).digest()
		size *= factor
		to.write(with_size(header, size) + content[:size])
		to.seek(size + padding(size) - len(content[:size]), os.SEEK_CUR)
	to.seek(1024, os.SEEK_CUR)


def file_bytes(file, offset, size):
	file.seek(offset)
	return file.read(size)


def enlarge(path, target, factor):
	"""Write a docker archive whose files are `factor` times larger, sparsely. Its digests are those of the small one."""
	with tarfile.open(path) as archive:
		layers = set(archive.getmember(name).offset for name in layer_names(archive))
	with open(path, "rb") as file, open(target, "wb") as to:
		for offset, header, size in walk(file, 0, os.path.getsize(path)):
			if offset not in layers or not size:
				to.write(header)
				copy(file, to, offset + 512, size + padding(size))
				continue
			start = to.tell() + 512
			to.seek(start)
			enlarge_layer(file, to, offset + 512, offset + 512 + size, factor)
			end = to.tell()
			to.seek(start - 512)
			to.write(with_size(header, end - start))
			to.seek(end)
		to.truncate(to.tell() + 1024)
	os.sync()


# ---- an image with many entries

class Template:
	"""Makes tar headers that differ in the name only."""

	def __init__(self, kind, mode, size):
		header = tarwrite.header(b"", kind, "ustar", mode, size=size)
		self.middle, self.end = header[100:148], header[156:]
		self.sum = sum(self.middle) + sum(self.end) + 8 * ord(" ")

	def __call__(self, name):
		return b"".join((name.ljust(100, b"\0"), self.middle, b"%06o\0 " % (self.sum + sum(name)), self.end))


def file_name(number, prefix=b""):
	return b"d%05d/%sf%07d" % (number // FILES_PER_FOLDER, prefix, number)


def full_layer(entries):
	"""A layer of that many entries in pieces: folders of files that all differ."""
	folder, regular = Template(b"5", 0o755, 0), Template(b"0", 0o644, len(CONTENT % 0))
	pad = bytes(padding(len(CONTENT % 0)))
	per_folder = FILES_PER_FOLDER + 1
	for number in range(entries):
		place, within = divmod(number, per_folder)
		if not within:
			yield folder(b"d%05d/" % place)
			continue
		name = place * FILES_PER_FOLDER + within - 1
		yield regular(file_name(name)) + CONTENT % name + pad
	yield bytes(1024)


def whiteout_layer(entries, whiteouts):
	"""A layer that removes that many files of full_layer(entries), spread evenly."""
	whiteout = Template(b"0", 0o644, 0)
	files = entries - -(-entries // (FILES_PER_FOLDER + 1))
	for number in range(whiteouts):
		yield whiteout(file_name(number * files // whiteouts, b".wh."))
	yield bytes(1024)


def write_layer(to, name, pieces):
	"""Append a layer to a docker archive; its diff ID."""
	start = to.tell()
	to.seek(start + 512)
	sha256 = hashlib.sha256()
	for piece in pieces:
		to.write(piece)
		sha256.update(piece)
	end = to.tell()
	to.seek(start)
	to.write(tarwrite.header(name.encode(), b"0", "gnu", 0o644, size=end - start - 512))
	to.seek(end)
	return "sha256:" + sha256.hexdigest()


def write_entries(target, entries, whiteouts):
	"""Write a docker archive of one layer with `entries` entries and one with `whiteouts` whiteouts."""
	layers = ["0/layer.tar", "1/layer.tar"]
	with open(target, "wb", MEGABYTE) as to:
		diff_ids = [write_layer(to, layers[0], full_layer(entries)),
			    write_layer(to, layers[1], whiteout_layer(entries, whiteouts))]
		config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
		manifest = [{"Config": "config.json", "RepoTags": ["entries:1"], "Layers": layers}]
		to.write(tarwrite.member(b"config.json", json.dumps(config).encode()))
		to.write(tarwrite.member(b"manifest.json", json.dumps(manifest).encode()) + bytes(1024))
	os.sync()
