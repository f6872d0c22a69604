/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "package/sqlite.h"

static void run_sql(sqlite3 *db, const char *sql)
{
	char *message = NULL;
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

/* What libsqlite3 makes of the statements, as a file: a copy of the exact size, which the caller frees. */
static struct lopt_str make_database(sqlite3 *db, const char *first, const char *second)
{
	sqlite3_int64 size = 0;
	run_sql(db, first);
	run_sql(db, second);
	unsigned char *bytes = sqlite3_serialize(db, "main", &size, 0);
	char *copy = malloc((size_t)size);
	assert_true(bytes && copy);
	memcpy(copy, bytes, (size_t)size);
	sqlite3_free(bytes);
	return lopt_str_make(copy, (size_t)size);
}

/* Rows as libsqlite3 gives them, one after the other. */
struct comparison {
	sqlite3_stmt *rows;
	int columns;
	size_t count;
};

static void compare_value(sqlite3_stmt *rows, int column, const struct lopt_sqlite_value *value)
{
	static const int types[] = { SQLITE_NULL, SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB };
	assert_int_equal(sqlite3_column_type(rows, column), types[value->type]);
	if (value->type == LOPT_SQLITE_INTEGER)
		assert_true(sqlite3_column_int64(rows, column) == value->integer);
	if (value->type != LOPT_SQLITE_TEXT && value->type != LOPT_SQLITE_BLOB)
		return;
	const void *bytes = sqlite3_column_blob(rows, column);
	assert_true(lopt_str_equal(value->bytes, lopt_str_make(bytes, (size_t)sqlite3_column_bytes(rows, column))));
}

static enum lopt_status compare_row(void *context, struct lopt_str record, struct lopt_error *err)
{
	(void)err;
	struct comparison *comparison = context;
	struct lopt_sqlite_value value;
	assert_int_equal(sqlite3_step(comparison->rows), SQLITE_ROW);
	for (int i = 0; i < comparison->columns; i++) {
		assert_true(lopt_sqlite_column(&value, record, (size_t)i));
		compare_value(comparison->rows, i, &value);
	}
	assert_false(lopt_sqlite_column(&value, record, (size_t)comparison->columns));
	comparison->count++;
	return LOPT_OK;
}

/* Every row and value of the table t, and the number of rows. */
static size_t compare(const char *first, const char *second)
{
	sqlite3 *db = NULL;
	struct comparison comparison = { .count = 0 };
	struct lopt_error err = { .message = "" };
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	struct lopt_str bytes = make_database(db, first, second);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM t", -1, &comparison.rows, NULL), SQLITE_OK);
	comparison.columns = sqlite3_column_count(comparison.rows);
	enum lopt_status status = lopt_sqlite_read(bytes, "t", compare_row, &comparison, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(status, LOPT_OK);
	assert_int_equal(sqlite3_step(comparison.rows), SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(comparison.rows), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	free((void *)bytes.ptr);
	return comparison.count;
}

#define NUMBERS(n) "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < " #n " - 1) "

/* Sizes from nothing to many pages, so that every way to split a row over pages of each size is among them. */
static void reads_what_sqlite_writes(void **state)
{
	(void)state;
	static const char *const pages[] = {
		"PRAGMA page_size = 512",   "PRAGMA page_size = 1024",	"PRAGMA page_size = 4096",
		"PRAGMA page_size = 16384", "PRAGMA page_size = 65536", "PRAGMA page_size = 512; PRAGMA auto_vacuum = 1"
	};
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		assert_int_equal(compare(pages[i], "CREATE TABLE t (a, b)"), 0);
		assert_int_equal(compare(pages[i], "CREATE TABLE t (b); INSERT INTO t " NUMBERS(
							   1500) "SELECT randomblob(i) FROM n"),
				 1500);
		assert_int_equal(compare(pages[i],
					 "CREATE TABLE t (a, b); CREATE INDEX x ON t (a); INSERT INTO t " NUMBERS(
						 20) "SELECT i, randomblob(i * i * 300) FROM n"),
				 20);
		assert_int_equal(
			compare(pages[i],
				"CREATE TABLE other (a); CREATE TABLE t (b); INSERT INTO t " NUMBERS(
					20000) "SELECT 'text ' || i FROM n; DELETE FROM t WHERE rowid % 3 = 0"),
			20000 - 6666);
	}
}

static void reads_every_type(void **state)
{
	(void)state;
	assert_int_equal(
		compare("CREATE TABLE t (a, b, c)",
			"INSERT INTO t VALUES (NULL, 0, 1), (-1, 127, -128), (128, 32767, -32768), (32768, 8388607, "
			"-8388608), (8388608, 2147483647, -2147483648), (2147483648, 140737488355327, "
			"-140737488355328), (140737488355328, 9223372036854775807, -9223372036854775808), (0.5, '', x''), "
			"('text', x'00ff', 1e300)"),
		9);
}

static enum lopt_status count_row(void *context, struct lopt_str record, struct lopt_error *err)
{
	struct lopt_sqlite_value value;
	(void)err;
	for (size_t column = 0; lopt_sqlite_column(&value, record, column); column++)
		assert_true(value.bytes.len == 0 || (value.bytes.ptr >= record.ptr &&
						     value.bytes.ptr + value.bytes.len <= record.ptr + record.len));
	*(size_t *)context += 1;
	return LOPT_OK;
}

static enum lopt_status read_database(struct lopt_str bytes, size_t *count)
{
	struct lopt_error err = { .status = LOPT_OK };
	*count = 0;
	enum lopt_status status = lopt_sqlite_read(bytes, "t", count_row, count, &err);
	assert_int_equal(err.status, status);
	return status;
}

/* One bit of each byte another, and cut anywhere: an answer within bounds, whatever it is. */
static void bears_damage(void **state)
{
	(void)state;
	sqlite3 *db = NULL;
	size_t count;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	struct lopt_str bytes = make_database(db, "PRAGMA page_size = 512; CREATE TABLE t (a, b)",
					      "INSERT INTO t " NUMBERS(40) "SELECT i, zeroblob(i * i) FROM n");
	char *data = (char *)bytes.ptr;
	assert_int_equal(read_database(bytes, &count), LOPT_OK);
	assert_int_equal(count, 40);
	for (size_t at = 0; at < bytes.len; at++) {
		char bit = (char)(1 << at % 7);
		data[at] ^= bit;
		enum lopt_status status = read_database(bytes, &count);
		assert_true((status == LOPT_OK || status == LOPT_E_INPUT) && count <= bytes.len);
		data[at] ^= bit;
	}
	for (size_t len = 0; len < bytes.len; len += 7)
		assert_int_equal(read_database(lopt_str_make(data, len), &count), LOPT_E_INPUT);
	free(data);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

enum { PAGE = 512, CELLS = PAGE + 3, RIGHT = PAGE + 8, LEAF_POINTERS = PAGE + 8, INTERIOR_POINTERS = PAGE + 12 };

/* The second page is the root of t. */
static struct lopt_str make_table(const char *insert)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	struct lopt_str bytes = make_database(db, "PRAGMA page_size = 512; CREATE TABLE t (a)", insert);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return bytes;
}

/* A row that stands in its page twenty times, in one page and with others. */
static void reads_no_more_than_there_is(void **state)
{
	(void)state;
	static const char *const inserts[] = { "INSERT INTO t VALUES (zeroblob(100))",
					       "INSERT INTO t VALUES (zeroblob(20000))" };
	for (size_t i = 0; i < sizeof inserts / sizeof inserts[0]; i++) {
		size_t count;
		struct lopt_str bytes = make_table(inserts[i]);
		char *data = (char *)bytes.ptr;
		assert_int_equal(data[CELLS + 1], 1);
		data[CELLS + 1] = 20;
		for (size_t n = 1; n < 20; n++)
			memcpy(data + LEAF_POINTERS + 2 * n, data + LEAF_POINTERS, 2);
		assert_int_equal(read_database(bytes, &count), LOPT_E_INPUT);
		assert_true(count <= 4);
		free(data);
	}
}

/* A tree whose last child is its root, none, or where no page can be. */
static void ends_where_a_tree_does_not(void **state)
{
	(void)state;
	size_t count;
	struct lopt_str bytes = make_table("INSERT INTO t " NUMBERS(200) "SELECT zeroblob(100) FROM n");
	char *data = (char *)bytes.ptr;
	assert_int_equal(data[PAGE], 5);
	memcpy(data + RIGHT, "\0\0\0\2", 4);
	assert_int_equal(read_database(bytes, &count), LOPT_E_INPUT);
	assert_true(count <= 400);
	memcpy(data + RIGHT, "\xff\xff\xff\xff", 4);
	assert_int_equal(read_database(bytes, &count), LOPT_E_INPUT);
	memcpy(data + CELLS, "\xff\xff", 2);
	assert_int_equal(read_database(bytes, &count), LOPT_E_INPUT);
	assert_int_equal(count, 0);
	free(data);
}

static void refuses_other_forms(void **state)
{
	(void)state;
	static const char zeros[4096];
	static const struct {
		const char *first, *second;
	} cases[] = {
		{ "PRAGMA encoding = 'UTF-16'", "CREATE TABLE t (a)" },
		{ "CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID", "INSERT INTO t VALUES (1)" },
		{ "CREATE TABLE a (b)", "CREATE VIEW t AS SELECT b FROM a" },
		{ "CREATE TABLE a (b)", "CREATE INDEX t ON a (b)" },
		{ "CREATE VIRTUAL TABLE t USING fts5(a)", "INSERT INTO t VALUES ('a')" },
	};
	size_t count;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		sqlite3 *db = NULL;
		assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
		struct lopt_str bytes = make_database(db, cases[i].first, cases[i].second);
		assert_int_equal(read_database(bytes, &count), LOPT_E_INPUT);
		assert_int_equal(count, 0);
		free((void *)bytes.ptr);
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
	}
	assert_int_equal(read_database(lopt_str_make(NULL, 0), &count), LOPT_E_INPUT);
	assert_int_equal(read_database(lopt_str_make(zeros, sizeof zeros), &count), LOPT_E_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_sqlite_writes),
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(bears_damage),
		cmocka_unit_test(reads_no_more_than_there_is),
		cmocka_unit_test(ends_where_a_tree_does_not),
		cmocka_unit_test(refuses_other_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
