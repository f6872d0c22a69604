/* SPDX-License-Identifier: MIT */
#include "io/deputy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* -1: there is no deputy, or it is dismissed. A signal handler may do that at any time. */
static atomic_int ask_fd = -1;
static int answer_fd = -1;
static pid_t deputy;

/* --- the deputy --- */

static bool is_asked(unsigned char *request)
{
	ssize_t n;
	do
		n = read(STDIN_FILENO, request, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static _Noreturn void serve(const struct lopt_deputy_deeds *deeds, int requests, int answers)
{
	unsigned char byte;
	/* Whoever waits for the end of a pipe that was open here is not to wait for the deputy. */
	if (dup2(answers, STDERR_FILENO) < 0 || dup2(requests, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(1);
	closefrom(STDERR_FILENO);
	while (is_asked(&byte)) {
		byte = (unsigned char)deeds->act(byte);
		if (write(STDOUT_FILENO, &byte, 1) != 1)
			break;
	}
	deeds->end();
	_exit(0);
}

/* --- who asks it --- */

/*
 * Signals wait: here until there is something to dismiss, in the deputy for good. Ctrl-C is sent to both, and it is the first
 * process that ends of it, and the deputy after that.
 */
static int fork_deputy(const struct lopt_deputy_deeds *deeds, const int requests[2], const int answers[2])
{
	sigset_t all;
	sigset_t before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	int code = errno;
	if (pid == 0)
		serve(deeds, requests[0], answers[1]);
	if (pid > 0) {
		deputy = pid;
		answer_fd = answers[0];
		atomic_store(&ask_fd, requests[1]);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid < 0 ? code : 0;
}

static void close_both(const int ends[2])
{
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static int start(const struct lopt_deputy_deeds *deeds)
{
	int requests[2];
	int answers[2];
	if (pipe2(requests, O_CLOEXEC) < 0)
		return errno;
	int code = pipe2(answers, O_CLOEXEC) < 0 ? errno : 0;
	if (code) {
		close_both(requests);
		return code;
	}
	code = fork_deputy(deeds, requests, answers);
	if (code) {
		close_both(requests);
		close_both(answers);
		return code;
	}
	(void)close(requests[0]);
	(void)close(answers[1]);
	return 0;
}

enum lopt_status lopt_deputy_start(const struct lopt_deputy_deeds *deeds, struct lopt_error *err)
{
	if (deputy)
		return lopt_error_set(err, LOPT_E_BUG, "a second deputy");
	int code = start(deeds);
	if (code == ENOMEM)
		return lopt_error_memory(err);
	return code ? lopt_error_set(err, LOPT_E_SYSTEM, "cannot start a process: %s", strerror(code)) : LOPT_OK;
}

bool lopt_deputy_is_there(void)
{
	return deputy != 0;
}

int lopt_deputy_ask(unsigned char request)
{
	unsigned char answer;
	ssize_t n;
	if (write(atomic_load(&ask_fd), &request, 1) != 1)
		return EPIPE;
	do
		n = read(answer_fd, &answer, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? answer : EPIPE;
}

void lopt_deputy_dismiss(void)
{
	int code = errno;
	int fd = atomic_exchange(&ask_fd, -1);
	if (fd >= 0) {
		(void)close(fd);
		while (waitpid(deputy, NULL, 0) < 0 && errno == EINTR)
			;
	}
	errno = code;
}
