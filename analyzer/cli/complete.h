/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_COMPLETE_H
#define LAYEROPT_CLI_COMPLETE_H

#include "cli/command.h"

/**
 * What the last of these words of a command line may become, from the tables of commands and options, for the shells
 * and for docker's client. Printed as cobra's programs do: "WORD\tDESCRIPTION" lines, and at last ":N", a sum of
 * LOPT_COMPLETE_*. A value behind "--name=" comes without that. `words` are those behind the program's name.
 */
LOPT_CHECKED enum lopt_status lopt_complete(size_t count, char *const words[], struct lopt_error *err);

enum {
	LOPT_COMPLETE_NO_SPACE = 2,	/* the word goes on */
	LOPT_COMPLETE_NO_FILES = 4,	/* else names of files are possible, too */
	LOPT_COMPLETE_DIRECTORIES = 16, /* names of directories */
};

#endif
