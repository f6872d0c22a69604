/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"
#include "codec/decoder.h"

enum { FRAME_HEADER_MIN = 5, FRAME_HEADER_MAX = 18 }; /* RFC 8878, 3.1.1.1, with the magic number */
_Static_assert((int)FRAME_HEADER_MAX <= (int)LOPT_DECODER_ROOM, "lopt_decoder_want");

struct zstd {
	struct lopt_decoder decoder;
	ZSTD_DStream *context;
	uint64_t window; /* largest one libzstd was told to accept */
	uint64_t size;	 /* what the frame's header promises, or ZSTD_CONTENTSIZE_UNKNOWN */
	uint64_t made;	 /* of it, so far */
	bool in_frame;
	bool fresh; /* nothing of the frame was handed over yet */
	bool any_frame;
	bool at_end;
};

static uint32_t little_endian(const unsigned char *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static enum lopt_status truncated(const struct zstd *zstd, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "zstd data cut short after %llu bytes",
			      (unsigned long long)lopt_decoder_position(&zstd->decoder));
}

static enum lopt_status skip_frame(struct zstd *zstd, struct lopt_error *err)
{
	struct lopt_decoder *decoder = &zstd->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, 8, err));
	if (decoder->in_left < 8)
		return truncated(zstd, err);
	size_t size = little_endian(decoder->in + 4);
	lopt_decoder_take(decoder, 8);
	while (size) {
		LOPT_TRY(lopt_decoder_want(decoder, 1, err));
		if (decoder->in_left == 0)
			return truncated(zstd, err);
		size_t n = size < decoder->in_left ? size : decoder->in_left;
		lopt_decoder_take(decoder, n);
		size -= n;
	}
	return LOPT_OK;
}

/*
 * libzstd also reads skippable frames and the formats before 1.0, without telling which it was; the frames are
 * told apart here, so that only RFC 8878 is read and a stream of nothing but skippable frames is noticed.
 */
static enum lopt_status next_frame(struct zstd *zstd, struct lopt_error *err)
{
	struct lopt_decoder *decoder = &zstd->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, FRAME_HEADER_MAX, err));
	if (decoder->in_left == 0) {
		zstd->at_end = true;
		return zstd->any_frame ? LOPT_OK
				       : lopt_error_set(err, LOPT_E_INPUT, "zstd data without a single data frame");
	}
	uint32_t magic = decoder->in_left < 4 ? 0 : little_endian(decoder->in);
	if ((magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START)
		return skip_frame(zstd, err);
	if (magic != ZSTD_MAGICNUMBER)
		return lopt_error_set(err, LOPT_E_INPUT, "%s at byte %llu",
				      zstd->any_frame ? "bytes after the end of the zstd data" : "no zstd frame",
				      (unsigned long long)lopt_decoder_position(decoder));
	zstd->size = ZSTD_getFrameContentSize(decoder->in, decoder->in_left);
	zstd->made = 0;
	zstd->in_frame = true;
	zstd->fresh = true;
	zstd->any_frame = true;
	return LOPT_OK;
}

static enum lopt_status zstd_error(const struct zstd *zstd, size_t result, struct lopt_error *err)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return lopt_error_set(
			err, LOPT_E_LIMIT,
			"a zstd frame asks for a window of more than %llu bytes (--limit zstd_window_bytes=N)",
			(unsigned long long)zstd->window);
	case ZSTD_error_memory_allocation:
		return lopt_error_memory(err);
	case ZSTD_error_checksum_wrong:
		return lopt_error_set(err, LOPT_E_INPUT, "damaged zstd data: the checksum of a frame does not match");
	default:
		return lopt_error_set(err, LOPT_E_INPUT, "damaged zstd data before byte %llu: %s",
				      (unsigned long long)lopt_decoder_position(&zstd->decoder),
				      ZSTD_getErrorName(result));
	}
}

/* libzstd looks at the size in the header only when it gets the whole frame at once. */
static enum lopt_status check_size(const struct zstd *zstd, struct lopt_error *err)
{
	if (zstd->size == ZSTD_CONTENTSIZE_UNKNOWN || zstd->size == ZSTD_CONTENTSIZE_ERROR || zstd->size == zstd->made)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "damaged zstd data: a frame of %llu bytes holds %llu",
			      (unsigned long long)zstd->size, (unsigned long long)zstd->made);
}

static enum lopt_status decompress_some(struct zstd *zstd, unsigned char *to, size_t size, size_t *got,
					struct lopt_error *err)
{
	struct lopt_decoder *decoder = &zstd->decoder;
	LOPT_TRY(lopt_decoder_want(decoder, 1, err));
	bool ended = decoder->in_left == 0;
	/*
	 * A frame that libzstd gets at once is read by another part of it, which takes a little less for valid: what a
	 * frame holds would depend on how it arrives. So its first bytes always come by themselves.
	 */
	size_t most = zstd->fresh && decoder->in_left > FRAME_HEADER_MIN ? FRAME_HEADER_MIN : decoder->in_left;
	ZSTD_inBuffer in = { .src = decoder->in, .size = most };
	zstd->fresh = false;
	ZSTD_outBuffer out = { .dst = to, .size = size };
	size_t result = ZSTD_decompressStream(zstd->context, &out, &in);
	lopt_decoder_take(decoder, in.pos);
	*got = out.pos;
	if (ZSTD_isError(result))
		return zstd_error(zstd, result, err);
	zstd->made += *got;
	zstd->in_frame = result != 0;
	if (zstd->in_frame)
		return ended && *got == 0 ? truncated(zstd, err) : LOPT_OK;
	return check_size(zstd, err);
}

static enum lopt_status zstd_decode(struct lopt_decoder *decoder, unsigned char *to, size_t size, size_t *got,
				    struct lopt_error *err)
{
	struct zstd *zstd = (struct zstd *)decoder;
	*got = 0;
	while (*got == 0 && !zstd->at_end) {
		if (zstd->in_frame)
			LOPT_TRY(decompress_some(zstd, to, size, got, err));
		else
			LOPT_TRY(next_frame(zstd, err));
	}
	return LOPT_OK;
}

static void zstd_free(struct lopt_decoder *decoder)
{
	struct zstd *zstd = (struct zstd *)decoder;
	lopt_decoder_release(decoder);
	(void)ZSTD_freeDStream(zstd->context);
	free(zstd);
}

/* libzstd takes powers of two only: the largest one within the limit. */
static void limit_window(struct zstd *zstd, uint64_t bytes)
{
	ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
	int log = bounds.lowerBound;
	while (log < bounds.upperBound && (uint64_t)2 << log <= bytes)
		log++;
	(void)ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, log); /* within its bounds */
	zstd->window = (uint64_t)1 << log;
}

enum lopt_status lopt_zstd_open(struct lopt_stream **out, struct lopt_stream *below, const struct lopt_limits *limits,
				struct lopt_error *err)
{
	static const struct lopt_decoder_ops ops = { .decode = zstd_decode, .free = zstd_free };
	ZSTD_DStream *context = ZSTD_createDStream();
	struct zstd *zstd = context ? calloc(1, sizeof *zstd) : NULL;
	if (!zstd) {
		(void)ZSTD_freeDStream(context);
		return lopt_error_memory(err);
	}
	zstd->context = context;
	limit_window(zstd, limits->zstd_window_bytes);
	return lopt_decoder_open(out, &zstd->decoder, &ops, below, limits, err);
}
