/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/opening.h"
#include "cli/terminal.h"
#include "io/outfile.h"
#include "report/repack.h"
#include "source/spool.h"

enum {
	WRITE = LOPT_OPTION_OWN,
	DRY_RUN,
	TRIM,
	MERGE_UPPER,
	SQUASH,
	MAX_LAYERS,
	DEDUPE,
	TYPE,
	BASE,
	BASE_LAYERS,
	COMPRESS,
	FORCE,
	SECRETS,
	COLOR
};

struct wanted {
	struct lopt_opening opening;
	const char *write; /* NULL: not asked for */
	bool dry_run;
	const char *how; /* the option that says which layers are joined; NULL: none did */
	const char *base;
	struct lopt_repack_options plan;
	enum lopt_repack_form form;
	struct lopt_compression compression;
	bool compress; /* else layers stay as they are */
	struct lopt_report_options report;
	enum lopt_color color;
};

static const char *const forms[] = { "hybrid", "docker-archive", "oci-dir", NULL };
static const char *const compressions[] = { "keep", "none", "gzip", "zstd", NULL };

/* One of these words, and behind the last two a level. */
static enum lopt_status take_compression(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	char name[16];
	size_t index = 0, len = strcspn(value, ":");
	(void)snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), value);
	LOPT_TRY(lopt_word_parse(&index, "--compress", name, compressions, err));
	wanted->compress = index != 0;
	if (!wanted->compress && value[len])
		return lopt_error_set(err, LOPT_E_USAGE, "--compress %.200s: %s has no levels", value, name);
	if (!wanted->compress || lopt_compression_parse(&wanted->compression, value, err) == LOPT_OK)
		return LOPT_OK;
	return lopt_error_context(err, "--compress");
}

/* They say different things about the same. */
static enum lopt_status take_mode(struct wanted *wanted, const char *option, enum lopt_repack_mode mode,
				  struct lopt_error *err)
{
	if (wanted->how && strcmp(wanted->how, option) != 0)
		return lopt_error_set(err, LOPT_E_USAGE, "%s and %s exclude each other", wanted->how, option);
	wanted->how = option;
	wanted->plan.mode = mode;
	return LOPT_OK;
}

static enum lopt_status take_max_layers(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	LOPT_TRY(take_mode(wanted, "--max-layers", LOPT_REPACK_TRIM, err));
	enum lopt_status status = lopt_number_parse(&wanted->plan.max_layers, "max-layers", value, err);
	if (status == LOPT_OK && wanted->plan.max_layers >= 1 && wanted->plan.max_layers <= LOPT_LAYERS_MAX)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_USAGE, "--max-layers %.200s: it is a number from 1 to %d", value,
			      LOPT_LAYERS_MAX);
}

static enum lopt_status take_form(struct wanted *wanted, const char *value, struct lopt_error *err)
{
	size_t index = 0;
	LOPT_TRY(lopt_word_parse(&index, "--type", value, forms, err));
	wanted->form = (enum lopt_repack_form)index;
	return LOPT_OK;
}

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	switch (id) {
	case WRITE:
		wanted->write = value;
		return LOPT_OK;
	case DRY_RUN:
		wanted->dry_run = true;
		return LOPT_OK;
	case TRIM:
		return take_mode(wanted, "--trim", LOPT_REPACK_TRIM, err);
	case MERGE_UPPER:
		return take_mode(wanted, "--merge-upper", LOPT_REPACK_MERGE_UPPER, err);
	case SQUASH:
		return take_mode(wanted, "--squash", LOPT_REPACK_SQUASH, err);
	case MAX_LAYERS:
		return take_max_layers(wanted, value, err);
	case DEDUPE:
		wanted->plan.dedupe = true;
		return LOPT_OK;
	case TYPE:
		return take_form(wanted, value, err);
	case BASE:
		wanted->base = value;
		return LOPT_OK;
	case BASE_LAYERS:
		wanted->plan.has_base_layers = true;
		return lopt_number_parse(&wanted->plan.base_layers, "base-layers", value, err);
	case COMPRESS:
		return take_compression(wanted, value, err);
	case FORCE:
		wanted->plan.force = true;
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

/* Everything that is open, released together. */
struct work {
	struct wanted *wanted;
	struct lopt_source *source, *base, *written;
	struct lopt_outfile product;
	int spool; /* -1: the input can be read again as it is */
	struct lopt_image *image, *after;
	struct lopt_repack_plan plan;
	struct lopt_repack_account choices[LOPT_REPACK_MODES]; /* of a dry run */
	uint64_t *foretold;				       /* likewise */
	struct lopt_repacked repacked;
};

static void release_work(struct work *work)
{
	free(work->foretold);
	lopt_repacked_release(&work->repacked);
	lopt_repack_plan_release(&work->plan);
	lopt_image_free(work->after);
	lopt_image_free(work->image);
	lopt_source_free(work->source);
	lopt_source_free(work->base);
	lopt_source_free(work->written);
	lopt_cleanup_fd(&work->spool);
	lopt_outfile_abandon(&work->product);
}

/* --- opening, while files may be opened --- */

/* The product is read again through a descriptor of its own. */
static enum lopt_status open_product(struct work *work, struct lopt_error *err)
{
	const char *write = work->wanted->write;
	if (work->wanted->dry_run)
		return LOPT_OK;
	if (work->wanted->form == LOPT_FORM_OCI)
		LOPT_TRY(lopt_outfile_open_directory(&work->product, write, lopt_layout_unfold, err));
	else
		LOPT_TRY(lopt_outfile_open(&work->product, write, err));
	if (!work->product.temporary)
		return lopt_error_set(err, LOPT_E_USAGE, "--write %.200s: an image is written to a file", write);
	int fd = open(work->product.temporary, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot read it again: %s", write, strerror(errno));
	return lopt_source_adopt(&work->written, fd, write, err);
}

static enum lopt_status open_spool(struct work *work, struct lopt_error *err)
{
	bool goes_back;
	const char *temporary = secure_getenv("TMPDIR");
	if (!temporary || temporary[0] != '/')
		temporary = "/tmp";
	LOPT_TRY(lopt_source_goes_back(&goes_back, work->source, err));
	if (goes_back)
		return LOPT_OK;
	work->spool = open(temporary, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (work->spool >= 0)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot make a copy there of what can only be read once: %s",
			      temporary, strerror(errno));
}

static enum lopt_status open_all(struct work *work, struct lopt_error *err)
{
	struct wanted *wanted = work->wanted;
	LOPT_TRY(lopt_opening_source(&work->source, wanted->opening.image, err));
	if (wanted->base)
		LOPT_TRY(lopt_opening_source(&work->base, wanted->base, err));
	LOPT_TRY(open_spool(work, err));
	LOPT_TRY(open_product(work, err));
	struct lopt_source *const sources[] = { work->source, work->base };
	return lopt_opening_confine(&wanted->opening, sources, work->base ? 2 : 1, err);
}

/* --- the work --- */

static enum lopt_status read_input(struct work *work, struct lopt_error *err)
{
	struct lopt_opening *opening = &work->wanted->opening;
	if (work->spool >= 0) {
		int fd = work->spool;
		work->spool = -1;
		LOPT_TRY(lopt_source_spool(work->source, fd, &opening->limits, err));
	}
	struct lopt_open_options options = opening->options;
	options.want_places = true;
	options.want_fingerprints = !work->wanted->dry_run;
	return lopt_opening_read(&work->image, opening, work->source, &options, err);
}

static enum lopt_status make_plan(struct work *work, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_image) struct lopt_image *base = NULL;
	struct wanted *wanted = work->wanted;
	if (work->base)
		LOPT_TRY(lopt_opening_read_base(&base, &wanted->opening, work->base, err));
	wanted->plan.limits = &wanted->opening.limits;
	wanted->plan.base = base;
	enum lopt_status status = lopt_repack_plan_make(&work->plan, work->image, &wanted->plan, err);
	if (status == LOPT_OK && wanted->dry_run)
		status = lopt_repack_choices_make(work->choices, work->image, &wanted->plan, err);
	wanted->plan.base = NULL; /* it goes */
	return status == LOPT_E_INPUT ? lopt_error_context(err, "%s: cannot be rewritten", wanted->opening.image)
				      : status;
}

/* What was written is taken for nothing but bytes: it is verified whatever was asked for. */
static enum lopt_status prove(struct work *work, struct lopt_error *err)
{
	struct lopt_opening *opening = &work->wanted->opening;
	const struct lopt_open_options options = {
		.limits = &opening->limits,
		.verify_digests = true,
		.hashed = work->repacked.hashed,
		.hashed_count = work->repacked.hashed_count,
		.want_fingerprints = true,
	};
	LOPT_TRY(lopt_source_resize(work->written, err));
	if (lopt_opening_read(&work->after, opening, work->written, &options, err) != LOPT_OK)
		return lopt_error_context(err, "what was written cannot be read");
	return lopt_repack_prove(&work->plan, &work->repacked, work->after, &opening->limits, err);
}

static struct lopt_repack_writing writing(const struct wanted *wanted, struct lopt_meter_line *line)
{
	return (struct lopt_repack_writing){
		.form = wanted->form,
		.how = wanted->compress ? &wanted->compression : NULL,
		.limits = &wanted->opening.limits,
		.progress = lopt_meter_line_start(line, wanted->opening.quiet),
	};
}

static enum lopt_status write_product(struct work *work, struct lopt_error *err)
{
	struct lopt_meter_line line;
	const struct lopt_repack_writing options = writing(work->wanted, &line);
	enum lopt_status status =
		lopt_repack_write(&work->repacked, &work->plan, &options, work->product.file, work->wanted->write, err);
	lopt_meter_line_end(&line);
	return status == LOPT_OK ? prove(work, err) : status;
}

static enum lopt_status foretell(struct work *work, struct lopt_error *err)
{
	struct lopt_meter_line line;
	work->foretold = calloc(work->plan.output_count + 1, sizeof *work->foretold);
	if (!work->foretold)
		return lopt_error_memory(err);
	const struct lopt_repack_writing options = writing(work->wanted, &line);
	enum lopt_status status = lopt_repack_foretell(work->foretold, &work->plan, &options, err);
	lopt_meter_line_end(&line);
	return status;
}

/* --- reporting --- */

static enum lopt_status write_report(const struct wanted *wanted, const struct lopt_output *output,
				     const struct lopt_repack_view *view, struct lopt_error *err)
{
	struct lopt_report_options options = lopt_output_options(output, &wanted->report, wanted->color);
	for (size_t i = 0; lopt_repack_format_at(i); i++)
		if (lopt_output_is(output, lopt_repack_format_at(i)->name))
			return lopt_repack_format_at(i)->write(lopt_output_file(output), view, &options, err);
	return lopt_error_set(err, LOPT_E_BUG, "an output without a format");
}

static enum lopt_status report(struct work *work, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_repack_view_release) struct lopt_repack_view view = { 0 };
	struct wanted *wanted = work->wanted;
	struct lopt_outputs *outputs = &wanted->opening.outputs;
	bool written = !wanted->dry_run;
	const struct lopt_repack_outcome outcome = {
		.plan = &work->plan,
		.repacked = written ? &work->repacked : NULL,
		.target = written ? wanted->write : NULL,
		.choices = written ? NULL : work->choices,
		.foretold = work->foretold,
	};
	LOPT_TRY(lopt_repack_view_make(&view, &outcome, err));
	for (size_t i = 0; i < outputs->count; i++)
		LOPT_TRY(write_report(wanted, &outputs->items[i], &view, err));
	return lopt_outputs_commit_with(outputs, written ? &work->product : NULL, err);
}

static enum lopt_status do_work(struct wanted *wanted, struct lopt_error *err)
{
	LOPT_CLEANUP(release_work) struct work work = { .wanted = wanted, .spool = -1 };
	LOPT_TRY(open_all(&work, err));
	LOPT_TRY(read_input(&work, err));
	LOPT_TRY(make_plan(&work, err));
	LOPT_TRY(wanted->dry_run ? foretell(&work, err) : write_product(&work, err));
	return report(&work, err);
}

/* --- the command --- */

static enum lopt_status check(const struct wanted *wanted, struct lopt_error *err)
{
	if (wanted->base && wanted->plan.has_base_layers)
		return lopt_error_set(err, LOPT_E_USAGE, "--base and --base-layers exclude each other");
	if (!wanted->write && !wanted->dry_run)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "where to write the new image? --write FILE, or --dry-run to see what would go");
	if (!wanted->write || wanted->dry_run)
		return LOPT_OK;
	const char *const inputs[] = { wanted->opening.image, wanted->base };
	for (size_t i = 0; i < 2; i++)
		if (inputs[i] && lopt_output_is_input(wanted->write, inputs[i]))
			return lopt_error_set(err, LOPT_E_USAGE,
					      "--write %.200s: the new image would replace the input", wanted->write);
	return lopt_outputs_keep_off(&wanted->opening.outputs, wanted->write, err);
}

static enum lopt_status repack(struct wanted *wanted, struct lopt_error *err)
{
	const char *const more[2] = { wanted->base, NULL };
	if (wanted->opening.image)
		LOPT_TRY(check(wanted, err));
	LOPT_TRY(lopt_opening_finish(&wanted->opening, &lopt_command_repack, more, err));
	return do_work(wanted, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { 0 };
	lopt_opening_init(&wanted.opening);
	wanted.opening.options.verify_digests = true;
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.opening.help ? lopt_help_print(command, err) : repack(&wanted, err);
	lopt_opening_release(&wanted.opening);
	return status;
}

static const char *words(int id, size_t index)
{
	switch (id) {
	case LOPT_OPTION_FORMAT:
	case LOPT_OPTION_OUTPUT:
		return lopt_repack_format_at(index) ? lopt_repack_format_at(index)->name : NULL;
	case TYPE:
		return lopt_word_at(forms, index);
	case COMPRESS:
		return lopt_word_at(compressions, index);
	case COLOR:
		return lopt_word_at(lopt_color_names, index);
	default:
		return lopt_opening_word(id, index);
	}
}

static const struct lopt_option options[] = {
	{ "write", 0, WRITE, "FILE", "write the new image here; it appears when it is proved" },
	{ "type", 0, TYPE, "TYPE",
	  "hybrid (default: a docker and an OCI archive in one), docker-archive, or oci-dir, an OCI layout directory" },
	{ "dry-run", 0, DRY_RUN, NULL, "tell what would go, and write nothing" },
	{ "trim", 0, TRIM, NULL, "leave the layers apart (default)" },
	{ "merge-upper", 0, MERGE_UPPER, NULL, "make one layer of those above the base" },
	{ "squash", 0, SQUASH, NULL, "make one layer of all, the base included" },
	{ "max-layers", 0, MAX_LAYERS, "N",
	  "join neighbours above the base until there are at most N layers, up to 125" },
	{ "dedupe", 0, DEDUPE, NULL,
	  "make hard links of files of one layer that are equal in all: not strictly the same image" },
	{ "base", 0, BASE, "IMAGE", "leave the layers of this base image as they are" },
	{ "base-layers", 0, BASE_LAYERS, "N", "the same, where the base image is the lowest N layers (1)" },
	{ "compress", 0, COMPRESS, "HOW",
	  "keep (default), none, gzip or zstd, with a level as in zstd:19: layers that change, and layers that are "
	  "stored plain" },
	{ "force", 0, FORCE, NULL, "also images that a host boots from (ostree, bootc)" },
	{ "format", 0, LOPT_OPTION_FORMAT, "FORMAT", "text (default), json or markdown, to standard output" },
	{ "output", 'o', LOPT_OPTION_OUTPUT, "FORMAT=FILE",
	  "write a report to FILE, - for standard output (repeatable)" },
	{ "show-secrets", 0, SECRETS, NULL, "do not mask values that look like credentials" },
	{ "color", 0, COLOR, "WHEN", "auto (default), always or never" },
	LOPT_OPENING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_repack = {
	.name = "repack",
	.usage = "IMAGE {--write FILE | --dry-run} [OPTION]...",
	.what = "Write an image without the files nobody sees, and prove it the same",
	.more = "IMAGE is a docker save tarball, an OCI archive, an OCI layout directory, - for\n"
		"standard input, docker:NAME or podman:NAME. Archives may be compressed. FILE\n"
		"becomes an archive that docker, podman, containerd and skopeo load, unless\n"
		"--type says otherwise.\n",
	.options = options,
	.words = words,
	.run = run,
};
