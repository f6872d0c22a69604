/* SPDX-License-Identifier: MIT */
#include "analysis/figures.h"
#include "base/cleanup.h"

static void add(struct lopt_making *making, uint64_t *to, uint64_t bytes)
{
	*to = lopt_add_saturating(*to, bytes, &making->saturated);
}

static void count_layer(struct lopt_making *making, const struct lopt_layer *layer)
{
	struct lopt_layer_figures *figures = &making->layers[layer->index];
	figures->entries = layer->entry_count;
	figures->files = layer->inode_count;
	for (size_t i = 0; i < layer->inode_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[i];
		add(making, &figures->content_bytes, inode->size);
		if (inode->cause == LOPT_CAUSE_NONE)
			continue;
		add(making, &figures->wasted_bytes, inode->size);
		add(making, &making->layers[inode->masked_by].masked_bytes, inode->size);
	}
}

enum lopt_status lopt_make_layers(struct lopt_making *making, struct lopt_error *err)
{
	size_t count = lopt_image_layer_count(making->result.image);
	making->layers = lopt_arena_zalloc(&making->arena, count + 1, sizeof *making->layers);
	if (!making->layers)
		return lopt_error_memory(err);
	making->result.layers = making->layers;
	for (size_t i = 0; i < count; i++)
		count_layer(making, lopt_image_layer(making->result.image, i));
	return LOPT_OK;
}

static void add_inode(struct lopt_making *making, struct lopt_totals *totals, const struct lopt_inode *inode)
{
	add(making, &totals->content_bytes, inode->size);
	switch ((enum lopt_cause)inode->cause) {
	case LOPT_CAUSE_NONE:
		totals->files++;
		add(making, &totals->visible_bytes, inode->size);
		return;
	case LOPT_CAUSE_OVERWRITTEN:
		add(making, &totals->overwritten_bytes, inode->size);
		break;
	case LOPT_CAUSE_METADATA_ONLY:
		add(making, &totals->metadata_only_bytes, inode->size);
		break;
	case LOPT_CAUSE_REMOVED:
		add(making, &totals->removed_bytes, inode->size);
		break;
	}
	add(making, &totals->wasted_bytes, inode->size);
}

static void add_layer(struct lopt_making *making, struct lopt_totals *totals, const struct lopt_layer *layer)
{
	totals->layers++;
	totals->entries += layer->entry_count;
	add(making, &totals->layer_bytes, layer->size);
	add(making, &totals->compressed_bytes, layer->compressed_size);
	for (size_t i = 0; i < layer->inode_count; i++)
		add_inode(making, totals, &layer->inodes[i]);
}

static void finish(struct lopt_totals *totals)
{
	totals->efficiency = totals->content_bytes ? (double)totals->visible_bytes / (double)totals->content_bytes
						   : 1.0;
}

/* The layers from `first` to before `end`. */
static void sum_up(struct lopt_making *making, struct lopt_totals *totals, size_t first, size_t end,
		   const uint64_t *shares, const uint64_t *paths)
{
	for (size_t i = first; i < end; i++) {
		add_layer(making, totals, lopt_image_layer(making->result.image, i));
		add(making, &totals->duplicate_bytes, shares[i]);
		add(making, &totals->reclaimable_bytes, making->layers[i].reclaimable_bytes);
		totals->paths += paths[i];
	}
	finish(totals);
}

static enum lopt_status count_path(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	(void)err;
	uint64_t *paths = context;
	paths[node->layer]++;
	return LOPT_OK;
}

enum lopt_status lopt_make_totals(struct lopt_making *making, const uint64_t *shares, struct lopt_error *err)
{
	struct lopt_analysis *result = &making->result;
	size_t count = lopt_image_layer_count(result->image);
	uint64_t *paths = lopt_arena_zalloc(&making->arena, count + 1, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_image_walk(result->image, count_path, paths, err));
	sum_up(making, &result->totals, 0, count, shares, paths);
	if (!result->has_base)
		return LOPT_OK;
	sum_up(making, &result->base, 0, result->base_layers, shares, paths);
	sum_up(making, &result->own, result->base_layers, count, shares, paths);
	return LOPT_OK;
}
