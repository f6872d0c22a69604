/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_GLOB_H
#define LAYEROPT_ADVICE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "layeropt/status.h"

/*
 * Paths of a build context against what COPY and .dockerignore say of them: Go's filepath.Match a component, and "**"
 * for any number of components. Inner to this room.
 */

enum {
	LOPT_IGNORE_BYTES_MAX = 1 << 20,
	LOPT_IGNORE_PATTERNS_MAX = 1024,
	LOPT_GLOB_STEPS = 200 << 20, /* pattern characters times path characters, of all questions together */
};

/**
 * Whether the pattern matches the path or a directory above it. Both are clean and relative: lopt_glob_clean(). `steps` is
 * taken from; at 0 the answer means nothing.
 */
bool lopt_glob_covers(struct lopt_str pattern, struct lopt_str path, size_t *steps);

/** Without "." and "..", without slashes in front and behind; "" is everything. ptr is NULL without memory. */
struct lopt_str lopt_glob_clean(struct lopt_arena *arena, struct lopt_str pattern);

struct lopt_ignore {
	struct lopt_ignore_pattern {
		struct lopt_str pattern;
		bool back; /* "!": what it matches is in again */
	} * list;
	size_t count;
};

/** Read the text of a .dockerignore; patterns go to the arena. LOPT_E_LIMIT beyond a ceiling above. */
LOPT_CHECKED enum lopt_status lopt_ignore_read(struct lopt_ignore *out, struct lopt_arena *arena, struct lopt_str text,
					       struct lopt_error *err);
/** Whether the build context goes without this path. */
bool lopt_ignore_excludes(const struct lopt_ignore *ignore, struct lopt_str path, size_t *steps);

#endif
