/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_BASE_H
#define LAYEROPT_ADVICE_BASE_H

#include "advice/plan.h"

#define LOPT_BASE_IMAGE "base-image" /* the rule */

/**
 * Add what another base image could save, where that is a megabyte and more: an edit that is told and never applied.
 * `is_base` tells of each layer whether it is the base image's, `line` where the Dockerfile names that; 0: nowhere.
 * Inner to this room.
 */
LOPT_CHECKED enum lopt_status lopt_plan_suggest_base(struct lopt_plan *plan, const struct lopt_analysis *analysis,
						     const bool *is_base, uint32_t line, struct lopt_error *err);

#endif
