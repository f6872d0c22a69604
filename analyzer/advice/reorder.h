/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_REORDER_H
#define LAYEROPT_ADVICE_REORDER_H

#include "advice/commits.h"
#include "advice/depends.h"

/*
 * Another order of the last stage's instructions, in which the commits of the past would have rebuilt less: what
 * seldom changes and takes long goes up, what often changes goes down, as far as dependencies let it. A proposal; that
 * the image stays the same is for a rebuild to show.
 */

/** A proposal has to save this share of the rebuilding. */
#define LOPT_REORDER_GAIN_MIN 0.1

struct lopt_reorder_input {
	struct lopt_depends_input depends;
	const double *seconds;		    /* per instruction of the Dockerfile: what it takes to run it */
	const struct lopt_commits *commits; /* of the same Dockerfile */
};

struct lopt_reorder {
	size_t order[LOPT_DEPENDS_STEPS_MAX]; /* instructions of the last stage, its FROM first; as they are, or better */
	size_t count;
	double before,
		after; /* seconds of rebuilding a commit costs on average: as they are, and in the best order found */
	bool exact;    /* no order that the dependencies allow is better */
	struct lopt_str reason; /* why `order` is what it was; empty when it is a proposal. Borrowed from the commits */
	struct lopt_depends depends;
};

/**
 * What a change makes run again depends on the builder: BuildKit does not look at LABEL, EXPOSE, CMD, ENTRYPOINT, VOLUME,
 * STOPSIGNAL, HEALTHCHECK, ONBUILD and MAINTAINER, the others do. On success the caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_reorder_find(struct lopt_reorder *out, const struct lopt_reorder_input *input,
						struct lopt_error *err);
void lopt_reorder_release(struct lopt_reorder *reorder);

/**
 * From the lines lopt_dockerfile_align() gave the history entries: which instruction made each entry (instruction_of, SIZE_MAX for
 * none), and which layer each instruction made (layer_of, LOPT_NO_LAYER for none).
 */
void lopt_reorder_map(size_t *instruction_of, size_t *layer_of, const struct lopt_dockerfile *file,
		      const struct lopt_image_info *info, const uint32_t *lines);

/**
 * The seconds of `count` instructions, from the times at which the history entries they made were created: what one is
 * later than those before it. That holds within one build that used no cache; so where a time is missing, more than six
 * hours later, or the first one, and where all are the same, an instruction with a layer is taken to have needed one
 * second and one more for every 10 MB.
 */
void lopt_reorder_seconds(double *seconds, size_t count, const struct lopt_image *image, const size_t *instruction_of);

#endif
