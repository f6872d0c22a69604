/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_GATE_INNER_H
#define LAYEROPT_GATE_INNER_H

#include "gate/evaluate.h"

/* Inner to this room. */

struct lopt_evaluation {
	struct lopt_gate_result *result;
	const struct lopt_gate_settings *settings;
	struct lopt_error *err;
};

/** The layers of a part: from *first to before *end. */
void lopt_part_layers(const struct lopt_analysis *analysis, enum lopt_gate_part part, size_t *first, size_t *end);
/** The layer that holds what a finding is about, or LOPT_NO_LAYER. */
size_t lopt_gate_holder(const struct lopt_finding *finding);
/** The same where the finding's own layer only hides it, else LOPT_NO_LAYER. */
size_t lopt_gate_hidden_holder(const struct lopt_finding *finding);

/** Name the paths that a finding is about; a single file by its name. */
LOPT_CHECKED enum lopt_status lopt_gate_tell_paths(struct lopt_evaluation *e, struct lopt_gate_check *check,
						   const struct lopt_gate_finding *at);

/** Add a check; its strings are borrowed. */
LOPT_CHECKED enum lopt_status lopt_gate_add_check(struct lopt_evaluation *e, const struct lopt_gate_check *check);
/** A sentence in the arena; ptr is NULL without memory. */
struct lopt_str lopt_gate_sentence(struct lopt_evaluation *e, const char *fmt, ...) LOPT_PRINTF(2, 3);
/** The same with a size in front: "100.0 MB" and what follows. */
struct lopt_str lopt_gate_sized(struct lopt_evaluation *e, uint64_t bytes, const char *fmt, ...) LOPT_PRINTF(3, 4);

/** What becomes of each finding: before the budgets, which leave out what is ignored. */
LOPT_CHECKED enum lopt_status lopt_gate_judge(struct lopt_evaluation *e);
/** The checks "fail-on" and "no-new". */
LOPT_CHECKED enum lopt_status lopt_gate_check_findings(struct lopt_evaluation *e);
/** Budgets for paths and packages, and what is forbidden. */
LOPT_CHECKED enum lopt_status lopt_gate_check_patterns(struct lopt_evaluation *e);
/** What answers for most of a budget that is exceeded. */
LOPT_CHECKED enum lopt_status lopt_gate_explain(struct lopt_evaluation *e, enum lopt_budget budget,
						struct lopt_gate_check *check);
/** The same of waste in a part, for limits that are not in the table of budgets. */
LOPT_CHECKED enum lopt_status lopt_gate_explain_waste(struct lopt_evaluation *e, struct lopt_gate_check *check);

#endif
