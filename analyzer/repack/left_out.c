/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "repack/value.h"
#include "source/oci.h"

/*
 * Signatures and attestations are about a manifest by its digest, which is another one now; images of other platforms are not
 * read, let alone proved. None of them can be carried over in silence. What lies deeper than in an index that index.json names is
 * told by the index it lies in.
 */

static struct lopt_str text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	return lopt_str_make(text, text ? json_string_length(value) : 0);
}

static bool ends_with(struct lopt_str text, const char *end)
{
	size_t len = strlen(end);
	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* cosign puts what belongs to sha256:HEX under the name sha256-HEX.sig and the like. */
static const char *kind_of(const json_t *descriptor)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");
	const json_t *platform = json_object_get(descriptor, "platform");
	struct lopt_str name = text_of(annotations, "org.opencontainers.image.ref.name");
	bool belongs = lopt_str_starts(name, "sha256-");
	if (text_of(annotations, "vnd.docker.reference.type").len || lopt_str_is(text_of(platform, "os"), "unknown") ||
	    (belongs && (ends_with(name, ".att") || ends_with(name, ".sbom"))))
		return "attestation";
	if (belongs && ends_with(name, ".sig"))
		return "signature";
	return text_of(descriptor, "artifactType").len ? "artifact" : "image";
}

/* "os/architecture[/variant]", else what it is called, else nothing. */
static struct lopt_str name_of(struct lopt_repacked *out, const json_t *descriptor, struct lopt_buf *text)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const struct lopt_platform at = {
		text_of(platform, "os"),
		text_of(platform, "architecture"),
		text_of(platform, "variant"),
	};
	const json_t *annotations = json_object_get(descriptor, "annotations");
	lopt_buf_clear(text);
	if (at.os.len && !lopt_str_is(at.os, "unknown"))
		lopt_platform_print(text, &at);
	else
		lopt_buf_str(text, text_of(annotations, "org.opencontainers.image.ref.name"));
	return text->failed ? lopt_str_make(NULL, 0) : lopt_arena_copy(&out->arena, lopt_buf_view(text));
}

static bool is_listed(const struct lopt_repacked *out, struct lopt_str digest)
{
	for (size_t i = 0; i < out->left_out_count; i++)
		if (lopt_str_equal(out->left_out[i].digest, digest))
			return true;
	return false;
}

static enum lopt_status add(struct lopt_repacked *out, const json_t *descriptor, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_left_out *items =
		lopt_grow(out->left_out, &out->left_out_cap, out->left_out_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	out->left_out = items;
	struct lopt_left_out *item = &items[out->left_out_count];
	*item = (struct lopt_left_out){
		.digest = lopt_arena_copy(&out->arena, text_of(descriptor, "digest")),
		.what = kind_of(descriptor),
		.name = name_of(out, descriptor, &text),
	};
	if (!item->digest.ptr || !item->name.ptr)
		return lopt_error_memory(err);
	out->left_out_count++;
	return LOPT_OK;
}

/* An index that index.json names, if it is one and is there. */
static enum lopt_status read_below(json_t **out, const struct lopt_documents *documents, const json_t *descriptor,
				   struct lopt_error *err)
{
	if (lopt_media_of(text_of(descriptor, "mediaType")) != LOPT_MEDIA_INDEX)
		return LOPT_OK;
	return lopt_value_read_blob(out, documents->bundle->input.store, documents->limits,
				    text_of(descriptor, "digest"), err);
}

/* Whether it is neither the image itself nor known already. */
static bool is_other(const struct lopt_repacked *out, const struct lopt_documents *documents, const json_t *descriptor)
{
	struct lopt_str digest = text_of(descriptor, "digest");
	return !lopt_str_equal(digest, lopt_image_info(documents->plan->image)->manifest_digest) &&
	       !is_listed(out, digest);
}

static enum lopt_status list_below(struct lopt_repacked *out, const struct lopt_documents *documents,
				   const json_t *manifests, struct lopt_error *err)
{
	for (size_t i = 0; i < json_array_size(manifests); i++)
		if (is_other(out, documents, json_array_get(manifests, i)))
			LOPT_TRY(add(out, json_array_get(manifests, i), err));
	return LOPT_OK;
}

/* A docker archive has no place for it. */
static enum lopt_status add_manifest(struct lopt_repacked *out, const struct lopt_documents *documents,
				     struct lopt_error *err)
{
	struct lopt_str digest = lopt_image_info(documents->plan->image)->manifest_digest;
	if (!documents->flat || !digest.len)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_value_release)
	json_t *descriptor = json_pack("{s:s%}", "digest", digest.ptr, digest.len);
	if (!descriptor)
		return lopt_error_memory(err);
	LOPT_TRY(add(out, descriptor, err));
	out->left_out[out->left_out_count - 1].what = "manifest";
	return LOPT_OK;
}

enum lopt_status lopt_left_out_list(struct lopt_repacked *out, const struct lopt_documents *documents,
				    struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *index = NULL;
	LOPT_TRY(lopt_index_read(&index, documents, err));
	const json_t *manifests = json_object_get(index, "manifests");
	for (size_t i = 0; i < json_array_size(manifests); i++) {
		LOPT_CLEANUP(lopt_value_release) json_t *below = NULL;
		const json_t *descriptor = json_array_get(manifests, i);
		if (!is_other(out, documents, descriptor))
			continue;
		LOPT_TRY(read_below(&below, documents, descriptor, err));
		LOPT_TRY(below ? list_below(out, documents, json_object_get(below, "manifests"), err)
			       : add(out, descriptor, err));
	}
	return add_manifest(out, documents, err);
}
