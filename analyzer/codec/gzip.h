/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CODEC_GZIP_H
#define LAYEROPT_CODEC_GZIP_H

#include "codec/decoder.h"

/**
 * The two that inflate. Both know raw deflate data only (RFC 1951); members, headers and trailers are
 * gzip.c's, so that both are equally strict. Internal to this room and its tests.
 */

enum lopt_inflate_result {
	LOPT_INFLATE_MORE, /* stopped for want of input, or of room for output */
	LOPT_INFLATE_DONE, /* the last block has ended; input behind it was put back */
	LOPT_INFLATE_DAMAGED,
	LOPT_INFLATE_MEMORY,
};

struct lopt_inflate_output {
	unsigned char *to;
	size_t left;
	uint32_t crc; /* CRC-32 of what the member has produced so far */
};

struct lopt_inflater {
	const char *name;
	/** NULL when memory is exhausted. */
	void *(*create)(void);
	void (*free)(void *state);
	/** Start another member. */
	void (*reset)(void *state);
	/** Take input from the decoder and advance `output`. */
	enum lopt_inflate_result (*run)(void *state, struct lopt_decoder *decoder, struct lopt_inflate_output *output);
};

extern const struct lopt_inflater lopt_inflater_zlib;
#ifdef LOPT_HAVE_ISAL
extern const struct lopt_inflater lopt_inflater_isal;
#endif

/** The best that was built in: what lopt_codec_open uses. */
const struct lopt_inflater *lopt_inflater_default(void);

/** lopt_codec_open for gzip, with an inflater of one's choice. */
LOPT_CHECKED enum lopt_status lopt_gzip_open(struct lopt_stream **out, const struct lopt_inflater *inflater,
					     struct lopt_stream *below, const struct lopt_limits *limits,
					     bool tolerate_zero_padding, struct lopt_error *err);

#endif
