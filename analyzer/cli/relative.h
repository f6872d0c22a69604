/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_RELATIVE_H
#define LAYEROPT_CLI_RELATIVE_H

#include <stdbool.h>

#include "base/buf.h"

/**
 * Append `name`, seen from the working directory, as it is seen from the folder of `file`. Both are relative and taken by
 * their text; false, and nothing appended, where that does not tell: one of them is absolute, or the way up is not known.
 */
LOPT_CHECKED bool lopt_relative(struct lopt_buf *out, const char *name, const char *file);

#endif
