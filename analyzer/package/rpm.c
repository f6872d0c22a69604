/* SPDX-License-Identifier: MIT */
#include "package/rpm.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "package/rpm_header.h"

/*
 * SQLite compiles whatever schema a database has. What sqlite.org, "Defense Against The Dark Arts", asks for with files of
 * strangers is done here: no views, triggers and virtual tables, small limits, nothing read but one table, and an end
 * to time and memory.
 */

enum {
	INTRO_BYTES = 100,     /* the header of a database file */
	WRITE_VERSION_AT = 18, /* 2: with a write-ahead log, which wants a file to be shared; 1: without */
	READ_VERSION_AT = 19,  /* likewise */
	/* Of SQLite's machine. Ten take a table of the schema in, of which rpm has 50; more make SQLite quadratic. */
	SCHEMA_STEPS_MAX = 1 << 15,
	STEPS_MAX = 1 << 20,	 /* three tell a package */
	STEPS_CHECKED = 1 << 10, /* they are counted in such pieces */
	HEAP_MAX = 64 << 20,	 /* besides the one header that is read */
};

struct rpm {
	struct lopt_teller teller;
	char *bytes; /* of the database, without the mark of a write-ahead log */
	size_t size;
	sqlite3 *db;
	sqlite3_stmt *statement;
	uint32_t steps, steps_max;
	uint64_t left;	  /* bytes of headers the file has room for */
	uint32_t damaged; /* headers */
};

/* Why SQLite refused. */
static enum lopt_status refused(const struct rpm *rpm, int code, struct lopt_error *err)
{
	switch (code & 0xff) {
	case SQLITE_INTERRUPT:
		return lopt_error_set(err, LOPT_E_LIMIT, "an rpm database that takes more than %u steps of SQLite",
				      rpm->steps_max);
	case SQLITE_NOMEM:
		if (sqlite3_memory_highwater(0) < HEAP_MAX / 2)
			return lopt_error_memory(err);
		return lopt_error_set(err, LOPT_E_LIMIT, "an rpm database that takes more than %d bytes", HEAP_MAX);
	default:
		return lopt_error_set(err, LOPT_E_INPUT, "no rpm database: %s", sqlite3_errmsg(rpm->db));
	}
}

static int count_steps(void *context)
{
	struct rpm *rpm = context;
	rpm->steps += STEPS_CHECKED;
	return rpm->steps > rpm->steps_max;
}

/* One table is read and described, nothing else is done. */
static int allow(void *context, int action, const char *first, const char *second, const char *database,
		 const char *through)
{
	(void)context;
	(void)second;
	(void)database;
	switch (action) {
	case SQLITE_SELECT:
		return SQLITE_OK;
	case SQLITE_READ:
		return !through && first && sqlite3_stricmp(first, "Packages") == 0 ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA:
		return first && sqlite3_stricmp(first, "table_xinfo") == 0 ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static void set_limits(const struct rpm *rpm)
{
	static const struct {
		int what, value;
	} limits[] = {
		{ SQLITE_LIMIT_SQL_LENGTH, 1000 },  { SQLITE_LIMIT_COLUMN, 16 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 10 },    { SQLITE_LIMIT_COMPOUND_SELECT, 1 },
		{ SQLITE_LIMIT_VDBE_OP, 1000 },	    { SQLITE_LIMIT_FUNCTION_ARG, 4 },
		{ SQLITE_LIMIT_ATTACHED, 0 },	    { SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		(void)sqlite3_limit(rpm->db, limits[i].what, limits[i].value);
	(void)sqlite3_limit(rpm->db, SQLITE_LIMIT_LENGTH, rpm->size < INT_MAX ? (int)rpm->size : INT_MAX);
}

static int harden(struct rpm *rpm)
{
	static const struct {
		int what, value;
	} settings[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		int code = sqlite3_db_config(rpm->db, settings[i].what, settings[i].value, NULL);
		if (code != SQLITE_OK)
			return code;
	}
	set_limits(rpm);
	sqlite3_progress_handler(rpm->db, STEPS_CHECKED, count_steps, rpm);
	int code = sqlite3_drop_modules(rpm->db, NULL);
	return code == SQLITE_OK ? sqlite3_set_authorizer(rpm->db, allow, NULL) : code;
}

/* The bytes as a database of SQLite, of which nothing is read yet. */
static enum lopt_status open_database(struct rpm *rpm, struct lopt_error *err)
{
	int code = sqlite3_open_v2(":memory:", &rpm->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(rpm->db, "PRAGMA cell_size_check = 1", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_deserialize(rpm->db, "main", (unsigned char *)rpm->bytes, (sqlite3_int64)rpm->size,
					   (sqlite3_int64)rpm->size, SQLITE_DESERIALIZE_READONLY);
	if (code == SQLITE_OK)
		code = harden(rpm);
	return code == SQLITE_OK ? LOPT_OK : refused(rpm, code, err);
}

static enum lopt_status prepare(struct rpm *rpm, const char *sql, struct lopt_error *err)
{
	(void)sqlite3_finalize(rpm->statement);
	int code = sqlite3_prepare_v2(rpm->db, sql, -1, &rpm->statement, NULL);
	return code == SQLITE_OK ? LOPT_OK : refused(rpm, code, err);
}

/* LOPT_END after the last row. */
static enum lopt_status step(struct rpm *rpm, struct lopt_error *err)
{
	int code = sqlite3_step(rpm->statement);
	return code == SQLITE_ROW ? LOPT_OK : code == SQLITE_DONE ? LOPT_END : refused(rpm, code, err);
}

/* A column that is computed would run what the schema says. */
static enum lopt_status check_columns(struct rpm *rpm, struct lopt_error *err)
{
	enum { HIDDEN = 6 };
	enum lopt_status status;
	LOPT_TRY(prepare(rpm, "PRAGMA table_xinfo(Packages)", err));
	while ((status = step(rpm, err)) == LOPT_OK)
		if (sqlite3_column_int(rpm->statement, HIDDEN) != 0)
			return lopt_error_set(err, LOPT_E_INPUT,
					      "no rpm database: Packages has columns that are computed");
	return status == LOPT_END ? LOPT_OK : status;
}

static enum lopt_status tell_row(struct rpm *rpm, struct lopt_error *err)
{
	struct lopt_error damage;
	const char *blob = sqlite3_column_blob(rpm->statement, 0);
	size_t size = (size_t)sqlite3_column_bytes(rpm->statement, 0);
	if (!blob && sqlite3_errcode(rpm->db) == SQLITE_NOMEM)
		return refused(rpm, SQLITE_NOMEM, err);
	if (size > rpm->left)
		return lopt_error_set(err, LOPT_E_INPUT, "an rpm database whose headers overlap");
	rpm->left -= size;
	enum lopt_status status = lopt_rpm_header_tell(&rpm->teller, lopt_str_make(blob, size), &damage);
	rpm->damaged += status == LOPT_E_INPUT;
	if (status != LOPT_OK && status != LOPT_E_INPUT)
		return lopt_error_set(err, status, "%s", damage.message);
	return LOPT_OK;
}

static enum lopt_status tell_rows(struct rpm *rpm, struct lopt_error *err)
{
	enum lopt_status status;
	LOPT_TRY(open_database(rpm, err));
	LOPT_TRY(check_columns(rpm, err));
	rpm->steps = 0;
	rpm->steps_max = STEPS_MAX;
	LOPT_TRY(prepare(rpm, "SELECT blob FROM Packages", err));
	while ((status = step(rpm, err)) == LOPT_OK)
		LOPT_TRY(tell_row(rpm, err));
	if (status == LOPT_END && rpm->damaged)
		return lopt_error_set(err, LOPT_E_INPUT, "%u damaged headers in an rpm database", rpm->damaged);
	return status == LOPT_END ? LOPT_OK : status;
}

static void close_database(struct rpm *rpm)
{
	(void)sqlite3_finalize(rpm->statement);
	(void)sqlite3_close(rpm->db);
	free(rpm->bytes);
	lopt_teller_release(&rpm->teller);
}

/*
 * rpm leaves the database marked as one with a write-ahead log, which could only be opened beside it. A copy says
 * that there is none.
 */
static enum lopt_status copy_database(struct rpm *rpm, struct lopt_str text, struct lopt_error *err)
{
	rpm->bytes = malloc(text.len);
	if (!rpm->bytes)
		return lopt_error_memory(err);
	memcpy(rpm->bytes, text.ptr, text.len);
	rpm->size = text.len;
	if (rpm->bytes[WRITE_VERSION_AT] == 2 && rpm->bytes[READ_VERSION_AT] == 2)
		rpm->bytes[WRITE_VERSION_AT] = rpm->bytes[READ_VERSION_AT] = 1;
	return LOPT_OK;
}

enum lopt_status lopt_rpm_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				struct lopt_error *err)
{
	(void)path;
	if (text.len < INTRO_BYTES)
		return lopt_error_set(err, LOPT_E_INPUT, "no rpm database: %zu bytes", text.len);
	LOPT_CLEANUP(close_database) struct rpm rpm = { .left = text.len, .steps_max = SCHEMA_STEPS_MAX };
	lopt_teller_init(&rpm.teller, sink, text);
	LOPT_TRY(copy_database(&rpm, text, err));
	sqlite3_int64 before = sqlite3_hard_heap_limit64((sqlite3_int64)HEAP_MAX + 2 * (sqlite3_int64)text.len);
	(void)sqlite3_memory_highwater(1);
	enum lopt_status status = tell_rows(&rpm, err);
	(void)sqlite3_hard_heap_limit64(before);
	return status;
}

static bool has_bytes(struct lopt_str head, size_t at, const char *bytes, size_t size)
{
	return head.len >= at + size && memcmp(head.ptr + at, bytes, size) == 0;
}

enum lopt_status lopt_rpm_parse_berkeley(struct lopt_str head, struct lopt_str path, struct lopt_package_sink *sink,
					 struct lopt_error *err)
{
	(void)path;
	(void)sink;
	if (!has_bytes(head, 12, "\x61\x15\x06\0", 4) && !has_bytes(head, 12, "\0\x06\x15\x61", 4))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "an rpm database in the form of Berkeley DB is not read");
}

enum lopt_status lopt_rpm_parse_ndb(struct lopt_str head, struct lopt_str path, struct lopt_package_sink *sink,
				    struct lopt_error *err)
{
	(void)path;
	(void)sink;
	if (!has_bytes(head, 0, "RpmP", 4))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "an rpm database in the form of ndb is not read");
}

enum lopt_status lopt_rpm_parse_wal(struct lopt_str head, struct lopt_str path, struct lopt_package_sink *sink,
				    struct lopt_error *err)
{
	(void)path;
	(void)sink;
	if (!has_bytes(head, 0, "\x37\x7f\x06\x82", 4) && !has_bytes(head, 0, "\x37\x7f\x06\x83", 4))
		return LOPT_OK;
	return lopt_error_set(
		err, LOPT_E_INPUT,
		"the write-ahead log of an rpm database is not read: what was installed last may be missing");
}
