/* SPDX-License-Identifier: MIT */
#include "cli/sandbox.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/filter.h"
#include "cli/landlock.h"
#include "io/outfile.h"

/* --- a forbidden call --- */

/* What is told has to be told with what a signal handler may call. */
static void say(const char *text)
{
	ssize_t written = write(STDERR_FILENO, text, strlen(text));
	(void)written; /* nowhere else to say it */
}

static void say_number(unsigned number)
{
	char text[12] = { 0 };
	size_t at = sizeof text - 1;
	do
		text[--at] = (char)('0' + number % 10);
	while (number /= 10);
	say(text + at);
}

static int children[LOPT_SANDBOX_SOURCES]; /* 0: none */

/* Whoever got here is no longer what this program was written to be: nothing it would print counts. */
static void stop(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	say("layeropt: error: the sandbox stopped system call ");
	say_number((unsigned)info->si_syscall);
	say(": a bug in layeropt, which the image may be made for; please report it\n");
	lopt_outfile_abandon_all();
	for (size_t i = 0; i < LOPT_SANDBOX_SOURCES; i++) {
		if (children[i])
			(void)kill(-children[i], SIGKILL);
	}
	_exit(lopt_status_exit_code(LOPT_E_BUG));
}

/* While it runs all signals wait. A second forbidden call inside it finds SIGSYS blocked: then the kernel ends the process. */
static void catch_forbidden(void)
{
	struct sigaction action = { .sa_sigaction = stop, .sa_flags = SA_SIGINFO };
	(void)sigfillset(&action.sa_mask);
	(void)sigaction(SIGSYS, &action, NULL);
}

/* --- entering --- */

struct needs {
	int directories[LOPT_SANDBOX_SOURCES];
	size_t directory_count;
	size_t child_count; /* of `children` */
};

static void collect(struct needs *needs, const struct lopt_source *source)
{
	struct lopt_source_needs one = lopt_source_needs(source);
	if (one.directory >= 0)
		needs->directories[needs->directory_count++] = one.directory;
	if (one.process)
		children[needs->child_count++] = one.process;
}

/* Landlock first: the filter does not let it in any more. */
static enum lopt_status enter(const struct needs *needs, bool landlock, bool filter, struct lopt_error *err)
{
	const struct lopt_filter_needs left = {
		.opens_files = needs->directory_count != 0,
		.children = children,
		.child_count = needs->child_count,
	};
	LOPT_TRY(lopt_outfile_delegate(err));
	if (landlock)
		LOPT_TRY(lopt_landlock_enter(needs->directories, needs->directory_count, needs->child_count != 0, err));
	if (!filter)
		return LOPT_OK;
	catch_forbidden();
	return lopt_filter_enter(&left, err);
}

enum lopt_status lopt_sandbox_enter(struct lopt_source *const sources[], size_t count, struct lopt_error *err)
{
	struct needs needs = { .directory_count = 0 };
	bool landlock = lopt_landlock_version() > 0;
	bool filter = lopt_filter_is_there();
	for (size_t i = 0; i < count && i < LOPT_SANDBOX_SOURCES; i++)
		collect(&needs, sources[i]);
	if (!landlock && !filter)
		return LOPT_OK;
	enum lopt_status status = enter(&needs, landlock, filter, err);
	if (status != LOPT_OK && status != LOPT_E_MEMORY)
		(void)lopt_error_context(err, "cannot set up the sandbox (--no-sandbox goes without)");
	return status;
}

void lopt_sandbox_print(FILE *to)
{
	int version = lopt_landlock_version();
	bool filter = lopt_filter_is_there();
	if (version)
		(void)fprintf(to, "sandbox: Landlock %d%s\n", version, filter ? ", seccomp" : "");
	else
		(void)fprintf(to, "sandbox: %s\n", filter ? "seccomp" : "none on this system");
}
