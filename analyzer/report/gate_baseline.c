/* SPDX-License-Identifier: MIT */
#include "report/formats.h"
#include "report/gate_view.h"
#include "report/view.h"

/*
 * What a later gate compares with, small enough to be kept in the repository: the JSON of the analysis, with everything
 * that is compared and the largest rows of what only explains.
 */

enum { ROWS = 20 };

/* `bytes` are of all rows that are left out, those included that were before. */
static size_t cut(size_t count, struct lopt_omitted *omitted, uint64_t bytes)
{
	if (count <= ROWS)
		return count;
	omitted->rows += count - ROWS;
	omitted->bytes = bytes;
	return ROWS;
}

enum lopt_status lopt_gate_baseline(FILE *to, const struct lopt_gate_result *result,
				    const struct lopt_report_options *options, struct lopt_error *err)
{
	struct lopt_analysis kept = *result->analysis;
	struct lopt_report_options all = *options;
	all.top = 0;
	kept.waste_count = cut(kept.waste_count, &kept.omitted.waste, lopt_waste_bytes_from(&kept, ROWS));
	kept.known_count = cut(kept.known_count, &kept.omitted.known, lopt_known_bytes_from(&kept, ROWS));
	kept.duplicate_count =
		cut(kept.duplicate_count, &kept.omitted.duplicates, lopt_duplicate_bytes_from(&kept, ROWS));
	return lopt_report_json(to, &kept, &all, err);
}
