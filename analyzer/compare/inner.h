/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_INNER_H
#define LAYEROPT_COMPARE_INNER_H

#include "compare/compare.h"

/* Inner to this room. */

/**
 * Add what differs between two configurations (research: BuildKit, buildah and docker write different noise; it is left
 * out). `masked`: both are, and equal values with something masked in them are counted.
 */
LOPT_CHECKED enum lopt_status lopt_config_compare(struct lopt_comparison *to, const struct lopt_image_info *before,
						  const struct lopt_image_info *after, bool masked,
						  struct lopt_error *err);

/** A copy with values masked as a listing masks them; what is not masked is borrowed. */
LOPT_CHECKED enum lopt_status lopt_config_mask(const struct lopt_image_info **out, struct lopt_arena *arena,
					       const struct lopt_image_info *info, struct lopt_error *err);

/** How a file that is known to change from build to build is to be taken. */
enum lopt_volatility {
	LOPT_STEADY,	   /* not known to change */
	LOPT_VOLATILE_ALL, /* anything may differ, even whether it is there */
	LOPT_VOLATILE_CONTENT,
	LOPT_VOLATILE_LINES,   /* the same lines in another order */
	LOPT_VOLATILE_STANZAS, /* the same stanzas (between empty lines) in another order */
	LOPT_VOLATILE_STAMPS,  /* the same lines but for those beginning with a stamp's name */
};
enum lopt_volatility lopt_volatility_of(struct lopt_str path);

/** Are two contents equal once they are taken that way? */
LOPT_CHECKED enum lopt_status lopt_content_alike(bool *alike, enum lopt_volatility how, struct lopt_str a,
						 struct lopt_str b, struct lopt_error *err);

#endif
