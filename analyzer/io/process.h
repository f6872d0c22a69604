/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_PROCESS_H
#define LAYEROPT_IO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "layeropt/status.h"

/**
 * A program started with an argument vector, never through a shell (rule P23): its own process group,
 * stdin from /dev/null, stdout a pipe for us, stderr kept (its first MiB) for the error message.
 */
struct lopt_process {
	pid_t pid; /* 0 when none runs */
	int out;   /* read its standard output here; -1 when closed */
	int log;   /* its standard error: a file in memory, or -1 */
};

#define LOPT_PROCESS_NONE ((struct lopt_process){ .out = -1, .log = -1 })

/** Start argv[0] found on PATH. LOPT_E_SYSTEM when it cannot be started; the message names it. */
LOPT_CHECKED enum lopt_status lopt_process_start(struct lopt_process *process, const char *const argv[],
						 struct lopt_error *err);

/** The same, but its standard error goes into the pipe too. */
LOPT_CHECKED enum lopt_status lopt_process_start_joined(struct lopt_process *process, const char *const argv[],
							struct lopt_error *err);

/**
 * Close the pipe and wait for as long as lopt_process_finish does; *code is the exit status, or 128 and the signal that
 * ended it. Without `heed_stop` a request to stop does not cut the wait short. Releases.
 */
LOPT_CHECKED enum lopt_status lopt_process_end(struct lopt_process *process, bool heed_stop, int *code,
					       struct lopt_error *err);

/**
 * Close the pipe, wait, and turn anything but exit 0 into LOPT_E_SYSTEM whose message holds the exit status
 * and the last line of its standard error. Processes it left behind in its group are killed, as is one that has
 * not ended ten seconds after its pipe was closed. Releases.
 */
LOPT_CHECKED enum lopt_status lopt_process_finish(struct lopt_process *process, struct lopt_error *err);

/** Ask the process group to end, kill it after two seconds, wait, close everything. Safe to call twice and after finish. */
void lopt_process_release(struct lopt_process *process);

#endif
