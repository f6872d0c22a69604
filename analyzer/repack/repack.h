/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_REPACK_H
#define LAYEROPT_REPACK_REPACK_H

#include <stdio.h>

#include "codec/encoder.h"
#include "repack/plan.h"

/**
 * Writing what a plan says. Of the input it takes the one image that was read. Everything the documents say that is not about
 * bytes of layers stays.
 */
enum lopt_repack_form {
	LOPT_FORM_HYBRID, /* a tar that is a docker archive and an OCI archive at once, both telling of the same image */
	LOPT_FORM_DOCKER, /* a docker archive and nothing else: it has no manifest, and what that says is lost */
	LOPT_FORM_OCI,	  /* an OCI archive, which lopt_layout_unfold() makes a layout directory of */
};

struct lopt_repacked_layer {
	struct lopt_str diff_id, digest;
	uint64_t stored; /* bytes of the blob */
	bool same;	 /* it is the blob that the input has */
};

/** A descriptor that is in the input's index and not in the output's. */
struct lopt_left_out {
	struct lopt_str digest;
	const char *what;     /* "attestation", "signature", "artifact", "image", or "manifest": of the image itself */
	struct lopt_str name; /* the platform, or what it is called; or empty */
};

struct lopt_repacked {
	struct lopt_arena arena;
	struct lopt_repacked_layer *layers;		/* of the output */
	struct lopt_str config_digest, manifest_digest; /* the latter empty where there is none */
	struct lopt_left_out *left_out;
	size_t left_out_count, left_out_cap;
	struct lopt_hashed *hashed; /* for lopt_open_options.hashed, when it is read again */
	size_t hashed_count;
	uint64_t compressed; /* sum of the blobs that are listed */
};

/**
 * Write the image to `to`, which is empty and can be sought in. `how` NULL: layers stay compressed as they are; otherwise
 * layers that change and layers that are stored plain are compressed so. `name` is for messages. LOPT_E_INPUT when the
 * image was read from something that passes by once. On success the caller releases *out.
 */
struct lopt_repack_writing {
	enum lopt_repack_form form;
	const struct lopt_compression *how;
	const struct lopt_limits *limits;
	struct lopt_progress progress; /* of layers; report may be NULL */
};
LOPT_CHECKED enum lopt_status lopt_repack_write(struct lopt_repacked *out, const struct lopt_repack_plan *plan,
						const struct lopt_repack_writing *options, FILE *to, const char *name,
						struct lopt_error *err);
/** An OCI layout directory out of such an archive: see io/outfile.h. What it holds is read again and compared. */
int lopt_layout_unfold(const char *archive, const char *target);
void lopt_repacked_release(struct lopt_repacked *repacked);

/**
 * What would be written: *stored has room for plan->output_count, and gets the size of each layer as stored. Where only
 * compressing tells, that is done, and takes as long. LOPT_E_INPUT as above.
 */
LOPT_CHECKED enum lopt_status lopt_repack_foretell(uint64_t *stored, const struct lopt_repack_plan *plan,
						   const struct lopt_repack_writing *options, struct lopt_error *err);

/**
 * Hold what was written, and read again, to what was read: every path of the final filesystem with all that engines set of it,
 * in both ways to stack layers, the configuration, and every sum that the plan foretold. LOPT_E_BUG, naming what differs, when
 * it is not the same. Both images were read with want_fingerprints and verify_digests.
 */
LOPT_CHECKED enum lopt_status lopt_repack_prove(const struct lopt_repack_plan *plan,
						const struct lopt_repacked *repacked, const struct lopt_image *after,
						const struct lopt_limits *limits, struct lopt_error *err);

#endif
