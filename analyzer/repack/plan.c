/* SPDX-License-Identifier: MIT */
#include "repack/plan.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "repack/inner.h"
#include "repack/stacks.h"

const char *lopt_fate_name(enum lopt_fate fate)
{
	static const char *const names[] = { "kept", "base", "left", "trimmed", "removed", "joined" };
	return names[fate];
}

/* What is going to be written, stacked as it is decided, lowest layer first: the next one is decided by it. */
struct planning {
	struct lopt_repack_plan *plan;
	const struct lopt_repack_options *options;
	struct lopt_stacks stacks;
	bool *together; /* by layer: it is to be joined to the one above */
	bool *never;	/* by layer: that was tried, and does not hold */
};

static void release_planning(struct planning *planning)
{
	lopt_stacks_release(&planning->stacks);
	free(planning->together);
	free(planning->never);
}

/* --- one layer of the output --- */

static uint64_t content_of(const struct lopt_layer *layer, const bool *goes, const bool *linked)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < layer->inode_count; i++) {
		uint32_t entry = layer->inodes[i].entry;
		if ((!goes || !goes[entry]) && (!linked || !linked[entry]))
			sum = lopt_add_saturating(sum, layer->inodes[i].size, NULL);
	}
	return sum;
}

static bool is_changed(const struct lopt_draft *draft)
{
	bool changed = draft->count > 1 || draft->pieces;
	for (size_t i = 0; draft->goes && i < draft->view.entry_count; i++)
		changed |= draft->goes[i];
	return changed;
}

static enum lopt_status list_pieces(struct lopt_output_plan *output, struct lopt_arena *arena,
				    const struct lopt_draft *draft, struct lopt_error *err)
{
	enum { END = 1024 }; /* two blocks of zeros */
	struct lopt_piece *pieces = lopt_arena_zalloc(arena, draft->view.entry_count + 1, sizeof *pieces);
	if (!pieces)
		return lopt_error_memory(err);
	output->size = END;
	output->entries = 0;
	for (size_t i = 0; i < draft->view.entry_count; i++) {
		if (draft->goes[i])
			continue;
		pieces[output->entries++] = lopt_draft_piece(draft, i);
		output->size = lopt_add_saturating(output->size, draft->sizes[i], NULL);
	}
	output->pieces = pieces;
	output->piece_count = output->entries;
	return LOPT_OK;
}

static enum lopt_status put_output(struct lopt_repack_plan *plan, const struct lopt_draft *draft,
				   struct lopt_error *err)
{
	struct lopt_output_plan *output = &plan->outputs[plan->output_count++];
	*output = (struct lopt_output_plan){
		.first = draft->first,
		.count = draft->count,
		.entries = draft->view.entry_count,
		.size = draft->view.size,
		.content = content_of(&draft->view, draft->goes, draft->linked),
	};
	if (!is_changed(draft))
		return LOPT_OK;
	for (size_t i = draft->first; i <= lopt_output_top(output); i++)
		plan->layers[i].fate = draft->count > 1 ? LOPT_FATE_JOINED : LOPT_FATE_TRIMMED;
	return list_pieces(output, &plan->arena, draft, err);
}

static enum lopt_status finish_draft(struct planning *planning, struct lopt_draft *draft, struct lopt_error *err)
{
	struct lopt_repack_plan *plan = planning->plan;
	const struct lopt_stacks *stacks = &planning->stacks;
	const struct lopt_below below = { &stacks->overlay,
					  stacks->wants_applied && !stacks->fails ? &stacks->applied : NULL };
	bool may_change = plan->layers[draft->first].fate == LOPT_FATE_KEPT;
	if (may_change)
		LOPT_TRY(lopt_draft_trim(draft, plan, &below, err));
	if (may_change && plan->dedupe)
		LOPT_TRY(lopt_draft_dedupe(draft, plan, err));
	LOPT_TRY(put_output(plan, draft, err));
	return lopt_stacks_put(&planning->stacks, draft, err);
}

/* --- joining --- */

/* The layers that are to be one, from `first` on. */
static size_t run_at(const struct planning *planning, size_t first)
{
	size_t count = 1;
	while (first + count < planning->plan->layer_count && planning->together[first + count - 1])
		count++;
	return count;
}

/*
 * As many of `count` layers, which cannot be joined all, as can be so that every engine sees what it saw. More may do where fewer
 * do not, when a layer hides what two below it would differ in, so the most are tried first; of very many that takes too long.
 */
static enum lopt_status find_run(struct planning *planning, size_t first, size_t *count, struct lopt_error *err)
{
	enum { MANY = 24 };
	size_t good = 1, bad = *count;
	while (bad - good > 1) {
		LOPT_CLEANUP(lopt_draft_release) struct lopt_draft draft = { 0 };
		size_t some = *count <= MANY ? bad - 1 : good + (bad - good) / 2;
		bool same;
		LOPT_TRY(lopt_stacks_join(&draft, &planning->stacks, first, some, &same, err));
		if (same)
			good = some;
		else
			bad = some;
	}
	planning->plan->layers[first + good - 1].cut = "together they would not be seen as they are one by one";
	planning->never[first + good - 1] = true;
	planning->together[first + good - 1] = false;
	*count = good;
	return LOPT_OK;
}

static enum lopt_status make_draft(struct planning *planning, size_t first, size_t count, struct lopt_draft *draft,
				   struct lopt_error *err)
{
	bool same = true;
	if (count > 1)
		LOPT_TRY(lopt_stacks_join(draft, &planning->stacks, first, count, &same, err));
	if (!same) {
		lopt_draft_release(draft);
		LOPT_TRY(find_run(planning, first, &count, err));
		if (count > 1)
			LOPT_TRY(lopt_stacks_join(draft, &planning->stacks, first, count, &same, err));
	}
	return count > 1 ? LOPT_OK : lopt_draft_take(draft, planning->plan, first, err);
}

static enum lopt_status plan_layers(struct planning *planning, struct lopt_error *err)
{
	struct lopt_repack_plan *plan = planning->plan;
	for (size_t i = 0; i < plan->layer_count; i += plan->outputs[plan->output_count - 1].count) {
		LOPT_CLEANUP(lopt_draft_release) struct lopt_draft draft = { 0 };
		LOPT_TRY(make_draft(planning, i, run_at(planning, i), &draft, err));
		LOPT_TRY(finish_draft(planning, &draft, err));
	}
	return LOPT_OK;
}

/* --- all of them --- */

static enum lopt_status make_arrays(struct lopt_repack_plan *plan, struct lopt_error *err)
{
	plan->layers = lopt_arena_zalloc(&plan->arena, plan->layer_count + 1, sizeof *plan->layers);
	plan->outputs = lopt_arena_zalloc(&plan->arena, plan->layer_count + 1, sizeof *plan->outputs);
	return plan->layers && plan->outputs ? LOPT_OK : lopt_error_memory(err);
}

/* Everything anew, but for what is to be joined. */
static enum lopt_status plan_once(struct planning *planning, struct lopt_error *err)
{
	struct lopt_repack_plan *plan = planning->plan;
	const struct lopt_repack_options *options = planning->options;
	struct lopt_repack_plan fresh = {
		.image = plan->image,
		.mode = options->mode,
		.max_layers = options->max_layers,
		.dedupe = options->dedupe,
		.layer_count = plan->layer_count,
	};
	lopt_repack_plan_release(plan);
	*plan = fresh;
	lopt_arena_init(&plan->arena, options->limits->arena_bytes);
	LOPT_TRY(make_arrays(plan, err));
	LOPT_TRY(lopt_repack_scope(plan, options, err));
	if (plan->mode != LOPT_REPACK_TRIM)
		lopt_repack_runs(plan, planning->together);
	lopt_stacks_release(&planning->stacks);
	LOPT_TRY(lopt_stacks_init(&planning->stacks, plan, options->limits, err));
	LOPT_TRY(plan_layers(planning, err));
	return lopt_repack_sum_up(plan, err);
}

/* First without joining, then with what has to be joined, until that holds: each failure is one that is not tried again. */
static enum lopt_status plan_fewest(struct planning *planning, struct lopt_error *err)
{
	struct lopt_repack_plan *plan = planning->plan;
	for (;;) {
		memset(planning->together, 0, plan->layer_count * sizeof *planning->together);
		LOPT_TRY(plan_once(planning, err));
		if (plan->output_count <= plan->max_layers)
			return LOPT_OK;
		LOPT_TRY(lopt_repack_fewest(plan, planning->never, planning->together, err));
		LOPT_TRY(plan_once(planning, err));
		if (plan->output_count <= plan->max_layers)
			return LOPT_OK;
	}
}

static enum lopt_status make(struct lopt_repack_plan *plan, const struct lopt_repack_options *options,
			     struct lopt_error *err)
{
	LOPT_CLEANUP(release_planning) struct planning planning = { .plan = plan, .options = options };
	planning.together = calloc(plan->layer_count + 1, sizeof *planning.together);
	planning.never = calloc(plan->layer_count + 1, sizeof *planning.never);
	if (!planning.together || !planning.never)
		return lopt_error_memory(err);
	return options->max_layers ? plan_fewest(&planning, err) : plan_once(&planning, err);
}

enum lopt_status lopt_repack_plan_make(struct lopt_repack_plan *out, const struct lopt_image *image,
				       const struct lopt_repack_options *options, struct lopt_error *err)
{
	*out = (struct lopt_repack_plan){ .image = image, .layer_count = lopt_image_layer_count(image) };
	enum lopt_status status = make(out, options, err);
	if (status != LOPT_OK)
		lopt_repack_plan_release(out);
	return status;
}

void lopt_repack_plan_release(struct lopt_repack_plan *plan)
{
	lopt_arena_release(&plan->arena);
	*plan = (struct lopt_repack_plan){ 0 };
}
