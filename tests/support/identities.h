/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_IDENTITIES_H
#define TESTS_SUPPORT_IDENTITIES_H

#include "layeropt/analysis.h"

/**
 * What docs/metrics.md says always holds between the figures of an analysis and what can be seen of its
 * image. The first equation that does not hold, as text; NULL when all do. Saturated sums are let off.
 */
const char *identity_broken(const struct lopt_image *image, const struct lopt_analysis *analysis);

#endif
