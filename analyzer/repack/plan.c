/* SPDX-License-Identifier: MIT */
#include "repack/plan.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "image/origin.h"
#include "repack/inner.h"

const char *lopt_fate_name(enum lopt_fate fate)
{
	static const char *const names[] = { "kept", "base", "left", "trimmed", "removed" };
	return names[fate];
}

/* What is going to be written, stacked as it is decided, lowest layer first: the next one is decided by it. */
struct planning {
	struct lopt_repack_plan *plan;
	struct lopt_arena arena;
	struct lopt_notes notes;
	struct lopt_tree tree;
};

static void release_planning(struct planning *planning)
{
	lopt_tree_release(&planning->tree);
	lopt_notes_release(&planning->notes);
	lopt_arena_release(&planning->arena);
}

/* The entries that stay. The tree completes them, so they are copies; it borrows them, so they are in the arena. */
static enum lopt_status copy_entries(struct planning *planning, size_t index, struct lopt_layer_data *out,
				     struct lopt_error *err)
{
	const bool *goes = planning->plan->layers[index].goes;
	struct lopt_entry *entries = lopt_arena_zalloc(&planning->arena, out->entry_count + 1, sizeof *entries);
	size_t count = 0;
	if (!entries)
		return lopt_error_memory(err);
	for (size_t i = 0; i < out->entry_count; i++)
		if (!goes || !goes[i])
			entries[count++] = out->entries[i];
	out->entries = entries;
	out->entry_count = count;
	return LOPT_OK;
}

static enum lopt_status stack_layer(struct planning *planning, size_t index, struct lopt_error *err)
{
	struct lopt_layer_data data = *lopt_image_bundle(planning->plan->image)->layers[index].data;
	struct lopt_tree_changes changes;
	LOPT_TRY(copy_entries(planning, index, &data, err));
	const struct lopt_tree_layer layer = { &data, (uint32_t)index };
	return lopt_tree_apply(&planning->tree, &layer, &changes, err);
}

static enum lopt_status plan_layers(struct planning *planning, struct lopt_error *err)
{
	struct lopt_repack_plan *plan = planning->plan;
	for (size_t i = 0; i < plan->layer_count; i++) {
		if (plan->layers[i].fate == LOPT_FATE_KEPT)
			LOPT_TRY(lopt_repack_trim(plan, i, &planning->tree, err));
		LOPT_TRY(stack_layer(planning, i, err));
	}
	return LOPT_OK;
}

/* --- layers of which nothing is left --- */

/* Whether the history says of each layer which entry made it: without that the entry of a layer that goes is not known. */
static bool is_history_whole(const struct lopt_image_info *info, size_t layer_count)
{
	size_t made = 0;
	for (size_t i = 0; i < info->history_count; i++)
		made += !info->history[i].empty_layer;
	return made == layer_count || info->history_count == 0;
}

static void remove_empty(struct lopt_repack_plan *plan)
{
	size_t left = plan->layer_count;
	if (!is_history_whole(lopt_image_info(plan->image), plan->layer_count))
		return;
	for (size_t i = 0; i < plan->layer_count && left > 1; i++) {
		struct lopt_layer_plan *layer = &plan->layers[i];
		if (layer->fate != LOPT_FATE_TRIMMED || layer->entries < lopt_image_layer(plan->image, i)->entry_count)
			continue;
		layer->fate = LOPT_FATE_REMOVED;
		layer->size = 0;
		left--;
	}
}

/* --- sums --- */

static uint64_t wasted_of(const struct lopt_layer *layer)
{
	uint64_t wasted = 0;
	for (size_t i = 0; i < layer->inode_count; i++)
		if (layer->inodes[i].cause != LOPT_CAUSE_NONE)
			wasted = lopt_add_saturating(wasted, layer->inodes[i].size, NULL);
	return wasted;
}

static void sum_up(struct lopt_repack_plan *plan)
{
	struct lopt_layer_plan *total = &plan->total;
	for (size_t i = 0; i < plan->layer_count; i++) {
		struct lopt_layer_plan *layer = &plan->layers[i];
		const struct lopt_layer *from = lopt_image_layer(plan->image, i);
		if (!layer->goes)
			layer->size = from->size;
		layer->wasted = wasted_of(from) - layer->bytes;
		plan->changes |= layer->goes != NULL;
		total->entries += layer->entries;
		total->whiteouts += layer->whiteouts;
		total->files += layer->files;
		total->bytes = lopt_add_saturating(total->bytes, layer->bytes, NULL);
		total->size = lopt_add_saturating(total->size, layer->size, NULL);
		total->wasted = lopt_add_saturating(total->wasted, layer->wasted, NULL);
	}
}

static enum lopt_status make(struct lopt_repack_plan *plan, const struct lopt_repack_options *options,
			     struct lopt_error *err)
{
	LOPT_CLEANUP(release_planning) struct planning planning = { .plan = plan };
	plan->layers = lopt_arena_zalloc(&plan->arena, plan->layer_count + 1, sizeof *plan->layers);
	if (!plan->layers)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_repack_scope(plan, options, err));
	lopt_arena_init(&planning.arena, options->limits->arena_bytes);
	lopt_notes_init(&planning.notes, &planning.arena);
	LOPT_TRY(lopt_tree_init(&planning.tree, &planning.arena, options->limits, &planning.notes, err));
	LOPT_TRY(plan_layers(&planning, err));
	remove_empty(plan);
	sum_up(plan);
	return LOPT_OK;
}

enum lopt_status lopt_repack_plan_make(struct lopt_repack_plan *out, const struct lopt_image *image,
				       const struct lopt_repack_options *options, struct lopt_error *err)
{
	*out = (struct lopt_repack_plan){ .image = image, .layer_count = lopt_image_layer_count(image) };
	lopt_arena_init(&out->arena, options->limits->arena_bytes);
	enum lopt_status status = make(out, options, err);
	if (status != LOPT_OK)
		lopt_repack_plan_release(out);
	return status;
}

void lopt_repack_plan_release(struct lopt_repack_plan *plan)
{
	lopt_arena_release(&plan->arena);
	*plan = (struct lopt_repack_plan){ 0 };
}
