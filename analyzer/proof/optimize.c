/* SPDX-License-Identifier: MIT */
#include "proof/optimize.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "proof/blame.h"

void lopt_optimizing_release(struct lopt_optimizing *optimizing)
{
	if (optimizing->has_trial)
		lopt_trial_release(&optimizing->trial);
	lopt_buf_release(&optimizing->text);
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
	LOPT_TRY(lopt_plan_print(o->plan, o->input, &o->text, err));
	return lopt_plan_predict(o->plan, &o->predicted_bytes, err);
}

static enum lopt_status try_draft(struct lopt_optimizing *o, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_effect *effects = NULL;
	size_t count;
	LOPT_TRY(draft(o, err));
	LOPT_TRY(lopt_plan_effects(o->plan, &effects, &count, err));
	if (o->has_trial) {
		lopt_workshop_discard(o->options->workshop, &o->trial.subject.built);
		lopt_trial_release(&o->trial);
	}
	o->has_trial = true;
	o->builds++;
	return lopt_trial_make(&o->trial, o->options, o->original, lopt_buf_view(&o->text), "the candidate", effects,
			       count, err);
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

/* The edits in the order in which they are trusted: safe ones first, and of two that are as safe the larger. */
static int compare_trust(const struct lopt_edit *a, const struct lopt_edit *b)
{
	if (a->needs_test != b->needs_test)
		return a->needs_test ? 1 : -1;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return (a->predicted_bytes < b->predicted_bytes) - (a->predicted_bytes > b->predicted_bytes);
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
		for (; at > 0 && compare_trust(&plan->edits[search->order[at - 1]], &plan->edits[i]) > 0; at--)
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

/*
 * The shortest beginning of the list that fails ends in a guilty edit, given that the empty one holds and the whole list
 * fails. Found by halving.
 */
static enum lopt_status find_guilty(struct lopt_optimizing *o, struct lopt_error *err)
{
	LOPT_CLEANUP(release_search) struct search search = { 0 };
	LOPT_TRY(list_applied(&search, o->plan, err));
	size_t good = 0, bad = search.count;
	enum lopt_verdict verdict = o->trial.verdict;
	while (bad - good > 1 && o->builds < o->builds_max) {
		size_t middle = good + (bad - good) / 2;
		choose_first(o->plan, &search, middle);
		LOPT_TRY(try_draft(o, err));
		if (is_proved(o)) {
			good = middle;
		} else {
			bad = middle;
			verdict = o->trial.verdict;
		}
	}
	choose_first(o->plan, &search, search.count);
	enum lopt_verdict last = o->trial.verdict;
	o->trial.verdict = verdict;
	enum lopt_status status = lopt_blame_one(o->plan, search.order[bad - 1], &o->trial, err);
	o->trial.verdict = last;
	return status;
}

static enum lopt_status drop_all(struct lopt_optimizing *o, struct lopt_error *err)
{
	for (size_t i = 0; i < o->plan->count; i++)
		if (lopt_edit_applies(&o->plan->edits[i]))
			LOPT_TRY(lopt_blame_one(o->plan, i, &o->trial, err));
	return LOPT_OK;
}

static enum lopt_status learn(struct lopt_optimizing *o, struct lopt_error *err)
{
	size_t dropped;
	if (o->trial.verdict == LOPT_VERDICT_PROVED || o->builds >= o->builds_max)
		return drop_all(o, err);
	LOPT_TRY(lopt_blame(&dropped, o->plan, o->input, &o->trial, lopt_buf_view(&o->text), err));
	if (dropped)
		return LOPT_OK;
	return count_applied(o->plan) > 1 ? find_guilty(o, err) : drop_all(o, err);
}

static enum lopt_status accept(struct lopt_optimizing *o, struct lopt_error *err)
{
	for (size_t i = 0; i < o->plan->count; i++)
		if (o->plan->edits[i].state == LOPT_EDIT_CHOSEN)
			o->plan->edits[i].state = LOPT_EDIT_PROVED;
	return lopt_credit(o->plan, o->original->subject.image, o->trial.subject.image, err);
}

/* The measured size misses the target that was predicted: more edits, if there are any. */
static bool take_more(struct lopt_optimizing *o)
{
	struct lopt_edit *best = NULL;
	if (!o->has_target || size_of(&o->trial.subject) <= o->target || o->builds >= o->builds_max)
		return false;
	for (size_t i = 0; i < o->plan->count; i++) {
		struct lopt_edit *edit = &o->plan->edits[i];
		if (edit->state == LOPT_EDIT_SPARE && (!best || compare_trust(edit, best) < 0))
			best = edit;
	}
	if (best)
		best->state = LOPT_EDIT_CHOSEN;
	return best != NULL;
}

enum lopt_status lopt_optimize_prove(struct lopt_optimizing *o, struct lopt_error *err)
{
	while (count_applied(o->plan)) {
		LOPT_TRY(try_draft(o, err));
		if (!is_proved(o)) {
			LOPT_TRY(learn(o, err));
			continue;
		}
		LOPT_TRY(accept(o, err));
		if (!take_more(o))
			return LOPT_OK;
	}
	return draft(o, err);
}
