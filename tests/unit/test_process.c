/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process.h"

#define SHELL(script) ((const char *const[]){ "sh", "-c", script, NULL })

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t read_all(int fd, char *to, size_t size)
{
	size_t at = 0;
	ssize_t n;
	while (at < size && (n = read(fd, to + at, size - at)) > 0)
		at += (size_t)n;
	return at;
}

static void start(struct lopt_process *process, const char *const argv[])
{
	struct lopt_error err = { 0 };
	if (lopt_process_start(process, argv, &err) != LOPT_OK)
		fail_msg("%s", err.message);
}

static void nothing_is_left(const struct lopt_process *process)
{
	assert_int_equal(process->pid, 0);
	assert_int_equal(process->out, -1);
	assert_int_equal(process->log, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void output_is_read(void **state)
{
	(void)state;
	char text[64] = { 0 };
	struct lopt_process process;
	static const char *const argv[] = { "printf", "%s|", "a b", "$(x)", ";", "*", NULL };
	start(&process, argv);
	assert_true(read_all(process.out, text, sizeof text) > 0);
	assert_string_equal(text, "a b|$(x)|;|*|"); /* no shell in between */
	assert_int_equal(lopt_process_finish(&process, NULL), LOPT_OK);
	nothing_is_left(&process);
	lopt_process_release(&process);
}

static void failures_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		const char *message;
	} cases[] = {
		{ "exit 3", "exit status 3" },
		{ "echo no such image >&2; exit 1", "exit status 1: no such image" },
		{ "echo one >&2; echo two >&2; printf '\\n \\t\\r\\n' >&2; exit 1", "exit status 1: two" },
		{ "printf 'no end of line' >&2; exit 1", "exit status 1: no end of line" },
		{ "printf 'progress 1\\rprogress 2' >&2; exit 1", "exit status 1: progress 2" },
		{ "kill -9 $$", "killed by signal 9" },
		{ "echo dying >&2; kill -TERM $$", "killed by signal 15: dying" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_process process;
		struct lopt_error err = { 0 };
		start(&process, SHELL(cases[i].script));
		assert_int_equal(lopt_process_finish(&process, &err), LOPT_E_SYSTEM);
		assert_string_equal(err.message, cases[i].message);
		nothing_is_left(&process);
	}
}

static void a_talkative_program_is_bounded(void **state)
{
	(void)state;
	struct lopt_process process;
	struct lopt_error err = { 0 };
	start(&process, SHELL("yes 0123456789 2>&1 | head -c 4000000 >&2 2>/dev/null; exit 7"));
	assert_int_equal(lopt_process_finish(&process, &err), LOPT_E_SYSTEM);
	assert_memory_equal(err.message, "exit status 7: ", 15);
	assert_true(strlen(err.message) < 600);
	nothing_is_left(&process);
}

static void a_long_last_line_is_cut(void **state)
{
	(void)state;
	struct lopt_process process;
	struct lopt_error err = { 0 };
	start(&process, SHELL("printf '%s%05000d' first 0 >&2; exit 1"));
	assert_int_equal(lopt_process_finish(&process, &err), LOPT_E_SYSTEM);
	assert_true(strlen(err.message) < 600);
	nothing_is_left(&process);
}

static void a_missing_program_is_named(void **state)
{
	(void)state;
	static const char *const names[] = { "layeropt-no-such-program", "/", "/dev/null" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *const argv[] = { names[i], NULL };
		struct lopt_process process;
		struct lopt_error err = { 0 };
		assert_int_equal(lopt_process_start(&process, argv, &err), LOPT_E_SYSTEM);
		assert_non_null(strstr(err.message, names[i]));
		nothing_is_left(&process);
	}
}

/* Standard input is empty, no descriptor of ours is inherited, ignored signals are not, the group is its own. */
/* The text behind `front`, a number and white space; NULL when it is not that. */
static const char *take_number(const char *text, const char *front, int base, unsigned long long *out)
{
	size_t len = strlen(front);
	char *end;
	if (!text || strncmp(text, front, len) != 0)
		return NULL;
	*out = strtoull(text + len, &end, base);
	return end == text + len ? NULL : end + strspn(end, " \n");
}

static void a_program_starts_clean(void **state)
{
	(void)state;
	static const char script[] = "cat; for fd in /proc/self/fd/*; do fd=${fd##*/}; [ $fd -le 2 ] || "
				     "[ ! -e /proc/$$/fd/$fd ] || echo fd $fd; done;"
				     "grep -E '^Sig(Ign|Blk)' /proc/self/status; cut -d' ' -f5 /proc/$$/stat; echo $$";
	char text[512] = { 0 };
	unsigned long long blocked_there = 1;
	unsigned long long ignored_there = 1;
	unsigned long long group = 0;
	unsigned long long pid = 0;
	int open_here = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t blocked;
	sigset_t before;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	struct lopt_process process;
	start(&process, SHELL(script));
	(void)read_all(process.out, text, sizeof text - 1);
	const char *at = take_number(text, "SigBlk:\t", 16, &blocked_there);
	at = take_number(at, "SigIgn:\t", 16, &ignored_there);
	at = take_number(at, "", 10, &group);
	at = take_number(at, "", 10, &pid);
	if (!at) /* also when descriptors or input come first */
		fail_msg("%s", text);
	assert_int_equal(blocked_there, 0);
	assert_int_equal(ignored_there & 0x7fffffff, 0); /* those above belong to the C library */
	assert_int_equal(pid, process.pid);
	assert_int_equal(group, process.pid);
	assert_int_equal(lopt_process_finish(&process, NULL), LOPT_OK);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)close(open_here);
}

static void closed_standard_streams_do_not_matter(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char text[16] = { 0 };
		struct lopt_process process;
		(void)close(0);
		(void)close(1);
		(void)close(2);
		if (lopt_process_start(&process, SHELL("echo out; echo err >&2; cat; exit 4"), NULL) != LOPT_OK)
			_exit(1);
		if (process.out <= 2 || process.log <= 2)
			_exit(2);
		(void)read_all(process.out, text, sizeof text - 1);
		struct lopt_error err = { 0 };
		if (strcmp(text, "out\n") != 0 || lopt_process_finish(&process, &err) != LOPT_E_SYSTEM)
			_exit(3);
		_exit(strcmp(err.message, "exit status 4: err") == 0 ? 0 : 5);
	}
	int how;
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), 0);
}

/* The group is gone when its members' hold on the pipe is. */
static void wait_for_end_of_file(int fd)
{
	char c;
	double until = seconds() + 10;
	while (read(fd, &c, 1) != 0)
		assert_true(seconds() < until);
}

static void release_ends_the_whole_group(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"echo x; sleep 1000 & sleep 1000",
		"trap '' TERM; echo x; sleep 1000 & while :; do sleep 1000; done",
	};
	for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
		struct lopt_process process;
		char c;
		start(&process, SHELL(scripts[i]));
		assert_int_equal(read(process.out, &c, 1), 1);
		int fd = dup(process.out);
		double before = seconds();
		lopt_process_release(&process);
		assert_true(seconds() - before < 8);
		nothing_is_left(&process);
		lopt_process_release(&process);
		wait_for_end_of_file(fd);
		(void)close(fd);
	}
}

static void finish_leaves_nobody_behind(void **state)
{
	(void)state;
	struct lopt_process process;
	start(&process, SHELL("sleep 1000 & exit 0"));
	int fd = dup(process.out);
	assert_int_equal(lopt_process_finish(&process, NULL), LOPT_OK);
	nothing_is_left(&process);
	wait_for_end_of_file(fd);
	(void)close(fd);
}

static void none_can_be_released(void **state)
{
	(void)state;
	struct lopt_process none = LOPT_PROCESS_NONE;
	lopt_process_release(&none);
	assert_int_equal(lopt_process_finish(&none, NULL), LOPT_E_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_read),
		cmocka_unit_test(failures_are_told),
		cmocka_unit_test(a_talkative_program_is_bounded),
		cmocka_unit_test(a_long_last_line_is_cut),
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(a_program_starts_clean),
		cmocka_unit_test(closed_standard_streams_do_not_matter),
		cmocka_unit_test(release_ends_the_whole_group),
		cmocka_unit_test(finish_leaves_nobody_behind),
		cmocka_unit_test(none_can_be_released),
	};
	/* What this program itself was given is not the point. */
	(void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
