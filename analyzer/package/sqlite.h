/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_SQLITE_H
#define LAYEROPT_PACKAGE_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include "layeropt/status.h"
#include "layeropt/str.h"

/**
 * The rows of one table of an SQLite database in memory, by the documented form of its file (sqlite.org, "Database File
 * Format", sections 1.2 to 2.1). Reads tables with a rowid in databases of UTF-8; a write-ahead log is not looked at.
 *
 * Not by way of libsqlite3, which compiles the schema that a file brings: a made-up one of 100,000 tables keeps it busy
 * for 35 seconds between two calls of its progress handler, damage may look to it like want of memory, and the program
 * would start 0.45 ms later for everyone. Here no more pages are read than there are, nothing is copied that lies in one
 * piece, and nothing but where the table starts is taken from the schema. tests/unit/test_package_sqlite.c compares both.
 */

/** A row as it is stored. Borrowed for the time of the call. */
typedef enum lopt_status lopt_sqlite_row(void *context, struct lopt_str record, struct lopt_error *err);

/**
 * Call `row` for each row of `table`, in the order of their rowids. LOPT_E_INPUT when there is no such table or
 * something is damaged: rows before the damage were told.
 */
LOPT_CHECKED enum lopt_status lopt_sqlite_read(struct lopt_str database, const char *table, lopt_sqlite_row *row,
					       void *context, struct lopt_error *err);

enum lopt_sqlite_type { LOPT_SQLITE_NULL, LOPT_SQLITE_INTEGER, LOPT_SQLITE_REAL, LOPT_SQLITE_TEXT, LOPT_SQLITE_BLOB };

struct lopt_sqlite_value {
	enum lopt_sqlite_type type;
	struct lopt_str bytes; /* as stored: numbers big-endian, in as many bytes as they take; of NULL, 0 and 1 none */
	int64_t integer;
};

/** The value of a column, counted from 0; false when the record is damaged or has no such column. */
bool lopt_sqlite_column(struct lopt_sqlite_value *value, struct lopt_str record, size_t column);

#endif
