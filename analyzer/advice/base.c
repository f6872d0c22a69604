/* SPDX-License-Identifier: MIT */
#include "advice/base.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/size.h"

/*
 * What another base image could leave out: content of its layers that a rule knows, and what its own layers or ours hide.
 * No edit changes that, and which image would do is not ours to say: it is told and never applied.
 */

enum { LEAST = 1000000 };

struct weighing {
	const struct lopt_analysis *analysis;
	const bool *is_base; /* per layer */
	uint64_t known, wasted;
	const struct lopt_known_row *largest[3];
	size_t largest_count;
};

static void weigh(struct weighing *w)
{
	for (size_t i = 0; i < w->analysis->known_count; i++) {
		const struct lopt_known_row *row = &w->analysis->known[i];
		if (!w->is_base[row->layer])
			continue;
		w->known = lopt_add_saturating(w->known, row->bytes, NULL);
		if (w->largest_count < sizeof w->largest / sizeof w->largest[0])
			w->largest[w->largest_count++] = row; /* they come largest first */
	}
	for (size_t i = 0; i < lopt_image_layer_count(w->analysis->image); i++)
		if (w->is_base[i])
			w->wasted = lopt_add_saturating(w->wasted, w->analysis->layers[i].wasted_bytes, NULL);
}

/* "the base image of line 1 holds 164.2 MB, 12.1 MB of it documentation, ... and 3.1 MB that nobody sees." */
static void put_evidence(struct lopt_buf *out, const struct weighing *w, uint64_t bytes, uint32_t line)
{
	lopt_buf_printf(out, "the base image of line %u holds ", (unsigned)line);
	lopt_size_format(out, bytes);
	for (size_t i = 0; i < w->largest_count; i++) {
		lopt_buf_text(out, i ? ", " : ", of it ");
		lopt_size_format(out, w->largest[i]->bytes);
		lopt_buf_printf(out, " of %s", w->largest[i]->what);
	}
	if (w->wasted) {
		lopt_buf_text(out, w->largest_count ? ", and " : ", of it ");
		lopt_size_format(out, w->wasted);
		lopt_buf_text(out, " that nobody sees");
	}
	lopt_buf_char(out, '.');
}

static enum lopt_status add_edit(struct lopt_plan *plan, const struct lopt_edit *edit, struct lopt_error *err)
{
	struct lopt_edit *edits = lopt_grow(plan->edits, &plan->cap, plan->count + 1, sizeof *edits);
	if (!edits)
		return lopt_error_memory(err);
	plan->edits = edits;
	edits[plan->count++] = *edit;
	return LOPT_OK;
}

enum lopt_status lopt_plan_suggest_base(struct lopt_plan *plan, const struct lopt_analysis *analysis,
					const bool *is_base, uint32_t line, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct weighing w = { .analysis = analysis, .is_base = is_base };
	struct lopt_edit edit = {
		.rule = LOPT_BASE_IMAGE,
		.level = LOPT_LEVEL_AGGRESSIVE,
		.line = line,
		.change = lopt_str_from("Choose a base image without that, a -slim variant for instance, or make one."),
		.state = LOPT_EDIT_SUGGESTED,
	};
	weigh(&w);
	edit.predicted_bytes = lopt_add_saturating(w.known, w.wasted, NULL);
	if (!line || edit.predicted_bytes < LEAST)
		return LOPT_OK;
	put_evidence(&text, &w, plan->base_bytes, line);
	if (!text.failed)
		edit.evidence = lopt_arena_copy(&plan->arena, lopt_buf_view(&text));
	return edit.evidence.ptr ? add_edit(plan, &edit, err) : lopt_error_memory(err);
}
