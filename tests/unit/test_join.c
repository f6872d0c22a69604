/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "support/opened.h"

static struct lopt_error err;

/* "0-1: what it is made of", a line per new layer; what is made anew stands in brackets, a file that was promoted has a ! */
static void print_outputs(struct lopt_buf *out, const struct lopt_repack_plan *plan)
{
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct lopt_output_plan *output = &plan->outputs[i];
		lopt_buf_printf(out, "%s%zu-%zu:", i ? "\n" : "", output->first, lopt_output_top(output));
		for (size_t k = 0; k < output->piece_count; k++) {
			const struct lopt_piece *piece = &output->pieces[k];
			if (!piece->made.ptr)
				lopt_buf_printf(out, " %.*s",
						LOPT_STR_ARGS(lopt_image_layer(plan->image, piece->layer)
								      ->entries[piece->entry]
								      .path));
			else
				lopt_buf_printf(out, " [%s]%s", piece->made.ptr, piece->content ? "!" : "");
		}
	}
	assert_false(out->failed);
}

struct join_case {
	const char *layers[TEST_LAYERS_MAX];
	const char *want;
	struct lopt_repack_options how;
	const char *configuration;
};

static void check_join(const struct join_case *c)
{
	struct test_opened opened;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	test_opened_open(&opened, c->layers, c->configuration ? c->configuration : "");
	if (test_opened_plan(&opened, c->how, &err) != LOPT_OK)
		fail_msg("%s: %s", c->layers[0], err.message);
	print_outputs(&text, &opened.plan);
	if (strcmp(text.data, c->want) != 0)
		fail_msg("%s, %s:\nwant %s\n got %s", c->layers[0], c->layers[1], c->want, text.data);
	lopt_buf_release(&text);
	test_opened_close(&opened);
}

static void check_joins(const struct join_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_join(&cases[i]);
}
#define CHECK_JOINS(cases) check_joins(cases, sizeof(cases) / sizeof((cases)[0]))

static void joins_layers(void **state)
{
	(void)state;
	static const struct join_case cases[] = {
		{ { "b=1", "a=1 c=1", "a=2" }, .want = "0-0:\n1-2: a c" },
		{ { "b=1", "a=1", ".wh.a= c=1" }, .want = "0-0:\n1-2: c" },
		/* what lies below stays hidden */
		{ { "b=1", "a=1", ".wh.b=" }, .want = "0-0:\n1-2: .wh.b a" },
		{ { "b=1", ".wh.b=", "b=2" }, .want = "0-0:\n1-2: b" },
		{ { "d/ d/a=1 d/b=1", ".wh.d=", "d/ d/a=2" }, .want = "0-0:\n1-2: d [d/.wh..wh..opq] d/a" },
		{ { "d/ d/a=1 d/b=1", "d/ d/.wh.a=", "d/ d/.wh.b=" }, .want = "0-0:\n1-2: d d/.wh.b d/.wh.a" },
		{ { "d/ d/a=1 d/b=1", "d=1", "d/ d/b=2" }, .want = "0-0:\n1-2: d [d/.wh..wh..opq] d/b" },
		{ { "d/ d/e/ d/e/a=1", ".wh.d=", "d/ d/e/" }, .want = "0-0:\n1-2: d d/e [d/e/.wh..wh..opq]" },
		/* a directory comes before what is in it, and one that is empty does not get lost */
		{ { "b=1", "d/;time=5", "d/a=1" }, .want = "0-0:\n1-2: [d/] d/a" },
		{ { "b=1", "d/a=1", "d/ d/.wh.a=" }, .want = "0-0:\n1-2: d" },
		{ { "b=1", "d/a=1 c=1", "d/.wh.a=" }, .want = "0-0:\n1-2: c [d/]" },
		/* nor does one made for a whiteout that is not written (nobody applies these in place: x is a file) */
		{ { "d/e/a=1 d/f=1 x=1", "x/y=1", "d/.wh..wh..opq= d/g=1", "d/e/.wh.a=" },
		  .want = "0-0:\n1-1:\n2-3: [d/] [d/.wh..wh..opq] d/g [d/e/]" },
	};
	struct join_case c[sizeof cases / sizeof cases[0]];
	memcpy(c, cases, sizeof cases);
	for (size_t i = 0; i < sizeof c / sizeof c[0]; i++)
		c[i].how = (struct lopt_repack_options){ .mode = LOPT_REPACK_MERGE_UPPER, .base_layers = 1 };
	CHECK_JOINS(c);
}

static void joins_hard_links(void **state)
{
	(void)state;
	static const struct join_case cases[] = {
		{ { "a=1 b+a c+a", "a=2" }, .want = "0-1: a [b]! [c]", .how = { .mode = LOPT_REPACK_SQUASH } },
		{ { "a=1 b+a c+b", ".wh.a=" }, .want = "0-1: [b]! c", .how = { .mode = LOPT_REPACK_SQUASH } },
		{ { "a=1 b+a c+b", ".wh.b=" }, .want = "0-1: a [c]", .how = { .mode = LOPT_REPACK_SQUASH } },
		{ { "a@x b+a", ".wh.a=" }, .want = "0-1: [b]", .how = { .mode = LOPT_REPACK_SQUASH } },
		{ { "d/ d/a=1 e/ e/b+d/a", ".wh.d=" },
		  .want = "0-1: [e/] [e/b]!",
		  .how = { .mode = LOPT_REPACK_SQUASH } },
	};
	CHECK_JOINS(cases);
}

static void joins_no_more_than_engines_agree_on(void **state)
{
	(void)state;
	static const struct join_case cases[] = {
		/* the third is seen differently */
		{ { "x=", "d/ d/a=1", ".wh.d= d/ d/c=2", "y=", "z=" },
		  .want = "0-1: d d/a x\n2-2:\n3-4: z y",
		  .how = { .mode = LOPT_REPACK_SQUASH } },
		/* podman on vfs keeps the extended attributes of a directory that is listed again */
		{ { "d/;user.x=v d/a=1", ".wh.d=", "d/", "e=" },
		  .want = "0-0:\n1-1:\n2-3: e d",
		  .how = { .mode = LOPT_REPACK_MERGE_UPPER, .base_layers = 1 } },
		/* nobody knows which instruction made which layer */
		{ { "a=1", "b=1" },
		  .want = "0-0:\n1-1:",
		  .how = { .mode = LOPT_REPACK_SQUASH },
		  .configuration = "\"history\": [{\"created_by\": \"A\"}]" },
	};
	CHECK_JOINS(cases);
}

static void joins_as_few_as_it_takes(void **state)
{
	(void)state;
	static const struct join_case cases[] = {
		{ { "a=1", "b=1;size=9000", "c=1", "d=1" },
		  .want = "0-0:\n1-1:\n2-3: d c",
		  .how = { .max_layers = 3, .base_layers = 1 } },
		{ { "a=1", "b=1", "c=1;size=90000", "d=1;size=9000", "e=1" },
		  .want = "0-0:\n1-1:\n2-2:\n3-4: e d",
		  .how = { .max_layers = 4, .base_layers = 1 } },
		{ { "a=1", "b=1", "c=1;size=9000", "d=1", "e=1" },
		  .want = "0-1: b a\n2-2:\n3-4: e d",
		  .how = { .max_layers = 3 } },
		{ { "a=1", "b=1", "c=1" }, .want = "0-0:\n1-1:\n2-2:", .how = { .max_layers = 3 } },
		{ { "a=1", "b=1", ".wh.b=", "c=1" }, .want = "0-0:\n3-3:", .how = { .max_layers = 2 } },
		{ { "a=1", "b=1", "c=1" }, .want = "0-2: c b a", .how = { .max_layers = 1 } },
	};
	CHECK_JOINS(cases);
	struct test_opened opened;
	test_opened_open(&opened, cases[0].layers, "");
	assert_int_equal(test_opened_plan(&opened, (struct lopt_repack_options){ .max_layers = 1, .base_layers = 1 },
					  &err),
			 LOPT_E_INPUT);
	test_opened_close(&opened);
}

static void links_what_is_equal(void **state)
{
	(void)state;
	static const struct join_case cases[] = {
		{ { "a=1 b=1 c=2 d=1" }, .want = "0-0: a [b] c [d]", .how = { .dedupe = true } },
		{ { "a=1 b=1;mode=600 c=1;time=7 d=1;own=1:2 e=1;user.x=v" },
		  .want = "0-0:",
		  .how = { .dedupe = true } },
		{ { "a= b=" }, .want = "0-0:", .how = { .dedupe = true } },
		{ { "a=1 b=1" }, .want = "0-0:", .how = { .dedupe = true, .base_layers = 1 } },
		{ { "a=1", "b=1" }, .want = "0-0:\n1-1:", .how = { .dedupe = true } },
		{ { "a=1", "b=1" }, .want = "0-1: b [a]", .how = { .mode = LOPT_REPACK_SQUASH, .dedupe = true } },
		/* nobody sees it */
		{ { "a=1 b=1 c=1", "b=2" }, .want = "0-0: a [c]\n1-1:", .how = { .dedupe = true } },
	};
	CHECK_JOINS(cases);
}

static void tells_why_layers_stay_apart(void **state)
{
	(void)state;
	static const char one[] = "\"history\": [{\"created_by\": \"A\"}]";
	static const char both[] = "\"history\": [{\"created_by\": \"A\"}, {\"created_by\": \"B\"}]";
	static const char unknown[] = "the history does not tell which instruction made which layer";
	static const struct {
		const char *configuration;
		struct lopt_repack_options how;
		const char *why;
	} cases[] = {
		{ "", { .mode = LOPT_REPACK_SQUASH }, NULL },
		{ both, { .mode = LOPT_REPACK_SQUASH }, NULL },
		{ one, { .mode = LOPT_REPACK_SQUASH }, unknown },
		{ one, { .mode = LOPT_REPACK_MERGE_UPPER }, unknown },
		{ one, { .mode = LOPT_REPACK_MERGE_UPPER, .base_layers = 1 }, NULL },
		{ one, { .mode = LOPT_REPACK_MERGE_UPPER, .base_layers = 2 }, NULL },
		{ one, { .mode = LOPT_REPACK_TRIM }, NULL },
	};
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1", "b=2" };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct test_opened opened;
		test_opened_open(&opened, layers, cases[i].configuration);
		assert_int_equal(test_opened_plan(&opened, cases[i].how, &err), LOPT_OK);
		const char *why = opened.plan.layers[0].cut;
		if (!cases[i].why != !why || (why && strcmp(why, cases[i].why) != 0))
			fail_msg("case %zu: %s", i, why ? why : "(none)");
		assert_null(opened.plan.layers[1].cut);
		test_opened_close(&opened);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_layers),
		cmocka_unit_test(joins_hard_links),
		cmocka_unit_test(joins_no_more_than_engines_agree_on),
		cmocka_unit_test(joins_as_few_as_it_takes),
		cmocka_unit_test(links_what_is_equal),
		cmocka_unit_test(tells_why_layers_stay_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
