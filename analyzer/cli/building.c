/* SPDX-License-Identifier: MIT */
#include "cli/building.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/size.h"
#include "cli/opening.h"
#include "cli/plugin.h"
#include "dockerfile/dockerfile.h"

enum { STARTS = 5, TIMEOUT = 7200, TOP = 20, FORMATS_MAX = 8, LOG_LINES = 30 };

/* What is being done, on standard error. */
static void tell(void *context, const char *what)
{
	const struct lopt_building *building = context;
	if (!building->quiet)
		(void)fprintf(stderr, "layeropt: %s ...\n", what);
}

void lopt_building_init(struct lopt_building *building)
{
	*building = (struct lopt_building){
		.builder = "auto",
		.build.seconds = TIMEOUT,
		.proof.starts = STARTS,
		.report.top = TOP,
		.ignore = LOPT_BUF_INIT(SIZE_MAX / 2),
	};
	const char *temporary = secure_getenv("TMPDIR");
	if (temporary && temporary[0] == '/')
		building->build.temporary = temporary;
	building->build.build_args = building->build_args.items;
	building->proof.tests = building->tests.items;
	building->proof.allowed = building->allowed.items;
	building->proof.tell = tell;
	building->proof.context = building;
}

void lopt_building_release(struct lopt_building *building)
{
	lopt_workshop_close(building->proof.workshop);
	building->proof.workshop = NULL;
	lopt_outputs_release(&building->outputs);
	lopt_buf_release(&building->ignore);
}

/* Options. */

static enum lopt_status repeat(struct lopt_repeated *list, const char *name, const char *value, struct lopt_error *err)
{
	if (list->count == LOPT_REPEATED_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "--%s: more than %d times", name, LOPT_REPEATED_MAX);
	if (!*value)
		return lopt_error_set(err, LOPT_E_USAGE, "--%s: its value is empty", name);
	list->items[list->count++] = value;
	return LOPT_OK;
}

static enum lopt_status take_build_arg(struct lopt_building *building, const char *value, struct lopt_error *err)
{
	/* without a value the builder would take it from its environment, and nobody could mask it */
	if (value[0] == '=' || value[0] == '-' || !strchr(value, '='))
		return lopt_error_set(err, LOPT_E_USAGE, "--build-arg %.200s: it is NAME=VALUE", value);
	return repeat(&building->build_args, "build-arg", value, err);
}

static enum lopt_status take_seconds(struct lopt_building *building, const char *value, struct lopt_error *err)
{
	size_t seconds;
	LOPT_TRY(lopt_number_parse(&seconds, "timeout", value, err));
	if (seconds > 1000000)
		return lopt_error_set(err, LOPT_E_USAGE, "--timeout %.200s: at most 1000000", value);
	building->build.seconds = (unsigned)seconds;
	return LOPT_OK;
}

static enum lopt_status take_replay(struct lopt_building *building, const char *value, struct lopt_error *err)
{
	LOPT_TRY(lopt_number_parse(&building->replay, "replay", value, err));
	if (building->replay > LOPT_REPLAY_COMMITS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "--replay %.200s: at most %d", value, LOPT_REPLAY_COMMITS_MAX);
	return LOPT_OK;
}

static enum lopt_status take_target(struct lopt_building *building, const char *value, struct lopt_error *err)
{
	building->has_target = true;
	if (lopt_size_parse(&building->target, value, err) != LOPT_OK)
		return lopt_error_context(err, "--%s", building->target_option);
	return LOPT_OK;
}

enum lopt_status lopt_building_take(struct lopt_building *building, int id, const char *value, struct lopt_error *err)
{
	switch (id) {
	case LOPT_BUILDING_DOCKERFILE:
		building->dockerfile = value;
		return LOPT_OK;
	case LOPT_BUILDING_CONTEXT:
		building->context = value;
		return LOPT_OK;
	case LOPT_BUILDING_BUILDER:
		building->builder = value;
		return LOPT_OK;
	case LOPT_BUILDING_STAGE:
		building->build.stage = value;
		return LOPT_OK;
	case LOPT_BUILDING_BUILD_ARG:
		return take_build_arg(building, value, err);
	case LOPT_BUILDING_TEST:
		return repeat(&building->tests, "test", value, err);
	case LOPT_BUILDING_ALLOW:
		return repeat(&building->allowed, "allow", value, err);
	case LOPT_BUILDING_TARGET:
		return take_target(building, value, err);
	case LOPT_BUILDING_STARTS:
		return lopt_number_parse(&building->proof.starts, "starts", value, err);
	case LOPT_BUILDING_TIMEOUT:
		return take_seconds(building, value, err);
	case LOPT_BUILDING_REPLAY:
		return take_replay(building, value, err);
	case LOPT_BUILDING_FORMAT:
		return lopt_outputs_set_format(&building->outputs, value, err);
	case LOPT_BUILDING_OUTPUT:
		return lopt_outputs_add(&building->outputs, value, err);
	case LOPT_BUILDING_TOP:
		return lopt_number_parse(&building->report.top, "top", value, err);
	case LOPT_BUILDING_COLOR:
		return lopt_color_parse(&building->color, value, err);
	case LOPT_BUILDING_QUIET:
		building->quiet = true;
		return LOPT_OK;
	case LOPT_OPTION_HELP:
		building->help = true;
		return LOPT_OK;
	default:
		return lopt_error_set(err, LOPT_E_USAGE,
				      "%.200s: options only; the Dockerfile comes after --dockerfile", value);
	}
}

static const char *builder_at(size_t index)
{
	if (index == 0)
		return "auto";
	return lopt_builder_at(index - 1) ? lopt_builder_at(index - 1)->name : NULL;
}

static const char *format_at(size_t index, bool verify)
{
	for (size_t i = 0; lopt_proof_format_at(i); i++)
		if ((!verify || lopt_proof_format_at(i)->verify) && index-- == 0)
			return lopt_proof_format_at(i)->name;
	return NULL;
}

const char *lopt_building_word(int id, size_t index, bool verify)
{
	switch (id) {
	case LOPT_BUILDING_BUILDER:
		return builder_at(index);
	case LOPT_BUILDING_FORMAT:
	case LOPT_BUILDING_OUTPUT:
		return format_at(index, verify);
	case LOPT_BUILDING_COLOR:
		return lopt_word_at(lopt_color_names, index);
	default:
		return NULL;
	}
}

static enum lopt_status check_formats(const struct lopt_outputs *outputs, bool verify, struct lopt_error *err)
{
	const char *names[FORMATS_MAX + 1] = { NULL };
	for (size_t i = 0; i < FORMATS_MAX && format_at(i, verify); i++)
		names[i] = format_at(i, verify);
	for (size_t i = 0; i < outputs->count; i++) {
		const struct lopt_output *output = &outputs->items[i];
		char name[64];
		size_t index;
		(void)snprintf(name, sizeof name, "%.*s", (int)(output->end - output->format), output->format);
		LOPT_TRY(lopt_word_parse(&index, "format", name, names, err));
	}
	return LOPT_OK;
}

static enum lopt_status check_context(struct lopt_building *building, struct lopt_error *err)
{
	struct stat st;
	if (!building->context) {
		const char *slash = strrchr(building->dockerfile, '/');
		int n = slash ? snprintf(building->directory, sizeof building->directory, "%.*s",
					 (int)(slash - building->dockerfile), building->dockerfile)
			      : snprintf(building->directory, sizeof building->directory, ".");
		if (n < 0 || (size_t)n >= sizeof building->directory)
			return lopt_error_set(err, LOPT_E_USAGE, "--dockerfile: its name is too long");
		building->context = building->directory[0] ? building->directory : "/";
	}
	if (building->context[0] == '-')
		return lopt_error_set(err, LOPT_E_USAGE, "--context %.200s: write ./%.200s", building->context,
				      building->context);
	if (stat(building->context, &st) < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: the build context: %s", building->context,
				      strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: the build context is no directory", building->context);
	building->build.context = building->context;
	return LOPT_OK;
}

enum lopt_status lopt_building_finish(struct lopt_building *building, const char *command, bool verify,
				      const char *more, struct lopt_error *err)
{
	const char *const inputs[2] = { building->dockerfile, more };
	if (!building->dockerfile)
		return lopt_error_set(err, LOPT_E_USAGE, "no --dockerfile given; '%s %s --help' tells how",
				      lopt_program(), command);
	building->build.build_arg_count = building->build_args.count;
	building->proof.test_count = building->tests.count;
	building->proof.allowed_count = building->allowed.count;
	LOPT_TRY(check_formats(&building->outputs, verify, err));
	LOPT_TRY(lopt_outputs_check(&building->outputs, inputs, 2, err));
	LOPT_TRY(check_context(building, err));
	return lopt_outputs_open(&building->outputs, err);
}

/* docker's classic builder knows only the context's; the others first look for one beside the Dockerfile. */
static enum lopt_status load_ignore(struct lopt_building *building, const struct lopt_builder_kind *kind,
				    struct lopt_error *err)
{
	char path[8192];
	struct stat st;
	(void)snprintf(path, sizeof path, "%s.dockerignore", building->dockerfile);
	building->ignore_is_own = kind->history != LOPT_BUILDER_LEGACY && stat(path, &st) == 0;
	if (!building->ignore_is_own)
		(void)snprintf(path, sizeof path, "%s/.dockerignore", building->context);
	return stat(path, &st) == 0 ? lopt_dockerfile_load(&building->ignore, path, err) : LOPT_OK;
}

enum lopt_status lopt_building_start(struct lopt_building *building, struct lopt_error *err)
{
	const struct lopt_builder_kind *kind;
	LOPT_TRY(lopt_builder_choose(&kind, building->builder, err));
	if (building->tests.count && !kind->runner)
		return lopt_error_set(err, LOPT_E_SYSTEM, "--test: nothing here runs the images of %s", kind->name);
	LOPT_TRY(load_ignore(building, kind, err));
	LOPT_TRY(lopt_workshop_open(&building->proof.workshop, kind, &building->build, err));
	lopt_workshop_ignore(building->proof.workshop, lopt_building_own_ignore(building));
	return LOPT_OK;
}

struct lopt_str lopt_building_own_ignore(const struct lopt_building *building)
{
	return building->ignore_is_own
		       ? lopt_str_make(building->ignore.data ? building->ignore.data : "", building->ignore.len)
		       : lopt_str_make(NULL, 0);
}

enum lopt_status lopt_building_replay(struct lopt_building *building, struct lopt_replay *out,
				      struct lopt_replay_input *input, struct lopt_error *err)
{
	if (building->replay == 0)
		return LOPT_OK;
	input->context = building->context;
	input->commits = building->replay;
	input->ignores[0] = lopt_building_own_ignore(building);
	if (!input->ignores[1].len)
		input->ignores[1] = input->ignores[0];
	return lopt_replay_run(out, &building->proof, input, err);
}

/* Reports. */

static enum lopt_status write_report(const struct lopt_building *building, const struct lopt_output *output,
				     const struct lopt_outcome *outcome, struct lopt_error *err)
{
	struct lopt_report_options options = lopt_output_options(output, &building->report, building->color);
	for (size_t i = 0; lopt_proof_format_at(i); i++)
		if (lopt_output_is(output, lopt_proof_format_at(i)->name))
			return lopt_proof_format_at(i)->write(lopt_output_file(output), outcome, &options, err);
	return lopt_error_set(err, LOPT_E_BUG, "an output without a format");
}

enum lopt_status lopt_building_report(struct lopt_building *building, const struct lopt_outcome *outcome,
				      struct lopt_error *err)
{
	for (size_t i = 0; i < building->outputs.count; i++)
		LOPT_TRY(write_report(building, &building->outputs.items[i], outcome, err));
	return lopt_outputs_commit(&building->outputs, err);
}

/* The end of a log, line by line, escaped and masked. */
static void show_log(const struct lopt_building *building, const struct lopt_buf *log)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf masked = LOPT_BUF_INIT(SIZE_MAX / 2);
	size_t at = log->len, lines = 0;
	if (!at)
		return;
	while (at > 0 && lines <= LOG_LINES)
		lines += log->data[--at] == '\n';
	if (lopt_workshop_mask(building->proof.workshop, &masked, lopt_str_make(log->data + at, log->len - at)) !=
	    LOPT_OK)
		return;
	for (struct lopt_str rest = lopt_buf_view(&masked); rest.len;) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf line = LOPT_BUF_INIT(SIZE_MAX / 2);
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
		lopt_escape_text(&line, lopt_str_make(rest.ptr, len));
		if (line.len)
			(void)fprintf(stderr, "  | %s\n", line.data);
		size_t gone = end ? len + 1 : len;
		rest = lopt_str_make(rest.ptr + gone, rest.len - gone);
	}
}

enum lopt_status lopt_building_refuse(const struct lopt_building *building, const struct lopt_original *original,
				      struct lopt_error *err)
{
	if (original->failed) {
		show_log(building, &original->subject.built.log);
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: %s; the end of the builder's log is above",
				      building->dockerfile,
				      original->subject.built.timed_out ? "the build was ended by --timeout"
									: "does not build as it is");
	}
	if (original->failed_again) {
		show_log(building, &original->again_log);
		return lopt_error_set(
			err, LOPT_E_SYSTEM,
			"%s: was built once, but not a second time; the end of the builder's log is above",
			building->dockerfile);
	}
	show_log(building, &original->test_log);
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: the test \"%.200s\" fails in its own image",
			      building->dockerfile, building->proof.tests[original->failed_test - 1]);
}
