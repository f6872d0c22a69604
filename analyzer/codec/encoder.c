/* SPDX-License-Identifier: MIT */
#include "codec/encoder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"

enum { OUTPUT = 128 * 1024 };

struct lopt_encoder {
	struct lopt_sink sink;
	struct lopt_sink *below;
	enum lopt_codec codec;
	z_stream gzip;
	ZSTD_CCtx *zstd;
	unsigned char output[OUTPUT];
};

/* --- what is asked for --- */

static const struct {
	const char *name;
	enum lopt_codec codec;
	int level, level_max; /* 0: it has none */
} kinds[] = {
	{ "none", LOPT_CODEC_PLAIN, 0, 0 },
	{ "gzip", LOPT_CODEC_GZIP, 6, 9 },
	{ "zstd", LOPT_CODEC_ZSTD, 3, 19 },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static size_t kind_of(enum lopt_codec codec)
{
	size_t i = 0;
	while (i < KINDS && kinds[i].codec != codec)
		i++;
	return i;
}

/* One or two digits; 0 for anything else. */
static int parse_level(const char *text)
{
	int level = 0;
	size_t len = strlen(text);
	for (size_t i = 0; i < len && len <= 2; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		level = level * 10 + (text[i] - '0');
	}
	return level;
}

enum lopt_status lopt_compression_parse(struct lopt_compression *out, const char *text, struct lopt_error *err)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	for (size_t i = 0; i < KINDS; i++) {
		if (strlen(kinds[i].name) != len || memcmp(kinds[i].name, text, len) != 0)
			continue;
		*out = (struct lopt_compression){ kinds[i].codec, colon ? parse_level(colon + 1) : kinds[i].level };
		if (!colon || (out->level >= 1 && out->level <= kinds[i].level_max))
			return LOPT_OK;
		if (kinds[i].level_max == 0)
			return lopt_error_set(err, LOPT_E_USAGE, "%.200s: %s has no levels", text, kinds[i].name);
		return lopt_error_set(err, LOPT_E_USAGE, "%.200s: levels of %s are 1 to %d", text, kinds[i].name,
				      kinds[i].level_max);
	}
	return lopt_error_set(err, LOPT_E_USAGE, "%.200s: unknown compression; it is one of none, gzip, zstd", text);
}

/* --- gzip --- */

static enum lopt_status deflate_all(struct lopt_encoder *encoder, int flush, struct lopt_error *err)
{
	z_stream *z = &encoder->gzip;
	int result = Z_OK;
	do {
		z->next_out = encoder->output;
		z->avail_out = OUTPUT;
		result = deflate(z, flush);
		if (result == Z_STREAM_ERROR)
			return lopt_error_set(err, LOPT_E_BUG, "zlib: a stream out of order");
		LOPT_TRY(lopt_sink_write(encoder->below, encoder->output, OUTPUT - z->avail_out, err));
	} while (z->avail_out == 0);
	return LOPT_OK;
}

static enum lopt_status write_gzip(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	struct lopt_encoder *encoder = (struct lopt_encoder *)sink;
	const unsigned char *at = bytes;
	while (size) {
		uInt part = size < UINT_MAX ? (uInt)size : UINT_MAX;
		encoder->gzip.next_in = (Bytef *)(uintptr_t)at;
		encoder->gzip.avail_in = part;
		LOPT_TRY(deflate_all(encoder, Z_NO_FLUSH, err));
		at += part;
		size -= part;
	}
	return LOPT_OK;
}

static enum lopt_status open_gzip(struct lopt_encoder *encoder, int level, struct lopt_error *err)
{
	enum { GZIP_WRAPPER = 16, MEMORY = 8, SYSTEM_UNKNOWN = 255 };
	static gz_header header = { .os = SYSTEM_UNKNOWN };
	if (deflateInit2(&encoder->gzip, level, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, MEMORY, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return lopt_error_memory(err);
	(void)deflateSetHeader(&encoder->gzip, &header); /* fails only for a stream of another kind */
	return LOPT_OK;
}

/* --- zstd --- */

static enum lopt_status compress_all(struct lopt_encoder *encoder, ZSTD_inBuffer *input, ZSTD_EndDirective end,
				     struct lopt_error *err)
{
	size_t left;
	do {
		ZSTD_outBuffer output = { encoder->output, OUTPUT, 0 };
		left = ZSTD_compressStream2(encoder->zstd, &output, input, end);
		if (ZSTD_isError(left))
			return lopt_error_set(err, LOPT_E_SYSTEM, "zstd: %s", ZSTD_getErrorName(left));
		LOPT_TRY(lopt_sink_write(encoder->below, encoder->output, output.pos, err));
	} while (end == ZSTD_e_end ? left != 0 : input->pos < input->size);
	return LOPT_OK;
}

static enum lopt_status write_zstd(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	ZSTD_inBuffer input = { bytes, size, 0 };
	return size ? compress_all((struct lopt_encoder *)sink, &input, ZSTD_e_continue, err) : LOPT_OK;
}

static enum lopt_status open_zstd(struct lopt_encoder *encoder, int level, struct lopt_error *err)
{
	encoder->zstd = ZSTD_createCCtx();
	if (!encoder->zstd || ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_checksumFlag, 1)))
		return lopt_error_memory(err);
	return LOPT_OK;
}

/* --- all of them --- */

static enum lopt_status write_plain(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	return lopt_sink_write(((struct lopt_encoder *)sink)->below, bytes, size, err);
}

static enum lopt_status open_kind(struct lopt_encoder *encoder, const struct lopt_compression *how,
				  struct lopt_error *err)
{
	static const struct lopt_sink_ops plain = { .write = write_plain }, gzip = { .write = write_gzip },
					  zstd = { .write = write_zstd };
	size_t kind = kind_of(how->codec);
	if (kind == KINDS)
		return lopt_error_set(err, LOPT_E_BUG, "a compression that is not written");
	int level = how->level == LOPT_LEVEL_DEFAULT ? kinds[kind].level : how->level;
	encoder->codec = how->codec;
	encoder->sink.ops = &plain;
	if (how->codec == LOPT_CODEC_GZIP) {
		LOPT_TRY(open_gzip(encoder, level, err));
		encoder->sink.ops = &gzip;
	} else if (how->codec == LOPT_CODEC_ZSTD) {
		LOPT_TRY(open_zstd(encoder, level, err));
		encoder->sink.ops = &zstd;
	}
	return LOPT_OK;
}

enum lopt_status lopt_encoder_open(struct lopt_encoder **out, const struct lopt_compression *how,
				   struct lopt_sink *below, struct lopt_error *err)
{
	struct lopt_encoder *encoder = calloc(1, sizeof *encoder);
	if (!encoder)
		return lopt_error_memory(err);
	encoder->below = below;
	enum lopt_status status = open_kind(encoder, how, err);
	if (status == LOPT_OK)
		*out = encoder;
	else
		lopt_encoder_free(encoder);
	return status;
}

struct lopt_sink *lopt_encoder_sink(struct lopt_encoder *encoder)
{
	return &encoder->sink;
}

enum lopt_status lopt_encoder_finish(struct lopt_encoder *encoder, struct lopt_error *err)
{
	ZSTD_inBuffer nothing = { NULL, 0, 0 };
	if (encoder->codec == LOPT_CODEC_GZIP)
		return deflate_all(encoder, Z_FINISH, err);
	return encoder->codec == LOPT_CODEC_ZSTD ? compress_all(encoder, &nothing, ZSTD_e_end, err) : LOPT_OK;
}

void lopt_encoder_free(struct lopt_encoder *encoder)
{
	if (!encoder)
		return;
	if (encoder->codec == LOPT_CODEC_GZIP)
		(void)deflateEnd(&encoder->gzip);
	ZSTD_freeCCtx(encoder->zstd);
	free(encoder);
}
