/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "layer/path.h"

static void cleans_names(void **state)
{
	(void)state;
	static const struct {
		const char *name, *want;
		bool dotdot, clamped;
	} cases[] = {
		{ "a", "a", false, false },	      { "./a", "a", false, false },
		{ "/a/b", "a/b", false, false },      { "a//b/", "a/b", false, false },
		{ "././", "", false, false },	      { "/", "", false, false },
		{ "a/./b", "a/b", false, false },     { "a/../b", "b", true, false },
		{ "a/b/..", "a", true, false },	      { "../x", "x", true, true },
		{ "a/../../x", "x", true, true },     { "..", "", true, true },
		{ "...", "...", false, false },	      { "a/..b", "a/..b", false, false },
		{ "\xff\n", "\xff\n", false, false },
	};
	struct lopt_arena arena;
	lopt_arena_init(&arena, SIZE_MAX);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_clean_path got;
		struct lopt_error err;
		assert_int_equal(lopt_path_clean(&got, &arena, lopt_str_from(cases[i].name), lopt_limits_default(),
						 &err),
				 LOPT_OK);
		assert_string_equal(got.path.ptr, cases[i].want);
		assert_int_equal(got.path.len, strlen(cases[i].want));
		assert_int_equal(got.dotdot, cases[i].dotdot);
		assert_int_equal(got.clamped, cases[i].clamped);
	}
	lopt_arena_release(&arena);
}

static enum lopt_status clean_repeated(const char *part, size_t times, const struct lopt_limits *limits)
{
	struct lopt_arena arena;
	struct lopt_clean_path got;
	struct lopt_error err;
	struct lopt_buf name = LOPT_BUF_INIT(1 << 20);
	lopt_arena_init(&arena, SIZE_MAX);
	for (size_t i = 0; i < times; i++)
		lopt_buf_text(&name, part);
	enum lopt_status status = lopt_path_clean(&got, &arena, lopt_buf_view(&name), limits, &err);
	lopt_buf_release(&name);
	lopt_arena_release(&arena);
	return status;
}

static void keeps_ceilings(void **state)
{
	(void)state;
	struct lopt_limits limits = *lopt_limits_default();
	assert_int_equal(clean_repeated("x", 255, &limits), LOPT_OK);
	assert_int_equal(clean_repeated("x", 256, &limits), LOPT_E_INPUT);
	limits.path_bytes = 100;
	assert_int_equal(clean_repeated("x/", 50, &limits), LOPT_OK);
	assert_int_equal(clean_repeated("x/", 51, &limits), LOPT_E_LIMIT);
	limits.path_depth = 3;
	assert_int_equal(clean_repeated("x/", 3, &limits), LOPT_OK);
	assert_int_equal(clean_repeated("x/", 4, &limits), LOPT_E_LIMIT);
	assert_int_equal(clean_repeated("x/../", 4, &limits), LOPT_OK);
}

static void splits_names(void **state)
{
	(void)state;
	static const struct {
		const char *path, *parent, *base;
	} cases[] = { { "a", "", "a" }, { "a/b", "a", "b" }, { "a/b/c", "a/b", "c" }, { "", "", "" } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_str path = lopt_str_from(cases[i].path);
		assert_true(lopt_str_is(lopt_path_parent(path), cases[i].parent));
		assert_true(lopt_str_is(lopt_path_base(path), cases[i].base));
	}
}

static void reads_whiteout_names(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum lopt_whiteout want;
		const char *target;
	} cases[] = {
		{ "etc/passwd", LOPT_WHITEOUT_NONE, "" },
		{ "etc/.wh.passwd", LOPT_WHITEOUT_PATH, "passwd" },
		{ ".wh.a", LOPT_WHITEOUT_PATH, "a" },
		{ "etc/.wh..wh..opq", LOPT_WHITEOUT_OPAQUE, "" },
		{ "etc/.wh..wh.x", LOPT_WHITEOUT_PATH, ".wh.x" },
		{ ".wh.dir/file", LOPT_WHITEOUT_NONE, "" },
		{ "etc/wh.a", LOPT_WHITEOUT_NONE, "" },
		{ ".wh.", LOPT_WHITEOUT_INVALID, "" },
		{ "d/.wh..", LOPT_WHITEOUT_INVALID, "" },
		{ "d/.wh...", LOPT_WHITEOUT_INVALID, "" },
		{ "d/.wh....", LOPT_WHITEOUT_PATH, "..." },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_str target = lopt_str_from("");
		assert_int_equal(lopt_whiteout_of(lopt_str_from(cases[i].path), &target), cases[i].want);
		assert_true(lopt_str_is(target, cases[i].target));
	}
}

static void orders_a_directory_before_what_is_in_it(void **state)
{
	(void)state;
	static const char *const sorted[] = { "", "a", "a/b", "a/b/c", "a/c", "a b", "a-b", "a.b", "ab", "b", "\xff" };
	for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++)
		for (size_t j = 0; j < sizeof sorted / sizeof sorted[0]; j++) {
			int r = lopt_path_compare(lopt_str_from(sorted[i]), lopt_str_from(sorted[j]));
			assert_int_equal((r > 0) - (r < 0), (i > j) - (i < j));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans_names),
		cmocka_unit_test(keeps_ceilings),
		cmocka_unit_test(splits_names),
		cmocka_unit_test(reads_whiteout_names),
		cmocka_unit_test(orders_a_directory_before_what_is_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
