/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CODEC_ENCODER_H
#define LAYEROPT_CODEC_ENCODER_H

#include "codec/codec.h"
#include "io/sink.h"

/**
 * Compressing, so that the same bytes with the same library always give the same bytes: one gzip member whose header holds
 * no time, name or system, or one zstd frame with a checksum; a single thread.
 */
enum { LOPT_LEVEL_DEFAULT = 0 }; /* gzip: 6; zstd: 3 */

struct lopt_compression {
	enum lopt_codec codec; /* plain, gzip or zstd */
	int level;	       /* gzip: 1 to 9; zstd: 1 to 19 */
};

/** "none", "gzip", "zstd", with ":LEVEL" behind the last two; LOPT_E_USAGE when it is none of these. */
LOPT_CHECKED enum lopt_status lopt_compression_parse(struct lopt_compression *out, const char *text,
						     struct lopt_error *err);

struct lopt_encoder;

/** `below` must stay until the encoder is freed. Plain passes bytes on. */
LOPT_CHECKED enum lopt_status lopt_encoder_open(struct lopt_encoder **out, const struct lopt_compression *how,
						struct lopt_sink *below, struct lopt_error *err);
/** Where to write. */
struct lopt_sink *lopt_encoder_sink(struct lopt_encoder *encoder);
/** No more will come: write what is left. */
LOPT_CHECKED enum lopt_status lopt_encoder_finish(struct lopt_encoder *encoder, struct lopt_error *err);
/** NULL is fine. */
void lopt_encoder_free(struct lopt_encoder *encoder);

#endif
