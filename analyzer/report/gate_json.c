/* SPDX-License-Identifier: MIT */
#include "report/formats.h"
#include "report/gate_view.h"
#include "report/json_writer.h"
#include "report/view.h"

/* The object of `analyze --format json`, and in it what the gate makes of it. */

enum { GATE_DEPTH = 3, GROWTH_DEPTH = 4 };

struct writer {
	struct lopt_json j;
	struct lopt_buf text; /* masked */
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
};

static void put_shown(struct writer *w, const char *key, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->j.text.failed |= w->text.failed;
	lopt_json_member_known(&w->j, key, lopt_buf_view(&w->text));
}

static void put_layer(struct writer *w, const char *key, size_t layer)
{
	lopt_json_key(&w->j, key);
	if (layer == LOPT_NO_LAYER)
		lopt_json_null(&w->j);
	else
		lopt_json_count(&w->j, layer);
}

static void put_line(struct writer *w, uint32_t line)
{
	lopt_json_key(&w->j, "line");
	if (line)
		lopt_json_count(&w->j, line);
	else
		lopt_json_null(&w->j);
}

static void put_bool(struct writer *w, const char *key, bool truth)
{
	lopt_json_key(&w->j, key);
	lopt_json_bool(&w->j, truth);
}

/* Checks. */

static void put_figure(struct writer *w, const char *key, const struct lopt_gate_check *check, uint64_t whole,
		       double ratio)
{
	lopt_json_key(&w->j, key);
	if (check->unit == LOPT_UNIT_RATIO)
		lopt_json_ratio(&w->j, ratio);
	else
		lopt_json_count(&w->j, whole);
}

static void put_null(struct writer *w, const char *key)
{
	lopt_json_key(&w->j, key);
	lopt_json_null(&w->j);
}

static void put_excess(struct writer *w, const struct lopt_gate_check *check)
{
	bool ratio = check->unit == LOPT_UNIT_RATIO;
	if (ratio)
		put_null(w, "excess");
	else
		lopt_json_member_count(&w->j, "excess", lopt_gate_check_excess(check));
	if (!ratio)
		put_null(w, "excess_ratio");
	else
		put_figure(w, "excess_ratio", check, 0, lopt_gate_excess_ratio(check));
}

static void put_figures(struct writer *w, const struct lopt_gate_check *check)
{
	static const char *const units[] = { "bytes", "count", "ratio" };
	lopt_json_member_text(&w->j, "unit", units[check->unit]);
	put_figure(w, "limit", check, check->limit, check->limit_ratio);
	put_bool(w, "at_least", check->at_least);
	if (check->verdict == LOPT_GATE_SKIPPED)
		put_null(w, "actual");
	else
		put_figure(w, "actual", check, check->actual, check->actual_ratio);
	put_excess(w, check);
	lopt_json_member_count(&w->j, "ignored_bytes", check->ignored_bytes);
	if (check->has_true_bytes)
		put_figure(w, "true", check, check->true_bytes, check->true_ratio);
	else
		put_null(w, "true");
}

static void put_check(struct writer *w, const struct lopt_gate_check *check)
{
	struct lopt_json *j = &w->j;
	lopt_json_open(j, '{');
	lopt_json_member_text(j, "budget", check->budget);
	lopt_json_member_text(j, "part", lopt_gate_part_name(check->part));
	lopt_json_member_known(j, "name", check->name);
	lopt_json_member_text(j, "verdict", lopt_gate_verdict_name(check->verdict));
	lopt_json_member_known(j, "skipped", lopt_str_from(check->skipped));
	lopt_json_member_known(j, "measure", lopt_str_from(check->measure));
	put_figures(w, check);
	lopt_json_member_known(j, "origin", check->origin);
	put_shown(w, "message", check->message);
	put_shown(w, "cause", check->cause);
	put_layer(w, "layer", check->layer);
	put_layer(w, "made_by", check->made_by);
	put_line(w, check->line);
	lopt_json_key(j, "paths");
	lopt_json_open(j, '[');
	for (size_t i = 0; i < check->path_count; i++)
		lopt_json_string(j, check->paths[i]);
	lopt_json_close(j, ']');
	lopt_json_close(j, '}');
}

/* Findings and ignores. */

static void put_finding(struct writer *w, const struct lopt_gate_finding *finding)
{
	struct lopt_json *j = &w->j;
	lopt_json_open(j, '{');
	lopt_json_member_text(j, "fingerprint", finding->finding->fingerprint);
	lopt_json_member_text(j, "rule", finding->finding->rule);
	lopt_json_member_text(j, "severity", lopt_severity_name(finding->severity));
	lopt_json_member_count(j, "bytes", finding->finding->bytes);
	lopt_json_member_known(j, "largest", lopt_gate_largest(finding));
	lopt_json_member_text(j, "state", lopt_gate_state_name(finding));
	lopt_json_member_count(j, "ignored_bytes", finding->ignored_bytes);
	put_bool(w, "new", finding->is_new);
	put_bool(w, "fails", finding->fails);
	lopt_json_member_known(j, "ignored_by", finding->ignore ? finding->ignore->origin : lopt_str_make(NULL, 0));
	lopt_json_close(j, '}');
}

static void put_ignore(struct writer *w, const struct lopt_gate_ignore *ignore)
{
	struct lopt_json *j = &w->j;
	lopt_json_open(j, '{');
	lopt_json_member_known(j, "rule", ignore->rule);
	lopt_json_member_known(j, "path", ignore->path);
	lopt_json_member_known(j, "fingerprint", ignore->fingerprint);
	put_shown(w, "reason", ignore->reason);
	lopt_json_member_known(j, "expires", ignore->expires);
	put_bool(w, "expired", ignore->expired);
	lopt_json_member_known(j, "origin", ignore->origin);
	put_line(w, ignore->line);
	lopt_json_member_count(j, "findings", ignore->findings);
	lopt_json_member_count(j, "bytes", ignore->bytes);
	lopt_json_close(j, '}');
}

/* Growth. */

static void put_sizes(struct writer *w, uint64_t before, uint64_t after)
{
	lopt_json_member_count(&w->j, "bytes_before", before);
	lopt_json_member_count(&w->j, "bytes_after", after);
}

static void put_layer_change(struct writer *w, const struct lopt_layer_change *change)
{
	const struct lopt_gate_result *result = w->result;
	bool is_there = change->after != LOPT_NO_LAYER;
	const struct lopt_layer_figures *layers = is_there ? result->analysis->layers : result->baseline->layers;
	lopt_json_open(&w->j, '{');
	put_layer(w, "before", change->before);
	put_layer(w, "after", change->after);
	put_bool(w, "in_place", change->in_place);
	put_sizes(w, change->bytes_before, change->bytes_after);
	put_shown(w, "instruction", layers[is_there ? change->after : change->before].instruction);
	put_line(w, is_there ? layers[change->after].line : 0);
	lopt_json_close(&w->j, '}');
}

static void put_package_change(struct writer *w, const struct lopt_package_change *change)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_known(&w->j, "manager", lopt_str_from(change->manager));
	lopt_json_member_known(&w->j, "name", change->name);
	lopt_json_member_known(&w->j, "version_before", change->before);
	lopt_json_member_known(&w->j, "version_after", change->after);
	put_sizes(w, change->bytes_before, change->bytes_after);
	lopt_json_close(&w->j, '}');
}

static void put_directory(struct writer *w, const struct lopt_directory_growth *growth)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "path", growth->path);
	put_sizes(w, growth->bytes_before, growth->bytes_after);
	lopt_json_close(&w->j, '}');
}

static void put_rest(struct writer *w, const char *key, struct lopt_gate_rest rest)
{
	lopt_json_key(&w->j, key);
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "rows", rest.rows);
	put_sizes(w, rest.before, rest.after);
	lopt_json_close(&w->j, '}');
}

static size_t shown_of(const struct writer *w, size_t count)
{
	return w->options->top && w->options->top < count ? w->options->top : count;
}

static void open_list(struct writer *w, const char *key)
{
	lopt_json_key(&w->j, key);
	lopt_json_open(&w->j, '[');
}

static void put_growth(struct writer *w)
{
	const struct lopt_growth *growth = &w->result->growth;
	size_t layers = shown_of(w, growth->layer_count);
	size_t packages = shown_of(w, growth->package_count);
	size_t directories = shown_of(w, growth->directory_count);
	lopt_json_open(&w->j, '{');
	w->j.pretty_depth = GROWTH_DEPTH;
	lopt_json_member_count(&w->j, "shared_layers", growth->shared_layers);
	open_list(w, "layers");
	for (size_t i = 0; i < layers; i++)
		put_layer_change(w, &growth->layers[i]);
	lopt_json_close(&w->j, ']');
	open_list(w, "packages");
	for (size_t i = 0; i < packages; i++)
		put_package_change(w, &growth->packages[i]);
	lopt_json_close(&w->j, ']');
	open_list(w, "directories");
	for (size_t i = 0; i < directories; i++)
		put_directory(w, &growth->directories[i]);
	lopt_json_close(&w->j, ']');
	lopt_json_key(&w->j, "omitted");
	lopt_json_open(&w->j, '{');
	put_rest(w, "layers", lopt_gate_layers_from(growth, layers));
	put_rest(w, "packages", lopt_gate_packages_from(growth, packages));
	put_rest(w, "directories", lopt_gate_directories_from(growth, directories));
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
	w->j.pretty_depth = GATE_DEPTH;
}

static void put_baseline(struct writer *w)
{
	const struct lopt_totals *totals = &w->result->baseline->totals;
	size_t count;
	const struct lopt_figure *figures = lopt_figures(&count);
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "name", w->result->baseline_name);
	for (size_t i = 0; i < count; i++)
		lopt_json_member_count(&w->j, figures[i].name, lopt_figure_of(totals, &figures[i]));
	lopt_json_key(&w->j, "efficiency");
	lopt_json_ratio(&w->j, totals->efficiency);
	lopt_json_close(&w->j, '}');
}

static void put_gate(struct writer *w)
{
	const struct lopt_gate_result *result = w->result;
	put_bool(w, "passed", result->exceeded == 0);
	lopt_json_member_count(&w->j, "exceeded", result->exceeded);
	open_list(w, "checks");
	for (size_t i = 0; i < result->check_count; i++)
		put_check(w, &result->checks[i]);
	lopt_json_close(&w->j, ']');
	open_list(w, "findings");
	for (size_t i = 0; i < result->finding_count; i++)
		put_finding(w, &result->findings[i]);
	lopt_json_close(&w->j, ']');
	open_list(w, "ignores");
	for (size_t i = 0; i < result->ignore_count; i++)
		put_ignore(w, &result->ignores[i]);
	lopt_json_close(&w->j, ']');
	lopt_json_member_count(&w->j, "ignored_findings", result->ignored_count);
	lopt_json_member_count(&w->j, "ignored_bytes", result->ignored_bytes);
	lopt_json_key(&w->j, "baseline");
	if (result->baseline)
		put_baseline(w);
	else
		lopt_json_null(&w->j);
	lopt_json_key(&w->j, "growth");
	if (result->baseline)
		put_growth(w);
	else
		lopt_json_null(&w->j);
}

enum lopt_status lopt_gate_json(FILE *to, const struct lopt_gate_result *result,
				const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .result = result, .options = options };
	lopt_json_init(&w.j, to, LOPT_JSON_ROWS_DEPTH);
	lopt_json_open(&w.j, '{');
	lopt_json_analysis_members(&w.j, result->analysis, options);
	lopt_json_key(&w.j, "gate");
	lopt_json_open(&w.j, '{');
	w.j.pretty_depth = GATE_DEPTH;
	put_gate(&w);
	w.j.pretty_depth = LOPT_JSON_ROWS_DEPTH;
	lopt_json_close(&w.j, '}');
	lopt_json_close(&w.j, '}');
	lopt_json_newline(&w.j);
	lopt_buf_release(&w.text);
	return lopt_json_finish(&w.j, err);
}
