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

#include "base/buf.h"
#include "compare/fields.h"
#include "compare/inventory.h"
#include "layeropt/report.h"
#include "report/difference.h"
#include "support/stack.h"

static struct lopt_error err;

/* One image, and the listing of it. */
struct saved {
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	int fd;
	char *text;
	size_t size;
};

static void save(struct saved *out, const char *const layers[TEST_LAYERS_MAX], const char *configuration, bool secrets)
{
	const struct lopt_open_options options = { .want_sha256 = true, .keep = lopt_analysis_keep };
	struct lopt_buf tars[TEST_LAYERS_MAX];
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		tars[i] = LOPT_BUF_INIT(1 << 20);
		if (layers[i])
			test_layer(&tars[i], layers[i]);
	}
	if (test_open_configured(&out->image, tars, configuration, &options, &out->fd, &err) != LOPT_OK ||
	    lopt_analysis_make(&out->analysis, out->image, NULL, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&tars[i]);
	const struct lopt_listing_options listing = {
		.layer = LOPT_NO_LAYER, .ndjson = true, .analysis = out->analysis, .show_secrets = secrets
	};
	FILE *file = open_memstream(&out->text, &out->size);
	assert_non_null(file);
	assert_int_equal(lopt_listing_write(file, out->image, &listing, &err), LOPT_OK);
	assert_int_equal(fclose(file), 0);
}

static void forget(struct saved *saved)
{
	lopt_analysis_free(saved->analysis);
	lopt_image_free(saved->image);
	(void)close(saved->fd);
	free(saved->text);
}

static enum lopt_status read_text(struct lopt_inventory *out, struct lopt_arena *arena, const char *text, size_t size,
				  const struct lopt_limits *limits)
{
	struct lopt_memory_stream stream;
	lopt_memory_stream_init(&stream, text, size);
	lopt_arena_init(arena, UINT64_MAX);
	return lopt_inventory_read(out, arena, &stream.stream, limits ? limits : lopt_limits_default(), &err);
}

/* The same answer, whatever is compared. */

static void list(struct lopt_inventory *out, struct lopt_arena *arena, const struct saved *saved, bool listing)
{
	enum lopt_status status;
	lopt_arena_init(arena, UINT64_MAX);
	if (listing)
		status = read_text(out, arena, saved->text, saved->size, NULL);
	else
		status = lopt_inventory_make(out, arena, saved->image, saved->analysis, &err);
	if (status != LOPT_OK)
		fail_msg("%s", err.message);
}

/* The whole report, but for which of the two are listings. */
static char *report(const struct saved *a, const struct saved *b, bool a_listing, bool b_listing, bool times)
{
	struct lopt_inventory before, after;
	struct lopt_arena arenas[2];
	struct lopt_comparison comparison;
	struct lopt_difference_view view;
	const struct lopt_comparison_options how = { .times = times };
	const struct lopt_report_options options = { 0 };
	char *text = NULL, *kind;
	size_t size;
	list(&before, &arenas[0], a, a_listing);
	list(&after, &arenas[1], b, b_listing);
	assert_int_equal(lopt_comparison_between(&comparison, &before, &after, &how, &err), LOPT_OK);
	assert_int_equal(lopt_difference_view_make(&view, &before, &after, &comparison, &err), LOPT_OK);
	FILE *file = open_memstream(&text, &size);
	assert_non_null(file);
	for (size_t i = 0; lopt_difference_format_at(i); i++)
		assert_int_equal(lopt_difference_format_at(i)->write(file, &view, &options, &err), LOPT_OK);
	assert_int_equal(fclose(file), 0);
	lopt_difference_view_release(&view);
	lopt_comparison_release(&comparison);
	lopt_inventory_release(&before);
	lopt_inventory_release(&after);
	lopt_arena_release(&arenas[0]);
	lopt_arena_release(&arenas[1]);
	while ((kind = strstr(text, "\"kind\"")))
		memmove(kind, kind + strcspn(kind, "\n"), strlen(kind + strcspn(kind, "\n")) + 1);
	return text;
}

struct pair_case {
	const char *a[TEST_LAYERS_MAX], *b[TEST_LAYERS_MAX];
	const char *a_config, *b_config;
	const char *says; /* a part of the report */
};

static void expect_same_reports(const struct pair_case *c, bool secrets)
{
	struct saved a, b;
	save(&a, c->a, c->a_config ? c->a_config : "", secrets);
	save(&b, c->b, c->b_config ? c->b_config : "", secrets);
	for (unsigned times = 0; times < 2; times++) {
		char *want = report(&a, &b, false, false, times);
		if (!times && !strstr(want, c->says))
			fail_msg("it does not say \"%s\":\n%s", c->says, want);
		for (unsigned kinds = 1; kinds < 4; kinds++) {
			char *got = report(&a, &b, kinds & 1, kinds & 2, times);
			if (strcmp(got, want) != 0)
				fail_msg("kinds %u:\n%s\nnot\n%s", kinds, got, want);
			free(got);
		}
		free(want);
	}
	forget(&a);
	forget(&b);
}

static const struct pair_case pairs[] = {
	{ .a = { "a=1 d/ d/b=2" }, .b = { "a=1 d/ d/b=2" }, .says = "the same: no path" },
	{ .a = { "a=1" }, .b = { "a=1 b=2" }, .says = "/b  added 1 B" },
	{ .a = { "a=1" }, .b = { "a@x;own=1:1" }, .says = "/a  type f -> l" },
	{ .a = { "a=1" }, .b = { "a=2" }, .says = "/a  content 1 B -> 1 B" },
	{ .a = { "a=" }, .b = { "a=2" }, .says = "/a  content 0 B -> 1 B" },
	{ .a = { "a=1;mode=4755" }, .b = { "a=1;mode=755" }, .says = "/a  mode 4755 -> 0755" },
	{ .a = { "a=1;own=1000:7" }, .b = { "a=1;own=0:7" }, .says = "/a  owner 1000:7 -> 0:7" },
	{ .a = { "a=1;user.b=x;user.a=y" }, .b = { "a=1;user.b=x;user.a=z" }, .says = "/a  xattrs" },
	{ .a = { "a=1;user.a=y;user.b=x" }, .b = { "a=1;user.b=x;user.a=y" }, .says = "the same: no path" },
	{ .a = { "a=1;user.\xff=x" }, .b = { "a=1;user.\\xff=x" }, .says = "/a  xattrs" },
	{ .a = { "a@x" }, .b = { "a@\xff" }, .says = "/a  target" },
	{ .a = { "a@\\xff" }, .b = { "a@\xff" }, .says = "/a  target" },
	{ .a = { "a%1:3" }, .b = { "a%1:5" }, .says = "/a  device" },
	{ .a = { "a=1 b+a c=1" }, .b = { "a=1 b+a c+a" }, .says = "/c  links" },
	{ .a = { "\xff=1 b+\xff" }, .b = { "\xff=1 b=1" }, .says = "/b  links" },
	{ .a = { "a@x b+a" }, .b = { "a@x b@x" }, .says = "/b  links" },
	{ .a = { "d/x=1;time=5" }, .b = { "d/ d/x=1;time=6" }, .says = "the same: no path" },
	/* "/" is the lowest byte */
	{ .a = { "a/ a/b=1 a-b=1" }, .b = { "a/ a/b=2 a-b=2" }, .says = "/a/b  content" },
	{ .a = { "\xff=1 \\xff=1" }, .b = { "\xff=2 \\xff=2" }, .says = "/\\xff  content" },
	/* which layer holds it, also when a hard link of a later one leads there */
	{ .a = { "a=1 b=22", "c+a" }, .b = { "a=1", "b=333" }, .says = "-3 B        3 paths   0 -> -" },
	{ .a = { "a=1", "b=22" }, .b = { "a=1", "b=22", ".wh.a=" }, .says = "-1 B        1 path    0 -> 0" },
	{ .a = { "var/lib/dpkg/status=Package:" }, .b = { "x=1" }, .says = "/var/lib/dpkg/status  removed" },
	{ .a = { "a=1" },
	  .b = { "a=1" },
	  .a_config =
		  "\"config\":{\"Env\":[\"A=1\",\"B\",\"C=x=y\"],\"Cmd\":[\"\",\"a b\"],\"User\":\"\",\"Labels\":{\"l\":\"\\u00e4\"},"
		  "\"Healthcheck\":{\"Test\":[\"NONE\"]},\"ExposedPorts\":{\"80/tcp\":{}},\"Volumes\":{\"/v\":{}}},"
		  "\"variant\":\"v7\"",
	  .b_config =
		  "\"config\":{\"Env\":[\"A=2\",\"B=1\"],\"Entrypoint\":[\"e\"],\"User\":\"u\",\"WorkingDir\":\"/w\"}",
	  .says = "Env A: 1 -> 2" },
};

static void answers_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		expect_same_reports(&pairs[i], false);
		expect_same_reports(&pairs[i], true);
	}
}

/* Credentials. */

static char *config_of(const struct saved *a, const struct saved *b, bool a_listing, bool b_listing)
{
	char *text = report(a, b, a_listing, b_listing, false);
	char *config = strstr(text, "\nConfiguration");
	char *end = config ? strstr(config, "\n\n") : NULL;
	char *masked = strstr(text, "not compared");
	struct lopt_buf out = LOPT_BUF_INIT(1 << 16);
	lopt_buf_printf(&out, "%.*s%.*s", (int)(config && end ? end - config : 0), config ? config : "",
			(int)(masked ? strcspn(masked, "\n") : 0), masked ? masked : "");
	free(text);
	return out.data;
}

static void masks_both_sides(void **state)
{
	(void)state;
	static const char *const layers[TEST_LAYERS_MAX] = { "a=1" };
	static const char before[] =
		"\"config\":{\"Env\":[\"API_TOKEN=one\",\"B=1\"],\"Cmd\":[\"x --password hunter2\"]}";
	static const char after[] = "\"config\":{\"Env\":[\"API_TOKEN=two\",\"B=2\"],\"Cmd\":[\"x --password other\"]}";
	struct saved a, b;
	save(&a, layers, before, false);
	save(&b, layers, after, false);
	assert_null(strstr(a.text, "hunter2"));
	char *images = config_of(&a, &b, false, false);
	assert_non_null(strstr(images, "Env API_TOKEN: *** -> ***"));
	assert_non_null(strstr(images, "Env B: 1 -> 2"));
	assert_null(strstr(images, "not compared"));
	free(images);
	for (unsigned kinds = 1; kinds < 4; kinds++) {
		char *text = config_of(&a, &b, kinds & 1, kinds & 2);
		assert_null(strstr(text, "API_TOKEN"));
		assert_null(strstr(text, "Cmd"));
		assert_non_null(strstr(text, "Env B: 1 -> 2"));
		assert_non_null(strstr(text, "not compared      2 of the configuration"));
		free(text);
	}
	forget(&a);
	forget(&b);
	/* listings that mask nothing tell all */
	save(&a, layers, before, true);
	save(&b, layers, after, true);
	char *text = config_of(&a, &b, true, true);
	assert_non_null(strstr(text, "Env API_TOKEN: *** -> ***"));
	assert_null(strstr(text, "not compared"));
	free(text);
	forget(&a);
	forget(&b);
}

/* Damage. */

struct damage_case {
	const char *what, *with; /* the first `what` of the listing becomes `with` */
	enum lopt_status status;
	const char *says;
};

static char *replaced(const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);
	if (!at)
		fail_msg("the listing has no %s:\n%s", what, text);
	struct lopt_buf out = LOPT_BUF_INIT(1 << 20);
	lopt_buf_add(&out, text, (size_t)(at - text));
	lopt_buf_text(&out, with);
	lopt_buf_text(&out, at + strlen(what));
	assert_false(out.failed);
	return out.data;
}

static void expect_refused(const char *text, size_t size, const struct lopt_limits *limits, enum lopt_status status,
			   const char *says)
{
	struct lopt_inventory inventory;
	struct lopt_arena arena;
	enum lopt_status got = read_text(&inventory, &arena, text, size, limits);
	if (got != status || (got != LOPT_OK && !strstr(err.message, says)))
		fail_msg("status %d, \"%s\", not %d, \"%s\"", got, got == LOPT_OK ? "" : err.message, status, says);
	lopt_inventory_release(&inventory);
	lopt_arena_release(&arena);
}

#define A_ROW "{\"path\":\"a\",\"type\":\"f\",\"mode\":\"644\",\"uid\":0,\"gid\":0,\"mtime_ns\":"

static const struct damage_case damages[] = {
	{ "", "", LOPT_OK, "" },
	{ "layeropt/listing", "layeropt/listing", LOPT_OK, "" },
	/* fields may be added in a minor version, anywhere */
	{ "listing/1.0", "listing/1.17", LOPT_OK, "" },
	{ "{\"schema\"", "{\"new\":{\"schema\":[]},\"schema\"", LOPT_OK, "" },
	{ "{\"path\":\"a\"", "{\"new\":[1,{\"path\":2}],\"path\":\"a\"", LOPT_OK, "" },
	{ "\"path\":\"a\"", "\"path\" :\t\"\\u0061\"", LOPT_OK, "" },
	{ "listing/1.0", "listing/2.0", LOPT_E_USAGE, "its schema is \"layeropt/listing/2.0\"" },
	{ "listing/1.0", "listing/1.", LOPT_E_USAGE, "its schema is" },
	{ "listing/1.0", "analysis/1.0", LOPT_E_USAGE, "no listing as 'layeropt ls --format ndjson' saves it" },
	{ "\"layeropt/listing/1.0\"", "1", LOPT_E_USAGE, "its schema is 1" },
	{ "\"schema\"", "\"theme\"", LOPT_E_USAGE, "does not begin with the header row" },
	{ "\"layer\":null", "\"layer\":1", LOPT_E_USAGE, "it lists layer 1" },
	{ "\"layer\":null", "\"layer\":-1", LOPT_E_INPUT, "line 1: layer: not a whole number" },
	{ "\"layer\":null,", "", LOPT_E_INPUT, "line 1: layer: missing" },
	{ "\"layer\":null", "\"layer\":null,\"layer\":null", LOPT_E_INPUT, "line 1: not a JSON object, or one with" },
	{ "\"secrets_masked\":true,", "", LOPT_E_INPUT, "line 1: secrets_masked: missing" },
	{ "\"secrets_masked\":true", "\"secrets_masked\":1", LOPT_E_INPUT, "not true or false" },
	{ "\"env\":[]", "\"env\":[1]", LOPT_E_INPUT, "line 1: image: config: env: not an array of strings" },
	{ "\"env\":[]", "\"env\":[\"x\"]", LOPT_E_INPUT, "line 1: image: config: env: not an array of NAME=VALUE" },
	{ "\"labels\":{}", "\"labels\":{\"a\":1}", LOPT_E_INPUT, "labels: not an object of strings" },
	{ "\"os\":\"linux\"", "\"os\":\"\\ud800\"", LOPT_E_INPUT, "line 1: image: os: not a string" },
	{ "\"os\":\"linux\"", "\"os\":\"\\u0000\"", LOPT_E_INPUT, "line 1: image: os: not a string" },
	{ "\"os\":\"linux\"", "\"os\":\"\xff\"", LOPT_E_INPUT, "line 1: image: os: not a string" },
	{ "\"totals\":{\"layers\":2", "\"totals\":{\"layers\":3", LOPT_E_INPUT, "layers: 2 of them, and totals say 3" },
	{ "\"content_bytes\":", "\"content_bytes\":1.5e3,\"x\":", LOPT_E_INPUT,
	  "line 1: totals: content_bytes: not a whole" },
	{ "\"content_bytes\":", "\"content_bytes\":18446744073709551616,\"x\":", LOPT_E_INPUT,
	  "totals: content_bytes: not" },
	{ "\"diff_id\":\"sha256:", "\"x\":\"", LOPT_E_INPUT, "line 1: layers[0]: diff_id: missing" },
	{ "\"manager\":\"dpkg\"", "\"manager\":\"\\u001b[31m\"", LOPT_E_INPUT,
	  "packages[0]: manager: not the name of" },
	{ "\"version\":\"1\"", "\"version\":1", LOPT_E_INPUT, "line 1: packages[0]: version: not a string" },
	/* rows */
	{ A_ROW, "", LOPT_E_INPUT, "line 2: not a JSON object" },
	{ "\n{\"path\":\"a\"", "\n\n{\"path\":\"a\"", LOPT_E_INPUT, "line 2: not a JSON object" },
	{ "{\"path\":\"a\",", "{", LOPT_E_INPUT, "line 2: path: missing" },
	{ "{\"path\":\"a\",", "{\"path\":\"a\",\"path\":\"b\",", LOPT_E_INPUT,
	  "line 2: not a JSON object, or one with a member twice" },
	{ "\"path\":\"a\"", "\"path\":\"\"", LOPT_E_INPUT, "line 2: path: not a path" },
	{ "\"path\":\"a\"", "\"path\":\"/a\"", LOPT_E_INPUT, "line 2: path: not a path" },
	{ "\"path\":\"a\"", "\"path\":\"a/\"", LOPT_E_INPUT, "line 2: path: not a path" },
	{ "\"path\":\"a\"", "\"path\":\"a//b\"", LOPT_E_INPUT, "line 2: path: not a path" },
	{ "\"path\":\"a\"", "\"path\":\"./a\"", LOPT_E_INPUT, "line 2: path: not a path" },
	{ "\"path\":\"a\"", "\"path\":\"a/..\"", LOPT_E_INPUT, "line 2: path: not a path" },
	{ "\"path\":\"a\"", "\"path\":\"a\\u0000\"", LOPT_E_INPUT, "line 2: path: not a string" },
	{ "\"path\":\"a\"", "\"path\":[]", LOPT_E_INPUT, "line 2: path: not a string" },
	{ "\"path_b64\":\"/w==\"", "\"path_b64\":\"/w=\"", LOPT_E_INPUT, "path_b64: not base64" },
	{ "\"path_b64\":\"/w==\"", "\"path_b64\":\"/x==\"", LOPT_E_INPUT, "path_b64: not base64" },
	{ "\"path_b64\":\"/w==\"", "\"path_b64\":\"AA==\"", LOPT_E_INPUT, "path_b64: not base64" },
	{ "\"path_b64\":\"/w==\"", "\"path_b64\":\"=w==\"", LOPT_E_INPUT, "path_b64: not base64" },
	{ "\"path_b64\":\"/w==\"", "\"path_b64\":\"\"", LOPT_E_INPUT, "path_b64: not base64" },
	{ "\"path\":\"b\"", "\"path\":\"a\"", LOPT_E_INPUT, "line 3: path: the same as in the line before" },
	{ "\"path\":\"a\"", "\"path\":\"c\"", LOPT_E_INPUT, "line 3: path: not in byte order" },
	{ "\"type\":\"f\"", "\"type\":\"s\"", LOPT_E_INPUT, "line 2: type: not one of" },
	{ "\"type\":\"f\"", "\"type\":\"\"", LOPT_E_INPUT, "line 2: type: not one of" },
	{ "\"type\":\"f\"", "\"type\":\"c\"", LOPT_E_INPUT, "line 2: rdev: missing" },
	{ "\"x\",\"type\":\"f\"", "\"x\",\"type\":\"l\"", LOPT_E_INPUT, "link: missing" },
	{ "\"type\":\"f\",", "", LOPT_E_INPUT, "line 2: type: missing" },
	{ "\"mode\":\"644\"", "\"mode\":\"648\"", LOPT_E_INPUT, "line 2: mode: not" },
	{ "\"mode\":\"644\"", "\"mode\":\"10644\"", LOPT_E_INPUT, "line 2: mode: not" },
	{ "\"mode\":\"644\"", "\"mode\":\"\"", LOPT_E_INPUT, "line 2: mode: not" },
	{ "\"mode\":\"644\"", "\"mode\":644", LOPT_E_INPUT, "line 2: mode: not" },
	{ "\"uid\":0", "\"uid\":\"0\"", LOPT_E_INPUT, "line 2: uid: not a whole number" },
	{ "\"uid\":0", "\"uid\":00", LOPT_E_INPUT, "line 2: not a JSON object" },
	{ "\"uid\":0", "\"uid\":9223372036854775808", LOPT_E_INPUT, "line 2: uid: not a whole number" },
	{ "\"uid\":0", "\"uid\":-9223372036854775808", LOPT_OK, "" },
	{ "\"uid\":0", "\"uid\":-", LOPT_E_INPUT, "line 2: " },
	{ "\"gid\":0,", "", LOPT_E_INPUT, "line 2: gid: missing" },
	{ "\"mtime_ns\":", "\"mtime_ns\":1e3,\"x\":", LOPT_E_INPUT, "line 2: mtime_ns: not a whole number" },
	{ "\"mtime_ns\":", "\"mtime_ns\":null,\"x\":", LOPT_OK, "" },
	{ "\"size\":1", "\"size\":-1", LOPT_E_INPUT, "line 2: size: not a whole number" },
	{ "\"sha256\":\"", "\"sha256\":\"0", LOPT_E_INPUT, "line 2: sha256: not 64 hex digits" },
	{ "\"sha256\":\"6", "\"sha256\":\"A", LOPT_E_INPUT, "line 2: sha256: not 64 hex digits" },
	{ "\"sha256\":\"", "\"x\":\"", LOPT_E_INPUT, "line 2: sha256: missing" },
	{ "\"sha256\":\"", "\"sha256\":null,\"x\":\"", LOPT_OK, "" },
	{ "\"rdev\":\"1,3\"", "\"rdev\":\"1\"", LOPT_E_INPUT, "rdev: not" },
	{ "\"rdev\":\"1,3\"", "\"rdev\":\"1,\"", LOPT_E_INPUT, "rdev: not" },
	{ "\"rdev\":\"1,3\"", "\"rdev\":\",3\"", LOPT_E_INPUT, "rdev: not" },
	{ "\"rdev\":\"1,3\"", "\"rdev\":\"1,4294967296\"", LOPT_E_INPUT, "rdev: not" },
	{ "\"hardlink\":\"a\"", "\"hardlink\":\"\"", LOPT_E_INPUT, "line 2: hardlink: not a path" },
	{ "\"xattrs\":{", "\"xattrs\":{\"a\":\"f\",", LOPT_E_INPUT, "xattrs: not names with values in hex" },
	{ "\"xattrs\":{", "\"xattrs\":{\"a\":1,", LOPT_E_INPUT, "xattrs: not names with values in hex" },
	{ "\"xattrs\":{", "\"xattrs\":{\"a\":\"00\",\"a\":\"00\",", LOPT_E_INPUT,
	  "xattrs: not without a name that is" },
	{ "\"xattrs\":{", "\"xattrs\":[{", LOPT_E_INPUT, "not a JSON object" },
	{ "\"xattrs\":{", "\"xattrs\":[],\"x\":{", LOPT_E_INPUT, "xattrs: not an object" },
	{ "\"layer\":1", "\"layer\":2", LOPT_E_INPUT, "layer: not one of the layers" },
	{ "\"layer\":1", "\"layer\":1,\"content_layer\":2", LOPT_E_INPUT, "content_layer: not one of the layers" },
	{ "\"layer\":1}", "\"layer\":1,\"whiteout\":true}", LOPT_E_INPUT, "whiteout: not in a final filesystem" },
};

static const char *const damaged_layers[TEST_LAYERS_MAX] = { "a=1 b+a n%1:3 var/lib/dpkg/info/p.list=/a",
							     "x=1;user.y=z \xff=1" };

static void save_damaged(struct saved *out)
{
	static const struct test_file status = {
		"var/lib/dpkg/status", "Package: p\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n", 0
	};
	struct lopt_buf tars[TEST_LAYERS_MAX];
	const struct lopt_open_options options = { .want_sha256 = true, .keep = lopt_analysis_keep };
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		tars[i] = LOPT_BUF_INIT(1 << 20);
		if (i == 0)
			test_file(&tars[i], &status);
		if (damaged_layers[i])
			test_layer(&tars[i], damaged_layers[i]);
	}
	assert_int_equal(test_open_configured(&out->image, tars, "", &options, &out->fd, &err), LOPT_OK);
	assert_int_equal(lopt_analysis_make(&out->analysis, out->image, NULL, &err), LOPT_OK);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&tars[i]);
	const struct lopt_listing_options listing = { .layer = LOPT_NO_LAYER,
						      .ndjson = true,
						      .analysis = out->analysis };
	FILE *file = open_memstream(&out->text, &out->size);
	assert_non_null(file);
	assert_int_equal(lopt_listing_write(file, out->image, &listing, &err), LOPT_OK);
	assert_int_equal(fclose(file), 0);
}

static void refuses_damage(void **state)
{
	(void)state;
	struct saved saved;
	save_damaged(&saved);
	for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
		const struct damage_case *c = &damages[i];
		char *text = replaced(saved.text, c->what, c->with);
		expect_refused(text, strlen(text), NULL, c->status, c->says);
		free(text);
	}
	forget(&saved);
}

/* Wherever it ends, it is told. */
static void refuses_what_is_cut_off(void **state)
{
	(void)state;
	struct saved saved;
	save_damaged(&saved);
	size_t header = strcspn(saved.text, "\n");
	for (size_t size = 64; size < saved.size; size++) {
		bool at_end = saved.text[size - 1] == '\n';
		expect_refused(saved.text, size, NULL, LOPT_E_INPUT,
			       at_end ? "paths are missing" : "cut off: it has no end");
	}
	expect_refused(saved.text, 0, NULL, LOPT_E_USAGE, "no listing");
	expect_refused(saved.text, header, NULL, LOPT_E_INPUT, "line 1: cut off");
	struct lopt_buf twice = LOPT_BUF_INIT(1 << 20);
	lopt_buf_add(&twice, saved.text, saved.size);
	lopt_buf_add(&twice, saved.text, saved.size);
	expect_refused(twice.data, twice.len, NULL, LOPT_E_INPUT, "more than the");
	lopt_buf_release(&twice);
	forget(&saved);
}

static void holds_ceilings(void **state)
{
	(void)state;
	struct saved saved;
	struct lopt_limits limits = *lopt_limits_default();
	save_damaged(&saved);
	limits.entries = 3;
	expect_refused(saved.text, saved.size, &limits, LOPT_E_LIMIT, "line 1: 11 paths, the ceiling is 3");
	limits = *lopt_limits_default();
	limits.layers = 1;
	expect_refused(saved.text, saved.size, &limits, LOPT_E_LIMIT, "line 1: 2 layers, the ceiling is 1");
	limits = *lopt_limits_default();
	limits.json_bytes = strcspn(saved.text, "\n");
	expect_refused(saved.text, saved.size, &limits, LOPT_OK, "");
	limits.json_bytes--;
	expect_refused(saved.text, saved.size, &limits, LOPT_E_LIMIT, "(--limit json_bytes=N)");
	limits = *lopt_limits_default();
	limits.path_bytes = 3;
	expect_refused(saved.text, saved.size, &limits, LOPT_E_INPUT, "path: not a path");
	limits = *lopt_limits_default();
	limits.xattrs = 0;
	expect_refused(saved.text, saved.size, &limits, LOPT_E_INPUT, "(--limit xattrs=N)");
	forget(&saved);
}

static void knows_json_from_images(void **state)
{
	(void)state;
	static const char *const listings[] = { "{\"", "{\"schema\":1}", " \t\r\n{ \n\"a" };
	static const char *const others[] = { "", "{", "{}", "[\"", "manifest.json", "\x1f\x8b", " ", "{ }", "{1" };
	for (size_t i = 0; i < sizeof listings / sizeof listings[0]; i++)
		assert_true(lopt_listing_begins(lopt_str_from(listings[i])));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(lopt_listing_begins(lopt_str_from(others[i])));
	/* a document over several lines */
	static const char analysis[] = "{\n  \"schema\": \"layeropt/analysis/1.0\",\n";
	expect_refused(analysis, strlen(analysis), NULL, LOPT_E_USAGE, "its schema is \"layeropt/analysis/1.0\"");
}

/* Spellings. */

static void decodes_base64(void **state)
{
	(void)state;
	static const struct {
		const char *text, *bytes;
	} cases[] = {
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYmFy", "foobar" },
		{ "+/+/", "\xfb\xff\xbf" },
		{ "Zg=", NULL },
		{ "Zg", NULL },
		{ "Z===", NULL },
		{ "Zh==", NULL },
		{ "Zm9=", NULL },
		{ "Zg==Zg==", NULL },
		{ "Zm9v\n", NULL },
		{ "", NULL },
		{ "====", NULL },
		{ "Zm-_", NULL },
	};
	struct lopt_arena arena;
	lopt_arena_init(&arena, UINT64_MAX);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_str out;
		assert_int_equal(lopt_base64_decode(&out, &arena, lopt_str_from(cases[i].text), &err), LOPT_OK);
		assert_int_equal(out.ptr == NULL, cases[i].bytes == NULL);
		if (cases[i].bytes && out.ptr && !lopt_str_is(out, cases[i].bytes))
			fail_msg("%s", cases[i].text);
	}
	lopt_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_the_same), cmocka_unit_test(masks_both_sides),
		cmocka_unit_test(refuses_damage),   cmocka_unit_test(refuses_what_is_cut_off),
		cmocka_unit_test(holds_ceilings),   cmocka_unit_test(knows_json_from_images),
		cmocka_unit_test(decodes_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
