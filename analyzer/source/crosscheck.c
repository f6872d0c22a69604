/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "source/oci.h"

/*
 * A hybrid archive describes its image twice, and engines differ in which description they read. manifest.json and
 * the configuration win here; what index.json says is compared and where it agrees adds digests and media types.
 */

static enum lopt_status disagree(struct lopt_plan *plan, const char *what, struct lopt_error *err)
{
	return lopt_notes_add(&plan->bundle->notes, "index-disagrees", LOPT_WARNING, LOPT_NO_LAYER,
			      lopt_str_from("index.json"), err, "%s; manifest.json is followed, as docker does", what);
}

/* Both name the same member for layer `i`. */
static bool same_blob(struct lopt_plan *plan, const struct lopt_manifest *manifest, size_t i)
{
	struct lopt_claim *mine = &plan->layers[i], *theirs = &manifest->layers[i];
	if (lopt_claim_find(plan, mine, NULL) != LOPT_OK || lopt_claim_find(plan, theirs, NULL) != LOPT_OK)
		return lopt_str_equal(mine->name, theirs->name);
	return mine->member == theirs->member;
}

static bool same_layers(struct lopt_plan *plan, const struct lopt_manifest *manifest)
{
	if (manifest->layer_count != plan->layer_count)
		return false;
	for (size_t i = 0; i < plan->layer_count; i++)
		if (!same_blob(plan, manifest, i))
			return false;
	return true;
}

static void adopt(struct lopt_plan *plan, const struct lopt_candidate *candidate, const struct lopt_manifest *manifest)
{
	struct lopt_image_info *info = &plan->bundle->info;
	plan->bundle->manifest = candidate->claim.member;
	info->manifest_digest = candidate->claim.digest;
	info->base_name = manifest->base_name;
	info->base_digest = manifest->base_digest;
	for (size_t i = 0; i < plan->layer_count; i++) {
		struct lopt_claim *mine = &plan->layers[i];
		const struct lopt_claim *theirs = &manifest->layers[i];
		mine->digest = theirs->digest;
		mine->media_type = theirs->media_type;
		mine->size = theirs->size;
		mine->has_size = theirs->has_size;
		mine->foreign = mine->foreign || theirs->foreign;
	}
}

/* Is this manifest the image that manifest.json names? Then compare the layers and stop looking. */
static enum lopt_status compare(struct lopt_plan *plan, struct lopt_candidate *candidate, bool *found,
				struct lopt_error *err)
{
	struct lopt_manifest manifest;
	struct lopt_digest digest;
	enum lopt_status status = lopt_claim_find(plan, &candidate->claim, err);
	if (status != LOPT_OK)
		return status == LOPT_END ? LOPT_OK : status;
	LOPT_TRY(lopt_oci_manifest(&manifest, plan, &candidate->claim, err));
	LOPT_TRY(lopt_digest_parse(&digest, manifest.config.digest, err));
	*found = lopt_digest_equal(&digest, &plan->config_digest);
	if (!*found)
		return LOPT_OK;
	if (!same_layers(plan, &manifest))
		return disagree(plan, "index.json lists other layers, or in another order", err);
	adopt(plan, candidate, &manifest);
	return LOPT_OK;
}

static enum lopt_status compare_all(struct lopt_plan *plan, const json_t *index, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_candidates_release) struct lopt_candidates tops = { 0 };
	LOPT_CLEANUP(lopt_candidates_release) struct lopt_candidates manifests = { 0 };
	bool found = false;
	LOPT_TRY(lopt_oci_read_index(&tops, plan, index, lopt_str_from("index.json"), err));
	if (tops.count == 0) /* docker 25.0.0 and 25.0.1 wrote null for images without a tag */
		return LOPT_OK;
	LOPT_TRY(lopt_oci_collect(&manifests, plan, &tops, err));
	for (size_t i = 0; i < manifests.count && !found; i++)
		LOPT_TRY(compare(plan, &manifests.items[i], &found, err));
	return found ? LOPT_OK : disagree(plan, "index.json does not lead to the image of manifest.json", err);
}

enum lopt_status lopt_hybrid_check(struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *index = NULL;
	enum lopt_status status = lopt_plan_json(&index, plan, "index.json", err);
	if (status != LOPT_OK)
		return status == LOPT_END ? LOPT_OK : status;
	return compare_all(plan, index, err);
}
