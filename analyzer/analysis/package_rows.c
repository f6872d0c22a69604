/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/packages.h"
#include "base/cleanup.h"

static int compare_owners(const void *a, const void *b)
{
	return lopt_owner_compare(*(const struct lopt_owner *const *)a, *(const struct lopt_owner *const *)b);
}

/* Owners of one manager, name and version share a row. */
static void number_rows(const struct lopt_owners *owners, const struct lopt_owner **sorted,
			struct lopt_package_rows *rows, uint32_t *by_owner)
{
	for (size_t i = 0; i < owners->count; i++) {
		if (i == 0 || lopt_owner_compare(sorted[i - 1], sorted[i]) != 0)
			rows->items[rows->count++] = (struct lopt_package_row){
				.manager = sorted[i]->manager,
				.name = sorted[i]->name,
				.version = sorted[i]->version,
			};
		by_owner[sorted[i] - owners->items] = (uint32_t)rows->count - 1;
	}
	rows->items[rows->count++] = (struct lopt_package_row){ .manager = NULL };
	rows->by_owner = by_owner;
}

/* False when memory is exhausted. */
static bool lay_out_rows(struct lopt_making *making, const struct lopt_owners *owners, struct lopt_package_rows *rows)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_owner **sorted = calloc(owners->count + 1, sizeof *sorted);
	uint32_t *by_owner = lopt_arena_zalloc(&making->arena, owners->count + 1, sizeof *by_owner);
	rows->items = lopt_arena_zalloc(&making->arena, owners->count + 1, sizeof *rows->items);
	if (!sorted || !by_owner || !rows->items)
		return false;
	for (size_t i = 0; i < owners->count; i++)
		sorted[i] = &owners->items[i];
	qsort(sorted, owners->count, sizeof *sorted, compare_owners);
	number_rows(owners, sorted, rows, by_owner);
	return true;
}

static struct lopt_package_row *row_of(const struct lopt_package_rows *rows, uint32_t owner)
{
	return &rows->items[owner == LOPT_NO_OWNER ? rows->count - 1 : rows->by_owner[owner]];
}

/* Call for each visible inode of the image, layer by layer. */
struct counting {
	struct lopt_making *making;
	const struct lopt_owners *owners;
	const struct lopt_package_rows *rows;
	size_t *last; /* by row: the layer last seen in it, plus one */
};

static void count_inode(struct counting *counting, const struct lopt_layer *layer, size_t inode)
{
	struct lopt_package_row *row = row_of(counting->rows, counting->owners->inodes[layer->index][inode]);
	uint64_t size = layer->inodes[inode].size;
	bool *saturated = &counting->making->saturated;
	row->files++;
	row->bytes = lopt_add_saturating(row->bytes, size, saturated);
	if (layer->index >= counting->making->result.base_layers)
		row->own_bytes = lopt_add_saturating(row->own_bytes, size, saturated);
	size_t *last = &counting->last[row - counting->rows->items];
	row->layer_count += *last != layer->index + 1;
	*last = layer->index + 1;
}

static void note_layer(struct counting *counting, const struct lopt_layer *layer, size_t inode)
{
	struct lopt_package_row *row = row_of(counting->rows, counting->owners->inodes[layer->index][inode]);
	size_t *filled = &counting->last[row - counting->rows->items];
	size_t *layers = (size_t *)row->layers;
	if (*filled == 0 || layers[*filled - 1] != layer->index)
		layers[(*filled)++] = layer->index;
}

static void each_visible(struct counting *counting,
			 void (*call)(struct counting *counting, const struct lopt_layer *layer, size_t inode))
{
	const struct lopt_image *image = counting->making->result.image;
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		for (size_t k = 0; k < layer->inode_count; k++)
			if (layer->inodes[k].cause == LOPT_CAUSE_NONE)
				call(counting, layer, k);
	}
}

static enum lopt_status count_rows(struct lopt_making *making, const struct lopt_owners *owners,
				   const struct lopt_package_rows *rows, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *last = calloc(rows->count + 1, sizeof *last);
	struct counting counting = { making, owners, rows, last };
	size_t layers = 0;
	if (!last)
		return lopt_error_memory(err);
	each_visible(&counting, count_inode);
	for (size_t i = 0; i < rows->count; i++)
		layers += rows->items[i].layer_count;
	size_t *next = lopt_arena_zalloc(&making->arena, layers + 1, sizeof *next);
	if (!next)
		return lopt_error_memory(err);
	for (size_t i = 0; i < rows->count; i++) {
		rows->items[i].layers = next;
		next += rows->items[i].layer_count;
	}
	memset(last, 0, rows->count * sizeof *last);
	each_visible(&counting, note_layer);
	return LOPT_OK;
}

enum lopt_status lopt_package_rows_make(struct lopt_package_rows *rows, struct lopt_making *making,
					const struct lopt_owners *owners, struct lopt_error *err)
{
	*rows = (struct lopt_package_rows){ 0 };
	if (!lay_out_rows(making, owners, rows))
		return lopt_error_memory(err);
	return count_rows(making, owners, rows, err);
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_package_row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	if (!x->manager || !y->manager)
		return !x->manager - !y->manager;
	int r = strcmp(x->manager, y->manager);
	if (r == 0)
		r = lopt_str_compare(x->name, y->name);
	return r ? r : lopt_str_compare(x->version, y->version);
}

/* What the operating system has installed is told whatever is left of it, all else only where something is. */
void lopt_package_rows_publish(const struct lopt_package_rows *rows, struct lopt_making *making)
{
	size_t kept = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct lopt_package_row *row = &rows->items[i];
		if (row->files || (row->manager && lopt_manager_is_of_system(row->manager)))
			rows->items[kept++] = *row;
	}
	if (kept)
		qsort(rows->items, kept, sizeof *rows->items, compare_rows);
	making->result.packages = rows->items;
	making->result.package_count = kept;
}
