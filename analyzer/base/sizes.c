/* SPDX-License-Identifier: MIT */
#include "base/sizes.h"

#include <stdlib.h>

#include "base/table.h"

#define REPEATED (1ull << 63) /* one file is at most 2^62 bytes */

enum { CAP_MIN = 1024 };

void lopt_sizes_init(struct lopt_sizes *sizes)
{
	*sizes = (struct lopt_sizes){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

void lopt_sizes_release(struct lopt_sizes *sizes)
{
	free(sizes->slots);
	(void)pthread_mutex_destroy(&sizes->lock);
}

/* The slot of a size, or the free one where it belongs. */
static uint64_t *find(const struct lopt_sizes *sizes, uint64_t size)
{
	size_t at = (size_t)lopt_hash(size, (struct lopt_str){ NULL, 0 }) & (sizes->cap - 1);
	while (sizes->slots[at] && (sizes->slots[at] & ~REPEATED) != size)
		at = (at + 1) & (sizes->cap - 1);
	return &sizes->slots[at];
}

static bool make_room(struct lopt_sizes *sizes)
{
	if (sizes->used < sizes->cap / 2)
		return true;
	struct lopt_sizes more = { .cap = sizes->cap ? 2 * sizes->cap : CAP_MIN };
	more.slots = calloc(more.cap, sizeof *more.slots);
	if (!more.slots)
		return false;
	for (size_t i = 0; i < sizes->cap; i++)
		if (sizes->slots[i])
			*find(&more, sizes->slots[i] & ~REPEATED) = sizes->slots[i];
	free(sizes->slots);
	sizes->slots = more.slots;
	sizes->cap = more.cap;
	return true;
}

static bool add(struct lopt_sizes *sizes, uint64_t size, bool *again)
{
	if (!make_room(sizes))
		return false;
	uint64_t *slot = find(sizes, size);
	*again = *slot != 0;
	sizes->used += !*again;
	*slot = *again ? size | REPEATED : size;
	return true;
}

bool lopt_sizes_add(struct lopt_sizes *sizes, uint64_t size, bool *again)
{
	(void)pthread_mutex_lock(&sizes->lock);
	bool added = add(sizes, size, again);
	(void)pthread_mutex_unlock(&sizes->lock);
	return added;
}

bool lopt_sizes_repeats(const struct lopt_sizes *sizes, uint64_t size)
{
	return sizes->cap && (*find(sizes, size) & REPEATED);
}
