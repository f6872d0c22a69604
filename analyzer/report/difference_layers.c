/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "compare/pairing.h"
#include "report/difference.h"
#include "report/difference_formats.h"

/* Which layers hold what differs. A row is a layer of one of the two, or one that both have: the same bytes, or else the same
 * instruction. */

struct matching {
	const struct lopt_inventory *sides[2];
	struct lopt_pairable *layers[2];
	struct lopt_layer_pair *pairs; /* by layer of the second */
	bool *taken;		       /* by layer of the first */
	size_t *rows; /* of each layer of the first; a layer of the second has the row of its own number */
};

static void release_matching(struct matching *matching)
{
	free(matching->layers[0]);
	free(matching->layers[1]);
	free(matching->pairs);
	free(matching->taken);
	free(matching->rows);
}

static struct lopt_pairable *list_layers(const struct lopt_inventory *in)
{
	struct lopt_pairable *layers = calloc(in->layer_count + 1, sizeof *layers);
	for (size_t i = 0; layers && i < in->layer_count; i++) {
		layers[i].diff_id = in->diff_ids[i];
		layers[i].instruction = in->analysis->layers[i].instruction;
	}
	return layers;
}

static enum lopt_status start(struct matching *matching, struct lopt_error *err)
{
	size_t old = matching->sides[0]->layer_count, new = matching->sides[1]->layer_count;
	matching->layers[0] = list_layers(matching->sides[0]);
	matching->layers[1] = list_layers(matching->sides[1]);
	matching->pairs = calloc(new + 1, sizeof *matching->pairs);
	matching->taken = calloc(old + 1, sizeof *matching->taken);
	matching->rows = calloc(old + 1, sizeof *matching->rows);
	if (!matching->layers[0] || !matching->layers[1] || !matching->pairs || !matching->taken || !matching->rows)
		return lopt_error_memory(err);
	return lopt_layers_pair(matching->pairs, matching->taken, matching->layers[0], old, matching->layers[1], new,
				err);
}

/* A row for each layer of the second, in their order, then those that only the first has. */
static enum lopt_status make_rows(struct lopt_difference_view *view, struct matching *matching, struct lopt_error *err)
{
	const struct lopt_inventory *a = matching->sides[0], *b = matching->sides[1];
	view->layers = calloc(a->layer_count + b->layer_count + 1, sizeof *view->layers);
	if (!view->layers)
		return lopt_error_memory(err);
	for (size_t k = 0; k < b->layer_count; k++) {
		const struct lopt_layer_pair *pair = &matching->pairs[k];
		view->layers[k] = (struct lopt_layer_difference){ .before = pair->before,
								  .after = k,
								  .shared = pair->same_bytes,
								  .instruction = b->analysis->layers[k].instruction };
		if (pair->before != LOPT_NO_LAYER)
			matching->rows[pair->before] = k;
	}
	view->layer_count = b->layer_count;
	for (size_t i = 0; i < a->layer_count; i++) {
		if (matching->taken[i])
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
	LOPT_TRY(start(&matching, err));
	view->shared_layers = lopt_pairs_shared(matching.pairs, view->after->layer_count);
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
