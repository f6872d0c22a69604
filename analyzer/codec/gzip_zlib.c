/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "codec/gzip.h"

static void zlib_free(void *state)
{
	if (state)
		(void)inflateEnd(state);
	free(state);
}

static void *zlib_create(void)
{
	z_stream *z = calloc(1, sizeof *z);
	if (z && inflateInit2(z, -MAX_WBITS) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static void zlib_reset(void *state)
{
	(void)inflateReset(state); /* fails only for a stream that was never set up */
}

static enum lopt_inflate_result zlib_run(void *state, struct lopt_decoder *decoder, struct lopt_inflate_output *output)
{
	z_stream *z = state;
	uInt room = output->left < UINT_MAX ? (uInt)output->left : UINT_MAX;
	uInt input = (uInt)decoder->in_left;
	z->next_in = decoder->in;
	z->avail_in = input;
	z->next_out = output->to;
	z->avail_out = room;
	int result = inflate(z, Z_NO_FLUSH);
	uInt made = room - z->avail_out;
	lopt_decoder_take(decoder, input - z->avail_in);
	output->crc = (uint32_t)crc32(output->crc, output->to, made);
	output->to += made;
	output->left -= made;
	switch (result) {
	case Z_STREAM_END:
		return LOPT_INFLATE_DONE;
	case Z_OK:
	case Z_BUF_ERROR: /* nothing to do without more input */
		return LOPT_INFLATE_MORE;
	case Z_MEM_ERROR:
		return LOPT_INFLATE_MEMORY;
	default:
		return LOPT_INFLATE_DAMAGED;
	}
}

const struct lopt_inflater lopt_inflater_zlib = {
	.name = "zlib",
	.create = zlib_create,
	.free = zlib_free,
	.reset = zlib_reset,
	.run = zlib_run,
};
