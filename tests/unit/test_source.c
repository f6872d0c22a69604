/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/json.h"
#include "source/oci.h"
#include "source/source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- a docker archive in a file --- */

enum { BLOCK = 512 };

static void add_member(struct lopt_buf *tar, const char *name, char type, const char *link, struct lopt_str data)
{
	static const char zeros[BLOCK];
	char head[BLOCK] = { 0 };
	unsigned sum = 0;
	(void)snprintf(head, 100, "%s", name);
	(void)snprintf(head + 100, 8, "%07o", 0644u);
	(void)snprintf(head + 108, 8, "%07o", 0u);
	(void)snprintf(head + 116, 8, "%07o", 0u);
	(void)snprintf(head + 124, 12, "%011zo", data.len);
	(void)snprintf(head + 136, 12, "%011o", 0u);
	head[156] = type;
	(void)snprintf(head + 157, 100, "%s", link);
	memcpy(head + 257, "ustar\00000", 8);
	memset(head + 148, ' ', 8);
	for (size_t i = 0; i < sizeof head; i++)
		sum += (unsigned char)head[i];
	(void)snprintf(head + 148, 8, "%06o", sum);
	lopt_buf_add(tar, head, sizeof head);
	lopt_buf_str(tar, data);
	lopt_buf_add(tar, zeros, (BLOCK - data.len % BLOCK) % BLOCK);
}

static void end_tar(struct lopt_buf *tar)
{
	static const char zeros[2 * BLOCK];
	lopt_buf_add(tar, zeros, sizeof zeros);
	assert_false(tar->failed);
}

/* A layer with one file of its number. */
static void make_layer(struct lopt_buf *tar, size_t number)
{
	char name[32];
	(void)snprintf(name, sizeof name, "file%zu", number);
	add_member(tar, name, '0', "", lopt_str_from(name));
	end_tar(tar);
}

/* How an archive is made; zeroed is a good one of one layer. */
struct recipe {
	size_t layers;		 /* 0: 1 */
	const char *config_tail; /* further members of the configuration, after a comma */
	uint64_t damaged;	 /* bit i: layer i is no tar */
	const char *tag;
};

static void add_layers(struct lopt_buf *tar, struct lopt_buf *names, struct lopt_buf *ids, const struct recipe *recipe)
{
	for (size_t i = 0; i < (recipe->layers ? recipe->layers : 1); i++) {
		struct lopt_buf layer = LOPT_BUF_INIT(1 << 20);
		struct lopt_digest digest;
		char name[32], text[LOPT_DIGEST_TEXT_MAX];
		make_layer(&layer, i);
		if (recipe->damaged >> i & 1)
			layer.data[0] = '#';
		assert_int_equal(lopt_digest_of(&digest, LOPT_SHA256, layer.data, layer.len, NULL), LOPT_OK);
		(void)snprintf(name, sizeof name, "%zu/layer.tar", i);
		add_member(tar, name, '0', "", lopt_buf_view(&layer));
		lopt_buf_printf(names, "%s\"%s\"", i ? "," : "", name);
		lopt_buf_printf(ids, "%s\"%s\"", i ? "," : "", lopt_digest_format(text, &digest));
		lopt_buf_release(&layer);
	}
}

static void make_archive(struct lopt_buf *tar, const struct recipe *recipe)
{
	struct lopt_buf names = LOPT_BUF_INIT(1 << 20), ids = LOPT_BUF_INIT(1 << 20), text = LOPT_BUF_INIT(1 << 20);
	add_layers(tar, &names, &ids, recipe);
	lopt_buf_printf(
		&text,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}%s}",
		ids.data, recipe->config_tail ? recipe->config_tail : "");
	add_member(tar, "config.json", '0', "", lopt_buf_view(&text));
	lopt_buf_clear(&text);
	lopt_buf_printf(&text, "[{\"Config\":\"config.json\",\"RepoTags\":[\"%s\"],\"Layers\":[%s]}]",
			recipe->tag ? recipe->tag : "t:1", names.data);
	add_member(tar, "manifest.json", '0', "", lopt_buf_view(&text));
	end_tar(tar);
	lopt_buf_release(&names);
	lopt_buf_release(&ids);
	lopt_buf_release(&text);
}

static enum lopt_status open_named(struct lopt_bundle **out, const char *path, const struct lopt_open_options *options,
				   struct lopt_error *err)
{
	struct lopt_source *source;
	enum lopt_status status = lopt_source_open(&source, path, err);
	if (status != LOPT_OK)
		return status;
	status = lopt_bundle_open(out, source, options, err);
	lopt_source_free(source);
	return status;
}

static enum lopt_status open_bytes(struct lopt_bundle **out, struct lopt_str bytes,
				   const struct lopt_open_options *options, struct lopt_error *err)
{
	char path[] = "/tmp/layeropt-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
	assert_int_equal(close(fd), 0);
	enum lopt_status status = open_named(out, path, options, err);
	assert_int_equal(unlink(path), 0);
	return status;
}

static enum lopt_status open_recipe(struct lopt_bundle **out, const struct recipe *recipe,
				    const struct lopt_open_options *options, struct lopt_error *err)
{
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 24);
	make_archive(&tar, recipe);
	enum lopt_status status = open_bytes(out, lopt_buf_view(&tar), options, err);
	lopt_buf_release(&tar);
	return status;
}

static void is(struct lopt_str found, const char *expected)
{
	if (!lopt_str_is(found, expected))
		fail_msg("\"%.*s\" is not \"%s\"", LOPT_STR_ARGS(found), expected);
}

/* --- tables --- */

static void knows_dates(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "2023-01-02T03:04:05Z", true },
		{ "2023-01-02T03:04:05.123456789Z", true },
		{ "2023-01-02t03:04:05+05:30", true },
		{ "2024-02-29T00:00:60Z", true },
		{ "0001-01-01T00:00:00Z", true },
		{ "2023-13-45", false },
		{ "2023-02-29T00:00:00Z", false },
		{ "2023-01-02T24:00:00Z", false },
		{ "2023-01-02T03:04:05", false },
		{ "2023-01-02T03:04:05.Z", false },
		{ "2023-01-02T03:04:05Zx", false },
		{ "2023-01-02 03:04:05Z", false },
		{ "2023\r01-02T03:04:05Z", false },
		{ "2023-01-02T03:04:05+0530", false },
		{ "", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (lopt_date_valid(lopt_str_from(cases[i].text)) != cases[i].valid)
			fail_msg("%s", cases[i].text);
}

static void knows_platforms(void **state)
{
	static const struct {
		const char *wanted, *has;
		bool matches;
	} cases[] = {
		{ "linux/amd64", "linux/amd64", true },	    { "linux/amd64", "linux/arm64", false },
		{ "linux/arm", "linux/arm/v6", true },	    { "linux/arm/v7", "linux/arm/v6", false },
		{ "linux/arm/v7", "linux/arm", true },	    { "linux/arm64/v8", "linux/arm64", true },
		{ "linux/amd64/v3", "linux/amd64", false }, { "windows/amd64", "linux/amd64", false },
	};
	static const char *const wrong[] = { "", "linux", "linux/", "/amd64", "linux/amd64/", "a/b/c/d", "a/b/c/" };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lopt_platform wanted, has;
		assert_int_equal(lopt_platform_parse(&wanted, cases[i].wanted, NULL), LOPT_OK);
		assert_int_equal(lopt_platform_parse(&has, cases[i].has, NULL), LOPT_OK);
		if (lopt_platform_matches(&wanted, &has) != cases[i].matches)
			fail_msg("%s, %s", cases[i].wanted, cases[i].has);
	}
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct lopt_platform platform;
		if (lopt_platform_parse(&platform, wrong[i], NULL) != LOPT_E_USAGE)
			fail_msg("%s", wrong[i]);
	}
}

static void cleans_names(void **state)
{
	static const struct {
		const char *name, *clean; /* NULL: nobody can ask for it */
	} cases[] = {
		{ "manifest.json", "manifest.json" },
		{ "./manifest.json", "manifest.json" },
		{ "a//b/./c/", "a/b/c" },
		{ "/manifest.json", NULL },
		{ "a/../b", NULL },
		{ "../b", NULL },
		{ "./", NULL },
		{ "", NULL },
		{ "a..b/..c", "a..b/..c" },
	};
	struct lopt_arena arena;
	(void)state;
	lopt_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lopt_str clean = { NULL, 0 };
		enum lopt_status status = lopt_store_clean(&clean, &arena, lopt_str_from(cases[i].name), NULL);
		assert_int_equal(status, cases[i].clean ? LOPT_OK : LOPT_END);
		if (cases[i].clean)
			is(clean, cases[i].clean);
	}
	struct lopt_str unused;
	assert_int_equal(lopt_store_clean(&unused, &arena, lopt_str_make("a\0b", 3), NULL), LOPT_END);
	lopt_arena_release(&arena);
}

static void selects_images(void **state)
{
	const struct lopt_str first[] = { { "a:1", 3 }, { "2", 1 } }, second[] = { { "b:1", 3 } };
	const struct lopt_choice choices[] = { { first, 2 }, { second, 1 }, { NULL, 0 } };
	static const struct {
		const char *select;
		size_t count;
		enum lopt_status status;
		size_t want;
	} cases[] = {
		{ NULL, 1, LOPT_OK, 0 },
		{ NULL, 3, LOPT_E_USAGE, 0 },
		{ "a:1", 3, LOPT_OK, 0 },
		{ "b:1", 3, LOPT_OK, 1 },
		{ "3", 3, LOPT_OK, 2 },
		{ "2", 3, LOPT_OK, 0 },
		{ "0", 3, LOPT_E_USAGE, 0 },
		{ "4", 3, LOPT_E_USAGE, 0 },
		{ "1x", 3, LOPT_E_USAGE, 0 },
		{ "", 3, LOPT_E_USAGE, 0 },
		{ "99999999999999999999999", 3, LOPT_E_USAGE, 0 },
		{ "a:1", 1, LOPT_OK, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t at = 0;
		struct lopt_error err;
		enum lopt_status status = lopt_select_image(&at, choices, cases[i].count, cases[i].select, &err);
		if (status != cases[i].status || at != cases[i].want)
			fail_msg("case %zu: status %d, image %zu", i, (int)status, at);
	}
}

static void parses_json(void **state)
{
	static const struct {
		const char *text;
		enum lopt_status status;
	} cases[] = {
		{ "{\"a\":1}", LOPT_OK },
		{ " [] ", LOPT_OK },
		{ "[\"[[[[[[[[\"]", LOPT_OK },
		{ "[\"\\\"[[[[[[[[\"]", LOPT_OK },
		{ "[[[[[]]]]]", LOPT_E_LIMIT },
		{ "{\"a\":1,\"a\":2}", LOPT_E_INPUT },
		{ "{} x", LOPT_E_INPUT },
		{ "{'a':1}", LOPT_E_INPUT },
		{ "[1,]", LOPT_E_INPUT },
		{ "// x\n[]", LOPT_E_INPUT },
		{ "[NaN]", LOPT_E_INPUT },
		{ "[1e999]", LOPT_E_INPUT },
		{ "[99999999999999999999]", LOPT_E_INPUT },
		{ "[\"\\ud800\"]", LOPT_E_INPUT },
		{ "[\"\\u0000\"]", LOPT_E_INPUT },
		{ "[\"\xff\"]", LOPT_E_INPUT },
		{ "", LOPT_E_INPUT },
		{ "]]]]]]]]", LOPT_E_INPUT },
	};
	struct lopt_limits limits = *lopt_limits_default();
	(void)state;
	limits.json_depth = 4;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *value = NULL;
		struct lopt_error err;
		if (lopt_value_parse(&value, lopt_str_from(cases[i].text), &limits, &err) != cases[i].status)
			fail_msg("%s", cases[i].text);
		json_decref(value);
	}
}

static void takes_typed_values(void **state)
{
	json_t *value = NULL;
	struct lopt_str text;
	uint64_t size;
	bool has, flag;
	const json_t *array;
	(void)state;
	assert_int_equal(
		lopt_value_parse(&value,
				 lopt_str_from("{\"s\":\"x\",\"n\":7,\"m\":-1,\"f\":1.5,\"z\":null,\"b\":true}"),
				 lopt_limits_default(), NULL),
		LOPT_OK);
	assert_int_equal(lopt_value_string(&text, value, "s", NULL), LOPT_OK);
	is(text, "x");
	assert_int_equal(lopt_value_string(&text, value, "z", NULL), LOPT_OK);
	assert_null(text.ptr);
	assert_int_equal(lopt_value_string(&text, value, "n", NULL), LOPT_E_INPUT);
	assert_int_equal(lopt_value_need_string(&text, value, "absent", NULL), LOPT_E_INPUT);
	assert_int_equal(lopt_value_size(&size, &has, value, "n", NULL), LOPT_OK);
	assert_int_equal(size, 7);
	assert_int_equal(lopt_value_size(&size, &has, value, "m", NULL), LOPT_E_INPUT);
	assert_int_equal(lopt_value_size(&size, &has, value, "f", NULL), LOPT_E_INPUT);
	assert_int_equal(lopt_value_array(&array, value, "s", NULL), LOPT_E_INPUT);
	assert_int_equal(lopt_value_bool(&flag, value, "b", NULL), LOPT_OK);
	assert_true(flag);
	assert_int_equal(lopt_value_bool(&flag, value, "n", NULL), LOPT_E_INPUT);
	json_decref(value);
}

static void knows_media_types(void **state)
{
	(void)state;
	assert_int_equal(lopt_media_of(lopt_str_from("application/vnd.oci.image.layer.v1.tar+zstd")), LOPT_MEDIA_LAYER);
	assert_int_equal(lopt_media_of(lopt_str_from("application/vnd.oci.image.layer.v1.tar+xz")), LOPT_MEDIA_UNKNOWN);
	assert_int_equal(lopt_media_of(lopt_str_from(NULL)), LOPT_MEDIA_UNKNOWN);
	assert_string_equal(lopt_media_compression(lopt_str_from("application/vnd.docker.image.rootfs.diff.tar.gzip")),
			    "gzip");
	assert_null(lopt_media_compression(lopt_str_from("application/vnd.oci.image.config.v1+json")));
}

/* --- whole archives --- */

static void tells_what_the_configuration_says(void **state)
{
	const struct recipe recipe = {
		.layers = 2,
		.config_tail = ",\"created\":\"2023-01-02T03:04:05Z\",\"config\":{\"Env\":[\"A=b=c\",\"B\",\"C=\"],"
			       "\"Labels\":{\"z\":\"1\",\"a\":\"2\"},\"ExposedPorts\":{\"80/tcp\":{},\"443/tcp\":{}},"
			       "\"Cmd\":[\"x\",\"y\"],\"Entrypoint\":null,\"User\":\"u\",\"WorkingDir\":\"/w\"},"
			       "\"history\":[{\"created_by\":\"one\"},{\"created_by\":\"none\",\"empty_layer\":true},"
			       "{\"created_by\":\"two\"}]",
	};
	struct lopt_bundle *bundle = NULL;
	struct lopt_error err = { .message = "" };
	(void)state;
	if (open_recipe(&bundle, &recipe, &(struct lopt_open_options){ .verify_digests = true }, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	const struct lopt_image_info *info = &bundle->info;
	is(info->os, "linux");
	is(info->user, "u");
	is(info->working_dir, "/w");
	is(info->tags[0], "t:1");
	assert_int_equal(info->env_count, 3);
	is(info->env[0].name, "A");
	is(info->env[0].value, "b=c");
	is(info->env[1].name, "B");
	is(info->env[1].value, "");
	is(info->env[2].value, "");
	is(info->labels[0].name, "a");
	is(info->labels[1].name, "z");
	is(info->exposed_ports[0], "443/tcp");
	assert_int_equal(info->cmd_count, 2);
	assert_int_equal(info->entrypoint_count, 0);
	assert_int_equal(info->history_count, 3);
	assert_int_equal(info->history[0].layer, 0);
	assert_true(info->history[1].layer == LOPT_NO_LAYER);
	assert_int_equal(info->history[2].layer, 1);
	assert_int_equal(bundle->layer_count, 2);
	assert_int_equal(lopt_bundle_finish(bundle, &err), LOPT_OK);
	assert_int_equal(bundle->layers[1].verified, LOPT_VERIFIED_TRUE);
	is(bundle->layers[1].data->entries[0].path, "file1");
	assert_int_equal(bundle->notes.count, 0);
	lopt_bundle_free(bundle);
}

static void notes_what_is_odd(void **state)
{
	static const struct {
		const char *tail, *rule;
		enum lopt_severity severity;
	} cases[] = {
		{ ",\"history\":[{},{},{}]", "engines-differ", LOPT_ERROR },
		{ ",\"history\":[{}]", "history-mismatch", LOPT_WARNING },
		{ ",\"created\":\"2023-13-45\"", "bad-date", LOPT_WARNING },
		{ ",\"history\":null", NULL, LOPT_INFO },
		{ ",\"history\":[{},{\"empty_layer\":true},{}]", NULL, LOPT_INFO },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct recipe recipe = { .layers = 2, .config_tail = cases[i].tail };
		struct lopt_bundle *bundle = NULL;
		assert_int_equal(open_recipe(&bundle, &recipe, NULL, NULL), LOPT_OK);
		assert_int_equal(bundle->notes.count, cases[i].rule != NULL);
		if (cases[i].rule) {
			assert_string_equal(bundle->notes.items[0].rule, cases[i].rule);
			assert_int_equal(bundle->notes.items[0].severity, cases[i].severity);
		}
		lopt_bundle_free(bundle);
	}
}

static void refuses_wrong_types(void **state)
{
	static const char *const tails[] = {
		",\"os\":1",
		",\"config\":[]",
		",\"config\":{\"Env\":[1]}",
		",\"config\":{\"Env\":\"A=b\"}",
		",\"config\":{\"Labels\":{\"a\":1}}",
		",\"config\":{\"Volumes\":[]}",
		",\"history\":{}",
		",\"history\":[1]",
		",\"history\":[{\"empty_layer\":\"yes\"}]",
		",\"created\":5",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		const struct recipe recipe = { .config_tail = tails[i] };
		struct lopt_bundle *bundle = NULL;
		struct lopt_error err = { .message = "" };
		if (open_recipe(&bundle, &recipe, NULL, &err) != LOPT_E_INPUT || !strstr(err.message, "config.json: "))
			fail_msg("%s: %s", tails[i], err.message);
		assert_null(bundle);
	}
}

/* Two threads read the layers; whichever fails first in time, the lowest is told. */
static void tells_the_lowest_failure(void **state)
{
	const struct recipe recipe = { .layers = 12, .damaged = 1u << 4 | 1u << 5 | 1u << 11 };
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct lopt_bundle *bundle = NULL;
		struct lopt_error err;
		assert_int_equal(open_recipe(&bundle, &recipe, NULL, &err), LOPT_E_INPUT);
		if (strncmp(err.message, "layer 4: 4/layer.tar: ", 22) != 0)
			fail_msg("%s", err.message);
	}
}

static void counts_entries_over_all_layers(void **state)
{
	const struct recipe recipe = { .layers = 12 }; /* 14 members and 12 entries */
	struct lopt_limits limits = *lopt_limits_default();
	const struct lopt_open_options options = { .limits = &limits };
	struct lopt_bundle *bundle = NULL;
	struct lopt_error err;
	(void)state;
	limits.entries = 26;
	assert_int_equal(open_recipe(&bundle, &recipe, &options, &err), LOPT_OK);
	lopt_bundle_free(bundle);
	bundle = NULL;
	limits.entries = 25;
	assert_int_equal(open_recipe(&bundle, &recipe, &options, &err), LOPT_E_LIMIT);
	assert_null(strstr(err.message, "layer ")); /* which one is too many depends on the threads */
	assert_non_null(strstr(err.message, "--limit entries=N"));
	assert_null(bundle);
}

static void holds_to_ceilings(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		const char *name;
	} cases[] = {
		{ offsetof(struct lopt_limits, layers), 2, "layers=N" },
		{ offsetof(struct lopt_limits, json_bytes), 40, "json_bytes=N" },
		{ offsetof(struct lopt_limits, json_depth), 2, "json_depth=N" },
		{ offsetof(struct lopt_limits, entries), 3, "entries=N" },
	};
	const struct recipe recipe = { .layers = 3 };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lopt_limits limits = *lopt_limits_default();
		const struct lopt_open_options options = { .limits = &limits };
		struct lopt_bundle *bundle = NULL;
		struct lopt_error err = { .message = "" };
		memcpy((char *)&limits + cases[i].offset, &cases[i].value, sizeof cases[i].value);
		if (open_recipe(&bundle, &recipe, &options, &err) != LOPT_E_LIMIT ||
		    !strstr(err.message, cases[i].name))
			fail_msg("%s: %s", cases[i].name, err.message);
	}
}

static void refuses_names_before_it_asks_an_engine(void **state)
{
	static const char *const names[] = { "docker:",	    "docker:--privileged", "docker:-v/:/h", "podman:a;b",
					     "docker:$(x)", "docker:a b",	   "podman:a\nb",   "docker:/abs" };
	char longest[7 + 300 + 1] = "docker:";
	struct lopt_bundle *bundle = NULL;
	(void)state;
	memset(longest + 7, 'a', 300);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(open_named(&bundle, names[i], NULL, NULL), LOPT_E_USAGE);
	assert_int_equal(open_named(&bundle, longest, NULL, NULL), LOPT_E_USAGE);
}

static void refuses_what_is_no_file(void **state)
{
	char folder[] = "/tmp/layeropt-test-XXXXXX", fifo[sizeof folder + 5];
	struct lopt_bundle *bundle = NULL;
	struct lopt_error err;
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(open_named(&bundle, fifo, NULL, &err), LOPT_E_INPUT);
	assert_int_equal(open_named(&bundle, folder, NULL, &err), LOPT_E_INPUT);
	assert_non_null(strstr(err.message, "oci-layout"));
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(open_named(&bundle, folder, NULL, &err), LOPT_E_SYSTEM);
	assert_int_equal(open_named(&bundle, "/dev/zero", NULL, &err), LOPT_E_INPUT);
	assert_null(bundle);
}

static void tells_what_reading_needs(void **state)
{
	char folder[] = "/tmp/layeropt-test-XXXXXX";
	struct lopt_source *source;
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(lopt_source_open(&source, folder, NULL), LOPT_OK);
	assert_true(lopt_source_needs(source).directory >= 0);
	assert_int_equal(lopt_source_needs(source).process, 0);
	lopt_source_free(source);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(lopt_source_open(&source, "-", NULL), LOPT_OK);
	assert_int_equal(lopt_source_needs(source).directory, -1);
	lopt_source_free(source);
	lopt_source_free(NULL);
}

static void reads_a_source_once(void **state)
{
	char path[] = "/tmp/layeropt-test-XXXXXX";
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	struct lopt_bundle *bundle = NULL;
	struct lopt_source *source;
	struct lopt_error err;
	(void)state;
	make_archive(&tar, &(struct recipe){ 0 });
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, tar.data, tar.len), (ssize_t)tar.len);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lopt_source_open(&source, path, &err), LOPT_OK);
	assert_int_equal(lopt_source_needs(source).directory, -1);
	assert_int_equal(unlink(path), 0); /* it is open */
	assert_int_equal(lopt_bundle_open(&bundle, source, NULL, &err), LOPT_OK);
	lopt_bundle_free(bundle);
	assert_int_equal(lopt_bundle_open(&bundle, source, NULL, &err), LOPT_E_BUG);
	lopt_source_free(source);
	lopt_buf_release(&tar);
}

/* Cut anywhere before the end of its last member, an archive is refused. */
static void notices_truncation(void **state)
{
	struct lopt_buf tar = LOPT_BUF_INIT(1 << 20);
	(void)state;
	make_archive(&tar, &(struct recipe){ 0 });
	for (size_t cut = 0; cut < tar.len - 2 * BLOCK; cut += 37) {
		struct lopt_bundle *bundle = NULL;
		struct lopt_error err;
		if (open_bytes(&bundle, lopt_str_make(tar.data, cut), NULL, &err) != LOPT_E_INPUT)
			fail_msg("cut to %zu bytes", cut);
	}
	lopt_buf_release(&tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_dates),
		cmocka_unit_test(knows_platforms),
		cmocka_unit_test(cleans_names),
		cmocka_unit_test(selects_images),
		cmocka_unit_test(parses_json),
		cmocka_unit_test(takes_typed_values),
		cmocka_unit_test(knows_media_types),
		cmocka_unit_test(tells_what_the_configuration_says),
		cmocka_unit_test(notes_what_is_odd),
		cmocka_unit_test(refuses_wrong_types),
		cmocka_unit_test(tells_the_lowest_failure),
		cmocka_unit_test(counts_entries_over_all_layers),
		cmocka_unit_test(holds_to_ceilings),
		cmocka_unit_test(refuses_names_before_it_asks_an_engine),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(tells_what_reading_needs),
		cmocka_unit_test(reads_a_source_once),
		cmocka_unit_test(notices_truncation),
	};
	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
