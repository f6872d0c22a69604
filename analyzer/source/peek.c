/* SPDX-License-Identifier: MIT */
#include "source/peek.h"

#include "base/cleanup.h"
#include "codec/codec.h"

/* A block of zstd is at most 128 KiB, and nothing of it comes out before all of it is there. */
enum { RAW_MAX = 1 << 20 };

/* --- what a pipe gave, kept --- */

struct recorder {
	struct lopt_stream stream;
	struct lopt_pipe_stream pipe;
	struct lopt_buf *to;
};

static enum lopt_status record(struct lopt_stream *stream, void *to, size_t size, size_t *got, struct lopt_error *err)
{
	struct recorder *recorder = (struct recorder *)stream;
	size_t room = RAW_MAX - recorder->to->len;
	*got = 0;
	if (room == 0)
		return LOPT_OK; /* as if it ended there: it is no listing */
	LOPT_TRY(lopt_stream_read(&recorder->pipe.stream, to, size < room ? size : room, got, err));
	lopt_buf_add(recorder->to, to, *got);
	return recorder->to->failed ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status resume(struct lopt_stream *stream, void *to, size_t size, size_t *got, struct lopt_error *err)
{
	struct lopt_resumed_stream *resumed = (struct lopt_resumed_stream *)stream;
	struct lopt_str *head = &resumed->head;
	if (head->len == 0)
		return lopt_stream_read(&resumed->pipe.stream, to, size, got, err);
	*got = size < head->len ? size : head->len;
	memcpy(to, head->ptr, *got);
	*head = lopt_str_make(head->ptr + *got, head->len - *got);
	return LOPT_OK;
}

void lopt_resumed_stream_init(struct lopt_resumed_stream *resumed, const struct lopt_source *source)
{
	static const struct lopt_stream_ops ops = { .read = resume };
	resumed->stream.ops = &ops;
	resumed->head = lopt_buf_view(&source->head);
	lopt_pipe_stream_init(&resumed->pipe, source->fd);
}

/* --- decompressed --- */

static enum lopt_status decompress(struct lopt_source_stream *out, struct lopt_stream *below,
				   const struct lopt_limits *limits, struct lopt_error *err)
{
	LOPT_TRY(lopt_peek_stream_init(&out->peek, below, err));
	out->top = &out->peek.stream;
	enum lopt_codec kind = lopt_codec_detect(out->peek.head, out->peek.have);
	if (kind != LOPT_CODEC_GZIP && kind != LOPT_CODEC_ZSTD)
		return LOPT_OK;
	LOPT_TRY(lopt_codec_open(&out->codec, kind, out->top, limits, true, err));
	out->top = out->codec;
	return LOPT_OK;
}

enum lopt_status lopt_source_stream_open(struct lopt_source_stream *out, struct lopt_source *source,
					 const struct lopt_limits *limits, struct lopt_error *err)
{
	*out = (struct lopt_source_stream){ 0 };
	if (source->kind == LOPT_SOURCE_FILE) {
		lopt_file_stream_init(&out->file, source->fd, 0, source->size);
		return decompress(out, &out->file.stream, limits, err);
	}
	if (source->kind != LOPT_SOURCE_PIPE)
		return lopt_error_set(err, LOPT_E_BUG, "a directory as a stream");
	lopt_resumed_stream_init(&out->resumed, source);
	return decompress(out, &out->resumed.stream, limits, err);
}

void lopt_source_stream_release(struct lopt_source_stream *stream)
{
	lopt_codec_close(stream->codec);
	*stream = (struct lopt_source_stream){ 0 };
}

/* --- the beginning --- */

static enum lopt_status peek_pipe(struct lopt_source_stream *stream, struct lopt_source *source,
				  struct recorder *recorder, const struct lopt_limits *limits, struct lopt_error *err)
{
	static const struct lopt_stream_ops ops = { .read = record };
	source->head = LOPT_BUF_INIT(RAW_MAX);
	*recorder = (struct recorder){ .stream = { &ops }, .to = &source->head };
	lopt_pipe_stream_init(&recorder->pipe, source->fd);
	return decompress(stream, &recorder->stream, limits, err);
}

enum lopt_status lopt_source_peek(struct lopt_source *source, const struct lopt_limits *limits, void *to, size_t size,
				  size_t *got, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_source_stream_release) struct lopt_source_stream stream = { 0 };
	struct recorder recorder;
	enum lopt_status status = LOPT_OK;
	*got = 0;
	if (source->kind == LOPT_SOURCE_DIRECTORY || source->engine)
		return LOPT_OK;
	if (source->kind == LOPT_SOURCE_FILE)
		status = lopt_source_stream_open(&stream, source, limits, err);
	else
		status = peek_pipe(&stream, source, &recorder, limits, err);
	if (status == LOPT_OK)
		status = lopt_stream_read_full(stream.top, to, size, got, err);
	if (status == LOPT_E_INPUT || status == LOPT_E_LIMIT) { /* whoever reads all of it tells */
		*got = 0;
		return LOPT_OK;
	}
	return status;
}
