#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the binary and the reference on one image and say where they differ: every total, row and path.

usage: compare.py IMAGE BINARY
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bundle	# noqa: E402
import oracle	# noqa: E402

LAYER_KEYS = ("entries", "files", "content_bytes", "wasted_bytes", "reclaimable_bytes", "whiteouts", "size", "compressed_size")
ROW_KEYS = {"waste": ("path", "bytes", "files", "layer", "masked_by", "cause"),
	    "duplicates": ("sha256", "size", "count", "bytes", "paths"),
	    "packages": ("name", "version", "bytes", "files", "layers", "recommended_only", "recommended_by", "brings_packages",
			 "brings_bytes", "unneeded")}


class Crash(Exception):
	"""The binary ended in a way it never may."""


def run(command, stdin=None):
	done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	if done.returncode not in (0, 3):
		raise Crash("exit %d of %s: %s" % (done.returncode, command[1], done.stderr.decode("utf-8", "replace")[-2000:]))
	if done.returncode == 3 and done.stdout:
		raise Crash("a report on exit 3")
	return done.returncode, done.stdout


def rows_of(text):
	"""The rows of a listing that stand for paths: its header row has a schema."""
	return [row for row in map(json.loads, text.splitlines()) if "schema" not in row]


def binary_results(binary, path, stdin=None):
	"""(analysis, listing rows), each None when refused."""
	code, out = run([binary, "analyze", "--format", "json", "--top", "0", path], stdin)
	analysis = json.loads(out) if code == 0 else None
	code, out = run([binary, "ls", "--format", "ndjson", path], stdin)
	return analysis, rows_of(out) if code == 0 else None


def reference_results(path):
	"""(analysis, listing rows, image), or two times None and why the image is refused."""
	try:
		image = oracle.Image(path)
	except (oracle.Refused, bundle.BundleError) as error:
		return None, None, str(error)
	return oracle.jsonable(image.analysis()), list(image.listing()), image


def same_number(left, right):
	if isinstance(left, float) or isinstance(right, float):
		return abs(left - right) <= 1e-6 * max(1, abs(left))
	return left == right


def differing_numbers(where, want, got):
	for key, value in want.items():
		if isinstance(value, dict):
			yield from differing_numbers("%s.%s" % (where, key), value, got.get(key) or {})
		elif key not in got or not same_number(value, got[key]):
			yield "%s.%s: reference %s, binary %s" % (where, key, value, got.get(key))


def differing_rows(name, want, got):
	keys = ROW_KEYS[name]
	want = [[row[key] for key in keys] for row in want]
	got = [[row.get(key) for key in keys] for row in got]
	if want == got:
		return
	if sorted(map(repr, want)) == sorted(map(repr, got)):
		yield "%s: same rows in another order: reference %s, binary %s" % (name, want, got)
		return
	yield "%s: only in reference %s, only in binary %s" % (
		name, [row for row in want if row not in got], [row for row in got if row not in want])


def normal(row):
	"""A listing row without fields that say nothing, device numbers with a comma as the matrix has them, and without what
	the reference does not keep: the layer of a content that a hard link of another layer leads to."""
	row = dict(row, rdev=row["rdev"].replace(":", ",")) if row.get("rdev") else row
	return {key: value for key, value in row.items() if value not in (None, "", {}, [])
		and key != "content_layer" and not (key == "size" and row["type"] != "f")}


def differing_listing(want, got):
	if [row["path"] for row in want] != [row["path"] for row in got]:
		left, right = {row["path"] for row in want}, {row["path"] for row in got}
		yield "ls: only in reference %s, only in binary %s%s" % (
			sorted(left - right), sorted(right - left), "" if left != right else ", another order")
		return
	for left, right in zip(want, got):
		if normal(left) != normal(right):
			yield "ls: reference %s, binary %s" % (normal(left), normal(right))
			return


def differences(path, binary):
	"""What differs, as lines, and the binary's results."""
	analysis, listing = binary_results(binary, path)
	want, want_listing, image = reference_results(path)
	if want is None or analysis is None or listing is None:
		if want is None and analysis is None and listing is None:
			return [], None, None
		return ["refused: reference %s, analyze %s, ls %s" % (
			image if want is None else "no", analysis is None, listing is None)], None, None
	lines = list(differing_numbers("totals", want["totals"], analysis["totals"]))
	if len(want["layers"]) == len(analysis["layers"]):
		for index, (left, right) in enumerate(zip(want["layers"], analysis["layers"])):
			lines += differing_numbers("layers[%d]" % index, {key: left[key] for key in LAYER_KEYS}, right)
	for name in ROW_KEYS:	# of packages the reference knows dpkg's
		lines += differing_rows(name, want[name], [row for row in analysis[name] if row.get("manager", "dpkg") == "dpkg"])
	lines += differing_listing(want_listing, listing)
	errors = any(finding["rule"] == "engines-differ" and finding["severity"] == "error"
		     for finding in analysis["findings"])
	if errors != bool(image.refused) and not (errors and image.respelled):
		lines.append("engines-differ at severity error: reference %s, binary %s" % (image.refused, errors))
	return lines, analysis, listing


def main(arguments):
	if len(arguments) != 2:
		sys.stderr.write(__doc__)
		return 2
	lines, analysis, listing = differences(*arguments)
	for line in lines:
		print("DIFFERS %s" % line[:4000])
	if analysis is None:
		print("compare: %s" % ("refused by one side" if lines else "refused by both"))
	else:
		totals = analysis["totals"]
		print("compare: %d differences in %d layers, %d entries, %d paths, %d content bytes, %d waste rows, "
		      "%d duplicate rows" % (len(lines), totals["layers"], totals["entries"], len(listing),
					     totals["content_bytes"], len(analysis["waste"]), len(analysis["duplicates"])))
	return 1 if lines else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
