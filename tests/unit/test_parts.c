/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "layer/parts.h"
#include "support/archive.h"

static struct lopt_error err;

/* --- layers --- */

static const char bytes[1100] = "what a file holds";

static void add_files(struct lopt_buf *tar)
{
	static const size_t sizes[] = { 0, 1, 511, 512, 513, 1100 };
	static const struct test_header link = { .name = "l", .link = "d/2", .type = '1' };
	static const struct test_header directory = { .name = "d/", .type = '5' };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf records = LOPT_BUF_INIT(1 << 20);
	test_tar_header(tar, &directory);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char name[] = { 'd', '/', (char)('0' + i), '\0' };
		test_tar_file(tar, name, bytes, sizes[i]);
	}
	test_pax_record(&records, "path", "d/of PAX", 8);
	test_tar_pax(tar, &records);
	test_tar_file(tar, "short", bytes, 30);
	test_tar_header(tar, &link);
}

static void whole(struct lopt_buf *tar)
{
	add_files(tar);
	test_tar_end(tar);
}

static void followed(struct lopt_buf *tar)
{
	whole(tar);
	lopt_buf_add(tar, bytes, 700);
}

static void without_end(struct lopt_buf *tar)
{
	add_files(tar);
}

static void without_padding(struct lopt_buf *tar)
{
	add_files(tar);
	test_tar_file(tar, "last", bytes, 20);
	tar->len -= 512 - 20;
}

static void global(struct lopt_buf *tar)
{
	static const struct test_header header = { .name = "g", .type = 'g', .size = 13 };
	test_tar_header(tar, &header);
	test_tar_content(tar, "13 comment=x\n", 13);
	whole(tar);
}

static void empty(struct lopt_buf *tar)
{
	test_tar_end(tar);
}

/* What is no file to anyone has no inode. */
static void whiteout(struct lopt_buf *tar)
{
	test_tar_file(tar, ".wh.x", bytes, 5);
	whole(tar);
}

static void sparse(struct lopt_buf *tar)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf records = LOPT_BUF_INIT(1 << 20);
	test_pax_record(&records, "GNU.sparse.major", "0", 1);
	test_pax_record(&records, "GNU.sparse.minor", "1", 1);
	test_pax_record(&records, "GNU.sparse.size", "5000", 4);
	test_pax_record(&records, "GNU.sparse.map", "0,100", 5);
	test_tar_pax(tar, &records);
	test_tar_file(tar, "s", bytes, 100);
	whole(tar);
}

static const struct {
	const char *name;
	void (*make)(struct lopt_buf *tar);
	bool odd; /* a content of it has no fingerprint of its bytes */
} layers[] = {
	{ "whole", whole, false },
	{ "bytes behind the end", followed, false },
	{ "no end", without_end, false },
	{ "no padding", without_padding, false },
	{ "a global header", global, false },
	{ "empty", empty, false },
	{ "a whiteout with content", whiteout, true },
	{ "a sparse file", sparse, true },
};

enum { LAYERS = sizeof layers / sizeof layers[0] };

static struct lopt_buf make(size_t layer)
{
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	layers[layer].make(&tar);
	assert_false(tar.failed);
	return tar;
}

/* --- reading --- */

static enum lopt_status read_layer(struct lopt_layer_data **out, const struct lopt_buf *blob,
				   const struct lopt_hashed *hashed_digest, const struct lopt_hashed *hashed_diff_id)
{
	struct lopt_memory_stream memory;
	const struct lopt_layer_options options = {
		.limits = lopt_limits_default(),
		.diff_id = LOPT_SHA256,
		.digest = LOPT_SHA256,
		.hashed_digest = hashed_digest,
		.hashed_diff_id = hashed_diff_id,
		.contents = { .all_fingerprints = true },
	};
	lopt_memory_stream_init(&memory, blob->data, blob->len);
	return lopt_layer_read(out, &memory.stream, &options, &err);
}

static void is_digest_of(const struct lopt_digest *digest, const struct lopt_buf *blob)
{
	struct lopt_digest expected;
	assert_int_equal(lopt_digest_of(&expected, LOPT_SHA256, blob->data, blob->len, &err), LOPT_OK);
	assert_true(lopt_digest_equal(digest, &expected));
}

/* What it is now is not what was hashed. */
static void is_another(const struct lopt_buf *blob, const struct lopt_hashed *hashed)
{
	struct lopt_layer_data *data = NULL;
	enum lopt_status status = read_layer(&data, blob, hashed, hashed);
	lopt_layer_free(data);
	assert_int_equal(status, LOPT_E_INPUT);
}

enum { STEP = 3 }; /* comes by every place of a block, in one or another */

static void every_byte_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYERS; i++) {
		struct lopt_layer_data *data;
		struct lopt_buf tar = make(i);
		if (read_layer(&data, &tar, NULL, NULL) != LOPT_OK)
			fail_msg("%s: %s", layers[i].name, err.message);
		is_digest_of(&data->digest, &tar);
		is_digest_of(&data->diff_id, &tar);
		assert_int_equal(data->hashed_count, layers[i].odd ? 0 : 1);
		if (layers[i].odd) { /* nobody could have such a fingerprint of it */
			is_another(&tar, &(const struct lopt_hashed){ .digest = data->digest });
		} else {
			struct lopt_hashed hashed = data->hashed[0];
			lopt_layer_free(data);
			assert_int_equal(read_layer(&data, &tar, &hashed, &hashed), LOPT_OK);
			is_digest_of(&data->diff_id, &tar);
			for (size_t at = 0; at < tar.len; at += STEP) {
				tar.data[at] ^= 1;
				is_another(&tar, &hashed);
				tar.data[at] ^= 1;
			}
			lopt_buf_add(&tar, "", 1);
			is_another(&tar, &hashed);
		}
		lopt_layer_free(data);
		lopt_buf_release(&tar);
	}
}

/* --- compressed: what is stored is known by its bytes, what it holds by the parts --- */

static void compressed_has_both(void **state)
{
	(void)state;
	for (size_t i = 0; i < LAYERS; i++) {
		struct lopt_layer_data *data;
		struct lopt_buf tar = make(i), blob = LOPT_BUF_INIT(1 << 20);
		test_gzip(&blob, tar.data, tar.len);
		assert_int_equal(read_layer(&data, &blob, NULL, NULL), LOPT_OK);
		assert_int_equal(data->hashed_count, layers[i].odd ? 1 : 2);
		struct lopt_hashed digest = data->hashed[0], diff_id = data->hashed[1];
		lopt_layer_free(data);
		assert_int_equal(read_layer(&data, &blob, &digest, layers[i].odd ? NULL : &diff_id), LOPT_OK);
		is_digest_of(&data->digest, &blob);
		is_digest_of(&data->diff_id, &tar);
		lopt_layer_free(data);
		tar.data[tar.len - 1] ^= 1;
		lopt_buf_clear(&blob);
		test_gzip(&blob, tar.data, tar.len);
		is_another(&blob, &digest);
		lopt_buf_release(&blob);
		lopt_buf_release(&tar);
	}
}

/* --- writing --- */

static enum lopt_status keep(struct lopt_sink *sink, const void *from, size_t size, struct lopt_error *error)
{
	(void)sink, (void)from, (void)size, (void)error;
	return LOPT_OK;
}

static void is_written_as_it_is_read(void **state)
{
	(void)state;
	static const struct lopt_sink_ops ops = { .write = keep };
	static const size_t pieces[] = { 1, 7, 512, 100000 };
	struct lopt_sink below = { &ops };
	for (size_t i = 0; i < LAYERS; i++) {
		struct lopt_layer_data *data;
		struct lopt_buf tar = make(i);
		assert_int_equal(read_layer(&data, &tar, NULL, NULL), LOPT_OK);
		for (size_t k = 0; k < sizeof pieces / sizeof pieces[0] && !layers[i].odd; k++) {
			struct lopt_parts_sink sink;
			unsigned char fingerprint[LOPT_FINGERPRINT_SIZE];
			assert_int_equal(lopt_parts_sink_init(&sink, &below, lopt_limits_default(), &err), LOPT_OK);
			for (size_t at = 0, n; at < tar.len; at += n) {
				n = tar.len - at < pieces[k] ? tar.len - at : pieces[k];
				assert_int_equal(lopt_sink_write(&sink.sink, tar.data + at, n, &err), LOPT_OK);
			}
			for (size_t n = 0; n < data->inode_count; n++)
				assert_int_equal(lopt_parts_add(&sink.parts, &data->inodes[n], &err), LOPT_OK);
			assert_int_equal(lopt_parts_finish(&sink.parts, fingerprint, &err), LOPT_OK);
			assert_memory_equal(fingerprint, data->hashed[0].fingerprint, sizeof fingerprint);
			lopt_parts_sink_release(&sink);
		}
		lopt_layer_free(data);
		lopt_buf_release(&tar);
	}
}

static void no_tar_is_not_written(void **state)
{
	(void)state;
	static const char no_header[512] = "no header";
	static const struct lopt_sink_ops ops = { .write = keep };
	struct lopt_sink below = { &ops };
	struct lopt_parts_sink sink;
	assert_int_equal(lopt_parts_sink_init(&sink, &below, lopt_limits_default(), &err), LOPT_OK);
	assert_int_equal(lopt_sink_write(&sink.sink, no_header, sizeof no_header, &err), LOPT_E_INPUT);
	lopt_parts_sink_release(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(compressed_has_both),
		cmocka_unit_test(is_written_as_it_is_read),
		cmocka_unit_test(no_tar_is_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
