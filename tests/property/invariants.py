# SPDX-License-Identifier: MIT
"""What must hold of every analysis, and how an analysis may change when its image is changed in a known way."""

import copy

CAUSES = ("overwritten_bytes", "metadata_only_bytes", "removed_bytes")
SIZES = {"layer_bytes", "compressed_bytes"}


def total_of(rows, key):
	return sum(row[key] for row in rows)


def directories_of(listing):
	"""(bytes, files) by directory, two components deep: each file once, where its first name is."""
	rows = {}
	for row in listing:
		if row["type"] == "f" and row.get("hardlink", row["path"]) == row["path"]:
			path = "/".join(row["path"].split("/")[:-1][:2])
			size, files = rows.get(path, (0, 0))
			rows[path] = (size + row["size"], files + 1)
	return rows


def identities(analysis, listing):
	"""Every identity that does not hold, as text."""
	totals, layers = analysis["totals"], analysis["layers"]
	content, wasted = totals["content_bytes"], totals["wasted_bytes"]
	groups = {row.get("hardlink", row["path"]): row["size"] for row in listing if row["type"] == "f"}
	checks = [
		("causes add up", sum(totals[cause] for cause in CAUSES), wasted),
		("visible and wasted add up", totals["visible_bytes"] + wasted, content),
		("layers' content adds up", total_of(layers, "content_bytes"), content),
		("layers' waste adds up", total_of(layers, "wasted_bytes"), wasted),
		("layers' sizes add up", total_of(layers, "size"), totals["layer_bytes"]),
		("layers' stored sizes add up", total_of(layers, "compressed_size"), totals["compressed_bytes"]),
		("layers' entries add up", total_of(layers, "entries"), totals["entries"]),
		("waste rows add up", total_of(analysis["waste"], "bytes"), wasted),
		("duplicate rows add up", total_of(analysis["duplicates"], "bytes"), totals["duplicate_bytes"]),
		("package rows add up", total_of(analysis["packages"], "bytes"), totals["visible_bytes"]),
		("package files add up", total_of(analysis["packages"], "files"), totals["files"]),
		("directory rows add up", total_of(analysis["directories"], "bytes"), totals["visible_bytes"]),
		("directory files add up", total_of(analysis["directories"], "files"), totals["files"]),
		("fingerprints are one finding's each", len({row["fingerprint"] for row in analysis["findings"]}),
		 len(analysis["findings"])),
		("layers are counted", len(layers), totals["layers"]),
		("paths are listed", len(listing), totals["paths"]),
		("paths added and removed leave the paths there are",
		 total_of(layers, "added") - total_of(layers, "removed"), totals["paths"]),
	]
	if not any("path_b64" in row for row in listing):
		checks += [("files are listed", len(groups), totals["files"]),
			   ("visible bytes are those of the listing", sum(groups.values()), totals["visible_bytes"]),
			   ("directories are those of the listing", directories_of(listing),
			    {row["path"]: (row["bytes"], row["files"]) for row in analysis["directories"]})]
	wrong = ["%s: %s and %s" % check for check in checks if check[1] != check[2]]
	if not 0 <= totals["efficiency"] <= 1:
		wrong.append("efficiency %s" % totals["efficiency"])
	return wrong


# -- changes: each gives (changed image, what of the analysis must stay, how totals may move) or None ------------


def has(image, kinds):
	return any(entry["type"] in kinds for layer in image["layers"] for entry in layer["entries"])


def other_compression(image, rng):
	for layer in image["layers"]:
		layer["compression"] = rng.choice(["none", "gzip", "zstdraw"])
	return {"but": {"compressed_bytes"}}


def other_outside(image, rng):
	image["outer"] = {"reverse": rng.random() < 0.5, "extra": rng.randint(0, 3), "prefix": rng.choice(["", "./"])}
	return {"but": set()}


def other_dialect(image, rng):
	dialect = rng.choice(["ustar", "gnu", "pax"])
	for layer in image["layers"]:
		layer["end"], layer["global"] = 2, False
		for entry in layer["entries"]:
			entry["dialect"] = dialect
	return {"but": SIZES}


def empty_layer(image, rng):
	at = rng.randint(0, len(image["layers"]))
	image["layers"].insert(at, {"entries": [], "compression": "none", "end": rng.choice([0, 2])})
	return {"but": SIZES | {"layers", "dive"}, "rows": False}


def whiteout_layer(image, rng, listing):
	"""A last layer that only removes one file of one name."""
	rows = [row for row in listing if row["type"] == "f" and "hardlink" not in row and "path_b64" not in row
		and len(row["path"].rsplit("/", 1)[-1].encode()) <= 251]
	if not rows:
		return None
	row = rng.choice(rows)
	head, _, base = row["path"].encode().rpartition(b"/")
	name = (head + b"/" if head else b"") + b".wh." + base
	image["layers"].append({"entries": [whiteout(name)], "compression": "none", "end": 2})
	return {"only": {"content_bytes", "files", "wasted_bytes", "visible_bytes", "removed_bytes"},
		"moved": {"wasted_bytes": row["size"], "visible_bytes": -row["size"], "removed_bytes": row["size"],
			  "files": -1}, "rows": False, "listing": False}


def whiteout(name):
	return {"name": name, "type": b"0", "data": b"", "link": b"", "rdev": (0, 0), "mode": 0o644, "uid": 0, "gid": 0,
		"mtime": 0, "xattrs": {}, "dialect": "pax"}


def top_of(entry):
	parts = [part for part in entry["name"].split(b"/") if part not in (b"", b".")]
	top = parts[0] if parts else b""
	return top[4:] if top.startswith(b".wh.") else top


def split_layer(image, rng):
	"""One layer as two with disjoint paths."""
	if not image["layers"] or has(image, b"12") or any(b".." in entry["name"] for layer in image["layers"] for entry in layer["entries"]):
		return None
	at = rng.randrange(len(image["layers"]))
	layer = image["layers"][at]
	tops = sorted({top_of(entry) for entry in layer["entries"]})
	chosen = set(rng.sample(tops, len(tops) // 2))
	second = dict(layer, entries=[entry for entry in layer["entries"] if top_of(entry) in chosen])
	layer["entries"] = [entry for entry in layer["entries"] if top_of(entry) not in chosen]
	image["layers"].insert(at + 1, second)
	return {"but": SIZES | {"layers", "dive"}, "rows": False, "listing_layers": False}


def overlapping(entries):
	"""Whether something that is no directory stands above another entry."""
	leaves = [entry["name"].strip(b"./") + b"/" for entry in entries if entry["type"] != b"5"]
	return any((entry["name"].strip(b"./") + b"/").startswith(leaf) and entry["name"].strip(b"./") + b"/" != leaf
		   for entry in entries for leaf in leaves)


def other_order(image, rng):
	"""The entries of each layer in another order."""
	for layer in image["layers"]:
		names = [entry["name"].strip(b"./") for entry in layer["entries"]]
		if len(set(names)) != len(names) or any(b".." in name or b"//" in name for name in names):
			return None
	if has(image, b"12") or any(overlapping(layer["entries"]) for layer in image["layers"]):
		return None
	for layer in image["layers"]:
		rng.shuffle(layer["entries"])
	return {"but": SIZES, "rows": False}


CHANGES = [other_compression, other_outside, other_dialect, empty_layer, split_layer, other_order, whiteout_layer]


def change(image, rng, listing):
	"""A changed copy of the image and what must stay, or None when the change does not apply."""
	how, changed = rng.choice(CHANGES), copy.deepcopy(image)
	rule = how(changed, rng, listing) if how is whiteout_layer else how(changed, rng)
	return None if rule is None else (how.__name__, changed, rule)


def compare_totals(before, after, rule):
	wrong = []
	for key, value in before.items():
		if key in ("base", "own") or key in rule.get("but", ()) or ("only" in rule and key not in rule["only"]):
			continue
		if after[key] != value + rule.get("moved", {}).get(key, 0) if not isinstance(value, dict) else after[key] != value:
			wrong.append("totals.%s: %s became %s" % (key, value, after[key]))
	return wrong


def without_layer(rows):
	return [{key: value for key, value in row.items() if key not in ("layer", "content_layer")} for row in rows]


def compare(before, after, rule):
	"""`before` and `after` are (analysis, listing)."""
	wrong = compare_totals(before[0]["totals"], after[0]["totals"], rule)
	if rule.get("rows", True):
		wrong += ["%s differ" % key for key in ("waste", "duplicates", "packages", "directories") if before[0][key] != after[0][key]]
	if rule.get("listing", True) and without_layer(before[1]) != without_layer(after[1]):
		wrong.append("listings differ")
	return wrong
