/* SPDX-License-Identifier: MIT */
#include "image/find.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "image/model.h"
#include "layer/path.h"

enum { LINK_HOPS_MAX = 40 }; /* as the kernel */

/* One directory on the way of the path looked up last, the root first. */
struct lopt_finder_step {
	size_t end; /* of its name in that path */
	uint32_t node;
	uint32_t last; /* what was found in it last */
};

/* What finder->links holds for a link nobody followed yet, and for one that leads nowhere; else the node and FIRST. */
enum { LINK_UNKNOWN, LINK_NOWHERE, LINK_FIRST };

static const struct lopt_nodes *nodes_of(const struct lopt_image *image)
{
	return &image->tree.stack;
}

static void describe(const struct lopt_image *image, uint32_t node, struct lopt_found *found)
{
	*found = (struct lopt_found){ .node = node, .parent = LOPT_FOUND_ROOT, .inode = LOPT_NO_INODE };
	if (node == LOPT_NODE_NONE)
		return;
	const struct lopt_tree_node *at = lopt_nodes_at(nodes_of(image), node);
	found->parent = node == LOPT_NODE_ROOT ? node : at->parent;
	found->type = LOPT_DIR;
	if (at->kind != LOPT_NODE_OBJECT)
		return;
	const struct lopt_object *object = &image->tree.objects[at->object];
	if (object->inode == LOPT_NO_INODE) {
		found->type = (enum lopt_type)object->primary->type;
		return;
	}
	found->type = LOPT_FILE;
	found->inode = object->inode;
	found->layer = &image->layers[object->layer];
}

size_t lopt_found_bound(const struct lopt_image *image)
{
	return nodes_of(image)->count;
}

bool lopt_found_next(const struct lopt_image *image, struct lopt_found *found)
{
	describe(image, lopt_nodes_next(nodes_of(image), found->node, LOPT_NODE_ROOT), found);
	return found->node != LOPT_NODE_NONE;
}

void lopt_finder_init(struct lopt_finder *finder, const struct lopt_image *image)
{
	*finder = (struct lopt_finder){ .image = image, .path = LOPT_BUF_INIT(SIZE_MAX / 2) };
}

void lopt_finder_release(struct lopt_finder *finder)
{
	lopt_buf_release(&finder->path);
	free(finder->steps);
	free(finder->links);
	lopt_finder_init(finder, finder->image);
}

/* --- symbolic links --- */

static const struct lopt_object *symlink_at(const struct lopt_finder *finder, uint32_t node)
{
	const struct lopt_tree_node *at = lopt_nodes_at(nodes_of(finder->image), node);
	if (at->kind != LOPT_NODE_OBJECT)
		return NULL;
	const struct lopt_object *object = &finder->image->tree.objects[at->object];
	return object->primary->type == LOPT_SYMLINK ? object : NULL;
}

static bool is_dots(struct lopt_str part)
{
	return part.ptr[0] == '.' && (part.len == 1 || (part.len == 2 && part.ptr[1] == '.'));
}

/* What `part` names in the directory `at`. */
static uint32_t child_of(const struct lopt_finder *finder, uint32_t at, struct lopt_str part)
{
	const struct lopt_nodes *nodes = nodes_of(finder->image);
	if (!is_dots(part))
		return lopt_nodes_find(nodes, at, part);
	return at == LOPT_NODE_ROOT || part.len == 1 ? at : lopt_nodes_at(nodes, at)->parent;
}

/* A link that is being followed. */
struct hop {
	uint32_t link;
	struct lopt_str left; /* of its target */
};

/* Start to follow a link; the directory its target starts from. Until it is known the link leads nowhere: a loop does. */
static uint32_t enter(struct lopt_finder *finder, struct hop *hop, uint32_t link)
{
	hop->link = link;
	hop->left = symlink_at(finder, link)->primary->link;
	finder->links[link] = LINK_NOWHERE;
	bool absolute = hop->left.len && hop->left.ptr[0] == '/';
	return absolute ? LOPT_NODE_ROOT : lopt_nodes_at(nodes_of(finder->image), link)->parent;
}

/* The directory a link leads to. Each link of the image is followed once, whatever the paths through it. */
static uint32_t follow(struct lopt_finder *finder, uint32_t link)
{
	struct hop hops[LINK_HOPS_MAX];
	size_t depth = 1;
	uint32_t at = enter(finder, &hops[0], link);
	while (depth) {
		struct hop *hop = &hops[depth - 1];
		struct lopt_str part = at == LOPT_NODE_NONE ? lopt_str_make(NULL, 0) : lopt_path_next(&hop->left);
		if (part.len == 0) {
			finder->links[hop->link] = at == LOPT_NODE_NONE ? LINK_NOWHERE : at + LINK_FIRST;
			depth--;
			continue;
		}
		at = child_of(finder, at, part);
		if (at == LOPT_NODE_NONE || lopt_nodes_at(nodes_of(finder->image), at)->kind == LOPT_NODE_DIR)
			continue;
		if (!symlink_at(finder, at) || finder->links[at] == LINK_NOWHERE)
			at = LOPT_NODE_NONE;
		else if (finder->links[at] != LINK_UNKNOWN)
			at = finder->links[at] - LINK_FIRST;
		else
			at = depth == LINK_HOPS_MAX ? LOPT_NODE_NONE : enter(finder, &hops[depth++], at);
	}
	return at;
}

/* The directory that a node is or leads to, in *node; LOPT_NODE_NONE where it is no directory. */
static enum lopt_status to_directory(struct lopt_finder *finder, uint32_t *node, struct lopt_error *err)
{
	if (*node == LOPT_NODE_NONE || lopt_nodes_at(nodes_of(finder->image), *node)->kind == LOPT_NODE_DIR)
		return LOPT_OK;
	if (!symlink_at(finder, *node)) {
		*node = LOPT_NODE_NONE;
		return LOPT_OK;
	}
	if (!finder->links)
		finder->links = calloc(lopt_found_bound(finder->image), sizeof *finder->links);
	if (!finder->links)
		return lopt_error_memory(err);
	uint32_t known = finder->links[*node];
	if (known == LINK_UNKNOWN)
		*node = follow(finder, *node);
	else
		*node = known == LINK_NOWHERE ? LOPT_NODE_NONE : known - LINK_FIRST;
	return LOPT_OK;
}

/* --- paths --- */

static size_t common_length(struct lopt_str a, struct lopt_str b)
{
	size_t n = a.len < b.len ? a.len : b.len, i = 0;
	for (uint64_t x, y; i + sizeof x <= n; i += sizeof x) {
		memcpy(&x, a.ptr + i, sizeof x);
		memcpy(&y, b.ptr + i, sizeof y);
		if (x != y)
			break;
	}
	while (i < n && a.ptr[i] == b.ptr[i])
		i++;
	return i;
}

static enum lopt_status enter_directory(struct lopt_finder *finder, size_t end, uint32_t node, struct lopt_error *err)
{
	struct lopt_finder_step *steps =
		lopt_grow(finder->steps, &finder->step_cap, finder->step_count + 1, sizeof *steps);
	if (!steps)
		return lopt_error_memory(err);
	finder->steps = steps;
	steps[finder->step_count++] = (struct lopt_finder_step){ end, node, LOPT_NODE_NONE };
	return LOPT_OK;
}

/* Forget the directories that are not on the way of `path`; it becomes the path of those that are. */
static enum lopt_status go_back(struct lopt_finder *finder, struct lopt_str path, struct lopt_error *err)
{
	size_t same = common_length(lopt_buf_view(&finder->path), path);
	while (finder->step_count > 1) {
		size_t end = finder->steps[finder->step_count - 1].end;
		if (end < path.len && end <= same && path.ptr[end] == '/')
			break;
		finder->step_count--;
	}
	finder->path.len = same;
	lopt_buf_add(&finder->path, path.ptr + same, path.len - same);
	if (finder->path.failed)
		return lopt_error_memory(err);
	return finder->step_count ? LOPT_OK : enter_directory(finder, 0, LOPT_NODE_ROOT, err);
}

/*
 * Whether `part` can be told without asking the table, since lists name what a directory holds in order: it is what was
 * found last, or what comes behind that, or the next name is a later one. Then *node is it, or nothing.
 */
static bool find_next(const struct lopt_nodes *nodes, const struct lopt_finder_step *step, struct lopt_str part,
		      uint32_t *node)
{
	uint32_t next = lopt_nodes_at(nodes, step->node)->first_child;
	if (step->last != LOPT_NODE_NONE) {
		const struct lopt_tree_node *last = lopt_nodes_at(nodes, step->last);
		int order = lopt_str_compare(last->name, part);
		*node = step->last;
		if (order >= 0)
			return order == 0;
		next = last->next;
	}
	int order = next == LOPT_NODE_NONE ? 1 : lopt_str_compare(lopt_nodes_at(nodes, next)->name, part);
	*node = order == 0 ? next : LOPT_NODE_NONE;
	return order >= 0;
}

/* What `part` names in the innermost directory entered. */
static uint32_t find_part(struct lopt_finder *finder, struct lopt_str part)
{
	struct lopt_finder_step *step = &finder->steps[finder->step_count - 1];
	uint32_t node;
	if (is_dots(part))
		return child_of(finder, step->node, part);
	if (!find_next(nodes_of(finder->image), step, part, &node))
		node = child_of(finder, step->node, part);
	if (node != LOPT_NODE_NONE)
		step->last = node;
	return node;
}

static enum lopt_status walk(struct lopt_finder *finder, struct lopt_str path, uint32_t *node, struct lopt_error *err)
{
	size_t start = finder->steps[finder->step_count - 1].end;
	struct lopt_str left = lopt_str_make(path.ptr + start, path.len - start);
	struct lopt_str part = lopt_path_next(&left);
	*node = finder->steps[finder->step_count - 1].node;
	while (part.len) {
		size_t end = (size_t)(left.ptr - path.ptr);
		*node = find_part(finder, part);
		part = lopt_path_next(&left);
		if (part.len == 0)
			break;
		LOPT_TRY(to_directory(finder, node, err));
		if (*node == LOPT_NODE_NONE)
			break;
		LOPT_TRY(enter_directory(finder, end, *node, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_finder_find(struct lopt_finder *finder, struct lopt_str path, struct lopt_found *found,
				  struct lopt_error *err)
{
	uint32_t node = LOPT_NODE_NONE;
	if (path.len && path.len <= finder->image->limits.path_bytes) {
		LOPT_TRY(go_back(finder, path, err));
		LOPT_TRY(walk(finder, path, &node, err));
	}
	describe(finder->image, node, found);
	return LOPT_OK;
}
