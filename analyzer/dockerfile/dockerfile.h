/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_DOCKERFILE_H
#define LAYEROPT_DOCKERFILE_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "dockerfile/history.h"
#include "layeropt/status.h"

enum {
	LOPT_DOCKERFILE_BYTES_MAX = 8 << 20, /* one Dockerfile */
	LOPT_DOCKERFILE_LINE_MAX = 65535,    /* one physical line without its newline; BuildKit's own ceiling */
	LOPT_DOCKERFILE_ONBUILD_MAX = 16,    /* ONBUILD ONBUILD ...; builders refuse the second one */
};

/** One here-document of an instruction, in the order they were opened. */
struct lopt_heredoc {
	struct lopt_str name;	 /* without quotes */
	struct lopt_str content; /* raw bytes of the file, terminator left out */
	unsigned int fd;	 /* the number in front of <<, or 0 */
	bool expand;		 /* no part of the name was quoted */
	bool chomp;		 /* <<- */
};

/**
 * One instruction of a Dockerfile, read as BuildKit's parser reads it (moby/buildkit frontend/dockerfile/parser).
 * Slices live as long as the Dockerfile and its source.
 */
struct lopt_instruction {
	struct lopt_str keyword; /* lower case, in the arena */
	struct lopt_str
		source; /* its bytes in the file: first line to last, heredoc bodies included, without the last newline */
	struct lopt_str text;	  /* the logical line: continuations joined, comments inside them dropped */
	uint32_t line, last_line; /* from 1 */
	size_t stage;		  /* index of its build stage; SIZE_MAX before the first FROM */

	struct lopt_str args;	      /* the logical line behind keyword and flags, trimmed */
	const struct lopt_str *flags; /* "--chown=1:1", quotes and escapes removed */
	size_t flag_count;
	/* Arguments as the keyword takes them: words, the strings of a JSON array, one whole line, or for ENV and
	 * LABEL triples of name, value and "=" (or "" in the form without one). */
	const struct lopt_str *words;
	size_t word_count;
	bool json; /* the arguments are a JSON array of strings */
	const struct lopt_heredoc *heredocs;
	size_t heredoc_count;
	const struct lopt_instruction *trigger; /* what ONBUILD wraps; else NULL */
};

struct lopt_dockerfile;

/**
 * The source stays borrowed. What BuildKit's parser refuses is LOPT_E_INPUT, with "line N: " in front of the message;
 * an instruction nobody knows is kept, as BuildKit keeps it. On success the caller owns *out.
 */
LOPT_CHECKED enum lopt_status lopt_dockerfile_parse(struct lopt_dockerfile **out, struct lopt_str source,
						    struct lopt_error *err);
/**
 * What the parser keeps and no builder builds, LOPT_E_INPUT with "line N: " in front of the message: an instruction
 * nobody knows (unless a syntax directive names another frontend), one in front of the first FROM, a COPY of nothing.
 */
LOPT_CHECKED enum lopt_status lopt_dockerfile_check(const struct lopt_dockerfile *dockerfile, struct lopt_error *err);
void lopt_dockerfile_free(struct lopt_dockerfile *dockerfile);

size_t lopt_dockerfile_count(const struct lopt_dockerfile *dockerfile);
/** NULL past the last. */
const struct lopt_instruction *lopt_dockerfile_at(const struct lopt_dockerfile *dockerfile, size_t index);

/** The character that escapes and continues lines: a backslash, or a backtick where a directive says so. */
char lopt_dockerfile_escape(const struct lopt_dockerfile *dockerfile);
/** The value of the parser directive "syntax", "escape" or "check"; empty when the file has none. */
struct lopt_str lopt_dockerfile_directive(const struct lopt_dockerfile *dockerfile, const char *name);
/** The first line of a continuation that has an empty line inside (BuildKit warns of it), or 0. */
uint32_t lopt_dockerfile_empty_continuation(const struct lopt_dockerfile *dockerfile);

/** How well a history fits a Dockerfile. */
struct lopt_alignment {
	enum lopt_builder builder; /* of the entries the Dockerfile made */
	size_t matched;		   /* history entries that got a line */
	size_t base;		   /* history entries in front of them: the base image's */
	bool impossible; /* one layer for everything (buildah without --layers, kaniko --single-snapshot), or nothing fits */
	const char *reason; /* why, in words, when impossible; a literal */
};

/**
 * The Dockerfile line of each history entry: lines[i] is the first line of the instruction that made entry i, or 0. The
 * final stage chain (its FROM, the stages it is built on) is aligned to the end of the history by
 * type and text; where it cannot be known, or two instructions would fit as well, the line stays 0. Never guesses.
 */
LOPT_CHECKED enum lopt_status lopt_dockerfile_align(const struct lopt_dockerfile *dockerfile,
						    const struct lopt_history *history, size_t count, uint32_t *lines,
						    struct lopt_alignment *alignment, struct lopt_error *err);

#endif
