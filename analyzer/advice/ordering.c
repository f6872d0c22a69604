/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/evidence.h"
#include "advice/reorder.h"
#include "base/cleanup.h"

/*
 * The order of instructions: what commits change often goes behind what takes long to build. The image stays as large as
 * it is; what shrinks is the time a rebuild is expected to take.
 */

struct measured {
	uint32_t *lines;	   /* per entry of the history */
	size_t *instruction_of;	   /* per entry of the history */
	size_t *layer_of;	   /* per instruction */
	double *seconds;	   /* per instruction */
	enum lopt_builder builder; /* that made the image, by its history */
};

static void release_measured(struct measured *measured)
{
	free(measured->lines);
	free(measured->instruction_of);
	free(measured->layer_of);
	free(measured->seconds);
}

static enum lopt_status measure(struct measured *measured, const struct lopt_evidence *evidence, struct lopt_error *err)
{
	const struct lopt_image_info *info = lopt_image_info(evidence->image);
	struct lopt_alignment alignment;
	measured->lines = calloc(info->history_count + 1, sizeof *measured->lines);
	measured->instruction_of = calloc(info->history_count + 1, sizeof *measured->instruction_of);
	measured->layer_of = calloc(evidence->instructions + 1, sizeof *measured->layer_of);
	measured->seconds = calloc(evidence->instructions + 1, sizeof *measured->seconds);
	if (!measured->lines || !measured->instruction_of || !measured->layer_of || !measured->seconds)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_dockerfile_align(evidence->file, info->history, info->history_count, measured->lines, &alignment,
				       err));
	measured->builder = alignment.builder;
	lopt_reorder_map(measured->instruction_of, measured->layer_of, evidence->file, info, measured->lines);
	lopt_reorder_seconds(measured->seconds, evidence->instructions, evidence->image, measured->instruction_of);
	return LOPT_OK;
}

enum lopt_status lopt_evidence_seconds(const struct lopt_evidence *evidence, double **out, struct lopt_error *err)
{
	LOPT_CLEANUP(release_measured) struct measured measured = { 0 };
	LOPT_TRY(measure(&measured, evidence, err));
	*out = LOPT_MOVE(measured.seconds);
	return LOPT_OK;
}

/* The longest run of instructions that keep their order need not move: keeps[i] for order[i]. */
static void find_staying(const struct lopt_reorder *reorder, bool *keeps)
{
	size_t best[LOPT_DEPENDS_STEPS_MAX], before[LOPT_DEPENDS_STEPS_MAX], end = 0;
	for (size_t i = 0; i < reorder->count; i++) {
		best[i] = 1;
		before[i] = SIZE_MAX;
		keeps[i] = false;
		for (size_t j = 0; j < i; j++)
			if (reorder->order[j] < reorder->order[i] && best[j] + 1 > best[i]) {
				best[i] = best[j] + 1;
				before[i] = j;
			}
		if (best[i] > best[end])
			end = i;
	}
	for (size_t i = end; reorder->count && i != SIZE_MAX; i = before[i])
		keeps[i] = true;
}

/* From the end to the front, each in front of the one that follows it. */
static void move_all(struct lopt_maker *maker, const struct lopt_reorder *reorder, size_t *moved)
{
	bool keeps[LOPT_DEPENDS_STEPS_MAX];
	size_t next = maker->evidence->instructions;
	find_staying(reorder, keeps);
	*moved = SIZE_MAX;
	for (size_t i = reorder->count; i-- > 0;) {
		if (!keeps[i]) {
			lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_MOVE,
									.instruction = reorder->order[i],
									.other = next });
			*moved = reorder->order[i];
		}
		next = reorder->order[i];
	}
}

static void cleanup_reorder(struct lopt_reorder *reorder)
{
	lopt_reorder_release(reorder);
}

static enum lopt_status propose(struct lopt_evidence *evidence, const struct lopt_reorder *reorder,
				struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	size_t moved;
	lopt_maker_init(&maker, evidence, "order", LOPT_LEVEL_SAFE);
	move_all(&maker, reorder, &moved);
	if (moved == SIZE_MAX)
		return LOPT_OK;
	maker.edit.seconds_before = reorder->before;
	maker.edit.seconds_after = reorder->after;
	maker.edit.line = lopt_evidence_at(evidence, moved)->line;
	maker.edit.evidence =
		lopt_maker_text(&maker,
				"over the last %zu commits a rebuild takes %.1f s on average; in another order "
				"it would take %.1f s.",
				evidence->input->commits->count, reorder->before, reorder->after);
	maker.edit.change = lopt_maker_text(
		&maker, "Move what changes often behind what takes long%s.",
		reorder->exact ? "; no order that keeps what instructions need of each other is better" : "");
	return lopt_maker_finish(&maker, 0, err);
}

static enum lopt_status tell_why(struct lopt_evidence *evidence, struct lopt_str reason, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	lopt_buf_text(&text, "The order of instructions stays: ");
	lopt_buf_str(&text, reason);
	evidence->plan->nothing = lopt_arena_copy(evidence->arena, lopt_buf_view(&text));
	return text.failed || !evidence->plan->nothing.ptr ? lopt_error_memory(err) : LOPT_OK;
}

enum lopt_status lopt_rule_order(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(release_measured) struct measured measured = { 0 };
	LOPT_CLEANUP(cleanup_reorder) struct lopt_reorder reorder = { 0 };
	if (!evidence->input->commits || evidence->input->commits->count == 0)
		return LOPT_OK;
	LOPT_TRY(measure(&measured, evidence, err));
	const struct lopt_reorder_input input = {
		.depends = { .file = evidence->file,
			     .image = evidence->image,
			     .layer_of = measured.layer_of,
			     .builder = evidence->input->builder != LOPT_BUILDER_UNKNOWN ? evidence->input->builder
											 : measured.builder },
		.seconds = measured.seconds,
		.commits = evidence->input->commits,
	};
	LOPT_TRY(lopt_reorder_find(&reorder, &input, err));
	return reorder.reason.len ? tell_why(evidence, reorder.reason, err) : propose(evidence, &reorder, err);
}
