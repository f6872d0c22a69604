/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/diff.h"
#include "report/printer.h"
#include "report/proof.h"
#include "report/view.h"

enum { COLUMNS = 80, COLUMNS_MIN = 60, AFTER = 36, BEFORE = 20, CHANGE = 52, LOG_LINES = 12 };

struct writer {
	struct lopt_printer p;
	struct lopt_buf text;
	const struct lopt_outcome *outcome;
	const struct lopt_report_options *options;
};

static struct lopt_str view(struct writer *w)
{
	w->p.cell.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

/* The verdict, first. */

static void write_verdict(struct writer *w)
{
	bool good = lopt_outcome_good(w->outcome) &&
		    (w->outcome->trial || (w->outcome->unchanged && !w->outcome->builds));
	lopt_printer_style(&w->p, good ? LOPT_STYLE_GOOD : LOPT_STYLE_BAD);
	lopt_buf_clear(&w->text);
	lopt_verdict_format(&w->text, w->outcome);
	lopt_printer_wrapped(&w->p, view(w), 0);
	lopt_printer_plain(&w->p);
	if (!w->outcome->has_target)
		return;
	lopt_buf_clear(&w->text);
	lopt_buf_text(&w->text, "target ");
	lopt_target_format(&w->text, w->outcome);
	if (!w->outcome->trial)
		lopt_buf_text(&w->text, " (as predicted)");
	lopt_printer_wrapped(&w->p, view(w), 0);
}

/* Figures. */

static void put_change(struct writer *w, uint64_t before, uint64_t after)
{
	lopt_printer_to_column(&w->p, CHANGE);
	if (after == before) {
		lopt_printer_text(&w->p, "the same");
		lopt_printer_end(&w->p);
		return;
	}
	lopt_printer_text(&w->p, after > before ? "+" : "-");
	lopt_printer_size(&w->p, after > before ? after - before : before - after, 0);
	lopt_buf_clear(&w->text);
	lopt_percent_format(&w->text, after > before ? after - before : before - after, before);
	lopt_printer_printf(&w->p, " (%s)", w->text.data ? w->text.data : "");
	lopt_printer_end(&w->p);
}

static void write_size(struct writer *w, const char *name, uint64_t bytes)
{
	lopt_printer_printf(&w->p, "  %s", name);
	lopt_printer_to_column(&w->p, BEFORE);
	lopt_printer_size(&w->p, bytes, 0);
	lopt_printer_end(&w->p);
}

static void write_sizes(struct writer *w, const char *name, uint64_t before, uint64_t after)
{
	lopt_printer_printf(&w->p, "  %s", name);
	lopt_printer_to_column(&w->p, BEFORE);
	lopt_printer_size(&w->p, before, 0);
	lopt_printer_to_column(&w->p, AFTER);
	lopt_printer_size(&w->p, after, 0);
	put_change(w, before, after);
}

static void write_seconds(struct writer *w, const char *name, double before, double after)
{
	if (before < 0 || after < 0)
		return;
	lopt_printer_printf(&w->p, "  %s", name);
	lopt_printer_to_column(&w->p, BEFORE);
	lopt_printer_printf(&w->p, "%.2f s", before);
	lopt_printer_to_column(&w->p, AFTER);
	lopt_printer_printf(&w->p, "%.2f s", after);
	lopt_printer_end(&w->p);
}

static void write_counts(struct writer *w, const char *name, uint64_t before, uint64_t after)
{
	lopt_printer_printf(&w->p, "  %s", name);
	lopt_printer_to_column(&w->p, BEFORE);
	lopt_printer_count(&w->p, before, 0);
	lopt_printer_to_column(&w->p, AFTER);
	lopt_printer_count(&w->p, after, 0);
	lopt_printer_end(&w->p);
}

static void write_figures(struct writer *w)
{
	const struct lopt_analysis *a = w->outcome->analysis;
	const struct lopt_trial *trial = w->outcome->trial;
	const struct lopt_analysis *b = trial ? trial->subject.analysis : NULL;
	if (!a || (trial && !b))
		return;
	lopt_printer_end(&w->p);
	if (!trial && w->outcome->unchanged) {
		write_size(w, "image size", a->totals.content_bytes);
		write_size(w, "wasted", a->totals.wasted_bytes);
		return;
	}
	lopt_printer_to_column(&w->p, BEFORE);
	lopt_printer_text(&w->p, "original");
	lopt_printer_to_column(&w->p, AFTER);
	lopt_printer_text(&w->p, b ? "candidate" : "predicted");
	lopt_printer_end(&w->p);
	write_sizes(w, "image size", a->totals.content_bytes, lopt_outcome_size_after(w->outcome));
	if (!b)
		return;
	write_sizes(w, "a container sees", a->totals.visible_bytes, b->totals.visible_bytes);
	write_sizes(w, "wasted", a->totals.wasted_bytes, b->totals.wasted_bytes);
	write_counts(w, "layers", a->totals.layers, b->totals.layers);
	if (w->outcome->original)
		write_seconds(w, "build", w->outcome->original->subject.built.seconds, trial->subject.built.seconds);
	if (w->outcome->original)
		write_seconds(w, "container start", w->outcome->original->subject.start_seconds,
			      trial->subject.start_seconds);
}

/* Edits. */

static void write_edit(struct writer *w, const struct lopt_edit *edit)
{
	lopt_printer_printf(&w->p, "  %5u  ", (unsigned)edit->line);
	bool bytes = edit->seconds_before <= edit->seconds_after;
	if (bytes)
		lopt_printer_size(&w->p, edit->predicted_bytes, 10);
	else
		lopt_printer_right(&w->p, "-", 10);
	lopt_printer_text(&w->p, "  ");
	if (bytes && edit->state == LOPT_EDIT_PROVED)
		lopt_printer_size(&w->p, edit->proved_bytes, 10);
	else
		lopt_printer_right(&w->p, "-", 10);
	lopt_printer_printf(&w->p, "  %s: %s", edit->rule, lopt_edit_state_words(edit->state));
	if (edit->state == LOPT_EDIT_NEEDS_LEVEL)
		lopt_printer_printf(&w->p, " %s", lopt_level_name(edit->level));
	lopt_printer_end(&w->p);
	lopt_printer_to_column(&w->p, 9);
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, edit->evidence, w->options);
	lopt_printer_wrapped(&w->p, view(w), 9);
	lopt_printer_to_column(&w->p, 9);
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, edit->change, w->options);
	lopt_printer_wrapped(&w->p, view(w), 9);
	if (!edit->why.len)
		return;
	lopt_printer_to_column(&w->p, 9);
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, edit->why, w->options);
	lopt_printer_wrapped(&w->p, view(w), 9);
}

static void write_edits(struct writer *w)
{
	const struct lopt_plan *plan = w->outcome->plan;
	if (!plan)
		return;
	lopt_printer_heading(&w->p, "Edits");
	if (plan->count)
		lopt_printer_line(&w->p, "   line   predicted      proved  rule");
	else
		lopt_printer_line(&w->p, "  none");
	size_t most = w->options->top && w->options->top < plan->count ? w->options->top : plan->count;
	for (size_t i = 0; i < most; i++)
		write_edit(w, &plan->edits[i]);
	if (most < plan->count) {
		lopt_printer_printf(&w->p, "  %zu more", plan->count - most);
		lopt_printer_end(&w->p);
	}
	if (!plan->nothing.len)
		return;
	lopt_printer_text(&w->p, "  ");
	lopt_printer_wrapped(&w->p, plan->nothing, 2);
}

/* Differences. */

static void write_difference(struct writer *w, const struct lopt_difference *difference)
{
	lopt_printer_text(&w->p, "  ");
	lopt_printer_elided(&w->p, difference->path, w->p.columns - 34);
	lopt_printer_text(&w->p, "  ");
	lopt_buf_clear(&w->text);
	lopt_aspects_format(&w->text, difference->aspects);
	lopt_buf_text(&w->text, " ");
	lopt_difference_format(&w->text, difference);
	lopt_printer_cut(&w->p, view(w), lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void write_config(struct writer *w, const struct lopt_config_difference *difference)
{
	lopt_printer_text(&w->p, "  configuration: ");
	lopt_printer_raw(&w->p, difference->member);
	lopt_printer_text(&w->p, ": ");
	lopt_buf_clear(&w->text);
	lopt_config_show(&w->text, difference->member, difference->before, w->options);
	lopt_buf_text(&w->text, " -> ");
	lopt_config_show(&w->text, difference->member, difference->after, w->options);
	lopt_printer_cut(&w->p, view(w), lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void write_unexplained(struct writer *w, const struct lopt_comparison *comparison)
{
	size_t all = lopt_comparison_count(comparison, LOPT_REASON_NONE), shown = 0;
	size_t most = w->options->top ? w->options->top : SIZE_MAX;
	if (all == 0)
		return;
	lopt_printer_heading(&w->p, "Differences that nothing explains");
	for (size_t i = 0; i < comparison->config_count; i++)
		write_config(w, &comparison->config[i]);
	shown = comparison->config_count;
	for (size_t i = 0; i < comparison->count && shown < most; i++) {
		if (comparison->differences[i].reason != LOPT_REASON_NONE)
			continue;
		write_difference(w, &comparison->differences[i]);
		shown++;
	}
	if (shown < all)
		lopt_printer_printf(&w->p, "  %zu more", all - shown);
	lopt_printer_end(&w->p);
}

static void write_comparison(struct writer *w)
{
	const struct lopt_trial *trial = w->outcome->trial;
	if (!trial || !trial->has_comparison)
		return;
	const struct lopt_comparison *comparison = &trial->comparison;
	lopt_printer_heading(&w->p, "Compared");
	lopt_printer_text(&w->p, "  ");
	lopt_printer_count(&w->p, comparison->paths, 0);
	lopt_printer_line(&w->p, " paths; differences:");
	lopt_printer_text(&w->p, "  ");
	for (int reason = LOPT_REASON_ALLOWED; reason >= 0; reason--) {
		lopt_printer_text(&w->p, reason == LOPT_REASON_ALLOWED ? "" : ", ");
		lopt_printer_count(&w->p, lopt_comparison_count(comparison, (enum lopt_reason)reason), 0);
		lopt_printer_printf(&w->p, " %s", lopt_reason_name((enum lopt_reason)reason));
	}
	lopt_printer_end(&w->p);
	lopt_printer_text(&w->p, "  ");
	lopt_printer_count(&w->p, comparison->times, 0);
	lopt_printer_text(&w->p, " more differ in their time only");
	if (comparison->env_order)
		lopt_printer_text(&w->p, "; the variables come in another order");
	lopt_printer_end(&w->p);
	write_unexplained(w, comparison);
}

/* The end of what a builder or a test said. */
static void write_log(struct writer *w, const char *title, const struct lopt_buf *log)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf masked = LOPT_BUF_INIT(SIZE_MAX / 2);
	size_t at = log->len, lines = 0;
	if (!at)
		return;
	while (at > 0 && lines <= LOG_LINES)
		lines += log->data[--at] == '\n';
	if (lopt_workshop_mask(w->outcome->options->workshop, &masked, lopt_str_make(log->data + at, log->len - at)) !=
	    LOPT_OK)
		w->p.cell.failed = true;
	lopt_printer_heading(&w->p, title);
	for (struct lopt_str rest = lopt_buf_view(&masked); rest.len;) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
		lopt_printer_text(&w->p, "  ");
		lopt_buf_clear(&w->text);
		lopt_text_show(&w->text, lopt_str_make(rest.ptr, len), w->options);
		lopt_printer_raw(&w->p, view(w));
		lopt_printer_end(&w->p);
		size_t gone = end ? len + 1 : len;
		rest = lopt_str_make(rest.ptr + gone, rest.len - gone);
	}
}

/* What the cache saved. */
static void write_replay(struct writer *w)
{
	static const char *const names[2] = { "original", "candidate" };
	const struct lopt_replay *replay = w->outcome->replay;
	if (!replay)
		return;
	lopt_printer_heading(&w->p, "Replayed");
	if (!replay->commits) {
		lopt_printer_text(&w->p, "  nothing: ");
		lopt_printer_wrapped(&w->p, lopt_buf_view(&replay->reason), 2);
		return;
	}
	bool made_up = replay->touches.count > 0;
	lopt_printer_printf(&w->p, "  %zu %s", replay->commits, made_up ? "changes" : "commits");
	if (made_up)
		lopt_printer_printf(&w->p, " of %zu file%s, made up: there is no history", replay->touches.file_count,
				    replay->touches.file_count == 1 ? "" : "s");
	lopt_printer_end(&w->p);
	for (size_t i = 0; i < 2; i++) {
		const struct lopt_replay_side *side = &replay->sides[i];
		lopt_buf_clear(&w->text);
		lopt_percent_format(&w->text, side->cached, side->steps);
		lopt_printer_printf(&w->p, "  %-10s %s of %llu steps cached, %.1f s a %s", names[i],
				    w->text.data ? w->text.data : "", (unsigned long long)side->steps,
				    side->seconds / (double)replay->commits, made_up ? "change" : "commit");
		if (side->correlation >= -1)
			lopt_printer_printf(&w->p, "; as expected: %.2f", side->correlation);
		lopt_printer_end(&w->p);
	}
}

/* What lopt_lines_show() made: safe for a terminal as it is. */
static void write_lines(struct writer *w, struct lopt_str text)
{
	while (text.len) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		lopt_buf_str(&w->p.line, lopt_str_make(text.ptr, len));
		w->p.column += len;
		lopt_printer_end(&w->p);
		size_t gone = end ? len + 1 : len;
		text = lopt_str_make(text.ptr + gone, text.len - gone);
	}
}

static void write_diff(struct writer *w)
{
	const struct lopt_outcome *outcome = w->outcome;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf diff = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (!outcome->plan || outcome->unchanged)
		return;
	lopt_printer_heading(&w->p, "Dockerfile");
	lopt_diff_write(&diff, outcome->original_name, outcome->candidate_name, outcome->before, outcome->after);
	if (outcome->ignore_after.len)
		lopt_diff_write(&diff, ".dockerignore", ".dockerignore", outcome->ignore_before, outcome->ignore_after);
	w->p.cell.failed |= diff.failed;
	lopt_buf_clear(&w->text);
	lopt_lines_show(&w->text, lopt_buf_view(&diff), w->options);
	write_lines(w, view(w));
}

static void write_logs(struct writer *w)
{
	const struct lopt_trial *trial = w->outcome->trial;
	if (trial && trial->verdict == LOPT_VERDICT_NOT_BUILT)
		write_log(w, "The end of the builder's log", &trial->subject.built.log);
	if (trial && trial->verdict == LOPT_VERDICT_TEST_FAILED)
		write_log(w, "The end of what the test said", &trial->test_log);
}

enum lopt_status lopt_proof_text(FILE *to, const struct lopt_outcome *outcome,
				 const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .outcome = outcome, .options = options };
	size_t columns = options->columns ? options->columns : COLUMNS;
	lopt_printer_init(&w.p, to, columns < COLUMNS_MIN ? COLUMNS_MIN : columns, options->color, options->unicode);
	write_verdict(&w);
	write_figures(&w);
	write_edits(&w);
	write_comparison(&w);
	write_replay(&w);
	write_diff(&w);
	write_logs(&w);
	lopt_buf_release(&w.text);
	return lopt_printer_finish(&w.p, err);
}
