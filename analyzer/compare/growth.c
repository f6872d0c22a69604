/* SPDX-License-Identifier: MIT */
#include "compare/growth.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "compare/pairing.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Larger changes first; 0 for equal ones. */
static int compare_changes(uint64_t before_a, uint64_t after_a, uint64_t before_b, uint64_t after_b)
{
	uint64_t a = distance(before_a, after_a), b = distance(before_b, after_b);
	return a == b ? 0 : a < b ? 1 : -1;
}

/* --- layers --- */

struct matching {
	const struct lopt_analysis *before, *after;
	struct lopt_pairable *layers[2];
	struct lopt_layer_pair *pairs; /* by layer of `after` */
	bool *in_place;		       /* the same: its partner is of another instruction */
	bool *taken;		       /* by layer of `before` */
};

static void release_matching(struct matching *m)
{
	free(m->layers[0]);
	free(m->layers[1]);
	free(m->pairs);
	free(m->in_place);
	free(m->taken);
}

static struct lopt_pairable *list_layers(const struct lopt_analysis *analysis)
{
	size_t count = lopt_image_layer_count(analysis->image);
	struct lopt_pairable *layers = calloc(count + 1, sizeof *layers);
	for (size_t i = 0; layers && i < count; i++) {
		layers[i].diff_id = lopt_image_layer(analysis->image, i)->diff_id;
		layers[i].instruction = analysis->layers[i].instruction;
	}
	return layers;
}

static enum lopt_status begin_matching(struct matching *m, struct lopt_error *err)
{
	size_t old = lopt_image_layer_count(m->before->image), new = lopt_image_layer_count(m->after->image);
	m->layers[0] = list_layers(m->before);
	m->layers[1] = list_layers(m->after);
	m->pairs = calloc(new + 1, sizeof *m->pairs);
	m->in_place = calloc(new + 1, sizeof *m->in_place);
	m->taken = calloc(old + 1, sizeof *m->taken);
	if (!m->layers[0] || !m->layers[1] || !m->pairs || !m->in_place || !m->taken)
		return lopt_error_memory(err);
	return lopt_layers_pair(m->pairs, m->taken, m->layers[0], old, m->layers[1], new, err);
}

/* Layers without a partner from here on. */
static size_t count_free(const struct lopt_layer_pair *pairs, size_t k, size_t count)
{
	size_t n = 0;
	while (k + n < count && pairs[k + n].before == LOPT_NO_LAYER)
		n++;
	return n;
}

static size_t count_untaken(const bool *taken, size_t i, size_t count)
{
	size_t n = 0;
	while (i + n < count && !taken[i + n])
		n++;
	return n;
}

static struct lopt_str keyword(struct lopt_str instruction)
{
	const char *space = instruction.len ? memchr(instruction.ptr, ' ', instruction.len) : NULL;
	return space ? lopt_str_make(instruction.ptr, (size_t)(space - instruction.ptr)) : instruction;
}

static bool same_keyword(const struct lopt_analysis *a, size_t i, const struct lopt_analysis *b, size_t k)
{
	struct lopt_str word = keyword(a->layers[i].instruction);
	return word.len && !lopt_str_is(word, "(unknown)") && lopt_str_equal(word, keyword(b->layers[k].instruction));
}

/*
 * An instruction that was edited stands where it stood: as many layers without a partner between the same neighbours are
 * partners in their order, where the same keyword made them.
 */
static void find_places(struct matching *m)
{
	size_t old = lopt_image_layer_count(m->before->image), new = lopt_image_layer_count(m->after->image);
	struct lopt_layer_pair *pairs = m->pairs;
	for (size_t k = 0; k < new;) {
		size_t first = k && pairs[k - 1].before != LOPT_NO_LAYER ? pairs[k - 1].before + 1 : 0;
		size_t count = count_free(pairs, k, new), end = k + count;
		bool alike = count && count_untaken(m->taken, first, old) == count &&
			     (end == new ? first + count == old : pairs[end].before == first + count);
		for (size_t i = first; alike && k < end; i++, k++) {
			if (!same_keyword(m->before, i, m->after, k))
				continue;
			pairs[k].before = i;
			m->in_place[k] = true;
			m->taken[i] = true;
		}
		k = end + 1;
	}
}

static enum lopt_status add_layer(struct lopt_growth *growth, struct lopt_layer_change change, struct lopt_error *err)
{
	bool both = change.before != LOPT_NO_LAYER && change.after != LOPT_NO_LAYER;
	if (both && change.bytes_before == change.bytes_after)
		return LOPT_OK;
	struct lopt_layer_change *items =
		lopt_grow(growth->layers, &growth->layer_cap, growth->layer_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	growth->layers = items;
	items[growth->layer_count++] = change;
	return LOPT_OK;
}

static enum lopt_status add_layers(struct lopt_growth *growth, const struct matching *m, struct lopt_error *err)
{
	const struct lopt_analysis *before = m->before, *after = m->after;
	for (size_t k = 0; k < lopt_image_layer_count(after->image); k++) {
		size_t i = m->pairs[k].before;
		const struct lopt_layer_change change = {
			.before = i,
			.after = k,
			.bytes_before = i == LOPT_NO_LAYER ? 0 : before->layers[i].content_bytes,
			.bytes_after = after->layers[k].content_bytes,
			.in_place = m->in_place[k],
		};
		LOPT_TRY(add_layer(growth, change, err));
	}
	for (size_t i = 0; i < lopt_image_layer_count(before->image); i++) {
		const struct lopt_layer_change change = { .before = i,
							  .after = LOPT_NO_LAYER,
							  .bytes_before = before->layers[i].content_bytes };
		if (!m->taken[i])
			LOPT_TRY(add_layer(growth, change, err));
	}
	return LOPT_OK;
}

static size_t order_of(const struct lopt_layer_change *change)
{
	return change->after == LOPT_NO_LAYER ? change->before : change->after;
}

static int compare_layers(const void *a, const void *b)
{
	const struct lopt_layer_change *x = a, *y = b;
	int order = compare_changes(x->bytes_before, x->bytes_after, y->bytes_before, y->bytes_after);
	if (order)
		return order;
	if (order_of(x) != order_of(y))
		return order_of(x) < order_of(y) ? -1 : 1;
	return (x->after == LOPT_NO_LAYER) - (y->after == LOPT_NO_LAYER);
}

static enum lopt_status match_layers(struct lopt_growth *growth, const struct lopt_analysis *before,
				     const struct lopt_analysis *after, struct lopt_error *err)
{
	LOPT_CLEANUP(release_matching) struct matching m = { .before = before, .after = after };
	LOPT_TRY(begin_matching(&m, err));
	growth->shared_layers = lopt_pairs_shared(m.pairs, lopt_image_layer_count(after->image));
	find_places(&m);
	LOPT_TRY(add_layers(growth, &m, err));
	if (growth->layer_count)
		qsort(growth->layers, growth->layer_count, sizeof *growth->layers, compare_layers);
	return LOPT_OK;
}

/* --- packages --- */

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_package_row *x = *(const struct lopt_package_row *const *)a;
	const struct lopt_package_row *y = *(const struct lopt_package_row *const *)b;
	int order = strcmp(x->manager, y->manager);
	if (order == 0)
		order = lopt_str_compare(x->name, y->name);
	return order ? order : lopt_str_compare(x->version, y->version);
}

/* Those that a manager knows, by manager, name and version, with a NULL behind them; NULL without memory. */
static const struct lopt_package_row **sort_packages(const struct lopt_analysis *analysis)
{
	const struct lopt_package_row **rows = calloc(analysis->package_count + 1, sizeof *rows);
	size_t count = 0;
	for (size_t i = 0; rows && i < analysis->package_count; i++)
		if (analysis->packages[i].manager)
			rows[count++] = &analysis->packages[i];
	if (rows && count)
		qsort(rows, count, sizeof *rows, compare_rows);
	return rows;
}

/* ptr is NULL only where there is no package. */
static struct lopt_str version_of(const struct lopt_package_row *row)
{
	return row ? lopt_str_make(row->version.ptr ? row->version.ptr : "", row->version.len) : lopt_str_make(NULL, 0);
}

/* Either may be NULL. */
static enum lopt_status add_package(struct lopt_growth *growth, const struct lopt_package_row *before,
				    const struct lopt_package_row *after, struct lopt_error *err)
{
	const struct lopt_package_row *any = before ? before : after;
	bool same = before && after && before->bytes == after->bytes && lopt_str_equal(before->version, after->version);
	if (!any || same)
		return LOPT_OK;
	struct lopt_package_change *items =
		lopt_grow(growth->packages, &growth->package_cap, growth->package_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	growth->packages = items;
	items[growth->package_count++] = (struct lopt_package_change){
		.manager = any->manager,
		.name = any->name,
		.before = version_of(before),
		.after = version_of(after),
		.bytes_before = before ? before->bytes : 0,
		.bytes_after = after ? after->bytes : 0,
	};
	return LOPT_OK;
}

static int order_packages(const struct lopt_package_row *a, const struct lopt_package_row *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	int order = strcmp(a->manager, b->manager);
	return order ? order : lopt_str_compare(a->name, b->name);
}

static enum lopt_status match_packages(struct lopt_growth *growth, const struct lopt_analysis *before,
				       const struct lopt_analysis *after, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_package_row **old = sort_packages(before);
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_package_row **new = sort_packages(after);
	if (!old || !new)
		return lopt_error_memory(err);
	for (size_t i = 0, k = 0; old[i] || new[k];) {
		int order = order_packages(old[i], new[k]);
		LOPT_TRY(add_package(growth, order <= 0 ? old[i] : NULL, order >= 0 ? new[k] : NULL, err));
		i += order <= 0;
		k += order >= 0;
	}
	return LOPT_OK;
}

static int compare_packages(const void *a, const void *b)
{
	const struct lopt_package_change *x = a, *y = b;
	int order = compare_changes(x->bytes_before, x->bytes_after, y->bytes_before, y->bytes_after);
	if (order == 0)
		order = strcmp(x->manager, y->manager);
	if (order == 0)
		order = lopt_str_compare(x->name, y->name);
	return order ? order : lopt_str_compare(x->before, y->before);
}

enum lopt_status lopt_growth_packages(struct lopt_growth *growth, const struct lopt_analysis *before,
				      const struct lopt_analysis *after, struct lopt_error *err)
{
	LOPT_TRY(match_packages(growth, before, after, err));
	if (growth->package_count)
		qsort(growth->packages, growth->package_count, sizeof *growth->packages, compare_packages);
	return LOPT_OK;
}

/* --- directories --- */

static int compare_directory_rows(const void *a, const void *b)
{
	const struct lopt_directory_row *x = *(const struct lopt_directory_row *const *)a;
	const struct lopt_directory_row *y = *(const struct lopt_directory_row *const *)b;
	return lopt_str_compare(x->path, y->path);
}

static const struct lopt_directory_row **sort_directories(const struct lopt_analysis *analysis)
{
	const struct lopt_directory_row **rows = calloc(analysis->directory_count + 1, sizeof *rows);
	for (size_t i = 0; rows && i < analysis->directory_count; i++)
		rows[i] = &analysis->directories[i];
	if (rows && analysis->directory_count)
		qsort(rows, analysis->directory_count, sizeof *rows, compare_directory_rows);
	return rows;
}

static enum lopt_status add_directory(struct lopt_growth *growth, const struct lopt_directory_row *before,
				      const struct lopt_directory_row *after, struct lopt_error *err)
{
	const struct lopt_directory_row *any = before ? before : after;
	if (!any || (before && after && before->bytes == after->bytes))
		return LOPT_OK;
	struct lopt_directory_growth *items =
		lopt_grow(growth->directories, &growth->directory_cap, growth->directory_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	growth->directories = items;
	items[growth->directory_count++] = (struct lopt_directory_growth){
		.path = any->path,
		.bytes_before = before ? before->bytes : 0,
		.bytes_after = after ? after->bytes : 0,
	};
	return LOPT_OK;
}

static int order_directories(const struct lopt_directory_row *a, const struct lopt_directory_row *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	return lopt_str_compare(a->path, b->path);
}

static int compare_directories(const void *a, const void *b)
{
	const struct lopt_directory_growth *x = a, *y = b;
	int order = compare_changes(x->bytes_before, x->bytes_after, y->bytes_before, y->bytes_after);
	return order ? order : lopt_str_compare(x->path, y->path);
}

static enum lopt_status match_directories(struct lopt_growth *growth, const struct lopt_analysis *before,
					  const struct lopt_analysis *after, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_directory_row **old = sort_directories(before);
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_directory_row **new = sort_directories(after);
	if (!old || !new)
		return lopt_error_memory(err);
	for (size_t i = 0, k = 0; old[i] || new[k];) {
		int order = order_directories(old[i], new[k]);
		LOPT_TRY(add_directory(growth, order <= 0 ? old[i] : NULL, order >= 0 ? new[k] : NULL, err));
		i += order <= 0;
		k += order >= 0;
	}
	if (growth->directory_count)
		qsort(growth->directories, growth->directory_count, sizeof *growth->directories, compare_directories);
	return LOPT_OK;
}

/* --- all of it --- */

enum lopt_status lopt_growth_make(struct lopt_growth *out, const struct lopt_analysis *before,
				  const struct lopt_analysis *after, struct lopt_error *err)
{
	*out = (struct lopt_growth){ 0 };
	enum lopt_status status = match_layers(out, before, after, err);
	/* what was cut would look as if it were new */
	if (status == LOPT_OK && !before->omitted.packages.rows)
		status = lopt_growth_packages(out, before, after, err);
	if (status == LOPT_OK && !before->omitted.directories.rows)
		status = match_directories(out, before, after, err);
	if (status != LOPT_OK)
		lopt_growth_release(out);
	return status;
}

void lopt_growth_release(struct lopt_growth *growth)
{
	free(growth->layers);
	free(growth->packages);
	free(growth->directories);
	*growth = (struct lopt_growth){ 0 };
}
