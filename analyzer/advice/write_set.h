/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_WRITE_SET_H
#define LAYEROPT_ADVICE_WRITE_SET_H

#include "advice/evidence.h"

/*
 * What some layers wrote, as few paths as name all of it: a directory that they made stands for what is in it. Inner to
 * this room.
 */

struct lopt_written_root {
	struct lopt_str path; /* no leading slash */
	bool directory;
	bool plain; /* COPY makes it what it is: a file with one name, or a directory of root's with mode 0755 */
};

struct lopt_write_set {
	struct lopt_written_root *roots; /* in the order of lopt_path_compare() */
	size_t count;
	bool cache_of_linker; /* they wrote the linker's, which is left out: ldconfig makes it */
	bool odd;	      /* a path has to be quoted, or holds something that cannot be copied */
	/* inner */
	struct lopt_written_item *items;
	size_t item_count, item_cap;
};

/**
 * `takes[layer]`: what this layer wrote counts. What a layer with `leaves[layer]` hides again does not, nor does what
 * lopt_is_leftover() knows: that is written down as an effect of the maker's edit, and so is whatever else the container
 * sees and the set leaves out. On success the caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_write_set_make(struct lopt_write_set *out, struct lopt_maker *maker,
						  const bool *takes, const bool *leaves, struct lopt_error *err);
void lopt_write_set_release(struct lopt_write_set *set);

/** Does the set have this path: as a root, or in one? */
bool lopt_write_set_has(const struct lopt_write_set *set, struct lopt_str path);

#endif
