/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tar/header.h"
#include "support/archive.h"

/* A tar is read to its end, and what came is written as text: "TYPE NAME[=LINK] SIZE;" per entry. */
static enum lopt_status read_as_text(const struct lopt_buf *tar, bool tolerate, size_t piece, struct lopt_buf *text,
				     struct lopt_error *err);

/* A stream that gives at most `piece` bytes at a time and cannot skip. */
struct piecewise {
	struct lopt_stream stream;
	const char *at;
	size_t left, piece;
};

static enum lopt_status read_piece(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				   struct lopt_error *err)
{
	(void)err;
	struct piecewise *from = (struct piecewise *)stream;
	*got = size < from->piece ? size : from->piece;
	*got = *got < from->left ? *got : from->left;
	memcpy(to, from->at, *got);
	from->at += *got;
	from->left -= *got;
	return LOPT_OK;
}

static const struct lopt_stream_ops piecewise_ops = { .read = read_piece };

static enum lopt_status print_entries(struct lopt_tar_reader *reader, struct lopt_buf *text, struct lopt_error *err)
{
	for (;;) {
		const struct lopt_tar_entry *entry;
		enum lopt_status status = lopt_tar_reader_next(reader, &entry, err);
		if (status != LOPT_OK)
			return status == LOPT_END ? LOPT_OK : status;
		lopt_buf_printf(text, "%c %.*s", (char)entry->type, LOPT_STR_ARGS(entry->name));
		if (entry->link.len)
			lopt_buf_printf(text, "=%.*s", LOPT_STR_ARGS(entry->link));
		lopt_buf_printf(text, " %llu;", (unsigned long long)entry->size);
	}
}

static enum lopt_status read_as_text(const struct lopt_buf *tar, bool tolerate, size_t piece, struct lopt_buf *text,
				     struct lopt_error *err)
{
	struct piecewise pieces = { { &piecewise_ops }, tar->data, tar->len, piece };
	struct lopt_memory_stream memory;
	const struct lopt_tar_options options = { .limits = lopt_limits_default(),
						  .tolerate_missing_padding = tolerate };
	struct lopt_tar_reader *reader;
	lopt_memory_stream_init(&memory, tar->data, tar->len);
	lopt_buf_clear(text);
	enum lopt_status status = lopt_tar_reader_open(&reader, piece ? &pieces.stream : &memory.stream, &options, err);
	if (status != LOPT_OK)
		return status;
	status = print_entries(reader, text, err);
	lopt_tar_reader_free(reader);
	return status;
}

/* The same from memory with skips, and in pieces of several sizes. */
static void expect_text(const struct lopt_buf *tar, const char *want)
{
	static const size_t pieces[] = { 0, 1, 511, 512, 4096 };
	struct lopt_buf text = LOPT_BUF_INIT(1 << 20);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct lopt_error err = { 0 };
		if (read_as_text(tar, false, pieces[i], &text, &err) != LOPT_OK)
			fail_msg("%s", err.message);
		assert_string_equal(text.data, want);
	}
	lopt_buf_release(&text);
}

static void expect_error(const struct lopt_buf *tar, bool tolerate, const char *what)
{
	static const size_t pieces[] = { 0, 1, 512 };
	struct lopt_buf text = LOPT_BUF_INIT(1 << 20);
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct lopt_error err = { 0 };
		assert_int_equal(read_as_text(tar, tolerate, pieces[i], &text, &err), LOPT_E_INPUT);
		if (!strstr(err.message, what))
			fail_msg("\"%s\" does not say \"%s\"", err.message, what);
	}
	lopt_buf_release(&text);
}

static void reads_entries(void **state)
{
	(void)state;
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	test_tar_header(&tar, &(struct test_header){ .name = "./d/", .type = '5' });
	test_tar_file(&tar, "d/f", "hello", 5);
	test_tar_file(&tar, "d/empty", "", 0);
	test_tar_header(&tar, &(struct test_header){ .name = "d/h", .type = '1', .link = "d/f" });
	test_tar_header(&tar, &(struct test_header){ .name = "d/s", .type = '2', .link = "../x" });
	test_tar_header(&tar, &(struct test_header){ .name = "c", .type = '3', .major = 5, .minor = 1 });
	test_tar_header(&tar, &(struct test_header){ .name = "p", .type = '6' });
	test_tar_end(&tar);
	expect_text(&tar, "d ./d/ 0;f d/f 5;f d/empty 0;h d/h=d/f 0;l d/s=../x 0;c c 0;p p 0;");
	lopt_buf_release(&tar);
}

static void tolerates_what_engines_do(void **state)
{
	(void)state;
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	test_tar_file(&tar, "a", "x", 1);
	expect_text(&tar, "f a 1;"); /* no end blocks */
	test_tar_end(&tar);
	lopt_buf_text(&tar, "garbage behind the end");
	expect_text(&tar, "f a 1;");
	tar.len = 513; /* content whole, padding gone */
	struct lopt_buf text = LOPT_BUF_INIT(1 << 20);
	struct lopt_error err = { 0 };
	assert_int_equal(read_as_text(&tar, true, 0, &text, &err), LOPT_OK);
	assert_string_equal(text.data, "f a 1;");
	expect_error(&tar, false, "cut off inside the padding");
	lopt_buf_release(&text);
	lopt_buf_release(&tar);
}

static void refuses_cuts_everywhere(void **state)
{
	(void)state;
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	test_tar_file(&tar, "a", "hello", 5);
	test_tar_file(&tar, "b", "world", 5);
	size_t whole = tar.len;
	for (tar.len = 1; tar.len < whole; tar.len++)
		if (tar.len != 1024) /* between the entries */
			expect_error(&tar, false, "");
	lopt_buf_release(&tar);
}

static void refuses_damage(void **state)
{
	(void)state;
	static const struct {
		char type;
		const char *name, *link, *what;
		size_t at;
		char byte;
	} cases[] = {
		{ '7', "a", "", "type '7'", 0, 0 },	{ 'S', "a", "", "old GNU sparse", 0, 0 },
		{ 'V', "a", "", "type 'V'", 0, 0 },	{ '2', "a", "", "without a target", 0, 0 },
		{ '0', "a", "", "checksum", 148, '9' }, { '0', "a", "", "checksum", 0, 'b' },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
		test_tar_header(&tar, &(struct test_header){
					      .name = cases[i].name, .type = cases[i].type, .link = cases[i].link });
		if (cases[i].byte)
			tar.data[cases[i].at] = cases[i].byte;
		test_tar_end(&tar);
		expect_error(&tar, true, cases[i].what);
		lopt_buf_release(&tar);
	}
}

static void refuses_an_entry_behind_one_zero_block(void **state)
{
	(void)state;
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	test_tar_file(&tar, "a", "x", 1);
	size_t before = tar.len;
	test_tar_end(&tar);
	tar.len = before + 512;
	test_tar_file(&tar, "b", "y", 1);
	expect_error(&tar, true, "single zero block");
	lopt_buf_release(&tar);
}

static void parses_pax_records(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len; /* 0: to the NUL */
		bool good;
	} cases[] = {
		{ "12 path=abc\n", 0, true },	 { "9 size=7\n", 0, true },
		{ "10 mtime=\n", 0, true },	 { "15 mtime=1.500\n", 0, true },
		{ "15 mtime=-1.25\n", 0, true }, { "14 comment=xy\n", 0, true },
		{ "11 path=abc\n", 0, false },	 { "12 path=abc", 0, false },
		{ "99 path=abc\n", 0, false },	 { "x path=abc\n", 0, false },
		{ "8 nokey\n", 0, false },	 { "6 =ab\n", 0, false },
		{ "12 size=abc\n", 0, false },	 { "30 size=99999999999999999999\n", 0, false },
		{ "14 mtime=1.x5\n", 0, false }, { "12 path=a\0c\n", 12, false },
		{ "-1 path=abc\n", 0, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_tar_pax pax = { 0 };
		struct lopt_error err = { 0 };
		size_t len = cases[i].len ? cases[i].len : strlen(cases[i].text);
		enum lopt_status status =
			lopt_tar_pax_parse(&pax, lopt_str_make(cases[i].text, len), lopt_limits_default(), &err);
		if (status != (cases[i].good ? LOPT_OK : LOPT_E_INPUT))
			fail_msg("%s: %d %s", cases[i].text, status, err.message);
		lopt_tar_pax_release(&pax);
	}
}

static void merges_pax_into_entries(void **state)
{
	(void)state;
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20), records = LOPT_BUF_INIT(1 << 20);
	test_pax_record(&records, "path", "long/name", 9);
	test_pax_record(&records, "uid", "3000000000", 10);
	test_pax_record(&records, "mtime", "12.000000034", 12);
	test_pax_record(&records, "SCHILY.xattr.user.k", "a\0b", 3);
	test_pax_record(&records, "SCHILY.xattr.user.gone", "", 0);
	test_tar_pax(&tar, &records);
	test_tar_file(&tar, "short", "x", 1);
	test_tar_end(&tar);
	struct lopt_memory_stream memory;
	struct lopt_tar_reader *reader;
	const struct lopt_tar_entry *entry;
	struct lopt_error err = { 0 };
	const struct lopt_tar_options options = { .limits = lopt_limits_default() };
	lopt_memory_stream_init(&memory, tar.data, tar.len);
	assert_int_equal(lopt_tar_reader_open(&reader, &memory.stream, &options, &err), LOPT_OK);
	assert_int_equal(lopt_tar_reader_next(reader, &entry, &err), LOPT_OK);
	assert_true(lopt_str_is(entry->name, "long/name"));
	assert_int_equal(entry->uid, 3000000000);
	assert_int_equal(entry->mtime_ns, 12000000034);
	assert_int_equal(entry->xattr_count, 1);
	assert_int_equal(entry->xattrs[0].value.len, 3);
	assert_true(entry->pax_empty_xattr);
	assert_int_equal(lopt_tar_reader_next(reader, &entry, &err), LOPT_END);
	assert_int_equal(lopt_tar_reader_next(reader, &entry, &err), LOPT_END);
	lopt_tar_reader_free(reader);
	lopt_buf_release(&records);
	lopt_buf_release(&tar);
}

static void tells_global_headers(void **state)
{
	(void)state;
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	static const char record[] = "14 comment=xy\n";
	test_tar_header(&tar, &(struct test_header){ .name = "g", .type = 'g', .size = sizeof record - 1 });
	test_tar_content(&tar, record, sizeof record - 1);
	test_tar_file(&tar, "a", "x", 1);
	test_tar_end(&tar);
	expect_text(&tar, "g  0;f a 1;");
	lopt_buf_release(&tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_entries),
		cmocka_unit_test(tolerates_what_engines_do),
		cmocka_unit_test(refuses_cuts_everywhere),
		cmocka_unit_test(refuses_damage),
		cmocka_unit_test(refuses_an_entry_behind_one_zero_block),
		cmocka_unit_test(parses_pax_records),
		cmocka_unit_test(merges_pax_into_entries),
		cmocka_unit_test(tells_global_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
