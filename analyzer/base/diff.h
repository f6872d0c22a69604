/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_DIFF_H
#define LAYEROPT_BASE_DIFF_H

#include "base/buf.h"

enum {
	LOPT_DIFF_LINES_MAX = 20000, /* of either text; beyond it, or ... */
	LOPT_DIFF_EDITS_MAX =
		2000, /* ... when more lines come and go, all between the first and the last difference is one hunk */
};

/**
 * Append what turns `old` into `new` as a unified diff with three lines of context, as diff -u and git write it; nothing
 * when they are equal. The names stand behind "--- " and "+++ " as they are and have no newline. Out of memory is
 * out->failed.
 */
void lopt_diff_write(struct lopt_buf *out, const char *old_name, const char *new_name, struct lopt_str old,
		     struct lopt_str new);

#endif
