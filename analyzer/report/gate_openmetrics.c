/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/table.h"
#include "report/formats.h"
#include "report/gate_view.h"

/*
 * OpenMetrics 1.0, gauges alone. GitLab compares values as strings, and a series of a merge request with the one of the
 * same labels on the target branch: so figures are whole numbers or have six decimals, and neither the name of the image
 * nor a date is among the labels.
 */

struct writer {
	FILE *to;
	struct lopt_buf line;
	struct lopt_arena arena;
	struct lopt_str *labels; /* one for each check, no two alike */
	const struct lopt_gate_result *result;
};

static void end_line(struct writer *w)
{
	lopt_buf_char(&w->line, '\n');
	if (w->line.failed)
		return; /* and stays so: nothing may be missing from the middle */
	(void)fwrite(w->line.data, 1, w->line.len, w->to);
	lopt_buf_clear(&w->line);
}

/* `unit` is what the name ends with; empty: none */
static void put_family(struct writer *w, const char *name, const char *unit, const char *help)
{
	lopt_buf_printf(&w->line, "# TYPE layeropt_%s gauge", name);
	end_line(w);
	if (*unit) {
		lopt_buf_printf(&w->line, "# UNIT layeropt_%s %s", name, unit);
		end_line(w);
	}
	lopt_buf_printf(&w->line, "# HELP layeropt_%s %s", name, help);
	end_line(w);
}

static void start_sample(struct writer *w, const char *name, struct lopt_str labels)
{
	lopt_buf_printf(&w->line, "layeropt_%s", name);
	if (labels.len) {
		lopt_buf_char(&w->line, '{');
		lopt_buf_str(&w->line, labels);
		lopt_buf_char(&w->line, '}');
	}
	lopt_buf_char(&w->line, ' ');
}

static void put_count(struct writer *w, const char *name, struct lopt_str labels, uint64_t value)
{
	start_sample(w, name, labels);
	lopt_buf_printf(&w->line, "%" PRIu64, value);
	end_line(w);
}

static void put_ratio(struct writer *w, const char *name, struct lopt_str labels, double value)
{
	start_sample(w, name, labels);
	lopt_gate_ratio_format(&w->line, value);
	end_line(w);
}

/* Figures of the image. */

static const char *help_of(const char *figure)
{
	static const struct {
		const char *figure, *help;
	} helps[] = {
		{ "layers", "Layers of the image." },
		{ "entries", "Entries of its layers, whiteouts included." },
		{ "paths", "Paths that a container sees." },
		{ "files", "Files that a container sees, hard links counted once." },
		{ "layer_bytes", "Uncompressed tars of its layers." },
		{ "compressed_bytes", "Layers as they are stored." },
		{ "content_bytes", "Image size: contents of the files of all layers." },
		{ "visible_bytes", "What a container sees of it." },
		{ "wasted_bytes", "Shipped, and hidden by a later layer." },
		{ "overwritten_bytes", "Wasted because something else took the path over." },
		{ "metadata_only_bytes", "Wasted because the same content was shipped again." },
		{ "removed_bytes", "Wasted because a later layer removed it." },
		{ "duplicate_bytes", "Further copies of the same content." },
		{ "reclaimable_bytes", "What a rewrite can get without changing what the container does." },
	};
	for (size_t i = 0; i < sizeof helps / sizeof helps[0]; i++)
		if (strcmp(helps[i].figure, figure) == 0)
			return helps[i].help;
	return "See the documentation of figures.";
}

/* The parts of the image that have totals of their own; how many. */
static size_t parts_of(const struct lopt_analysis *analysis, const struct lopt_totals *totals[3])
{
	totals[LOPT_PART_IMAGE] = &analysis->totals;
	totals[LOPT_PART_OWN] = &analysis->own;
	totals[LOPT_PART_BASE] = &analysis->base;
	return analysis->has_base ? 3 : 1;
}

static struct lopt_str part_label(enum lopt_gate_part part)
{
	static const char *const labels[] = { "part=\"image\"", "part=\"own\"", "part=\"base\"" };
	return lopt_str_from(labels[part]);
}

static void put_figures(struct writer *w)
{
	const struct lopt_totals *totals[3];
	size_t parts = parts_of(w->result->analysis, totals), count;
	const struct lopt_figure *figures = lopt_figures(&count);
	for (size_t i = 0; i < count; i++) {
		put_family(w, figures[i].name, figures[i].bytes ? "bytes" : "", help_of(figures[i].name));
		for (size_t part = 0; part < parts; part++)
			put_count(w, figures[i].name, part_label((enum lopt_gate_part)part),
				  lopt_figure_of(totals[part], &figures[i]));
	}
	put_family(w, "efficiency_ratio", "ratio", "Visible bytes over the image size.");
	for (size_t part = 0; part < parts; part++)
		put_ratio(w, "efficiency_ratio", part_label((enum lopt_gate_part)part), totals[part]->efficiency);
}

static void put_growth(struct writer *w)
{
	size_t count;
	const struct lopt_figure *figures = lopt_figures(&count);
	if (!w->result->baseline)
		return;
	put_family(w, "growth_bytes", "bytes", "By how much a figure is above that of the baseline.");
	for (size_t i = 0; i < count; i++) {
		uint64_t before = lopt_figure_of(&w->result->baseline->totals, &figures[i]);
		uint64_t after = lopt_figure_of(&w->result->analysis->totals, &figures[i]);
		if (!figures[i].bytes)
			continue;
		lopt_buf_printf(&w->line, "layeropt_growth_bytes{figure=\"%s\"} %s%" PRIu64, figures[i].name,
				after < before ? "-" : "", after < before ? before - after : after - before);
		end_line(w);
	}
}

/* Budgets. */

/* part="image",budget="path",measure="visible_bytes",name="..." */
static void format_labels(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	lopt_buf_str(out, part_label(check->part));
	lopt_buf_printf(out, ",budget=\"%s\"", check->budget);
	if (check->measure)
		lopt_buf_printf(out, ",measure=\"%s\"", check->measure);
	if (check->name.len) {
		lopt_buf_text(out, ",name=\"");
		lopt_escape_openmetrics(out, check->name);
		lopt_buf_char(out, '"');
	}
}

static bool are_labels(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct writer *w = owner;
	(void)number;
	return lopt_str_equal(key, w->labels[value]);
}

/* Two budgets of one name must not become one series. */
static enum lopt_status make_labels(struct writer *w, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_table_release) struct lopt_table table = { 0 };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	size_t count = w->result->check_count;
	unsigned *repeats = lopt_arena_zalloc(&w->arena, count + 1, sizeof *repeats);
	w->labels = lopt_arena_zalloc(&w->arena, count + 1, sizeof *w->labels);
	if (!repeats || !w->labels)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		lopt_buf_clear(&text);
		format_labels(&text, &w->result->checks[i]);
		uint32_t first = lopt_table_find(&table, 0, lopt_buf_view(&text), are_labels, w);
		if (first != LOPT_TABLE_NONE)
			lopt_buf_printf(&text, ",number=\"%u\"", ++repeats[first] + 1);
		w->labels[i] = lopt_arena_copy(&w->arena, lopt_buf_view(&text));
		if (text.failed || !w->labels[i].ptr)
			return lopt_error_memory(err);
		if (first == LOPT_TABLE_NONE && !lopt_table_insert(&table, 0, w->labels[i], (uint32_t)i))
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

enum value { FIGURE, LIMIT, EXCESS, VALUES };

struct family {
	enum lopt_gate_unit unit;
	const char *unit_name;
	const char *names[VALUES];
	const char *helps[VALUES];
};

static bool has_value(const struct lopt_gate_check *check, enum value value)
{
	return value == LIMIT ||
	       (value == FIGURE ? check->verdict != LOPT_GATE_SKIPPED : check->verdict == LOPT_GATE_EXCEEDED);
}

static void put_value(struct writer *w, const struct family *family, enum value value, size_t index)
{
	const struct lopt_gate_check *check = &w->result->checks[index];
	if (check->unit != family->unit || !has_value(check, value))
		return;
	if (family->unit == LOPT_UNIT_RATIO) {
		const double ratios[VALUES] = { check->actual_ratio, check->limit_ratio,
						lopt_gate_excess_ratio(check) };
		put_ratio(w, family->names[value], w->labels[index], ratios[value]);
	} else {
		const uint64_t counts[VALUES] = { check->actual, check->limit, lopt_gate_check_excess(check) };
		put_count(w, family->names[value], w->labels[index], counts[value]);
	}
}

static void put_lines(struct writer *w)
{
	put_family(w, "budget_line", "", "Line of the Dockerfile that answers for most of what is too much.");
	for (size_t i = 0; i < w->result->check_count; i++)
		if (w->result->checks[i].verdict == LOPT_GATE_EXCEEDED && w->result->checks[i].line)
			put_count(w, "budget_line", w->labels[i], w->result->checks[i].line);
}

static void put_budgets(struct writer *w)
{
	static const struct family families[] = {
		{ LOPT_UNIT_BYTES,
		  "bytes",
		  { "budget_bytes", "budget_limit_bytes", "budget_excess_bytes" },
		  { "Figure that a budget is about.", "Its limit.", "By how much it is exceeded." } },
		{ LOPT_UNIT_COUNT,
		  "",
		  { "budget_items", "budget_limit_items", "budget_excess_items" },
		  { "Number that a budget is about.", "Its limit.", "By how much it is exceeded." } },
		{ LOPT_UNIT_RATIO,
		  "ratio",
		  { "budget_ratio", "budget_limit_ratio", "budget_excess_ratio" },
		  { "Ratio that a budget is about.", "Its limit.", "By how much it is exceeded." } },
	};
	for (size_t i = 0; i < VALUES * sizeof families / sizeof families[0]; i++) {
		const struct family *family = &families[i / VALUES];
		enum value value = (enum value)(i % VALUES);
		put_family(w, family->names[value], family->unit_name, family->helps[value]);
		for (size_t k = 0; k < w->result->check_count; k++)
			put_value(w, family, value, k);
	}
	put_family(w, "budget_exceeded", "", "1 for a budget that is exceeded; none for one that was not checked.");
	for (size_t k = 0; k < w->result->check_count; k++)
		if (w->result->checks[k].verdict != LOPT_GATE_SKIPPED)
			put_count(w, "budget_exceeded", w->labels[k],
				  w->result->checks[k].verdict == LOPT_GATE_EXCEEDED);
	put_lines(w);
}

/* Findings and the whole. */

static void put_findings(struct writer *w)
{
	static const char *const states[] = { "counted", "ignored", "off", "base" };
	enum { STATES = sizeof states / sizeof states[0] };
	put_family(w, "findings", "", "Findings by severity, and whether they count.");
	for (size_t i = 0; i < STATES * (LOPT_ERROR + 1); i++) {
		const char *state = states[i / (LOPT_ERROR + 1)];
		enum lopt_severity severity = (enum lopt_severity)(i % (LOPT_ERROR + 1));
		uint64_t count = 0;
		for (size_t k = 0; k < w->result->finding_count; k++) {
			const struct lopt_gate_finding *finding = &w->result->findings[k];
			count += finding->severity == severity && strcmp(lopt_gate_state_name(finding), state) == 0;
		}
		lopt_buf_printf(&w->line, "layeropt_findings{severity=\"%s\",state=\"%s\"} %" PRIu64,
				lopt_severity_name(severity), state, count);
		end_line(w);
	}
}

static void put_whole(struct writer *w)
{
	const struct lopt_str none = { 0 };
	const struct lopt_gate_result *result = w->result;
	put_family(w, "gate_passed", "", "1 when no budget is exceeded.");
	put_count(w, "gate_passed", none, result->exceeded == 0);
	put_family(w, "gate_exceeded", "", "Budgets that are exceeded.");
	put_count(w, "gate_exceeded", none, result->exceeded);
	put_family(w, "gate_skipped", "", "Budgets that were not checked.");
	put_count(w, "gate_skipped", none, lopt_gate_skipped_count(result));
	put_family(w, "ignored_bytes", "bytes", "Bytes of findings that are ignored.");
	put_count(w, "ignored_bytes", none, result->ignored_bytes);
	put_figures(w);
	put_growth(w);
	put_budgets(w);
	put_findings(w);
	lopt_buf_text(&w->line, "# EOF");
	end_line(w);
}

enum lopt_status lopt_gate_openmetrics(FILE *to, const struct lopt_gate_result *result,
				       const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .to = to, .line = LOPT_BUF_INIT(SIZE_MAX / 2), .result = result };
	(void)options;
	lopt_arena_init(&w.arena, UINT64_MAX);
	enum lopt_status status = make_labels(&w, err);
	if (status == LOPT_OK)
		put_whole(&w);
	if (w.line.failed && status == LOPT_OK)
		status = lopt_error_memory(err);
	lopt_buf_release(&w.line);
	lopt_arena_release(&w.arena);
	return status;
}
