# SPDX-License-Identifier: MIT
"""Find the layers of an image: docker archives, OCI archives, OCI layout directories."""

import gzip
import json
import os
import posixpath
import shutil
import subprocess
import tempfile

import blobs
import tarstream


class BundleError(Exception):
	"""The input is no image we understand."""


class Layer:
	"""Where one listed layer is stored and what its uncompressed bytes should hash to."""

	__slots__ = ("name", "file", "offset", "size", "diff_id")

	def __init__(self, name, file, offset, size, diff_id):
		self.name, self.file, self.offset, self.size, self.diff_id = name, file, offset, size, diff_id


class Archive:
	"""Members of an outer tar by cleaned name, the last one of a name winning as in docker."""

	def __init__(self, path):
		self.file = open_uncompressed(path)
		self.members, self.links = {}, {}
		self.scan()

	def scan(self):
		self.file.seek(0, os.SEEK_END)
		end = self.file.tell()
		stream = tarstream.Meter(SeekingRaw(self.file, end))
		table, long_name, long_link = {}, b"", b""
		while True:
			block = tarstream.read_header(stream)
			if block is None:
				return
			entry = tarstream.basic_header(block)
			if entry.type in (b"x", b"L", b"K", b"g"):
				body = tarstream.special_body(stream, entry)
				if entry.type == b"x":
					table = tarstream.pax_table(tarstream.pax_records(body))
				elif entry.type == b"L":
					long_name = tarstream.text(body)
				elif entry.type == b"K":
					long_link = tarstream.text(body)
				continue
			tarstream.apply_pax(entry, table)
			entry.name, entry.link = long_name or entry.name, long_link or entry.link
			table, long_name, long_link = {}, b"", b""
			self.note(entry, stream)
			if entry.type in (b"0", b"\0", b"7"):
				stream.raw.skip(entry.size + -entry.size % 512)

	def note(self, entry, stream):
		name = clean(os.fsdecode(entry.name))
		if entry.type in (b"1", b"2"):
			target = os.fsdecode(entry.link)
			base = posixpath.dirname(name) if entry.type == b"2" else ""
			self.links[name] = clean(posixpath.join(base, target))
		elif entry.type in (b"0", b"\0", b"7"):
			self.links.pop(name, None)
			self.members[name] = (stream.raw.at, entry.size)

	def find(self, name):
		name = clean(name)
		for _ in range(8):
			if name not in self.links:
				break
			name = self.links[name]
		if name not in self.members:
			return None
		return (self.file,) + self.members[name]


class SeekingRaw:
	"""Reads a file by position, and skips without reading."""

	def __init__(self, file, end):
		self.file, self.at, self.end = file, 0, end

	def read(self, count):
		self.file.seek(self.at)
		data = self.file.read(count)
		self.at += len(data)
		return data

	def skip(self, count):
		self.at += count
		if self.at > self.end + 511:
			raise BundleError("truncated archive")


class Directory:
	"""An OCI layout directory."""

	def __init__(self, path):
		self.path = path

	def find(self, name):
		full = os.path.join(self.path, clean(name))
		if not os.path.isfile(full):
			return None
		file = open(full, "rb")
		return file, 0, os.path.getsize(full)


def clean(name):
	return posixpath.normpath("/" + name).lstrip("/")


def open_uncompressed(path):
	"""The outer file; a compressed one is unpacked into an unlinked temporary file first."""
	file = open(path, "rb")
	kind = blobs.compression(file.read(8))
	if kind == "none":
		return file
	spool = tempfile.TemporaryFile()
	if kind == "gzip":
		file.seek(0)
		shutil.copyfileobj(gzip.GzipFile(fileobj=file), spool)
	elif kind == "zstd":
		subprocess.run(["zstd", "-qdc", path], stdout=spool, check=True)
	else:
		raise BundleError("outer compression %s" % kind)
	return spool


def load_json(place, name):
	found = place.find(name)
	if found is None:
		raise BundleError("%s is missing" % name)
	file, offset, size = found
	file.seek(offset)
	return json.loads(file.read(size))


def blob_name(digest):
	return "blobs/" + digest.replace(":", "/")


def layer_at(place, name, diff_id):
	found = place.find(name)
	if found is None:
		raise BundleError("layer %s is missing" % name)
	return Layer(name, *found, diff_id)


def docker_layers(place, image):
	config = load_json(place, image["Config"])
	diff_ids = config["rootfs"]["diff_ids"] or []
	names = image["Layers"] or []
	if len(diff_ids) != len(names):
		raise BundleError("manifest.json has %d layers, the configuration %d" % (len(names), len(diff_ids)))
	return [layer_at(place, name, diff_id) for name, diff_id in zip(names, diff_ids)]


def is_attestation(descriptor):
	kind = (descriptor.get("annotations") or {}).get("vnd.docker.reference.type")
	return kind == "attestation-manifest" or (descriptor.get("platform") or {}).get("os") == "unknown"


def oci_manifest(place, index, platform):
	"""The one image manifest below an index."""
	wanted = []
	for descriptor in index.get("manifests") or []:
		if is_attestation(descriptor) or place.find(blob_name(descriptor["digest"])) is None:
			continue
		document = load_json(place, blob_name(descriptor["digest"]))
		if "manifests" in document:
			document = oci_manifest(place, document, platform)
		elif platform and descriptor.get("platform"):
			parts = descriptor["platform"]
			if "%s/%s" % (parts.get("os"), parts.get("architecture")) != platform:
				continue
		if document:
			wanted.append(document)
	if len(wanted) > 1:
		raise BundleError("several images")
	return wanted[0] if wanted else None


def oci_layers(place, platform):
	manifest = oci_manifest(place, load_json(place, "index.json"), platform)
	if manifest is None:
		raise BundleError("no image in index.json")
	diff_ids = load_json(place, blob_name(manifest["config"]["digest"]))["rootfs"]["diff_ids"] or []
	names = [blob_name(layer["digest"]) for layer in manifest["layers"] or []]
	if len(diff_ids) != len(names):
		raise BundleError("the manifest has %d layers, the configuration %d" % (len(names), len(diff_ids)))
	return [layer_at(place, name, diff_id) for name, diff_id in zip(names, diff_ids)]


def open_layers(path, platform=None):
	"""The listed layers of the image at `path`, lowest first."""
	place = Directory(path) if os.path.isdir(path) else Archive(path)
	if place.find("manifest.json") is None:
		return oci_layers(place, platform)
	images = load_json(place, "manifest.json")
	if len(images) != 1:
		raise BundleError("several images")
	return docker_layers(place, images[0])
