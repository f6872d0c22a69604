/* SPDX-License-Identifier: MIT */
#include "report/difference.h"
#include "report/difference_formats.h"
#include "report/printer.h"
#include "report/proof.h"
#include "report/view.h"

enum { COLUMNS = 80, COLUMNS_MIN = 60 };

struct writer {
	struct lopt_printer p;
	struct lopt_buf text;
	const struct lopt_difference_view *view;
	const struct lopt_report_options *options;
};

static size_t most(const struct writer *w)
{
	return w->options->top ? w->options->top : SIZE_MAX;
}

/* "+1.5 MB", right-aligned. */
static void put_change(struct writer *w, uint64_t before, uint64_t after, size_t width)
{
	struct lopt_buf *text = &w->text;
	lopt_buf_clear(text);
	lopt_row_change_format(text, before, after);
	w->p.cell.failed |= text->failed;
	lopt_printer_right(&w->p, text->data ? text->data : "", width);
}

static void write_size(struct writer *w, const char *name, uint64_t before, uint64_t after)
{
	lopt_printer_printf(&w->p, "%-18s", name);
	lopt_printer_size(&w->p, before, 10);
	lopt_printer_text(&w->p, " -> ");
	lopt_printer_size(&w->p, after, 10);
	lopt_printer_text(&w->p, "  ");
	if (before == after)
		lopt_printer_right(&w->p, "the same", 10);
	else
		put_change(w, before, after, 10);
	lopt_printer_end(&w->p);
}

static void write_summary(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	const struct lopt_totals *a = &view->before->analysis->totals, *b = &view->after->analysis->totals;
	lopt_printer_style(&w->p, LOPT_STYLE_STRONG);
	lopt_printer_elided(&w->p, lopt_difference_name(view, false), w->p.columns / 2 - 4);
	lopt_printer_text(&w->p, " -> ");
	lopt_printer_elided(&w->p, lopt_difference_name(view, true), lopt_printer_room(&w->p));
	lopt_printer_plain(&w->p);
	lopt_printer_end(&w->p);
	if (!lopt_difference_view_differs(view))
		lopt_printer_line(&w->p, "the same: no path and nothing of the configuration differs");
	write_size(w, "size", a->content_bytes, b->content_bytes);
	write_size(w, "a container sees", a->visible_bytes, b->visible_bytes);
	write_size(w, "wasted", a->wasted_bytes, b->wasted_bytes);
	lopt_printer_printf(&w->p, "%-18s%10llu -> %10llu  ", "layers", (unsigned long long)a->layers,
			    (unsigned long long)b->layers);
	if (view->shared_layers)
		lopt_printer_printf(&w->p, "the lowest %zu are the same", view->shared_layers);
	else
		lopt_printer_text(&w->p, "none is shared");
	lopt_printer_end(&w->p);
	lopt_printer_text(&w->p, "paths             ");
	lopt_printer_count(&w->p, view->added, 0);
	lopt_printer_text(&w->p, " added, ");
	lopt_printer_count(&w->p, view->removed, 0);
	lopt_printer_text(&w->p, " removed, ");
	lopt_printer_count(&w->p, view->changed, 0);
	lopt_printer_text(&w->p, " changed");
	size_t ignored = lopt_comparison_count(view->comparison, LOPT_REASON_ALLOWED);
	if (ignored)
		lopt_printer_printf(&w->p, ", %zu ignored", ignored);
	lopt_printer_end(&w->p);
	if (!view->comparison->masked)
		return;
	lopt_printer_printf(&w->p, "not compared      %zu of the configuration: a listing masks credentials",
			    view->comparison->masked);
	lopt_printer_end(&w->p);
}

static void write_config(struct writer *w)
{
	const struct lopt_comparison *comparison = w->view->comparison;
	if (!comparison->config_count)
		return;
	lopt_printer_heading(&w->p, "Configuration");
	for (size_t i = 0; i < comparison->config_count; i++) {
		const struct lopt_config_difference *difference = &comparison->config[i];
		lopt_printer_text(&w->p, "  ");
		lopt_printer_raw(&w->p, difference->member);
		lopt_printer_text(&w->p, ": ");
		lopt_buf_clear(&w->text);
		lopt_config_show(&w->text, difference->member, difference->before, w->options);
		lopt_buf_text(&w->text, " -> ");
		lopt_config_show(&w->text, difference->member, difference->after, w->options);
		w->p.cell.failed |= w->text.failed;
		lopt_printer_cut(&w->p, lopt_buf_view(&w->text), lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
}

static void put_rest(struct writer *w, size_t rows)
{
	if (!rows)
		return;
	lopt_printer_text(&w->p, "  ");
	lopt_printer_count(&w->p, rows, 0);
	lopt_printer_line(&w->p, " more");
}

static void write_layers(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	size_t shown = view->layer_count < most(w) ? view->layer_count : most(w);
	if (!shown)
		return;
	lopt_printer_heading(&w->p, "Layers");
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_layer_difference *row = &view->layers[i];
		lopt_printer_text(&w->p, "  ");
		put_change(w, row->removed, row->added, 10);
		lopt_printer_text(&w->p, "  ");
		lopt_printer_count(&w->p, row->paths, 7);
		lopt_printer_text(&w->p, row->paths == 1 ? " path " : " paths");
		lopt_buf_clear(&w->text);
		lopt_layer_pair_format(&w->text, row);
		w->p.cell.failed |= w->text.failed;
		lopt_printer_right(&w->p, w->text.data ? w->text.data : "", 9);
		lopt_printer_text(&w->p, "  ");
		lopt_buf_clear(&w->text);
		lopt_text_show(&w->text, row->instruction, w->options);
		w->p.cell.failed |= w->text.failed;
		lopt_printer_cut(&w->p, lopt_buf_view(&w->text), lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_rest(w, view->layer_count - shown);
}

static void write_packages(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	size_t shown = view->growth.package_count < most(w) ? view->growth.package_count : most(w);
	if (!shown)
		return;
	lopt_printer_heading(&w->p, "Packages");
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_package_change *change = &view->growth.packages[i];
		lopt_printer_text(&w->p, "  ");
		put_change(w, change->bytes_before, change->bytes_after, 10);
		lopt_printer_printf(&w->p, "  %-5s ", change->manager);
		lopt_printer_elided(&w->p, change->name, 30);
		lopt_printer_text(&w->p, " ");
		lopt_buf_clear(&w->text);
		lopt_buf_str(&w->text, change->before.ptr ? change->before : lopt_str_from("(none)"));
		lopt_buf_text(&w->text, " -> ");
		lopt_buf_str(&w->text, change->after.ptr ? change->after : lopt_str_from("(none)"));
		w->p.cell.failed |= w->text.failed;
		lopt_printer_cut(&w->p, lopt_buf_view(&w->text), lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_rest(w, view->growth.package_count - shown);
}

static void write_directories(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	size_t shown = view->directory_count < most(w) ? view->directory_count : most(w);
	if (!shown)
		return;
	lopt_printer_heading(&w->p, "Directories");
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_directory_change *change = &view->directories[i];
		lopt_printer_text(&w->p, "  ");
		put_change(w, change->removed, change->added, 10);
		lopt_printer_text(&w->p, "  ");
		lopt_printer_count(&w->p, change->paths, 7);
		lopt_printer_text(&w->p, change->paths == 1 ? " path   /" : " paths  /");
		lopt_printer_elided(&w->p, change->path, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
	put_rest(w, view->directory_count - shown);
}

static void write_paths(struct writer *w)
{
	const struct lopt_comparison *comparison = w->view->comparison;
	size_t all = w->view->added + w->view->removed + w->view->changed, shown = 0;
	if (!all)
		return;
	lopt_printer_heading(&w->p, "Paths");
	for (size_t i = 0; i < comparison->count && shown < most(w); i++) {
		const struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason != LOPT_REASON_NONE)
			continue;
		lopt_printer_text(&w->p, "  /");
		lopt_printer_elided(&w->p, difference->path, w->p.columns - 35);
		lopt_printer_text(&w->p, "  ");
		lopt_buf_clear(&w->text);
		lopt_aspects_format(&w->text, difference->aspects);
		lopt_buf_char(&w->text, ' ');
		lopt_difference_format(&w->text, difference);
		w->p.cell.failed |= w->text.failed;
		lopt_printer_cut(&w->p, lopt_buf_view(&w->text), lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
		shown++;
	}
	put_rest(w, all - shown);
}

enum lopt_status lopt_difference_text(FILE *to, const struct lopt_difference_view *view,
				      const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .view = view, .options = options };
	size_t columns = options->columns ? options->columns : COLUMNS;
	lopt_printer_init(&w.p, to, columns < COLUMNS_MIN ? COLUMNS_MIN : columns, options->color, options->unicode);
	write_summary(&w);
	write_config(&w);
	write_layers(&w);
	write_packages(&w);
	write_directories(&w);
	write_paths(&w);
	lopt_buf_release(&w.text);
	return lopt_printer_finish(&w.p, err);
}
