/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_COMPARISON_H
#define LAYEROPT_SOURCE_COMPARISON_H

#include "source/bundle.h"

/**
 * Reads what is needed of the contents that were skipped when their layers were read: those that are not alone with
 * their size are compared, and what is to be kept is kept. It goes on in the background, since the layers can be
 * stacked meanwhile.
 */
struct lopt_comparison;

/** `bundle` has its layers; it stays until the comparison is freed. The caller owns *out. */
LOPT_CHECKED enum lopt_status lopt_comparison_start(struct lopt_comparison **out, struct lopt_bundle *bundle,
						    lopt_keep_choice *choose, struct lopt_error *err);
/** Take part in it until it is done. Once. */
LOPT_CHECKED enum lopt_status lopt_comparison_finish(struct lopt_comparison *comparison, struct lopt_error *err);
/** Stops it if need be; NULL is fine. */
void lopt_comparison_free(struct lopt_comparison *comparison);

#endif
