/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "report/formats.h"
#include "report/printer.h"
#include "report/view.h"

enum { COLUMNS = 80, COLUMNS_MIN = 60, BAR = 12, PATHS_SHOWN = 4 };

struct writer {
	struct lopt_printer p;
	struct lopt_buf text; /* masked */
	const struct lopt_analysis *analysis;
	const struct lopt_report_options *options;
};

static void put_percent(struct writer *w, uint64_t part, uint64_t whole)
{
	lopt_buf_clear(&w->text);
	lopt_percent_format(&w->text, part, whole);
	w->p.cell.failed |= w->text.failed;
	lopt_printer_text(&w->p, w->text.data ? w->text.data : "");
}

static struct lopt_str instruction(struct writer *w, size_t layer)
{
	lopt_buf_clear(&w->text);
	lopt_instruction_show(&w->text, w->analysis, layer, w->options);
	w->p.cell.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

/* "12: RUN make" with its line, or "RUN make", in what is left of the line. */
static void put_instruction(struct writer *w, const char *line_word, size_t layer)
{
	uint32_t line = w->analysis->layers[layer].line;
	if (line)
		lopt_printer_printf(&w->p, "%s%u: ", line_word, (unsigned)line);
	struct lopt_str text = instruction(w, layer);
	lopt_printer_cut(&w->p, text, lopt_printer_room(&w->p));
}

/* Text that may be of the image, credentials masked. */
static void put_wrapped(struct writer *w, struct lopt_str text, size_t indent)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->p.cell.failed |= w->text.failed;
	lopt_printer_wrapped(&w->p, lopt_buf_view(&w->text), indent);
}

static void put_rest(struct writer *w, const struct lopt_cut *cut)
{
	if (!cut->rows)
		return;
	lopt_printer_text(&w->p, "  ");
	lopt_printer_count(&w->p, cut->rows, 0);
	lopt_printer_text(&w->p, " more: ");
	lopt_printer_size(&w->p, cut->bytes, 0);
	lopt_printer_end(&w->p);
}

/* The verdict. */

static enum lopt_style style_of_waste(const struct lopt_totals *totals)
{
	if (totals->wasted_bytes == 0 || totals->efficiency >= 0.99)
		return LOPT_STYLE_GOOD;
	return totals->efficiency >= 0.9 ? LOPT_STYLE_WARN : LOPT_STYLE_BAD;
}

static void put_share(struct writer *w, const char *name, uint64_t part, uint64_t whole)
{
	lopt_printer_text(&w->p, name);
	lopt_printer_size(&w->p, part, 0);
	lopt_printer_text(&w->p, " (");
	put_percent(w, part, whole);
	lopt_printer_text(&w->p, ")");
}

static void put_sizes(struct writer *w, const char *name, const struct lopt_totals *totals)
{
	lopt_printer_text(&w->p, name);
	lopt_printer_size(&w->p, totals->content_bytes, 0);
	lopt_printer_text(&w->p, ", visible ");
	lopt_printer_size(&w->p, totals->visible_bytes, 0);
	lopt_printer_text(&w->p, ", ");
	lopt_printer_style(&w->p, style_of_waste(totals));
	put_share(w, "wasted ", totals->wasted_bytes, totals->content_bytes);
	lopt_printer_plain(&w->p);
	lopt_printer_end(&w->p);
}

/* "reclaimable 1.79 GB (40.0%): base 1.41 MB, own 1.79 GB" */
static void put_reclaimable(struct writer *w)
{
	const struct lopt_totals *totals = &w->analysis->totals;
	put_share(w, "reclaimable ", totals->reclaimable_bytes, totals->content_bytes);
	if (w->analysis->has_base) {
		lopt_printer_text(&w->p, ": base ");
		lopt_printer_size(&w->p, w->analysis->base.reclaimable_bytes, 0);
		lopt_printer_text(&w->p, ", own ");
		lopt_printer_size(&w->p, w->analysis->own.reclaimable_bytes, 0);
	}
	lopt_printer_end(&w->p);
}

static void put_counts(struct writer *w)
{
	const struct lopt_totals *totals = &w->analysis->totals;
	const struct lopt_image_info *info = lopt_image_info(w->analysis->image);
	lopt_printer_text(&w->p, lopt_format_name(info->format));
	lopt_printer_text(&w->p, ", ");
	lopt_printer_elided(&w->p, info->os.len ? info->os : lopt_str_from("unknown"), 16);
	lopt_printer_text(&w->p, "/");
	lopt_printer_elided(&w->p, info->architecture.len ? info->architecture : lopt_str_from("unknown"), 16);
	lopt_printer_text(&w->p, ", ");
	lopt_printer_count(&w->p, totals->layers, 0);
	lopt_printer_text(&w->p, totals->layers == 1 ? " layer, " : " layers, ");
	lopt_printer_size(&w->p, totals->compressed_bytes, 0);
	lopt_printer_text(&w->p, " as stored");
	lopt_printer_end(&w->p);
	lopt_printer_line(&w->p, lopt_digests_words(w->analysis));
}

static void put_name(struct writer *w)
{
	const struct lopt_image_info *info = lopt_image_info(w->analysis->image);
	lopt_printer_style(&w->p, LOPT_STYLE_STRONG);
	lopt_printer_elided(&w->p, lopt_source_name(info), lopt_printer_room(&w->p));
	lopt_printer_plain(&w->p);
	if (info->tag_count && lopt_printer_room(&w->p) > 8) {
		lopt_printer_text(&w->p, ": ");
		lopt_printer_elided(&w->p, info->tags[0], lopt_printer_room(&w->p));
	}
	lopt_printer_end(&w->p);
}

static void put_verdict(struct writer *w)
{
	put_name(w);
	put_sizes(w, "size ", &w->analysis->totals);
	if (w->analysis->has_base) {
		put_sizes(w, "  base ", &w->analysis->base);
		put_sizes(w, "  own  ", &w->analysis->own);
	}
	put_reclaimable(w);
	put_counts(w);
}

/* What to do next. */

enum { STEP_INDENT = 3 };

static void put_step_layer(struct writer *w, const char *name, size_t layer)
{
	lopt_printer_to_column(&w->p, STEP_INDENT);
	lopt_printer_text(&w->p, name);
	put_instruction(w, "line ", layer);
	lopt_printer_end(&w->p);
}

static void put_step_path(struct writer *w, const struct lopt_finding *finding)
{
	if (finding->largest.len == 0)
		return;
	lopt_printer_to_column(&w->p, STEP_INDENT);
	lopt_printer_text(&w->p, finding->path_count == 1 ? "what:      " : "largest:   ");
	lopt_printer_elided(&w->p, finding->largest, lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

/* "1. 20.5 MB (safe): layer 3 removes 12 files of layer 2" */
static void put_step(struct writer *w, size_t number, const struct lopt_finding *finding)
{
	size_t holder = lopt_finding_holder(finding);
	lopt_printer_printf(&w->p, "%zu. ", number);
	lopt_printer_style(&w->p, LOPT_STYLE_STRONG);
	lopt_printer_size(&w->p, finding->bytes, 0);
	lopt_printer_plain(&w->p);
	lopt_printer_printf(&w->p, " (%s): ", lopt_level_name(finding->level));
	put_wrapped(w, finding->message, STEP_INDENT);
	put_step_path(w, finding);
	if (holder != LOPT_NO_LAYER)
		put_step_layer(w, "made by:   ", holder);
	if (finding->layer != holder)
		put_step_layer(w, "hidden by: ", finding->layer);
	lopt_printer_to_column(&w->p, STEP_INDENT);
	lopt_printer_text(&w->p, "-> ");
	put_wrapped(w, finding->advice, STEP_INDENT + 3);
}

static void put_steps(struct writer *w)
{
	const struct lopt_finding *steps[LOPT_STEPS];
	size_t count = lopt_steps_find(steps, w->analysis);
	if (count)
		lopt_printer_heading(&w->p, "What to do next");
	for (size_t i = 0; i < count; i++)
		put_step(w, i + 1, steps[i]);
}

/* Layers. */

static void put_blocks(struct writer *w, const char *block, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lopt_buf_text(&w->p.line, block);
	w->p.column += count;
}

/* `part` of `whole` in twelfths of the bar; something is never nothing. */
static size_t cells_of(uint64_t part, uint64_t whole)
{
	if (part == 0 || whole == 0)
		return 0;
	size_t cells = (size_t)((double)part / (double)whole * BAR + 0.5);
	return cells == 0 ? 1 : cells > BAR ? BAR : cells;
}

static void put_bar(struct writer *w, const struct lopt_layer_figures *figures, uint64_t largest)
{
	size_t all = cells_of(figures->content_bytes, largest);
	size_t wasted = cells_of(figures->wasted_bytes, largest);
	uint64_t visible_bytes = figures->content_bytes - figures->wasted_bytes;
	if (wasted > all)
		wasted = all;
	if (wasted == all && visible_bytes && all > 1)
		wasted--;
	size_t start = w->p.column;
	put_blocks(w, w->p.unicode ? "\u2588" : "#", all - wasted);
	lopt_printer_style(&w->p, LOPT_STYLE_BAD);
	put_blocks(w, w->p.unicode ? "\u2591" : ".", wasted);
	lopt_printer_plain(&w->p);
	if (w->p.column < start + BAR)
		lopt_printer_to_column(&w->p, start + BAR);
}

static void put_layer(struct writer *w, size_t index, uint64_t largest)
{
	const struct lopt_layer_figures *figures = &w->analysis->layers[index];
	lopt_printer_count(&w->p, index, 3);
	if (lopt_image_layer(w->analysis->image, index)->absent)
		lopt_printer_right(&w->p, "absent", 10);
	else
		lopt_printer_size(&w->p, figures->content_bytes, 10);
	if (figures->wasted_bytes)
		lopt_printer_size(&w->p, figures->wasted_bytes, 10);
	else
		lopt_printer_right(&w->p, "-", 10);
	lopt_printer_text(&w->p, "  ");
	put_bar(w, figures, largest);
	lopt_printer_text(&w->p, "  ");
	put_instruction(w, "", index);
	lopt_printer_end(&w->p);
}

static void put_layers(struct writer *w)
{
	uint64_t largest = 0;
	size_t count = lopt_image_layer_count(w->analysis->image);
	for (size_t i = 0; i < count; i++) {
		if (w->analysis->layers[i].content_bytes > largest)
			largest = w->analysis->layers[i].content_bytes;
	}
	lopt_printer_heading(&w->p,
			     w->p.unicode ? "Layers (\u2588 visible, \u2591 wasted)" : "Layers (# visible, . wasted)");
	lopt_printer_line(&w->p, w->analysis->dockerfile_given
					 ? "  #      size    wasted                line: instruction"
					 : "  #      size    wasted                instruction");
	for (size_t i = 0; i < count; i++)
		put_layer(w, i, largest);
}

/* Lists. */

static void put_waste(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_waste(w->analysis, w->options->top);
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_printer_heading(&w->p, "Waste: shipped in a layer, hidden by a later instruction");
	lopt_printer_line(&w->p, "     bytes     files  layer  hidden by  cause          path");
	for (size_t i = 0; i < cut.shown; i++) {
		const struct lopt_waste_row *row = &w->analysis->waste[i];
		lopt_printer_size(&w->p, row->bytes, 10);
		lopt_printer_count(&w->p, row->files, 10);
		lopt_printer_count(&w->p, row->layer, 7);
		lopt_printer_count(&w->p, row->masked_by, 11);
		lopt_printer_text(&w->p, "  ");
		lopt_printer_text(&w->p, lopt_cause_words(row->cause));
		lopt_printer_to_column(&w->p, 55);
		lopt_printer_elided(&w->p, row->path, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_rest(w, &cut);
}

static void put_known(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_known(w->analysis, w->options->top);
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_printer_heading(&w->p, "Known content: visible, and not needed by everyone");
	lopt_printer_line(&w->p, "     bytes  layer  level       rule                 where");
	for (size_t i = 0; i < cut.shown; i++) {
		const struct lopt_known_row *row = &w->analysis->known[i];
		lopt_printer_size(&w->p, row->bytes, 10);
		lopt_printer_count(&w->p, row->layer, 7);
		lopt_printer_printf(&w->p, "  %s", lopt_level_name(row->level));
		lopt_printer_to_column(&w->p, 31);
		lopt_printer_text(&w->p, row->rule);
		lopt_printer_to_column(&w->p, 52);
		lopt_printer_elided(&w->p, row->largest, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_rest(w, &cut);
}

static void put_duplicate(struct writer *w, const struct lopt_duplicate_row *row)
{
	enum { PATH_COLUMN = 32 };
	uint64_t shown = row->count <= PATHS_SHOWN ? row->count : PATHS_SHOWN - 1;
	lopt_printer_size(&w->p, row->bytes, 10);
	lopt_printer_count(&w->p, row->count, 8);
	lopt_printer_size(&w->p, row->size, 12);
	for (uint64_t i = 0; i < shown; i++) {
		lopt_printer_to_column(&w->p, PATH_COLUMN);
		lopt_printer_elided(&w->p, row->paths[i], lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	if (shown == row->count)
		return;
	lopt_printer_to_column(&w->p, PATH_COLUMN);
	lopt_printer_text(&w->p, "... and ");
	lopt_printer_count(&w->p, row->count - shown, 0);
	lopt_printer_line(&w->p, " more");
}

static void put_duplicates(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_duplicates(w->analysis, w->options->top);
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_printer_heading(&w->p, "Duplicates: the same content at several visible paths");
	lopt_printer_line(&w->p, "     extra  copies        each  paths");
	for (size_t i = 0; i < cut.shown; i++)
		put_duplicate(w, &w->analysis->duplicates[i]);
	put_rest(w, &cut);
}

/* "2", "2,5", or from the first to the last where there is no room for all. */
static void put_layer_list(struct writer *w, const struct lopt_package_row *row, size_t width)
{
	char text[64] = "-";
	size_t len = 0;
	for (size_t i = 0; i < row->layer_count && len <= width; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%zu", i ? "," : "", row->layers[i]);
	if (len > width)
		(void)snprintf(text, sizeof text, "%zu..%zu", row->layers[0], row->layers[row->layer_count - 1]);
	lopt_printer_right(&w->p, text, width);
}

static void put_package(struct writer *w, const struct lopt_package_row *row)
{
	enum { LAYERS = 9, MARK_COLUMN = 38 };
	lopt_printer_size(&w->p, row->bytes, 10);
	lopt_printer_count(&w->p, row->files, 10);
	put_layer_list(w, row, LAYERS);
	lopt_printer_text(&w->p, "  ");
	lopt_printer_text(&w->p, row->manager ? row->manager : "-");
	lopt_printer_to_column(&w->p, MARK_COLUMN);
	lopt_printer_text(&w->p, row->recommended_only ? "* " : "  ");
	if (row->manager)
		lopt_printer_elided(&w->p, row->name, lopt_printer_room(&w->p));
	else
		lopt_printer_text(&w->p, "(no package)");
	if (row->version.len && lopt_printer_room(&w->p) > 1) {
		lopt_printer_text(&w->p, " ");
		lopt_printer_elided(&w->p, row->version, lopt_printer_room(&w->p));
	}
	lopt_printer_end(&w->p);
}

static void put_recommended(struct writer *w)
{
	uint64_t bytes;
	uint64_t count = lopt_recommended_count_from(w->analysis, 0, &bytes);
	if (count == 0)
		return;
	lopt_printer_text(&w->p, "  * only recommended by others: ");
	lopt_printer_count(&w->p, count, 0);
	lopt_printer_text(&w->p, count == 1 ? " package, " : " packages, ");
	lopt_printer_size(&w->p, bytes, 0);
	lopt_printer_end(&w->p);
}

static void put_packages(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_packages(w->analysis, w->options->top);
	if (!lopt_has_packages(w->analysis))
		return;
	lopt_printer_heading(&w->p, "Packages: who owns what a container sees");
	lopt_printer_line(&w->p, "     bytes     files   layers  manager  package");
	for (size_t i = 0; i < cut.shown; i++)
		put_package(w, &w->analysis->packages[i]);
	put_rest(w, &cut);
	put_recommended(w);
}

static void put_finding(struct writer *w, const struct lopt_finding *finding)
{
	static const enum lopt_style styles[] = { LOPT_STYLE_DIM, LOPT_STYLE_WARN, LOPT_STYLE_BAD };
	enum { INDENT = 2 };
	lopt_printer_style(&w->p, styles[finding->severity]);
	lopt_printer_text(&w->p, lopt_severity_name(finding->severity));
	lopt_printer_plain(&w->p);
	lopt_printer_printf(&w->p, ": %s", finding->rule);
	if (finding->layer != LOPT_NO_LAYER)
		lopt_printer_printf(&w->p, ", layer %zu", finding->layer);
	if (finding->line)
		lopt_printer_printf(&w->p, ", line %u", (unsigned)finding->line);
	if (finding->bytes) {
		lopt_printer_text(&w->p, ", ");
		lopt_printer_size(&w->p, finding->bytes, 0);
	}
	lopt_printer_end(&w->p);
	lopt_printer_to_column(&w->p, INDENT);
	put_wrapped(w, finding->message, INDENT);
	if (finding->advice.len == 0)
		return;
	lopt_printer_text(&w->p, "  -> ");
	put_wrapped(w, finding->advice, INDENT + 3);
}

static void put_findings(struct writer *w)
{
	struct lopt_cut cut = lopt_cut_findings(w->analysis, w->options->top);
	if (cut.shown == 0 && cut.rows == 0)
		return;
	lopt_printer_heading(&w->p, "Findings");
	for (size_t i = 0; i < cut.shown; i++)
		put_finding(w, &w->analysis->findings[i]);
	put_rest(w, &cut);
}

enum lopt_status lopt_report_text(FILE *to, const struct lopt_analysis *analysis,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .analysis = analysis, .options = options };
	size_t columns = options->columns ? options->columns : COLUMNS;
	lopt_printer_init(&w.p, to, columns < COLUMNS_MIN ? COLUMNS_MIN : columns, options->color, options->unicode);
	put_verdict(&w);
	put_steps(&w);
	put_layers(&w);
	put_waste(&w);
	put_known(&w);
	put_duplicates(&w);
	put_packages(&w);
	put_findings(&w);
	lopt_buf_release(&w.text);
	return lopt_printer_finish(&w.p, err);
}
