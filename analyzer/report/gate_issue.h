/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_GATE_ISSUE_H
#define LAYEROPT_REPORT_GATE_ISSUE_H

#include "report/gate_view.h"

/** What a gate has to say at a line of the Dockerfile, for the formats that list such things: worst first. */
struct lopt_gate_issue {
	const struct lopt_gate_check *check;	 /* an exceeded budget; NULL: it is a finding */
	const struct lopt_gate_finding *finding; /* one that counts, or that is ignored */
	const char *rule;			 /* the budget's name, or the finding's rule */
	enum lopt_severity severity;		 /* error when it makes the gate fail */
	size_t layer;
	uint32_t line; /* 0: not known */
};

/** Zeroed, it is in front of the first. */
struct lopt_gate_walk {
	size_t stage, index;
};
/** The next: exceeded budgets, findings that fail, others that count, ignored ones. False past the last. */
bool lopt_gate_issue_next(struct lopt_gate_issue *out, const struct lopt_gate_result *result,
			  struct lopt_gate_walk *walk);

/** One paragraph: what is wrong, by how much, because of what, and where to change it. Raw bytes; credentials masked. */
void lopt_gate_issue_format(struct lopt_buf *out, const struct lopt_gate_result *result,
			    const struct lopt_gate_issue *issue, const struct lopt_report_options *options);
/** The file it is told of: the Dockerfile, or the image where none is given. */
struct lopt_str lopt_gate_file(const struct lopt_gate_result *result);
/** 32 hex digits; neither a figure nor a line is in it. */
LOPT_CHECKED enum lopt_status lopt_gate_issue_fingerprint(char out[33], const struct lopt_gate_issue *issue,
							  struct lopt_error *err);

#endif
