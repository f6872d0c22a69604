/* SPDX-License-Identifier: MIT */
#include "advice/write_set.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"

enum { UNSEEN = LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE | LOPT_ENTRY_REPLACED | LOPT_ENTRY_IGNORED };

/* One path that a layer wrote. */
struct lopt_written_item {
	const struct lopt_entry *entry;
	size_t layer;
	bool out;     /* it stays behind */
	bool whole;   /* of a directory: nothing in it stays behind */
	bool several; /* a file with other names */
};

void lopt_write_set_release(struct lopt_write_set *set)
{
	free(set->items);
	free(set->roots);
}

/* What ldconfig makes, of libraries that are not the same. */
static bool is_of_linker(struct lopt_str path)
{
	return lopt_str_is(path, "etc/ld.so.cache") || lopt_str_is(path, "var/cache/ldconfig/aux-cache");
}

/* Was nothing there before the layers that count? */
static bool is_made(const struct lopt_evidence *evidence, struct lopt_str path, const bool *takes)
{
	size_t layer = evidence->layers;
	bool made = false;
	while (lopt_evidence_below(evidence, path, layer, &layer))
		made = takes[layer];
	return made;
}

static bool is_hidden(const struct lopt_layer *layer, const struct lopt_entry *entry, const bool *leaves)
{
	const struct lopt_inode *inode = entry->inode == LOPT_NO_INODE ? NULL : &layer->inodes[entry->inode];
	return inode && inode->cause != LOPT_CAUSE_NONE && leaves[inode->masked_by];
}

static enum lopt_status add_item(struct lopt_write_set *set, struct lopt_written_item item, struct lopt_error *err)
{
	struct lopt_written_item *items = lopt_grow(set->items, &set->item_cap, set->item_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	set->items = items;
	items[set->item_count++] = item;
	return LOPT_OK;
}

/* How many each inode has: a file with several, copied one by one, would be as many files. NULL without memory. */
static uint32_t *count_names(const struct lopt_layer *layer)
{
	uint32_t *names = calloc(layer->inode_count + 1, sizeof *names);
	for (size_t i = 0; names && i < layer->entry_count; i++)
		if (!(layer->entries[i].flags & UNSEEN) && layer->entries[i].inode != LOPT_NO_INODE)
			names[layer->entries[i].inode]++;
	return names;
}

static enum lopt_status collect(struct lopt_write_set *set, const struct lopt_evidence *evidence, size_t index,
				const bool *takes, const bool *leaves, struct lopt_error *err)
{
	const struct lopt_layer *layer = lopt_image_layer(evidence->image, index);
	LOPT_CLEANUP(lopt_cleanup_bytes) uint32_t *names = count_names(layer);
	if (!names)
		return lopt_error_memory(err);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		bool directory = entry->type == LOPT_DIR;
		if (entry->flags & UNSEEN || is_hidden(layer, entry, leaves) ||
		    (directory && !is_made(evidence, entry->path, takes)))
			continue;
		struct lopt_written_item item = {
			.entry = entry,
			.layer = index,
			.whole = directory,
			.out = lopt_is_leftover(entry->path) || is_of_linker(entry->path),
			.several = entry->inode != LOPT_NO_INODE && names[entry->inode] > 1,
		};
		set->cache_of_linker |= is_of_linker(entry->path);
		LOPT_TRY(add_item(set, item, err));
	}
	return LOPT_OK;
}

/* Of one path the highest layer first: it is the one that counts. */
static int compare_items(const void *a, const void *b)
{
	const struct lopt_written_item *x = a, *y = b;
	int order = lopt_path_compare(x->entry->path, y->entry->path);
	return order ? order : (x->layer < y->layer) - (x->layer > y->layer);
}

/* Of a path that several layers wrote one item; what is in a directory stands behind it. */
static void settle(struct lopt_write_set *set)
{
	size_t kept = 0;
	if (set->item_count)
		qsort(set->items, set->item_count, sizeof *set->items, compare_items);
	for (size_t i = 0; i < set->item_count; i++)
		if (!kept || !lopt_str_equal(set->items[kept - 1].entry->path, set->items[i].entry->path))
			set->items[kept++] = set->items[i];
	set->item_count = kept;
	for (size_t i = kept; i-- > 0;)
		for (size_t j = i + 1; set->items[i].whole && j < kept; j++) {
			if (!lopt_path_is_beneath(set->items[j].entry->path, set->items[i].entry->path))
				break;
			set->items[i].whole = !set->items[j].out;
		}
}

static void leave_behind(struct lopt_maker *maker, const struct lopt_written_item *item)
{
	bool linker = is_of_linker(item->entry->path);
	lopt_maker_effect(maker, item->entry->path, linker ? LOPT_ASPECT_CONTENT : LOPT_ASPECT_REMOVED, false);
}

static struct lopt_written_root root_of(const struct lopt_written_item *item)
{
	const struct lopt_entry *entry = item->entry;
	bool roots = entry->mode == 0755 && entry->uid == 0 && entry->gid == 0 && entry->xattr_count == 0;
	return (struct lopt_written_root){
		.path = entry->path,
		.directory = entry->type == LOPT_DIR,
		.plain = entry->type == LOPT_DIR ? roots : entry->type == LOPT_FILE && !item->several,
	};
}

static enum lopt_status choose_roots(struct lopt_write_set *set, struct lopt_maker *maker, struct lopt_error *err)
{
	set->roots = calloc(set->item_count + 1, sizeof *set->roots);
	if (!set->roots)
		return lopt_error_memory(err);
	for (size_t i = 0; i < set->item_count; i++) {
		const struct lopt_written_item *item = &set->items[i];
		const struct lopt_written_root *last = set->count ? &set->roots[set->count - 1] : NULL;
		bool parted = item->entry->type == LOPT_DIR && !item->whole;
		if (last && lopt_path_is_beneath(item->entry->path, last->path))
			continue;
		if (item->out || parted) {
			leave_behind(maker, item);
			continue;
		}
		set->odd |= !lopt_word_is_plain(item->entry->path) || item->entry->type == LOPT_CHAR ||
			    item->entry->type == LOPT_BLOCK;
		set->roots[set->count++] = root_of(item);
	}
	return LOPT_OK;
}

enum lopt_status lopt_write_set_make(struct lopt_write_set *out, struct lopt_maker *maker, const bool *takes,
				     const bool *leaves, struct lopt_error *err)
{
	struct lopt_write_set set = { 0 };
	enum lopt_status status = LOPT_OK;
	for (size_t i = 0; i < maker->evidence->layers && status == LOPT_OK; i++)
		if (takes[i])
			status = collect(&set, maker->evidence, i, takes, leaves, err);
	settle(&set);
	if (status == LOPT_OK)
		status = choose_roots(&set, maker, err);
	*out = set;
	if (status != LOPT_OK)
		lopt_write_set_release(out);
	return status;
}

bool lopt_write_set_has(const struct lopt_write_set *set, struct lopt_str path)
{
	for (size_t i = 0; i < set->count; i++)
		if (lopt_str_equal(set->roots[i].path, path) || lopt_path_is_beneath(path, set->roots[i].path))
			return true;
	return false;
}
