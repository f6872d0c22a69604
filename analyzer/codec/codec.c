/* SPDX-License-Identifier: MIT */
#include "codec/codec.h"

#include <string.h>

#include "codec/decoder.h"
#include "codec/gzip.h"

/* Where in a file which bytes stand. */
struct magic {
	const char *name;
	const char *bytes;
	unsigned char at;
	unsigned char size;
};

#define MAGIC_AT(name, at, bytes)                 \
	{                                         \
		name, bytes, at, sizeof bytes - 1 \
	}
#define MAGIC(name, bytes) MAGIC_AT(name, 0, bytes)

static bool magic_fits(const struct magic *magic, const unsigned char *head, size_t size)
{
	return size >= (size_t)magic->at + magic->size && memcmp(head + magic->at, magic->bytes, magic->size) == 0;
}

/* A tar may start with any file name, so a printable magic number has to be a long one. */
static const struct {
	enum lopt_codec codec;
	struct magic magic;
} codecs[] = {
	{ LOPT_CODEC_GZIP, MAGIC("gzip", "\x1f\x8b") },
	{ LOPT_CODEC_ZSTD, MAGIC("zstd", "\x28\xb5\x2f\xfd") },
	{ LOPT_CODEC_ZSTD, MAGIC_AT("zstd", 1, "\x2a\x4d\x18") }, /* skippable frame of 0x50 to 0x5f */
	{ LOPT_CODEC_XZ, MAGIC("xz", "\xfd"
				     "7zXZ\0") },
	{ LOPT_CODEC_BZIP2, MAGIC_AT("bzip2", 4, "1AY&SY") },			/* after "BZh" and a digit */
	{ LOPT_CODEC_BZIP2, MAGIC_AT("bzip2", 4, "\x17\x72\x45\x38\x50\x90") }, /* of nothing */
	{ LOPT_CODEC_LZ4, MAGIC("lz4", "\x04\x22\x4d\x18") },
	{ LOPT_CODEC_LZ4, MAGIC("lz4", "\x02\x21\x4c\x18") },
	{ LOPT_CODEC_COMPRESS, MAGIC("compress", "\x1f\x9d") },
};

/* The bytes in front of a magic number that does not start the file. */
static bool front_fits(enum lopt_codec codec, size_t at, const unsigned char *head)
{
	if (at == 0)
		return true;
	if (codec == LOPT_CODEC_ZSTD)
		return (head[0] & 0xf0) == 0x50;
	return memcmp(head, "BZh", 3) == 0 && head[3] >= '1' && head[3] <= '9';
}

enum lopt_codec lopt_codec_detect(const void *head, size_t size)
{
	for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (magic_fits(&codecs[i].magic, head, size) && front_fits(codecs[i].codec, codecs[i].magic.at, head))
			return codecs[i].codec;
	return LOPT_CODEC_PLAIN;
}

const char *lopt_codec_name(enum lopt_codec codec)
{
	for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (codecs[i].codec == codec)
			return codecs[i].magic.name;
	return "none";
}

/* Longer ones first where one starts another. */
static const struct magic guesses[] = {
	MAGIC("zip", "PK\3\4"),
	MAGIC("zip", "PK\5\6"),
	MAGIC("7-Zip", "7z\xbc\xaf\x27\x1c"),
	MAGIC("RAR", "Rar!\x1a\x07"),
	MAGIC("xar", "xar!"),
	MAGIC("lzip", "LZIP"),
	MAGIC("lzop", "\x89LZO"),
	MAGIC("lzma", "\x5d\0\0"),
	MAGIC("cpio", "070701"),
	MAGIC("cpio", "070702"),
	MAGIC("cpio", "070707"),
	MAGIC("cpio", "\xc7\x71"),
	MAGIC("cpio", "\x71\xc7"),
	MAGIC("Debian package", "!<arch>\ndebian-binary"),
	MAGIC("ar", "!<arch>\n"),
	MAGIC("RPM package", "\xed\xab\xee\xdb"),
	MAGIC("ELF", "\x7f"
		     "ELF"),
	MAGIC("JPEG", "\xff\xd8\xff"),
	MAGIC("PNG", "\x89PNG\r\n\x1a\n"),
	MAGIC("GIF", "GIF87a"),
	MAGIC("GIF", "GIF89a"),
	MAGIC("PDF", "%PDF-"),
	MAGIC("SquashFS", "hsqs"),
	MAGIC("QCOW2", "QFI\xfb"),
	MAGIC("SQLite", "SQLite format 3\0"),
	MAGIC("Git LFS pointer", "version https://git-lfs"),
	MAGIC("script", "#!"),
	MAGIC("XML", "<?xml"),
	MAGIC("HTML", "<!DOCTYPE"),
	MAGIC("HTML", "<!doctype"),
	MAGIC("HTML", "<html"),
};

static bool looks_like_json(const unsigned char *head, size_t size)
{
	size_t at = 0;
	while (at < size && (head[at] == ' ' || (head[at] >= '\t' && head[at] <= '\r')))
		at++;
	return at < size && (head[at] == '{' || head[at] == '[');
}

const char *lopt_codec_guess(const void *head, size_t size)
{
	enum lopt_codec codec = lopt_codec_detect(head, size);
	if (codec != LOPT_CODEC_PLAIN)
		return lopt_codec_name(codec);
	for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++)
		if (magic_fits(&guesses[i], head, size))
			return guesses[i].name;
	return looks_like_json(head, size) ? "JSON" : NULL;
}

enum lopt_status lopt_codec_open(struct lopt_stream **out, enum lopt_codec codec, struct lopt_stream *below,
				 const struct lopt_limits *limits, bool tolerate_zero_padding, struct lopt_error *err)
{
	if (codec == LOPT_CODEC_GZIP)
		return lopt_gzip_open(out, lopt_inflater_default(), below, limits, tolerate_zero_padding, err);
	if (codec == LOPT_CODEC_ZSTD)
		return lopt_zstd_open(out, below, limits, err);
	return lopt_error_set(err, LOPT_E_INPUT, "%s compression is not supported (gzip and zstd are)",
			      lopt_codec_name(codec));
}

void lopt_codec_close(struct lopt_stream *stream)
{
	struct lopt_decoder *decoder = (struct lopt_decoder *)stream;
	if (decoder)
		decoder->ops->free(decoder);
}
