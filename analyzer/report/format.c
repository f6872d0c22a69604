/* SPDX-License-Identifier: MIT */
#include "report/formats.h"

static const struct lopt_report_format formats[] = {
	{ "text", "for people", lopt_report_text },
	{ "json", "for programs: everything, in exact figures", lopt_report_json },
	{ "markdown", "tables for a pull request or a job summary", lopt_report_markdown },
	{ "csv", "for spreadsheets: all rows in one table", lopt_report_csv },
	{ "ncdu", "the final filesystem, for ncdu -f -", lopt_report_ncdu },
	{ "folded", "bytes per directory, for flame graphs", lopt_report_folded },
};

const struct lopt_report_format *lopt_report_format_at(size_t index)
{
	return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

const struct lopt_report_format *lopt_report_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}

#define FIGURE(name, bytes)                                      \
	{                                                        \
#name, offsetof(struct lopt_totals, name), bytes \
	}

static const struct lopt_figure figures[] = {
	FIGURE(layers, false),
	FIGURE(entries, false),
	FIGURE(paths, false),
	FIGURE(files, false),
	FIGURE(layer_bytes, true),
	FIGURE(compressed_bytes, true),
	FIGURE(content_bytes, true),
	FIGURE(visible_bytes, true),
	FIGURE(wasted_bytes, true),
	FIGURE(overwritten_bytes, true),
	FIGURE(metadata_only_bytes, true),
	FIGURE(removed_bytes, true),
	FIGURE(duplicate_bytes, true),
	FIGURE(reclaimable_bytes, true),
};

const struct lopt_figure *lopt_figures(size_t *count)
{
	*count = sizeof figures / sizeof figures[0];
	return figures;
}

uint64_t lopt_figure_of(const struct lopt_totals *totals, const struct lopt_figure *figure)
{
	uint64_t value;
	memcpy(&value, (const char *)totals + figure->offset, sizeof value);
	return value;
}
