/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_OPTIMIZE_H
#define LAYEROPT_PROOF_OPTIMIZE_H

#include "advice/plan.h"
#include "proof/proof.h"

/** The best that was proved of a plan so far. */
struct lopt_held {
	struct lopt_trial trial;
	bool *edits; /* of the plan, which it has; NULL: nothing is proved */
};

/** Prove a plan: build what it proposes, drop what the rebuild refutes, and go on until the rest is proved. */
struct lopt_optimizing {
	const struct lopt_proof_options *options;
	const struct lopt_plan_input *input;
	const struct lopt_original *original;
	struct lopt_plan *plan;
	bool has_target;
	uint64_t target;
	size_t builds_max;	       /* of candidates */
	struct lopt_str ignore_given;  /* what the workshop was told to leave out of the context; ptr NULL: nothing */
	struct lopt_str ignore_before; /* the text of the .dockerignore that is in force; empty: there is none */
	/* results */
	struct lopt_trial trial; /* the last one; the proved one when there is one */
	bool has_trial;
	/* inner */
	struct lopt_held held;
	struct lopt_plan earlier; /* the plan before this one; its edits are NULL where there is none */
	struct lopt_held earlier_held;
	struct lopt_buf text;	/* the Dockerfile: with all edits that are PROVED, or as it was */
	struct lopt_buf ignore; /* the .dockerignore that belongs to it; empty: the one there was */
	size_t builds;
	uint64_t predicted_bytes;
};

void lopt_optimizing_release(struct lopt_optimizing *optimizing);

/**
 * On success every edit is PROVED, DROPPED (why tells), or was not applied; without an edit that holds, `text` is the
 * original.
 */
LOPT_CHECKED enum lopt_status lopt_optimize_prove(struct lopt_optimizing *optimizing, struct lopt_error *err);

#endif
