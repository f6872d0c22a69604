/* SPDX-License-Identifier: MIT */
#include "advice/git.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/process.h"
#include "io/stream.h"

/*
 * env(1) sets what only the environment can say: that no protocol may be used (a missing object of a partial clone would
 * be fetched by a command of the repository's choice), whatever its configuration allows.
 */
static const char *const prefix[] = {
	"env",
	"-u",
	"GIT_DIR",
	"-u",
	"GIT_WORK_TREE",
	"-u",
	"GIT_INDEX_FILE",
	"-u",
	"GIT_EXTERNAL_DIFF",
	"-u",
	"GIT_TRACE",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_LAZY_FETCH=1",
	"GIT_ALLOW_PROTOCOL=none",
	"GIT_TERMINAL_PROMPT=0",
	"LC_ALL=C",
	"git",
	"--no-pager",
	"--no-replace-objects",
	"--literal-pathspecs",
	"-c",
	"core.quotePath=false",
	"-c",
	"core.fsmonitor=false",
	"-c",
	"log.showSignature=false",
	"-c",
	"log.diffMerges=first-parent",
	"-C",
};
enum { PREFIX = sizeof prefix / sizeof prefix[0] };

static enum lopt_status read_all(struct lopt_buf *out, int fd, struct lopt_error *err)
{
	enum { CHUNK = 1 << 16 };
	for (;;) {
		if (lopt_stop_requested())
			return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
		size_t room = out->max - out->len < CHUNK ? out->max - out->len : CHUNK;
		char *to = lopt_buf_reserve(out, room);
		if (!to)
			return lopt_error_memory(err);
		char beyond;
		ssize_t n = read(fd, room ? to : &beyond, room ? room : 1);
		if (n == 0)
			return LOPT_OK;
		if (n > 0 && !room)
			return lopt_error_set(err, LOPT_E_LIMIT, "git has more to say than %zu bytes", out->max);
		if (n < 0 && errno != EINTR)
			return lopt_error_set(err, LOPT_E_SYSTEM, "git: %s", strerror(errno));
		out->len += n > 0 ? (size_t)n : 0;
		out->data[out->len] = '\0';
	}
}

enum lopt_status lopt_git_ask(struct lopt_buf *out, const char *directory, const char *const *arguments,
			      struct lopt_error *err)
{
	const char *argv[PREFIX + LOPT_GIT_ARGUMENTS_MAX + 2];
	size_t count = 0;
	for (size_t i = 0; i < PREFIX; i++)
		argv[count++] = prefix[i];
	argv[count++] = directory;
	for (size_t i = 0; arguments[i]; i++) {
		if (i == LOPT_GIT_ARGUMENTS_MAX)
			return lopt_error_set(err, LOPT_E_BUG, "too many arguments for git");
		argv[count++] = arguments[i];
	}
	argv[count] = NULL;
	LOPT_CLEANUP(lopt_process_release) struct lopt_process process = LOPT_PROCESS_NONE;
	LOPT_TRY(lopt_process_start(&process, argv, err));
	LOPT_TRY(read_all(out, process.out, err));
	if (lopt_process_finish(&process, err) != LOPT_OK)
		return lopt_error_context(err, "git");
	return LOPT_OK;
}
