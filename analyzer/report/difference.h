/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_DIFFERENCE_H
#define LAYEROPT_REPORT_DIFFERENCE_H

#include <stdio.h>

#include "compare/inventory.h"
#include "compare/growth.h"
#include "layeropt/report.h"

/** Two images, or saved listings of them, side by side: what `layeropt diff` tells. */

/** A layer that holds paths that differ: of one of them, or one that both have. */
struct lopt_layer_difference {
	size_t before, after;	     /* LOPT_NO_LAYER: that image has no such layer */
	bool shared;		     /* the same bytes, wherever they stand; else both are of one instruction */
	struct lopt_str instruction; /* may hold credentials */
	uint64_t added, removed;     /* bytes of paths that came, went, or changed, and that it holds */
	size_t paths;
};

/** A directory of the root, or one below it, with what changed beneath it. */
struct lopt_directory_change {
	struct lopt_str path;	 /* "usr/share"; "" is the root itself */
	uint64_t added, removed; /* bytes of paths that came, went, or changed */
	size_t paths;
};

struct lopt_difference_view {
	const struct lopt_inventory *before, *after; /* with an analysis each */
	const struct lopt_comparison *comparison;    /* those that are ignored are LOPT_REASON_ALLOWED */
	size_t shared_layers;			     /* the lowest ones, of the same diff IDs */
	struct lopt_growth growth;		     /* its packages only */
	struct lopt_layer_difference *layers;	     /* the largest change first */
	size_t layer_count;
	struct lopt_directory_change *directories; /* the largest change first */
	size_t directory_count, directory_cap;
	size_t added, removed, changed; /* paths, ignored ones left out */
	uint64_t added_bytes, removed_bytes;
};

/** Work it out; the inventories and the comparison of them are borrowed. On success the caller releases *out. */
LOPT_CHECKED enum lopt_status lopt_difference_view_make(struct lopt_difference_view *out,
							const struct lopt_inventory *before,
							const struct lopt_inventory *after,
							const struct lopt_comparison *comparison,
							struct lopt_error *err);
void lopt_difference_view_release(struct lopt_difference_view *view);
/** Anything differs that is not ignored. */
bool lopt_difference_view_differs(const struct lopt_difference_view *view);

struct lopt_difference_format {
	const char *name;
	enum lopt_status (*write)(FILE *to, const struct lopt_difference_view *view,
				  const struct lopt_report_options *options, struct lopt_error *err);
};
/** NULL past the last. */
const struct lopt_difference_format *lopt_difference_format_at(size_t index);

#endif
