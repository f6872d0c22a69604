/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_GIT_H
#define LAYEROPT_ADVICE_GIT_H

#include "base/buf.h"

/*
 * Questions to git about a repository that is not trusted: nothing its configuration names is run.
 */

enum { LOPT_GIT_ARGUMENTS_MAX = 32 };

/**
 * Append what "git -C DIRECTORY ARGUMENTS" prints; the list ends with NULL. LOPT_E_SYSTEM when git is not there or
 * fails, with its last line; LOPT_E_LIMIT when there is more than the buffer may hold.
 *
 * No pager, hook, external diff, text conversion, file system monitor, signature check or merge driver is started, and
 * nothing is fetched: a partial clone does without what it lacks. Locks are not taken, replacements not followed, and
 * variables like GIT_DIR that point git elsewhere do not count.
 */
LOPT_CHECKED enum lopt_status lopt_git_ask(struct lopt_buf *out, const char *directory, const char *const *arguments,
					   struct lopt_error *err);

#endif
