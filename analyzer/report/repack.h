/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_REPACK_H
#define LAYEROPT_REPORT_REPACK_H

#include <stdio.h>

#include "base/buf.h"
#include "layeropt/report.h"
#include "repack/repack.h"

/** What `layeropt repack` tells: the plan, and what came of it. */
struct lopt_repack_view {
	struct lopt_arena arena;
	const struct lopt_repack_plan *plan;
	const struct lopt_repacked *repacked; /* NULL: nothing was written */
	const char *target;		      /* likewise */
	uint64_t paths;			      /* of the final filesystem, all of which were compared */
	struct lopt_str *instructions;	      /* of each layer; may hold credentials */
	uint64_t content, size, stored;	      /* of the input: content_bytes, layer_bytes, compressed_bytes */
	const uint64_t *stored_after;	      /* of each layer of the output, as stored */
	uint64_t compressed;		      /* their sum */
	uint64_t base_wasted;		      /* of what stays wasted, in the base */
	struct lopt_repack_account account;
	const struct lopt_repack_account *choices; /* LOPT_REPACK_MODES of them; NULL: nobody asked */
};

/** What has come about, all borrowed: the plan, and either what was written and where, or what would be. */
struct lopt_repack_outcome {
	const struct lopt_repack_plan *plan;
	const struct lopt_repacked *repacked;
	const char *target;
	const struct lopt_repack_account *choices;
	const uint64_t *foretold; /* see lopt_repack_foretell() */
};
/** On success the caller releases *out. */
LOPT_CHECKED enum lopt_status lopt_repack_view_make(struct lopt_repack_view *out,
						    const struct lopt_repack_outcome *outcome, struct lopt_error *err);
void lopt_repack_view_release(struct lopt_repack_view *view);

struct lopt_repack_format {
	const char *name;
	enum lopt_status (*write)(FILE *to, const struct lopt_repack_view *view,
				  const struct lopt_report_options *options, struct lopt_error *err);
};
/** NULL past the last. */
const struct lopt_repack_format *lopt_repack_format_at(size_t index);

/** One writer per format, for the table in repack_view.c. */
LOPT_CHECKED enum lopt_status lopt_repack_text(FILE *to, const struct lopt_repack_view *view,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_repack_json(FILE *to, const struct lopt_repack_view *view,
					       const struct lopt_report_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_repack_markdown(FILE *to, const struct lopt_repack_view *view,
						   const struct lopt_report_options *options, struct lopt_error *err);

/** What becomes of the layers that an output is made of: the fate of the lowest. */
enum lopt_fate lopt_repack_output_fate(const struct lopt_repack_plan *plan, size_t output);

/** "given", "common", "named" or "guessed": how the base was told. */
const char *lopt_base_reason_name(enum lopt_base_reason reason);
/** A sentence about the base, without its full stop. */
void lopt_base_show(struct lopt_buf *out, const struct lopt_repack_plan *plan);

#endif
