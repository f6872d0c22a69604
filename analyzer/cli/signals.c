/* SPDX-License-Identifier: MIT */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

#include "io/outfile.h"
#include "io/stream.h"

static volatile sig_atomic_t caught;

/* SA_RESETHAND: the second signal finds the default action. */
static void stop(int number)
{
	caught = number;
	lopt_request_stop();
	lopt_outfile_abandon_all();
}

void lopt_signals_install(void)
{
	static const int stopping[] = { SIGINT, SIGTERM, SIGHUP };
	/* No SA_RESTART: a read that waits has to come back. */
	struct sigaction action = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };
	struct sigaction ignored = { .sa_handler = SIG_IGN };
	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&ignored.sa_mask);
	for (size_t i = 0; i < sizeof stopping / sizeof stopping[0]; i++) {
		struct sigaction before;
		/* nohup, and what a shell starts in the background, keep ignoring */
		if (sigaction(stopping[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(stopping[i], &action, NULL);
	}
	(void)sigaction(SIGPIPE, &ignored, NULL);
	(void)sigaction(SIGXFSZ, &ignored, NULL);
}

int lopt_signals_caught(void)
{
	return caught;
}
