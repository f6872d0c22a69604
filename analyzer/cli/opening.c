/* SPDX-License-Identifier: MIT */
#include "cli/opening.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "cli/plugin.h"
#include "cli/command.h"
#include "cli/sandbox.h"
#include "cli/terminal.h"
#include "dockerfile/dockerfile.h"
#include "io/stream.h"

enum { NAMES_MAX = 64 };

void lopt_opening_init(struct lopt_opening *opening)
{
	*opening = (struct lopt_opening){ .limits = *lopt_limits_default() };
	opening->options.limits = &opening->limits;
}

void lopt_opening_release(struct lopt_opening *opening)
{
	lopt_outputs_release(&opening->outputs);
}

void lopt_cleanup_image(struct lopt_image **image)
{
	lopt_image_free(*image);
}

void lopt_cleanup_source(struct lopt_source **source)
{
	lopt_source_free(*source);
}

void lopt_cleanup_analysis(const struct lopt_analysis **analysis)
{
	lopt_analysis_free(*analysis);
}

enum lopt_status lopt_number_parse(size_t *out, const char *name, const char *text, struct lopt_error *err)
{
	size_t number = 0;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (size_t)(*at - '0'), &number) || number == SIZE_MAX)
			return lopt_error_set(err, LOPT_E_USAGE, "--%s %.200s: it is a number from 0 on", name, text);
	}
	if (!*text)
		return lopt_error_set(err, LOPT_E_USAGE, "--%s needs a number", name);
	*out = number;
	return LOPT_OK;
}

static void list_words(char *to, size_t size, const char *const words[])
{
	size_t len = 0;
	to[0] = '\0';
	for (size_t i = 0; words[i] && len < size; i++) {
		int n = snprintf(to + len, size - len, "%s%s", i ? ", " : "", words[i]);
		len += n > 0 ? (size_t)n : 0;
	}
}

enum lopt_status lopt_word_parse(size_t *out, const char *name, const char *text, const char *const words[],
				 struct lopt_error *err)
{
	char all[512];
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return LOPT_OK;
		}
	}
	const char *near = lopt_word_suggest(text, words);
	if (near)
		return lopt_error_set(err, LOPT_E_USAGE, "%s %.200s: unknown; did you mean %s?", name, text, near);
	list_words(all, sizeof all, words);
	return lopt_error_set(err, LOPT_E_USAGE, "%s %.200s: unknown; it is one of %s", name, text, all);
}

enum lopt_status lopt_color_parse(enum lopt_color *out, const char *text, struct lopt_error *err)
{
	size_t index = 0;
	LOPT_TRY(lopt_word_parse(&index, "--color", text, lopt_color_names, err));
	*out = (enum lopt_color)index;
	return LOPT_OK;
}

/* "NAME=VALUE" */
static enum lopt_status take_limit(struct lopt_limits *limits, const char *text, struct lopt_error *err)
{
	const char *names[NAMES_MAX + 1];
	char name[NAMES_MAX];
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : 0;
	size_t count = 0;
	size_t index;
	uint64_t value;
	if (len == 0 || len >= sizeof name || equals[1] == '\0')
		return lopt_error_set(err, LOPT_E_USAGE, "--limit %.200s: it is NAME=VALUE, as in entries=10000000",
				      text);
	memcpy(name, text, len);
	name[len] = '\0';
	for (; count < NAMES_MAX && lopt_limits_info(count); count++)
		names[count] = lopt_limits_info(count)->name;
	names[count] = NULL;
	LOPT_TRY(lopt_word_parse(&index, "--limit", name, names, err));
	if (lopt_size_parse(&value, equals + 1, err) != LOPT_OK)
		return lopt_error_context(err, "--limit %s", name);
	memcpy((char *)limits + lopt_limits_info(index)->offset, &value, sizeof value);
	return LOPT_OK;
}

static enum lopt_status take_image(struct lopt_opening *opening, const char *image, struct lopt_error *err)
{
	if (opening->image)
		return lopt_error_set(err, LOPT_E_USAGE, "%.200s: one image at a time, and there is %.200s already",
				      image, opening->image);
	if (!*image)
		return lopt_error_set(err, LOPT_E_USAGE, "the name of the image is empty");
	opening->image = image;
	return LOPT_OK;
}

enum lopt_status lopt_opening_take(struct lopt_opening *opening, int id, const char *value, struct lopt_error *err)
{
	switch (id) {
	case LOPT_OPTION_FORMAT:
		return lopt_outputs_set_format(&opening->outputs, value, err);
	case LOPT_OPTION_OUTPUT:
		return lopt_outputs_add(&opening->outputs, value, err);
	case LOPT_OPTION_LIMIT:
		return take_limit(&opening->limits, value, err);
	case LOPT_OPTION_SELECT:
		opening->options.select = value;
		return LOPT_OK;
	case LOPT_OPTION_PLATFORM:
		opening->options.platform = value;
		return LOPT_OK;
	case LOPT_OPTION_QUIET:
		opening->quiet = true;
		return LOPT_OK;
	case LOPT_OPTION_NO_SANDBOX:
		opening->no_sandbox = true;
		return LOPT_OK;
	case LOPT_OPTION_HELP:
		opening->help = true;
		return LOPT_OK;
	default:
		return take_image(opening, value, err);
	}
}

const char *lopt_opening_word(int id, size_t index)
{
	return id == LOPT_OPTION_LIMIT && lopt_limits_info(index) ? lopt_limits_info(index)->name : NULL;
}

/* The formats of a command are the words that its --format takes. */
static enum lopt_status check_formats(const struct lopt_outputs *outputs, lopt_option_words *words,
				      struct lopt_error *err)
{
	const char *formats[NAMES_MAX + 1];
	size_t count = 0;
	for (; count < NAMES_MAX && words(LOPT_OPTION_FORMAT, count); count++)
		formats[count] = words(LOPT_OPTION_FORMAT, count);
	formats[count] = NULL;
	for (size_t i = 0; i < outputs->count; i++) {
		const struct lopt_output *output = &outputs->items[i];
		char name[NAMES_MAX];
		size_t index;
		(void)snprintf(name, sizeof name, "%.*s", (int)(output->end - output->format), output->format);
		LOPT_TRY(lopt_word_parse(&index, "format", name, formats, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_opening_finish(struct lopt_opening *opening, const struct lopt_command *command,
				     const char *const more[2], struct lopt_error *err)
{
	const char *const inputs[3] = { opening->image, more[0], more[1] };
	if (!opening->image)
		return lopt_error_set(err, LOPT_E_USAGE, "no image given; '%s %s --help' tells how", lopt_program(),
				      command->name);
	LOPT_TRY(check_formats(&opening->outputs, command->words, err));
	LOPT_TRY(lopt_outputs_check(&opening->outputs, inputs, 3, err));
	return lopt_outputs_open(&opening->outputs, err);
}

/* Of a name that may be docker's; `/` and `.` begin a file's. */
static bool is_missing(const char *name)
{
	struct stat st;
	return name[0] != '/' && name[0] != '.' && strcmp(name, "-") != 0 && stat(name, &st) < 0 &&
	       (errno == ENOENT || errno == ENOTDIR);
}

static bool has_engine(const char *name)
{
	return strncmp(name, "docker:", 7) == 0 || strncmp(name, "podman:", 7) == 0;
}

enum lopt_status lopt_opening_source(struct lopt_source **out, const char *name, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf full = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (!lopt_plugin_active() || has_engine(name) || !is_missing(name))
		return lopt_source_open(out, name, err);
	lopt_buf_text(&full, "docker:");
	lopt_buf_text(&full, name);
	return full.failed ? lopt_error_memory(err) : lopt_source_open(out, full.data, err);
}

enum lopt_status lopt_opening_confine(const struct lopt_opening *opening, struct lopt_source *const sources[],
				      size_t count, struct lopt_error *err)
{
	return opening->no_sandbox ? LOPT_OK : lopt_sandbox_enter(sources, count, err);
}

enum lopt_status lopt_opening_read(struct lopt_image **out, struct lopt_opening *opening, struct lopt_source *source,
				   const struct lopt_open_options *options, struct lopt_error *err)
{
	struct lopt_meter_line line;
	struct lopt_open_options own = options ? *options : opening->options;
	own.progress = lopt_meter_line_start(&line, opening->quiet);
	enum lopt_status status = lopt_image_read(out, source, &own, err);
	lopt_meter_line_end(&line);
	return status;
}

enum lopt_status lopt_opening_read_base(struct lopt_image **out, struct lopt_opening *opening,
					struct lopt_source *source, struct lopt_error *err)
{
	struct lopt_open_options options = opening->options;
	options.select = NULL;
	options.keep = NULL;
	options.want_duplicate_sha256 = false;
	return lopt_opening_read(out, opening, source, &options, err);
}

struct lopt_report_options lopt_output_options(const struct lopt_output *output,
					       const struct lopt_report_options *report, enum lopt_color color)
{
	struct lopt_report_options options = *report;
	options.color = color == LOPT_COLOR_ALWAYS;
	if (output->to_stdout) {
		options.color = lopt_terminal_color(color);
		options.columns = lopt_terminal_columns();
		options.unicode = lopt_terminal_unicode();
	}
	return options;
}

static enum lopt_status read_all(struct lopt_buf *to, int fd, const char *name, size_t most, struct lopt_error *err)
{
	char bytes[16384];
	while (to->len <= most) {
		ssize_t got = read(fd, bytes, sizeof bytes);
		if (got < 0 && errno == EINTR && !lopt_stop_requested())
			continue;
		if (lopt_stop_requested())
			return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
		if (got < 0)
			return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot read: %s", name, strerror(errno));
		if (got == 0)
			return LOPT_OK;
		lopt_buf_add(to, bytes, (size_t)got);
		if (to->failed)
			return lopt_error_memory(err);
	}
	return LOPT_END;
}

/* LOPT_END where there is more. A FIFO that nobody writes to is empty; of one that somebody does, all is waited for. */
static enum lopt_status read_named(struct lopt_buf *to, const char *path, size_t most, enum lopt_status missing,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	if (fd < 0 || flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return lopt_error_set(err, errno == ENOENT || errno == ENOTDIR ? missing : LOPT_E_SYSTEM,
				      "%s: cannot open: %s", path, strerror(errno));
	return read_all(to, fd, path, most, err);
}

const char *lopt_input_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

enum lopt_status lopt_file_read(struct lopt_buf *to, const char *path, size_t most, enum lopt_status missing,
				struct lopt_error *err)
{
	const char *name = lopt_input_name(path);
	enum lopt_status status = name == path ? read_named(to, path, most, missing, err)
					       : read_all(to, STDIN_FILENO, name, most, err);
	return status == LOPT_END ? lopt_error_set(err, LOPT_E_USAGE, "%s: more than %zu bytes", name, most) : status;
}

enum lopt_status lopt_dockerfile_load(struct lopt_buf *to, const char *path, struct lopt_error *err)
{
	enum lopt_status status = read_named(to, path, LOPT_DOCKERFILE_BYTES_MAX, LOPT_E_SYSTEM, err);
	return status == LOPT_END ? lopt_error_set(err, LOPT_E_LIMIT, "%s: a Dockerfile of more than %d bytes", path,
						   LOPT_DOCKERFILE_BYTES_MAX)
				  : status;
}
