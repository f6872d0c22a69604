/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "source/oci.h"

/* --- media types --- */

static const struct {
	const char *name;
	enum lopt_media media;
	const char *compression; /* of layers */
} types[] = {
	{ "application/vnd.oci.image.index.v1+json", LOPT_MEDIA_INDEX, NULL },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", LOPT_MEDIA_INDEX, NULL },
	{ "application/vnd.oci.image.manifest.v1+json", LOPT_MEDIA_MANIFEST, NULL },
	{ "application/vnd.docker.distribution.manifest.v2+json", LOPT_MEDIA_MANIFEST, NULL },
	{ "application/vnd.docker.distribution.manifest.v1+json", LOPT_MEDIA_SCHEMA1, NULL },
	{ "application/vnd.docker.distribution.manifest.v1+prettyjws", LOPT_MEDIA_SCHEMA1, NULL },
	{ "application/vnd.oci.image.config.v1+json", LOPT_MEDIA_CONFIG, NULL },
	{ "application/vnd.docker.container.image.v1+json", LOPT_MEDIA_CONFIG, NULL },
	{ "application/vnd.oci.image.layer.v1.tar", LOPT_MEDIA_LAYER, "none" },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", LOPT_MEDIA_LAYER, "gzip" },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", LOPT_MEDIA_LAYER, "zstd" },
	{ "application/vnd.docker.image.rootfs.diff.tar", LOPT_MEDIA_LAYER, "none" },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", LOPT_MEDIA_LAYER, "gzip" },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", LOPT_MEDIA_LAYER, "zstd" },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", LOPT_MEDIA_FOREIGN, "none" },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", LOPT_MEDIA_FOREIGN, "gzip" },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", LOPT_MEDIA_FOREIGN, "zstd" },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", LOPT_MEDIA_FOREIGN, "none" },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", LOPT_MEDIA_FOREIGN, "gzip" },
};

enum lopt_media lopt_media_of(struct lopt_str media_type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (lopt_str_is(media_type, types[i].name))
			return types[i].media;
	return LOPT_MEDIA_UNKNOWN;
}

const char *lopt_media_compression(struct lopt_str media_type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i].compression && lopt_str_is(media_type, types[i].name))
			return types[i].compression;
	return NULL;
}

/* --- documents --- */

static enum lopt_status check_schema(const json_t *document, struct lopt_error *err)
{
	const json_t *version = json_object_get(document, "schemaVersion");
	if (!json_is_object(document))
		return lopt_error_set(err, LOPT_E_INPUT, "not a manifest or index: not an object");
	if (version && !json_is_integer(version))
		return lopt_error_set(err, LOPT_E_INPUT, "schemaVersion: not an integer");
	if (version && json_integer_value(version) == 1)
		return lopt_error_set(err, LOPT_E_INPUT, "a manifest of schema 1, which is not supported");
	if (version && json_integer_value(version) != 2)
		return lopt_error_set(err, LOPT_E_INPUT, "schemaVersion: not 2");
	if (json_object_get(document, "fsLayers"))
		return lopt_error_set(err, LOPT_E_INPUT, "a manifest of schema 1, which is not supported");
	return LOPT_OK;
}

static enum lopt_status ambiguous(struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "a manifest and an index at the same time");
}

static bool is_there(const json_t *document, const char *key)
{
	const json_t *value = json_object_get(document, key);
	return value && !json_is_null(value);
}

/* What a document calls itself, if it does, has to be the kind it is used as. */
static enum lopt_status check_media(const json_t *document, enum lopt_media want, struct lopt_str said,
				    struct lopt_error *err)
{
	struct lopt_str own;
	LOPT_TRY(lopt_value_string(&own, document, "mediaType", err));
	if (own.len == 0 || (said.len ? lopt_str_equal(own, said) : lopt_media_of(own) == want))
		return LOPT_OK;
	if (said.len)
		return lopt_error_set(err, LOPT_E_INPUT, "its mediaType is %.*s, its descriptor says %.*s",
				      LOPT_STR_ARGS(own), LOPT_STR_ARGS(said));
	return lopt_error_set(err, LOPT_E_INPUT, "mediaType: %.*s does not belong here", LOPT_STR_ARGS(own));
}

enum lopt_status lopt_oci_check_index(const json_t *document, struct lopt_error *err)
{
	LOPT_TRY(check_schema(document, err));
	if (is_there(document, "config") || is_there(document, "layers"))
		return is_there(document, "manifests")
			       ? ambiguous(err)
			       : lopt_error_set(err, LOPT_E_INPUT, "an image manifest where an index is expected");
	return check_media(document, LOPT_MEDIA_INDEX, lopt_str_from(NULL), err);
}

enum lopt_status lopt_oci_check_manifest(const json_t *document, struct lopt_str media_type, struct lopt_error *err)
{
	LOPT_TRY(check_schema(document, err));
	bool is_manifest = is_there(document, "config") || is_there(document, "layers");
	if (is_there(document, "manifests"))
		return is_manifest ? ambiguous(err)
				   : lopt_error_set(err, LOPT_E_INPUT, "an index where an image manifest is expected");
	LOPT_TRY(check_media(document, LOPT_MEDIA_MANIFEST, media_type, err));
	if (!json_is_object(json_object_get(document, "config")) || !json_is_array(json_object_get(document, "layers")))
		return lopt_error_set(err, LOPT_E_INPUT, "not an image manifest: no \"config\" or no \"layers\"");
	return LOPT_OK;
}

/* --- image manifests --- */

static enum lopt_status read_config(struct lopt_manifest *out, struct lopt_plan *plan, const json_t *document,
				    struct lopt_str name, struct lopt_error *err)
{
	struct lopt_str where;
	LOPT_TRY(lopt_plan_where(&where, plan, err, "%.*s: config", LOPT_STR_ARGS(name)));
	LOPT_TRY(lopt_claim_descriptor(&out->config, plan, json_object_get(document, "config"), where, err));
	if (lopt_media_of(out->config.media_type) == LOPT_MEDIA_CONFIG)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: not a container image: its config is of type %.*s",
			      LOPT_STR_ARGS(name), LOPT_STR_ARGS(out->config.media_type));
}

static enum lopt_status read_layer(struct lopt_claim *out, struct lopt_plan *plan, const json_t *object,
				   struct lopt_str where, struct lopt_error *err)
{
	LOPT_TRY(lopt_claim_descriptor(out, plan, object, where, err));
	enum lopt_media media = lopt_media_of(out->media_type);
	out->foreign = media == LOPT_MEDIA_FOREIGN;
	if (media == LOPT_MEDIA_LAYER || media == LOPT_MEDIA_FOREIGN)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: unknown media type of a layer: \"%.*s\"", LOPT_STR_ARGS(where),
			      LOPT_STR_ARGS(out->media_type));
}

static enum lopt_status read_layers(struct lopt_manifest *out, struct lopt_plan *plan, const json_t *document,
				    struct lopt_str name, struct lopt_error *err)
{
	const json_t *layers = json_object_get(document, "layers");
	size_t count = json_array_size(layers);
	if (count > plan->limits->layers)
		return lopt_error_set(err, LOPT_E_LIMIT, "%.*s: %zu layers, the ceiling is %llu (--limit layers=N)",
				      LOPT_STR_ARGS(name), count, (unsigned long long)plan->limits->layers);
	out->layers = lopt_arena_zalloc(&plan->bundle->arena, count, sizeof *out->layers);
	if (!out->layers)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct lopt_str where;
		LOPT_TRY(lopt_plan_where(&where, plan, err, "%.*s: layers[%zu]", LOPT_STR_ARGS(name), i));
		LOPT_TRY(read_layer(&out->layers[i], plan, json_array_get(layers, i), where, err));
	}
	out->layer_count = count;
	return LOPT_OK;
}

static enum lopt_status read_annotations(struct lopt_manifest *out, struct lopt_plan *plan, const json_t *document,
					 struct lopt_error *err)
{
	const json_t *notes;
	struct lopt_arena *arena = &plan->bundle->arena;
	LOPT_TRY(lopt_value_object(&notes, document, "annotations", err));
	LOPT_TRY(lopt_value_copy(&out->base_name, arena, notes, "org.opencontainers.image.base.name", err));
	return lopt_value_copy(&out->base_digest, arena, notes, "org.opencontainers.image.base.digest", err);
}

enum lopt_status lopt_oci_manifest(struct lopt_manifest *out, struct lopt_plan *plan, struct lopt_claim *claim,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *document = NULL;
	*out = (struct lopt_manifest){ .config = { .member = LOPT_NO_MEMBER } };
	LOPT_TRY(lopt_claim_json(&document, plan, claim, true, NULL, err));
	enum lopt_status status = lopt_oci_check_manifest(document, claim->media_type, err);
	if (status == LOPT_OK)
		status = read_annotations(out, plan, document, err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(claim->name));
	LOPT_TRY(read_config(out, plan, document, claim->name, err));
	return read_layers(out, plan, document, claim->name, err);
}
