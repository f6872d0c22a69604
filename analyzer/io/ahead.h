/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_AHEAD_H
#define LAYEROPT_IO_AHEAD_H

#include "io/stream.h"

/**
 * Reads `below` in a thread of its own, some blocks ahead of whoever reads this stream: decompression and what is made
 * of its result go on side by side. Nobody else may touch `below` until it is closed. What `below` says, an error
 * included, comes out in the same place. Cannot skip.
 */
LOPT_CHECKED enum lopt_status lopt_ahead_open(struct lopt_stream **out, struct lopt_stream *below,
					      struct lopt_error *err);
/** Stop reading; NULL is fine. */
void lopt_ahead_close(struct lopt_stream *stream);

#endif
