/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_LISTING_H
#define LAYEROPT_REPORT_LISTING_H

#include "layeropt/report.h"
#include "report/json_writer.h"

/** One line of `layeropt ls`. */
struct lopt_row {
	struct lopt_str path;
	enum lopt_type type;
	uint32_t mode, major, minor;
	int64_t uid, gid, mtime_ns;
	bool has_time; /* false for a directory that no entry names */
	uint64_t size;
	const unsigned char *sha256; /* NULL: not a regular file, or not known */
	struct lopt_str link;	     /* of a symbolic link */
	struct lopt_str hardlink;    /* first name of its group; of an entry the name it is a link to */
	const struct lopt_xattr *xattrs;
	size_t xattr_count;
	size_t layer;
	size_t content_layer; /* that holds the content of a file; else the same as `layer` */
	bool whiteout, opaque;
};

struct lopt_lister {
	const struct lopt_image *image;
	const struct lopt_listing_options *options;
	FILE *to;
	struct lopt_json json;
	struct lopt_buf scratch;
};

/** The row as a line of text. */
void lopt_listing_line(struct lopt_lister *lister, const struct lopt_row *row);

#endif
