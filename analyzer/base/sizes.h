/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_SIZES_H
#define LAYEROPT_BASE_SIZES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * How often each size of a file occurs: only files of one size can have equal contents. Sizes are above 0 and below 2^62.
 * Several threads may add at once.
 */
struct lopt_sizes {
	pthread_mutex_t lock;
	uint64_t *slots; /* open addressing; 0 is free, the two top bits count up to 3 */
	size_t cap;	 /* a power of two, or 0 */
	size_t used;
};

void lopt_sizes_init(struct lopt_sizes *sizes);
void lopt_sizes_release(struct lopt_sizes *sizes);
/** Add one; *again says whether this size had been added before. False when memory is exhausted. */
bool lopt_sizes_add(struct lopt_sizes *sizes, uint64_t size, bool *again);
/** How often a size was added: 0, 1, 2, or 3 for more. Not while others add. */
unsigned lopt_sizes_count(const struct lopt_sizes *sizes, uint64_t size);

#endif
