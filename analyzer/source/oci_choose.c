/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "source/oci.h"

/* --- what is there --- */

static enum lopt_status blob_present(struct lopt_plan *plan, struct lopt_claim *claim, bool *present,
				     struct lopt_error *err)
{
	enum lopt_status status = lopt_claim_find(plan, claim, err);
	if (status == LOPT_END)
		*present = false;
	return status == LOPT_END ? LOPT_OK : status;
}

/* Where the index is silent, the configuration says what platform the image is for. */
static enum lopt_status platform_from_config(struct lopt_candidate *candidate, struct lopt_plan *plan,
					     struct lopt_claim *config, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *document = NULL;
	struct lopt_arena *arena = &plan->bundle->arena;
	LOPT_TRY(lopt_claim_json(&document, plan, config, true, NULL, err));
	LOPT_TRY(lopt_value_copy(&candidate->platform.os, arena, document, "os", err));
	LOPT_TRY(lopt_value_copy(&candidate->platform.architecture, arena, document, "architecture", err));
	LOPT_TRY(lopt_value_copy(&candidate->platform.variant, arena, document, "variant", err));
	candidate->has_platform = true;
	return LOPT_OK;
}

static enum lopt_status examine(struct lopt_candidate *candidate, struct lopt_plan *plan, struct lopt_error *err)
{
	struct lopt_manifest manifest;
	bool present = true;
	LOPT_TRY(blob_present(plan, &candidate->claim, &present, err));
	if (!present)
		return LOPT_OK;
	LOPT_TRY(lopt_oci_manifest(&manifest, plan, &candidate->claim, err));
	LOPT_TRY(blob_present(plan, &manifest.config, &present, err));
	if (present && !candidate->has_platform)
		LOPT_TRY(platform_from_config(candidate, plan, &manifest.config, err));
	for (size_t i = 0; i < manifest.layer_count && present; i++)
		if (!manifest.layers[i].foreign)
			LOPT_TRY(blob_present(plan, &manifest.layers[i], &present, err));
	candidate->complete = present;
	return LOPT_OK;
}

/* --- which one --- */

enum { LIST_MAX = 600 };

static void list_candidates(struct lopt_buf *out, const struct lopt_candidates *list)
{
	for (size_t i = 0; i < list->count && out->len < LIST_MAX; i++) {
		const struct lopt_candidate *item = &list->items[i];
		lopt_buf_text(out, i ? ", " : "");
		if (item->has_platform)
			lopt_platform_print(out, &item->platform);
		else
			lopt_buf_text(out, "(unknown)");
		if (!item->complete)
			lopt_buf_text(out, " (not in this input)");
	}
}

static enum lopt_status refuse(const struct lopt_candidates *list, const char *what, const char *platform,
			       struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT((size_t)1 << 16);
	list_candidates(&text, list);
	if (text.failed)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_USAGE, "%s%s: %.*s", what, platform, LIST_MAX, text.data);
}

/* How many fit, and the first of them; incomplete ones only where asked for. */
static size_t count_matches(struct lopt_candidates *list, const struct lopt_platform *wanted, bool need_complete,
			    struct lopt_candidate **first)
{
	size_t n = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct lopt_candidate *item = &list->items[i];
		if (need_complete && !item->complete)
			continue;
		if (wanted && (!item->has_platform || !lopt_platform_matches(wanted, &item->platform)))
			continue;
		if (n++ == 0)
			*first = item;
	}
	return n;
}

static enum lopt_status choose_wanted(struct lopt_candidate **out, struct lopt_candidates *list, const char *text,
				      struct lopt_error *err)
{
	struct lopt_platform wanted;
	LOPT_TRY(lopt_platform_parse(&wanted, text, err));
	if (count_matches(list, &wanted, false, out) == 0)
		return refuse(list, "no image for ", text, err);
	if (count_matches(list, &wanted, true, out) > 1)
		return refuse(list, "several images for ", text, err);
	return LOPT_OK;
}

/* The host's platform, else the only one that is there. */
static enum lopt_status choose_default(struct lopt_candidate **out, struct lopt_candidates *list,
				       struct lopt_error *err)
{
	struct lopt_platform host = lopt_platform_host();
	size_t matches = count_matches(list, &host, true, out);
	if (matches == 1)
		return LOPT_OK;
	if (matches > 1)
		return refuse(list,
			      "several images for this platform; choose with --platform OS/ARCH/VARIANT or --select ",
			      "sha256:HEX", err);
	size_t complete = count_matches(list, NULL, true, out);
	if (complete == 1)
		return LOPT_OK;
	if (complete == 0 && count_matches(list, &host, false, out) > 0)
		return LOPT_OK; /* reading it will name what is missing */
	if (complete == 0)
		return refuse(list, "no platform is complete in this input; it speaks of", "", err);
	return refuse(list, "several platforms, none of them this machine's; choose with --platform", "", err);
}

enum lopt_status lopt_oci_choose(struct lopt_candidate **out, struct lopt_plan *plan, struct lopt_candidates *manifests,
				 struct lopt_error *err)
{
	const char *platform = plan->options->platform;
	*out = &manifests->items[0];
	if (manifests->count == 1)
		return LOPT_OK; /* the configuration will show whether it is the wanted one */
	for (size_t i = 0; i < manifests->count; i++)
		LOPT_TRY(examine(&manifests->items[i], plan, err));
	return platform ? choose_wanted(out, manifests, platform, err) : choose_default(out, manifests, err);
}
