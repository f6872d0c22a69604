/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_FIGURES_H
#define LAYEROPT_ANALYSIS_FIGURES_H

#include "base/arena.h"
#include "base/buf.h"
#include "layeropt/analysis.h"

/**
 * An analysis while it is made: one step per file of this room, each of which reads the image and what earlier steps
 * found. Everything lives in the arena. Private to this room.
 */
struct lopt_making {
	struct lopt_analysis result;
	struct lopt_arena arena;
	struct lopt_layer_figures *layers;
	struct lopt_finding *findings; /* malloc'ed while they grow */
	size_t finding_cap;
	struct lopt_image *described; /* owned; of an analysis that was loaded */
	bool saturated;
};

/** Figures per layer that need no more than the layer. */
LOPT_CHECKED enum lopt_status lopt_make_layers(struct lopt_making *making, struct lopt_error *err);
/** Instructions and lines. */
LOPT_CHECKED enum lopt_status
lopt_make_attribution(struct lopt_making *making, const struct lopt_analysis_options *options, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_make_waste(struct lopt_making *making, struct lopt_error *err);
/** Rows, and the duplicate bytes of each part: shares[layer] are those that the layer's copies add. */
LOPT_CHECKED enum lopt_status lopt_make_duplicates(struct lopt_making *making,
						   const struct lopt_analysis_options *options, uint64_t *shares,
						   struct lopt_error *err);
/** Totals, and base and own where there is a base. */
LOPT_CHECKED enum lopt_status lopt_make_totals(struct lopt_making *making, const uint64_t *shares,
					       struct lopt_error *err);
/** dive's figures, which need nothing but the layers. *saturated: a sum stopped at UINT64_MAX. */
LOPT_CHECKED enum lopt_status lopt_dive_compute(struct lopt_dive *out, bool *saturated, const struct lopt_image *image,
						struct lopt_error *err);
/** Known content, and what of each layer could go. */
LOPT_CHECKED enum lopt_status lopt_make_known(struct lopt_making *making, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_make_known_findings(struct lopt_making *making, struct lopt_error *err);
/** What each group of waste would save. */
LOPT_CHECKED enum lopt_status lopt_make_waste_findings(struct lopt_making *making, struct lopt_error *err);
/** Rows of visible bytes by directory. */
LOPT_CHECKED enum lopt_status lopt_make_directories(struct lopt_making *making, struct lopt_error *err);
/** What may be left of a package database to look into: a lopt_keep_choice. */
enum lopt_keep lopt_packages_keep(const struct lopt_entry *entry, struct lopt_str head);
/** Rows of packages, and findings about them. */
LOPT_CHECKED enum lopt_status lopt_make_packages(struct lopt_making *making, struct lopt_error *err);
/** Findings out of all of it, in their final order. */
LOPT_CHECKED enum lopt_status lopt_make_findings(struct lopt_making *making, struct lopt_error *err);

/** Keys and passwords in files of layers. */
LOPT_CHECKED enum lopt_status lopt_make_credential_findings(struct lopt_making *making, struct lopt_error *err);

/** What known content and credentials have to be looked into for. */
lopt_keep_choice lopt_known_keep, lopt_credentials_keep;

/** Add a finding; its strings are borrowed and have to live in the arena or the image. */
LOPT_CHECKED enum lopt_status lopt_findings_add(struct lopt_making *making, const struct lopt_finding *finding,
						struct lopt_error *err);

/** A saving below this is told, but is no reason to warn. */
#define LOPT_WARN_BYTES 1000000

/** What made the files of a layer, as far as it decides about the edit that would leave them out. */
enum lopt_maker { LOPT_MADE_BY_COPY, LOPT_MADE_BY_ANY, LOPT_MADE_BY_BASE };
/** The lowest layer is the base's, too, when it is a whole root filesystem or nothing is known of it. */
enum lopt_maker lopt_making_maker(const struct lopt_making *making, size_t layer);

/** printf into the arena; ptr is NULL when memory is exhausted. */
struct lopt_str lopt_making_text(struct lopt_making *making, const char *fmt, ...) LOPT_PRINTF(2, 3);

#endif
