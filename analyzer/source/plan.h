/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_PLAN_H
#define LAYEROPT_SOURCE_PLAN_H

#include "source/bundle.h"
#include "source/json.h"
#include "source/store.h"

/** A blob as a manifest speaks of it. Strings are in the bundle's arena. */
struct lopt_claim {
	struct lopt_str where;	/* for messages: "manifest.json: Layers[2]" */
	struct lopt_str name;	/* of the member */
	struct lopt_str digest; /* "" where none is claimed */
	struct lopt_str media_type;
	uint64_t size;
	bool has_size;
	bool foreign;	 /* may be absent */
	uint32_t member; /* once looked for; LOPT_NO_MEMBER when absent */
};

/** What is to be read: filled by the manifests, then by the configuration, carried out by lopt_plan_read_layers. */
struct lopt_plan {
	struct lopt_bundle *bundle;
	struct lopt_store *store;
	const struct lopt_open_options *options;
	const struct lopt_limits *limits;
	const struct lopt_content_options *contents;
	struct lopt_claim config;
	struct lopt_claim *layers;
	size_t layer_count;
	struct lopt_digest config_digest;
	const struct lopt_str *diff_ids;
	size_t diff_id_count;
};

/* --- claims (claim.c) --- */

/** Text for `where`, in the arena; cut at 512 bytes. */
LOPT_CHECKED enum lopt_status lopt_plan_where(struct lopt_str *out, struct lopt_plan *plan, struct lopt_error *err,
					      const char *fmt, ...) LOPT_PRINTF(4, 5);
/** An OCI descriptor: mediaType, digest and size are checked; its name is blobs/ALGORITHM/HEX. */
LOPT_CHECKED enum lopt_status lopt_claim_descriptor(struct lopt_claim *out, struct lopt_plan *plan,
						    const json_t *object, struct lopt_str where,
						    struct lopt_error *err);
/** Look the blob up: LOPT_END when it is not there. Errors have `where` in front. */
LOPT_CHECKED enum lopt_status lopt_claim_find(struct lopt_plan *plan, struct lopt_claim *claim, struct lopt_error *err);
/** The same, its absence an error. */
LOPT_CHECKED enum lopt_status lopt_claim_need(struct lopt_plan *plan, struct lopt_claim *claim, struct lopt_error *err);
/**
 * Read and parse a JSON blob. Size and digest are compared where `check` says so. *digest, if not NULL, is
 * the SHA-256 of its bytes.
 */
LOPT_CHECKED enum lopt_status lopt_claim_json(json_t **out, struct lopt_plan *plan, struct lopt_claim *claim,
					      bool check, struct lopt_digest *digest, struct lopt_error *err);
/** The member `name` as JSON; LOPT_END when there is none. */
LOPT_CHECKED enum lopt_status lopt_plan_json(json_t **out, struct lopt_plan *plan, const char *name,
					     struct lopt_error *err);
/** Equal; always true in a fuzzing build, so that changed bytes reach what lies behind. */
bool lopt_digest_fits(const struct lopt_digest *found, const struct lopt_digest *expected);
/** Compare the digests of a layer's bytes, which have been computed, with those that were claimed (verify.c). */
LOPT_CHECKED enum lopt_status lopt_bundle_verify(struct lopt_bundle *bundle, size_t layer, struct lopt_error *err);

/* --- which image (select.c) --- */

struct lopt_choice {
	const struct lopt_str *names;
	size_t name_count;
};

/**
 * The index of the image that `select` names, by a name or by its number from 1; NULL: the only one. A wrong or
 * missing choice is LOPT_E_USAGE with the list of what there is.
 */
LOPT_CHECKED enum lopt_status lopt_select_image(size_t *out, const struct lopt_choice *choices, size_t count,
						const char *select, struct lopt_error *err);

/* --- platforms (platform.c) --- */

struct lopt_platform {
	struct lopt_str os, architecture, variant;
};

/** "os/arch[/variant]"; LOPT_E_USAGE when it is none. */
LOPT_CHECKED enum lopt_status lopt_platform_parse(struct lopt_platform *out, const char *text, struct lopt_error *err);
/** linux on this machine's architecture; the variant is left open. */
struct lopt_platform lopt_platform_host(void);
/** A variant that is not wanted is not compared; the default variant of arm64 and arm may be left out. */
bool lopt_platform_matches(const struct lopt_platform *wanted, const struct lopt_platform *has);
void lopt_platform_print(struct lopt_buf *out, const struct lopt_platform *platform);

/* --- kinds of archives --- */

/** From manifest.json (docker_archive.c); LOPT_END when the index knows better (another platform is wanted). */
LOPT_CHECKED enum lopt_status lopt_docker_plan(struct lopt_plan *plan, json_t *manifests, struct lopt_error *err);
/** From index.json (oci_index.c, oci_manifest.c). */
LOPT_CHECKED enum lopt_status lopt_oci_plan(struct lopt_plan *plan, struct lopt_error *err);
/** Compare a planned docker archive with its index.json, if it has one (crosscheck.c). */
LOPT_CHECKED enum lopt_status lopt_hybrid_check(struct lopt_plan *plan, struct lopt_error *err);

/** The configuration: platform, diff IDs, history, and all of lopt_image_info it holds (config.c, history.c). */
LOPT_CHECKED enum lopt_status lopt_config_read(struct lopt_plan *plan, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_history_read(struct lopt_plan *plan, const json_t *config, struct lopt_error *err);
/** RFC 3339 as far as anyone writes it. */
bool lopt_date_valid(struct lopt_str text);

/** Read what is planned and compare it with what was claimed (layers.c). */
LOPT_CHECKED enum lopt_status lopt_plan_read_layers(struct lopt_plan *plan, struct lopt_error *err);

#endif
