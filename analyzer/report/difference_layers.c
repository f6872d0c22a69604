/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/secrets.h"
#include "report/difference.h"
#include "report/difference_formats.h"

/* Which layers hold what differs. A row is a layer of one of the two, or one that both have: the same bytes, or else the same
 * instruction. */

/* The row of each layer of the first (a layer of the second has the row of its own number), and instructions, credentials
 * masked: a listing has no others. */
struct matching {
	const struct lopt_inventory *sides[2];
	size_t *rows;
	struct lopt_str *instructions[2];
};

static void release_matching(struct matching *matching)
{
	free(matching->rows);
	free(matching->instructions[0]);
	free(matching->instructions[1]);
}

static enum lopt_status mask_instructions(struct lopt_str **out, const struct lopt_inventory *in,
					  struct lopt_arena *arena, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	*out = calloc(in->layer_count + 1, sizeof **out);
	if (!*out)
		return lopt_error_memory(err);
	for (size_t i = 0; i < in->layer_count; i++) {
		lopt_buf_clear(&text);
		if (in->masked)
			lopt_buf_str(&text, in->analysis->layers[i].instruction);
		else
			lopt_secret_mask(&text, in->analysis->layers[i].instruction);
		(*out)[i] = lopt_arena_copy(arena, lopt_buf_view(&text));
		if (text.failed || !(*out)[i].ptr)
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

static enum lopt_status start(struct matching *matching, struct lopt_arena *arena, struct lopt_error *err)
{
	size_t count = matching->sides[0]->layer_count;
	matching->rows = calloc(count + 1, sizeof *matching->rows);
	if (!matching->rows)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		matching->rows[i] = SIZE_MAX;
	LOPT_TRY(mask_instructions(&matching->instructions[0], matching->sides[0], arena, err));
	return mask_instructions(&matching->instructions[1], matching->sides[1], arena, err);
}

static bool are_partners(const struct matching *matching, size_t i, size_t k, bool same_bytes)
{
	if (same_bytes)
		return lopt_str_equal(matching->sides[0]->diff_ids[i], matching->sides[1]->diff_ids[k]);
	struct lopt_str a = matching->instructions[0][i], b = matching->instructions[1][k];
	return a.len && !lopt_str_is(a, "(unknown)") && lopt_str_equal(a, b);
}

static void find_partners(struct lopt_difference_view *view, struct matching *matching, bool same_bytes)
{
	for (size_t k = 0; k < matching->sides[1]->layer_count; k++) {
		struct lopt_layer_difference *row = &view->layers[k];
		for (size_t i = 0; i < matching->sides[0]->layer_count && row->before == LOPT_NO_LAYER; i++) {
			if (matching->rows[i] != SIZE_MAX || !are_partners(matching, i, k, same_bytes))
				continue;
			row->before = i;
			row->shared = same_bytes;
			matching->rows[i] = k;
		}
	}
}

/* A row for each layer of the second, in their order, then those that only the first has. */
static enum lopt_status make_rows(struct lopt_difference_view *view, struct matching *matching, struct lopt_error *err)
{
	const struct lopt_inventory *a = matching->sides[0], *b = matching->sides[1];
	view->layers = calloc(a->layer_count + b->layer_count + 1, sizeof *view->layers);
	if (!view->layers)
		return lopt_error_memory(err);
	for (size_t k = 0; k < b->layer_count; k++) {
		view->layers[k] = (struct lopt_layer_difference){ .before = LOPT_NO_LAYER,
								  .after = k,
								  .instruction = b->analysis->layers[k].instruction };
	}
	view->layer_count = b->layer_count;
	find_partners(view, matching, true);
	find_partners(view, matching, false);
	for (size_t i = 0; i < a->layer_count; i++) {
		if (matching->rows[i] != SIZE_MAX)
			continue;
		matching->rows[i] = view->layer_count;
		view->layers[view->layer_count++] = (struct lopt_layer_difference){
			.before = i, .after = LOPT_NO_LAYER, .instruction = a->analysis->layers[i].instruction
		};
	}
	return LOPT_OK;
}

static void count_paths(struct lopt_difference_view *view, const struct matching *matching)
{
	for (size_t i = 0; i < view->comparison->count; i++) {
		const struct lopt_difference *difference = &view->comparison->differences[i];
		const struct lopt_side *const sides[2] = { &difference->before, &difference->after };
		size_t rows[2] = { SIZE_MAX, SIZE_MAX };
		if (difference->reason != LOPT_REASON_NONE)
			continue;
		for (size_t k = 0; k < 2; k++) {
			if (!sides[k]->type)
				continue;
			rows[k] = k ? sides[k]->holder : matching->rows[sides[k]->holder];
			struct lopt_layer_difference *row = &view->layers[rows[k]];
			row->paths += k == 0 || rows[0] != rows[1];
			if (lopt_difference_has_bytes(difference))
				*(k ? &row->added : &row->removed) += sides[k]->size;
		}
	}
}

static uint64_t distance(const struct lopt_layer_difference *row)
{
	return row->added > row->removed ? row->added - row->removed : row->removed - row->added;
}

static size_t order_of(const struct lopt_layer_difference *row)
{
	return row->after == LOPT_NO_LAYER ? row->before : row->after;
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_layer_difference *x = a, *y = b;
	if (distance(x) != distance(y))
		return distance(x) < distance(y) ? 1 : -1;
	if (order_of(x) != order_of(y))
		return order_of(x) < order_of(y) ? -1 : 1;
	return (x->after == LOPT_NO_LAYER) - (y->after == LOPT_NO_LAYER);
}

/* Layers in which nothing differs are no news. */
static void drop_empty(struct lopt_difference_view *view)
{
	size_t kept = 0;
	for (size_t i = 0; i < view->layer_count; i++)
		if (view->layers[i].paths)
			view->layers[kept++] = view->layers[i];
	view->layer_count = kept;
	qsort(view->layers, kept, sizeof *view->layers, compare_rows);
}

enum lopt_status lopt_difference_layers(struct lopt_difference_view *view, struct lopt_error *err)
{
	LOPT_CLEANUP(release_matching) struct matching matching = { .sides = { view->before, view->after } };
	LOPT_TRY(start(&matching, &view->arena, err));
	LOPT_TRY(make_rows(view, &matching, err));
	count_paths(view, &matching);
	drop_empty(view);
	return LOPT_OK;
}

void lopt_layer_pair_format(struct lopt_buf *out, const struct lopt_layer_difference *row)
{
	const size_t layers[2] = { row->before, row->after };
	for (size_t k = 0; k < 2; k++) {
		lopt_buf_text(out, k ? " -> " : "");
		if (layers[k] == LOPT_NO_LAYER)
			lopt_buf_char(out, '-');
		else
			lopt_buf_printf(out, "%zu", layers[k]);
	}
}
