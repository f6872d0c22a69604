/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

const char *lopt_gate_part_name(enum lopt_gate_part part)
{
	static const char *const names[] = {
		[LOPT_PART_IMAGE] = "image",
		[LOPT_PART_OWN] = "own",
		[LOPT_PART_BASE] = "base",
	};
	return names[part];
}

const char *lopt_gate_verdict_name(enum lopt_gate_verdict verdict)
{
	static const char *const names[] = {
		[LOPT_GATE_HELD] = "held",
		[LOPT_GATE_EXCEEDED] = "exceeded",
		[LOPT_GATE_SKIPPED] = "skipped",
	};
	return names[verdict];
}

uint64_t lopt_gate_check_excess(const struct lopt_gate_check *check)
{
	if (check->verdict != LOPT_GATE_EXCEEDED || check->unit == LOPT_UNIT_RATIO)
		return 0;
	uint64_t more = check->at_least ? check->limit : check->actual;
	uint64_t less = check->at_least ? check->actual : check->limit;
	return more > less ? more - less : 0;
}

const char *lopt_gate_budget_what(const char *budget)
{
	static const struct {
		const char *name, *what;
	} budgets[] = {
		{ "max-size", "The image weighs more than its budget." },
		{ "max-wasted", "The image ships more bytes that no container sees than its budget." },
		{ "max-wasted-percent", "More of the image is seen by no container than its budget." },
		{ "max-reclaimable", "A rewrite would save more than the budget leaves." },
		{ "min-efficiency", "Less of the image is seen by containers than is wanted." },
		{ "max-duplicates", "The image ships more further copies of the same content than its budget." },
		{ "max-layers", "The image has more layers than its budget." },
		{ "max-layer-size", "A layer weighs more than its budget." },
		{ "max-growth", "The image has grown by more than its budget since the baseline." },
		{ "max-growth-percent", "The image has grown by more than its budget since the baseline." },
		{ "path", "What a pattern names weighs more than its budget." },
		{ "package", "Packages weigh more than their budget." },
		{ "forbidden", "A layer ships a path that is forbidden." },
		{ "fail-on", "There are findings of a severity that is not to be." },
		{ "no-new", "There are findings that the baseline does not have." },
		{ "dive-lowest-efficiency", "dive's efficiency is below the limit of .dive-ci." },
		{ "dive-highest-wasted-bytes", "dive's wasted bytes are above the limit of .dive-ci." },
		{ "dive-highest-user-wasted-percent", "dive's share of wasted bytes is above the limit of .dive-ci." },
	};
	for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++)
		if (strcmp(budgets[i].name, budget) == 0)
			return budgets[i].what;
	return NULL;
}
