/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_COMMAND_H
#define LAYEROPT_ADVICE_COMMAND_H

#include "advice/stage.h"

/*
 * What the text of a RUN tells of what it does. No shell is imitated: words are taken for more than they are rather than for
 * less. Inner to this room.
 */

enum {
	LOPT_COMMAND_WORDS_MAX = 4096,
	LOPT_COMMAND_BYTES_MAX = 256 << 10, /* of all words of one RUN */
};

struct lopt_command_word {
	struct lopt_str text; /* variables replaced; cut in front of what is not known or is a pattern */
	bool program;	      /* it stands where a program's name does */
	bool open;	      /* cut: it means what is in this directory */
};

struct lopt_command {
	const struct lopt_command_word *words;
	size_t count;
	bool simple; /* only programs that touch what they are told to, and what belongs to package managers */
	bool local;  /* and that give the same today and tomorrow: no network, no clock */
	bool apt;    /* uses apt or dpkg */
	bool moves;  /* changes its directory: relative paths are not what they seem */
	bool reads_environment; /* a program that hands on or shows variables it does not name */
	bool too_long;		/* not all words are there */
};

/** Words go to the arena. */
LOPT_CHECKED enum lopt_status lopt_command_read(struct lopt_command *out, struct lopt_arena *arena,
						const struct lopt_step *step, struct lopt_error *err);

/** Whether programs look at a variable of this name though nobody mentions it: PATH, LANG, CFLAGS, http_proxy, ... */
bool lopt_variable_is_implicit(struct lopt_str name);

#endif
