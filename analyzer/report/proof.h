/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_PROOF_H
#define LAYEROPT_REPORT_PROOF_H

#include <stdio.h>

#include "layeropt/report.h"
#include "proof/outcome.h"

/** A format of `verify` and `optimize`: one row of the table in proof_format.c. */
struct lopt_proof_format {
	const char *name;
	bool verify; /* `verify` has it too */
	/** Write the whole report; write errors are left to the caller's check of the stream at the end. */
	enum lopt_status (*write)(FILE *to, const struct lopt_outcome *outcome,
				  const struct lopt_report_options *options, struct lopt_error *err);
};

/** NULL past the last. */
const struct lopt_proof_format *lopt_proof_format_at(size_t index);

LOPT_CHECKED enum lopt_status lopt_proof_text(FILE *to, const struct lopt_outcome *outcome,
					      const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_proof_json(FILE *to, const struct lopt_outcome *outcome,
					      const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_proof_markdown(FILE *to, const struct lopt_outcome *outcome,
						  const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_proof_diff(FILE *to, const struct lopt_outcome *outcome,
					      const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_proof_sarif(FILE *to, const struct lopt_outcome *outcome,
					       const struct lopt_report_options *options, struct lopt_error *err);

/* What the formats have in common. */

/** "proved (E3): the same container but for what was predicted" */
void lopt_verdict_format(struct lopt_buf *out, const struct lopt_outcome *outcome);
/** "under 1.5 GB" or "70 MB over the target of 1.5 GB"; nothing without a target. */
void lopt_target_format(struct lopt_buf *out, const struct lopt_outcome *outcome);
/** Lines for a terminal: masked, and escaped but for newlines and for backslashes, which are meant to be read there. */
void lopt_lines_show(struct lopt_buf *out, struct lopt_str text, const struct lopt_report_options *options);
/** One value of a member of the configuration ("Env A"), masked where it may be a credential. */
void lopt_config_show(struct lopt_buf *out, struct lopt_str member, struct lopt_str value,
		      const struct lopt_report_options *options);
/** "content, mode" */
void lopt_aspects_format(struct lopt_buf *out, unsigned aspects);
/** "1,234 B -> 1,240 B", "0644 -> 0755", ...: the first thing that differs. */
void lopt_difference_format(struct lopt_buf *out, const struct lopt_difference *difference);
/** Bytes that applied edits proved to save, added up. */
uint64_t lopt_outcome_proved_bytes(const struct lopt_outcome *outcome);

#endif
