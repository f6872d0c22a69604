/* SPDX-License-Identifier: MIT */
#include "source/oci.h"

#include "base/cleanup.h"

/* --- the images of index.json --- */

enum key { KEY_DIGEST, KEY_NAME };

static bool match_key(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct lopt_candidates *tops = owner;
	const struct lopt_candidate *top = &tops->items[value];
	if (number == KEY_DIGEST)
		return lopt_str_equal(top->claim.digest, key);
	return top->name_count && lopt_str_equal(top->names[0], key);
}

/* The image a descriptor belongs to: that of an earlier one of its digest, or of its name; LOPT_TABLE_NONE if new. */
static uint32_t earlier_image(const struct lopt_table *known, const struct lopt_candidates *tops,
			      const struct lopt_candidate *top)
{
	uint32_t at = lopt_table_find(known, KEY_DIGEST, top->claim.digest, match_key, tops);
	if (at == LOPT_TABLE_NONE && top->name_count)
		at = lopt_table_find(known, KEY_NAME, top->names[0], match_key, tops);
	return at;
}

static bool remember(struct lopt_table *known, const struct lopt_candidates *tops, uint32_t at)
{
	const struct lopt_candidate *top = &tops->items[at];
	bool ok = true;
	if (lopt_table_find(known, KEY_DIGEST, top->claim.digest, match_key, tops) == LOPT_TABLE_NONE)
		ok = lopt_table_insert(known, KEY_DIGEST, top->claim.digest, at);
	if (ok && top->name_count &&
	    lopt_table_find(known, KEY_NAME, top->names[0], match_key, tops) == LOPT_TABLE_NONE)
		ok = lopt_table_insert(known, KEY_NAME, top->names[0], at);
	return ok;
}

/* Number the images. Nameless descriptors that say their platform are the platforms of one nameless image. */
static enum lopt_status number_images(struct lopt_candidates *tops, size_t *count, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_table_release) struct lopt_table known = { 0 };
	size_t nameless = SIZE_MAX;
	*count = 0;
	for (uint32_t i = 0; i < tops->count; i++) {
		struct lopt_candidate *top = &tops->items[i];
		uint32_t same = earlier_image(&known, tops, top);
		bool joins = !top->name_count && top->has_platform;
		if (same != LOPT_TABLE_NONE)
			top->image = tops->items[same].image;
		else
			top->image = joins && nameless != SIZE_MAX ? nameless : (*count)++;
		if (joins && nameless == SIZE_MAX)
			nameless = top->image;
		if (!remember(&known, tops, i))
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

/* Names by which an image can be chosen (all of them) or is known (one per descriptor). */
static enum lopt_status collect_names(struct lopt_choice *out, size_t image, bool all, struct lopt_plan *plan,
				      const struct lopt_candidates *tops, struct lopt_error *err)
{
	size_t room = 0;
	for (size_t i = 0; i < tops->count; i++)
		room += tops->items[i].image == image ? tops->items[i].name_count : 0;
	struct lopt_str *names = lopt_arena_zalloc(&plan->bundle->arena, room, sizeof *names);
	if (!names)
		return lopt_error_memory(err);
	*out = (struct lopt_choice){ .names = names };
	for (size_t i = 0; i < tops->count; i++) {
		const struct lopt_candidate *top = &tops->items[i];
		size_t n = top->image != image ? 0 : all ? top->name_count : top->name_count > 0;
		for (size_t j = 0; j < n; j++)
			if (out->name_count == 0 || !lopt_str_equal(names[out->name_count - 1], top->names[j]))
				names[out->name_count++] = top->names[j];
	}
	return LOPT_OK;
}

/* --- choosing --- */

static void keep_image(struct lopt_candidates *tops, size_t image)
{
	size_t kept = 0;
	for (size_t i = 0; i < tops->count; i++)
		if (tops->items[i].image == image)
			tops->items[kept++] = tops->items[i];
	tops->count = kept;
}

/* Without a choice, what is not in the input does not count. */
static enum lopt_status drop_absent(struct lopt_candidates *tops, struct lopt_plan *plan, struct lopt_error *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < tops->count; i++) {
		enum lopt_status status = lopt_claim_find(plan, &tops->items[i].claim, err);
		if (status != LOPT_OK && status != LOPT_END)
			return status;
		if (status == LOPT_OK)
			tops->items[kept++] = tops->items[i];
	}
	if (kept)
		tops->count = kept;
	return LOPT_OK;
}

/* index.json lists up to thousands of images; a list of choices shows the first of them. */
static enum lopt_status choose_image(struct lopt_candidates *tops, struct lopt_plan *plan, struct lopt_error *err)
{
	enum { SHOWN_MAX = 256 };
	size_t count, at = 0;
	const char *select = plan->options->select;
	LOPT_TRY(number_images(tops, &count, err));
	if (count == 1 && !select)
		return LOPT_OK;
	if (!select) {
		LOPT_TRY(drop_absent(tops, plan, err));
		LOPT_TRY(number_images(tops, &count, err));
	}
	if (count > SHOWN_MAX)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "%zu images in index.json; choose one with --select sha256:HEX (of its manifest)",
				      count);
	struct lopt_choice *choices = lopt_arena_zalloc(&plan->bundle->arena, count, sizeof *choices);
	if (!choices)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(collect_names(&choices[i], i, true, plan, tops, err));
	LOPT_TRY(lopt_select_image(&at, choices, count, select, err));
	keep_image(tops, at);
	return LOPT_OK;
}

static bool is_digest(const char *text)
{
	struct lopt_digest digest;
	return text && lopt_digest_parse(&digest, lopt_str_from(text), NULL) == LOPT_OK;
}

static enum lopt_status keep_digest(struct lopt_candidates *manifests, const char *digest, struct lopt_error *err)
{
	for (size_t i = 0; i < manifests->count; i++) {
		if (!lopt_str_is(manifests->items[i].claim.digest, digest))
			continue;
		manifests->items[0] = manifests->items[i];
		manifests->count = 1;
		return LOPT_OK;
	}
	return lopt_error_set(err, LOPT_E_USAGE, "no image manifest %s (--select)", digest);
}

static enum lopt_status choose_manifest(struct lopt_candidate *out, struct lopt_plan *plan,
					struct lopt_candidates *tops, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_candidates_release) struct lopt_candidates manifests = { 0 };
	struct lopt_candidate *chosen = NULL;
	const char *select = plan->options->select;
	if (!is_digest(select))
		LOPT_TRY(choose_image(tops, plan, err));
	LOPT_TRY(lopt_oci_collect(&manifests, plan, tops, err));
	if (is_digest(select))
		LOPT_TRY(keep_digest(&manifests, select, err));
	if (manifests.count == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "index.json leads to no image that is in this input");
	LOPT_TRY(lopt_oci_choose(&chosen, plan, &manifests, err));
	*out = *chosen;
	return LOPT_OK;
}

/* --- all of it --- */

static enum lopt_status check_layout(struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *layout = NULL;
	struct lopt_str version;
	enum lopt_status status = lopt_plan_json(&layout, plan, "oci-layout", err);
	if (status == LOPT_END)
		return lopt_error_set(err, LOPT_E_INPUT, "not an OCI layout: there is no file oci-layout");
	if (status != LOPT_OK)
		return status;
	if (lopt_value_string(&version, layout, "imageLayoutVersion", err) != LOPT_OK)
		return lopt_error_context(err, "oci-layout");
	if (lopt_str_is(version, "1.0.0"))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "oci-layout: imageLayoutVersion: \"%.*s\", expected \"1.0.0\"",
			      LOPT_STR_ARGS(version));
}

static enum lopt_status read_tops(struct lopt_candidates *out, struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *index = NULL;
	enum lopt_status status = lopt_plan_json(&index, plan, "index.json", err);
	if (status == LOPT_END)
		return lopt_error_set(err, LOPT_E_INPUT, "not an OCI layout: there is no file index.json");
	if (status != LOPT_OK)
		return status;
	LOPT_TRY(lopt_oci_read_index(out, plan, index, lopt_str_from("index.json"), err));
	if (out->count == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "index.json: manifests: there is no image among them");
	return LOPT_OK;
}

static enum lopt_status set_tags(struct lopt_plan *plan, const struct lopt_candidates *tops, struct lopt_error *err)
{
	struct lopt_choice known = { 0 };
	if (tops->count)
		LOPT_TRY(collect_names(&known, tops->items[0].image, false, plan, tops, err));
	plan->bundle->info.tags = known.names;
	plan->bundle->info.tag_count = known.name_count;
	return LOPT_OK;
}

enum lopt_status lopt_oci_plan(struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_candidates_release) struct lopt_candidates tops = { 0 };
	struct lopt_image_info *info = &plan->bundle->info;
	struct lopt_candidate chosen;
	struct lopt_manifest manifest;
	LOPT_TRY(check_layout(plan, err));
	LOPT_TRY(read_tops(&tops, plan, err));
	LOPT_TRY(choose_manifest(&chosen, plan, &tops, err));
	LOPT_TRY(set_tags(plan, &tops, err));
	LOPT_TRY(lopt_oci_manifest(&manifest, plan, &chosen.claim, err));
	plan->bundle->manifest = chosen.claim.member;
	info->manifest_digest = chosen.claim.digest;
	info->base_name = manifest.base_name;
	info->base_digest = manifest.base_digest;
	plan->config = manifest.config;
	plan->layers = manifest.layers;
	plan->layer_count = manifest.layer_count;
	return lopt_config_read(plan, err);
}
