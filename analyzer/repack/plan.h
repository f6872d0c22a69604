/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_PLAN_H
#define LAYEROPT_REPACK_PLAN_H

#include "base/arena.h"
#include "layeropt/image.h"

/**
 * What becomes of the layers of an image, decided before anything is written. Two things are done, each of them or both:
 * adjacent layers are joined to one, which holds what their stack shows; and of a layer go regular files that no container
 * sees, and whiteouts of what is then not there any more. Entries are copied as they stand, but for a few that are made anew.
 */
enum lopt_repack_mode {
	LOPT_REPACK_TRIM,	 /* no layers are joined, or only those that options.max_layers takes */
	LOPT_REPACK_MERGE_UPPER, /* those above the base */
	LOPT_REPACK_SQUASH,	 /* all, the base too */
};

enum lopt_fate {
	LOPT_FATE_KEPT,	   /* nothing goes */
	LOPT_FATE_BASE,	   /* of the base image: not touched */
	LOPT_FATE_LEFT,	   /* not touched, `why` tells: engines see it differently, or it is not for us to change */
	LOPT_FATE_TRIMMED, /* some entries go */
	LOPT_FATE_REMOVED, /* all entries go, and the layer with them */
	LOPT_FATE_JOINED,  /* it is part of a layer made of several */
};
/** "kept", "base", "left", "trimmed", "removed", "joined" */
const char *lopt_fate_name(enum lopt_fate fate);

#define LOPT_NO_OUTPUT SIZE_MAX

/** One layer of the input. */
struct lopt_layer_plan {
	enum lopt_fate fate;
	struct lopt_str why; /* of LEFT: what engines see differently; may hold raw names */
	const char *cut;     /* why it was not joined to the one above, where that was asked for; a literal, or NULL */
	size_t output;	     /* what it becomes, or a part of; LOPT_NO_OUTPUT for REMOVED */
	bool *goes;	     /* by entry: it is not carried over; NULL: none goes */
	size_t entries;	     /* that go */
	size_t whiteouts;    /* of them */
	uint64_t files;	     /* inodes that go */
	uint64_t bytes;	     /* of content_bytes, with them */
	uint64_t linked;     /* of these bytes, those of files that become hard links */
	uint64_t linked_files;
	uint64_t wasted; /* of wasted_bytes, that stay */
};

#define LOPT_NO_ORIGIN UINT32_MAX

/** What one entry of a new layer is made of. */
struct lopt_piece {
	uint32_t layer, entry; /* of the input, whose place it takes; layer LOPT_NO_ORIGIN: none */
	bool content;	       /* behind `made` comes the content of that entry */
	struct lopt_str made;  /* headers made anew; ptr NULL: the entry is copied as it stands, content and all */
};

/** One layer of the output. */
struct lopt_output_plan {
	size_t first, count;	   /* layers of the input that it is made of */
	struct lopt_piece *pieces; /* NULL: the layer stays as it is */
	size_t piece_count;
	size_t entries;	  /* of the tar */
	uint64_t size;	  /* of the uncompressed tar */
	uint64_t content; /* sum of its inodes */
};

/** How the base image was told from the rest. */
enum lopt_base_reason {
	LOPT_BASE_GIVEN,   /* --base-layers */
	LOPT_BASE_IMAGE,   /* --base: common layers */
	LOPT_BASE_NAMED,   /* those of the manifest that the image names as its base's, which is in the input */
	LOPT_BASE_GUESSED, /* the lowest layer */
};

struct lopt_repack_total {
	size_t entries, whiteouts; /* that go */
	size_t made;		   /* entries that nothing of the input stands behind */
	uint64_t files, bytes, linked, linked_files;
	uint64_t size;	 /* of the uncompressed tars afterwards */
	uint64_t wasted; /* that stays */
};

struct lopt_repack_plan {
	struct lopt_arena arena;
	const struct lopt_image *image; /* borrowed */
	enum lopt_repack_mode mode;
	size_t max_layers; /* 0: not asked for */
	bool dedupe;
	size_t base_layers; /* of the base image; SQUASH does not leave them alone */
	enum lopt_base_reason base_reason;
	struct lopt_layer_plan *layers; /* of the input */
	size_t layer_count;
	struct lopt_output_plan *outputs;
	size_t output_count;
	struct lopt_repack_total total;
	bool changes; /* anything goes, or is joined */
};

/** The last layer of the input that an output is made of. */
static inline size_t lopt_output_top(const struct lopt_output_plan *output)
{
	return output->first + output->count - 1;
}

enum { LOPT_LAYERS_MAX = 125 }; /* what docker's overlay2 driver mounts */

struct lopt_repack_options {
	const struct lopt_limits *limits;
	enum lopt_repack_mode mode;
	size_t max_layers;	       /* 1 to LOPT_LAYERS_MAX; 0: as many as there are. With mode TRIM only */
	bool dedupe;		       /* equal files of one layer become hard links */
	const struct lopt_image *base; /* longest common diff_id prefix; NULL: none */
	bool has_base_layers;
	size_t base_layers; /* instead of `base` */
	bool force;	    /* images whose labels name layers, too */
};

/**
 * Plan for an image that was read with want_places. LOPT_E_INPUT: docker would refuse the image, parts of it are not in the
 * input, it is of a kind that breaks when layers change, or it cannot be brought to so few layers; LOPT_E_USAGE: there is no
 * such base. On success the caller releases *out, and the image must outlive it.
 */
LOPT_CHECKED enum lopt_status lopt_repack_plan_make(struct lopt_repack_plan *out, const struct lopt_image *image,
						    const struct lopt_repack_options *options, struct lopt_error *err);
void lopt_repack_plan_release(struct lopt_repack_plan *plan);

/** Bytes of the layers that an output is made of, plain and as stored. */
struct lopt_repack_sizes {
	uint64_t size, stored;
};
struct lopt_repack_sizes lopt_repack_sizes_before(const struct lopt_repack_plan *plan, size_t output);

/** Of a layer: the sum of its inodes. */
uint64_t lopt_repack_content_of(const struct lopt_layer *layer);

/** What a plan gains, and what it costs: bytes of layers as stored that are no layers of the new image. */
struct lopt_repack_account {
	enum lopt_repack_mode mode;
	size_t layers;
	uint64_t saved_content, saved_size; /* of content_bytes and layer_bytes */
	uint64_t unshared, unshared_base;   /* of it, what belongs to the base */
};
void lopt_repack_account_make(struct lopt_repack_account *out, const struct lopt_repack_plan *plan);
enum { LOPT_REPACK_MODES = LOPT_REPACK_SQUASH + 1 };
/** The same of each mode, all else as the options say. `max_layers` does not count. */
LOPT_CHECKED enum lopt_status lopt_repack_choices_make(struct lopt_repack_account out[LOPT_REPACK_MODES],
						       const struct lopt_image *image,
						       const struct lopt_repack_options *options,
						       struct lopt_error *err);
/** "trim", "merge-upper", "squash" */
const char *lopt_repack_mode_name(enum lopt_repack_mode mode);
/** The same, or "max-layers": the way that was asked for. */
const char *lopt_repack_way_name(const struct lopt_repack_plan *plan);

#endif
