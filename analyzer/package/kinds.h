/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_KINDS_H
#define LAYEROPT_PACKAGE_KINDS_H

#include "layeropt/image.h"
#include "package/package.h"

/**
 * Tell the sink what the database at `path` of an image says. Besides want of memory and a sink's refusal:
 * LOPT_E_INPUT when a database is damaged as a whole or of a form that is not read, LOPT_E_LIMIT when it asks for too
 * much. The message says what it is, without the path; what was told by then may be used.
 */
typedef enum lopt_status lopt_package_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					    struct lopt_error *err);

/** One kind of database. */
struct lopt_package_kind {
	const char *what;    /* for messages: "apk database" */
	enum lopt_keep keep; /* how much of the file `parse` wants as `text` */
	lopt_package_parse *parse;
};

/** What kind of database a regular file at `path` is, by the path alone; NULL for none. Asked for every entry. */
const struct lopt_package_kind *lopt_package_kind_of(struct lopt_str path);

#endif
