# SPDX-License-Identifier: MIT
"""What a file system shows, path by path, in the terms of `layeropt ls --format ndjson`, and how two such views differ."""

import base64
import hashlib
import os
import stat

TYPES = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFCHR: "c", stat.S_IFBLK: "b", stat.S_IFIFO: "p"}


def printable(name):
	return name.decode("utf-8", "backslashreplace")


def xattrs(path):
	"""Without those that overlayfs keeps its own books in."""
	names = [name for name in os.listxattr(path, follow_symlinks=False)
		 if not name.startswith(("trusted.overlay.", "user.overlay."))]
	return {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in names}


def digest(path):
	sha256 = hashlib.sha256()
	with open(path, "rb", buffering=0) as file:
		while chunk := file.read(1 << 20):
			sha256.update(chunk)
	return sha256.hexdigest()


def describe(path, info):
	kind = TYPES[stat.S_IFMT(info.st_mode)]
	row = {"type": kind, "mode": "%o" % stat.S_IMODE(info.st_mode), "uid": info.st_uid, "gid": info.st_gid,
	       "mtime_ns": info.st_mtime_ns}
	if kind == "f":
		row.update(size=info.st_size, sha256=digest(path))
	elif kind == "l":
		row["link"] = printable(os.readlink(path))
	elif kind in "cb":
		row["rdev"] = "%d,%d" % (os.major(info.st_rdev), os.minor(info.st_rdev))
	found = xattrs(path)
	if found:
		row["xattrs"] = found
	return row


def walk(root, mounts=False):
	"""{path: row} below `root`, without names that only the directory listing shows. With `mounts`, what is mounted
	there is left out, its mount points included."""
	root = os.path.join(os.fsencode(root), b"")	# with the slash, a link is followed
	device = os.lstat(root).st_dev
	rows, groups, todo = {}, {}, [b""]
	while todo:
		directory = todo.pop()
		for name in os.listdir(os.path.join(root, directory)):
			path = os.path.join(directory, name)
			full = os.path.join(root, path)
			try:
				info = os.lstat(full)
			except FileNotFoundError:
				continue
			if mounts and info.st_dev != device:
				continue
			if stat.S_ISDIR(info.st_mode):
				todo.append(path)
			rows[path] = describe(full, info)
			if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
				groups.setdefault((info.st_dev, info.st_ino), []).append(path)
	for group in groups.values():
		if len(group) > 1:
			for path in group:
				rows[path]["hardlink"] = printable(min(group))
	return rows


def listed(rows):
	"""{path: row} of the rows of `ls`, reduced to what `walk` tells."""
	out = {}
	for row in rows:
		path = base64.b64decode(row["path_b64"]) if "path_b64" in row else row["path"].encode()
		kept = {key: value for key, value in row.items()
			if key not in ("path", "layer", "content_layer") and not key.endswith("_b64") and value not in (None, "", {}, [])}
		kept.setdefault("mtime_ns")	# null where no entry names a directory
		if row["type"] != "f":
			kept.pop("size", None)
		kept["mode"] = row["mode"].lstrip("0") or "0"
		out[path] = kept
	return out


def in_seconds(rows):
	"""The view with times cut to seconds: a layer that BuildKit made keeps its own, but docker saves no fractions of it."""
	return {path: dict(row, mtime_ns=row["mtime_ns"] and row["mtime_ns"] // 10**9 * 10**9) for path, row in rows.items()}


def difference(want, got, untimed=()):
	"""How the listing `got` differs from the view `want`, as one line, or None. The times of `untimed` do not count."""
	if set(want) != set(got):
		return "the listing lacks %s and has %s too many" % (sorted(set(want) - set(got))[:10], sorted(set(got) - set(want))[:10])
	wrong = []
	for path in sorted(want):
		left, right = dict(want[path]), dict(got[path])
		if path in untimed or (right["type"] == "d" and right.get("mtime_ns") is None):	# the engine made it up
			left["mtime_ns"] = right["mtime_ns"] = None
		if left != right:
			keys = [key for key in sorted(set(left) | set(right)) if left.get(key) != right.get(key)]
			wrong.append("%r: %s" % (path, ", ".join(
				"%s is %s, the listing says %s" % (key, left.get(key), right.get(key)) for key in keys)))
	if wrong:
		return "%d of %d paths differ: %s" % (len(wrong), len(want), "; ".join(wrong[:3]))
	return None
