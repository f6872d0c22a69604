/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <jansson.h>
#include <unistd.h>

#include "analysis/known.h"
#include "base/cleanup.h"
#include "layeropt/report.h"
#include "support/archive.h"
#include "support/stack.h"

#define MANY (1u << 20)

static struct lopt_error err;

static const char *const formats[] = { "text", "json", "markdown", "csv" };

static const char configuration[] =
	"\"config\": {\"Env\": [\"PATH=/bin\", \"DB_PASSWORD=hunter2\", \"EMPTY=\"], \"Cmd\": [\"sh\", \"\"],"
	" \"Labels\": {\"a\": \"b\", \"t\\u00f6ken\": \"c=d\"}, \"ExposedPorts\": {\"80/tcp\": {}}, \"User\": \"me\"},"
	" \"history\": [{\"created_by\": \"RUN API_TOKEN=abc printf '\\\\xff'\"}, {\"created_by\": \"RUN rm /gone\"}]";

static const char status[] =
	"Package: one\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n"
	"Package: two\nStatus: install ok installed\nArchitecture: all\nVersion: 2\nRecommends: one\n";
static const char states[] = "Package: one\nArchitecture: all\nAuto-Installed: 1\n";

struct fixture {
	int fd;
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	json_t *document; /* of all rows */
};

static void make_layers(struct lopt_buf layers[TEST_LAYERS_MAX])
{
	test_tar_file(&layers[0], "gone", "some bytes that go", 18);
	test_tar_file(&layers[0], "usr/a", "twice", 5);
	test_tar_file(&layers[0], "usr/share/a/b", "twice", 5);
	test_tar_file(&layers[0], "var/log/boot.log", "a log", 5);
	test_tar_file(&layers[0], "var/log/apt/term.log", "another log", 11);
	test_tar_file(&layers[0], "bad\xff\xc3(\xc3\xa9|`\x1b[31m", "rawraw", 6);
	test_tar_file(&layers[0], "back\\slash\\xzz", "rawraw", 6);
	test_tar_file(&layers[0], "touched", "0123456789", 10);
	test_tar_end(&layers[0]);
	test_tar_file(&layers[1], ".wh.gone", "", 0);
	test_tar_file(&layers[1], "touched", "0123456789", 10);
	test_tar_file(&layers[1], "var/lib/dpkg/status", status, sizeof status - 1);
	test_tar_file(&layers[1], "var/lib/dpkg/info/one.list", "/usr/a\n", 7);
	test_tar_file(&layers[1], "var/lib/apt/extended_states", states, sizeof states - 1);
	test_tar_end(&layers[1]);
}

/* Of the document with at most `top` rows per list. */
static char *report_of(const struct lopt_analysis *analysis, const char *format, size_t top)
{
	const struct lopt_report_options options = { .top = top };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	assert_non_null(file);
	assert_int_equal(lopt_report_format_find(format)->write(file, analysis, &options, &err), LOPT_OK);
	assert_int_equal(fclose(file), 0);
	return text;
}

static int set_up(void **state)
{
	static struct fixture fixture;
	const struct lopt_open_options options = { .want_sha256 = true, .keep = lopt_analysis_keep };
	const struct lopt_analysis_options all = { .digests = 1, .has_base_layers = true, .base_layers = 1 };
	struct lopt_buf layers[TEST_LAYERS_MAX] = { LOPT_BUF_INIT(MANY), LOPT_BUF_INIT(MANY) };
	make_layers(layers);
	enum lopt_status opened =
		test_open_configured(&fixture.image, layers, configuration, &options, &fixture.fd, &err);
	lopt_buf_release(&layers[0]);
	lopt_buf_release(&layers[1]);
	if (opened != LOPT_OK || lopt_analysis_make(&fixture.analysis, fixture.image, &all, &err) != LOPT_OK) {
		print_error("%s\n", err.message);
		return -1;
	}
	char *text = report_of(fixture.analysis, "json", 0);
	fixture.document = json_loads(text, 0, NULL);
	free(text);
	*state = &fixture;
	return fixture.document ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	json_decref(fixture->document);
	lopt_analysis_free(fixture->analysis);
	lopt_image_free(fixture->image);
	(void)close(fixture->fd);
	return 0;
}

static const struct lopt_analysis *loaded(const char *text)
{
	const struct lopt_analysis *analysis = NULL;
	if (lopt_analysis_load(&analysis, lopt_str_from(text), &err) != LOPT_OK)
		fail_msg("%s", err.message);
	return analysis;
}

static const struct lopt_analysis *loaded_document(const json_t *document)
{
	char *text = json_dumps(document, 0);
	const struct lopt_analysis *analysis = loaded(text);
	free(text);
	return analysis;
}

/* What came. */

static void fixture_has_everything(void **state)
{
	const struct lopt_analysis *analysis = ((struct fixture *)*state)->analysis;
	assert_true(analysis->waste_count > 1);
	assert_true(analysis->known_count > 0);
	assert_true(analysis->duplicate_count > 1);
	assert_true(analysis->package_count > 2);
	assert_true(analysis->directory_count > 2);
	assert_true(analysis->finding_count > 3);
	assert_true(analysis->duplicates[0].has_sha256 != analysis->duplicates[1].has_sha256);
	bool recommended = false;
	for (size_t i = 0; i < analysis->package_count; i++)
		recommended |= analysis->packages[i].recommended_only;
	assert_true(recommended);
}

static void reports_are_the_same(void **state)
{
	static const size_t tops[] = { 0, 1, 2, 20 };
	const struct fixture *fixture = *state;
	char *saved = report_of(fixture->analysis, "json", 0);
	const struct lopt_analysis *analysis = loaded(saved);
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		for (size_t k = 0; k < sizeof tops / sizeof tops[0]; k++) {
			char *want = report_of(fixture->analysis, formats[i], tops[k]);
			char *got = report_of(analysis, formats[i], tops[k]);
			assert_string_equal(got, want);
			free(want);
			free(got);
		}
	lopt_analysis_free(analysis);
	free(saved);
}

static void names_have_their_bytes(void **state)
{
	const struct lopt_analysis *before = ((struct fixture *)*state)->analysis;
	const struct lopt_analysis *after = loaded_document(((struct fixture *)*state)->document);
	bool raw = false;
	for (size_t i = 0; i < before->duplicate_count; i++)
		for (size_t k = 0; k < before->duplicates[i].count; k++) {
			struct lopt_str path = before->duplicates[i].paths[k];
			assert_true(lopt_str_equal(path, after->duplicates[i].paths[k]));
			raw |= memchr(path.ptr, '\xff', path.len) != NULL;
		}
	assert_true(raw);
	assert_true(lopt_str_is(after->layers[0].created_by, "RUN API_TOKEN=*** printf '\\xff'"));
	lopt_analysis_free(after);
}

static void what_was_cut_stays_cut(void **state)
{
	const struct fixture *fixture = *state;
	char *saved = report_of(fixture->analysis, "json", 1);
	const struct lopt_analysis *analysis = loaded(saved);
	char *again = report_of(analysis, "json", 0);
	char *text = report_of(analysis, "text", 0);
	char *want = report_of(fixture->analysis, "text", 1);
	assert_string_equal(again, saved);
	const char *rest = strstr(want, "Waste:");
	const char *packages = strstr(want, "Packages:");
	assert_non_null(rest);
	assert_non_null(packages);
	assert_non_null(strstr(text, rest)); /* all lists, with how many rows more there were */
	assert_non_null(strstr(packages, "only recommended by others: 1 package"));
	assert_int_equal(analysis->omitted.waste.rows, fixture->analysis->waste_count - 1);
	lopt_analysis_free(analysis);
	free(saved);
	free(again);
	free(text);
	free(want);
}

static void has_no_files(void **state)
{
	const struct lopt_analysis *analysis = loaded_document(((struct fixture *)*state)->document);
	const struct lopt_layer *layer = lopt_image_layer(analysis->image, 0);
	const struct lopt_report_options options = { 0 };
	static const char *const needing[] = { "ncdu", "folded" };
	char *text = NULL;
	size_t size;
	assert_int_equal(lopt_image_layer_count(analysis->image), 2);
	assert_int_equal(layer->entry_count, 0);
	assert_null(lopt_image_layer(analysis->image, 2));
	assert_null(lopt_image_sha256(analysis->image, 0));
	for (size_t i = 0; i < sizeof needing / sizeof needing[0]; i++) {
		FILE *file = open_memstream(&text, &size);
		assert_int_equal(lopt_report_format_find(needing[i])->write(file, analysis, &options, &err),
				 LOPT_E_USAGE);
		assert_non_null(strstr(err.message, "saved analysis"));
		(void)fclose(file);
		free(text);
	}
	lopt_analysis_free(analysis);
}

/* Members. */

/* What the loader passes over: it says who wrote the document, or what another member says, too. */
static bool is_passed_over(const char *path, const char *key)
{
	return strcmp(path, "tool") == 0 || strncmp(path, "tool.", 5) == 0 ||
	       (strncmp(path, "known[", 6) == 0 && strcmp(key, "line") == 0);
}

/* "line 12: WHAT": WHAT; where the member is there, once line 12 of the text is seen to hold its key. */
static const char *behind_line(const char *message, const char *text, bool is_there)
{
	char key[64] = "", quoted[80];
	char *what = NULL;
	size_t line = strncmp(message, "line ", 5) == 0 ? strtoul(message + 5, &what, 10) : 0;
	if (!line || strncmp(what, ": ", 2) != 0)
		fail_msg("no line: %s", message);
	const char *at = text;
	what += 2;
	for (size_t i = 1; i < line; i++) {
		at = strchr(at, '\n');
		assert_non_null(at);
		at++;
	}
	size_t path = strcspn(what, ": "), end = path;
	while (end && what[end - 1] == ']')
		while (end && what[--end] != '[')
			;
	size_t start = end;
	while (start && what[start - 1] != '.' && what[start - 1] != ']')
		start--;
	(void)snprintf(key, sizeof key, "%.*s", (int)(end - start), what + start);
	(void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
	const char *there = strstr(at, quoted), *stop = strchr(at, '\n');
	if (is_there && end == path && end && !(there && (!stop || there < stop)))
		fail_msg("not at line %zu: %s", line, message);
	return what;
}

static void must_refuse(const json_t *document, const char *path)
{
	const struct lopt_analysis *analysis = NULL;
	char *text = json_dumps(document, JSON_INDENT(1));
	char want[256];
	(void)snprintf(want, sizeof want, "%s: ", path);
	if (lopt_analysis_load(&analysis, lopt_str_from(text), &err) != LOPT_E_USAGE)
		fail_msg("%s: taken", path);
	if (strncmp(behind_line(err.message, text, false), want, strlen(want)) != 0)
		fail_msg("%s: the message is: %s", path, err.message);
	free(text);
}

/* Each member of `value` gone, and each with something else in its place. */
static void spoil(json_t *document, json_t *value, const char *path)
{
	char below[256];
	const char *key;
	json_t *member;
	size_t index;
	json_array_foreach(value, index, member)
	{
		(void)snprintf(below, sizeof below, "%s[%zu]", path, index);
		spoil(document, member, below);
	}
	if (!json_is_object(value) || strcmp(path, "image.config.labels") == 0 ||
	    strcmp(path, "image.config.settings") == 0)
		return;
	json_t *before = json_copy(value);
	json_object_foreach(before, key, member)
	{
		(void)snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
		if (is_passed_over(below, key))
			continue;
		json_object_del(value, key);
		if (strcmp(key, "schema") != 0)
			must_refuse(document, below);
		json_object_set_new(value, key, json_pack("[[]]"));
		char item[sizeof below + 4];
		(void)snprintf(item, sizeof item, "%s[0]", below);
		if (strcmp(key, "schema") != 0)
			must_refuse(document, json_is_array(member) ? item : below);
		json_object_set(value, key, member);
		spoil(document, member, below);
	}
	json_decref(before);
}

static void every_member_is_needed(void **state)
{
	json_t *document = json_deep_copy(((struct fixture *)*state)->document);
	spoil(document, document, "");
	lopt_analysis_free(loaded_document(document));
	json_decref(document);
}

/* The member at a path as "layers.1.line". */
static json_t *parent_of(json_t *document, const char *path, const char **last)
{
	json_t *at = document;
	for (*last = path;;) {
		size_t len = strcspn(*last, ".");
		if (!(*last)[len])
			return at;
		at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(*last, NULL, 10))
				       : json_object_getn(at, *last, len);
		*last += len + 1;
	}
}

static void set_member(json_t *document, const char *path, const char *text)
{
	const char *last;
	json_t *in = parent_of(document, path, &last);
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(in);
	assert_non_null(value);
	assert_int_equal(json_is_array(in) ? json_array_set_new(in, (size_t)strtoul(last, NULL, 10), value)
					   : json_object_set_new(in, last, value),
			 0);
}

static void tells_what_is_wrong(void **state)
{
	static const struct {
		const char *path, *value, *want;
	} cases[] = {
		{ "schema", "\"layeropt/analysis/2.0\"",
		  "schema: \"layeropt/analysis/2.0\" is not read, layeropt/analysis/1.x is" },
		{ "schema", "\"layeropt/analysis/1.\"",
		  "schema: \"layeropt/analysis/1.\" is not read, layeropt/analysis/1.x is" },
		{ "schema", "\"layeropt/analysis/1.0-x\"",
		  "schema: \"layeropt/analysis/1.0-x\" is not read, layeropt/analysis/1.x is" },
		{ "schema", "\"layeropt/proof/1.0\"",
		  "schema: \"layeropt/proof/1.0\" is not read, layeropt/analysis/1.x is" },
		{ "layers.1.content_bytes", "-1", "layers[1].content_bytes: less than 0" },
		{ "layers.1.content_bytes", "1.5", "layers[1].content_bytes: not a whole number" },
		{ "layers.1.content_bytes", "\"5\"", "layers[1].content_bytes: not a whole number" },
		{ "layers.1.content_bytes", "null", "layers[1].content_bytes: not a whole number" },
		{ "layers.1.index", "0", "layers[1].index: 0, where 1 is due" },
		{ "layers.1.line", "4294967296", "layers[1].line: 4294967296 is too large" },
		{ "layers.0.size", "null", "layers[0].size: not a whole number" },
		{ "layers.0", "7", "layers[0]: not an object" },
		{ "waste.0.layer", "2", "waste[0].layer: 2 is no layer: there are 2" },
		{ "waste.0.masked_by", "null", "waste[0].masked_by: not a whole number" },
		{ "waste.0.cause", "\"lost\"", "waste[0].cause: \"lost\" is not known" },
		{ "known.0.level", "null", "known[0].level: not a string" },
		{ "known.0.rule", "\"a b\"",
		  "known[0].rule: layeropt did not write this: it does not use the character at 2 there" },
		{ "known.0.rule", "\"\"", "known[0].rule: empty" },
		{ "known.0.effect", "\"a | b\"",
		  "known[0].effect: layeropt did not write this: it does not use the character at 3 there" },
		{ "known.0.what", "\"\\u001b[31m\"",
		  "known[0].what: layeropt did not write this: it does not use the character at 1 there" },
		{ "duplicates.0.count", "3", "duplicates[0].paths: 2 of them, for a count of 3" },
		{ "duplicates.0.sha256", "\"0a\"", "duplicates[0].sha256: not 64 hex digits" },
		{ "packages.0.layers", "[0, 5]", "packages[0].layers[1]: 5 is no layer: there are 2" },
		{ "packages.0.own_bytes", "null", "packages[0].own_bytes: null, and there is a base" },
		{ "findings.0.fingerprint", "\"0123456789abcdef0123456789abcdeg\"",
		  "findings[0].fingerprint: not 32 hex digits" },
		{ "findings.0.severity", "null", "findings[0].severity: not a string" },
		{ "totals.base", "null", "totals.base: not an object" },
		{ "totals.base.layers", "3", "totals.base.layers: 3 of 2 layers" },
		{ "totals.efficiency", "-0.5", "totals.efficiency: not from 0 to 10^9" },
		{ "image.format", "\"zip\"", "image.format: \"zip\" is not known" },
		{ "image.config.labels", "{\"a\": 1}", "image.config.labels.a: not a string" },
		{ "image.config.settings", "{\"a\": {}}", "image.config.settings.a: not a string" },
		{ "image.config.env", "[\"A=1\", 2]", "image.config.env[1]: not a string" },
		{ "omitted.packages", "[]", "omitted.packages: not an object" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *document = json_deep_copy(((struct fixture *)*state)->document);
		const struct lopt_analysis *analysis;
		set_member(document, cases[i].path, cases[i].value);
		char *text = json_dumps(document, JSON_INDENT(1));
		assert_int_equal(lopt_analysis_load(&analysis, lopt_str_from(text), &err), LOPT_E_USAGE);
		assert_int_equal(err.status, LOPT_E_USAGE);
		assert_string_equal(behind_line(err.message, text, true), cases[i].want);
		assert_int_equal(lopt_analysis_load(&analysis, lopt_str_from(text), NULL), LOPT_E_USAGE);
		free(text);
		json_decref(document);
	}
}

static void needs_a_holder_for_a_cause(void **state)
{
	json_t *document = json_deep_copy(((struct fixture *)*state)->document);
	json_t *findings = json_object_get(document, "findings");
	json_t *finding;
	size_t index, about_waste = SIZE_MAX;
	json_array_foreach(findings, index, finding) if (!json_is_null(json_object_get(finding, "cause")))
		about_waste = index;
	assert_int_not_equal(about_waste, SIZE_MAX);
	finding = json_array_get(findings, about_waste);
	char path[64];
	(void)snprintf(path, sizeof path, "findings[%zu].held_by", about_waste);
	json_object_set_new(finding, "held_by", json_null());
	must_refuse(document, path);
	json_object_set_new(finding, "held_by", json_integer(0));
	json_object_set_new(finding, "layer", json_integer(1));
	json_object_set_new(finding, "cause", json_null());
	must_refuse(document, path);
	json_decref(document);
}

static void passes_over_what_it_does_not_know(void **state)
{
	json_t *document = json_deep_copy(((struct fixture *)*state)->document);
	char *want = report_of(((struct fixture *)*state)->analysis, "json", 0);
	set_member(document, "schema", "\"layeropt/analysis/1.12\"");
	set_member(document, "gate", "{\"verdict\": -3.5}");
	set_member(document, "layers.0.colour", "[null]");
	set_member(document, "omitted.colours", "{\"rows\": -1}");
	const struct lopt_analysis *analysis = loaded_document(document);
	char *got = report_of(analysis, "json", 0);
	assert_string_equal(got, want);
	lopt_analysis_free(analysis);
	free(got);
	free(want);
	json_decref(document);
}

/* A text with the first `from` in it replaced. */
static char *replaced(const char *text, const char *from, const char *to)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(16 * (size_t)MANY);
	const char *at = strstr(text, from);
	assert_non_null(at);
	lopt_buf_add(&out, text, (size_t)(at - text));
	lopt_buf_text(&out, to);
	lopt_buf_text(&out, at + strlen(from));
	assert_false(out.failed);
	return LOPT_MOVE(out.data);
}

static void takes_large_numbers(void **state)
{
	static const struct {
		const char *number, *want;
	} cases[] = {
		{ "9223372036854775807", NULL },
		{ "9223372036854775808", NULL },
		{ "18446744073709551615", NULL },
		{ "18446744073709551616", "totals.layer_bytes: more than 2^64 - 1" },
		{ "-9223372036854775808", "totals.layer_bytes: less than 0" },
		{ "-18446744073709551616", "totals.layer_bytes: less than 0" },
		{ "99999999999999999999999999999999999999", "totals.layer_bytes: more than 2^64 - 1" },
		{ "\"\\u0000#5\"", NULL },
	};
	char *saved = report_of(((struct fixture *)*state)->analysis, "json", 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0] - 1; i++) {
		char member[128];
		const char *end = strstr(saved, "\"layer_bytes\": ") + 15;
		char old[128];
		(void)snprintf(old, sizeof old, "\"layer_bytes\": %.*s", (int)strcspn(end, ","), end);
		(void)snprintf(member, sizeof member, "\"layer_bytes\": %s", cases[i].number);
		char *text = replaced(saved, old, member);
		const struct lopt_analysis *analysis;
		if (cases[i].want) {
			assert_int_equal(lopt_analysis_load(&analysis, lopt_str_from(text), &err), LOPT_E_USAGE);
			assert_string_equal(behind_line(err.message, text, true), cases[i].want);
		} else {
			analysis = loaded(text);
			char *again = report_of(analysis, "json", 0);
			assert_string_equal(again, text);
			free(again);
			lopt_analysis_free(analysis);
		}
		free(text);
	}
	/* a number where a name is due is none, however large */
	char *text = replaced(saved, "\"path\": \"usr\"", "\"path\": 18446744073709551615");
	const struct lopt_analysis *analysis;
	assert_int_equal(lopt_analysis_load(&analysis, lopt_str_from(text), &err), LOPT_E_USAGE);
	assert_non_null(strstr(err.message, "path: not a string"));
	free(text);
	free(saved);
}

static void refuses_what_is_no_analysis(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "not valid JSON: line 1, column 0: " },
		{ "{\"schema\": \"layeropt/analysis/1.0\",\n \"x\" 1}", "not valid JSON: line 2, column 6: " },
		{ "{\"schema\": 18446744073709551615,\n \"x\" 1}", "not valid JSON: line 1, column 31: " },
		{ "{\"a\": 1, \"a\": 2}", "not valid JSON: line 1, column 12: duplicate object key" },
		{ "{\"schema\": \"layeropt/analysis/1.0\"} x", "not valid JSON: line 1, column 37: " },
		{ "{}", "not an analysis: there is no \"schema\"; layeropt/analysis/1.x is read" },
		{ "[]", "not an analysis: there is no \"schema\"" },
		{ "{\"schema\": 1}", "not an analysis: there is no \"schema\"" },
		{ "{\"schema\": \"layeropt/analysis/1.0\"}", "line 1: image: missing" },
		{ "{\"schema\": \"layeropt/analysis/1.0\", \"image\": []}", "line 1: image: not an object" },
		{ "{\"schema\": \"layeropt/analysis/1.0\",\n \"x\": \"{\\\"image\\\": [\",\n\n \"image\": []}",
		  "line 4: image: not an object" },
		{ "\n{\n\"schema\":\n \"layeropt/analysis/2.0\"}",
		  "line 4: schema: \"layeropt/analysis/2.0\" is not read" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct lopt_analysis *analysis;
		assert_int_equal(lopt_analysis_load(&analysis, lopt_str_from(cases[i].text), &err), LOPT_E_USAGE);
		assert_int_equal(err.status, LOPT_E_USAGE);
		if (strncmp(err.message, cases[i].want, strlen(cases[i].want)) != 0)
			fail_msg("%s: the message is: %s", cases[i].want, err.message);
	}
}

/* `count` times `piece`, with what stands before and behind. */
static struct lopt_buf repeated(const char *start, const char *piece, size_t count, const char *end)
{
	struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_buf_text(&text, start);
	for (size_t i = 0; i < count; i++)
		lopt_buf_text(&text, piece);
	lopt_buf_text(&text, end);
	return text;
}

static void has_ceilings(void **state)
{
	static const struct {
		const char *start, *piece;
		size_t count;
		const char *end, *want;
	} cases[] = {
		{ "", "[", 100000, "", "JSON nested more than 512 deep" },
		{ "", "{\"a\":", 600, "", "JSON nested more than 512 deep" },
		{ "[", "{},", 1000001, "{}]", "JSON of more than 1000000 objects or 4000000 values" },
		{ "[", "0,", 4000001, "0]", "JSON of more than 1000000 objects or 4000000 values" },
		{ "\"", "0123456789012345", LOPT_ANALYSIS_JSON_MAX / 16, "\"", "more than 67108864 bytes of JSON" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		LOPT_CLEANUP(lopt_buf_release)
		struct lopt_buf text = repeated(cases[i].start, cases[i].piece, cases[i].count, cases[i].end);
		const struct lopt_analysis *analysis;
		assert_false(text.failed);
		assert_int_equal(lopt_analysis_load(&analysis, lopt_buf_view(&text), &err), LOPT_E_USAGE);
		assert_string_equal(err.message, cases[i].want);
	}
}

static void takes_the_texts_of_every_rule(void **state)
{
	json_t *document = json_deep_copy(((struct fixture *)*state)->document);
	json_t *row = json_array_get(json_object_get(document, "known"), 0);
	for (size_t i = 0; i < LOPT_KNOWN_RULES; i++) {
		const struct lopt_known_rule *rule = lopt_known_rule((enum lopt_known_id)i);
		const char *const advices[] = { rule->advice, rule->kept };
		for (size_t k = 0; k < 2 && advices[k]; k++) {
			json_object_set_new(row, "rule", json_string(rule->name));
			json_object_set_new(row, "level", json_string(lopt_level_name(rule->level)));
			json_object_set_new(row, "what", json_string(rule->what));
			json_object_set_new(row, "effect", json_string(rule->effect));
			json_object_set_new(row, "advice", json_string(advices[k]));
			const struct lopt_analysis *analysis = loaded_document(document);
			assert_string_equal(analysis->known[0].effect, rule->effect);
			assert_int_equal(analysis->known[0].level, rule->level);
			lopt_analysis_free(analysis);
		}
	}
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixture_has_everything),
		cmocka_unit_test(reports_are_the_same),
		cmocka_unit_test(names_have_their_bytes),
		cmocka_unit_test(what_was_cut_stays_cut),
		cmocka_unit_test(has_no_files),
		cmocka_unit_test(every_member_is_needed),
		cmocka_unit_test(tells_what_is_wrong),
		cmocka_unit_test(needs_a_holder_for_a_cause),
		cmocka_unit_test(passes_over_what_it_does_not_know),
		cmocka_unit_test(takes_large_numbers),
		cmocka_unit_test(refuses_what_is_no_analysis),
		cmocka_unit_test(has_ceilings),
		cmocka_unit_test(takes_the_texts_of_every_rule),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
