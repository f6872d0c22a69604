/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_H
#define LAYEROPT_ANALYSIS_H

#include "layeropt/finding.h"
#include "layeropt/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Every name means what docs/metrics.md says. Bytes. Sums stop at UINT64_MAX, with a finding. */
struct lopt_totals {
	uint64_t layers, entries, paths, files;
	uint64_t layer_bytes, compressed_bytes, content_bytes, visible_bytes;
	uint64_t wasted_bytes, overwritten_bytes, metadata_only_bytes, removed_bytes;
	uint64_t duplicate_bytes;
	uint64_t reclaimable_bytes;
	double efficiency;
};

/** The formulas of dive, for those who come from there. */
struct lopt_dive {
	double efficiency;
	uint64_t wasted_bytes;
	double user_wasted_percent; /* a fraction like dive's own; 0 where dive would divide by zero */
};

/** What is told of a layer beyond what the image knows. */
struct lopt_layer_figures {
	uint64_t content_bytes;
	uint64_t wasted_bytes;	     /* held by this layer */
	uint64_t masked_bytes;	     /* of any layer, hidden by this one */
	uint64_t reclaimable_bytes;  /* wasted, and visible ones that a safe rule knows */
	uint64_t entries;	     /* of its tar */
	uint64_t files;		     /* inodes */
	struct lopt_str created_by;  /* its history entry as written; empty when unknown */
	struct lopt_str instruction; /* the same as a Dockerfile line, or "(unknown)" */
	uint32_t line;		     /* in --dockerfile; 0 when not known */
};

/** Wasted files of one layer that share a directory, the layer that masked them and the cause. */
struct lopt_waste_row {
	struct lopt_str path; /* a directory (then it ends in "/"), or one file */
	uint64_t bytes;
	uint64_t files; /* inodes of size > 0 */
	size_t layer, masked_by;
	enum lopt_cause cause;
};

/** What one rule of docs/metrics.md knows of the visible files of one layer. */
struct lopt_known_row {
	const char *rule;
	enum lopt_level level; /* how far removing it goes */
	size_t layer;
	uint64_t bytes;
	uint64_t files;		      /* inodes */
	const struct lopt_str *paths; /* where most of it is, in byte order; directories end in "/" */
	size_t path_count;
	struct lopt_str largest; /* of them */
	const char *what;	 /* "package lists of apt" */
	const char *effect;	 /* what changes for a container once it is gone: "nothing changes" */
	const char *advice;
};

struct lopt_duplicate_row {
	uint32_t content;	      /* its number in the image */
	uint64_t size;		      /* of one copy */
	uint64_t count;		      /* inodes */
	uint64_t bytes;		      /* (count - 1) * size */
	const struct lopt_str *paths; /* one per inode, its first name, in byte order */
	bool has_sha256;	      /* asked for, and known */
	unsigned char sha256[32];
};

/** A package of the final filesystem; with `manager` NULL what no package owns. */
struct lopt_package_row {
	const char *manager; /* "dpkg", "apk", "rpm", "R", "conda", "npm", "pip" */
	struct lopt_str name, version;
	uint64_t bytes;	      /* of the visible inodes it owns */
	uint64_t own_bytes;   /* of those in layers above the base; the same without one */
	uint64_t files;	      /* inodes */
	const size_t *layers; /* that hold them, ascending */
	size_t layer_count;
	bool recommended_only; /* installed by apt, and needed by nothing but a recommendation */
	bool unneeded;	       /* installed by apt for something that is gone: nothing even suggests it */
	const struct lopt_str *recommended_by; /* while recommended_only: packages that recommend it, by name */
	size_t recommended_by_count;
	uint64_t brings_packages, brings_bytes; /* while recommended_only: it, and what only it brings in */
};

/** What a container sees beneath a directory of at most two components; a file counts for its own directory. */
struct lopt_directory_row {
	struct lopt_str path; /* "usr/share"; "" is the root itself */
	uint64_t bytes;	      /* of visible inodes, each for the directory of its first name in byte order */
	uint64_t files;	      /* inodes */
};

/** Rows that are not there any more: their list was cut before the analysis was saved. */
struct lopt_omitted {
	uint64_t rows, bytes;
};

struct lopt_analysis {
	const struct lopt_image *image;
	struct lopt_totals totals;
	bool has_base; /* base and own are set */
	size_t base_layers;
	struct lopt_totals base, own;
	struct lopt_dive dive;
	const struct lopt_layer_figures *layers; /* one per layer of the image */
	const struct lopt_waste_row *waste;	 /* all of it, largest first, then by path, layer, masked_by */
	size_t waste_count;
	const struct lopt_known_row *known; /* all, largest first, then by rule and layer */
	size_t known_count;
	const struct lopt_duplicate_row *duplicates; /* all, largest first, then by first path */
	size_t duplicate_count;
	const struct lopt_package_row *packages; /* all, largest first, then by manager, name, version */
	size_t package_count;
	const struct lopt_directory_row *directories; /* all, largest first, then by path: they add up to visible_bytes */
	size_t directory_count;
	const struct lopt_finding *
		findings; /* errors first, then warnings that are not about bytes, then bytes descending, then rule, layer, message */
	size_t finding_count;
	bool digests_verified; /* every digest that could be checked was */
	bool dockerfile_given;
	struct { /* all 0 unless the analysis was loaded */
		struct lopt_omitted waste, known, duplicates, packages, directories, findings;
		struct lopt_omitted recommended; /* of the packages: those with recommended_only */
	} omitted;
};

struct lopt_analysis_options {
	const struct lopt_image *base; /* longest common diff_id prefix; NULL: none */
	bool has_base_layers;
	size_t base_layers;	     /* instead of `base` */
	size_t digests;		     /* duplicates, from the largest on, whose SHA-256 is wanted; SIZE_MAX: of all */
	const char *dockerfile_name; /* for messages; NULL: no Dockerfile */
	struct lopt_str dockerfile;  /* its bytes */
};

/** Which contents an analysis looks into: lopt_open_options.keep of an image that is to be analysed. */
enum lopt_keep lopt_analysis_keep(const struct lopt_entry *entry, struct lopt_str head);

/** Analyse an image. The caller owns *out, which borrows from the image. NULL options are the defaults. */
LOPT_CHECKED enum lopt_status lopt_analysis_make(const struct lopt_analysis **out, const struct lopt_image *image,
						 const struct lopt_analysis_options *options, struct lopt_error *err);
void lopt_analysis_free(const struct lopt_analysis *analysis);

/** Bytes of JSON that lopt_analysis_load takes; so who reads a file can stop there. */
#define LOPT_ANALYSIS_JSON_MAX (64u * 1024 * 1024)

/**
 * What `layeropt analyze --format json` printed, as an analysis again. Reports of it are those of the analysis that was
 * saved, lists that were cut staying so; text is masked as it was, and shown as it was. Its image is told by `info` and
 * by its layers, which have no entries: what takes the files (formats ncdu and folded) is LOPT_E_USAGE. A finding about
 * waste whose row was cut has one with path, layer, masked_by and cause alone.
 * Anything else than such a document is LOPT_E_USAGE: with line and column where it is no JSON, with the member where
 * something is missing, of the wrong type or out of range. The caller owns *out.
 */
LOPT_CHECKED enum lopt_status lopt_analysis_load(const struct lopt_analysis **out, struct lopt_str json,
						 struct lopt_error *err);

#ifdef __cplusplus
}
#endif
#endif
