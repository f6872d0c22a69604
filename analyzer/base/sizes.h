/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_SIZES_H
#define LAYEROPT_BASE_SIZES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Which sizes of files occur more than once: only those files can have equal contents. Sizes are above 0. Several
 * threads may add at once.
 */
struct lopt_sizes {
	pthread_mutex_t lock;
	uint64_t *slots; /* open addressing; 0 is free, the top bit says "more than once" */
	size_t cap;	 /* a power of two, or 0 */
	size_t used;
};

void lopt_sizes_init(struct lopt_sizes *sizes);
void lopt_sizes_release(struct lopt_sizes *sizes);
/** Add one; *again says whether this size had been added before. False when memory is exhausted. */
bool lopt_sizes_add(struct lopt_sizes *sizes, uint64_t size, bool *again);
/** Whether a size was added more than once. Not while others add. */
bool lopt_sizes_repeats(const struct lopt_sizes *sizes, uint64_t size);

#endif
