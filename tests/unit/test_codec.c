/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "codec/codec.h"
#include "codec/gzip.h"

/* A stream that gives a few bytes at a time. */
struct dribble {
	struct lopt_stream stream;
	const unsigned char *at;
	size_t left;
	size_t piece;
};

static enum lopt_status dribble_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				     struct lopt_error *err)
{
	(void)err;
	struct dribble *dribble = (struct dribble *)stream;
	*got = size < dribble->piece ? size : dribble->piece;
	if (*got > dribble->left)
		*got = dribble->left;
	if (*got)
		memcpy(to, dribble->at, *got);
	dribble->at += *got;
	dribble->left -= *got;
	return LOPT_OK;
}

static struct lopt_stream *dribble_init(struct dribble *dribble, const struct lopt_buf *bytes, size_t piece)
{
	static const struct lopt_stream_ops ops = { .read = dribble_read };
	*dribble = (struct dribble){ { &ops }, (const unsigned char *)bytes->data, bytes->len, piece };
	return &dribble->stream;
}

/* Something to compress: runs, noise, and matches far back. */
enum { PLAIN = 200000 };
static unsigned char plain[PLAIN];

static int make_plain(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (size_t i = 0; i < PLAIN; i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = (unsigned char)(i % 5000 < 2000 ? seed >> 24 : i % 5000 < 3000 ? 'x' : i / 16);
		if (i > 32768 && i % 50000 < 20000)
			plain[i] = plain[i - 32768];
	}
	return 0;
}

/* Writing gzip by hand: every field can be wrong. */

struct member {
	const char *header; /* NULL: the usual ten bytes */
	size_t header_size;
	const unsigned char *data;
	size_t size;
	int level;
	uint32_t crc_off; /* added to the right value */
	uint32_t length_off;
};

static void add_le32(struct lopt_buf *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		lopt_buf_char(out, (char)(value >> (8 * i) & 0xff));
}

static void add_deflate(struct lopt_buf *out, const unsigned char *data, size_t size, int level)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	size_t bound = deflateBound(&z, size);
	char *to = lopt_buf_reserve(out, bound);
	assert_non_null(to);
	z.next_in = (unsigned char *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	z.next_out = (unsigned char *)to;
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len += bound - z.avail_out;
	(void)deflateEnd(&z);
}

static void add_member(struct lopt_buf *out, const struct member *m)
{
	static const char usual[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff";
	lopt_buf_add(out, m->header ? m->header : usual, m->header ? m->header_size : sizeof usual - 1);
	add_deflate(out, m->data, m->size, m->level);
	add_le32(out, (uint32_t)crc32(crc32(0, NULL, 0), m->data, (uInt)m->size) + m->crc_off);
	add_le32(out, (uint32_t)m->size + m->length_off);
}

static void add_plain_member(struct lopt_buf *out, const void *data, size_t size)
{
	add_member(out, &(struct member){ .data = data, .size = size, .level = 6 });
}

/* Reading it with each inflater, and zstd. */

static const struct lopt_inflater *const inflaters[] = {
	&lopt_inflater_zlib,
#ifdef LOPT_HAVE_ISAL
	&lopt_inflater_isal,
#endif
};

struct options {
	const struct lopt_inflater *inflater; /* NULL: zstd */
	const struct lopt_limits *limits;
	bool tolerate;
	size_t piece; /* of the input; 0: any */
	size_t step;  /* of the output; 0: any */
};

/* Decompress to `out`, appended. */
static enum lopt_status decompress(struct lopt_buf *out, const struct lopt_buf *in, const struct options *options,
				   struct lopt_error *err)
{
	struct dribble dribble;
	struct lopt_stream *below = dribble_init(&dribble, in, options->piece ? options->piece : SIZE_MAX);
	const struct lopt_limits *limits = options->limits ? options->limits : lopt_limits_default();
	struct lopt_stream *stream = NULL;
	enum lopt_status status;
	if (options->inflater)
		status = lopt_gzip_open(&stream, options->inflater, below, limits, options->tolerate, err);
	else
		status = lopt_codec_open(&stream, LOPT_CODEC_ZSTD, below, limits, options->tolerate, err);
	assert_int_equal(status, LOPT_OK);
	size_t step = options->step ? options->step : (size_t)1 << 18;
	size_t got;
	do {
		char *to = lopt_buf_reserve(out, step);
		assert_non_null(to);
		status = lopt_stream_read(stream, to, step, &got, err);
		if (status == LOPT_OK)
			out->len += got;
	} while (status == LOPT_OK && got);
	if (status == LOPT_OK) {
		char c;
		assert_int_equal(dribble.left, 0);
		assert_int_equal(lopt_stream_read(stream, &c, 1, &got, err), LOPT_OK);
		assert_int_equal(got, 0);
	}
	lopt_codec_close(stream);
	return status;
}

static void check_good(const struct lopt_buf *in, const struct options *options, const void *want, size_t size)
{
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
	struct lopt_error err = { 0 };
	if (decompress(&out, in, options, &err) != LOPT_OK)
		fail_msg("%s: %s", options->inflater ? options->inflater->name : "zstd", err.message);
	assert_int_equal(out.len, size);
	if (size)
		assert_memory_equal(out.data, want, size);
	lopt_buf_release(&out);
}

static void check_bad(const struct lopt_buf *in, const struct options *options, enum lopt_status want, const char *says)
{
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
	struct lopt_error err = { 0 };
	assert_int_equal(decompress(&out, in, options, &err), want);
	assert_int_equal(err.status, want);
	if (!strstr(err.message, says))
		fail_msg("\"%s\" does not say \"%s\"", err.message, says);
	lopt_buf_release(&out);
}

#define EACH_INFLATER(it)                                                               \
	for (size_t it##_ = 0; it##_ < sizeof inflaters / sizeof inflaters[0]; it##_++) \
		for (const struct lopt_inflater *it = inflaters[it##_]; it; it = NULL)

static void gzip_in_any_pieces(void **state)
{
	(void)state;
	static const int levels[] = { 0, 1, 6, 9 };
	static const struct {
		size_t piece;
		size_t step;
		size_t size;
	} cases[] = {
		{ 0, 0, PLAIN },      { 0, 7, PLAIN },	       { 0, 333, PLAIN },    { 0, 65536, PLAIN },
		{ 0, 131072, PLAIN }, { 1000, 131072, PLAIN }, { 1000, 100, PLAIN }, { 1, 0, 20000 },
		{ 1, 1, 20000 },      { 7, 333, 40000 },       { 7, 131072, 40000 },
	};
	for (size_t i = 0; i < 4 * sizeof cases / sizeof cases[0]; i++) {
		size_t size = cases[i / 4].size;
		struct options options = { .piece = cases[i / 4].piece, .step = cases[i / 4].step };
		struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
		add_member(&in, &(struct member){ .data = plain, .size = size, .level = levels[i % 4] });
		EACH_INFLATER(inflater)
		{
			options.inflater = inflater;
			check_good(&in, &options, plain, size);
		}
		lopt_buf_release(&in);
	}
}

static void gzip_headers_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
	} headers[] = {
#define HEADER(flags, rest) { "\x1f\x8b\x08" flags "\1\2\3\4\2\3" rest, 10 + sizeof rest - 1 }
		HEADER("\x01", ""), /* FTEXT */
		HEADER("\x08", "name\0"),   HEADER("\x08", "\0"),   HEADER("\x10", "a comment\0"),
		HEADER("\x04", "\3\0abc"),  HEADER("\x04", "\0\0"), HEADER("\x1c", "\3\0abcname\0comment\0"),
		HEADER("\x02", "\x41\xb5"), /* FHCRC */
	};
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
		char bytes[64];
		memcpy(bytes, headers[i].bytes, headers[i].size);
		if (bytes[3] & 2) {
			uint32_t crc =
				(uint32_t)crc32(crc32(0, NULL, 0), (unsigned char *)bytes, (uInt)headers[i].size - 2);
			bytes[headers[i].size - 2] = (char)(crc & 0xff);
			bytes[headers[i].size - 1] = (char)(crc >> 8 & 0xff);
		}
		add_member(&in, &(struct member){ bytes, headers[i].size, plain, 1000, 6, 0, 0 });
		EACH_INFLATER(inflater)
		{
			check_good(&in, &(struct options){ .inflater = inflater }, plain, 1000);
			check_good(&in, &(struct options){ .inflater = inflater, .piece = 1 }, plain, 1000);
		}
		lopt_buf_release(&in);
	}
}

static void gzip_headers_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *says;
	} cases[] = {
#define BAD(bytes, says) { bytes, sizeof bytes - 1, says }
		BAD("\x1f\x8c\x08\0\0\0\0\0\0\xff", "no gzip header"),
		BAD("\x1f\x8b\x07\0\0\0\0\0\0\xff", "not deflate"),
		BAD("\x1f\x8b\x08\x20\0\0\0\0\0\xff", "reserved"),
		BAD("\x1f\x8b\x08\x80\0\0\0\0\0\xff", "reserved"),
		BAD("\x1f\x8b\x08\x02\0\0\0\0\0\xff\0\0", "checksum of the header"),
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
		add_member(&in, &(struct member){ cases[i].bytes, cases[i].size, plain, 1000, 6, 0, 0 });
		EACH_INFLATER(inflater)
		check_bad(&in, &(struct options){ .inflater = inflater }, LOPT_E_INPUT, cases[i].says);
		lopt_buf_release(&in);
	}
}

static void gzip_members_are_one_stream(void **state)
{
	(void)state;
	static const size_t pieces[] = { 0, 1, 2, 3, 5, 8, 13, 4096 };
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	size_t at = 0;
	for (size_t i = 0; at < 50000; i++) {
		size_t size = i % 7 == 3 ? 0 : i % 5 * 1000 + i;
		add_plain_member(&in, plain + at, size);
		at += size;
	}
	EACH_INFLATER(inflater)
	for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
		check_good(&in, &(struct options){ .inflater = inflater, .piece = pieces[p] }, plain, at);
		check_good(&in, &(struct options){ .inflater = inflater, .piece = pieces[p], .step = 100 }, plain, at);
	}
	lopt_buf_release(&in);
}

static void empty_gzip_members_are_fine(void **state)
{
	(void)state;
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	for (int i = 0; i < 3000; i++)
		add_plain_member(&in, "", 0);
	EACH_INFLATER(inflater)
	check_good(&in, &(struct options){ .inflater = inflater }, "", 0);
	lopt_buf_release(&in);
}

static void gzip_cut_anywhere_is_an_error(void **state)
{
	(void)state;
	struct lopt_buf whole = LOPT_BUF_INIT(SIZE_MAX);
	static const char header[] = "\x1f\x8b\x08\x1c\0\0\0\0\0\xff\3\0abcname\0comment\0";
	add_member(&whole, &(struct member){ header, sizeof header - 1, plain + 1800, 800, 6, 0, 0 });
	size_t first = whole.len;
	add_member(&whole, &(struct member){ header, sizeof header - 1, plain + 1800, 800, 1, 0, 0 });
	for (size_t len = 0; len < whole.len; len++) {
		struct lopt_buf cut = { .data = whole.data, .len = len };
		if (len == first)
			continue;
		EACH_INFLATER(inflater)
		{
			const char *says = len == first + 1 ? "bytes after the end" : "cut short";
			check_bad(&cut, &(struct options){ .inflater = inflater }, LOPT_E_INPUT, says);
			if (len % 5 == 0)
				check_bad(&cut, &(struct options){ .inflater = inflater, .piece = 1 }, LOPT_E_INPUT,
					  says);
		}
	}
	lopt_buf_release(&whole);
}

static void gzip_checksums_are_checked(void **state)
{
	(void)state;
	for (int second = 0; second < 2; second++) {
		for (int what = 0; what < 2; what++) {
			struct member good = { .data = plain, .size = 1000, .level = 6 };
			struct member bad = good;
			bad.crc_off = what == 0;
			bad.length_off = what == 1;
			struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
			add_member(&in, second ? &good : &bad);
			add_member(&in, second ? &bad : &good);
			EACH_INFLATER(inflater)
			check_bad(&in, &(struct options){ .inflater = inflater }, LOPT_E_INPUT,
				  what ? "length does not match" : "CRC-32 does not match");
			lopt_buf_release(&in);
		}
	}
}

/* Whatever bit is turned: an error, or the same bytes (the time in the header, another distance with the same bytes). */
static void turned_bits_are_noticed(void **state)
{
	(void)state;
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	add_plain_member(&in, plain + 1900, 600);
	for (size_t bit = 0; bit < in.len * 8; bit++) {
		in.data[bit / 8] = (char)(in.data[bit / 8] ^ 1 << bit % 8);
		EACH_INFLATER(inflater)
		{
			struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
			enum lopt_status status =
				decompress(&out, &in, &(struct options){ .inflater = inflater }, NULL);
			assert_true(status == LOPT_OK || status == LOPT_E_INPUT);
			if (status == LOPT_OK) {
				assert_int_equal(out.len, 600);
				assert_memory_equal(out.data, plain + 1900, 600);
			}
			lopt_buf_release(&out);
		}
		in.data[bit / 8] = (char)(in.data[bit / 8] ^ 1 << bit % 8);
	}
	lopt_buf_release(&in);
}

static void bytes_after_gzip_are_an_error(void **state)
{
	(void)state;
	static const struct {
		const char *tail;
		size_t size;
		enum lopt_status strict;
		enum lopt_status tolerant;
	} cases[] = {
		{ "\0", 1, LOPT_E_INPUT, LOPT_OK },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, LOPT_E_INPUT, LOPT_OK },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x", 20, LOPT_E_INPUT, LOPT_E_INPUT },
		{ "x", 1, LOPT_E_INPUT, LOPT_E_INPUT },
		{ "\x1f", 1, LOPT_E_INPUT, LOPT_E_INPUT },
		{ "\x1f\x8b", 2, LOPT_E_INPUT, LOPT_E_INPUT },
		{ "\x1f\x8c", 2, LOPT_E_INPUT, LOPT_E_INPUT },
		{ "\x28\xb5\x2f\xfd", 4, LOPT_E_INPUT, LOPT_E_INPUT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
		add_plain_member(&in, plain, 1000);
		lopt_buf_add(&in, cases[i].tail, cases[i].size);
		EACH_INFLATER(inflater)
		for (int tolerate = 0; tolerate < 2; tolerate++) {
			struct options options = { .inflater = inflater, .tolerate = tolerate, .piece = i % 2 };
			struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
			assert_int_equal(decompress(&out, &in, &options, NULL),
					 tolerate ? cases[i].tolerant : cases[i].strict);
			lopt_buf_release(&out);
		}
		lopt_buf_release(&in);
	}
}

static void matches_do_not_reach_into_the_member_before(void **state)
{
	(void)state;
	/* Fixed block: a match of length 3 at distance 1 where nothing is yet, then the end. */
	static const char bad[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\x02\0\0\0\0\0\0\0\0\0\0";
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	add_plain_member(&in, plain, 1000);
	lopt_buf_add(&in, bad, sizeof bad - 1);
	EACH_INFLATER(inflater)
	check_bad(&in, &(struct options){ .inflater = inflater }, LOPT_E_INPUT, "no valid deflate data");
	lopt_buf_release(&in);
}

/* zstd. */

static void add_frame(struct lopt_buf *out, const void *data, size_t size, bool checksum, int window_log, bool pledge)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	assert_non_null(context);
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum);
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, pledge);
	if (window_log)
		(void)ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
	size_t bound = ZSTD_compressBound(size) + 100;
	ZSTD_outBuffer to = { lopt_buf_reserve(out, bound), bound, 0 };
	ZSTD_inBuffer from = { data, size, 0 };
	assert_non_null(to.dst);
	if (!pledge) /* streaming start, so that the window is written as asked for */
		assert_false(ZSTD_isError(ZSTD_compressStream2(context, &to, &from, ZSTD_e_flush)));
	assert_int_equal(ZSTD_compressStream2(context, &to, &from, ZSTD_e_end), 0);
	out->len += to.pos;
	(void)ZSTD_freeCCtx(context);
}

static void add_skippable(struct lopt_buf *out, uint32_t kind, const void *data, size_t size)
{
	add_le32(out, 0x184d2a50 + kind);
	add_le32(out, (uint32_t)size);
	lopt_buf_add(out, data, size);
}

static void zstd_frames_are_one_stream(void **state)
{
	(void)state;
	static const size_t pieces[] = { 0, 1, 3, 9, 4096 };
	static const size_t steps[] = { 0, 1, 100, 131072 };
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	add_skippable(&in, 0, plain, 5000);
	add_frame(&in, plain, 150000, true, 0, true);
	add_skippable(&in, 15, "", 0);
	add_frame(&in, plain + 150000, 0, false, 0, true);
	add_frame(&in, plain + 150000, 1000, false, 0, false);
	add_skippable(&in, 7, plain, 150000);
	assert_int_equal(lopt_codec_detect(in.data, in.len), LOPT_CODEC_ZSTD);
	for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++)
		for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
			check_good(&in, &(struct options){ .piece = pieces[p], .step = steps[s] }, plain, 151000);
	lopt_buf_release(&in);
}

static void zstd_cut_anywhere_is_an_error(void **state)
{
	(void)state;
	struct lopt_buf whole = LOPT_BUF_INIT(SIZE_MAX);
	add_frame(&whole, plain, 1000, true, 0, true);
	size_t first = whole.len;
	add_skippable(&whole, 1, "abc", 3);
	size_t second = whole.len;
	add_frame(&whole, plain, 1000, false, 0, false);
	for (size_t len = 0; len < whole.len; len++) {
		struct lopt_buf cut = { .data = whole.data, .len = len };
		if (len == first || len == second)
			continue;
		check_bad(&cut, &(struct options){ .piece = len % 2 }, LOPT_E_INPUT, "");
	}
	lopt_buf_release(&whole);
}

static void wrong_zstd_is_an_error(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		bool after_a_frame;
		const char *says;
	} cases[] = {
		{ "", 0, false, "without a single data frame" },
		{ "\x28\xb5\x2f\xfd", 4, false, "cut short" },
		{ "\x50\x2a\x4d\x18\2\0\0\0ab", 10, false, "without a single data frame" },
		{ "\x50\x2a\x4d\x18\3\0\0\0ab", 10, false, "cut short" },
		{ "\x50\x2a\x4d\x18\3\0", 6, true, "cut short" },
		{ "\0", 1, true, "bytes after the end" },
		{ "\0\0\0\0\0\0\0\0", 8, true, "bytes after the end" },
		{ "garbage", 7, true, "bytes after the end" },
		{ "\x28\xb5\x2f", 3, true, "bytes after the end" },
		{ "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10, true, "bytes after the end" },
		{ "\x27\xb5\x2f\xfd\0\0\0\0\0", 9, false, "no zstd frame" }, /* before 1.0 */
		{ "\x28\xb5\x2f\xfd\x08\0\0\0\0", 9, false, "damaged" },     /* reserved bit */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
		if (cases[i].after_a_frame)
			add_frame(&in, plain, 1000, true, 0, true);
		lopt_buf_add(&in, cases[i].bytes, cases[i].size);
		for (size_t piece = 0; piece < 2; piece++)
			check_bad(&in, &(struct options){ .piece = piece, .tolerate = true }, LOPT_E_INPUT,
				  cases[i].says);
		lopt_buf_release(&in);
	}
}

static void zstd_checksums_and_sizes_are_checked(void **state)
{
	(void)state;
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	add_frame(&in, plain, 1000, true, 0, true);
	in.data[in.len - 1] ^= 1;
	check_bad(&in, &(struct options){ 0 }, LOPT_E_INPUT, "checksum");
	lopt_buf_release(&in);
	/* The size in the header: magic number, descriptor, then size - 256. */
	add_frame(&in, plain, 1000, false, 0, true);
	assert_int_equal((unsigned char)in.data[5], (1000 - 256) & 0xff);
	in.data[5] ^= 1;
	for (size_t piece = 0; piece < 2; piece++)
		check_bad(&in, &(struct options){ .piece = piece, .step = 100 }, LOPT_E_INPUT, "damaged zstd data");
	lopt_buf_release(&in);
}

static void zstd_windows_are_limited(void **state)
{
	(void)state;
	static const struct {
		int window_log;
		uint64_t limit;
		enum lopt_status want;
	} cases[] = {
		{ 27, 128 << 20, LOPT_OK },	 { 27, (128 << 20) - 1, LOPT_E_LIMIT },
		{ 28, 128 << 20, LOPT_E_LIMIT }, { 28, 256 << 20, LOPT_OK },
		{ 18, 1 << 18, LOPT_OK },	 { 19, 1 << 18, LOPT_E_LIMIT },
		{ 11, 0, LOPT_E_LIMIT },	 { 20, UINT64_MAX, LOPT_OK },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_limits limits = *lopt_limits_default();
		limits.zstd_window_bytes = cases[i].limit;
		struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
		struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
		struct lopt_error err = { 0 };
		add_frame(&in, plain, 1000, true, cases[i].window_log, false);
		assert_int_equal(decompress(&out, &in, &(struct options){ .limits = &limits }, &err), cases[i].want);
		if (cases[i].want != LOPT_OK)
			assert_non_null(strstr(err.message, "zstd_window_bytes"));
		lopt_buf_release(&in);
		lopt_buf_release(&out);
	}
}

/* Bombs. */

static enum lopt_status explode(const struct lopt_buf *in, const struct lopt_inflater *inflater, uint64_t bytes,
				uint64_t ratio)
{
	struct lopt_limits limits = *lopt_limits_default();
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
	struct lopt_error err = { 0 };
	limits.bomb_bytes = bytes;
	limits.bomb_ratio = ratio;
	enum lopt_status status =
		decompress(&out, in, &(struct options){ .inflater = inflater, .limits = &limits }, &err);
	if (status != LOPT_OK)
		assert_non_null(strstr(err.message, "bomb_ratio"));
	lopt_buf_release(&out);
	return status;
}

static void check_bomb(const struct lopt_buf *in, const struct lopt_inflater *inflater, size_t size)
{
	assert_int_equal(explode(in, inflater, size, 1), LOPT_OK); /* few bytes: never a bomb */
	assert_int_equal(explode(in, inflater, size - 1, 1), LOPT_E_LIMIT);
	assert_int_equal(explode(in, inflater, size - 1, 1000000), LOPT_OK); /* a small ratio: neither */
	assert_int_equal(explode(in, inflater, 0, UINT64_MAX), LOPT_OK);
	assert_int_equal(explode(in, inflater, 0, 0), LOPT_E_LIMIT);
}

static void bombs_are_stopped(void **state)
{
	(void)state;
	enum { SIZE = 4 << 20 };
	unsigned char *zeros = calloc(1, SIZE);
	assert_non_null(zeros);
	struct lopt_buf gzip = LOPT_BUF_INIT(SIZE_MAX);
	struct lopt_buf zstd = LOPT_BUF_INIT(SIZE_MAX);
	add_plain_member(&gzip, zeros, SIZE);
	add_frame(&zstd, zeros, SIZE, true, 0, true);
	EACH_INFLATER(inflater)
	{
		check_bomb(&gzip, inflater, SIZE);
		assert_int_equal(explode(&gzip, inflater, 1 << 20, 200), LOPT_E_LIMIT);
		assert_int_equal(explode(&gzip, inflater, 1 << 20, 1100), LOPT_OK);
	}
	check_bomb(&zstd, NULL, SIZE);
	lopt_buf_release(&gzip);
	lopt_buf_release(&zstd);
	free(zeros);
}

/* Recognition. */

static void content_is_recognised(void **state)
{
	(void)state;
	static const struct {
		const char *head;
		size_t size;
		enum lopt_codec codec;
		const char *guess;
	} cases[] = {
#define HEAD(bytes, codec, guess) { bytes, sizeof bytes - 1, codec, guess }
		HEAD("", LOPT_CODEC_PLAIN, NULL),
		HEAD("\x1f", LOPT_CODEC_PLAIN, NULL),
		HEAD("\x1f\x8b", LOPT_CODEC_GZIP, "gzip"),
		HEAD("\x1f\x8b\x07", LOPT_CODEC_GZIP, "gzip"),
		HEAD("\x28\xb5\x2f\xfd", LOPT_CODEC_ZSTD, "zstd"),
		HEAD("\x50\x2a\x4d\x18", LOPT_CODEC_ZSTD, "zstd"),
		HEAD("\x5f\x2a\x4d\x18", LOPT_CODEC_ZSTD, "zstd"),
		HEAD("\x60\x2a\x4d\x18", LOPT_CODEC_PLAIN, NULL),
		HEAD("\xfd"
		     "7zXZ\0",
		     LOPT_CODEC_XZ, "xz"),
		HEAD("BZh91AY&SY", LOPT_CODEC_BZIP2, "bzip2"),
		HEAD("BZh1\x17\x72\x45\x38\x50\x90", LOPT_CODEC_BZIP2, "bzip2"),
		HEAD("BZh01AY&SY", LOPT_CODEC_PLAIN, NULL),
		HEAD("BZh9.txt\0\0\0\0", LOPT_CODEC_PLAIN, NULL), /* a name in a tar */
		HEAD("\x04\x22\x4d\x18", LOPT_CODEC_LZ4, "lz4"),
		HEAD("\x02\x21\x4c\x18", LOPT_CODEC_LZ4, "lz4"),
		HEAD("\x1f\x9d\x90", LOPT_CODEC_COMPRESS, "compress"),
		HEAD("PK\3\4\x14", LOPT_CODEC_PLAIN, "zip"),
		HEAD("7z\xbc\xaf\x27\x1c", LOPT_CODEC_PLAIN, "7-Zip"),
		HEAD("Rar!\x1a\x07\x01", LOPT_CODEC_PLAIN, "RAR"),
		HEAD("xar!", LOPT_CODEC_PLAIN, "xar"),
		HEAD("070701", LOPT_CODEC_PLAIN, "cpio"),
		HEAD("!<arch>\n", LOPT_CODEC_PLAIN, "ar"),
		HEAD("!<arch>\ndebian-binary   ", LOPT_CODEC_PLAIN, "Debian package"),
		HEAD("\x7f"
		     "ELF\2",
		     LOPT_CODEC_PLAIN, "ELF"),
		HEAD("\xff\xd8\xff\xe0", LOPT_CODEC_PLAIN, "JPEG"),
		HEAD("\x89PNG\r\n\x1a\n", LOPT_CODEC_PLAIN, "PNG"),
		HEAD("%PDF-1.7", LOPT_CODEC_PLAIN, "PDF"),
		HEAD("#!/bin/sh\n", LOPT_CODEC_PLAIN, "script"),
		HEAD(" \n\t{\"a\":1}", LOPT_CODEC_PLAIN, "JSON"),
		HEAD("[]", LOPT_CODEC_PLAIN, "JSON"),
		HEAD("   ", LOPT_CODEC_PLAIN, NULL),
		HEAD("hello", LOPT_CODEC_PLAIN, NULL),
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(lopt_codec_detect(cases[i].head, cases[i].size), cases[i].codec);
		const char *guess = lopt_codec_guess(cases[i].head, cases[i].size);
		if (cases[i].guess)
			assert_string_equal(guess, cases[i].guess);
		else
			assert_null(guess);
	}
	assert_string_equal(lopt_codec_name(LOPT_CODEC_PLAIN), "none");
	assert_string_equal(lopt_codec_name(LOPT_CODEC_COMPRESS), "compress");
}

static void other_codecs_are_refused_by_name(void **state)
{
	(void)state;
	static const enum lopt_codec refused[] = { LOPT_CODEC_XZ, LOPT_CODEC_BZIP2, LOPT_CODEC_LZ4,
						   LOPT_CODEC_COMPRESS };
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct lopt_memory_stream memory;
		struct lopt_stream *stream = NULL;
		struct lopt_error err = { 0 };
		lopt_memory_stream_init(&memory, "", 0);
		assert_int_equal(lopt_codec_open(&stream, refused[i], &memory.stream, lopt_limits_default(), false,
						 &err),
				 LOPT_E_INPUT);
		assert_null(stream);
		assert_non_null(strstr(err.message, lopt_codec_name(refused[i])));
	}
	lopt_codec_close(NULL);
}

static void the_default_opens(void **state)
{
	(void)state;
	struct lopt_buf in = LOPT_BUF_INIT(SIZE_MAX);
	struct dribble dribble;
	struct lopt_stream *stream = NULL;
	add_plain_member(&in, plain, PLAIN);
	assert_int_equal(lopt_codec_open(&stream, LOPT_CODEC_GZIP, dribble_init(&dribble, &in, 1000),
					 lopt_limits_default(), false, NULL),
			 LOPT_OK);
	assert_false(lopt_stream_can_skip(stream));
	assert_int_equal(lopt_stream_skip(stream, PLAIN, NULL), LOPT_OK);
	assert_int_equal(lopt_stream_drain(stream, NULL, NULL), LOPT_OK);
	lopt_codec_close(stream);
	lopt_buf_release(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_in_any_pieces),
		cmocka_unit_test(gzip_headers_are_understood),
		cmocka_unit_test(gzip_headers_are_checked),
		cmocka_unit_test(gzip_members_are_one_stream),
		cmocka_unit_test(empty_gzip_members_are_fine),
		cmocka_unit_test(gzip_cut_anywhere_is_an_error),
		cmocka_unit_test(gzip_checksums_are_checked),
		cmocka_unit_test(turned_bits_are_noticed),
		cmocka_unit_test(bytes_after_gzip_are_an_error),
		cmocka_unit_test(matches_do_not_reach_into_the_member_before),
		cmocka_unit_test(zstd_frames_are_one_stream),
		cmocka_unit_test(zstd_cut_anywhere_is_an_error),
		cmocka_unit_test(wrong_zstd_is_an_error),
		cmocka_unit_test(zstd_checksums_and_sizes_are_checked),
		cmocka_unit_test(zstd_windows_are_limited),
		cmocka_unit_test(bombs_are_stopped),
		cmocka_unit_test(content_is_recognised),
		cmocka_unit_test(other_codecs_are_refused_by_name),
		cmocka_unit_test(the_default_opens),
	};
	return cmocka_run_group_tests_name("codec", tests, make_plain, NULL);
}
