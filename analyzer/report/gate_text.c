/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "report/gate_view.h"
#include "report/printer.h"
#include "report/view.h"

enum {
	COLUMNS = 80,
	COLUMNS_MIN = 60,
	NAME_COLUMN = 6,
	NAME_WIDTH = 34,
	NAME_LEAST = 12,
	FIGURE_WIDTH = 10,
	DETAIL = 8,
	PATHS = 5
};

struct writer {
	struct lopt_printer p;
	struct lopt_buf text;			      /* of one cell */
	size_t name_width, actual_width, limit_width; /* of the table of budgets */
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
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
	w->p.cell.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

/* What was put into `text`, of the program's own. */
static void put_right(struct writer *w, size_t width)
{
	lopt_printer_right(&w->p, taken(w).len ? w->text.data : "", width);
}

static void put_shown_wrapped(struct writer *w, struct lopt_str text, size_t indent)
{
	lopt_text_show(fresh(w), text, w->options);
	lopt_printer_wrapped(&w->p, taken(w), indent);
}

static void put_rest(struct writer *w, size_t rows, uint64_t bytes)
{
	if (!rows)
		return;
	lopt_printer_text(&w->p, "  ");
	lopt_printer_count(&w->p, rows, 0);
	lopt_printer_text(&w->p, " more: ");
	lopt_printer_size(&w->p, bytes, 0);
	lopt_printer_end(&w->p);
}

/* The verdict. */

static void put_verdict(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	const struct lopt_image_info *info = lopt_image_info(result->analysis->image);
	lopt_printer_style(&w->p, result->exceeded ? LOPT_STYLE_BAD : LOPT_STYLE_GOOD);
	lopt_printer_text(&w->p, "gate: ");
	lopt_gate_verdict_format(fresh(w), result);
	put_right(w, 0);
	lopt_printer_plain(&w->p);
	lopt_printer_end(&w->p);
	lopt_printer_elided(&w->p, lopt_image_name(info), w->p.columns / 2);
	lopt_printer_text(&w->p, ": ");
	lopt_printer_size(&w->p, result->analysis->totals.content_bytes, 0);
	if (result->baseline) {
		lopt_printer_text(&w->p, ", ");
		lopt_change_format(fresh(w), result->baseline->totals.content_bytes,
				   result->analysis->totals.content_bytes);
		put_right(w, 0);
		lopt_printer_text(&w->p, lopt_gate_against(result));
		lopt_printer_elided(&w->p, result->baseline_name, lopt_printer_room(&w->p));
	}
	lopt_printer_end(&w->p);
	lopt_printer_line(&w->p, lopt_digests_words(result->analysis));
}

/* Budgets. */

static void put_word(struct writer *w, enum lopt_gate_verdict verdict)
{
	static const enum lopt_style styles[] = { LOPT_STYLE_GOOD, LOPT_STYLE_BAD, LOPT_STYLE_WARN };
	static const char *const words[] = { "ok", "FAIL", "skip" };
	lopt_printer_style(&w->p, styles[verdict]);
	lopt_printer_text(&w->p, words[verdict]);
	lopt_printer_plain(&w->p);
	lopt_printer_to_column(&w->p, NAME_COLUMN);
}

static void start_detail(struct writer *w, const char *name)
{
	lopt_printer_to_column(&w->p, DETAIL);
	lopt_printer_text(&w->p, name);
}

static void put_paths(struct writer *w, const struct lopt_gate_check *check)
{
	enum { COLUMN = DETAIL + 7 };
	size_t shown = check->path_count <= PATHS ? check->path_count : PATHS - 1;
	for (size_t i = 0; i < shown; i++) {
		start_detail(w, i ? "" : "paths:");
		lopt_printer_to_column(&w->p, COLUMN);
		lopt_printer_elided(&w->p, check->paths[i], lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	if (shown == check->path_count)
		return;
	lopt_printer_to_column(&w->p, COLUMN);
	lopt_printer_text(&w->p, "and ");
	lopt_printer_count(&w->p, check->path_count - shown, 0);
	lopt_printer_line(&w->p, " more");
}

/* What was put into `text`: an instruction. */
static void put_detail_instruction(struct writer *w, const char *name)
{
	if (!taken(w).len)
		return;
	start_detail(w, name);
	lopt_printer_cut(&w->p, taken(w), lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void put_reasons(struct writer *w, const struct lopt_gate_check *check)
{
	enum { INDENT = DETAIL + 7 };
	if (check->message.len) {
		start_detail(w, "");
		put_shown_wrapped(w, check->message, DETAIL);
	}
	if (check->cause.len) {
		start_detail(w, "cause: ");
		put_shown_wrapped(w, check->cause, INDENT);
	}
	lopt_gate_layer_format(fresh(w), w->result, check->made_by, w->options);
	put_detail_instruction(w, "made by:   ");
	lopt_gate_instruction_format(fresh(w), w->result, check->layer, check->line, w->options);
	put_detail_instruction(w, check->made_by == LOPT_NO_LAYER ? "where: " : "hidden by: ");
	put_paths(w, check);
	if (check->origin.len) {
		start_detail(w, "limit: set by ");
		lopt_printer_elided(&w->p, check->origin, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
}

static void put_notes(struct writer *w, const struct lopt_gate_check *check)
{
	if (check->has_true_bytes && check->verdict != LOPT_GATE_SKIPPED) {
		start_detail(w, "dive's figure; the true one is ");
		lopt_gate_true_format(fresh(w), check);
		put_right(w, 0);
		lopt_printer_end(&w->p);
	}
	if (check->ignored_bytes) {
		start_detail(w, "");
		lopt_printer_size(&w->p, check->ignored_bytes, 0);
		lopt_printer_line(&w->p, " of ignored findings left out");
	}
	if (check->verdict == LOPT_GATE_SKIPPED) {
		start_detail(w, "not checked: ");
		lopt_printer_wrapped(&w->p, lopt_str_from(check->skipped), DETAIL);
	}
}

static void widen(struct writer *w, size_t *width)
{
	size_t len = taken(w).len;
	*width = len > *width ? len : *width;
}

/* Columns as wide as what stands in them; names get what is left. */
static void measure(struct writer *w)
{
	size_t excess = 0;
	w->actual_width = w->limit_width = FIGURE_WIDTH;
	for (size_t i = 0; i < w->result->check_count; i++) {
		const struct lopt_gate_check *check = &w->result->checks[i];
		lopt_gate_actual_format(fresh(w), check);
		widen(w, &w->actual_width);
		lopt_gate_limit_format(fresh(w), check);
		widen(w, &w->limit_width);
		lopt_gate_excess_format(fresh(w), check);
		widen(w, &excess);
	}
	size_t rest = NAME_COLUMN + w->actual_width + 2 + w->limit_width + 2 + excess;
	w->name_width = w->p.columns < rest + NAME_LEAST   ? NAME_LEAST
			: w->p.columns - rest < NAME_WIDTH ? w->p.columns - rest
							   : NAME_WIDTH;
}

static void put_check(struct writer *w, const struct lopt_gate_check *check)
{
	put_word(w, check->verdict);
	lopt_gate_name_format(fresh(w), check);
	lopt_printer_elided(&w->p, taken(w), w->name_width - 1);
	lopt_printer_to_column(&w->p, NAME_COLUMN + w->name_width);
	lopt_gate_actual_format(fresh(w), check);
	put_right(w, w->actual_width);
	lopt_printer_text(&w->p, "  ");
	lopt_gate_limit_format(fresh(w), check);
	put_right(w, w->limit_width);
	lopt_gate_excess_format(fresh(w), check);
	if (taken(w).len) {
		lopt_printer_text(&w->p, "  ");
		lopt_printer_style(&w->p, LOPT_STYLE_BAD);
		put_right(w, 0);
		lopt_printer_plain(&w->p);
	}
	lopt_printer_end(&w->p);
	put_notes(w, check);
	if (check->verdict == LOPT_GATE_EXCEEDED)
		put_reasons(w, check);
}

/* Exceeded ones first: a long list must not hide them. */
static void put_checks(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	if (!result->check_count)
		return;
	lopt_printer_heading(&w->p, "Budgets");
	measure(w);
	lopt_printer_to_column(&w->p, NAME_COLUMN + w->name_width);
	lopt_printer_right(&w->p, "figure", w->actual_width);
	lopt_printer_text(&w->p, "  ");
	lopt_printer_right(&w->p, "limit", w->limit_width);
	lopt_printer_end(&w->p);
	for (int exceeded = 1; exceeded >= 0; exceeded--)
		for (size_t i = 0; i < result->check_count; i++)
			if ((result->checks[i].verdict == LOPT_GATE_EXCEEDED) == exceeded)
				put_check(w, &result->checks[i]);
}

/* Findings. */

static void put_largest(struct writer *w, const struct lopt_gate_finding *row)
{
	struct lopt_str path = lopt_gate_largest(row);
	if (!path.len)
		return;
	lopt_printer_printf(&w->p, "  %s:", lopt_gate_largest_word(row));
	lopt_printer_to_column(&w->p, 13);
	lopt_printer_elided(&w->p, path, lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void put_finding_layer(struct writer *w, const char *name, size_t layer)
{
	lopt_printer_text(&w->p, name);
	lopt_gate_layer_format(fresh(w), w->result, layer, w->options);
	lopt_printer_cut(&w->p, taken(w), lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void put_finding(struct writer *w, const struct lopt_gate_finding *row)
{
	static const enum lopt_style styles[] = { LOPT_STYLE_DIM, LOPT_STYLE_WARN, LOPT_STYLE_BAD };
	enum { INDENT = 2 };
	const struct lopt_finding *finding = row->finding;
	lopt_printer_style(&w->p, styles[row->severity]);
	lopt_printer_text(&w->p, lopt_severity_name(row->severity));
	lopt_printer_plain(&w->p);
	lopt_printer_printf(&w->p, ": %s", finding->rule);
	if (finding->bytes) {
		lopt_printer_text(&w->p, ", ");
		lopt_printer_size(&w->p, finding->bytes, 0);
	}
	lopt_gate_place_format(fresh(w), w->result, finding->layer, finding->line);
	if (taken(w).len) {
		lopt_printer_text(&w->p, ", ");
		lopt_printer_elided(&w->p, taken(w), lopt_printer_room(&w->p));
	}
	lopt_printer_end(&w->p);
	lopt_printer_to_column(&w->p, INDENT);
	put_shown_wrapped(w, finding->message, INDENT);
	put_largest(w, row);
	if (lopt_gate_is_hidden(finding)) {
		put_finding_layer(w, "  made by:   ", lopt_finding_holder(finding));
		put_finding_layer(w, "  hidden by: ", finding->layer);
	}
	if (row->expired) {
		lopt_printer_text(&w->p, "  its ignore expired: ");
		lopt_printer_elided(&w->p, row->expired->origin, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	if (row->ignored_bytes && !row->ignore) {
		lopt_printer_text(&w->p, "  ");
		lopt_printer_size(&w->p, row->ignored_bytes, 0);
		lopt_printer_line(&w->p, " of it ignored");
	}
	if (row->ignore) {
		lopt_printer_text(&w->p, "  ignored: ");
		put_shown_wrapped(w, row->ignore->reason, INDENT);
	} else if (finding->advice.len) {
		lopt_printer_text(&w->p, "  -> ");
		put_shown_wrapped(w, finding->advice, INDENT + 3);
	}
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

static void put_findings(struct writer *w, const char *heading, choose *wanted)
{
	size_t rows = 0, cut = 0, most = shown_of(w, SIZE_MAX);
	uint64_t cut_bytes = 0;
	for (size_t i = 0; i < w->result->finding_count; i++) {
		const struct lopt_gate_finding *finding = &w->result->findings[i];
		if (!wanted(finding))
			continue;
		if (rows == 0)
			lopt_printer_heading(&w->p, heading);
		if (rows++ < most) {
			put_finding(w, finding);
			continue;
		}
		cut++;
		cut_bytes = lopt_add_saturating(cut_bytes, finding->finding->bytes, NULL);
	}
	put_rest(w, cut, cut_bytes);
}

/* Growth. */

static void put_change(struct writer *w, uint64_t before, uint64_t after)
{
	if (before == after)
		lopt_buf_text(fresh(w), "0 B");
	else
		lopt_change_format(fresh(w), before, after);
	put_right(w, 12);
	lopt_printer_text(&w->p, "  ");
}

static void put_change_rest(struct writer *w, struct lopt_gate_rest rest)
{
	if (!rest.rows)
		return;
	put_change(w, rest.before, rest.after);
	lopt_printer_text(&w->p, "(");
	lopt_printer_count(&w->p, rest.rows, 0);
	lopt_printer_line(&w->p, " more)");
}

static void put_layers(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t shown = shown_of(w, growth->layer_count);
	if (!growth->layer_count)
		return;
	lopt_printer_heading(&w->p, "Layers that changed since the baseline");
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_layer_change *change = &growth->layers[i];
		put_change(w, change->bytes_before, change->bytes_after);
		if (change->before == LOPT_NO_LAYER)
			lopt_printer_text(&w->p, "new: ");
		if (change->after == LOPT_NO_LAYER)
			lopt_printer_text(&w->p, "gone: ");
		if (change->in_place)
			lopt_printer_text(&w->p, "edited: ");
		lopt_gate_layer_change_format(fresh(w), w->result, change, w->options);
		lopt_printer_cut(&w->p, taken(w), lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_change_rest(w, lopt_gate_layers_from(growth, shown));
}

static void put_packages(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t shown = shown_of(w, growth->package_count);
	if (!growth->package_count)
		return;
	lopt_printer_heading(&w->p, "Packages that changed");
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_package_change *change = &growth->packages[i];
		put_change(w, change->bytes_before, change->bytes_after);
		lopt_printer_printf(&w->p, "%-5s ", change->manager ? change->manager : "-");
		lopt_printer_elided(&w->p, change->manager ? change->name : lopt_str_from("(no package)"), 30);
		lopt_printer_text(&w->p, " ");
		lopt_buf_str(fresh(w), change->before.ptr ? change->before : lopt_str_from("(none)"));
		lopt_buf_text(&w->text, " -> ");
		lopt_buf_str(&w->text, change->after.ptr ? change->after : lopt_str_from("(none)"));
		lopt_printer_cut(&w->p, taken(w), lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_change_rest(w, lopt_gate_packages_from(growth, shown));
}

static void put_directories(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t shown = shown_of(w, growth->directory_count);
	if (!growth->directory_count)
		return;
	lopt_printer_heading(&w->p, "Directories that changed");
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_directory_growth *change = &growth->directories[i];
		put_change(w, change->bytes_before, change->bytes_after);
		lopt_printer_text(&w->p, "/");
		lopt_printer_elided(&w->p, change->path, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_change_rest(w, lopt_gate_directories_from(growth, shown));
}

/* Ignores. */

static void put_ignored(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	lopt_printer_end(&w->p);
	lopt_printer_text(&w->p, "ignored findings: ");
	if (!result->ignored_count) {
		lopt_printer_line(&w->p, "none");
		return;
	}
	lopt_printer_count(&w->p, result->ignored_count, 0);
	lopt_printer_text(&w->p, ", ");
	lopt_printer_size(&w->p, result->ignored_bytes, 0);
	if (!w->options->show_suppressed)
		lopt_printer_text(&w->p, " (--show-suppressed lists them)");
	lopt_printer_end(&w->p);
}

static void put_ignore(struct writer *w, const struct lopt_gate_ignore *ignore)
{
	lopt_printer_text(&w->p, "  ");
	lopt_printer_elided(&w->p, ignore->origin, w->p.columns / 2);
	if (ignore->expired) {
		lopt_printer_text(&w->p, ", expired ");
		lopt_printer_elided(&w->p, ignore->expires, 12);
		lopt_printer_text(&w->p, ", ");
		lopt_printer_count(&w->p, ignore->findings, 0);
		lopt_printer_text(&w->p, ignore->findings == 1 ? " finding" : " findings");
	}
	lopt_printer_end(&w->p);
	lopt_printer_to_column(&w->p, 4);
	put_shown_wrapped(w, ignore->reason.len ? ignore->reason : lopt_str_from("(no reason given)"), 4);
}

static void put_ignores(struct writer *w, bool expired, const char *heading)
{
	size_t rows = 0;
	for (size_t i = 0; i < w->result->ignore_count; i++) {
		const struct lopt_gate_ignore *ignore = &w->result->ignores[i];
		if (ignore->expired != expired || (!expired && ignore->findings))
			continue;
		if (rows++ == 0)
			lopt_printer_heading(&w->p, heading);
		put_ignore(w, ignore);
	}
}

enum lopt_status lopt_gate_text(FILE *to, const struct lopt_gate_result *result,
				const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .result = result, .options = options };
	size_t columns = options->columns ? options->columns : COLUMNS;
	lopt_printer_init(&w.p, to, columns < COLUMNS_MIN ? COLUMNS_MIN : columns, options->color, options->unicode);
	put_verdict(&w);
	put_checks(&w);
	put_findings(&w, "Findings that fail", does_fail);
	put_findings(&w, "New findings", is_new_only);
	put_layers(&w);
	put_packages(&w);
	put_directories(&w);
	put_ignored(&w);
	if (options->show_suppressed)
		put_findings(&w, "Ignored findings", is_ignored);
	put_ignores(&w, true, "Ignores that expired: what they covered counts again");
	put_ignores(&w, false, "Ignores that cover nothing");
	lopt_buf_release(&w.text);
	return lopt_printer_finish(&w.p, err);
}
