/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/plan.h"

/* The images of manifest.json, as choices. */
static enum lopt_status read_choices(struct lopt_choice **out, struct lopt_plan *plan, const json_t *manifests,
				     struct lopt_error *err)
{
	size_t count = json_array_size(manifests);
	struct lopt_choice *choices = lopt_arena_zalloc(&plan->bundle->arena, count, sizeof *choices);
	if (!choices)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		const json_t *image = json_array_get(manifests, i);
		if (!json_is_object(image))
			return lopt_error_set(err, LOPT_E_INPUT, "manifest.json: [%zu]: not an object", i);
		enum lopt_status status = lopt_value_strings(&choices[i].names, &choices[i].name_count,
							     &plan->bundle->arena, image, "RepoTags", err);
		if (status != LOPT_OK)
			return lopt_error_context(err, "manifest.json: [%zu]", i);
	}
	*out = choices;
	return LOPT_OK;
}

/* A member named blobs/sha256/HEX, sha256:HEX or HEX.json says what its bytes are. */
static enum lopt_status digest_from_name(struct lopt_claim *claim, struct lopt_plan *plan, bool bare,
					 struct lopt_error *err)
{
	enum { HEX = 64 };
	struct lopt_str hex = claim->name;
	struct lopt_digest digest;
	struct lopt_str text;
	if (lopt_str_starts(hex, "blobs/sha256/"))
		hex = lopt_str_make(hex.ptr + 13, hex.len - 13);
	else if (bare && lopt_str_starts(hex, "sha256:"))
		hex = lopt_str_make(hex.ptr + 7, hex.len - 7);
	else if (bare && hex.len == HEX + 5 && memcmp(hex.ptr + HEX, ".json", 5) == 0)
		hex.len = HEX;
	else
		return LOPT_OK;
	if (hex.len != HEX)
		return LOPT_OK;
	LOPT_TRY(lopt_plan_where(&text, plan, err, "sha256:%.*s", LOPT_STR_ARGS(hex)));
	if (lopt_digest_parse(&digest, text, NULL) == LOPT_OK)
		claim->digest = text;
	return LOPT_OK;
}

/* Foreign layers of Windows images: described in LayerSources, by diff ID, with the addresses they come from. */
static enum lopt_status read_source(struct lopt_claim *claim, struct lopt_plan *plan, const json_t *sources,
				    const char *diff_id, struct lopt_error *err)
{
	const json_t *source, *urls;
	LOPT_TRY(lopt_value_object(&source, sources, diff_id, err));
	if (!source)
		return LOPT_OK;
	LOPT_TRY(lopt_value_copy(&claim->media_type, &plan->bundle->arena, source, "mediaType", err));
	LOPT_TRY(lopt_value_array(&urls, source, "urls", err));
	claim->foreign = json_array_size(urls) > 0;
	return LOPT_OK;
}

static enum lopt_status read_layers(struct lopt_plan *plan, const json_t *image, const char *where,
				    struct lopt_error *err)
{
	const struct lopt_str *names;
	LOPT_TRY(lopt_value_strings(&names, &plan->layer_count, &plan->bundle->arena, image, "Layers", err));
	if (plan->layer_count > plan->limits->layers)
		return lopt_error_set(err, LOPT_E_LIMIT, "%zu layers, the ceiling is %llu (--limit layers=N)",
				      plan->layer_count, (unsigned long long)plan->limits->layers);
	plan->layers = lopt_arena_zalloc(&plan->bundle->arena, plan->layer_count, sizeof *plan->layers);
	if (!plan->layers)
		return lopt_error_memory(err);
	for (size_t i = 0; i < plan->layer_count; i++) {
		struct lopt_claim *claim = &plan->layers[i];
		claim->member = LOPT_NO_MEMBER;
		claim->name = names[i];
		LOPT_TRY(lopt_plan_where(&claim->where, plan, err, "%s: Layers[%zu]", where, i));
		LOPT_TRY(digest_from_name(claim, plan, false, err));
	}
	return LOPT_OK;
}

static enum lopt_status read_image(struct lopt_plan *plan, const json_t *image, const char *where,
				   struct lopt_error *err)
{
	struct lopt_str name;
	plan->config = (struct lopt_claim){ .member = LOPT_NO_MEMBER };
	LOPT_TRY(lopt_value_need_string(&name, image, "Config", err));
	plan->config.name = lopt_arena_copy(&plan->bundle->arena, name);
	if (!plan->config.name.ptr)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_plan_where(&plan->config.where, plan, err, "%s: Config", where));
	LOPT_TRY(digest_from_name(&plan->config, plan, true, err));
	return read_layers(plan, image, where, err);
}

/* The diff IDs are those of the configuration, which has been read by then. */
static enum lopt_status read_sources(struct lopt_plan *plan, const json_t *image, struct lopt_error *err)
{
	const json_t *sources;
	LOPT_TRY(lopt_value_object(&sources, image, "LayerSources", err));
	for (size_t i = 0; sources && i < plan->layer_count && i < plan->diff_id_count; i++)
		LOPT_TRY(read_source(&plan->layers[i], plan, sources, plan->diff_ids[i].ptr, err));
	return LOPT_OK;
}

static bool has_index(struct lopt_plan *plan)
{
	return lopt_store_lookup(plan->store, lopt_str_from("index.json")) != LOPT_NO_MEMBER;
}

/* manifest.json of a multi-platform save names one platform only; the others are in the index. */
static enum lopt_status check_platform(struct lopt_plan *plan, struct lopt_error *err)
{
	struct lopt_platform wanted;
	const struct lopt_image_info *info = &plan->bundle->info;
	const struct lopt_platform has = { info->os, info->architecture, info->variant };
	if (!plan->options->platform || !has_index(plan))
		return LOPT_OK;
	LOPT_TRY(lopt_platform_parse(&wanted, plan->options->platform, err));
	return lopt_platform_matches(&wanted, &has) ? LOPT_OK : LOPT_END;
}

static enum lopt_status plan_image(struct lopt_plan *plan, const json_t *image, size_t at, struct lopt_error *err)
{
	char where[64] = "manifest.json";
	if (at) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(sizeof where - 1);
		lopt_buf_printf(&text, "manifest.json: [%zu]", at);
		if (text.failed)
			return lopt_error_memory(err);
		memcpy(where, text.data, text.len + 1);
	}
	enum lopt_status status = read_image(plan, image, where, err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "%s", where);
	LOPT_TRY(lopt_config_read(plan, err));
	status = read_sources(plan, image, err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "%s: LayerSources", where);
	return check_platform(plan, err);
}

enum lopt_status lopt_docker_plan(struct lopt_plan *plan, json_t *manifests, struct lopt_error *err)
{
	struct lopt_choice *choices = NULL;
	size_t at = 0;
	if (!json_is_array(manifests) || json_array_size(manifests) == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "manifest.json: not an array of images");
	LOPT_TRY(read_choices(&choices, plan, manifests, err));
	LOPT_TRY(lopt_select_image(&at, choices, json_array_size(manifests), plan->options->select, err));
	if (!choices)
		return lopt_error_set(err, LOPT_E_BUG, "no choices were read");
	plan->bundle->info.format = LOPT_FORMAT_DOCKER_ARCHIVE;
	plan->bundle->info.tags = choices[at].names;
	plan->bundle->info.tag_count = choices[at].name_count;
	enum lopt_status status = plan_image(plan, json_array_get(manifests, at), at, err);
	if (status != LOPT_OK)
		return status;
	return lopt_hybrid_check(plan, err);
}
