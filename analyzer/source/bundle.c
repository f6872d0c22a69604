/* SPDX-License-Identifier: MIT */
#include "source/bundle.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "source/comparison.h"
#include "source/plan.h"

static void free_bundle(struct lopt_bundle **bundle)
{
	lopt_bundle_free(*bundle);
}

void lopt_bundle_free(struct lopt_bundle *bundle)
{
	if (!bundle)
		return;
	lopt_comparison_free(bundle->comparison);
	lopt_input_release(&bundle->input);
	for (size_t i = 0; i < bundle->blob_count; i++)
		lopt_layer_free(bundle->blobs[i].data);
	for (size_t i = 0; i < LOPT_READERS; i++)
		lopt_arena_release(&bundle->kept[i]);
	lopt_notes_release(&bundle->notes);
	lopt_arena_release(&bundle->arena);
	free(bundle);
}

enum lopt_status lopt_bundle_finish(struct lopt_bundle *bundle, struct lopt_error *err)
{
	return lopt_comparison_finish(bundle->comparison, err);
}

static bool has_member(const struct lopt_plan *plan, const char *name)
{
	return lopt_store_lookup(plan->store, lopt_str_from(name)) != LOPT_NO_MEMBER;
}

static enum lopt_status unknown_format(const struct lopt_plan *plan, struct lopt_error *err)
{
	if (has_member(plan, "repositories"))
		return lopt_error_set(
			err, LOPT_E_INPUT,
			"a docker save of the old kind (image format v1: repositories, no manifest.json); load it "
			"into a docker from 1.10 to 28 and save it again");
	return lopt_error_set(err, LOPT_E_INPUT,
			      "not an image: there is neither manifest.json (docker save) nor index.json (OCI)");
}

/* A save of several platforms names one of them in manifest.json; for another one the index has to be asked. */
static enum lopt_status plan_archive(struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *manifests = NULL;
	enum lopt_status status = lopt_plan_json(&manifests, plan, "manifest.json", err);
	if (status == LOPT_OK) {
		size_t notes = plan->bundle->notes.count;
		struct lopt_image_info info = plan->bundle->info;
		status = lopt_docker_plan(plan, manifests, err);
		if (status != LOPT_END)
			return status;
		plan->bundle->notes.count = notes;
		plan->bundle->info = info;
	} else if (status != LOPT_END) {
		return status;
	} else if (!has_member(plan, "index.json")) {
		return unknown_format(plan, err);
	}
	plan->bundle->info.format = LOPT_FORMAT_OCI_ARCHIVE;
	return lopt_oci_plan(plan, err);
}

static enum lopt_status make_plan(struct lopt_plan *plan, bool directory, struct lopt_error *err)
{
	if (!directory)
		return plan_archive(plan, err);
	plan->bundle->info.format = LOPT_FORMAT_OCI_LAYOUT;
	return lopt_oci_plan(plan, err);
}

static enum lopt_status check_platform(const struct lopt_plan *plan, struct lopt_error *err)
{
	struct lopt_platform wanted;
	const struct lopt_image_info *info = &plan->bundle->info;
	const struct lopt_platform has = { info->os, info->architecture, info->variant };
	if (!plan->options->platform)
		return LOPT_OK;
	LOPT_TRY(lopt_platform_parse(&wanted, plan->options->platform, err));
	if (lopt_platform_matches(&wanted, &has))
		return LOPT_OK;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(LOPT_ERROR_MAX);
	lopt_platform_print(&text, &has);
	return lopt_error_set(err, LOPT_E_USAGE, "the image is for %s, not for %s", text.data ? text.data : "",
			      plan->options->platform);
}

static enum lopt_status fill(struct lopt_bundle *bundle, struct lopt_source *source,
			     const struct lopt_open_options *options, struct lopt_error *err)
{
	struct lopt_plan plan = {
		.bundle = bundle,
		.options = options,
		.contents = &bundle->input.contents,
		.limits = options->limits ? options->limits : lopt_limits_default(),
		.config = { .member = LOPT_NO_MEMBER },
	};
	lopt_arena_init(&bundle->arena, plan.limits->arena_bytes);
	for (size_t i = 0; i < LOPT_READERS; i++)
		lopt_arena_init(&bundle->kept[i], plan.limits->arena_bytes);
	lopt_notes_init(&bundle->notes, &bundle->arena);
	bundle->manifest = LOPT_NO_MEMBER;
	bundle->info.source = lopt_arena_copy(&bundle->arena, lopt_str_from(source->path));
	if (!bundle->info.source.ptr)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_input_open(&bundle->input, source, options, plan.limits, &bundle->notes, err));
	plan.store = bundle->input.store;
	LOPT_TRY(make_plan(&plan, bundle->input.directory, err));
	LOPT_TRY(check_platform(&plan, err));
	bundle->config = plan.config.member;
	LOPT_TRY(lopt_plan_read_layers(&plan, err));
	return lopt_comparison_start(&bundle->comparison, bundle, plan.contents->keep, err);
}

enum lopt_status lopt_bundle_open(struct lopt_bundle **out, struct lopt_source *source,
				  const struct lopt_open_options *options, struct lopt_error *err)
{
	static const struct lopt_open_options defaults = { 0 };
	LOPT_CLEANUP(free_bundle) struct lopt_bundle *bundle = calloc(1, sizeof *bundle);
	if (!bundle)
		return lopt_error_memory(err);
	LOPT_TRY(fill(bundle, source, options ? options : &defaults, err));
	*out = LOPT_MOVE(bundle);
	return LOPT_OK;
}
