/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_GATE_VIEW_H
#define LAYEROPT_REPORT_GATE_VIEW_H

#include "base/buf.h"
#include "report/gate.h"

/**
 * What the reports of a gate have in common: how a budget, a place and the whole are told. What comes out of these may
 * hold raw bytes of the image and of the configuration unless it says otherwise; credentials in it are masked.
 */

LOPT_CHECKED enum lopt_status lopt_gate_text(FILE *to, const struct lopt_gate_result *result,
					     const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_json(FILE *to, const struct lopt_gate_result *result,
					     const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_markdown(FILE *to, const struct lopt_gate_result *result,
						 const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_junit(FILE *to, const struct lopt_gate_result *result,
					      const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_sarif(FILE *to, const struct lopt_gate_result *result,
					      const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_gitlab(FILE *to, const struct lopt_gate_result *result,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_github(FILE *to, const struct lopt_gate_result *result,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_openmetrics(FILE *to, const struct lopt_gate_result *result,
						    const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_gate_csv(FILE *to, const struct lopt_gate_result *result,
					    const struct lopt_report_options *options, struct lopt_error *err);

LOPT_CHECKED enum lopt_status lopt_gate_baseline(FILE *to, const struct lopt_gate_result *result,
						 const struct lopt_report_options *options, struct lopt_error *err);

/** "2 of 7 budgets exceeded, 1 not checked"; plain text. */
void lopt_gate_verdict_format(struct lopt_buf *out, const struct lopt_gate_result *result);
/** What stands between the change of the size and the name of the baseline. */
const char *lopt_gate_against(const struct lopt_gate_result *result);
size_t lopt_gate_skipped_count(const struct lopt_gate_result *result);

/** "max-size", "own: max-size", "path: R packages" */
void lopt_gate_name_format(struct lopt_buf *out, const struct lopt_gate_check *check);

/**
 * The figure and the limit, plain text: "1.5 GB", ">= 95.0%". Where both would print alike and are not, exactly:
 * "1,500,000,001 B". The figure of one that was not checked is "-".
 */
void lopt_gate_actual_format(struct lopt_buf *out, const struct lopt_gate_check *check);
void lopt_gate_limit_format(struct lopt_buf *out, const struct lopt_gate_check *check);
/** "118 MB over", "1.8 points below"; nothing for one that is not exceeded. Plain text. */
void lopt_gate_excess_format(struct lopt_buf *out, const struct lopt_gate_check *check);
/** The same of a ratio; 0 for one that is not exceeded. */
double lopt_gate_excess_ratio(const struct lopt_gate_check *check);
/** Whether it is about findings or paths of which there is to be none. */
bool lopt_gate_allows_none(const struct lopt_gate_check *check);
/** "1.62 GB, 118 MB over the limit of 1.5 GB", "2 paths match; none is allowed"; of an exceeded one. Plain text. */
void lopt_gate_breach_format(struct lopt_buf *out, const struct lopt_gate_check *check);
/** The true figure beside that of dive; plain text. */
void lopt_gate_true_format(struct lopt_buf *out, const struct lopt_gate_check *check);

/** "0.950000"; nothing for what is no number. */
void lopt_gate_ratio_format(struct lopt_buf *out, double ratio);

/** "Dockerfile:31", "line 31" without its name, else "layer 7", else nothing. */
void lopt_gate_place_format(struct lopt_buf *out, const struct lopt_gate_result *result, size_t layer, uint32_t line);
/** "Dockerfile:31 RUN make"; nothing where neither layer nor line is known. */
void lopt_gate_instruction_format(struct lopt_buf *out, const struct lopt_gate_result *result, size_t layer,
				  uint32_t line, const struct lopt_report_options *options);
/** The same of a layer, whose line is known with it. */
void lopt_gate_layer_format(struct lopt_buf *out, const struct lopt_gate_result *result, size_t layer,
			    const struct lopt_report_options *options);
/** The same of a layer that changed; of the baseline's where it is gone. */
void lopt_gate_layer_change_format(struct lopt_buf *out, const struct lopt_gate_result *result,
				   const struct lopt_layer_change *change, const struct lopt_report_options *options);

/** Whether an exceeded budget lists findings: those with `fails`. */
bool lopt_gate_is_of_findings(const struct lopt_gate_check *check);
/** Whether a finding's layer only hides the bytes that another one holds (lopt_finding_holder). */
bool lopt_gate_is_hidden(const struct lopt_finding *finding);
/** The path of a finding that costs most, which is a file where waste is told by its directory; may be empty. */
struct lopt_str lopt_gate_largest(const struct lopt_gate_finding *finding);
/** "what" where it is all that the finding is about, else "largest". */
const char *lopt_gate_largest_word(const struct lopt_gate_finding *finding);
/** A finding that is held against budgets: not ignored, not turned off, not the base image's. */
bool lopt_gate_counts(const struct lopt_gate_finding *finding);
/** "counted", "ignored", "off", "base" */
const char *lopt_gate_state_name(const struct lopt_gate_finding *finding);

/** Rows of a list and their bytes, in the baseline and now. */
struct lopt_gate_rest {
	size_t rows;
	uint64_t before, after;
};
/** What is behind the first `shown` rows. */
struct lopt_gate_rest lopt_gate_layers_from(const struct lopt_growth *growth, size_t shown);
struct lopt_gate_rest lopt_gate_packages_from(const struct lopt_growth *growth, size_t shown);
struct lopt_gate_rest lopt_gate_directories_from(const struct lopt_growth *growth, size_t shown);

#endif
