/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_FORM_H
#define LAYEROPT_DOCKERFILE_FORM_H

#include "dockerfile/chain.h"

/*
 * How each builder words each instruction in a history. Inner to this room.
 */

/* What the instructions so far have set. */
struct lopt_state {
	struct lopt_chain *chain;
	struct lopt_arena *arena;
	const struct lopt_dockerfile *file;
	enum lopt_builder builder;
	const struct lopt_scope *learned;
	struct lopt_scope globals; /* ARG before the first FROM */
	struct lopt_scope scope;
	struct lopt_str workdir;      /* begins with a hole while the base image's is not known */
	struct lopt_str shell;	      /* joined by spaces */
	struct lopt_str quoted_shell; /* as CMD shows it; empty while the base image's is not known */
	size_t pattern_steps;	      /* left for all of it */
	struct lopt_buf text;	      /* of the instruction at hand */
	struct lopt_error *err;
};

/** A copy that lives as long as the chain; LOPT_E_LIMIT beyond LOPT_CHAIN_BYTES_MAX. */
LOPT_CHECKED enum lopt_status lopt_state_keep(struct lopt_state *state, struct lopt_str text, struct lopt_str *out);
/** Append a word, its variables replaced by those of the scope. */
LOPT_CHECKED enum lopt_status lopt_state_expand(struct lopt_state *state, const struct lopt_scope *scope,
						struct lopt_buf *out, struct lopt_str word);

/** Fill `fit` and `text` of an item; LOPT_FIT_NONE where the builder writes no entry or the text cannot be worked out. */
LOPT_CHECKED enum lopt_status lopt_form_write(struct lopt_item *item, struct lopt_state *state,
					      const struct lopt_instruction *instruction);

#endif
