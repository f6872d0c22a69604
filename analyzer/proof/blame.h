/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_BLAME_H
#define LAYEROPT_PROOF_BLAME_H

#include "advice/plan.h"
#include "proof/proof.h"

/** Inner to this room: whose fault a failed trial is, and what a proved one saved. */

/**
 * Mark the CHOSEN edits that a failed trial points at as DROPPED, with the reason. Returns how many; 0 when nothing points at
 * any one of them.
 */
LOPT_CHECKED enum lopt_status lopt_blame(size_t *dropped, struct lopt_plan *plan, const struct lopt_plan_input *input,
					 const struct lopt_trial *trial, struct lopt_str candidate,
					 struct lopt_error *err);
/** What is said of an edit that is dropped for a trial. In place of what `out` held. */
void lopt_blame_reason(struct lopt_buf *out, const struct lopt_trial *trial);
/** Drop one edit, with that reason. */
LOPT_CHECKED enum lopt_status lopt_blame_one(struct lopt_plan *plan, size_t edit, const struct lopt_buf *reason,
					     struct lopt_error *err);

/** What each PROVED edit saved: bytes of its paths that the second image does not ship any more. */
LOPT_CHECKED enum lopt_status lopt_credit(struct lopt_plan *plan, const struct lopt_image *before,
					  const struct lopt_image *after, struct lopt_error *err);

#endif
