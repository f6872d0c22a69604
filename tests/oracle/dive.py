# SPDX-License-Identifier: MIT
"""The figures of dive 0.13 by its own formulas, its layer order and its early stop at dangling whiteouts aside."""

WHITEOUT = b".wh."
META = b".wh..wh."


class DiveNode:
	__slots__ = ("children", "size", "directory")

	def __init__(self):
		self.children, self.size, self.directory = {}, 0, False


def insert(root, parts, size, directory):
	"""dive's AddPath: names of AUFS bookkeeping are dropped, parents carry no data until they are named."""
	node = root
	for part in parts:
		if part not in node.children:
			if part.startswith(META):
				return
			node.children[part] = DiveNode()
		node = node.children[part]
	node.size, node.directory = size, directory


def shown(parts):
	"""A node's path as dive keys it: only the last part loses its whiteout prefix."""
	last = parts[-1]
	return parts[:-1] + (last[len(WHITEOUT):] if last.startswith(WHITEOUT) else last,)


def nodes(root):
	"""(parts, node), children before parents, siblings by name; the root left out."""
	order, work = [], [((), root)]
	while work:
		parts, node = work.pop()
		order.append((parts, node))
		work.extend((parts + (name,), node.children[name]) for name in sorted(node.children))
	return reversed(order[1:])


def find(root, parts):
	for part in parts:
		root = root.children.get(part)
		if root is None:
			return None
	return root


def subtree_size(node):
	total, work = 0, [node]
	while work:
		node = work.pop()
		total += node.size
		work.extend(node.children.values())
	return total


def stack(below, tree):
	for parts, node in nodes(tree):
		if parts[-1].startswith(WHITEOUT):
			target = shown(parts)
			holder = find(below, target[:-1])
			if holder is not None:
				holder.children.pop(target[-1], None)
		else:
			insert(below, parts, node.size, node.directory)


def leaf_size(below, parts, node):
	if not parts[-1].startswith(WHITEOUT):
		return node.size
	hidden = find(below, shown(parts))
	return subtree_size(hidden) if hidden is not None and hidden.directory else 0


def figures(layers):
	"""`layers`: for each layer, its entries as (parts, size, is a directory)."""
	below, paths, user_bytes = DiveNode(), {}, 0
	for index, entries in enumerate(layers):
		tree = DiveNode()
		for parts, size, directory in entries:
			if parts:
				insert(tree, parts, size, directory)
			if index:
				user_bytes += size
		for parts, node in nodes(tree):
			if not node.children:
				size = leaf_size(below, parts, node)
				seen = paths.setdefault(shown(parts), [0, size, 0])
				seen[0], seen[1], seen[2] = seen[0] + size, min(seen[1], size), seen[2] + 1
		stack(below, tree)
	total = sum(seen[0] for seen in paths.values())
	wasted = sum(seen[0] for seen in paths.values() if seen[2] >= 2)
	return {
		"efficiency": sum(seen[1] for seen in paths.values()) / total if total else 1,
		"wasted_bytes": wasted,
		"user_wasted_percent": wasted / user_bytes if user_bytes else 0,
	}
