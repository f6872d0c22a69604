/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "repack/value.h"

/*
 * What the image is called. Engines differ in where they look: docker reads RepoTags of manifest.json, containerd and podman
 * io.containerd.image.name of index.json, where that is not there org.opencontainers.image.ref.name, which is the whole
 * name to some and its tag to others.
 */
#define ANNOTATION_NAME "io.containerd.image.name"
#define ANNOTATION_REF "org.opencontainers.image.ref.name"

static const struct lopt_image_info *info_of(const struct lopt_documents *documents)
{
	return lopt_image_info(documents->plan->image);
}

/* --- names --- */

/* Where the tag of NAME:TAG begins; 0 where there is none. */
static size_t tag_start(struct lopt_str name)
{
	for (size_t i = name.len; i-- > 0 && name.ptr[i] != '/';)
		if (name.ptr[i] == ':')
			return i + 1 < name.len ? i + 1 : 0;
	return 0;
}

/* docker's short names with the registry they stand for in front. */
static void put_full_name(struct lopt_buf *out, struct lopt_str name)
{
	const char *slash = name.len ? memchr(name.ptr, '/', name.len) : NULL;
	size_t len = slash ? (size_t)(slash - name.ptr) : 0;
	struct lopt_str first = lopt_str_make(name.ptr, len);
	bool has_registry =
		len && (memchr(first.ptr, '.', len) || memchr(first.ptr, ':', len) || lopt_str_is(first, "localhost"));
	if (!has_registry)
		lopt_buf_text(out, slash ? "docker.io/" : "docker.io/library/");
	lopt_buf_str(out, name);
}

static struct lopt_str short_name(struct lopt_str name)
{
	static const char *const prefixes[] = { "docker.io/library/", "docker.io/" };
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (lopt_str_starts(name, prefixes[i]))
			return lopt_str_make(name.ptr + strlen(prefixes[i]), name.len - strlen(prefixes[i]));
	return name;
}

static json_t *string_of(struct lopt_str text)
{
	return json_stringn_nocheck(text.len ? text.ptr : "", text.len);
}

/* --- index.json --- */

/* A descriptor of the manifest; what `old` (borrowed, NULL: nothing) says beyond that stays. *out is borrowed. */
static enum lopt_status add_descriptor(json_t *manifests, const struct lopt_documents *documents, const json_t *old,
				       json_t **out, struct lopt_error *err)
{
	json_t *descriptor = old ? json_deep_copy(old) : json_object();
	LOPT_TRY(lopt_value_append(manifests, descriptor, err));
	if (!old)
		LOPT_TRY(lopt_value_set(descriptor, "mediaType", json_string(documents->manifest_media), err));
	*out = descriptor;
	return lopt_value_describe(descriptor, &documents->manifest, err);
}

static bool is_string(const json_t *object, const char *key, struct lopt_str text)
{
	const json_t *value = json_object_get(object, key);
	return json_is_string(value) &&
	       lopt_str_equal(lopt_str_make(json_string_value(value), json_string_length(value)), text);
}

/* Those of the input that lead straight to the manifest. */
static enum lopt_status keep_descriptors(json_t *manifests, const struct lopt_documents *documents, const json_t *old,
					 struct lopt_error *err)
{
	json_t *unused;
	for (size_t i = 0; i < json_array_size(old); i++)
		if (is_string(json_array_get(old, i), "digest", info_of(documents)->manifest_digest))
			LOPT_TRY(add_descriptor(manifests, documents, json_array_get(old, i), &unused, err));
	return LOPT_OK;
}

/* Where an index of several platforms lies between, its descriptor has the names: those are kept, and annotations with them. */
static enum lopt_status keep_annotations(json_t *manifests, const struct lopt_documents *documents, const json_t *old,
					 struct lopt_str name, struct lopt_error *err)
{
	for (size_t i = 0; i < json_array_size(old); i++) {
		json_t *annotations = json_object_get(json_array_get(old, i), "annotations"), *descriptor;
		if (!is_string(annotations, ANNOTATION_NAME, name) && !is_string(annotations, ANNOTATION_REF, name))
			continue;
		LOPT_TRY(add_descriptor(manifests, documents, NULL, &descriptor, err));
		return lopt_value_set(descriptor, "annotations", json_deep_copy(annotations), err);
	}
	return LOPT_OK;
}

/* As docker and containerd write them. */
static enum lopt_status make_annotations(json_t *manifests, const struct lopt_documents *documents,
					 struct lopt_str name, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf full = LOPT_BUF_INIT(SIZE_MAX / 2);
	json_t *descriptor, *annotations = json_object();
	size_t tag = tag_start(name);
	enum lopt_status status = add_descriptor(manifests, documents, NULL, &descriptor, err);
	if (status != LOPT_OK) {
		json_decref(annotations);
		return status;
	}
	LOPT_TRY(lopt_value_set(descriptor, "annotations", annotations, err));
	put_full_name(&full, name);
	if (full.failed)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_value_set(annotations, ANNOTATION_NAME, string_of(lopt_buf_view(&full)), err));
	struct lopt_str ref = tag ? lopt_str_make(name.ptr + tag, name.len - tag) : name;
	return lopt_value_set(annotations, ANNOTATION_REF, string_of(ref), err);
}

static enum lopt_status fill_index(json_t *manifests, const struct lopt_documents *documents, const json_t *old,
				   struct lopt_error *err)
{
	const struct lopt_image_info *info = info_of(documents);
	json_t *unused;
	if (info->manifest_digest.len)
		LOPT_TRY(keep_descriptors(manifests, documents, old, err));
	bool none = json_array_size(manifests) == 0;
	for (size_t i = 0; none && i < info->tag_count; i++) {
		if (info->format == LOPT_FORMAT_DOCKER_ARCHIVE)
			LOPT_TRY(make_annotations(manifests, documents, info->tags[i], err));
		else
			LOPT_TRY(keep_annotations(manifests, documents, old, info->tags[i], err));
	}
	return json_array_size(manifests) ? LOPT_OK : add_descriptor(manifests, documents, NULL, &unused, err);
}

enum lopt_status lopt_index_read(json_t **out, const struct lopt_documents *documents, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(0);
	uint32_t member;
	enum lopt_status status =
		lopt_store_find(documents->bundle->input.store, lopt_str_from("index.json"), &member, err);
	if (status != LOPT_OK)
		return status == LOPT_END ? LOPT_OK : status;
	return lopt_value_read(out, &text, documents, member, err);
}

enum lopt_status lopt_index_write(struct lopt_buf *out, const struct lopt_documents *documents, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *old = NULL;
	LOPT_CLEANUP(lopt_value_release)
	json_t *index = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
				  "application/vnd.oci.image.index.v1+json", "manifests");
	if (!index)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_index_read(&old, documents, err));
	LOPT_TRY(fill_index(json_object_get(index, "manifests"), documents, json_object_get(old, "manifests"), err));
	return lopt_value_print(out, index, JSON_COMPACT, err);
}

/* --- manifest.json --- */

/* A name docker takes: NAME:TAG. */
static enum lopt_status add_tag(json_t *tags, struct lopt_str name, struct lopt_error *err)
{
	return tag_start(name) ? lopt_value_append(tags, string_of(short_name(name)), err) : LOPT_OK;
}

static enum lopt_status add_tags(json_t *image, const struct lopt_documents *documents, struct lopt_error *err)
{
	const struct lopt_image_info *info = info_of(documents);
	bool is_docker = info->format == LOPT_FORMAT_DOCKER_ARCHIVE;
	json_t *tags = json_array();
	LOPT_TRY(lopt_value_set(image, "RepoTags", tags, err));
	for (size_t i = 0; i < info->tag_count; i++)
		LOPT_TRY(is_docker ? lopt_value_append(tags, string_of(info->tags[i]), err)
				   : add_tag(tags, info->tags[i], err));
	return json_array_size(tags) ? LOPT_OK : lopt_value_set(image, "RepoTags", json_null(), err);
}

static enum lopt_status fill_image(json_t *image, const struct lopt_documents *documents, struct lopt_error *err)
{
	char name[LOPT_BLOB_NAME_MAX];
	json_t *layers = json_array();
	lopt_member_name(name, documents->flat, documents->config.digest, ".json");
	enum lopt_status status = lopt_value_set(image, "Config", json_string(name), err);
	if (status == LOPT_OK)
		status = add_tags(image, documents, err);
	if (status != LOPT_OK) {
		json_decref(layers);
		return status;
	}
	LOPT_TRY(lopt_value_set(image, "Layers", layers, err));
	for (size_t i = 0; i < documents->plan->output_count; i++) {
		lopt_member_name(name, documents->flat, documents->layers[i].blob.digest, ".tar");
		LOPT_TRY(lopt_value_append(layers, json_string(name), err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_docker_manifest_write(struct lopt_buf *out, const struct lopt_documents *documents,
					    struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *images = json_array();
	json_t *image = json_object();
	if (!images) {
		json_decref(image);
		return lopt_error_memory(err);
	}
	LOPT_TRY(lopt_value_append(images, image, err));
	LOPT_TRY(fill_image(image, documents, err));
	return lopt_value_print(out, images, JSON_COMPACT, err);
}
