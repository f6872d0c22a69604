/* SPDX-License-Identifier: MIT */
#include "report/gate_view.h"

static const struct lopt_gate_format formats[] = {
	{ "text", lopt_gate_text },	    { "json", lopt_gate_json },
	{ "markdown", lopt_gate_markdown }, { "junit", lopt_gate_junit },
	{ "sarif", lopt_gate_sarif },	    { "gitlab-codequality", lopt_gate_gitlab },
	{ "github", lopt_gate_github },	    { "openmetrics", lopt_gate_openmetrics },
	{ "csv", lopt_gate_csv },	    { "baseline", lopt_gate_baseline },
};

const struct lopt_gate_format *lopt_gate_format_at(size_t index)
{
	return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}
