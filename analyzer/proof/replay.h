/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_REPLAY_H
#define LAYEROPT_PROOF_REPLAY_H

#include "proof/proof.h"
#include "proof/touches.h"

/**
 * What a builder's cache is worth with each of two Dockerfiles: the last commits of the build context are built one after the
 * other, with cache, as a developer's machine or a runner that keeps its cache would.
 */

enum { LOPT_REPLAY_COMMITS_MAX = 1000 };

struct lopt_replay_side {
	uint64_t steps, cached; /* of all commits together */
	double seconds;		/* the builds took, all together */
	double *measured;	/* seconds, per commit, oldest first */
	double *expected;	/* what the times of the instructions make of it */
	double correlation;	/* Spearman's, of these two; NAN where one of them is always the same */
};

struct lopt_replay {
	size_t commits;			  /* or changes that were made up */
	struct lopt_touches touches;	  /* what these were; count 0 where commits were replayed */
	struct lopt_replay_side sides[2]; /* original, candidate */
	struct lopt_buf reason;		  /* why nothing was replayed; empty when something was */
};
void lopt_replay_release(struct lopt_replay *replay);

/** What is replayed. All of it is borrowed. */
struct lopt_replay_input {
	const char *context;
	size_t commits;				/* at most */
	struct lopt_str texts[2];		/* of the Dockerfiles: original, candidate */
	struct lopt_str ignores[2];		/* the .dockerignore of each; ptr NULL: what the context has */
	const struct lopt_subject *subjects[2]; /* what came of them */
};

/**
 * Replay the last commits of the context, each with both Dockerfiles; where it has no history, changes that are made up: see
 * touches.h. Only files change: the Dockerfiles stay as they are. A context that does not build at one of them is a
 * reason, not an error.
 */
LOPT_CHECKED enum lopt_status lopt_replay_run(struct lopt_replay *out, const struct lopt_proof_options *options,
					      const struct lopt_replay_input *input, struct lopt_error *err);

/** Spearman's rank correlation; ties have their mean rank. NAN where it is not defined. */
double lopt_spearman(const double *a, const double *b, size_t count);

#endif
