/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_ORDER_H
#define LAYEROPT_ADVICE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layeropt/status.h"

/*
 * In which order instructions are rebuilt least. A commit rebuilds everything from the first instruction it changes
 * on, so an order costs, on average over the commits, the sum of each item's seconds times the share of commits
 * that change it or something in front of it. That share depends on the set in front only, not on its order: the best
 * order is a shortest path through the sets that are closed under "must come before".
 */

enum {
	LOPT_ORDER_ITEMS_MAX = 64,
	LOPT_ORDER_DENSE_MAX = 24,	  /* items up to which there is room for every set of them */
	LOPT_ORDER_IDEALS_MAX = 1 << 20,  /* sets visited, about 40 bytes each */
	LOPT_ORDER_SPARSE_MAX = 1 << 18,  /* of more items: precedence often leaves few sets even then */
	LOPT_ORDER_COMMITS_MAX = 10000,	  /* with these ceilings no sum leaves 64 bits */
	LOPT_ORDER_SECONDS_MAX = 1000000, /* of one item; more counts as this much, less than nothing as nothing */
};

struct lopt_order_input {
	size_t count; /* items; item i is the i-th of the given order */
	const double *seconds;
	const uint64_t *before;	 /* before[i]: the items that must come before i, all of them below i */
	const uint64_t *commits; /* commits[t]: the items that commit t changed */
	size_t commit_count;
	size_t ideals_max; /* 0: LOPT_ORDER_IDEALS_MAX, or LOPT_ORDER_SPARSE_MAX */
};

struct lopt_order {
	size_t items[LOPT_ORDER_ITEMS_MAX]; /* in the order found */
	double before, after; /* seconds a commit costs on average, in the given order and in the one found */
	bool exact;	      /* no order is better */
};

/**
 * Of equally good orders the exact search returns the one that keeps the given order longest. Where there are more
 * sets than the ceilings allow, items are taken by p / (c (1 - p)), lowest first, as what must come before allows, p
 * being the share of commits that change one and c its seconds, and then moved while that helps; the result is never
 * worse than the given order. Same input, same order. LOPT_E_USAGE for an input beyond the ceilings, or a `before`
 * that the given order breaks.
 */
LOPT_CHECKED enum lopt_status lopt_order_find(struct lopt_order *out, const struct lopt_order_input *input,
					      struct lopt_error *err);

#endif
