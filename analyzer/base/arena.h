/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_ARENA_H
#define LAYEROPT_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "layeropt/str.h"

/**
 * Memory that is given back all at once. Blocks grow from 4 KiB to 1 MiB; the sum of what was asked for
 * never exceeds the ceiling. Not for use by two threads at a time.
 */
struct lopt_arena {
	struct lopt_arena_block *head;
	size_t used; /* bytes left out of `ceiling` so far, block headers included */
	size_t ceiling;
	size_t next; /* size of the next block */
};

void lopt_arena_init(struct lopt_arena *arena, uint64_t ceiling);
void lopt_arena_release(struct lopt_arena *arena);

/** `size` bytes aligned for any type, not cleared; NULL when memory or the ceiling is exhausted. */
void *lopt_arena_alloc(struct lopt_arena *arena, size_t size);
/** The same, zeroed; `count * size` is checked for overflow. */
void *lopt_arena_zalloc(struct lopt_arena *arena, size_t count, size_t size);
/** A NUL-terminated copy; `out->ptr` is NULL on failure. */
struct lopt_str lopt_arena_copy(struct lopt_arena *arena, struct lopt_str text);

#endif
