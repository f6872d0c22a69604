/* SPDX-License-Identifier: MIT */
#include "report/difference_formats.h"
#include "report/json_writer.h"
#include "report/proof.h"
#include "report/view.h"

struct writer {
	struct lopt_json j;
	struct lopt_buf text;
	const struct lopt_difference_view *view;
	const struct lopt_report_options *options;
};

static size_t most(const struct writer *w)
{
	return w->options->top ? w->options->top : SIZE_MAX;
}

static void write_image(struct writer *w, const char *key, const struct lopt_inventory *inventory)
{
	const struct lopt_totals *totals = &inventory->analysis->totals;
	const struct lopt_image_info *info = inventory->info;
	lopt_json_key(&w->j, key);
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "kind", inventory->image ? "image" : "listing");
	lopt_json_member_string(&w->j, "source", info->source);
	lopt_json_member_known(&w->j, "config_digest", info->config_digest);
	lopt_json_member_count(&w->j, "content_bytes", totals->content_bytes);
	lopt_json_member_count(&w->j, "visible_bytes", totals->visible_bytes);
	lopt_json_member_count(&w->j, "wasted_bytes", totals->wasted_bytes);
	lopt_json_member_count(&w->j, "layers", totals->layers);
	lopt_json_member_count(&w->j, "paths", totals->paths);
	lopt_json_close(&w->j, '}');
}

static void write_config(struct writer *w)
{
	const struct lopt_comparison *comparison = w->view->comparison;
	lopt_json_key(&w->j, "config");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < comparison->config_count; i++) {
		const struct lopt_config_difference *difference = &comparison->config[i];
		const struct lopt_str values[2] = { difference->before, difference->after };
		static const char *const keys[2] = { "before", "after" };
		lopt_json_open(&w->j, '{');
		lopt_json_member_string(&w->j, "member", difference->member);
		for (size_t k = 0; k < 2; k++) {
			lopt_buf_clear(&w->text);
			lopt_config_show(&w->text, difference->member, values[k], w->options);
			w->j.text.failed |= w->text.failed;
			lopt_json_key(&w->j, keys[k]);
			if (values[k].ptr)
				lopt_json_string(&w->j, lopt_buf_view(&w->text));
			else
				lopt_json_null(&w->j);
		}
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

static void write_layer_number(struct writer *w, const char *key, size_t layer)
{
	lopt_json_key(&w->j, key);
	if (layer == LOPT_NO_LAYER)
		lopt_json_null(&w->j);
	else
		lopt_json_count(&w->j, layer);
}

static void write_layers(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	lopt_json_key(&w->j, "layers");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < view->layer_count && i < most(w); i++) {
		const struct lopt_layer_difference *row = &view->layers[i];
		lopt_json_open(&w->j, '{');
		write_layer_number(w, "before", row->before);
		write_layer_number(w, "after", row->after);
		lopt_json_key(&w->j, "shared");
		lopt_json_bool(&w->j, row->shared);
		lopt_buf_clear(&w->text);
		lopt_text_show(&w->text, row->instruction, w->options);
		w->j.text.failed |= w->text.failed;
		lopt_json_member_known(&w->j, "instruction", lopt_buf_view(&w->text));
		lopt_json_member_count(&w->j, "added_bytes", row->added);
		lopt_json_member_count(&w->j, "removed_bytes", row->removed);
		lopt_json_member_count(&w->j, "paths", row->paths);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

static void write_packages(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	lopt_json_key(&w->j, "packages");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < view->growth.package_count && i < most(w); i++) {
		const struct lopt_package_change *change = &view->growth.packages[i];
		lopt_json_open(&w->j, '{');
		lopt_json_member_text(&w->j, "manager", change->manager);
		lopt_json_member_string(&w->j, "name", change->name);
		lopt_json_member_known(&w->j, "version_before", change->before);
		lopt_json_member_known(&w->j, "version_after", change->after);
		lopt_json_member_count(&w->j, "bytes_before", change->bytes_before);
		lopt_json_member_count(&w->j, "bytes_after", change->bytes_after);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

static void write_directories(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	lopt_json_key(&w->j, "directories");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < view->directory_count && i < most(w); i++) {
		const struct lopt_directory_change *change = &view->directories[i];
		lopt_json_open(&w->j, '{');
		lopt_json_member_string(&w->j, "path", change->path);
		lopt_json_member_count(&w->j, "added_bytes", change->added);
		lopt_json_member_count(&w->j, "removed_bytes", change->removed);
		lopt_json_member_count(&w->j, "paths", change->paths);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

static void write_side(struct writer *w, const char *key, const struct lopt_side *side)
{
	lopt_json_key(&w->j, key);
	if (!side->type) {
		lopt_json_null(&w->j);
		return;
	}
	const char type[2] = { (char)side->type, '\0' };
	char mode[16];
	(void)snprintf(mode, sizeof mode, "%04o", side->mode);
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "type", type);
	lopt_json_member_text(&w->j, "mode", mode);
	lopt_json_key(&w->j, "uid");
	lopt_json_number(&w->j, side->uid);
	lopt_json_key(&w->j, "gid");
	lopt_json_number(&w->j, side->gid);
	lopt_json_member_count(&w->j, "size", side->size);
	write_layer_number(w, "layer", side->type == LOPT_FILE ? side->holder : LOPT_NO_LAYER);
	lopt_json_key(&w->j, "mtime_ns");
	if (side->has_time)
		lopt_json_number(&w->j, side->mtime_ns);
	else
		lopt_json_null(&w->j);
	lopt_json_close(&w->j, '}');
}

static void write_paths(struct writer *w)
{
	const struct lopt_comparison *comparison = w->view->comparison;
	size_t left = most(w);
	lopt_json_key(&w->j, "paths");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; i < comparison->count && left; i++) {
		const struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason != LOPT_REASON_NONE)
			continue;
		left--;
		lopt_json_open(&w->j, '{');
		lopt_json_member_string(&w->j, "path", difference->path);
		lopt_json_key(&w->j, "aspects");
		lopt_json_open(&w->j, '[');
		for (size_t bit = 0; lopt_aspect_name(bit); bit++)
			if (difference->aspects & (1u << bit))
				lopt_json_text(&w->j, lopt_aspect_name(bit));
		lopt_json_close(&w->j, ']');
		write_side(w, "before", &difference->before);
		write_side(w, "after", &difference->after);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

/* What --top cut off, as in the analysis. */
static void write_omitted(struct writer *w)
{
	const struct lopt_difference_view *view = w->view;
	size_t paths = view->added + view->removed + view->changed;
	lopt_json_key(&w->j, "omitted");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "packages",
			       view->growth.package_count > most(w) ? view->growth.package_count - most(w) : 0);
	lopt_json_member_count(&w->j, "layers", view->layer_count > most(w) ? view->layer_count - most(w) : 0);
	lopt_json_member_count(&w->j, "directories",
			       view->directory_count > most(w) ? view->directory_count - most(w) : 0);
	lopt_json_member_count(&w->j, "paths", paths > most(w) ? paths - most(w) : 0);
	lopt_json_close(&w->j, '}');
}

enum lopt_status lopt_difference_json(FILE *to, const struct lopt_difference_view *view,
				      const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .view = view, .options = options };
	lopt_json_init(&w.j, to, 3);
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "schema", "layeropt/diff/1.0");
	lopt_json_key(&w.j, "tool");
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "name", "layeropt");
	lopt_json_member_text(&w.j, "version", LOPT_VERSION);
	lopt_json_close(&w.j, '}');
	lopt_json_key(&w.j, "differs");
	lopt_json_bool(&w.j, lopt_difference_view_differs(view));
	write_image(&w, "before", view->before);
	write_image(&w, "after", view->after);
	lopt_json_member_count(&w.j, "shared_layers", view->shared_layers);
	lopt_json_member_count(&w.j, "added", view->added);
	lopt_json_member_count(&w.j, "removed", view->removed);
	lopt_json_member_count(&w.j, "changed", view->changed);
	lopt_json_member_count(&w.j, "ignored", lopt_comparison_count(view->comparison, LOPT_REASON_ALLOWED));
	lopt_json_member_count(&w.j, "times_only", view->comparison->times);
	lopt_json_member_count(&w.j, "config_masked", view->comparison->masked);
	lopt_json_member_count(&w.j, "added_bytes", view->added_bytes);
	lopt_json_member_count(&w.j, "removed_bytes", view->removed_bytes);
	write_config(&w);
	write_layers(&w);
	write_packages(&w);
	write_directories(&w);
	write_paths(&w);
	write_omitted(&w);
	lopt_json_close(&w.j, '}');
	lopt_json_newline(&w.j);
	lopt_buf_release(&w.text);
	return lopt_json_finish(&w.j, err);
}
