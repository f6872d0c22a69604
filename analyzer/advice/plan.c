/* SPDX-License-Identifier: MIT */
#include "advice/plan.h"

#include <stdlib.h>

#include "advice/base.h"
#include "advice/evidence.h"
#include "base/cleanup.h"
#include "dockerfile/draft.h"

enum { PLAN_BYTES_MAX = 1 << 30 };

const char *lopt_edit_state_words(enum lopt_edit_state state)
{
	static const char *const words[] = {
		[LOPT_EDIT_CHOSEN] = "chosen",		 [LOPT_EDIT_PROVED] = "proved",
		[LOPT_EDIT_DROPPED] = "dropped",	 [LOPT_EDIT_NEEDS_LEVEL] = "needs --level",
		[LOPT_EDIT_NEEDS_TEST] = "needs --test", [LOPT_EDIT_NEEDS_WORD] = "needs --include",
		[LOPT_EDIT_SPARE] = "not needed",	 [LOPT_EDIT_SUGGESTED] = "a suggestion",
	};
	return words[state];
}

/* In the order in which they claim bytes and are applied: what leaves an instruction whole comes first. */
static lopt_rule *const rules[] = {
	lopt_rule_build_stage, /* takes instructions away from all others */
	lopt_rule_purge,       /* apt writes its index once more: in front of what removes that */
	lopt_rule_apt_lists,	   lopt_rule_leftovers,
	lopt_rule_inputs,	   lopt_rule_context,
	lopt_rule_metadata,	   lopt_rule_useless,
	lopt_rule_recommends,	   lopt_rule_documentation,
	lopt_rule_r_documentation, lopt_rule_static_libraries,
	lopt_rule_strip,	   lopt_rule_fold,
	lopt_rule_manifest,	   lopt_rule_order, /* last */
};

/* The FROM in front of `before` that begins the stage of this name; SIZE_MAX: there is none. */
static size_t find_stage(const struct lopt_dockerfile *file, struct lopt_str name, size_t before)
{
	for (size_t i = before; i-- > 0;) {
		const struct lopt_instruction *at = lopt_dockerfile_at(file, i);
		if (lopt_str_is(at->keyword, "from") && at->word_count == 3 && at->words[2].len == name.len &&
		    strncasecmp(at->words[2].ptr, name.ptr, name.len) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* The line that names the base image: that of the last stage, or of the stage that one is built on, and so on. */
static uint32_t line_of_base(const struct lopt_dockerfile *file)
{
	size_t from = lopt_dockerfile_count(file);
	while (from-- > 0 && !lopt_str_is(lopt_dockerfile_at(file, from)->keyword, "from"))
		;
	while (from < lopt_dockerfile_count(file)) {
		const struct lopt_instruction *at = lopt_dockerfile_at(file, from);
		size_t below = at->word_count ? find_stage(file, at->words[0], from) : SIZE_MAX;
		if (below == SIZE_MAX)
			return at->line;
		from = below;
	}
	return 0;
}

static bool is_excluded(const struct lopt_plan_input *input, const char *rule)
{
	for (size_t i = 0; i < input->excluded_count; i++)
		if (strcmp(input->excluded[i], rule) == 0)
			return true;
	return false;
}

/* What the layers of the base image hold; they come first in the history. */
static enum lopt_status weigh_base(struct lopt_plan *plan, const struct lopt_plan_input *input, struct lopt_error *err)
{
	const struct lopt_image_info *info = lopt_image_info(plan->image);
	struct lopt_alignment alignment;
	LOPT_CLEANUP(lopt_cleanup_bytes) uint32_t *lines = calloc(info->history_count + 1, sizeof *lines);
	LOPT_CLEANUP(lopt_cleanup_bytes)
	bool *is_base = calloc(lopt_image_layer_count(plan->image) + 1, sizeof *is_base);
	if (!lines || !is_base)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_dockerfile_align(input->file, info->history, info->history_count, lines, &alignment, err));
	for (size_t i = 0; i < alignment.base && i < info->history_count; i++) {
		size_t layer = info->history[i].layer;
		if (layer == LOPT_NO_LAYER)
			continue;
		is_base[layer] = true;
		plan->base_bytes =
			lopt_add_saturating(plan->base_bytes, input->analysis->layers[layer].content_bytes, NULL);
	}
	if (is_excluded(input, LOPT_BASE_IMAGE))
		return LOPT_OK;
	return lopt_plan_suggest_base(plan, input->analysis, is_base, line_of_base(input->file), err);
}

static enum lopt_status apply_rules(struct lopt_plan *plan, const struct lopt_plan_input *input, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_evidence_release) struct lopt_evidence evidence = { 0 };
	LOPT_TRY(lopt_evidence_gather(&evidence, plan, input, err));
	bool any = false;
	for (size_t i = 0; i < evidence.instructions; i++)
		any |= evidence.layer_of[i] != LOPT_NO_LAYER;
	if (!any)
		return lopt_error_set(
			err, LOPT_E_INPUT,
			"no instruction could be matched with the history of the image: it was not built from this "
			"Dockerfile, or all its instructions became one layer");
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		LOPT_TRY(rules[i](&evidence, err));
	return LOPT_OK;
}

enum lopt_status lopt_plan_make(struct lopt_plan *out, const struct lopt_plan_input *input, struct lopt_error *err)
{
	*out = (struct lopt_plan){ .image = input->analysis->image };
	lopt_arena_init(&out->arena, PLAN_BYTES_MAX);
	enum lopt_status status = apply_rules(out, input, err);
	if (status == LOPT_OK)
		status = weigh_base(out, input, err);
	if (status != LOPT_OK)
		lopt_plan_release(out);
	return status;
}

void lopt_plan_release(struct lopt_plan *plan)
{
	free(plan->edits);
	lopt_arena_release(&plan->arena);
	*plan = (struct lopt_plan){ 0 };
}

const char *lopt_rule_name(size_t index)
{
	static const char *const names[] = { "apt-lists",	"add-archive",
					     "build-context",	"mount-inputs",
					     "metadata-copies", "useless-run",
					     "no-recommends",	"no-documentation",
					     "r-documentation", "static-libraries",
					     "build-stage",	"purge-build-tools",
					     "strip",		"fold",
					     "manifest-first",	"order",
					     LOPT_BASE_IMAGE };
	size_t count = sizeof names / sizeof names[0];
	return index < count ? names[index] : lopt_leftover_name(index - count);
}

int lopt_edit_compare_trust(const struct lopt_edit *a, const struct lopt_edit *b)
{
	if (a->needs_test != b->needs_test)
		return a->needs_test ? 1 : -1;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return (a->predicted_bytes < b->predicted_bytes) - (a->predicted_bytes > b->predicted_bytes);
}

/* Figures. */

static int compare_claims(const void *a, const void *b)
{
	const struct lopt_claim *x = a, *y = b;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

enum lopt_status lopt_plan_predict(const struct lopt_plan *plan, uint64_t *bytes, struct lopt_error *err)
{
	size_t count = 0;
	*bytes = 0;
	for (size_t i = 0; i < plan->count; i++)
		count += lopt_edit_applies(&plan->edits[i]) ? plan->edits[i].claim_count : 0;
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_claim *all = calloc(count + 1, sizeof *all);
	if (!all)
		return lopt_error_memory(err);
	count = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct lopt_edit *edit = &plan->edits[i];
		if (!lopt_edit_applies(edit))
			continue;
		if (edit->claim_count)
			memcpy(all + count, edit->claims, edit->claim_count * sizeof *all);
		count += edit->claim_count;
		*bytes += edit->extra_bytes;
	}
	qsort(all, count, sizeof *all, compare_claims);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare_claims(&all[i - 1], &all[i]) != 0)
			*bytes += lopt_image_layer(plan->image, all[i].layer)->inodes[all[i].inode].size;
	return LOPT_OK;
}

enum lopt_status lopt_plan_effects(const struct lopt_plan *plan, struct lopt_effect **out, size_t *count,
				   struct lopt_error *err)
{
	size_t n = 0;
	for (size_t i = 0; i < plan->count; i++)
		n += lopt_edit_applies(&plan->edits[i]) ? plan->edits[i].effect_count : 0;
	struct lopt_effect *all = calloc(n + 1, sizeof *all);
	if (!all)
		return lopt_error_memory(err);
	n = 0;
	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; lopt_edit_applies(&plan->edits[i]) && j < plan->edits[i].effect_count; j++) {
			all[n] = plan->edits[i].effects[j];
			all[n++].edit = i;
		}
	lopt_effects_sort(all, n);
	*out = all;
	*count = n;
	return LOPT_OK;
}

/* The Dockerfile. */

static enum lopt_status take_step(struct lopt_draft *draft, const struct lopt_edit_step *step, struct lopt_error *err)
{
	switch (step->kind) {
	case LOPT_STEP_REPLACE:
		return lopt_draft_replace(draft, step->instruction, step->at, step->len, step->text, err);
	case LOPT_STEP_IGNORE: /* see lopt_plan_print_ignore() */
	case LOPT_STEP_REMOVE: /* all of an instruction together, see remove_leftovers() */
		return LOPT_OK;
	case LOPT_STEP_APPEND:
		return lopt_draft_append(draft, step->instruction, step->text, err);
	case LOPT_STEP_PREPEND:
		return lopt_draft_prepend(draft, step->instruction, step->text, err);
	case LOPT_STEP_FLAG:
		return lopt_draft_flag(draft, step->instruction, step->text, err);
	case LOPT_STEP_DROP:
		return lopt_draft_drop(draft, step->instruction, err);
	case LOPT_STEP_FOLD:
		return lopt_draft_fold(draft, step->instruction, step->other, err);
	case LOPT_STEP_MOVE:
		return lopt_draft_move(draft, step->instruction, step->other, err);
	case LOPT_STEP_INSERT:
		return lopt_draft_insert(draft, step->instruction, step->text, err);
	}
	return lopt_error_set(err, LOPT_E_BUG, "a step of no kind");
}

static enum lopt_status take_edit(struct lopt_draft *draft, const struct lopt_edit *edit, struct lopt_error *err)
{
	for (size_t i = 0; i < edit->step_count; i++)
		LOPT_TRY(take_step(draft, &edit->steps[i], err));
	return LOPT_OK;
}

/* One "rm -rf" per instruction, whatever edits it comes from. */
static enum lopt_status remove_leftovers(struct lopt_draft *draft, const struct lopt_plan *plan,
					 const struct lopt_plan_input *input, size_t instruction,
					 struct lopt_error *err)
{
	/* who installs with sudo has no right to remove without it */
	struct lopt_str source = lopt_dockerfile_at(input->file, instruction)->source;
	bool sudo = memmem(source.ptr, source.len, "sudo ", 5) != NULL;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf command = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < plan->count; i++) {
		const struct lopt_edit *edit = &plan->edits[i];
		for (size_t j = 0; lopt_edit_applies(edit) && j < edit->step_count; j++) {
			const struct lopt_edit_step *step = &edit->steps[j];
			if (step->kind != LOPT_STEP_REMOVE || step->instruction != instruction)
				continue;
			lopt_buf_text(&command, command.len ? " " : sudo ? "sudo rm -rf " : "rm -rf ");
			lopt_buf_str(&command, step->text);
		}
	}
	if (command.failed)
		return lopt_error_memory(err);
	return command.len ? lopt_draft_append(draft, instruction, lopt_buf_view(&command), err) : LOPT_OK;
}

/* Does an earlier edit that applies remove something behind the same instruction? */
static bool removes_already(const struct lopt_plan *plan, size_t before, size_t instruction)
{
	for (size_t i = 0; i < before; i++)
		for (size_t j = 0; lopt_edit_applies(&plan->edits[i]) && j < plan->edits[i].step_count; j++)
			if (plan->edits[i].steps[j].kind == LOPT_STEP_REMOVE &&
			    plan->edits[i].steps[j].instruction == instruction)
				return true;
	return false;
}

static enum lopt_status take_removals(struct lopt_draft *draft, const struct lopt_plan *plan,
				      const struct lopt_plan_input *input, size_t index, struct lopt_error *err)
{
	const struct lopt_edit *edit = &plan->edits[index];
	for (size_t i = 0; i < edit->step_count; i++) {
		const struct lopt_edit_step *step = &edit->steps[i];
		bool first = step->kind == LOPT_STEP_REMOVE && !removes_already(plan, index, step->instruction);
		for (size_t j = 0; first && j < i; j++)
			first = edit->steps[j].kind != LOPT_STEP_REMOVE ||
				edit->steps[j].instruction != step->instruction;
		if (first)
			LOPT_TRY(remove_leftovers(draft, plan, input, step->instruction, err));
	}
	return LOPT_OK;
}

static void cleanup_draft(struct lopt_draft **draft)
{
	lopt_draft_free(*draft);
}

/* All edits that apply but `without`; LOPT_E_USAGE with *bad set when one does not go together with those before it. */
static enum lopt_status draft_edits(const struct lopt_plan *plan, const struct lopt_plan_input *input,
				    struct lopt_buf *out, size_t *bad, struct lopt_error *err)
{
	LOPT_CLEANUP(cleanup_draft) struct lopt_draft *draft = NULL;
	LOPT_TRY(lopt_draft_new(&draft, input->file, input->source, err));
	*bad = SIZE_MAX;
	for (size_t i = 0; i < plan->count; i++) {
		if (!lopt_edit_applies(&plan->edits[i]))
			continue;
		*bad = i;
		LOPT_TRY(take_removals(draft, plan, input, i, err));
		LOPT_TRY(take_edit(draft, &plan->edits[i], err));
	}
	return lopt_draft_print(draft, out, err);
}

enum lopt_status lopt_plan_print(struct lopt_plan *plan, const struct lopt_plan_input *input, struct lopt_buf *out,
				 struct lopt_error *err)
{
	size_t start = out->len;
	for (;;) {
		size_t bad = SIZE_MAX;
		struct lopt_error why = { 0 };
		enum lopt_status status = draft_edits(plan, input, out, &bad, &why);
		if (status != LOPT_E_USAGE || bad == SIZE_MAX) {
			if (status != LOPT_OK)
				*err = why;
			return status;
		}
		/* a step that failed has left others of its edit in the draft: start again without the edit */
		out->len = start;
		plan->edits[bad].state = LOPT_EDIT_DROPPED;
		plan->edits[bad].why = lopt_arena_copy(&plan->arena, lopt_str_from(why.message));
		if (!plan->edits[bad].why.ptr)
			return lopt_error_memory(err);
	}
}

enum lopt_status lopt_plan_print_ignore(const struct lopt_plan *plan, struct lopt_str before, struct lopt_buf *out,
					struct lopt_error *err)
{
	bool any = false;
	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; lopt_edit_applies(&plan->edits[i]) && j < plan->edits[i].step_count; j++) {
			if (plan->edits[i].steps[j].kind != LOPT_STEP_IGNORE)
				continue;
			if (!any)
				lopt_buf_str(out, before);
			if (!any && before.len && before.ptr[before.len - 1] != '\n')
				lopt_buf_char(out, '\n');
			any = true;
			lopt_buf_str(out, plan->edits[i].steps[j].text);
			lopt_buf_char(out, '\n');
		}
	return out->failed ? lopt_error_memory(err) : LOPT_OK;
}

/* The fewest and safest edits: safe ones before others, large ones before small ones. */

struct lopt_edit *lopt_plan_next_spare(const struct lopt_plan *plan)
{
	struct lopt_edit *best = NULL;
	for (size_t i = 0; i < plan->count; i++) {
		struct lopt_edit *edit = &plan->edits[i];
		if (edit->state == LOPT_EDIT_SPARE && (!best || lopt_edit_compare_trust(edit, best) < 0))
			best = edit;
	}
	return best;
}

enum lopt_status lopt_plan_aim(struct lopt_plan *plan, uint64_t size, uint64_t target, struct lopt_error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->edits[i].state == LOPT_EDIT_CHOSEN)
			plan->edits[i].state = LOPT_EDIT_SPARE;
	for (;;) {
		uint64_t saved;
		LOPT_TRY(lopt_plan_predict(plan, &saved, err));
		struct lopt_edit *edit = lopt_plan_next_spare(plan);
		if (!edit || (saved < size && size - saved <= target))
			return LOPT_OK;
		edit->state = LOPT_EDIT_CHOSEN;
	}
}
