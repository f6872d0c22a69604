# SPDX-License-Identifier: MIT
"""Plain streams out of stored blobs: plain, gzip (many members), zstd (through the zstd program)."""

import subprocess
import threading
import zlib

CHUNK = 1 << 18
NAMES = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\0", "xz"), (b"BZh", "bzip2"))


class BlobError(Exception):
	"""The blob is not what it should be."""


class Slice:
	"""`size` bytes of an open file from `offset` on."""

	def __init__(self, file, offset, size):
		self.file, self.at, self.left = file, offset, size

	def read(self, count):
		count = min(count, self.left)
		if count <= 0:
			return b""
		self.file.seek(self.at)
		data = self.file.read(count)
		if not data:
			raise BlobError("truncated")
		self.at += len(data)
		self.left -= len(data)
		return data


class Gzip:
	"""The content of all members; anything behind the last one is an error, as in every engine."""

	def __init__(self, raw):
		self.raw, self.engine, self.buffer, self.pending = raw, None, b"", b""

	def step(self):
		"""Decompress some more into the buffer; False at the end."""
		data = self.pending or self.raw.read(CHUNK)
		self.pending = b""
		if not data:
			if self.engine is not None:
				raise BlobError("truncated gzip stream")
			return False
		if self.engine is None:
			self.engine = zlib.decompressobj(31)
		try:
			self.buffer += self.engine.decompress(data, CHUNK)
		except zlib.error as error:
			raise BlobError("gzip: %s" % error) from error
		if self.engine.eof:
			self.pending, self.engine = self.engine.unused_data, None
		else:
			self.pending = self.engine.unconsumed_tail
		return True

	def read(self, count):
		while not self.buffer and self.step():
			pass
		data, self.buffer = self.buffer[:count], self.buffer[count:]
		return data


class Zstd:
	"""What `zstd -dc` makes of the blob."""

	def __init__(self, raw):
		self.process = subprocess.Popen(["zstd", "-qdc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
						stderr=subprocess.PIPE)
		self.feeder = threading.Thread(target=self.feed, args=(raw,), daemon=True)
		self.feeder.start()

	def feed(self, raw):
		try:
			while True:
				data = raw.read(CHUNK)
				if not data:
					break
				self.process.stdin.write(data)
		except BrokenPipeError:
			pass
		finally:
			try:
				self.process.stdin.close()
			except BrokenPipeError:
				pass

	def read(self, count):
		data = self.process.stdout.read(count)
		if not data:
			self.process.stdout.close()
			self.process.stderr.close()
			self.feeder.join()
			if self.process.wait() != 0:
				raise BlobError("zstd: damaged stream")
		return data


class Ended:
	"""A stream that remembers its end."""

	def __init__(self, raw):
		self.raw, self.over = raw, False

	def read(self, count):
		data = b"" if self.over else self.raw.read(count)
		self.over = self.over or not data
		return data


def compression(head):
	for magic, name in NAMES:
		if head.startswith(magic):
			return name
	return "none"


def open_plain(file, offset, size):
	"""The uncompressed stream of a stored blob."""
	kind = compression(Slice(file, offset, size).read(8))
	raw = Slice(file, offset, size)
	if kind in ("xz", "bzip2"):
		raise BlobError("%s layers are not supported" % kind)
	if kind == "none":
		return raw
	return Gzip(raw) if kind == "gzip" else Ended(Zstd(raw))
