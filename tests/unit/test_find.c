/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/find.h"
#include "support/stack.h"

static struct lopt_error err;

/* An image of everything a way can lead through. */
static const char *const image_layers[TEST_LAYERS_MAX] = {
	"usr/ usr/bin/ usr/bin/sh=1234 usr/lib/ usr/lib/x/ usr/lib/x/y=12 bin@usr/bin lib@/usr/lib etc/ gone=123",
	"usr/bin/zz=1 etc/sh@../bin/sh etc/up@.. etc/here@. etc/file@../usr/bin/sh a@b b@a c@etc/up/etc/up "
	"out@../../../usr one+usr/bin/sh .wh.gone= dangling@nothing self@self empty/",
};

/* Where `path` leads: "d", "l", or the size of a regular file; "-" for nothing. */
static void print_found(struct lopt_buf *text, const struct lopt_found *found)
{
	if (found->node == LOPT_FOUND_NOTHING)
		lopt_buf_char(text, '-');
	else if (found->type == LOPT_FILE)
		lopt_buf_printf(text, "%llu", (unsigned long long)found->layer->inodes[found->inode].size);
	else
		lopt_buf_char(text, (char)found->type);
}

static void finds_what_a_container_sees(void **state)
{
	(void)state;
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "usr/bin/sh", "4" },
		{ "/usr/bin/sh", "4" },
		{ "/usr//bin/./sh", "4" },
		{ "/usr/bin/zz", "1" },
		{ "/usr/bin", "d" },
		{ "/usr/bin/", "d" },
		{ "/usr/binx", "-" },
		{ "/usr/bi", "-" },
		{ "/usr/bin/sh/x", "-" },
		{ "/bin/sh", "4" },
		{ "/bin/zz", "1" },
		{ "/bin", "l" },
		{ "/lib/x/y", "2" },
		{ "/lib/x", "d" },
		{ "/lib/x/../x/y", "2" },
		{ "/gone", "-" },
		{ "/one", "4" },
		{ "/etc/sh", "l" },
		{ "/etc/file/x", "-" },
		{ "/etc/up/etc/here/up/bin/sh", "4" },
		{ "/a/x", "-" },
		{ "/b/x", "-" },
		{ "/a", "l" },
		{ "/c/usr/bin/sh", "4" },
		{ "/out/bin/sh", "4" },
		{ "/self/self", "-" },
		{ "/dangling/x", "-" },
		{ "/../../usr/bin/sh", "4" },
		{ "/empty", "d" },
		{ "/empty/x", "-" },
		{ "/", "d" },
		{ ".", "d" },
		{ "", "-" },
	};
	struct lopt_image *image;
	struct lopt_finder finder;
	int fd;
	assert_int_equal(test_open_stack(&image, image_layers, &fd, &err), LOPT_OK);
	lopt_finder_init(&finder, image);
	/* one after the other and each by itself: what was looked up before must not show */
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t before = 0; before < sizeof cases / sizeof cases[0]; before++) {
			struct lopt_buf text = LOPT_BUF_INIT(64);
			struct lopt_found found;
			assert_int_equal(lopt_finder_find(&finder, lopt_str_from(cases[before].path), &found, &err),
					 LOPT_OK);
			assert_int_equal(lopt_finder_find(&finder, lopt_str_from(cases[i].path), &found, &err),
					 LOPT_OK);
			print_found(&text, &found);
			if (strcmp(text.data, cases[i].want) != 0)
				fail_msg("%s after %s: %s, not %s", cases[i].path, cases[before].path, text.data,
					 cases[i].want);
			lopt_buf_release(&text);
		}
	lopt_finder_release(&finder);
	lopt_image_free(image);
	(void)close(fd);
}

static void follows_as_many_links_as_the_kernel(void **state)
{
	(void)state;
	enum { LINKS = 50 };
	struct lopt_buf text = LOPT_BUF_INIT(1 << 12);
	const char *layers[TEST_LAYERS_MAX] = { 0 };
	struct lopt_image *image;
	struct lopt_finder finder;
	struct lopt_found found;
	int fd;
	lopt_buf_text(&text, "d0/ d0/f=1");
	for (int i = 1; i <= LINKS; i++)
		lopt_buf_printf(&text, " d%d@d%d", i, i - 1);
	layers[0] = text.data;
	assert_int_equal(test_open_stack(&image, layers, &fd, &err), LOPT_OK);
	lopt_finder_init(&finder, image);
	assert_int_equal(lopt_finder_find(&finder, lopt_str_from("d41/f"), &found, &err), LOPT_OK);
	assert_int_equal(found.node, LOPT_FOUND_NOTHING);
	lopt_finder_release(&finder);
	assert_int_equal(lopt_finder_find(&finder, lopt_str_from("d40/f"), &found, &err), LOPT_OK);
	assert_int_equal(found.type, LOPT_FILE);
	lopt_finder_release(&finder);
	lopt_image_free(image);
	lopt_buf_release(&text);
	(void)close(fd);
}

static void steps_through_everything(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "b/ b/y=1 b/x=22 a=1", "b/ b/.wh.y= c@b" };
	struct lopt_buf text = LOPT_BUF_INIT(64);
	struct lopt_found found = { .node = LOPT_FOUND_ROOT };
	struct lopt_image *image;
	int fd;
	assert_int_equal(test_open_stack(&image, layers, &fd, &err), LOPT_OK);
	while (lopt_found_next(image, &found)) {
		assert_true(found.node < lopt_found_bound(image) && found.parent < lopt_found_bound(image));
		print_found(&text, &found);
	}
	assert_string_equal(text.data, "1d2l");
	lopt_buf_release(&text);
	lopt_image_free(image);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_a_container_sees),
		cmocka_unit_test(follows_as_many_links_as_the_kernel),
		cmocka_unit_test(steps_through_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
