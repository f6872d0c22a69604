/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_VIEW_H
#define LAYEROPT_REPORT_VIEW_H

#include "base/buf.h"
#include "layeropt/report.h"

/**
 * What the reports have in common: which rows of a list are shown, what the others add up to, what to save where.
 */

/** A list cut to its first `shown` rows. */
struct lopt_cut {
	size_t shown;
	size_t rows;	/* cut */
	uint64_t bytes; /* of them */
};
struct lopt_cut lopt_cut_waste(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_duplicates(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_findings(const struct lopt_analysis *analysis, size_t top);
/** The same lists, their first `shown` rows shown. */
uint64_t lopt_waste_bytes_from(const struct lopt_analysis *analysis, size_t shown);
uint64_t lopt_duplicate_bytes_from(const struct lopt_analysis *analysis, size_t shown);
uint64_t lopt_finding_bytes_from(const struct lopt_analysis *analysis, size_t shown);

/** All waste that one layer's instruction caused in one layer in one way: what one edit saves. */
struct lopt_saving {
	size_t layer, masked_by;
	enum lopt_cause cause;
	uint64_t bytes;
	uint64_t files;
	size_t rows;			      /* of the waste list */
	const struct lopt_waste_row *largest; /* of them */
};

enum { LOPT_SAVINGS = 3 };
/** The largest ones; *count says how many there are. */
LOPT_CHECKED enum lopt_status lopt_savings_find(struct lopt_saving out[LOPT_SAVINGS], size_t *count,
						const struct lopt_analysis *analysis, struct lopt_error *err);
/** What to change, in one or two sentences. */
const char *lopt_saving_advice(const struct lopt_analysis *analysis, const struct lopt_saving *saving);
/** "removes", "changes the owner, mode or time of", "overwrites" */
const char *lopt_cause_verb(enum lopt_cause cause);
/** "overwritten", "metadata only", "removed" */
const char *lopt_cause_words(enum lopt_cause cause);

/** The instruction that made a layer, credentials masked unless wanted; "(unknown)" where it is. */
void lopt_instruction_show(struct lopt_buf *out, const struct lopt_analysis *analysis, size_t layer,
			   const struct lopt_report_options *options);
/** Any text of the image, credentials masked unless wanted. */
void lopt_text_show(struct lopt_buf *out, struct lopt_str text, const struct lopt_report_options *options);

/** "checked", or what was not and why. A sentence without its full stop. */
const char *lopt_digests_words(const struct lopt_analysis *analysis);
/** `name`, or its part behind the last slash for a path. */
struct lopt_str lopt_source_name(const struct lopt_image_info *info);

#endif
