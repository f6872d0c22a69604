/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/command.h"
#include "io/stream.h"

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static enum lopt_status add(struct lopt_outputs *outputs, const char *format, size_t len, const char *path,
			    struct lopt_error *err)
{
	if (outputs->count == LOPT_OUTPUTS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "at most %d outputs", LOPT_OUTPUTS_MAX);
	outputs->items[outputs->count++] = (struct lopt_output){
		.format = format, .end = format + len, .path = path, .to_stdout = is_stdout(path)
	};
	return LOPT_OK;
}

enum lopt_status lopt_outputs_add(struct lopt_outputs *outputs, const char *text, struct lopt_error *err)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text || equals[1] == '\0')
		return lopt_error_set(err, LOPT_E_USAGE, "-o %.200s: it is FORMAT=FILE, as in json=report.json", text);
	return add(outputs, text, (size_t)(equals - text), equals + 1, err);
}

enum lopt_status lopt_outputs_add_file(struct lopt_outputs *outputs, const char *format, const char *path,
				       struct lopt_error *err)
{
	return add(outputs, format, strlen(format), path, err);
}

enum lopt_status lopt_outputs_set_format(struct lopt_outputs *outputs, const char *format, struct lopt_error *err)
{
	if (outputs->has_format)
		return lopt_error_set(err, LOPT_E_USAGE, "--format is given twice; -o FORMAT=FILE writes several");
	outputs->has_format = true;
	return add(outputs, format, strlen(format), "-", err);
}

bool lopt_output_is(const struct lopt_output *output, const char *format)
{
	size_t len = (size_t)(output->end - output->format);
	return strlen(format) == len && memcmp(output->format, format, len) == 0;
}

/* Two names of one file: the same inode, or no file yet and the same name in the same directory. */

static bool same_inode(const char *a, const char *b)
{
	struct stat left;
	struct stat right;
	return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static char *folder_of(const char *path)
{
	const char *name = base_name(path);
	return name == path ? strdup(".") : strndup(path, (size_t)(name - path));
}

static enum lopt_status same_place(bool *out, const char *a, const char *b, struct lopt_error *err)
{
	struct stat st;
	*out = strcmp(a, b) == 0 || same_inode(a, b);
	if (*out || strcmp(base_name(a), base_name(b)) != 0 || stat(a, &st) == 0 || stat(b, &st) == 0)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_cleanup_bytes) char *left = folder_of(a);
	LOPT_CLEANUP(lopt_cleanup_bytes) char *right = folder_of(b);
	if (!left || !right)
		return lopt_error_memory(err);
	*out = same_inode(left, right);
	return LOPT_OK;
}

/* A character device takes any number of reports. */
static bool is_device(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

static const char *stream_name(const struct lopt_output *output)
{
	return output->to_stderr ? "standard error" : "standard output";
}

static enum lopt_status check_pair(const struct lopt_output *a, const struct lopt_output *b, struct lopt_error *err)
{
	bool same = a->to_stdout && b->to_stdout && a->to_stderr == b->to_stderr;
	if (!a->to_stdout && !b->to_stdout && !is_device(a->path))
		LOPT_TRY(same_place(&same, a->path, b->path, err));
	if (!same)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_USAGE, "%s: two reports would go there",
			      a->to_stdout ? stream_name(a) : a->path);
}

enum lopt_status lopt_outputs_keep_off(const struct lopt_outputs *outputs, const char *path, struct lopt_error *err)
{
	for (size_t i = 0; i < outputs->count; i++) {
		bool same = false;
		if (!outputs->items[i].to_stdout && !is_device(outputs->items[i].path))
			LOPT_TRY(same_place(&same, outputs->items[i].path, path, err));
		if (same)
			return lopt_error_set(err, LOPT_E_USAGE, "%s: a report would go where --write does", path);
	}
	return LOPT_OK;
}

bool lopt_output_is_input(const char *path, const char *input)
{
	struct stat st;
	if (strcmp(input, "-") == 0)
		return lopt_outfile_is_input(path, STDIN_FILENO);
	if (stat(input, &st) < 0)
		return false;
	if (S_ISREG(st.st_mode))
		return same_inode(path, input);
	LOPT_CLEANUP(lopt_cleanup_bytes) char *full = S_ISDIR(st.st_mode) ? realpath(path, NULL) : NULL;
	if (!full)
		return false;
	for (char *slash = strrchr(full, '/'); slash && slash > full; slash = strrchr(full, '/')) {
		*slash = '\0';
		if (same_inode(full, input))
			return true;
	}
	return false;
}

enum lopt_status lopt_outputs_check(struct lopt_outputs *outputs, const char *const inputs[], size_t input_count,
				    struct lopt_error *err)
{
	if (outputs->count == 0)
		LOPT_TRY(add(outputs, "text", 4, "-", err));
	for (size_t i = 0; i < outputs->count; i++) {
		const struct lopt_output *output = &outputs->items[i];
		for (size_t k = 0; k < i; k++)
			LOPT_TRY(check_pair(&outputs->items[k], output, err));
		for (size_t k = 0; k < input_count && !output->to_stdout; k++) {
			if (inputs[k] && lopt_output_is_input(output->path, inputs[k]))
				return lopt_error_set(err, LOPT_E_USAGE, "%s: the report would replace the input",
						      output->path);
		}
	}
	return LOPT_OK;
}

/* Writing. */

static enum lopt_status open_spool(struct lopt_output *output, struct lopt_error *err)
{
	int fd = memfd_create("layeropt", MFD_CLOEXEC);
	output->spool = fd >= 0 ? fdopen(fd, "w+") : tmpfile();
	if (output->spool)
		return LOPT_OK;
	int code = errno;
	if (fd >= 0)
		(void)close(fd);
	if (code == ENOMEM)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "standard output: cannot put the report together: %s",
			      strerror(code));
}

enum lopt_status lopt_outputs_open(struct lopt_outputs *outputs, struct lopt_error *err)
{
	for (size_t i = 0; i < outputs->count; i++) {
		struct lopt_output *output = &outputs->items[i];
		if (output->to_stdout)
			LOPT_TRY(open_spool(output, err));
		else
			LOPT_TRY(lopt_outfile_open(&output->target, output->path, err));
	}
	return LOPT_OK;
}

FILE *lopt_output_file(const struct lopt_output *output)
{
	return output->to_stdout ? output->spool : output->target.file;
}

static enum lopt_status cannot_write(const struct lopt_output *output, struct lopt_error *err)
{
	if (output->to_stdout && errno == EPIPE)
		return lopt_print_broken(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: %s",
			      output->to_stdout ? stream_name(output) : output->path, strerror(errno ? errno : EIO));
}

static enum lopt_status deliver(struct lopt_output *output, struct lopt_error *err)
{
	char bytes[65536];
	size_t got;
	FILE *to = output->to_stderr ? stderr : stdout;
	if (fseek(output->spool, 0, SEEK_SET) < 0)
		return cannot_write(output, err);
	while ((got = fread(bytes, 1, sizeof bytes, output->spool)) > 0) {
		if (lopt_stop_requested())
			return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
		errno = 0;
		if (fwrite(bytes, 1, got, to) != got)
			return cannot_write(output, err);
	}
	errno = 0;
	if (ferror(output->spool) || fflush(to) != 0 || ferror(to))
		return cannot_write(output, err);
	return LOPT_OK;
}

/* What can still fail comes first: full disks, then standard output, which cannot be taken back, then renaming. */
enum lopt_status lopt_outputs_commit_with(struct lopt_outputs *outputs, struct lopt_outfile *product,
					  struct lopt_error *err)
{
	if (product)
		LOPT_TRY(lopt_outfile_flush(product, err));
	for (size_t i = 0; i < outputs->count; i++) {
		FILE *file = lopt_output_file(&outputs->items[i]);
		errno = 0;
		if (fflush(file) != 0 || ferror(file))
			return cannot_write(&outputs->items[i], err);
		/* all of them are on their way to the disk before the first is waited for */
		if (!outputs->items[i].to_stdout)
			lopt_outfile_send(&outputs->items[i].target);
	}
	if (lopt_stop_requested())
		return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
	for (size_t i = 0; i < outputs->count; i++) {
		if (outputs->items[i].to_stdout)
			LOPT_TRY(deliver(&outputs->items[i], err));
	}
	if (product)
		LOPT_TRY(lopt_outfile_commit(product, err));
	for (size_t i = 0; i < outputs->count; i++) {
		if (!outputs->items[i].to_stdout)
			LOPT_TRY(lopt_outfile_commit(&outputs->items[i].target, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_outputs_commit(struct lopt_outputs *outputs, struct lopt_error *err)
{
	return lopt_outputs_commit_with(outputs, NULL, err);
}

void lopt_outputs_release(struct lopt_outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++) {
		struct lopt_output *output = &outputs->items[i];
		lopt_outfile_abandon(&output->target);
		if (output->spool)
			(void)fclose(LOPT_MOVE(output->spool));
	}
	outputs->count = 0;
	lopt_outfile_abandon_all(); /* nothing is left to do: a deputy ends */
}
