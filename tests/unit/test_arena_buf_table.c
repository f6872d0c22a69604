/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/table.h"
#include "layeropt/limits.h"
#include "layeropt/status.h"

/* Arena. */

static void arena_aligns_and_keeps_apart(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 3, 16, 17, 4000, 5000, 700000, 1, 2000000, 31 };
	enum { COUNT = sizeof sizes / sizeof sizes[0] };
	unsigned char *got[COUNT];
	struct lopt_arena arena;
	lopt_arena_init(&arena, UINT64_MAX);
	for (size_t i = 0; i < COUNT; i++) {
		got[i] = lopt_arena_alloc(&arena, sizes[i]);
		assert_non_null(got[i]);
		assert_int_equal((uintptr_t)got[i] % alignof(max_align_t), 0);
		memset(got[i], (int)i, sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(got[i][j], i);
	lopt_arena_release(&arena);
	assert_int_equal(arena.used, 0);
}

static void arena_fills_up_to_its_ceiling(void **state)
{
	(void)state;
	static const uint64_t ceilings[] = { 100, 4096, 5000, 100000, 3000000 };
	for (size_t i = 0; i < sizeof ceilings / sizeof ceilings[0]; i++) {
		struct lopt_arena arena;
		lopt_arena_init(&arena, ceilings[i]);
		size_t taken = 0;
		while (lopt_arena_alloc(&arena, 16))
			taken += 16;
		assert_true(arena.used <= ceilings[i]);
		assert_true(taken * 10 > ceilings[i] * 4);
		assert_null(lopt_arena_alloc(&arena, 16));
		lopt_arena_release(&arena);
		assert_non_null(lopt_arena_alloc(&arena, 16));
		lopt_arena_release(&arena);
	}
}

static void arena_refuses_what_cannot_be(void **state)
{
	(void)state;
	struct lopt_arena arena;
	lopt_arena_init(&arena, UINT64_MAX);
	assert_null(lopt_arena_alloc(&arena, SIZE_MAX));
	assert_null(lopt_arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(lopt_arena_zalloc(&arena, SIZE_MAX / 2, 3));
	assert_null(lopt_arena_copy(&arena, lopt_str_make("x", SIZE_MAX)).ptr);
	assert_non_null(lopt_arena_zalloc(&arena, 0, 8));
	lopt_arena_release(&arena);
	lopt_arena_init(&arena, 0);
	assert_null(lopt_arena_alloc(&arena, 1));
	lopt_arena_release(&arena);
}

static void arena_copies_end_in_nul(void **state)
{
	(void)state;
	struct lopt_arena arena;
	lopt_arena_init(&arena, 1 << 20);
	struct lopt_str empty = lopt_arena_copy(&arena, lopt_str_make(NULL, 0));
	assert_string_equal(empty.ptr, "");
	struct lopt_str text = lopt_arena_copy(&arena, lopt_str_make("a\0b", 3));
	assert_int_equal(text.len, 3);
	assert_memory_equal(text.ptr, "a\0b", 4);
	lopt_arena_release(&arena);
}

/* Buffer. */

static void buf_appends(void **state)
{
	(void)state;
	struct lopt_buf buf = LOPT_BUF_INIT(SIZE_MAX);
	lopt_buf_add(&buf, NULL, 0);
	assert_string_equal(buf.data, "");
	lopt_buf_text(&buf, "one ");
	lopt_buf_char(&buf, '2');
	lopt_buf_printf(&buf, " %s %d", "three", 4);
	lopt_buf_str(&buf, lopt_str_make(" fivexx", 5));
	assert_string_equal(buf.data, "one 2 three 4 five");
	assert_int_equal(buf.len, 18);
	char *to = lopt_buf_reserve(&buf, 1000);
	assert_ptr_equal(to, buf.data + buf.len);
	assert_true(buf.cap > 1018);
	assert_string_equal(buf.data, "one 2 three 4 five");
	assert_true(lopt_str_is(lopt_buf_view(&buf), "one 2 three 4 five"));
	lopt_buf_release(&buf);
	assert_null(buf.data);
}

static void buf_stops_at_its_maximum(void **state)
{
	(void)state;
	struct lopt_buf buf = LOPT_BUF_INIT(5);
	lopt_buf_text(&buf, "12345");
	assert_false(buf.failed);
	lopt_buf_char(&buf, '6');
	assert_true(buf.failed);
	lopt_buf_text(&buf, "");
	assert_true(buf.failed);
	assert_string_equal(buf.data, "12345");
	lopt_buf_clear(&buf);
	lopt_buf_printf(&buf, "%d", 123456);
	assert_true(buf.failed);
	assert_int_equal(buf.len, 0);
	lopt_buf_release(&buf);
	assert_false(buf.failed);
}

static void buf_refuses_what_cannot_be(void **state)
{
	(void)state;
	struct lopt_buf buf = LOPT_BUF_INIT(SIZE_MAX);
	lopt_buf_text(&buf, "x");
	assert_null(lopt_buf_reserve(&buf, SIZE_MAX));
	lopt_buf_clear(&buf);
	assert_null(lopt_buf_reserve(&buf, SIZE_MAX - 1));
	assert_true(buf.failed);
	lopt_buf_release(&buf);
}

static void arrays_grow(void **state)
{
	(void)state;
	size_t cap = 0;
	uint32_t *array = lopt_grow(NULL, &cap, 0, sizeof *array);
	assert_non_null(array);
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t *grown = lopt_grow(array, &cap, i + 1, sizeof *array);
		assert_non_null(grown);
		array = grown;
		array[i] = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(array[i], i);
	size_t before = cap;
	assert_null(lopt_grow(array, &cap, SIZE_MAX, sizeof *array));
	assert_null(lopt_grow(array, &cap, SIZE_MAX / 4, sizeof *array));
	assert_int_equal(cap, before);
	free(array);
}

static void sums_saturate(void **state)
{
	(void)state;
	bool saturated = false;
	assert_true(lopt_add_saturating(UINT64_MAX - 1, 1, &saturated) == UINT64_MAX);
	assert_false(saturated);
	assert_true(lopt_add_saturating(UINT64_MAX, 1, &saturated) == UINT64_MAX);
	assert_true(saturated);
	assert_true(lopt_add_saturating(UINT64_MAX, UINT64_MAX, NULL) == UINT64_MAX);
}

/* Table. */

enum { KEYS = 50000 };

struct owner {
	char names[KEYS][8];
	size_t compared;
};

static struct lopt_str name_of(const struct owner *owner, uint32_t value)
{
	return lopt_str_from(owner->names[value]);
}

static bool matches(const void *data, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct owner *owner = data;
	((struct owner *)data)->compared++;
	return number == value % 7 && lopt_str_equal(name_of(owner, value), key);
}

static uint32_t find(const struct lopt_table *table, const struct owner *owner, uint32_t i)
{
	return lopt_table_find(table, i % 7, name_of(owner, i), matches, owner);
}

static struct owner *make_owner(void)
{
	struct owner *owner = calloc(1, sizeof *owner);
	assert_non_null(owner);
	for (size_t i = 0; i < KEYS; i++)
		(void)snprintf(owner->names[i], sizeof owner->names[i], "%zx", i);
	return owner;
}

static void table_finds_what_was_put_in(void **state)
{
	(void)state;
	struct owner *owner = make_owner();
	struct lopt_table table = { 0 };
	assert_int_equal(find(&table, owner, 0), LOPT_TABLE_NONE);
	lopt_table_remove(&table, 0, lopt_str_from("x"), 0);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_true(lopt_table_insert(&table, i % 7, name_of(owner, i), i));
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(find(&table, owner, i), i);
	/* 32 bits of hash: next to no comparison is in vain. */
	assert_true(owner->compared < KEYS + 100);
	assert_int_equal(table.live, KEYS);
	assert_int_equal(lopt_table_find(&table, 99, name_of(owner, 1), matches, owner), LOPT_TABLE_NONE);
	lopt_table_release(&table);
	free(owner);
}

static void table_forgets_what_was_removed(void **state)
{
	(void)state;
	struct owner *owner = make_owner();
	struct lopt_table table = { 0 };
	for (uint32_t i = 0; i < KEYS; i++)
		assert_true(lopt_table_insert(&table, i % 7, name_of(owner, i), i));
	for (uint32_t i = 0; i < KEYS; i += 2)
		lopt_table_remove(&table, i % 7, name_of(owner, i), i);
	assert_int_equal(table.live, KEYS / 2);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(find(&table, owner, i), i % 2 ? i : LOPT_TABLE_NONE);
	lopt_table_release(&table);
	free(owner);
}

static void table_does_not_grow_by_coming_and_going(void **state)
{
	(void)state;
	struct owner *owner = make_owner();
	struct lopt_table table = { 0 };
	for (uint32_t i = 0; i < KEYS; i++) {
		assert_true(lopt_table_insert(&table, i % 7, name_of(owner, i), i));
		if (i >= 10)
			lopt_table_remove(&table, (i - 10) % 7, name_of(owner, i - 10), i - 10);
	}
	assert_int_equal(table.live, 10);
	assert_true(table.cap <= 64);
	for (uint32_t i = KEYS - 10; i < KEYS; i++)
		assert_int_equal(find(&table, owner, i), i);
	lopt_table_release(&table);
	free(owner);
}

static bool matches_any(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)owner;
	(void)value;
	(void)number;
	(void)key;
	return true;
}

static void table_keeps_its_marks_to_itself(void **state)
{
	(void)state;
	struct lopt_table table = { 0 };
	struct lopt_str key = lopt_str_from("key");
	assert_false(lopt_table_insert(&table, 0, key, LOPT_TABLE_NONE));
	assert_false(lopt_table_insert(&table, 0, key, LOPT_TABLE_NONE - 1));
	assert_true(lopt_table_insert(&table, 0, key, LOPT_TABLE_MAX));
	assert_true(lopt_table_find(&table, 0, key, matches_any, NULL) == LOPT_TABLE_MAX);
	lopt_table_release(&table);
}

static void hash_depends_on_every_byte(void **state)
{
	(void)state;
	char bytes[40] = { 0 };
	uint64_t seen[1 + 2 * sizeof bytes];
	size_t count = 0;
	for (size_t len = 0; len <= sizeof bytes; len++)
		seen[count++] = lopt_hash(1, lopt_str_make(bytes, len));
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = 1;
		seen[count++] = lopt_hash(1, lopt_str_make(bytes, sizeof bytes));
		bytes[i] = 0;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
	assert_true(lopt_hash(1, lopt_str_from("a")) == lopt_hash(1, lopt_str_from("a")));
	assert_true(lopt_hash(1, lopt_str_from("a")) != lopt_hash(2, lopt_str_from("a")));
}

/* Errors. */

static void errors_gather_context(void **state)
{
	(void)state;
	struct lopt_error err = { 0 };
	assert_int_equal(lopt_error_set(&err, LOPT_E_INPUT, "found %d", 3), LOPT_E_INPUT);
	assert_int_equal(lopt_error_context(&err, "layer %d", 2), LOPT_E_INPUT);
	assert_int_equal(lopt_error_context(&err, "x.tar"), LOPT_E_INPUT);
	assert_string_equal(err.message, "x.tar: layer 2: found 3");
	assert_int_equal(lopt_error_set(NULL, LOPT_E_LIMIT, "x"), LOPT_E_LIMIT);
	assert_int_equal(lopt_error_context(NULL, "x"), LOPT_E_BUG);
	assert_int_equal(lopt_error_memory(&err), LOPT_E_MEMORY);
}

static void long_errors_are_cut(void **state)
{
	(void)state;
	char text[2 * LOPT_ERROR_MAX];
	memset(text, 'y', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	struct lopt_error err = { 0 };
	(void)lopt_error_set(&err, LOPT_E_INPUT, "%s", text);
	assert_int_equal(strlen(err.message), LOPT_ERROR_MAX - 1);
	(void)lopt_error_context(&err, "where");
	assert_int_equal(strlen(err.message), LOPT_ERROR_MAX - 1);
	assert_memory_equal(err.message, "where: yyy", 10);
	(void)lopt_error_context(&err, "%s", text);
	assert_int_equal(strlen(err.message), LOPT_ERROR_MAX - 1);
}

static void statuses_have_exit_codes(void **state)
{
	(void)state;
	static const struct {
		enum lopt_status status;
		int code;
	} cases[] = {
		{ LOPT_OK, 0 },	     { LOPT_END, 0 },	   { LOPT_E_USAGE, 2 },	 { LOPT_E_INPUT, 3 },
		{ LOPT_E_LIMIT, 3 }, { LOPT_E_SYSTEM, 4 }, { LOPT_E_MEMORY, 4 }, { LOPT_E_INTERRUPTED, 130 },
		{ LOPT_E_BUG, 70 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(lopt_status_exit_code(cases[i].status), cases[i].code);
}

static void every_limit_has_a_name(void **state)
{
	(void)state;
	size_t count = 0;
	const struct lopt_limit_info *info;
	while ((info = lopt_limits_info(count)) != NULL) {
		uint64_t value;
		memcpy(&value, (const char *)lopt_limits_default() + info->offset, sizeof value);
		assert_true(value > 0);
		assert_int_equal(info->offset, count * sizeof value);
		count++;
	}
	assert_int_equal(count * sizeof(uint64_t), sizeof(struct lopt_limits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_aligns_and_keeps_apart),
		cmocka_unit_test(arena_fills_up_to_its_ceiling),
		cmocka_unit_test(arena_refuses_what_cannot_be),
		cmocka_unit_test(arena_copies_end_in_nul),
		cmocka_unit_test(buf_appends),
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(buf_refuses_what_cannot_be),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(sums_saturate),
		cmocka_unit_test(table_finds_what_was_put_in),
		cmocka_unit_test(table_forgets_what_was_removed),
		cmocka_unit_test(table_does_not_grow_by_coming_and_going),
		cmocka_unit_test(table_keeps_its_marks_to_itself),
		cmocka_unit_test(hash_depends_on_every_byte),
		cmocka_unit_test(errors_gather_context),
		cmocka_unit_test(long_errors_are_cut),
		cmocka_unit_test(statuses_have_exit_codes),
		cmocka_unit_test(every_limit_has_a_name),
	};
	return cmocka_run_group_tests_name("arena, buf, table, error", tests, NULL, NULL);
}
