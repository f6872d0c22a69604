/* SPDX-License-Identifier: MIT */
#include "tree/same.h"

#include <stdlib.h>

#include "base/cleanup.h"

struct comparing {
	const struct lopt_tree *a, *b;
	const struct lopt_tree_match *match;
	uint32_t *twins;  /* by node of `a`: the node of `b` at its path */
	uint32_t *b_of_a; /* by object: what it is on the other side */
	uint32_t *a_of_b;
};

static void release_comparing(struct comparing *c)
{
	free(c->twins);
	free(c->b_of_a);
	free(c->a_of_b);
}

static uint32_t *make_numbers(size_t count)
{
	uint32_t *numbers = reallocarray(NULL, count + 1, sizeof *numbers);
	if (numbers)
		memset(numbers, 0xff, (count + 1) * sizeof *numbers); /* LOPT_NODE_NONE */
	return numbers;
}

bool lopt_xattr_lists_same(const struct lopt_xattr *a, size_t a_count, const struct lopt_xattr *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (!lopt_str_equal(a[i].name, b[i].name) || !lopt_str_equal(a[i].value, b[i].value))
			return false;
	return true;
}

bool lopt_xattrs_same(const struct lopt_entry *a, const struct lopt_entry *b)
{
	return lopt_xattr_lists_same(a->xattrs, a->xattr_count, b->xattrs, b->xattr_count);
}

bool lopt_directory_is_plain(const struct lopt_entry *entry)
{
	return !entry || (entry->mode == 0755 && entry->uid == 0 && entry->gid == 0 && entry->xattr_count == 0);
}

bool lopt_attributes_same(const struct lopt_entry *a, const struct lopt_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && a->mtime_ns == b->mtime_ns;
}

static bool same_directory(const struct lopt_entry *a, const struct lopt_entry *b)
{
	if (!a)
		return lopt_directory_is_plain(b);
	return b && lopt_attributes_same(a, b) && lopt_xattrs_same(a, b);
}

/* What an object is, its names aside. */
static bool same_thing(const struct comparing *c, const struct lopt_object *a, const struct lopt_object *b)
{
	const struct lopt_entry *x = a->primary, *y = b->primary;
	if (x->type != y->type || !lopt_attributes_same(a->attributes, b->attributes) ||
	    !lopt_xattrs_same(a->xattrs, b->xattrs))
		return false;
	switch (x->type) {
	case LOPT_FILE:
		return x->size == y->size && (x->size == 0 || c->match->same_content(c->match->context, a, b));
	case LOPT_SYMLINK:
		return lopt_str_equal(x->link, y->link);
	default:
		return x->major == y->major && x->minor == y->minor;
	}
}

/* Each is compared once, whatever number of names it has; afterwards its names have to lead to the same one. */
static bool same_object(struct comparing *c, uint32_t a, uint32_t b)
{
	if (c->b_of_a[a] != LOPT_NODE_NONE)
		return c->b_of_a[a] == b;
	if (c->a_of_b[b] != LOPT_NODE_NONE && !c->match->links_may_join)
		return false;
	c->b_of_a[a] = b;
	c->a_of_b[b] = a;
	return same_thing(c, &c->a->objects[a], &c->b->objects[b]);
}

static bool same_node(struct comparing *c, uint32_t node)
{
	const struct lopt_tree_node *a = lopt_nodes_at(&c->a->stack, node);
	uint32_t twin = lopt_nodes_find(&c->b->stack, c->twins[a->parent], a->name);
	c->twins[node] = twin;
	if (twin == LOPT_NODE_NONE)
		return false;
	const struct lopt_tree_node *b = lopt_nodes_at(&c->b->stack, twin);
	if (a->kind != b->kind)
		return false;
	return a->kind == LOPT_NODE_DIR ? same_directory(a->entry, b->entry) : same_object(c, a->object, b->object);
}

/* All of `a` is in `b`; more is there when there are more of them. */
static uint32_t find_extra(const struct comparing *c)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *known = calloc(c->b->stack.count + 1, sizeof *known);
	const struct lopt_nodes *nodes = &c->b->stack;
	if (!known)
		return LOPT_NODE_ROOT;
	for (size_t i = 0; i < c->a->stack.count; i++)
		if (c->twins[i] != LOPT_NODE_NONE)
			known[c->twins[i]] = true;
	uint32_t node = lopt_nodes_next(nodes, LOPT_NODE_ROOT, LOPT_NODE_ROOT);
	while (node != LOPT_NODE_NONE && known[node])
		node = lopt_nodes_next(nodes, node, LOPT_NODE_ROOT);
	return node;
}

static bool compare(struct comparing *c, struct lopt_buf *where)
{
	const struct lopt_nodes *nodes = &c->a->stack;
	c->twins[LOPT_NODE_ROOT] = LOPT_NODE_ROOT;
	for (uint32_t node = lopt_nodes_next(nodes, LOPT_NODE_ROOT, LOPT_NODE_ROOT); node != LOPT_NODE_NONE;
	     node = lopt_nodes_next(nodes, node, LOPT_NODE_ROOT)) {
		if (same_node(c, node))
			continue;
		lopt_tree_path(nodes, node, where);
		return false;
	}
	if (nodes->by_name.live == c->b->stack.by_name.live)
		return true;
	uint32_t extra = find_extra(c);
	if (extra != LOPT_NODE_NONE)
		lopt_tree_path(&c->b->stack, extra, where);
	return false;
}

enum lopt_status lopt_tree_same(const struct lopt_tree *before, const struct lopt_tree *after,
				const struct lopt_tree_match *match, bool *same, struct lopt_buf *where,
				struct lopt_error *err)
{
	LOPT_CLEANUP(release_comparing)
	struct comparing c = {
		.a = before,
		.b = after,
		.match = match,
		.twins = make_numbers(before->stack.count),
		.b_of_a = make_numbers(before->object_count),
		.a_of_b = make_numbers(after->object_count),
	};
	if (!c.twins || !c.b_of_a || !c.a_of_b)
		return lopt_error_memory(err);
	*same = compare(&c, where);
	return where->failed ? lopt_error_memory(err) : LOPT_OK;
}
