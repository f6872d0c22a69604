/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "repack/inner.h"

/* --- layers of which nothing is left --- */

/* Whether the history says of each layer which entry made it: without that the entry of a layer that goes is not known. */
bool lopt_history_is_whole(const struct lopt_image *image)
{
	const struct lopt_image_info *info = lopt_image_info(image);
	size_t made = 0;
	for (size_t i = 0; i < info->history_count; i++)
		made += !info->history[i].empty_layer;
	return made == lopt_image_layer_count(image) || info->history_count == 0;
}

static void number_outputs(struct lopt_repack_plan *plan)
{
	for (size_t i = 0; i < plan->output_count; i++)
		for (size_t k = 0; k < plan->outputs[i].count; k++)
			plan->layers[plan->outputs[i].first + k].output = i;
}

/* One has to stay. */
static void remove_empty(struct lopt_repack_plan *plan)
{
	size_t left = plan->output_count, kept = 0;
	bool may_go = lopt_history_is_whole(plan->image);
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct lopt_output_plan *output = &plan->outputs[i];
		if (!may_go || !output->pieces || output->piece_count || left == 1) {
			plan->outputs[kept++] = *output;
			continue;
		}
		for (size_t k = output->first; k <= lopt_output_top(output); k++) {
			plan->layers[k].fate = LOPT_FATE_REMOVED;
			plan->layers[k].output = LOPT_NO_OUTPUT;
		}
		left--;
	}
	plan->output_count = kept;
	number_outputs(plan);
}

/* --- what goes of each layer of the input --- */

static enum lopt_status assume_all_goes(struct lopt_repack_plan *plan, size_t layer, struct lopt_error *err)
{
	size_t count = lopt_image_layer(plan->image, layer)->entry_count;
	bool *goes = lopt_arena_zalloc(&plan->arena, count + 1, sizeof *goes);
	if (!goes)
		return lopt_error_memory(err);
	memset(goes, true, count * sizeof *goes);
	plan->layers[layer].goes = goes;
	return LOPT_OK;
}

/* What is carried over of it, `carried` by inode: its content is. */
static void count_layer(struct lopt_layer_plan *to, const struct lopt_layer *layer, const bool *carried)
{
	for (size_t i = 0; i < layer->entry_count; i++) {
		unsigned whiteout = LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE;
		to->entries += to->goes[i];
		to->whiteouts += to->goes[i] && (layer->entries[i].flags & whiteout);
	}
	for (size_t i = 0; i < layer->inode_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[i];
		bool linked = !carried[i] && !to->goes[inode->entry];
		to->files += !carried[i];
		to->bytes = lopt_add_saturating(to->bytes, carried[i] ? 0 : inode->size, NULL);
		to->linked_files += linked;
		to->linked = lopt_add_saturating(to->linked, linked ? inode->size : 0, NULL);
	}
	if (to->entries == 0)
		to->goes = NULL;
}

static void carry(struct lopt_repack_plan *plan, struct lopt_output_plan *output, size_t layer, bool *carried)
{
	const struct lopt_layer *from = lopt_image_layer(plan->image, layer);
	for (size_t i = 0; i < output->piece_count; i++) {
		const struct lopt_piece *piece = &output->pieces[i];
		if (piece->layer != layer)
			continue;
		const struct lopt_entry *entry = &from->entries[piece->entry];
		plan->layers[layer].goes[piece->entry] = false;
		if (entry->inode != LOPT_NO_INODE && from->inodes[entry->inode].entry == piece->entry &&
		    (!piece->made.ptr || piece->content))
			carried[entry->inode] = true;
	}
}

static enum lopt_status sum_layer(struct lopt_repack_plan *plan, struct lopt_output_plan *output, size_t layer,
				  struct lopt_error *err)
{
	const struct lopt_layer *from = lopt_image_layer(plan->image, layer);
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *carried = calloc(from->inode_count + 1, sizeof *carried);
	if (!carried)
		return lopt_error_memory(err);
	LOPT_TRY(assume_all_goes(plan, layer, err));
	if (output)
		carry(plan, output, layer, carried);
	count_layer(&plan->layers[layer], from, carried);
	return LOPT_OK;
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

static void add_layer(struct lopt_repack_plan *plan, size_t index)
{
	struct lopt_repack_total *total = &plan->total;
	struct lopt_layer_plan *layer = &plan->layers[index];
	layer->wasted = wasted_of(lopt_image_layer(plan->image, index)) - (layer->bytes - layer->linked);
	total->entries += layer->entries;
	total->whiteouts += layer->whiteouts;
	total->files += layer->files;
	total->linked_files += layer->linked_files;
	total->bytes = lopt_add_saturating(total->bytes, layer->bytes, NULL);
	total->linked = lopt_add_saturating(total->linked, layer->linked, NULL);
	total->wasted = lopt_add_saturating(total->wasted, layer->wasted, NULL);
}

static void add_output(struct lopt_repack_plan *plan, const struct lopt_output_plan *output)
{
	plan->total.size = lopt_add_saturating(plan->total.size, output->size, NULL);
	plan->changes |= output->pieces != NULL;
	for (size_t i = 0; output->pieces && i < output->piece_count; i++)
		plan->total.made += output->pieces[i].layer == LOPT_NO_ORIGIN;
}

enum lopt_status lopt_repack_sum_up(struct lopt_repack_plan *plan, struct lopt_error *err)
{
	remove_empty(plan);
	for (size_t i = 0; i < plan->layer_count; i++) {
		size_t at = plan->layers[i].output;
		struct lopt_output_plan *output = at == LOPT_NO_OUTPUT ? NULL : &plan->outputs[at];
		plan->changes |= !output;
		if (!output || output->pieces)
			LOPT_TRY(sum_layer(plan, output, i, err));
		add_layer(plan, i);
	}
	for (size_t i = 0; i < plan->output_count; i++)
		add_output(plan, &plan->outputs[i]);
	return LOPT_OK;
}

struct lopt_repack_sizes lopt_repack_sizes_before(const struct lopt_repack_plan *plan, size_t output)
{
	struct lopt_repack_sizes sum = { 0, 0 };
	const struct lopt_output_plan *from = &plan->outputs[output];
	for (size_t i = from->first; i <= lopt_output_top(from); i++) {
		const struct lopt_layer *layer = lopt_image_layer(plan->image, i);
		sum.size = lopt_add_saturating(sum.size, layer->size, NULL);
		sum.stored = lopt_add_saturating(sum.stored, layer->compressed_size, NULL);
	}
	return sum;
}

uint64_t lopt_repack_content_of(const struct lopt_layer *layer)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < layer->inode_count; i++)
		sum = lopt_add_saturating(sum, layer->inodes[i].size, NULL);
	return sum;
}
