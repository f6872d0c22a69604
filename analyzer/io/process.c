/* SPDX-License-Identifier: MIT */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/stream.h"
#include "layeropt/str.h"

enum {
	LOG_MAX = 1024 * 1024, /* what a program can say on its standard error before nobody listens */
	LOG_TAIL = 4096,       /* the end of it, where the last line is looked for */
	LINE_MAX_SHOWN = 512,
	FINISH_MS = 10000,   /* for a program to end once its output is closed */
	TERMINATE_MS = 2000, /* and once it was asked to */
};

static enum lopt_status system_error(struct lopt_error *err, const char *what, int code)
{
	if (code == ENOMEM)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: %s", what, strerror(code));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Away from 0, 1 and 2, which the child's own overwrite; they may be free here. Closes `fd`. */
static int above_stdio(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int code = errno;
	(void)close(fd);
	errno = code;
	return moved;
}

static int make_pipe(int *from, int *to)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	*from = above_stdio(ends[0]);
	int code = *from < 0 ? errno : 0;
	*to = above_stdio(ends[1]);
	return *to < 0 && !code ? errno : code;
}

/* Of fixed size: writing past it fails in the child, so a talkative program cannot fill our memory. */
static int make_log(int *log)
{
	*log = above_stdio(memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	if (*log < 0 || ftruncate(*log, LOG_MAX) < 0 || fcntl(*log, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)
		return errno;
	return 0;
}

/* Signals as a program expects them, whatever we ignore or block. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all;
	sigset_t none;
	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGKILL);
	(void)sigdelset(&all, SIGSTOP);
	(void)sigemptyset(&none);
	int code = posix_spawnattr_setflags(attributes,
					    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (!code)
		code = posix_spawnattr_setpgroup(attributes, 0);
	if (!code)
		code = posix_spawnattr_setsigdefault(attributes, &all);
	return code ? code : posix_spawnattr_setsigmask(attributes, &none);
}

static int set_actions(posix_spawn_file_actions_t *actions, int out, int log)
{
	int code = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!code)
		code = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	return code ? code : posix_spawn_file_actions_adddup2(actions, log, STDERR_FILENO);
}

static int spawn(pid_t *pid, const char *const argv[], int out, int log)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code = posix_spawn_file_actions_init(&actions);
	if (code)
		return code;
	code = posix_spawnattr_init(&attributes);
	if (!code) {
		code = set_attributes(&attributes);
		if (!code)
			code = set_actions(&actions, out, log);
		/* The cast is the historical one of exec: the strings are not written to. */
		if (!code)
			code = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return code;
}

static enum lopt_status start(struct lopt_process *process, const char *const argv[], bool joined,
			      struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int to = -1;
	*process = LOPT_PROCESS_NONE;
	int code = make_pipe(&process->out, &to);
	if (!code && !joined)
		code = make_log(&process->log);
	if (!code)
		code = spawn(&process->pid, argv, to, joined ? to : process->log);
	if (!code)
		return LOPT_OK;
	process->pid = 0;
	lopt_process_release(process);
	LOPT_CLEANUP(lopt_cleanup_bytes) char *what = NULL;
	if (asprintf(&what, "cannot start %s", argv[0]) < 0) {
		what = NULL;
		return lopt_error_memory(err);
	}
	return system_error(err, what, code);
}

enum lopt_status lopt_process_start(struct lopt_process *process, const char *const argv[], struct lopt_error *err)
{
	return start(process, argv, false, err);
}

enum lopt_status lopt_process_start_joined(struct lopt_process *process, const char *const argv[],
					   struct lopt_error *err)
{
	return start(process, argv, true, err);
}

/* Waiting. */

enum wait_result { ENDED, RUNNING, STOPPED };

/* Wait for the end without reaping it: until then nobody else can have its number or that of its group. */
static enum wait_result wait_for_end(pid_t pid, int milliseconds, bool heed_stop)
{
	long pause = 1;
	for (long waited = 0;; waited += pause, pause = pause < 50 ? pause * 2 : 50) {
		siginfo_t info = { 0 };
		int n = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
		if ((n == 0 && info.si_pid) || (n < 0 && errno != EINTR))
			return ENDED;
		if (heed_stop && lopt_stop_requested())
			return STOPPED;
		if (waited >= milliseconds)
			return RUNNING;
		struct timespec time = { .tv_nsec = pause * 1000000 };
		(void)nanosleep(&time, NULL);
	}
}

/* End what is left of the group, reap the program, and tell how it ended: a wait status, or -1 when nobody knows. */
static int reap(struct lopt_process *process)
{
	pid_t pid = process->pid;
	process->pid = 0;
	(void)kill(-pid, SIGKILL);
	int how = -1;
	pid_t n;
	do
		n = waitpid(pid, &how, 0);
	while (n < 0 && errno == EINTR);
	return n == pid ? how : -1;
}

/* A chance to clean up first. */
static void terminate(struct lopt_process *process)
{
	(void)kill(-process->pid, SIGTERM);
	(void)wait_for_end(process->pid, TERMINATE_MS, false);
	(void)reap(process);
}

/* What it said last. */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static struct lopt_str last_line(const char *text, size_t size)
{
	while (size && is_blank(text[size - 1]))
		size--;
	size_t start = size;
	while (start && text[start - 1] != '\n' && text[start - 1] != '\r')
		start--;
	size_t len = size - start < LINE_MAX_SHOWN ? size - start : LINE_MAX_SHOWN;
	return lopt_str_make(text + start, len);
}

/* The last bytes that were written to the log; returns how many. */
static size_t read_tail(int log, char tail[LOG_TAIL])
{
	if (log < 0)
		return 0;
	off_t end = lseek(log, 0, SEEK_CUR); /* the descriptor's offset is shared with the child */
	if (end < 0)
		return 0;
	off_t start = end > LOG_TAIL ? end - LOG_TAIL : 0;
	ssize_t n = pread(log, tail, (size_t)(end - start), start);
	return n > 0 ? (size_t)n : 0;
}

LOPT_PRINTF(3, 4)
static enum lopt_status failure(const struct lopt_process *process, struct lopt_error *err, const char *fmt, ...)
{
	char what[64];
	char tail[LOG_TAIL];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	struct lopt_str line = last_line(tail, read_tail(process->log, tail));
	return lopt_error_set(err, LOPT_E_SYSTEM, line.len ? "%s: %.*s" : "%s", what, (int)line.len, line.ptr);
}

/* Close the pipe and wait: *how is a wait status, or -1 when nobody knows. */
static enum lopt_status wait_and_reap(struct lopt_process *process, bool heed_stop, int *how, struct lopt_error *err)
{
	close_fd(&process->out);
	switch (wait_for_end(process->pid, FINISH_MS, heed_stop)) {
	case RUNNING:
		terminate(process);
		return failure(process, err, "still running %d seconds after its output was closed", FINISH_MS / 1000);
	case STOPPED:
		terminate(process);
		return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
	case ENDED:
		break;
	}
	*how = reap(process);
	return LOPT_OK;
}

static enum lopt_status finish(struct lopt_process *process, struct lopt_error *err)
{
	int how = -1;
	LOPT_TRY(wait_and_reap(process, true, &how, err));
	if (how == 0)
		return LOPT_OK;
	if (how != -1 && WIFSIGNALED(how))
		return failure(process, err, "killed by signal %d", WTERMSIG(how));
	return failure(process, err, "exit status %d", how == -1 ? how : WEXITSTATUS(how));
}

enum lopt_status lopt_process_finish(struct lopt_process *process, struct lopt_error *err)
{
	if (process->pid == 0)
		return lopt_error_set(err, LOPT_E_BUG, "no process to finish");
	enum lopt_status status = finish(process, err);
	lopt_process_release(process);
	return status;
}

enum lopt_status lopt_process_end(struct lopt_process *process, bool heed_stop, int *code, struct lopt_error *err)
{
	int how = -1;
	if (process->pid == 0)
		return lopt_error_set(err, LOPT_E_BUG, "no process to wait for");
	enum lopt_status status = wait_and_reap(process, heed_stop, &how, err);
	lopt_process_release(process);
	if (status == LOPT_OK && how == -1)
		return lopt_error_set(err, LOPT_E_SYSTEM, "nobody knows how it ended");
	if (status == LOPT_OK)
		*code = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return status;
}

void lopt_process_release(struct lopt_process *process)
{
	close_fd(&process->out);
	if (process->pid)
		terminate(process);
	close_fd(&process->log);
}
