/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/dominators.h"
#include "analysis/packages.h"
#include "base/cleanup.h"

static void release_reasons(struct lopt_reasons *reasons)
{
	lopt_needs_release(&reasons->needs);
	free(reasons->above);
}

/* --- who recommends what --- */

static bool is_recommendation(const struct lopt_reasons *r, size_t from, const struct lopt_need_edge *edge)
{
	return edge->strength == LOPT_NEED_RECOMMENDED && lopt_reasons_need(r, edge->to) == LOPT_NEED_RECOMMENDED &&
	       lopt_reasons_need(r, from) >= LOPT_NEED_RECOMMENDED && lopt_reasons_row(r, edge->to);
}

/* Once to count and once to write down. A package may name another one in several ways: it counts once. */
static void go_through_recommendations(const struct lopt_reasons *r, size_t *last, bool write)
{
	for (size_t from = 0; from < r->debian->count; from++)
		for (size_t e = r->needs.first[from]; e < r->needs.first[from + 1]; e++) {
			const struct lopt_need_edge *edge = &r->needs.edges[e];
			if (!is_recommendation(r, from, edge) || last[edge->to] == from + 1)
				continue;
			last[edge->to] = from + 1;
			struct lopt_package_row *row = lopt_reasons_row(r, edge->to);
			if (write)
				((struct lopt_str *)row->recommended_by)[row->recommended_by_count] =
					r->debian->packages[from].name;
			row->recommended_by_count++;
		}
}

static enum lopt_status name_recommenders(struct lopt_making *making, const struct lopt_reasons *r,
					  struct lopt_error *err)
{
	size_t count = r->debian->count, total = 0;
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *last = calloc(count + 1, sizeof *last);
	if (!last)
		return lopt_error_memory(err);
	go_through_recommendations(r, last, false);
	for (size_t i = 0; i < r->rows->count; i++)
		total += r->rows->items[i].recommended_by_count;
	struct lopt_str *names = lopt_arena_zalloc(&making->arena, total + 1, sizeof *names);
	if (!names)
		return lopt_error_memory(err);
	for (size_t i = 0; i < r->rows->count; i++) {
		struct lopt_package_row *row = &r->rows->items[i];
		row->recommended_by = names;
		names += row->recommended_by_count;
		row->recommended_by_count = 0;
	}
	memset(last, 0, count * sizeof *last);
	go_through_recommendations(r, last, true);
	return LOPT_OK;
}

/* --- what would go with what --- */

/* The recommended packages as a graph: node 0 is all that is required, node `i + 1` package `i`. */
struct bringing {
	size_t *first;
	uint32_t *successors;
	uint32_t *dominators, *order;
};

static void release_bringing(struct bringing *bringing)
{
	free(bringing->first);
	free(bringing->successors);
	free(bringing->dominators);
	free(bringing->order);
}

/* The edges of packages of one need, from `at` on; where they end. */
static size_t add_successors(const struct lopt_reasons *r, struct bringing *bringing, size_t package, size_t at)
{
	for (size_t e = r->needs.first[package]; e < r->needs.first[package + 1]; e++) {
		const struct lopt_need_edge *edge = &r->needs.edges[e];
		if (edge->strength >= LOPT_NEED_RECOMMENDED && lopt_reasons_need(r, edge->to) == LOPT_NEED_RECOMMENDED)
			bringing->successors[at++] = edge->to + 1;
	}
	return at;
}

static enum lopt_status make_graph(const struct lopt_reasons *r, struct bringing *bringing, struct lopt_error *err)
{
	size_t count = r->debian->count, at = 0;
	bringing->first = calloc(count + 2, sizeof *bringing->first);
	bringing->successors = calloc(r->needs.edge_count + 1, sizeof *bringing->successors);
	bringing->dominators = calloc(count + 1, sizeof *bringing->dominators);
	bringing->order = calloc(count + 1, sizeof *bringing->order);
	if (!bringing->first || !bringing->successors || !bringing->dominators || !bringing->order)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		if (lopt_reasons_need(r, i) == LOPT_NEED_REQUIRED)
			at = add_successors(r, bringing, i, at);
	for (size_t i = 0; i < count; i++) {
		bringing->first[i + 1] = at;
		if (lopt_reasons_need(r, i) == LOPT_NEED_RECOMMENDED)
			at = add_successors(r, bringing, i, at);
	}
	bringing->first[count + 1] = at;
	return LOPT_OK;
}

static enum lopt_status sum_up_brought(struct lopt_reasons *r, struct lopt_error *err)
{
	LOPT_CLEANUP(release_bringing) struct bringing bringing = { 0 };
	r->above = reallocarray(NULL, r->debian->count + 1, sizeof *r->above);
	if (!r->above)
		return lopt_error_memory(err);
	memset(r->above, 0xff, (r->debian->count + 1) * sizeof *r->above);
	LOPT_TRY(make_graph(r, &bringing, err));
	const struct lopt_graph graph = { r->debian->count + 1, bringing.first, bringing.successors };
	size_t reached;
	LOPT_TRY(lopt_dominators_find(&graph, bringing.dominators, bringing.order, &reached, err));
	for (size_t i = reached - 1; i > 0; i--) {
		uint32_t package = bringing.order[i] - 1, above = bringing.dominators[bringing.order[i]];
		struct lopt_package_row *row = lopt_reasons_row(r, package);
		struct lopt_package_row *up = above ? lopt_reasons_row(r, above - 1) : NULL;
		r->above[package] = above ? above - 1 : LOPT_NONE_ABOVE;
		if (!row)
			continue;
		row->brings_packages++;
		row->brings_bytes = lopt_add_saturating(row->brings_bytes, row->bytes, NULL);
		if (!up)
			continue;
		up->brings_packages += row->brings_packages;
		up->brings_bytes = lopt_add_saturating(up->brings_bytes, row->brings_bytes, NULL);
	}
	return LOPT_OK;
}

static enum lopt_status tell_unknown(struct lopt_making *making, struct lopt_error *err)
{
	const struct lopt_finding finding = {
		.rule = "package-relations-unread",
		.severity = LOPT_WARNING,
		.message = lopt_str_from(
			"dpkg's packages name each other more often than any real ones do: which are recommended is unknown"),
		.layer = LOPT_NO_LAYER,
	};
	return lopt_findings_add(making, &finding, err);
}

static void mark_rows(const struct lopt_reasons *r)
{
	for (size_t i = 0; i < r->debian->count; i++) {
		struct lopt_package_row *row = lopt_reasons_row(r, i);
		if (!row)
			continue;
		row->recommended_only = lopt_reasons_need(r, i) == LOPT_NEED_RECOMMENDED;
		row->unneeded = lopt_reasons_need(r, i) == LOPT_NEED_NONE;
	}
}

enum lopt_status lopt_make_recommended(struct lopt_making *making, const struct lopt_debian *debian,
				       const struct lopt_package_rows *rows, struct lopt_error *err)
{
	LOPT_CLEANUP(release_reasons) struct lopt_reasons reasons = { .debian = debian, .rows = rows };
	if (!debian->knows_automatic) /* then somebody asked for every one of them */
		return LOPT_OK;
	enum lopt_status status = lopt_needs_find(&reasons.needs, debian, err);
	if (status == LOPT_END)
		return tell_unknown(making, err);
	LOPT_TRY(status);
	mark_rows(&reasons);
	LOPT_TRY(name_recommenders(making, &reasons, err));
	LOPT_TRY(sum_up_brought(&reasons, err));
	return lopt_make_package_findings(making, &reasons, err);
}
