/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "advice/reorder.h"
#include "support/stack.h"

static struct lopt_error err;

enum { INSTRUCTIONS_MAX = 16, COMMITS_MAX = 8 };

#define BASE "etc/ srv/ usr/ usr/bin/ usr/bin/env=1 var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=1"
#define APT "usr/ usr/bin/ usr/bin/curl=1 var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=2"
#define APP "srv/ srv/app/ srv/app/x=1"

struct reorder_case {
	const char *source;
	const char *layers[TEST_LAYERS_MAX]; /* of RUN and COPY in order */
	double seconds[INSTRUCTIONS_MAX];
	uint64_t commits[COMMITS_MAX]; /* up to the first 0 */
	const char *want;	       /* the order, "before>after", the reason */
	enum lopt_builder builder;
};

static void print(struct lopt_buf *text, const struct lopt_reorder *reorder)
{
	for (size_t i = 0; i < reorder->count; i++)
		lopt_buf_printf(text, "%zu ", reorder->order[i]);
	lopt_buf_printf(text, "%g>%g", reorder->before, reorder->after);
	if (reorder->reason.len)
		lopt_buf_printf(text, " %.*s", LOPT_STR_ARGS(reorder->reason));
}

static void expect(const struct reorder_case *c)
{
	const char *stack[TEST_LAYERS_MAX] = { BASE };
	size_t layer_of[INSTRUCTIONS_MAX], next = 0;
	uint64_t changed[COMMITS_MAX];
	struct lopt_dockerfile *file;
	struct lopt_image *image;
	struct lopt_reorder reorder;
	struct lopt_buf text = LOPT_BUF_INIT(1024);
	int fd;
	assert_int_equal(lopt_dockerfile_parse(&file, lopt_str_from(c->source), &err), LOPT_OK);
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++) {
		struct lopt_str keyword = lopt_dockerfile_at(file, i)->keyword;
		bool ships = lopt_str_is(keyword, "run") || lopt_str_is(keyword, "copy");
		layer_of[i] = ships && c->layers[next] ? next + 1 : LOPT_NO_LAYER;
		if (layer_of[i] != LOPT_NO_LAYER) {
			stack[next + 1] = c->layers[next];
			next++;
		}
	}
	struct lopt_commits commits = { .changed = changed, .reason = LOPT_BUF_INIT(64) };
	for (; c->commits[commits.count]; commits.count++)
		changed[commits.count] = c->commits[commits.count];
	if (test_open_stack(&image, stack, &fd, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	const struct lopt_reorder_input input = {
		.depends = { file, image, layer_of, c->builder ? c->builder : LOPT_BUILDER_BUILDKIT },
		.seconds = c->seconds,
		.commits = &commits,
	};
	assert_int_equal(lopt_reorder_find(&reorder, &input, &err), LOPT_OK);
	print(&text, &reorder);
	if (strcmp(text.data, c->want) != 0)
		fail_msg("%s\n%s\nnot %s", c->source, text.data, c->want);
	lopt_buf_release(&text);
	lopt_reorder_release(&reorder);
	lopt_image_free(image);
	lopt_dockerfile_free(file);
	(void)close(fd);
}

static void proposes_what_rebuilds_less(void **state)
{
	(void)state;
	static const struct reorder_case cases[] = {
		/* what is copied changes, what apt installs does not */
		{ "FROM a\nCOPY . /srv/app\nRUN apt-get install curl",
		  { APP, APT },
		  { 0, 1, 60 },
		  { 2, 2, 2, 4 },
		  "0 2 1 60.75>16",
		  0 },
		/* in another stage's numbers the last one begins later */
		{ "FROM b\nRUN x\nFROM a\nCOPY . /srv/app\nRUN apt-get install curl",
		  { NULL },
		  { 0, 9, 0, 1, 60 },
		  { 2, 2, 2, 4 },
		  "2 3 4 60.75>60.75 no order the dependencies allow rebuilds less",
		  0 },
		/* late ENV and ARG */
		{ "FROM a\nENV V=1\nARG W=1\nRUN apt-get install curl\nLABEL v=$V",
		  { APT },
		  { 0, 0, 0, 60, 0 },
		  { 2, 4, 2 },
		  "0 3 1 2 4 60>0",
		  0 },
		{ "FROM a\nENV V=1\nRUN apt-get install curl=$V",
		  { APT },
		  { 0, 0, 60 },
		  { 2 },
		  "0 1 2 60>60 no order the dependencies allow rebuilds less",
		  0 },
		{ "FROM a\nENV PATH=/x\nRUN apt-get install curl",
		  { APT },
		  { 0, 0, 60 },
		  { 2 },
		  "0 1 2 60>60 no order the dependencies allow rebuilds less",
		  0 },
		/* BuildKit does not look at a LABEL, the others do */
		{ "FROM a\nLABEL v=1\nRUN apt-get install curl",
		  { APT },
		  { 0, 0, 60 },
		  { 2 },
		  "0 1 2 0>0 no commit made an instruction run again that takes time",
		  0 },
		{ "FROM a\nLABEL v=1\nRUN apt-get install curl",
		  { APT },
		  { 0, 0, 60 },
		  { 2 },
		  "0 2 1 60>0",
		  LOPT_BUILDER_LEGACY },
		/* a base that changes rebuilds everything, in any order */
		{ "FROM a\nCOPY . /srv/app\nRUN apt-get install curl",
		  { APP, APT },
		  { 0, 1, 60 },
		  { 1, 1, 1, 1, 1, 1, 2 },
		  "0 2 1 61>52.4286",
		  0 },
		{ "FROM a\nCOPY . /srv/app\nRUN apt-get install curl",
		  { APP, APT },
		  { 0, 60, 5 },
		  { 1, 1, 1, 1, 1, 1, 2 },
		  "0 1 2 65>64.2857 the best order would save less than 10 % of the rebuilding",
		  0 },
		{ "FROM a\nCOPY . /srv/app", { APP }, { 0 }, { 0 }, "0 1 0>0 no commit is known", 0 },
		{ "ARG A", { NULL }, { 0 }, { 0 }, "0>0 the Dockerfile has no stage", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect(&cases[i]);
}

/* ---- what instructions take */

static void times_are_differences(void **state)
{
	(void)state;
	/* the times of a base entry and of four entries for the instructions 1 to 4, the second without a layer */
	static const struct {
		const char *times[5];
		double want[4]; /* below 0: guessed */
	} cases[] = {
		{ { "2024-01-01T00:00:00Z", "2024-02-28T23:59:50Z", "2024-02-28T23:59:50.5Z",
		    "2024-02-29T00:00:00+00:00", "2024-03-01T02:00:00+02:00" },
		  { -1, 0.5, 9.5, -1 } },
		{ { "2024-01-01T00:00:00Z", "2024-05-01T00:00:10Z", "2024-05-01T00:00:00Z", "2024-05-01T00:00:12Z",
		    "2024-05-01T00:00:42-00:00" },
		  { -1, 0, 2, 30 } },
		{ { "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "", "nonsense", "2024-13-01T00:00:00Z" },
		  { -1, 0, -1, -1 } },
		{ { "", "2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z",
		    "2024-05-01T00:00:00Z" },
		  { -1, 0, -1, -1 } },
	};
	static const char *const texts[TEST_LAYERS_MAX] = { "a=1", "b=2", "c=3", "d=4" };
	struct lopt_dockerfile *file;
	assert_int_equal(lopt_dockerfile_parse(&file, lopt_str_from("FROM a\nRUN b\nENV e=1\nRUN c\n# note\nRUN d\n"),
					       &err),
			 LOPT_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf layers[TEST_LAYERS_MAX], text = LOPT_BUF_INIT(4096);
		struct lopt_image *image;
		int fd;
		for (size_t k = 0; k < TEST_LAYERS_MAX; k++) {
			layers[k] = LOPT_BUF_INIT(1 << 16);
			if (texts[k])
				test_layer(&layers[k], texts[k]);
		}
		lopt_buf_text(&text, "\"history\":[");
		for (size_t k = 0; k < 5; k++)
			lopt_buf_printf(&text, "%s{\"created\":\"%s\",\"created_by\":\"x\"%s}", k ? "," : "",
					cases[i].times[k], k == 2 ? ",\"empty_layer\":true" : "");
		lopt_buf_text(&text, "]");
		if (test_open_configured(&image, layers, text.data, NULL, &fd, &err) != LOPT_OK)
			fail_msg("%s", err.message);
		const uint32_t lines[5] = { 0, 2, 3, 4, 6 };
		size_t instruction_of[5], layer_of[5];
		double seconds[5];
		lopt_reorder_map(instruction_of, layer_of, file, lopt_image_info(image), lines);
		assert_int_equal(instruction_of[0], SIZE_MAX);
		assert_int_equal(layer_of[0], LOPT_NO_LAYER);
		assert_int_equal(layer_of[2], LOPT_NO_LAYER);
		assert_int_equal(layer_of[4], 3);
		lopt_reorder_seconds(seconds, 5, image, instruction_of);
		for (size_t k = 0; k < 4; k++) {
			double guess = 1 + (double)lopt_image_layer(image, 1)->size / 10e6;
			double want = cases[i].want[k] < 0 ? guess : cases[i].want[k];
			if (fabs(seconds[k + 1] - want) > 1e-3)
				fail_msg("case %zu, instruction %zu: %g, not %g", i, k + 1, seconds[k + 1], want);
		}
		lopt_image_free(image);
		(void)close(fd);
		lopt_buf_release(&text);
		for (size_t k = 0; k < TEST_LAYERS_MAX; k++)
			lopt_buf_release(&layers[k]);
	}
	lopt_dockerfile_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proposes_what_rebuilds_less),
		cmocka_unit_test(times_are_differences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
