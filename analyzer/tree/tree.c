/* SPDX-License-Identifier: MIT */
#include "tree/tree.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tree/extract.h"

enum lopt_status lopt_tree_add_object(struct lopt_tree *tree, const struct lopt_entry *entry, uint32_t layer,
				      uint32_t *out, struct lopt_error *err)
{
	if (tree->object_count >= LOPT_NODE_NONE - 1)
		return lopt_error_memory(err);
	struct lopt_object *objects =
		lopt_grow(tree->objects, &tree->object_cap, tree->object_count + 1, sizeof *objects);
	if (!objects)
		return lopt_error_memory(err);
	tree->objects = objects;
	objects[tree->object_count] = (struct lopt_object){
		.primary = entry,
		.attributes = entry,
		.xattrs = entry,
		.layer = layer,
		.inode = entry->inode,
		.rival = LOPT_NODE_NONE,
	};
	*out = (uint32_t)tree->object_count++;
	return LOPT_OK;
}

enum lopt_status lopt_tree_init(struct lopt_tree *tree, struct lopt_arena *arena, const struct lopt_limits *limits,
				struct lopt_notes *notes, struct lopt_error *err)
{
	*tree = (struct lopt_tree){ .arena = arena, .limits = limits, .notes = notes };
	return lopt_nodes_init(&tree->stack) ? LOPT_OK : lopt_error_memory(err);
}

void lopt_tree_release(struct lopt_tree *tree)
{
	lopt_nodes_release(&tree->stack);
	free(tree->objects);
	free(tree->pairs);
	tree->objects = NULL;
	tree->pairs = NULL;
	tree->object_count = tree->object_cap = tree->pair_count = tree->pair_cap = 0;
}

static bool copy_array(void *out, const void *from, size_t count, size_t size)
{
	void *copy = reallocarray(NULL, count + 1, size);
	if (copy && count)
		memcpy(copy, from, count * size);
	*(void **)out = copy;
	return copy != NULL;
}

enum lopt_status lopt_tree_copy(struct lopt_tree *out, const struct lopt_tree *from, struct lopt_notes *notes,
				struct lopt_error *err)
{
	*out = (struct lopt_tree){ .arena = from->arena, .limits = from->limits, .notes = notes };
	if (!lopt_nodes_copy(&out->stack, &from->stack) ||
	    !copy_array(&out->objects, from->objects, from->object_count, sizeof *from->objects) ||
	    !copy_array(&out->pairs, from->pairs, from->pair_count, sizeof *from->pairs))
		return lopt_error_memory(err);
	out->object_count = out->object_cap = from->object_count;
	out->pair_count = out->pair_cap = from->pair_count;
	return LOPT_OK;
}

void lopt_tree_path(const struct lopt_nodes *nodes, uint32_t node, struct lopt_buf *out)
{
	size_t len = 0;
	for (uint32_t up = node; up != LOPT_NODE_ROOT; up = lopt_nodes_at(nodes, up)->parent)
		len += lopt_nodes_at(nodes, up)->name.len + 1;
	if (len == 0)
		return;
	char *to = lopt_buf_reserve(out, len);
	if (!to)
		return;
	char *end = to + len - 1;
	out->len += len - 1;
	*end = '\0';
	for (uint32_t up = node; up != LOPT_NODE_ROOT; up = lopt_nodes_at(nodes, up)->parent) {
		struct lopt_str name = lopt_nodes_at(nodes, up)->name;
		end -= name.len;
		memcpy(end, name.ptr, name.len);
		if (end > to)
			*--end = '/';
	}
}

/* The byte-smallest of the names that go in one layer decides why an object is gone. */
static enum lopt_status decide_by_name(struct lopt_tree *tree, struct lopt_object *object,
				       const struct lopt_nodes *nodes, uint32_t node, bool *decides,
				       struct lopt_error *err)
{
	struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_tree_path(nodes, node, &path);
	enum lopt_status status = path.failed ? lopt_error_memory(err) : LOPT_OK;
	if (status == LOPT_OK && !*decides)
		*decides = lopt_str_compare(lopt_buf_view(&path), object->gone_name) < 0;
	if (status == LOPT_OK && *decides) {
		object->gone_name = lopt_arena_copy(tree->arena, lopt_buf_view(&path));
		if (!object->gone_name.ptr)
			status = lopt_error_memory(err);
	}
	lopt_buf_release(&path);
	return status;
}

static enum lopt_status lose_name(struct lopt_tree *tree, const struct lopt_nodes *nodes, uint32_t node, uint32_t layer,
				  enum lopt_cause cause, uint32_t rival, struct lopt_error *err)
{
	struct lopt_object *object = &tree->objects[lopt_nodes_at(nodes, node)->object];
	bool decides = object->cause == LOPT_CAUSE_NONE || object->gone_layer != layer;
	if (object->linked)
		LOPT_TRY(decide_by_name(tree, object, nodes, node, &decides, err));
	if (decides) {
		object->cause = (uint8_t)cause;
		object->rival = rival;
		object->gone_layer = layer;
	}
	object->names--;
	return LOPT_OK;
}

enum lopt_status lopt_object_remove(struct lopt_tree *tree, const struct lopt_nodes *nodes, uint32_t node,
				    uint32_t layer, struct lopt_error *err)
{
	return lose_name(tree, nodes, node, layer, LOPT_CAUSE_REMOVED, LOPT_NODE_NONE, err);
}

bool lopt_object_may_equal(const struct lopt_tree *tree, uint32_t a, uint32_t b)
{
	const struct lopt_object *x = &tree->objects[a], *y = &tree->objects[b];
	return x->inode != LOPT_NO_INODE && y->inode != LOPT_NO_INODE && x->primary->size == y->primary->size;
}

static enum lopt_status add_pair(struct lopt_tree *tree, const struct lopt_tree_pair *pair, struct lopt_error *err)
{
	struct lopt_tree_pair *pairs = lopt_grow(tree->pairs, &tree->pair_cap, tree->pair_count + 1, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	tree->pairs = pairs;
	pairs[tree->pair_count++] = *pair;
	return LOPT_OK;
}

enum lopt_status lopt_object_hide(struct lopt_tree *tree, const struct lopt_nodes *nodes, uint32_t node, uint32_t layer,
				  uint32_t by, bool counts, struct lopt_error *err)
{
	const struct lopt_tree_pair pair = { lopt_nodes_at(nodes, node)->object, by, layer, counts };
	bool open = by != LOPT_NODE_NONE && lopt_object_may_equal(tree, pair.hidden, by);
	if (open)
		LOPT_TRY(add_pair(tree, &pair, err));
	return lose_name(tree, nodes, node, layer, LOPT_CAUSE_OVERWRITTEN, open ? by : LOPT_NODE_NONE, err);
}

static bool same_content(const struct lopt_tree *tree, const uint32_t *const *contents, uint32_t a, uint32_t b)
{
	const struct lopt_object *x = &tree->objects[a], *y = &tree->objects[b];
	return contents[x->layer][x->inode] == contents[y->layer][y->inode];
}

void lopt_tree_settle(struct lopt_tree *tree, const uint32_t *const *contents, struct lopt_tree_changes *changes)
{
	for (size_t i = 0; i < tree->pair_count; i++) {
		const struct lopt_tree_pair *pair = &tree->pairs[i];
		bool same = same_content(tree, contents, pair->hidden, pair->by);
		tree->objects[pair->hidden].copied_up |= same;
		changes[pair->layer].metadata_only += same && pair->counts;
		changes[pair->layer].modified += !same && pair->counts;
	}
	for (uint32_t i = 0; i < tree->object_count; i++) {
		struct lopt_object *object = &tree->objects[i];
		if (object->rival != LOPT_NODE_NONE && same_content(tree, contents, i, object->rival))
			object->cause = LOPT_CAUSE_METADATA_ONLY;
	}
}

enum lopt_status lopt_tree_apply(struct lopt_tree *tree, const struct lopt_tree_layer *layer,
				 struct lopt_tree_changes *changes, struct lopt_error *err)
{
	struct lopt_extraction extraction = { 0 };
	enum lopt_status status = lopt_extract(&extraction, tree, layer, err);
	if (status == LOPT_OK)
		status = lopt_merge(tree, &extraction, changes, err);
	lopt_extraction_release(&extraction);
	return status;
}
