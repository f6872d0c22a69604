/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_WORDS_H
#define LAYEROPT_DOCKERFILE_WORDS_H

#include "base/arena.h"
#include "dockerfile/dockerfile.h"

/*
 * What BuildKit's line parsers make of one logical line: keyword, flags, arguments. Inner to this room.
 */

/** A growing list of slices that ends up in an arena. */
struct lopt_word_list {
	struct lopt_str *list;
	size_t count, cap;
};
void lopt_word_list_release(struct lopt_word_list *words);
LOPT_CHECKED enum lopt_status lopt_word_list_add(struct lopt_word_list *words, struct lopt_str word,
						 struct lopt_error *err);
/** A copy of the slices in the arena, what they point to is not copied. */
LOPT_CHECKED enum lopt_status lopt_word_list_keep(const struct lopt_word_list *words, struct lopt_arena *arena,
						  const struct lopt_str **out, size_t *count, struct lopt_error *err);

/** Keyword, flags, arguments and trigger of `text`, which has to outlive the instruction. */
LOPT_CHECKED enum lopt_status lopt_instruction_split(struct lopt_instruction *out, struct lopt_arena *arena,
						     struct lopt_str text, char escape, struct lopt_error *err);

/** The here-documents that the instruction's line opens; their contents are empty yet. */
LOPT_CHECKED enum lopt_status lopt_instruction_heredocs(struct lopt_arena *arena, struct lopt_heredoc **out,
							size_t *count, const struct lopt_instruction *instruction,
							struct lopt_error *err);

/** A word that opens a here-document: `out` is filled and *found set. */
LOPT_CHECKED enum lopt_status lopt_heredoc_parse(struct lopt_heredoc *out, bool *found, struct lopt_arena *arena,
						 struct lopt_str word, struct lopt_error *err);

/* What a text is as JSON. */
enum lopt_exec_kind {
	LOPT_EXEC_NOT,	   /* no array, or no JSON */
	LOPT_EXEC_STRINGS, /* an array of strings */
	LOPT_EXEC_OTHER,   /* an array of something else */
};
/** Read an array of strings as Go's encoding/json does; the words are added to `words` for LOPT_EXEC_STRINGS. */
LOPT_CHECKED enum lopt_status lopt_exec_read(struct lopt_word_list *words, enum lopt_exec_kind *kind,
					     struct lopt_arena *arena, struct lopt_str text, struct lopt_error *err);

#endif
