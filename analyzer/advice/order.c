/* SPDX-License-Identifier: MIT */
#include "advice/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/table.h"

/*
 * All sums are integers, microseconds times commits: orders of equal cost are then seen to be equal, whatever way they
 * were added up, and the result is the same everywhere.
 */

struct commit_kind {
	uint64_t items;
	uint64_t weight; /* commits that changed just these */
};

struct problem {
	const struct lopt_order_input *input;
	size_t count;
	uint64_t cost[LOPT_ORDER_ITEMS_MAX]; /* microseconds */
	struct commit_kind *kinds;
	size_t kind_count;
};

static void problem_release(struct problem *p)
{
	free(p->kinds);
}

static uint64_t bit(size_t item)
{
	return (uint64_t)1 << (item % LOPT_ORDER_ITEMS_MAX);
}

static int compare_kinds(const void *a, const void *b)
{
	const struct commit_kind *x = a, *y = b;
	return (x->items > y->items) - (x->items < y->items);
}

/* Commits that changed the same items are one, with a weight; those that changed none cost nothing. */
static enum lopt_status collect_kinds(struct problem *p, struct lopt_error *err)
{
	const struct lopt_order_input *input = p->input;
	uint64_t all = p->count == LOPT_ORDER_ITEMS_MAX ? UINT64_MAX : bit(p->count) - 1;
	p->kinds = calloc(input->commit_count + 1, sizeof *p->kinds);
	if (!p->kinds)
		return lopt_error_memory(err);
	size_t count = 0;
	for (size_t t = 0; t < input->commit_count; t++)
		if (input->commits[t] & all)
			p->kinds[count++] = (struct commit_kind){ input->commits[t] & all, 1 };
	if (count)
		qsort(p->kinds, count, sizeof *p->kinds, compare_kinds);
	for (size_t i = 0; i < count; i++) {
		if (p->kind_count && p->kinds[p->kind_count - 1].items == p->kinds[i].items)
			p->kinds[p->kind_count - 1].weight++;
		else
			p->kinds[p->kind_count++] = p->kinds[i];
	}
	return LOPT_OK;
}

/* How many commits changed something of the set. */
static uint64_t touched(const struct problem *p, uint64_t set)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < p->kind_count; i++)
		if (p->kinds[i].items & set)
			sum += p->kinds[i].weight;
	return sum;
}

static uint64_t cost_of(const struct problem *p, const size_t *order)
{
	uint64_t sum = 0, set = 0;
	for (size_t i = 0; i < p->count; i++) {
		set |= bit(order[i]);
		sum += p->cost[order[i]] * touched(p, set);
	}
	return sum;
}

/* ---- the best of all orders */

/* One set that is closed under "must come before". */
struct ideal {
	uint64_t rest; /* what it costs at least to put the remaining items behind it */
	uint64_t weight;
	uint64_t set;
	uint32_t next; /* the item to put there */
};

struct ideals {
	struct ideal *list; /* by size */
	size_t count, cap, max;
	uint32_t *dense; /* by set: its index, from 1; NULL: it is in the table */
	struct lopt_table sparse;
};

static void ideals_release(struct ideals *ideals)
{
	free(ideals->list);
	free(ideals->dense);
	lopt_table_release(&ideals->sparse);
}

static bool same_set(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)key;
	const struct ideals *ideals = owner;
	return ideals->list[value].set == number;
}

/* Its index, or LOPT_TABLE_NONE. */
static uint32_t find_ideal(const struct ideals *ideals, uint64_t set)
{
	if (ideals->dense)
		return ideals->dense[set] ? ideals->dense[set] - 1 : LOPT_TABLE_NONE;
	return lopt_table_find(&ideals->sparse, set, lopt_str_make(NULL, 0), same_set, ideals);
}

static bool may_follow(const struct problem *p, uint64_t set, size_t item)
{
	return !(set & bit(item)) && (p->input->before[item] & ~set) == 0;
}

static bool add_ideal(struct ideals *ideals, uint64_t set)
{
	struct ideal *list = lopt_grow(ideals->list, &ideals->cap, ideals->count + 1, sizeof *list);
	if (!list)
		return false;
	ideals->list = list;
	list[ideals->count++] = (struct ideal){ .set = set };
	if (!ideals->dense)
		return lopt_table_insert(&ideals->sparse, set, lopt_str_make(NULL, 0), (uint32_t)ideals->count - 1);
	ideals->dense[set] = (uint32_t)ideals->count;
	return true;
}

/* Breadth first, so that a set stands behind all that it can be made from. LOPT_E_LIMIT when there are too many. */
static enum lopt_status enumerate(const struct problem *p, struct ideals *ideals, struct lopt_error *err)
{
	bool dense = p->count <= LOPT_ORDER_DENSE_MAX;
	if (dense)
		ideals->dense = calloc((size_t)1 << p->count, sizeof *ideals->dense);
	if ((dense && !ideals->dense) || !add_ideal(ideals, 0))
		return lopt_error_memory(err);
	for (size_t at = 0; at < ideals->count; at++) {
		uint64_t set = ideals->list[at].set;
		ideals->list[at].weight = touched(p, set);
		for (size_t item = 0; item < p->count; item++) {
			uint64_t larger = set | bit(item);
			if (!may_follow(p, set, item) || find_ideal(ideals, larger) != LOPT_TABLE_NONE)
				continue;
			if (ideals->count == ideals->max)
				return LOPT_E_LIMIT;
			if (!add_ideal(ideals, larger))
				return lopt_error_memory(err);
		}
	}
	return LOPT_OK;
}

/* From the full set down. The first of equally good items is taken: it keeps the given order longest. */
static void evaluate(const struct problem *p, struct ideals *ideals)
{
	for (size_t at = ideals->count - 1; at-- > 0;) {
		struct ideal *ideal = &ideals->list[at];
		ideal->rest = UINT64_MAX;
		for (size_t item = 0; item < p->count; item++) {
			if (!may_follow(p, ideal->set, item))
				continue;
			const struct ideal *larger = &ideals->list[find_ideal(ideals, ideal->set | bit(item))];
			uint64_t rest = p->cost[item] * larger->weight + larger->rest;
			if (rest < ideal->rest) {
				ideal->rest = rest;
				ideal->next = (uint32_t)item;
			}
		}
	}
}

static enum lopt_status search_all(const struct problem *p, size_t *order, struct lopt_error *err)
{
	LOPT_CLEANUP(ideals_release)
	struct ideals ideals = { .max = p->input->ideals_max };
	if (!ideals.max)
		ideals.max = p->count <= LOPT_ORDER_DENSE_MAX ? LOPT_ORDER_IDEALS_MAX : LOPT_ORDER_SPARSE_MAX;
	LOPT_TRY(enumerate(p, &ideals, err));
	if (!ideals.list)
		return lopt_error_memory(err);
	evaluate(p, &ideals);
	uint64_t set = 0;
	for (size_t i = 0; i < p->count; i++) {
		order[i] = ideals.list[find_ideal(&ideals, set)].next;
		set |= bit(order[i]);
	}
	return LOPT_OK;
}

/* ---- a good order, where there are too many */

/* Whether a goes in front of b: p / (c (1 - p)) is lower, compared without dividing. Equal ones stay. */
static bool goes_first(const struct problem *p, size_t a, size_t b)
{
	uint64_t all = p->input->commit_count;
	uint64_t changed_a = touched(p, bit(a)), changed_b = touched(p, bit(b));
	double left = (double)changed_a * ((double)p->cost[b] * (double)(all - changed_b));
	double right = (double)changed_b * ((double)p->cost[a] * (double)(all - changed_a));
	return left < right;
}

static void take_by_index(const struct problem *p, size_t *order)
{
	uint64_t set = 0;
	for (size_t i = 0; i < p->count; i++) {
		size_t best = SIZE_MAX;
		for (size_t item = 0; item < p->count; item++)
			if (may_follow(p, set, item) && (best == SIZE_MAX || goes_first(p, item, best)))
				best = item;
		order[i] = best;
		set |= bit(best);
	}
}

/* What the two items cost behind `set`, `first` in front of `second`. */
static uint64_t pair_cost(const struct problem *p, uint64_t set, size_t first, size_t second)
{
	uint64_t both = set | bit(first) | bit(second);
	return p->cost[first] * touched(p, set | bit(first)) + p->cost[second] * touched(p, both);
}

static void move_item(size_t *order, size_t from, size_t to)
{
	size_t item = order[from];
	if (from < to)
		memmove(order + from, order + from + 1, (to - from) * sizeof *order);
	else
		memmove(order + to + 1, order + to, (from - to) * sizeof *order);
	order[to] = item;
}

static uint64_t set_of(const size_t *order, size_t count)
{
	uint64_t set = 0;
	for (size_t i = 0; i < count; i++)
		set |= bit(order[i]);
	return set;
}

/* Let an item slide towards the end while it may, and leave it where the sum was lowest. */
static bool slide_back(const struct problem *p, size_t *order, size_t from)
{
	size_t item = order[from], best = from;
	uint64_t set = set_of(order, from), loss = 0, gain = 0, lead = 0;
	for (size_t to = from + 1; to < p->count && !(p->input->before[order[to]] & bit(item)); to++) {
		loss += pair_cost(p, set, order[to], item);
		gain += pair_cost(p, set, item, order[to]);
		set |= bit(order[to]);
		if (gain > loss && gain - loss > lead) {
			lead = gain - loss;
			best = to;
		}
	}
	move_item(order, from, best);
	return best != from;
}

/* The same towards the front. */
static bool slide_forward(const struct problem *p, size_t *order, size_t from)
{
	size_t item = order[from], best = from;
	uint64_t set = set_of(order, from), loss = 0, gain = 0, lead = 0;
	for (size_t to = from; to > 0 && !(p->input->before[item] & bit(order[to - 1])); to--) {
		set &= ~bit(order[to - 1]);
		loss += pair_cost(p, set, item, order[to - 1]);
		gain += pair_cost(p, set, order[to - 1], item);
		if (gain > loss && gain - loss > lead) {
			lead = gain - loss;
			best = to - 1;
		}
	}
	move_item(order, from, best);
	return best != from;
}

static void improve(const struct problem *p, size_t *order)
{
	enum { PASSES_MAX = 64 };
	bool moved = true;
	for (int pass = 0; pass < PASSES_MAX && moved; pass++) {
		moved = false;
		for (size_t i = 0; i < p->count; i++)
			moved |= slide_back(p, order, i);
		for (size_t i = p->count; i-- > 0;)
			moved |= slide_forward(p, order, i);
	}
}

/* From the index and from the given order; the latter when neither is better. */
static void search_near(const struct problem *p, size_t *order)
{
	size_t other[LOPT_ORDER_ITEMS_MAX];
	memcpy(other, order, sizeof other);
	take_by_index(p, other);
	improve(p, other);
	improve(p, order);
	if (cost_of(p, other) < cost_of(p, order))
		memcpy(order, other, p->count * sizeof *order);
}

/* ---- both */

static enum lopt_status check(const struct lopt_order_input *input, struct lopt_error *err)
{
	if (input->count > LOPT_ORDER_ITEMS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "more than %d items to order", LOPT_ORDER_ITEMS_MAX);
	if (input->commit_count > LOPT_ORDER_COMMITS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "more than %d commits to order by", LOPT_ORDER_COMMITS_MAX);
	for (size_t i = 0; i < input->count; i++)
		if (input->before[i] & ~(bit(i) - 1))
			return lopt_error_set(err, LOPT_E_USAGE, "item %zu must follow a later one", i);
	return LOPT_OK;
}

static uint64_t microseconds(double seconds)
{
	if (!(seconds > 0))
		return 0;
	return (uint64_t)((seconds < LOPT_ORDER_SECONDS_MAX ? seconds : LOPT_ORDER_SECONDS_MAX) * 1e6);
}

static double average(const struct problem *p, uint64_t cost)
{
	size_t commits = p->input->commit_count;
	return commits ? (double)cost / 1e6 / (double)commits : 0;
}

enum lopt_status lopt_order_find(struct lopt_order *out, const struct lopt_order_input *input, struct lopt_error *err)
{
	LOPT_CLEANUP(problem_release) struct problem p = { .input = input, .count = input->count };
	LOPT_TRY(check(input, err));
	LOPT_TRY(collect_kinds(&p, err));
	*out = (struct lopt_order){ .exact = false };
	for (size_t i = 0; i < p.count; i++) {
		p.cost[i] = microseconds(input->seconds[i]);
		out->items[i] = i;
	}
	out->before = average(&p, cost_of(&p, out->items));
	enum lopt_status status = search_all(&p, out->items, err);
	if (status != LOPT_OK && status != LOPT_E_LIMIT)
		return status;
	out->exact = status == LOPT_OK;
	if (!out->exact)
		search_near(&p, out->items);
	out->after = average(&p, cost_of(&p, out->items));
	return LOPT_OK;
}
