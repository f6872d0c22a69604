/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "blob/digest.h"
#include "source/json.h"

enum { IMAGE_NAME_MAX = 255 };

/* --- names --- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What may stand in an image reference, and nothing that a program could take for an option (rule P23). */
static bool is_reference(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > IMAGE_NAME_MAX || !is_word(name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_word(name[i]) && !strchr("._-/:@", name[i]))
			return false;
	return true;
}

/* Other tools call the image "app" of docker "docker-daemon:app". */
static const char *without_transport(const char *path)
{
	static const char daemon[] = "docker-daemon:";
	return strncmp(path, daemon, strlen(daemon)) == 0 ? path + strlen(daemon) : path;
}

void lopt_source_hint(char hint[LOPT_SOURCE_HINT_MAX], const char *path)
{
	const char *name = without_transport(path);
	hint[0] = '\0';
	if (!is_reference(name))
		return;
	if (name != path)
		(void)snprintf(hint, LOPT_SOURCE_HINT_MAX, "; write docker:%s", name);
	else if (strchr(name, ':') || !strpbrk(name, "/."))
		(void)snprintf(hint, LOPT_SOURCE_HINT_MAX, "; an image of docker is docker:%s", name);
}

/* --- files --- */

/* Whether anyone has a fifo open for writing: tee(2) tells without taking a byte. */
static bool has_writer(int fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return true;
	bool nobody = tee(fd, ends[1], 1, SPLICE_F_NONBLOCK) == 0;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return !nobody;
}

/* A fifo without a writer must not hang the run, but reads are to wait for their bytes. */
static enum lopt_status take_fifo(struct lopt_source *source, struct lopt_error *err)
{
	int flags = fcntl(source->fd, F_GETFL);
	source->kind = LOPT_SOURCE_PIPE;
	if (!has_writer(source->fd))
		return lopt_error_set(err, LOPT_E_INPUT, "a fifo that nobody writes to");
	if (flags < 0 || fcntl(source->fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot read: %s", strerror(errno));
	return LOPT_OK;
}

static enum lopt_status refuse_kind(const char *what, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%s, not an image (\"-\" reads standard input)", what);
}

static enum lopt_status refuse_open(const char *path, int code, struct lopt_error *err)
{
	char hint[LOPT_SOURCE_HINT_MAX] = "";
	if (code == ENOENT || code == ENOTDIR)
		lopt_source_hint(hint, path);
	return lopt_error_set(err, LOPT_E_SYSTEM, "cannot open: %s%s", strerror(code), hint);
}

static enum lopt_status open_path(struct lopt_source *source, struct lopt_error *err)
{
	struct stat st;
	source->fd = open(source->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (source->fd < 0)
		return refuse_open(source->path, errno, err);
	if (fstat(source->fd, &st) != 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot stat: %s", strerror(errno));
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		source->size = (uint64_t)st.st_size;
		return LOPT_OK;
	case S_IFDIR:
		source->kind = LOPT_SOURCE_DIRECTORY;
		return LOPT_OK;
	case S_IFIFO:
		return take_fifo(source, err);
	case S_IFCHR:
		return refuse_kind("a character device", err);
	case S_IFBLK:
		return refuse_kind("a block device", err);
	default:
		return refuse_kind("a special file", err);
	}
}

/* --- engines --- */

/* Container engines whose save command is asked for an image by name. */
static const struct {
	const char *prefix;
	const char *argv[6]; /* in front of the name */
} engines[] = {
	{ "docker:", { "docker", "save", "--", NULL } },
	{ "podman:", { "podman", "save", "-q", "--format", "docker-archive", NULL } },
};

static enum lopt_status start_engine(struct lopt_source *source, size_t engine, const char *name,
				     struct lopt_error *err)
{
	const char *argv[8] = { NULL };
	size_t n = 0;
	if (strncmp(name, "//", 2) == 0 && is_reference(name + 2))
		return lopt_error_set(err, LOPT_E_USAGE, "write %s%s", engines[engine].prefix, name + 2);
	if (!is_reference(name))
		return lopt_error_set(err, LOPT_E_USAGE, "\"%s\" is no image name (letters, digits and . _ - / : @)",
				      name);
	for (; engines[engine].argv[n]; n++)
		argv[n] = engines[engine].argv[n];
	argv[n] = name;
	LOPT_TRY(lopt_process_start(&source->process, argv, err));
	source->engine = argv[0];
	source->kind = LOPT_SOURCE_PIPE;
	source->fd = source->process.out;
	source->borrowed = true;
	return LOPT_OK;
}

/* --- all of them --- */

static enum lopt_status open_any(struct lopt_source *source, const char *path, struct lopt_error *err)
{
	*source = (struct lopt_source){ .path = strdup(path), .fd = -1, .process = LOPT_PROCESS_NONE };
	if (!source->path)
		return lopt_error_memory(err);
	if (strcmp(path, "-") == 0) {
		source->kind = LOPT_SOURCE_PIPE;
		source->fd = STDIN_FILENO;
		source->borrowed = true;
		return LOPT_OK;
	}
	for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
		size_t len = strlen(engines[i].prefix);
		if (strncmp(path, engines[i].prefix, len) == 0)
			return start_engine(source, i, path + len, err);
	}
	return open_path(source, err);
}

enum lopt_status lopt_source_open(struct lopt_source **out, const char *path, struct lopt_error *err)
{
	/* libcrypto reads its settings, jansson a random number: from now on neither opens a file. */
	lopt_value_prepare();
	LOPT_TRY(lopt_digest_prepare(err));
	struct lopt_source *source = malloc(sizeof *source);
	if (!source)
		return lopt_error_memory(err);
	enum lopt_status status = open_any(source, path, err);
	if (status == LOPT_OK) {
		*out = source;
		return LOPT_OK;
	}
	lopt_source_free(source);
	if (status != LOPT_E_MEMORY)
		(void)lopt_error_context(err, "%s", path);
	return status;
}

struct lopt_source_needs lopt_source_needs(const struct lopt_source *source)
{
	return (struct lopt_source_needs){
		.directory = source->kind == LOPT_SOURCE_DIRECTORY ? source->fd : -1,
		.process = source->process.pid,
	};
}

void lopt_source_free(struct lopt_source *source)
{
	if (!source)
		return;
	if (!source->borrowed)
		lopt_cleanup_fd(&source->fd);
	lopt_process_release(&source->process);
	lopt_buf_release(&source->head);
	free(source->path);
	free(source);
}
