/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_INNER_H
#define LAYEROPT_REPACK_INNER_H

#include <stdio.h>

#include "codec/encoder.h"
#include "io/sender.h"
#include "repack/repack.h"
#include "source/bundle.h"
#include "source/meter.h"
#include "tree/tree.h"

/* Inner to this room. */

/** Refuse what must not be rewritten, tell the base, and which layers engines see differently (scope.c). */
LOPT_CHECKED enum lopt_status lopt_repack_scope(struct lopt_repack_plan *plan,
						const struct lopt_repack_options *options, struct lopt_error *err);

/**
 * How many of the lowest layers are those of the base that the image's annotations name, where that lies in the input beside
 * it; else 0 (base.c).
 */
LOPT_CHECKED enum lopt_status lopt_repack_named_base(size_t *out, const struct lopt_repack_plan *plan,
						     const struct lopt_limits *limits, struct lopt_error *err);

/** Which layers are to be joined: together[i] when layer i and the one above it; else why not, if that has to be told (runs.c). */
void lopt_repack_runs(struct lopt_repack_plan *plan, bool *together);
/**
 * The same for at most plan->max_layers, so that as few bytes as can be are shared no longer. `never` is by layer likewise;
 * plan has been made without joining. LOPT_E_INPUT: it cannot be done.
 */
LOPT_CHECKED enum lopt_status lopt_repack_fewest(const struct lopt_repack_plan *plan, const bool *never, bool *together,
						 struct lopt_error *err);
/** Whether the history says of each layer which instruction made it, or is not there at all. */
bool lopt_history_is_whole(const struct lopt_image *image);
/** Outputs that nothing is left of go; then all sums (sums.c). */
LOPT_CHECKED enum lopt_status lopt_repack_sum_up(struct lopt_repack_plan *plan, struct lopt_error *err);

/* --- what is written --- */

/** A blob of the output. */
struct lopt_new_blob {
	char digest[LOPT_DIGEST_TEXT_MAX];
	uint64_t size;
};

struct lopt_new_layer {
	struct lopt_new_blob blob; /* digest "", size 0: not known before it is written */
	char diff_id[LOPT_DIGEST_TEXT_MAX];
	struct lopt_compression compression;
	bool new_bytes;		      /* the blob is another one */
	struct lopt_hashed hashed[2]; /* what was computed of it while it was written */
	size_t hashed_count;
};

/**
 * The outer tar (archive.c): members have no owner, no time and mode 0644. Layers are written several at a time, each to a
 * place of its own; when all are there they are moved together.
 */
struct lopt_archive {
	int fd;		  /* borrowed; can be read and sought in */
	const char *name; /* for messages */
	bool flat;	  /* blobs are members as a docker archive has them */
	uint64_t position;
	struct lopt_sender *sender; /* while layers are written; borrowed, else NULL */
};
void lopt_archive_init(struct lopt_archive *archive, FILE *file, const char *name, bool flat);

/** Where the bytes of a layer go until it is known where they belong. */
struct lopt_slot {
	struct lopt_sink sink;
	const struct lopt_archive *archive;
	uint64_t start, position, end;
	uint64_t sent; /* the bytes before it are on their way to the disk */
};
/** Room for a blob of at most `most` bytes, behind those of the slots before; *place is where they end, at first archive->position. */
void lopt_archive_reserve(struct lopt_slot *slot, const struct lopt_archive *archive, uint64_t *place,
			  enum lopt_digest_algorithm algorithm, uint64_t most);
/** All of it will be needed: have the filesystem make room for it now, or say that there is none. */
LOPT_CHECKED enum lopt_status lopt_slot_allocate(const struct lopt_slot *slot, struct lopt_error *err);
/** It was written: put it behind what is there, under `name`. Slots in their order. */
LOPT_CHECKED enum lopt_status lopt_archive_settle(struct lopt_archive *archive, const struct lopt_slot *slot,
						  const char *name, struct lopt_error *err);
/** A whole member. */
LOPT_CHECKED enum lopt_status lopt_archive_put(struct lopt_archive *archive, const char *name, struct lopt_str bytes,
					       struct lopt_error *err);
/** The end of the tar; nothing stands in the file behind it. */
LOPT_CHECKED enum lopt_status lopt_archive_finish(struct lopt_archive *archive, struct lopt_error *err);
/** "blobs/ALGORITHM/HEX" */
enum { LOPT_BLOB_NAME_MAX = LOPT_DIGEST_TEXT_MAX + 8 };
void lopt_blob_name(char out[LOPT_BLOB_NAME_MAX], const char *digest);
/** The same, or where blobs lie flat "HEX" and what comes behind, as in ".tar". */
void lopt_member_name(char out[LOPT_BLOB_NAME_MAX], bool flat, const char *digest, const char *behind);

/** What is known of a layer of the output before it is written. `how` NULL: compressed as it was. */
void lopt_layer_describe(struct lopt_new_layer *out, const struct lopt_repack_plan *plan, size_t output,
			 const struct lopt_compression *how);
struct lopt_layer_job {
	const struct lopt_repack_plan *plan;
	size_t output;
	const struct lopt_limits *limits;
	struct lopt_meter *meter; /* told what is read of the input */
};
/**
 * The blob of a layer that was described, as the plan wants it (rewrite.c). By several threads at once. `to` NULL: it is made
 * only to know its size.
 */
LOPT_CHECKED enum lopt_status lopt_layer_write(struct lopt_new_layer *out, const struct lopt_layer_job *job,
					       struct lopt_sink *to, struct lopt_error *err);

/** All layers of the output into the archive, several at a time (layers.c). *layers have room for plan->output_count. */
LOPT_CHECKED enum lopt_status lopt_layers_write(struct lopt_new_layer *layers, const struct lopt_repack_plan *plan,
						const struct lopt_repack_writing *options, struct lopt_archive *archive,
						struct lopt_error *err);

/* --- documents (documents.c, index.c); what they know nothing of stays as it was --- */

struct lopt_documents {
	const struct lopt_repack_plan *plan;
	struct lopt_bundle *bundle;
	const struct lopt_new_layer *layers; /* of the output */
	const struct lopt_limits *limits;
	struct lopt_new_blob config, manifest; /* once they are written */
	const char *manifest_media;	       /* likewise; a literal */
	bool flat;			       /* blobs are named as a docker archive has them */
};

/** The configuration, to the byte where no layer changed. */
LOPT_CHECKED enum lopt_status lopt_config_write(struct lopt_buf *out, const struct lopt_documents *documents,
						struct lopt_error *err);
/** The manifest; likewise where none of its blobs did. Sets manifest_media. */
LOPT_CHECKED enum lopt_status lopt_manifest_write(struct lopt_buf *out, struct lopt_documents *documents,
						  struct lopt_error *err);
/** index.json, for the one manifest. */
LOPT_CHECKED enum lopt_status lopt_index_write(struct lopt_buf *out, const struct lopt_documents *documents,
					       struct lopt_error *err);
/** manifest.json of docker, for the one image. */
LOPT_CHECKED enum lopt_status lopt_docker_manifest_write(struct lopt_buf *out, const struct lopt_documents *documents,
							 struct lopt_error *err);
/** Name what index.json of the input leads to besides the image (left_out.c). */
LOPT_CHECKED enum lopt_status lopt_left_out_list(struct lopt_repacked *out, const struct lopt_documents *documents,
						 struct lopt_error *err);

#endif
