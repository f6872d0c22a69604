/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_DOCKERFILE_H
#define LAYEROPT_DOCKERFILE_DOCKERFILE_H

#include "base/arena.h"
#include "dockerfile/history.h"
#include "layeropt/status.h"

/**
 * A Dockerfile, read as BuildKit's parser reads it (docs/reference: moby/buildkit frontend/dockerfile/parser), with
 * the span of every instruction in the source. The source stays borrowed.
 */
struct lopt_instruction {
	struct lopt_str keyword;	/* lower case, in the arena */
	struct lopt_str source;		/* its bytes in the file: first line to last, heredoc bodies included */
	struct lopt_str text;		/* the logical line: continuations joined, comments inside them dropped */
	uint32_t line, last_line;	/* from 1 */
	size_t stage;			/* index of its build stage; SIZE_MAX before the first FROM */
};

struct lopt_dockerfile;

LOPT_CHECKED enum lopt_status lopt_dockerfile_parse(struct lopt_dockerfile **out, struct lopt_str source,
						    struct lopt_error *err);
void lopt_dockerfile_free(struct lopt_dockerfile *dockerfile);

size_t lopt_dockerfile_count(const struct lopt_dockerfile *dockerfile);
const struct lopt_instruction *lopt_dockerfile_at(const struct lopt_dockerfile *dockerfile, size_t index);

/** How well a history fits a Dockerfile. */
struct lopt_alignment {
	enum lopt_builder builder;	/* of the entries the Dockerfile made */
	size_t matched;			/* history entries that got a line */
	size_t base;			/* history entries in front of them: the base image's */
	bool impossible;		/* one layer for everything (buildah without --layers, kaniko --single-snapshot), or nothing fits */
	const char *reason;		/* why, in words, when impossible; a literal */
};

/**
 * The Dockerfile line of each history entry: lines[i] is the first line of the instruction that made entry i, or 0. The
 * final stage chain (its FROM, the stages it is built on) is aligned to the end of the history by
 * type and text; where it cannot be known the line stays 0. Never guesses.
 */
LOPT_CHECKED enum lopt_status lopt_dockerfile_align(const struct lopt_dockerfile *dockerfile,
						    const struct lopt_history *history, size_t count, uint32_t *lines,
						    struct lopt_alignment *alignment, struct lopt_error *err);

#endif
