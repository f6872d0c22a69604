/* SPDX-License-Identifier: MIT */
#include "proof/outcome.h"

uint64_t lopt_outcome_size_before(const struct lopt_outcome *outcome)
{
	return outcome->analysis ? outcome->analysis->totals.content_bytes : 0;
}

uint64_t lopt_outcome_size_after(const struct lopt_outcome *outcome)
{
	const struct lopt_trial *trial = outcome->trial;
	if (trial && trial->subject.analysis)
		return trial->subject.analysis->totals.content_bytes;
	uint64_t before = lopt_outcome_size_before(outcome);
	return before - (outcome->predicted_bytes < before ? outcome->predicted_bytes : before);
}

bool lopt_outcome_unproved(const struct lopt_outcome *outcome)
{
	return outcome->trial == NULL;
}

bool lopt_outcome_good(const struct lopt_outcome *outcome)
{
	if (outcome->trial && outcome->trial->verdict != LOPT_VERDICT_PROVED)
		return false;
	return !outcome->has_target || lopt_outcome_size_after(outcome) <= outcome->target;
}
