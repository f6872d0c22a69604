/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_H
#define LAYEROPT_REPORT_H

#include <stdio.h>

#include "layeropt/analysis.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a report is written. Zeroed is plain text at 80 columns with 20 rows per list. */
struct lopt_report_options {
	size_t top;	   /* rows per list; 0 is all (the command line's default is 20) */
	size_t columns;	   /* width for text; 0 is 80 */
	bool color;	   /* SGR colours in text */
	bool unicode;	   /* block characters for bars; else # and . */
	bool show_secrets; /* do not mask values that look like credentials */
	/* of a gate: */
	bool show_suppressed;	 /* the findings that are ignored, row by row */
	size_t markdown_bytes;	 /* at most; 0 is 65,536, what GitHub takes for a comment */
	const char *comment_key; /* tells one comment of a pull request from another; NULL is "gate" */
};

/** A format: one row of the table of formats. */
struct lopt_report_format {
	const char *name; /* "text", "json", "markdown", "csv", "ncdu", "folded" */
	const char *what; /* one line for --help */
	/** Write the whole report. Write errors are left to the caller's check of the stream at the end. */
	enum lopt_status (*write)(FILE *to, const struct lopt_analysis *analysis,
				  const struct lopt_report_options *options, struct lopt_error *err);
};

/** By name, or NULL. */
const struct lopt_report_format *lopt_report_format_find(const char *name);
/** For --help and completions; NULL past the last. */
const struct lopt_report_format *lopt_report_format_at(size_t index);

/** `layeropt ls`: the final filesystem, or the entries of one layer in tar order (`layer` < layer count). */
struct lopt_listing_options {
	size_t layer;	/* LOPT_NO_LAYER: the final filesystem */
	bool long_form; /* mode, owner, size, time, layer in text */
	bool ndjson;
	const struct lopt_analysis *analysis; /* of the image, for the header row of ndjson; NULL: there is none */
	bool show_secrets;		      /* do not mask values there that look like credentials */
};
LOPT_CHECKED enum lopt_status lopt_listing_write(FILE *to, const struct lopt_image *image,
						 const struct lopt_listing_options *options, struct lopt_error *err);

#ifdef __cplusplus
}
#endif
#endif
