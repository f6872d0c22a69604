/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_LANDLOCK_H
#define LAYEROPT_CLI_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "layeropt/status.h"

/** The version of Landlock's ABI this kernel offers; 0: none, or it is switched off. */
int lopt_landlock_version(void);

/**
 * From now on no file is opened, made, renamed or removed, but for reading those beneath `directories` (descriptors); and,
 * where the kernel has it, no TCP, no abstract socket and, unless `has_children`, no signal to another process. Descriptors
 * that are open stay as they are. For this thread and those it starts; there is no way back.
 */
LOPT_CHECKED enum lopt_status lopt_landlock_enter(const int *directories, size_t count, bool has_children,
						  struct lopt_error *err);

#endif
