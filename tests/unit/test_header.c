/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "layer/layer.h"
#include "repack/header.h"

static struct lopt_error err;

/* A layer of one entry whose header was made, read again by both readers. */
static struct lopt_layer_data *read_back(const struct lopt_header *header)
{
	static const char zeros[3 * LOPT_TAR_BLOCK_SIZE];
	const struct lopt_layer_options options = { .limits = lopt_limits_default() };
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	struct lopt_memory_stream stream;
	struct lopt_layer_data *data = NULL;
	lopt_header_make(&tar, header);
	lopt_buf_add(&tar, zeros, (header->size ? LOPT_TAR_BLOCK_SIZE : 0) + 2 * LOPT_TAR_BLOCK_SIZE);
	assert_false(tar.failed);
	lopt_memory_stream_init(&stream, tar.data, tar.len);
	if (lopt_layer_read(&data, &stream.stream, &options, &err) != LOPT_OK)
		fail_msg("%.60s: %s", header->path.ptr, err.message);
	lopt_buf_release(&tar);
	return data;
}

static struct lopt_str letters(char letter, size_t count)
{
	static char text[2][300];
	char *to = text[letter == 'a'];
	memset(to, letter, count);
	to[100] = '/'; /* a name has at most 255 bytes */
	return lopt_str_make(to, count);
}

static void is_read_as_it_was_made(void **state)
{
	(void)state;
	static const struct lopt_xattr xattrs[] = { { { "security.capability", 19 }, { "\1\0\0\2=\n\0", 7 } },
						    { { "user.x", 6 }, { "=", 1 } } };
	const struct lopt_entry attributes[] = {
		{ .mode = 0644 },
		{ .mode = 04755, .uid = 2097151, .gid = 2097152, .mtime_ns = 1600000000123456789 },
		{ .mode = 01777, .uid = 4000000000, .mtime_ns = -5000000000 },
		{ .mtime_ns = 8589934591 * INT64_C(1000000000) },
		{ .mtime_ns = 8589934592 * INT64_C(1000000000) },
		{ .mtime_ns = 1, .xattrs = xattrs, .xattr_count = 2 },
	};
	const struct {
		struct lopt_str path, link;
		char type;
		uint64_t size;
	} cases[] = {
		{ lopt_str_from("a"), { NULL, 0 }, '0', 0 },
		{ lopt_str_from("d/\xff\xfe"), { NULL, 0 }, '0', 300 },
		{ letters('a', 220), { NULL, 0 }, '0', 1 },
		{ lopt_str_from("d/"), { NULL, 0 }, '5', 0 },
		{ lopt_str_from("l"), letters('b', 220), '2', 0 },
		{ lopt_str_from("l"), lopt_str_from("t"), '1', 0 },
	};
	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
		for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
			const struct lopt_header header = { .path = cases[k].path,
							    .link = cases[k].link,
							    .type = cases[k].type,
							    .attributes = &attributes[i],
							    .size = cases[k].size };
			assert_true(lopt_header_can_be_made(&attributes[i]));
			struct lopt_layer_data *data = read_back(&header);
			assert_int_equal(data->entry_count, 1);
			const struct lopt_entry *entry = &data->entries[0];
			size_t len = header.path.len - (header.type == '5');
			assert_true(lopt_str_equal(entry->path, lopt_str_make(header.path.ptr, len)));
			assert_true(lopt_str_equal(entry->link, header.link));
			assert_int_equal(entry->size, header.size);
			assert_int_equal(entry->mode, attributes[i].mode);
			assert_true(entry->uid == attributes[i].uid && entry->gid == attributes[i].gid);
			if (entry->mtime_ns != attributes[i].mtime_ns)
				fail_msg("case %zu: time %lld", i, (long long)entry->mtime_ns);
			assert_int_equal(entry->xattr_count, attributes[i].xattr_count);
			for (size_t x = 0; x < entry->xattr_count; x++)
				assert_true(lopt_str_equal(entry->xattrs[x].name, xattrs[x].name) &&
					    lopt_str_equal(entry->xattrs[x].value, xattrs[x].value));
			lopt_layer_free(data);
		}
}

static void refuses_what_readers_disagree_on(void **state)
{
	(void)state;
	const struct lopt_entry entries[] = {
		{ .mtime_ns = -1500000000 }, { .mtime_ns = INT64_MAX }, { .uid = -1 }, { .gid = -1 }
	};
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
		assert_false(lopt_header_can_be_made(&entries[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_as_it_was_made),
		cmocka_unit_test(refuses_what_readers_disagree_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
