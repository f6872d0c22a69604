/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_TERMINAL_H
#define LAYEROPT_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "layeropt/image.h"

enum lopt_color { LOPT_COLOR_AUTO, LOPT_COLOR_ALWAYS, LOPT_COLOR_NEVER };
/** Their names, in this order; ends with NULL. */
extern const char *const lopt_color_names[];

/** Is standard output to be coloured? --color, then NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR, TERM=dumb, then isatty. */
bool lopt_terminal_color(enum lopt_color color);
/** The width of the terminal that standard output is, else 0. */
size_t lopt_terminal_columns(void);
/** Standard output is a terminal, and the locale's name says UTF-8. */
bool lopt_terminal_unicode(void);

/** One error as one line on standard error, escaped. Works without memory. */
void lopt_terminal_error(const struct lopt_error *err);

/** "layeropt: warning: WHAT" on standard error, escaped. */
void lopt_terminal_warning(const char *fmt, ...) LOPT_PRINTF(1, 2);

/** A line on standard error that says how far reading has come. */
struct lopt_meter_line {
	bool enabled;
	bool shown;
	struct timespec start;
	struct timespec last;
};
/** Enabled where standard error is a terminal, unless `quiet`. */
struct lopt_progress lopt_meter_line_start(struct lopt_meter_line *line, bool quiet);
/** Wipe it off. */
void lopt_meter_line_end(struct lopt_meter_line *line);

#endif
