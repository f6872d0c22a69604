/* SPDX-License-Identifier: MIT */

#include "base/buf.h"
#include "base/cleanup.h"
#include "compare/inventory.h"
#include "layeropt/finding.h"
#include "repack/repack.h"

/* --- what a container sees --- */

static enum lopt_status differs(struct lopt_error *err, const char *where, struct lopt_str what)
{
	return lopt_error_set(err, LOPT_E_BUG, "the new image is not the old one, and is thrown away: %s %.*s differs",
			      where, LOPT_STR_ARGS(what));
}

static enum lopt_status prove_view(const struct lopt_image *before, const struct lopt_image *after,
				   struct lopt_error *err)
{
	static const struct lopt_comparison_options options = { .times = true };
	LOPT_CLEANUP(lopt_comparison_release) struct lopt_comparison comparison = { 0 };
	LOPT_CLEANUP(lopt_inventory_release) struct lopt_inventory a = { 0 };
	LOPT_CLEANUP(lopt_inventory_release) struct lopt_inventory b = { 0 };
	struct lopt_arena arena;
	lopt_arena_init(&arena, SIZE_MAX);
	enum lopt_status status = lopt_inventory_make(&a, &arena, before, NULL, err);
	if (status == LOPT_OK)
		status = lopt_inventory_make(&b, &arena, after, NULL, err);
	if (status == LOPT_OK)
		status = lopt_comparison_between(&comparison, &a, &b, &options, err);
	if (status == LOPT_OK && comparison.count)
		status = differs(err, "path", comparison.differences[0].path);
	if (status == LOPT_OK && comparison.config_count)
		status = differs(err, "configuration:", comparison.config[0].member);
	lopt_arena_release(&arena);
	return status;
}

/* --- what the plan said --- */

static enum lopt_status unforeseen(struct lopt_error *err, size_t layer, const char *what)
{
	return lopt_error_set(err, LOPT_E_BUG,
			      "the new image is not what was planned, and is thrown away: layer %zu: %s", layer, what);
}

static uint64_t content_of(const struct lopt_layer *layer)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < layer->inode_count; i++)
		sum = lopt_add_saturating(sum, layer->inodes[i].size, NULL);
	return sum;
}

static enum lopt_status prove_layer(const struct lopt_repack_plan *plan, const struct lopt_repacked *repacked,
				    size_t index, const struct lopt_layer *after, struct lopt_error *err)
{
	const struct lopt_layer_plan *planned = &plan->layers[index];
	const struct lopt_layer *before = lopt_image_layer(plan->image, index);
	if (!lopt_str_equal(after->diff_id, repacked->layers[index].diff_id) ||
	    (!planned->goes && !lopt_str_equal(after->diff_id, before->diff_id)))
		return unforeseen(err, index, "its diff ID");
	if (after->verified != LOPT_VERIFIED_TRUE)
		return unforeseen(err, index, "its digest was not verified");
	if (after->size != planned->size || after->entry_count != before->entry_count - planned->entries)
		return unforeseen(err, index, "its size");
	if (content_of(after) != content_of(before) - planned->bytes)
		return unforeseen(err, index, "its content");
	return LOPT_OK;
}

static enum lopt_status prove_layers(const struct lopt_repack_plan *plan, const struct lopt_repacked *repacked,
				     const struct lopt_image *after, struct lopt_error *err)
{
	size_t at = 0;
	for (size_t i = 0; i < plan->layer_count; i++) {
		if (plan->layers[i].fate == LOPT_FATE_REMOVED)
			continue;
		if (at == lopt_image_layer_count(after))
			return unforeseen(err, i, "it is missing");
		LOPT_TRY(prove_layer(plan, repacked, i, lopt_image_layer(after, at++), err));
	}
	return at == lopt_image_layer_count(after) ? LOPT_OK : unforeseen(err, at, "one more than planned");
}

/* --- what engines say --- */

static size_t count_differences(const struct lopt_image *image)
{
	size_t count = 0;
	for (size_t i = 0; i < lopt_image_note_count(image); i++) {
		const struct lopt_note *note = lopt_image_note(image, i);
		count += strcmp(note->rule, "engines-differ") == 0 && note->severity >= LOPT_WARNING;
	}
	return count;
}

enum lopt_status lopt_repack_prove(const struct lopt_repack_plan *plan, const struct lopt_repacked *repacked,
				   const struct lopt_image *after, struct lopt_error *err)
{
	if (!lopt_str_equal(lopt_image_info(after)->config_digest, repacked->config_digest))
		return differs(err, "digest of", lopt_str_from("the configuration"));
	LOPT_TRY(prove_layers(plan, repacked, after, err));
	LOPT_TRY(prove_view(plan->image, after, err));
	if (count_differences(after) > count_differences(plan->image))
		return differs(err, "what", lopt_str_from("engines make of it"));
	return LOPT_OK;
}
