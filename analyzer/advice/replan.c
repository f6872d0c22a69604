/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/plan.h"
#include "base/cleanup.h"

/* An edit that takes whole instructions to another place is planned first, and other rules pass those by. */

const struct lopt_edit *lopt_plan_obsolete(const struct lopt_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct lopt_edit *edit = &plan->edits[i];
		bool out = edit->state == LOPT_EDIT_DROPPED || edit->state == LOPT_EDIT_SPARE;
		if (edit->exclusive && out)
			return edit;
	}
	return NULL;
}

static const struct lopt_edit *find_dropped(const struct lopt_plan *plan, const struct lopt_edit *like)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct lopt_edit *edit = &plan->edits[i];
		if (edit->state == LOPT_EDIT_DROPPED && strcmp(edit->rule, like->rule) == 0 && edit->line == like->line)
			return edit;
	}
	return NULL;
}

static struct lopt_str copy(struct lopt_plan *plan, struct lopt_str text, bool *failed)
{
	struct lopt_str made = lopt_arena_copy(&plan->arena, text);
	*failed |= !made.ptr;
	return made;
}

/* What was tried before is not tried again. */
static enum lopt_status take_over(struct lopt_plan *plan, const struct lopt_plan *old, struct lopt_error *err)
{
	bool failed = false;
	for (size_t i = 0; i < plan->count; i++) {
		struct lopt_edit *edit = &plan->edits[i];
		const struct lopt_edit *dropped = find_dropped(old, edit);
		if (edit->state != LOPT_EDIT_CHOSEN || !dropped)
			continue;
		edit->state = LOPT_EDIT_DROPPED;
		edit->why = copy(plan, dropped->why, &failed);
	}
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

/* The edit itself, for the report. */
static enum lopt_status list_obsolete(struct lopt_plan *plan, const struct lopt_edit *obsolete, struct lopt_error *err)
{
	bool failed = false, spare = obsolete->state == LOPT_EDIT_SPARE;
	struct lopt_edit *edits = lopt_grow(plan->edits, &plan->cap, plan->count + 1, sizeof *edits);
	if (!edits)
		return lopt_error_memory(err);
	plan->edits = edits;
	memmove(edits + 1, edits, plan->count * sizeof *edits);
	plan->count++;
	edits[0] = (struct lopt_edit){
		.rule = obsolete->rule,
		.level = obsolete->level,
		.needs_test = obsolete->needs_test,
		.line = obsolete->line,
		.predicted_bytes = obsolete->predicted_bytes,
		.state = LOPT_EDIT_DROPPED,
		.evidence = copy(plan, obsolete->evidence, &failed),
		.change = copy(plan, obsolete->change, &failed),
		.why = spare ? lopt_str_from("the target is reached without it") : copy(plan, obsolete->why, &failed),
	};
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

enum lopt_status lopt_plan_again(struct lopt_plan *out, const struct lopt_plan *old,
				 const struct lopt_plan_input *input, struct lopt_error *err)
{
	const struct lopt_edit *obsolete = lopt_plan_obsolete(old);
	struct lopt_plan_input without = *input;
	LOPT_CLEANUP(lopt_cleanup_bytes)
	const char **excluded = calloc(input->excluded_count + 1, sizeof *excluded);
	if (!excluded)
		return lopt_error_memory(err);
	for (size_t i = 0; i < input->excluded_count; i++)
		excluded[i] = input->excluded[i];
	excluded[without.excluded_count++] = obsolete->rule;
	without.excluded = excluded;
	LOPT_TRY(lopt_plan_make(out, &without, err));
	enum lopt_status status = take_over(out, old, err);
	if (status == LOPT_OK)
		status = list_obsolete(out, obsolete, err);
	if (status != LOPT_OK)
		lopt_plan_release(out);
	return status;
}
