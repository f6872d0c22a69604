/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_WAYS_H
#define LAYEROPT_REPACK_WAYS_H

#include "base/table.h"
#include "layeropt/image.h"

/**
 * The directories that the entries of one layer stand in. One that no entry lists is there because something in it needs it:
 * an engine makes it, with a mode and owner of its own; for a whiteout or a marker only engines that lay layers over each other do.
 * When the last entry that needs it goes, so does the directory, and what a container sees changes. Private to this room.
 */
struct lopt_way {
	struct lopt_str name; /* borrowed from an entry */
	uint32_t parent;      /* the root's is itself */
	bool listed;	      /* an entry makes it */
	bool needed;	      /* something in it stays */
	bool filled;	      /* something that every engine makes it for */
	bool through_link; /* it is a symbolic link of the layer, or below one: where its entries end up is another place */
};

#define LOPT_WAY_ROOT 0u

struct lopt_ways {
	struct lopt_way *items;
	size_t count, cap;
	struct lopt_table by_name; /* (parent, name) */
	uint32_t *of_entry;	   /* the directory each entry stands in */
};

/** The layer must outlive *out, which the caller releases in any case. */
LOPT_CHECKED enum lopt_status lopt_ways_make(struct lopt_ways *out, const struct lopt_layer *layer,
					     struct lopt_error *err);
void lopt_ways_release(struct lopt_ways *ways);

/** This entry stays: what it stands in is needed. */
void lopt_ways_need(struct lopt_ways *ways, const struct lopt_layer *layer, uint32_t entry);

/** Whether the entry's directory is there without it, to every engine, once lopt_ways_need was told of all that stay. */
bool lopt_ways_can_spare(const struct lopt_ways *ways, const struct lopt_layer *layer, uint32_t entry);

/** Whether the layer lists a directory of this path, or entries of it stand in one, whatever else it has there. */
bool lopt_ways_is_one(struct lopt_ways *ways, struct lopt_str path);

/** Whether the entry's name leads through a symbolic link of its layer. */
bool lopt_ways_through_link(const struct lopt_ways *ways, uint32_t entry);

#endif
