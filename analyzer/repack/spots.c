/* SPDX-License-Identifier: MIT */
#include "repack/spots.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"
#include "tree/same.h"

const struct lopt_entry lopt_made_directory = {
	.type = LOPT_DIR,
	.mode = 0755,
	.inode = LOPT_NO_INODE,
};

bool lopt_is_whiteout(const struct lopt_entry *entry)
{
	struct lopt_str name;
	return (entry->flags & LOPT_ENTRY_WHITEOUT) && lopt_whiteout_of(entry->path, &name) == LOPT_WHITEOUT_PATH;
}

const struct lopt_join_part *lopt_part_of(const struct lopt_spots *spots, const struct lopt_tree_node *node)
{
	return node->layer < spots->join->first ? NULL : &spots->parts[node->layer - spots->join->first];
}

static const struct lopt_tree_node *top_at(const struct lopt_spots *spots, uint32_t node)
{
	return lopt_nodes_at(&spots->join->top->stack, node);
}

static uint32_t next_of(const struct lopt_spots *spots, uint32_t node)
{
	return lopt_nodes_next(&spots->join->top->stack, node, LOPT_NODE_ROOT);
}

/* --- which entries count --- */

static void place_entries(struct lopt_spots *spots)
{
	for (uint32_t id = next_of(spots, LOPT_NODE_ROOT); id != LOPT_NODE_NONE; id = next_of(spots, id)) {
		const struct lopt_tree_node *node = top_at(spots, id);
		const struct lopt_join_part *part = lopt_part_of(spots, node);
		if (!part || !node->entry)
			continue;
		part->nodes[lopt_part_index(part, node->entry)] = id;
		if (node->kind == LOPT_NODE_DIR)
			spots->items[id].lister = node->entry;
	}
}

/*
 * An overlay takes no notice of a listing when a later layer has something in the directory and does not list it, which is
 * why that is seen differently if it was listed as anything but 0755 and root's. The others still go by it.
 */
static void place_overlooked(struct lopt_spots *spots, struct lopt_join_part *part)
{
	for (size_t i = 0; i < part->entry_count; i++) {
		const struct lopt_entry *entry = &part->entries[i];
		unsigned others = LOPT_ENTRY_HARDLINK | LOPT_ENTRY_IGNORED | LOPT_ENTRY_WHITEOUT;
		if (part->nodes[i] != LOPT_NODE_NONE || entry->type != LOPT_DIR || (entry->flags & others))
			continue;
		uint32_t id = lopt_nodes_reach(&spots->join->top->stack, entry->path);
		if (id == LOPT_NODE_NONE || spots->items[id].lister || !lopt_directory_is_plain(entry))
			continue;
		const struct lopt_tree_node *node = top_at(spots, id);
		if (node->kind != LOPT_NODE_DIR || node->entry || !lopt_part_of(spots, node))
			continue;
		part->nodes[i] = id;
		spots->items[id].lister = entry;
	}
}

/* Of several names whose first entry does not count any more, the first that does carries the content. */
static void find_heirs(struct lopt_spots *spots, struct lopt_join_part *part)
{
	for (size_t i = 0; i < part->entry_count; i++) {
		if (!(part->entries[i].flags & LOPT_ENTRY_HARDLINK) || part->nodes[i] == LOPT_NODE_NONE)
			continue;
		const struct lopt_tree_node *node = top_at(spots, part->nodes[i]);
		size_t primary = lopt_part_index(part, spots->join->top->objects[node->object].primary);
		if (part->nodes[primary] == LOPT_NODE_NONE && part->heirs[primary] == LOPT_NODE_NONE)
			part->heirs[primary] = (uint32_t)i;
	}
}

/* --- what of the stack below is hidden --- */

static enum lopt_status place_whiteout(struct lopt_spots *spots, struct lopt_join_part *part, size_t index,
				       struct lopt_buf *path, struct lopt_error *err)
{
	const struct lopt_join *join = spots->join;
	const struct lopt_entry *entry = &part->entries[index];
	struct lopt_str name, parent = lopt_path_parent(entry->path);
	if (!lopt_is_whiteout(entry))
		return LOPT_OK;
	(void)lopt_whiteout_of(entry->path, &name);
	lopt_whiteout_target(path, entry->path);
	if (path->failed)
		return lopt_error_memory(err);
	uint32_t hidden = lopt_nodes_reach(&join->below->stack, lopt_buf_view(path));
	uint32_t directory = lopt_nodes_reach(&join->top->stack, parent);
	if (hidden == LOPT_NODE_NONE || directory == LOPT_NODE_NONE || spots->whited[hidden] ||
	    top_at(spots, directory)->kind != LOPT_NODE_DIR ||
	    lopt_nodes_find(&join->top->stack, directory, name) != LOPT_NODE_NONE)
		return LOPT_OK;
	spots->whited[hidden] = true;
	part->nodes[index] = directory;
	return LOPT_OK;
}

static enum lopt_status place_whiteouts(struct lopt_spots *spots, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t k = spots->join->count; k-- > 0;)
		for (size_t i = 0; i < spots->parts[k].entry_count; i++)
			LOPT_TRY(place_whiteout(spots, &spots->parts[k], i, &path, err));
	return LOPT_OK;
}

/* Something in it is gone that no whiteout took: then all of it went, when the directory was made anew. */
static bool hides_all(const struct lopt_spots *spots, uint32_t id, uint32_t twin)
{
	const struct lopt_nodes *below = &spots->join->below->stack;
	for (uint32_t child = lopt_nodes_at(below, twin)->first_child; child != LOPT_NODE_NONE;
	     child = lopt_nodes_at(below, child)->next)
		if (!spots->whited[child] &&
		    lopt_nodes_find(&spots->join->top->stack, id, lopt_nodes_at(below, child)->name) == LOPT_NODE_NONE)
			return true;
	return false;
}

static void find_opaque(struct lopt_spots *spots)
{
	const struct lopt_nodes *below = &spots->join->below->stack;
	spots->items[LOPT_NODE_ROOT].twin = LOPT_NODE_ROOT;
	for (uint32_t id = next_of(spots, LOPT_NODE_ROOT); id != LOPT_NODE_NONE; id = next_of(spots, id)) {
		const struct lopt_tree_node *node = top_at(spots, id);
		const struct lopt_spot *up = &spots->items[node->parent];
		struct lopt_spot *spot = &spots->items[id];
		spot->twin = up->opaque || up->twin == LOPT_NODE_NONE ? LOPT_NODE_NONE
								      : lopt_nodes_find(below, up->twin, node->name);
		if (spot->twin != LOPT_NODE_NONE && lopt_nodes_at(below, spot->twin)->kind != LOPT_NODE_DIR)
			spot->twin = LOPT_NODE_NONE;
		if (node->kind == LOPT_NODE_DIR && lopt_part_of(spots, node) && spot->twin != LOPT_NODE_NONE)
			spot->opaque = hides_all(spots, id, spot->twin);
	}
}

/* What is hidden as a whole needs no whiteout, and must have none. */
static void drop_whiteouts(const struct lopt_spots *spots, struct lopt_join_part *part)
{
	for (size_t i = 0; i < part->entry_count; i++) {
		if (part->nodes[i] == LOPT_NODE_NONE || !lopt_is_whiteout(&part->entries[i]))
			continue;
		const struct lopt_spot *directory = &spots->items[part->nodes[i]];
		if (directory->opaque || directory->twin == LOPT_NODE_NONE)
			part->nodes[i] = LOPT_NODE_NONE;
	}
}

/* --- directories that nothing lists --- */

static void fill(struct lopt_spots *spots, uint32_t id)
{
	for (; !spots->items[id].filled; id = top_at(spots, id)->parent) {
		spots->items[id].filled = true;
		if (id == LOPT_NODE_ROOT)
			break;
	}
}

static void fill_part(struct lopt_spots *spots, const struct lopt_join_part *part)
{
	for (size_t i = 0; i < part->entry_count; i++) {
		uint32_t id = part->nodes[i];
		if (id == LOPT_NODE_NONE)
			continue;
		fill(spots, lopt_is_whiteout(&part->entries[i]) ? id : top_at(spots, id)->parent);
	}
}

/* Engines make those that something is in. What hides something has to be listed, and so has what is empty. */
static void list_others(struct lopt_spots *spots)
{
	for (uint32_t id = next_of(spots, LOPT_NODE_ROOT); id != LOPT_NODE_NONE; id = next_of(spots, id)) {
		const struct lopt_tree_node *node = top_at(spots, id);
		struct lopt_spot *spot = &spots->items[id];
		if (node->kind != LOPT_NODE_DIR || !lopt_part_of(spots, node) || spot->lister)
			continue;
		if (spot->opaque || (spot->twin == LOPT_NODE_NONE && !spot->filled))
			spot->lister = &lopt_made_directory;
	}
}

/* --- all of it --- */

static uint32_t *make_numbers(size_t count)
{
	uint32_t *numbers = reallocarray(NULL, count + 1, sizeof *numbers);
	if (numbers)
		memset(numbers, 0xff, (count + 1) * sizeof *numbers); /* LOPT_NODE_NONE */
	return numbers;
}

static bool make_parts(struct lopt_spots *spots)
{
	const struct lopt_join *join = spots->join;
	spots->parts = calloc(join->count, sizeof *spots->parts);
	for (size_t k = 0; spots->parts && k < join->count; k++) {
		struct lopt_join_part *part = &spots->parts[k];
		part->layer = lopt_image_layer(join->plan->image, join->first + k);
		if (!part->layer)
			return false;
		part->entries = join->entries[k];
		part->entry_count = part->layer->entry_count;
		part->nodes = make_numbers(part->entry_count);
		part->heirs = make_numbers(part->entry_count);
		if (!part->nodes || !part->heirs)
			return false;
	}
	return spots->parts != NULL;
}

enum lopt_status lopt_spots_make(struct lopt_spots *out, const struct lopt_join *join, struct lopt_error *err)
{
	*out = (struct lopt_spots){ .join = join };
	out->items = calloc(join->top->stack.count, sizeof *out->items);
	out->whited = calloc(join->below->stack.count, sizeof *out->whited);
	if (!make_parts(out) || !out->items || !out->whited)
		return lopt_error_memory(err);
	place_entries(out);
	for (size_t k = join->count; k-- > 0;)
		place_overlooked(out, &out->parts[k]);
	LOPT_TRY(place_whiteouts(out, err));
	find_opaque(out);
	for (size_t k = 0; k < join->count; k++) {
		find_heirs(out, &out->parts[k]);
		drop_whiteouts(out, &out->parts[k]);
		fill_part(out, &out->parts[k]);
	}
	list_others(out);
	return LOPT_OK;
}

void lopt_spots_release(struct lopt_spots *spots)
{
	for (size_t k = 0; spots->parts && k < spots->join->count; k++) {
		free(spots->parts[k].nodes);
		free(spots->parts[k].heirs);
	}
	free(spots->parts);
	free(spots->items);
	free(spots->whited);
	*spots = (struct lopt_spots){ 0 };
}
