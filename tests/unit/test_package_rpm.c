/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "package/rpm.h"
#include "package/rpm_header.h"
#include "support/recorder.h"

#define DATABASE "var/lib/rpm/rpmdb.sqlite"
#define SCHEMA "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"

enum { CHAR = 1, INT32 = 4, STRING = 6, BIN = 7, STRINGS = 8 };
enum { NAME = 1000, VERSION, RELEASE, EPOCH, STATES = 1029, FLAGS = 1037, FOLDER_OF = 1116, BASES, FOLDERS };

/* One tag of a header; the data of the next one follows. */
struct tag {
	uint32_t tag, type, count;
	const char *data;
	size_t size;
};
#define TAG(tag, type, count, data)                     \
	{                                               \
		tag, type, count, data, sizeof data - 1 \
	}

static void add_u32(struct lopt_buf *to, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		lopt_buf_char(to, (char)(value >> shift & 0xff));
}

/* A header, its tags up to the one without type. Data is not aligned: nobody has to rely on it. */
static void add_header(struct lopt_buf *to, const struct tag *tags)
{
	uint32_t count = 0, size = 0;
	for (; tags[count].type; count++)
		size += (uint32_t)tags[count].size;
	add_u32(to, count);
	add_u32(to, size);
	size = 0;
	for (uint32_t i = 0; i < count; i++) {
		add_u32(to, tags[i].tag);
		add_u32(to, tags[i].type);
		add_u32(to, size);
		add_u32(to, tags[i].count);
		size += (uint32_t)tags[i].size;
	}
	for (uint32_t i = 0; i < count; i++)
		lopt_buf_add(to, tags[i].data, tags[i].size);
}

#define NVR TAG(NAME, STRING, 1, "a\0"), TAG(VERSION, STRING, 1, "1\0"), TAG(RELEASE, STRING, 1, "2\0")
#define TWO_FILES                                                                       \
	TAG(FOLDER_OF, INT32, 2, "\0\0\0\1\0\0\0\0"), TAG(BASES, STRINGS, 2, "b\0c\0"), \
		TAG(FOLDERS, STRINGS, 2, "/etc/\0/usr/lib/\0")

static const struct tag demo[] = {
	TAG(63, BIN, 16, "0123456789abcdef"),
	TAG(NAME, STRING, 1, "demo\0"),
	TAG(VERSION, STRING, 1, "1.2\0"),
	TAG(RELEASE, STRING, 1, "3.el9\0"),
	TAG(EPOCH, INT32, 1, "\0\0\0\2"),
	TAG(FOLDER_OF, INT32, 6, "\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\2"),
	TAG(BASES, STRINGS, 6, "demo.conf\0log\0a\0b\0c\0\0"),
	TAG(FOLDERS, STRINGS, 3, "/etc/\0/usr/share/demo/\0/\0"),
	TAG(FLAGS, INT32, 6, "\0\0\0\1\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	TAG(STATES, CHAR, 6, "\0\0\0\1\0\0"),
	{ 0 },
};

static enum lopt_status tell(struct test_recorder *recorder, struct lopt_str blob)
{
	struct lopt_error err = { .status = LOPT_OK };
	struct lopt_teller teller;
	char *exact = malloc(blob.len ? blob.len : 1);
	assert_non_null(exact);
	memcpy(exact, blob.len ? blob.ptr : "", blob.len);
	lopt_teller_init(&teller, &recorder->sink, blob);
	enum lopt_status status = lopt_rpm_header_tell(&teller, lopt_str_make(exact, blob.len), &err);
	assert_int_equal(err.status, status);
	lopt_teller_release(&teller);
	free(exact);
	return status;
}

static void reads_headers(void **state)
{
	(void)state;
	static const struct {
		struct tag tags[12];
		const char *want; /* NULL: damaged, and nothing is told */
	} cases[] = {
		{ { NVR, TWO_FILES }, "rpm: a 1-2\n  usr/lib/b\n  etc/c\n" },
		{ { NVR }, "rpm: a 1-2\n" }, /* a public key, say */
		{ { NVR, TAG(EPOCH, INT32, 1, "\0\0\0\0") }, "rpm: a 0:1-2\n" },
		{ { NVR, TAG(EPOCH, INT32, 1, "\xff\xff\xff\xff") }, "rpm: a 4294967295:1-2\n" },
		/* what comes later replaces */
		{ { NVR, TAG(NAME, STRING, 1, "b\0") }, "rpm: b 1-2\n" },
		/* no name, an empty one, one of another type, one without an end */
		{ { TAG(VERSION, STRING, 1, "1\0"), TAG(RELEASE, STRING, 1, "2\0") }, NULL },
		{ { NVR, TAG(NAME, STRING, 1, "\0") }, NULL },
		{ { NVR, TAG(NAME, INT32, 1, "abcd") }, NULL },
		{ { NVR, TAG(NAME, STRING, 2, "b\0c\0") }, NULL },
		{ { NVR, TAG(NAME, STRING, 1, "b") }, NULL },
		{ { NVR, TAG(NAME, STRING, 0, "b\0") }, NULL },
		{ { NVR, TAG(EPOCH, INT32, 1, "\0\0\0") }, NULL },
		/* lists that do not fit together */
		{ { NVR, TAG(BASES, STRINGS, 2, "b\0c\0") }, NULL },
		{ { NVR, TAG(FOLDER_OF, INT32, 1, "\0\0\0\0") }, NULL },
		{ { NVR, TWO_FILES, TAG(FOLDER_OF, INT32, 2, "\0\0\0\0\0\0\0\2") }, NULL },
		{ { NVR, TWO_FILES, TAG(FOLDER_OF, INT32, 3, "\0\0\0\0\0\0\0\0\0\0\0\0") }, NULL },
		{ { NVR, TWO_FILES, TAG(FLAGS, INT32, 1, "\0\0\0\0") }, NULL },
		{ { NVR, TWO_FILES, TAG(STATES, CHAR, 3, "\0\0\0") }, NULL },
		/* more than the data has */
		{ { NVR, TWO_FILES, TAG(BASES, STRINGS, 2, "b\0c") }, NULL },
		{ { NVR, TWO_FILES, TAG(FOLDER_OF, INT32, 0x40000000, "\0\0\0\0") }, NULL },
		{ { NVR, TWO_FILES, TAG(FOLDERS, STRINGS, 3, "d\0e\0f") }, NULL },
		{ { { 0 } }, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf blob = LOPT_BUF_INIT(4096);
		struct test_recorder recorder;
		test_recorder_init(&recorder);
		add_header(&blob, cases[i].tags);
		assert_int_equal(tell(&recorder, lopt_buf_view(&blob)), cases[i].want ? LOPT_OK : LOPT_E_INPUT);
		assert_string_equal(recorder.text.data ? recorder.text.data : "", cases[i].want ? cases[i].want : "");
		test_recorder_release(&recorder);
		lopt_buf_release(&blob);
	}
}

#define DEMO "rpm: demo 2:1.2-3.el9\n  etc/demo.conf\n  usr/share/demo/a\n  c\n"

/* Cut anywhere or with something behind: damaged. With any byte another: whatever it says, within its bounds. */
static void bears_damage(void **state)
{
	(void)state;
	struct lopt_buf blob = LOPT_BUF_INIT(4096);
	struct test_recorder recorder;
	test_recorder_init(&recorder);
	add_header(&blob, demo);
	for (size_t len = 0; len < blob.len; len++)
		assert_int_equal(tell(&recorder, lopt_str_make(blob.data, len)), LOPT_E_INPUT);
	assert_int_equal(tell(&recorder, lopt_str_make(blob.data, blob.len + 1)), LOPT_E_INPUT);
	assert_int_equal(recorder.calls, 0);
	assert_int_equal(tell(&recorder, lopt_buf_view(&blob)), LOPT_OK);
	assert_string_equal(recorder.text.data, DEMO);
	for (size_t at = 0; at < 8 * blob.len; at++) {
		blob.data[at / 8] ^= (char)(1 << at % 8);
		enum lopt_status status = tell(&recorder, lopt_buf_view(&blob));
		assert_true(status == LOPT_OK || status == LOPT_E_INPUT);
		blob.data[at / 8] ^= (char)(1 << at % 8);
	}
	test_recorder_release(&recorder);
	lopt_buf_release(&blob);
}

/* A database made by `sql`, in which ?1 is the header of `demo`. */
static struct lopt_str make_database(const char *const *sql, bool wal)
{
	sqlite3 *db = NULL;
	sqlite3_int64 size = 0;
	struct lopt_buf blob = LOPT_BUF_INIT(4096);
	add_header(&blob, demo);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (; *sql; sql++) {
		sqlite3_stmt *statement = NULL;
		if (sqlite3_prepare_v2(db, *sql, -1, &statement, NULL) != SQLITE_OK)
			fail_msg("%s: %s", *sql, sqlite3_errmsg(db));
		if (sqlite3_bind_parameter_count(statement))
			assert_int_equal(sqlite3_bind_blob(statement, 1, blob.data, (int)blob.len, SQLITE_STATIC),
					 SQLITE_OK);
		while (sqlite3_step(statement) == SQLITE_ROW)
			;
		assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	}
	unsigned char *bytes = sqlite3_serialize(db, "main", &size, 0);
	assert_non_null(bytes);
	if (wal)
		bytes[18] = bytes[19] = 2;
	char *copy = malloc((size_t)size);
	assert_non_null(copy);
	memcpy(copy, bytes, (size_t)size);
	sqlite3_free(bytes);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	lopt_buf_release(&blob);
	return lopt_str_make(copy, (size_t)size);
}

#define INSERT "INSERT INTO Packages (blob) VALUES (?1)"

static void reads_databases(void **state)
{
	(void)state;
	static const struct {
		const char *sql[6];
		const char *want, *message; /* in the error; NULL: none */
		enum lopt_status status;
		bool wal;
	} cases[] = {
		{ .sql = { SCHEMA, INSERT, INSERT }, .want = DEMO DEMO },
		{ .sql = { SCHEMA, INSERT }, .want = DEMO, .wal = true },
		{ .sql = { SCHEMA }, .want = "" },
		{ .sql = { "CREATE TABLE a (b)", SCHEMA, "CREATE INDEX i ON a (b)", INSERT }, .want = DEMO },
		/* headers that are none */
		{ .sql = { "PRAGMA page_size = 512", SCHEMA, "INSERT INTO Packages (blob) VALUES (zeroblob(5000))",
			   INSERT },
		  .want = DEMO,
		  .status = LOPT_E_INPUT,
		  .message = "1 damaged header" },
		{ .sql = { SCHEMA, "INSERT INTO Packages (blob) VALUES ('text')",
			   "INSERT INTO Packages (blob) VALUES (1)", "INSERT INTO Packages (blob) VALUES (x'')" },
		  .want = "",
		  .status = LOPT_E_INPUT,
		  .message = "3 damaged headers" },
		/* tables that are none of rpm's */
		{ .sql = { "CREATE TABLE other (blob)" },
		  .want = "",
		  .status = LOPT_E_INPUT,
		  .message = "without a table" },
		{ .sql = { "CREATE TABLE Packages (hnum)", "INSERT INTO Packages VALUES (1)" },
		  .want = "",
		  .status = LOPT_E_INPUT,
		  .message = "damaged row" },
		{ .sql = { "CREATE TABLE a (b)", "CREATE VIEW Packages AS SELECT 1, b FROM a" },
		  .want = "",
		  .status = LOPT_E_INPUT,
		  .message = "without a table" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_error err = { .status = LOPT_OK };
		struct test_recorder recorder;
		struct lopt_str text = make_database(cases[i].sql, cases[i].wal);
		test_recorder_init(&recorder);
		assert_int_equal(lopt_rpm_parse(text, lopt_str_from(DATABASE), &recorder.sink, &err), cases[i].status);
		assert_string_equal(recorder.text.data ? recorder.text.data : "", cases[i].want);
		assert_int_equal(err.status, cases[i].status);
		if (cases[i].message)
			assert_non_null(strstr(err.message, cases[i].message));
		test_recorder_release(&recorder);
		free((void *)text.ptr);
	}
}

static void refuses_what_is_no_database(void **state)
{
	(void)state;
	static const char zeros[200];
	static const struct test_package_case cases[] = {
		{ .path = DATABASE, .text = "", .want = "", .status = LOPT_E_INPUT },
		{ .path = "usr/lib/sysimage/rpm/rpmdb.sqlite",
		  .text = "SQLite format 3",
		  .want = "",
		  .status = LOPT_E_INPUT },
		{ .path = DATABASE, .text = zeros, .size = sizeof zeros, .want = "", .status = LOPT_E_INPUT },
		/* older forms, and files that only have their names */
		{ .path = "var/lib/rpm/Packages",
		  .text = "\0\0\0\0\0\0\0\0\0\0\0\0\x61\x15\x06\0",
		  .size = 16,
		  .want = "",
		  .status = LOPT_E_INPUT },
		{ .path = "var/lib/rpm/Packages",
		  .text = "\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\x15\x61",
		  .size = 16,
		  .want = "",
		  .status = LOPT_E_INPUT },
		{ .path = "var/lib/rpm/Packages", .text = "Package: a\n\n\n\n\n", .want = "" },
		{ .path = "usr/lib/sysimage/rpm/Packages.db",
		  .text = "RpmP\0\0\0\0",
		  .size = 8,
		  .want = "",
		  .status = LOPT_E_INPUT },
		{ .path = "usr/lib/sysimage/rpm/Packages.db", .text = "Rpm", .want = "" },
		{ .path = DATABASE "-wal", .text = "\x37\x7f\x06\x82\0", .size = 5, .want = "", .status = LOPT_E_INPUT },
		{ .path = DATABASE "-wal", .text = "\x37\x7f\x06\x84\0", .size = 5, .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_headers),
		cmocka_unit_test(bears_damage),
		cmocka_unit_test(reads_databases),
		cmocka_unit_test(refuses_what_is_no_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
