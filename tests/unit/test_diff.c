/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/diff.h"
#include "io/process.h"

static void hunks_are_those_of_diff(void **state)
{
	(void)state;
	static const struct {
		const char *old, *new, *want;
	} cases[] = {
		{ "a\n", "a\n", "" },
		{ "", "", "" },
		{ "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n" },
		{ "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n" },
		{ "a\n", "", "@@ -1 +0,0 @@\n-a\n" },
		{ "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
		{ "a\nb", "c\nb", "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n" },
		{ "a\r\nb\r\n", "a\r\nc\r\nb\r\n", "@@ -1,2 +1,3 @@\n a\r\n+c\r\n b\r\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		  "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n",
		  "@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n" },
		{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
		  "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n" },
		{ "a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
		  "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf want = LOPT_BUF_INIT(10000), got = LOPT_BUF_INIT(10000);
		lopt_buf_printf(&want, "%s%s", cases[i].want[0] ? "--- a\n+++ b\n" : "", cases[i].want);
		lopt_buf_text(&got, "");
		lopt_diff_write(&got, "a", "b", lopt_str_from(cases[i].old), lopt_str_from(cases[i].new));
		assert_string_equal(got.data, want.data);
		lopt_buf_release(&want);
		lopt_buf_release(&got);
	}
}

static void names_with_blanks_end_in_a_tab(void **state)
{
	(void)state;
	struct lopt_buf out = LOPT_BUF_INIT(1000);
	lopt_diff_write(&out, "a b", "c", lopt_str_from(""), lopt_str_from("x\n"));
	assert_string_equal(out.data, "--- a b\t\n+++ c\n@@ -0,0 +1 @@\n+x\n");
	lopt_buf_release(&out);
	out.max = 10;
	lopt_diff_write(&out, "a", "b", lopt_str_from(""), lopt_str_from("x\n"));
	assert_true(out.failed);
	lopt_buf_release(&out);
}

/* ---- patch takes them */

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* A few kinds of lines, so that many are equal; changed here and there. */
static void make_pair(struct lopt_buf *old, struct lopt_buf *new, uint32_t seed)
{
	static const char *const lines[] = { "a\n", "b\n", "\n", "c\r\n", "\\ d\n", "--- e\n" };
	for (uint32_t n = next(&seed) % 60; n > 0; n--) {
		const char *line = lines[next(&seed) % 6];
		uint32_t what = next(&seed) % 8;
		if (what != 0)
			lopt_buf_text(old, line);
		if (what != 1)
			lopt_buf_text(new, what == 2 ? lines[next(&seed) % 6] : line);
	}
	if (next(&seed) % 3 == 0)
		lopt_buf_text(old, "end");
	if (next(&seed) % 3 == 0)
		lopt_buf_text(new, "end");
}

static void write_file(const char *path, struct lopt_str text)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_true(text.len == 0 || fwrite(text.ptr, 1, text.len, file) == text.len);
	assert_int_equal(fclose(file), 0);
}

static void read_file(const char *path, struct lopt_buf *text)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	for (int c = fgetc(file); c != EOF; c = fgetc(file))
		lopt_buf_char(text, (char)c);
	assert_int_equal(fclose(file), 0);
}

static bool run(const char *const argv[])
{
	struct lopt_process process = LOPT_PROCESS_NONE;
	struct lopt_error err;
	if (lopt_process_start(&process, argv, &err) != LOPT_OK)
		return false;
	char bytes[256];
	while (read(process.out, bytes, sizeof bytes) > 0)
		;
	if (lopt_process_finish(&process, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	return true;
}

static void patch_takes_them(void **state)
{
	(void)state;
	char folder[] = "/tmp/layeropt-diff.XXXXXX";
	assert_non_null(mkdtemp(folder));
	char file[64], patch[64], result[64];
	(void)snprintf(file, sizeof file, "%s/old", folder);
	(void)snprintf(patch, sizeof patch, "%s/patch", folder);
	(void)snprintf(result, sizeof result, "%s/new", folder);
	const char *const argv[] = { "patch", "-s", "--binary", "-o", result, file, patch, NULL };
	const char *const version[] = { "patch", "--version", NULL };
	bool installed = run(version);
	for (uint32_t seed = 0; installed && seed < 100; seed++) {
		struct lopt_buf old = LOPT_BUF_INIT(10000), new = LOPT_BUF_INIT(10000), out = LOPT_BUF_INIT(100000),
				got = LOPT_BUF_INIT(10000);
		lopt_buf_text(&old, "");
		lopt_buf_text(&new, "");
		make_pair(&old, &new, seed);
		lopt_diff_write(&out, "x", "x", lopt_buf_view(&old), lopt_buf_view(&new));
		write_file(file, lopt_buf_view(&old));
		write_file(patch, lopt_buf_view(&out));
		if (out.len) {
			run(argv);
			read_file(result, &got);
			assert_true(lopt_str_equal(lopt_buf_view(&got), lopt_buf_view(&new)));
			assert_int_equal(remove(result), 0);
		}
		lopt_buf_release(&old);
		lopt_buf_release(&new);
		lopt_buf_release(&out);
		lopt_buf_release(&got);
	}
	(void)remove(file);
	(void)remove(patch);
	assert_int_equal(rmdir(folder), 0);
}

/* Both ceilings: many lines, and many that differ. */
static void large_texts_are_one_hunk(void **state)
{
	(void)state;
	static const struct {
		size_t lines, changed;
		bool whole;
	} cases[] = {
		{ 19000, 10, false },
		{ (size_t)2 * LOPT_DIFF_LINES_MAX, 10, true },
		{ 5000, LOPT_DIFF_EDITS_MAX, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf old = LOPT_BUF_INIT(1 << 20), new = LOPT_BUF_INIT(1 << 20),
				out = LOPT_BUF_INIT(1 << 22);
		size_t every = cases[i].lines / cases[i].changed;
		for (size_t n = 0; n < cases[i].lines; n++) {
			lopt_buf_printf(&old, "%zu\n", n);
			lopt_buf_printf(&new, "%zu%s\n", n, n % every ? "" : "x");
		}
		lopt_diff_write(&out, "a", "b", lopt_buf_view(&old), lopt_buf_view(&new));
		size_t hunks = 0;
		for (const char *at = out.data; (at = strstr(at, "\n@@ ")); at++)
			hunks++;
		assert_int_equal(hunks == 1, cases[i].whole);
		lopt_buf_release(&old);
		lopt_buf_release(&new);
		lopt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hunks_are_those_of_diff),
		cmocka_unit_test(names_with_blanks_end_in_a_tab),
		cmocka_unit_test(patch_takes_them),
		cmocka_unit_test(large_texts_are_one_hunk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
