/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_OUTPUT_H
#define LAYEROPT_CLI_OUTPUT_H

#include <stdbool.h>

#include "io/outfile.h"

/**
 * The reports one run writes. All are put together before any is delivered: on failure there is nothing on standard
 * output and no file is left or replaced (rules P18 and P22).
 */
enum { LOPT_OUTPUTS_MAX = 15 };

struct lopt_output {
	const char *format; /* its name, as given */
	const char *path;   /* "-" is standard output */
	const char *end;    /* of the format's name in `format` */
	bool to_stdout;
	bool to_stderr; /* what would go to standard output goes there */
	struct lopt_outfile target;
	FILE *spool; /* of what goes to standard output; NULL otherwise */
};

struct lopt_outputs {
	struct lopt_output items[LOPT_OUTPUTS_MAX];
	size_t count;
	bool has_format; /* --format was given */
};

/** "FORMAT=FILE" of -o. */
LOPT_CHECKED enum lopt_status lopt_outputs_add(struct lopt_outputs *outputs, const char *text, struct lopt_error *err);
/** The same in two parts. */
LOPT_CHECKED enum lopt_status lopt_outputs_add_file(struct lopt_outputs *outputs, const char *format, const char *path,
						    struct lopt_error *err);
/** --format: to standard output. */
LOPT_CHECKED enum lopt_status lopt_outputs_set_format(struct lopt_outputs *outputs, const char *format,
						      struct lopt_error *err);
/** Text on standard output where nothing was asked for; refuses two outputs to one place and one to an input. */
LOPT_CHECKED enum lopt_status lopt_outputs_check(struct lopt_outputs *outputs, const char *const inputs[],
						 size_t input_count, struct lopt_error *err);
/** Refuses an output to where the run puts something else. */
LOPT_CHECKED enum lopt_status lopt_outputs_keep_off(const struct lopt_outputs *outputs, const char *path,
						    struct lopt_error *err);
/** Does an output have this format? `len` bytes of output->format are its name. */
bool lopt_output_is(const struct lopt_output *output, const char *format);

LOPT_CHECKED enum lopt_status lopt_outputs_open(struct lopt_outputs *outputs, struct lopt_error *err);
/** Where an output is to be written. */
FILE *lopt_output_file(const struct lopt_output *output);
/** Deliver everything. */
LOPT_CHECKED enum lopt_status lopt_outputs_commit(struct lopt_outputs *outputs, struct lopt_error *err);
/** The same together with what the run made: it appears when standard output has been written, before the other reports do. */
LOPT_CHECKED enum lopt_status lopt_outputs_commit_with(struct lopt_outputs *outputs, struct lopt_outfile *product,
						       struct lopt_error *err);
/** Safe at any time; also the cleanup of a local. */
void lopt_outputs_release(struct lopt_outputs *outputs);

/** Whether writing `path` would replace this input: the file itself, or one inside a directory that is read. */
bool lopt_output_is_input(const char *path, const char *input);

#endif
