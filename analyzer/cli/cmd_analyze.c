/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/opening.h"
#include "cli/terminal.h"
#include "layeropt/report.h"

enum { TOP = LOPT_OPTION_OWN, BASE, BASE_LAYERS, DOCKERFILE, VERIFY, SECRETS, COLOR };

enum { TOP_DEFAULT = 20 };

struct wanted {
	struct lopt_opening opening;
	struct lopt_report_options report;
	struct lopt_analysis_options analysis;
	const char *base;
	enum lopt_color color;
};

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	switch (id) {
	case TOP:
		return lopt_number_parse(&wanted->report.top, "top", value, err);
	case BASE:
		wanted->base = value;
		return LOPT_OK;
	case BASE_LAYERS:
		wanted->analysis.has_base_layers = true;
		return lopt_number_parse(&wanted->analysis.base_layers, "base-layers", value, err);
	case DOCKERFILE:
		wanted->analysis.dockerfile_name = value;
		return LOPT_OK;
	case VERIFY:
		wanted->opening.options.verify_digests = true;
		return LOPT_OK;
	case SECRETS:
		wanted->report.show_secrets = true;
		return LOPT_OK;
	case COLOR:
		return lopt_color_parse(&wanted->color, value, err);
	default:
		return lopt_opening_take(&wanted->opening, id, value, err);
	}
}

/* Reports. */

static enum lopt_status write_report(const struct wanted *wanted, const struct lopt_output *output,
				     const struct lopt_analysis *analysis, struct lopt_error *err)
{
	struct lopt_report_options options = lopt_output_options(output, &wanted->report, wanted->color);
	for (size_t i = 0; lopt_report_format_at(i); i++) {
		const struct lopt_report_format *format = lopt_report_format_at(i);
		if (lopt_output_is(output, format->name))
			return format->write(lopt_output_file(output), analysis, &options, err);
	}
	return lopt_error_set(err, LOPT_E_BUG, "an output without a format");
}

static enum lopt_status report(struct wanted *wanted, const struct lopt_image *image, struct lopt_error *err)
{
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	LOPT_CLEANUP(lopt_cleanup_analysis) const struct lopt_analysis *analysis = NULL;
	LOPT_TRY(lopt_analysis_make(&analysis, image, &wanted->analysis, err));
	for (size_t i = 0; i < outputs->count; i++)
		LOPT_TRY(write_report(wanted, &outputs->items[i], analysis, err));
	return lopt_outputs_commit(outputs, err);
}

/* Text and Markdown show no digests, so nothing is hashed for them. */
static size_t digests_shown(const struct wanted *wanted)
{
	const struct lopt_outputs *outputs = &wanted->opening.outputs;
	for (size_t i = 0; i < outputs->count; i++)
		if (lopt_output_is(&outputs->items[i], "json") || lopt_output_is(&outputs->items[i], "csv"))
			return wanted->report.top ? wanted->report.top : SIZE_MAX;
	return 0;
}

static enum lopt_status read_and_report(struct wanted *wanted, struct lopt_source *source,
					struct lopt_source *base_source, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *base = NULL;
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *image = NULL;
	LOPT_TRY(lopt_opening_read(&image, &wanted->opening, source, NULL, err));
	if (base_source)
		LOPT_TRY(lopt_opening_read_base(&base, &wanted->opening, base_source, err));
	wanted->analysis.base = base;
	return report(wanted, image, err);
}

/* All is open before anything of an image is read. */
static enum lopt_status open_and_report(struct wanted *wanted, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf dockerfile = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *source = NULL;
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *base = NULL;
	if (wanted->analysis.dockerfile_name)
		LOPT_TRY(lopt_dockerfile_load(&dockerfile, wanted->analysis.dockerfile_name, err));
	wanted->analysis.dockerfile = lopt_buf_view(&dockerfile);
	wanted->analysis.digests = digests_shown(wanted);
	wanted->opening.options.want_duplicate_sha256 = wanted->analysis.digests != 0;
	wanted->opening.options.keep = lopt_analysis_keep;
	LOPT_TRY(lopt_opening_source(&source, wanted->opening.image, err));
	if (wanted->base)
		LOPT_TRY(lopt_opening_source(&base, wanted->base, err));
	struct lopt_source *const sources[] = { source, base };
	LOPT_TRY(lopt_opening_confine(&wanted->opening, sources, base ? 2 : 1, err));
	return read_and_report(wanted, source, base, err);
}

static enum lopt_status analyze(struct wanted *wanted, struct lopt_error *err)
{
	const char *const more[2] = { wanted->base, wanted->analysis.dockerfile_name };
	if (wanted->base && wanted->analysis.has_base_layers)
		return lopt_error_set(err, LOPT_E_USAGE, "--base and --base-layers exclude each other");
	LOPT_TRY(lopt_opening_finish(&wanted->opening, &lopt_command_analyze, more, err));
	return open_and_report(wanted, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .report.top = TOP_DEFAULT };
	lopt_opening_init(&wanted.opening);
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : analyze(&wanted, err);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	switch (id) {
	case LOPT_OPTION_FORMAT:
	case LOPT_OPTION_OUTPUT:
		return lopt_report_format_at(index) ? lopt_report_format_at(index)->name : NULL;
	case COLOR:
		return lopt_word_at(lopt_color_names, index);
	default:
		return lopt_opening_word(id, index);
	}
}

static const struct lopt_option options[] = {
	{ "format", 0, LOPT_OPTION_FORMAT, "FORMAT",
	  "text (default), json, markdown, csv, ncdu or folded, to standard output" },
	{ "output", 'o', LOPT_OPTION_OUTPUT, "FORMAT=FILE",
	  "write a report to FILE, - for standard output (repeatable)" },
	{ "top", 0, TOP, "N", "rows per list (20); 0 is all" },
	{ "base", 0, BASE, "IMAGE", "tell the layers of this base image apart from the image's own" },
	{ "base-layers", 0, BASE_LAYERS, "N", "the same, where the base image is the lowest N layers" },
	{ "dockerfile", 0, DOCKERFILE, "FILE", "find the line of each instruction in this Dockerfile" },
	{ "verify-digests", 0, VERIFY, NULL, "compare every blob and layer with its digest" },
	{ "show-secrets", 0, SECRETS, NULL, "do not mask values that look like credentials" },
	{ "color", 0, COLOR, "WHEN", "auto (default), always or never" },
	LOPT_OPENING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_analyze = {
	.name = "analyze",
	.usage = "IMAGE [OPTION]...",
	.what = "Tell what an image ships that nobody sees, and what to change",
	.more = "IMAGE is a docker save tarball, an OCI archive, an OCI layout directory, - for\n"
		"standard input, docker:NAME or podman:NAME. Archives may be compressed.\n",
	.options = options,
	.words = words,
	.run = run,
};
