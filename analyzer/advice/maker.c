/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "advice/evidence.h"
#include "base/cleanup.h"
#include "base/size.h"

void lopt_maker_init(struct lopt_maker *maker, struct lopt_evidence *evidence, const char *rule, enum lopt_level level)
{
	*maker = (struct lopt_maker){
		.evidence = evidence,
		.edit = { .rule = rule, .level = level },
	};
}

void lopt_maker_release(struct lopt_maker *maker)
{
	/* what is not applied leaves its bytes to others */
	for (size_t i = 0; !maker->applies && i < maker->edit.claim_count; i++)
		maker->evidence->claimed[maker->claims[i].layer][maker->claims[i].inode] = false;
	free(maker->steps);
	free(maker->claims);
	free(maker->effects);
}

void lopt_maker_step(struct lopt_maker *maker, struct lopt_edit_step step)
{
	struct lopt_edit_step *steps =
		lopt_grow(maker->steps, &maker->step_cap, maker->edit.step_count + 1, sizeof *steps);
	maker->failed |= !steps;
	if (!steps)
		return;
	maker->steps = steps;
	steps[maker->edit.step_count++] = step;
}

void lopt_maker_claim(struct lopt_maker *maker, size_t layer, uint32_t inode)
{
	if (maker->evidence->claimed[layer][inode])
		return;
	struct lopt_claim *claims =
		lopt_grow(maker->claims, &maker->claim_cap, maker->edit.claim_count + 1, sizeof *claims);
	maker->failed |= !claims;
	if (!claims)
		return;
	maker->claims = claims;
	claims[maker->edit.claim_count++] = (struct lopt_claim){ layer, inode };
	maker->evidence->claimed[layer][inode] = true; /* it may have several names */
	maker->edit.predicted_bytes += lopt_image_layer(maker->evidence->image, layer)->inodes[inode].size;
}

void lopt_maker_claim_path(struct lopt_maker *maker, struct lopt_str path)
{
	const struct lopt_evidence *evidence = maker->evidence;
	size_t layer = evidence->layers;
	const struct lopt_entry *entry;
	while ((entry = lopt_evidence_below(evidence, path, layer, &layer)))
		if (entry->inode != LOPT_NO_INODE && evidence->instruction_of[layer] != SIZE_MAX)
			lopt_maker_claim(maker, layer, entry->inode);
}

void lopt_maker_effect(struct lopt_maker *maker, struct lopt_str path, unsigned aspects, bool beneath)
{
	struct lopt_effect *effects =
		lopt_grow(maker->effects, &maker->effect_cap, maker->edit.effect_count + 1, sizeof *effects);
	struct lopt_str copy = effects ? lopt_arena_copy(maker->evidence->arena, path) : path;
	maker->failed |= !effects || !copy.ptr;
	if (!effects)
		return;
	maker->effects = effects;
	effects[maker->edit.effect_count++] =
		(struct lopt_effect){ .path = copy, .aspects = aspects, .beneath = beneath };
}

struct lopt_str lopt_maker_text(struct lopt_maker *maker, const char *fmt, ...)
{
	va_list args;
	LOPT_CLEANUP(lopt_cleanup_bytes) char *text = NULL;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		maker->failed = true;
		return lopt_str_make("", 0);
	}
	struct lopt_str copy = lopt_arena_copy(maker->evidence->arena, lopt_str_from(text));
	maker->failed |= !copy.ptr;
	return copy.ptr ? copy : lopt_str_make("", 0);
}

struct lopt_str lopt_maker_size(struct lopt_maker *maker, uint64_t bytes)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(64);
	lopt_size_format(&text, bytes);
	struct lopt_str copy = lopt_arena_copy(maker->evidence->arena, lopt_buf_view(&text));
	maker->failed |= text.failed || !copy.ptr;
	return copy.ptr ? copy : lopt_str_make("", 0);
}

uint64_t lopt_maker_bytes(const struct lopt_maker *maker)
{
	return maker->edit.predicted_bytes;
}

void lopt_maker_drop_command(struct lopt_maker *maker, size_t instruction, size_t index)
{
	const struct lopt_shell *shell = &maker->evidence->shells[instruction];
	const struct lopt_shell_command *command = &shell->commands[index];
	struct lopt_edit_step step = { .kind = LOPT_STEP_REPLACE, .instruction = instruction, .at = command->at };
	if (shell->count == 1) {
		lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_DROP, .instruction = instruction });
		return;
	}
	if (index + 1 < shell->count) {
		step.len = shell->commands[index + 1].at - command->at;
	} else {
		step.at = shell->commands[index - 1].end;
		step.len = command->end - step.at;
	}
	step.text = lopt_str_make("", 0);
	lopt_maker_step(maker, step);
}

struct lopt_str lopt_maker_path(struct lopt_maker *maker, size_t instruction, struct lopt_str word)
{
	struct lopt_str workdir = maker->evidence->workdirs[instruction];
	while (word.len > 1 && word.ptr[word.len - 1] == '/')
		word.len--;
	if (memmem(word.ptr, word.len, "..", 2))
		return lopt_str_make("", 0);
	if (word.len && word.ptr[0] == '/')
		return lopt_str_make(word.ptr + 1, word.len - 1);
	if (!workdir.len || maker->evidence->shells[instruction].leaks)
		return lopt_str_make("", 0);
	while (workdir.len && workdir.ptr[0] == '/')
		workdir = lopt_str_make(workdir.ptr + 1, workdir.len - 1);
	while (workdir.len && workdir.ptr[workdir.len - 1] == '/')
		workdir.len--;
	while (word.len >= 2 && word.ptr[0] == '.' && word.ptr[1] == '/')
		word = lopt_str_make(word.ptr + 2, word.len - 2);
	if (lopt_str_is(word, "."))
		return workdir;
	return workdir.len ? lopt_maker_text(maker, "%.*s/%.*s", LOPT_STR_ARGS(workdir), LOPT_STR_ARGS(word)) : word;
}

static void *keep(struct lopt_arena *arena, const void *from, size_t count, size_t size, bool *failed)
{
	void *copy = lopt_arena_zalloc(arena, count + 1, size);
	*failed |= !copy;
	if (copy && count)
		memcpy(copy, from, count * size);
	return copy;
}

static bool is_named(const char *rule, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rule, names[i]) == 0)
			return true;
	return false;
}

/* What one person calls documentation is another's daily tool. */
static bool is_taste(const char *rule)
{
	return strcmp(rule, "r-documentation") == 0;
}

static enum lopt_edit_state state_of(const struct lopt_edit *edit, const struct lopt_plan_input *input)
{
	if (edit->level > input->level)
		return LOPT_EDIT_NEEDS_LEVEL;
	if (is_taste(edit->rule) && !is_named(edit->rule, input->included, input->included_count))
		return LOPT_EDIT_NEEDS_WORD;
	return edit->needs_test && !input->has_test ? LOPT_EDIT_NEEDS_TEST : LOPT_EDIT_CHOSEN;
}

enum lopt_status lopt_maker_finish(struct lopt_maker *maker, uint64_t least, struct lopt_error *err)
{
	struct lopt_evidence *evidence = maker->evidence;
	struct lopt_plan *plan = evidence->plan;
	struct lopt_edit *edit = &maker->edit;
	if (maker->failed)
		return lopt_error_memory(err);
	edit->predicted_bytes += edit->extra_bytes;
	bool faster = edit->seconds_after < edit->seconds_before;
	if (is_named(edit->rule, evidence->input->excluded, evidence->input->excluded_count))
		return LOPT_OK;
	if (edit->step_count == 0 || (!faster && edit->predicted_bytes < least))
		return LOPT_OK;
	struct lopt_edit *edits = lopt_grow(plan->edits, &plan->cap, plan->count + 1, sizeof *edits);
	if (!edits)
		return lopt_error_memory(err);
	plan->edits = edits;
	edit->steps = keep(evidence->arena, maker->steps, edit->step_count, sizeof *maker->steps, &maker->failed);
	edit->claims = keep(evidence->arena, maker->claims, edit->claim_count, sizeof *maker->claims, &maker->failed);
	edit->effects =
		keep(evidence->arena, maker->effects, edit->effect_count, sizeof *maker->effects, &maker->failed);
	if (maker->failed)
		return lopt_error_memory(err);
	if (edit->state == LOPT_EDIT_CHOSEN)
		edit->state = state_of(edit, evidence->input);
	maker->applies = edit->state == LOPT_EDIT_CHOSEN;
	edits[plan->count++] = *edit;
	return LOPT_OK;
}
