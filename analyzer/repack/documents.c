/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "repack/value.h"

/* --- what changed --- */

static bool has_new_diff_ids(const struct lopt_documents *documents)
{
	return documents->plan->changes;
}

static bool has_new_blobs(const struct lopt_documents *documents)
{
	for (size_t i = 0; i < documents->plan->output_count; i++)
		if (documents->layers[i].new_bytes)
			return true;
	return has_new_diff_ids(documents);
}

/* --- the configuration --- */

static enum lopt_status set_diff_ids(const struct lopt_documents *documents, json_t *config, struct lopt_error *err)
{
	json_t *ids = json_array();
	LOPT_TRY(lopt_value_set(json_object_get(config, "rootfs"), "diff_ids", ids, err));
	for (size_t i = 0; i < documents->plan->output_count; i++)
		LOPT_TRY(lopt_value_append(ids, json_string(documents->layers[i].diff_id), err));
	return LOPT_OK;
}

/* Of layers that became one the highest makes it: only then is all of it there. */
static bool makes_layer(const struct lopt_repack_plan *plan, size_t layer)
{
	size_t output = plan->layers[layer].output;
	return output != LOPT_NO_OUTPUT && lopt_output_top(&plan->outputs[output]) == layer;
}

/* The instruction of a layer that is gone, or part of another one, stays as one that made none. */
static enum lopt_status set_history(const struct lopt_documents *documents, json_t *config, struct lopt_error *err)
{
	const struct lopt_image_info *info = lopt_image_info(documents->plan->image);
	json_t *history = json_object_get(config, "history");
	for (size_t i = 0; i < info->history_count; i++) {
		size_t layer = info->history[i].layer;
		if (layer < documents->plan->layer_count && !makes_layer(documents->plan, layer))
			LOPT_TRY(lopt_value_set(json_array_get(history, i), "empty_layer", json_true(), err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_config_write(struct lopt_buf *out, const struct lopt_documents *documents, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *config = NULL;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(0);
	LOPT_TRY(lopt_value_read(&config, &text, documents, documents->bundle->config, err));
	if (!has_new_diff_ids(documents)) {
		lopt_buf_str(out, lopt_buf_view(&text));
		return out->failed ? lopt_error_memory(err) : LOPT_OK;
	}
	LOPT_TRY(set_diff_ids(documents, config, err));
	LOPT_TRY(set_history(documents, config, err));
	return lopt_value_print(out, config, JSON_COMPACT, err);
}

/* --- media types: docker's or OCI's, never both in one manifest --- */

static const char *layer_media(bool docker, enum lopt_codec codec)
{
	if (docker)
		return codec == LOPT_CODEC_GZIP	  ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
		       : codec == LOPT_CODEC_ZSTD ? "application/vnd.docker.image.rootfs.diff.tar.zstd"
						  : "application/vnd.docker.image.rootfs.diff.tar";
	return codec == LOPT_CODEC_GZIP	  ? "application/vnd.oci.image.layer.v1.tar+gzip"
	       : codec == LOPT_CODEC_ZSTD ? "application/vnd.oci.image.layer.v1.tar+zstd"
					  : "application/vnd.oci.image.layer.v1.tar";
}

static bool is_docker(const json_t *manifest)
{
	const char *media = json_string_value(json_object_get(json_object_get(manifest, "config"), "mediaType"));
	return media && strcmp(media, "application/vnd.docker.container.image.v1+json") == 0;
}

/* --- the manifest --- */

/* Annotations that tell of the bytes of a blob, which are others now. */
static bool tells_of_bytes(const char *key)
{
	static const char *const prefixes[] = {
		"containerd.io/snapshot/stargz",
		"containerd.io/uncompressed",
		"containerd.io/distribution.source.",
		"io.github.containers.",
		"io.containers.",
		"buildkit/",
	};
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static void clean_annotations(json_t *descriptor)
{
	json_t *annotations = json_object_get(descriptor, "annotations"), *unused;
	const char *key;
	void *next;
	json_object_foreach_safe(annotations, next, key, unused)
	{
		if (tells_of_bytes(key))
			(void)json_object_del(annotations, key);
	}
	if (json_is_object(annotations) && json_object_size(annotations) == 0)
		(void)json_object_del(descriptor, "annotations");
}

/* One layer's descriptor: `old` (borrowed; NULL: there is none) with what is new about it. */
static enum lopt_status add_layer(json_t *layers, const json_t *old, bool docker, const struct lopt_new_layer *layer,
				  struct lopt_error *err)
{
	json_t *descriptor = old ? json_deep_copy(old) : json_object();
	LOPT_TRY(lopt_value_append(layers, descriptor, err));
	if (old && !layer->new_bytes)
		return LOPT_OK;
	LOPT_TRY(lopt_value_set(descriptor, "mediaType", json_string(layer_media(docker, layer->compression.codec)),
				err));
	LOPT_TRY(lopt_value_describe(descriptor, &layer->blob, err));
	clean_annotations(descriptor);
	return LOPT_OK;
}

static enum lopt_status set_layers(const struct lopt_documents *documents, json_t *manifest, struct lopt_error *err)
{
	const json_t *old = json_object_get(manifest, "layers");
	json_t *layers = json_array();
	enum lopt_status status = layers ? LOPT_OK : lopt_error_memory(err);
	for (size_t i = 0; i < documents->plan->output_count && status == LOPT_OK; i++)
		status = add_layer(layers, json_array_get(old, lopt_output_top(&documents->plan->outputs[i])),
				   is_docker(manifest), &documents->layers[i], err);
	if (status == LOPT_OK)
		return lopt_value_set(manifest, "layers", layers, err);
	json_decref(layers);
	return status;
}

/* What it says of its base stays true as long as the lowest layer does. */
static void clean_base(const struct lopt_documents *documents, json_t *manifest)
{
	json_t *annotations = json_object_get(manifest, "annotations");
	if (lopt_str_is(lopt_image_layer(documents->plan->image, 0)->diff_id, documents->layers[0].diff_id))
		return;
	(void)json_object_del(annotations, "org.opencontainers.image.base.name");
	(void)json_object_del(annotations, "org.opencontainers.image.base.digest");
}

/* For an image that comes without one: docker's archives need none. */
static json_t *new_manifest(void)
{
	return json_pack("{s:i, s:s, s:{s:s}}", "schemaVersion", 2, "mediaType",
			 "application/vnd.oci.image.manifest.v1+json", "config", "mediaType",
			 "application/vnd.oci.image.config.v1+json");
}

enum lopt_status lopt_manifest_write(struct lopt_buf *out, struct lopt_documents *documents, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *manifest = NULL;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(0);
	bool is_new = documents->bundle->manifest == LOPT_NO_MEMBER;
	if (is_new)
		manifest = new_manifest();
	else
		LOPT_TRY(lopt_value_read(&manifest, &text, documents, documents->bundle->manifest, err));
	if (!manifest)
		return lopt_error_memory(err);
	documents->manifest_media = is_docker(manifest) ? "application/vnd.docker.distribution.manifest.v2+json"
							: "application/vnd.oci.image.manifest.v1+json";
	if (!is_new && !has_new_blobs(documents)) {
		lopt_buf_str(out, lopt_buf_view(&text));
		return out->failed ? lopt_error_memory(err) : LOPT_OK;
	}
	LOPT_TRY(lopt_value_describe(json_object_get(manifest, "config"), &documents->config, err));
	LOPT_TRY(set_layers(documents, manifest, err));
	if (documents->plan->layer_count)
		clean_base(documents, manifest);
	return lopt_value_print(out, manifest, JSON_COMPACT, err);
}
