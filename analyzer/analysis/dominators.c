/* SPDX-License-Identifier: MIT */
#include "analysis/dominators.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/*
 * Everything here but the graph and the result counts nodes in the order a depth-first walk reaches them. `semi` of a
 * node is the first node that a way leads from to it through later nodes only; the closest dominator follows from it.
 * The names are those of the paper.
 */
struct finding {
	const struct lopt_graph *graph;
	size_t reached;
	uint32_t *memory;    /* all the arrays of numbers, NONE where nothing is known */
	uint32_t *number;    /* of a node of the graph */
	uint32_t *vertex;    /* and back */
	uint32_t *parent;    /* in the walk */
	uint32_t *semi;	     /* see above */
	uint32_t *ancestor;  /* in the forest of nodes already processed; NONE at a root */
	uint32_t *label;     /* the node of least semi between a node and its root, as far as known */
	uint32_t *bucket;    /* first of the nodes that have this one as semi ... */
	uint32_t *next;	     /* ... and those behind it */
	uint32_t *dominator; /* the closest one */
	uint32_t *stack;
	size_t *edge;		   /* of a node on the stack: the successor to look at next */
	size_t *predecessor_first; /* as graph->first, the other way round */
	uint32_t *predecessors;
};

#define NONE UINT32_MAX

static void release_finding(struct finding *f)
{
	free(f->memory);
	free(f->edge);
	free(f->predecessor_first);
	free(f->predecessors);
}

/* False when memory is exhausted. */
static bool prepare(struct finding *f)
{
	uint32_t **const arrays[] = { &f->number, &f->vertex, &f->parent, &f->semi,	 &f->ancestor,
				      &f->label,  &f->bucket, &f->next,	  &f->dominator, &f->stack };
	size_t n = f->graph->count, count = sizeof arrays / sizeof arrays[0];
	f->memory = reallocarray(NULL, n + 1, count * sizeof *f->memory);
	f->edge = calloc(n + 1, sizeof *f->edge);
	f->predecessor_first = calloc(n + 2, sizeof *f->predecessor_first);
	f->predecessors = calloc(f->graph->first[n] + 1, sizeof *f->predecessors);
	if (!f->memory || !f->edge || !f->predecessor_first || !f->predecessors)
		return false;
	memset(f->memory, 0xff, (n + 1) * count * sizeof *f->memory);
	for (size_t i = 0; i < count; i++)
		*arrays[i] = f->memory + i * n;
	return true;
}

static void reach(struct finding *f, uint32_t node, uint32_t parent)
{
	uint32_t number = (uint32_t)f->reached++;
	f->number[node] = number;
	f->vertex[number] = node;
	f->parent[number] = parent;
	f->semi[number] = f->label[number] = number;
	f->edge[number] = f->graph->first[node];
}

static void walk(struct finding *f)
{
	size_t depth = 1;
	reach(f, 0, NONE);
	f->stack[0] = 0;
	while (depth) {
		uint32_t at = f->stack[depth - 1];
		if (f->edge[at] == f->graph->first[f->vertex[at] + 1]) {
			depth--;
			continue;
		}
		uint32_t to = f->graph->successors[f->edge[at]++];
		if (f->number[to] != NONE)
			continue;
		f->stack[depth++] = (uint32_t)f->reached;
		reach(f, to, at);
	}
}

/* The edges the other way round, among what was reached. */
static void turn_round(struct finding *f)
{
	const struct lopt_graph *graph = f->graph;
	size_t *first = f->predecessor_first;
	for (size_t at = 0; at < f->reached; at++)
		for (size_t e = graph->first[f->vertex[at]]; e < graph->first[f->vertex[at] + 1]; e++)
			first[f->number[graph->successors[e]] + 2]++;
	for (size_t at = 0; at < f->reached; at++)
		first[at + 2] += first[at + 1];
	for (size_t at = 0; at < f->reached; at++)
		for (size_t e = graph->first[f->vertex[at]]; e < graph->first[f->vertex[at] + 1]; e++)
			f->predecessors[first[f->number[graph->successors[e]] + 1]++] = (uint32_t)at;
}

/* The node of least semi on the way from `at` up to, and without, its root; the way becomes shorter. */
static uint32_t evaluate(struct finding *f, uint32_t at)
{
	size_t depth = 0;
	if (f->ancestor[at] == NONE)
		return at;
	for (uint32_t up = at; f->ancestor[f->ancestor[up]] != NONE; up = f->ancestor[up])
		f->stack[depth++] = up;
	while (depth) {
		uint32_t low = f->stack[--depth], up = f->ancestor[low];
		if (f->semi[f->label[up]] < f->semi[f->label[low]])
			f->label[low] = f->label[up];
		f->ancestor[low] = f->ancestor[up];
	}
	return f->label[at];
}

static void find_semi(struct finding *f, uint32_t at)
{
	for (size_t i = f->predecessor_first[at]; i < f->predecessor_first[at + 1]; i++) {
		uint32_t least = evaluate(f, f->predecessors[i]);
		if (f->semi[least] < f->semi[at])
			f->semi[at] = f->semi[least];
	}
	f->next[at] = f->bucket[f->semi[at]];
	f->bucket[f->semi[at]] = at;
}

/* Nodes that have `parent` as semi: it dominates them, or what dominates a node of lesser semi on their way does. */
static void empty_bucket(struct finding *f, uint32_t parent)
{
	for (uint32_t node = f->bucket[parent]; node != NONE; node = f->next[node]) {
		uint32_t least = evaluate(f, node);
		f->dominator[node] = f->semi[least] < f->semi[node] ? least : parent;
	}
	f->bucket[parent] = NONE;
}

static void dominate(struct finding *f)
{
	for (uint32_t at = (uint32_t)f->reached - 1; at > 0; at--) {
		find_semi(f, at);
		f->ancestor[at] = f->parent[at];
		empty_bucket(f, f->parent[at]);
	}
	for (uint32_t at = 1; at < f->reached; at++)
		if (f->dominator[at] != f->semi[at])
			f->dominator[at] = f->dominator[f->dominator[at]];
}

enum lopt_status lopt_dominators_find(const struct lopt_graph *graph, uint32_t *dominators, uint32_t *order,
				      size_t *reached, struct lopt_error *err)
{
	LOPT_CLEANUP(release_finding) struct finding f = { .graph = graph };
	if (!prepare(&f))
		return lopt_error_memory(err);
	walk(&f);
	turn_round(&f);
	dominate(&f);
	memset(dominators, 0xff, graph->count * sizeof *dominators);
	for (size_t at = 0; at < f.reached; at++) {
		order[at] = f.vertex[at];
		if (at)
			dominators[f.vertex[at]] = f.vertex[f.dominator[at]];
	}
	*reached = f.reached;
	return LOPT_OK;
}
