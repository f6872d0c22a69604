/* SPDX-License-Identifier: MIT */
#include "gate/evaluate.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gate/inner.h"

enum { ARENA_MAX = 64 << 20 };

enum lopt_status lopt_gate_add_check(struct lopt_evaluation *e, const struct lopt_gate_check *check)
{
	struct lopt_gate_result *result = e->result;
	struct lopt_gate_check *checks =
		lopt_grow(result->checks, &result->check_cap, result->check_count + 1, sizeof *checks);
	if (!checks)
		return lopt_error_memory(e->err);
	result->checks = checks;
	checks[result->check_count++] = *check;
	result->exceeded += check->verdict == LOPT_GATE_EXCEEDED;
	return LOPT_OK;
}

/* --- figures --- */

static const struct lopt_totals *totals_of(const struct lopt_analysis *analysis, enum lopt_gate_part part)
{
	switch (part) {
	case LOPT_PART_OWN:
		return &analysis->own;
	case LOPT_PART_BASE:
		return &analysis->base;
	case LOPT_PART_IMAGE:
		break;
	}
	return &analysis->totals;
}

static uint64_t size_of(const struct lopt_totals *totals, enum lopt_size_measure measure)
{
	switch (measure) {
	case LOPT_MEASURE_LAYERS:
		return totals->layer_bytes;
	case LOPT_MEASURE_COMPRESSED:
		return totals->compressed_bytes;
	case LOPT_MEASURE_ROOTFS:
		return totals->visible_bytes;
	case LOPT_MEASURE_CONTENT:
		break;
	}
	return totals->content_bytes;
}

/* Bytes of findings that are ignored: of waste, and of what else could go. */
static uint64_t ignored_bytes(const struct lopt_evaluation *e, enum lopt_gate_part part, bool only_waste)
{
	size_t first, end;
	uint64_t sum = 0;
	lopt_part_layers(e->result->analysis, part, &first, &end);
	for (size_t i = 0; i < e->result->finding_count; i++) {
		const struct lopt_gate_finding *at = &e->result->findings[i];
		size_t holder = lopt_gate_holder(at->finding);
		bool counts = at->finding->waste || (!only_waste && at->finding->level == LOPT_LEVEL_SAFE);
		if (counts && holder >= first && holder < end)
			sum = lopt_add_saturating(sum, at->ignored_bytes, NULL);
	}
	return sum;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t largest_layer(const struct lopt_evaluation *e, enum lopt_gate_part part)
{
	size_t first, end;
	uint64_t most = 0;
	lopt_part_layers(e->result->analysis, part, &first, &end);
	for (size_t i = first; i < end; i++)
		if (e->result->analysis->layers[i].content_bytes > most)
			most = e->result->analysis->layers[i].content_bytes;
	return most;
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* The figure of a budget. *bytes: what a ratio is about, to be held against the floor. */
static void measure(const struct lopt_evaluation *e, enum lopt_budget budget, struct lopt_gate_check *check,
		    uint64_t *bytes)
{
	const struct lopt_totals *totals = totals_of(e->result->analysis, check->part);
	enum lopt_size_measure by = e->settings->measure;
	uint64_t size = size_of(totals, by);
	uint64_t before = e->result->baseline ? size_of(&e->result->baseline->totals, by) : 0;
	bool is_waste = budget == LOPT_MAX_WASTED || budget == LOPT_MAX_WASTED_PERCENT || budget == LOPT_MIN_EFFICIENCY;
	if (is_waste || budget == LOPT_MAX_RECLAIMABLE)
		check->ignored_bytes = ignored_bytes(e, check->part, is_waste);
	uint64_t wasted = less(totals->wasted_bytes, check->ignored_bytes);
	*bytes = wasted;
	switch (budget) {
	case LOPT_MAX_SIZE:
		check->actual = size;
		break;
	case LOPT_MAX_WASTED:
		check->actual = wasted;
		break;
	case LOPT_MAX_WASTED_PERCENT:
		check->actual_ratio = share(wasted, totals->content_bytes);
		break;
	case LOPT_MAX_RECLAIMABLE:
		check->actual = less(totals->reclaimable_bytes, check->ignored_bytes);
		break;
	case LOPT_MIN_EFFICIENCY:
		check->actual_ratio = 1 - share(wasted, totals->content_bytes);
		break;
	case LOPT_MAX_DUPLICATES:
		check->actual = totals->duplicate_bytes;
		break;
	case LOPT_MAX_LAYERS:
		check->actual = totals->layers;
		break;
	case LOPT_MAX_LAYER_SIZE:
		check->actual = largest_layer(e, check->part);
		break;
	case LOPT_MAX_GROWTH:
		check->actual = less(size, before);
		break;
	case LOPT_MAX_GROWTH_PERCENT:
		*bytes = less(size, before);
		check->actual_ratio = share(*bytes, before);
		break;
	case LOPT_BUDGETS:
		break;
	}
}

/* --- the budgets of the table --- */

static bool exceeds(const struct lopt_gate_check *check)
{
	if (check->unit != LOPT_UNIT_RATIO)
		return check->actual > check->limit;
	return check->at_least ? check->actual_ratio < check->limit_ratio : check->actual_ratio > check->limit_ratio;
}

static bool measures_size(enum lopt_budget budget)
{
	return budget == LOPT_MAX_SIZE || budget == LOPT_MAX_GROWTH || budget == LOPT_MAX_GROWTH_PERCENT;
}

static enum lopt_status judge(struct lopt_evaluation *e, enum lopt_budget budget, struct lopt_gate_check *check)
{
	uint64_t bytes = 0;
	const struct lopt_analysis *baseline = e->result->baseline;
	if (lopt_budget_kind(budget)->growth && !baseline) {
		check->verdict = LOPT_GATE_SKIPPED;
		check->skipped = "there is no baseline";
		return LOPT_OK;
	}
	measure(e, budget, check, &bytes);
	if (budget == LOPT_MAX_GROWTH_PERCENT && size_of(&baseline->totals, e->settings->measure) == 0) {
		check->verdict = LOPT_GATE_SKIPPED;
		check->skipped = "the baseline is empty";
	} else if (exceeds(check) && check->unit == LOPT_UNIT_RATIO && bytes < e->settings->floor.limit) {
		check->verdict = LOPT_GATE_SKIPPED;
		check->skipped = "the bytes it is about are below the floor";
	} else if (exceeds(check)) {
		check->verdict = LOPT_GATE_EXCEEDED;
		return lopt_gate_explain(e, budget, check);
	}
	return LOPT_OK;
}

static enum lopt_status check_budget(struct lopt_evaluation *e, enum lopt_gate_part part, enum lopt_budget budget)
{
	const struct lopt_budget_kind *kind = lopt_budget_kind(budget);
	const struct lopt_gate_limit *limit = &e->settings->budgets[part][budget];
	struct lopt_gate_check check = {
		.budget = kind->name,
		.part = part,
		.origin = limit->origin,
		.measure = measures_size(budget) ? lopt_size_measure_figure(e->settings->measure) : kind->measure,
		.unit = kind->unit,
		.limit = limit->limit,
		.limit_ratio = limit->ratio,
		.at_least = kind->at_least,
		.layer = LOPT_NO_LAYER,
		.made_by = LOPT_NO_LAYER,
	};
	if (limit->rank == LOPT_RANK_DEFAULT)
		return LOPT_OK;
	LOPT_TRY(judge(e, budget, &check));
	return lopt_gate_add_check(e, &check);
}

/* --- dive --- */

static struct lopt_gate_check dive_check(const char *budget, const struct lopt_dive_limit *limit,
					 enum lopt_gate_unit unit)
{
	return (struct lopt_gate_check){
		.budget = budget,
		.origin = limit->origin,
		.unit = unit,
		.limit = limit->bytes,
		.limit_ratio = limit->ratio,
		.has_true_bytes = true,
		.layer = LOPT_NO_LAYER,
		.made_by = LOPT_NO_LAYER,
	};
}

static enum lopt_status judge_dive(struct lopt_evaluation *e, const struct lopt_dive_limit *limit,
				   struct lopt_gate_check *check)
{
	if (limit->disabled) {
		check->verdict = LOPT_GATE_SKIPPED;
		check->skipped = "it is turned off";
	} else if (exceeds(check)) {
		check->verdict = LOPT_GATE_EXCEEDED;
		LOPT_TRY(lopt_gate_explain_waste(e, check));
	}
	return lopt_gate_add_check(e, check);
}

/* dive calls all layers but the lowest the user's: what of their bytes is wasted. */
static double user_wasted(const struct lopt_analysis *analysis)
{
	uint64_t wasted = 0, all = 0;
	for (size_t i = 1; i < lopt_image_layer_count(analysis->image); i++) {
		wasted = lopt_add_saturating(wasted, analysis->layers[i].wasted_bytes, NULL);
		all = lopt_add_saturating(all, analysis->layers[i].content_bytes, NULL);
	}
	return share(wasted, all);
}

static enum lopt_status check_dive(struct lopt_evaluation *e)
{
	const struct lopt_analysis *analysis = e->result->analysis;
	const struct lopt_gate_settings *settings = e->settings;
	if (!settings->has_dive)
		return LOPT_OK;
	struct lopt_gate_check efficiency =
		dive_check("dive-lowest-efficiency", &settings->dive_efficiency, LOPT_UNIT_RATIO);
	efficiency.measure = "dive.efficiency";
	efficiency.at_least = true;
	efficiency.actual_ratio = analysis->dive.efficiency;
	efficiency.true_ratio = analysis->totals.efficiency;
	LOPT_TRY(judge_dive(e, &settings->dive_efficiency, &efficiency));
	struct lopt_gate_check wasted =
		dive_check("dive-highest-wasted-bytes", &settings->dive_wasted, LOPT_UNIT_BYTES);
	wasted.measure = "dive.wasted_bytes";
	wasted.actual = analysis->dive.wasted_bytes;
	wasted.true_bytes = analysis->totals.wasted_bytes;
	LOPT_TRY(judge_dive(e, &settings->dive_wasted, &wasted));
	struct lopt_gate_check user =
		dive_check("dive-highest-user-wasted-percent", &settings->dive_user_wasted, LOPT_UNIT_RATIO);
	user.measure = "dive.user_wasted_percent";
	user.actual_ratio = analysis->dive.user_wasted_percent;
	user.true_ratio = user_wasted(analysis);
	return judge_dive(e, &settings->dive_user_wasted, &user);
}

/* --- all of it --- */

/* What docker refuses may pass no gate. */
static enum lopt_status refuse(const struct lopt_analysis *analysis, struct lopt_error *err)
{
	for (size_t i = 0; i < analysis->finding_count; i++) {
		const struct lopt_finding *finding = &analysis->findings[i];
		if (strcmp(finding->rule, "engines-differ") != 0 || finding->severity != LOPT_ERROR)
			continue;
		struct lopt_str path = finding->path_count ? finding->paths[0] : lopt_str_from("");
		(void)lopt_error_set(err, LOPT_E_INPUT, "%.*s%s%.*s", LOPT_STR_ARGS(path), path.len ? ": " : "",
				     LOPT_STR_ARGS(finding->message));
		if (finding->layer != LOPT_NO_LAYER)
			(void)lopt_error_context(err, "layer %zu", finding->layer);
		return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(lopt_image_info(analysis->image)->source));
	}
	return LOPT_OK;
}

static enum lopt_status evaluate(struct lopt_evaluation *e)
{
	struct lopt_gate_result *result = e->result;
	LOPT_TRY(refuse(result->analysis, e->err));
	if (result->baseline)
		LOPT_TRY(lopt_growth_make(&result->growth, result->baseline, result->analysis, e->err));
	LOPT_TRY(lopt_gate_judge(e));
	for (size_t part = 0; part < 3; part++)
		for (size_t i = 0; i < LOPT_BUDGETS; i++)
			LOPT_TRY(check_budget(e, (enum lopt_gate_part)part, (enum lopt_budget)i));
	LOPT_TRY(lopt_gate_check_patterns(e));
	LOPT_TRY(lopt_gate_check_findings(e));
	return check_dive(e);
}

enum lopt_status lopt_gate_evaluate(struct lopt_gate_result *out, const struct lopt_gate_settings *settings,
				    const struct lopt_analysis *analysis, const struct lopt_analysis *baseline,
				    struct lopt_error *err)
{
	*out = (struct lopt_gate_result){ .analysis = analysis, .baseline = baseline };
	lopt_arena_init(&out->arena, ARENA_MAX);
	struct lopt_evaluation e = { out, settings, err };
	enum lopt_status status = evaluate(&e);
	if (status != LOPT_OK)
		lopt_gate_result_release(out);
	return status;
}

void lopt_gate_result_release(struct lopt_gate_result *result)
{
	free(result->checks);
	lopt_growth_release(&result->growth);
	lopt_arena_release(&result->arena);
	*result = (struct lopt_gate_result){ 0 };
}
