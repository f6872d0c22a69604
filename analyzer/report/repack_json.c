/* SPDX-License-Identifier: MIT */
#include "report/json_writer.h"
#include "report/repack.h"
#include "report/view.h"

struct writer {
	struct lopt_json j;
	struct lopt_buf text;
	const struct lopt_repack_view *view;
	const struct lopt_report_options *options;
};

static void put_shown(struct writer *w, const char *key, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->j.text.failed |= w->text.failed;
	lopt_json_member_string(&w->j, key, lopt_buf_view(&w->text));
}

static void put_bool(struct writer *w, const char *key, bool truth)
{
	lopt_json_key(&w->j, key);
	lopt_json_bool(&w->j, truth);
}

static void write_before(struct writer *w)
{
	const struct lopt_image_info *info = lopt_image_info(w->view->plan->image);
	lopt_json_key(&w->j, "before");
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "source", info->source);
	lopt_json_member_text(&w->j, "format", lopt_format_name(info->format));
	lopt_json_member_known(&w->j, "config_digest", info->config_digest);
	lopt_json_member_known(&w->j, "manifest_digest", info->manifest_digest);
	lopt_json_member_count(&w->j, "layers", w->view->plan->layer_count);
	lopt_json_member_count(&w->j, "content_bytes", w->view->content);
	lopt_json_member_count(&w->j, "layer_bytes", w->view->size);
	lopt_json_member_count(&w->j, "compressed_bytes", w->view->stored);
	lopt_json_close(&w->j, '}');
}

/* What is known before anything is written, and with it the digests. */
static void write_after(struct writer *w)
{
	const struct lopt_repack_view *view = w->view;
	const struct lopt_repacked *repacked = view->repacked;
	const struct lopt_str none = { NULL, 0 };
	lopt_json_key(&w->j, "after");
	lopt_json_open(&w->j, '{');
	lopt_json_member_known(&w->j, "target", lopt_str_from(view->target));
	lopt_json_member_known(&w->j, "config_digest", repacked ? repacked->config_digest : none);
	lopt_json_member_known(&w->j, "manifest_digest", repacked ? repacked->manifest_digest : none);
	lopt_json_member_count(&w->j, "layers", view->plan->output_count);
	lopt_json_member_count(&w->j, "content_bytes", view->content - view->plan->total.bytes);
	lopt_json_member_count(&w->j, "layer_bytes", view->plan->total.size);
	lopt_json_member_count(&w->j, "compressed_bytes", view->compressed);
	lopt_json_member_count(&w->j, "wasted_bytes", view->plan->total.wasted);
	lopt_json_member_count(&w->j, "base_wasted_bytes", view->base_wasted);
	lopt_json_close(&w->j, '}');
}

struct removed {
	uint64_t files, bytes, whiteouts, entries, linked_files, linked;
};

static void write_removed(struct writer *w, const struct removed *removed)
{
	lopt_json_key(&w->j, "removed");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "files", removed->files);
	lopt_json_member_count(&w->j, "content_bytes", removed->bytes);
	lopt_json_member_count(&w->j, "whiteouts", removed->whiteouts);
	lopt_json_member_count(&w->j, "entries", removed->entries);
	lopt_json_member_count(&w->j, "linked_files", removed->linked_files);
	lopt_json_member_count(&w->j, "linked_bytes", removed->linked);
	lopt_json_close(&w->j, '}');
}

static void write_stored(struct writer *w, size_t output)
{
	const struct lopt_repacked *repacked = w->view->repacked;
	lopt_json_key(&w->j, "after");
	if (!repacked || output == LOPT_NO_OUTPUT) {
		lopt_json_null(&w->j);
		return;
	}
	const struct lopt_repacked_layer *layer = &repacked->layers[output];
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "diff_id", layer->diff_id);
	lopt_json_member_string(&w->j, "digest", layer->digest);
	lopt_json_member_count(&w->j, "compressed_size", layer->stored);
	put_bool(w, "same_blob", layer->same);
	lopt_json_close(&w->j, '}');
}

/* Of a layer that became part of another one it cannot be told. */
static void write_size_after(struct writer *w, const struct lopt_layer_plan *layer)
{
	const struct lopt_repack_plan *plan = w->view->plan;
	lopt_json_key(&w->j, "size_after");
	if (layer->fate == LOPT_FATE_JOINED)
		lopt_json_null(&w->j);
	else
		lopt_json_count(&w->j, layer->output == LOPT_NO_OUTPUT ? 0 : plan->outputs[layer->output].size);
}

static void write_layer(struct writer *w, size_t index)
{
	const struct lopt_layer_plan *plan = &w->view->plan->layers[index];
	const struct lopt_layer *layer = lopt_image_layer(w->view->plan->image, index);
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "index", index);
	lopt_json_member_text(&w->j, "fate", lopt_fate_name(plan->fate));
	lopt_json_member_known(&w->j, "why", plan->fate == LOPT_FATE_LEFT ? plan->why : lopt_str_from(NULL));
	put_shown(w, "instruction", w->view->instructions[index]);
	lopt_json_member_string(&w->j, "diff_id", layer->diff_id);
	lopt_json_member_known(&w->j, "digest", layer->digest);
	lopt_json_member_count(&w->j, "size", layer->size);
	lopt_json_member_count(&w->j, "compressed_size", layer->compressed_size);
	const struct removed removed = { plan->files,	plan->bytes,	    plan->whiteouts,
					 plan->entries, plan->linked_files, plan->linked };
	write_removed(w, &removed);
	write_size_after(w, plan);
	lopt_json_member_count(&w->j, "wasted_bytes", plan->wasted);
	lopt_json_key(&w->j, "output");
	if (plan->output == LOPT_NO_OUTPUT)
		lopt_json_null(&w->j);
	else
		lopt_json_count(&w->j, plan->output);
	lopt_json_member_known(&w->j, "not_joined", lopt_str_from(plan->cut));
	write_stored(w, plan->output);
	lopt_json_close(&w->j, '}');
}

static void write_output(struct writer *w, size_t index)
{
	const struct lopt_repack_plan *plan = w->view->plan;
	const struct lopt_output_plan *output = &plan->outputs[index];
	struct lopt_repack_sizes before = lopt_repack_sizes_before(plan, index);
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "index", index);
	lopt_json_member_text(&w->j, "fate", lopt_fate_name(lopt_repack_output_fate(plan, index)));
	lopt_json_key(&w->j, "layers");
	lopt_json_open(&w->j, '[');
	for (size_t i = output->first; i <= lopt_output_top(output); i++)
		lopt_json_count(&w->j, i);
	lopt_json_close(&w->j, ']');
	lopt_json_member_count(&w->j, "entries", output->entries);
	lopt_json_member_count(&w->j, "content_bytes", output->content);
	lopt_json_member_count(&w->j, "size_before", before.size);
	lopt_json_member_count(&w->j, "size", output->size);
	lopt_json_member_count(&w->j, "compressed_size_before", before.stored);
	lopt_json_member_count(&w->j, "compressed_size", w->view->stored_after[index]);
	write_stored(w, index);
	lopt_json_close(&w->j, '}');
}

static void write_account(struct writer *w, const struct lopt_repack_account *account)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "mode", lopt_repack_mode_name(account->mode));
	lopt_json_member_count(&w->j, "layers", account->layers);
	lopt_json_member_count(&w->j, "saved_content_bytes", account->saved_content);
	lopt_json_member_count(&w->j, "saved_layer_bytes", account->saved_size);
	lopt_json_member_count(&w->j, "unshared_bytes", account->unshared);
	lopt_json_member_count(&w->j, "unshared_base_bytes", account->unshared_base);
	lopt_json_close(&w->j, '}');
}

static void write_choices(struct writer *w)
{
	const struct lopt_repack_view *view = w->view;
	lopt_json_key(&w->j, "sharing");
	write_account(w, &view->account);
	lopt_json_key(&w->j, "choices");
	if (!view->choices) {
		lopt_json_null(&w->j);
		return;
	}
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < LOPT_REPACK_MODES; i++)
		write_account(w, &view->choices[i]);
	lopt_json_close(&w->j, ']');
}

static void write_all_removed(struct writer *w)
{
	const struct lopt_repack_total *total = &w->view->plan->total;
	const struct removed removed = { total->files,	 total->bytes,	      total->whiteouts,
					 total->entries, total->linked_files, total->linked };
	write_removed(w, &removed);
	lopt_json_member_count(&w->j, "made_entries", total->made);
}

static void write_left_out(struct writer *w)
{
	const struct lopt_repacked *repacked = w->view->repacked;
	lopt_json_key(&w->j, "left_out");
	if (!repacked) {
		lopt_json_null(&w->j);
		return;
	}
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < repacked->left_out_count; i++) {
		lopt_json_open(&w->j, '{');
		lopt_json_member_text(&w->j, "what", repacked->left_out[i].what);
		lopt_json_member_string(&w->j, "digest", repacked->left_out[i].digest);
		lopt_json_member_known(&w->j, "name", repacked->left_out[i].name);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

static void write_base(struct writer *w)
{
	lopt_json_key(&w->j, "base");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "layers", w->view->plan->base_layers);
	lopt_json_member_text(&w->j, "reason", lopt_base_reason_name(w->view->plan->base_reason));
	lopt_json_member_known(&w->j, "name", lopt_image_info(w->view->plan->image)->base_name);
	lopt_json_member_known(&w->j, "digest", lopt_image_info(w->view->plan->image)->base_digest);
	lopt_json_close(&w->j, '}');
}

enum lopt_status lopt_repack_json(FILE *to, const struct lopt_repack_view *view,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	enum { PRETTY = 2 };
	struct writer w = { .view = view, .options = options, .text = LOPT_BUF_INIT(SIZE_MAX / 2) };
	lopt_json_init(&w.j, to, PRETTY);
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "schema", "layeropt/repack/1.0");
	lopt_json_key(&w.j, "tool");
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "name", "layeropt");
	lopt_json_member_text(&w.j, "version", LOPT_VERSION);
	lopt_json_close(&w.j, '}');
	lopt_json_member_text(&w.j, "mode", lopt_repack_mode_name(view->plan->mode));
	lopt_json_key(&w.j, "max_layers");
	if (view->plan->max_layers)
		lopt_json_count(&w.j, view->plan->max_layers);
	else
		lopt_json_null(&w.j);
	put_bool(&w, "dedupe", view->plan->dedupe);
	put_bool(&w, "changes", view->plan->changes);
	put_bool(&w, "proved", view->repacked != NULL);
	lopt_json_member_count(&w.j, "paths", view->paths);
	write_base(&w);
	write_before(&w);
	write_after(&w);
	write_all_removed(&w);
	lopt_json_key(&w.j, "layers");
	lopt_json_open(&w.j, '[');
	for (size_t i = 0; i < view->plan->layer_count; i++)
		write_layer(&w, i);
	lopt_json_close(&w.j, ']');
	lopt_json_key(&w.j, "outputs");
	lopt_json_open(&w.j, '[');
	for (size_t i = 0; i < view->plan->output_count; i++)
		write_output(&w, i);
	lopt_json_close(&w.j, ']');
	write_choices(&w);
	write_left_out(&w);
	lopt_json_close(&w.j, '}');
	lopt_json_newline(&w.j);
	lopt_buf_release(&w.text);
	return lopt_json_finish(&w.j, err);
}
