/* SPDX-License-Identifier: MIT */
#include "report/gate_view.h"

#include <inttypes.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "report/view.h"

/* The whole. */

size_t lopt_gate_skipped_count(const struct lopt_gate_result *result)
{
	size_t count = 0;
	for (size_t i = 0; i < result->check_count; i++)
		count += result->checks[i].verdict == LOPT_GATE_SKIPPED;
	return count;
}

const char *lopt_gate_against(const struct lopt_gate_result *result)
{
	return result->baseline->totals.content_bytes == result->analysis->totals.content_bytes ? " as " : " against ";
}

void lopt_gate_verdict_format(struct lopt_buf *out, const struct lopt_gate_result *result)
{
	size_t all = result->check_count, skipped = lopt_gate_skipped_count(result);
	if (all == 0)
		lopt_buf_text(out, "no budget is set");
	else if (result->exceeded && all == 1)
		lopt_buf_text(out, "the budget is exceeded");
	else if (result->exceeded)
		lopt_buf_printf(out, "%zu of %zu %s exceeded", result->exceeded, all, all == 1 ? "budget" : "budgets");
	else if (skipped == 0)
		lopt_buf_printf(out, all == 1 ? "the budget is held" : "all %zu budgets are held", all);
	else
		lopt_buf_printf(out, "%zu of %zu %s held", all - skipped, all, all == 1 ? "budget" : "budgets");
	if (skipped)
		lopt_buf_printf(out, ", %zu not checked", skipped);
}

/* Budgets. */

void lopt_gate_name_format(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (check->part != LOPT_PART_IMAGE)
		lopt_buf_printf(out, "%s: ", lopt_gate_part_name(check->part));
	lopt_buf_text(out, check->budget);
	if (check->name.len) {
		lopt_buf_text(out, ": ");
		lopt_buf_str(out, check->name);
	}
}

/* "95.0%", by integers, because printf writes the locale's decimal point. */
static void put_percent(struct lopt_buf *out, double ratio, unsigned decimals)
{
	if (!(fabs(ratio) <= 1e6)) {
		lopt_buf_text(out, "unknown");
		return;
	}
	uint64_t unit = 1;
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	uint64_t scaled = (uint64_t)(fabs(ratio) * 100 * (double)unit + 0.5);
	lopt_buf_printf(out, "%s%" PRIu64 ".%0*" PRIu64, ratio < 0 && scaled ? "-" : "", scaled / unit, (int)decimals,
			scaled % unit);
}

static void put_exactly(struct lopt_buf *out, uint64_t bytes)
{
	lopt_count_format(out, bytes);
	lopt_buf_text(out, " B");
}

typedef void put_figure(struct lopt_buf *out, const struct lopt_gate_check *check, bool limit, unsigned decimals);

static bool are_alike(put_figure *put, const struct lopt_gate_check *check, unsigned decimals)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf actual = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf limit = LOPT_BUF_INIT(SIZE_MAX / 2);
	put(&actual, check, false, decimals);
	put(&limit, check, true, decimals);
	return lopt_str_equal(lopt_buf_view(&actual), lopt_buf_view(&limit));
}

static void put_ratio(struct lopt_buf *out, const struct lopt_gate_check *check, bool limit, unsigned decimals)
{
	put_percent(out, limit ? check->limit_ratio : check->actual_ratio, decimals);
}

static void put_size(struct lopt_buf *out, const struct lopt_gate_check *check, bool limit, unsigned decimals)
{
	(void)decimals;
	lopt_size_format(out, limit ? check->limit : check->actual);
}

/* As many decimals as tell figure and limit apart. */
static unsigned decimals_of(const struct lopt_gate_check *check)
{
	enum { LEAST = 1, MOST = 7 };
	unsigned decimals = LEAST;
	if (check->verdict == LOPT_GATE_SKIPPED || check->actual_ratio == check->limit_ratio)
		return decimals;
	while (decimals < MOST && are_alike(put_ratio, check, decimals))
		decimals++;
	return decimals;
}

static void put_bytes(struct lopt_buf *out, const struct lopt_gate_check *check, bool limit)
{
	uint64_t bytes = limit ? check->limit : check->actual;
	bool differ = check->verdict != LOPT_GATE_SKIPPED && check->actual != check->limit;
	if (differ && are_alike(put_size, check, 0))
		put_exactly(out, bytes);
	else
		lopt_size_format(out, bytes);
}

static void put_value(struct lopt_buf *out, const struct lopt_gate_check *check, bool limit)
{
	switch (check->unit) {
	case LOPT_UNIT_BYTES:
		put_bytes(out, check, limit);
		return;
	case LOPT_UNIT_COUNT:
		lopt_count_format(out, limit ? check->limit : check->actual);
		return;
	case LOPT_UNIT_RATIO:
		put_ratio(out, check, limit, decimals_of(check));
		lopt_buf_char(out, '%');
		return;
	}
}

void lopt_gate_actual_format(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (check->verdict == LOPT_GATE_SKIPPED)
		lopt_buf_char(out, '-');
	else
		put_value(out, check, false);
}

void lopt_gate_limit_format(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (check->at_least)
		lopt_buf_text(out, ">= ");
	put_value(out, check, true);
}

void lopt_gate_excess_format(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (check->verdict != LOPT_GATE_EXCEEDED)
		return;
	switch (check->unit) {
	case LOPT_UNIT_BYTES:
		lopt_size_format(out, lopt_gate_check_excess(check));
		break;
	case LOPT_UNIT_COUNT:
		lopt_count_format(out, lopt_gate_check_excess(check));
		break;
	case LOPT_UNIT_RATIO:
		put_percent(out, fabs(check->limit_ratio - check->actual_ratio), decimals_of(check));
		lopt_buf_text(out, " points");
		break;
	}
	lopt_buf_text(out, check->at_least ? " below" : " over");
}

double lopt_gate_excess_ratio(const struct lopt_gate_check *check)
{
	double above = check->actual_ratio - check->limit_ratio;
	return check->verdict != LOPT_GATE_EXCEEDED ? 0 : check->at_least ? -above : above;
}

bool lopt_gate_allows_none(const struct lopt_gate_check *check)
{
	bool listed = lopt_gate_is_of_findings(check) || strcmp(check->budget, "forbidden") == 0;
	return listed && check->unit == LOPT_UNIT_COUNT && check->limit == 0;
}

/* "1 finding of severity warning or above that the baseline does not have; none is allowed" */
static void put_unwanted(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	lopt_count_format(out, check->actual);
	if (!lopt_gate_is_of_findings(check)) {
		lopt_buf_text(out, check->actual == 1 ? " path matches" : " paths match");
	} else {
		lopt_buf_text(out, check->actual == 1 ? " finding" : " findings");
		for (enum lopt_severity severity = LOPT_INFO; severity <= LOPT_ERROR; severity++)
			if (lopt_str_is(check->name, lopt_severity_name(severity)))
				lopt_buf_printf(out, " of severity %s%s", lopt_severity_name(severity),
						severity == LOPT_ERROR ? "" : " or above");
		if (strcmp(check->budget, "no-new") == 0)
			lopt_buf_text(out, " that the baseline does not have");
	}
	lopt_buf_text(out, "; none is allowed");
}

void lopt_gate_breach_format(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (lopt_gate_allows_none(check)) {
		put_unwanted(out, check);
		return;
	}
	put_value(out, check, false);
	lopt_buf_text(out, ", ");
	lopt_gate_excess_format(out, check);
	lopt_buf_text(out, " the limit of ");
	put_value(out, check, true);
}

void lopt_gate_true_format(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (check->unit == LOPT_UNIT_RATIO) {
		put_percent(out, check->true_ratio, 1);
		lopt_buf_char(out, '%');
	} else {
		lopt_size_format(out, check->true_bytes);
	}
}

void lopt_gate_ratio_format(struct lopt_buf *out, double ratio)
{
	enum { UNIT = 1000000 };
	if (!(fabs(ratio) <= 1e9))
		return;
	uint64_t scaled = (uint64_t)(fabs(ratio) * UNIT + 0.5);
	lopt_buf_printf(out, "%s%" PRIu64 ".%06" PRIu64, ratio < 0 && scaled ? "-" : "", scaled / UNIT, scaled % UNIT);
}

/* Places. */

void lopt_gate_place_format(struct lopt_buf *out, const struct lopt_gate_result *result, size_t layer, uint32_t line)
{
	if (line && result->dockerfile)
		lopt_buf_printf(out, "%s:%" PRIu32, result->dockerfile, line);
	else if (line)
		lopt_buf_printf(out, "line %" PRIu32, line);
	else if (layer != LOPT_NO_LAYER)
		lopt_buf_printf(out, "layer %zu", layer);
}

void lopt_gate_instruction_format(struct lopt_buf *out, const struct lopt_gate_result *result, size_t layer,
				  uint32_t line, const struct lopt_report_options *options)
{
	lopt_gate_place_format(out, result, layer, line);
	if (layer == LOPT_NO_LAYER)
		return;
	lopt_buf_char(out, ' ');
	lopt_instruction_show(out, result->analysis, layer, options);
}

void lopt_gate_layer_format(struct lopt_buf *out, const struct lopt_gate_result *result, size_t layer,
			    const struct lopt_report_options *options)
{
	uint32_t line = layer == LOPT_NO_LAYER ? 0 : result->analysis->layers[layer].line;
	lopt_gate_instruction_format(out, result, layer, line, options);
}

void lopt_gate_layer_change_format(struct lopt_buf *out, const struct lopt_gate_result *result,
				   const struct lopt_layer_change *change, const struct lopt_report_options *options)
{
	if (change->after != LOPT_NO_LAYER)
		lopt_gate_layer_format(out, result, change->after, options);
	else
		lopt_instruction_show(out, result->baseline, change->before, options);
}

/* Findings. */

bool lopt_gate_is_of_findings(const struct lopt_gate_check *check)
{
	return strcmp(check->budget, "fail-on") == 0 || strcmp(check->budget, "no-new") == 0;
}

bool lopt_gate_is_hidden(const struct lopt_finding *finding)
{
	return finding->layer != LOPT_NO_LAYER && lopt_finding_holder(finding) != finding->layer;
}

struct lopt_str lopt_gate_largest(const struct lopt_gate_finding *finding)
{
	return finding->file.len ? finding->file : finding->finding->largest;
}

const char *lopt_gate_largest_word(const struct lopt_gate_finding *finding)
{
	const struct lopt_waste_row *waste = finding->finding->waste;
	bool all = finding->finding->path_count == 1 && (!waste || waste->files == 1 || !finding->file.len);
	return all ? "what" : "largest";
}

bool lopt_gate_counts(const struct lopt_gate_finding *finding)
{
	return !finding->ignore && !finding->off && !finding->of_base;
}

const char *lopt_gate_state_name(const struct lopt_gate_finding *finding)
{
	return finding->ignore ? "ignored" : finding->off ? "off" : finding->of_base ? "base" : "counted";
}

/* Rests of lists. */

static void add_row(struct lopt_gate_rest *rest, uint64_t before, uint64_t after)
{
	rest->rows++;
	rest->before = lopt_add_saturating(rest->before, before, NULL);
	rest->after = lopt_add_saturating(rest->after, after, NULL);
}

struct lopt_gate_rest lopt_gate_layers_from(const struct lopt_growth *growth, size_t shown)
{
	struct lopt_gate_rest rest = { 0 };
	for (size_t i = shown; i < growth->layer_count; i++)
		add_row(&rest, growth->layers[i].bytes_before, growth->layers[i].bytes_after);
	return rest;
}

struct lopt_gate_rest lopt_gate_packages_from(const struct lopt_growth *growth, size_t shown)
{
	struct lopt_gate_rest rest = { 0 };
	for (size_t i = shown; i < growth->package_count; i++)
		add_row(&rest, growth->packages[i].bytes_before, growth->packages[i].bytes_after);
	return rest;
}

struct lopt_gate_rest lopt_gate_directories_from(const struct lopt_growth *growth, size_t shown)
{
	struct lopt_gate_rest rest = { 0 };
	for (size_t i = shown; i < growth->directory_count; i++)
		add_row(&rest, growth->directories[i].bytes_before, growth->directories[i].bytes_after);
	return rest;
}
