/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_BUILDING_H
#define LAYEROPT_CLI_BUILDING_H

#include "cli/opening.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "proof/outcome.h"
#include "report/proof.h"

enum { LOPT_REPEATED_MAX = 64 };

/** Values of an option that can be given several times. */
struct lopt_repeated {
	const char *items[LOPT_REPEATED_MAX];
	size_t count;
};

/** What `verify` and `optimize` have in common: what is built, how it is held to the original, where the report goes. */
struct lopt_building {
	const char *dockerfile;
	const char *context; /* NULL: the Dockerfile's directory */
	const char *builder;
	struct lopt_repeated build_args, tests, allowed;
	struct lopt_build_options build; /* points into this struct */
	struct lopt_proof_options proof;
	struct lopt_buf ignore; /* the .dockerignore in force, empty where there is none */
	bool ignore_is_own;	/* it is the Dockerfile's own, DOCKERFILE.dockerignore */
	size_t replay;		/* commits */
	bool has_target;
	uint64_t target;
	const char *target_option; /* how the command calls it: "max-size" */
	struct lopt_report_options report;
	enum lopt_color color;
	struct lopt_outputs outputs;
	bool quiet;
	bool help;
	char directory[4096]; /* of the Dockerfile */
};

enum {
	LOPT_BUILDING_DOCKERFILE = LOPT_OPTION_FIRST,
	LOPT_BUILDING_CONTEXT,
	LOPT_BUILDING_BUILDER,
	LOPT_BUILDING_STAGE,
	LOPT_BUILDING_BUILD_ARG,
	LOPT_BUILDING_TEST,
	LOPT_BUILDING_ALLOW,
	LOPT_BUILDING_TARGET,
	LOPT_BUILDING_STARTS,
	LOPT_BUILDING_TIMEOUT,
	LOPT_BUILDING_REPLAY,
	LOPT_BUILDING_FORMAT,
	LOPT_BUILDING_OUTPUT,
	LOPT_BUILDING_TOP,
	LOPT_BUILDING_COLOR,
	LOPT_BUILDING_QUIET,
	LOPT_BUILDING_OWN, /* first id of a command's own options */
};

#define LOPT_BUILDING_ROWS                                                                                          \
	{ "context", 0, LOPT_BUILDING_CONTEXT, "DIR", "the build context (the directory of the Dockerfile)" },      \
		{ "builder", 0, LOPT_BUILDING_BUILDER, "NAME",                                                      \
		  "auto (default), docker, buildkit, podman or buildah" },                                          \
		{ "stage", 0, LOPT_BUILDING_STAGE, "NAME", "build this stage (the last one)" },                     \
		{ "build-arg", 0, LOPT_BUILDING_BUILD_ARG, "NAME=VALUE", "a build argument (repeatable)" },         \
		{ "test", 0, LOPT_BUILDING_TEST, "COMMAND",                                                         \
		  "a command for /bin/sh -c that has to succeed in a container of either image (repeatable)" },     \
		{ "allow", 0, LOPT_BUILDING_ALLOW, "PATTERN",                                                       \
		  "paths that may differ: a directory and all under it, or a pattern in which * also "              \
		  "stands for slashes (repeatable)" },                                                              \
		{ "starts", 0, LOPT_BUILDING_STARTS, "N",                                                           \
		  "start N containers of each image and tell the median time (5); 0 is none" },                     \
		{ "timeout", 0, LOPT_BUILDING_TIMEOUT, "SECONDS",                                                   \
		  "end a build that takes longer (7200); 0 is never" },                                             \
		{ "replay", 0, LOPT_BUILDING_REPLAY, "N",                                                           \
		  "build the last N commits of the context with both Dockerfiles, and tell what the cache saved" }, \
		{ "output", 'o', LOPT_BUILDING_OUTPUT, "FORMAT=FILE",                                               \
		  "write a report to FILE, - for standard output (repeatable)" },                                   \
		{ "top", 0, LOPT_BUILDING_TOP, "N", "rows per list (20); 0 is all" },                               \
		{ "color", 0, LOPT_BUILDING_COLOR, "WHEN", "auto (default), always or never" },                     \
		{ "no-progress", 'q', LOPT_BUILDING_QUIET, NULL, "do not say what is being done" },                 \
	{                                                                                                           \
		"help", 'h', LOPT_OPTION_HELP, NULL, "show this and exit"                                           \
	}

void lopt_building_init(struct lopt_building *building);
void lopt_building_release(struct lopt_building *building);
/** One of the options above; LOPT_E_USAGE for an operand. */
LOPT_CHECKED enum lopt_status lopt_building_take(struct lopt_building *building, int id, const char *value,
						 struct lopt_error *err);
/** The words known of one of the options above: see lopt_option_words. `verify`: formats are those of verify. */
const char *lopt_building_word(int id, size_t index, bool verify);
/** All options are there: check them, and open the outputs. `more` is a further input, or NULL. */
LOPT_CHECKED enum lopt_status lopt_building_finish(struct lopt_building *building, const char *command, bool verify,
						   const char *more, struct lopt_error *err);
/** Find the builder and open a workshop for it; building->proof.workshop is the caller's to close. */
LOPT_CHECKED enum lopt_status lopt_building_start(struct lopt_building *building, struct lopt_error *err);
/** The text of DOCKERFILE.dockerignore where the builder reads it; ptr NULL: there is none. */
struct lopt_str lopt_building_own_ignore(const struct lopt_building *building);
/**
 * Replay commits with both Dockerfiles, where --replay asked for it; of the input texts and subjects are given, and the
 * candidate's .dockerignore where it has one of its own. The caller releases *out, zeroed without it.
 */
LOPT_CHECKED enum lopt_status lopt_building_replay(struct lopt_building *building, struct lopt_replay *out,
						   struct lopt_replay_input *input, struct lopt_error *err);
/** Write all reports. */
LOPT_CHECKED enum lopt_status lopt_building_report(struct lopt_building *building, const struct lopt_outcome *outcome,
						   struct lopt_error *err);
/** The original does not build or fails its own test: show the log on standard error; LOPT_E_SYSTEM. */
LOPT_CHECKED enum lopt_status lopt_building_refuse(const struct lopt_building *building,
						   const struct lopt_original *original, struct lopt_error *err);

#endif
