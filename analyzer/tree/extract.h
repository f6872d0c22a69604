/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TREE_EXTRACT_H
#define LAYEROPT_TREE_EXTRACT_H

#include "tree/tree.h"

/** Extraction of one layer into a tree of its own, with docker's manners. Private to this room. */
struct lopt_extraction {
	struct lopt_tree *tree;
	const struct lopt_tree_layer *layer;
	struct lopt_nodes nodes;
	/* the directory the last entry stood in: archives list directory by directory */
	struct lopt_str last_parent;
	uint32_t last_directory;
	bool last_followed;  /* a symbolic link was followed to get there */
	bool lost_directory; /* a listed directory was taken out again */
	bool followed;	     /* the same, of the last walk of any kind */
	struct lopt_arena scratch;
};

LOPT_CHECKED enum lopt_status lopt_extract(struct lopt_extraction *x, struct lopt_tree *tree,
					   const struct lopt_tree_layer *layer, struct lopt_error *err);
void lopt_extraction_release(struct lopt_extraction *x);

/** Lay an extracted layer over the stack. */
LOPT_CHECKED enum lopt_status lopt_merge(struct lopt_tree *tree, struct lopt_extraction *x,
					 struct lopt_tree_changes *changes, struct lopt_error *err);

/** A name of an object is removed: it was at `node` of `nodes`, and `layer` took it. */
LOPT_CHECKED enum lopt_status lopt_object_remove(struct lopt_tree *tree, const struct lopt_nodes *nodes, uint32_t node,
						 uint32_t layer, struct lopt_error *err);
/**
 * A name of an object is taken over by the object `by` (LOPT_NODE_NONE: by something that is none). `counts`: as a
 * change of the stacked view, where the two may hold the same.
 */
LOPT_CHECKED enum lopt_status lopt_object_hide(struct lopt_tree *tree, const struct lopt_nodes *nodes, uint32_t node,
					       uint32_t layer, uint32_t by, bool counts, struct lopt_error *err);
/** Whether two objects are regular files whose contents have to be compared. */
bool lopt_object_may_equal(const struct lopt_tree *tree, uint32_t a, uint32_t b);

#endif
