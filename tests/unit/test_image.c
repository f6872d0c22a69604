/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "blob/digest.h"
#include "layeropt/analysis.h"
#include "support/archive.h"
#include "support/identities.h"

/*
 * Stacks of layers as tables. A layer is a text of entries, separated by blanks:
 *   d/        a directory          a=text    a file         a@target  a symbolic link
 *   a+target  a hard link          .wh.a=    a whiteout (any file of that name)
 * What is expected is written likewise: the final filesystem, then the bytes overwritten, copied for their metadata, and
 * removed.
 */
enum { LAYERS_MAX = 4 };

static void add_entry(struct lopt_buf *tar, const char *token)
{
	char name[101] = "";
	size_t split = strcspn(token, "=@+");
	memcpy(name, token, split);
	const char *rest = token[split] ? token + split + 1 : "";
	if (token[split] == '=')
		test_tar_file(tar, name, rest, strlen(rest));
	else if (token[split] == '@' || token[split] == '+')
		test_tar_header(tar, &(struct test_header){ .name = name,
							    .link = rest,
							    .mode = 0644,
							    .type = token[split] == '@' ? '2' : '1' });
	else
		test_tar_header(tar, &(struct test_header){ .name = name, .mode = 0755, .type = '5' });
}

static void make_layer(struct lopt_buf *tar, const char *text)
{
	char copy[512], *rest = copy, *token;
	(void)snprintf(copy, sizeof copy, "%s", text);
	while ((token = strtok_r(rest, " ", &rest)))
		add_entry(tar, token);
	test_tar_end(tar);
}

/* A docker archive of these layers, as an open image. */
static enum lopt_status open_stack(struct lopt_image **image, const char *const layers[LAYERS_MAX], int *fd,
				   struct lopt_error *err)
{
	struct lopt_buf outer = LOPT_BUF_INIT(1 << 20), config = LOPT_BUF_INIT(1 << 16), names = LOPT_BUF_INIT(1 << 16);
	lopt_buf_text(&config,
		      "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < LAYERS_MAX && layers[i]; i++) {
		struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
		struct lopt_digest digest;
		char text[LOPT_DIGEST_TEXT_MAX], name[16];
		make_layer(&tar, layers[i]);
		assert_int_equal(lopt_digest_of(&digest, LOPT_SHA256, tar.data, tar.len, err), LOPT_OK);
		(void)snprintf(name, sizeof name, "%zu.tar", i);
		test_tar_file(&outer, name, tar.data, tar.len);
		lopt_buf_printf(&config, "%s\"%s\"", i ? "," : "", lopt_digest_format(text, &digest));
		lopt_buf_printf(&names, "%s\"%s\"", i ? "," : "", name);
		lopt_buf_release(&tar);
	}
	lopt_buf_text(&config, "]}}");
	test_tar_file(&outer, "c.json", config.data, config.len);
	lopt_buf_clear(&config);
	lopt_buf_printf(&config, "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[%s]}]", names.data);
	test_tar_file(&outer, "manifest.json", config.data, config.len);
	test_tar_end(&outer);
	char path[64];
	*fd = test_memory_file(outer.data, outer.len, path);
	assert_true(*fd >= 0);
	const struct lopt_open_options options = { .verify_digests = true, .want_sha256 = true };
	enum lopt_status status = lopt_image_open(image, path, &options, err);
	lopt_buf_release(&outer);
	lopt_buf_release(&config);
	lopt_buf_release(&names);
	return status;
}

static enum lopt_status print_node(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct lopt_buf *text = context;
	(void)err;
	lopt_buf_printf(text, "%s%.*s", text->len ? " " : "", LOPT_STR_ARGS(node->path));
	if (node->type == LOPT_DIR)
		lopt_buf_char(text, '/');
	else if (node->type == LOPT_SYMLINK)
		lopt_buf_printf(text, "@%.*s", LOPT_STR_ARGS(node->entry->link));
	else
		lopt_buf_printf(text, "=%llu", (unsigned long long)node->size);
	if (node->hardlink.len && !lopt_str_equal(node->hardlink, node->path))
		lopt_buf_printf(text, "+%.*s", LOPT_STR_ARGS(node->hardlink));
	return LOPT_OK;
}

struct stack_case {
	const char *layers[LAYERS_MAX];
	const char *want;
	unsigned overwritten, metadata_only, removed;
};

static void check_stack(const struct stack_case *c)
{
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	struct lopt_error err = { 0 };
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	int fd;
	if (open_stack(&image, c->layers, &fd, &err) != LOPT_OK)
		fail_msg("%s: %s", c->want, err.message);
	assert_int_equal(lopt_image_walk(image, print_node, &text, &err), LOPT_OK);
	assert_string_equal(text.data ? text.data : "", c->want);
	assert_int_equal(lopt_analysis_make(&analysis, image, NULL, &err), LOPT_OK);
	if (identity_broken(image, analysis))
		fail_msg("%s: %s", c->want, identity_broken(image, analysis));
	assert_int_equal(analysis->totals.overwritten_bytes, c->overwritten);
	assert_int_equal(analysis->totals.metadata_only_bytes, c->metadata_only);
	assert_int_equal(analysis->totals.removed_bytes, c->removed);
	lopt_analysis_free(analysis);
	lopt_image_free(image);
	lopt_buf_release(&text);
	(void)close(fd);
}

static void stacks_layers(void **state)
{
	(void)state;
	static const struct stack_case cases[] = {
		{ { "a=one" }, "a=3", 0, 0, 0 },
		{ { "a=one", "a=two!" }, "a=4", 3, 0, 0 },
		{ { "a=one", "a=one" }, "a=3", 0, 3, 0 },
		{ { "a=one b=two", ".wh.a=" }, "b=3", 0, 0, 3 },
		{ { "a=one", ".wh.a= a=two!" }, "a=4", 3, 0, 0 },
		{ { "d/ d/x=12345 d/y=67", ".wh.d=" }, "", 0, 0, 7 },
		{ { "d/ d/x=12345 d/y=67", "d/ d/.wh..wh..opq= d/y=67" }, "d/ d/y=2", 0, 2, 5 },
		{ { "d/ d/x=12345", "d/ d/z=1 d/.wh..wh..opq=" }, "d/ d/z=1", 0, 0, 5 },
		{ { "d/ d/s/ d/s/x=12345", "d/ d/.wh..wh..opq= d/s/ d/s/y=1" }, "d/ d/s/ d/s/y=1", 0, 0, 5 },
		{ { "d/ d/x=12345", "d=file" }, "d=4", 0, 0, 5 },
		{ { "d=file", "d/ d/x=1" }, "d/ d/x=1", 4, 0, 0 },
		{ { "a=one", "a@b" }, "a@b", 3, 0, 0 },
		{ { "lib/ lib/x=1 l@lib", "l/y=22" }, "l/ l/y=2 lib/ lib/x=1", 0, 0, 0 },
		{ { "t/ s@t s/x=1" }, "s@t t/ t/x=1", 0, 0, 0 },
		{ { "n1/n2/x=1" }, "n1/ n1/n2/ n1/n2/x=1", 0, 0, 0 },
		{ { "a=one", ".wh..wh..opq= b=1" }, "a=3 b=1", 0, 0, 0 },
		{ { "d/ d/x=12345", ".wh.d= d/ d/y=1" }, "d/ d/x=5 d/y=1", 0, 0, 0 },
		/* hard links: the inode goes with its last name, which decides the cause */
		{ { "a=one b+a" }, "a=3 b=3+a", 0, 0, 0 },
		{ { "a=one b+a", ".wh.a=" }, "b=3", 0, 0, 0 },
		{ { "a=one b+a", ".wh.a=", "b=two!" }, "b=4", 3, 0, 0 },
		{ { "a=one b+a", "b=two!", ".wh.a=" }, "b=4", 0, 0, 3 },
		{ { "a=one b+a", "a=one .wh.b=" }, "a=3", 0, 3, 0 },
		{ { "a=one b+a", ".wh.a= b=one" }, "b=3", 0, 0, 3 },
		{ { "a=one b+a", "a=one" }, "a=3 b=3", 0, 0, 0 },
		/* a path twice in one tar, and what still names the first */
		{ { "a=one a=two!" }, "a=4", 3, 0, 0 },
		{ { "a=one b+a a=two!" }, "a=4 b=3", 0, 0, 0 },
		{ { "a=one", "b+a" }, "a=3 b=3+a", 0, 0, 0 },
		{ { "a=one", "x=1 x=1 .wh.a=" }, "x=1", 0, 1, 3 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_stack(&cases[i]);
}

static void refuses_what_no_engine_loads(void **state)
{
	(void)state;
	static const struct {
		const char *layers[LAYERS_MAX];
		const char *what;
	} cases[] = {
		{ { "a=1", "b+nothing" }, "layer 1: b: a hard link to something that is not there" },
		{ { "b+a a=1" }, "layer 0: b: a hard link to something that is not there" },
		{ { "a+a" }, "layer 0: a: a hard link" },
		{ { "d/ e+d" }, "a hard link to a directory" },
		{ { "a=1 a/x=2" }, "below something that is no directory" },
		{ { "a@b b@a a/x=1" }, "a loop of symbolic links" },
		{ { "d/.wh.=" }, "a whiteout of no name" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_image *image;
		struct lopt_error err = { 0 };
		int fd;
		assert_int_equal(open_stack(&image, cases[i].layers, &fd, &err), LOPT_E_INPUT);
		if (!strstr(err.message, cases[i].what))
			fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].what);
		(void)close(fd);
	}
}

/* --- rows --- */

static void print_waste(const struct lopt_analysis *analysis, struct lopt_buf *text)
{
	for (size_t i = 0; i < analysis->waste_count; i++) {
		const struct lopt_waste_row *row = &analysis->waste[i];
		lopt_buf_printf(text, "%s%.*s %llu/%llu %zu<%zu %s", i ? ", " : "", LOPT_STR_ARGS(row->path),
				(unsigned long long)row->bytes, (unsigned long long)row->files, row->layer,
				row->masked_by, lopt_cause_name(row->cause));
	}
}

static void rolls_waste_up(void **state)
{
	(void)state;
	static const struct {
		const char *layers[LAYERS_MAX];
		const char *want;
	} cases[] = {
		{ { "a=1", "b=2" }, "" },
		{ { "d/ d/x=12 d/y=34 k=5", ".wh.d=" }, "d/ 4/2 0<1 removed" },
		{ { "d/ d/x=12 d/y=34", ".wh.d=" }, "/ 4/2 0<1 removed" },
		{ { "d/ d/x=12 d/y=34 k=5", "d/ d/.wh.x=" }, "d/x 2/1 0<1 removed" },
		{ { "d/ d/s/ d/s/x=12 d/t/ d/t/y=345 d/k= k=1", ".wh.d=" }, "d/ 5/2 0<1 removed" },
		{ { "d/ d/s/ d/s/x=12 d/t/ d/t/y=345", "d/t/ d/t/y=678 d/s/ d/s/.wh.x=" },
		  "d/t/ 3/1 0<1 overwritten, d/s/ 2/1 0<1 removed" },
		{ { "d/ d/a=12 d/b=34 d.x=5", ".wh.d=", ".wh.d.x=" }, "d/ 4/2 0<1 removed, d.x 1/1 0<2 removed" },
		{ { "d/x=12 e/y=3 f/z=4", ".wh.d= .wh.e=" }, "d/ 2/1 0<1 removed, e/ 1/1 0<1 removed" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_image *image;
		const struct lopt_analysis *analysis;
		struct lopt_error err = { 0 };
		struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
		int fd;
		assert_int_equal(open_stack(&image, cases[i].layers, &fd, &err), LOPT_OK);
		assert_int_equal(lopt_analysis_make(&analysis, image, NULL, &err), LOPT_OK);
		print_waste(analysis, &text);
		assert_string_equal(text.data ? text.data : "", cases[i].want);
		lopt_analysis_free(analysis);
		lopt_image_free(image);
		lopt_buf_release(&text);
		(void)close(fd);
	}
}

static void tells_base_from_own(void **state)
{
	(void)state;
	static const char *const layers[LAYERS_MAX] = { "a=same b=base", "c=same .wh.b= d=12345" };
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	struct lopt_error err = { 0 };
	const struct lopt_analysis_options options = { .has_base_layers = true, .base_layers = 1 };
	int fd;
	assert_int_equal(open_stack(&image, layers, &fd, &err), LOPT_OK);
	assert_int_equal(lopt_analysis_make(&analysis, image, &options, &err), LOPT_OK);
	assert_true(analysis->has_base);
	assert_int_equal(analysis->base.content_bytes, 8);
	assert_int_equal(analysis->base.wasted_bytes, 4);
	assert_int_equal(analysis->base.duplicate_bytes, 0);
	assert_int_equal(analysis->own.content_bytes, 9);
	assert_int_equal(analysis->own.wasted_bytes, 0);
	assert_int_equal(analysis->own.duplicate_bytes, 4);
	assert_int_equal(analysis->own.paths, 2);
	lopt_analysis_free(analysis);
	assert_int_equal(
		lopt_analysis_make(&analysis, image,
				   &(struct lopt_analysis_options){ .has_base_layers = true, .base_layers = 3 }, &err),
		LOPT_E_USAGE);
	lopt_image_free(image);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_layers),
		cmocka_unit_test(refuses_what_no_engine_loads),
		cmocka_unit_test(rolls_waste_up),
		cmocka_unit_test(tells_base_from_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
