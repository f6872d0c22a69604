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

/** Fill view->layers in. */
LOPT_CHECKED enum lopt_status lopt_difference_layers(struct lopt_difference_view *view, struct lopt_error *err);
/** Whether sizes of its paths count: it came, went, or changed its content. */
bool lopt_difference_has_bytes(const struct lopt_difference *difference);
/** What the two are called; the whole path where its last part does not tell them apart. May hold raw bytes. */
struct lopt_str lopt_difference_name(const struct lopt_difference_view *view, bool after);
/** "+1.5 MB", "-20 B"; "0 B" where other bytes of as many came. */
void lopt_row_change_format(struct lopt_buf *out, uint64_t removed, uint64_t added);
/** "3 -> 4", "- -> 4" */
void lopt_layer_pair_format(struct lopt_buf *out, const struct lopt_layer_difference *row);

#endif
