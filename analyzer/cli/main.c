/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio_ext.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/complete.h"
#include "cli/plugin.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "io/outfile.h"

/*
 * A descriptor that is closed at the start would be given to the first file opened, and a report end up in it. In their
 * place comes /dev/null, opened so that reading finds nothing and writing a report fails.
 */
static void fill_descriptors(void)
{
	static const int flags[] = { O_RDONLY, O_RDONLY, O_WRONLY };
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags[fd]) != fd)
			_exit(4); /* nowhere to say why */
	}
}

/* glibc would keep ever larger arrays in its heap once one was freed, and with them the peak of all threads. */
static void give_arrays_back(void)
{
	enum { LARGE = 128 * 1024 };
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

static enum lopt_status run(int argc, char **argv, struct lopt_error *err)
{
	const struct lopt_command *command;
	LOPT_TRY(lopt_plugin_enter(&argc, &argv, err));
	if (argc < 2)
		return lopt_error_set(err, LOPT_E_USAGE, "no command given; '%s --help' lists them", lopt_program());
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return lopt_help_print(NULL, err);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return lopt_version_print(err);
	if (strcmp(argv[1], "__complete") == 0)
		return lopt_complete((size_t)argc - 2, argv + 2, err);
	if (lopt_plugin_active() && strcmp(argv[1], "docker-cli-plugin-metadata") == 0)
		return lopt_plugin_describe(err);
	if (argv[1][0] == '-')
		return lopt_error_set(err, LOPT_E_USAGE, "unknown option %.200s; '%s --help' tells how it is used",
				      argv[1], lopt_program());
	enum lopt_status status = lopt_command_find(&command, argv[1], err);
	return status == LOPT_OK ? command->run(command, argc - 1, argv + 1, err) : status;
}

static bool returning;

/* libarchive ends the process by itself when some of its allocations fail. */
static void end_of_memory(void)
{
	static const char line[] = "layeropt: error: out of memory\n";
	static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
	if (returning)
		return;
	(void)pthread_mutex_lock(&first); /* for good: the process ends below, and one line is enough */
	lopt_outfile_abandon_all();
	ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
	(void)written; /* nowhere else to say it */
	_exit(4);
}

/*
 * Several threads may come to that at once, and each exit(3) runs the handlers that no other has taken: one for each
 * thread there can be, so that none gets past them all.
 */
static bool expect_end_of_memory(void)
{
	enum { THREADS_MOST = 8 };
	for (int i = 0; i < THREADS_MOST; i++)
		if (atexit(end_of_memory) != 0)
			return false;
	return true;
}

static int answer(int code)
{
	returning = true;
	return code;
}

int main(int argc, char **argv)
{
	struct lopt_error err = { LOPT_OK, "" };
	fill_descriptors();
	give_arrays_back();
	lopt_signals_install();
	if (!expect_end_of_memory())
		return 4;
	enum lopt_status status = run(argc, argv, &err);
	if (status == LOPT_OK)
		return answer(EXIT_SUCCESS);
	if (status == LOPT_END)
		return answer(lopt_answer_no());
	int signal = lopt_signals_caught();
	if (signal)
		(void)lopt_error_set(&err, LOPT_E_INTERRUPTED, "interrupted");
	if (err.message[0])
		lopt_terminal_error(&err);
	/* What stdout still holds is no whole report: it must not come out now. */
	__fpurge(stdout);
	return answer(signal ? 128 + signal : lopt_status_exit_code(status));
}
