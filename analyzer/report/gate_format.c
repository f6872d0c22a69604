/* SPDX-License-Identifier: MIT */
#include "report/gate_view.h"

static const struct lopt_gate_format formats[] = {
	{ "text", lopt_gate_text },
	{ "json", lopt_gate_json },
	{ "markdown", lopt_gate_markdown },
};

const struct lopt_gate_format *lopt_gate_format_at(size_t index)
{
	return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}
