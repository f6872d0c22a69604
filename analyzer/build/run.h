/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BUILD_RUN_H
#define LAYEROPT_BUILD_RUN_H

#include <stdbool.h>

#include "base/buf.h"

enum {
	LOPT_RUN_WORDS_MAX = 256,
	LOPT_LOG_BYTES_MAX = 4 << 20, /* of one program's output; what comes later pushes the beginning out */
};

/** A program to be run to its end. */
struct lopt_run {
	const char *const *argv; /* ends with NULL; found on PATH, never through a shell */
	unsigned seconds;	 /* it may take; 0: any */
	bool heedless;		 /* go on although layeropt was asked to stop: what cleans up */
};

/** How it went. */
struct lopt_ran {
	int code;	/* exit status, or 128 and a signal */
	double seconds; /* it took */
	bool timed_out; /* and was ended */
};

/**
 * Run a program; what it says on both outputs is appended to `log` (may be NULL), which keeps its last
 * LOPT_LOG_BYTES_MAX. That it fails is no error: see ran->code.
 */
LOPT_CHECKED enum lopt_status lopt_run(struct lopt_ran *ran, const struct lopt_run *run, struct lopt_buf *log,
				       struct lopt_error *err);

/** Seconds on a clock that never goes back. */
double lopt_clock(void);

#endif
