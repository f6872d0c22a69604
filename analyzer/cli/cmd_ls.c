/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/opening.h"
#include "layeropt/report.h"

enum { LAYER = LOPT_OPTION_OWN, LONG, NO_VERIFY, SECRETS };

static const char *const formats[] = { "text", "ndjson", NULL };

struct wanted {
	struct lopt_opening opening;
	struct lopt_listing_options listing;
};

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	switch (id) {
	case LAYER:
		return lopt_number_parse(&wanted->listing.layer, "layer", value, err);
	case LONG:
		wanted->listing.long_form = true;
		return LOPT_OK;
	case NO_VERIFY:
		wanted->opening.options.verify_digests = false;
		return LOPT_OK;
	case SECRETS:
		wanted->listing.show_secrets = true;
		return LOPT_OK;
	default:
		return lopt_opening_take(&wanted->opening, id, value, err);
	}
}

static bool has_ndjson(const struct lopt_outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++)
		if (lopt_output_is(&outputs->items[i], "ndjson"))
			return true;
	return false;
}

static void free_analysis(const struct lopt_analysis **analysis)
{
	lopt_analysis_free(*analysis);
}

static enum lopt_status write_listings(struct wanted *wanted, const struct lopt_image *image, struct lopt_error *err)
{
	LOPT_CLEANUP(free_analysis) const struct lopt_analysis *analysis = NULL;
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	if (has_ndjson(outputs))
		LOPT_TRY(lopt_analysis_make(&analysis, image, NULL, err));
	wanted->listing.analysis = analysis;
	for (size_t i = 0; i < outputs->count; i++) {
		wanted->listing.ndjson = lopt_output_is(&outputs->items[i], "ndjson");
		LOPT_TRY(lopt_listing_write(lopt_output_file(&outputs->items[i]), image, &wanted->listing, err));
	}
	return lopt_outputs_commit(outputs, err);
}

static enum lopt_status list(struct wanted *wanted, struct lopt_error *err)
{
	static const char *const no_more[2] = { NULL, NULL };
	struct lopt_opening *opening = &wanted->opening;
	LOPT_TRY(lopt_opening_finish(opening, &lopt_command_ls, no_more, err));
	if (has_ndjson(&opening->outputs)) {
		opening->options.want_sha256 = true;
		opening->options.keep = lopt_analysis_keep;
	}
	LOPT_CLEANUP(lopt_cleanup_source) struct lopt_source *source = NULL;
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *image = NULL;
	LOPT_TRY(lopt_opening_source(&source, opening->image, err));
	LOPT_TRY(lopt_opening_confine(opening, &source, 1, err));
	LOPT_TRY(lopt_opening_read(&image, opening, source, NULL, err));
	return write_listings(wanted, image, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .listing.layer = LOPT_NO_LAYER };
	lopt_opening_init(&wanted.opening);
	wanted.opening.options.verify_digests = true;
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : list(&wanted, err);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	switch (id) {
	case LOPT_OPTION_FORMAT:
	case LOPT_OPTION_OUTPUT:
		return lopt_word_at(formats, index);
	default:
		return lopt_opening_word(id, index);
	}
}

static const struct lopt_option options[] = {
	{ "layer", 0, LAYER, "N",
	  "the entries of layer N (from 0, the lowest) in the order of its tar, whiteouts included, "
	  "instead of the final filesystem" },
	{ "long", 'l', LONG, NULL, "text with mode, owner, size, time (UTC) and layer" },
	{ "format", 0, LOPT_OPTION_FORMAT, "FORMAT", "text (default) or ndjson, to standard output" },
	{ "output", 'o', LOPT_OPTION_OUTPUT, "FORMAT=FILE",
	  "write a listing to FILE, - for standard output (repeatable)" },
	{ "show-secrets", 0, SECRETS, NULL, "do not mask values of the header row that look like credentials" },
	{ "no-verify-digests", 0, NO_VERIFY, NULL, "do not compare what is read with its digests" },
	LOPT_OPENING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_ls = {
	.name = "ls",
	.usage = "IMAGE [OPTION]...",
	.what = "List what a container sees of an image, or what one layer holds",
	.more = "IMAGE is a docker save tarball, an OCI archive, an OCI layout directory, - for\n"
		"standard input, docker:NAME or podman:NAME. Archives may be compressed.\n",
	.options = options,
	.words = words,
	.run = run,
};
