/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/opening.h"
#include "cli/terminal.h"
#include "compare/inventory.h"
#include "report/difference.h"
#include "source/peek.h"

enum { TOP = LOPT_OPTION_OWN, IGNORE, IGNORE_TIMES, TIMES, SECRETS, COLOR };

enum { TOP_DEFAULT = 20, IGNORED_MAX = 64 };

struct wanted {
	struct lopt_opening opening; /* of the first */
	const char *second;
	const char *ignored[IGNORED_MAX];
	size_t ignored_count;
	struct lopt_comparison_options comparison;
	struct lopt_report_options report;
	enum lopt_color color;
};

static enum lopt_status take_ignored(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	if (wanted->ignored_count == IGNORED_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "--ignore: more than %d times", IGNORED_MAX);
	if (!*value)
		return lopt_error_set(err, LOPT_E_USAGE, "--ignore: its value is empty");
	wanted->ignored[wanted->ignored_count++] = value;
	return LOPT_OK;
}

static enum lopt_status take_operand(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	if (!wanted->opening.image)
		return lopt_opening_take(&wanted->opening, 0, value, err);
	if (wanted->second)
		return lopt_error_set(err, LOPT_E_USAGE, "%.200s: two images are compared, and there are two already",
				      value);
	if (!*value)
		return lopt_error_set(err, LOPT_E_USAGE, "the name of the image is empty");
	wanted->second = value;
	return LOPT_OK;
}

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	switch (id) {
	case 0:
		return take_operand(wanted, value, err);
	case TOP:
		return lopt_number_parse(&wanted->report.top, "top", value, err);
	case IGNORE:
		return take_ignored(wanted, value, err);
	case IGNORE_TIMES:
	case TIMES:
		wanted->comparison.times = id == TIMES;
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

/* What is held of one of them: an image and its analysis, or what a listing says of both. */
struct side {
	struct lopt_source *source;
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	struct lopt_arena arena;
	struct lopt_inventory inventory;
};

static void release_side(struct side *side)
{
	lopt_inventory_release(&side->inventory);
	lopt_arena_release(&side->arena);
	lopt_analysis_free(side->analysis);
	lopt_image_free(side->image);
	lopt_source_free(side->source);
}

static enum lopt_status read_listing(struct wanted *wanted, struct side *side, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_source_stream_release) struct lopt_source_stream stream = { 0 };
	const struct lopt_limits *limits = &wanted->opening.limits;
	LOPT_TRY(lopt_source_stream_open(&stream, side->source, limits, err));
	return lopt_inventory_read(&side->inventory, &side->arena, stream.top, limits, err);
}

static enum lopt_status is_listing(bool *out, struct wanted *wanted, struct side *side, struct lopt_error *err)
{
	char head[256];
	size_t len;
	LOPT_TRY(lopt_source_peek(side->source, &wanted->opening.limits, head, sizeof head, &len, err));
	*out = lopt_listing_begins(lopt_str_make(head, len));
	return LOPT_OK;
}

static enum lopt_status read_side(struct wanted *wanted, struct side *side, const char *name, struct lopt_error *err)
{
	bool listing = false;
	lopt_arena_init(&side->arena, wanted->opening.limits.arena_bytes);
	enum lopt_status status = is_listing(&listing, wanted, side, err);
	if (status == LOPT_OK && listing)
		status = read_listing(wanted, side, err);
	if (status != LOPT_OK)
		return status == LOPT_E_MEMORY ? status : lopt_error_context(err, "%s", name);
	if (listing)
		return LOPT_OK;
	LOPT_TRY(lopt_opening_read(&side->image, &wanted->opening, side->source, NULL, err));
	LOPT_TRY(lopt_analysis_make(&side->analysis, side->image, NULL, err));
	return lopt_inventory_make(&side->inventory, &side->arena, side->image, side->analysis, err);
}

static enum lopt_status write_report(const struct wanted *wanted, const struct lopt_output *output,
				     const struct lopt_difference_view *view, struct lopt_error *err)
{
	struct lopt_report_options options = lopt_output_options(output, &wanted->report, wanted->color);
	for (size_t i = 0; lopt_difference_format_at(i); i++)
		if (lopt_output_is(output, lopt_difference_format_at(i)->name))
			return lopt_difference_format_at(i)->write(lopt_output_file(output), view, &options, err);
	return lopt_error_set(err, LOPT_E_BUG, "an output without a format");
}

static enum lopt_status report(struct wanted *wanted, const struct side *a, const struct side *b,
			       const struct lopt_comparison *comparison, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_difference_view_release) struct lopt_difference_view view = { 0 };
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	LOPT_TRY(lopt_difference_view_make(&view, &a->inventory, &b->inventory, comparison, err));
	for (size_t i = 0; i < outputs->count; i++)
		LOPT_TRY(write_report(wanted, &outputs->items[i], &view, err));
	LOPT_TRY(lopt_outputs_commit(outputs, err));
	return lopt_difference_view_differs(&view) ? LOPT_END : LOPT_OK;
}

static enum lopt_status compare(struct wanted *wanted, struct lopt_error *err)
{
	LOPT_CLEANUP(release_side) struct side a = { 0 };
	LOPT_CLEANUP(release_side) struct side b = { 0 };
	LOPT_CLEANUP(lopt_comparison_release) struct lopt_comparison comparison = { 0 };
	wanted->opening.options.want_sha256 = true;
	wanted->opening.options.keep = lopt_analysis_keep;
	LOPT_TRY(lopt_opening_source(&a.source, wanted->opening.image, err));
	LOPT_TRY(lopt_opening_source(&b.source, wanted->second, err));
	struct lopt_source *const sources[] = { a.source, b.source };
	LOPT_TRY(lopt_opening_confine(&wanted->opening, sources, 2, err));
	LOPT_TRY(read_side(wanted, &a, wanted->opening.image, err));
	LOPT_TRY(read_side(wanted, &b, wanted->second, err));
	LOPT_TRY(lopt_comparison_between(&comparison, &a.inventory, &b.inventory, &wanted->comparison, err));
	for (size_t i = 0; i < wanted->ignored_count; i++)
		lopt_comparison_allow(&comparison, wanted->ignored[i]);
	return report(wanted, &a, &b, &comparison, err);
}

static enum lopt_status diff(struct wanted *wanted, struct lopt_error *err)
{
	const char *const more[2] = { wanted->second, NULL };
	if (wanted->opening.image && !wanted->second)
		return lopt_error_set(err, LOPT_E_USAGE, "two images are compared, and %.200s is one",
				      wanted->opening.image);
	if (wanted->opening.image && wanted->second && strcmp(wanted->opening.image, "-") == 0 &&
	    strcmp(wanted->second, "-") == 0)
		return lopt_error_set(err, LOPT_E_USAGE, "only one of the two can be standard input");
	LOPT_TRY(lopt_opening_finish(&wanted->opening, &lopt_command_diff, more, err));
	return compare(wanted, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .report.top = TOP_DEFAULT };
	lopt_opening_init(&wanted.opening);
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : diff(&wanted, err);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	switch (id) {
	case LOPT_OPTION_FORMAT:
	case LOPT_OPTION_OUTPUT:
		return lopt_difference_format_at(index) ? lopt_difference_format_at(index)->name : NULL;
	case COLOR:
		return lopt_word_at(lopt_color_names, index);
	default:
		return lopt_opening_word(id, index);
	}
}

static const struct lopt_option options[] = {
	{ "format", 0, LOPT_OPTION_FORMAT, "FORMAT", "text (default), json or markdown, to standard output" },
	{ "output", 'o', LOPT_OPTION_OUTPUT, "FORMAT=FILE",
	  "write a report to FILE, - for standard output (repeatable)" },
	{ "top", 0, TOP, "N", "rows per list (20); 0 is all" },
	{ "ignore", 0, IGNORE, "PATTERN",
	  "paths that do not count: a directory and all under it, or a pattern in which * also stands for slashes "
	  "(repeatable)" },
	{ "ignore-times", 0, IGNORE_TIMES, NULL, "times do not count (the default)" },
	{ "no-ignore-times", 0, TIMES, NULL, "they count: a path whose time differs has changed" },
	{ "show-secrets", 0, SECRETS, NULL, "do not mask values that look like credentials" },
	{ "color", 0, COLOR, "WHEN", "auto (default), always or never" },
	LOPT_OPENING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_diff = {
	.name = "diff",
	.usage = "IMAGE IMAGE [OPTION]...",
	.what = "Tell in what containers of two images differ",
	.more = "Each IMAGE is a docker save tarball, an OCI archive, an OCI layout directory,\n"
		"- for standard input, docker:NAME or podman:NAME; or in its place a listing that\n"
		"'layeropt ls --format ndjson' saved. Ends with 0 when they are the same, 1 when\n"
		"they differ. How layers are cut does not count.\n",
	.options = options,
	.words = words,
	.run = run,
};
