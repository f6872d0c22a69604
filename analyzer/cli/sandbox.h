/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_SANDBOX_H
#define LAYEROPT_CLI_SANDBOX_H

#include <stdio.h>

#include "layeropt/image.h"

enum { LOPT_SANDBOX_SOURCES = 3 };

/**
 * Give up what reading these sources (at most LOPT_SANDBOX_SOURCES) and writing the outputs that are open do not take: see
 * layeropt(1), THE SANDBOX. To be called before there is a second thread. What the kernel does not offer is done without;
 * what it offers and does not grant is an error.
 */
LOPT_CHECKED enum lopt_status lopt_sandbox_enter(struct lopt_source *const sources[], size_t count,
						 struct lopt_error *err);

/** What it is made of on this machine, as a line. */
void lopt_sandbox_print(FILE *to);

#endif
