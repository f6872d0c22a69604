/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"
#include "layer/path.h"
#include "tree/nodes.h"

/*
 * dive's own figures (dive/filetree/efficiency.go, dive/image/analysis.go of v0.13.1), so that a limit set for dive can be
 * kept: for each path the sizes of its entries over all layers, leaves of each layer's tree only; whiteouts count as the
 * size of the directory they remove; opaque markers and other ".wh..wh." names are dropped. Its random layer
 * order and its early stop at a whiteout of nothing are not copied.
 */

struct path_sizes {
	uint64_t sum, least;
	uint32_t times;
};

struct diving {
	const struct lopt_image *image;
	bool saturated;
	struct lopt_nodes layer;  /* the current one: names as in the tar */
	struct lopt_nodes stack;  /* all before it */
	struct lopt_nodes known;  /* every path ever counted, whiteouts by the name they remove */
	struct path_sizes *sizes; /* by node of `known` */
	size_t size_cap;
	uint32_t *twins, *homes;	/* of a layer's nodes: in the stack, in `known` */
	struct lopt_str last_directory; /* where the entry before stood: most stand beside it */
	uint32_t last_node;		/* of the layer */
	uint64_t user_bytes;
};

static void release_diving(struct diving *diving)
{
	lopt_nodes_release(&diving->layer);
	lopt_nodes_release(&diving->stack);
	lopt_nodes_release(&diving->known);
	free(diving->sizes);
	free(diving->twins);
	free(diving->homes);
}

static bool is_whiteout(struct lopt_str name)
{
	return lopt_str_starts(name, ".wh.");
}

static struct lopt_str removed_name(struct lopt_str name)
{
	return is_whiteout(name) ? lopt_str_make(name.ptr + 4, name.len - 4) : name;
}

static uint64_t entry_size(const struct lopt_tree_node *node)
{
	return node->entry ? node->entry->size : 0;
}

static uint32_t find_or_add(struct lopt_nodes *nodes, uint32_t parent, struct lopt_str name)
{
	uint32_t node = lopt_nodes_find(nodes, parent, name);
	return node == LOPT_NODE_NONE ? lopt_nodes_add(nodes, parent, name) : node;
}

/* --- the layer's own tree --- */

/* The node of a path, made where it is missing; LOPT_NODE_ROOT for one with a name that dive drops. */
static uint32_t make_path(struct lopt_nodes *nodes, struct lopt_str path)
{
	uint32_t node = LOPT_NODE_ROOT;
	for (struct lopt_str part = lopt_path_next(&path); part.len; part = lopt_path_next(&path)) {
		if (lopt_str_starts(part, ".wh..wh."))
			return LOPT_NODE_ROOT;
		node = find_or_add(nodes, node, part);
		if (node == LOPT_NODE_NONE)
			return node;
	}
	return node;
}

static enum lopt_status insert_entry(struct diving *diving, const struct lopt_entry *entry, struct lopt_error *err)
{
	struct lopt_str directory = lopt_path_parent(entry->path), name = lopt_path_base(entry->path);
	if (diving->last_node == LOPT_NODE_NONE || !lopt_str_equal(directory, diving->last_directory)) {
		diving->last_directory = directory;
		diving->last_node = make_path(&diving->layer, directory);
	}
	if (diving->last_node == LOPT_NODE_NONE)
		return lopt_error_memory(err);
	if (lopt_str_starts(name, ".wh..wh.") || (diving->last_node == LOPT_NODE_ROOT && directory.len))
		return LOPT_OK;
	uint32_t node = find_or_add(&diving->layer, diving->last_node, name);
	if (node == LOPT_NODE_NONE)
		return lopt_error_memory(err);
	lopt_nodes_at(&diving->layer, node)->entry = entry;
	return LOPT_OK;
}

static enum lopt_status build_layer(struct diving *diving, const struct lopt_layer *layer, struct lopt_error *err)
{
	lopt_nodes_release(&diving->layer);
	diving->last_node = LOPT_NODE_NONE;
	if (!lopt_nodes_init(&diving->layer))
		return lopt_error_memory(err);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		if (entry->path.len)
			LOPT_TRY(insert_entry(diving, entry, err));
		if (layer->index)
			diving->user_bytes = lopt_add_saturating(diving->user_bytes, entry->size, &diving->saturated);
	}
	if (!lopt_nodes_sort(&diving->layer))
		return lopt_error_memory(err);
	uint32_t *twins = reallocarray(diving->twins, diving->layer.count, sizeof *twins);
	diving->twins = twins ? twins : diving->twins;
	uint32_t *homes = reallocarray(diving->homes, diving->layer.count, sizeof *homes);
	diving->homes = homes ? homes : diving->homes;
	if (!twins || !homes)
		return lopt_error_memory(err);
	twins[LOPT_NODE_ROOT] = homes[LOPT_NODE_ROOT] = LOPT_NODE_ROOT;
	return LOPT_OK;
}

/* --- counting --- */

static uint64_t subtree_size(struct diving *diving, uint32_t top)
{
	uint64_t sum = 0;
	for (uint32_t node = top; node != LOPT_NODE_NONE; node = lopt_nodes_next(&diving->stack, node, top))
		sum = lopt_add_saturating(sum, entry_size(lopt_nodes_at(&diving->stack, node)), &diving->saturated);
	return sum;
}

static uint64_t leaf_size(struct diving *diving, const struct lopt_tree_node *node)
{
	if (!is_whiteout(node->name))
		return entry_size(node);
	uint32_t parent = diving->twins[node->parent];
	uint32_t hidden = parent == LOPT_NODE_NONE ? LOPT_NODE_NONE
						   : lopt_nodes_find(&diving->stack, parent, removed_name(node->name));
	if (hidden == LOPT_NODE_NONE)
		return 0;
	const struct lopt_entry *entry = lopt_nodes_at(&diving->stack, hidden)->entry;
	return entry && entry->type == LOPT_DIR ? subtree_size(diving, hidden) : 0;
}

static enum lopt_status count_leaf(struct diving *diving, uint32_t home, uint64_t size, struct lopt_error *err)
{
	size_t old = diving->size_cap;
	struct path_sizes *sizes = lopt_grow(diving->sizes, &diving->size_cap, diving->known.count, sizeof *sizes);
	if (!sizes)
		return lopt_error_memory(err);
	diving->sizes = sizes;
	if (diving->size_cap > old)
		memset(sizes + old, 0, (diving->size_cap - old) * sizeof *sizes);
	struct path_sizes *at = &sizes[home];
	at->least = at->times == 0 || size < at->least ? size : at->least;
	at->sum = lopt_add_saturating(at->sum, size, &diving->saturated);
	at->times++;
	return LOPT_OK;
}

static enum lopt_status count_layer(struct diving *diving, struct lopt_error *err)
{
	for (uint32_t id = lopt_nodes_next(&diving->layer, LOPT_NODE_ROOT, LOPT_NODE_ROOT); id != LOPT_NODE_NONE;
	     id = lopt_nodes_next(&diving->layer, id, LOPT_NODE_ROOT)) {
		const struct lopt_tree_node *node = lopt_nodes_at(&diving->layer, id);
		bool leaf = node->first_child == LOPT_NODE_NONE;
		uint32_t up = diving->twins[node->parent];
		diving->twins[id] = up == LOPT_NODE_NONE ? LOPT_NODE_NONE
							 : lopt_nodes_find(&diving->stack, up, node->name);
		diving->homes[id] = find_or_add(&diving->known, diving->homes[node->parent],
						leaf ? removed_name(node->name) : node->name);
		if (diving->homes[id] == LOPT_NODE_NONE)
			return lopt_error_memory(err);
		if (leaf)
			LOPT_TRY(count_leaf(diving, diving->homes[id], leaf_size(diving, node), err));
	}
	return LOPT_OK;
}

/* --- stacking --- */

static void remove_subtree(struct lopt_nodes *nodes, uint32_t top)
{
	while (lopt_nodes_at(nodes, top)->first_child != LOPT_NODE_NONE)
		lopt_nodes_remove(nodes, lopt_nodes_first_leaf(nodes, top));
	lopt_nodes_remove(nodes, top);
}

static enum lopt_status stack_layer(struct diving *diving, struct lopt_error *err)
{
	for (uint32_t id = lopt_nodes_next(&diving->layer, LOPT_NODE_ROOT, LOPT_NODE_ROOT); id != LOPT_NODE_NONE;
	     id = lopt_nodes_next(&diving->layer, id, LOPT_NODE_ROOT)) {
		const struct lopt_tree_node *node = lopt_nodes_at(&diving->layer, id);
		uint32_t up = diving->twins[node->parent];
		if (is_whiteout(node->name)) {
			uint32_t gone = lopt_nodes_find(&diving->stack, up, removed_name(node->name));
			if (gone != LOPT_NODE_NONE)
				remove_subtree(&diving->stack, gone);
			if (node->first_child == LOPT_NODE_NONE)
				continue;
		}
		uint32_t twin = find_or_add(&diving->stack, up, node->name);
		if (twin == LOPT_NODE_NONE)
			return lopt_error_memory(err);
		lopt_nodes_at(&diving->stack, twin)->entry = is_whiteout(node->name) ? NULL : node->entry;
		diving->twins[id] = twin;
	}
	return LOPT_OK;
}

static void finish(struct diving *diving, struct lopt_dive *dive)
{
	uint64_t sum = 0, least = 0;
	for (size_t i = 0; i < diving->size_cap; i++) {
		const struct path_sizes *at = &diving->sizes[i];
		sum = lopt_add_saturating(sum, at->sum, &diving->saturated);
		least = lopt_add_saturating(least, at->least, &diving->saturated);
		if (at->times > 1)
			dive->wasted_bytes = lopt_add_saturating(dive->wasted_bytes, at->sum, &diving->saturated);
	}
	dive->efficiency = sum ? (double)least / (double)sum : 1.0;
	dive->user_wasted_percent = diving->user_bytes ? (double)dive->wasted_bytes / (double)diving->user_bytes : 0.0;
}

enum lopt_status lopt_dive_compute(struct lopt_dive *out, bool *saturated, const struct lopt_image *image,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(release_diving) struct diving diving = { .image = image };
	if (!lopt_nodes_init(&diving.layer) || !lopt_nodes_init(&diving.stack) || !lopt_nodes_init(&diving.known))
		return lopt_error_memory(err);
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		LOPT_TRY(build_layer(&diving, lopt_image_layer(image, i), err));
		LOPT_TRY(count_layer(&diving, err));
		LOPT_TRY(stack_layer(&diving, err));
	}
	finish(&diving, out);
	*saturated = diving.saturated;
	return LOPT_OK;
}
