/* SPDX-License-Identifier: MIT */
#include "io/outfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/deputy.h"

enum { OPEN_MAX_FILES = 16, NAME_TRIES = 16 };

static enum lopt_status fails(struct lopt_error *err, const char *path, int code)
{
	if (code == ENOMEM)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: %s", path, strerror(code));
}

/* Temporaries a signal handler has to know. A place is emptied before its string is freed. */

static struct place {
	_Atomic(const char *) temporary;
	const char *target;
	lopt_outfile_unfold *unfold; /* NULL: it stays a file */
} places[OPEN_MAX_FILES];

static void remove_all(void)
{
	for (size_t i = 0; i < OPEN_MAX_FILES; i++) {
		const char *path = atomic_load(&places[i].temporary);
		if (path)
			(void)unlink(path);
	}
}

void lopt_outfile_abandon_all(void)
{
	int code = errno;
	if (lopt_deputy_is_there())
		lopt_deputy_dismiss();
	else
		remove_all();
	errno = code;
}

static bool remember(const char *temporary, const char *target, lopt_outfile_unfold *unfold)
{
	for (size_t i = 0; i < OPEN_MAX_FILES; i++) {
		const char *empty = NULL;
		if (atomic_compare_exchange_strong(&places[i].temporary, &empty, temporary)) {
			places[i].target = target;
			places[i].unfold = unfold;
			return true;
		}
	}
	return false;
}

/* OPEN_MAX_FILES when there is none. */
static size_t place_of(const char *temporary)
{
	size_t i = 0;
	while (i < OPEN_MAX_FILES && atomic_load(&places[i].temporary) != temporary)
		i++;
	return i;
}

static void forget(size_t place)
{
	if (place < OPEN_MAX_FILES)
		atomic_store(&places[place].temporary, NULL);
}

/* Putting in place and removing, here or by the deputy. */

enum { PUT = OPEN_MAX_FILES }; /* in a request; without it the file is removed */

static int put_in_place(const struct place *place, const char *temporary)
{
	if (!place->unfold)
		return rename(temporary, place->target) < 0 ? errno : 0;
	int code = place->unfold(temporary, place->target);
	if (!code)
		(void)unlink(temporary);
	return code;
}

static int act(unsigned char request)
{
	size_t place = request % OPEN_MAX_FILES;
	const char *temporary = atomic_load(&places[place].temporary);
	if (!temporary)
		return ENOENT;
	int code = request & PUT ? put_in_place(&places[place], temporary) : unlink(temporary) < 0 ? errno : 0;
	if (!code)
		forget(place);
	return code;
}

static int have_done(const char *temporary, unsigned char what)
{
	size_t place = place_of(temporary);
	if (place == OPEN_MAX_FILES)
		return ENOENT;
	unsigned char request = (unsigned char)(what + place);
	int code = lopt_deputy_is_there() ? lopt_deputy_ask(request) : act(request);
	if (!code || what != PUT)
		forget(place);
	return code;
}

enum lopt_status lopt_outfile_delegate(struct lopt_error *err)
{
	static const struct lopt_deputy_deeds deeds = { .act = act, .end = remove_all };
	for (size_t i = 0; i < OPEN_MAX_FILES; i++) {
		if (atomic_load(&places[i].temporary))
			return lopt_deputy_start(&deeds, err);
	}
	return LOPT_OK;
}

/* Opening. */

/* Hidden, in the target's directory, and of fixed length: the target's name may be as long as names can be. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash + 1 - path) : 0;
	uint64_t number;
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return NULL;
	char *name = NULL;
	if (asprintf(&name, "%.*s.layeropt-%016" PRIx64, directory, path, number) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	return name;
}

/* No signal may come between making the file and having it in the table. */
static int create_remembered(const char *name, const char *target, lopt_outfile_unfold *unfold)
{
	sigset_t all;
	sigset_t before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	int code = errno;
	if (fd >= 0 && !remember(name, target, unfold)) {
		(void)unlink(name);
		(void)close(fd);
		fd = -1;
		code = EMFILE;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return fd;
}

static enum lopt_status open_temporary(struct lopt_outfile *out, lopt_outfile_unfold *unfold, struct lopt_error *err)
{
	int fd = -1;
	for (int i = 0; fd < 0 && i < NAME_TRIES; i++) {
		LOPT_CLEANUP(lopt_cleanup_bytes) char *name = temporary_name(out->path);
		if (!name)
			return fails(err, out->path, errno);
		fd = create_remembered(name, out->path, unfold);
		if (fd < 0 && errno != EEXIST)
			break;
		if (fd >= 0)
			out->temporary = LOPT_MOVE(name);
	}
	if (fd < 0)
		return fails(err, out->path, errno);
	out->file = fdopen(fd, "w");
	if (out->file)
		return LOPT_OK;
	(void)close(fd);
	return fails(err, out->path, errno);
}

/*
 * A device, a pipe, a descriptor by name. O_NONBLOCK: a pipe that nobody reads is an error and no endless wait.
 * O_APPEND: what the shell's >> kept is kept.
 */
static enum lopt_status open_in_place(struct lopt_outfile *out, struct lopt_error *err)
{
	int fd = open(out->path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fails(err, out->path, errno);
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	out->file = fdopen(fd, "w");
	if (out->file)
		return LOPT_OK;
	(void)close(fd);
	return fails(err, out->path, errno);
}

/* Whatever it is a link to, nothing can be put beside it. */
static bool is_descriptor(const char *path)
{
	return strcmp(path, "/dev/stderr") == 0 || strncmp(path, "/dev/fd/", 8) == 0;
}

/* May a file be put there, and how? Follows links: what they lead to decides. */
static enum lopt_status look_at(const char *path, bool *in_place, struct lopt_error *err)
{
	struct stat st;
	size_t len = strlen(path);
	*in_place = false;
	if (len == 0 || path[len - 1] == '/')
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: not the name of a file", path);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? LOPT_OK : fails(err, path, errno);
	if (S_ISDIR(st.st_mode))
		return fails(err, path, EISDIR);
	*in_place = S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode) || is_descriptor(path);
	if (!*in_place && !S_ISREG(st.st_mode))
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: neither a file nor a character device",
				      path);
	/* Renaming would get around the target's own permissions. */
	return access(path, W_OK) < 0 ? fails(err, path, errno) : LOPT_OK;
}

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static enum lopt_status open_path(struct lopt_outfile *out, const char *path, struct lopt_error *err)
{
	bool in_place;
	LOPT_TRY(look_at(path, &in_place, err));
	out->path = strdup(path);
	if (!out->path)
		return lopt_error_memory(err);
	return in_place ? open_in_place(out, err) : open_temporary(out, NULL, err);
}

enum lopt_status lopt_outfile_open(struct lopt_outfile *out, const char *path, struct lopt_error *err)
{
	*out = (struct lopt_outfile){ 0 };
	if (is_stdout(path)) {
		out->file = stdout;
		return LOPT_OK;
	}
	enum lopt_status status = open_path(out, path, err);
	if (status != LOPT_OK)
		lopt_outfile_abandon(out);
	return status;
}

/* 0: nothing is there, or nothing in it. */
static int look_at_directory(const char *path)
{
	DIR *directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? 0 : errno == ENOTDIR ? EEXIST : errno;
	size_t count = 0;
	while (count <= 2 && readdir(directory)) /* "." and ".." */
		count++;
	(void)closedir(directory);
	return count > 2 ? ENOTEMPTY : 0;
}

enum lopt_status lopt_outfile_open_directory(struct lopt_outfile *out, const char *path, lopt_outfile_unfold *unfold,
					     struct lopt_error *err)
{
	*out = (struct lopt_outfile){ 0 };
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: not the name of a directory", path);
	int code = look_at_directory(path);
	if (code)
		return fails(err, path, code);
	out->path = strndup(path, len);
	enum lopt_status status = out->path ? open_temporary(out, unfold, err) : lopt_error_memory(err);
	if (status != LOPT_OK)
		lopt_outfile_abandon(out);
	return status;
}

/* Finishing. */

/* Returns 0 or the errno of what was lost. */
static int flush(struct lopt_outfile *out)
{
	if (out->flushed)
		return 0;
	int code = fflush(out->file) ? errno : ferror(out->file) ? EIO : 0;
	if (!code && out->temporary && fsync(fileno(out->file)) < 0 && errno != EINVAL) /* no fsync there */
		code = errno;
	out->flushed = !code;
	return code;
}

enum lopt_status lopt_outfile_flush(struct lopt_outfile *out, struct lopt_error *err)
{
	int code = flush(out);
	return code ? fails(err, out->path ? out->path : "standard output", code) : LOPT_OK;
}

/* The same. Closes the file, unless it is standard output. */
static int flush_and_close(struct lopt_outfile *out)
{
	int code = flush(out);
	FILE *file = LOPT_MOVE(out->file);
	if (file != stdout && fclose(file) && !code)
		code = errno;
	return code;
}

void lopt_outfile_send(const struct lopt_outfile *out)
{
	if (out->temporary)
		(void)sync_file_range(fileno(out->file), 0, 0, SYNC_FILE_RANGE_WRITE);
}

enum lopt_status lopt_outfile_commit(struct lopt_outfile *out, struct lopt_error *err)
{
	int code = out->file ? flush_and_close(out) : EBADF;
	if (!code && out->temporary) {
		code = have_done(out->temporary, PUT);
		if (!code)
			free(LOPT_MOVE(out->temporary));
	}
	enum lopt_status status = code ? fails(err, out->path ? out->path : "standard output", code) : LOPT_OK;
	lopt_outfile_abandon(out);
	return status;
}

void lopt_outfile_abandon(struct lopt_outfile *out)
{
	if (out->temporary)
		(void)have_done(out->temporary, 0);
	if (out->file && out->file != stdout)
		(void)fclose(out->file);
	free(out->temporary);
	free(out->path);
	*out = (struct lopt_outfile){ 0 };
}

bool lopt_outfile_is_input(const char *path, int fd)
{
	struct stat target;
	struct stat input;
	return stat(path, &target) == 0 && fstat(fd, &input) == 0 && S_ISREG(input.st_mode) &&
	       target.st_dev == input.st_dev && target.st_ino == input.st_ino;
}
