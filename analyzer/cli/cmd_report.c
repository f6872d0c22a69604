/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/opening.h"
#include "cli/plugin.h"
#include "cli/terminal.h"
#include "layeropt/report.h"
#include "source/json.h"

enum { TOP = LOPT_OPTION_OWN, COLOR };

enum { TOP_DEFAULT = 20 };

/* Those that need no more than the analysis. */
static const char *const formats[] = { "text", "json", "markdown", "csv", NULL };

struct wanted {
	struct lopt_opening opening; /* its image is the file */
	struct lopt_report_options report;
	enum lopt_color color;
};

static enum lopt_status take_file(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	if (wanted->opening.image)
		return lopt_error_set(err, LOPT_E_USAGE, "%.200s: one file at a time, and there is %.200s already",
				      value, wanted->opening.image);
	if (!*value)
		return lopt_error_set(err, LOPT_E_USAGE, "the name of the file is empty");
	wanted->opening.image = value;
	return LOPT_OK;
}

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	switch (id) {
	case 0:
		return take_file(wanted, value, err);
	case TOP:
		return lopt_number_parse(&wanted->report.top, "top", value, err);
	case COLOR:
		return lopt_color_parse(&wanted->color, value, err);
	default:
		return lopt_opening_take(&wanted->opening, id, value, err);
	}
}

static enum lopt_status write_report(const struct wanted *wanted, const struct lopt_output *output,
				     const struct lopt_analysis *analysis, struct lopt_error *err)
{
	struct lopt_report_options options = lopt_output_options(output, &wanted->report, wanted->color);
	for (size_t i = 0; formats[i]; i++)
		if (lopt_output_is(output, formats[i]))
			return lopt_report_format_find(formats[i])
				->write(lopt_output_file(output), analysis, &options, err);
	return lopt_error_set(err, LOPT_E_BUG, "an output without a format");
}

/* The file is in memory before it is looked into, and then nothing else is needed from outside. */
static enum lopt_status load_and_report(struct wanted *wanted, struct lopt_error *err)
{
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf json = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_cleanup_analysis) const struct lopt_analysis *analysis = NULL;
	LOPT_TRY(lopt_file_read(&json, wanted->opening.image, LOPT_ANALYSIS_JSON_MAX, LOPT_E_SYSTEM, err));
	lopt_value_prepare();
	LOPT_TRY(lopt_opening_confine(&wanted->opening, NULL, 0, err));
	enum lopt_status status = lopt_analysis_load(&analysis, lopt_buf_view(&json), err);
	if (status == LOPT_E_USAGE)
		return lopt_error_context(err, "%s", lopt_input_name(wanted->opening.image));
	LOPT_TRY(status);
	for (size_t i = 0; i < outputs->count; i++)
		LOPT_TRY(write_report(wanted, &outputs->items[i], analysis, err));
	return lopt_outputs_commit(outputs, err);
}

/* Formats of analyze that show what is in no analysis. */
static enum lopt_status refuse_files(const struct lopt_outputs *outputs, struct lopt_error *err)
{
	static const char *const needing[] = { "ncdu", "folded" };
	for (size_t i = 0; i < outputs->count; i++)
		for (size_t k = 0; k < sizeof needing / sizeof needing[0]; k++)
			if (lopt_output_is(&outputs->items[i], needing[k]))
				return lopt_error_set(
					err, LOPT_E_USAGE,
					"format %s: it shows every file, and a saved analysis has sums of "
					"them; layeropt analyze IMAGE --format %s reads the image",
					needing[k], needing[k]);
	return LOPT_OK;
}

static enum lopt_status report(struct wanted *wanted, struct lopt_error *err)
{
	const char *const more[2] = { NULL, NULL };
	if (!wanted->opening.image)
		return lopt_error_set(err, LOPT_E_USAGE, "no file given; '%s report --help' tells how", lopt_program());
	LOPT_TRY(refuse_files(&wanted->opening.outputs, err));
	LOPT_TRY(lopt_opening_finish(&wanted->opening, &lopt_command_report, more, err));
	return load_and_report(wanted, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .report.top = TOP_DEFAULT };
	lopt_opening_init(&wanted.opening);
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : report(&wanted, err);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	switch (id) {
	case LOPT_OPTION_FORMAT:
	case LOPT_OPTION_OUTPUT:
		return lopt_word_at(formats, index);
	case COLOR:
		return lopt_word_at(lopt_color_names, index);
	default:
		return NULL;
	}
}

static const struct lopt_option options[] = {
	{ "format", 0, LOPT_OPTION_FORMAT, "FORMAT", "text (default), json, markdown or csv, to standard output" },
	{ "output", 'o', LOPT_OPTION_OUTPUT, "FORMAT=FILE",
	  "write a report to FILE, - for standard output (repeatable)" },
	{ "top", 0, TOP, "N", "rows per list (20); 0 is all that the file has" },
	{ "color", 0, COLOR, "WHEN", "auto (default), always or never" },
	{ "no-sandbox", 0, LOPT_OPTION_NO_SANDBOX, NULL,
	  "keep the right to open files, start programs and talk to others while the file is looked into" },
	{ "help", 'h', LOPT_OPTION_HELP, NULL, "show this and exit" },
	{ 0 },
};

const struct lopt_command lopt_command_report = {
	.name = "report",
	.usage = "FILE [OPTION]...",
	.what = "Show a saved analysis again, in another format or shorter",
	.more = "FILE is what analyze --format json wrote, - for standard input. Lists that were\n"
		"cut then stay cut (--top 0 keeps them whole), and what was masked stays masked.\n",
	.options = options,
	.words = words,
	.run = run,
};
