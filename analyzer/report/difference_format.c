/* SPDX-License-Identifier: MIT */
#include "base/size.h"
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

void lopt_change_format(struct lopt_buf *out, uint64_t before, uint64_t after)
{
	if (before == after) {
		lopt_buf_text(out, "the same");
		return;
	}
	lopt_buf_char(out, after > before ? '+' : '-');
	lopt_size_format(out, after > before ? after - before : before - after);
}
