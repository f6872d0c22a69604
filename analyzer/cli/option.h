/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_OPTION_H
#define LAYEROPT_CLI_OPTION_H

#include <stddef.h>
#include <stdio.h>

#include "base/suggest.h"
#include "layeropt/status.h"

/**
 * One option of a command. The table of a command is what its arguments are parsed by and what its --help is
 * printed from. A row without a name ends a table.
 */
struct lopt_option {
	const char *name;     /* without "--" */
	int letter;	      /* or 0 */
	int id;		      /* for the command's own switch; at least LOPT_OPTION_FIRST */
	const char *argument; /* as --help shows it; NULL: it takes none */
	const char *what;     /* for --help; broken into lines there */
};

enum {
	LOPT_OPTION_HELP = 1,
	LOPT_OPTION_FIRST,
	LOPT_OPTIONS_MAX = 64,
};

/** Takes one option, or an operand (`id` 0). Failures are LOPT_E_USAGE. */
typedef enum lopt_status lopt_option_take(void *context, int id, const char *value, struct lopt_error *err);

/** Parse argv[1...]; options and operands may be mixed. Names are written in full. */
LOPT_CHECKED enum lopt_status lopt_options_parse(const struct lopt_option *table, int argc, char **argv,
						 lopt_option_take *take, void *context, struct lopt_error *err);

/** The rows of the table for --help, within 80 columns. */
void lopt_options_print(FILE *to, const struct lopt_option *table);

/** Text from this column on, broken at spaces within 79 columns; the first line is already that far. */
void lopt_help_wrap(FILE *to, const char *text, size_t column);

/** Words that option `id` (0: an operand) takes, where they are known; NULL past the last, and for all others. */
typedef const char *lopt_option_words(int id, size_t index);

/** The word at this index of a list that ends with NULL; NULL past the last. */
const char *lopt_word_at(const char *const words[], size_t index);

#endif
