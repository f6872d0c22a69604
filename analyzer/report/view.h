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
	uint64_t rows;	/* cut, here or before the analysis was saved */
	uint64_t bytes; /* of them */
};
struct lopt_cut lopt_cut_waste(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_known(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_duplicates(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_packages(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_directories(const struct lopt_analysis *analysis, size_t top);
struct lopt_cut lopt_cut_findings(const struct lopt_analysis *analysis, size_t top);
/** The same lists, their first `shown` rows shown: the bytes of the others. */
uint64_t lopt_waste_bytes_from(const struct lopt_analysis *analysis, size_t shown);
uint64_t lopt_known_bytes_from(const struct lopt_analysis *analysis, size_t shown);
uint64_t lopt_duplicate_bytes_from(const struct lopt_analysis *analysis, size_t shown);
uint64_t lopt_package_bytes_from(const struct lopt_analysis *analysis, size_t shown);
uint64_t lopt_finding_bytes_from(const struct lopt_analysis *analysis, size_t shown);

/** Whether any package is known; otherwise the list has one row at most, of what no package owns. */
bool lopt_has_packages(const struct lopt_analysis *analysis);
/** How many packages from this row on are only recommended, and their bytes. */
uint64_t lopt_recommended_count_from(const struct lopt_analysis *analysis, size_t from, uint64_t *bytes);

/**
 * What to do next: the largest findings of level safe or standard that say what to change. Returns how many there are,
 * LOPT_STEPS at most.
 */
enum { LOPT_STEPS = 3 };
size_t lopt_steps_find(const struct lopt_finding *out[LOPT_STEPS], const struct lopt_analysis *analysis);
/** The layer that holds the bytes a finding is about, or LOPT_NO_LAYER; its own layer may only hide them. */
size_t lopt_finding_holder(const struct lopt_finding *finding);
/** "overwritten", "metadata only", "removed" */
const char *lopt_cause_words(enum lopt_cause cause);

/** The instruction that made a layer, credentials masked unless wanted; "(unknown)", or "base image", where it is. */
void lopt_instruction_show(struct lopt_buf *out, const struct lopt_analysis *analysis, size_t layer,
			   const struct lopt_report_options *options);
/** A time since 1970 in nanoseconds as "2026-11-24 07:52:56", in UTC; with a fraction where it has one. */
void lopt_time_format(struct lopt_buf *out, int64_t ns);
/** Any text of the image, credentials masked unless wanted. */
void lopt_text_show(struct lopt_buf *out, struct lopt_str text, const struct lopt_report_options *options);

/**
 * Text as a code span of Markdown, cut in its middle to `width` columns and with | escaped as tables need it: inside one
 * nothing is a link, a mention or HTML. Nothing for an empty one.
 */
void lopt_span_show(struct lopt_buf *out, struct lopt_str text, size_t width);
/**
 * A sentence for Markdown: as it is where it has nothing that Markdown, or GitHub and GitLab beyond it, could take for
 * markup, a link, a mention or a reference; else as a code span.
 */
void lopt_sentence_show(struct lopt_buf *out, struct lopt_str text, size_t width);
/** "+1.5 MB", "-20 B", "the same" */
void lopt_change_format(struct lopt_buf *out, uint64_t before, uint64_t after);

/** "checked", or what was not and why. A sentence without its full stop. */
const char *lopt_digests_words(const struct lopt_analysis *analysis);
/** `name`, or its part behind the last slash for a path. */
struct lopt_str lopt_source_name(const struct lopt_image_info *info);
/** The same, but the first tag of what came from standard input or an engine, where it has one. */
struct lopt_str lopt_image_name(const struct lopt_image_info *info);

#endif
