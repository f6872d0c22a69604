/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_BUNDLE_H
#define LAYEROPT_SOURCE_BUNDLE_H

#include "layer/layer.h"
#include "layeropt/image.h"
#include "source/input.h"

/**
 * One image of an input, resolved: what the manifests and the configuration say, checked against each other, and
 * its layers read. Whatever the container (docker archive, OCI archive, OCI directory, pipe), the result is the same.
 */
struct lopt_bundle_layer {
	struct lopt_str diff_id;
	struct lopt_str digest;	    /* empty where no manifest gives one */
	struct lopt_str media_type; /* likewise */
	struct lopt_str blob;	    /* name of the member or file */
	bool absent;		    /* foreign, and not in the input */
	enum lopt_verified verified;
	struct lopt_layer_data *data; /* NULL when absent; listings of one blob share it */
	uint32_t blob_index;	      /* of it, in `blobs` */
};

/** A layer blob that was read, once however often it is listed. */
struct lopt_bundle_blob {
	struct lopt_layer_data *data;
	uint32_t member; /* of the input */
	/* digests of its bytes that are still to be computed: it is a plain tar, so they are the same bytes */
	enum lopt_digest_algorithm diff_id, digest;
};

/** Threads that read at a time. */
enum { LOPT_READERS = 2 };

struct lopt_bundle {
	struct lopt_arena arena; /* holds every string below */
	struct lopt_image_info info;
	struct lopt_bundle_layer *layers;
	size_t layer_count;
	struct lopt_notes notes;
	struct lopt_bundle_blob *blobs; /* owns their data */
	size_t blob_count;
	uint32_t config, manifest;	      /* members of the input; LOPT_NO_MEMBER: there is none that counts */
	struct lopt_input input;	      /* stays open: contents can be asked for later */
	struct lopt_comparison *comparison;   /* going on in the background, until it is finished */
	struct lopt_arena kept[LOPT_READERS]; /* what was kept of contents that were read after their layers */
};

/**
 * Read the image of a source as lopt_image_read describes it. Errors name what is wrong and where inside the input, not
 * the input itself: the caller puts that in front.
 */
LOPT_CHECKED enum lopt_status lopt_bundle_open(struct lopt_bundle **out, struct lopt_source *source,
					       const struct lopt_open_options *options, struct lopt_error *err);
/**
 * Wait until contents are compared, digests of plain tars verified, and what is to be kept is there, which goes on in the background from
 * lopt_bundle_open on; this thread takes its share. Until then no fingerprint and nothing kept may be looked at.
 */
LOPT_CHECKED enum lopt_status lopt_bundle_finish(struct lopt_bundle *bundle, struct lopt_error *err);
void lopt_bundle_free(struct lopt_bundle *bundle);

/** The SHA-256 of the content of an inode of a blob, if it was computed when the blob was read; else NULL. */
const unsigned char *lopt_bundle_known_sha256(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode);
/** Whether it is known or can be computed. */
bool lopt_bundle_has_sha256(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode);
/** The same, for which the content is read again if it was not computed before. LOPT_END when it cannot be had. */
LOPT_CHECKED enum lopt_status lopt_bundle_sha256(struct lopt_bundle *bundle, uint32_t blob, uint32_t inode,
						 unsigned char out[32], struct lopt_error *err);

#endif
