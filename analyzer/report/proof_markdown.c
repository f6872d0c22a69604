/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "base/diff.h"
#include "base/escape.h"
#include "base/size.h"
#include "report/printer.h"
#include "report/proof.h"
#include "report/view.h"

/* See markdown.c: GitHub takes 65,536 characters. */
enum { MARK_EDITS = 30000, MARK_DIFFERENCES = 44000, MARK_DIFF = 62000 };

struct writer {
	struct lopt_buf out;
	struct lopt_buf row;
	struct lopt_buf text;
	const struct lopt_outcome *outcome;
	const struct lopt_report_options *options;
};

/* A cell of text of the image or the Dockerfile. */
static void put_code(struct writer *w, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->out.failed |= w->text.failed;
	lopt_buf_char(&w->row, ' ');
	lopt_escape_markdown(&w->row, lopt_buf_view(&w->text));
	lopt_buf_text(&w->row, " |");
}

static void put_size(struct writer *w, uint64_t bytes)
{
	lopt_buf_char(&w->row, ' ');
	lopt_size_format(&w->row, bytes);
	lopt_buf_text(&w->row, " |");
}

static bool take_row(struct writer *w, size_t mark)
{
	w->out.failed |= w->row.failed;
	bool fits = w->options->top == 0 || w->out.len + w->row.len < mark;
	if (fits) {
		lopt_buf_str(&w->out, lopt_buf_view(&w->row));
		lopt_buf_char(&w->out, '\n');
	}
	lopt_buf_clear(&w->row);
	return fits;
}

static void write_sizes(struct writer *w, const char *name, uint64_t before, uint64_t after)
{
	lopt_buf_printf(&w->row, "| %s |", name);
	put_size(w, before);
	put_size(w, after);
	if (after == before) {
		lopt_buf_text(&w->row, " the same |");
		(void)take_row(w, SIZE_MAX);
		return;
	}
	lopt_buf_text(&w->row, after > before ? " +" : " -");
	uint64_t change = after > before ? after - before : before - after;
	lopt_size_format(&w->row, change);
	lopt_buf_text(&w->row, " (");
	lopt_percent_format(&w->row, change, before);
	lopt_buf_text(&w->row, ") |");
	(void)take_row(w, SIZE_MAX);
}

static void write_seconds(struct writer *w, const char *name, double before, double after)
{
	if (before < 0 || after < 0)
		return;
	lopt_buf_printf(&w->row, "| %s | %.2f s | %.2f s | |", name, before, after);
	(void)take_row(w, SIZE_MAX);
}

static void write_figures(struct writer *w)
{
	const struct lopt_analysis *a = w->outcome->analysis;
	const struct lopt_trial *trial = w->outcome->trial;
	const struct lopt_analysis *b = trial ? trial->subject.analysis : NULL;
	if (!a || (trial && !b))
		return;
	lopt_buf_printf(&w->out, "\n| | original | %s | change |\n| --- | ---: | ---: | ---: |\n",
			b ? "candidate" : "predicted");
	write_sizes(w, "image size", a->totals.content_bytes, lopt_outcome_size_after(w->outcome));
	if (!b)
		return;
	write_sizes(w, "a container sees", a->totals.visible_bytes, b->totals.visible_bytes);
	write_sizes(w, "wasted", a->totals.wasted_bytes, b->totals.wasted_bytes);
	lopt_buf_printf(&w->row, "| layers | %llu | %llu | |", (unsigned long long)a->totals.layers,
			(unsigned long long)b->totals.layers);
	(void)take_row(w, SIZE_MAX);
	if (!w->outcome->original)
		return;
	write_seconds(w, "build", w->outcome->original->subject.built.seconds, trial->subject.built.seconds);
	write_seconds(w, "container start", w->outcome->original->subject.start_seconds, trial->subject.start_seconds);
}

static void write_edit(struct writer *w, const struct lopt_edit *edit)
{
	lopt_buf_printf(&w->row, "| %s | %u |", edit->rule, (unsigned)edit->line);
	put_size(w, edit->predicted_bytes);
	if (edit->state == LOPT_EDIT_PROVED)
		put_size(w, edit->proved_bytes);
	else
		lopt_buf_text(&w->row, " |");
	lopt_buf_printf(&w->row, " %s", lopt_edit_state_words(edit->state));
	if (edit->state == LOPT_EDIT_NEEDS_LEVEL)
		lopt_buf_printf(&w->row, " %s", lopt_level_name(edit->level));
	lopt_buf_text(&w->row, " |");
	put_code(w, edit->evidence);
	put_code(w, edit->why.len ? edit->why : edit->change);
}

static void write_edits(struct writer *w)
{
	const struct lopt_plan *plan = w->outcome->plan;
	if (!plan || !plan->count)
		return;
	lopt_buf_text(&w->out, "\n### Edits\n\n| rule | line | predicted | proved | state | evidence | edit |\n"
			       "| --- | ---: | ---: | ---: | --- | --- | --- |\n");
	for (size_t i = 0; i < plan->count; i++) {
		write_edit(w, &plan->edits[i]);
		if (!take_row(w, MARK_EDITS)) {
			lopt_buf_printf(&w->out, "\n%zu more\n", plan->count - i);
			return;
		}
	}
}

static void write_rows(struct writer *w, const struct lopt_comparison *comparison)
{
	for (size_t i = 0; i < comparison->config_count; i++) {
		lopt_buf_text(&w->row, "| configuration |");
		put_code(w, comparison->config[i].member);
		(void)take_row(w, MARK_DIFFERENCES);
	}
	for (size_t i = 0; i < comparison->count; i++) {
		const struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason != LOPT_REASON_NONE)
			continue;
		lopt_buf_text(&w->row, "| ");
		lopt_aspects_format(&w->row, difference->aspects);
		lopt_buf_text(&w->row, " |");
		put_code(w, difference->path);
		if (!take_row(w, MARK_DIFFERENCES))
			return;
	}
}

static void write_comparison(struct writer *w)
{
	const struct lopt_trial *trial = w->outcome->trial;
	if (!trial || !trial->has_comparison)
		return;
	const struct lopt_comparison *comparison = &trial->comparison;
	lopt_buf_text(&w->out, "\n### Compared\n\n");
	lopt_count_format(&w->out, comparison->paths);
	lopt_buf_text(&w->out, " paths; differences:");
	for (int reason = LOPT_REASON_ALLOWED; reason >= 0; reason--) {
		lopt_buf_text(&w->out, reason == LOPT_REASON_ALLOWED ? " " : ", ");
		lopt_count_format(&w->out, lopt_comparison_count(comparison, (enum lopt_reason)reason));
		lopt_buf_printf(&w->out, " %s", lopt_reason_name((enum lopt_reason)reason));
	}
	lopt_buf_text(&w->out, ".\n");
	if (lopt_comparison_count(comparison, LOPT_REASON_NONE) == 0)
		return;
	lopt_buf_text(&w->out, "\n| differs | path |\n| --- | --- |\n");
	write_rows(w, comparison);
}

static void write_replay(struct writer *w)
{
	static const char *const names[2] = { "original", "candidate" };
	const struct lopt_replay *replay = w->outcome->replay;
	if (!replay || !replay->commits)
		return;
	bool made_up = replay->touches.count > 0;
	lopt_buf_printf(&w->out,
			"\n### %zu %s replayed\n\n| | steps | cached | seconds a %s |\n| --- | ---: | ---: | ---: |\n",
			replay->commits, made_up ? "made-up changes" : "commits", made_up ? "change" : "commit");
	for (size_t i = 0; i < 2; i++) {
		const struct lopt_replay_side *side = &replay->sides[i];
		lopt_buf_printf(&w->row, "| %s | %llu | ", names[i], (unsigned long long)side->steps);
		lopt_percent_format(&w->row, side->cached, side->steps);
		lopt_buf_printf(&w->row, " | %.2f |", side->seconds / (double)replay->commits);
		(void)take_row(w, SIZE_MAX);
	}
}

/* The fence is longer than any run of backticks in the text. */
static void write_diff(struct writer *w)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf diff = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf shown = LOPT_BUF_INIT(SIZE_MAX / 2);
	const struct lopt_outcome *outcome = w->outcome;
	if (!outcome->plan || lopt_str_equal(outcome->before, outcome->after))
		return;
	lopt_diff_write(&diff, outcome->original_name, outcome->candidate_name, outcome->before, outcome->after);
	lopt_lines_show(&shown, lopt_buf_view(&diff), w->options);
	w->out.failed |= diff.failed || shown.failed;
	if (w->options->top && w->out.len + shown.len > MARK_DIFF) {
		lopt_buf_text(&w->out, "\nThe diff is too long to be shown here.\n");
		return;
	}
	size_t run = 0, longest = 2;
	for (size_t i = 0; i < shown.len; i++) {
		run = shown.data[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	lopt_buf_text(&w->out, "\n### Dockerfile\n\n");
	for (size_t i = 0; i <= longest; i++)
		lopt_buf_char(&w->out, '`');
	lopt_buf_text(&w->out, "diff\n");
	lopt_buf_str(&w->out, lopt_buf_view(&shown));
	for (size_t i = 0; i <= longest; i++)
		lopt_buf_char(&w->out, '`');
	lopt_buf_char(&w->out, '\n');
}

enum lopt_status lopt_proof_markdown(FILE *to, const struct lopt_outcome *outcome,
				     const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .out = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .row = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .text = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .outcome = outcome,
			    .options = options };
	lopt_buf_printf(&w.out, "## layeropt %s\n\n**", outcome->command);
	lopt_verdict_format(&w.out, outcome);
	lopt_buf_text(&w.out, "**\n");
	if (outcome->has_target) {
		lopt_buf_text(&w.out, "\nTarget ");
		lopt_target_format(&w.out, outcome);
		lopt_buf_text(&w.out, outcome->trial ? ".\n" : " (as predicted).\n");
	}
	write_figures(&w);
	write_edits(&w);
	write_comparison(&w);
	write_replay(&w);
	write_diff(&w);
	bool failed = w.out.failed;
	if (!failed && w.out.len)
		(void)fwrite(w.out.data, 1, w.out.len, to);
	lopt_buf_release(&w.out);
	lopt_buf_release(&w.row);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
