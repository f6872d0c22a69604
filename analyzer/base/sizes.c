/* SPDX-License-Identifier: MIT */
#include "base/sizes.h"

#include <stdlib.h>

#include "base/table.h"

#define ONE (1ull << 62)
#define SIZE_BITS (ONE - 1)

enum { CAP_MIN = 1024, COUNT_MAX = 3 };

static unsigned count_of(uint64_t slot)
{
	return (unsigned)(slot / ONE);
}

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
	while (sizes->slots[at] && (sizes->slots[at] & SIZE_BITS) != size)
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
			*find(&more, sizes->slots[i] & SIZE_BITS) = sizes->slots[i];
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
	if (!*again)
		*slot = size;
	if (count_of(*slot) < COUNT_MAX)
		*slot += ONE;
	return true;
}

bool lopt_sizes_add(struct lopt_sizes *sizes, uint64_t size, bool *again)
{
	(void)pthread_mutex_lock(&sizes->lock);
	bool added = add(sizes, size, again);
	(void)pthread_mutex_unlock(&sizes->lock);
	return added;
}

unsigned lopt_sizes_count(const struct lopt_sizes *sizes, uint64_t size)
{
	return sizes->cap ? count_of(*find(sizes, size)) : 0;
}
