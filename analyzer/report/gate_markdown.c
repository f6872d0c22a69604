/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/size.h"
#include "report/formats.h"
#include "report/gate_view.h"
#include "report/printer.h"
#include "report/view.h"

/*
 * A comment on a pull request or the summary of a job: the verdict and why, everything else folded. The first line is a
 * marker that nobody sees, by which the comment of the run before is found and replaced. What comes from the image or
 * the configuration stands in code spans, where nothing is markup.
 */
enum { LIMIT = 65536, TAIL = 160, CELL = 120, SENTENCE = 400, PATHS = 5 };

struct writer {
	struct lopt_buf out;
	struct lopt_buf head; /* of a section, until its first row fits */
	struct lopt_buf row;  /* not yet in `out` */
	struct lopt_buf text;
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
	size_t limit;
	size_t left_out; /* rows behind the first that did not fit */
	bool open;	 /* the section has a row */
};

static size_t shown_of(const struct writer *w, size_t count)
{
	return w->options->top && w->options->top < count ? w->options->top : count;
}

static struct lopt_buf *fresh(struct writer *w)
{
	lopt_buf_clear(&w->text);
	return &w->text;
}

static struct lopt_str taken(struct writer *w)
{
	w->out.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

static struct lopt_str shown(struct writer *w, struct lopt_str text)
{
	lopt_text_show(fresh(w), text, w->options);
	return taken(w);
}

static void end_cell(struct writer *w)
{
	lopt_buf_text(&w->row, " |");
}

static void put_span_cell(struct writer *w, struct lopt_str text, size_t width)
{
	lopt_buf_char(&w->row, ' ');
	lopt_span_show(&w->row, text, width);
	end_cell(w);
}

static void put_sentence_cell(struct writer *w, struct lopt_str text)
{
	lopt_buf_char(&w->row, ' ');
	lopt_sentence_show(&w->row, shown(w, text), SENTENCE);
	end_cell(w);
}

/* Take the row over where it fits below the limit; none does behind the first that did not. */
static void take_row(struct writer *w)
{
	w->out.failed |= w->row.failed || w->head.failed;
	lopt_buf_char(&w->row, '\n');
	if (w->left_out || w->out.len + w->head.len + w->row.len + TAIL > w->limit) {
		w->left_out++;
	} else {
		lopt_buf_str(&w->out, lopt_buf_view(&w->head));
		lopt_buf_str(&w->out, lopt_buf_view(&w->row));
		lopt_buf_clear(&w->head);
		w->open = true;
	}
	lopt_buf_clear(&w->row);
}

/* A folded section; it is there with its first row. */
static void open_section(struct writer *w, const char *title, size_t rows, const char *columns)
{
	w->open = false;
	lopt_buf_clear(&w->head);
	lopt_buf_printf(&w->head, "\n<details><summary>%s: ", title);
	lopt_count_format(&w->head, rows);
	lopt_buf_printf(&w->head, "</summary>\n\n%s", columns);
}

static void close_section(struct writer *w)
{
	lopt_buf_clear(&w->head);
	if (w->open)
		lopt_buf_text(&w->out, "\n</details>\n");
	w->open = false;
}

/* The verdict. */

static void put_marker(struct writer *w)
{
	const char *key = w->options->comment_key && *w->options->comment_key ? w->options->comment_key : "gate";
	lopt_buf_text(&w->out, "<!-- layeropt:");
	for (const char *at = key; *at; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
			     strchr("._", *at);
		lopt_buf_char(&w->out, plain ? *at : '-');
	}
	lopt_buf_text(&w->out, " -->\n");
}

static void put_verdict(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	const struct lopt_analysis *analysis = result->analysis;
	lopt_buf_text(&w->out, result->exceeded ? "## layeropt: FAIL, " : "## layeropt: pass, ");
	lopt_gate_verdict_format(&w->out, result);
	lopt_buf_text(&w->out, "\n\n");
	lopt_span_show(&w->out, lopt_image_name(lopt_image_info(analysis->image)), CELL);
	lopt_buf_text(&w->out, ": ");
	lopt_size_format(&w->out, analysis->totals.content_bytes);
	if (result->baseline) {
		lopt_buf_text(&w->out, ", ");
		lopt_change_format(&w->out, result->baseline->totals.content_bytes, analysis->totals.content_bytes);
		lopt_buf_text(&w->out, lopt_gate_against(result));
		lopt_span_show(&w->out, result->baseline_name, CELL);
	}
	lopt_buf_printf(&w->out, "; %s; ignored findings: ", lopt_digests_words(analysis));
	if (result->ignored_count) {
		lopt_count_format(&w->out, result->ignored_count);
		lopt_buf_text(&w->out, ", ");
		lopt_size_format(&w->out, result->ignored_bytes);
	} else {
		lopt_buf_text(&w->out, "none");
	}
	lopt_buf_char(&w->out, '\n');
}

/* Budgets. */

static const struct lopt_totals *totals_of(const struct lopt_analysis *analysis, enum lopt_gate_part part)
{
	if (part == LOPT_PART_IMAGE)
		return &analysis->totals;
	return !analysis->has_base ? NULL : part == LOPT_PART_OWN ? &analysis->own : &analysis->base;
}

/* What the baseline has for the same figure, where that is one of the totals as it is. */
static bool find_in_baseline(const struct writer *w, const struct lopt_gate_check *check, uint64_t *value)
{
	const struct lopt_totals *before = totals_of(w->result->baseline, check->part);
	const struct lopt_totals *now = totals_of(w->result->analysis, check->part);
	size_t count;
	const struct lopt_figure *figures = lopt_figures(&count);
	if (!check->measure || check->name.len || check->unit == LOPT_UNIT_RATIO || !before || !now)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(figures[i].name, check->measure) != 0)
			continue;
		*value = lopt_figure_of(before, &figures[i]);
		return lopt_figure_of(now, &figures[i]) == check->actual;
	}
	return false;
}

static void put_baseline_cells(struct writer *w, const struct lopt_gate_check *check)
{
	uint64_t value;
	if (check->verdict == LOPT_GATE_SKIPPED || !find_in_baseline(w, check, &value)) {
		lopt_buf_text(&w->row, " | |");
		return;
	}
	lopt_buf_char(&w->row, ' ');
	if (check->unit == LOPT_UNIT_BYTES) {
		lopt_size_format(&w->row, value);
		lopt_buf_text(&w->row, " | ");
		lopt_change_format(&w->row, value, check->actual);
	} else {
		lopt_count_format(&w->row, value);
		lopt_buf_printf(&w->row, " | %s", check->actual < value ? "-" : check->actual > value ? "+" : "");
		lopt_count_format(&w->row, check->actual < value ? value - check->actual : check->actual - value);
	}
	end_cell(w);
}

static void put_notes(struct writer *w, const struct lopt_gate_check *check)
{
	if (check->verdict == LOPT_GATE_SKIPPED) {
		lopt_buf_printf(&w->row, " not checked: %s |", check->skipped ? check->skipped : "");
		return;
	}
	lopt_buf_text(&w->row, check->verdict == LOPT_GATE_EXCEEDED ? " " : "");
	lopt_gate_excess_format(&w->row, check);
	if (check->has_true_bytes) {
		lopt_buf_text(&w->row, " (dive's figure; the true one is ");
		lopt_gate_true_format(&w->row, check);
		lopt_buf_char(&w->row, ')');
	}
	if (check->ignored_bytes) {
		lopt_buf_text(&w->row, " (");
		lopt_size_format(&w->row, check->ignored_bytes);
		lopt_buf_text(&w->row, " of ignored findings left out)");
	}
	end_cell(w);
}

static void put_check(struct writer *w, const struct lopt_gate_check *check)
{
	static const char *const words[] = { "ok", "**FAIL**", "skip" };
	lopt_buf_printf(&w->row, "| %s |", words[check->verdict]);
	lopt_gate_name_format(fresh(w), check);
	put_span_cell(w, taken(w), CELL);
	if (w->result->baseline)
		put_baseline_cells(w, check);
	lopt_buf_char(&w->row, ' ');
	lopt_gate_actual_format(&w->row, check);
	lopt_buf_text(&w->row, " | ");
	lopt_gate_limit_format(&w->row, check);
	end_cell(w);
	put_notes(w, check);
	take_row(w);
}

static void put_checks(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	lopt_buf_clear(&w->head);
	lopt_buf_text(&w->head, result->baseline ? "\n| | budget | baseline | change | figure | limit | |\n"
						   "| --- | --- | ---: | ---: | ---: | ---: | --- |\n"
						 : "\n| | budget | figure | limit | |\n"
						   "| --- | --- | ---: | ---: | --- |\n");
	for (int exceeded = 1; exceeded >= 0; exceeded--)
		for (size_t i = 0; i < result->check_count; i++)
			if ((result->checks[i].verdict == LOPT_GATE_EXCEEDED) == exceeded)
				put_check(w, &result->checks[i]);
	lopt_buf_clear(&w->head);
}

/* Why, and where to change it. */

static bool has_reason(const struct lopt_gate_check *check)
{
	return check->verdict == LOPT_GATE_EXCEEDED && (check->cause.len || check->layer != LOPT_NO_LAYER);
}

static uint64_t excess_bytes(const struct lopt_gate_check *check)
{
	return check->unit == LOPT_UNIT_BYTES ? lopt_gate_check_excess(check) : 0;
}

static const struct lopt_gate_check *find_biggest(const struct lopt_gate_result *result)
{
	const struct lopt_gate_check *biggest = NULL;
	for (size_t i = 0; i < result->check_count; i++) {
		const struct lopt_gate_check *check = &result->checks[i];
		if (has_reason(check) && (!biggest || excess_bytes(check) > excess_bytes(biggest)))
			biggest = check;
	}
	return biggest;
}

static void put_layer(struct writer *w, const char *front, size_t layer)
{
	lopt_gate_layer_format(fresh(w), w->result, layer, w->options);
	lopt_buf_text(&w->row, front);
	lopt_span_show(&w->row, taken(w), CELL);
}

/* "`Dockerfile:31 RUN make`: 118 MB are new in layer 7", or the instruction alone. */
static void put_cause(struct writer *w, const struct lopt_gate_check *check, bool whole)
{
	lopt_gate_instruction_format(fresh(w), w->result, check->layer, check->line, w->options);
	bool placed = taken(w).len;
	if (placed) {
		lopt_buf_char(&w->row, ' ');
		lopt_span_show(&w->row, taken(w), CELL);
	}
	if (placed && check->made_by != LOPT_NO_LAYER) {
		put_layer(w, ", which hides what ", check->made_by);
		lopt_buf_text(&w->row, " made");
	}
	if (check->cause.len && (whole || !placed)) {
		lopt_buf_text(&w->row, placed ? ": " : " ");
		lopt_sentence_show(&w->row, shown(w, check->cause), SENTENCE);
	}
}

static void put_paths(struct writer *w, const struct lopt_gate_check *check)
{
	size_t count = check->path_count <= PATHS ? check->path_count : PATHS - 1;
	for (size_t i = 0; i < count; i++) {
		lopt_buf_text(&w->row, i ? ", " : "; paths ");
		lopt_span_show(&w->row, check->paths[i], CELL);
	}
	if (count < check->path_count)
		lopt_buf_printf(&w->row, " and %zu more", check->path_count - count);
}

/* "* `max-size`, 118 MB over; because of `Dockerfile:31 RUN make`: ...; limit set by `--max-size`. Ask first." */
static void put_reason(struct writer *w, const struct lopt_gate_check *check, const struct lopt_gate_check *biggest)
{
	lopt_buf_text(&w->row, "* ");
	lopt_gate_name_format(fresh(w), check);
	lopt_span_show(&w->row, taken(w), CELL);
	lopt_buf_text(&w->row, lopt_gate_allows_none(check) ? ": " : ", ");
	if (lopt_gate_allows_none(check))
		lopt_gate_breach_format(&w->row, check);
	else
		lopt_gate_excess_format(&w->row, check);
	if (has_reason(check)) {
		bool told = check->layer == biggest->layer && lopt_str_equal(check->cause, biggest->cause);
		lopt_buf_text(&w->row, "; because of");
		put_cause(w, check, !told);
	}
	put_paths(w, check);
	if (check->origin.len) {
		lopt_buf_text(&w->row, "; limit set by ");
		lopt_span_show(&w->row, check->origin, CELL);
	}
	if (check->message.len) {
		lopt_buf_text(&w->row, ". ");
		lopt_sentence_show(&w->row, shown(w, check->message), SENTENCE);
	}
	take_row(w);
}

static void put_reasons(struct writer *w)
{
	const struct lopt_gate_check *biggest = find_biggest(w->result);
	size_t rows = 0, most = shown_of(w, SIZE_MAX);
	if (biggest) {
		lopt_buf_text(&w->row, "\n**Biggest cause**");
		put_cause(w, biggest, true);
		take_row(w);
	}
	lopt_buf_clear(&w->head);
	lopt_buf_text(&w->head, "\n");
	for (size_t i = 0; i < w->result->check_count; i++)
		if (w->result->checks[i].verdict == LOPT_GATE_EXCEEDED && rows++ < most)
			put_reason(w, &w->result->checks[i], biggest);
	if (rows > most) {
		lopt_buf_printf(&w->row, "* %zu more", rows - most);
		take_row(w);
	}
	lopt_buf_clear(&w->head);
}

/* Findings. */

static void put_finding(struct writer *w, const struct lopt_gate_finding *row)
{
	const struct lopt_finding *finding = row->finding;
	lopt_buf_printf(&w->row, "| %s | %s |", lopt_severity_name(row->severity), finding->rule);
	if (lopt_gate_is_hidden(finding)) {
		put_layer(w, " made by ", lopt_finding_holder(finding));
		put_layer(w, ", hidden by ", finding->layer);
		end_cell(w);
	} else {
		lopt_gate_place_format(fresh(w), w->result, finding->layer, finding->line);
		put_span_cell(w, taken(w), CELL);
	}
	lopt_buf_char(&w->row, ' ');
	if (finding->bytes)
		lopt_size_format(&w->row, finding->bytes);
	end_cell(w);
	lopt_buf_char(&w->row, ' ');
	lopt_sentence_show(&w->row, shown(w, finding->message), SENTENCE);
	if (lopt_gate_largest(row).len) {
		bool all = strcmp(lopt_gate_largest_word(row), "what") == 0;
		lopt_buf_text(&w->row, all ? ": " : "; largest ");
		lopt_span_show(&w->row, lopt_gate_largest(row), CELL);
	}
	end_cell(w);
	put_sentence_cell(w, row->ignore ? row->ignore->reason : finding->advice);
	take_row(w);
}

typedef bool choose(const struct lopt_gate_finding *finding);

static bool does_fail(const struct lopt_gate_finding *finding)
{
	return finding->fails;
}

static bool is_new_only(const struct lopt_gate_finding *finding)
{
	return finding->is_new && !finding->fails && lopt_gate_counts(finding);
}

static bool is_ignored(const struct lopt_gate_finding *finding)
{
	return finding->ignore;
}

static void put_rest(struct writer *w, size_t rows, uint64_t bytes)
{
	if (!rows || !w->open)
		return;
	lopt_buf_char(&w->row, '\n');
	lopt_count_format(&w->row, rows);
	lopt_buf_text(&w->row, " more: ");
	lopt_size_format(&w->row, bytes);
	take_row(w);
}

static void put_findings(struct writer *w, const char *title, choose *wanted, const char *last_column)
{
	size_t count = 0, rows = 0, most = shown_of(w, SIZE_MAX);
	uint64_t cut_bytes = 0;
	for (size_t i = 0; i < w->result->finding_count; i++)
		count += wanted(&w->result->findings[i]);
	lopt_buf_printf(fresh(w),
			"| severity | rule | where | bytes | what | %s |\n"
			"| --- | --- | --- | ---: | --- | --- |\n",
			last_column);
	open_section(w, title, count, taken(w).len ? w->text.data : "");
	for (size_t i = 0; i < w->result->finding_count; i++) {
		const struct lopt_gate_finding *finding = &w->result->findings[i];
		if (!wanted(finding))
			continue;
		if (rows++ < most)
			put_finding(w, finding);
		else
			cut_bytes = lopt_add_saturating(cut_bytes, finding->finding->bytes, NULL);
	}
	put_rest(w, rows > most ? rows - most : 0, cut_bytes);
	close_section(w);
}

/* Growth. */

static void put_change(struct writer *w, uint64_t before, uint64_t after)
{
	lopt_buf_text(&w->row, "| ");
	if (before == after)
		lopt_buf_text(&w->row, "0 B");
	else
		lopt_change_format(&w->row, before, after);
	end_cell(w);
}

static void put_change_rest(struct writer *w, struct lopt_gate_rest rest)
{
	if (!rest.rows || !w->open)
		return;
	lopt_buf_char(&w->row, '\n');
	lopt_count_format(&w->row, rest.rows);
	lopt_buf_text(&w->row, " more: ");
	lopt_change_format(&w->row, rest.before, rest.after);
	take_row(w);
}

static void put_layers(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t count = shown_of(w, growth->layer_count);
	open_section(w, "Layers that changed since the baseline", growth->layer_count,
		     "| change | | instruction |\n| ---: | --- | --- |\n");
	for (size_t i = 0; i < count; i++) {
		const struct lopt_layer_change *change = &growth->layers[i];
		put_change(w, change->bytes_before, change->bytes_after);
		if (change->before == LOPT_NO_LAYER)
			lopt_buf_text(&w->row, " new");
		if (change->after == LOPT_NO_LAYER)
			lopt_buf_text(&w->row, " gone");
		if (change->in_place)
			lopt_buf_text(&w->row, " edited");
		end_cell(w);
		lopt_gate_layer_change_format(fresh(w), w->result, change, w->options);
		put_span_cell(w, taken(w), CELL);
		take_row(w);
	}
	put_change_rest(w, lopt_gate_layers_from(growth, count));
	close_section(w);
}

static void put_packages(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t count = shown_of(w, growth->package_count);
	open_section(w, "Packages that changed", growth->package_count,
		     "| change | manager | package | before | after |\n| ---: | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < count; i++) {
		const struct lopt_package_change *change = &growth->packages[i];
		put_change(w, change->bytes_before, change->bytes_after);
		lopt_buf_printf(&w->row, " %s |", change->manager ? change->manager : "");
		if (change->manager)
			put_span_cell(w, change->name, CELL);
		else
			lopt_buf_text(&w->row, " no package |");
		put_span_cell(w, change->before, CELL);
		put_span_cell(w, change->after, CELL);
		take_row(w);
	}
	put_change_rest(w, lopt_gate_packages_from(growth, count));
	close_section(w);
}

static void put_directories(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t count = shown_of(w, growth->directory_count);
	open_section(w, "Directories that changed", growth->directory_count,
		     "| change | directory |\n| ---: | --- |\n");
	for (size_t i = 0; i < count; i++) {
		const struct lopt_directory_growth *change = &growth->directories[i];
		put_change(w, change->bytes_before, change->bytes_after);
		put_span_cell(w, change->path.len ? change->path : lopt_str_from("/"), CELL);
		take_row(w);
	}
	put_change_rest(w, lopt_gate_directories_from(growth, count));
	close_section(w);
}

/* Ignores. */

static bool is_told(const struct lopt_gate_ignore *ignore)
{
	return ignore->expired || !ignore->findings;
}

static void put_ignores(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	size_t count = 0;
	for (size_t i = 0; i < result->ignore_count; i++)
		count += is_told(&result->ignores[i]);
	open_section(w, "Ignores that expired or cover nothing", count,
		     "| ignore | | findings | reason |\n| --- | --- | ---: | --- |\n");
	for (size_t i = 0; i < result->ignore_count; i++) {
		const struct lopt_gate_ignore *ignore = &result->ignores[i];
		if (!is_told(ignore))
			continue;
		lopt_buf_char(&w->row, '|');
		put_span_cell(w, ignore->origin, CELL);
		if (ignore->expired) {
			lopt_buf_text(&w->row, " expired ");
			lopt_span_show(&w->row, ignore->expires, CELL);
		} else {
			lopt_buf_text(&w->row, " covers nothing");
		}
		lopt_buf_printf(&w->row, " | %zu |", ignore->findings);
		put_sentence_cell(w, ignore->reason);
		take_row(w);
	}
	close_section(w);
}

static void put_left_out(struct writer *w)
{
	if (!w->left_out)
		return;
	lopt_buf_char(&w->out, '\n');
	lopt_count_format(&w->out, w->left_out);
	lopt_buf_text(&w->out, w->left_out == 1 ? " row" : " rows");
	lopt_buf_text(&w->out, " left out, to stay below ");
	lopt_count_format(&w->out, w->limit);
	lopt_buf_text(&w->out, " characters\n");
}

static void put_all(struct writer *w)
{
	put_marker(w);
	put_verdict(w);
	put_checks(w);
	put_reasons(w);
	put_findings(w, "Findings that fail", does_fail, "advice");
	put_findings(w, "New findings", is_new_only, "advice");
	put_layers(w);
	put_packages(w);
	put_directories(w);
	put_ignores(w);
	if (w->options->show_suppressed)
		put_findings(w, "Ignored findings", is_ignored, "why");
	put_left_out(w);
}

enum lopt_status lopt_gate_markdown(FILE *to, const struct lopt_gate_result *result,
				    const struct lopt_report_options *options, struct lopt_error *err)
{
	const struct lopt_buf empty = LOPT_BUF_INIT(SIZE_MAX / 2);
	size_t limit = options->markdown_bytes ? options->markdown_bytes : LIMIT;
	struct writer w = { .out = empty,
			    .head = empty,
			    .row = empty,
			    .text = empty,
			    .result = result,
			    .options = options,
			    .limit = limit < LOPT_MARKDOWN_LEAST ? LOPT_MARKDOWN_LEAST : limit };
	put_all(&w);
	bool failed = w.out.failed;
	if (!failed)
		(void)fwrite(w.out.data, 1, w.out.len, to);
	lopt_buf_release(&w.out);
	lopt_buf_release(&w.head);
	lopt_buf_release(&w.row);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
