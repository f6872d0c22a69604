/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_SPOTS_H
#define LAYEROPT_REPACK_SPOTS_H

#include "repack/draft.h"

/**
 * What several layers do together to the stack below them, path by path: which of their entries still count, and what has to
 * be said that none of them says. Private to this room.
 */

/** One layer of those that are joined. */
struct lopt_join_part {
	const struct lopt_layer *layer;
	const struct lopt_entry *entries; /* those the stack was made of */
	size_t entry_count;
	/*
	 * By entry, LOPT_NODE_NONE where it does not count any more: of one that makes something, the node of `top` it made;
	 * of a whiteout, that of the directory it stands in.
	 */
	uint32_t *nodes;
	uint32_t *heirs; /* by entry that has links and does not count: the first link that does; else LOPT_NODE_NONE */
};

/** By node of `top`. */
struct lopt_spot {
	uint32_t twin; /* what lies below at this path and is not hidden as a whole; or LOPT_NODE_NONE */
	const struct lopt_entry *lister; /* of a directory the layers make: what lists it; NULL: nothing has to */
	bool opaque;			 /* a directory that hides what lies below it */
	bool filled;			 /* a directory with an entry in it that counts */
	bool written, settled;		 /* for who writes it: it, and it and all above it */
};

struct lopt_spots {
	const struct lopt_join *join;
	struct lopt_join_part *parts;
	struct lopt_spot *items;
	bool *whited; /* by node of `below`: a whiteout takes it away */
};

/** Release *out in any case. LOPT_E_MEMORY is the only failure. */
LOPT_CHECKED enum lopt_status lopt_spots_make(struct lopt_spots *out, const struct lopt_join *join,
					      struct lopt_error *err);
void lopt_spots_release(struct lopt_spots *spots);

/** What lists a directory that is needed and that no entry lists. */
extern const struct lopt_entry lopt_made_directory;

/** Whether it is a whiteout by name. */
bool lopt_is_whiteout(const struct lopt_entry *entry);
/** Where an entry of a part stands in it. */
static inline size_t lopt_part_index(const struct lopt_join_part *part, const struct lopt_entry *entry)
{
	return (size_t)(entry - part->entries);
}
/** The part a node of `top` comes from, or NULL. */
const struct lopt_join_part *lopt_part_of(const struct lopt_spots *spots, const struct lopt_tree_node *node);

#endif
