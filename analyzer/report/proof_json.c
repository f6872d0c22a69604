/* SPDX-License-Identifier: MIT */
#include "report/json_writer.h"
#include "report/proof.h"
#include "report/view.h"

struct writer {
	struct lopt_json j;
	struct lopt_buf text;
	const struct lopt_outcome *outcome;
	const struct lopt_report_options *options;
};

static void put_shown(struct writer *w, const char *key, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->j.text.failed |= w->text.failed;
	lopt_json_member_known(&w->j, key, lopt_buf_view(&w->text));
}

static void put_seconds(struct writer *w, const char *key, double seconds)
{
	lopt_json_key(&w->j, key);
	lopt_json_ratio(&w->j, seconds); /* negative: not measured, null */
}

static void write_image(struct writer *w, const char *key, const struct lopt_subject *subject)
{
	lopt_json_key(&w->j, key);
	if (!subject->analysis) {
		lopt_json_null(&w->j);
		return;
	}
	const struct lopt_totals *totals = &subject->analysis->totals;
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "content_bytes", totals->content_bytes);
	lopt_json_member_count(&w->j, "layer_bytes", totals->layer_bytes);
	lopt_json_member_count(&w->j, "visible_bytes", totals->visible_bytes);
	lopt_json_member_count(&w->j, "wasted_bytes", totals->wasted_bytes);
	lopt_json_member_count(&w->j, "layers", totals->layers);
	lopt_json_member_count(&w->j, "paths", totals->paths);
	put_seconds(w, "build_seconds", subject->built.seconds);
	put_seconds(w, "start_seconds", subject->start_seconds);
	lopt_json_close(&w->j, '}');
}

static void write_edit(struct writer *w, const struct lopt_edit *edit)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "rule", edit->rule);
	lopt_json_member_text(&w->j, "level", lopt_level_name(edit->level));
	lopt_json_key(&w->j, "needs_test");
	lopt_json_bool(&w->j, edit->needs_test);
	lopt_json_member_count(&w->j, "line", edit->line);
	lopt_json_member_text(&w->j, "state", lopt_edit_state_words(edit->state));
	put_shown(w, "why", edit->why);
	put_shown(w, "evidence", edit->evidence);
	put_shown(w, "change", edit->change);
	lopt_json_member_count(&w->j, "predicted_bytes", edit->predicted_bytes);
	lopt_json_key(&w->j, "proved_bytes");
	if (edit->state == LOPT_EDIT_PROVED)
		lopt_json_count(&w->j, edit->proved_bytes);
	else
		lopt_json_null(&w->j);
	lopt_json_member_count(&w->j, "predicted_paths", edit->effect_count);
	if (edit->seconds_before > edit->seconds_after) {
		put_seconds(w, "rebuild_seconds_before", edit->seconds_before);
		put_seconds(w, "rebuild_seconds_after", edit->seconds_after);
	}
	lopt_json_close(&w->j, '}');
}

static void write_edits(struct writer *w)
{
	const struct lopt_plan *plan = w->outcome->plan;
	if (!plan)
		return;
	lopt_json_member_count(&w->j, "predicted_bytes", w->outcome->predicted_bytes);
	lopt_json_member_count(&w->j, "proved_bytes", lopt_outcome_proved_bytes(w->outcome));
	lopt_json_member_count(&w->j, "base_bytes", plan->base_bytes);
	lopt_json_key(&w->j, "edits");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < plan->count; i++)
		write_edit(w, &plan->edits[i]);
	lopt_json_close(&w->j, ']');
}

static void write_difference(struct writer *w, const struct lopt_difference *difference)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "path", difference->path);
	lopt_json_key(&w->j, "aspects");
	lopt_json_open(&w->j, '[');
	for (size_t bit = 0; lopt_aspect_name(bit); bit++)
		if (difference->aspects & (1u << bit))
			lopt_json_text(&w->j, lopt_aspect_name(bit));
	lopt_json_close(&w->j, ']');
	lopt_json_member_text(&w->j, "reason", lopt_reason_name(difference->reason));
	lopt_json_member_count(&w->j, "size_before", difference->before.size);
	lopt_json_member_count(&w->j, "size_after", difference->after.size);
	lopt_json_close(&w->j, '}');
}

static void put_config(struct writer *w, const char *key, const struct lopt_config_difference *difference,
		       struct lopt_str value)
{
	lopt_buf_clear(&w->text);
	lopt_config_show(&w->text, difference->member, value, w->options);
	w->j.text.failed |= w->text.failed;
	lopt_json_member_known(&w->j, key, lopt_buf_view(&w->text));
}

static void write_config(struct writer *w, const struct lopt_config_difference *difference)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "member", difference->member);
	lopt_json_member_text(&w->j, "reason", lopt_reason_name(difference->reason));
	put_config(w, "before", difference, difference->before);
	put_config(w, "after", difference, difference->after);
	lopt_json_close(&w->j, '}');
}

/* Unexplained ones first, as far as --top goes. */
static void write_list(struct writer *w, const struct lopt_comparison *comparison)
{
	size_t left = w->options->top ? w->options->top : SIZE_MAX;
	lopt_json_key(&w->j, "list");
	lopt_json_open(&w->j, '[');
	for (int reason = LOPT_REASON_NONE; reason <= LOPT_REASON_ALLOWED; reason++)
		for (size_t i = 0; i < comparison->count && left; i++)
			if ((int)comparison->differences[i].reason == reason) {
				write_difference(w, &comparison->differences[i]);
				left--;
			}
	lopt_json_close(&w->j, ']');
}

static void write_comparison(struct writer *w, const struct lopt_trial *trial)
{
	lopt_json_key(&w->j, "differences");
	if (!trial || !trial->has_comparison) {
		lopt_json_null(&w->j);
		return;
	}
	const struct lopt_comparison *comparison = &trial->comparison;
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "paths", comparison->paths);
	lopt_json_member_count(&w->j, "times_only", comparison->times);
	for (int reason = LOPT_REASON_NONE; reason <= LOPT_REASON_ALLOWED; reason++)
		lopt_json_member_count(&w->j, lopt_reason_name((enum lopt_reason)reason),
				       lopt_comparison_count(comparison, (enum lopt_reason)reason));
	lopt_json_key(&w->j, "config");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < comparison->config_count; i++)
		write_config(w, &comparison->config[i]);
	lopt_json_close(&w->j, ']');
	write_list(w, comparison);
	lopt_json_close(&w->j, '}');
}

static void write_series(struct writer *w, const char *key, const double *values, size_t count)
{
	lopt_json_key(&w->j, key);
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < count; i++)
		lopt_json_ratio(&w->j, values[i]);
	lopt_json_close(&w->j, ']');
}

/* Changes that were made up, oldest first. */
static void write_touched(struct writer *w, const struct lopt_replay *replay)
{
	const struct lopt_touches *touches = &replay->touches;
	if (!touches->count || !replay->commits)
		return;
	lopt_json_key(&w->j, "touched");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < touches->count; i++)
		lopt_json_string(&w->j, touches->files[touches->order[i]]);
	lopt_json_close(&w->j, ']');
}

static void write_replay(struct writer *w)
{
	static const char *const names[2] = { "original", "candidate" };
	const struct lopt_replay *replay = w->outcome->replay;
	if (!replay)
		return;
	lopt_json_key(&w->j, "replay");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "commits", replay->commits);
	lopt_json_member_known(&w->j, "reason", lopt_buf_view(&replay->reason));
	write_touched(w, replay);
	for (size_t i = 0; i < 2 && replay->commits; i++) {
		const struct lopt_replay_side *side = &replay->sides[i];
		lopt_json_key(&w->j, names[i]);
		lopt_json_open(&w->j, '{');
		lopt_json_member_count(&w->j, "steps", side->steps);
		lopt_json_member_count(&w->j, "cached", side->cached);
		put_seconds(w, "seconds", side->seconds);
		write_series(w, "measured", side->measured, replay->commits);
		write_series(w, "expected", side->expected, replay->commits);
		lopt_json_key(&w->j, "spearman");
		lopt_json_ratio(&w->j, side->correlation);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, '}');
}

static void write_verdict(struct writer *w)
{
	const struct lopt_outcome *outcome = w->outcome;
	lopt_json_member_text(&w->j, "verdict",
			      outcome->trial ? lopt_verdict_words(outcome->trial->verdict) : "not proved");
	lopt_json_key(&w->j, "equivalence");
	if (outcome->trial && outcome->trial->equivalence) {
		char text[16];
		(void)snprintf(text, sizeof text, "E%u", outcome->trial->equivalence);
		lopt_json_text(&w->j, text);
	} else {
		lopt_json_null(&w->j);
	}
	lopt_json_key(&w->j, "target_bytes");
	if (outcome->has_target)
		lopt_json_count(&w->j, outcome->target);
	else
		lopt_json_null(&w->j);
	lopt_json_key(&w->j, "target_reached");
	if (outcome->has_target)
		lopt_json_bool(&w->j, lopt_outcome_size_after(outcome) <= outcome->target);
	else
		lopt_json_null(&w->j);
	lopt_json_member_count(&w->j, "tests", outcome->options->test_count);
}

enum lopt_status lopt_proof_json(FILE *to, const struct lopt_outcome *outcome,
				 const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .outcome = outcome, .options = options };
	const struct lopt_subject nothing = { 0 };
	lopt_json_init(&w.j, to, 3);
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "schema", "layeropt/proof/1.0");
	lopt_json_key(&w.j, "tool");
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "name", "layeropt");
	lopt_json_member_text(&w.j, "version", LOPT_VERSION);
	lopt_json_close(&w.j, '}');
	lopt_json_member_text(&w.j, "command", outcome->command);
	lopt_json_member_string(&w.j, "dockerfile", lopt_str_from(outcome->original_name));
	lopt_json_member_known(&w.j, "optimized", lopt_str_from(outcome->candidate_name));
	lopt_json_member_known(&w.j, "builder", lopt_str_from(outcome->builder ? outcome->builder->name : NULL));
	write_verdict(&w);
	lopt_json_member_count(&w.j, "size_before", lopt_outcome_size_before(outcome));
	lopt_json_member_count(&w.j, "size_after", lopt_outcome_size_after(outcome));
	write_image(&w, "original", outcome->original ? &outcome->original->subject : &nothing);
	write_image(&w, "candidate", outcome->trial ? &outcome->trial->subject : &nothing);
	write_edits(&w);
	write_comparison(&w, outcome->trial);
	write_replay(&w);
	lopt_json_close(&w.j, '}');
	lopt_json_newline(&w.j);
	lopt_buf_release(&w.text);
	return lopt_json_finish(&w.j, err);
}
