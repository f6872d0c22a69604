/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_R_H
#define LAYEROPT_PACKAGE_R_H

#include <stdint.h>

#include "package/package.h"

/**
 * An R package in a library: a folder of the package's name whose DESCRIPTION has a line "Built:" (Writing R
 * Extensions, "The DESCRIPTION file"; a source package has none), told as a tree. Wherever the library lies.
 */
LOPT_CHECKED enum lopt_status lopt_r_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					   struct lopt_error *err);

/** What the files of an installed R package are for (R Internals, "Package Structure"). */
enum lopt_r_part {
	LOPT_R_CODE,  /* R/: code, as a database to load from */
	LOPT_R_LIBS,  /* libs/: compiled code */
	LOPT_R_HELP,  /* help/, html/, man/ */
	LOPT_R_DOC,   /* doc/: vignettes, their sources; demo/ */
	LOPT_R_DATA,  /* data/ */
	LOPT_R_TESTS, /* tests/ */
	LOPT_R_OTHER, /* DESCRIPTION, Meta/, include/, what inst/ brought */
};
enum { LOPT_R_PARTS = LOPT_R_OTHER + 1 };

/** "code", "libs", "help", "doc", "data", "tests", "other" */
const char *lopt_r_part_name(enum lopt_r_part part);

/** The part that the file at `inside` is of, a path relative to the package's folder. */
enum lopt_r_part lopt_r_part_of(struct lopt_str inside);

#endif
