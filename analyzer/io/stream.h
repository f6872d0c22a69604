/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_STREAM_H
#define LAYEROPT_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/sink.h"
#include "layeropt/status.h"

/**
 * A readable run of bytes. Streams stack: a file, a decompressor over it, a digest over that. Each kind
 * embeds `struct lopt_stream` as its first member. A stream does not own the one below it; whoever made
 * it releases it, top first.
 */
struct lopt_stream;

struct lopt_stream_ops {
	/**
	 * Read at most `size` (> 0) bytes; *got = 0 means the end, and only that. Short reads are normal.
	 * After an error the stream must not be read again.
	 */
	enum lopt_status (*read)(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				 struct lopt_error *err);
	/**
	 * Pass over exactly `size` bytes without looking at them. NULL where bytes can only be read. Going past
	 * the end is an error that says so.
	 */
	enum lopt_status (*skip)(struct lopt_stream *stream, uint64_t size, struct lopt_error *err);
};

struct lopt_stream {
	const struct lopt_stream_ops *ops;
};

LOPT_CHECKED static inline enum lopt_status lopt_stream_read(struct lopt_stream *stream, void *to, size_t size,
							     size_t *got, struct lopt_error *err)
{
	return stream->ops->read(stream, to, size, got, err);
}

static inline bool lopt_stream_can_skip(const struct lopt_stream *stream)
{
	return stream->ops->skip != NULL;
}

/** Skip `size` bytes, reading them where there is no other way. */
LOPT_CHECKED enum lopt_status lopt_stream_skip(struct lopt_stream *stream, uint64_t size, struct lopt_error *err);

/** Read until `size` bytes are there or the stream ends; *got says how many. */
LOPT_CHECKED enum lopt_status lopt_stream_read_full(struct lopt_stream *stream, void *to, size_t size, size_t *got,
						    struct lopt_error *err);

/** Read to the end, and hand on what comes; `to` NULL: forget it. */
LOPT_CHECKED enum lopt_status lopt_stream_drain(struct lopt_stream *stream, struct lopt_sink *to,
						struct lopt_error *err);

/** Bytes in memory, borrowed. Skips. */
struct lopt_memory_stream {
	struct lopt_stream stream;
	const unsigned char *at;
	size_t left;
};
void lopt_memory_stream_init(struct lopt_memory_stream *memory, const void *bytes, size_t size);

/**
 * `size` bytes of an open file from `offset`, by pread: several can read one descriptor at once. A file that
 * ends before `size` is an error (it shrank). Skips.
 */
struct lopt_file_stream {
	struct lopt_stream stream;
	int fd;
	uint64_t offset;
	uint64_t left;
};
void lopt_file_stream_init(struct lopt_file_stream *file, int fd, uint64_t offset, uint64_t size);

/**
 * A pipe, a socket or a terminal, by read(2) until it ends. EINTR is retried unless a stop was asked for. A writer
 * that says nothing for `patience_ms` is an error (LOPT_E_SYSTEM); 0, the default, waits for ever.
 */
struct lopt_pipe_stream {
	struct lopt_stream stream;
	int fd;
	unsigned patience_ms;
	uint64_t position;
};
void lopt_pipe_stream_init(struct lopt_pipe_stream *pipe, int fd);

/** The first bytes of `below` put back in front of it: what peeking took. Skips where `below` does. */
struct lopt_peek_stream {
	struct lopt_stream stream;
	struct lopt_stream *below;
	unsigned char head[512];
	size_t have; /* bytes peeked */
	size_t at;   /* bytes of them read again */
};
/** Reads up to sizeof head bytes into `head`; fewer only when `below` ends. */
LOPT_CHECKED enum lopt_status lopt_peek_stream_init(struct lopt_peek_stream *peek, struct lopt_stream *below,
						    struct lopt_error *err);

/** Counts what passes, for progress and the bomb guard. Skips where `below` does. */
struct lopt_count_stream {
	struct lopt_stream stream;
	struct lopt_stream *below;
	uint64_t count;
};
void lopt_count_stream_init(struct lopt_count_stream *count, struct lopt_stream *below);

/**
 * A stop asked for by a signal handler: every file and pipe read looks at it and answers
 * LOPT_E_INTERRUPTED. Async-signal-safe.
 */
void lopt_request_stop(void);
bool lopt_stop_requested(void);

#endif
