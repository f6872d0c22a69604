/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/size.h"
#include "report/formats.h"
#include "report/printer.h"
#include "report/view.h"

/*
 * GitHub takes comments of at most 65,536 characters. Each list may fill the report up to its own mark, so that a
 * long one leaves room for those behind it; what is cut is said in its last row. --top 0 lifts the marks.
 */
enum {
	MARK_LAYERS = 16000,
	MARK_WASTE = 28000,
	MARK_KNOWN = 37000,
	MARK_DUPLICATES = 46000,
	MARK_PACKAGES = 52000,
	MARK_FINDINGS = 64000,
	CELL = 120,
	SENTENCE = 400
};

struct writer {
	struct lopt_buf out;
	struct lopt_buf row; /* not yet in `out` */
	struct lopt_buf text;
	const struct lopt_analysis *analysis;
	const struct lopt_report_options *options;
};

static void put_code(struct lopt_buf *to, struct lopt_str text)
{
	lopt_span_show(to, text, CELL);
}

static void put_size(struct lopt_buf *to, uint64_t bytes)
{
	lopt_buf_text(to, " ");
	lopt_size_format(to, bytes);
	lopt_buf_text(to, " |");
}

static void put_count(struct lopt_buf *to, uint64_t count)
{
	lopt_buf_text(to, " ");
	lopt_count_format(to, count);
	lopt_buf_text(to, " |");
}

static void put_line(struct lopt_buf *to, uint32_t line)
{
	if (line)
		put_count(to, line);
	else
		lopt_buf_text(to, " |");
}

static void put_code_cell(struct writer *w, struct lopt_str text)
{
	lopt_buf_text(&w->row, " ");
	put_code(&w->row, text);
	lopt_buf_text(&w->row, " |");
}

static struct lopt_str shown(struct writer *w, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->out.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

static struct lopt_str instruction(struct writer *w, size_t layer)
{
	lopt_buf_clear(&w->text);
	lopt_instruction_show(&w->text, w->analysis, layer, w->options);
	w->out.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

/* Take the row over where it fits below the mark. */
static bool take_row(struct writer *w, size_t mark)
{
	w->out.failed |= w->row.failed;
	bool fits = w->options->top == 0 || w->out.len + w->row.len <= mark;
	if (fits) {
		lopt_buf_str(&w->out, lopt_buf_view(&w->row));
		lopt_buf_char(&w->out, '\n');
	}
	lopt_buf_clear(&w->row);
	return fits;
}

static void put_rest(struct writer *w, uint64_t rows, uint64_t bytes)
{
	if (rows == 0)
		return;
	lopt_buf_text(&w->out, "\n");
	lopt_count_format(&w->out, rows);
	lopt_buf_text(&w->out, " more: ");
	lopt_size_format(&w->out, bytes);
	lopt_buf_text(&w->out, "\n");
}

static void put_share(struct lopt_buf *to, uint64_t part, uint64_t whole)
{
	lopt_buf_text(to, " ");
	lopt_size_format(to, part);
	lopt_buf_text(to, " (");
	lopt_percent_format(to, part, whole);
	lopt_buf_text(to, ") |");
}

static void put_sizes(struct writer *w, const char *name, const struct lopt_totals *totals)
{
	lopt_buf_printf(&w->out, "| %s |", name);
	put_size(&w->out, totals->content_bytes);
	put_size(&w->out, totals->visible_bytes);
	put_share(&w->out, totals->wasted_bytes, totals->content_bytes);
	put_share(&w->out, totals->reclaimable_bytes, totals->content_bytes);
	put_size(&w->out, totals->duplicate_bytes);
	put_size(&w->out, totals->compressed_bytes);
	lopt_buf_text(&w->out, "\n");
}

static void put_verdict(struct writer *w)
{
	const struct lopt_image_info *info = lopt_image_info(w->analysis->image);
	lopt_buf_text(&w->out, "## layeropt: ");
	put_code(&w->out, lopt_source_name(info));
	lopt_buf_text(&w->out, "\n\n| | size | visible | wasted | reclaimable | duplicates | as stored |\n"
			       "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
	put_sizes(w, "image", &w->analysis->totals);
	if (w->analysis->has_base) {
		put_sizes(w, "base", &w->analysis->base);
		put_sizes(w, "own", &w->analysis->own);
	}
	lopt_buf_printf(&w->out, "\n%s\n", lopt_digests_words(w->analysis));
}

/* ", made by `RUN make` (line 7)" */
static void put_step_layer(struct writer *w, const char *how, size_t layer)
{
	uint32_t line = w->analysis->layers[layer].line;
	lopt_buf_printf(&w->out, ", %s ", how);
	put_code(&w->out, instruction(w, layer));
	if (line)
		lopt_buf_printf(&w->out, " (line %" PRIu32 ")", line);
}

static void put_step(struct writer *w, const struct lopt_finding *finding)
{
	size_t holder = lopt_finding_holder(finding);
	lopt_buf_text(&w->out, "1. **");
	lopt_size_format(&w->out, finding->bytes);
	lopt_buf_printf(&w->out, "** (%s): ", lopt_level_name(finding->level));
	lopt_span_show(&w->out, shown(w, finding->message), SENTENCE);
	if (finding->largest.len) {
		lopt_buf_text(&w->out, finding->path_count == 1 ? ", " : ", the largest ");
		put_code(&w->out, finding->largest);
	}
	if (holder != LOPT_NO_LAYER)
		put_step_layer(w, "made by", holder);
	if (finding->layer != holder)
		put_step_layer(w, "hidden by", finding->layer);
	lopt_buf_text(&w->out, ".<br>");
	lopt_span_show(&w->out, shown(w, finding->advice), SENTENCE);
	lopt_buf_char(&w->out, '\n');
}

static void put_steps(struct writer *w)
{
	const struct lopt_finding *steps[LOPT_STEPS];
	size_t count = lopt_steps_find(steps, w->analysis);
	if (count)
		lopt_buf_text(&w->out, "\n### What to do next\n\n");
	for (size_t i = 0; i < count; i++)
		put_step(w, steps[i]);
}

static void put_layers(struct writer *w)
{
	size_t count = lopt_image_layer_count(w->analysis->image);
	size_t i = 0;
	lopt_buf_text(&w->out, "\n### Layers\n\n| layer | size | wasted | line | instruction |\n"
			       "| ---: | ---: | ---: | ---: | --- |\n");
	for (; i < count; i++) {
		const struct lopt_layer_figures *figures = &w->analysis->layers[i];
		lopt_buf_text(&w->row, "|");
		put_count(&w->row, i);
		put_size(&w->row, figures->content_bytes);
		put_size(&w->row, figures->wasted_bytes);
		put_line(&w->row, figures->line);
		put_code_cell(w, instruction(w, i));
		if (!take_row(w, MARK_LAYERS))
			break;
	}
	uint64_t bytes = 0;
	for (size_t k = i; k < count; k++)
		bytes = lopt_add_saturating(bytes, w->analysis->layers[k].content_bytes, NULL);
	put_rest(w, count - i, bytes);
}

static void put_waste(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_waste(w->analysis, w->options->top);
	size_t i = 0;
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_buf_text(&w->out, "\n### Waste\n\n| bytes | files | layer | hidden by | cause | path |\n"
			       "| ---: | ---: | ---: | ---: | --- | --- |\n");
	for (; i < cut.shown; i++) {
		const struct lopt_waste_row *row = &w->analysis->waste[i];
		lopt_buf_text(&w->row, "|");
		put_size(&w->row, row->bytes);
		put_count(&w->row, row->files);
		put_count(&w->row, row->layer);
		put_count(&w->row, row->masked_by);
		lopt_buf_printf(&w->row, " %s |", lopt_cause_words(row->cause));
		put_code_cell(w, row->path);
		if (!take_row(w, MARK_WASTE))
			break;
	}
	put_rest(w, cut.shown - i + cut.rows, lopt_waste_bytes_from(w->analysis, i));
}

static void put_known(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_known(w->analysis, w->options->top);
	size_t i = 0;
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_buf_text(&w->out,
		      "\n### Known content\n\n| bytes | files | layer | line | level | rule | where | once gone |\n"
		      "| ---: | ---: | ---: | ---: | --- | --- | --- | --- |\n");
	for (; i < cut.shown; i++) {
		const struct lopt_known_row *row = &w->analysis->known[i];
		lopt_buf_text(&w->row, "|");
		put_size(&w->row, row->bytes);
		put_count(&w->row, row->files);
		put_count(&w->row, row->layer);
		put_line(&w->row, w->analysis->layers[row->layer].line);
		lopt_buf_printf(&w->row, " %s | %s |", lopt_level_name(row->level), row->rule);
		put_code_cell(w, row->largest);
		lopt_buf_printf(&w->row, " %s |", row->effect);
		if (!take_row(w, MARK_KNOWN))
			break;
	}
	put_rest(w, cut.shown - i + cut.rows, lopt_known_bytes_from(w->analysis, i));
}

static void put_paths(struct writer *w, const struct lopt_duplicate_row *row)
{
	enum { SHOWN = 4 };
	uint64_t count = row->count <= SHOWN ? row->count : SHOWN - 1;
	for (uint64_t i = 0; i < count; i++) {
		lopt_buf_text(&w->row, i ? "<br>" : " ");
		put_code(&w->row, row->paths[i]);
	}
	if (count < row->count)
		lopt_buf_printf(&w->row, "<br>and %" PRIu64 " more", row->count - count);
	lopt_buf_text(&w->row, " |");
}

static void put_duplicates(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_duplicates(w->analysis, w->options->top);
	size_t i = 0;
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_buf_text(&w->out, "\n### Duplicates\n\n| extra | copies | each | paths |\n| ---: | ---: | ---: | --- |\n");
	for (; i < cut.shown; i++) {
		const struct lopt_duplicate_row *row = &w->analysis->duplicates[i];
		lopt_buf_text(&w->row, "|");
		put_size(&w->row, row->bytes);
		put_count(&w->row, row->count);
		put_size(&w->row, row->size);
		put_paths(w, row);
		if (!take_row(w, MARK_DUPLICATES))
			break;
	}
	put_rest(w, cut.shown - i + cut.rows, lopt_duplicate_bytes_from(w->analysis, i));
}

static void put_package(struct writer *w, const struct lopt_package_row *row)
{
	lopt_buf_text(&w->row, "|");
	put_size(&w->row, row->bytes);
	put_count(&w->row, row->files);
	lopt_buf_char(&w->row, ' ');
	for (size_t i = 0; i < row->layer_count; i++)
		lopt_buf_printf(&w->row, "%s%zu", i ? ", " : "", row->layers[i]);
	lopt_buf_printf(&w->row, " | %s |", row->manager ? row->manager : "");
	if (row->manager)
		put_code_cell(w, row->name);
	else
		lopt_buf_text(&w->row, " no package |");
	if (row->version.len)
		put_code_cell(w, row->version);
	else
		lopt_buf_text(&w->row, " |");
	lopt_buf_text(&w->row, row->recommended_only ? " yes |" : " |");
}

static void put_packages(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_packages(w->analysis, w->options->top);
	size_t i = 0;
	if (!lopt_has_packages(w->analysis))
		return;
	lopt_buf_text(&w->out,
		      "\n### Packages\n\n| bytes | files | layers | manager | package | version | only recommended |\n"
		      "| ---: | ---: | --- | --- | --- | --- | --- |\n");
	for (; i < cut.shown; i++) {
		put_package(w, &w->analysis->packages[i]);
		if (!take_row(w, MARK_PACKAGES))
			break;
	}
	put_rest(w, cut.shown - i + cut.rows, lopt_package_bytes_from(w->analysis, i));
}

static void put_sentence_cell(struct writer *w, struct lopt_str text)
{
	lopt_buf_text(&w->row, " ");
	lopt_span_show(&w->row, shown(w, text), SENTENCE);
	lopt_buf_text(&w->row, " |");
}

static void put_finding(struct writer *w, const struct lopt_finding *finding)
{
	lopt_buf_printf(&w->row, "| %s | %s |", lopt_severity_name(finding->severity), finding->rule);
	if (finding->layer != LOPT_NO_LAYER)
		put_count(&w->row, finding->layer);
	else
		lopt_buf_text(&w->row, " |");
	put_line(&w->row, finding->line);
	put_size(&w->row, finding->bytes);
	put_sentence_cell(w, finding->message);
	put_sentence_cell(w, finding->advice);
}

static void put_findings(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_findings(w->analysis, w->options->top);
	size_t i = 0;
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_buf_text(&w->out, "\n### Findings\n\n| severity | rule | layer | line | bytes | what | advice |\n"
			       "| --- | --- | ---: | ---: | ---: | --- | --- |\n");
	for (; i < cut.shown; i++) {
		put_finding(w, &w->analysis->findings[i]);
		if (!take_row(w, MARK_FINDINGS))
			break;
	}
	put_rest(w, cut.shown - i + cut.rows, lopt_finding_bytes_from(w->analysis, i));
}

enum lopt_status lopt_report_markdown(FILE *to, const struct lopt_analysis *analysis,
				      const struct lopt_report_options *options, struct lopt_error *err)
{
	struct lopt_buf empty = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct writer w = { empty, empty, empty, analysis, options };
	put_verdict(&w);
	put_steps(&w);
	put_layers(&w);
	put_waste(&w);
	put_known(&w);
	put_duplicates(&w);
	put_packages(&w);
	put_findings(&w);
	bool failed = w.out.failed || w.row.failed || w.text.failed;
	if (!failed)
		(void)fwrite(w.out.data, 1, w.out.len, to);
	lopt_buf_release(&w.out);
	lopt_buf_release(&w.row);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
