/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "package/scan.h"
#include "support/recorder.h"

static bool scans(struct lopt_str text)
{
	struct lopt_scan scan;
	struct lopt_str value;
	lopt_scan_start(&scan, text, '[');
	while (lopt_scan_element(&scan, &value))
		assert_true(value.len > 0 && value.ptr >= text.ptr && value.ptr + value.len <= text.ptr + text.len);
	return lopt_scan_ended(&scan);
}

static void tells_malformed_documents(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool well;
	} cases[] = {
		{ "[]", true },
		{ " [ ] \n", true },
		{ "[1,-0,1.5,1e9,1E+9,1e-9,0.0,12345678901]", true },
		{ "[true,false,null]", true },
		{ "[[],{},[[{}]],{\"a\":[]}]", true },
		{ "[ { \"a\" : 1 , \"b\" : [ 1 , 2 ] } , [ ] ]", true },
		{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fC\",\"\xc3\xbc\x7f\"]", true },
		{ "", false },
		{ "[", false },
		{ "{}", false },
		{ "1", false },
		{ "[1", false },
		{ "[1,", false },
		{ "[1,]", false },
		{ "[,1]", false },
		{ "[1 2]", false },
		{ "[] 1", false },
		{ "[]]", false },
		{ "[01]", false },
		{ "[1.]", false },
		{ "[.5]", false },
		{ "[-]", false },
		{ "[+1]", false },
		{ "[1e]", false },
		{ "[1e+]", false },
		{ "[tru]", false },
		{ "[NaN]", false },
		{ "['a']", false },
		{ "[\"a]", false },
		{ "[\"\\x\"]", false },
		{ "[\"\\u12g4\"]", false },
		{ "[\"\\u123", false },
		{ "[\"\\", false },
		{ "[\"\n\"]", false },
		{ "[{\"a\"}]", false },
		{ "[{\"a\":}]", false },
		{ "[{\"a\":1,}]", false },
		{ "[{a:1}]", false },
		{ "[{1:1}]", false },
		{ "[{\"a\":1]", false },
		{ "[[1}]", false },
		{ "[{]}", false },
		{ "[1]//", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_str text = lopt_str_from(cases[i].text);
		json_t *tree = json_loadb(text.ptr, text.len, 0, NULL);
		assert_int_equal(scans(text), cases[i].well);
		assert_int_equal(json_is_array(tree), cases[i].well);
		json_decref(tree);
	}
	assert_false(scans(lopt_str_make(NULL, 0)));
	assert_false(scans(lopt_str_make("[\"a\0\"]", 6)));
	assert_false(scans(lopt_str_make("[\"\\\0\"]", 6)));
	assert_false(scans(lopt_str_make("[1\0]", 4)));
}

/* So many arrays, one in the other, of which the outermost is the one that is read and the innermost is empty. */
static bool scans_nested(size_t depth)
{
	char *text = malloc(2 * depth);
	assert_non_null(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	bool well = scans(lopt_str_make(text, 2 * depth));
	free(text);
	return well;
}

static void bounds_nesting(void **state)
{
	(void)state;
	assert_true(scans_nested(LOPT_SCAN_DEPTH + 2));
	assert_false(scans_nested(LOPT_SCAN_DEPTH + 3));
	assert_false(scans_nested(1000000));
}

static void undoes_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *written, *want;
	} cases[] = {
		{ "\"a/b\"", "a/b" },
		{ "\"\"", "" },
		{ "\"a\\/b\\\\\\\"\\b\\f\\n\\r\\t\"", "a/b\\\"\b\f\n\r\t" },
		{ "\"\\u0041\\u00fc\\u20aC\"", "A\xc3\xbc\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!" },
		{ "\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf" },
		{ "\"\\ud83d\"", NULL },
		{ "\"\\ud83dx\"", NULL },
		{ "\"\\ud83d\\n\"", NULL },
		{ "\"\\ud83d\\u0041\"", NULL },
		{ "\"\\ude00\"", NULL },
		{ "1", NULL },
		{ "null", NULL },
		{ "[]", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_str text, written = lopt_str_from(cases[i].written);
		struct lopt_buf room = LOPT_BUF_INIT(written.len);
		struct lopt_error err;
		assert_int_equal(lopt_scan_string(&text, &room, written, &err), LOPT_OK);
		assert_true(lopt_str_equal(text, lopt_str_from(cases[i].want)));
		assert_int_equal(text.ptr != NULL, cases[i].want != NULL);
		lopt_buf_release(&room);
	}
}

#define NPM "srv/node_modules/@a/b/package.json"

static void reads_npm(void **state)
{
	(void)state;
	static const struct test_package_case cases[] = {
		{ .path = NPM,
		  .text = "{\"name\": \"@a/b\", \"version\": \"1.0.0-rc.1\", \"dependencies\": {\"name\": \"c\"}}\n",
		  .want = "npm: @a/b 1.0.0-rc.1\n  srv/node_modules/@a/b/\n" },
		{ .path = NPM,
		  .text = "{\"version\": 2, \"name\":\"\\u0061\"}",
		  .want = "npm: a \n  srv/node_modules/@a/b/\n" },
		{ .path = NPM, .text = "{\"version\": \"1\"}", .want = "" },
		{ .path = NPM, .text = "{\"name\": [\"a\"], \"version\": \"1\"}", .want = "" },
		{ .path = NPM, .text = "{\"name\": \"\"}", .want = "" },
		{ .path = NPM, .text = "{\"name\": \"a\", \"name\": \"b\"}", .want = "" },
		{ .path = NPM, .text = "{\"name\": \"a\",}", .want = "" },
		{ .path = NPM, .text = "{\"name\": \"a\"} {", .want = "" },
		{ .path = NPM, .text = "[\"name\"]", .want = "" },
		{ .path = NPM, .text = "", .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

#define CONDA "opt/conda/conda-meta/zlib-1.2.13-h1_4.json"
#define ITSELF "conda: zlib 1.2.13\n  " CONDA "\n"

static void reads_conda(void **state)
{
	(void)state;
	static const struct test_package_case cases[] = {
		{ .path = CONDA,
		  .text = "{\n  \"build\": \"h1_4\",\n  \"files\": [\n    \"include/zlib.h\",\n    \"lib/libz.so\"\n  ],\n"
			  "  \"name\": \"zlib\",\n  \"paths_data\": {\"paths\": [{\"_path\": \"x\"}]},\n"
			  "  \"version\": \"1.2.13\"\n}",
		  .want = ITSELF "  opt/conda/include/zlib.h\n  opt/conda/lib/libz.so\n" },
		/* an environment at the root */
		{ .path = "conda-meta/a-1-0.json",
		  .text = "{\"name\": \"a\", \"version\": \"1\", \"files\": [\"b\"]}",
		  .want = "conda: a 1\n  conda-meta/a-1-0.json\n  b\n" },
		/* files that are none, or lead out */
		{ .path = CONDA,
		  .text = "{\"name\": \"zlib\", \"version\": \"1.2.13\", \"files\": [1, null, [\"a\"], \"\", \"../../../x\","
			  " \"\\u0000\", \"\\ud800\", \"a\\/b\", \"../c\"]}",
		  .want = ITSELF "  opt/conda/a/b\n  opt/c\n" },
		{ .path = CONDA, .text = "{\"name\": \"zlib\", \"version\": \"1.2.13\"}", .want = ITSELF },
		{ .path = CONDA,
		  .text = "{\"name\": \"zlib\", \"version\": \"1.2.13\", \"files\": {\"a\":1}}",
		  .want = ITSELF },
		/* cut off, twice the same key, no name */
		{ .path = CONDA, .text = "{\"name\": \"zlib\", \"version\": \"1.2.13\", \"files\": [\"a\"", .want = "" },
		{ .path = CONDA, .text = "{\"name\": \"zlib\", \"files\": [\"a\"], \"files\": [\"b\"]}", .want = "" },
		{ .path = CONDA, .text = "{\"version\": \"1.2.13\", \"files\": [\"a\"]}", .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_malformed_documents),
		cmocka_unit_test(bounds_nesting),
		cmocka_unit_test(undoes_escapes),
		cmocka_unit_test(reads_npm),
		cmocka_unit_test(reads_conda),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
