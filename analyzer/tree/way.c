/* SPDX-License-Identifier: MIT */
#include "tree/way.h"

#include <limits.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"

enum { LINK_HOPS_MAX = 40 }; /* as the kernel */

enum lopt_status lopt_extraction_differ(struct lopt_extraction *x, enum lopt_severity severity, struct lopt_str path,
					const char *how, struct lopt_error *err)
{
	return lopt_notes_add(x->tree->notes, "engines-differ", severity, x->layer->index, path, err, "%s", how);
}

enum lopt_status lopt_extraction_refuse(struct lopt_str path, const char *why, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: %s, which no container engine loads", LOPT_STR_ARGS(path), why);
}

struct lopt_tree_node *lopt_extraction_at(const struct lopt_extraction *x, uint32_t node)
{
	return lopt_nodes_at(&x->nodes, node);
}

const struct lopt_object *lopt_extraction_object(const struct lopt_extraction *x, uint32_t node)
{
	return &x->tree->objects[lopt_extraction_at(x, node)->object];
}

bool lopt_extraction_is_symlink(const struct lopt_extraction *x, uint32_t node)
{
	return lopt_extraction_at(x, node)->kind == LOPT_NODE_OBJECT &&
	       lopt_extraction_object(x, node)->primary->type == LOPT_SYMLINK;
}

uint32_t lopt_extraction_add(struct lopt_extraction *x, uint32_t parent, struct lopt_str name)
{
	uint32_t node = lopt_nodes_add(&x->nodes, parent, name);
	if (node != LOPT_NODE_NONE)
		lopt_extraction_at(x, node)->layer = x->layer->index;
	return node;
}

static uint32_t parent_of(const struct lopt_extraction *x, uint32_t node)
{
	return node == LOPT_NODE_ROOT ? node : lopt_extraction_at(x, node)->parent;
}

/* A whiteout that something is to be put below: docker fails, engines that apply make a new directory. */
static enum lopt_status replace_whiteout(struct lopt_extraction *x, uint32_t node, struct lopt_str path,
					 struct lopt_error *err)
{
	struct lopt_tree_node *at = lopt_extraction_at(x, node);
	at->kind = LOPT_NODE_DIR;
	at->entry = NULL;
	at->opaque = true;
	return lopt_extraction_differ(
		x, LOPT_ERROR, path,
		"a directory is removed and filled again without being listed: docker and containerd refuse it", err);
}

/* Where a walk stands. Targets of symbolic links are put in front of what is left. */
struct walk {
	struct lopt_str whole; /* for messages */
	char *joined;	       /* holds `left` once a link was followed */
	struct lopt_str left;
	size_t own; /* bytes at the end of `left` that come from the path itself, not from a link's target */
	uint32_t at;
	unsigned hops;
};

/* Whether the component just cut off `left` came from a link's target. */
static bool in_target(const struct walk *walk)
{
	return walk->hops && walk->left.len > walk->own;
}

static enum lopt_status follow(struct lopt_extraction *x, struct walk *walk, uint32_t link, struct lopt_error *err)
{
	if (++walk->hops > LINK_HOPS_MAX)
		return lopt_extraction_refuse(walk->whole, "a path through a loop of symbolic links", err);
	struct lopt_str target = lopt_extraction_object(x, link)->primary->link;
	if (walk->hops == 1 || !in_target(walk))
		walk->own = walk->left.len;
	size_t size = target.len + 1 + walk->left.len;
	if (size > x->tree->limits->path_bytes + x->tree->limits->link_bytes)
		return lopt_error_set(err, LOPT_E_LIMIT, "%.*s: a path through symbolic links of %zu bytes",
				      LOPT_STR_ARGS(walk->whole), size);
	if (target.len >= PATH_MAX)
		return lopt_extraction_refuse(walk->whole, "a path through a symbolic link that is too long", err);
	char *joined = malloc(size);
	if (!joined)
		return lopt_error_memory(err);
	memcpy(joined, target.ptr, target.len);
	joined[target.len] = '/';
	if (walk->left.len)
		memcpy(joined + target.len + 1, walk->left.ptr, walk->left.len);
	walk->left = lopt_str_make(joined, size);
	free(walk->joined);
	walk->joined = joined;
	if (target.ptr[0] == '/')
		walk->at = LOPT_NODE_ROOT;
	return LOPT_OK;
}

/*
 * One component further. `make`: what is missing becomes a directory, as docker does for parents; otherwise a
 * walk that finds nothing ends with walk->at == LOPT_NODE_NONE.
 */
static enum lopt_status walk_part(struct lopt_extraction *x, struct walk *walk, struct lopt_str part, bool make,
				  struct lopt_error *err)
{
	if (part.len == 1 && part.ptr[0] == '.')
		return LOPT_OK;
	if (part.len == 2 && part.ptr[0] == '.' && part.ptr[1] == '.') {
		walk->at = parent_of(x, walk->at);
		return LOPT_OK;
	}
	uint32_t child = lopt_nodes_find(&x->nodes, walk->at, part);
	if (child == LOPT_NODE_NONE && !make) {
		walk->at = LOPT_NODE_NONE;
		return LOPT_OK;
	}
	if (child == LOPT_NODE_NONE) {
		if (in_target(walk))
			LOPT_TRY(lopt_extraction_differ(
				x, LOPT_ERROR, walk->whole,
				"a path through a symbolic link that leads nowhere: docker refuses it", err));
		if (walk->joined) /* the name outlives the walk */
			part = lopt_arena_copy(x->tree->arena, part);
		if (!part.ptr)
			return lopt_error_memory(err);
		walk->at = lopt_extraction_add(x, walk->at, part);
		return walk->at == LOPT_NODE_NONE ? lopt_error_memory(err) : LOPT_OK;
	}
	if (lopt_extraction_is_symlink(x, child))
		return follow(x, walk, child, err);
	if (lopt_extraction_at(x, child)->kind == LOPT_NODE_WHITEOUT && make)
		LOPT_TRY(replace_whiteout(x, child, walk->whole, err));
	if (lopt_extraction_at(x, child)->kind != LOPT_NODE_DIR) {
		if (make)
			return lopt_extraction_refuse(walk->whole, "a path below something that is no directory", err);
		child = LOPT_NODE_NONE;
	}
	walk->at = child;
	return LOPT_OK;
}

static void release_walk(struct walk *walk)
{
	free(walk->joined);
}

enum lopt_status lopt_way_walk(struct lopt_extraction *x, struct lopt_str path, bool make, uint32_t *out,
			       struct lopt_error *err)
{
	LOPT_CLEANUP(release_walk) struct walk walk = { .whole = path, .left = path, .at = LOPT_NODE_ROOT };
	for (;;) {
		struct lopt_str part = lopt_path_next(&walk.left);
		if (part.len == 0 || walk.at == LOPT_NODE_NONE)
			break;
		LOPT_TRY(walk_part(x, &walk, part, make, err));
	}
	*out = walk.at;
	x->followed = walk.hops != 0;
	return LOPT_OK;
}

enum lopt_status lopt_way_to_parent(struct lopt_extraction *x, struct lopt_str path, uint32_t *out,
				    struct lopt_error *err)
{
	struct lopt_str parent = lopt_path_parent(path);
	if (x->last_directory != LOPT_NODE_NONE && lopt_str_equal(parent, x->last_parent)) {
		*out = x->last_directory;
		return LOPT_OK;
	}
	LOPT_TRY(lopt_way_walk(x, parent, true, out, err));
	x->last_parent = parent;
	x->last_directory = *out;
	x->last_followed = x->followed;
	return LOPT_OK;
}

enum lopt_status lopt_way_marks_nothing(struct lopt_extraction *x, struct lopt_str marker, bool *out,
					struct lopt_error *err)
{
	struct lopt_str parent = lopt_path_parent(marker);
	uint32_t above, node = LOPT_NODE_ROOT;
	LOPT_TRY(lopt_way_walk(x, lopt_path_parent(parent), false, &above, err));
	if (parent.len)
		node = above == LOPT_NODE_NONE ? above : lopt_nodes_find(&x->nodes, above, lopt_path_base(parent));
	*out = node != LOPT_NODE_NONE && lopt_extraction_at(x, node)->kind != LOPT_NODE_DIR &&
	       !lopt_extraction_is_symlink(x, node);
	return LOPT_OK;
}
