/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "report/printer.h"
#include "report/repack.h"
#include "report/view.h"

enum { COLUMNS = 80, COLUMNS_MIN = 60, LABEL = 18 };

struct writer {
	struct lopt_printer p;
	struct lopt_buf text;
	const struct lopt_repack_view *view;
	const struct lopt_report_options *options;
};

static const char *text_of(struct writer *w)
{
	w->p.cell.failed |= w->text.failed;
	return w->text.data ? w->text.data : "";
}

static struct lopt_str text_view(struct writer *w)
{
	return lopt_str_from(text_of(w));
}

static void write_size(struct writer *w, const char *name, uint64_t before, uint64_t after)
{
	lopt_printer_printf(&w->p, "%-18s", name);
	lopt_printer_size(&w->p, before, 10);
	lopt_printer_text(&w->p, " -> ");
	lopt_printer_size(&w->p, after, 10);
	lopt_printer_text(&w->p, "  ");
	lopt_buf_clear(&w->text);
	lopt_change_format(&w->text, before, after);
	lopt_printer_right(&w->p, text_of(w), 10);
	lopt_printer_end(&w->p);
}

static void write_sizes(struct writer *w)
{
	const struct lopt_repack_view *view = w->view;
	write_size(w, "size", view->content, view->content - view->plan->total.bytes);
	write_size(w, "layers, plain", view->size, view->plan->total.size);
	write_size(w, "layers, stored", view->stored, view->compressed);
	if (view->compressed > view->stored)
		lopt_printer_line(&w->p,
				  "                  more, since they were compressed harder before (--compress)");
	lopt_printer_printf(&w->p, "%-18s%10zu -> %10zu", "layers", view->plan->layer_count, view->plan->output_count);
	lopt_printer_end(&w->p);
}

/* What makes the new image another one, if only to who looks closely. */
static void write_linked(struct writer *w)
{
	const struct lopt_repack_total *total = &w->view->plan->total;
	if (!total->linked_files)
		return;
	lopt_buf_clear(&w->text);
	lopt_size_format(&w->text, total->linked);
	lopt_buf_printf(&w->text, ", %llu %s of equal ones: the links are not strictly the same",
			(unsigned long long)total->linked_files,
			total->linked_files == 1 ? "file that becomes a hard link" : "files that become hard links");
	lopt_printer_printf(&w->p, "%-18s", "linked");
	lopt_printer_wrapped(&w->p, text_view(w), LABEL);
}

static void write_name(struct writer *w, const char *label, struct lopt_str name)
{
	lopt_printer_printf(&w->p, "%-18s", label);
	lopt_printer_elided(&w->p, name, lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void write_summary(struct writer *w)
{
	const struct lopt_repack_view *view = w->view;
	lopt_printer_style(&w->p, LOPT_STYLE_STRONG);
	if (view->plan->changes)
		lopt_printer_text(&w->p, view->repacked ? "repacked and proved" : "what would go");
	else
		lopt_printer_text(&w->p, view->repacked ? "written and proved: no file goes, no layers are joined"
							: "no file would go, and no layers be joined");
	lopt_printer_plain(&w->p);
	lopt_printer_end(&w->p);
	write_name(w, "image", lopt_image_info(view->plan->image)->source);
	if (view->target)
		write_name(w, "written to", lopt_str_from(view->target));
	write_sizes(w);
	lopt_buf_clear(&w->text);
	lopt_base_show(&w->text, view->plan);
	lopt_printer_printf(&w->p, "%-18s%s", "base", text_of(w));
	lopt_printer_end(&w->p);
	if (lopt_image_info(view->plan->image)->base_name.len)
		write_name(w, "it names as base", lopt_image_info(view->plan->image)->base_name);
	write_linked(w);
	lopt_printer_printf(&w->p, "%-18s", "stays wasted");
	lopt_printer_size(&w->p, view->plan->total.wasted, 0);
	if (view->base_wasted) {
		lopt_printer_text(&w->p, ", of which ");
		lopt_printer_size(&w->p, view->base_wasted, 0);
		lopt_printer_text(&w->p, " in the base");
	}
	lopt_printer_end(&w->p);
}

static void write_layer(struct writer *w, size_t index)
{
	const struct lopt_layer_plan *layer = &w->view->plan->layers[index];
	lopt_printer_printf(&w->p, "  %3zu  %-7s", index, lopt_fate_name(layer->fate));
	if (layer->entries) {
		lopt_printer_size(&w->p, layer->bytes, 10);
		lopt_printer_count(&w->p, layer->files, 8);
		lopt_printer_text(&w->p, layer->files == 1 ? " file   " : " files  ");
	} else {
		lopt_printer_to_column(&w->p, 40);
	}
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, w->view->instructions[index], w->options);
	w->p.cell.failed |= w->text.failed;
	lopt_printer_cut(&w->p, lopt_buf_view(&w->text), lopt_printer_room(&w->p));
	lopt_printer_end(&w->p);
}

static void write_output(struct writer *w, size_t index)
{
	const struct lopt_repack_plan *plan = w->view->plan;
	const struct lopt_output_plan *output = &plan->outputs[index];
	struct lopt_repack_sizes before = lopt_repack_sizes_before(plan, index);
	lopt_printer_printf(&w->p, output->count > 1 ? "  %3zu  %zu-%zu" : "  %3zu  %zu", index, output->first,
			    lopt_output_top(output));
	lopt_printer_to_column(&w->p, 16);
	lopt_printer_printf(&w->p, "%-7s", lopt_fate_name(lopt_repack_output_fate(plan, index)));
	lopt_printer_size(&w->p, before.size, 10);
	lopt_printer_text(&w->p, " ->");
	lopt_printer_size(&w->p, output->size, 9);
	lopt_printer_size(&w->p, before.stored, 13);
	lopt_printer_text(&w->p, " ->");
	lopt_printer_size(&w->p, w->view->stored_after[index], 9);
	lopt_printer_end(&w->p);
}

/* Where nothing is joined each is the layer of the same line above, but for those that went. */
static void write_outputs(struct writer *w)
{
	lopt_printer_heading(&w->p, "New layers, what they are made of, plain and stored");
	for (size_t i = 0; i < w->view->plan->output_count; i++)
		write_output(w, i);
}

static void write_account(struct writer *w, const char *way, const struct lopt_repack_account *account)
{
	lopt_printer_printf(&w->p, "  %-12s", way);
	lopt_printer_count(&w->p, account->layers, 8);
	lopt_printer_size(&w->p, account->saved_size, 12);
	lopt_printer_size(&w->p, account->unshared, 12);
	lopt_printer_size(&w->p, account->unshared_base, 12);
	lopt_printer_end(&w->p);
}

/* Bytes of layers that others may have too, and that are no layers of the new image. */
static void write_accounts(struct writer *w)
{
	const struct lopt_repack_view *view = w->view;
	lopt_printer_heading(&w->p, "What it saves, plain, and what is shared no longer, as stored");
	lopt_printer_printf(&w->p, "  %-12s%8s%12s%12s%12s", "", "layers", "saved", "unshared", "of the base");
	lopt_printer_end(&w->p);
	for (size_t i = 0; view->choices && i < LOPT_REPACK_MODES; i++)
		write_account(w, lopt_repack_mode_name(view->choices[i].mode), &view->choices[i]);
	if (!view->choices || view->plan->max_layers)
		write_account(w, lopt_repack_way_name(view->plan), &view->account);
}

static void write_left_alone(struct writer *w)
{
	const struct lopt_repack_plan *plan = w->view->plan;
	bool first = true;
	for (size_t i = 0; i < plan->layer_count; i++) {
		bool left = plan->layers[i].fate == LOPT_FATE_LEFT;
		if (!left && !plan->layers[i].cut)
			continue;
		if (first)
			lopt_printer_heading(&w->p, "Left alone");
		first = false;
		lopt_printer_printf(&w->p, "  %3zu  %s", i, left ? "" : "not joined to the one above: ");
		lopt_printer_wrapped(&w->p, left ? plan->layers[i].why : lopt_str_from(plan->layers[i].cut), 7);
	}
}

static void write_left_out(struct writer *w)
{
	const struct lopt_repacked *repacked = w->view->repacked;
	if (!repacked || !repacked->left_out_count)
		return;
	lopt_printer_heading(&w->p, "Left out: they are of the old manifest, or of other images");
	for (size_t i = 0; i < repacked->left_out_count; i++) {
		lopt_printer_printf(&w->p, "  %-12s", repacked->left_out[i].what);
		lopt_printer_elided(&w->p, repacked->left_out[i].digest, 32);
		lopt_printer_text(&w->p, "  ");
		lopt_printer_elided(&w->p, repacked->left_out[i].name, lopt_printer_room(&w->p));
		lopt_printer_end(&w->p);
	}
}

static void put_digests(struct writer *w, const char *name, struct lopt_str before, struct lopt_str after)
{
	lopt_printer_printf(&w->p, "  %s", name);
	lopt_printer_end(&w->p);
	lopt_printer_text(&w->p, "    ");
	lopt_printer_raw(&w->p, before.len ? before : lopt_str_from("(none)"));
	lopt_printer_end(&w->p);
	lopt_printer_text(&w->p, "    ");
	lopt_printer_raw(&w->p, after.len ? after : lopt_str_from("(none)"));
	lopt_printer_end(&w->p);
}

static void write_digests(struct writer *w)
{
	const struct lopt_repacked *repacked = w->view->repacked;
	const struct lopt_image_info *info = lopt_image_info(w->view->plan->image);
	if (!repacked)
		return;
	lopt_printer_heading(&w->p, "Digests, old and new");
	put_digests(w, "configuration", info->config_digest, repacked->config_digest);
	put_digests(w, "manifest", info->manifest_digest, repacked->manifest_digest);
}

static void write_proof(struct writer *w)
{
	if (!w->view->repacked)
		return;
	lopt_printer_end(&w->p);
	lopt_buf_clear(&w->text);
	lopt_buf_text(&w->text, "Read again and compared: ");
	lopt_count_format(&w->text, w->view->paths);
	lopt_buf_text(&w->text, w->view->plan->total.linked_files
					? " paths, but for hard links, and the configuration are the same."
					: " paths and the configuration are the same.");
	lopt_printer_wrapped(&w->p, text_view(w), 0);
}

enum lopt_status lopt_repack_text(FILE *to, const struct lopt_repack_view *view,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .view = view, .options = options, .text = LOPT_BUF_INIT(SIZE_MAX / 2) };
	size_t columns = options->columns ? options->columns : COLUMNS;
	lopt_printer_init(&w.p, to, columns < COLUMNS_MIN ? COLUMNS_MIN : columns, options->color, options->unicode);
	write_summary(&w);
	lopt_printer_heading(&w.p, "Layers, what becomes of them, and the files that go");
	for (size_t i = 0; i < view->plan->layer_count; i++)
		write_layer(&w, i);
	write_outputs(&w);
	write_accounts(&w);
	write_left_alone(&w);
	write_left_out(&w);
	write_digests(&w);
	write_proof(&w);
	lopt_buf_release(&w.text);
	return lopt_printer_finish(&w.p, err);
}
