/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CODEC_CODEC_H
#define LAYEROPT_CODEC_CODEC_H

#include "io/stream.h"
#include "layeropt/limits.h"
#include "layeropt/str.h"

/**
 * Compressions, by magic number (media types are never trusted).
 *
 * gzip: RFC 1952; many members in a row are one stream (pigz, eStargz); CRC-32 and length of every member are checked.
 * zstd: RFC 8878; many frames, skippable frames in between; content checksums are checked; at least one data frame.
 * Bytes after the last member are an error, as in every engine. ISA-L inflates where it was built in, else zlib.
 */
enum lopt_codec {
	LOPT_CODEC_PLAIN, /* none of the others */
	LOPT_CODEC_GZIP,
	LOPT_CODEC_ZSTD,
	LOPT_CODEC_XZ,	     /* recognised, to be refused by name (rule P2) */
	LOPT_CODEC_BZIP2,    /* likewise */
	LOPT_CODEC_LZ4,	     /* likewise */
	LOPT_CODEC_COMPRESS, /* likewise */
};

/** By the first bytes; a zstd stream may start with a skippable frame. */
enum lopt_codec lopt_codec_detect(const void *head, size_t size);

/** "gzip", "zstd", "xz", ... ; "none" for plain. */
const char *lopt_codec_name(enum lopt_codec codec);

/** What a refused file looks like: "zip", "7-Zip", "JPEG", "ELF", "PDF", ... or NULL when nothing is known. */
const char *lopt_codec_guess(const void *head, size_t size);

/**
 * A stream of the decompressed bytes of `below`, which must stay until `*out` is freed. Only gzip and zstd.
 * Enforces the window and bomb limits (LOPT_E_LIMIT). At its end `below` has been read to its end.
 * `tolerate_zero_padding`: NUL bytes after the last gzip member are passed over (an outer archive, case A17).
 */
LOPT_CHECKED enum lopt_status lopt_codec_open(struct lopt_stream **out, enum lopt_codec codec,
					      struct lopt_stream *below, const struct lopt_limits *limits,
					      bool tolerate_zero_padding, struct lopt_error *err);
/** Frees what lopt_codec_open made; NULL is fine. */
void lopt_codec_close(struct lopt_stream *stream);

#endif
