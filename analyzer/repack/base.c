/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "image/origin.h"
#include "repack/value.h"

/*
 * org.opencontainers.image.base.digest names a manifest, or an index of several platforms. Which layers those have is not said
 * by a digest: it takes the manifest itself, which is there where both images were saved to one layout.
 */

static struct lopt_str digest_at(const json_t *list, size_t index)
{
	const json_t *value = json_object_get(json_array_get(list, index), "digest");
	return lopt_str_make(json_string_value(value), json_string_length(value));
}

/* All layers of a base are layers of what is built on it. */
static size_t count_layers(const struct lopt_repack_plan *plan, const json_t *manifest)
{
	const json_t *layers = json_object_get(manifest, "layers");
	size_t count = json_array_size(layers);
	if (count > plan->layer_count)
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct lopt_str digest = digest_at(layers, i);
		if (!digest.len || !lopt_str_equal(digest, lopt_image_layer(plan->image, i)->digest))
			return 0;
	}
	return count;
}

enum lopt_status lopt_repack_named_base(size_t *out, const struct lopt_repack_plan *plan,
					const struct lopt_limits *limits, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *named = NULL;
	struct lopt_store *store = lopt_image_bundle(plan->image)->input.store;
	LOPT_TRY(lopt_value_read_blob(&named, store, limits, lopt_image_info(plan->image)->base_digest, err));
	*out = count_layers(plan, named);
	const json_t *platforms = json_object_get(named, "manifests");
	for (size_t i = 0; i < json_array_size(platforms) && *out == 0; i++) {
		LOPT_CLEANUP(lopt_value_release) json_t *manifest = NULL;
		LOPT_TRY(lopt_value_read_blob(&manifest, store, limits, digest_at(platforms, i), err));
		*out = count_layers(plan, manifest);
	}
	return LOPT_OK;
}
