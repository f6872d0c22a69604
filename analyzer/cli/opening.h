/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_OPENING_H
#define LAYEROPT_CLI_OPENING_H

#include "base/buf.h"
#include "cli/option.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "layeropt/report.h"

/** What `analyze` and `ls` have in common: which image, how it is read, where the report goes. */
struct lopt_opening {
	const char *image;
	struct lopt_limits limits;
	struct lopt_open_options options; /* limits points into this struct */
	struct lopt_outputs outputs;
	bool quiet;
	bool no_sandbox;
	bool help;
};

enum {
	LOPT_OPTION_FORMAT = LOPT_OPTION_FIRST,
	LOPT_OPTION_OUTPUT,
	LOPT_OPTION_SELECT,
	LOPT_OPTION_PLATFORM,
	LOPT_OPTION_LIMIT,
	LOPT_OPTION_QUIET,
	LOPT_OPTION_NO_SANDBOX,
	LOPT_OPTION_OWN, /* first id of a command's own options */
};

#define LOPT_OPENING_ROWS                                                                                      \
	{ "select", 0, LOPT_OPTION_SELECT, "NAME|N",                                                           \
	  "which image, where the input holds several: by name, or by number from 1" },                        \
		{ "platform", 0, LOPT_OPTION_PLATFORM, "OS/ARCH",                                              \
		  "which platform, as in linux/arm64 or linux/arm/v7; default: this machine's, "               \
		  "else the only one" },                                                                       \
		{ "limit", 0, LOPT_OPTION_LIMIT, "NAME=VALUE",                                                 \
		  "set a ceiling on what the input may ask for (repeatable); the names are below" },           \
		{ "no-progress", 'q', LOPT_OPTION_QUIET, NULL, "do not show how far reading has come" },       \
		{ "no-sandbox", 0, LOPT_OPTION_NO_SANDBOX, NULL,                                               \
		  "keep the right to open files, start programs and talk to others while the image is read" }, \
	{                                                                                                      \
		"help", 'h', LOPT_OPTION_HELP, NULL, "show this and exit"                                      \
	}

void lopt_opening_init(struct lopt_opening *opening);
void lopt_opening_release(struct lopt_opening *opening);
/** One of the options above, or the operand. */
LOPT_CHECKED enum lopt_status lopt_opening_take(struct lopt_opening *opening, int id, const char *value,
						struct lopt_error *err);
/** The words known of one of the options above, but for formats: see lopt_option_words. */
const char *lopt_opening_word(int id, size_t index);
/** All options are there: is there an image, and may the outputs be written? `more` are further inputs; then opens them. */
struct lopt_command;
LOPT_CHECKED enum lopt_status lopt_opening_finish(struct lopt_opening *opening, const struct lopt_command *command,
						  const char *const more[2], struct lopt_error *err);
/** lopt_source_open(); in a plugin of docker, a name that no file has is an image of docker's. */
LOPT_CHECKED enum lopt_status lopt_opening_source(struct lopt_source **out, const char *name, struct lopt_error *err);
/** Everything is open: give up what reading these does not take, unless --no-sandbox was given. */
LOPT_CHECKED enum lopt_status lopt_opening_confine(const struct lopt_opening *opening,
						   struct lopt_source *const sources[], size_t count,
						   struct lopt_error *err);
/** Read an image with the options given, showing progress. `options` NULL: those of the opening. */
LOPT_CHECKED enum lopt_status lopt_opening_read(struct lopt_image **out, struct lopt_opening *opening,
						struct lopt_source *source, const struct lopt_open_options *options,
						struct lopt_error *err);

/** The same of the base image, of which only the layers are told apart: --select is not about it, and nothing is kept. */
LOPT_CHECKED enum lopt_status lopt_opening_read_base(struct lopt_image **out, struct lopt_opening *opening,
						     struct lopt_source *source, struct lopt_error *err);
/** How a report is written there: as asked for, and for the terminal that standard output may be. */
struct lopt_report_options lopt_output_options(const struct lopt_output *output,
					       const struct lopt_report_options *report, enum lopt_color color);

/** A decimal number. `name` for the message. */
LOPT_CHECKED enum lopt_status lopt_number_parse(size_t *out, const char *name, const char *text,
						struct lopt_error *err);
/** A word of a list ending with NULL: its index. */
LOPT_CHECKED enum lopt_status lopt_word_parse(size_t *out, const char *name, const char *text,
					      const char *const words[], struct lopt_error *err);

/** auto, always or never */
LOPT_CHECKED enum lopt_status lopt_color_parse(enum lopt_color *out, const char *text, struct lopt_error *err);

/** All of a file of at most `most` bytes, "-" being standard input. `missing` is the error where there is none. */
LOPT_CHECKED enum lopt_status lopt_file_read(struct lopt_buf *to, const char *path, size_t most,
					     enum lopt_status missing, struct lopt_error *err);
/** For messages: the path, or "standard input" for "-". */
const char *lopt_input_name(const char *path);
/** A whole file of at most LOPT_DOCKERFILE_BYTES_MAX. */
LOPT_CHECKED enum lopt_status lopt_dockerfile_load(struct lopt_buf *to, const char *path, struct lopt_error *err);

/** Cleanup of locals. */
void lopt_cleanup_image(struct lopt_image **image);
void lopt_cleanup_source(struct lopt_source **source);
void lopt_cleanup_analysis(const struct lopt_analysis **analysis);

#endif
