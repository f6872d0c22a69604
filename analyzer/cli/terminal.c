/* SPDX-License-Identifier: MIT */
#include "cli/terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/size.h"

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && value[0];
}

static bool is_forced(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] && strcmp(value, "0") != 0;
}

const char *const lopt_color_names[] = { "auto", "always", "never", NULL };

bool lopt_terminal_color(enum lopt_color color)
{
	const char *term = getenv("TERM");
	if (color != LOPT_COLOR_AUTO)
		return color == LOPT_COLOR_ALWAYS;
	if (is_set("NO_COLOR"))
		return false;
	if (is_forced("CLICOLOR_FORCE") || is_forced("FORCE_COLOR"))
		return true;
	return !(term && strcmp(term, "dumb") == 0) && isatty(STDOUT_FILENO);
}

size_t lopt_terminal_columns(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* By name: setlocale is never called, so that no locale can change what is printed or how numbers are read. */
bool lopt_terminal_unicode(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	if (!isatty(STDOUT_FILENO))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);
		if (value && value[0])
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

/* Errors. */

static void print_plain(const char *message)
{
	char text[LOPT_ERROR_MAX] = { 0 };
	size_t len = strnlen(message, sizeof text);
	for (size_t i = 0; i < len; i++)
		text[i] = message[i] >= ' ' && message[i] <= '~' ? message[i] : '?';
	(void)fprintf(stderr, "layeropt: error: %.*s\n", (int)len, text);
}

void lopt_terminal_error(const struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(16 * (size_t)LOPT_ERROR_MAX);
	lopt_escape_text(&text, lopt_str_make(err->message, strnlen(err->message, sizeof err->message)));
	if (text.failed || !text.data)
		print_plain(err->message);
	else
		(void)fprintf(stderr, "layeropt: error: %s\n", text.data);
}

void lopt_terminal_warning(const char *fmt, ...)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(16 * (size_t)LOPT_ERROR_MAX);
	char message[LOPT_ERROR_MAX];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	lopt_escape_text(&text, lopt_str_make(message, strnlen(message, sizeof message)));
	if (!text.failed && text.data)
		(void)fprintf(stderr, "layeropt: warning: %s\n", text.data);
}

/* Progress. */

enum { FIRST_MS = 500, EVERY_MS = 100 };

static int64_t milliseconds(const struct timespec *from, const struct timespec *to)
{
	return ((int64_t)to->tv_sec - from->tv_sec) * 1000 + ((int64_t)to->tv_nsec - from->tv_nsec) / 1000000;
}

static void report(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct lopt_meter_line *line = context;
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (milliseconds(&line->start, &now) < FIRST_MS || (line->shown && milliseconds(&line->last, &now) < EVERY_MS))
		return;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(4096);
	lopt_escape_text(&text, lopt_str_make(what, strnlen(what, 40)));
	lopt_buf_text(&text, ": ");
	lopt_size_format(&text, done);
	if (total && done <= total) {
		lopt_buf_text(&text, " of ");
		lopt_size_format(&text, total);
		lopt_buf_printf(&text, ", %u%%", (unsigned)((double)done / (double)total * 100));
	}
	if (text.failed)
		return;
	(void)fprintf(stderr, "\r\033[K%.78s", text.data);
	line->shown = true;
	line->last = now;
}

struct lopt_progress lopt_meter_line_start(struct lopt_meter_line *line, bool quiet)
{
	*line = (struct lopt_meter_line){ .enabled = !quiet && isatty(STDERR_FILENO) };
	(void)clock_gettime(CLOCK_MONOTONIC, &line->start);
	return (struct lopt_progress){ .report = line->enabled ? report : NULL, .context = line };
}

void lopt_meter_line_end(struct lopt_meter_line *line)
{
	if (line->shown)
		(void)fputs("\r\033[K", stderr);
	line->shown = false;
}
