/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/origin.h"
#include "repack/inner.h"
#include "repack/ways.h"
#include "tar/reader.h"
#include "support/archive.h"
#include "support/opened.h"

static struct lopt_error err;

/* --- the plan --- */

/* "fate: what goes", a line per layer. */
static void print_plan(struct lopt_buf *out, const struct lopt_repack_plan *plan)
{
	for (size_t i = 0; i < plan->layer_count; i++) {
		const struct lopt_layer *layer = lopt_image_layer(plan->image, i);
		lopt_buf_printf(out, "%s%s", i ? "\n" : "", lopt_fate_name(plan->layers[i].fate));
		for (size_t k = 0; plan->layers[i].goes && k < layer->entry_count; k++)
			if (plan->layers[i].goes[k])
				lopt_buf_printf(out, " %.*s", LOPT_STR_ARGS(layer->entries[k].path));
	}
	assert_false(out->failed);
}

struct plan_case {
	const char *layers[TEST_LAYERS_MAX];
	const char *want;
	size_t base;
	const char *configuration;
};

static void check_plan(const struct plan_case *c)
{
	struct test_opened opened;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	test_opened_open(&opened, c->layers, c->configuration ? c->configuration : "");
	if (test_opened_plan(&opened, (struct lopt_repack_options){ .base_layers = c->base }, &err) != LOPT_OK)
		fail_msg("%s: %s", c->layers[0], err.message);
	print_plan(&text, &opened.plan);
	if (strcmp(text.data, c->want) != 0)
		fail_msg("%s, %s:\nwant %s\n got %s", c->layers[0], c->layers[1], c->want, text.data);
	lopt_buf_release(&text);
	test_opened_close(&opened);
}

static void check_plans(const struct plan_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_plan(&cases[i]);
}
#define CHECK_PLANS(cases) check_plans(cases, sizeof(cases) / sizeof((cases)[0]))

static void takes_out_what_nobody_sees(void **state)
{
	(void)state;
	static const struct plan_case cases[] = {
		{ { "a=1 b=2", "a=3" }, .want = "trimmed a\nkept" },
		{ { "a=1 b=2", ".wh.a=" }, .want = "trimmed a\nremoved .wh.a" },
		{ { "d/ d/a=1 d/b=2", "d/ d/.wh..wh..opq= d/c=3" }, .want = "trimmed d/a d/b\nkept" },
		{ { "d/ d/a=1", ".wh.d=" }, .want = "trimmed d/a\nkept" },
		{ { "d/ d/a=1", "d=2" }, .want = "trimmed d/a\nkept" },
		{ { "a=1 b=0", "a=2", "a=3" }, .want = "trimmed a\nremoved a\nkept" },
		{ { "a=1 b=0", ".wh.a=", "a=2" }, .want = "trimmed a\nremoved .wh.a\nkept" },
		{ { "a= b=", "a=1" }, .want = "trimmed a\nkept" },
		{ { "a=1", "b=2" }, .want = "kept\nkept" },
		/* what is no regular file stays */
		{ { "a@b", "a=1" }, .want = "kept\nkept" },
	};
	CHECK_PLANS(cases);
}

static void keeps_a_group_of_links_whole(void **state)
{
	(void)state;
	static const struct plan_case cases[] = {
		{ { "a=1 b+a c=0", ".wh.a=" }, .want = "kept\nkept" },
		{ { "a=1 b+a c=0", "a=2", "b=3" }, .want = "trimmed a b\nkept\nkept" },
		{ { "a=1 b+a c=0", ".wh.a= .wh.b=" }, .want = "trimmed a b\nremoved .wh.a .wh.b" },
	};
	CHECK_PLANS(cases);
}

static void leaves_what_something_hangs_on(void **state)
{
	(void)state;
	static const struct plan_case cases[] = {
		/* the file over the directory keeps what was in it from coming back */
		{ { "d/ d/a=1", "d=2", "d/ d/b=3" }, .want = "trimmed d/a\nkept\nkept" },
		/* the file is what the directory is there for, which no entry lists */
		{ { "x=", "d/a=1", "d/ .wh.x=" }, .want = "removed x\nkept\ntrimmed .wh.x" },
		{ { "x=", "d/a=1 e=2", ".wh.e= d/ d/.wh.a=" }, .want = "kept\ntrimmed e\ntrimmed .wh.e" },
		{ { "x=", "d/a=1 d/b=2", "d/ d/.wh.a=" }, .want = "kept\ntrimmed d/a\ntrimmed d/.wh.a" },
		/* a whiteout of what is not touched */
		{ { "a=1", ".wh.a=" }, .want = "base\nkept", .base = 1 },
		/* a whiteout that keeps a marker from making a directory */
		{ { "a=1", ".wh.e= e/.wh..wh..opq=" }, .want = "kept\nkept" },
		/* the same, where the marker gets there through a link */
		{ { "l@.. .wh.a= l/a/.wh..wh..opq=" }, .want = "kept" },
		/* the directory is made for the file: for the marker not every engine makes it */
		{ { "d/.wh..wh..opq= d/a=1 b=", "d/.wh..wh..opq= c=" }, .want = "kept\nkept" },
		{ { "d/.wh..wh..opq= d/a=1 d/b=2", "d/.wh.a= c=" }, .want = "trimmed d/a\nkept" },
		/* a whiteout that only makes its directory */
		{ { "d/ d/a=1", "e/.wh.x= f=" }, .want = "kept\nkept" },
	};
	CHECK_PLANS(cases);
}

static void leaves_what_engines_see_differently(void **state)
{
	(void)state;
	static const struct plan_case cases[] = {
		/* removed and listed again without a marker: overlay brings the old content back */
		{ { "d/ d/a=1 b=1", ".wh.d= d/ d/c=2 b=2", "b=3" }, .want = "kept\nleft\nkept" },
		{ { "d/ d/a=1 x=", ".wh.d= d/ d/a=2" }, .want = "kept\nleft" },
		/* through a symbolic link of a lower layer, which overlay replaces */
		{ { "u/ u/a=1 l@u", "l/a=2", "l/ l/a=3" }, .want = "kept\nleft\nkept" },
		/* a path twice, spelled so that docker takes it for two */
		{ { "a=1 /a=2", "a=3" }, .want = "left\nkept" },
		/* a device to engines that apply layers in place, a whiteout to the others, to whom the other one removes nothing */
		{ { "a%0:0 b=1", ".wh.a= b=2" }, .want = "left\nkept" },
		{ { "a%0:0 b=1", ".wh.a= b=2" }, .want = "base\nkept", .base = 1 },
		{ { "a%0:0 b=1", ".wh.a= .wh.c=" }, .want = "base\ntrimmed .wh.c", .base = 1 },
	};
	CHECK_PLANS(cases);
}

static void removes_layers_only_with_their_history(void **state)
{
	(void)state;
	static const struct plan_case cases[] = {
		{ { "a=1 b=", ".wh.a=" },
		  .want = "trimmed a\ntrimmed .wh.a",
		  .configuration = "\"history\": [{\"created_by\": \"A\"}]" },
		{ { "a=1 b=", ".wh.a=" },
		  .want = "trimmed a\nremoved .wh.a",
		  .configuration = "\"history\": [{\"created_by\": \"A\"}, {\"created_by\": \"B\"}]" },
		{ { "a=1", ".wh.a=" }, .want = "removed a\ntrimmed .wh.a" }, /* one layer has to stay */
	};
	CHECK_PLANS(cases);
}

static void refuses(void **state)
{
	(void)state;
	static const struct {
		const char *layers[TEST_LAYERS_MAX];
		const char *configuration;
		size_t base;
		enum lopt_status status;
	} cases[] = {
		{ { "a=1" }, "", 2, LOPT_E_USAGE },
		{ { "a=1 a=2" }, "", 0, LOPT_E_INPUT }, /* docker does not load it */
		{ { "a=1", "b+a" }, "", 0, LOPT_E_INPUT },
		{ { "a=1" }, "\"config\": {\"Labels\": {\"containers.bootc\": \"1\"}}", 0, LOPT_E_INPUT },
		{ { "a=1" }, "\"config\": {\"Labels\": {\"ostree.commit\": \"x\"}}", 0, LOPT_E_INPUT },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct test_opened opened;
		test_opened_open(&opened, cases[i].layers, cases[i].configuration);
		if (test_opened_plan(&opened, (struct lopt_repack_options){ .base_layers = cases[i].base }, &err) !=
		    cases[i].status)
			fail_msg("case %zu: %s", i, err.message);
		test_opened_close(&opened);
	}
}

static void finds_common_layers(void **state)
{
	(void)state;
	static const char *const base_layers[TEST_LAYERS_MAX] = { "a=1", "b=2", "c=3" };
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1", "b=2", "a=4" };
	static const char *const strange[TEST_LAYERS_MAX] = { "z=1" };
	struct test_opened base, opened, other;
	test_opened_open(&base, base_layers, "");
	test_opened_open(&opened, layers, "");
	test_opened_open(&other, strange, "");
	struct lopt_repack_options options = { .limits = lopt_limits_default(), .base = base.image };
	assert_int_equal(lopt_repack_plan_make(&opened.plan, opened.image, &options, &err), LOPT_OK);
	assert_int_equal(opened.plan.base_layers, 2);
	assert_int_equal(opened.plan.base_reason, LOPT_BASE_IMAGE);
	lopt_repack_plan_release(&opened.plan);
	options.base = other.image;
	assert_int_equal(lopt_repack_plan_make(&opened.plan, opened.image, &options, &err), LOPT_E_USAGE);
	options.base = NULL;
	assert_int_equal(lopt_repack_plan_make(&opened.plan, opened.image, &options, &err), LOPT_OK);
	assert_int_equal(opened.plan.base_layers, 1);
	assert_int_equal(opened.plan.base_reason, LOPT_BASE_GUESSED);
	test_opened_close(&base);
	test_opened_close(&opened);
	test_opened_close(&other);
}

/* --- directories --- */

static void knows_what_directories_are_for(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "d/ d/a=1 e/f/b=2 e/f/c=3 l@d l/g/x=4" };
	struct test_opened opened;
	struct lopt_ways ways;
	test_opened_open(&opened, layers, "");
	const struct lopt_layer *layer = lopt_image_layer(opened.image, 0);
	assert_int_equal(lopt_ways_make(&ways, layer, &err), LOPT_OK);
	assert_true(lopt_ways_can_spare(&ways, layer, 1)); /* d is listed */
	assert_false(lopt_ways_can_spare(&ways, layer, 2));
	lopt_ways_need(&ways, layer, 3);
	assert_true(lopt_ways_can_spare(&ways, layer, 2)); /* for the other one */
	assert_true(lopt_ways_is_one(&ways, lopt_str_from("e/f")));
	assert_false(lopt_ways_is_one(&ways, lopt_str_from("e/g")));
	assert_true(lopt_ways_through_link(&ways, 5));
	assert_false(lopt_ways_through_link(&ways, 3));
	lopt_ways_release(&ways);
	test_opened_close(&opened);
}

/* --- writing --- */

static enum lopt_status write_image(struct test_opened *opened, const struct lopt_compression *how,
				    struct lopt_repacked *repacked, int *fd)
{
	*fd = memfd_create("repacked", MFD_CLOEXEC);
	FILE *to = fdopen(dup(*fd), "w");
	assert_non_null(to);
	const struct lopt_repack_writing options = { .how = how, .limits = lopt_limits_default() };
	enum lopt_status status = lopt_repack_write(repacked, &opened->plan, &options, to, "out.tar", &err);
	assert_int_equal(fclose(to), 0);
	return status;
}

static enum lopt_status read_back(struct lopt_image **out, const struct lopt_repacked *repacked, int fd)
{
	char path[64];
	struct lopt_open_options options = test_opened_reading;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	options.hashed = repacked->hashed;
	options.hashed_count = repacked->hashed_count;
	return lopt_image_open(out, path, &options, &err);
}

static void writes_what_it_planned(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1;size=3000 d/ d/b=2;user.k=v", "a=2;size=700",
							     ".wh.d= c=3", "a=4" };
	static const char configuration[] =
		"\"config\": {\"Cmd\": [\"x\"], \"Odd\": [1, {\"k\": null}]}, \"unknown\": 7, \"history\": [{\"created_by\": "
		"\"A\"}, {\"created_by\": \"B\"}, {\"created_by\": \"C\"}, {\"created_by\": \"D\"}]";
	static const struct lopt_compression ways[] = { { LOPT_CODEC_PLAIN, 0 },
							{ LOPT_CODEC_GZIP, 0 },
							{ LOPT_CODEC_ZSTD, 0 } };
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct test_opened opened;
		struct lopt_repacked repacked;
		struct lopt_image *after;
		int fd;
		test_opened_open(&opened, layers, configuration);
		assert_int_equal(test_opened_plan(&opened, (struct lopt_repack_options){ .base_layers = 0 }, &err),
				 LOPT_OK);
		if (write_image(&opened, &ways[i], &repacked, &fd) != LOPT_OK)
			fail_msg("%s", err.message);
		if (read_back(&after, &repacked, fd) != LOPT_OK ||
		    lopt_repack_prove(&opened.plan, &repacked, after, lopt_limits_default(), &err) != LOPT_OK)
			fail_msg("%s", err.message);
		assert_int_equal(lopt_image_layer_count(after), 3); /* the second has nothing left */
		assert_string_equal(lopt_image_layer(after, 0)->compression, lopt_codec_name(ways[i].codec));
		const struct lopt_image_info *info = lopt_image_info(after);
		assert_true(info->history[1].empty_layer);
		assert_int_equal(info->history[3].layer, 2);
		assert_true(info->manifest_digest.len != 0);
		lopt_image_free(after);
		lopt_repacked_release(&repacked);
		test_opened_close(&opened);
		(void)close(fd);
	}
}

/* Where a layer lies in the file that was written. */
static uint64_t place_of(const struct lopt_image *image, size_t layer)
{
	const struct lopt_bundle *bundle = lopt_image_bundle(image);
	uint64_t offset;
	int fd = -1;
	assert_int_equal(lopt_store_reopen(bundle->input.store, bundle->blobs[bundle->layers[layer].blob_index].member,
					   &fd, &offset, &err),
			 LOPT_OK);
	(void)close(fd);
	return offset;
}

static void change_byte(int fd, uint64_t at)
{
	unsigned char byte;
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* One at a time. */
static void change_bytes(int fd, uint64_t start, uint64_t size, const struct lopt_repacked *repacked)
{
	for (uint64_t at = start; at < start + size; at += 7) {
		struct lopt_image *other;
		change_byte(fd, at);
		assert_int_equal(read_back(&other, repacked, fd), LOPT_E_INPUT);
		change_byte(fd, at);
	}
}

/* Also of padding, which nobody looks at. */
static void sees_every_byte_that_is_another_one(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1;size=700 b=2", "a=2;size=5" };
	static const struct lopt_compression ways[] = { { LOPT_CODEC_PLAIN, 0 },
							{ LOPT_CODEC_GZIP, 0 },
							{ LOPT_CODEC_ZSTD, 0 } };
	for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
		struct test_opened opened;
		struct lopt_repacked repacked;
		struct lopt_image *after;
		int fd;
		test_opened_open(&opened, layers, "");
		assert_int_equal(test_opened_plan(&opened, (struct lopt_repack_options){ .base_layers = 0 }, &err),
				 LOPT_OK);
		assert_int_equal(write_image(&opened, &ways[way], &repacked, &fd), LOPT_OK);
		assert_int_equal(read_back(&after, &repacked, fd), LOPT_OK);
		for (size_t layer = 0; layer < 2; layer++)
			change_bytes(fd, place_of(after, layer), repacked.layers[layer].stored, &repacked);
		lopt_image_free(after);
		lopt_repacked_release(&repacked);
		test_opened_close(&opened);
		(void)close(fd);
	}
}

/* What is read again and is not what was read. */
static void proves(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1 b=2;time=5", "a=3" };
	static const struct {
		const char *layers[TEST_LAYERS_MAX];
		const char *configuration;
	} others[] = {
		{ { "b=2;time=6", "a=3" }, "" },
		{ { "b=2;time=5", "a=4" }, "" },
		{ { "b=2;time=5", "a=3" }, "\"config\": {\"User\": \"x\"}" },
	};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		struct test_opened opened, other;
		struct lopt_repacked repacked;
		int fd;
		test_opened_open(&opened, layers, "");
		test_opened_open(&other, others[i].layers, others[i].configuration);
		assert_int_equal(test_opened_plan(&opened, (struct lopt_repack_options){ .base_layers = 0 }, &err),
				 LOPT_OK);
		assert_int_equal(write_image(&opened, NULL, &repacked, &fd), LOPT_OK);
		assert_int_equal(lopt_repack_prove(&opened.plan, &repacked, other.image, lopt_limits_default(), &err),
				 LOPT_E_BUG);
		lopt_repacked_release(&repacked);
		test_opened_close(&opened);
		test_opened_close(&other);
		(void)close(fd);
	}
}

/* --- the outer tar --- */

static void names_blobs(void **state)
{
	(void)state;
	char name[LOPT_BLOB_NAME_MAX];
	lopt_blob_name(name, "sha256:0123");
	assert_string_equal(name, "blobs/sha256/0123");
}

/* A name of SHA-512 is longer than a header has room for, a size of 8 GiB larger. */
static void writes_headers_for_anything(void **state)
{
	(void)state;
	enum { HEX = 128 };
	struct lopt_archive archive;
	struct lopt_slot slot;
	char digest[LOPT_DIGEST_TEXT_MAX] = "sha512:", name[LOPT_BLOB_NAME_MAX];
	memset(digest + 7, 'a', HEX);
	digest[7 + HEX] = '\0';
	lopt_blob_name(name, digest);
	FILE *file = tmpfile();
	assert_non_null(file);
	lopt_archive_init(&archive, file, "out.tar", false);
	uint64_t place = archive.position;
	lopt_archive_reserve(&slot, &archive, &place, LOPT_SHA512, 5000);
	assert_int_equal(lopt_sink_write(&slot.sink, "abc", 3, &err), LOPT_OK);
	assert_int_equal(lopt_archive_settle(&archive, &slot, name, &err), LOPT_OK);
	assert_int_equal(lopt_archive_finish(&archive, &err), LOPT_OK);
	struct lopt_file_stream stream;
	struct lopt_tar_reader *reader;
	const struct lopt_tar_options options = { .limits = lopt_limits_default() };
	const struct lopt_tar_entry *entry;
	lopt_file_stream_init(&stream, fileno(file), 0, archive.position);
	assert_int_equal(lopt_tar_reader_open(&reader, &stream.stream, &options, &err), LOPT_OK);
	assert_int_equal(lopt_tar_reader_next(reader, &entry, &err), LOPT_OK);
	assert_int_equal(entry->name.len, sizeof "blobs/sha512/" - 1 + HEX);
	assert_int_equal(entry->size, 3);
	assert_int_equal(lopt_tar_reader_next(reader, &entry, &err), LOPT_END);
	lopt_tar_reader_free(reader);
	assert_int_equal(fclose(file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_out_what_nobody_sees),
		cmocka_unit_test(keeps_a_group_of_links_whole),
		cmocka_unit_test(leaves_what_something_hangs_on),
		cmocka_unit_test(leaves_what_engines_see_differently),
		cmocka_unit_test(removes_layers_only_with_their_history),
		cmocka_unit_test(refuses),
		cmocka_unit_test(finds_common_layers),
		cmocka_unit_test(knows_what_directories_are_for),
		cmocka_unit_test(writes_what_it_planned),
		cmocka_unit_test(sees_every_byte_that_is_another_one),
		cmocka_unit_test(proves),
		cmocka_unit_test(names_blobs),
		cmocka_unit_test(writes_headers_for_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
