/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_STAGE_H
#define LAYEROPT_ADVICE_STAGE_H

#include "base/arena.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/record.h"
#include "dockerfile/scope.h"

/*
 * The instructions of one build stage, each with what the ones in front of it have set. Inner to this room.
 */

struct lopt_step {
	const struct lopt_instruction *instruction;
	enum lopt_keyword keyword;
	struct lopt_str cwd; /* in front of it: absolute and clean; ptr is NULL when it cannot be known */
	/* ADD, COPY, USER, VOLUME, WORKDIR: the arguments, variables replaced, LOPT_EXPAND_HOLE for those not known. */
	const struct lopt_str *words;
	size_t word_count;
	/* RUN: the variables it sees, in the order they were set first; values may have holes. */
	const struct lopt_scope_variable *variables;
	size_t variable_count;
};

struct lopt_stage {
	struct lopt_arena arena;
	struct lopt_step *steps; /* its FROM is the first */
	size_t count;
	size_t first;	     /* the index of that FROM in the Dockerfile */
	struct lopt_str cwd; /* behind the last step, like theirs */
};

/**
 * Stage `index`, or the last one where it is SIZE_MAX. `image` is what the stage became, and says what the stage's base
 * set; NULL when that is not known. A build argument is taken to have its default. LOPT_E_INPUT when there is no such
 * stage; LOPT_E_LIMIT for texts that become too long. On success the caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_stage_read(struct lopt_stage *out, const struct lopt_dockerfile *file, size_t index,
					      const struct lopt_image_info *image, struct lopt_error *err);
void lopt_stage_release(struct lopt_stage *stage);

/** The stage below `before` that --from=NAME or FROM NAME means; SIZE_MAX for none, which is an image. */
size_t lopt_stage_find(const struct lopt_dockerfile *file, size_t before, struct lopt_str name);

/** The value of a flag "--NAME=VALUE"; ptr is NULL when the instruction does not have it. */
struct lopt_str lopt_step_flag(const struct lopt_instruction *instruction, const char *name);

/** The value behind "NAME=" in a comma-separated list, as --mount has it; ptr is NULL when there is none. */
struct lopt_str lopt_list_value(struct lopt_str list, const char *name);

/** An absolute path without "." and "..", of `path` seen from `from`; ptr is NULL without memory. */
struct lopt_str lopt_path_absolute(struct lopt_arena *arena, struct lopt_str from, struct lopt_str path);

/** Whether `name` stands in `text` as a word of letters, digits and underscores. */
bool lopt_text_names(struct lopt_str text, struct lopt_str name);

#endif
