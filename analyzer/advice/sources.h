/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_SOURCES_H
#define LAYEROPT_ADVICE_SOURCES_H

#include "base/arena.h"
#include "dockerfile/dockerfile.h"

/*
 * What each instruction takes from the build context and from other stages. Inner to this room.
 */

struct lopt_context_use {
	size_t instruction;
	struct lopt_str pattern; /* clean, for lopt_glob_covers(); "" is the whole context */
};

struct lopt_stage_use {
	size_t instruction;
	size_t stage; /* an earlier one */
};

struct lopt_sources {
	struct lopt_arena arena;
	struct lopt_context_use *context; /* by instruction */
	size_t context_count, context_cap;
	struct lopt_stage_use *stages; /* by instruction */
	size_t stage_count, stage_cap;
};

/**
 * COPY and ADD without --from, and RUN --mount=type=bind, use the context; their --from, and FROM, a stage. Where a source
 * has a variable that is not known, everything beside it counts. On success the caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_sources_read(struct lopt_sources *out, const struct lopt_dockerfile *file,
						struct lopt_error *err);
void lopt_sources_release(struct lopt_sources *sources);

#endif
