/* SPDX-License-Identifier: MIT */
#include "tree/inplace.h"

#include <limits.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"

enum { LINK_HOPS_MAX = 40 }; /* as the kernel */

struct applying {
	struct lopt_tree *tree;
	uint32_t index;
	struct lopt_arena scratch;
	bool fails;
};

static struct lopt_tree_node *at(const struct applying *a, uint32_t node)
{
	return lopt_nodes_at(&a->tree->stack, node);
}

static bool is_symlink(const struct applying *a, uint32_t node)
{
	return at(a, node)->kind == LOPT_NODE_OBJECT &&
	       a->tree->objects[at(a, node)->object].primary->type == LOPT_SYMLINK;
}

static uint32_t fail(struct applying *a)
{
	a->fails = true;
	return LOPT_NODE_NONE;
}

static enum lopt_status add_node(struct applying *a, uint32_t parent, struct lopt_str name, uint32_t *out,
				 struct lopt_error *err)
{
	*out = lopt_nodes_add(&a->tree->stack, parent, name);
	if (*out == LOPT_NODE_NONE)
		return lopt_error_memory(err);
	at(a, *out)->layer = a->index;
	return LOPT_OK;
}

static void remove_tree(struct applying *a, uint32_t top, bool itself)
{
	struct lopt_nodes *nodes = &a->tree->stack;
	while (at(a, top)->first_child != LOPT_NODE_NONE)
		lopt_nodes_remove(nodes, lopt_nodes_first_leaf(nodes, top));
	if (itself)
		lopt_nodes_remove(nodes, top);
}

/* --- the way to a directory --- */

struct way {
	struct lopt_str left;
	char *joined; /* holds `left` once a link was followed */
	uint32_t node;
	unsigned hops;
};

static void release_way(struct way *way)
{
	free(way->joined);
}

static enum lopt_status follow(struct applying *a, struct way *way, uint32_t link, struct lopt_error *err)
{
	struct lopt_str target = a->tree->objects[at(a, link)->object].primary->link;
	size_t size = target.len + 1 + way->left.len;
	if (++way->hops > LINK_HOPS_MAX || target.len >= PATH_MAX ||
	    size > a->tree->limits->path_bytes + a->tree->limits->link_bytes) {
		way->node = fail(a);
		return LOPT_OK;
	}
	char *joined = malloc(size);
	if (!joined)
		return lopt_error_memory(err);
	if (target.len)
		memcpy(joined, target.ptr, target.len);
	joined[target.len] = '/';
	if (way->left.len)
		memcpy(joined + target.len + 1, way->left.ptr, way->left.len);
	free(way->joined);
	way->joined = joined;
	way->left = lopt_str_make(joined, size);
	if (target.len && target.ptr[0] == '/')
		way->node = LOPT_NODE_ROOT;
	return LOPT_OK;
}

static enum lopt_status step(struct applying *a, struct way *way, struct lopt_str part, bool make,
			     struct lopt_error *err)
{
	if (lopt_str_is(part, "."))
		return LOPT_OK;
	if (lopt_str_is(part, "..")) {
		way->node = way->node == LOPT_NODE_ROOT ? way->node : at(a, way->node)->parent;
		return LOPT_OK;
	}
	uint32_t child = lopt_nodes_find(&a->tree->stack, way->node, part);
	if (child == LOPT_NODE_NONE && make) {
		if (way->joined) /* the name outlives the walk */
			part = lopt_arena_copy(a->tree->arena, part);
		if (!part.ptr)
			return lopt_error_memory(err);
		return add_node(a, way->node, part, &way->node, err);
	}
	if (child != LOPT_NODE_NONE && is_symlink(a, child))
		return follow(a, way, child, err);
	if (child != LOPT_NODE_NONE && at(a, child)->kind != LOPT_NODE_DIR)
		child = make ? fail(a) : LOPT_NODE_NONE;
	way->node = child;
	return LOPT_OK;
}

/* LOPT_NODE_NONE: it is not there, and with `make` that applying fails. */
static enum lopt_status find_directory(struct applying *a, struct lopt_str path, bool make, uint32_t *out,
				       struct lopt_error *err)
{
	LOPT_CLEANUP(release_way) struct way way = { .left = path, .node = LOPT_NODE_ROOT };
	for (struct lopt_str part = lopt_path_next(&way.left); part.len && way.node != LOPT_NODE_NONE;
	     part = lopt_path_next(&way.left))
		LOPT_TRY(step(a, &way, part, make, err));
	*out = way.node;
	return LOPT_OK;
}

/* --- entries --- */

static enum lopt_status apply_marker(struct applying *a, const struct lopt_entry *entry, struct lopt_error *err)
{
	uint32_t directory, next;
	LOPT_TRY(find_directory(a, lopt_path_parent(entry->path), false, &directory, err));
	if (directory == LOPT_NODE_NONE)
		return LOPT_OK;
	for (uint32_t child = at(a, directory)->first_child; child != LOPT_NODE_NONE; child = next) {
		next = at(a, child)->next;
		if (at(a, child)->layer != a->index)
			remove_tree(a, child, true);
	}
	return LOPT_OK;
}

static enum lopt_status apply_whiteout(struct applying *a, const struct lopt_entry *entry, struct lopt_str name,
				       struct lopt_error *err)
{
	uint32_t directory, node = LOPT_NODE_NONE;
	LOPT_TRY(find_directory(a, lopt_path_parent(entry->path), false, &directory, err));
	if (directory != LOPT_NODE_NONE)
		node = lopt_nodes_find(&a->tree->stack, directory, name);
	if (node != LOPT_NODE_NONE)
		remove_tree(a, node, true);
	return LOPT_OK;
}

static enum lopt_status find_target(struct applying *a, const struct lopt_entry *entry, uint32_t *out,
				    struct lopt_error *err)
{
	struct lopt_clean_path target;
	uint32_t directory, node = LOPT_NODE_NONE;
	LOPT_TRY(lopt_path_clean(&target, &a->scratch, entry->link, a->tree->limits, err));
	LOPT_TRY(find_directory(a, lopt_path_parent(target.path), false, &directory, err));
	if (directory != LOPT_NODE_NONE && target.path.len)
		node = lopt_nodes_find(&a->tree->stack, directory, lopt_path_base(target.path));
	*out = LOPT_NODE_NONE;
	if (node == LOPT_NODE_NONE || at(a, node)->kind != LOPT_NODE_OBJECT)
		(void)fail(a);
	else
		*out = at(a, node)->object;
	return LOPT_OK;
}

/* `node` LOPT_NODE_NONE: nothing stands there yet. */
static enum lopt_status put(struct applying *a, uint32_t directory, uint32_t node, const struct lopt_entry *entry,
			    uint32_t object, struct lopt_error *err)
{
	if (node == LOPT_NODE_NONE)
		LOPT_TRY(add_node(a, directory, lopt_path_base(entry->path), &node, err));
	else if (object != LOPT_NODE_NONE && at(a, node)->kind == LOPT_NODE_DIR)
		remove_tree(a, node, false);
	struct lopt_tree_node *to = at(a, node);
	to->kind = object == LOPT_NODE_NONE ? LOPT_NODE_DIR : LOPT_NODE_OBJECT;
	to->object = object;
	to->entry = entry;
	to->layer = a->index;
	return LOPT_OK;
}

static enum lopt_status apply_entry(struct applying *a, const struct lopt_entry *entry, struct lopt_error *err)
{
	uint32_t directory, object = LOPT_NODE_NONE;
	struct lopt_str name;
	if (entry->flags & LOPT_ENTRY_IGNORED)
		return LOPT_OK;
	enum lopt_whiteout whiteout = lopt_whiteout_of(entry->path, &name);
	if (whiteout == LOPT_WHITEOUT_OPAQUE)
		return apply_marker(a, entry, err);
	if (whiteout == LOPT_WHITEOUT_PATH)
		return apply_whiteout(a, entry, name, err);
	LOPT_TRY(find_directory(a, lopt_path_parent(entry->path), true, &directory, err));
	if (directory == LOPT_NODE_NONE)
		return LOPT_OK;
	if (entry->flags & LOPT_ENTRY_HARDLINK)
		LOPT_TRY(find_target(a, entry, &object, err));
	else if (entry->type != LOPT_DIR)
		LOPT_TRY(lopt_tree_add_object(a->tree, entry, a->index, &object, err));
	if (a->fails)
		return LOPT_OK;
	uint32_t node = lopt_nodes_find(&a->tree->stack, directory, lopt_path_base(entry->path));
	return put(a, directory, node, entry, object, err);
}

enum lopt_status lopt_tree_apply_in_place(struct lopt_tree *tree, const struct lopt_tree_layer *layer, bool *fails,
					  struct lopt_error *err)
{
	struct applying a = { .tree = tree, .index = layer->index };
	enum lopt_status status = LOPT_OK;
	lopt_arena_init(&a.scratch, tree->limits->arena_bytes);
	for (size_t i = 0; i < layer->data->entry_count && status == LOPT_OK && !a.fails; i++)
		status = apply_entry(&a, &layer->data->entries[i], err);
	lopt_arena_release(&a.scratch);
	*fails = a.fails;
	return status;
}
