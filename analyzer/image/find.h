/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IMAGE_FIND_H
#define LAYEROPT_IMAGE_FIND_H

#include "base/buf.h"
#include "layeropt/image.h"

/**
 * Paths looked up in the final filesystem, as a process in a container would with lstat: symbolic links on the way are
 * followed inside the root, one at the end is not. Where paths come in the order of a tree, each costs little more
 * than its last component.
 */

/** Something of the final filesystem. Nodes are numbers below lopt_found_bound(); the root is LOPT_FOUND_ROOT. */
struct lopt_found {
	uint32_t node;	 /* LOPT_FOUND_NOTHING: there is nothing */
	uint32_t parent; /* the directory it stands in; of the root the root */
	enum lopt_type type;
	const struct lopt_layer *layer; /* that holds its content; NULL unless a regular file */
	uint32_t inode;			/* there; LOPT_NO_INODE unless a regular file */
};

#define LOPT_FOUND_ROOT 0u
#define LOPT_FOUND_NOTHING UINT32_MAX

size_t lopt_found_bound(const struct lopt_image *image);

/** Nothing in it is the caller's business. The image is borrowed. */
struct lopt_finder {
	const struct lopt_image *image;
	struct lopt_buf path;		/* the one looked up before */
	struct lopt_finder_step *steps; /* the directories on its way */
	size_t step_count, step_cap;
	uint32_t *links; /* by node: what directory a symbolic link leads to, as far as known; NULL before the first */
};

void lopt_finder_init(struct lopt_finder *finder, const struct lopt_image *image);
/** For LOPT_CLEANUP too. */
void lopt_finder_release(struct lopt_finder *finder);

/**
 * Look a path up, from the root with or without a slash in front. "." and ".." mean what they do to the kernel. A path
 * longer than limits->path_bytes, or one whose links lead nowhere or through more than 40 others, leads to nothing.
 */
LOPT_CHECKED enum lopt_status lopt_finder_find(struct lopt_finder *finder, struct lopt_str path,
					       struct lopt_found *found, struct lopt_error *err);

/** Step from one node to the next, parents first, siblings in byte order; start with the root. False at the end. */
bool lopt_found_next(const struct lopt_image *image, struct lopt_found *found);

#endif
