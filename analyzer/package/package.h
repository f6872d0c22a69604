/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_PACKAGE_H
#define LAYEROPT_PACKAGE_PACKAGE_H

#include "layeropt/status.h"
#include "layeropt/str.h"

/**
 * What the databases of package managers say, one parser per file of this room: pure functions of the bytes of a
 * database, which an image may have made up. They know neither the image nor its paths. Whatever a parser cannot
 * make out it leaves out; what else can fail is told by lopt_package_parse in package/kinds.h.
 */

/** One package. Strings are borrowed from the text that is parsed, for the time of the call. */
struct lopt_package {
	const char *manager; /* "dpkg", "apk", "rpm", "pip", "npm", "conda", "R" */
	struct lopt_str name, version;
};

/** Where a parser tells what it finds; each user embeds it as its first member. */
struct lopt_package_sink {
	/** A package: the files and trees that follow, up to the next one, are its own. */
	enum lopt_status (*package)(struct lopt_package_sink *sink, const struct lopt_package *package,
				    struct lopt_error *err);
	/** A file or directory it owns, as the database writes it, made absolute or relative to the root. */
	enum lopt_status (*file)(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err);
	/** A directory with all below it, but for what other packages own. */
	enum lopt_status (*tree)(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err);
};

#endif
