/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CODEC_DECODER_H
#define LAYEROPT_CODEC_DECODER_H

#include "codec/codec.h"

/**
 * What the decompressors share: buffered input with a little room to put bytes back, output for small reads,
 * and the bomb guard. Internal to this room.
 */

enum {
	LOPT_DECODER_ROOM = 32, /* in front of the input, to put bytes back */
	LOPT_DECODER_INPUT = 128 * 1024,
	LOPT_DECODER_OUTPUT = 128 * 1024, /* a read of at least this much is decoded in place */
};

struct lopt_decoder;

struct lopt_decoder_ops {
	/** At most `size` (> 0) bytes to `to`; *got = 0 is the end of the whole stream, with everything checked. */
	enum lopt_status (*decode)(struct lopt_decoder *decoder, unsigned char *to, size_t size, size_t *got,
				   struct lopt_error *err);
	/** Free the decoder and what this kind holds beside it. */
	void (*free)(struct lopt_decoder *decoder);
};

/** Each kind embeds this as its first member. */
struct lopt_decoder {
	struct lopt_stream stream;
	const struct lopt_decoder_ops *ops;
	struct lopt_stream *below;
	uint64_t bomb_bytes;
	uint64_t bomb_ratio;

	unsigned char *input; /* LOPT_DECODER_ROOM + LOPT_DECODER_INPUT bytes */
	unsigned char *in;    /* next unread byte */
	size_t in_left;
	uint64_t in_total; /* taken from `below`, unread bytes included */

	unsigned char *output; /* for reads that are too small to be decoded in place */
	size_t out_at;
	size_t out_have;
	uint64_t produced;
};

/**
 * Set the shared part of a zeroed decoder up and hand it out as a stream. Takes the decoder in any case: it is
 * freed on failure.
 */
LOPT_CHECKED enum lopt_status lopt_decoder_open(struct lopt_stream **out, struct lopt_decoder *decoder,
						const struct lopt_decoder_ops *ops, struct lopt_stream *below,
						const struct lopt_limits *limits, struct lopt_error *err);
/** Free the shared buffers; NULL input is fine. */
void lopt_decoder_release(struct lopt_decoder *decoder);

/** Have at least `want` (1..LOPT_DECODER_ROOM) unread bytes in one piece; fewer only when `below` has ended. */
LOPT_CHECKED enum lopt_status lopt_decoder_want(struct lopt_decoder *decoder, size_t want, struct lopt_error *err);
/** Pass over `size` <= in_left unread bytes. */
void lopt_decoder_take(struct lopt_decoder *decoder, size_t size);
/** Put back at most 8 bytes that were taken last, if need be across a refill. */
void lopt_decoder_unget(struct lopt_decoder *decoder, const unsigned char *bytes, size_t size);
/** Where the next unread byte stands in the compressed data. */
uint64_t lopt_decoder_position(const struct lopt_decoder *decoder);

/** zstd, for lopt_codec_open. */
LOPT_CHECKED enum lopt_status lopt_zstd_open(struct lopt_stream **out, struct lopt_stream *below,
					     const struct lopt_limits *limits, struct lopt_error *err);

#endif
