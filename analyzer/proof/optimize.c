/* SPDX-License-Identifier: MIT */
#include "proof/optimize.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "proof/blame.h"

static void release_held(struct lopt_held *held)
{
	if (held->edits)
		lopt_trial_release(&held->trial);
	free(held->edits);
	*held = (struct lopt_held){ 0 };
}

void lopt_optimizing_release(struct lopt_optimizing *optimizing)
{
	if (optimizing->has_trial)
		lopt_trial_release(&optimizing->trial);
	release_held(&optimizing->held);
	release_held(&optimizing->earlier_held);
	if (optimizing->earlier.edits)
		lopt_plan_release(&optimizing->earlier);
	lopt_buf_release(&optimizing->text);
	lopt_buf_release(&optimizing->ignore);
}

static size_t count_applied(const struct lopt_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->count; i++)
		count += lopt_edit_applies(&plan->edits[i]);
	return count;
}

/* The proposed Dockerfile in o->text, and what it is predicted to save. */
static enum lopt_status draft(struct lopt_optimizing *o, struct lopt_error *err)
{
	lopt_buf_clear(&o->text);
	lopt_buf_clear(&o->ignore);
	LOPT_TRY(lopt_plan_print(o->plan, o->input, &o->text, err));
	LOPT_TRY(lopt_plan_print_ignore(o->plan, o->ignore_before, &o->ignore, err));
	return lopt_plan_predict(o->plan, &o->predicted_bytes, err);
}

static void discard_trial(struct lopt_optimizing *o)
{
	if (!o->has_trial)
		return;
	lopt_workshop_discard(o->options->workshop, &o->trial.subject.built);
	lopt_trial_release(&o->trial);
	o->has_trial = false;
}

static enum lopt_status try_draft(struct lopt_optimizing *o, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_effect *effects = NULL;
	size_t count;
	LOPT_TRY(draft(o, err));
	LOPT_TRY(lopt_plan_effects(o->plan, &effects, &count, err));
	discard_trial(o);
	o->has_trial = true;
	o->builds++;
	lopt_workshop_ignore(o->options->workshop, o->ignore.len ? lopt_buf_view(&o->ignore) : o->ignore_given);
	enum lopt_status status = lopt_trial_make(&o->trial, o->options, o->original, lopt_buf_view(&o->text),
						  "the candidate", effects, count, err);
	lopt_workshop_ignore(o->options->workshop, o->ignore_given);
	return status;
}

static uint64_t size_of(const struct lopt_subject *subject)
{
	return subject->analysis ? subject->analysis->totals.content_bytes : 0;
}

/* Another order saves time; it may not cost bytes beyond what every build varies. */
static bool is_small_enough(const struct lopt_optimizing *o)
{
	uint64_t before = size_of(&o->original->subject), after = size_of(&o->trial.subject);
	bool faster = false;
	for (size_t i = 0; i < o->plan->count; i++)
		faster |= lopt_edit_applies(&o->plan->edits[i]) &&
			  o->plan->edits[i].seconds_after < o->plan->edits[i].seconds_before;
	return after < before || (faster && o->predicted_bytes == 0 && after <= before + before / 1000);
}

static bool is_proved(const struct lopt_optimizing *o)
{
	return o->trial.verdict == LOPT_VERDICT_PROVED && is_small_enough(o);
}

/* What is proved is held on to: whatever is tried after it, nothing less comes out. */

static bool holds(const struct lopt_optimizing *o, size_t edit)
{
	return o->held.edits && o->held.edits[edit];
}

/* Smaller, or all of that and more: another order saves no bytes. */
static bool is_better(const struct lopt_optimizing *o)
{
	bool more = true;
	for (size_t i = 0; i < o->plan->count; i++)
		more &= !holds(o, i) || lopt_edit_applies(&o->plan->edits[i]);
	return more || size_of(&o->trial.subject) < size_of(&o->held.trial.subject);
}

/* The trial holds: its image is kept in place of the one before. */
static enum lopt_status hold(struct lopt_optimizing *o, struct lopt_error *err)
{
	bool *edits = calloc(o->plan->count + 1, sizeof *edits);
	if (!edits)
		return lopt_error_memory(err);
	for (size_t i = 0; i < o->plan->count; i++)
		edits[i] = lopt_edit_applies(&o->plan->edits[i]);
	struct lopt_held before = o->held;
	o->held = (struct lopt_held){ o->trial, edits };
	o->trial = before.trial;
	o->has_trial = before.edits != NULL;
	free(before.edits);
	discard_trial(o);
	return LOPT_OK;
}

/* Build what is applied now; *good when that is proved. */
static enum lopt_status try_applied(struct lopt_optimizing *o, bool *good, struct lopt_error *err)
{
	LOPT_TRY(try_draft(o, err));
	*good = is_proved(o);
	return *good && is_better(o) ? hold(o, err) : LOPT_OK;
}

/* Edits that are applied and not held. */
static size_t count_new(const struct lopt_optimizing *o)
{
	size_t count = 0;
	for (size_t i = 0; i < o->plan->count; i++)
		count += lopt_edit_applies(&o->plan->edits[i]) && !holds(o, i);
	return count;
}

/* Nothing points at one of them: the least trusted half is put aside until what is left holds. */
struct search {
	size_t *order; /* applied edits, most trusted first */
	size_t count;
};

static void release_search(struct search *search)
{
	free(search->order);
}

static enum lopt_status list_applied(struct search *search, const struct lopt_plan *plan, struct lopt_error *err)
{
	search->order = calloc(plan->count + 1, sizeof *search->order);
	if (!search->order)
		return lopt_error_memory(err);
	for (size_t i = 0; i < plan->count; i++) {
		if (!lopt_edit_applies(&plan->edits[i]))
			continue;
		size_t at = search->count++;
		for (; at > 0 && lopt_edit_compare_trust(&plan->edits[search->order[at - 1]], &plan->edits[i]) > 0;
		     at--)
			search->order[at] = search->order[at - 1];
		search->order[at] = i;
	}
	return LOPT_OK;
}

static void choose_first(struct lopt_plan *plan, const struct search *search, size_t count)
{
	for (size_t i = 0; i < search->count; i++)
		plan->edits[search->order[i]].state = i < count ? LOPT_EDIT_CHOSEN : LOPT_EDIT_SPARE;
}

/* How many at the beginning of the list are known to hold together. */
static size_t count_held(const struct lopt_optimizing *o, const struct search *search)
{
	size_t count = 0, held = 0;
	for (size_t i = 0; i < o->plan->count; i++)
		held += holds(o, i);
	while (count < search->count && holds(o, search->order[count]))
		count++;
	return count == held && count < search->count ? count : 0;
}

/*
 * The shortest beginning of the list that fails ends in a guilty edit, given that the empty one holds and the whole list
 * fails. Found by halving; nobody is guilty when there are not enough builds.
 */
static enum lopt_status find_guilty(struct lopt_optimizing *o, struct lopt_error *err)
{
	LOPT_CLEANUP(release_search) struct search search = { 0 };
	LOPT_TRY(list_applied(&search, o->plan, err));
	size_t good = count_held(o, &search), bad = search.count;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf reason = LOPT_BUF_INIT(65536);
	lopt_blame_reason(&reason, &o->trial);
	while (bad - good > 1 && o->builds < o->builds_max) {
		size_t middle = good + (bad - good) / 2;
		bool proved;
		choose_first(o->plan, &search, middle);
		LOPT_TRY(try_applied(o, &proved, err));
		if (proved) {
			good = middle;
			continue;
		}
		bad = middle;
		lopt_blame_reason(&reason, &o->trial);
	}
	choose_first(o->plan, &search, search.count);
	if (bad - good > 1)
		return LOPT_OK;
	return lopt_blame_one(o->plan, search.order[bad - 1], &reason, err);
}

/* All that is not held, for what the trial showed. */
static enum lopt_status drop_rest(struct lopt_optimizing *o, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf reason = LOPT_BUF_INIT(65536);
	lopt_blame_reason(&reason, &o->trial);
	for (size_t i = 0; i < o->plan->count; i++)
		if (lopt_edit_applies(&o->plan->edits[i]) && !holds(o, i))
			LOPT_TRY(lopt_blame_one(o->plan, i, &reason, err));
	return LOPT_OK;
}

/* Those that are held are above suspicion. */
static void trust_held(struct lopt_optimizing *o)
{
	for (size_t i = 0; i < o->plan->count; i++)
		if (holds(o, i) && lopt_edit_applies(&o->plan->edits[i]))
			o->plan->edits[i].state = LOPT_EDIT_PROVED;
}

static enum lopt_status learn(struct lopt_optimizing *o, struct lopt_error *err)
{
	size_t dropped;
	if (o->trial.verdict == LOPT_VERDICT_PROVED) /* it saves nothing */
		return drop_rest(o, err);
	trust_held(o);
	LOPT_TRY(lopt_blame(&dropped, o->plan, o->input, &o->trial, lopt_buf_view(&o->text), err));
	if (dropped)
		return LOPT_OK;
	return count_new(o) > 1 ? find_guilty(o, err) : drop_rest(o, err);
}

/* Another plan. */

static bool is_obsolete(const struct lopt_optimizing *o)
{
	return lopt_plan_obsolete(o->plan) && !o->earlier.edits && o->builds < o->builds_max;
}

/* What is proved of this one is kept for the case that nothing better comes of the next. */
static enum lopt_status plan_again(struct lopt_optimizing *o, struct lopt_error *err)
{
	struct lopt_plan again;
	LOPT_TRY(lopt_plan_again(&again, o->plan, o->input, err));
	o->earlier = *o->plan;
	o->earlier_held = o->held;
	*o->plan = again;
	o->held = (struct lopt_held){ 0 };
	return o->has_target ? lopt_plan_aim(o->plan, o->input->analysis->totals.content_bytes, o->target, err)
			     : LOPT_OK;
}

static void return_to_earlier(struct lopt_optimizing *o)
{
	bool wins = !o->held.edits || size_of(&o->earlier_held.trial.subject) < size_of(&o->held.trial.subject);
	if (!o->earlier_held.edits || !wins)
		return;
	release_held(&o->held);
	lopt_plan_release(o->plan);
	*o->plan = o->earlier;
	o->held = o->earlier_held;
	o->earlier = (struct lopt_plan){ 0 };
	o->earlier_held = (struct lopt_held){ 0 };
}

/* Targets. */

/* In place of edits that were dropped come others that were not needed with them. */
static enum lopt_status make_up(struct lopt_optimizing *o, struct lopt_error *err)
{
	uint64_t size = o->input->analysis->totals.content_bytes;
	while (o->has_target) {
		struct lopt_edit *spare = lopt_plan_next_spare(o->plan);
		LOPT_TRY(lopt_plan_predict(o->plan, &o->predicted_bytes, err));
		if (!spare || (o->predicted_bytes <= size && size - o->predicted_bytes <= o->target))
			break;
		spare->state = LOPT_EDIT_CHOSEN;
	}
	return LOPT_OK;
}

/* The measured size misses the target that was predicted: more edits, if there are any. */
static bool take_more(struct lopt_optimizing *o)
{
	struct lopt_edit *spare = lopt_plan_next_spare(o->plan);
	if (!o->has_target || size_of(&o->held.trial.subject) <= o->target || !spare)
		return false;
	spare->state = LOPT_EDIT_CHOSEN;
	return true;
}

/* What is held is proved, and nothing else is. */
static enum lopt_status settle(struct lopt_optimizing *o, struct lopt_error *err)
{
	return_to_earlier(o);
	const char *why = o->builds >= o->builds_max ? "not proved in as many builds as --builds allows"
						     : "it saves less than what is proved without it";
	for (size_t i = 0; i < o->plan->count; i++) {
		struct lopt_edit *edit = &o->plan->edits[i];
		if (holds(o, i)) {
			edit->state = LOPT_EDIT_PROVED;
			edit->why = lopt_str_make("", 0);
		} else if (lopt_edit_applies(edit)) {
			edit->state = LOPT_EDIT_DROPPED;
			edit->why = lopt_str_from(why);
		}
	}
	if (o->held.edits) {
		discard_trial(o);
		o->trial = o->held.trial;
		o->has_trial = true;
		free(LOPT_MOVE(o->held.edits));
		LOPT_TRY(lopt_credit(o->plan, o->original->subject.image, o->trial.subject.image, err));
	}
	return draft(o, err);
}

enum lopt_status lopt_optimize_prove(struct lopt_optimizing *o, struct lopt_error *err)
{
	for (;;) {
		bool proved;
		LOPT_TRY(make_up(o, err));
		if (o->held.edits && count_new(o) == 0 && !take_more(o))
			break;
		if (count_applied(o->plan) == 0 || o->builds >= o->builds_max)
			break;
		LOPT_TRY(try_applied(o, &proved, err));
		if (!proved)
			LOPT_TRY(learn(o, err));
		if (is_obsolete(o))
			LOPT_TRY(plan_again(o, err));
		else if (proved && count_new(o)) /* it holds, but what is held already is smaller */
			break;
	}
	return settle(o, err);
}
