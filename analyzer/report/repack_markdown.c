/* SPDX-License-Identifier: MIT */
#include "base/escape.h"
#include "base/size.h"
#include "report/repack.h"
#include "report/view.h"

enum { INSTRUCTION_COLUMNS = 100, WHY_COLUMNS = 200 };

struct writer {
	struct lopt_buf out, text;
	const struct lopt_repack_view *view;
	const struct lopt_report_options *options;
};

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
	const struct lopt_repack_view *view = w->view;
	if (view->plan->changes)
		lopt_buf_text(&w->out, view->repacked ? "## Repacked and proved\n\n" : "## What would go\n\n");
	else
		lopt_buf_text(&w->out, view->repacked ? "## Written and proved: no file goes, no layers are joined\n\n"
						      : "## No file would go, and no layers be joined\n\n");
	lopt_span_show(&w->out, lopt_image_info(view->plan->image)->source, INSTRUCTION_COLUMNS);
	if (view->target) {
		lopt_buf_text(&w->out, " written to ");
		lopt_span_show(&w->out, lopt_str_from(view->target), INSTRUCTION_COLUMNS);
	}
	lopt_buf_text(&w->out, "\n\n| | before | after | change |\n| --- | ---: | ---: | ---: |\n");
	write_size(w, "size", view->content, view->content - view->plan->total.bytes);
	write_size(w, "layers, plain", view->size, view->plan->total.size);
	write_size(w, "layers, stored", view->stored, view->compressed);
	lopt_buf_printf(&w->out, "| layers | %zu | %zu | |\n\nBase: ", view->plan->layer_count,
			view->plan->output_count);
	lopt_base_show(&w->out, view->plan);
	if (lopt_image_info(view->plan->image)->base_name.len) {
		lopt_buf_text(&w->out, ". It names as its base: ");
		lopt_span_show(&w->out, lopt_image_info(view->plan->image)->base_name, INSTRUCTION_COLUMNS);
	}
	lopt_buf_text(&w->out, ". Stays wasted: ");
	lopt_size_format(&w->out, view->plan->total.wasted);
	lopt_buf_text(&w->out, ", in the base ");
	lopt_size_format(&w->out, view->base_wasted);
	lopt_buf_text(&w->out, ".\n");
	if (view->compressed > view->stored)
		lopt_buf_text(&w->out,
			      "\nAs stored it is larger, since it was compressed harder before (`--compress`).\n");
	if (!view->plan->total.linked_files)
		return;
	lopt_buf_text(&w->out, "\nHard links instead of equal files, which is not strictly the same: ");
	lopt_size_format(&w->out, view->plan->total.linked);
	lopt_buf_printf(&w->out, " in %llu files.\n", (unsigned long long)view->plan->total.linked_files);
}

static void write_layer(struct writer *w, size_t index)
{
	const struct lopt_layer_plan *layer = &w->view->plan->layers[index];
	lopt_buf_printf(&w->out, "| %zu | %s | %llu | ", index, lopt_fate_name(layer->fate),
			(unsigned long long)layer->files);
	lopt_size_format(&w->out, layer->bytes);
	lopt_buf_text(&w->out, " | ");
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, w->view->instructions[index], w->options);
	w->out.failed |= w->text.failed;
	lopt_span_show(&w->out, lopt_buf_view(&w->text), INSTRUCTION_COLUMNS);
	lopt_buf_text(&w->out, " |\n");
}

static void put_range(struct lopt_buf *out, const struct lopt_output_plan *output)
{
	lopt_buf_printf(out, output->count > 1 ? "%zu-%zu" : "%zu", output->first, lopt_output_top(output));
}

static void write_output(struct writer *w, size_t index)
{
	const struct lopt_repack_plan *plan = w->view->plan;
	struct lopt_repack_sizes before = lopt_repack_sizes_before(plan, index);
	lopt_buf_printf(&w->out, "| %zu | ", index);
	put_range(&w->out, &plan->outputs[index]);
	lopt_buf_printf(&w->out, " | %s | ", lopt_fate_name(lopt_repack_output_fate(plan, index)));
	lopt_size_format(&w->out, before.size);
	lopt_buf_text(&w->out, " | ");
	lopt_size_format(&w->out, plan->outputs[index].size);
	lopt_buf_text(&w->out, " | ");
	lopt_size_format(&w->out, before.stored);
	lopt_buf_text(&w->out, " | ");
	lopt_size_format(&w->out, w->view->stored_after[index]);
	lopt_buf_text(&w->out, " |\n");
}

static void write_outputs(struct writer *w)
{
	lopt_buf_text(&w->out, "\n| new layer | of | | plain | becomes | stored | becomes |\n"
			       "| ---: | --- | --- | ---: | ---: | ---: | ---: |\n");
	for (size_t i = 0; i < w->view->plan->output_count; i++)
		write_output(w, i);
}

static void write_account(struct writer *w, const char *way, const struct lopt_repack_account *account)
{
	lopt_buf_printf(&w->out, "| %s | %zu | ", way, account->layers);
	lopt_size_format(&w->out, account->saved_size);
	lopt_buf_text(&w->out, " | ");
	lopt_size_format(&w->out, account->unshared);
	lopt_buf_text(&w->out, " | ");
	lopt_size_format(&w->out, account->unshared_base);
	lopt_buf_text(&w->out, " |\n");
}

/* Of every mode where it was asked for, else of this one. */
static void write_accounts(struct writer *w)
{
	const struct lopt_repack_view *view = w->view;
	lopt_buf_text(&w->out, "\n| | layers | saved (plain) | shared no longer (as stored) | of the base |\n"
			       "| --- | ---: | ---: | ---: | ---: |\n");
	for (size_t i = 0; view->choices && i < LOPT_REPACK_MODES; i++)
		write_account(w, lopt_repack_mode_name(view->choices[i].mode), &view->choices[i]);
	if (!view->choices || view->plan->max_layers)
		write_account(w, lopt_repack_way_name(view->plan), &view->account);
}

static void write_left_alone(struct writer *w)
{
	const struct lopt_repack_plan *plan = w->view->plan;
	for (size_t i = 0; i < plan->layer_count; i++) {
		if (plan->layers[i].cut)
			lopt_buf_printf(&w->out, "\nLayers %zu and %zu are not joined: %s\n", i, i + 1,
					plan->layers[i].cut);
		if (plan->layers[i].fate != LOPT_FATE_LEFT)
			continue;
		lopt_buf_printf(&w->out, "\nLayer %zu is left alone: ", i);
		lopt_span_show(&w->out, plan->layers[i].why, WHY_COLUMNS);
		lopt_buf_char(&w->out, '\n');
	}
}

static void write_digests(struct writer *w)
{
	const struct lopt_repacked *repacked = w->view->repacked;
	const struct lopt_image_info *info = lopt_image_info(w->view->plan->image);
	if (!repacked)
		return;
	lopt_buf_text(&w->out, "\n| digest | before | after |\n| --- | --- | --- |\n| configuration | ");
	lopt_span_show(&w->out, info->config_digest, INSTRUCTION_COLUMNS);
	lopt_buf_text(&w->out, " | ");
	lopt_span_show(&w->out, repacked->config_digest, INSTRUCTION_COLUMNS);
	lopt_buf_text(&w->out, " |\n| manifest | ");
	lopt_span_show(&w->out, info->manifest_digest, INSTRUCTION_COLUMNS);
	lopt_buf_text(&w->out, " | ");
	lopt_span_show(&w->out, repacked->manifest_digest, INSTRUCTION_COLUMNS);
	lopt_buf_text(&w->out, " |\n");
	for (size_t i = 0; i < repacked->left_out_count; i++) {
		lopt_buf_printf(&w->out, "%sLeft out: %s ", i ? "" : "\n", repacked->left_out[i].what);
		lopt_span_show(&w->out, repacked->left_out[i].digest, INSTRUCTION_COLUMNS);
		lopt_buf_text(&w->out, "  \n");
	}
	lopt_buf_printf(&w->out, "\nRead again and compared: %llu paths%s and the configuration are the same.\n",
			(unsigned long long)w->view->paths,
			w->view->plan->total.linked_files ? ", but for hard links," : "");
}

enum lopt_status lopt_repack_markdown(FILE *to, const struct lopt_repack_view *view,
				      const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = {
		.view = view,
		.options = options,
		.out = LOPT_BUF_INIT(SIZE_MAX / 2),
		.text = LOPT_BUF_INIT(SIZE_MAX / 2),
	};
	write_summary(&w);
	lopt_buf_text(&w.out, "\n| layer | | files | goes | instruction |\n| ---: | --- | ---: | ---: | --- |\n");
	for (size_t i = 0; i < view->plan->layer_count; i++)
		write_layer(&w, i);
	write_outputs(&w);
	write_accounts(&w);
	write_left_alone(&w);
	write_digests(&w);
	bool failed = w.out.failed;
	if (!failed)
		(void)fwrite(w.out.data, 1, w.out.len, to);
	lopt_buf_release(&w.out);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
