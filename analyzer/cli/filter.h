/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_FILTER_H
#define LAYEROPT_CLI_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "layeropt/status.h"

/** seccomp is compiled in, and this kernel has it. */
bool lopt_filter_is_there(void);
/** ", libseccomp N", or nothing. */
void lopt_filter_print_library(FILE *to);

/** What the filter has to leave open beyond reading and writing what is open, memory and threads. */
struct lopt_filter_needs {
	bool opens_files; /* for reading */
	const int *children;
	size_t child_count; /* leaders of process groups that may be killed */
};

/**
 * Let the kernel check every system call from now on, for all threads: what reading an image takes passes; starting a program
 * or a process, sockets, opening for writing and changing names raise SIGSYS, for which a handler has to be there by
 * then; anything else fails. There is no way back.
 */
LOPT_CHECKED enum lopt_status lopt_filter_enter(const struct lopt_filter_needs *needs, struct lopt_error *err);

#endif
