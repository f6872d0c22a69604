/* SPDX-License-Identifier: MIT */
#include "package/rpm.h"

#include "base/cleanup.h"
#include "package/rpm_header.h"
#include "package/sqlite.h"

struct rpm {
	struct lopt_teller teller;
	uint64_t damaged; /* headers */
};

/* A row of Packages: its number, and the header. */
static enum lopt_status tell_row(void *context, struct lopt_str record, struct lopt_error *err)
{
	enum { BLOB = 1 };
	struct rpm *rpm = context;
	struct lopt_sqlite_value blob;
	struct lopt_error damage;
	if (!lopt_sqlite_column(&blob, record, BLOB))
		return lopt_error_set(err, LOPT_E_INPUT, "a damaged row in an rpm database");
	enum lopt_status status = lopt_rpm_header_tell(&rpm->teller, blob.bytes, &damage);
	rpm->damaged += status == LOPT_E_INPUT;
	if (status == LOPT_OK || status == LOPT_E_INPUT)
		return LOPT_OK;
	return lopt_error_set(err, status, "%s", damage.message);
}

enum lopt_status lopt_rpm_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				struct lopt_error *err)
{
	(void)path;
	struct rpm rpm = { .damaged = 0 };
	lopt_teller_init(&rpm.teller, sink, text);
	enum lopt_status status = lopt_sqlite_read(text, "Packages", tell_row, &rpm, err);
	lopt_teller_release(&rpm.teller);
	if (status == LOPT_OK && rpm.damaged)
		return lopt_error_set(err, LOPT_E_INPUT, "%llu damaged headers in an rpm database",
				      (unsigned long long)rpm.damaged);
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
