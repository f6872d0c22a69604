/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "blob/hashed.h"
#include "codec/encoder.h"

static struct lopt_error err;

/* A sink that keeps what it gets, and refuses more than `most`. */
struct keeper {
	struct lopt_sink sink;
	struct lopt_buf bytes;
	size_t most;
};

static enum lopt_status keep(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *error)
{
	struct keeper *keeper = (struct keeper *)sink;
	if (size > keeper->most - keeper->bytes.len)
		return lopt_error_set(error, LOPT_E_SYSTEM, "full");
	lopt_buf_add(&keeper->bytes, bytes, size);
	return LOPT_OK;
}

static const struct lopt_sink_ops keeping = { .write = keep };

static struct keeper keeper_of(size_t most)
{
	return (struct keeper){ { &keeping }, LOPT_BUF_INIT(SIZE_MAX / 2), most };
}

/* Text that compresses, with a period that is none of the buffers' sizes. */
static void make_bytes(struct lopt_buf *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
		lopt_buf_char(out, (char)((i * i / 7 + i % 251) & 0xff));
	assert_false(out->failed);
}

static enum lopt_status encode(struct lopt_sink *to, const char *how, const struct lopt_buf *bytes, size_t part)
{
	struct lopt_compression compression;
	struct lopt_encoder *encoder;
	assert_int_equal(lopt_compression_parse(&compression, how, &err), LOPT_OK);
	assert_int_equal(lopt_encoder_open(&encoder, &compression, to, &err), LOPT_OK);
	enum lopt_status status = LOPT_OK;
	for (size_t at = 0; at < bytes->len && status == LOPT_OK; at += part) {
		size_t size = bytes->len - at < part ? bytes->len - at : part;
		status = lopt_sink_write(lopt_encoder_sink(encoder), bytes->data + at, size, &err);
	}
	if (status == LOPT_OK)
		status = lopt_encoder_finish(encoder, &err);
	lopt_encoder_free(encoder);
	return status;
}

static void decode(struct lopt_buf *out, enum lopt_codec codec, const struct lopt_buf *bytes)
{
	struct lopt_memory_stream memory;
	struct lopt_stream *stream;
	char part[4096];
	size_t got;
	lopt_memory_stream_init(&memory, bytes->data, bytes->len);
	assert_int_equal(lopt_codec_open(&stream, codec, &memory.stream, lopt_limits_default(), false, &err), LOPT_OK);
	do {
		if (lopt_stream_read(stream, part, sizeof part, &got, &err) != LOPT_OK)
			fail_msg("%s", err.message);
		lopt_buf_add(out, part, got);
	} while (got);
	lopt_codec_close(stream);
}

static void comes_back(void **state)
{
	(void)state;
	static const char *const ways[] = { "gzip", "gzip:1", "gzip:9", "zstd", "zstd:1", "zstd:19" };
	static const size_t sizes[] = { 0, 1, 511, 131072, 131073, 700000 };
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
			struct lopt_buf bytes = LOPT_BUF_INIT(SIZE_MAX / 2), back = LOPT_BUF_INIT(SIZE_MAX / 2);
			struct keeper keeper = keeper_of(SIZE_MAX);
			make_bytes(&bytes, sizes[k]);
			assert_int_equal(encode(&keeper.sink, ways[i], &bytes, 100001), LOPT_OK);
			enum lopt_codec codec = lopt_codec_detect(keeper.bytes.data, keeper.bytes.len);
			assert_string_equal(lopt_codec_name(codec), ways[i][0] == 'g' ? "gzip" : "zstd");
			decode(&back, codec, &keeper.bytes);
			assert_int_equal(back.len, bytes.len);
			assert_true(bytes.len == 0 || memcmp(back.data, bytes.data, bytes.len) == 0);
			lopt_buf_release(&keeper.bytes);
			lopt_buf_release(&bytes);
			lopt_buf_release(&back);
		}
	}
}

/* Neither the time nor the size of the pieces shows. */
static void depends_on_nothing_else(void **state)
{
	(void)state;
	static const char *const ways[] = { "none", "gzip", "zstd" };
	struct lopt_buf bytes = LOPT_BUF_INIT(SIZE_MAX / 2);
	make_bytes(&bytes, 300000);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct keeper a = keeper_of(SIZE_MAX), b = keeper_of(SIZE_MAX);
		assert_int_equal(encode(&a.sink, ways[i], &bytes, 300000), LOPT_OK);
		assert_int_equal(encode(&b.sink, ways[i], &bytes, 777), LOPT_OK);
		assert_int_equal(a.bytes.len, b.bytes.len);
		assert_memory_equal(a.bytes.data, b.bytes.data, a.bytes.len);
		lopt_buf_release(&a.bytes);
		lopt_buf_release(&b.bytes);
	}
	lopt_buf_release(&bytes);
}

static void has_a_bare_gzip_header(void **state)
{
	(void)state;
	static const unsigned char want[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	struct lopt_buf bytes = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct keeper keeper = keeper_of(SIZE_MAX);
	lopt_buf_text(&bytes, "a");
	assert_int_equal(encode(&keeper.sink, "gzip", &bytes, 1), LOPT_OK);
	assert_memory_equal(keeper.bytes.data, want, sizeof want);
	lopt_buf_release(&keeper.bytes);
	lopt_buf_release(&bytes);
}

static void tells_what_lies_below(void **state)
{
	(void)state;
	static const char *const ways[] = { "none", "gzip", "zstd" };
	struct lopt_buf bytes = LOPT_BUF_INIT(SIZE_MAX / 2);
	make_bytes(&bytes, 300000);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct keeper keeper = keeper_of(10);
		assert_int_equal(encode(&keeper.sink, ways[i], &bytes, 1000), LOPT_E_SYSTEM);
		assert_string_equal(err.message, "full");
		lopt_buf_release(&keeper.bytes);
	}
	lopt_buf_release(&bytes);
}

static void parses_ways(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *codec; /* NULL: refused */
		int level;
	} cases[] = {
		{ "none", "none", 0 },	   { "gzip", "gzip", 6 },     { "gzip:1", "gzip", 1 }, { "gzip:9", "gzip", 9 },
		{ "zstd", "zstd", 3 },	   { "zstd:19", "zstd", 19 }, { "gzip:0", NULL, 0 },   { "gzip:10", NULL, 0 },
		{ "zstd:20", NULL, 0 },	   { "zstd:", NULL, 0 },      { "zstd:x", NULL, 0 },   { "zstd:1x", NULL, 0 },
		{ "zstd:00003", NULL, 0 }, { "none:1", NULL, 0 },     { "xz", NULL, 0 },       { "", NULL, 0 },
		{ "gzi", NULL, 0 },	   { "gzipx", NULL, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_compression how;
		enum lopt_status status = lopt_compression_parse(&how, cases[i].text, &err);
		if (status != (cases[i].codec ? LOPT_OK : LOPT_E_USAGE))
			fail_msg("%s: %d", cases[i].text, status);
		if (!cases[i].codec)
			continue;
		assert_string_equal(lopt_codec_name(how.codec), cases[i].codec);
		assert_int_equal(how.level, cases[i].level);
	}
}

static void counts_and_hashes(void **state)
{
	(void)state;
	struct keeper keeper = keeper_of(SIZE_MAX);
	struct lopt_digest_sink digest;
	struct lopt_hashed found;
	struct lopt_digest want;
	assert_int_equal(lopt_digest_sink_init(&digest, &keeper.sink, LOPT_SHA256, LOPT_HASHING, &err), LOPT_OK);
	assert_int_equal(lopt_sink_write(&digest.sink, "ab", 2, &err), LOPT_OK);
	assert_int_equal(lopt_sink_write(&digest.sink, "c", 1, &err), LOPT_OK);
	assert_int_equal(lopt_digest_sink_finish(&digest, &found, &err), LOPT_OK);
	assert_int_equal(lopt_digest_of(&want, LOPT_SHA256, "abc", 3, &err), LOPT_OK);
	assert_true(lopt_digest_equal(&found.digest, &want));
	assert_int_equal(digest.count, 3);
	assert_string_equal(keeper.bytes.data, "abc");
	lopt_digest_sink_release(&digest);
	lopt_buf_release(&keeper.bytes);
}

static void tells_when_a_file_is_full(void **state)
{
	(void)state;
	struct lopt_file_sink sink;
	FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	assert_int_equal(setvbuf(full, NULL, _IONBF, 0), 0);
	lopt_file_sink_init(&sink, full, "out.tar");
	assert_int_equal(lopt_sink_write(&sink.sink, "a", 1, &err), LOPT_E_SYSTEM);
	assert_string_equal(err.message, "out.tar: cannot write: No space left on device");
	assert_int_equal(fclose(full), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(depends_on_nothing_else),
		cmocka_unit_test(has_a_bare_gzip_header),
		cmocka_unit_test(tells_what_lies_below),
		cmocka_unit_test(parses_ways),
		cmocka_unit_test(counts_and_hashes),
		cmocka_unit_test(tells_when_a_file_is_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
