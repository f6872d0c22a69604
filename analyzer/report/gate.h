/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_GATE_H
#define LAYEROPT_REPORT_GATE_H

#include <stdio.h>

#include "gate/gate.h"
#include "layeropt/report.h"

/** Markdown is never cut to less: the verdict has to fit. */
enum { LOPT_MARKDOWN_LEAST = 4096 };

/** How a gate's result is written: one row per format of `layeropt gate`. */
struct lopt_gate_format {
	const char *
		name; /* "text", "json", "markdown", "junit", "sarif", "gitlab-codequality", "github", "openmetrics", "csv" */
	/** Write the whole report. Write errors are left to the caller's check of the stream at the end. */
	enum lopt_status (*write)(FILE *to, const struct lopt_gate_result *result,
				  const struct lopt_report_options *options, struct lopt_error *err);
};
/** NULL past the last. */
const struct lopt_gate_format *lopt_gate_format_at(size_t index);

#endif
