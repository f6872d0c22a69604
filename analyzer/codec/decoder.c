/* SPDX-License-Identifier: MIT */
#include "codec/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

uint64_t lopt_decoder_position(const struct lopt_decoder *decoder)
{
	return decoder->in_total - decoder->in_left;
}

void lopt_decoder_take(struct lopt_decoder *decoder, size_t size)
{
	decoder->in += size;
	decoder->in_left -= size;
}

void lopt_decoder_unget(struct lopt_decoder *decoder, const unsigned char *bytes, size_t size)
{
	decoder->in -= size;
	decoder->in_left += size;
	memcpy(decoder->in, bytes, size);
}

enum lopt_status lopt_decoder_want(struct lopt_decoder *decoder, size_t want, struct lopt_error *err)
{
	if (decoder->in_left >= want)
		return LOPT_OK;
	/* What is left is less than the room in front of the buffer, so it moves there and the rest is free. */
	unsigned char *start = decoder->input + LOPT_DECODER_ROOM;
	size_t left = decoder->in_left;
	if (left)
		memmove(start - left, decoder->in, left);
	decoder->in = start - left;
	while (decoder->in_left < want) {
		size_t used = decoder->in_left - left;
		size_t got;
		LOPT_TRY(lopt_stream_read(decoder->below, start + used, LOPT_DECODER_INPUT - used, &got, err));
		if (got == 0)
			break;
		decoder->in_left += got;
		decoder->in_total += got;
	}
	return LOPT_OK;
}

static enum lopt_status guard(const struct lopt_decoder *decoder, struct lopt_error *err)
{
	uint64_t taken = lopt_decoder_position(decoder);
	uint64_t allowed;
	if (decoder->produced <= decoder->bomb_bytes || __builtin_mul_overflow(taken, decoder->bomb_ratio, &allowed) ||
	    decoder->produced <= allowed)
		return LOPT_OK;
	return lopt_error_set(
		err, LOPT_E_LIMIT,
		"%llu compressed bytes have become %llu: the ceiling is %llu bytes and %llu times the input "
		"(--limit bomb_bytes=N, --limit bomb_ratio=N)",
		(unsigned long long)taken, (unsigned long long)decoder->produced,
		(unsigned long long)decoder->bomb_bytes, (unsigned long long)decoder->bomb_ratio);
}

static enum lopt_status decode(struct lopt_decoder *decoder, unsigned char *to, size_t size, size_t *got,
			       struct lopt_error *err)
{
	LOPT_TRY(decoder->ops->decode(decoder, to, size, got, err));
	decoder->produced += *got;
	return *got ? guard(decoder, err) : LOPT_OK;
}

static enum lopt_status decoder_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				     struct lopt_error *err)
{
	struct lopt_decoder *decoder = (struct lopt_decoder *)stream;
	*got = 0;
	if (decoder->out_at == decoder->out_have) {
		if (size >= LOPT_DECODER_OUTPUT)
			return decode(decoder, to, size, got, err);
		decoder->out_at = decoder->out_have = 0;
		LOPT_TRY(decode(decoder, decoder->output, LOPT_DECODER_OUTPUT, &decoder->out_have, err));
	}
	size_t have = decoder->out_have - decoder->out_at;
	*got = size < have ? size : have;
	if (*got)
		memcpy(to, decoder->output + decoder->out_at, *got);
	decoder->out_at += *got;
	return LOPT_OK;
}

void lopt_decoder_release(struct lopt_decoder *decoder)
{
	free(decoder->input);
	free(decoder->output);
}

enum lopt_status lopt_decoder_open(struct lopt_stream **out, struct lopt_decoder *decoder,
				   const struct lopt_decoder_ops *ops, struct lopt_stream *below,
				   const struct lopt_limits *limits, struct lopt_error *err)
{
	static const struct lopt_stream_ops stream_ops = { .read = decoder_read };
	decoder->stream.ops = &stream_ops;
	decoder->ops = ops;
	decoder->below = below;
	decoder->bomb_bytes = limits->bomb_bytes;
	decoder->bomb_ratio = limits->bomb_ratio;
	decoder->input = malloc(LOPT_DECODER_ROOM + LOPT_DECODER_INPUT);
	decoder->output = malloc(LOPT_DECODER_OUTPUT);
	if (!decoder->input || !decoder->output) {
		ops->free(decoder);
		return lopt_error_memory(err);
	}
	decoder->in = decoder->input + LOPT_DECODER_ROOM;
	*out = &decoder->stream;
	return LOPT_OK;
}
