# SPDX-License-Identifier: MIT
"""The figures: totals, waste rows, duplicates, per layer, and dive's own."""

import collections

CAUSES = ("overwritten", "metadata_only", "removed")


def visible(inode):
	return bool(inode.names)


def waste_rows(layer, inodes):
	"""Wasted inodes of one layer, rolled up to the largest directories of one fate.

	An inode stands where the entry that carries its content does, whatever links to it there are.
	"""
	fates = {}
	for inode in inodes:
		if inode.size:
			fate = None if visible(inode) else (inode.masked_by, inode.cause)
			for above in directories(inode.entry_path):
				if fates.setdefault(above, fate) != fate:
					fates[above] = "mixed"
	rows = {}
	for inode in inodes:
		if not inode.size or visible(inode):
			continue
		fate = (inode.masked_by, inode.cause)
		path = next((above for above in directories(inode.entry_path) if fates[above] == fate), inode.entry_path)
		row = rows.setdefault((path,) + fate, [0, 0])
		row[0] += inode.size
		row[1] += 1
	return [{"path": path, "bytes": size, "files": files, "layer": layer, "masked_by": masked_by, "cause": cause}
		for (path, masked_by, cause), (size, files) in rows.items()]


def directories(path):
	"""The directories above a path, the root first, each ending in a slash."""
	yield b"/"
	at = path.find(b"/")
	while at >= 0:
		yield path[:at + 1]
		at = path.find(b"/", at + 1)


def duplicate_rows(inodes):
	groups = collections.defaultdict(list)
	for inode in inodes:
		if inode.size and visible(inode):
			groups[inode.sha256, inode.size].append(min(inode.names))
	return [{"sha256": digest.hex(), "size": size, "count": len(paths), "bytes": (len(paths) - 1) * size,
		 "paths": sorted(paths)} for (digest, size), paths in groups.items() if len(paths) > 1]


def by_cause(inodes, cause):
	return sum(inode.size for inode in inodes if not visible(inode) and inode.cause == cause)


def totals(layers, stack):
	"""Every total of the contract; `layers` carry size, stored, tree."""
	inodes = [inode for layer in layers for inode in layer.tree.inodes]
	content = sum(inode.size for inode in inodes)
	seen = sum(inode.size for inode in inodes if visible(inode))
	return {
		"layers": len(layers),
		"entries": sum(layer.tree.entries for layer in layers),
		"paths": sum(1 for _ in stack.walk()),
		"files": sum(1 for inode in inodes if visible(inode)),
		"layer_bytes": sum(layer.size for layer in layers),
		"compressed_bytes": sum(layer.stored for layer in layers),
		"content_bytes": content,
		"visible_bytes": seen,
		"wasted_bytes": content - seen,
		"overwritten_bytes": by_cause(inodes, "overwritten"),
		"metadata_only_bytes": by_cause(inodes, "metadata_only"),
		"removed_bytes": by_cause(inodes, "removed"),
		"duplicate_bytes": sum(row["bytes"] for row in duplicate_rows(inodes)),
		"efficiency": seen / content if content else 1,
	}


def layer_rows(layers):
	return [{
		"entries": layer.tree.entries,
		"files": len(layer.tree.inodes),
		"content_bytes": sum(inode.size for inode in layer.tree.inodes),
		"wasted_bytes": sum(inode.size for inode in layer.tree.inodes if not visible(inode)),
		"whiteouts": layer.tree.whiteout_entries,
		"size": layer.size,
		"compressed_size": layer.stored,
	} for layer in layers]


def analyze(layers, stack):
	waste = [row for index, layer in enumerate(layers) for row in waste_rows(index, layer.tree.inodes)]
	waste.sort(key=lambda row: (-row["bytes"], row["path"], row["layer"], row["masked_by"], CAUSES.index(row["cause"])))
	duplicates = duplicate_rows([inode for layer in layers for inode in layer.tree.inodes])
	duplicates.sort(key=lambda row: (-row["bytes"], row["paths"][0]))
	return {"totals": totals(layers, stack), "layers": layer_rows(layers), "waste": waste, "duplicates": duplicates}
