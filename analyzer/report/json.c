/* SPDX-License-Identifier: MIT */
#include "base/escape.h"
#include "base/secrets.h"
#include "report/formats.h"
#include "report/json_writer.h"
#include "report/view.h"

/* The object of docs/metrics.md. */

struct writer {
	struct lopt_json *json;
	struct lopt_buf text; /* masked */
	const struct lopt_analysis *analysis;
	const struct lopt_report_options *options;
};

static void put_shown(struct writer *w, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->json->text.failed |= w->text.failed;
	lopt_json_string_or_null(w->json, lopt_buf_view(&w->text));
}

static void put_strings(struct writer *w, const char *key, const struct lopt_str *texts, size_t count)
{
	lopt_json_key(w->json, key);
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < count; i++)
		lopt_json_string(w->json, texts[i]);
	lopt_json_close(w->json, ']');
}

/* Like put_strings, credentials masked; an empty word stays a word. */
static void put_words(struct writer *w, const char *key, const struct lopt_str *texts, size_t count)
{
	lopt_json_key(w->json, key);
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < count; i++) {
		if (texts[i].len)
			put_shown(w, texts[i]);
		else
			lopt_json_text(w->json, "");
	}
	lopt_json_close(w->json, ']');
}

static struct lopt_str shown_value(struct writer *w, const struct lopt_pair *pair)
{
	lopt_buf_clear(&w->text);
	if (w->options->show_secrets)
		lopt_buf_str(&w->text, pair->value);
	else
		lopt_secret_mask_value(&w->text, pair->name, pair->value);
	w->json->text.failed |= w->text.failed;
	return lopt_buf_view(&w->text);
}

static void put_pairs(struct writer *w, const char *key, const struct lopt_pair *pairs, size_t count)
{
	lopt_json_key(w->json, key);
	lopt_json_open(w->json, '{');
	for (size_t i = 0; i < count; i++) {
		struct lopt_str value = shown_value(w, &pairs[i]);
		lopt_json_name(w->json, pairs[i].name);
		lopt_json_string(w->json, value);
	}
	lopt_json_close(w->json, '}');
}

/* As the configuration has it, a list of NAME=VALUE: the order counts, and a name may be there twice. */
static void put_env(struct writer *w, const struct lopt_image_info *info)
{
	lopt_json_key(w->json, "env");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < info->env_count; i++) {
		struct lopt_buf line = LOPT_BUF_INIT(SIZE_MAX / 2);
		lopt_buf_str(&line, info->env[i].name);
		lopt_buf_char(&line, '=');
		lopt_buf_str(&line, shown_value(w, &info->env[i]));
		w->json->text.failed |= line.failed;
		lopt_json_string(w->json, lopt_buf_view(&line));
		lopt_buf_release(&line);
	}
	lopt_json_close(w->json, ']');
}

static void put_config(struct writer *w, const struct lopt_image_info *info)
{
	lopt_json_key(w->json, "config");
	lopt_json_open(w->json, '{');
	put_env(w, info);
	put_words(w, "entrypoint", info->entrypoint, info->entrypoint_count);
	put_words(w, "cmd", info->cmd, info->cmd_count);
	lopt_json_member_known(w->json, "working_dir", info->working_dir);
	lopt_json_member_known(w->json, "user", info->user);
	put_strings(w, "exposed_ports", info->exposed_ports, info->exposed_port_count);
	put_strings(w, "volumes", info->volumes, info->volume_count);
	put_pairs(w, "labels", info->labels, info->label_count);
	put_pairs(w, "settings", info->settings, info->setting_count);
	lopt_json_close(w->json, '}');
}

static void put_image(struct writer *w)
{
	const struct lopt_image_info *info = lopt_image_info(w->analysis->image);
	lopt_json_key(w->json, "image");
	lopt_json_open(w->json, '{');
	lopt_json_member_string(w->json, "source", info->source);
	lopt_json_member_text(w->json, "format", lopt_format_name(info->format));
	put_strings(w, "tags", info->tags, info->tag_count);
	lopt_json_member_known(w->json, "config_digest", info->config_digest);
	lopt_json_member_known(w->json, "manifest_digest", info->manifest_digest);
	lopt_json_member_known(w->json, "architecture", info->architecture);
	lopt_json_member_known(w->json, "variant", info->variant);
	lopt_json_member_known(w->json, "os", info->os);
	lopt_json_member_known(w->json, "created", info->created);
	lopt_json_key(w->json, "digests_verified");
	lopt_json_bool(w->json, w->analysis->digests_verified);
	put_config(w, info);
	lopt_json_close(w->json, '}');
}

static void put_figures(struct writer *w, const struct lopt_totals *totals)
{
	size_t count;
	const struct lopt_figure *figures = lopt_figures(&count);
	for (size_t i = 0; i < count; i++)
		lopt_json_member_count(w->json, figures[i].name, lopt_figure_of(totals, &figures[i]));
	lopt_json_key(w->json, "efficiency");
	lopt_json_ratio(w->json, totals->efficiency);
}

static void put_part(struct writer *w, const char *key, const struct lopt_totals *totals)
{
	lopt_json_key(w->json, key);
	if (!w->analysis->has_base) {
		lopt_json_null(w->json);
		return;
	}
	lopt_json_open(w->json, '{');
	put_figures(w, totals);
	lopt_json_close(w->json, '}');
}

static void put_totals(struct writer *w)
{
	const struct lopt_analysis *analysis = w->analysis;
	lopt_json_key(w->json, "totals");
	lopt_json_open(w->json, '{');
	put_figures(w, &analysis->totals);
	put_part(w, "base", &analysis->base);
	put_part(w, "own", &analysis->own);
	lopt_json_key(w->json, "dive");
	lopt_json_open(w->json, '{');
	lopt_json_key(w->json, "efficiency");
	lopt_json_ratio(w->json, analysis->dive.efficiency);
	lopt_json_member_count(w->json, "wasted_bytes", analysis->dive.wasted_bytes);
	lopt_json_key(w->json, "user_wasted_percent");
	lopt_json_ratio(w->json, analysis->dive.user_wasted_percent);
	lopt_json_close(w->json, '}');
	lopt_json_close(w->json, '}');
}

static void put_count_or_null(struct writer *w, const char *key, uint64_t count, bool known)
{
	lopt_json_key(w->json, key);
	if (known)
		lopt_json_count(w->json, count);
	else
		lopt_json_null(w->json);
}

static void put_verified(struct writer *w, enum lopt_verified verified)
{
	lopt_json_key(w->json, "digest_verified");
	if (verified == LOPT_VERIFIED_NOTHING)
		lopt_json_null(w->json);
	else
		lopt_json_bool(w->json, verified == LOPT_VERIFIED_TRUE);
}

static void put_layer(struct writer *w, const struct lopt_layer *layer, const struct lopt_layer_figures *figures)
{
	struct lopt_json *json = w->json;
	lopt_json_open(json, '{');
	lopt_json_member_count(json, "index", layer->index);
	lopt_json_member_known(json, "diff_id", layer->diff_id);
	lopt_json_member_known(json, "digest", layer->digest);
	lopt_json_member_known(json, "media_type", layer->media_type);
	lopt_json_member_text(json, "compression", layer->compression);
	lopt_json_key(json, "absent");
	lopt_json_bool(json, layer->absent);
	put_count_or_null(w, "size", layer->size, !layer->absent);
	put_count_or_null(w, "compressed_size", layer->compressed_size, !layer->absent);
	lopt_json_key(json, "created_by");
	put_shown(w, figures->created_by);
	lopt_json_key(json, "instruction");
	put_shown(w, figures->instruction);
	put_count_or_null(w, "line", figures->line, figures->line != 0);
	lopt_json_member_count(json, "entries", figures->entries);
	lopt_json_member_count(json, "files", figures->files);
	lopt_json_member_count(json, "content_bytes", figures->content_bytes);
	lopt_json_member_count(json, "wasted_bytes", figures->wasted_bytes);
	lopt_json_member_count(json, "masked_bytes", figures->masked_bytes);
	lopt_json_member_count(json, "reclaimable_bytes", figures->reclaimable_bytes);
	lopt_json_member_count(json, "whiteouts", layer->whiteouts);
	put_verified(w, layer->verified);
	lopt_json_member_count(json, "added", layer->added);
	lopt_json_member_count(json, "modified", layer->modified);
	lopt_json_member_count(json, "metadata_only", layer->metadata_only);
	lopt_json_member_count(json, "removed", layer->removed);
	lopt_json_close(json, '}');
}

static void put_layers(struct writer *w)
{
	lopt_json_key(w->json, "layers");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < lopt_image_layer_count(w->analysis->image); i++)
		put_layer(w, lopt_image_layer(w->analysis->image, i), &w->analysis->layers[i]);
	lopt_json_close(w->json, ']');
}

static void put_waste(struct writer *w, size_t shown)
{
	lopt_json_key(w->json, "waste");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_waste_row *row = &w->analysis->waste[i];
		lopt_json_open(w->json, '{');
		lopt_json_member_string(w->json, "path", row->path);
		lopt_json_member_count(w->json, "bytes", row->bytes);
		lopt_json_member_count(w->json, "files", row->files);
		lopt_json_member_count(w->json, "layer", row->layer);
		lopt_json_member_count(w->json, "masked_by", row->masked_by);
		lopt_json_member_text(w->json, "cause", lopt_cause_name(row->cause));
		lopt_json_close(w->json, '}');
	}
	lopt_json_close(w->json, ']');
}

static void put_known(struct writer *w, size_t shown)
{
	lopt_json_key(w->json, "known");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_known_row *row = &w->analysis->known[i];
		uint32_t line = w->analysis->layers[row->layer].line;
		lopt_json_open(w->json, '{');
		lopt_json_member_text(w->json, "rule", row->rule);
		lopt_json_member_text(w->json, "level", lopt_level_name(row->level));
		lopt_json_member_count(w->json, "bytes", row->bytes);
		lopt_json_member_count(w->json, "files", row->files);
		lopt_json_member_count(w->json, "layer", row->layer);
		put_count_or_null(w, "line", line, line != 0);
		put_strings(w, "paths", row->paths, row->path_count);
		lopt_json_member_known(w->json, "largest", row->largest);
		lopt_json_member_text(w->json, "what", row->what);
		lopt_json_member_text(w->json, "effect", row->effect);
		lopt_json_member_text(w->json, "advice", row->advice);
		lopt_json_close(w->json, '}');
	}
	lopt_json_close(w->json, ']');
}

static void put_duplicates(struct writer *w, size_t shown)
{
	lopt_json_key(w->json, "duplicates");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_duplicate_row *row = &w->analysis->duplicates[i];
		lopt_json_open(w->json, '{');
		lopt_json_key(w->json, "sha256");
		if (row->has_sha256)
			lopt_json_hex(w->json, row->sha256, sizeof row->sha256);
		else
			lopt_json_null(w->json);
		lopt_json_member_count(w->json, "size", row->size);
		lopt_json_member_count(w->json, "count", row->count);
		lopt_json_member_count(w->json, "bytes", row->bytes);
		put_strings(w, "paths", row->paths, row->count);
		lopt_json_close(w->json, '}');
	}
	lopt_json_close(w->json, ']');
}

static void put_layer_list(struct writer *w, const struct lopt_package_row *row)
{
	lopt_json_key(w->json, "layers");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < row->layer_count; i++)
		lopt_json_count(w->json, row->layers[i]);
	lopt_json_close(w->json, ']');
}

static void put_package(struct writer *w, const struct lopt_package_row *row)
{
	struct lopt_json *json = w->json;
	lopt_json_open(json, '{');
	lopt_json_member_known(json, "manager", lopt_str_from(row->manager));
	lopt_json_member_known(json, "name", row->name);
	lopt_json_member_known(json, "version", row->version);
	lopt_json_member_count(json, "bytes", row->bytes);
	put_count_or_null(w, "own_bytes", row->own_bytes, w->analysis->has_base);
	lopt_json_member_count(json, "files", row->files);
	put_layer_list(w, row);
	lopt_json_key(json, "recommended_only");
	lopt_json_bool(json, row->recommended_only);
	put_strings(w, "recommended_by", row->recommended_by, row->recommended_by_count);
	put_count_or_null(w, "brings_packages", row->brings_packages, row->recommended_only);
	put_count_or_null(w, "brings_bytes", row->brings_bytes, row->recommended_only);
	lopt_json_key(json, "unneeded");
	lopt_json_bool(json, row->unneeded);
	lopt_json_close(json, '}');
}

static void put_packages(struct writer *w, size_t shown)
{
	lopt_json_key(w->json, "packages");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < shown; i++)
		put_package(w, &w->analysis->packages[i]);
	lopt_json_close(w->json, ']');
}

static void put_directories(struct writer *w, size_t shown)
{
	lopt_json_key(w->json, "directories");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < shown; i++) {
		const struct lopt_directory_row *row = &w->analysis->directories[i];
		lopt_json_open(w->json, '{');
		lopt_json_member_string(w->json, "path", row->path);
		lopt_json_member_count(w->json, "bytes", row->bytes);
		lopt_json_member_count(w->json, "files", row->files);
		lopt_json_close(w->json, '}');
	}
	lopt_json_close(w->json, ']');
}

static void put_finding(struct writer *w, const struct lopt_finding *finding)
{
	struct lopt_json *json = w->json;
	size_t holder = lopt_finding_holder(finding);
	lopt_json_open(json, '{');
	lopt_json_member_text(json, "rule", finding->rule);
	lopt_json_member_text(json, "severity", lopt_severity_name(finding->severity));
	lopt_json_member_known(json, "level", lopt_str_from(lopt_level_name(finding->level)));
	lopt_json_key(json, "message");
	put_shown(w, finding->message);
	lopt_json_member_count(json, "bytes", finding->bytes);
	put_count_or_null(w, "layer", finding->layer, finding->layer != LOPT_NO_LAYER);
	put_count_or_null(w, "held_by", holder, holder != LOPT_NO_LAYER);
	lopt_json_member_known(json, "cause",
			       lopt_str_from(finding->waste ? lopt_cause_name(finding->waste->cause) : NULL));
	put_count_or_null(w, "line", finding->line, finding->line != 0);
	put_strings(w, "paths", finding->paths, finding->path_count);
	lopt_json_member_known(json, "largest", finding->largest);
	lopt_json_key(json, "advice");
	put_shown(w, finding->advice);
	lopt_json_member_text(json, "fingerprint", finding->fingerprint);
	lopt_json_close(json, '}');
}

static void put_findings(struct writer *w, size_t shown)
{
	lopt_json_key(w->json, "findings");
	lopt_json_open(w->json, '[');
	for (size_t i = 0; i < shown; i++)
		put_finding(w, &w->analysis->findings[i]);
	lopt_json_close(w->json, ']');
}

static void put_cut(struct writer *w, const char *list, const struct lopt_cut *cut)
{
	lopt_json_key(w->json, list);
	lopt_json_open(w->json, '{');
	lopt_json_member_count(w->json, "rows", cut->rows);
	lopt_json_member_count(w->json, "bytes", cut->bytes);
	lopt_json_close(w->json, '}');
}

static void put_cut_recommended(struct writer *w, size_t shown)
{
	struct lopt_cut cut = { .shown = 0 };
	cut.rows = lopt_recommended_count_from(w->analysis, shown, &cut.bytes);
	put_cut(w, "recommended_only", &cut);
}

static void put_lists(struct writer *w)
{
	struct lopt_cut waste = lopt_cut_waste(w->analysis, w->options->top);
	struct lopt_cut known = lopt_cut_known(w->analysis, w->options->top);
	struct lopt_cut duplicates = lopt_cut_duplicates(w->analysis, w->options->top);
	struct lopt_cut packages = lopt_cut_packages(w->analysis, w->options->top);
	struct lopt_cut directories = lopt_cut_directories(w->analysis, w->options->top);
	struct lopt_cut findings = lopt_cut_findings(w->analysis, w->options->top);
	put_waste(w, waste.shown);
	put_known(w, known.shown);
	put_duplicates(w, duplicates.shown);
	put_packages(w, packages.shown);
	put_directories(w, directories.shown);
	put_findings(w, findings.shown);
	lopt_json_key(w->json, "omitted");
	lopt_json_open(w->json, '{');
	put_cut(w, "waste", &waste);
	put_cut(w, "known", &known);
	put_cut(w, "duplicates", &duplicates);
	put_cut(w, "packages", &packages);
	put_cut_recommended(w, packages.shown);
	put_cut(w, "directories", &directories);
	put_cut(w, "findings", &findings);
	lopt_json_close(w->json, '}');
}

static void put_tool(struct writer *w)
{
	lopt_json_key(w->json, "tool");
	lopt_json_open(w->json, '{');
	lopt_json_member_text(w->json, "name", "layeropt");
	lopt_json_member_text(w->json, "version", LOPT_VERSION);
	lopt_json_close(w->json, '}');
}

void lopt_json_image_members(struct lopt_json *json, const struct lopt_analysis *analysis,
			     const struct lopt_report_options *options)
{
	struct writer w = {
		.json = json, .text = LOPT_BUF_INIT(SIZE_MAX / 2), .analysis = analysis, .options = options
	};
	put_tool(&w);
	put_image(&w);
	put_totals(&w);
	put_layers(&w);
	lopt_buf_release(&w.text);
}

void lopt_json_analysis_members(struct lopt_json *json, const struct lopt_analysis *analysis,
				const struct lopt_report_options *options)
{
	struct writer w = {
		.json = json, .text = LOPT_BUF_INIT(SIZE_MAX / 2), .analysis = analysis, .options = options
	};
	lopt_json_member_text(json, "schema", "layeropt/analysis/1.0");
	lopt_json_image_members(json, analysis, options);
	put_lists(&w);
	lopt_json_key(json, "dockerfile_given");
	lopt_json_bool(json, analysis->dockerfile_given);
	lopt_buf_release(&w.text);
}

enum lopt_status lopt_report_json(FILE *to, const struct lopt_analysis *analysis,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct lopt_json json;
	lopt_json_init(&json, to, LOPT_JSON_ROWS_DEPTH);
	lopt_json_open(&json, '{');
	lopt_json_analysis_members(&json, analysis, options);
	lopt_json_close(&json, '}');
	lopt_json_newline(&json);
	return lopt_json_finish(&json, err);
}
