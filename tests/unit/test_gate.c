/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "gate/config.h"
#include "gate/evaluate.h"
#include "support/stack.h"

static struct lopt_error err;

struct side {
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	int fd;
};

/* `instructions` is NULL, or has one for each of them. */
static struct lopt_buf dockerfile_of(const char *const texts[TEST_LAYERS_MAX], const char *const *instructions)
{
	struct lopt_buf out = LOPT_BUF_INIT(1 << 16);
	lopt_buf_text(&out, "FROM scratch\n");
	for (size_t i = 0; i < TEST_LAYERS_MAX && texts[i]; i++)
		if (instructions)
			lopt_buf_printf(&out, "%s\n", instructions[i]);
		else
			lopt_buf_printf(&out, "RUN %zu\n", i);
	return out;
}

static void put_history(struct lopt_buf *out, const char *instruction, size_t i)
{
	if (!instruction)
		lopt_buf_printf(out, "%s{\"created_by\":\"/bin/sh -c %zu\"}", i ? "," : "", i);
	else if (strncmp(instruction, "RUN ", 4) == 0)
		lopt_buf_printf(out, "%s{\"created_by\":\"/bin/sh -c %s\"}", i ? "," : "", instruction + 4);
	else
		lopt_buf_printf(out, "%s{\"created_by\":\"%s # buildkit\"}", i ? "," : "", instruction);
}

/*
 * Each layer is of one instruction, "RUN 0", "RUN 1", ... unless others are given, which stand in lines 2, 3, ... of the
 * Dockerfile.
 */
static void open_side(struct side *side, const char *const texts[TEST_LAYERS_MAX], const char *const *instructions,
		      size_t base_layers, const char *dockerfile)
{
	const struct lopt_open_options open_options = { .keep = lopt_analysis_keep };
	const struct lopt_analysis_options options = {
		.has_base_layers = base_layers != 0,
		.base_layers = base_layers,
		.dockerfile_name = "Dockerfile",
		.dockerfile = lopt_str_from(dockerfile),
	};
	struct lopt_buf layers[TEST_LAYERS_MAX];
	struct lopt_buf history = LOPT_BUF_INIT(1 << 16);
	lopt_buf_text(&history, "\"history\":[");
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		layers[i] = LOPT_BUF_INIT(1 << 24);
		if (!texts[i])
			continue;
		test_layer(&layers[i], texts[i]);
		put_history(&history, instructions ? instructions[i] : NULL, i);
	}
	lopt_buf_text(&history, "]");
	enum lopt_status status =
		test_open_configured(&side->image, layers, history.data, &open_options, &side->fd, &err);
	if (status == LOPT_OK)
		status = lopt_analysis_make(&side->analysis, side->image, &options, &err);
	if (status != LOPT_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&layers[i]);
	lopt_buf_release(&history);
}

static void close_side(struct side *side)
{
	lopt_analysis_free(side->analysis);
	lopt_image_free(side->image);
	if (side->image)
		(void)close(side->fd);
}

/* One line per check. */

static void put_figure(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	if (check->unit == LOPT_UNIT_RATIO)
		lopt_buf_printf(out, " %.4g/%.4g", check->actual_ratio, check->limit_ratio);
	else
		lopt_buf_printf(out, " %llu/%llu", (unsigned long long)check->actual, (unsigned long long)check->limit);
	if (check->ignored_bytes)
		lopt_buf_printf(out, " without %llu", (unsigned long long)check->ignored_bytes);
	if (check->has_true_bytes)
		lopt_buf_printf(out, " in truth %llu/%.4g", (unsigned long long)check->true_bytes, check->true_ratio);
}

static void put_check(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	lopt_buf_printf(out, "%s", check->budget);
	if (check->name.len)
		lopt_buf_printf(out, " (%.*s)", LOPT_STR_ARGS(check->name));
	if (check->part)
		lopt_buf_printf(out, " of %s", lopt_gate_part_name(check->part));
	put_figure(out, check);
	lopt_buf_printf(out, " %s", lopt_gate_verdict_name(check->verdict));
	if (check->skipped)
		lopt_buf_printf(out, ": %s", check->skipped);
	if (check->verdict == LOPT_GATE_EXCEEDED) {
		lopt_buf_printf(out, " [%.*s]", LOPT_STR_ARGS(check->cause));
		if (check->layer != LOPT_NO_LAYER)
			lopt_buf_printf(out, " line %u", (unsigned)check->line);
		if (check->made_by != LOPT_NO_LAYER)
			lopt_buf_printf(out, " made by %zu", check->made_by);
		for (size_t i = 0; i < check->path_count; i++)
			lopt_buf_printf(out, " %.*s", LOPT_STR_ARGS(check->paths[i]));
	}
	lopt_buf_char(out, '\n');
}

static void put_rest(struct lopt_buf *out, const struct lopt_gate_result *result)
{
	for (size_t i = 0; i < result->ignore_count; i++) {
		const struct lopt_gate_ignore *ignore = &result->ignores[i];
		lopt_buf_printf(out, "ignore %s: %zu findings of %llu bytes%s\n", ignore->reason.ptr, ignore->findings,
				(unsigned long long)ignore->bytes, ignore->expired ? ", expired" : "");
	}
	for (size_t i = 0; i < result->growth.layer_count; i++) {
		const struct lopt_layer_change *change = &result->growth.layers[i];
		lopt_buf_printf(out, "layer %d -> %d: %llu -> %llu\n",
				change->before == LOPT_NO_LAYER ? -1 : (int)change->before,
				change->after == LOPT_NO_LAYER ? -1 : (int)change->after,
				(unsigned long long)change->bytes_before, (unsigned long long)change->bytes_after);
	}
	for (size_t i = 0; i < result->growth.directory_count; i++) {
		const struct lopt_directory_growth *change = &result->growth.directories[i];
		lopt_buf_printf(out, "directory %.*s: %llu -> %llu\n", LOPT_STR_ARGS(change->path),
				(unsigned long long)change->bytes_before, (unsigned long long)change->bytes_after);
	}
}

struct gate_case {
	const char *layers[TEST_LAYERS_MAX];
	const char *config;
	const char *want;
	size_t base_layers;
	const char *baseline[TEST_LAYERS_MAX];
	const char *dockerfile;
	const char *instructions[TEST_LAYERS_MAX]; /* of `layers` */
};

static void check_case(const struct gate_case *c)
{
	const char *const *instructions = c->instructions[0] ? c->instructions : NULL;
	struct lopt_buf now_file = dockerfile_of(c->layers, instructions);
	struct lopt_buf before_file = dockerfile_of(c->baseline, NULL);
	const char *dockerfile = c->dockerfile ? c->dockerfile : now_file.data;
	struct side now = { 0 }, before = { 0 };
	struct lopt_gate_settings settings;
	struct lopt_gate_result result;
	struct lopt_buf out = LOPT_BUF_INIT(1 << 16);
	open_side(&now, c->layers, instructions, c->base_layers, dockerfile);
	if (c->baseline[0])
		open_side(&before, c->baseline, NULL, 0, before_file.data);
	lopt_gate_settings_init(&settings);
	settings.today = lopt_str_from("2026-11-26");
	if (lopt_gate_config_read(&settings, "c", lopt_str_from(c->config), &err) != LOPT_OK ||
	    lopt_gate_pragmas_read(&settings, "Dockerfile", lopt_str_from(dockerfile), &err) != LOPT_OK ||
	    lopt_gate_evaluate(&result, &settings, now.analysis, before.analysis, &err) != LOPT_OK)
		fail_msg("%s: %s", c->config, err.message);
	size_t exceeded = 0;
	for (size_t i = 0; i < result.check_count; i++) {
		put_check(&out, &result.checks[i]);
		exceeded += result.checks[i].verdict == LOPT_GATE_EXCEEDED;
	}
	assert_int_equal(exceeded, result.exceeded);
	assert_int_equal(result.finding_count, now.analysis->finding_count);
	put_rest(&out, &result);
	assert_string_equal(out.data, c->want);
	lopt_buf_release(&out);
	lopt_buf_release(&now_file);
	lopt_buf_release(&before_file);
	lopt_gate_result_release(&result);
	lopt_gate_settings_release(&settings);
	close_side(&before);
	close_side(&now);
}

static void budgets_are_held_to_their_figures(void **state)
{
	(void)state;
	static const struct gate_case cases[] = {
		{ .layers = { "a=x;size=1000", "b=y;size=500" },
		  .config = "budgets: {max-size: 1500B}",
		  .want = "max-size 1500/1500 held\n" },
		{ .layers = { "a=x;size=1000", "b=y;size=501" },
		  .config = "budgets: {max-size: 1500B}",
		  .want = "max-size 1501/1500 exceeded [1.0 kB of it are in layer 0, the largest] line 2\n" },
		{ .layers = { "a=x;size=1000", ".wh.a= b=y;size=500" },
		  .config = "budgets: {max-size: 500B, size-measure: rootfs}",
		  .want = "max-size 500/500 held\n" },
		{ .layers = { "a=x;size=1000", ".wh.a=" },
		  .config = "budgets: {max-wasted: 999B}",
		  .want = "max-wasted 1000/999 exceeded [1.0 kB: layer 1 removes 1 file of layer 0 (removed-later)] "
			  "line 3 made by 0 a\n" },
		{ .layers = { "a=x;size=1000 b=y;size=3000", ".wh.a=" },
		  .config = "budgets: {max-wasted-percent: 25%, min-efficiency: 75%, floor: 0B}",
		  .want = "max-wasted-percent 0.25/0.25 held\nmin-efficiency 0.75/0.75 held\n" },
		{ .layers = { "a=x;size=1000 b=y;size=3000", ".wh.a=" },
		  .config = "budgets: {max-wasted-percent: 24%, min-efficiency: 76%, floor: 1000B}",
		  .want = "max-wasted-percent 0.25/0.24 exceeded [1.0 kB: layer 1 removes 1 file of layer 0 "
			  "(removed-later)] line 3 made by 0 a\nmin-efficiency 0.75/0.76 exceeded [1.0 kB: layer 1 removes 1 file of "
			  "layer 0 (removed-later)] line 3 made by 0 a\n" },
		{ .layers = { "a=x;size=1000 b=y;size=3000", ".wh.a=" },
		  .config = "budgets: {max-wasted-percent: 24%, min-efficiency: 76%, floor: 1001B}",
		  .want = "max-wasted-percent 0.25/0.24 skipped: the bytes it is about are below the floor\n"
			  "min-efficiency 0.75/0.76 skipped: the bytes it is about are below the floor\n" },
		{ .layers = { "tmp/ tmp/a=x;size=1000", "b=y;size=7", ".wh.b=" },
		  .config = "budgets: {max-reclaimable: 1006B}",
		  .want = "max-reclaimable 1007/1006 exceeded [1.0 kB: layer 0 holds temporary files (1 file); once gone, nothing changes: nothing in "
			  "the image names them (temporary-files)] line 2 tmp/\n" },
		{ .layers = { "a=x;size=10", "b=x;size=10", "c=x;size=10" },
		  .config = "budgets: {max-duplicates: 19B, max-layers: 2, max-layer-size: 9B}",
		  .want = "max-duplicates 20/19 exceeded [20 B are 2 further copies of one content] "
			  "line 4 a b c\nmax-layers 3/2 exceeded [layer 2 is the first one too many] line 4\n"
			  "max-layer-size 10/9 exceeded [10 B of it are in layer 0, the largest] line 2\n" },
		/* of the base, and above it */
		{ .layers = { "a=x;size=1000", "b=y;size=500 .wh.a=", ".wh.b=" },
		  .base_layers = 1,
		  .config =
			  "base: {layers: 1, max-wasted: 999B, max-size: 1kB}\nown: {max-wasted: 499B, max-size: 500B}",
		  .want = "max-size of own 500/500 held\nmax-wasted of own 500/499 exceeded [500 B: layer 2 removes 1 file of "
			  "layer 1 (removed-later)] line 4 made by 1 b\nmax-size of base 1000/1000 held\nmax-wasted of base 1000/999 "
			  "exceeded [1.0 kB: layer 1 removes 1 file of layer 0 (removed-later)] line 3 made by 0 a\n" },
		/* paths */
		{ .layers = { "opt/ opt/a=x;size=10 opt/b=y;size=5",
			      "opt/ opt/c=z;size=7 opt/c2+opt/c usr/ usr/d+opt/c" },
		  .config = "paths:\n- {path: /opt, max-size: 21B, name: n}\n- {path: '**/d', max-size: 7B}\n"
			    "- {path: /opt/c*, max-size: 6B}\n- {path: opt/zz, max-size: 0B}\n",
		  .want = "path (n) 22/21 exceeded [15 B of it are in layer 0] line 2 opt/a opt/b opt/c\n"
			  "path (**/d) 7/7 held\npath (/opt/c*) 7/6 exceeded [7 B of it are in layer 1] line 3 opt/c\n"
			  "path (opt/zz) 0/0 held\n" },
		{ .layers = { "k/ k/id=secret;size=9", ".wh.k=" },
		  .config = "forbidden:\n- path: /k\n- path: /j\n",
		  .want = "forbidden (/k) 1/0 exceeded [layer 0 ships it, be it hidden later or not] line 2 k/id\n"
			  "forbidden (/j) 0/0 held\n" },
		{ .layers = { "k/ k/id@x" },
		  .config = "forbidden: [{path: '*/id'}]",
		  .want = "forbidden (*/id) 1/0 exceeded [layer 0 ships it, be it hidden later or not] line 2 "
			  "k/id\n" },
		/* findings */
		{ .layers = { "a=x;size=2000000", ".wh.a=" },
		  .config = "budgets: {fail-on: warning}",
		  .want = "fail-on (warning) 1/0 exceeded [removed-later: layer 1 removes 1 file of layer 0] line 3 made by 0 a\n" },
		{ .layers = { "a=x;size=2000000", ".wh.a=" },
		  .config = "budgets: {fail-on: warning}\nrules: [{rule: removed-later, severity: off}]",
		  .want = "fail-on (warning) 0/0 held\n" },
		{ .layers = { "a=x;size=20", ".wh.a=" },
		  .config = "budgets: {fail-on: error}\nrules: [{rule: removed-later, severity: error}]",
		  .want = "fail-on (error) 1/0 exceeded [removed-later: layer 1 removes 1 file of layer 0] line 3 made by 0 a\n" },
		{ .layers = { "a=x;size=2000000", ".wh.a=" },
		  .base_layers = 1,
		  .config = "budgets: {fail-on: warning}",
		  .want = "fail-on (warning) 0/0 held\n" },
		{ .layers = { "a=x" }, .config = "budgets: {fail-on: none}", .want = "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (!cases[i].want[0])
			continue;
		check_case(&cases[i]);
	}
}

static void ignored_findings_do_not_count(void **state)
{
	(void)state;
	static const struct gate_case cases[] = {
		/* several files are told by their directory, and by the largest */
		{ .layers = { "a=x;size=10 b=y;size=1000", ".wh.a= .wh.b=" },
		  .config = "budgets: {max-wasted: 0B}",
		  .want = "max-wasted 1010/0 exceeded [1.01 kB: layer 1 removes 2 files of layer 0 (removed-later)] "
			  "line 3 made by 0 / b\n" },
		{ .layers = { "a=x;size=1000 b=y;size=50", ".wh.a=", ".wh.b=" },
		  .config = "budgets: {max-wasted: 50B, max-reclaimable: 50B, max-size: 1kB}\n"
			    "ignore: [{rule: removed-later, path: /a, reason: r}]",
		  .want = "max-size 1050/1000 exceeded [1.05 kB of it are in layer 0, the largest] line 2\n"
			  "max-wasted 50/50 without 1000 held\nmax-reclaimable 50/50 without 1000 held\n"
			  "ignore r: 1 findings of 1000 bytes\n" },
		{ .layers = { "a=x;size=1000", ".wh.a=" },
		  .config = "budgets: {max-wasted: 0B}\nignore: [{path: /b, reason: r}]",
		  .want = "max-wasted 1000/0 exceeded [1.0 kB: layer 1 removes 1 file of layer 0 (removed-later)] line 3 made by 0 a\n"
			  "ignore r: 0 findings of 0 bytes\n" },
		{ .layers = { "a=x;size=1000", ".wh.a=" },
		  .config = "budgets: {max-wasted: 0B}\nignore: [{path: /a, reason: r, expires: 2026-11-26}]",
		  .want = "max-wasted 0/0 without 1000 held\nignore r: 1 findings of 1000 bytes\n" },
		{ .layers = { "a=x;size=1000", ".wh.a=" },
		  .config = "budgets: {max-wasted: 0B}\nignore: [{path: /a, reason: r, expires: 2026-11-25}]",
		  .want = "max-wasted 1000/0 exceeded [1.0 kB: layer 1 removes 1 file of layer 0 (removed-later)] line 3 made by 0 a\n"
			  "ignore r: 1 findings of 1000 bytes, expired\n" },
		/* a part of it, and the rest by another; twice is once */
		{ .layers = { "d/ d/a=x;size=1000 d/b=z;size=10", ".wh.d=" },
		  .config =
			  "budgets: {max-wasted: 9B}\nignore:\n- {path: '/d/a', reason: r}\n- {path: '*a', reason: s}",
		  .want = "max-wasted 10/9 without 1000 exceeded [1.01 kB: layer 1 removes 2 files of layer 0 "
			  "(removed-later)] line 3 made by 0 / d/b\nignore r: 1 findings of 1000 bytes\nignore s: 0 findings of 0 bytes\n" },
		{ .layers = { "d/ d/a=x;size=1000 d/b=z;size=10", ".wh.d=" },
		  .config =
			  "budgets: {max-wasted: 0B}\nignore:\n- {path: '/d/a', reason: r}\n- {path: '/d', reason: s}",
		  .want = "max-wasted 0/0 without 1010 held\nignore r: 1 findings of 1000 bytes\n"
			  "ignore s: 1 findings of 10 bytes\n" },
		/* a directory that is a row of its own */
		{ .layers = { "d/ d/a=x;size=1000 d/b=z;size=10", ".wh.d=" },
		  .config = "budgets: {max-wasted: 0B}\nignore: [{path: '/d/**', reason: r}]",
		  .want = "max-wasted 0/0 without 1010 held\nignore r: 1 findings of 1010 bytes\n" },
		/* pragmas: in front of what hides, and of what made it */
		{ .layers = { "a=x;size=1000", ".wh.a=" },
		  .config = "budgets: {max-wasted: 0B}",
		  .dockerfile = "FROM scratch\nRUN 0\n# layeropt ignore=removed-later -- p\nRUN 1\n",
		  .want = "max-wasted 0/0 without 1000 held\nignore p: 1 findings of 1000 bytes\n" },
		{ .layers = { "a=x;size=1000", ".wh.a=" },
		  .config = "budgets: {max-wasted: 0B}",
		  .dockerfile = "FROM scratch\n# layeropt ignore=removed-later -- p\nRUN 0\nRUN 1\n",
		  .want = "max-wasted 0/0 without 1000 held\nignore p: 1 findings of 1000 bytes\n" },
		{ .layers = { "a=x;size=1000", ".wh.a=", "b=1" },
		  .config = "budgets: {max-wasted: 0B}",
		  .dockerfile = "FROM scratch\nRUN 0\nRUN 1\n# layeropt ignore=removed-later -- p\nRUN 2\n",
		  .want = "max-wasted 1000/0 exceeded [1.0 kB: layer 1 removes 1 file of layer 0 (removed-later)] line 3 made by 0 a\n"
			  "ignore p: 0 findings of 0 bytes\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_case(&cases[i]);
}

static void growth_is_measured_and_explained(void **state)
{
	(void)state;
	static const struct gate_case cases[] = {
		{ .layers = { "a=x;size=1000", "b=y;size=100" },
		  .baseline = { "a=x;size=1000" },
		  .config = "baseline: {max-growth: 99B, max-growth-percent: 9%}\nbudgets: {floor: 0B}",
		  .want = "max-growth 100/99 exceeded [100 B are new in layer 1, which the baseline does not have] line 3\n"
			  "max-growth-percent 0.1/0.09 exceeded [100 B are new in layer 1, which the baseline does not "
			  "have] line 3\nlayer -1 -> 1: 0 -> 100\ndirectory : 1000 -> 1100\n" },
		{ .layers = { "a=x;size=1000", "b=y;size=150", "c=z;size=1" },
		  .baseline = { "a=x;size=1000", "b=y;size=100" },
		  .config = "budgets: {max-size: 1kB, floor: 52B}\nbaseline: {max-growth: 51B, max-growth-percent: 1%}",
		  .want = "max-size 1151/1000 exceeded [50 B more in layer 1 than the same instruction made in the baseline] "
			  "line 3\nmax-growth 51/51 held\nmax-growth-percent 0.04636/0.01 skipped: the bytes it is about are "
			  "below the floor\nlayer 1 -> 1: 100 -> 150\nlayer -1 -> 2: 0 -> 1\ndirectory : 1100 -> 1151\n" },
		/* an instruction was edited: what stands in its place is what it was */
		{ .layers = { "a=x;size=1000", "b=y;size=5500", "c=z" },
		  .baseline = { "a=x;size=1000", "b=y;size=5000", "c=z" },
		  .instructions = { "RUN 0", "RUN 1 and more", "RUN 2" },
		  .config = "baseline: {max-growth: 0B}",
		  .want = "max-growth 500/0 exceeded [500 B more in layer 1 than the instruction in its place made in the "
			  "baseline] line 3\nlayer 1 -> 1: 5000 -> 5500\ndirectory : 6001 -> 6501\n" },
		/* the last two */
		{ .layers = { "a=x;size=1000", "b=y;size=5500", "c=z;size=20" },
		  .baseline = { "a=x;size=1000", "b=y;size=5000", "c=z" },
		  .instructions = { "RUN 0", "RUN 1 and more", "RUN 2 and more" },
		  .config = "baseline: {max-growth: 1kB}",
		  .want = "max-growth 519/1000 held\nlayer 1 -> 1: 5000 -> 5500\nlayer 2 -> 2: 1 -> 20\n"
			  "directory : 6001 -> 6520\n" },
		/* of another keyword */
		{ .layers = { "a=x;size=1000", "b=y;size=5500" },
		  .baseline = { "a=x;size=1000", "b=y;size=5000" },
		  .instructions = { "RUN 0", "COPY b /" },
		  .config = "baseline: {max-growth: 0B}",
		  .want = "max-growth 500/0 exceeded [5.5 kB are new in layer 1, which the baseline does not have] line 3\n"
			  "layer -1 -> 1: 0 -> 5500\nlayer 1 -> -1: 5000 -> 0\ndirectory : 6000 -> 6500\n" },
		/* one came besides: nothing tells whose place it is */
		{ .layers = { "a=x;size=1000", "d=w", "b=y;size=5500", "c=z" },
		  .baseline = { "a=x;size=1000", "b=y;size=5000", "c=z" },
		  .instructions = { "RUN 0", "RUN 9", "RUN 1 and more", "RUN 2" },
		  .config = "baseline: {max-growth: 1kB}",
		  .want = "max-growth 501/1000 held\nlayer -1 -> 2: 0 -> 5500\nlayer 1 -> -1: 5000 -> 0\n"
			  "layer -1 -> 1: 0 -> 1\ndirectory : 6001 -> 6502\n" },
		/* an instruction moved: the same bytes are the same layer */
		{ .layers = { "u/ u/s/ u/s/b=y;size=100", "a=x;size=1000" },
		  .baseline = { "a=x;size=1000", "u/ u/s/ u/s/b=y;size=100", "c=z;size=5" },
		  .config = "baseline: {max-growth: 0B}",
		  .want = "max-growth 0/0 held\nlayer 2 -> -1: 5 -> 0\ndirectory : 1005 -> 1000\n" },
		{ .layers = { "a=x" },
		  .baseline = { "d/" },
		  .config = "baseline: {max-growth-percent: 5%}",
		  .want = "max-growth-percent 0/0.05 skipped: the baseline is empty\nlayer 0 -> 0: 0 -> 1\ndirectory : 0 -> 1\n" },
		/* new findings, known by what they are about and not by their line or size */
		{ .layers = { "a=x;size=3000000", "c=1", ".wh.a=" },
		  .baseline = { "a=x;size=2000000", ".wh.a=" },
		  .config = "baseline: {no-new: warning}",
		  .want = "no-new (warning) 1/0 exceeded [removed-later: layer 2 removes 1 file of layer 0] line 4 made by 0 a\n"
			  "layer 0 -> 0: 2000000 -> 3000000\nlayer -1 -> 1: 0 -> 1\n"
			  "directory : 0 -> 1\n" },
		{ .layers = { "a=x;size=3000000", ".wh.a=" },
		  .baseline = { "a=x;size=2000000", ".wh.a=" },
		  .config = "baseline: {no-new: warning}",
		  .want = "no-new (warning) 0/0 held\nlayer 0 -> 0: 2000000 -> 3000000\n" },
		/* other files of the same instructions are the same finding */
		{ .layers = { "0=z;size=1000000 a=x;size=3000000", ".wh.0= .wh.a=" },
		  .baseline = { "a=x;size=2000000 b=1", ".wh.a=" },
		  .config = "baseline: {no-new: warning}",
		  .want = "no-new (warning) 0/0 held\nlayer 0 -> 0: 2000001 -> 4000000\ndirectory : 1 -> 0\n" },
		{ .layers = { "a=x;size=3000000", ".wh.a=" },
		  .config = "baseline: {no-new: warning, max-growth: 1B}",
		  .want = "max-growth 0/1 skipped: there is no baseline\nno-new (warning) 0/0 skipped: there is no baseline\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_case(&cases[i]);
}

static void limits_of_dive_have_its_figures(void **state)
{
	(void)state;
	static const struct {
		const char *layers[TEST_LAYERS_MAX], *rules, *want;
	} cases[] = {
		/* dive counts both copies; the truth is one */
		{ { "a=x;size=1000", "a=x;size=1000;mode=700" },
		  "rules: {lowestEfficiency: 0.6, highestWastedBytes: 2000, highestUserWastedPercent: 1}",
		  "dive-lowest-efficiency 0.5/0.6 in truth 0/0.5 exceeded [1.0 kB: layer 1 changes only the metadata of 1 file "
		  "of layer 0 (metadata-only-copy)] line 3 made by 0 a\ndive-highest-wasted-bytes 2000/2000 in truth 1000/0 held\n"
		  "dive-highest-user-wasted-percent 2/1 in truth 0/0 exceeded [1.0 kB: layer 1 changes only the metadata of 1 "
		  "file of layer 0 (metadata-only-copy)] line 3 made by 0 a\n" },
		/* dive does not see a directory that goes */
		{ { "d/ d/a=x;size=1000", ".wh.d=", "e=1" },
		  "rules: {highestWastedBytes: disabled}",
		  "dive-lowest-efficiency 1/0.9 in truth 0/0.000999 held\ndive-highest-wasted-bytes 0/0 in truth 1000/0 "
		  "skipped: it is turned off\ndive-highest-user-wasted-percent 0/0.1 in truth 0/0 held\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct side now = { 0 };
		struct lopt_gate_settings settings;
		struct lopt_gate_result result;
		struct lopt_buf out = LOPT_BUF_INIT(1 << 16);
		struct lopt_buf dockerfile = dockerfile_of(cases[i].layers, NULL);
		open_side(&now, cases[i].layers, NULL, 0, dockerfile.data);
		lopt_buf_release(&dockerfile);
		lopt_gate_settings_init(&settings);
		assert_int_equal(lopt_gate_dive_read(&settings, ".dive-ci", lopt_str_from(cases[i].rules), &err),
				 LOPT_OK);
		assert_int_equal(lopt_gate_evaluate(&result, &settings, now.analysis, NULL, &err), LOPT_OK);
		for (size_t k = 0; k < result.check_count; k++)
			put_check(&out, &result.checks[k]);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
		lopt_gate_result_release(&result);
		lopt_gate_settings_release(&settings);
		close_side(&now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_are_held_to_their_figures),
		cmocka_unit_test(ignored_findings_do_not_count),
		cmocka_unit_test(growth_is_measured_and_explained),
		cmocka_unit_test(limits_of_dive_have_its_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
