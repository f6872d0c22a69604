/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_SHELL_H
#define LAYEROPT_DOCKERFILE_SHELL_H

#include "dockerfile/dockerfile.h"

enum {
	LOPT_SHELL_BYTES_MAX = 128 << 10, /* of one command line; the kernel hands no longer one to a shell */
	LOPT_SHELL_DEPTH_MAX = 64,	  /* compounds, substitutions and quotes inside each other */
};

struct lopt_shell_word {
	/* Without quotes and escapes; $name, $(...) and `...` as they are written. */
	struct lopt_str text;
	bool literal;	/* no $, `...`, unquoted pattern or brace, or leading ~: it means what `text` says */
	bool glob;	/* literal but for unquoted * ? [ */
	size_t at, end; /* bytes of instruction->source, continuations inside included */
};

enum lopt_shell_join {
	LOPT_SHELL_FIRST,      /* nothing: it begins a list */
	LOPT_SHELL_AND,	       /* && */
	LOPT_SHELL_OR,	       /* || */
	LOPT_SHELL_SEQUENCE,   /* ; */
	LOPT_SHELL_PIPE,       /* | */
	LOPT_SHELL_BACKGROUND, /* & */
	LOPT_SHELL_END,	       /* nothing: it ends a list, perhaps with a semicolon */
};

/** A simple command. Reserved words ("if", "{", "do") are none of it; "!", "time", "env", "sudo" are words as written. */
struct lopt_shell_command {
	const struct lopt_shell_word *words; /* assignments in front and redirections left out */
	size_t word_count;
	size_t assignments; /* NAME=value in front */
	bool redirected;
	enum lopt_shell_join join; /* what stands in front of it */
	enum lopt_shell_join next; /* what stands behind it */
	unsigned int depth;	   /* ( ), { }, if, for, while, case, function, $( ) and `...` around it */
	bool subshell;		   /* one of them is ( ), $( ) or `...`: what it changes ends there */
	bool substituted;	   /* one of them is $( ) or `...`: it makes a part of a word */
	size_t at, end;		   /* bytes of instruction->source, assignments and redirections included */
};

/**
 * The text of a shell-form instruction, read as POSIX shells read it: whoever asks knows that no SHELL instruction says
 * otherwise. Commands come in the order they begin. Slices live in the arena.
 */
struct lopt_shell {
	/* False for the exec form, a here-document, quotes that do not pair, [[ a && b ]], and what else this reader does
	 * not follow; then count is 0 and open_ended and leaks are set. */
	bool understood;
	const struct lopt_shell_command *commands;
	size_t count;
	/* All at depth 0 (but for $( ) in words) and stopping at the first that fails: joined by && only, or by ; and a
	 * leading "set -e". */
	bool chain;
	/* " && x" at the end of the text would not run x behind it: a comment, ; or & stands there, or `escapes`. */
	bool open_ended;
	bool escapes; /* exit, return, exec, trap or a & outside of a subshell: what stands behind may not run, or not after it */
	/* cd, set, export, umask, an assignment alone, a function, ...: something that a later command of the same shell
	 * would feel, or a name that is not literal and so may be one of these. */
	bool leaks;
	bool leaks_options;  /* all that it leaks is its first command, a "set" */
	bool errexit;	     /* "set -e" outside of a subshell; ignored by shells in front of && and || */
	bool errexit_inside; /* the same in a subshell */
	bool loose;	    /* ||, ; or & between its commands at depth 0: " && " in front of it takes only the first */
	bool functions;	    /* defines functions */
	bool last_compound; /* ends in a compound command */
	bool last_list;	    /* what stands behind the last ; is several pipelines joined by && or ||, or negated */
	size_t at, end;	    /* the text in instruction->source, comment and last ; left out */
};

LOPT_CHECKED enum lopt_status lopt_shell_read(struct lopt_shell *out, struct lopt_arena *arena,
					      const struct lopt_instruction *run, char escape, struct lopt_error *err);

#endif
