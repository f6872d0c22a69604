/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_EXPAND_H
#define LAYEROPT_DOCKERFILE_EXPAND_H

#include "base/arena.h"
#include "base/buf.h"
#include "layeropt/status.h"

/*
 * BuildKit's word lexer (moby/buildkit frontend/dockerfile/shell): quotes, escapes, $name, ${name} and its modifiers
 * - + ? with or without a colon, # ## % %% and / //. Patterns know * and ?.
 */

enum {
	LOPT_EXPAND_BYTES_MAX = 1 << 20,     /* of one result */
	LOPT_EXPAND_DEPTH_MAX = 64,	     /* ${a:-${b:-...}} */
	LOPT_EXPAND_PATTERN_STEPS = 4 << 20, /* pattern characters times value characters, of all modifiers together */
};

enum lopt_variable {
	LOPT_VARIABLE_UNSET,
	LOPT_VARIABLE_SET,
	LOPT_VARIABLE_PARTLY,  /* set; the value has a LOPT_EXPAND_HOLE */
	LOPT_VARIABLE_UNKNOWN, /* it may have any value: the result has a LOPT_EXPAND_HOLE there */
};

/** Stands in a result for text that cannot be known. */
#define LOPT_EXPAND_HOLE '\0'

typedef enum lopt_variable lopt_variable_lookup(const void *context, struct lopt_str name, struct lopt_str *value);

struct lopt_expand {
	char escape;		      /* backslash or backtick */
	bool raw_quotes;	      /* keep quotes */
	bool raw_escapes;	      /* keep escape characters */
	bool keep_unset;	      /* leave $name of an unset variable as it is */
	lopt_variable_lookup *lookup; /* NULL: every variable is unset */
	const void *context;
	size_t *pattern_steps; /* what is left of LOPT_EXPAND_PATTERN_STEPS for several words; NULL: each has all */
};

/**
 * Expand one word, blanks inside included; appends to `out`. LOPT_E_INPUT where the builder would stop,
 * LOPT_E_LIMIT beyond a ceiling above.
 */
LOPT_CHECKED enum lopt_status lopt_expand_word(struct lopt_buf *out, const struct lopt_expand *how,
					       struct lopt_str word, struct lopt_error *err);

/** Expand and split at unquoted blanks. The words are copies in the arena. */
LOPT_CHECKED enum lopt_status lopt_expand_words(struct lopt_arena *arena, const struct lopt_str **words, size_t *count,
						const struct lopt_expand *how, struct lopt_str text,
						struct lopt_error *err);

/** Append, or LOPT_E_LIMIT where the buffer may not grow that far. */
LOPT_CHECKED enum lopt_status lopt_expand_add(struct lopt_buf *out, struct lopt_str text, struct lopt_error *err);

/* How a pattern takes part of a value away. */
enum lopt_trim {
	LOPT_TRIM_PREFIX, /* #, ## */
	LOPT_TRIM_SUFFIX, /* %, %% */
};
/**
 * Append `value` without what `pattern` matches at its start or end, the longest match when `greedy`;
 * `steps` is what pattern and value may cost, and is taken from.
 */
LOPT_CHECKED enum lopt_status lopt_pattern_trim(struct lopt_buf *out, struct lopt_str value, struct lopt_str pattern,
						enum lopt_trim trim, bool greedy, size_t *steps,
						struct lopt_error *err);
/** Append `value` with the first match of `pattern`, or every one, replaced; $0 in `replacement` of all is the match. */
LOPT_CHECKED enum lopt_status lopt_pattern_replace(struct lopt_buf *out, struct lopt_str value, struct lopt_str pattern,
						   struct lopt_str replacement, bool all, size_t *steps,
						   struct lopt_error *err);

#endif
