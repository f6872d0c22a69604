/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_OUTCOME_H
#define LAYEROPT_PROOF_OUTCOME_H

#include "advice/plan.h"
#include "proof/proof.h"
#include "proof/replay.h"

/** What `verify` and `optimize` have to tell. All of it is borrowed. */
struct lopt_outcome {
	const char *command;			    /* "verify" or "optimize" */
	const char *original_name, *candidate_name; /* of the Dockerfiles */
	struct lopt_str before, after;		    /* their bytes */
	const struct lopt_builder_kind *builder;
	const struct lopt_proof_options *options;
	const struct lopt_analysis *analysis;	     /* of the original's image; NULL when it was not built */
	const struct lopt_original *original;	     /* NULL when it was not built */
	const struct lopt_trial *trial;		     /* the last candidate; NULL when nothing was tried */
	const struct lopt_plan *plan;		     /* optimize only; else NULL */
	const struct lopt_replay *replay;	     /* NULL: none was asked for */
	uint64_t predicted_bytes;		     /* all applied edits together */
	size_t builds;				     /* of candidates */
	struct lopt_str ignore_before, ignore_after; /* texts of .dockerignore; the latter is empty where it stays */
	bool unchanged;				     /* optimize: the Dockerfile stays as it is */
	bool has_target;
	uint64_t target; /* content_bytes, at most */
};

/** Content bytes of original and candidate; without a trial the predicted ones. */
uint64_t lopt_outcome_size_before(const struct lopt_outcome *outcome);
uint64_t lopt_outcome_size_after(const struct lopt_outcome *outcome);
/** The candidate is proved, and under the target where there is one. */
bool lopt_outcome_good(const struct lopt_outcome *outcome);
/** Nothing was built to prove it, or there was nothing to prove. */
bool lopt_outcome_unproved(const struct lopt_outcome *outcome);

#endif
