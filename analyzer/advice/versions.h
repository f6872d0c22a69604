/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_VERSIONS_H
#define LAYEROPT_ADVICE_VERSIONS_H

#include "dockerfile/dockerfile.h"

/*
 * Which instruction of one version of a Dockerfile is which of another. Inner to this room.
 */

enum { LOPT_VERSIONS_INSTRUCTIONS_MAX = 1024 };

struct lopt_counterpart {
	size_t index; /* in the other version; SIZE_MAX when it has none there */
	bool same;    /* the text is the same */
};

/**
 * For each instruction of `file` its counterpart in `other`: first the longest common subsequence of equal ones, then
 * between two of those, in order, ones with the same keyword, and for ENV, ARG and LABEL the same first name.
 * LOPT_E_LIMIT beyond the ceiling above. The caller frees *out.
 */
LOPT_CHECKED enum lopt_status lopt_versions_match(struct lopt_counterpart **out, const struct lopt_dockerfile *file,
						  const struct lopt_dockerfile *other, struct lopt_error *err);

#endif
