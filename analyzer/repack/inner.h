/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_INNER_H
#define LAYEROPT_REPACK_INNER_H

#include <stdio.h>

#include "codec/encoder.h"
#include "repack/repack.h"
#include "source/bundle.h"
#include "tree/tree.h"

/* Inner to this room. */

/** Refuse what must not be rewritten, tell the base, and which layers engines see differently (scope.c). */
LOPT_CHECKED enum lopt_status lopt_repack_scope(struct lopt_repack_plan *plan,
						const struct lopt_repack_options *options, struct lopt_error *err);

/** Decide what goes from one layer that may be changed; `below` is the stack of what is to be written below it (trim.c). */
LOPT_CHECKED enum lopt_status lopt_repack_trim(struct lopt_repack_plan *plan, size_t layer,
					       const struct lopt_tree *below, struct lopt_error *err);

/* --- what is written --- */

/** A blob of the output. */
struct lopt_new_blob {
	char digest[LOPT_DIGEST_TEXT_MAX];
	uint64_t size;
};

struct lopt_new_layer {
	struct lopt_new_blob blob;
	char diff_id[LOPT_DIGEST_TEXT_MAX];
	enum lopt_codec codec;
	bool removed;	/* then nothing else is set */
	bool new_bytes; /* the blob is another one */
};

/** The outer tar (archive.c): members have no owner, no time and mode 0644. */
struct lopt_archive {
	FILE *file;	  /* borrowed; seeks */
	const char *name; /* for messages */
	uint64_t position;
	uint64_t header; /* of the member that is being written */
};
void lopt_archive_init(struct lopt_archive *archive, FILE *file, const char *name);
/** Begin a blob. Its bytes then go to archive->file from where it stands. */
LOPT_CHECKED enum lopt_status lopt_archive_begin(struct lopt_archive *archive, enum lopt_digest_algorithm algorithm,
						 struct lopt_error *err);
/** All of it was written: give it its name. */
LOPT_CHECKED enum lopt_status lopt_archive_end(struct lopt_archive *archive, const struct lopt_new_blob *blob,
					       struct lopt_error *err);
/** A whole member. */
LOPT_CHECKED enum lopt_status lopt_archive_put(struct lopt_archive *archive, const char *name, struct lopt_str bytes,
					       struct lopt_error *err);
/** A blob that is there as a whole; *out is its digest and size. */
LOPT_CHECKED enum lopt_status lopt_archive_put_blob(struct lopt_archive *archive, struct lopt_str bytes,
						    struct lopt_new_blob *out, struct lopt_error *err);
/** Forget everything from `position` on, which was where a member began. */
LOPT_CHECKED enum lopt_status lopt_archive_take_back(struct lopt_archive *archive, uint64_t position,
						     struct lopt_error *err);
/** The end of the tar; nothing stands in the file behind it. */
LOPT_CHECKED enum lopt_status lopt_archive_finish(struct lopt_archive *archive, struct lopt_error *err);
/** "blobs/ALGORITHM/HEX" */
enum { LOPT_BLOB_NAME_MAX = LOPT_DIGEST_TEXT_MAX + 8 };
void lopt_blob_name(char out[LOPT_BLOB_NAME_MAX], const char *digest);

/** The layer's blob, as the plan wants it, into the archive (rewrite.c). `how` NULL: compressed as it was. */
LOPT_CHECKED enum lopt_status lopt_layer_write(struct lopt_new_layer *out, const struct lopt_repack_plan *plan,
					       size_t layer, const struct lopt_compression *how,
					       const struct lopt_limits *limits, struct lopt_archive *archive,
					       struct lopt_error *err);

/* --- documents (documents.c, index.c); what they know nothing of stays as it was --- */

struct lopt_documents {
	const struct lopt_repack_plan *plan;
	struct lopt_bundle *bundle;
	const struct lopt_new_layer *layers;
	const struct lopt_limits *limits;
	struct lopt_new_blob config, manifest; /* once they are written */
	const char *manifest_media;	       /* likewise; a literal */
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
