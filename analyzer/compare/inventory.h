/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_INVENTORY_H
#define LAYEROPT_COMPARE_INVENTORY_H

#include "compare/compare.h"
#include "io/stream.h"
#include "layeropt/analysis.h"

/**
 * What is compared of an image, wherever it comes from: the image itself, or a listing of it that `layeropt ls --format
 * ndjson` saved. Memory grows with the number of paths, and nothing else.
 */

/** One path of the final filesystem. */
struct lopt_item {
	struct lopt_str path;
	struct lopt_side side;
	const struct lopt_xattr *xattrs; /* sorted by name */
	size_t xattr_count;
	uint32_t major, minor;
	const unsigned char *sha256; /* 32 bytes; NULL: no file, not computed yet (an image may), or nobody knows */
};

struct lopt_inventory {
	struct lopt_arena *arena;	/* of all that is not borrowed from the image */
	const struct lopt_image *image; /* NULL: a saved listing */
	const struct lopt_image_info *info;
	/*
	 * Of a listing these are set, and nothing else: of totals layers, paths, content_bytes, visible_bytes and wasted_bytes; of
	 * a layer content_bytes and instruction; of a package manager, name, version and bytes. NULL if none was given.
	 */
	const struct lopt_analysis *analysis;
	const struct lopt_str *diff_ids;
	size_t layer_count;
	bool masked;		 /* values of the configuration that look like credentials are "***" */
	struct lopt_item *items; /* in byte order of paths */
	size_t count, cap;
};

/**
 * Of an image that was read with want_sha256; `analysis` may be NULL. It borrows from both and from the arena. The caller
 * releases *out in any case.
 */
LOPT_CHECKED enum lopt_status lopt_inventory_make(struct lopt_inventory *out, struct lopt_arena *arena,
						  const struct lopt_image *image, const struct lopt_analysis *analysis,
						  struct lopt_error *err);

/** Whether a file that begins like this is to be read as a listing: it is JSON, which no image is. */
bool lopt_listing_begins(struct lopt_str head);

/**
 * Of a saved listing, decompressed. LOPT_E_USAGE: it is of another schema, or lists one layer; LOPT_E_INPUT: it is damaged, the
 * message names the line; LOPT_E_LIMIT: a line has more than json_bytes, or there are more than `entries` of them. The caller
 * releases *out in any case.
 */
LOPT_CHECKED enum lopt_status lopt_inventory_read(struct lopt_inventory *out, struct lopt_arena *arena,
						  struct lopt_stream *stream, const struct lopt_limits *limits,
						  struct lopt_error *err);

void lopt_inventory_release(struct lopt_inventory *inventory);

/** Compare two inventories, which must outlive the result. On success the caller releases *out. */
LOPT_CHECKED enum lopt_status lopt_comparison_between(struct lopt_comparison *out, const struct lopt_inventory *before,
						      const struct lopt_inventory *after,
						      const struct lopt_comparison_options *options,
						      struct lopt_error *err);

#endif
