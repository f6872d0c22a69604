/* SPDX-License-Identifier: MIT */
#include "tree/nodes.h"

#include <stdlib.h>

#include "base/buf.h"
#include "layer/path.h"

static bool matches(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct lopt_nodes *nodes = owner;
	const struct lopt_tree_node *node = &nodes->items[value];
	return node->parent == number && lopt_str_equal(node->name, key);
}

static uint32_t take_slot(struct lopt_nodes *nodes)
{
	if (nodes->free != LOPT_NODE_NONE) {
		uint32_t node = nodes->free;
		nodes->free = nodes->items[node].next;
		return node;
	}
	if (nodes->count >= LOPT_NODE_NONE - 1)
		return LOPT_NODE_NONE;
	struct lopt_tree_node *items = lopt_grow(nodes->items, &nodes->cap, nodes->count + 1, sizeof *items);
	if (!items)
		return LOPT_NODE_NONE;
	nodes->items = items;
	return (uint32_t)nodes->count++;
}

static void give_slot_back(struct lopt_nodes *nodes, uint32_t node)
{
	nodes->items[node].next = nodes->free;
	nodes->free = node;
}

static struct lopt_tree_node new_directory(uint32_t parent, struct lopt_str name)
{
	return (struct lopt_tree_node){
		.name = name,
		.parent = parent,
		.first_child = LOPT_NODE_NONE,
		.next = LOPT_NODE_NONE,
		.previous = LOPT_NODE_NONE,
		.object = LOPT_NODE_NONE,
		.kind = LOPT_NODE_DIR,
	};
}

bool lopt_nodes_init(struct lopt_nodes *nodes)
{
	*nodes = (struct lopt_nodes){ .free = LOPT_NODE_NONE };
	uint32_t root = take_slot(nodes);
	if (root == LOPT_NODE_NONE)
		return false;
	nodes->items[root] = new_directory(LOPT_NODE_NONE, lopt_str_make("", 0));
	return true;
}

void lopt_nodes_release(struct lopt_nodes *nodes)
{
	free(nodes->items);
	lopt_table_release(&nodes->by_name);
	*nodes = (struct lopt_nodes){ .free = LOPT_NODE_NONE };
}

bool lopt_nodes_copy(struct lopt_nodes *out, const struct lopt_nodes *from)
{
	*out = (struct lopt_nodes){ .free = LOPT_NODE_NONE };
	struct lopt_tree_node *items = reallocarray(NULL, from->count, sizeof *items);
	if (!items)
		return false;
	memcpy(items, from->items, from->count * sizeof *items);
	out->items = items;
	out->count = out->cap = from->count;
	out->free = from->free;
	return lopt_table_copy(&out->by_name, &from->by_name);
}

uint32_t lopt_nodes_find(const struct lopt_nodes *nodes, uint32_t parent, struct lopt_str name)
{
	return lopt_table_find(&nodes->by_name, parent, name, matches, nodes);
}

uint32_t lopt_nodes_reach(const struct lopt_nodes *nodes, struct lopt_str path)
{
	uint32_t node = LOPT_NODE_ROOT;
	for (struct lopt_str part = lopt_path_next(&path); part.len && node != LOPT_NODE_NONE;
	     part = lopt_path_next(&path))
		node = lopt_nodes_find(nodes, node, part);
	return node;
}

uint32_t lopt_nodes_add(struct lopt_nodes *nodes, uint32_t parent, struct lopt_str name)
{
	uint32_t node = take_slot(nodes);
	if (node == LOPT_NODE_NONE)
		return node;
	if (!lopt_table_insert(&nodes->by_name, parent, name, node)) {
		give_slot_back(nodes, node);
		return LOPT_NODE_NONE;
	}
	struct lopt_tree_node *up = &nodes->items[parent];
	nodes->items[node] = new_directory(parent, name);
	nodes->items[node].next = up->first_child;
	if (up->first_child != LOPT_NODE_NONE)
		nodes->items[up->first_child].previous = node;
	up->first_child = node;
	return node;
}

void lopt_nodes_remove(struct lopt_nodes *nodes, uint32_t node)
{
	struct lopt_tree_node *gone = &nodes->items[node];
	lopt_table_remove(&nodes->by_name, gone->parent, gone->name, node);
	if (gone->previous == LOPT_NODE_NONE)
		nodes->items[gone->parent].first_child = gone->next;
	else
		nodes->items[gone->previous].next = gone->next;
	if (gone->next != LOPT_NODE_NONE)
		nodes->items[gone->next].previous = gone->previous;
	give_slot_back(nodes, node);
}

uint32_t lopt_nodes_first_leaf(const struct lopt_nodes *nodes, uint32_t node)
{
	while (nodes->items[node].first_child != LOPT_NODE_NONE)
		node = nodes->items[node].first_child;
	return node;
}

uint32_t lopt_nodes_next(const struct lopt_nodes *nodes, uint32_t node, uint32_t top)
{
	if (nodes->items[node].first_child != LOPT_NODE_NONE)
		return nodes->items[node].first_child;
	while (node != top) {
		if (nodes->items[node].next != LOPT_NODE_NONE)
			return nodes->items[node].next;
		node = nodes->items[node].parent;
	}
	return LOPT_NODE_NONE;
}

/* --- order --- */

struct sortable {
	struct lopt_str name;
	uint32_t parent, node;
};

static int compare(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return lopt_str_compare(x->name, y->name);
}

static void relink(struct lopt_nodes *nodes, const struct sortable *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct lopt_tree_node *node = &nodes->items[list[i].node];
		bool first = i == 0 || list[i - 1].parent != list[i].parent;
		bool last = i + 1 == count || list[i + 1].parent != list[i].parent;
		node->previous = first ? LOPT_NODE_NONE : list[i - 1].node;
		node->next = last ? LOPT_NODE_NONE : list[i + 1].node;
		if (first)
			nodes->items[list[i].parent].first_child = list[i].node;
	}
}

bool lopt_nodes_sort(struct lopt_nodes *nodes)
{
	struct sortable *list = reallocarray(NULL, nodes->count, sizeof *list);
	if (!list)
		return false;
	size_t count = 0;
	for (uint32_t node = lopt_nodes_next(nodes, LOPT_NODE_ROOT, LOPT_NODE_ROOT); node != LOPT_NODE_NONE;
	     node = lopt_nodes_next(nodes, node, LOPT_NODE_ROOT))
		list[count++] = (struct sortable){ nodes->items[node].name, nodes->items[node].parent, node };
	if (count)
		qsort(list, count, sizeof *list, compare);
	relink(nodes, list, count);
	free(list);
	return true;
}
