/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_RPM_H
#define LAYEROPT_PACKAGE_RPM_H

#include "package/package.h"

/**
 * rpmdb.sqlite, the database of rpm 4.16 and later (lib/backend/sqlite.c): a table "Packages" of a number and a header for
 * each package. A header that is damaged is left out, and told as LOPT_E_INPUT once the others are. A write-ahead log
 * beside it is not applied: see below.
 */
LOPT_CHECKED enum lopt_status lopt_rpm_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					     struct lopt_error *err);

/**
 * Forms that are known by their first bytes, and not read: LOPT_E_INPUT with what it is. Of another form the file is
 * none of rpm's: nothing is told.
 */

/** Packages: Berkeley DB, up to rpm 4.15 (RHEL 8, Amazon Linux 2, ...); the magic of a hash table at byte 12. */
LOPT_CHECKED enum lopt_status lopt_rpm_parse_berkeley(struct lopt_str head, struct lopt_str path,
						      struct lopt_package_sink *sink, struct lopt_error *err);
/** Packages.db: rpm's own "ndb" (SUSE; lib/backend/ndb/rpmpkg.c). */
LOPT_CHECKED enum lopt_status lopt_rpm_parse_ndb(struct lopt_str head, struct lopt_str path,
						 struct lopt_package_sink *sink, struct lopt_error *err);
/** rpmdb.sqlite-wal: what has been written and was not brought into the database yet (sqlite.org, "WAL-mode File Format"). */
LOPT_CHECKED enum lopt_status lopt_rpm_parse_wal(struct lopt_str head, struct lopt_str path,
						 struct lopt_package_sink *sink, struct lopt_error *err);

#endif
