/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_PACKAGES_H
#define LAYEROPT_ANALYSIS_PACKAGES_H

#include "analysis/figures.h"
#include "analysis/needs.h"

/** Rows of packages while they are made. Private to this room. */
struct lopt_package_rows {
	struct lopt_package_row *items; /* in the order of owners; the last is what nobody owns */
	size_t count;
	const uint32_t *by_owner; /* the row of each owner */
};

/** Lay out the rows of these owners, and count what each has. Everything lives in the arena. */
LOPT_CHECKED enum lopt_status lopt_package_rows_make(struct lopt_package_rows *rows, struct lopt_making *making,
						     const struct lopt_owners *owners, struct lopt_error *err);
/** Put them into the result, in its order; they are not in the order of owners any more. */
void lopt_package_rows_publish(const struct lopt_package_rows *rows, struct lopt_making *making);

/** Why dpkg's packages are there. */
struct lopt_reasons {
	const struct lopt_debian *debian;
	const struct lopt_package_rows *rows;
	struct lopt_needs needs;
	uint32_t *above; /* by package: the recommended one without which it would not be there; LOPT_NONE_ABOVE */
};

#define LOPT_NONE_ABOVE UINT32_MAX

/** NULL for a package that has no row, since its name cannot be one. */
static inline struct lopt_package_row *lopt_reasons_row(const struct lopt_reasons *reasons, size_t package)
{
	uint32_t owner = reasons->debian->packages[package].owner;
	return owner == LOPT_NO_OWNER ? NULL : &reasons->rows->items[reasons->rows->by_owner[owner]];
}

static inline enum lopt_need lopt_reasons_need(const struct lopt_reasons *reasons, size_t package)
{
	return (enum lopt_need)reasons->needs.needs[package];
}

/**
 * Tell what dpkg has installed only because something recommends it, and what nothing needs: marks the rows, and adds
 * findings.
 */
LOPT_CHECKED enum lopt_status lopt_make_recommended(struct lopt_making *making, const struct lopt_debian *debian,
						    const struct lopt_package_rows *rows, struct lopt_error *err);

/** A finding for each layer that brought in packages that the image could do without. */
LOPT_CHECKED enum lopt_status lopt_make_package_findings(struct lopt_making *making, const struct lopt_reasons *reasons,
							 struct lopt_error *err);

#endif
