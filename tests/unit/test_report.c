/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <jansson.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/secrets.h"
#include "layeropt/report.h"
#include "report/json_writer.h"
#include "report/printer.h"
#include "support/archive.h"
#include "report/view.h"

#define MANY (1u << 20)

static struct lopt_error err;

/* Strings. */

static void masks_credentials(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "RUN make -j4 KEYBOARD=us", "RUN make -j4 KEYBOARD=us" },
		{ "ENV DB_PASSWORD=hunter2", "ENV DB_PASSWORD=***" },
		{ "ENV DB_PASSWORD hunter2 and more", "ENV DB_PASSWORD ***" },
		{ "ENV A=1 TOKEN=two words B=3", "ENV A=1 TOKEN=*** B=3" },
		{ "/bin/sh -c #(nop)  ENV PASSWORD=two words", "/bin/sh -c #(nop)  ENV PASSWORD=***" },
		{ "|1 API_KEY=abc /bin/sh -c make", "|1 API_KEY=*** /bin/sh -c make" },
		{ "RUN PASSWORD=\"a b\" make", "RUN PASSWORD=\"***\" make" },
		{ "RUN PASSWORD='a b", "RUN PASSWORD='***" },
		{ "RUN SECRET=$SECRET make && TOKEN=$(cat t)", "RUN SECRET=$SECRET make && TOKEN=$(cat t)" },
		{ "RUN PASSWORD=$6$salt$hash make", "RUN PASSWORD=*** make" },
		{ "RUN tool --password hunter2 -v", "RUN tool --password *** -v" },
		{ "RUN tool --api-token=abc;ls", "RUN tool --api-token=***;ls" },
		{ "RUN docker login --password-stdin registry", "RUN docker login --password-stdin registry" },
		{ "RUN echo '{\"password\": \"x\", \"user\": \"y\"}'",
		  "RUN echo '{\"password\": \"***\", \"user\": \"y\"}'" },
		{ "git clone https://me:pw@example.org/r", "git clone https://me:***@example.org/r" },
		{ "git clone https://sometoken@example.org/r", "git clone https://***@example.org/r" },
		{ "curl https://example.org/a@b", "curl https://example.org/a@b" },
		{ "RUN x AKIAIOSFODNN7EXAMPLE y", "RUN x *** y" },
		{ "RUN x=ghp_abcdefghijklmnopqrstuvwxyz0123456789", "RUN x=***" },
		{ "glpat-abcdefghijklmnopqrst.", "***" },
		{ "ghp_short", "ghp_short" },
		{ "curl -H 'Authorization: Bearer abcdefghijklmnopqrst'", "curl -H 'Authorization: Bearer ***'" },
		{ "a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl b", "a *** b" },
		{ "a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb", "a ***\nb" },
		{ "x\\n-----BEGIN PRIVATE KEY-----\\nMII", "x\\n***" },
		{ "-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\nMII" },
		{ "PASSWORD=", "PASSWORD=" },
		{ "://", "://" },
		{ "-----BEGIN PRIVATE KEY-----a-----END X-----AKIAIOSFODNN7EXAMPLE", "******" },
		{ "PASSWORD=$AKIAIOSFODNN7EXAMPLE;", "PASSWORD=***;" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(MANY);
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf again = LOPT_BUF_INIT(MANY);
		lopt_buf_text(&out, "before ");
		lopt_secret_mask(&out, lopt_str_from(cases[i].text));
		assert_false(out.failed);
		assert_string_equal(out.data + 7, cases[i].want);
		lopt_secret_mask(&again, lopt_str_from(cases[i].want));
		assert_string_equal(again.data ? again.data : "", cases[i].want);
	}
}

static void knows_secret_names(void **state)
{
	static const char *const secret[] = { "PASSWORD",	 "db_passwd", "GITHUB_TOKEN", "apiKey",	  "API_KEY",
					      "API_KEY_2",	 "GPG_KEY",   "MYSQL_PWD",    "npm_auth", "Secret",
					      "AWS_CREDENTIALS", "db-pass",   "userPass",     "APIKEYS" };
	static const char *const open[] = { "PATH",   "PWD",  "KEYBOARD", "compass", "passenger",
					    "author", "LANG", "monkeys_", "" };
	(void)state;
	for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
		if (!lopt_secret_name(lopt_str_from(secret[i])))
			fail_msg("%s is shown", secret[i]);
	}
	for (size_t i = 0; i < sizeof open / sizeof open[0] - 2; i++) {
		if (lopt_secret_name(lopt_str_from(open[i])))
			fail_msg("%s is hidden", open[i]);
	}
}

/* Each of these would take minutes if any byte were looked at again and again. */
static void masks_in_linear_time(void **state)
{
	static const char *const pieces[] = { "eyJ-",	  "-----BEGIN ", "-----BEGIN PRIVATE KEY",
					      "://",	  "://a",	 "PASSWORD=",
					      "password", "ENV ",	 "Bearer ",
					      "a\"",	  "--token ",	 "TOKEN='" };
	(void)state;
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(MANY);
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(8 * (size_t)MANY);
		lopt_buf_text(&text, "ENV ");
		while (text.len < 400000)
			lopt_buf_text(&text, pieces[i]);
		lopt_secret_mask(&out, lopt_buf_view(&text));
		assert_false(out.failed);
	}
}

static void elides_the_middle(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *want;
	} cases[] = {
		{ "short", 10, "short" },
		{ "0123456789", 10, "0123456789" },
		{ "0123456789a", 10, "01...6789a" },
		{ "0123456789", 3, "..." },
		{ "0123456789", 1, "." },
		{ "\u65e5\u672c\u8a9e\u6587\u5b57", 8, "...\u6587\u5b57" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(MANY);
		lopt_text_elide(&out, lopt_str_from(cases[i].text), cases[i].width);
		assert_string_equal(out.data, cases[i].want);
	}
}

static void shows_percent(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *want;
	} cases[] = {
		{ 0, 0, "0.0%" },	{ 0, 5, "0.0%" },
		{ 5, 5, "100.0%" },	{ 1, 3, "33.3%" },
		{ 1, 1000000, "0.1%" }, { 999999, 1000000, "99.9%" },
		{ 2, 3, "66.7%" },	{ UINT64_MAX, UINT64_MAX, "100.0%" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(MANY);
		lopt_percent_format(&out, cases[i].part, cases[i].whole);
		assert_string_equal(out.data, cases[i].want);
	}
}

/* The JSON writer. */

struct memory {
	FILE *file;
	char *text;
	size_t size;
};

static void memory_open(struct memory *memory)
{
	memory->file = open_memstream(&memory->text, &memory->size);
	assert_non_null(memory->file);
}

static void memory_close(struct memory *memory)
{
	assert_int_equal(fclose(memory->file), 0);
}

static void writes_json(void **state)
{
	struct memory memory;
	struct lopt_json json;
	(void)state;
	memory_open(&memory);
	lopt_json_init(&json, memory.file, 1);
	lopt_json_open(&json, '{');
	lopt_json_key(&json, "rows");
	lopt_json_open(&json, '[');
	lopt_json_count(&json, UINT64_MAX);
	lopt_json_number(&json, INT64_MIN);
	lopt_json_null(&json);
	lopt_json_close(&json, ']');
	lopt_json_key(&json, "none");
	lopt_json_open(&json, '{');
	lopt_json_close(&json, '}');
	lopt_json_member_known(&json, "empty", lopt_str_make(NULL, 0));
	lopt_json_key(&json, "hex");
	lopt_json_hex(&json, "\x00\xff", 2);
	lopt_json_close(&json, '}');
	lopt_json_newline(&json);
	assert_int_equal(lopt_json_finish(&json, &err), LOPT_OK);
	memory_close(&memory);
	assert_string_equal(memory.text, "{\n"
					 "  \"rows\": [18446744073709551615, -9223372036854775808, null],\n"
					 "  \"none\": {},\n"
					 "  \"empty\": null,\n"
					 "  \"hex\": \"00ff\"\n"
					 "}\n");
	free(memory.text);
}

static void writes_ratios(void **state)
{
	static const struct {
		double ratio;
		const char *want;
	} cases[] = { { 0, "0.0" },
		      { 1, "1.0" },
		      { 0.5, "0.5" },
		      { 1.0 / 3, "0.333333333" },
		      { 0.9999999999, "1.0" },
		      { -1, "null" },
		      { 1e300, "null" },
		      { 12.25, "12.25" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct memory memory;
		struct lopt_json json;
		memory_open(&memory);
		lopt_json_init(&json, memory.file, 0);
		lopt_json_ratio(&json, cases[i].ratio);
		assert_int_equal(lopt_json_finish(&json, &err), LOPT_OK);
		memory_close(&memory);
		assert_string_equal(memory.text, cases[i].want);
		free(memory.text);
	}
}

static void strings_come_back(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "plain", "plain" },
		{ "\"\\/\b\f\n\r\t\x1b\x7f", "\"\\/\b\f\n\r\t\x1b\x7f" },
		{ "\u00e4\u2028\U0001f600", "\u00e4\u2028\U0001f600" },
		{ "a\xff\xc3", "a\\xff\\xc3" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct memory memory;
		struct lopt_json json;
		memory_open(&memory);
		lopt_json_init(&json, memory.file, 0);
		lopt_json_string(&json, lopt_str_from(cases[i].text));
		assert_int_equal(lopt_json_finish(&json, &err), LOPT_OK);
		memory_close(&memory);
		for (size_t k = 0; k < memory.size; k++)
			assert_in_range(memory.text[k], ' ', '~');
		json_t *parsed = json_loads(memory.text, JSON_DECODE_ANY, NULL);
		assert_non_null(parsed);
		assert_string_equal(json_string_value(parsed), cases[i].want);
		json_decref(parsed);
		free(memory.text);
	}
}

/* Whole reports, of an image with odd names and a secret or two. */

static const char config[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"PATH=/bin\","
	"\"DB_PASSWORD=hunter2\",\"URL=https://me:hunter2@h/\"],\"Labels\":{\"token\":\"hunter2\"}},"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
	"\"sha256:0000000000000000000000000000000000000000000000000000000000000000\","
	"\"sha256:1111111111111111111111111111111111111111111111111111111111111111\"]},"
	"\"history\":[{\"created_by\":\"RUN tool --password hunter2\"},"
	"{\"created_by\":\"ENV A=1\",\"empty_layer\":true},{\"created_by\":\"RUN rm x\"}]}";
static const char manifest[] =
	"[{\"Config\":\"c.json\",\"RepoTags\":[\"t:1\"],\"Layers\":[\"0/layer.tar\",\"1/layer.tar\"]}]";

/* Packages of odd and of long names; one is only recommended. */
#define LONG_NAME "a-name-that-is-too-long-for-a-line-of-a-terminal-and-so-loses-its-middle-somewhere"
static const char status[] = "Package: esc\x1b[31m|`\nArchitecture: amd64\nVersion: =1+1,\"q\"\nRecommends: " LONG_NAME
			     "\n\nPackage: " LONG_NAME "\nArchitecture: amd64\nVersion: 1.2.3\n";
static const char states[] = "Package: " LONG_NAME "\nArchitecture: amd64\nAuto-Installed: 1\n";

static void put_layer(struct lopt_buf *archive, const char *name, const struct lopt_buf *layer)
{
	test_tar_file(archive, name, layer->data, layer->len);
}

static void make_archive(struct lopt_buf *archive)
{
	struct lopt_buf lower = LOPT_BUF_INIT(MANY);
	struct lopt_buf upper = LOPT_BUF_INIT(MANY);
	test_tar_file(&lower, "x", "some bytes that go", 18);
	test_tar_file(&lower, "same", "twice", 5);
	test_tar_file(&lower, "=1+1,\"q\"", "twice", 5);
	test_tar_file(&lower, "esc\x1b[31m\n::error::x|`", "e", 1);
	test_tar_file(&lower, "bad\xff", "f", 1);
	test_tar_header(&lower, &(struct test_header){ .name = "ln", .link = "bad\xff", .type = '2', .mode = 0777 });
	test_tar_header(&lower,
			&(struct test_header){ .name = "null", .type = '3', .mode = 0600, .major = 1, .minor = 3 });
	test_tar_end(&lower);
	test_tar_file(&upper, ".wh.x", "", 0);
	test_tar_file(&upper, "sub/new", "n", 1);
	test_tar_file(&upper, "var/lib/dpkg/status", status, sizeof status - 1);
	test_tar_file(&upper, "var/lib/dpkg/info/" LONG_NAME ".list", "/sub/new\n", 9);
	test_tar_file(&upper, "var/lib/apt/extended_states", states, sizeof states - 1);
	test_tar_end(&upper);
	test_tar_file(archive, "manifest.json", manifest, sizeof manifest - 1);
	test_tar_file(archive, "c.json", config, sizeof config - 1);
	put_layer(archive, "0/layer.tar", &lower);
	put_layer(archive, "1/layer.tar", &upper);
	test_tar_end(archive);
	lopt_buf_release(&lower);
	lopt_buf_release(&upper);
}

struct fixture {
	int fd;
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	struct lopt_buf archive = LOPT_BUF_INIT(MANY);
	struct lopt_open_options options = { .want_sha256 = true, .keep = lopt_analysis_keep };
	char path[64];
	make_archive(&archive);
	fixture.fd = test_memory_file(archive.data, archive.len, path);
	lopt_buf_release(&archive);
	if (lopt_image_open(&fixture.image, path, &options, &err) != LOPT_OK ||
	    lopt_analysis_make(&fixture.analysis, fixture.image, NULL, &err) != LOPT_OK) {
		print_error("%s\n", err.message);
		return -1;
	}
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	lopt_analysis_free(fixture->analysis);
	lopt_image_free(fixture->image);
	(void)close(fixture->fd);
	return 0;
}

static char *report_in(const struct fixture *fixture, const char *format, const struct lopt_report_options *options)
{
	struct memory memory;
	memory_open(&memory);
	assert_int_equal(lopt_report_format_find(format)->write(memory.file, fixture->analysis, options, &err),
			 LOPT_OK);
	memory_close(&memory);
	return memory.text;
}

static void no_report_tells_secrets(void **state)
{
	struct lopt_report_options options = { 0 };
	for (size_t i = 0; lopt_report_format_at(i); i++) {
		char *text = report_in(*state, lopt_report_format_at(i)->name, &options);
		if (strstr(text, "hunter2"))
			fail_msg("%s tells hunter2", lopt_report_format_at(i)->name);
		free(text);
	}
	options.show_secrets = true;
	char *text = report_in(*state, "json", &options);
	assert_non_null(strstr(text, "DB_PASSWORD=hunter2"));
	assert_non_null(strstr(text, "--password hunter2"));
	free(text);
}

static void no_report_has_raw_controls(void **state)
{
	const struct lopt_report_options options = { 0 };
	for (size_t i = 0; lopt_report_format_at(i); i++) {
		char *text = report_in(*state, lopt_report_format_at(i)->name, &options);
		for (const char *at = text; *at; at++) {
			bool line_end = *at == '\n' || *at == '\r';
			assert_true(line_end || (*at >= ' ' && *at <= '~'));
		}
		assert_null(strstr(text, "\n::error"));
		free(text);
	}
}

static void json_is_the_contract(void **state)
{
	static const char *const top[] = { "schema",   "tool",	  "image",	     "totals",	 "layers",
					   "waste",    "known",	  "duplicates",	     "packages", "directories",
					   "findings", "omitted", "dockerfile_given" };
	const struct lopt_report_options options = { .top = 1 };
	char *text = report_in(*state, "json", &options);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_object_size(root), sizeof top / sizeof top[0]);
	for (size_t i = 0; i < sizeof top / sizeof top[0]; i++)
		assert_non_null(json_object_get(root, top[i]));
	const json_t *totals = json_object_get(root, "totals");
	assert_true(json_is_null(json_object_get(totals, "base")));
	assert_int_equal(json_integer_value(json_object_get(totals, "wasted_bytes")), 18);
	assert_true(json_is_real(json_object_get(totals, "efficiency")));
	const json_t *layer = json_array_get(json_object_get(root, "layers"), 1);
	assert_string_equal(json_string_value(json_object_get(layer, "created_by")), "RUN rm x");
	assert_true(json_is_null(json_object_get(layer, "line")));
	const json_t *waste = json_array_get(json_object_get(root, "waste"), 0);
	assert_string_equal(json_string_value(json_object_get(waste, "path")), "x");
	assert_string_equal(json_string_value(json_object_get(waste, "cause")), "removed");
	const json_t *package = json_array_get(json_object_get(root, "packages"), 0);
	assert_int_equal(json_object_size(package), 12);
	assert_true(json_is_null(json_object_get(package, "manager")));
	assert_true(json_is_false(json_object_get(package, "recommended_only")));
	assert_true(json_is_null(json_object_get(package, "brings_bytes")));
	const json_t *cut = json_object_get(json_object_get(root, "omitted"), "packages");
	assert_int_equal(json_integer_value(json_object_get(cut, "rows")), 2);
	assert_int_equal(json_integer_value(json_object_get(cut, "bytes")), 1);
	json_decref(root);
	free(text);
}

static void text_fits_the_width(void **state)
{
	static const size_t widths[] = { 0, 60, 72, 120 };
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
		const struct lopt_report_options options = { .columns = widths[i] };
		char *text = report_in(*state, "text", &options);
		for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
			assert_in_range(strcspn(line, "\n"), 0, widths[i] ? widths[i] : 80);
		free(text);
	}
}

/* What is left when the colours are taken out is the same text. */
static void color_changes_no_words(void **state)
{
	const struct lopt_report_options bare = { 0 };
	const struct lopt_report_options colored = { .color = true };
	char *want = report_in(*state, "text", &bare);
	char *text = report_in(*state, "text", &colored);
	char *to = text;
	for (const char *from = text; *from;) {
		if (*from == '\033')
			from += strcspn(from, "m") + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	assert_string_equal(text, want);
	free(text);
	free(want);
}

static void csv_is_rectangular(void **state)
{
	const struct lopt_report_options options = { 0 };
	char *text = report_in(*state, "csv", &options);
	size_t fields = 0;
	size_t want = 0;
	bool quoted = false;
	for (const char *at = text; *at; at++) {
		quoted ^= *at == '"';
		fields += *at == ',' && !quoted;
		if (quoted || *at != '\n')
			continue;
		assert_int_equal(at[-1], '\r');
		want = want ? want : fields;
		assert_int_equal(fields, want);
		fields = 0;
	}
	assert_int_equal(want, 13);
	assert_non_null(strstr(text, "\"'=1+1,\"\"q\"\"\""));
	free(text);
}

static void text_names_packages(void **state)
{
	const struct lopt_report_options options = { 0 };
	char *text = report_in(*state, "text", &options);
	assert_non_null(strstr(text, "Packages: who owns what a container sees\n"
				     "     bytes     files   layers  manager  package\n"));
	assert_non_null(strstr(text, "       1 B         1        1  dpkg   * a-name-that-"));
	assert_non_null(strstr(text, "       0 B         0        -  dpkg     esc\\x1b[31m|` =1+1,\"q\"\n"));
	assert_non_null(strstr(text, "  * only recommended by others: 1 package, 1 B\n"));
	free(text);
}

static char *listing_in(const struct fixture *fixture, const struct lopt_listing_options *options)
{
	struct memory memory;
	memory_open(&memory);
	assert_int_equal(lopt_listing_write(memory.file, fixture->image, options, &err), LOPT_OK);
	memory_close(&memory);
	return memory.text;
}

static void lists_the_final_filesystem(void **state)
{
	const struct lopt_listing_options options = { .layer = LOPT_NO_LAYER };
	char *text = listing_in(*state, &options);
	assert_string_equal(text, "=1+1,\"q\"\nbad\\xff\nesc\\x1b[31m\\n::error::x|`\nln\nnull\nsame\nsub\nsub/new\n"
				  "var\nvar/lib\nvar/lib/apt\nvar/lib/apt/extended_states\nvar/lib/dpkg\n"
				  "var/lib/dpkg/info\nvar/lib/dpkg/info/" LONG_NAME ".list\nvar/lib/dpkg/status\n");
	free(text);
}

static json_t *row_of(const char *text, size_t index)
{
	for (; index; index--)
		text += strcspn(text, "\n") + 1;
	json_t *row = json_loadb(text, strcspn(text, "\n"), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(row);
	return row;
}

static const char *field(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static void lists_as_ndjson(void **state)
{
	const struct lopt_listing_options options = { .layer = LOPT_NO_LAYER, .ndjson = true };
	char *text = listing_in(*state, &options);
	json_t *bad = row_of(text, 1);
	assert_string_equal(field(bad, "path"), "bad\\xff");
	assert_string_equal(field(bad, "path_b64"), "YmFk/w==");
	assert_string_equal(field(bad, "sha256"), "252f10c83610ebca1a059c0bae8255eba2f95be4d1d7bcfa89d7248a82d9f111");
	json_t *link = row_of(text, 3);
	assert_string_equal(field(link, "link"), "bad\\xff");
	assert_null(json_object_get(link, "size"));
	json_t *device = row_of(text, 4);
	assert_string_equal(field(device, "rdev"), "1,3");
	assert_string_equal(field(device, "mode"), "600");
	json_t *implied = row_of(text, 6);
	assert_string_equal(field(implied, "type"), "d");
	assert_true(json_is_null(json_object_get(implied, "mtime_ns")));
	json_decref(bad);
	json_decref(link);
	json_decref(device);
	json_decref(implied);
	free(text);
}

static void lists_one_layer(void **state)
{
	const struct lopt_listing_options options = { .layer = 1, .ndjson = true };
	const struct lopt_listing_options none = { .layer = 2 };
	char *text = listing_in(*state, &options);
	json_t *row = row_of(text, 0);
	assert_string_equal(field(row, "path"), ".wh.x");
	assert_true(json_is_true(json_object_get(row, "whiteout")));
	json_decref(row);
	free(text);
	assert_int_equal(lopt_listing_write(stdout, ((struct fixture *)*state)->image, &none, &err), LOPT_E_USAGE);
}

static void an_image_is_named_by_its_file_or_tag(void **state)
{
	(void)state;
	static const struct {
		const char *source, *tag, *want;
	} rows[] = {
		{ "builds/app.tar", "app:1", "app.tar" },     { "-", "app:1", "app:1" },
		{ "docker:app", "app:latest", "app:latest" }, { "podman:a/b", "a/b:2", "a/b:2" },
		{ "docker:a/b", NULL, "docker:a/b" },	      { "-", NULL, "-" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct lopt_str tag = lopt_str_from(rows[i].tag);
		const struct lopt_image_info info = { .source = lopt_str_from(rows[i].source),
						      .tags = &tag,
						      .tag_count = rows[i].tag != NULL };
		assert_true(lopt_str_is(lopt_image_name(&info), rows[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_named_by_its_file_or_tag),
		cmocka_unit_test(masks_credentials),
		cmocka_unit_test(knows_secret_names),
		cmocka_unit_test(masks_in_linear_time),
		cmocka_unit_test(elides_the_middle),
		cmocka_unit_test(shows_percent),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(writes_ratios),
		cmocka_unit_test(strings_come_back),
		cmocka_unit_test(no_report_tells_secrets),
		cmocka_unit_test(no_report_has_raw_controls),
		cmocka_unit_test(json_is_the_contract),
		cmocka_unit_test(text_fits_the_width),
		cmocka_unit_test(color_changes_no_words),
		cmocka_unit_test(csv_is_rectangular),
		cmocka_unit_test(text_names_packages),
		cmocka_unit_test(lists_the_final_filesystem),
		cmocka_unit_test(lists_as_ndjson),
		cmocka_unit_test(lists_one_layer),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
