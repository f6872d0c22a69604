/* SPDX-License-Identifier: MIT */
#include "report/difference_formats.h"

static const struct lopt_difference_format formats[] = {
	{ "text", lopt_difference_text },
	{ "json", lopt_difference_json },
	{ "markdown", lopt_difference_markdown },
};

const struct lopt_difference_format *lopt_difference_format_at(size_t index)
{
	return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}
