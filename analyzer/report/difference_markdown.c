/* SPDX-License-Identifier: MIT */
#include "base/escape.h"
#include "base/size.h"
#include "report/difference_formats.h"
#include "report/proof.h"
#include "report/view.h"

/* See markdown.c: GitHub takes 65,536 characters. */
enum { MARK_CONFIG = 10000, MARK_LAYERS = 18000, MARK_PACKAGES = 27000, MARK_DIRECTORIES = 38000, MARK_PATHS = 62000 };

enum { NAME_WIDTH = 80 };	/* columns of a name */
enum { INSTRUCTION_MAX = 300 }; /* bytes of one that are shown */

struct writer {
	struct lopt_buf out, row, text;
	const struct lopt_difference_view *view;
	const struct lopt_report_options *options;
};

static bool take_row(struct writer *w, size_t mark, size_t index)
{
	w->out.failed |= w->row.failed;
	bool fits = w->options->top == 0 || (index < w->options->top && w->out.len + w->row.len < mark);
	if (fits) {
		lopt_buf_str(&w->out, lopt_buf_view(&w->row));
		lopt_buf_char(&w->out, '\n');
	}
	lopt_buf_clear(&w->row);
	return fits;
}

static void put_rest(struct writer *w, size_t rows)
{
	if (rows)
		lopt_buf_printf(&w->out, "\n%zu more\n", rows);
}

static void put_code(struct writer *w, struct lopt_str text)
{
	lopt_buf_char(&w->row, ' ');
	lopt_escape_markdown(&w->row, text);
	lopt_buf_text(&w->row, " |");
}

static void write_size(struct writer *w, const char *name, uint64_t before, uint64_t after)
{
	lopt_buf_printf(&w->out, "| %s | ", name);
	lopt_size_format(&w->out, before);
	lopt_buf_text(&w->out, " | ");
	lopt_size_format(&w->out, after);
	lopt_buf_text(&w->out, " | ");
	lopt_change_format(&w->out, before, after);
	lopt_buf_text(&w->out, " |\n");
}

static void write_summary(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	const struct lopt_totals *a = &view->before->analysis->totals, *b = &view->after->analysis->totals;
	lopt_buf_text(&w->out, "## ");
	lopt_span_show(&w->out, lopt_difference_name(view, false), NAME_WIDTH);
	lopt_buf_text(&w->out, " and ");
	lopt_span_show(&w->out, lopt_difference_name(view, true), NAME_WIDTH);
	lopt_buf_text(&w->out, lopt_difference_view_differs(view) ? " differ\n\n" : " are the same\n\n");
	lopt_buf_text(&w->out, "| | before | after | change |\n| --- | ---: | ---: | ---: |\n");
	write_size(w, "size", a->content_bytes, b->content_bytes);
	write_size(w, "a container sees", a->visible_bytes, b->visible_bytes);
	write_size(w, "wasted", a->wasted_bytes, b->wasted_bytes);
	lopt_buf_printf(&w->out, "| layers | %llu | %llu | %zu lowest ones shared |\n", (unsigned long long)a->layers,
			(unsigned long long)b->layers, view->shared_layers);
	lopt_buf_printf(&w->out, "\n%zu paths added, %zu removed, %zu changed.\n", view->added, view->removed,
			view->changed);
	if (view->comparison->masked)
		lopt_buf_printf(&w->out,
				"Not compared: %zu of the configuration, because a listing masks credentials.\n",
				view->comparison->masked);
}

static void write_config(struct writer *w)
{
	const struct lopt_comparison *comparison = w->view->comparison;
	if (!comparison->config_count)
		return;
	lopt_buf_text(&w->out, "\n### Configuration\n\n| member | before | after |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < comparison->config_count; i++) {
		const struct lopt_config_difference *difference = &comparison->config[i];
		const struct lopt_str values[2] = { difference->before, difference->after };
		lopt_buf_char(&w->row, '|');
		put_code(w, difference->member);
		for (size_t k = 0; k < 2; k++) {
			lopt_buf_clear(&w->text);
			lopt_config_show(&w->text, difference->member, values[k], w->options);
			w->out.failed |= w->text.failed;
			put_code(w, lopt_buf_view(&w->text));
		}
		if (!take_row(w, MARK_CONFIG, i)) {
			put_rest(w, comparison->config_count - i);
			return;
		}
	}
}

static void put_instruction(struct writer *w, struct lopt_str instruction)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, instruction, w->options);
	if (w->text.len > INSTRUCTION_MAX) {
		size_t len = INSTRUCTION_MAX;
		while (len && ((unsigned char)w->text.data[len] & 0xc0) == 0x80)
			len--;
		w->text.len = len;
		lopt_buf_text(&w->text, "...");
	}
	w->out.failed |= w->text.failed;
	put_code(w, lopt_buf_view(&w->text));
}

static void write_layers(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	if (!view->layer_count)
		return;
	lopt_buf_text(&w->out, "\n### Layers\n\n| change | paths | layer | instruction |\n"
			       "| ---: | ---: | ---: | --- |\n");
	for (size_t i = 0; i < view->layer_count; i++) {
		const struct lopt_layer_difference *row = &view->layers[i];
		lopt_buf_text(&w->row, "| ");
		lopt_row_change_format(&w->row, row->removed, row->added);
		lopt_buf_printf(&w->row, " | %zu | ", row->paths);
		lopt_layer_pair_format(&w->row, row);
		lopt_buf_text(&w->row, " |");
		put_instruction(w, row->instruction);
		if (!take_row(w, MARK_LAYERS, i)) {
			put_rest(w, view->layer_count - i);
			return;
		}
	}
}

static void write_packages(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	if (!view->growth.package_count)
		return;
	lopt_buf_text(
		&w->out,
		"\n### Packages\n\n| change | manager | package | before | after |\n| ---: | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < view->growth.package_count; i++) {
		const struct lopt_package_change *change = &view->growth.packages[i];
		lopt_buf_text(&w->row, "| ");
		lopt_row_change_format(&w->row, change->bytes_before, change->bytes_after);
		lopt_buf_printf(&w->row, " | %s |", change->manager);
		put_code(w, change->name);
		put_code(w, change->before);
		put_code(w, change->after);
		if (!take_row(w, MARK_PACKAGES, i)) {
			put_rest(w, view->growth.package_count - i);
			return;
		}
	}
}

static void write_directories(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	if (!view->directory_count)
		return;
	lopt_buf_text(&w->out, "\n### Directories\n\n| change | paths | directory |\n| ---: | ---: | --- |\n");
	for (size_t i = 0; i < view->directory_count; i++) {
		const struct lopt_directory_change *change = &view->directories[i];
		lopt_buf_text(&w->row, "| ");
		lopt_row_change_format(&w->row, change->removed, change->added);
		lopt_buf_printf(&w->row, " | %zu |", change->paths);
		put_code(w, change->path.len ? change->path : lopt_str_from("/"));
		if (!take_row(w, MARK_DIRECTORIES, i)) {
			put_rest(w, view->directory_count - i);
			return;
		}
	}
}

static void write_paths(struct writer *w)
{
	const struct lopt_comparison *comparison = w->view->comparison;
	size_t all = w->view->added + w->view->removed + w->view->changed, shown = 0;
	if (!all)
		return;
	lopt_buf_text(&w->out, "\n### Paths\n\n| what | | path |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < comparison->count; i++) {
		const struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason != LOPT_REASON_NONE)
			continue;
		lopt_buf_text(&w->row, "| ");
		lopt_aspects_format(&w->row, difference->aspects);
		lopt_buf_text(&w->row, " | ");
		lopt_difference_format(&w->row, difference);
		lopt_buf_text(&w->row, " |");
		put_code(w, difference->path);
		if (!take_row(w, MARK_PATHS, shown)) {
			put_rest(w, all - shown);
			return;
		}
		shown++;
	}
}

enum lopt_status lopt_difference_markdown(FILE *to, const struct lopt_difference_view *view,
					  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .out = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .row = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .text = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .view = view,
			    .options = options };
	write_summary(&w);
	write_config(&w);
	write_layers(&w);
	write_packages(&w);
	write_directories(&w);
	write_paths(&w);
	bool failed = w.out.failed;
	if (!failed && w.out.len)
		(void)fwrite(w.out.data, 1, w.out.len, to);
	lopt_buf_release(&w.out);
	lopt_buf_release(&w.row);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
