/* SPDX-License-Identifier: MIT */
#include "codec/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"

enum { FLAG_HCRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };

struct gzip {
	struct lopt_decoder decoder;
	const struct lopt_inflater *inflater;
	void *state;
	bool tolerate_zero_padding;
	enum { AT_HEADER, IN_DATA, AT_END } where;
	bool any_member;
	uint64_t member; /* where the current one starts in the compressed data */
	uint64_t length; /* what it has produced so far */
	uint32_t crc;	 /* of that */
};

static enum lopt_status damaged(const struct gzip *gzip, struct lopt_error *err, const char *what)
{
	return lopt_error_set(err, LOPT_E_INPUT, "damaged gzip data: %s (member at byte %llu)", what,
			      (unsigned long long)gzip->member);
}

static enum lopt_status truncated(const struct gzip *gzip, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "gzip data cut short after %llu bytes",
			      (unsigned long long)lopt_decoder_position(&gzip->decoder));
}

/* The header. */

/* `size` bytes, at most LOPT_DECODER_ROOM, which go into the header's checksum. */
static enum lopt_status header_bytes(struct gzip *gzip, unsigned char *to, size_t size, uint32_t *crc,
				     struct lopt_error *err)
{
	struct lopt_decoder *decoder = &gzip->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, size, err));
	if (decoder->in_left < size)
		return truncated(gzip, err);
	memcpy(to, decoder->in, size);
	*crc = (uint32_t)crc32(*crc, to, (uInt)size);
	lopt_decoder_take(decoder, size);
	return LOPT_OK;
}

/* Pass over bytes of the header: `size` of them, or up to and with the first NUL when `text`. */
static enum lopt_status header_field(struct gzip *gzip, size_t size, bool text, uint32_t *crc, struct lopt_error *err)
{
	struct lopt_decoder *decoder = &gzip->decoder;
	bool ended = false;
	while (text ? !ended : size > 0) {
		LOPT_TRY(lopt_decoder_want(decoder, 1, err));
		if (decoder->in_left == 0)
			return truncated(gzip, err);
		size_t n = decoder->in_left;
		const unsigned char *nul = text ? memchr(decoder->in, 0, n) : NULL;
		if (nul)
			n = (size_t)(nul - decoder->in) + 1;
		else if (!text && n > size)
			n = size;
		*crc = (uint32_t)crc32(*crc, decoder->in, (uInt)n);
		lopt_decoder_take(decoder, n);
		size -= text ? 0 : n;
		ended = nul != NULL;
	}
	return LOPT_OK;
}

static enum lopt_status header_options(struct gzip *gzip, unsigned flags, uint32_t crc, struct lopt_error *err)
{
	unsigned char two[2] = { 0 };
	if (flags & FLAG_EXTRA) {
		LOPT_TRY(header_bytes(gzip, two, 2, &crc, err));
		LOPT_TRY(header_field(gzip, two[0] | (size_t)two[1] << 8, false, &crc, err));
	}
	if (flags & FLAG_NAME)
		LOPT_TRY(header_field(gzip, 0, true, &crc, err));
	if (flags & FLAG_COMMENT)
		LOPT_TRY(header_field(gzip, 0, true, &crc, err));
	if (!(flags & FLAG_HCRC))
		return LOPT_OK;
	uint32_t want = crc & 0xffff;
	LOPT_TRY(header_bytes(gzip, two, 2, &crc, err));
	if ((two[0] | (uint32_t)two[1] << 8) != want)
		return damaged(gzip, err, "the checksum of the header does not match");
	return LOPT_OK;
}

static enum lopt_status read_header(struct gzip *gzip, struct lopt_error *err)
{
	unsigned char fixed[10] = { 0 };
	uint32_t crc = 0;
	LOPT_TRY(header_bytes(gzip, fixed, 2, &crc, err));
	if (fixed[0] != 0x1f || fixed[1] != 0x8b)
		return damaged(gzip, err, "no gzip header");
	LOPT_TRY(header_bytes(gzip, fixed + 2, sizeof fixed - 2, &crc, err));
	if (fixed[2] != 8)
		return damaged(gzip, err, "the compression method is not deflate");
	if (fixed[3] & FLAGS_RESERVED)
		return damaged(gzip, err, "reserved flags are set in the header");
	return header_options(gzip, fixed[3], crc, err);
}

/* Between members. */

static enum lopt_status pass_zeros(struct gzip *gzip, struct lopt_error *err)
{
	struct lopt_decoder *decoder = &gzip->decoder;
	for (;;) {
		LOPT_TRY(lopt_decoder_want(decoder, 1, err));
		if (decoder->in_left == 0)
			return LOPT_OK;
		for (size_t i = 0; i < decoder->in_left; i++)
			if (decoder->in[i])
				return damaged(gzip, err, "bytes other than zero padding follow");
		lopt_decoder_take(decoder, decoder->in_left);
	}
}

/* The header of the next member, or the end. */
static enum lopt_status next_member(struct gzip *gzip, struct lopt_error *err)
{
	struct lopt_decoder *decoder = &gzip->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, 2, err));
	bool member = decoder->in_left >= 2 && decoder->in[0] == 0x1f && decoder->in[1] == 0x8b;
	if (gzip->any_member && !member) {
		gzip->where = AT_END;
		if (decoder->in_left == 0)
			return LOPT_OK;
		if (gzip->tolerate_zero_padding && decoder->in[0] == 0)
			return pass_zeros(gzip, err);
		return lopt_error_set(err, LOPT_E_INPUT, "bytes after the end of the gzip data, at byte %llu",
				      (unsigned long long)lopt_decoder_position(decoder));
	}
	gzip->member = lopt_decoder_position(decoder);
	LOPT_TRY(read_header(gzip, err));
	gzip->inflater->reset(gzip->state);
	gzip->any_member = true;
	gzip->length = 0;
	gzip->crc = 0;
	gzip->where = IN_DATA;
	return LOPT_OK;
}

static uint32_t little_endian(const unsigned char *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static enum lopt_status check_trailer(struct gzip *gzip, struct lopt_error *err)
{
	struct lopt_decoder *decoder = &gzip->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, 8, err));
	if (decoder->in_left < 8)
		return truncated(gzip, err);
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	if (little_endian(decoder->in) != gzip->crc)
		return damaged(gzip, err, "its CRC-32 does not match");
	if (little_endian(decoder->in + 4) != (uint32_t)gzip->length)
		return damaged(gzip, err, "its length does not match");
#else
	(void)little_endian;
#endif
	lopt_decoder_take(decoder, 8);
	gzip->where = AT_HEADER;
	return LOPT_OK;
}

/* The data. */

static enum lopt_status inflate_some(struct gzip *gzip, unsigned char *to, size_t size, size_t *got,
				     struct lopt_error *err)
{
	struct lopt_decoder *decoder = &gzip->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, 1, err));
	bool ended = decoder->in_left == 0;
	struct lopt_inflate_output output = { .to = to, .left = size, .crc = gzip->crc };
	enum lopt_inflate_result result = gzip->inflater->run(gzip->state, decoder, &output);
	*got = size - output.left;
	gzip->length += *got;
	gzip->crc = output.crc;
	switch (result) {
	case LOPT_INFLATE_DONE:
		return check_trailer(gzip, err);
	case LOPT_INFLATE_MORE:
		return ended && *got == 0 ? truncated(gzip, err) : LOPT_OK;
	case LOPT_INFLATE_MEMORY:
		return lopt_error_memory(err);
	case LOPT_INFLATE_DAMAGED:
		break;
	}
	return damaged(gzip, err, "no valid deflate data");
}

static enum lopt_status gzip_decode(struct lopt_decoder *decoder, unsigned char *to, size_t size, size_t *got,
				    struct lopt_error *err)
{
	struct gzip *gzip = (struct gzip *)decoder;
	*got = 0;
	while (*got == 0 && gzip->where != AT_END) {
		if (gzip->where == AT_HEADER)
			LOPT_TRY(next_member(gzip, err));
		else
			LOPT_TRY(inflate_some(gzip, to, size, got, err));
	}
	return LOPT_OK;
}

static void gzip_free(struct lopt_decoder *decoder)
{
	struct gzip *gzip = (struct gzip *)decoder;
	lopt_decoder_release(decoder);
	gzip->inflater->free(gzip->state);
	free(gzip);
}

const struct lopt_inflater *lopt_inflater_default(void)
{
#ifdef LOPT_HAVE_ISAL
	return &lopt_inflater_isal;
#else
	return &lopt_inflater_zlib;
#endif
}

enum lopt_status lopt_gzip_open(struct lopt_stream **out, const struct lopt_inflater *inflater,
				struct lopt_stream *below, const struct lopt_limits *limits, bool tolerate_zero_padding,
				struct lopt_error *err)
{
	static const struct lopt_decoder_ops ops = { .decode = gzip_decode, .free = gzip_free };
	void *state = inflater->create();
	struct gzip *gzip = state ? calloc(1, sizeof *gzip) : NULL;
	if (!gzip) {
		inflater->free(state);
		return lopt_error_memory(err);
	}
	gzip->inflater = inflater;
	gzip->state = state;
	gzip->tolerate_zero_padding = tolerate_zero_padding;
	return lopt_decoder_open(out, &gzip->decoder, &ops, below, limits, err);
}
