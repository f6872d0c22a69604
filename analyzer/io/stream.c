/* SPDX-License-Identifier: MIT */
#include "io/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	SKIP_CHUNK = 16 * 1024,
	DRAIN_CHUNK = 128 * 1024,
	READ_MAX = 1 << 30, /* below what one read(2) can return on any system */
	STOP_POLL_MS = 200,
};

/* Lock-free, so that a signal handler may write it while any thread reads it. */
static atomic_bool stop;

void lopt_request_stop(void)
{
	atomic_store_explicit(&stop, true, memory_order_relaxed);
}

bool lopt_stop_requested(void)
{
	return atomic_load_explicit(&stop, memory_order_relaxed);
}

static enum lopt_status interrupted(struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
}

static enum lopt_status cannot_read(struct lopt_error *err, int code)
{
	return lopt_error_set(err, LOPT_E_SYSTEM, "cannot read: %s", strerror(code));
}

static enum lopt_status ends_early(struct lopt_error *err, uint64_t missing)
{
	return lopt_error_set(err, LOPT_E_INPUT, "the data ends %llu bytes too early", (unsigned long long)missing);
}

/* Any stream. */

enum lopt_status lopt_stream_skip(struct lopt_stream *stream, uint64_t size, struct lopt_error *err)
{
	if (size == 0)
		return LOPT_OK;
	if (stream->ops->skip)
		return stream->ops->skip(stream, size, err);
	unsigned char unused[SKIP_CHUNK];
	while (size) {
		size_t want = size < sizeof unused ? (size_t)size : sizeof unused;
		size_t got;
		LOPT_TRY(lopt_stream_read(stream, unused, want, &got, err));
		if (got == 0)
			return ends_early(err, size);
		size -= got;
	}
	return LOPT_OK;
}

enum lopt_status lopt_stream_read_full(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				       struct lopt_error *err)
{
	*got = 0;
	while (*got < size) {
		size_t n;
		LOPT_TRY(lopt_stream_read(stream, (unsigned char *)to + *got, size - *got, &n, err));
		if (n == 0)
			break;
		*got += n;
	}
	return LOPT_OK;
}

enum lopt_status lopt_stream_drain(struct lopt_stream *stream, struct lopt_sink *to, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) void *bytes = malloc(DRAIN_CHUNK);
	if (!bytes)
		return lopt_error_memory(err);
	for (;;) {
		size_t got;
		LOPT_TRY(lopt_stream_read(stream, bytes, DRAIN_CHUNK, &got, err));
		if (got == 0)
			return LOPT_OK;
		if (to)
			LOPT_TRY(lopt_sink_write(to, bytes, got, err));
	}
}

/* Memory. */

static enum lopt_status memory_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				    struct lopt_error *err)
{
	(void)err;
	struct lopt_memory_stream *memory = (struct lopt_memory_stream *)stream;
	*got = size < memory->left ? size : memory->left;
	if (*got == 0)
		return LOPT_OK;
	memcpy(to, memory->at, *got);
	memory->at += *got;
	memory->left -= *got;
	return LOPT_OK;
}

static enum lopt_status memory_skip(struct lopt_stream *stream, uint64_t size, struct lopt_error *err)
{
	struct lopt_memory_stream *memory = (struct lopt_memory_stream *)stream;
	if (size > memory->left)
		return ends_early(err, size - memory->left);
	if (size == 0)
		return LOPT_OK;
	memory->at += (size_t)size;
	memory->left -= (size_t)size;
	return LOPT_OK;
}

void lopt_memory_stream_init(struct lopt_memory_stream *memory, const void *bytes, size_t size)
{
	static const struct lopt_stream_ops ops = { .read = memory_read, .skip = memory_skip };
	*memory = (struct lopt_memory_stream){ .stream = { &ops }, .at = bytes, .left = size };
}

/* A part of a file. */

static enum lopt_status file_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				  struct lopt_error *err)
{
	struct lopt_file_stream *file = (struct lopt_file_stream *)stream;
	*got = 0;
	size_t want = size < READ_MAX ? size : READ_MAX;
	if (want > file->left)
		want = (size_t)file->left;
	ssize_t n;
	do {
		if (lopt_stop_requested())
			return interrupted(err);
		n = want ? pread(file->fd, to, want, (off_t)file->offset) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return cannot_read(err, errno);
	if (n == 0 && want)
		return lopt_error_set(err, LOPT_E_INPUT,
				      "the file ended at byte %llu, %llu bytes too early: it shrank while it was read",
				      (unsigned long long)file->offset, (unsigned long long)file->left);
	*got = (size_t)n;
	file->offset += (size_t)n;
	file->left -= (size_t)n;
	return LOPT_OK;
}

static enum lopt_status file_skip(struct lopt_stream *stream, uint64_t size, struct lopt_error *err)
{
	struct lopt_file_stream *file = (struct lopt_file_stream *)stream;
	if (lopt_stop_requested())
		return interrupted(err);
	if (size > file->left)
		return ends_early(err, size - file->left);
	file->offset += size;
	file->left -= size;
	return LOPT_OK;
}

void lopt_file_stream_init(struct lopt_file_stream *file, int fd, uint64_t offset, uint64_t size)
{
	static const struct lopt_stream_ops ops = { .read = file_read, .skip = file_skip };
	*file = (struct lopt_file_stream){ .stream = { &ops }, .fd = fd, .offset = offset, .left = size };
}

/* A pipe. */

/*
 * A signal between the look at the flag and read(2) would leave us blocked for as long as the writer is silent;
 * waiting in slices bounds that. It also serves descriptors that were opened non-blocking.
 */
static enum lopt_status wait_readable(int fd, unsigned patience_ms, struct lopt_error *err)
{
	for (unsigned waited = 0;; waited += STOP_POLL_MS) {
		if (lopt_stop_requested())
			return interrupted(err);
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int n = poll(&wait, 1, STOP_POLL_MS);
		if (n > 0)
			return LOPT_OK;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return cannot_read(err, errno);
		if (patience_ms && waited >= patience_ms)
			return lopt_error_set(err, LOPT_E_SYSTEM, "nothing came for %u s", patience_ms / 1000);
	}
}

static enum lopt_status pipe_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				  struct lopt_error *err)
{
	struct lopt_pipe_stream *pipe = (struct lopt_pipe_stream *)stream;
	*got = 0;
	ssize_t n;
	do {
		LOPT_TRY(wait_readable(pipe->fd, pipe->patience_ms, err));
		n = read(pipe->fd, to, size < READ_MAX ? size : READ_MAX);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return cannot_read(err, errno);
	*got = (size_t)n;
	pipe->position += (size_t)n;
	return LOPT_OK;
}

void lopt_pipe_stream_init(struct lopt_pipe_stream *pipe, int fd)
{
	static const struct lopt_stream_ops ops = { .read = pipe_read };
	*pipe = (struct lopt_pipe_stream){ .stream = { &ops }, .fd = fd };
}

/* The first bytes, put back. */

static enum lopt_status peek_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				  struct lopt_error *err)
{
	struct lopt_peek_stream *peek = (struct lopt_peek_stream *)stream;
	size_t left = peek->have - peek->at;
	if (left == 0)
		return lopt_stream_read(peek->below, to, size, got, err);
	*got = size < left ? size : left;
	memcpy(to, peek->head + peek->at, *got);
	peek->at += *got;
	return LOPT_OK;
}

static enum lopt_status peek_skip(struct lopt_stream *stream, uint64_t size, struct lopt_error *err)
{
	struct lopt_peek_stream *peek = (struct lopt_peek_stream *)stream;
	size_t left = peek->have - peek->at;
	if (size <= left) {
		peek->at += (size_t)size;
		return LOPT_OK;
	}
	peek->at = peek->have;
	return lopt_stream_skip(peek->below, size - left, err);
}

enum lopt_status lopt_peek_stream_init(struct lopt_peek_stream *peek, struct lopt_stream *below, struct lopt_error *err)
{
	static const struct lopt_stream_ops reading = { .read = peek_read };
	static const struct lopt_stream_ops skipping = { .read = peek_read, .skip = peek_skip };
	peek->stream.ops = lopt_stream_can_skip(below) ? &skipping : &reading;
	peek->below = below;
	peek->at = 0;
	return lopt_stream_read_full(below, peek->head, sizeof peek->head, &peek->have, err);
}

/* Counting. */

static enum lopt_status count_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				   struct lopt_error *err)
{
	struct lopt_count_stream *count = (struct lopt_count_stream *)stream;
	LOPT_TRY(lopt_stream_read(count->below, to, size, got, err));
	count->count += *got;
	return LOPT_OK;
}

static enum lopt_status count_skip(struct lopt_stream *stream, uint64_t size, struct lopt_error *err)
{
	struct lopt_count_stream *count = (struct lopt_count_stream *)stream;
	LOPT_TRY(lopt_stream_skip(count->below, size, err));
	count->count += size;
	return LOPT_OK;
}

void lopt_count_stream_init(struct lopt_count_stream *count, struct lopt_stream *below)
{
	static const struct lopt_stream_ops reading = { .read = count_read };
	static const struct lopt_stream_ops skipping = { .read = count_read, .skip = count_skip };
	*count = (struct lopt_count_stream){
		.stream = { lopt_stream_can_skip(below) ? &skipping : &reading },
		.below = below,
	};
}
