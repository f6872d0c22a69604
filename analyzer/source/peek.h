/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_PEEK_H
#define LAYEROPT_SOURCE_PEEK_H

#include "io/stream.h"
#include "layeropt/image.h"
#include "source/source.h"

/** What a source begins with, and what is no image as one stream. */

/**
 * The first bytes of a file, a fifo or standard input, decompressed: at most `size`, fewer or none where there are no more,
 * they are damaged, or the source is a directory or an engine. Whoever reads the source afterwards gets them again.
 */
LOPT_CHECKED enum lopt_status lopt_source_peek(struct lopt_source *source, const struct lopt_limits *limits, void *to,
					       size_t size, size_t *got, struct lopt_error *err);

/** A pipe whose first bytes were read already: they come first. */
struct lopt_resumed_stream {
	struct lopt_stream stream;
	struct lopt_str head; /* borrowed */
	struct lopt_pipe_stream pipe;
};
void lopt_resumed_stream_init(struct lopt_resumed_stream *resumed, const struct lopt_source *source);

/** A whole source, which is not read again, decompressed, zeros behind the end passed over. Its fields are its own, but for `top`. */
struct lopt_source_stream {
	struct lopt_stream *top; /* to read from */
	struct lopt_file_stream file;
	struct lopt_resumed_stream resumed;
	struct lopt_peek_stream peek;
	struct lopt_stream *codec;
};
/** Of a file, a fifo or standard input. The source must outlive it, and it must not be moved; release it in any case. */
LOPT_CHECKED enum lopt_status lopt_source_stream_open(struct lopt_source_stream *out, struct lopt_source *source,
						      const struct lopt_limits *limits, struct lopt_error *err);
void lopt_source_stream_release(struct lopt_source_stream *stream);

#endif
