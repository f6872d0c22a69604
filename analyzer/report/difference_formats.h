/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_DIFFERENCE_FORMATS_H
#define LAYEROPT_REPORT_DIFFERENCE_FORMATS_H

#include "base/buf.h"
#include "report/difference.h"

/** One writer per format, for the table in difference_format.c. */
LOPT_CHECKED enum lopt_status lopt_difference_text(FILE *to, const struct lopt_difference_view *view,
						   const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_difference_json(FILE *to, const struct lopt_difference_view *view,
						   const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_difference_markdown(FILE *to, const struct lopt_difference_view *view,
						       const struct lopt_report_options *options,
						       struct lopt_error *err);

#endif
