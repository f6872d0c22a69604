/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_NEEDS_H
#define LAYEROPT_ANALYSIS_NEEDS_H

#include "analysis/debian.h"

/**
 * Why dpkg's packages are there, after the rules by which apt decides what it may remove on its own (apt-mark(8), apt's
 * mark and sweep): what somebody asked for and what is essential stays, with all it depends on; every alternative that
 * is installed counts. Private to this room.
 */
enum lopt_need {
	LOPT_NEED_NONE,	       /* nothing leads to it: apt would remove it */
	LOPT_NEED_SUGGESTED,   /* only with suggestions */
	LOPT_NEED_RECOMMENDED, /* only with recommendations */
	LOPT_NEED_REQUIRED,    /* asked for, essential, or a dependency of such */
};

/** One package that another one names. */
struct lopt_need_edge {
	uint32_t to;
	uint8_t strength; /* enum lopt_need that it passes on: SUGGESTED, RECOMMENDED or REQUIRED */
};

struct lopt_needs {
	uint8_t *needs; /* enum lopt_need, by package */
	struct lopt_need_edge *edges;
	size_t edge_count, edge_cap;
	size_t *first; /* of a package's edges; those of the next one follow */
};

void lopt_needs_release(struct lopt_needs *needs);

/**
 * Work it out. LOPT_END where the relations ask for more steps than any real set of packages does: then nothing
 * is known.
 */
LOPT_CHECKED enum lopt_status lopt_needs_find(struct lopt_needs *needs, const struct lopt_debian *debian,
					      struct lopt_error *err);

#endif
