/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_GROWTH_H
#define LAYEROPT_COMPARE_GROWTH_H

#include "layeropt/analysis.h"

/** What changed from one analysis to another, in bytes: by layer, package and directory. */

/** A layer that one of them has, or one that the same instruction, or the one in its place, made in both. */
struct lopt_layer_change {
	size_t before, after;		    /* LOPT_NO_LAYER: it is not there */
	uint64_t bytes_before, bytes_after; /* content */
	bool in_place;			    /* both have it, and the instruction is another one */
};

/** A package that one of them has, or that both have in different versions or sizes. */
struct lopt_package_change {
	const char *manager;
	struct lopt_str name;
	struct lopt_str before, after; /* versions; ptr NULL: it is not there */
	uint64_t bytes_before, bytes_after;
};

/** A directory of at most two components, with the visible bytes beneath it. */
struct lopt_directory_growth {
	struct lopt_str path; /* "usr/share"; "" is the root itself */
	uint64_t bytes_before, bytes_after;
};

struct lopt_growth {
	struct lopt_layer_change *layers; /* each list with the largest change first */
	size_t layer_count, layer_cap;
	struct lopt_package_change *packages;
	size_t package_count, package_cap;
	struct lopt_directory_growth *directories;
	size_t directory_count, directory_cap;
	size_t shared_layers; /* the lowest ones, of the same diff IDs */
};

/** Work it out; the analyses are borrowed. On success the caller releases *out. */
LOPT_CHECKED enum lopt_status lopt_growth_make(struct lopt_growth *out, const struct lopt_analysis *before,
					       const struct lopt_analysis *after, struct lopt_error *err);
/** The packages alone, into a zeroed `growth`, which the caller releases in any case. */
LOPT_CHECKED enum lopt_status lopt_growth_packages(struct lopt_growth *growth, const struct lopt_analysis *before,
						   const struct lopt_analysis *after, struct lopt_error *err);
void lopt_growth_release(struct lopt_growth *growth);

#endif
