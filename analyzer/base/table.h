/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_TABLE_H
#define LAYEROPT_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layeropt/str.h"

/**
 * A hash table from (number, bytes) to a 32-bit value, keyed with a random key per process, so that no
 * input can make it slow. Open addressing; the table stores hashes and values, never keys: the owner
 * keeps the keys and compares them through `match`. Iteration order means nothing and is not offered.
 */
struct lopt_table {
	struct lopt_table_slot *slots;
	size_t cap;  /* a power of two, or 0 */
	size_t used; /* live and deleted slots */
	size_t live;
};

typedef bool lopt_table_match(const void *owner, uint32_t value, uint64_t number, struct lopt_str key);

#define LOPT_TABLE_NONE UINT32_MAX
#define LOPT_TABLE_MAX (UINT32_MAX - 2) /* largest value that can be stored */

void lopt_table_release(struct lopt_table *table);
/** A table of the same entries. False when memory is exhausted. */
bool lopt_table_copy(struct lopt_table *out, const struct lopt_table *from);
/** The value of the key, or LOPT_TABLE_NONE. */
uint32_t lopt_table_find(const struct lopt_table *table, uint64_t number, struct lopt_str key, lopt_table_match *match,
			 const void *owner);
/** Insert a key known to be absent. False when memory is exhausted or `value` is above LOPT_TABLE_MAX. */
bool lopt_table_insert(struct lopt_table *table, uint64_t number, struct lopt_str key, uint32_t value);
/** Remove the entry of this key that has this value; it has to be there. */
void lopt_table_remove(struct lopt_table *table, uint64_t number, struct lopt_str key, uint32_t value);

/** SipHash-1-3 of (number, bytes) with the process's key. */
uint64_t lopt_hash(uint64_t number, struct lopt_str bytes);

#endif
