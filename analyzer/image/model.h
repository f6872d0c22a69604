/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IMAGE_MODEL_H
#define LAYEROPT_IMAGE_MODEL_H

#include "source/bundle.h"
#include "tree/tree.h"

/** One kind of content, and an inode that has it. */
struct lopt_known_content {
	uint32_t blob, inode; /* of the bundle */
};

/** What stands behind `struct lopt_image`. Private to this room. */
struct lopt_image {
	struct lopt_limits limits;
	struct lopt_bundle *bundle; /* NULL: nothing was read, this is a description */
	const struct lopt_image_info *info;
	struct lopt_arena arena; /* layers, inodes, notes */
	struct lopt_notes notes;
	struct lopt_tree tree;
	struct lopt_layer *layers;
	size_t layer_count;
	struct lopt_str *hardlinks; /* per object of the tree: its first name, when it has several */
	struct lopt_known_content *contents;
	size_t content_count, content_cap;
	uint64_t paths;
};

/**
 * Number the contents of all layers: equal content, equal number. (*numbers)[layer][inode], in the image's arena.
 */
LOPT_CHECKED enum lopt_status lopt_contents_number(struct lopt_image *image, const uint32_t ***numbers,
						   struct lopt_error *err);

#endif
