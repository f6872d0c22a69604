/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_CLEANUP_H
#define LAYEROPT_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/**
 * Locals own their resources: `LOPT_CLEANUP(free_bytes) char *text = NULL;` releases it on every way out,
 * so that the straight path reads top to bottom. Hand a value on with LOPT_MOVE.
 */
#define LOPT_CLEANUP(fn) __attribute__((cleanup(fn)))
#define LOPT_MOVE(p)                        \
	({                                  \
		__typeof__(p) moved_ = (p); \
		(p) = NULL;                 \
		moved_;                     \
	})

static inline void lopt_cleanup_bytes(void *p)
{
	free(*(void **)p);
}

static inline void lopt_cleanup_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/** Return early with the status of a call that failed; LOPT_OK goes on. */
#define LOPT_TRY(call)                                 \
	do {                                           \
		enum lopt_status try_status_ = (call); \
		if (try_status_ != LOPT_OK)            \
			return try_status_;            \
	} while (0)

#endif
