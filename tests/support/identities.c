/* SPDX-License-Identifier: MIT */
#include "support/identities.h"

#include <stdlib.h>

/* The first condition that fails is the answer. */
#define HOLDS(condition)                   \
	do {                               \
		if (!(condition))          \
			return #condition; \
	} while (0)

/* What a walk over the final filesystem adds up to. */
struct walk {
	const struct lopt_image *image;
	unsigned char **seen; /* per layer, per inode */
	uint64_t paths, files, bytes;
	char *last; /* the path before */
	size_t last_len;
	bool unordered, inconsistent;
};

/* Byte order with "/" as the lowest byte: a directory's content comes right behind it. */
static int compare_paths(const char *a, size_t a_len, const char *b, size_t b_len)
{
	for (size_t i = 0; i < a_len && i < b_len; i++) {
		int x = a[i] == '/' ? -1 : (unsigned char)a[i];
		int y = b[i] == '/' ? -1 : (unsigned char)b[i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a_len > b_len) - (a_len < b_len);
}

static bool keep_path(struct walk *walk, struct lopt_str path)
{
	char *copy = malloc(path.len + 1);
	if (!copy)
		return false;
	memcpy(copy, path.ptr, path.len);
	free(walk->last);
	walk->last = copy;
	walk->last_len = path.len;
	return true;
}

static void visit_inode(struct walk *walk, const struct lopt_node *node)
{
	const struct lopt_layer *layer = node->inode_layer;
	if (!layer || node->inode >= layer->inode_count || layer->index >= lopt_image_layer_count(walk->image)) {
		walk->inconsistent = true;
		return;
	}
	const struct lopt_inode *inode = &layer->inodes[node->inode];
	walk->inconsistent |= inode->size != node->size || inode->cause != LOPT_CAUSE_NONE;
	unsigned char *seen = &walk->seen[layer->index][node->inode];
	if (*seen)
		return;
	*seen = 1;
	walk->files++;
	walk->bytes = UINT64_MAX - walk->bytes < inode->size ? UINT64_MAX : walk->bytes + inode->size;
}

static enum lopt_status visit(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct walk *walk = context;
	walk->unordered |= walk->last && compare_paths(walk->last, walk->last_len, node->path.ptr, node->path.len) >= 0;
	walk->inconsistent |= node->path.len == 0 || (node->inode != LOPT_NO_INODE) != (node->type == LOPT_FILE);
	walk->paths++;
	if (node->inode != LOPT_NO_INODE)
		visit_inode(walk, node);
	return keep_path(walk, node->path) ? LOPT_OK : lopt_error_memory(err);
}

static bool prepare(struct walk *walk)
{
	size_t count = lopt_image_layer_count(walk->image);
	walk->seen = calloc(count + 1, sizeof *walk->seen);
	bool ok = walk->seen != NULL;
	for (size_t i = 0; ok && i < count; i++) {
		walk->seen[i] = calloc(lopt_image_layer(walk->image, i)->inode_count + 1, 1);
		ok = walk->seen[i] != NULL;
	}
	return ok;
}

static void release(struct walk *walk)
{
	for (size_t i = 0; walk->seen && i < lopt_image_layer_count(walk->image); i++)
		free(walk->seen[i]);
	free(walk->seen);
	free(walk->last);
}

static const char *walk_broken(const struct lopt_image *image, const struct lopt_totals *totals)
{
	struct walk walk = { .image = image };
	struct lopt_error err;
	bool done = prepare(&walk) && lopt_image_walk(image, visit, &walk, &err) == LOPT_OK;
	release(&walk);
	HOLDS(done);
	HOLDS(!walk.unordered);
	HOLDS(!walk.inconsistent);
	HOLDS(walk.paths == totals->paths && walk.paths == lopt_image_path_count(image));
	HOLDS(walk.files == totals->files);
	HOLDS(walk.bytes == totals->visible_bytes);
	return NULL;
}

static const char *totals_broken(const struct lopt_totals *t)
{
	if (t->content_bytes == UINT64_MAX) /* saturated */
		return NULL;
	HOLDS(t->visible_bytes + t->wasted_bytes == t->content_bytes);
	HOLDS(t->overwritten_bytes + t->metadata_only_bytes + t->removed_bytes == t->wasted_bytes);
	HOLDS(t->duplicate_bytes <= t->visible_bytes);
	HOLDS(t->wasted_bytes <= t->reclaimable_bytes && t->reclaimable_bytes <= t->content_bytes);
	HOLDS(t->efficiency >= 0 && t->efficiency <= 1);
	HOLDS(t->content_bytes || (t->efficiency >= 1 && t->efficiency <= 1));
	return NULL;
}

static const char *layers_broken(const struct lopt_image *image, const struct lopt_analysis *analysis)
{
	struct lopt_totals sum = { 0 };
	uint64_t masked = 0;
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		const struct lopt_layer_figures *figures = &analysis->layers[i];
		HOLDS(layer->index == i);
		HOLDS(figures->files == layer->inode_count);
		HOLDS(figures->wasted_bytes <= figures->reclaimable_bytes);
		HOLDS(figures->reclaimable_bytes <= figures->content_bytes);
		sum.layer_bytes += layer->size;
		sum.compressed_bytes += layer->compressed_size;
		sum.entries += layer->entry_count;
		sum.content_bytes += figures->content_bytes;
		sum.wasted_bytes += figures->wasted_bytes;
		sum.reclaimable_bytes += figures->reclaimable_bytes;
		masked += figures->masked_bytes;
	}
	HOLDS(analysis->totals.layers == lopt_image_layer_count(image));
	HOLDS(sum.layer_bytes == analysis->totals.layer_bytes);
	HOLDS(sum.compressed_bytes == analysis->totals.compressed_bytes);
	HOLDS(sum.entries <= analysis->totals.entries); /* global headers are counted, not listed */
	if (analysis->totals.content_bytes == UINT64_MAX)
		return NULL;
	HOLDS(sum.content_bytes == analysis->totals.content_bytes);
	HOLDS(sum.wasted_bytes == analysis->totals.wasted_bytes);
	HOLDS(sum.reclaimable_bytes == analysis->totals.reclaimable_bytes);
	HOLDS(masked == analysis->totals.wasted_bytes);
	return NULL;
}

static const char *lists_broken(const struct lopt_image *image, const struct lopt_analysis *analysis)
{
	size_t layers = lopt_image_layer_count(image);
	uint64_t wasted = 0, known = 0, duplicate = 0, last = UINT64_MAX;
	for (size_t i = 0; i < analysis->waste_count; i++) {
		const struct lopt_waste_row *row = &analysis->waste[i];
		HOLDS(row->bytes && row->files && row->bytes <= last);
		HOLDS(row->layer < layers && row->masked_by < layers && row->layer <= row->masked_by);
		HOLDS(row->cause != LOPT_CAUSE_NONE);
		last = row->bytes;
		wasted += row->bytes;
	}
	last = UINT64_MAX;
	for (size_t i = 0; i < analysis->known_count; i++) {
		const struct lopt_known_row *row = &analysis->known[i];
		HOLDS(row->bytes && row->files && row->bytes <= last && row->layer < layers && row->path_count);
		last = row->bytes;
		known += row->level == LOPT_LEVEL_SAFE ? row->bytes : 0;
	}
	last = UINT64_MAX;
	for (size_t i = 0; i < analysis->duplicate_count; i++) {
		const struct lopt_duplicate_row *row = &analysis->duplicates[i];
		HOLDS(row->count > 1 && row->size && row->bytes == (row->count - 1) * row->size && row->bytes <= last);
		HOLDS(row->content < lopt_image_content_count(image));
		last = row->bytes;
		duplicate += row->bytes;
	}
	if (analysis->totals.content_bytes == UINT64_MAX)
		return NULL;
	HOLDS(wasted == analysis->totals.wasted_bytes);
	HOLDS(known == analysis->totals.reclaimable_bytes - wasted);
	HOLDS(duplicate == analysis->totals.duplicate_bytes);
	return NULL;
}

/* Every visible inode belongs to one row. */
static const char *packages_broken(const struct lopt_image *image, const struct lopt_analysis *analysis)
{
	uint64_t bytes = 0, own_bytes = 0, files = 0, last = UINT64_MAX, unowned = 0;
	for (size_t i = 0; i < analysis->package_count; i++) {
		const struct lopt_package_row *row = &analysis->packages[i];
		HOLDS(row->bytes <= last && row->own_bytes <= row->bytes);
		HOLDS((row->layer_count != 0) == (row->files != 0));
		HOLDS(row->manager ? row->name.len != 0 : row->name.len == 0 && row->version.len == 0);
		HOLDS(row->recommended_only
			      ? row->brings_packages && row->brings_bytes >= row->bytes
			      : !row->brings_packages && !row->brings_bytes && !row->recommended_by_count);
		for (size_t k = 0; k < row->layer_count; k++)
			HOLDS(row->layers[k] < lopt_image_layer_count(image) &&
			      (k == 0 || row->layers[k - 1] < row->layers[k]));
		unowned += !row->manager;
		last = row->bytes;
		bytes += row->bytes;
		own_bytes += row->own_bytes;
		files += row->files;
	}
	HOLDS(unowned <= 1 && files == analysis->totals.files);
	if (analysis->totals.content_bytes == UINT64_MAX)
		return NULL;
	HOLDS(bytes == analysis->totals.visible_bytes);
	HOLDS(own_bytes == (analysis->has_base ? analysis->own : analysis->totals).visible_bytes);
	return NULL;
}

static const char *parts_broken(const struct lopt_analysis *analysis)
{
	const struct lopt_totals *a = &analysis->base, *b = &analysis->own, *t = &analysis->totals;
	if (!analysis->has_base || t->content_bytes == UINT64_MAX)
		return NULL;
	HOLDS(a->layers + b->layers == t->layers);
	HOLDS(a->layer_bytes + b->layer_bytes == t->layer_bytes);
	HOLDS(a->content_bytes + b->content_bytes == t->content_bytes);
	HOLDS(a->visible_bytes + b->visible_bytes == t->visible_bytes);
	HOLDS(a->wasted_bytes + b->wasted_bytes == t->wasted_bytes);
	HOLDS(a->removed_bytes + b->removed_bytes == t->removed_bytes);
	HOLDS(a->reclaimable_bytes + b->reclaimable_bytes == t->reclaimable_bytes);
	return NULL;
}

static const char *fingerprints_broken(const struct lopt_analysis *analysis)
{
	for (size_t i = 0; i < analysis->finding_count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(analysis->findings[i].fingerprint, analysis->findings[k].fingerprint) == 0)
				return "two findings have one fingerprint";
	return NULL;
}

const char *identity_broken(const struct lopt_image *image, const struct lopt_analysis *analysis)
{
	const char *broken = totals_broken(&analysis->totals);
	if (!broken)
		broken = layers_broken(image, analysis);
	if (!broken)
		broken = lists_broken(image, analysis);
	if (!broken)
		broken = packages_broken(image, analysis);
	if (!broken)
		broken = parts_broken(analysis);
	if (!broken)
		broken = fingerprints_broken(analysis);
	if (!broken)
		broken = walk_broken(image, &analysis->totals);
	return broken;
}
