/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sizes.h"
#include "blob/fingerprint.h"
#include "layer/keep.h"

/* --- sizes --- */

static void sizes_are_counted_up_to_three(void **state)
{
	(void)state;
	struct lopt_sizes sizes;
	lopt_sizes_init(&sizes);
	assert_int_equal(lopt_sizes_count(&sizes, 1), 0);
	for (unsigned round = 0; round < 5; round++) {
		for (uint64_t i = 1; i <= 3000; i++) {
			bool again;
			assert_true(lopt_sizes_add(&sizes, i * i, &again));
			assert_int_equal(again, round > 0);
		}
		assert_int_equal(lopt_sizes_count(&sizes, 2500), round < 2 ? round + 1 : 3);
		assert_int_equal(lopt_sizes_count(&sizes, 2501), 0);
	}
	bool again;
	assert_true(lopt_sizes_add(&sizes, (1ull << 62) - 1, &again));
	assert_false(again);
	assert_int_equal(lopt_sizes_count(&sizes, (1ull << 62) - 1), 1);
	lopt_sizes_release(&sizes);
}

/* --- fingerprints --- */

static void print(struct lopt_fingerprinter *printer, const void *bytes, size_t size, size_t step, unsigned char *out)
{
	struct lopt_error err;
	assert_int_equal(lopt_fingerprinter_reset(printer, &err), LOPT_OK);
	for (size_t at = 0; at < size; at += step)
		assert_int_equal(lopt_fingerprinter_add(printer, (const char *)bytes + at,
							size - at < step ? size - at : step, &err),
				 LOPT_OK);
	assert_int_equal(lopt_fingerprinter_finish(printer, out, &err), LOPT_OK);
}

static void fingerprints_tell_contents_apart(void **state)
{
	(void)state;
	static const char *const contents[] = { "", "a", "b", "ab", "ba", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaab" };
	enum { COUNT = sizeof contents / sizeof contents[0] };
	unsigned char prints[COUNT][LOPT_FINGERPRINT_SIZE], again[LOPT_FINGERPRINT_SIZE];
	struct lopt_fingerprinter printer;
	struct lopt_error err;
	assert_int_equal(lopt_fingerprinter_init(&printer, &err), LOPT_OK);
	for (size_t i = 0; i < COUNT; i++) {
		print(&printer, contents[i], strlen(contents[i]), 100, prints[i]);
		for (size_t step = 1; step < 5; step++) { /* however it is cut */
			print(&printer, contents[i], strlen(contents[i]), step, again);
			assert_memory_equal(again, prints[i], sizeof again);
		}
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(prints[i], prints[j], sizeof again);
	}
	lopt_fingerprinter_release(&printer);
}

/* Zeros behind the content, and another one of the same blocks, are other contents. */
static void fingerprints_know_the_length(void **state)
{
	(void)state;
	static const unsigned char zeros[64];
	unsigned char a[LOPT_FINGERPRINT_SIZE], b[LOPT_FINGERPRINT_SIZE];
	struct lopt_fingerprinter printer;
	struct lopt_error err;
	assert_int_equal(lopt_fingerprinter_init(&printer, &err), LOPT_OK);
	for (size_t i = 0; i < sizeof zeros; i++) {
		print(&printer, zeros, i, 64, a);
		print(&printer, zeros, i + 1, 64, b);
		assert_memory_not_equal(a, b, sizeof a);
	}
	lopt_fingerprinter_release(&printer);
}

/* --- what is kept --- */

static enum lopt_keep by_name(const struct lopt_entry *entry, struct lopt_str head)
{
	if (lopt_str_is(entry->path, "all"))
		return LOPT_KEEP_ALL;
	if (!lopt_str_starts(entry->path, "look"))
		return LOPT_KEEP_NOTHING;
	if (!head.ptr)
		return LOPT_KEEP_LOOK;
	return lopt_str_starts(head, "key") ? LOPT_KEEP_HEAD : LOPT_KEEP_NOTHING;
}

static struct lopt_entry file(const char *path, uint64_t size)
{
	return (struct lopt_entry){ .path = lopt_str_from(path), .size = size, .type = LOPT_FILE };
}

static void the_budget_goes_to_those_who_come_first(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		uint64_t size;
		enum lopt_keep want;
		uint64_t left;
	} cases[] = {
		{ "other", 900, LOPT_KEEP_NOTHING, 2000 }, { "all", 900, LOPT_KEEP_ALL, 1100 },
		{ "all", 1001, LOPT_KEEP_NOTHING, 1100 },  { "look", 100, LOPT_KEEP_LOOK, 1000 },
		{ "look", 1 << 30, LOPT_KEEP_LOOK, 488 },  { "look", 600, LOPT_KEEP_NOTHING, 488 },
		{ "all", 488, LOPT_KEEP_ALL, 0 },	   { "all", 1, LOPT_KEEP_NOTHING, 0 },
	};
	struct lopt_keep_budget budget = { .choose = by_name, .file_max = 1000, .left = 2000 };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_entry entry = file(cases[i].path, cases[i].size);
		assert_int_equal(lopt_keep_decide(&budget, &entry), cases[i].want);
		assert_int_equal(budget.left, cases[i].left);
	}
	assert_int_equal(budget.refused, 3);
	struct lopt_keep_budget none = { .left = 100 };
	struct lopt_entry entry = file("all", 1);
	assert_int_equal(lopt_keep_decide(&none, &entry), LOPT_KEEP_NOTHING);
}

/* Hand a content over as it passes, `step` bytes at a time, or as it is asked for. */
static void hand_over(struct lopt_keeper *keeper, const char *bytes, size_t size, size_t step)
{
	struct lopt_error err;
	uint64_t offset;
	size_t n;
	for (size_t at = 0; keeper->passing && at < size; at += step)
		assert_int_equal(lopt_keeper_feed(keeper, at, bytes + at, size - at < step ? size - at : step, &err),
				 LOPT_OK);
	while (!keeper->passing && lopt_keeper_wants(keeper, &offset, &n)) {
		n = n < step ? n : step;
		assert_int_equal(lopt_keeper_feed(keeper, offset, bytes + offset, n, &err), LOPT_OK);
	}
}

static void contents_are_kept_however_they_come(void **state)
{
	(void)state;
	static char bytes[2000];
	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes, "key", 3);
	static const struct {
		const char *path;
		size_t size;
		enum lopt_keep what;
		size_t kept; /* 0: nothing */
	} cases[] = {
		{ "all", sizeof bytes, LOPT_KEEP_ALL, sizeof bytes },
		{ "look", sizeof bytes, LOPT_KEEP_LOOK, LOPT_HEAD_MAX },
		{ "look", 5, LOPT_KEEP_LOOK, 5 },
		{ "look", 2, LOPT_KEEP_LOOK, 0 },
		{ "other", sizeof bytes, LOPT_KEEP_NOTHING, 0 },
		{ "other", sizeof bytes, LOPT_KEEP_SECTIONS, 0 },
	};
	static const size_t steps[] = { 1, 100, 511, 512, 513, 5000 };
	struct lopt_error err;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t j = 0; j < 2 * sizeof steps / sizeof steps[0]; j++) {
			struct lopt_arena arena;
			struct lopt_keeper keeper;
			struct lopt_kept_list list = { 0 };
			const struct lopt_entry entry = file(cases[i].path, cases[i].size);
			lopt_arena_init(&arena, 1 << 20);
			lopt_keeper_init(&keeper, &arena, by_name, j % 2);
			assert_int_equal(lopt_keeper_begin(&keeper, &entry, 7, cases[i].what, &err), LOPT_OK);
			hand_over(&keeper, bytes, cases[i].size, steps[j / 2]);
			assert_int_equal(lopt_keeper_end(&keeper, &list, &err), LOPT_OK);
			assert_int_equal(list.count, cases[i].kept != 0);
			if (list.count) {
				assert_int_equal(list.items[0].inode, 7);
				assert_int_equal(list.items[0].bytes.len, cases[i].kept);
				assert_memory_equal(list.items[0].bytes.ptr, bytes, cases[i].kept);
			}
			free(list.items);
			lopt_keeper_release(&keeper);
			lopt_arena_release(&arena);
		}
}

/* Once it has passed it cannot be kept: a choice that asks for that is a mistake of ours. */
static enum lopt_keep too_late(const struct lopt_entry *entry, struct lopt_str head)
{
	(void)entry;
	return head.ptr ? LOPT_KEEP_ALL : LOPT_KEEP_LOOK;
}

static void all_is_no_answer_to_a_look(void **state)
{
	(void)state;
	struct lopt_arena arena;
	struct lopt_keeper keeper;
	struct lopt_error err;
	const struct lopt_entry entry = file("all", 3);
	lopt_arena_init(&arena, 1 << 20);
	lopt_keeper_init(&keeper, &arena, too_late, true);
	assert_int_equal(lopt_keeper_begin(&keeper, &entry, 0, LOPT_KEEP_LOOK, &err), LOPT_OK);
	assert_int_equal(lopt_keeper_feed(&keeper, 0, "abc", 3, &err), LOPT_E_BUG);
	lopt_keeper_release(&keeper);
	lopt_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_counted_up_to_three),
		cmocka_unit_test(fingerprints_tell_contents_apart),
		cmocka_unit_test(fingerprints_know_the_length),
		cmocka_unit_test(the_budget_goes_to_those_who_come_first),
		cmocka_unit_test(contents_are_kept_however_they_come),
		cmocka_unit_test(all_is_no_answer_to_a_look),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
