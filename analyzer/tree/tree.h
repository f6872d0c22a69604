/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TREE_TREE_H
#define LAYEROPT_TREE_TREE_H

#include "base/buf.h"
#include "layer/layer.h"
#include "tree/nodes.h"

/**
 * The stack of layers as docker overlay2 builds it: each layer is extracted into a directory of its own
 * (tree/extract.c), then laid over what is below (tree/merge.c). While that happens every name that disappears is put
 * down to the layer that hid it, and why.
 */

/** Something a name can lead to: a regular file, symbolic link, device or fifo, shared by its hard links. */
struct lopt_object {
	const struct lopt_entry *primary;    /* the entry that made it */
	const struct lopt_entry *attributes; /* the last entry that set mode, owner and time */
	const struct lopt_entry *xattrs;     /* an entry, or one made up, that holds its extended attributes */
	struct lopt_str place;	   /* where the primary entry stands, if its name leads there through a symbolic link */
	struct lopt_str gone_name; /* of the name that decides its cause; in the arena; set when it had several */
	uint32_t layer;		   /* that holds it */
	uint32_t inode;		   /* there; LOPT_NO_INODE unless a regular file */
	uint32_t names;		   /* that lead to it now */
	uint32_t gone_layer;	   /* layer that hid its last name so far */
	uint32_t rival;		   /* object that did, where its content decides the cause; else LOPT_NODE_NONE */
	uint8_t cause;		   /* enum lopt_cause, of that */
	bool linked;		   /* has or had more than one name */
	bool copied_up;		   /* the same content was shipped again at one of its names */
};

/** What a layer did to the stacked view, in paths. */
struct lopt_tree_changes {
	uint64_t added, modified, metadata_only, removed;
};

/** One object hid another, and what that means depends on whether their contents are the same. */
struct lopt_tree_pair {
	uint32_t hidden, by; /* objects */
	uint32_t layer;
	bool counts; /* as a change of the stacked view */
};

struct lopt_tree {
	struct lopt_arena *arena;	  /* borrowed */
	const struct lopt_limits *limits; /* borrowed */
	struct lopt_notes *notes;	  /* borrowed */
	struct lopt_nodes stack;
	struct lopt_object *objects;
	size_t object_count, object_cap;
	struct lopt_tree_pair *pairs;
	size_t pair_count, pair_cap;
};

/** One layer to be put on the stack. `data->entries` get their inodes and flags completed. */
struct lopt_tree_layer {
	struct lopt_layer_data *data;
	uint32_t index;
};

/** A new object, which this entry of this layer makes: *out is its index. LOPT_E_MEMORY is the only failure. */
LOPT_CHECKED enum lopt_status lopt_tree_add_object(struct lopt_tree *tree, const struct lopt_entry *entry,
						   uint32_t layer, uint32_t *out, struct lopt_error *err);

LOPT_CHECKED enum lopt_status lopt_tree_init(struct lopt_tree *tree, struct lopt_arena *arena,
					     const struct lopt_limits *limits, struct lopt_notes *notes,
					     struct lopt_error *err);
void lopt_tree_release(struct lopt_tree *tree);
/**
 * A tree that holds the same and goes its own way from here; it borrows what `from` does, but for its notes. Release *out in
 * any case. LOPT_E_MEMORY is the only failure.
 */
LOPT_CHECKED enum lopt_status lopt_tree_copy(struct lopt_tree *out, const struct lopt_tree *from,
					     struct lopt_notes *notes, struct lopt_error *err);

/** Put the next layer on top. */
LOPT_CHECKED enum lopt_status lopt_tree_apply(struct lopt_tree *tree, const struct lopt_tree_layer *layer,
					      struct lopt_tree_changes *changes, struct lopt_error *err);

/**
 * Decide what depended on contents, once they are numbered (contents[layer][inode]: equal content, equal number): causes,
 * and the changes of each layer, by index, to which what was left open is added.
 */
void lopt_tree_settle(struct lopt_tree *tree, const uint32_t *const *contents, struct lopt_tree_changes *changes);

/** The full path of a node of `nodes`, appended to `out`. */
void lopt_tree_path(const struct lopt_nodes *nodes, uint32_t node, struct lopt_buf *out);

#endif
