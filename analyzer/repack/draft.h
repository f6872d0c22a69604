/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_DRAFT_H
#define LAYEROPT_REPACK_DRAFT_H

#include "repack/plan.h"
#include "tree/tree.h"

/**
 * One layer of the output while it is planned: a layer of the input as it is, or several joined. What is decided about a layer
 * is decided about this, so that it makes no difference where its entries come from. Private to this room.
 */
struct lopt_draft {
	size_t first, count;	   /* layers of the input */
	struct lopt_layer view;	   /* its entries and inodes, as they will be read when it is written */
	uint64_t *sizes;	   /* by entry, in the tar; NULL: it cannot be cut */
	struct lopt_piece *pieces; /* by entry; NULL: those of the one layer */
	bool *goes;		   /* by entry */
	bool *linked;		   /* by entry: it was a file and became a hard link; NULL: none did */
	/* what `view` points to, where that is not the layer of the input */
	struct lopt_entry *entries;
	struct lopt_inode *inodes;
	size_t entry_cap, size_cap, piece_cap, inode_cap;
};

/** A layer of the input. Release *out in any case. */
LOPT_CHECKED enum lopt_status lopt_draft_take(struct lopt_draft *out, const struct lopt_repack_plan *plan, size_t layer,
					      struct lopt_error *err);
/** No entries yet, for layers from `first` on. */
void lopt_draft_init(struct lopt_draft *draft, size_t first, size_t count);
void lopt_draft_release(struct lopt_draft *draft);

/**
 * One more entry. Of a regular file that carries content, `inode` is where it comes from; else NULL. The strings of all stay
 * borrowed.
 */
LOPT_CHECKED enum lopt_status lopt_draft_add(struct lopt_draft *draft, const struct lopt_entry *entry,
					     const struct lopt_piece *piece, uint64_t size,
					     const struct lopt_inode *inode, struct lopt_error *err);

/** What entry `number` is made of. */
struct lopt_piece lopt_draft_piece(const struct lopt_draft *draft, size_t number);

/** Where the entries of a layer of the input lie; NULL: nobody knows. */
const uint64_t *lopt_places_of(const struct lopt_repack_plan *plan, size_t layer);

/** Join layers of the input as `below` and `top`, the stacks without and with them, show them (join.c). */
struct lopt_join {
	struct lopt_repack_plan *plan;
	size_t first, count;
	struct lopt_entry *const *entries; /* of each: those that `top` was made of */
	const struct lopt_tree *below, *top;
	const struct lopt_limits *limits;
};
/** *fits: false when something of it cannot be written again. Release *out in any case. */
LOPT_CHECKED enum lopt_status lopt_join(struct lopt_draft *out, const struct lopt_join *join, bool *fits,
					struct lopt_error *err);

/** What is to be written below a layer. */
struct lopt_below {
	const struct lopt_tree *overlay;
	const struct lopt_tree *applied; /* to engines that apply layers in place; NULL: they see the same, or nothing */
};
/** Decide what nobody sees of it (trim.c). Sets draft->goes. */
LOPT_CHECKED enum lopt_status lopt_draft_trim(struct lopt_draft *draft, const struct lopt_repack_plan *plan,
					      const struct lopt_below *below, struct lopt_error *err);

/** Make hard links of files that are equal, of those that stay (dedupe.c). */
LOPT_CHECKED enum lopt_status lopt_draft_dedupe(struct lopt_draft *draft, struct lopt_repack_plan *plan,
						struct lopt_error *err);

#endif
