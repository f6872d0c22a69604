/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_TELLER_H
#define LAYEROPT_PACKAGE_TELLER_H

#include "base/buf.h"
#include "package/package.h"

/**
 * Tells a sink paths that a database writes in two pieces, and bounds what that costs: databases name a folder once
 * and its files often, so a made-up one could stand for far more bytes of paths than it has.
 */
struct lopt_teller {
	struct lopt_package_sink *sink;
	struct lopt_buf path;
	uint64_t left; /* bytes of paths that may still be told */
};

enum {
	LOPT_TOLD_PATH_MAX = 4096, /* PATH_MAX: no longer path can be opened in a container */
	LOPT_TOLD_RATIO = 16,	   /* bytes of paths per byte of database; real ones stay below 4 */
};

/** For the database `text`. The sink is borrowed. */
void lopt_teller_init(struct lopt_teller *teller, struct lopt_package_sink *sink, struct lopt_str text);
/** For LOPT_CLEANUP too. */
void lopt_teller_release(struct lopt_teller *teller);

/**
 * Tell the sink the file `name` in `folder`, without slashes at either end and in a row. Both may have several
 * components: "." and ".." are undone in the text, and a name that starts with a slash starts at the root. A path that
 * leaves the root, is longer than LOPT_TOLD_PATH_MAX or holds a NUL is left out. LOPT_E_LIMIT beyond LOPT_TOLD_RATIO.
 */
LOPT_CHECKED enum lopt_status lopt_teller_file(struct lopt_teller *teller, struct lopt_str folder, struct lopt_str name,
					       struct lopt_error *err);

/** The same for a directory with all below it. */
LOPT_CHECKED enum lopt_status lopt_teller_tree(struct lopt_teller *teller, struct lopt_str folder, struct lopt_str name,
					       struct lopt_error *err);

#endif
