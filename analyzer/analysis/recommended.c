/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "analysis/dominators.h"
#include "analysis/needs.h"
#include "analysis/packages.h"
#include "base/cleanup.h"
#include "base/size.h"

enum { EXAMPLES = 3 };

struct recommending {
	struct lopt_making *making;
	const struct lopt_debian *debian;
	const struct lopt_package_rows *rows;
	struct lopt_needs needs;
	size_t *layers;	  /* by package: the first one that has its list; LOPT_NO_LAYER */
	uint32_t *above;  /* by package: the recommended one without which it would not be there; NONE for none */
	uint32_t *sorted; /* packages, for findings */
};

#define NONE UINT32_MAX

static void release_recommending(struct recommending *r)
{
	lopt_needs_release(&r->needs);
	free(r->layers);
	free(r->above);
	free(r->sorted);
}

static enum lopt_need need_of(const struct recommending *r, size_t package)
{
	return (enum lopt_need)r->needs.needs[package];
}

/* NULL for a package that has no row, since its name cannot be one. */
static struct lopt_package_row *row_of(const struct recommending *r, size_t package)
{
	uint32_t owner = r->debian->packages[package].owner;
	return owner == LOPT_NO_OWNER ? NULL : &r->rows->items[r->rows->by_owner[owner]];
}

static uint64_t bytes_of(const struct recommending *r, size_t package)
{
	const struct lopt_package_row *row = row_of(r, package);
	return row ? row->bytes : 0;
}

/* --- who recommends what --- */

static bool is_recommendation(const struct recommending *r, size_t from, const struct lopt_need_edge *edge)
{
	return edge->strength == LOPT_NEED_RECOMMENDED && need_of(r, edge->to) == LOPT_NEED_RECOMMENDED &&
	       need_of(r, from) >= LOPT_NEED_RECOMMENDED && row_of(r, edge->to);
}

/* Once to count and once to write down. A package may name another one in several ways: it counts once. */
static void go_through_recommendations(const struct recommending *r, size_t *last, bool write)
{
	for (size_t from = 0; from < r->debian->count; from++)
		for (size_t e = r->needs.first[from]; e < r->needs.first[from + 1]; e++) {
			const struct lopt_need_edge *edge = &r->needs.edges[e];
			if (!is_recommendation(r, from, edge) || last[edge->to] == from + 1)
				continue;
			last[edge->to] = from + 1;
			struct lopt_package_row *row = row_of(r, edge->to);
			if (write)
				((struct lopt_str *)row->recommended_by)[row->recommended_by_count] =
					r->debian->packages[from].name;
			row->recommended_by_count++;
		}
}

static enum lopt_status name_recommenders(const struct recommending *r, struct lopt_error *err)
{
	size_t count = r->debian->count, total = 0;
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *last = calloc(count + 1, sizeof *last);
	if (!last)
		return lopt_error_memory(err);
	go_through_recommendations(r, last, false);
	for (size_t i = 0; i < r->rows->count; i++)
		total += r->rows->items[i].recommended_by_count;
	struct lopt_str *names = lopt_arena_zalloc(&r->making->arena, total + 1, sizeof *names);
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
static size_t add_successors(const struct recommending *r, struct bringing *bringing, size_t package, size_t at)
{
	for (size_t e = r->needs.first[package]; e < r->needs.first[package + 1]; e++) {
		const struct lopt_need_edge *edge = &r->needs.edges[e];
		if (edge->strength >= LOPT_NEED_RECOMMENDED && need_of(r, edge->to) == LOPT_NEED_RECOMMENDED)
			bringing->successors[at++] = edge->to + 1;
	}
	return at;
}

static enum lopt_status make_graph(const struct recommending *r, struct bringing *bringing, struct lopt_error *err)
{
	size_t count = r->debian->count, at = 0;
	bringing->first = calloc(count + 2, sizeof *bringing->first);
	bringing->successors = calloc(r->needs.edge_count + 1, sizeof *bringing->successors);
	bringing->dominators = calloc(count + 1, sizeof *bringing->dominators);
	bringing->order = calloc(count + 1, sizeof *bringing->order);
	if (!bringing->first || !bringing->successors || !bringing->dominators || !bringing->order)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		if (need_of(r, i) == LOPT_NEED_REQUIRED)
			at = add_successors(r, bringing, i, at);
	for (size_t i = 0; i < count; i++) {
		bringing->first[i + 1] = at;
		if (need_of(r, i) == LOPT_NEED_RECOMMENDED)
			at = add_successors(r, bringing, i, at);
	}
	bringing->first[count + 1] = at;
	return LOPT_OK;
}

static enum lopt_status sum_up_brought(struct recommending *r, struct lopt_error *err)
{
	LOPT_CLEANUP(release_bringing) struct bringing bringing = { 0 };
	LOPT_TRY(make_graph(r, &bringing, err));
	const struct lopt_graph graph = { r->debian->count + 1, bringing.first, bringing.successors };
	size_t reached;
	LOPT_TRY(lopt_dominators_find(&graph, bringing.dominators, bringing.order, &reached, err));
	for (size_t i = reached - 1; i > 0; i--) {
		uint32_t package = bringing.order[i] - 1, above = bringing.dominators[bringing.order[i]];
		struct lopt_package_row *row = row_of(r, package);
		struct lopt_package_row *up = above ? row_of(r, above - 1) : NULL;
		r->above[package] = above ? above - 1 : NONE;
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

/* --- findings --- */

/* The instruction that installed a package: the lowest layer that has its list. */
static void find_layers(struct recommending *r)
{
	const struct lopt_image *image = r->making->result.image;
	for (size_t i = 0; i < r->debian->count; i++)
		r->layers[i] = LOPT_NO_LAYER;
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		for (size_t k = 0; k < layer->kept_count; k++) {
			const struct lopt_debian_package *package =
				lopt_debian_of_list(r->debian, layer->inodes[layer->kept[k].inode].path);
			size_t *at = package ? &r->layers[package - r->debian->packages] : NULL;
			if (at && *at == LOPT_NO_LAYER)
				*at = i;
		}
	}
}

static const struct kind {
	enum lopt_need need;
	const char *rule, *one, *many, *advice, *advice_base;
} kinds[] = {
	{ LOPT_NEED_RECOMMENDED, "recommended-packages", "package is there only because others recommend it",
	  "packages are there only because others recommend them",
	  "Install with apt-get install --no-install-recommends, and name those that are wanted.",
	  "The base image has them: choose a base without them." },
	{ LOPT_NEED_NONE, "unneeded-packages", "package is there only for others that are gone",
	  "packages are there only for others that are gone",
	  "End the instruction that installs them with apt-get autoremove --purge.",
	  "The base image has them: choose a base without them." },
};

static int compare_cost(const void *a, const void *b, void *context)
{
	const struct recommending *r = context;
	size_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	if (r->layers[x] != r->layers[y])
		return r->layers[x] < r->layers[y] ? -1 : 1;
	const struct lopt_package_row *p = row_of(r, x), *q = row_of(r, y);
	uint64_t p_bytes = p->recommended_only ? p->brings_bytes : p->bytes;
	uint64_t q_bytes = q->recommended_only ? q->brings_bytes : q->bytes;
	if (p_bytes != q_bytes)
		return p_bytes > q_bytes ? -1 : 1;
	return (x > y) - (x < y);
}

/* A package that comes with another one of its layer goes without saying. */
static bool goes_without_saying(const struct recommending *r, uint32_t package)
{
	return r->above[package] != NONE && r->layers[r->above[package]] == r->layers[package];
}

/* "a (1.5 MB), b with 2 more (1 MB), ..." */
static void put_examples(const struct recommending *r, struct lopt_buf *text, size_t first, size_t end)
{
	size_t told = 0;
	for (size_t i = first; i < end; i++) {
		const struct lopt_package_row *row = row_of(r, r->sorted[i]);
		if (goes_without_saying(r, r->sorted[i]))
			continue;
		if (told == EXAMPLES) {
			lopt_buf_text(text, ", ...");
			return;
		}
		lopt_buf_printf(text, "%s%.*s", told++ ? ", " : ": ", LOPT_STR_ARGS(row->name));
		if (row->brings_packages > 1)
			lopt_buf_printf(text, " with %" PRIu64 " more", row->brings_packages - 1);
		lopt_buf_text(text, " (");
		lopt_size_format(text, row->recommended_only ? row->brings_bytes : row->bytes);
		lopt_buf_char(text, ')');
	}
}

static enum lopt_status add_finding(const struct recommending *r, const struct kind *kind, size_t first, size_t end,
				    struct lopt_error *err)
{
	static const struct lopt_str database = { LOPT_DPKG_STATUS, sizeof LOPT_DPKG_STATUS - 1 };
	const struct lopt_analysis *result = &r->making->result;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	size_t layer = r->layers[r->sorted[first]];
	bool base = result->has_base && layer < result->base_layers;
	struct lopt_finding finding = {
		.rule = kind->rule,
		.level = LOPT_LEVEL_STANDARD,
		.advice = lopt_str_from(base ? kind->advice_base : kind->advice),
		.layer = layer,
		.paths = &database,
		.path_count = 1,
	};
	for (size_t i = first; i < end; i++)
		finding.bytes = lopt_add_saturating(finding.bytes, bytes_of(r, r->sorted[i]), NULL);
	finding.severity = finding.bytes >= LOPT_WARN_BYTES ? LOPT_WARNING : LOPT_INFO;
	lopt_count_format(&text, end - first);
	lopt_buf_printf(&text, " %s", end - first == 1 ? kind->one : kind->many);
	put_examples(r, &text, first, end);
	if (!text.failed)
		finding.message = lopt_arena_copy(&r->making->arena, lopt_buf_view(&text));
	return finding.message.ptr ? lopt_findings_add(r->making, &finding, err) : lopt_error_memory(err);
}

/* One finding per layer that brought packages of this need in. */
static enum lopt_status tell(struct recommending *r, const struct kind *kind, struct lopt_error *err)
{
	size_t count = 0;
	for (uint32_t i = 0; i < r->debian->count; i++)
		if (need_of(r, i) == kind->need && row_of(r, i))
			r->sorted[count++] = i;
	if (count)
		qsort_r(r->sorted, count, sizeof *r->sorted, compare_cost, r);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count; end++)
			if (r->layers[r->sorted[end]] != r->layers[r->sorted[first]])
				break;
		LOPT_TRY(add_finding(r, kind, first, end, err));
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

static enum lopt_status prepare(struct recommending *r, struct lopt_error *err)
{
	size_t count = r->debian->count + 1;
	r->layers = calloc(count, sizeof *r->layers);
	r->above = reallocarray(NULL, count, sizeof *r->above);
	r->sorted = calloc(count, sizeof *r->sorted);
	if (!r->layers || !r->above || !r->sorted)
		return lopt_error_memory(err);
	memset(r->above, 0xff, count * sizeof *r->above);
	return LOPT_OK;
}

static void mark_rows(const struct recommending *r)
{
	for (size_t i = 0; i < r->debian->count; i++) {
		struct lopt_package_row *row = row_of(r, i);
		if (!row)
			continue;
		row->recommended_only = need_of(r, i) == LOPT_NEED_RECOMMENDED;
		row->unneeded = need_of(r, i) == LOPT_NEED_NONE;
	}
}

enum lopt_status lopt_make_recommended(struct lopt_making *making, const struct lopt_debian *debian,
				       const struct lopt_package_rows *rows, struct lopt_error *err)
{
	LOPT_CLEANUP(release_recommending)
	struct recommending r = { .making = making, .debian = debian, .rows = rows };
	if (!debian->knows_automatic) /* then somebody asked for every one of them */
		return LOPT_OK;
	enum lopt_status status = lopt_needs_find(&r.needs, debian, err);
	if (status == LOPT_END)
		return tell_unknown(making, err);
	LOPT_TRY(status);
	LOPT_TRY(prepare(&r, err));
	mark_rows(&r);
	find_layers(&r);
	LOPT_TRY(name_recommenders(&r, err));
	LOPT_TRY(sum_up_brought(&r, err));
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		LOPT_TRY(tell(&r, &kinds[i], err));
	return LOPT_OK;
}
