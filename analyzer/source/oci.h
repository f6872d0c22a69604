/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_OCI_H
#define LAYEROPT_SOURCE_OCI_H

#include "source/plan.h"

/** What a media type makes of a blob (OCI image-spec media-types.md, and docker's of image manifest version 2). */
enum lopt_media {
	LOPT_MEDIA_UNKNOWN,
	LOPT_MEDIA_INDEX,
	LOPT_MEDIA_MANIFEST,
	LOPT_MEDIA_SCHEMA1,
	LOPT_MEDIA_CONFIG,
	LOPT_MEDIA_LAYER,
	LOPT_MEDIA_FOREIGN, /* a layer that may be left out */
};
enum lopt_media lopt_media_of(struct lopt_str media_type);

/** The compression a layer's media type speaks of: "none", "gzip", "zstd". */
const char *lopt_media_compression(struct lopt_str media_type);

/**
 * A document that has to be an index (or a manifest): schemaVersion 2, `manifests` (or `config` and `layers`) and nothing
 * of the other, its own mediaType of the same kind (rule P19). Errors have no context.
 */
LOPT_CHECKED enum lopt_status lopt_oci_check_index(const json_t *document, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_oci_check_manifest(const json_t *document, struct lopt_str media_type,
						      struct lopt_error *err);

/** A descriptor of an index. */
struct lopt_candidate {
	struct lopt_claim claim;
	size_t image; /* of index.json, from 0: descriptors of one digest or name are one image */
	struct lopt_platform platform;
	bool has_platform;	  /* the index, or later the configuration, says so */
	bool complete;		  /* all of its blobs are there; known once asked for */
	struct lopt_str names[2]; /* io.containerd.image.name, org.opencontainers.image.ref.name */
	size_t name_count;
};

/** A growing list of them; free(items). */
struct lopt_candidates {
	struct lopt_candidate *items;
	size_t count, cap;
};
void lopt_candidates_release(struct lopt_candidates *list);

/** The descriptors of an index, attestations and kinds that are no images left out. `name` is the index's. */
LOPT_CHECKED enum lopt_status lopt_oci_read_index(struct lopt_candidates *out, struct lopt_plan *plan,
						  const json_t *index, struct lopt_str name, struct lopt_error *err);
/** Those that lead to the manifests below `from`: each digest once, nested indexes followed as far as they are there. */
LOPT_CHECKED enum lopt_status lopt_oci_collect(struct lopt_candidates *out, struct lopt_plan *plan,
					       const struct lopt_candidates *from, struct lopt_error *err);
/** The manifest for the wanted platform, among at least one. */
LOPT_CHECKED enum lopt_status lopt_oci_choose(struct lopt_candidate **out, struct lopt_plan *plan,
					      struct lopt_candidates *manifests, struct lopt_error *err);

/** A manifest's configuration, layers and annotations, as claims. */
struct lopt_manifest {
	struct lopt_claim config;
	struct lopt_claim *layers;
	size_t layer_count;
	struct lopt_str base_name, base_digest;
};
LOPT_CHECKED enum lopt_status lopt_oci_manifest(struct lopt_manifest *out, struct lopt_plan *plan,
						struct lopt_claim *claim, struct lopt_error *err);

#endif
