/* SPDX-License-Identifier: MIT */
/*
 * Usage: test_gate_report [--write FOLDER]
 * With --write every report of every case goes to FOLDER/CASE.FORMAT, for tests/formats/run to look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "report/gate.h"
#include "report/view.h"
#include "report/gate_view.h"
#include "support/archive.h"

#define MANY (1u << 24)
#define KILO "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FOUR_KILO                                                                                                      \
	KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO  \
		KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO    \
			KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO KILO \
				KILO KILO

static struct lopt_error err;

/* What somebody may call a file, or write into a configuration. */
static const char *const hostile[] = {
	"new\nline",
	"\x1b[31mred\x1b[0m",
	"a|b\\|c\\\\|",
	"<script>alert(1)</script>",
	"]]>",
	"say \"hi\"",
	"=cmd|'/c calc'!A0",
	"\xff\xfe\xc0\xaf",
	"\n::error file=x,line=1::owned",
	"::add-mask::a",
	"x ##[error]owned ##vso[task.setvariable variable=a]b",
	"line\xe2\x80\xa8separator",
	"@team #1 https://example.org [x](javascript:alert(1))",
	"`` `code` ``",
	"</details><!-- x --> -->",
	"\\N{DIGIT} %0A%0D ${HOME} $(id)",
	"# EOF\nowned 1",
	"\xef\xbf\xbf\xf0\x9f\x98\x80\xe2\x80\xae",
	" ",
	FOUR_KILO,
};
enum { HOSTILE = sizeof hostile / sizeof hostile[0] };

/* An image with nothing odd in it: odd things come by hand. */

static const char config[] =
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
	"\"sha256:0000000000000000000000000000000000000000000000000000000000000000\","
	"\"sha256:1111111111111111111111111111111111111111111111111111111111111111\"]},"
	"\"history\":[{\"created_by\":\"RUN make\"},{\"created_by\":\"RUN rm x # TOKEN=hunter2\"}]}";
static const char manifest[] =
	"[{\"Config\":\"c.json\",\"RepoTags\":[\"t:1\"],\"Layers\":[\"0/layer.tar\",\"1/layer.tar\"]}]";

struct fixture {
	int fd;
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
};
static struct fixture fixture;

static void make_archive(struct lopt_buf *archive)
{
	struct lopt_buf lower = LOPT_BUF_INIT(MANY), upper = LOPT_BUF_INIT(MANY);
	test_tar_file(&lower, "x", "some bytes that go", 18);
	test_tar_end(&lower);
	test_tar_file(&upper, ".wh.x", "", 0);
	test_tar_end(&upper);
	test_tar_file(archive, "manifest.json", manifest, sizeof manifest - 1);
	test_tar_file(archive, "c.json", config, sizeof config - 1);
	test_tar_file(archive, "0/layer.tar", lower.data, lower.len);
	test_tar_file(archive, "1/layer.tar", upper.data, upper.len);
	test_tar_end(archive);
	lopt_buf_release(&lower);
	lopt_buf_release(&upper);
}

static int set_up(void **state)
{
	struct lopt_buf archive = LOPT_BUF_INIT(MANY);
	struct lopt_open_options options = { .keep = lopt_analysis_keep };
	char path[64];
	(void)state;
	make_archive(&archive);
	int fd = test_memory_file(archive.data, archive.len, path);
	lopt_buf_release(&archive);
	/* Always the same name. */
	fixture.fd = dup2(fd, 200);
	(void)close(fd);
	(void)snprintf(path, sizeof path, "/proc/self/fd/200");
	if (lopt_image_open(&fixture.image, path, &options, &err) != LOPT_OK ||
	    lopt_analysis_make(&fixture.analysis, fixture.image, NULL, &err) != LOPT_OK) {
		print_error("%s\n", err.message);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	lopt_analysis_free(fixture.analysis);
	lopt_image_free(fixture.image);
	(void)close(fixture.fd);
	return 0;
}

/* Results made by hand. */

struct made {
	struct lopt_gate_result result;
	struct lopt_analysis analysis, baseline;
	struct lopt_layer_figures layers[2];
	struct lopt_finding *findings;
	struct lopt_str paths[HOSTILE];
	struct lopt_gate_ignore ignores[3];
	struct lopt_layer_change layer_changes[3];
	struct lopt_package_change *packages;
	struct lopt_directory_growth *directories;
};

static void *some(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	assert_non_null(memory);
	return memory;
}

static void release(struct made *made)
{
	free(made->findings);
	free(made->packages);
	free(made->directories);
	free(made->result.checks);
	free(made->result.findings);
}

/* `checks` budgets and as many findings, all of them exceeded and failing. */
static void make(struct made *made, size_t checks, size_t findings)
{
	struct lopt_gate_result *result = &made->result;
	*made = (struct made){ .analysis = *fixture.analysis };
	for (size_t i = 0; i < 2; i++)
		made->layers[i] = fixture.analysis->layers[i];
	made->analysis.layers = made->layers;
	made->findings = some(findings + 1, sizeof *made->findings);
	made->analysis.findings = made->findings;
	made->analysis.finding_count = findings;
	result->analysis = &made->analysis;
	result->checks = some(checks + 1, sizeof *result->checks);
	result->check_count = checks;
	result->findings = some(findings + 1, sizeof *result->findings);
	result->finding_count = findings;
	for (size_t i = 0; i < findings; i++) {
		made->findings[i] = (struct lopt_finding){ .rule = "some-rule",
							   .message = lopt_str_from("something is there"),
							   .layer = i % 2,
							   .line = (uint32_t)i };
		(void)snprintf(made->findings[i].fingerprint, sizeof made->findings[i].fingerprint, "%032zx", i);
		result->findings[i] = (struct lopt_gate_finding){ .finding = &made->findings[i] };
	}
}

static struct lopt_gate_check size_check(uint64_t actual, uint64_t limit)
{
	return (struct lopt_gate_check){ .budget = "max-size",
					 .origin = lopt_str_from("--max-size"),
					 .measure = "content_bytes",
					 .limit = limit,
					 .actual = actual,
					 .verdict = actual > limit ? LOPT_GATE_EXCEEDED : LOPT_GATE_HELD,
					 .layer = LOPT_NO_LAYER,
					 .made_by = LOPT_NO_LAYER };
}

static struct lopt_gate_check ratio_check(double actual, double limit)
{
	return (struct lopt_gate_check){ .budget = "min-efficiency",
					 .part = LOPT_PART_OWN,
					 .origin = lopt_str_from(".layeropt.yaml:3"),
					 .measure = "efficiency",
					 .unit = LOPT_UNIT_RATIO,
					 .limit_ratio = limit,
					 .actual_ratio = actual,
					 .at_least = true,
					 .verdict = actual < limit ? LOPT_GATE_EXCEEDED : LOPT_GATE_HELD,
					 .layer = LOPT_NO_LAYER,
					 .made_by = LOPT_NO_LAYER };
}

static void make_hostile_checks(struct made *made)
{
	for (size_t i = 0; i < HOSTILE; i++) {
		struct lopt_gate_check *check = &made->result.checks[i];
		struct lopt_str text = lopt_str_from(hostile[i]);
		*check = i % 4 == 3 ? ratio_check(0.9321, 0.95) : size_check(1620000000, 1500000000);
		check->budget = i % 2 ? "path" : "package";
		check->unit = i % 4 == 2 ? LOPT_UNIT_COUNT : check->unit;
		check->part = i % 3;
		check->name = check->message = check->origin = check->cause = text;
		check->layer = i % 5 ? i % 2 : LOPT_NO_LAYER;
		check->line = i % 3 ? (uint32_t)i : 0;
		check->made_by = i % 5 && i % 3 ? (i + 1) % 2 : LOPT_NO_LAYER;
		check->paths = made->paths;
		check->path_count = i;
		check->has_true_bytes = i % 7 == 0;
		check->ignored_bytes = i;
		if (i % 6 == 5)
			check->verdict = LOPT_GATE_SKIPPED, check->skipped = "there is no baseline";
		made->result.exceeded += check->verdict == LOPT_GATE_EXCEEDED;
	}
	made->result.checks[0].budget = "fail-on";
}

static void make_hostile_findings(struct made *made)
{
	for (size_t i = 0; i < HOSTILE; i++) {
		struct lopt_gate_finding *finding = &made->result.findings[i];
		made->findings[i].message = made->findings[i].advice = lopt_str_from(hostile[i]);
		made->findings[i].bytes = 1000 * i;
		finding->severity = i % 3;
		finding->fails = i % 4 == 0;
		finding->is_new = i % 2;
		finding->ignore = i % 5 == 1 ? &made->ignores[i % 2] : NULL;
		finding->expired = i % 5 == 2 ? &made->ignores[2] : NULL;
		finding->of_base = i % 7 == 3;
		finding->off = i % 11 == 10;
		finding->ignored_bytes = i;
		made->result.ignored_count += finding->ignore != NULL;
	}
	made->result.ignored_bytes = 123456;
}

static void make_hostile_growth(struct made *made)
{
	struct lopt_growth *growth = &made->result.growth;
	made->packages = some(HOSTILE, sizeof *made->packages);
	made->directories = some(HOSTILE, sizeof *made->directories);
	made->layer_changes[0] = (struct lopt_layer_change){ LOPT_NO_LAYER, 1, 0, 5000, false };
	made->layer_changes[1] = (struct lopt_layer_change){ 0, 0, 100, 3000, true };
	made->layer_changes[2] = (struct lopt_layer_change){ 1, LOPT_NO_LAYER, 200, 0, false };
	for (size_t i = 0; i < HOSTILE; i++) {
		struct lopt_str text = lopt_str_from(hostile[i]);
		made->packages[i] = (struct lopt_package_change){
			.manager = "dpkg", .name = text, .before = text, .bytes_before = 5000, .bytes_after = 10 * i
		};
		made->directories[i] = (struct lopt_directory_growth){ text, 1000 * i, 4000 };
	}
	growth->layers = made->layer_changes;
	growth->layer_count = 3;
	growth->packages = made->packages;
	growth->directories = made->directories;
	growth->package_count = growth->directory_count = HOSTILE;
}

static void make_hostile(struct made *made)
{
	make(made, HOSTILE, HOSTILE);
	made->baseline = *fixture.analysis;
	made->result.baseline = &made->baseline;
	made->result.baseline_name = lopt_str_from(hostile[3]);
	made->result.dockerfile = hostile[8];
	for (size_t i = 0; i < HOSTILE; i++)
		made->paths[i] = lopt_str_from(hostile[i]);
	for (size_t i = 0; i < 3; i++) {
		struct lopt_str text = lopt_str_from(hostile[i]);
		made->ignores[i] = (struct lopt_gate_ignore){
			.rule = text, .path = text, .reason = text, .expires = text, .origin = text
		};
		made->ignores[i].line = (uint32_t)i;
		made->ignores[i].expired = i == 2;
	}
	made->result.ignores = made->ignores;
	made->result.ignore_count = 3;
	make_hostile_checks(made);
	make_hostile_findings(made);
	make_hostile_growth(made);
	for (size_t i = 0; i < 2; i++)
		made->layers[i].instruction = lopt_str_from(hostile[i]);
}

/* One of each verdict, and nothing odd. */
static void make_plain(struct made *made)
{
	make(made, 4, 2);
	made->result.dockerfile = "images/Dockerfile";
	made->result.checks[0] = ratio_check(0.97, 0.95);
	made->result.checks[1] = size_check(1618000000, 1500000000);
	made->result.checks[1].message = lopt_str_from("Ask the platform team before raising this.");
	made->result.checks[1].cause = lopt_str_from("it ships 109 MB again that layer 0 holds");
	made->result.checks[1].layer = 1;
	made->result.checks[1].line = 31;
	made->result.checks[2] = size_check(3, 2);
	made->result.checks[2].budget = "fail-on";
	made->result.checks[2].unit = LOPT_UNIT_COUNT;
	made->result.checks[2].limit = 0;
	made->result.checks[2].actual = 1;
	made->result.checks[3] = size_check(0, 1000);
	made->result.checks[3].budget = "max-growth";
	made->result.checks[3].verdict = LOPT_GATE_SKIPPED;
	made->result.checks[3].skipped = "there is no baseline";
	made->result.exceeded = 2;
	made->findings[0].bytes = 109000000;
	made->findings[0].line = 31;
	made->findings[0].advice = lopt_str_from("Change the mode where the file is made.");
	made->result.findings[0].severity = LOPT_ERROR;
	made->result.findings[0].fails = true;
	made->ignores[0] = (struct lopt_gate_ignore){ .rule = lopt_str_from("some-rule"),
						      .reason = lopt_str_from("needed offline"),
						      .origin = lopt_str_from(".layeropt.yaml:7"),
						      .findings = 1 };
	made->result.findings[1].ignore = &made->ignores[0];
	made->result.ignores = made->ignores;
	made->result.ignore_count = made->result.ignored_count = 1;
	made->result.ignored_bytes = 500;
}

static void make_held(struct made *made)
{
	make(made, 1, 0);
	made->result.checks[0] = size_check(1000, 1000);
}

static void make_none(struct made *made)
{
	make(made, 0, 0);
}

/* More than any of the formats takes. */
static void make_many(struct made *made)
{
	enum { CHECKS = 2000, FINDINGS = 26000 };
	make(made, CHECKS, FINDINGS);
	for (size_t i = 0; i < CHECKS; i++) {
		made->result.checks[i] = size_check(i, 500);
		made->result.checks[i].budget = "path";
		made->result.checks[i].name = lopt_str_from("srv/data");
		made->result.exceeded += i > 500;
	}
	for (size_t i = 0; i < FINDINGS; i++)
		made->result.findings[i].severity = i < 100 ? LOPT_ERROR : LOPT_WARNING;
}

static const struct {
	const char *name;
	void (*make)(struct made *made);
} cases[] = {
	{ "hostile", make_hostile }, { "plain", make_plain }, { "held", make_held },
	{ "none", make_none },	     { "many", make_many },
};

/* Reports. */

static const struct lopt_gate_format *format_of(const char *name)
{
	for (size_t i = 0; lopt_gate_format_at(i); i++)
		if (strcmp(lopt_gate_format_at(i)->name, name) == 0)
			return lopt_gate_format_at(i);
	fail_msg("%s is no format", name);
	return NULL;
}

static char *report_in(const char *format, const struct lopt_gate_result *result,
		       const struct lopt_report_options *options)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	assert_non_null(file);
	assert_int_equal(format_of(format)->write(file, result, options, &err), LOPT_OK);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(strlen(text), size);
	return text;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void expect_report(const char *format, void (*maker)(struct made *), const char *want)
{
	const struct lopt_report_options options = { .top = 20, .show_suppressed = true };
	struct made made;
	maker(&made);
	char *text = report_in(format, &made.result, &options);
	assert_string_equal(text, want);
	free(text);
	release(&made);
}

static void what_is_not_to_be_is_counted(void **state)
{
	(void)state;
	static const struct {
		const char *budget, *name;
		uint64_t actual, limit;
		const char *want;
	} rows[] = {
		{ "no-new", "warning", 1, 0,
		  "1 finding of severity warning or above that the baseline does not have; none is allowed" },
		{ "fail-on", "error", 3, 0, "3 findings of severity error; none is allowed" },
		{ "fail-on", "x", 3, 0, "3 findings; none is allowed" },
		{ "forbidden", "*.conf", 1, 0, "1 path matches; none is allowed" },
		{ "forbidden", "*.conf", 2, 0, "2 paths match; none is allowed" },
		{ "max-layers", "", 2, 0, "2, 2 over the limit of 0" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(1000);
		struct lopt_gate_check check = size_check(rows[i].actual, rows[i].limit);
		check.unit = LOPT_UNIT_COUNT;
		check.budget = rows[i].budget;
		check.name = lopt_str_from(rows[i].name);
		lopt_gate_breach_format(&out, &check);
		assert_string_equal(out.data, rows[i].want);
		lopt_buf_release(&out);
	}
}

static void excess_is_what_is_beyond_the_limit(void **state)
{
	(void)state;
	struct lopt_gate_check check = size_check(12, 10);
	assert_int_equal(lopt_gate_check_excess(&check), 2);
	check = size_check(10, 10);
	assert_int_equal(lopt_gate_check_excess(&check), 0);
	check = size_check(12, 10);
	check.verdict = LOPT_GATE_SKIPPED;
	assert_int_equal(lopt_gate_check_excess(&check), 0);
	check = size_check(12, 10);
	check.at_least = true;
	check.actual = 3;
	check.verdict = LOPT_GATE_EXCEEDED;
	assert_int_equal(lopt_gate_check_excess(&check), 7);
	check = ratio_check(0.5, 0.95);
	assert_int_equal(lopt_gate_check_excess(&check), 0);
	assert_float_equal(lopt_gate_excess_ratio(&check), 0.45, 1e-9);
	check = ratio_check(0.97, 0.95);
	assert_float_equal(lopt_gate_excess_ratio(&check), 0, 0);
	assert_string_equal(lopt_gate_verdict_name(LOPT_GATE_SKIPPED), "skipped");
	assert_string_equal(lopt_gate_part_name(LOPT_PART_BASE), "base");
}

static void figures_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		enum lopt_gate_unit unit;
		double actual, limit;
		const char *actual_text, *limit_text, *excess;
	} rows[] = {
		{ LOPT_UNIT_BYTES, 1618000000, 1500000000, "1.62 GB", "1.5 GB", "118.0 MB over" },
		{ LOPT_UNIT_BYTES, 1500000001, 1500000000, "1,500,000,001 B", "1,500,000,000 B", "1 B over" },
		{ LOPT_UNIT_BYTES, 1500000000, 1500000000, "1.5 GB", "1.5 GB", "" },
		{ LOPT_UNIT_COUNT, 41, 40, "41", "40", "1 over" },
		{ LOPT_UNIT_RATIO, 0.932, 0.95, "93.2%", ">= 95.0%", "1.8 points below" },
		{ LOPT_UNIT_RATIO, 0.9499999, 0.95, "94.99999%", ">= 95.00000%", "0.00001 points below" },
		{ LOPT_UNIT_RATIO, 0.95, 0.95, "95.0%", ">= 95.0%", "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct lopt_gate_check check = size_check((uint64_t)rows[i].actual, (uint64_t)rows[i].limit);
		if (rows[i].unit == LOPT_UNIT_RATIO)
			check = ratio_check(rows[i].actual, rows[i].limit);
		check.unit = rows[i].unit;
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(MANY);
		lopt_gate_actual_format(&out, &check);
		lopt_buf_char(&out, '/');
		lopt_gate_limit_format(&out, &check);
		lopt_buf_char(&out, '/');
		lopt_gate_excess_format(&out, &check);
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf want = LOPT_BUF_INIT(MANY);
		lopt_buf_printf(&want, "%s/%s/%s", rows[i].actual_text, rows[i].limit_text, rows[i].excess);
		assert_string_equal(out.data, want.data);
	}
}

static void verdicts_are_words(void **state)
{
	(void)state;
	static const struct {
		size_t held, exceeded, skipped;
		const char *want;
	} rows[] = {
		{ 0, 0, 0, "no budget is set" },
		{ 1, 0, 0, "the budget is held" },
		{ 7, 0, 0, "all 7 budgets are held" },
		{ 6, 0, 1, "6 of 7 budgets held, 1 not checked" },
		{ 5, 2, 0, "2 of 7 budgets exceeded" },
		{ 0, 1, 0, "the budget is exceeded" },
		{ 0, 1, 1, "1 of 2 budgets exceeded, 1 not checked" },
		{ 4, 2, 1, "2 of 7 budgets exceeded, 1 not checked" },
		{ 0, 0, 1, "0 of 1 budget held, 1 not checked" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct made made;
		make(&made, rows[i].held + rows[i].exceeded + rows[i].skipped, 0);
		made.result.exceeded = rows[i].exceeded;
		for (size_t k = 0; k < rows[i].skipped; k++)
			made.result.checks[k].verdict = LOPT_GATE_SKIPPED;
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(MANY);
		lopt_gate_verdict_format(&out, &made.result);
		assert_string_equal(out.data, rows[i].want);
		release(&made);
	}
}

static void text_is_read_by_people(void **state)
{
	(void)state;
	expect_report("text", make_plain,
		      "gate: 2 of 4 budgets exceeded, 1 not checked\n"
		      "200: 18 B\n"
		      "digests not verified (--verify-digests checks them)\n"
		      "\n"
		      "Budgets\n"
		      "                                            figure       limit\n"
		      "FAIL  max-size                             1.62 GB      1.5 GB  118.0 MB over\n"
		      "        Ask the platform team before raising this.\n"
		      "        cause: it ships 109 MB again that layer 0 holds\n"
		      "        where: images/Dockerfile:31 RUN rm x # TOKEN=***\n"
		      "        limit: set by --max-size\n"
		      "FAIL  fail-on                                    1           0  1 over\n"
		      "        limit: set by --max-size\n"
		      "ok    own: min-efficiency                    97.0%    >= 95.0%\n"
		      "skip  max-growth                                 -      1.0 kB\n"
		      "        not checked: there is no baseline\n"
		      "\n"
		      "Findings that fail\n"
		      "error: some-rule, 109.0 MB, images/Dockerfile:31\n"
		      "  something is there\n"
		      "  -> Change the mode where the file is made.\n"
		      "\n"
		      "ignored findings: 1, 500 B\n"
		      "\n"
		      "Ignored findings\n"
		      "info: some-rule, images/Dockerfile:1\n"
		      "  something is there\n"
		      "  ignored: needed offline\n");
}

static void markdown_is_a_comment(void **state)
{
	(void)state;
	expect_report(
		"markdown", make_plain,
		"<!-- layeropt:gate -->\n"
		"## layeropt: FAIL, 2 of 4 budgets exceeded, 1 not checked\n"
		"\n"
		"`200`: 18 B; digests not verified (--verify-digests checks them); ignored findings: 1, 500 B\n"
		"\n"
		"| | budget | figure | limit | |\n"
		"| --- | --- | ---: | ---: | --- |\n"
		"| **FAIL** | `max-size` | 1.62 GB | 1.5 GB | 118.0 MB over |\n"
		"| **FAIL** | `fail-on` | 1 | 0 | 1 over |\n"
		"| ok | `own: min-efficiency` | 97.0% | >= 95.0% | |\n"
		"| skip | `max-growth` | - | 1.0 kB | not checked: there is no baseline |\n"
		"\n"
		"**Biggest cause** `images/Dockerfile:31 RUN rm x # TOKEN=***`: it ships 109 MB again that layer 0 holds\n"
		"\n"
		"* `max-size`, 118.0 MB over; because of `images/Dockerfile:31 RUN rm x # TOKEN=***`; limit set by `--max-size`. Ask the platform team before raising this.\n"
		"* `fail-on`: 1 finding; none is allowed; limit set by `--max-size`\n"
		"\n"
		"<details><summary>Findings that fail: 1</summary>\n"
		"\n"
		"| severity | rule | where | bytes | what | advice |\n"
		"| --- | --- | --- | ---: | --- | --- |\n"
		"| error | some-rule | `images/Dockerfile:31` | 109.0 MB | something is there | Change the mode where the file is made. |\n"
		"\n"
		"</details>\n"
		"\n"
		"<details><summary>Ignored findings: 1</summary>\n"
		"\n"
		"| severity | rule | where | bytes | what | why |\n"
		"| --- | --- | --- | ---: | --- | --- |\n"
		"| info | some-rule | `images/Dockerfile:1` |  | something is there | needed offline |\n"
		"\n"
		"</details>\n");
}

/* What a forge could make anything of stays in a code span. */
static void sentences_are_plain_where_they_can_be(void **state)
{
	(void)state;
	static const char *const plain[] = {
		"100.0 MB are new in layer 2, which the baseline does not have",
		"13.6 MB: layer 4 removes 2 files of layer 2 (removed-later)",
		"Ask the platform team (twice) before raising this.",
		"it's 5% more; 123456 are six",
	};
	static const char *const spans[] = {
		"see GH-12",
		"gh-1",
		"a #12",
		"@team",
		"http://x",
		"www.example.org",
		"example.org",
		"a:smile:",
		"_a_",
		"*a*",
		"a ~~b~~",
		"1234567",
		"fixed by deadbeef1",
		"a | b",
		"a `b`",
		"<b>",
		"&amp;",
		"[a](b)",
		"- a",
		" a",
		"a\nb",
		"\xff",
		"a\\b",
		"a$b$",
		"owner/name",
		"mailto:a",
		"!12",
		"%\xc2\xa0",
		"a_b",
		"x@y.z",
	};
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		lopt_buf_clear(&out);
		lopt_sentence_show(&out, lopt_str_from(plain[i]), 100);
		assert_string_equal(out.data, plain[i]);
		lopt_buf_clear(&out);
		lopt_sentence_show(&out, lopt_str_from(plain[i]), 10);
		assert_int_equal(out.data[0], '`');
	}
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		lopt_buf_clear(&out);
		lopt_sentence_show(&out, lopt_str_from(spans[i]), 100);
		if (out.data[0] != '`')
			fail_msg("plain: %s", spans[i]);
	}
	lopt_buf_clear(&out);
	lopt_sentence_show(&out, (struct lopt_str){ 0 }, 100);
	assert_int_equal(out.len, 0);
	lopt_buf_release(&out);
}

/* Nothing odd gets out of any format, and no line can be a workflow command but those that are meant to. */
static void nothing_hostile_gets_out(void **state)
{
	(void)state;
	const struct lopt_report_options options = { .show_suppressed = true };
	struct made made;
	make_hostile(&made);
	for (size_t i = 0; lopt_gate_format_at(i); i++) {
		const char *name = lopt_gate_format_at(i)->name;
		char *text = report_in(name, &made.result, &options);
		struct lopt_str view = lopt_str_from(text);
		assert_true(lopt_utf8_valid(view));
		for (size_t at = 0; at < view.len; at++)
			if ((unsigned char)text[at] < ' ' && text[at] != '\n' && text[at] != '\r')
				fail_msg("%s: byte %u at %zu", name, (unsigned char)text[at], at);
		assert_null(strstr(text, "\xe2\x80\xa8"));
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_null(strstr(text, "##["));
		assert_null(strstr(text, "##vso["));
		for (const char *line = text; line; line = strchr(line, '\n')) {
			line += strspn(line, "\n ");
			if (strcmp(name, "github") != 0 && strncmp(line, "::", 2) == 0)
				fail_msg("%s: a line starts with %.20s", name, line);
		}
		free(text);
	}
	release(&made);
}

static void nothing_tells_credentials(void **state)
{
	(void)state;
	struct lopt_report_options options = { 0 };
	struct lopt_layer_change change = { LOPT_NO_LAYER, 1, 0, 500, false };
	struct made made;
	make_plain(&made);
	made.baseline = *fixture.analysis;
	made.result.baseline = &made.baseline;
	made.result.growth.layers = &change;
	made.result.growth.layer_count = 1;
	made.result.checks[1].cause = lopt_str_from("RUN tool --password hunter2");
	made.findings[0].message = lopt_str_from("PASSWORD=hunter2 is there");
	for (size_t i = 0; lopt_gate_format_at(i); i++) {
		char *text = report_in(lopt_gate_format_at(i)->name, &made.result, &options);
		if (strstr(text, "hunter2"))
			fail_msg("%s tells hunter2:\n%s", lopt_gate_format_at(i)->name, text);
		free(text);
	}
	options.show_secrets = true;
	char *text = report_in("text", &made.result, &options);
	expect_in(text, "--password hunter2");
	expect_in(text, "TOKEN=hunter2");
	free(text);
	release(&made);
}

static void text_fits_the_terminal(void **state)
{
	(void)state;
	const struct lopt_report_options options = { .columns = 80, .show_suppressed = true };
	struct made made;
	make_hostile(&made);
	char *text = report_in("text", &made.result, &options);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct lopt_str row = lopt_str_make(line, (size_t)(end - line));
		if (lopt_text_width(row) > 80)
			fail_msg("%zu columns: %.*s", lopt_text_width(row), (int)row.len, row.ptr);
	}
	free(text);
	release(&made);
}

static void dive_has_the_truth_beside_it(void **state)
{
	(void)state;
	const struct lopt_report_options options = { 0 };
	struct made made;
	make(&made, 2, 0);
	made.result.checks[0] = size_check(4000000, 3000000);
	made.result.checks[0].has_true_bytes = true;
	made.result.checks[0].true_bytes = 2000000;
	made.result.checks[1] = ratio_check(0.9, 0.8);
	made.result.checks[1].has_true_bytes = true;
	made.result.checks[1].true_ratio = 0.97;
	made.result.exceeded = 1;
	char *text = report_in("text", &made.result, &options);
	expect_in(text, "dive's figure; the true one is 2.0 MB\n");
	expect_in(text, "dive's figure; the true one is 97.0%\n");
	free(text);
	text = report_in("markdown", &made.result, &options);
	expect_in(text, "1.0 MB over (dive's figure; the true one is 2.0 MB)");
	free(text);
	release(&made);
}

static void ignores_are_told(void **state)
{
	(void)state;
	struct lopt_report_options options = { 0 };
	struct made made;
	make_plain(&made);
	made.ignores[1] = (struct lopt_gate_ignore){ .reason = lopt_str_from("for the demo"),
						     .expires = lopt_str_from("2026-01-31"),
						     .origin = lopt_str_from("Dockerfile:12"),
						     .expired = true,
						     .findings = 1 };
	made.ignores[2] = (struct lopt_gate_ignore){ .reason = lopt_str_from("long gone"),
						     .origin = lopt_str_from(".layeropt.yaml:9") };
	made.result.ignore_count = 3;
	made.result.findings[0].expired = &made.ignores[1];
	char *text = report_in("text", &made.result, &options);
	expect_in(text, "ignored findings: 1, 500 B (--show-suppressed lists them)\n");
	expect_in(text, "  Dockerfile:12, expired 2026-01-31, 1 finding\n    for the demo\n");
	expect_in(text, "Ignores that cover nothing\n  .layeropt.yaml:9\n    long gone\n");
	expect_in(text, "its ignore expired: Dockerfile:12\n");
	assert_null(strstr(text, "ignored: needed offline"));
	free(text);
	options.show_suppressed = true;
	text = report_in("text", &made.result, &options);
	expect_in(text, "ignored: needed offline\n");
	free(text);
	text = report_in("markdown", &made.result, &options);
	expect_in(text, "| `Dockerfile:12` | expired `2026-01-31` | 1 | for the demo |\n");
	expect_in(text, "| `.layeropt.yaml:9` | covers nothing | 0 | long gone |\n");
	free(text);
	release(&made);
}

static void growth_is_signed_and_cut(void **state)
{
	(void)state;
	const struct lopt_report_options options = { .top = 2 };
	struct made made;
	make_plain(&made);
	made.baseline = *fixture.analysis;
	made.baseline.totals.content_bytes = 1000018;
	made.result.baseline = &made.baseline;
	made.result.baseline_name = lopt_str_from("main.json");
	made.packages = some(3, sizeof *made.packages);
	made.packages[0] = (struct lopt_package_change){
		"dpkg", lopt_str_from("grown"), lopt_str_from("1"), lopt_str_from("2"), 1000, 91000
	};
	made.packages[1] =
		(struct lopt_package_change){ "pip", lopt_str_from("gone"), lopt_str_from("3"), { 0 }, 50000, 0 };
	made.packages[2] =
		(struct lopt_package_change){ "pip", lopt_str_from("small"), { 0 }, lopt_str_from("1"), 0, 700 };
	made.result.growth.packages = made.packages;
	made.result.growth.package_count = 3;
	char *text = report_in("text", &made.result, &options);
	expect_in(text, ": 18 B, -1.0 MB against main.json\n");
	expect_in(text, "    +90.0 kB  dpkg  grown 1 -> 2\n"
			"    -50.0 kB  pip   gone 3 -> (none)\n"
			"      +700 B  (1 more)\n");
	free(text);
	text = report_in("markdown", &made.result, &options);
	expect_in(text, "<details><summary>Packages that changed: 3</summary>\n\n"
			"| change | manager | package | before | after |\n| ---: | --- | --- | --- | --- |\n"
			"| +90.0 kB | dpkg | `grown` | `1` | `2` |\n"
			"| -50.0 kB | pip | `gone` | `3` |  |\n\n1 more: +700 B\n\n</details>\n");
	free(text);
	release(&made);
}

static void markdown_fits_a_comment(void **state)
{
	static const size_t limits[] = { 0, 5000, 20000 };
	struct made made;
	(void)state;
	make_many(&made);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		const struct lopt_report_options options = { .markdown_bytes = limits[i], .comment_key = "a-->b" };
		char *text = report_in("markdown", &made.result, &options);
		size_t most = limits[i] ? limits[i] : 65536;
		assert_in_range(strlen(text), most - 1000, most);
		assert_int_equal(strncmp(text, "<!-- layeropt:a---b -->\n", 24), 0);
		const char *last = strstr(text, " rows left out, to stay below ");
		assert_non_null(last);
		/* Above it is a whole row. */
		while (last[-1] != '\n')
			last--;
		assert_int_equal(strncmp(last - 4, " |\n\n", 4), 0);
		free(text);
	}
	const struct lopt_report_options wide = { .markdown_bytes = 1 << 20, .top = 10 };
	char *text = report_in("markdown", &made.result, &wide);
	assert_null(strstr(text, "left out"));
	free(text);
	release(&made);
}

static void json_is_the_contract(void **state)
{
	(void)state;
	static const char *const members[] = { "passed",	   "exceeded",	    "checks",	"findings", "ignores",
					       "ignored_findings", "ignored_bytes", "baseline", "growth" };
	const struct lopt_report_options options = { 0 };
	struct made made;
	make_plain(&made);
	char *text = report_in("json", &made.result, &options);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_non_null(json_object_get(root, "totals"));
	const json_t *gate = json_object_get(root, "gate");
	assert_int_equal(json_object_size(gate), sizeof members / sizeof members[0]);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		assert_non_null(json_object_get(gate, members[i]));
	assert_true(json_is_false(json_object_get(gate, "passed")));
	assert_true(json_is_null(json_object_get(gate, "growth")));
	const json_t *check = json_array_get(json_object_get(gate, "checks"), 1);
	assert_string_equal(json_string_value(json_object_get(check, "verdict")), "exceeded");
	assert_int_equal(json_integer_value(json_object_get(check, "excess")), 118000000);
	assert_int_equal(json_integer_value(json_object_get(check, "line")), 31);
	check = json_array_get(json_object_get(gate, "checks"), 3);
	assert_true(json_is_null(json_object_get(check, "actual")));
	assert_string_equal(json_string_value(json_object_get(check, "skipped")), "there is no baseline");
	const json_t *finding = json_array_get(json_object_get(gate, "findings"), 1);
	assert_string_equal(json_string_value(json_object_get(finding, "state")), "ignored");
	json_decref(root);
	free(text);
	release(&made);
}

static void junit_has_a_case_for_each_budget(void **state)
{
	(void)state;
	expect_report(
		"junit", make_plain,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites>\n"
		"  <testsuite name=\"layeropt\" tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\">\n"
		"    <testcase classname=\"layeropt.own\" name=\"own: min-efficiency\"/>\n"
		"    <testcase classname=\"layeropt.image\" name=\"max-size\">\n"
		"      <failure type=\"max-size\" message=\"1.62 GB, 118.0 MB over the limit of 1.5 GB\">message: Ask the platform team before raising this.\n"
		"cause: it ships 109 MB again that layer 0 holds\n"
		"where: images/Dockerfile:31 RUN rm x # TOKEN=***\n"
		"limit set by: --max-size\n"
		"</failure>\n"
		"    </testcase>\n"
		"    <testcase classname=\"layeropt.image\" name=\"fail-on\">\n"
		"      <failure type=\"fail-on\" message=\"1 finding; none is allowed\">limit set by: --max-size\n"
		"error: some-rule, images/Dockerfile:31: something is there\n"
		"</failure>\n"
		"    </testcase>\n"
		"    <testcase classname=\"layeropt.image\" name=\"max-growth\">\n"
		"      <skipped message=\"there is no baseline\"/>\n"
		"    </testcase>\n"
		"  </testsuite>\n"
		"</testsuites>\n");
}

static void workflow_commands_annotate_lines(void **state)
{
	(void)state;
	expect_report(
		"github", make_plain,
		"::error file=images/Dockerfile,line=31,title=layeropt%3A max-size::max-size is 1.62 GB, 118.0 MB over the limit of 1.5 GB. Ask the platform team before raising this. Because of images/Dockerfile:31 RUN rm x # TOKEN=***: it ships 109 MB again that layer 0 holds. Limit set by --max-size.\n"
		"::error file=images/Dockerfile,line=1,title=layeropt%3A fail-on::fail-on: 1 finding; none is allowed. Limit set by --max-size.\n"
		"::error file=images/Dockerfile,line=31,title=layeropt%3A some-rule::something is there. Change the mode where the file is made.\n");
}

static void csv_has_a_row_for_each_budget(void **state)
{
	(void)state;
	const struct lopt_report_options options = { 0 };
	struct made made;
	make_plain(&made);
	char *text = report_in("csv", &made.result, &options);
	expect_in(text,
		  "\r\nexceeded,image,max-size,,content_bytes,bytes,1618000000,1500000000,false,118000000,0,,1,31,"
		  "it ships 109 MB again that layer 0 holds,Ask the platform team before raising this.,"
		  "'--max-size,\r\n");
	expect_in(text, "\r\nheld,own,min-efficiency,,efficiency,ratio,0.970000,0.950000,true,0.000000,0,,,,,,"
			".layeropt.yaml:3,\r\n");
	expect_in(text, "\r\nskipped,image,max-growth,,content_bytes,bytes,,1000,false,,0,,,,,,'--max-size,"
			"there is no baseline\r\n");
	free(text);
	release(&made);
}

/* Twice the same gate at other lines and with other figures: GitLab must find its issues again. */
static void fingerprints_survive_a_moved_line(void **state)
{
	(void)state;
	const struct lopt_report_options options = { 0 };
	json_t *issues[2];
	for (size_t round = 0; round < 2; round++) {
		struct made made;
		make_plain(&made);
		made.result.checks[1].line += (uint32_t)round;
		made.result.checks[1].actual += round;
		char *text = report_in("gitlab-codequality", &made.result, &options);
		issues[round] = json_loads(text, 0, NULL);
		assert_int_equal(json_array_size(issues[round]), 3);
		free(text);
		release(&made);
	}
	for (size_t i = 0; i < 3; i++) {
		const json_t *a = json_array_get(issues[0], i), *b = json_array_get(issues[1], i);
		assert_string_equal(json_string_value(json_object_get(a, "fingerprint")),
				    json_string_value(json_object_get(b, "fingerprint")));
	}
	json_decref(issues[0]);
	json_decref(issues[1]);
}

static void sarif_tells_what_is_ignored_and_where(void **state)
{
	(void)state;
	struct lopt_report_options options = { .show_suppressed = true };
	struct made made;
	make_plain(&made);
	made.ignores[0].line = 12;
	char *text = report_in("sarif", &made.result, &options);
	expect_in(text, "\"suppressions\": [{\"kind\": \"inSource\", \"justification\": \"needed offline\"}]");
	expect_in(text, "{\"uri\": \"images/Dockerfile\"}, \"region\": {\"startLine\": 31}");
	expect_in(text, "\"resultsLeftOut\": 0\n");
	free(text);
	options.show_suppressed = false;
	text = report_in("sarif", &made.result, &options);
	assert_null(strstr(text, "needed offline"));
	free(text);
	release(&made);
}

/* What the readers refuse to take is left out, and told. */
static void long_lists_are_cut(void **state)
{
	(void)state;
	const struct lopt_report_options options = { 0 };
	struct made made;
	make_many(&made);
	char *text = report_in("sarif", &made.result, &options);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const json_t *run = json_array_get(json_object_get(root, "runs"), 0);
	size_t results = json_array_size(json_object_get(run, "results"));
	const json_t *left_out = json_object_get(json_object_get(run, "properties"), "resultsLeftOut");
	assert_in_range(results, 10000, 25000);
	assert_int_equal(results + (size_t)json_integer_value(left_out), made.result.exceeded + 26000);
	assert_in_range(strlen(text), 9000000, 10000000);
	json_decref(root);
	free(text);
	text = report_in("github", &made.result, &options);
	expect_in(text, "::notice title=layeropt::1589 more errors and 25890 more warnings are in the report\n");
	free(text);
	text = report_in("openmetrics", &made.result, &options);
	expect_in(text, "layeropt_budget_bytes{part=\"image\",budget=\"path\",measure=\"content_bytes\","
			"name=\"srv/data\",number=\"2000\"} 1999\n");
	free(text);
	release(&made);
}

/* For other programs. */

static int write_case(const char *folder, const char *name, const struct lopt_gate_result *result,
		      const struct lopt_report_options *options)
{
	for (size_t i = 0; lopt_gate_format_at(i); i++) {
		const struct lopt_gate_format *format = lopt_gate_format_at(i);
		char path[4096];
		(void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, format->name);
		FILE *file = fopen(path, "wb");
		if (!file)
			return 1;
		enum lopt_status status = format->write(file, result, options, &err);
		if (fclose(file) || status != LOPT_OK)
			return 1;
	}
	return 0;
}

static int write_all(const char *folder)
{
	const struct lopt_report_options options = { .top = 20, .show_suppressed = true };
	int failed = set_up(NULL);
	for (size_t i = 0; !failed && i < sizeof cases / sizeof cases[0]; i++) {
		struct made made;
		cases[i].make(&made);
		failed = write_case(folder, cases[i].name, &made.result, &options);
		release(&made);
	}
	(void)tear_down(NULL);
	return failed;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(excess_is_what_is_beyond_the_limit),
		cmocka_unit_test(what_is_not_to_be_is_counted),
		cmocka_unit_test(figures_are_told_apart),
		cmocka_unit_test(verdicts_are_words),
		cmocka_unit_test(text_is_read_by_people),
		cmocka_unit_test(markdown_is_a_comment),
		cmocka_unit_test(sentences_are_plain_where_they_can_be),
		cmocka_unit_test(nothing_hostile_gets_out),
		cmocka_unit_test(nothing_tells_credentials),
		cmocka_unit_test(text_fits_the_terminal),
		cmocka_unit_test(dive_has_the_truth_beside_it),
		cmocka_unit_test(ignores_are_told),
		cmocka_unit_test(growth_is_signed_and_cut),
		cmocka_unit_test(markdown_fits_a_comment),
		cmocka_unit_test(json_is_the_contract),
		cmocka_unit_test(junit_has_a_case_for_each_budget),
		cmocka_unit_test(workflow_commands_annotate_lines),
		cmocka_unit_test(csv_has_a_row_for_each_budget),
		cmocka_unit_test(fingerprints_survive_a_moved_line),
		cmocka_unit_test(sarif_tells_what_is_ignored_and_where),
		cmocka_unit_test(long_lists_are_cut),
	};
	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_all(argv[2]);
	return cmocka_run_group_tests_name("gate_report", tests, set_up, tear_down);
}
