/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compare/compare.h"
#include "compare/inner.h"
#include "compare/inventory.h"
#include "support/stack.h"

static struct lopt_error err;

/* One image of a table. */
struct opened {
	struct lopt_image *image;
	int fd;
};

static enum lopt_status try_image(struct opened *out, const char *const layers[TEST_LAYERS_MAX],
				  const char *configuration)
{
	const struct lopt_open_options options = { .want_sha256 = true, .keep = lopt_comparison_keep };
	struct lopt_buf tars[TEST_LAYERS_MAX];
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		tars[i] = LOPT_BUF_INIT(1 << 20);
		if (layers[i])
			test_layer(&tars[i], layers[i]);
	}
	enum lopt_status status = test_open_configured(&out->image, tars, configuration, &options, &out->fd, &err);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&tars[i]);
	return status;
}

static void open_image(struct opened *out, const char *const layers[TEST_LAYERS_MAX], const char *configuration)
{
	if (try_image(out, layers, configuration) != LOPT_OK)
		fail_msg("%s: %s", layers[0] ? layers[0] : "", err.message);
}

static void close_image(struct opened *opened)
{
	lopt_image_free(opened->image);
	(void)close(opened->fd);
}

static void compare(struct lopt_comparison *out, const struct opened *a, const struct opened *b)
{
	if (lopt_comparison_make(out, a->image, b->image, &err) != LOPT_OK)
		fail_msg("%s", err.message);
}

static void print_aspects(struct lopt_buf *text, unsigned aspects)
{
	const char *comma = "";
	for (size_t bit = 0; lopt_aspect_name(bit); bit++) {
		if (!(aspects & (1u << bit)))
			continue;
		lopt_buf_printf(text, "%s%s", comma, lopt_aspect_name(bit));
		comma = ",";
	}
}

/* "path: aspects reason" a line, where there is a reason. */
static void print_differences(struct lopt_buf *text, const struct lopt_comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		const struct lopt_difference *difference = &comparison->differences[i];
		lopt_buf_printf(text, "%s%.*s: ", text->len ? "\n" : "", LOPT_STR_ARGS(difference->path));
		print_aspects(text, difference->aspects);
		if (difference->reason != LOPT_REASON_NONE)
			lopt_buf_printf(text, " %s", lopt_reason_name(difference->reason));
		assert_ptr_equal(lopt_comparison_find(comparison, difference->path), difference);
	}
}

static void print_config(struct lopt_buf *text, const struct lopt_comparison *comparison)
{
	for (size_t i = 0; i < comparison->config_count; i++) {
		const struct lopt_config_difference *difference = &comparison->config[i];
		lopt_buf_printf(text, "%s%.*s: %.*s -> %.*s", text->len ? "\n" : "", LOPT_STR_ARGS(difference->member),
				LOPT_STR_ARGS(difference->before), LOPT_STR_ARGS(difference->after));
	}
}

static void expect_text(struct lopt_buf *text, const char *want, const char *what)
{
	lopt_buf_char(text, '\0');
	if (strcmp(text->data, want) != 0)
		fail_msg("%s:\n%s\nnot\n%s", what, text->data, want);
	lopt_buf_release(text);
}

/* What differs. */

struct pair_case {
	const char *a[TEST_LAYERS_MAX], *b[TEST_LAYERS_MAX];
	const char *want;
};

static void expect_pair(const struct pair_case *c)
{
	struct opened a, b;
	struct lopt_comparison comparison;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	open_image(&a, c->a, "");
	open_image(&b, c->b, "");
	compare(&comparison, &a, &b);
	print_differences(&text, &comparison);
	assert_int_equal(lopt_comparison_count(&comparison, LOPT_REASON_NONE), comparison.count);
	lopt_comparison_release(&comparison);
	close_image(&a);
	close_image(&b);
	expect_text(&text, c->want, c->a[0]);
}

static void tells_each_aspect(void **state)
{
	(void)state;
	static const struct pair_case cases[] = {
		{ { "a=1 d/ d/b=2" }, { "a=1 d/ d/b=2" }, "" },
		{ { "a=1" }, { "a=1 b=2" }, "b: added" },
		{ { "a=1 b=2" }, { "a=1" }, "b: removed" },
		{ { "a=1" }, { "a=2" }, "a: content" },
		{ { "a=1" }, { "a=11" }, "a: content" },
		{ { "a=1" }, { "a=" }, "a: content" },
		{ { "a=1" }, { "a=1;mode=4755" }, "a: mode" },
		{ { "d/" }, { "d/;mode=700" }, "d: mode" },
		{ { "a=1" }, { "a=1;own=1:0" }, "a: owner" },
		{ { "a=1" }, { "a=1;own=0:1" }, "a: owner" },
		{ { "a=1;user.x=1" }, { "a=1" }, "a: xattrs" },
		{ { "a=1;user.x=1" }, { "a=1;user.x=2" }, "a: xattrs" },
		{ { "a=1;user.x=1;user.y=1" }, { "a=1;user.y=1;user.x=1" }, "" },
		{ { "a=1;user.x=1" }, { "a=1;user.y=1" }, "a: xattrs" },
		{ { "a@x" }, { "a@y" }, "a: target" },
		{ { "a%1:3" }, { "a%1:5" }, "a: device" },
		{ { "a%1:3" }, { "a%1:3" }, "" },
		/* then nothing else is compared */
		{ { "a=1" }, { "a@x;own=1:1" }, "a: type" },
		{ { "a/ a/b=1" }, { "a=1" }, "a: type\na/b: removed" },
		{ { "a=1;mode=600;own=1:1;user.x=1" }, { "a=2;mode=644" }, "a: mode,owner,xattrs,content" },
		/* a link's mode is no property of it on Linux, and its owner is */
		{ { "a@x;own=1:1" }, { "a@x" }, "a: owner" },
		/* times do not count */
		{ { "a=1;time=5 d/;time=9" }, { "a=1;time=6 d/;time=8" }, "" },
		/* nor do layers */
		{ { "a=0 b=1", "a=1", ".wh.b=" }, { "a=1" }, "" },
		{ { "a=1", "a=1;mode=600" }, { "a=1;mode=600" }, "" },
		/* an implied directory is 0755, 0:0 */
		{ { "d/b=1" }, { "d/ d/b=1" }, "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_pair(&cases[i]);
}

static void counts_what_was_compared(void **state)
{
	(void)state;
	static const char *const a_layers[TEST_LAYERS_MAX] = { "a=1;time=1 b=1 c=1;time=1" };
	static const char *const b_layers[TEST_LAYERS_MAX] = { "a=1;time=2 c=2;time=2 d=1" };
	struct opened a, b;
	struct lopt_comparison comparison;
	open_image(&a, a_layers, "");
	open_image(&b, b_layers, "");
	compare(&comparison, &a, &b);
	assert_int_equal(comparison.paths, 4);
	assert_int_equal(comparison.times, 1);
	assert_int_equal(comparison.count, 3);
	assert_null(lopt_comparison_find(&comparison, lopt_str_from("a")));
	assert_null(lopt_comparison_find(&comparison, lopt_str_from("")));
	lopt_comparison_release(&comparison);
	close_image(&a);
	close_image(&b);
}

static void counts_times_when_asked(void **state)
{
	(void)state;
	static const struct lopt_comparison_options options = { .times = true };
	static const char *const a_layers[TEST_LAYERS_MAX] = {
		"a=1;time=1 b=1;time=1 c=1;time=1 d/;time=1 e/x=1 f=1;time=1"
	};
	static const char *const b_layers[TEST_LAYERS_MAX] = {
		"a=1;time=2 b=2;time=2 c=1;time=1 d/;time=2 e/x=1 f@x;time=2 g=1"
	};
	struct opened a, b;
	struct lopt_inventory before, after;
	struct lopt_arena arena;
	struct lopt_comparison comparison;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	open_image(&a, a_layers, "");
	open_image(&b, b_layers, "");
	lopt_arena_init(&arena, UINT64_MAX);
	assert_int_equal(lopt_inventory_make(&before, &arena, a.image, NULL, &err), LOPT_OK);
	assert_int_equal(lopt_inventory_make(&after, &arena, b.image, NULL, &err), LOPT_OK);
	assert_int_equal(lopt_comparison_between(&comparison, &before, &after, &options, &err), LOPT_OK);
	print_differences(&text, &comparison);
	assert_int_equal(comparison.times, 0);
	assert_int_equal(comparison.differences[0].before.mtime_ns, 1000000000);
	assert_int_equal(comparison.differences[0].after.mtime_ns, 2000000000);
	lopt_comparison_release(&comparison);
	lopt_inventory_release(&before);
	lopt_inventory_release(&after);
	lopt_arena_release(&arena);
	close_image(&a);
	close_image(&b);
	expect_text(&text, "a: time\nb: content,time\nd: time\nf: type\ng: added", "times");
}

static void keeps_the_order_of_a_walk(void **state)
{
	(void)state;
	static const struct pair_case cases[] = {
		/* "/" is the lowest byte, below "-", "." and "\x01" */
		{ { "x=1" },
		  { "x=1 a/ a/b=1 a-b=1 a.b=1 a!=1 a0=1 \x01=1" },
		  "\x01: added\na: added\na/b: added\na!: added\na-b: added\na.b: added\na0: added" },
		{ { "a/ a/b=1 a-b=1" }, { "a/ a/b=2 a-b=2" }, "a/b: content\na-b: content" },
		{ { "a/ a/b=1 a-b=1" }, { "a-b=2" }, "a: removed\na/b: removed\na-b: content" },
		{ { "\xff=1 a=1" }, { "b=1 \xc3\xa4=1" }, "a: removed\nb: added\n\xc3\xa4: added\n\xff: removed" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_pair(&cases[i]);
}

static void tells_links_from_copies(void **state)
{
	(void)state;
	static const struct pair_case cases[] = {
		{ { "a=1 b+a" }, { "a=1 b+a" }, "" },
		/* which of the names came first in the tar does not count */
		{ { "b=1 a+b" }, { "a=1 b+a" }, "" },
		{ { "a=1 b+a" }, { "a=1 b=1" }, "a: links\nb: links" },
		{ { "a=1 b+a c+a" }, { "a=1 b+a c=1" }, "c: links" },
		{ { "a=1 b+a c=1 d+c" }, { "a=1 c+a b=1 d+b" }, "b: links\nc: links\nd: links" },
		{ { "a=1 b+a c+a" }, { "b=1 c+b" }, "a: removed\nb: links\nc: links" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_pair(&cases[i]);
}

/* Configurations. */

struct config_case {
	const char *a, *b;
	const char *want;
	bool order; /* of the variables */
};

static void expect_config(const struct config_case *c)
{
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1" };
	struct opened a, b;
	struct lopt_comparison comparison;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	char configuration[2][1024];
	(void)snprintf(configuration[0], sizeof configuration[0], "\"config\":{%s}", c->a);
	(void)snprintf(configuration[1], sizeof configuration[1], "\"config\":{%s}", c->b);
	open_image(&a, layers, configuration[0]);
	open_image(&b, layers, configuration[1]);
	compare(&comparison, &a, &b);
	print_config(&text, &comparison);
	assert_int_equal(comparison.env_order, c->order);
	assert_int_equal(lopt_comparison_count(&comparison, LOPT_REASON_NONE), comparison.config_count);
	lopt_comparison_release(&comparison);
	close_image(&a);
	close_image(&b);
	expect_text(&text, c->want, c->a);
}

static void compares_what_a_container_is_run_by(void **state)
{
	(void)state;
	static const struct config_case cases[] = {
		{ "", "", "", 0 },
		{ "\"Env\":[\"A=1\",\"B=2\"]", "\"Env\":[\"A=1\",\"B=2\"]", "", 0 },
		{ "\"Env\":[\"A=1\",\"B=2\"]", "\"Env\":[\"B=2\",\"A=1\"]", "", 1 },
		{ "\"Env\":[\"A=1\",\"B=2\"]", "\"Env\":[\"B=2\",\"A=3\"]", "Env A: 1 -> 3", 0 },
		{ "\"Env\":[\"A=1\"]", "\"Env\":[\"B=2\"]", "Env A: 1 -> \nEnv B:  -> 2", 0 },
		{ "\"Env\":[\"A=\"]", "", "Env A:  -> ", 0 },
		{ "\"Labels\":{\"a\":\"1\",\"io.buildah.version\":\"1.28\"}",
		  "\"Labels\":{\"io.buildah.version\":\"1.29\",\"a\":\"1\"}", "", 0 },
		{ "\"Labels\":{\"io.buildah.version\":\"1.28\"}", "", "", 0 },
		{ "\"Labels\":{\"a\":\"1\"}", "\"Labels\":{\"a\":\"2\"}", "Labels a: 1 -> 2", 0 },
		{ "\"Cmd\":[\"sh\"]", "\"Cmd\":[\"sh\",\"-c\"]", "Cmd: [\"sh\"] -> [\"sh\", \"-c\"]", 0 },
		{ "\"Cmd\":[\"a b\"]", "\"Cmd\":[\"a\",\"b\"]", "Cmd: [\"a b\"] -> [\"a\", \"b\"]", 0 },
		{ "\"Cmd\":null", "", "", 0 },
		{ "\"Entrypoint\":[\"sh\"]", "", "Entrypoint: [\"sh\"] -> ", 0 },
		{ "\"ExposedPorts\":{\"80/tcp\":{},\"1/udp\":{}}", "\"ExposedPorts\":{\"1/udp\":{},\"80/tcp\":{}}", "",
		  0 },
		{ "\"ExposedPorts\":{\"80/tcp\":{}}", "\"ExposedPorts\":{\"81/tcp\":{}}",
		  "ExposedPorts: [\"80/tcp\"] -> [\"81/tcp\"]", 0 },
		{ "\"Volumes\":{\"/a\":{}}", "", "Volumes: [\"/a\"] -> ", 0 },
		{ "\"WorkingDir\":\"/a\"", "\"WorkingDir\":\"/b\"", "WorkingDir: /a -> /b", 0 },
		{ "\"User\":\"a\"", "\"User\":\"\"", "User: a -> ", 0 },
		{ "\"StopSignal\":\"SIGINT\"", "", "Config StopSignal: \"SIGINT\" -> ", 0 },
		{ "\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"],\"Retries\":3}",
		  "\"Healthcheck\":{\"Retries\":3,\"Test\":[\"CMD\",\"a\"]}", "", 0 },
		{ "\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"]}", "\"Healthcheck\":{\"Test\":[\"CMD\",\"b\"]}",
		  "Config Healthcheck: {\"Test\":[\"CMD\",\"a\"]} -> {\"Test\":[\"CMD\",\"b\"]}", 0 },
		{ "\"OnBuild\":[\"RUN a\",\"RUN b\"]", "\"OnBuild\":[\"RUN b\",\"RUN a\"]",
		  "Config OnBuild: [\"RUN a\",\"RUN b\"] -> [\"RUN b\",\"RUN a\"]", 0 },
		{ "\"OnBuild\":null", "\"OnBuild\":[]", "", 0 },
		{ "\"Shell\":[\"/bin/bash\"]", "", "Config Shell: [\"/bin/bash\"] -> ", 0 },
		/* how it was built is not how it runs */
		{ "\"Image\":\"sha256:a\",\"Hostname\":\"a\",\"ArgsEscaped\":true",
		  "\"Image\":\"sha256:b\",\"Hostname\":\"b\"", "", 0 },
		{ "\"AttachStdin\":false,\"Tty\":false", "", "", 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_config(&cases[i]);
}

static void compares_the_platform(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1" };
	struct opened a, b;
	struct lopt_comparison comparison;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	open_image(&a, layers, "\"variant\":\"v7\",\"author\":\"x\",\"created\":\"2020-01-01T00:00:00Z\"");
	open_image(&b, layers, "\"variant\":\"v8\"");
	compare(&comparison, &a, &b);
	print_config(&text, &comparison);
	lopt_comparison_release(&comparison);
	close_image(&a);
	close_image(&b);
	expect_text(&text, "variant: v7 -> v8", "platform");
}

/* Reasons. */

struct reason_case {
	const char *a, *b;
	const char *again; /* a built once more; NULL: it was not */
	struct lopt_effect effects[4];
	const char *allowed[2];
	const char *want;
};

static void excuse(struct lopt_comparison *comparison, const struct opened *a, const char *again)
{
	struct opened other;
	struct lopt_comparison noise;
	if (!again) {
		assert_int_equal(lopt_comparison_excuse(comparison, NULL, &err), LOPT_OK);
		return;
	}
	const char *layers[TEST_LAYERS_MAX] = { again };
	open_image(&other, layers, "");
	compare(&noise, a, &other);
	assert_int_equal(lopt_comparison_excuse(comparison, &noise, &err), LOPT_OK);
	lopt_comparison_release(&noise);
	close_image(&other);
}

static void expect_reasons(const struct reason_case *c)
{
	const char *a_layers[TEST_LAYERS_MAX] = { c->a }, *b_layers[TEST_LAYERS_MAX] = { c->b };
	struct opened a, b;
	struct lopt_comparison comparison;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	struct lopt_effect effects[4];
	size_t count = 0;
	while (count < 4 && c->effects[count].path.ptr) {
		effects[count] = c->effects[count];
		count++;
	}
	open_image(&a, a_layers, "");
	open_image(&b, b_layers, "");
	compare(&comparison, &a, &b);
	excuse(&comparison, &a, c->again);
	lopt_effects_sort(effects, count);
	lopt_comparison_expect(&comparison, effects, count);
	for (size_t i = 0; i < 2 && c->allowed[i]; i++)
		lopt_comparison_allow(&comparison, c->allowed[i]);
	print_differences(&text, &comparison);
	lopt_comparison_release(&comparison);
	close_image(&a);
	close_image(&b);
	expect_text(&text, c->want, c->a);
}

static void measures_noise(void **state)
{
	(void)state;
	static const struct reason_case cases[] = {
		{ .a = "x=1", .b = "x=2", .again = "x=3", .want = "x: content measured" },
		{ .a = "x=1", .b = "x=2", .again = "x=1", .want = "x: content" },
		/* other aspects than those measured */
		{ .a = "x=1", .b = "x=2;mode=600", .again = "x=3", .want = "x: mode,content" },
		{ .a = "x=1", .b = "x=1;mode=600", .again = "x=3", .want = "x: mode" },
		{ .a = "x=1", .b = "x=2", .again = "x=3;mode=600", .want = "x: content measured" },
		{ .a = "x=1 y=1", .b = "x=1", .again = "x=1", .want = "y: removed measured" },
		{ .a = "x=1 y=1", .b = "x=1", .again = "x=1 y=2", .want = "y: removed" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_reasons(&cases[i]);
}

static void knows_random_names(void **state)
{
	(void)state;
	static const struct reason_case cases[] = {
		/* each build has its own */
		{ .a = "tmp/ tmp/tmp.AbCdEf=1",
		  .b = "tmp/ tmp/tmp.MnOpQr=1",
		  .again = "tmp/ tmp/tmp.GhIjKl=1",
		  .want = "tmp/tmp.AbCdEf: removed measured\ntmp/tmp.MnOpQr: added measured" },
		{ .a = "tmp/ tmp/RtmpAb12Cd/ tmp/RtmpAb12Cd/x=1",
		  .b = "tmp/ tmp/RtmpQq34Zz/ tmp/RtmpQq34Zz/x=1",
		  .again = "tmp/ tmp/RtmpGh56Ij/ tmp/RtmpGh56Ij/x=1",
		  .want = "tmp/RtmpAb12Cd: removed measured\ntmp/RtmpAb12Cd/x: removed measured\n"
			  "tmp/RtmpQq34Zz: added measured\ntmp/RtmpQq34Zz/x: added measured" },
		/* in another directory, of another length, of another beginning */
		{ .a = "t/ t/tmp.AbCdEf=1",
		  .b = "t/ u/ u/tmp.MnOpQr=1",
		  .again = "t/ t/tmp.GhIjKl=1",
		  .want = "t/tmp.AbCdEf: removed measured\nu: added\nu/tmp.MnOpQr: added" },
		{ .a = "t/ t/tmp.AbCdEf=1",
		  .b = "t/ t/tmp.MnOpQrSt=1",
		  .again = "t/ t/tmp.GhIjKl=1",
		  .want = "t/tmp.AbCdEf: removed measured\nt/tmp.MnOpQrSt: added" },
		{ .a = "t/ t/tmp.AbCdEf=1",
		  .b = "t/ t/xyz.MnOpQr=1",
		  .again = "t/ t/tmp.GhIjKl=1",
		  .want = "t/tmp.AbCdEf: removed measured\nt/xyz.MnOpQr: added" },
		/* a library that is missed is no random name, whatever else comes and goes beside it */
		{ .a = "lib/ lib/libfoo.so.1=1 lib/libbar.so.1=1",
		  .b = "lib/ lib/libfoo.so.1=1",
		  .again = "lib/ lib/libbar.so.1=1",
		  .want = "lib/libbar.so.1: removed" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_reasons(&cases[i]);
}

static void knows_volatile_files(void **state)
{
	(void)state;
	static const struct reason_case cases[] = {
		{ .a = "var/log/dpkg.log=1", .b = "var/log/dpkg.log=22", .want = "var/log/dpkg.log: content volatile" },
		{ .a = "var/log/apt/term.log=1",
		  .b = "var/log/apt/term.log=2;mode=600",
		  .want = "var/log/apt/term.log: mode,content" },
		{ .a = "var/log/a/ var/log/a/x=1", .b = "var/log/a/", .want = "var/log/a/x: removed" },
		{ .a = "etc/machine-id=1", .b = "etc/machine-id=2", .want = "etc/machine-id: content volatile" },
		{ .a = "var/log/apt/ var/log/apt/eipp.log.xz=1",
		  .b = "var/log/apt/",
		  .want = "var/log/apt/eipp.log.xz: removed volatile" },
		{ .a = "etc/ etc/passwd-=1", .b = "etc/", .want = "etc/passwd-: removed volatile" },
		/* the same lines */
		{ .a = "etc/passwd=a:1\nb:2\n", .b = "etc/passwd=b:2\na:1\n", .want = "etc/passwd: content volatile" },
		{ .a = "etc/passwd=a:1\nb:2\n", .b = "etc/passwd=b:1\na:2\n", .want = "etc/passwd: content" },
		{ .a = "etc/passwd=a:1\na:1\n", .b = "etc/passwd=a:1\n", .want = "etc/passwd: content" },
		{ .a = "etc/passwd=", .b = "etc/passwd=a:1\n", .want = "etc/passwd: content" },
		{ .a = "etc/passwd=\n\n", .b = "etc/passwd=", .want = "etc/passwd: content volatile" },
		{ .a = "etc/passwd=a:1\nb:2", .b = "etc/passwd=b:2\na:1\n", .want = "etc/passwd: content volatile" },
		{ .a = "etc/ etc/passwd=a:1\n", .b = "etc/", .want = "etc/passwd: removed" },
		/* whole stanzas */
		{ .a = "var/lib/dpkg/status=P:a\nV:1\n\nP:b\nV:2\n",
		  .b = "var/lib/dpkg/status=P:b\nV:2\n\nP:a\nV:1\n",
		  .want = "var/lib/dpkg/status: content volatile" },
		{ .a = "var/lib/dpkg/status=P:a\nV:1\n\nP:b\nV:2\n",
		  .b = "var/lib/dpkg/status=P:a\nV:2\n\nP:b\nV:1\n",
		  .want = "var/lib/dpkg/status: content" },
		{ .a = "var/lib/apt/extended_states=P:a\n\nP:b\n",
		  .b = "var/lib/apt/extended_states=P:b\n\nP:a\n",
		  .want = "var/lib/apt/extended_states: content volatile" },
		/* stamps, and no other order */
		{ .a = "r/DESCRIPTION=Package:x\nBuilt:1\n",
		  .b = "r/DESCRIPTION=Package:x\nBuilt:2\n",
		  .want = "r/DESCRIPTION: content volatile" },
		{ .a = "r/DESCRIPTION=Package:x\nVersion:1\nBuilt:1\n",
		  .b = "r/DESCRIPTION=Package:x\nVersion:2\nBuilt:2\n",
		  .want = "r/DESCRIPTION: content" },
		{ .a = "r/DESCRIPTION=A:1\nB:1\n", .b = "r/DESCRIPTION=B:1\nA:1\n", .want = "r/DESCRIPTION: content" },
		{ .a = "r/Meta/package.rds=1",
		  .b = "r/Meta/package.rds=2",
		  .want = "r/Meta/package.rds: content volatile" },
		/* measured as identical */
		{ .a = "etc/ld.so.cache=1", .b = "etc/ld.so.cache=2", .want = "etc/ld.so.cache: content" },
		{ .a = "srv/etc/passwd=1", .b = "srv/etc/passwd=2", .want = "srv/etc/passwd: content" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_reasons(&cases[i]);
}

#define AT(text)                                       \
	{                                              \
		.ptr = (text), .len = sizeof(text) - 1 \
	}

static void expects_what_was_predicted(void **state)
{
	(void)state;
	static const struct reason_case cases[] = {
		{ .a = "x=1 y=1",
		  .b = "y=1",
		  .effects = { { AT("x"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "x: removed predicted" },
		{ .a = "x=1",
		  .b = "x=2",
		  .effects = { { AT("x"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "x: content" },
		{ .a = "x=1",
		  .b = "x=2;mode=600",
		  .effects = { { AT("x"), LOPT_ASPECT_CONTENT, false, 0 } },
		  .want = "x: mode,content" },
		/* exact, and beneath */
		{ .a = "d/ d/x=1 d/e/ d/e/y=1 dd=1",
		  .b = "z=1",
		  .effects = { { AT("d"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "d: removed predicted\nd/e: removed\nd/e/y: removed\nd/x: removed\ndd: removed\nz: added" },
		{ .a = "d/ d/x=1 d/e/ d/e/y=1 dd=1",
		  .b = "z=1",
		  .effects = { { AT("d"), LOPT_ASPECT_REMOVED, true, 0 } },
		  .want = "d: removed predicted\nd/e: removed predicted\nd/e/y: removed predicted\n"
			  "d/x: removed predicted\ndd: removed\nz: added" },
		{ .a = "d/ d/e/ d/e/y=1",
		  .b = "d/ d/e/",
		  .effects = { { AT("d"), LOPT_ASPECT_ADDED, true, 0 },
			       { AT("d/e"), LOPT_ASPECT_REMOVED, true, 0 },
			       { AT("d"), LOPT_ASPECT_MODE, true, 0 } },
		  .want = "d/e/y: removed predicted" },
		/* two edits, one path: each has its aspects */
		{ .a = "x=1",
		  .b = "x=1;mode=600",
		  .effects = { { AT("x"), LOPT_ASPECT_OWNER, false, 0 }, { AT("x"), LOPT_ASPECT_MODE, false, 1 } },
		  .want = "x: mode predicted" },
		/* the first of the links goes */
		{ .a = "a=1 b+a c+a",
		  .b = "b=1 c+b",
		  .effects = { { AT("a"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "a: removed predicted\nb: links predicted\nc: links predicted" },
		{ .a = "a=1 b+a",
		  .b = "b=2",
		  .effects = { { AT("a"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "a: removed predicted\nb: content,links" },
		/* ... and nothing else did */
		{ .a = "a=1 b+a c=1",
		  .b = "a=1 b=1",
		  .effects = { { AT("c"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "a: links\nb: links\nc: removed predicted" },
		/* they must stay links of each other */
		{ .a = "a=1 b+a c+a",
		  .b = "b=1 c=1",
		  .effects = { { AT("a"), LOPT_ASPECT_REMOVED, false, 0 } },
		  .want = "a: removed predicted\nb: links\nc: links" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_reasons(&cases[i]);
}

static void allows_patterns(void **state)
{
	(void)state;
	static const struct reason_case cases[] = {
		{ .a = "d/ d/x=1 d/e/ d/e/y=1",
		  .b = "d/ d/x=2 d/e/ d/e/y=2",
		  .allowed = { "/d" },
		  .want = "d/e/y: content allowed\nd/x: content allowed" },
		{ .a = "d/ d/x=1",
		  .b = "z=1",
		  .allowed = { "/d/" },
		  .want = "d: removed allowed\nd/x: removed allowed\nz: added" },
		{ .a = "d/x=1 dd/x=1",
		  .b = "d/x=2 dd/x=2",
		  .allowed = { "d" },
		  .want = "d/x: content allowed\ndd/x: content" },
		/* * crosses slashes */
		{ .a = "d/e/x.pyc=1 d/x.py=1",
		  .b = "d/e/x.pyc=2 d/x.py=2",
		  .allowed = { "*.pyc" },
		  .want = "d/e/x.pyc: content allowed\nd/x.py: content" },
		{ .a = "d/x=1 e/x=1",
		  .b = "d/x=2 e/x=2",
		  .allowed = { "/d/?", "e/x" },
		  .want = "d/x: content allowed\ne/x: content allowed" },
		{ .a = "d/x=1", .b = "d/x=2", .allowed = { "/d/[" }, .want = "d/x: content" },
		{ .a = "d/x=1", .b = "d/x=2", .allowed = { "/" }, .want = "d/x: content allowed" },
		/* what has a reason keeps it */
		{ .a = "var/log/x=1", .b = "var/log/x=2", .allowed = { "var" }, .want = "var/log/x: content volatile" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_reasons(&cases[i]);
}

/* Random stacks. */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void random_layer(char *text, size_t size, uint32_t *seed)
{
	static const char *const names[] = { "a", "b", "d/a", "d/b", "d/e/a", "d-a", "d", "d/e", "etc/passwd" };
	enum { NAMES = sizeof names / sizeof names[0] };
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t n = next_random(seed) % 7; n > 0; n--) {
		const char *name = names[next_random(seed) % NAMES];
		uint32_t kind = next_random(seed) % 12, value = next_random(seed) % 3;
		int more;
		if (kind < 6)
			more = snprintf(text + used, size - used, "%s=%u;mode=%s;own=%u:0 ", name, (unsigned)value,
					kind ? "644" : "600", kind == 1);
		else if (kind < 9)
			more = snprintf(text + used, size - used, "%s/;mode=%s ", name, kind == 6 ? "700" : "755");
		else if (kind == 9)
			more = snprintf(text + used, size - used, "%s@%u ", name, (unsigned)value);
		else if (kind == 10)
			more = snprintf(text + used, size - used, "l%u=1 m%u+l%u ", (unsigned)value, (unsigned)value,
					(unsigned)value);
		else
			more = snprintf(text + used, size - used, "%s ", strchr(name, '/') ? "d/.wh.a=" : ".wh.d=");
		used += (size_t)more;
	}
}

static void random_image(struct opened *out, uint32_t *seed)
{
	char text[3][1024];
	const char *layers[TEST_LAYERS_MAX] = { text[0], text[1], text[2] };
	do { /* some stacks no engine loads */
		for (size_t i = 0; i < 3; i++)
			random_layer(text[i], sizeof text[i], seed);
	} while (try_image(out, layers, "") != LOPT_OK && (close(out->fd), true));
}

static void swap_aspects(unsigned *aspects)
{
	unsigned both = LOPT_ASPECT_ADDED | LOPT_ASPECT_REMOVED;
	if (*aspects & both)
		*aspects ^= both;
}

static void check_mirrored(const struct lopt_comparison *there, const struct lopt_comparison *back, uint32_t seed)
{
	assert_int_equal(there->count, back->count);
	assert_int_equal(there->paths, back->paths);
	assert_int_equal(there->times, back->times);
	for (size_t i = 0; i < there->count; i++) {
		const struct lopt_difference *x = &there->differences[i], *y = &back->differences[i];
		unsigned aspects = y->aspects;
		swap_aspects(&aspects);
		if (!lopt_str_equal(x->path, y->path) || x->aspects != aspects || x->before.size != y->after.size ||
		    x->after.inode != y->before.inode)
			fail_msg("seed %u: %.*s", (unsigned)seed, LOPT_STR_ARGS(x->path));
		assert_ptr_equal(lopt_comparison_find(there, x->path), x); /* so they are in order */
	}
}

static void is_symmetric(void **state)
{
	(void)state;
	for (uint32_t first = 1; first <= 300; first++) {
		uint32_t seed = first;
		struct opened a, b;
		struct lopt_comparison there, back, same;
		random_image(&a, &seed);
		random_image(&b, &seed);
		compare(&same, &a, &a);
		if (same.count || same.config_count || same.times || same.env_order)
			fail_msg("seed %u: differs from itself", (unsigned)first);
		compare(&there, &a, &b);
		compare(&back, &b, &a);
		check_mirrored(&there, &back, first);
		/* built once more it is the same: all that differs from b is measured when b is what was built */
		assert_int_equal(lopt_comparison_excuse(&there, &there, &err), LOPT_OK);
		assert_int_equal(lopt_comparison_count(&there, LOPT_REASON_NONE), 0);
		lopt_comparison_release(&same);
		lopt_comparison_release(&there);
		lopt_comparison_release(&back);
		close_image(&a);
		close_image(&b);
	}
}

static void takes_contents_as_asked(void **state)
{
	(void)state;
	static const struct {
		enum lopt_volatility how;
		const char *a, *b;
		bool alike;
	} cases[] = {
		{ LOPT_STEADY, "a", "a", false },
		{ LOPT_VOLATILE_ALL, "a", "b", true },
		{ LOPT_VOLATILE_CONTENT, "a", "", true },
		{ LOPT_VOLATILE_LINES, "", "", true },
		{ LOPT_VOLATILE_LINES, "a\nb\nc", "c\n\nb\na\n", true },
		{ LOPT_VOLATILE_LINES, "ab\nc", "a\nbc", false },
		{ LOPT_VOLATILE_STANZAS, "a\nb\n\n\nc\n", "c\n\na\nb", true },
		{ LOPT_VOLATILE_STANZAS, "a\nb\n\nc\n", "b\na\n\nc", false },
		{ LOPT_VOLATILE_STAMPS, "x\nBuilt: 1\nPackaged: 2\nRemoteSha: 3\ny", "x\ny", true },
		{ LOPT_VOLATILE_STAMPS, "x\n Built: 1\n", "x\n", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool alike;
		assert_int_equal(lopt_content_alike(&alike, cases[i].how, lopt_str_from(cases[i].a),
						    lopt_str_from(cases[i].b), &err),
				 LOPT_OK);
		if (alike != cases[i].alike)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_aspect),
		cmocka_unit_test(counts_what_was_compared),
		cmocka_unit_test(counts_times_when_asked),
		cmocka_unit_test(keeps_the_order_of_a_walk),
		cmocka_unit_test(tells_links_from_copies),
		cmocka_unit_test(compares_what_a_container_is_run_by),
		cmocka_unit_test(compares_the_platform),
		cmocka_unit_test(measures_noise),
		cmocka_unit_test(knows_random_names),
		cmocka_unit_test(knows_volatile_files),
		cmocka_unit_test(expects_what_was_predicted),
		cmocka_unit_test(allows_patterns),
		cmocka_unit_test(is_symmetric),
		cmocka_unit_test(takes_contents_as_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
