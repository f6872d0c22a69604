/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "layeropt/analysis.h"
#include "support/identities.h"
#include "support/stack.h"

/*
 * Stacks of layers as tables, written as tests/support/stack.h says. What is expected is written likewise: the final
 * filesystem, then the bytes overwritten, copied for their metadata, and removed.
 */
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
	const char *layers[TEST_LAYERS_MAX];
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
	if (test_open_stack(&image, c->layers, &fd, &err) != LOPT_OK)
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
		const char *layers[TEST_LAYERS_MAX];
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
		assert_int_equal(test_open_stack(&image, cases[i].layers, &fd, &err), LOPT_E_INPUT);
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
		const char *layers[TEST_LAYERS_MAX];
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
		assert_int_equal(test_open_stack(&image, cases[i].layers, &fd, &err), LOPT_OK);
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
	static const char *const layers[TEST_LAYERS_MAX] = { "a=same b=base", "c=same .wh.b= d=12345" };
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	struct lopt_error err = { 0 };
	const struct lopt_analysis_options options = { .has_base_layers = true, .base_layers = 1 };
	int fd;
	assert_int_equal(test_open_stack(&image, layers, &fd, &err), LOPT_OK);
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
