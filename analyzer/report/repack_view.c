/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "dockerfile/history.h"
#include "report/repack.h"

static const struct lopt_repack_format formats[] = {
	{ "text", lopt_repack_text },
	{ "json", lopt_repack_json },
	{ "markdown", lopt_repack_markdown },
};

const struct lopt_repack_format *lopt_repack_format_at(size_t index)
{
	return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

const char *lopt_base_reason_name(enum lopt_base_reason reason)
{
	static const char *const names[] = { "given", "common", "named", "guessed" };
	return names[reason];
}

void lopt_base_show(struct lopt_buf *out, const struct lopt_repack_plan *plan)
{
	static const char *const reasons[] = {
		[LOPT_BASE_GIVEN] = "as --base-layers says",
		[LOPT_BASE_IMAGE] = "those it has in common with --base",
		[LOPT_BASE_NAMED] = "those of the base that its annotations name",
		[LOPT_BASE_GUESSED] = "a guess (--base, --base-layers)",
	};
	const char *why = reasons[plan->base_reason];
	if (plan->base_layers == 0)
		lopt_buf_printf(out, "no layer, %s", why);
	else if (plan->base_layers == 1)
		lopt_buf_printf(out, "the lowest layer, %s", why);
	else
		lopt_buf_printf(out, "the lowest %zu layers, %s", plan->base_layers, why);
}

static enum lopt_status show_instructions(struct lopt_repack_view *view, struct lopt_error *err)
{
	const struct lopt_image_info *info = lopt_image_info(view->plan->image);
	size_t count = view->plan->layer_count;
	view->instructions = lopt_arena_zalloc(&view->arena, count + 1, sizeof *view->instructions);
	if (!view->instructions)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		view->instructions[i] = lopt_str_from("(unknown)");
	for (size_t i = 0; i < info->history_count; i++) {
		size_t layer = info->history[i].layer;
		if (layer >= count)
			continue;
		struct lopt_str text = lopt_history_instruction(&view->arena, &info->history[i]);
		if (!text.ptr)
			return lopt_error_memory(err);
		if (text.len)
			view->instructions[layer] = text;
	}
	return LOPT_OK;
}

static enum lopt_status take_stored(struct lopt_repack_view *view, const struct lopt_repack_outcome *outcome,
				    struct lopt_error *err)
{
	size_t count = view->plan->output_count;
	uint64_t *stored = lopt_arena_zalloc(&view->arena, count + 1, sizeof *stored);
	if (!stored)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		stored[i] = outcome->repacked ? outcome->repacked->layers[i].stored : outcome->foretold[i];
		view->compressed = lopt_add_saturating(view->compressed, stored[i], NULL);
	}
	view->stored_after = stored;
	return LOPT_OK;
}

static void sum_up(struct lopt_repack_view *view)
{
	const struct lopt_repack_plan *plan = view->plan;
	for (size_t i = 0; i < plan->layer_count; i++) {
		const struct lopt_layer *layer = lopt_image_layer(plan->image, i);
		view->content = lopt_add_saturating(view->content, lopt_repack_content_of(layer), NULL);
		view->size = lopt_add_saturating(view->size, layer->size, NULL);
		view->stored = lopt_add_saturating(view->stored, layer->compressed_size, NULL);
		if (i < plan->base_layers)
			view->base_wasted = lopt_add_saturating(view->base_wasted, plan->layers[i].wasted, NULL);
	}
}

enum lopt_fate lopt_repack_output_fate(const struct lopt_repack_plan *plan, size_t output)
{
	return plan->layers[plan->outputs[output].first].fate;
}

enum lopt_status lopt_repack_view_make(struct lopt_repack_view *out, const struct lopt_repack_outcome *outcome,
				       struct lopt_error *err)
{
	*out = (struct lopt_repack_view){
		.plan = outcome->plan,
		.repacked = outcome->repacked,
		.target = outcome->target,
		.choices = outcome->choices,
		.paths = lopt_image_path_count(outcome->plan->image),
	};
	lopt_repack_account_make(&out->account, outcome->plan);
	lopt_arena_init(&out->arena, SIZE_MAX);
	enum lopt_status status = show_instructions(out, err);
	if (status == LOPT_OK)
		status = take_stored(out, outcome, err);
	if (status == LOPT_OK)
		sum_up(out);
	else
		lopt_repack_view_release(out);
	return status;
}

void lopt_repack_view_release(struct lopt_repack_view *view)
{
	lopt_arena_release(&view->arena);
	*view = (struct lopt_repack_view){ 0 };
}
