/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_STEPS_H
#define LAYEROPT_PROOF_STEPS_H

#include "dockerfile/history.h"

/* What a builder's log tells of its steps. Inner to this room. */

struct lopt_steps {
	size_t all, cached;
	size_t last; /* the number of the last one that began, from 1; 0: none is told */
};

/** Docker's classic builder, podman and buildah number every instruction; BuildKit those that do something. */
struct lopt_steps lopt_steps_count(enum lopt_builder builder, struct lopt_str log);

#endif
