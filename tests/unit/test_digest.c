/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "blob/hashed.h"

#define ZEROS32 "00000000000000000000000000000000"
#define EMPTY256 "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC256 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC512                                                                    \
	"sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void digests_are_parsed(void **state)
{
	(void)state;
	static const char *const good[] = {
		EMPTY256, ABC256, ABC512, "sha256:" ZEROS32 ZEROS32, "sha512:" ZEROS32 ZEROS32 ZEROS32 ZEROS32,
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct lopt_digest digest;
		char text[LOPT_DIGEST_TEXT_MAX];
		assert_int_equal(lopt_digest_parse(&digest, lopt_str_from(good[i]), NULL), LOPT_OK);
		assert_string_equal(lopt_digest_format(text, &digest), good[i]);
		assert_true(lopt_digest_equal(&digest, &digest));
	}
}

static void other_text_is_no_digest(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"sha256",
		"sha256:",
		ZEROS32 ZEROS32,
		"sha256:" ZEROS32 "0000000000000000000000000000000",
		"sha256:" ZEROS32 ZEROS32 "0",
		"sha256:" ZEROS32 "0000000000000000000000000000000A",
		"sha256:" ZEROS32 "0000000000000000000000000000000g",
		"sha256:" ZEROS32 "000000000000000000000000000000/0",
		"sha256:" ZEROS32 "0000000000000000000000000000000\n",
		"SHA256:" ZEROS32 ZEROS32,
		"sha512:" ZEROS32 ZEROS32,
		"sha256:" ZEROS32 ZEROS32 ZEROS32 ZEROS32,
		"sha384:" ZEROS32 ZEROS32 ZEROS32,
		"md5:" ZEROS32,
		" " EMPTY256,
		EMPTY256 " ",
		"../../../etc/passwd",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct lopt_digest digest = { .algorithm = LOPT_SHA512 };
		struct lopt_error err = { 0 };
		assert_int_equal(lopt_digest_parse(&digest, lopt_str_from(bad[i]), &err), LOPT_E_INPUT);
		assert_int_equal(digest.algorithm, LOPT_SHA512);
		assert_non_null(strstr(err.message, bad[i]));
	}
	struct lopt_digest digest;
	char nul[72] = "sha256:" ZEROS32 "0000000000000000000000000000000";
	assert_int_equal(lopt_digest_parse(&digest, lopt_str_make(nul, 71), NULL), LOPT_E_INPUT);
	assert_int_equal(lopt_digest_parse(&digest, lopt_str_make(NULL, 0), NULL), LOPT_E_INPUT);
}

static void known_digests_come_out(void **state)
{
	(void)state;
	static const struct {
		enum lopt_digest_algorithm algorithm;
		const char *bytes;
		const char *want;
	} cases[] = {
		{ LOPT_SHA256, "", EMPTY256 },
		{ LOPT_SHA256, "abc", ABC256 },
		{ LOPT_SHA512, "abc", ABC512 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_digest digest;
		char text[LOPT_DIGEST_TEXT_MAX];
		assert_int_equal(lopt_digest_of(&digest, cases[i].algorithm, cases[i].bytes, strlen(cases[i].bytes),
						NULL),
				 LOPT_OK);
		assert_string_equal(lopt_digest_format(text, &digest), cases[i].want);
	}
	struct lopt_digest digest;
	assert_int_equal(lopt_digest_of(&digest, LOPT_DIGEST_NONE, "", 0, NULL), LOPT_E_BUG);
}

static void a_hasher_starts_again(void **state)
{
	(void)state;
	struct lopt_hasher hasher;
	char text[LOPT_DIGEST_TEXT_MAX];
	assert_int_equal(lopt_hasher_init(&hasher, LOPT_SHA256, NULL), LOPT_OK);
	for (int i = 0; i < 3; i++) {
		struct lopt_digest digest;
		assert_int_equal(lopt_hasher_add(&hasher, "a", 1, NULL), LOPT_OK);
		assert_int_equal(lopt_hasher_add(&hasher, NULL, 0, NULL), LOPT_OK);
		assert_int_equal(lopt_hasher_add(&hasher, "bc", 2, NULL), LOPT_OK);
		if (i == 1) { /* in the middle */
			assert_int_equal(lopt_hasher_reset(&hasher, NULL), LOPT_OK);
			assert_int_equal(lopt_hasher_add(&hasher, "abc", 3, NULL), LOPT_OK);
		}
		assert_int_equal(lopt_hasher_finish(&hasher, &digest, NULL), LOPT_OK);
		assert_string_equal(lopt_digest_format(text, &digest), ABC256);
		assert_int_equal(lopt_hasher_reset(&hasher, NULL), LOPT_OK);
	}
	lopt_hasher_release(&hasher);
	lopt_hasher_release(&hasher);
}

static void digests_compare(void **state)
{
	(void)state;
	struct lopt_digest a;
	struct lopt_digest b;
	struct lopt_digest none = { 0 };
	char text[LOPT_DIGEST_TEXT_MAX];
	assert_int_equal(lopt_digest_parse(&a, lopt_str_from("sha256:" ZEROS32 ZEROS32), NULL), LOPT_OK);
	assert_int_equal(lopt_digest_parse(&b, lopt_str_from("sha512:" ZEROS32 ZEROS32 ZEROS32 ZEROS32), NULL),
			 LOPT_OK);
	assert_false(lopt_digest_equal(&a, &b));
	assert_false(lopt_digest_equal(&a, &none));
	assert_true(lopt_digest_equal(&none, &none));
	assert_string_equal(lopt_digest_format(text, &none), "");
	b = a;
	b.bytes[63] = 1; /* behind a SHA-256 */
	assert_true(lopt_digest_equal(&a, &b));
	b.bytes[31] = 1;
	assert_false(lopt_digest_equal(&a, &b));
}

static void what_passes_is_hashed(void **state)
{
	(void)state;
	struct lopt_memory_stream memory;
	struct lopt_digest_stream stream;
	struct lopt_hashed found;
	char text[LOPT_DIGEST_TEXT_MAX];
	char c;
	size_t got;
	lopt_memory_stream_init(&memory, "abc", 3);
	assert_int_equal(lopt_digest_stream_init(&stream, &memory.stream, LOPT_SHA512, LOPT_HASHING, NULL, NULL),
			 LOPT_OK);
	assert_false(lopt_stream_can_skip(&stream.stream));
	assert_int_equal(lopt_stream_read(&stream.stream, &c, 1, &got, NULL), LOPT_OK);
	assert_int_equal(c, 'a');
	assert_int_equal(lopt_stream_skip(&stream.stream, 1, NULL), LOPT_OK);
	assert_int_equal(lopt_stream_drain(&stream.stream, NULL, NULL), LOPT_OK);
	assert_int_equal(lopt_digest_stream_finish(&stream, &found, NULL), LOPT_OK);
	assert_string_equal(lopt_digest_format(text, &found.digest), ABC512);
	lopt_digest_stream_release(&stream);
}

static struct lopt_hashed hash_written(const char *text)
{
	struct lopt_digest_sink sink;
	struct lopt_hashed hashed;
	size_t len = strlen(text);
	assert_int_equal(lopt_digest_sink_init(&sink, NULL, LOPT_SHA256, LOPT_HASHING_TO_REMEMBER, NULL), LOPT_OK);
	assert_int_equal(lopt_sink_write(&sink.sink, text, len / 2, NULL), LOPT_OK);
	assert_int_equal(lopt_sink_write(&sink.sink, text + len / 2, len - len / 2, NULL), LOPT_OK);
	assert_int_equal(sink.count, len);
	assert_int_equal(lopt_digest_sink_finish(&sink, &hashed, NULL), LOPT_OK);
	lopt_digest_sink_release(&sink);
	return hashed;
}

static enum lopt_status read_hashed(struct lopt_hashed *out, const char *text, enum lopt_hashing how,
				    const struct lopt_hashed *hashed, struct lopt_error *err)
{
	struct lopt_memory_stream memory;
	struct lopt_digest_stream stream;
	lopt_memory_stream_init(&memory, text, strlen(text));
	assert_int_equal(lopt_digest_stream_init(&stream, &memory.stream, LOPT_SHA256, how, hashed, err), LOPT_OK);
	assert_int_equal(lopt_stream_drain(&stream.stream, NULL, err), LOPT_OK);
	enum lopt_status status = lopt_digest_stream_finish(&stream, out, err);
	lopt_digest_stream_release(&stream);
	return status;
}

static void what_was_hashed_is_known_again(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "a", "b", "abc", "abd", "ab", "abcd" };
	enum { COUNT = sizeof texts / sizeof texts[0] };
	struct lopt_hashed hashed[COUNT], found;
	struct lopt_error err;
	for (size_t i = 0; i < COUNT; i++)
		hashed[i] = hash_written(texts[i]);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(read_hashed(&found, texts[i], LOPT_HASHING_TO_REMEMBER, NULL, &err), LOPT_OK);
		assert_ptr_equal(lopt_hashed_find(hashed, COUNT, &found.digest), &hashed[i]);
		assert_null(lopt_hashed_find(hashed, i, &found.digest));
		assert_memory_equal(found.fingerprint, hashed[i].fingerprint, sizeof found.fingerprint);
		for (size_t k = 0; k < COUNT; k++) {
			enum lopt_status status = read_hashed(&found, texts[i], LOPT_HASHING, &hashed[k], &err);
			assert_int_equal(status, i == k ? LOPT_OK : LOPT_E_INPUT);
			if (i == k)
				assert_true(lopt_digest_equal(&found.digest, &hashed[k].digest));
			else
				assert_string_equal(err.message, "these are not the bytes that were hashed");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_parsed),
		cmocka_unit_test(other_text_is_no_digest),
		cmocka_unit_test(known_digests_come_out),
		cmocka_unit_test(a_hasher_starts_again),
		cmocka_unit_test(digests_compare),
		cmocka_unit_test(what_passes_is_hashed),
		cmocka_unit_test(what_was_hashed_is_known_again),
	};
	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
