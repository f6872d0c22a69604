/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/building.h"
#include "cli/command.h"
#include "cli/plugin.h"
#include "dockerfile/dockerfile.h"

enum { OPTIMIZED = LOPT_BUILDING_OWN };

struct wanted {
	struct lopt_building building;
	const char *optimized;
	struct lopt_buf ignore; /* what OPTIMIZED.dockerignore says */
};

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	struct wanted *wanted = context;
	if (id != OPTIMIZED)
		return lopt_building_take(&wanted->building, id, value, err);
	wanted->optimized = value;
	return LOPT_OK;
}

/* What builders read beside the new Dockerfile in place of the context's .dockerignore. */
static enum lopt_status load_ignore(struct wanted *wanted, struct lopt_error *err)
{
	char path[8192];
	struct stat st;
	const struct lopt_workshop *workshop = wanted->building.proof.workshop;
	(void)snprintf(path, sizeof path, "%s.dockerignore", wanted->optimized);
	bool reads = lopt_workshop_kind(workshop)->history != LOPT_BUILDER_LEGACY;
	return reads && stat(path, &st) == 0 ? lopt_dockerfile_load(&wanted->ignore, path, err) : LOPT_OK;
}

/* Both have to be Dockerfiles before anything is built. */
static enum lopt_status load(struct lopt_buf *to, const char *path, struct lopt_error *err)
{
	struct lopt_dockerfile *file;
	LOPT_TRY(lopt_dockerfile_load(to, path, err));
	enum lopt_status status = lopt_dockerfile_parse(&file, lopt_buf_view(to), err);
	if (status == LOPT_OK) {
		status = lopt_dockerfile_check(file, err);
		lopt_dockerfile_free(file);
	}
	return status == LOPT_OK ? LOPT_OK : lopt_error_context(err, "%s", path);
}

static enum lopt_status report(struct wanted *wanted, const struct lopt_original *original,
			       const struct lopt_trial *trial, const struct lopt_buf *before,
			       const struct lopt_buf *after, struct lopt_error *err)
{
	struct lopt_building *building = &wanted->building;
	LOPT_CLEANUP(lopt_replay_release) struct lopt_replay replay = { 0 };
	struct lopt_replay_input input = { .texts = { lopt_buf_view(before), lopt_buf_view(after) },
					   .ignores[1] = lopt_buf_view(&wanted->ignore),
					   .subjects = { &original->subject, &trial->subject } };
	if (trial->verdict == LOPT_VERDICT_PROVED)
		LOPT_TRY(lopt_building_replay(building, &replay, &input, err));
	const struct lopt_outcome outcome = {
		.command = "verify",
		.original_name = building->dockerfile,
		.candidate_name = wanted->optimized,
		.before = lopt_buf_view(before),
		.after = lopt_buf_view(after),
		.builder = lopt_workshop_kind(building->proof.workshop),
		.options = &building->proof,
		.analysis = original->subject.analysis,
		.original = original,
		.trial = trial,
		.replay = building->replay ? &replay : NULL,
		.builds = 1,
		.has_target = building->has_target,
		.target = building->target,
	};
	LOPT_TRY(lopt_building_report(building, &outcome, err));
	return lopt_outcome_good(&outcome) ? LOPT_OK : LOPT_END;
}

static enum lopt_status prove(struct wanted *wanted, const struct lopt_buf *before, const struct lopt_buf *after,
			      struct lopt_error *err)
{
	struct lopt_building *building = &wanted->building;
	LOPT_CLEANUP(lopt_original_release) struct lopt_original original = { 0 };
	LOPT_CLEANUP(lopt_trial_release) struct lopt_trial trial = { 0 };
	struct lopt_str text = lopt_buf_view(before);
	LOPT_TRY(lopt_original_build(&original, &building->proof, text, building->dockerfile, err));
	if (original.failed)
		return lopt_building_refuse(building, &original, err);
	LOPT_TRY(lopt_original_repeat(&original, &building->proof, text, err));
	if (original.failed_again || original.failed_test)
		return lopt_building_refuse(building, &original, err);
	LOPT_TRY(load_ignore(wanted, err));
	if (wanted->ignore.len)
		lopt_workshop_ignore(building->proof.workshop, lopt_buf_view(&wanted->ignore));
	LOPT_TRY(lopt_trial_make(&trial, &building->proof, &original, lopt_buf_view(after), wanted->optimized, NULL, 0,
				 err));
	return report(wanted, &original, &trial, before, after, err);
}

static enum lopt_status verify(struct wanted *wanted, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf before = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf after = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (!wanted->optimized)
		return lopt_error_set(err, LOPT_E_USAGE, "no --optimized given; '%s verify --help' tells how",
				      lopt_program());
	LOPT_TRY(lopt_building_finish(&wanted->building, "verify", true, wanted->optimized, err));
	LOPT_TRY(load(&before, wanted->building.dockerfile, err));
	LOPT_TRY(load(&after, wanted->optimized, err));
	LOPT_TRY(lopt_building_start(&wanted->building, err));
	return prove(wanted, &before, &after, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	struct wanted wanted = { .ignore = LOPT_BUF_INIT(SIZE_MAX / 2) };
	lopt_building_init(&wanted.building);
	wanted.building.target_option = "max-size";
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &wanted, err);
	if (status == LOPT_OK)
		status = wanted.building.help ? lopt_help_print(command, err) : verify(&wanted, err);
	lopt_building_release(&wanted.building);
	lopt_buf_release(&wanted.ignore);
	return status;
}

static const char *words(int id, size_t index)
{
	return lopt_building_word(id, index, true);
}

static const struct lopt_option options[] = {
	{ "dockerfile", 0, LOPT_BUILDING_DOCKERFILE, "FILE", "the Dockerfile as it was" },
	{ "optimized", 0, OPTIMIZED, "FILE", "the Dockerfile that is to make the same container" },
	{ "max-size", 0, LOPT_BUILDING_TARGET, "SIZE", "the new image may be at most this large, as in 1.5GB" },
	{ "format", 0, LOPT_BUILDING_FORMAT, "FORMAT", "text (default), json or markdown, to standard output" },
	LOPT_BUILDING_ROWS,
	{ 0 },
};

const struct lopt_command lopt_command_verify = {
	.name = "verify",
	.usage = "--dockerfile FILE --optimized FILE [OPTION]...",
	.what = "Prove by a rebuild that two Dockerfiles make the same container",
	.more = "Builds the first Dockerfile twice and the second once, all without cache, and\n"
		"compares what containers see. Ends with 0 when proved, 1 when not.\n",
	.options = options,
	.words = words,
	.run = run,
};
