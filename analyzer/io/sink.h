/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_SINK_H
#define LAYEROPT_IO_SINK_H

#include <stdint.h>
#include <stdio.h>

#include "layeropt/status.h"

/**
 * Where bytes go: the counterpart of a stream. Sinks stack: a compressor over a digest over a file. Each kind embeds
 * `struct lopt_sink` as its first member and does not own the one below it. After an error a sink must not be written to.
 */
struct lopt_sink;

struct lopt_sink_ops {
	/** Take all `size` bytes. */
	enum lopt_status (*write)(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err);
};

struct lopt_sink {
	const struct lopt_sink_ops *ops;
};

LOPT_CHECKED static inline enum lopt_status lopt_sink_write(struct lopt_sink *sink, const void *bytes, size_t size,
							    struct lopt_error *err)
{
	return sink->ops->write(sink, bytes, size, err);
}

/** An open file; LOPT_E_SYSTEM when it does not take the bytes, LOPT_E_INTERRUPTED when a stop was asked for. */
struct lopt_file_sink {
	struct lopt_sink sink;
	FILE *file;	  /* borrowed */
	const char *name; /* for messages */
};
void lopt_file_sink_init(struct lopt_file_sink *sink, FILE *file, const char *name);

#endif
