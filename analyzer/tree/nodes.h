/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TREE_NODES_H
#define LAYEROPT_TREE_NODES_H

#include "base/table.h"
#include "layeropt/image.h"

/**
 * A tree of named nodes: one layer as an engine extracts it, or the stack of layers so far. Nodes are numbers; the root
 * is 0. Children are found by name in constant time, so a directory of a million files costs no more
 * than a million directories.
 */
#define LOPT_NODE_NONE UINT32_MAX
#define LOPT_NODE_ROOT 0u

enum lopt_node_kind {
	LOPT_NODE_DIR,
	LOPT_NODE_OBJECT,   /* a file, symbolic link, device or fifo: something a hard link can name */
	LOPT_NODE_WHITEOUT, /* only in a layer: hides what lower layers have at this path */
};

struct lopt_tree_node {
	struct lopt_str name;		/* borrowed */
	const struct lopt_entry *entry; /* that listed it; NULL for a directory nobody listed */
	uint32_t parent, first_child, next, previous;
	uint32_t object; /* of LOPT_NODE_OBJECT: index into the objects of the stack */
	uint32_t layer;	 /* that set it */
	uint8_t kind;
	bool opaque;	   /* a directory of a layer that hides what lower layers have in it */
	bool marked;	   /* by a marker of its own, not by inheritance */
	uint8_t spellings; /* how entries of the layer spelled its path: 1 plain, 2 from the root */
	bool was_whiteout; /* a whiteout of this path stood before it in its layer */
};

struct lopt_nodes {
	struct lopt_tree_node *items;
	size_t count, cap;
	uint32_t free;		   /* removed nodes, linked by `next` */
	struct lopt_table by_name; /* (parent, name) -> node */
};

/** A tree with nothing but its root. False when memory is exhausted. */
bool lopt_nodes_init(struct lopt_nodes *nodes);
void lopt_nodes_release(struct lopt_nodes *nodes);
/** The same nodes with the same numbers. False when memory is exhausted; release *out in any case. */
bool lopt_nodes_copy(struct lopt_nodes *out, const struct lopt_nodes *from);

static inline struct lopt_tree_node *lopt_nodes_at(const struct lopt_nodes *nodes, uint32_t node)
{
	return &nodes->items[node];
}

/** The child of that name, or LOPT_NODE_NONE. */
uint32_t lopt_nodes_find(const struct lopt_nodes *nodes, uint32_t parent, struct lopt_str name);
/** The node a cleaned path names, component by component; LOPT_NODE_NONE when it is not there. */
uint32_t lopt_nodes_reach(const struct lopt_nodes *nodes, struct lopt_str path);
/** A new directory that nobody listed; LOPT_NODE_NONE when memory is exhausted. The name has to be new there. */
uint32_t lopt_nodes_add(struct lopt_nodes *nodes, uint32_t parent, struct lopt_str name);
/** Take a node without children out. */
void lopt_nodes_remove(struct lopt_nodes *nodes, uint32_t node);

/** The deepest first descendant: where a walk that visits children before parents starts. */
uint32_t lopt_nodes_first_leaf(const struct lopt_nodes *nodes, uint32_t node);
/** The node after `node` in a walk that visits parents first, within the subtree of `top`; LOPT_NODE_NONE at its end. */
uint32_t lopt_nodes_next(const struct lopt_nodes *nodes, uint32_t node, uint32_t top);

/** Put every directory's children in byte order of their names. False when memory is exhausted. */
bool lopt_nodes_sort(struct lopt_nodes *nodes);

#endif
