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
