# SPDX-License-Identifier: MIT
"""Two random images compared, as images and as listings: the same answer, and the one that their listings lead to."""

import base64
import copy
import json
import os
import random
import subprocess

import generate
import tarwrite

NAMES = ["A", "B", "PATH", "API_TOKEN", "l\u00e4bel"]
WORDS = ["", "x", "a b", "--password=abc", "\u00e9", "https://user:word@host/", "\n", "\\xff", "\"q\""]
INSTRUCTIONS = ["RUN make", "COPY . /app", "RUN curl -H 'Authorization: Bearer abcdefghijklmnop'", "ENV API_TOKEN=abcdef", None]


# -- what is compared ---------------------------------------------------------------------------------------------


def configured(image, rng):
	"""A copy with a configuration and a history."""
	image = copy.deepcopy(image)
	config = {"Env": ["%s=%s" % (name, rng.choice(WORDS)) for name in rng.sample(NAMES, rng.randint(0, 3))],
		  "Labels": {name: rng.choice(WORDS) for name in rng.sample(NAMES, rng.randint(0, 2))}}
	for key in ("Cmd", "Entrypoint", "OnBuild"):
		config[key] = rng.choice([None, [], [rng.choice(WORDS)], [rng.choice(WORDS), "x"]])
	for key in ("User", "WorkingDir", "StopSignal"):
		config[key] = rng.choice([None, "", "a", "\u00e9"])
	config["ExposedPorts"] = {port: {} for port in rng.sample(["80/tcp", "1/udp"], rng.randint(0, 2))}
	image["config"] = {key: value for key, value in config.items() if rng.random() < 0.7}
	image["history"] = [{"created_by": rng.choice(INSTRUCTIONS) or ""} for _ in image["layers"]] if rng.random() < 0.8 else []
	return image


def related(image, rng):
	"""A copy with a few things that differ."""
	image = copy.deepcopy(image)
	entries = [entry for layer in image["layers"] for entry in layer["entries"] if entry["type"] == b"0"]
	for entry in rng.sample(entries, min(len(entries), rng.randint(0, 4))):
		key, value = rng.choice([("mode", 0o711), ("uid", 77), ("mtime", 1500000001 * 10**9), ("data", b"other"),
					 ("xattrs", {b"user.\xff": b"1"}), ("xattrs", {b"user.n": b""})])
		if not entry.get("sparse"):
			entry[key] = value
	if len(image["layers"]) > 1 and rng.random() < 0.3:
		del image["layers"][rng.randrange(len(image["layers"]))]
	return image


# -- what their listings lead to ----------------------------------------------------------------------------------


def rows_of(path):
	"""{path: row} of a listing."""
	with open(path, encoding="ascii") as file:
		rows = [json.loads(line) for line in file][1:]
	return {base64.b64decode(row["path_b64"]) if "path_b64" in row else row["path"].encode(): row for row in rows}


def picked(row, *keys):
	return [row.get(key) for key in keys]


def aspects(before, after, times):
	if before is None or after is None:
		return ["removed" if after is None else "added"]
	if before["type"] != after["type"]:
		return ["type"]
	found = []
	for aspect, keys in (("mode", ["mode"]), ("owner", ["uid", "gid"]), ("xattrs", ["xattrs", "xattrs_b64"]),
			     ("content", ["size", "sha256"]), ("target", ["link", "link_b64"]),
			     ("links", ["hardlink", "hardlink_b64"]), ("device", ["rdev"])):
		if picked(before, *keys) != picked(after, *keys):
			found.append(aspect)
	if times and (before["mtime_ns"] or 0) != (after["mtime_ns"] or 0):
		found.append("time")
	return found


def walk_order(path):
	return path.replace(b"/", b"\0")


def expected(before, after, times):
	"""[path, aspects] in order, and the bytes added and removed."""
	rows, added, removed = [], 0, 0
	for path in sorted(set(before) | set(after), key=walk_order):
		a, b = before.get(path), after.get(path)
		found = aspects(a, b, times)
		if not found:
			continue
		rows.append([(b or a)["path"], found])
		if set(found) & {"added", "removed", "type", "content"}:
			added += (b or {}).get("size", 0)
			removed += (a or {}).get("size", 0)
	return rows, added, removed


# -- checks -------------------------------------------------------------------------------------------------------


def run(command):
	done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def without_kind(report):
	return {key: {name: part for name, part in value.items() if name != "kind"} if key in ("before", "after") else value
		for key, value in report.items()}


def sums(report):
	"""Identities that do not hold."""
	for name in ("added_bytes", "removed_bytes"):
		for rows in ("layers", "directories"):
			total = sum(row[name] for row in report[rows])
			if total != report[name]:
				yield "diff: %s of %s add up to %s, not %s" % (name, rows, total, report[name])
	paths = report["added"] + report["removed"] + report["changed"]
	if len(report["paths"]) != paths or sum(row["paths"] for row in report["directories"]) != paths:
		yield "diff: %s paths differ, %s are listed" % (paths, len(report["paths"]))


def judged(report, files, times):
	"""Lines of what is wrong with the report of two images."""
	rows, added, removed = expected(rows_of(files["a.ndjson"]), rows_of(files["b.ndjson"]), times)
	got = [[row["path"], row["aspects"]] for row in report["paths"]]
	lines = list(sums(report))
	if rows != got:
		lines.append("diff: listings lead to %s, it says %s" % ([row for row in rows if row not in got], [row for row in got if row not in rows]))
	if (added, removed) != (report["added_bytes"], report["removed_bytes"]):
		lines.append("diff: listings lead to %s and %s bytes" % (added, removed))
	return lines


def saved(binary, files, show):
	"""Both images listed; False where one is refused."""
	for name in "ab":
		code, out, error = run([binary, "ls", "--format", "ndjson", *show, files[name + ".tar"]])
		if code != 0:
			return False
		with open(files[name + ".ndjson"], "wb") as file:
			file.write(out)
	return True


def compared(binary, files, show, times):
	"""Lines of what is wrong with the four ways to compare, or with masked listings the other three."""
	options = ["--top", "0", "--format", "json", *show, *(["--no-ignore-times"] if times else [])]
	reports = {}
	for left in ("a.tar", "a.ndjson"):
		for right in ("b.tar", "b.ndjson"):
			if not show and left == "a.tar" and right == "b.tar":
				continue	# what one listing masks is masked on both sides, and here is none
			code, out, error = run([binary, "diff", files[left], files[right], *options])
			if code not in (0, 1):
				return ["diff %s %s: exit %d: %s" % (left, right, code, error[-1500:])]
			report = without_kind(json.loads(out))
			if code != report["differs"]:
				return ["diff %s %s: exit %d, and it says %s" % (left, right, code, report["differs"])]
			reports[left, right] = report
	want = reports["a.tar" if show else "a.ndjson", "b.tar" if show else "b.ndjson"]
	lines = judged(want, files, times)
	for names, report in reports.items():
		wrong = [key for key in want if report[key] != want[key]]
		if wrong:
			lines.append("diff %s %s: another answer: %s" % (*names, "; ".join(
				"%s: %s, not %s" % (key, report[key], want[key]) for key in wrong)))
	return lines


def check(binary, directory, image, seed):
	"""Compare an image with another one in all ways; what is wrong, as lines."""
	rng = random.Random("diff %d" % seed)
	other = related(image, rng) if rng.random() < 0.7 else generate.image(seed + 1000003)
	files = {name: os.path.join(directory, "%d-%s" % (os.getpid(), name)) for name in ("a.tar", "b.tar", "a.ndjson", "b.ndjson")}
	for name, what in (("a.tar", image), ("b.tar", other)):
		with open(files[name], "wb") as file:
			file.write(tarwrite.docker_archive(configured(what, rng)))
	show = ["--show-secrets"] if rng.random() < 0.7 else []
	lines = compared(binary, files, show, rng.random() < 0.5) if saved(binary, files, show) else []
	for path in files.values():
		if os.path.exists(path):
			os.unlink(path)
	return lines
