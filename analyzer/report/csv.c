/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/escape.h"
#include "report/formats.h"
#include "report/view.h"

/*
 * One table of one shape (RFC 4180), whose first column says what a row is: a spreadsheet opens it as it is and filters.
 * `bytes` of one kind of row add up: to the image for layers, to wasted_bytes for waste, to visible_bytes for packages,
 * to duplicate_bytes for duplicates, where the first path of a group costs nothing and each other its size.
 */

static const char header[] =
	"table,name,layer,masked_by,cause,bytes,wasted_bytes,files,size,count,line,severity,text,level\r\n";

struct row {
	const char *table;
	struct lopt_str name;
	size_t layer, masked_by; /* LOPT_NO_LAYER: empty */
	const char *cause;
	const uint64_t *bytes, *wasted_bytes, *files, *size, *count; /* NULL: empty */
	uint32_t line;						     /* 0: empty */
	const char *severity;
	struct lopt_str text;
	const char *level; /* NULL: empty */
};

#define EMPTY_ROW .layer = LOPT_NO_LAYER, .masked_by = LOPT_NO_LAYER

struct writer {
	FILE *to;
	struct lopt_buf line;
	struct lopt_buf text;
	const struct lopt_analysis *analysis;
	const struct lopt_report_options *options;
};

static void put_number(struct writer *w, const uint64_t *number)
{
	lopt_buf_char(&w->line, ',');
	if (number)
		lopt_buf_printf(&w->line, "%" PRIu64, *number);
}

static void put_layer_number(struct writer *w, size_t layer)
{
	uint64_t number = layer;
	put_number(w, layer == LOPT_NO_LAYER ? NULL : &number);
}

static void put_text(struct writer *w, struct lopt_str text)
{
	lopt_buf_char(&w->line, ',');
	lopt_escape_csv(&w->line, text);
}

static void put_row(struct writer *w, const struct row *row)
{
	uint64_t line = row->line;
	lopt_buf_text(&w->line, row->table);
	put_text(w, row->name);
	put_layer_number(w, row->layer);
	put_layer_number(w, row->masked_by);
	put_text(w, lopt_str_from(row->cause));
	put_number(w, row->bytes);
	put_number(w, row->wasted_bytes);
	put_number(w, row->files);
	put_number(w, row->size);
	put_number(w, row->count);
	put_number(w, line ? &line : NULL);
	put_text(w, lopt_str_from(row->severity));
	put_text(w, row->text);
	put_text(w, lopt_str_from(row->level));
	lopt_buf_text(&w->line, "\r\n");
	if (w->line.failed)
		return; /* and stays so: nothing may be missing from the middle */
	(void)fwrite(w->line.data, 1, w->line.len, w->to);
	lopt_buf_clear(&w->line);
}

static void put_rest(struct writer *w, const char *table, const struct lopt_cut *cut)
{
	uint64_t rows = cut->rows;
	struct row row = { EMPTY_ROW, .table = table, .bytes = &cut->bytes, .count = &rows,
			   .text = lopt_str_from("more rows") };
	if (rows)
		put_row(w, &row);
}

static void put_totals(struct writer *w)
{
	size_t count;
	const struct lopt_figure *figures = lopt_figures(&count);
	for (size_t i = 0; i < count; i++) {
		uint64_t value = lopt_figure_of(&w->analysis->totals, &figures[i]);
		struct row row = { EMPTY_ROW, .table = "total", .name = lopt_str_from(figures[i].name) };
		if (figures[i].bytes)
			row.bytes = &value;
		else
			row.count = &value;
		put_row(w, &row);
	}
}

static void put_layers(struct writer *w)
{
	for (size_t i = 0; i < lopt_image_layer_count(w->analysis->image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(w->analysis->image, i);
		const struct lopt_layer_figures *figures = &w->analysis->layers[i];
		lopt_buf_clear(&w->text);
		lopt_instruction_show(&w->text, w->analysis, i, w->options);
		w->line.failed |= w->text.failed;
		struct row row = { EMPTY_ROW,
				   .table = "layer",
				   .name = layer->diff_id,
				   .bytes = &figures->content_bytes,
				   .wasted_bytes = &figures->wasted_bytes,
				   .files = &figures->files,
				   .line = figures->line,
				   .text = lopt_buf_view(&w->text) };
		row.layer = i;
		row.size = layer->absent ? NULL : &layer->size;
		put_row(w, &row);
	}
}

static void put_waste(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_waste(w->analysis, w->options->top);
	for (size_t i = 0; i < cut.shown; i++) {
		const struct lopt_waste_row *waste = &w->analysis->waste[i];
		struct row row = { .table = "waste",
				   .name = waste->path,
				   .layer = waste->layer,
				   .masked_by = waste->masked_by,
				   .cause = lopt_cause_name(waste->cause),
				   .bytes = &waste->bytes,
				   .files = &waste->files };
		put_row(w, &row);
	}
	put_rest(w, "waste", &cut);
}

static void put_known(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_known(w->analysis, w->options->top);
	for (size_t i = 0; i < cut.shown; i++) {
		const struct lopt_known_row *known = &w->analysis->known[i];
		struct row row = { .table = "known",
				   .name = lopt_str_from(known->rule),
				   .layer = known->layer,
				   .masked_by = LOPT_NO_LAYER,
				   .bytes = &known->bytes,
				   .files = &known->files,
				   .line = w->analysis->layers[known->layer].line,
				   .text = known->largest,
				   .level = lopt_level_name(known->level) };
		put_row(w, &row);
	}
	put_rest(w, "known", &cut);
}

static void put_duplicates(struct writer *w)
{
	static const char digits[] = "0123456789abcdef";
	struct lopt_cut cut = lopt_cut_duplicates(w->analysis, w->options->top);
	for (size_t i = 0; i < cut.shown; i++) {
		const struct lopt_duplicate_row *group = &w->analysis->duplicates[i];
		char sha256[64];
		size_t len = group->has_sha256 ? sizeof sha256 : 0;
		for (size_t d = 0; d < len; d++)
			sha256[d] = digits[group->sha256[d / 2] >> (d % 2 ? 0 : 4) & 15];
		for (size_t path = 0; path < group->count; path++) {
			uint64_t cost = path ? group->size : 0;
			struct row row = { EMPTY_ROW,
					   .table = "duplicate",
					   .name = group->paths[path],
					   .bytes = &cost,
					   .size = &group->size,
					   .count = &group->count,
					   .text = lopt_str_make(sha256, len) };
			put_row(w, &row);
		}
	}
	put_rest(w, "duplicate", &cut);
}

static void put_package(struct writer *w, const struct lopt_package_row *package)
{
	lopt_buf_clear(&w->text);
	lopt_buf_text(&w->text, package->manager ? package->manager : "");
	if (package->version.len) {
		lopt_buf_char(&w->text, ' ');
		lopt_buf_str(&w->text, package->version);
	}
	w->line.failed |= w->text.failed;
	struct row row = { EMPTY_ROW,
			   .table = "package",
			   .name = package->manager ? package->name : lopt_str_from("(no package)"),
			   .cause = package->recommended_only ? "recommended"
				    : package->unneeded	      ? "unneeded"
							      : NULL,
			   .bytes = &package->bytes,
			   .files = &package->files,
			   .text = lopt_buf_view(&w->text) };
	if (package->layer_count == 1)
		row.layer = package->layers[0];
	put_row(w, &row);
}

static void put_packages(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_packages(w->analysis, w->options->top);
	for (size_t i = 0; i < cut.shown; i++)
		put_package(w, &w->analysis->packages[i]);
	put_rest(w, "package", &cut);
}

static void put_findings(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_findings(w->analysis, w->options->top);
	for (size_t i = 0; i < cut.shown; i++) {
		const struct lopt_finding *finding = &w->analysis->findings[i];
		lopt_buf_clear(&w->text);
		lopt_text_show(&w->text, finding->message, w->options);
		w->line.failed |= w->text.failed;
		struct row row = { .table = "finding",
				   .name = lopt_str_from(finding->rule),
				   .layer = finding->layer,
				   .masked_by = LOPT_NO_LAYER,
				   .bytes = &finding->bytes,
				   .line = finding->line,
				   .severity = lopt_severity_name(finding->severity),
				   .text = lopt_buf_view(&w->text),
				   .level = lopt_level_name(finding->level) };
		put_row(w, &row);
	}
	put_rest(w, "finding", &cut);
}

enum lopt_status lopt_report_csv(FILE *to, const struct lopt_analysis *analysis,
				 const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .to = to,
			    .line = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .text = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .analysis = analysis,
			    .options = options };
	(void)fputs(header, to);
	put_totals(&w);
	put_layers(&w);
	put_waste(&w);
	put_known(&w);
	put_duplicates(&w);
	put_packages(&w);
	put_findings(&w);
	bool failed = w.line.failed || w.text.failed;
	lopt_buf_release(&w.line);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
