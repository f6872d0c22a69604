/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_PLAN_H
#define LAYEROPT_REPACK_PLAN_H

#include "base/arena.h"
#include "layeropt/image.h"

/**
 * What goes from each layer of an image, decided before anything is written: regular files that no container sees, and
 * whiteouts of what is then not there any more. An entry goes as a whole or stays as it is.
 */
enum lopt_fate {
	LOPT_FATE_KEPT,	   /* nothing goes */
	LOPT_FATE_BASE,	   /* of the base image: not touched */
	LOPT_FATE_LEFT,	   /* not touched, `why` tells: engines see it differently, or it is not for us to change */
	LOPT_FATE_TRIMMED, /* some entries go */
	LOPT_FATE_REMOVED, /* all entries go, and the layer with them */
};
/** "kept", "base", "left", "trimmed", "removed" */
const char *lopt_fate_name(enum lopt_fate fate);

struct lopt_layer_plan {
	enum lopt_fate fate;
	struct lopt_str why; /* of LEFT: what engines see differently; may hold raw names */
	bool *goes;	     /* by entry; NULL: none does */
	size_t entries;	     /* that go */
	size_t whiteouts;    /* of them */
	uint64_t files;	     /* inodes that go */
	uint64_t bytes;	     /* of content_bytes, with them */
	uint64_t size;	     /* of the uncompressed tar afterwards; 0 for REMOVED */
	uint64_t wasted;     /* of wasted_bytes, that stay */
};

/** How the base image was told from the rest. */
enum lopt_base_reason {
	LOPT_BASE_GIVEN,   /* --base-layers */
	LOPT_BASE_IMAGE,   /* --base: common layers */
	LOPT_BASE_GUESSED, /* the lowest layer */
};

struct lopt_repack_plan {
	struct lopt_arena arena;
	const struct lopt_image *image; /* borrowed */
	size_t base_layers;
	enum lopt_base_reason base_reason;
	struct lopt_layer_plan *layers;
	size_t layer_count;
	struct lopt_layer_plan total; /* sums of what is to be summed */
	bool changes;		      /* anything goes */
};

struct lopt_repack_options {
	const struct lopt_limits *limits;
	const struct lopt_image *base; /* longest common diff_id prefix; NULL: none */
	bool has_base_layers;
	size_t base_layers; /* instead of `base` */
	bool force;	    /* images whose labels name layers, too */
};

/**
 * Plan for an image that was read with want_places. LOPT_E_INPUT: docker would refuse the image, parts of it are not in the
 * input, or it is of a kind that breaks when layers change; LOPT_E_USAGE: there is no such base. On success the caller
 * releases *out, and the image must outlive it.
 */
LOPT_CHECKED enum lopt_status lopt_repack_plan_make(struct lopt_repack_plan *out, const struct lopt_image *image,
						    const struct lopt_repack_options *options, struct lopt_error *err);
void lopt_repack_plan_release(struct lopt_repack_plan *plan);

#endif
