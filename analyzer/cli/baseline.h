/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_BASELINE_H
#define LAYEROPT_CLI_BASELINE_H

#include "base/buf.h"
#include "cli/opening.h"
#include "layeropt/analysis.h"

/** What an image is compared with: an analysis that was saved, or an image. Begin with json = LOPT_BUF_INIT(...). */
struct lopt_baseline {
	const char *name; /* borrowed */
	bool is_saved;	  /* a file of an analysis, and `json` its bytes */
	struct lopt_buf json;
	struct lopt_source *source; /* of an image; NULL otherwise */
	struct lopt_image *image;
	const struct lopt_analysis *analysis; /* once it is read; NULL where there is no baseline */
};

/** Open it, which has to be done before rights are given up. "" is no baseline; a missing one is LOPT_E_USAGE. */
LOPT_CHECKED enum lopt_status lopt_baseline_open(struct lopt_baseline *baseline, const char *path,
						 struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_baseline_read(struct lopt_baseline *baseline, struct lopt_opening *opening,
						 struct lopt_error *err);
/** Also the cleanup of a local. */
void lopt_baseline_release(struct lopt_baseline *baseline);

#endif
