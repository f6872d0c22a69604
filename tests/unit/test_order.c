/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advice/order.h"

enum { COMMITS = 30 };

static struct lopt_error err;

/* An instance, and a second computation of what an order of it costs. */
struct instance {
	size_t count;
	double seconds[LOPT_ORDER_ITEMS_MAX];
	uint64_t before[LOPT_ORDER_ITEMS_MAX], commits[COMMITS];
};

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void draw_instance(struct instance *x, uint64_t *seed, size_t count, unsigned edge_percent)
{
	*x = (struct instance){ .count = count };
	for (size_t i = 0; i < count; i++) {
		x->seconds[i] = (double)(draw(seed) % 50) / 4;
		for (size_t j = 0; j < i; j++)
			if (draw(seed) % 100 < edge_percent)
				x->before[i] |= (uint64_t)1 << j;
		unsigned percent = (unsigned)(draw(seed) % 40);
		for (size_t t = 0; t < COMMITS; t++)
			if (draw(seed) % 100 < percent)
				x->commits[t] |= (uint64_t)1 << i;
	}
}

/* Commit by commit: everything from the first changed item on. */
static double cost(const struct instance *x, const size_t *order)
{
	double sum = 0;
	for (size_t t = 0; t < COMMITS; t++) {
		bool stale = false;
		for (size_t i = 0; i < x->count; i++) {
			stale |= (x->commits[t] >> order[i]) & 1;
			sum += stale ? x->seconds[order[i]] : 0;
		}
	}
	return sum / COMMITS;
}

static bool is_order(const struct instance *x, const size_t *order)
{
	uint64_t set = 0;
	for (size_t i = 0; i < x->count; i++) {
		if (order[i] >= x->count || (set >> order[i]) & 1 || x->before[order[i]] & ~set)
			return false;
		set |= (uint64_t)1 << order[i];
	}
	return true;
}

static bool next_permutation(size_t *order, size_t count)
{
	size_t i = count, j = count;
	while (i > 1 && order[i - 2] > order[i - 1])
		i--;
	if (i < 2)
		return false;
	while (order[j - 1] < order[i - 2])
		j--;
	for (size_t a = i - 2, b = j - 1, first = 1; first || a < b;
	     a = first ? i - 1 : a + 1, b = first ? count - 1 : b - 1, first = 0) {
		size_t item = order[a];
		order[a] = order[b];
		order[b] = item;
	}
	return true;
}

/* The first of the best orders, in the order permutations are counted: the one that keeps the given order longest. */
static double brute_force(const struct instance *x, size_t *best)
{
	size_t order[LOPT_ORDER_ITEMS_MAX];
	double lowest = INFINITY;
	for (size_t i = 0; i < x->count; i++)
		order[i] = i;
	do {
		double sum = is_order(x, order) ? cost(x, order) : INFINITY;
		if (sum < lowest - 1e-9) {
			lowest = sum;
			memcpy(best, order, sizeof order);
		}
	} while (next_permutation(order, x->count));
	return lowest;
}

static struct lopt_order find(const struct instance *x, size_t ideals_max)
{
	const struct lopt_order_input input = {
		.count = x->count,
		.seconds = x->seconds,
		.before = x->before,
		.commits = x->commits,
		.commit_count = COMMITS,
		.ideals_max = ideals_max,
	};
	struct lopt_order order;
	if (lopt_order_find(&order, &input, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	assert_true(is_order(x, order.items));
	assert_true(fabs(order.after - cost(x, order.items)) < 1e-9);
	assert_true(order.after <= order.before);
	return order;
}

static void finds_what_brute_force_finds(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int round = 0; round < 300; round++) {
		struct instance x;
		size_t best[LOPT_ORDER_ITEMS_MAX] = { 0 };
		draw_instance(&x, &seed, (size_t)(round % 7) + 1, (unsigned)(round % 4) * 15);
		struct lopt_order order = find(&x, 0);
		assert_true(order.exact);
		assert_true(fabs(order.after - brute_force(&x, best)) < 1e-9);
		assert_memory_equal(order.items, best, x.count * sizeof best[0]);
	}
}

/* Every combination of changes once, weighted by hand, so that items are independent: then p / (c (1 - p)) rules. */
static void sorts_independent_items_by_their_index(void **state)
{
	(void)state;
	enum { ITEMS = 4 };
	static const unsigned changed[ITEMS] = { 3, 1, 2, 1 }; /* of 4 */
	static const double seconds[ITEMS] = { 2, 3, 40, 50 };
	uint64_t commits[256] = { 0 }, before[ITEMS] = { 0 };
	for (unsigned t = 0; t < 256; t++)
		for (unsigned i = 0; i < ITEMS; i++)
			if ((t >> (2 * i) & 3) < changed[i])
				commits[t] |= (uint64_t)1 << i;
	const struct lopt_order_input input = { ITEMS, seconds, before, commits, 256, 0 };
	struct lopt_order order;
	assert_int_equal(lopt_order_find(&order, &input, &err), LOPT_OK);
	for (size_t i = 1; i < ITEMS; i++) {
		size_t a = order.items[i - 1], b = order.items[i];
		double left = changed[a] / (seconds[a] * (4 - changed[a]));
		double right = changed[b] / (seconds[b] * (4 - changed[b]));
		assert_true(left <= right);
	}
}

static void is_never_worse_when_it_may_not_look_at_everything(void **state)
{
	(void)state;
	uint64_t seed = 7;
	for (int round = 0; round < 60; round++) {
		struct instance x;
		draw_instance(&x, &seed, (size_t)(round % 12) + 5, (unsigned)(round % 3) * 10);
		double best = find(&x, 0).after;
		struct lopt_order order = find(&x, 3);
		assert_false(order.exact);
		assert_true(order.after >= best - 1e-9);
	}
	for (int round = 0; round < 20; round++) {
		struct instance x;
		draw_instance(&x, &seed, LOPT_ORDER_ITEMS_MAX - (size_t)round, 5);
		assert_false(find(&x, 1000).exact);
	}
}

/* Pairs in a row: few sets however many items. Each pair is turned when that is better. */
static void many_items_in_few_sets_are_exact(void **state)
{
	(void)state;
	struct instance x = { .count = LOPT_ORDER_ITEMS_MAX };
	for (size_t i = 0; i < x.count; i++) {
		x.seconds[i] = i % 2 ? 60 : 1;
		x.before[i] = ((uint64_t)1 << (i / 2 * 2)) - 1;
		x.commits[i % COMMITS] |= (uint64_t)(i % 4 == 0) << i;
	}
	struct lopt_order order = find(&x, 0);
	assert_true(order.exact);
	assert_true(order.after < order.before);
	for (size_t i = 0; i < x.count; i++)
		assert_int_equal(order.items[i] / 2, i / 2);
	assert_int_equal(order.items[0], 1);
	assert_int_equal(order.items[2], 2);
}

static void keeps_the_order_when_nothing_is_gained(void **state)
{
	(void)state;
	for (size_t ideals_max = 0; ideals_max < 2; ideals_max++) {
		struct instance x = { .count = 6, .seconds = { 1, 1, 1, 1, 1, 1 } };
		for (int changes = 0; changes < 2; changes++) {
			for (size_t t = 0; t < COMMITS; t++)
				x.commits[t] = changes ? 0x3f : 0;
			struct lopt_order order = find(&x, ideals_max);
			for (size_t i = 0; i < x.count; i++)
				assert_int_equal(order.items[i], i);
		}
	}
	assert_true(find(&(struct instance){ 0 }, 0).exact);
}

static void refuses_what_it_cannot_count(void **state)
{
	(void)state;
	const double seconds[2] = { NAN, INFINITY };
	uint64_t before[2] = { 0, 2 }, commits[1] = { 3 };
	struct lopt_order_input input = { 2, seconds, before, commits, 1, 0 };
	struct lopt_order order;
	assert_int_equal(lopt_order_find(&order, &input, &err), LOPT_E_USAGE);
	before[1] = 0;
	assert_int_equal(lopt_order_find(&order, &input, &err), LOPT_OK);
	assert_true(order.after == LOPT_ORDER_SECONDS_MAX);
	input.commit_count = LOPT_ORDER_COMMITS_MAX + 1;
	assert_int_equal(lopt_order_find(&order, &input, &err), LOPT_E_USAGE);
	input.count = LOPT_ORDER_ITEMS_MAX + 1;
	assert_int_equal(lopt_order_find(&order, &input, &err), LOPT_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_brute_force_finds),
		cmocka_unit_test(sorts_independent_items_by_their_index),
		cmocka_unit_test(is_never_worse_when_it_may_not_look_at_everything),
		cmocka_unit_test(many_items_in_few_sets_are_exact),
		cmocka_unit_test(keeps_the_order_when_nothing_is_gained),
		cmocka_unit_test(refuses_what_it_cannot_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
