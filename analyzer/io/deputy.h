/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_DEPUTY_H
#define LAYEROPT_IO_DEPUTY_H

#include <stdbool.h>

#include "layeropt/status.h"

/**
 * A second process that does a few deeds for one that is about to give up the right to do them itself. It is forked
 * before that, so it knows what this process knew by then, and takes requests of one byte. There is at most one.
 */
struct lopt_deputy_deeds {
	/** Do what `request` says; 0, or an errno below 256. */
	int (*act)(unsigned char request);
	/** Called once nobody can ask any more, also when the first process was killed. */
	void (*end)(void);
};

/**
 * Only while there is a single thread, with 0, 1 and 2 open. Both functions run in the deputy, where no descriptor is open
 * and no signal arrives.
 */
LOPT_CHECKED enum lopt_status lopt_deputy_start(const struct lopt_deputy_deeds *deeds, struct lopt_error *err);
bool lopt_deputy_is_there(void);
/** 0, or an errno: that of the deed, or EPIPE when the deputy is gone. Not for two threads at once. */
int lopt_deputy_ask(unsigned char request);
/** Returns when the deputy has ended. Async-signal-safe; without a deputy nothing happens. */
void lopt_deputy_dismiss(void);

#endif
