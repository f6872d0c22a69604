/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_PACKAGES_H
#define LAYEROPT_ANALYSIS_PACKAGES_H

#include "analysis/debian.h"
#include "analysis/figures.h"

/** Rows of packages while they are made. Private to this room. */
struct lopt_package_rows {
	struct lopt_package_row *items; /* in the order of owners; the last is what nobody owns */
	size_t count;
	const uint32_t *by_owner; /* the row of each owner */
};

/**
 * Tell what dpkg has installed only because something recommends it, and what nothing needs: marks the rows, and adds a
 * finding for each layer that brought such packages in.
 */
LOPT_CHECKED enum lopt_status lopt_make_recommended(struct lopt_making *making, const struct lopt_debian *debian,
						    const struct lopt_package_rows *rows, struct lopt_error *err);

#endif
