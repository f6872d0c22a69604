/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_FORMATS_H
#define LAYEROPT_REPORT_FORMATS_H

#include "layeropt/report.h"

/** One writer per format, for the table in format.c. */
LOPT_CHECKED enum lopt_status lopt_report_text(FILE *to, const struct lopt_analysis *analysis,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_report_json(FILE *to, const struct lopt_analysis *analysis,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_report_markdown(FILE *to, const struct lopt_analysis *analysis,
						   const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_report_csv(FILE *to, const struct lopt_analysis *analysis,
					      const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_report_ncdu(FILE *to, const struct lopt_analysis *analysis,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_report_folded(FILE *to, const struct lopt_analysis *analysis,
						 const struct lopt_report_options *options, struct lopt_error *err);

/**
 * The members of the JSON report, into an object that is open, so that others can be put behind them. The writer was
 * initialised with this depth: rows are on one line each. Failures stick to it.
 */
enum { LOPT_JSON_ROWS_DEPTH = 2 };
struct lopt_json;
void lopt_json_analysis_members(struct lopt_json *json, const struct lopt_analysis *analysis,
				const struct lopt_report_options *options);
/** Of them those that a listing begins with, too: tool, image, totals and layers. */
void lopt_json_image_members(struct lopt_json *json, const struct lopt_analysis *analysis,
			     const struct lopt_report_options *options);

/** The whole numbers of struct lopt_totals, by the names of docs/metrics.md. */
struct lopt_figure {
	const char *name;
	size_t offset;
	bool bytes;
};
const struct lopt_figure *lopt_figures(size_t *count);
uint64_t lopt_figure_of(const struct lopt_totals *totals, const struct lopt_figure *figure);

#endif
