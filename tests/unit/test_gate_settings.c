/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "gate/config.h"

static struct lopt_error err;

/* Everything that is set, "NAME=VALUE@ORIGIN" apart by blanks. */

static void put_origin(struct lopt_buf *out, struct lopt_str origin)
{
	lopt_buf_printf(out, "@%.*s ", LOPT_STR_ARGS(origin));
}

static void put_limits(struct lopt_buf *out, const struct lopt_gate_settings *settings)
{
	static const char *const parts[] = { "", "own:", "base:" };
	for (size_t part = 0; part < 3; part++) {
		for (size_t i = 0; i < LOPT_BUDGETS; i++) {
			const struct lopt_gate_limit *limit = &settings->budgets[part][i];
			const struct lopt_budget_kind *kind = lopt_budget_kind((enum lopt_budget)i);
			if (!limit->rank)
				continue;
			if (kind->unit == LOPT_UNIT_RATIO)
				lopt_buf_printf(out, "%s%s=%.6g", parts[part], kind->name, limit->ratio);
			else
				lopt_buf_printf(out, "%s%s=%llu", parts[part], kind->name,
						(unsigned long long)limit->limit);
			put_origin(out, limit->origin);
		}
	}
	if (settings->floor.rank) {
		lopt_buf_printf(out, "floor=%llu", (unsigned long long)settings->floor.limit);
		put_origin(out, settings->floor.origin);
	}
}

static void put_word(struct lopt_buf *out, const char *name, const struct lopt_gate_word *word)
{
	if (!word->rank)
		return;
	lopt_buf_printf(out, "%s=%.*s", name, LOPT_STR_ARGS(word->text));
	put_origin(out, word->origin);
}

static void put_list(struct lopt_buf *out, const char *name, const struct lopt_gate_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct lopt_pattern_limit *item = &list->items[i];
		lopt_buf_printf(out, "%s(%.*s,%.*s,%llu,%.*s)", name, LOPT_STR_ARGS(item->pattern),
				LOPT_STR_ARGS(item->name), (unsigned long long)item->limit,
				LOPT_STR_ARGS(item->message));
		put_origin(out, item->origin);
	}
}

static void put_dive(struct lopt_buf *out, const char *name, const struct lopt_dive_limit *limit)
{
	if (limit->disabled)
		lopt_buf_printf(out, "%s=off", name);
	else
		lopt_buf_printf(out, "%s=%.6g/%llu", name, limit->ratio, (unsigned long long)limit->bytes);
	put_origin(out, limit->origin);
}

static void put_rules(struct lopt_buf *out, const struct lopt_gate_settings *settings)
{
	for (size_t i = 0; i < settings->rule_count; i++) {
		lopt_buf_printf(out, "rule(%s,%s)", settings->rules[i].rule.ptr,
				settings->rules[i].off ? "off" : lopt_severity_name(settings->rules[i].severity));
		put_origin(out, settings->rules[i].origin);
	}
	for (size_t i = 0; i < settings->ignore_count; i++) {
		const struct lopt_gate_ignore *ignore = &settings->ignores[i];
		lopt_buf_printf(out, "ignore(%s,%s,%s,%s,%s,%u)", ignore->rule.ptr, ignore->path.ptr,
				ignore->fingerprint.ptr, ignore->reason.ptr, ignore->expires.ptr,
				(unsigned)ignore->line);
		put_origin(out, ignore->origin);
	}
}

static void put_all(struct lopt_buf *out, const struct lopt_gate_settings *settings)
{
	put_limits(out, settings);
	put_word(out, "size-measure", &settings->measure_word);
	put_word(out, "fail-on", &settings->fail_on);
	put_word(out, "no-new", &settings->no_new);
	put_word(out, "dockerfile", &settings->dockerfile);
	put_word(out, "baseline", &settings->baseline);
	put_word(out, "base-image", &settings->base_image);
	put_word(out, "base-layers", &settings->base_layers);
	put_list(out, "path", &settings->paths);
	put_list(out, "package", &settings->packages);
	put_list(out, "forbidden", &settings->forbidden);
	put_rules(out, settings);
	if (settings->has_dive) {
		put_dive(out, "efficiency", &settings->dive_efficiency);
		put_dive(out, "wasted", &settings->dive_wasted);
		put_dive(out, "user", &settings->dive_user_wasted);
	}
	while (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

/* Files. */

typedef enum lopt_status reader(struct lopt_gate_settings *settings, const char *name, struct lopt_str text,
				struct lopt_error *error);

struct file_case {
	const char *text, *want; /* what is set, or with "!" in front the error */
};

static void check_file(reader *read, const char *name, const struct file_case *c)
{
	struct lopt_gate_settings settings;
	struct lopt_buf out = LOPT_BUF_INIT(1 << 16);
	lopt_gate_settings_init(&settings);
	enum lopt_status status = read(&settings, name, lopt_str_from(c->text), &err);
	lopt_buf_text(&out, "");
	if (status == LOPT_OK)
		put_all(&out, &settings);
	else
		lopt_buf_printf(&out, "!%s", err.message);
	if (status != LOPT_OK)
		assert_int_equal(status, LOPT_E_USAGE);
	assert_string_equal(out.data, c->want);
	lopt_buf_release(&out);
	lopt_gate_settings_release(&settings);
}

static void configurations_are_read(void **state)
{
	(void)state;
	static const struct file_case cases[] = {
		{ "", "" },
		{ "# nothing\n", "" },
		{ "version: 1\n", "" },
		{ "version: 2\n", "!dir/c.yaml:1: version \"2\": this program reads version 1" },
		{ "budgets:\n", "" },
		{ "budgets:\n  max-size: 1.5GB\n", "max-size=1500000000@dir/c.yaml:2" },
		{ "budgets: {max-size: 1.5GB, max-layers: 40,\n  min-efficiency: 95%}",
		  "max-size=1500000000@dir/c.yaml:1 min-efficiency=0.95@dir/c.yaml:2 max-layers=40@dir/c.yaml:1" },
		{ "budgets:\n  max-wasted-percent: 0.05\n  max-wasted: 0\n  max-reclaimable: 10 MB\n"
		  "  max-duplicates: 1MiB\n  max-layer-size: 7B\n  floor: 2MB\n  size-measure: compressed\n"
		  "  fail-on: warning\n",
		  "max-wasted=0@dir/c.yaml:3 max-wasted-percent=0.05@dir/c.yaml:2 max-reclaimable=10000000@dir/c.yaml:4 "
		  "max-duplicates=1048576@dir/c.yaml:5 max-layer-size=7@dir/c.yaml:6 floor=2000000@dir/c.yaml:7 "
		  "size-measure=compressed@dir/c.yaml:8 fail-on=warning@dir/c.yaml:9" },
		{ "own:\n  max-wasted: 1MB\nbase:\n  layers: 3\n  max-size: 200MB\n",
		  "own:max-wasted=1000000@dir/c.yaml:2 base:max-size=200000000@dir/c.yaml:5 base-layers=3@dir/c.yaml:4" },
		{ "base: {image: base.tar}", "base-image=dir/base.tar@dir/c.yaml:1" },
		{ "base: {image: /base.tar}", "base-image=/base.tar@dir/c.yaml:1" },
		{ "base: {image: 'docker:x:1'}", "base-image=docker:x:1@dir/c.yaml:1" },
		{ "base:\n  image: a\n  layers: 1\n", "!dir/c.yaml:3: image and layers exclude each other" },
		{ "baseline:\n  file: b.json\n  max-growth: 25MB\n  max-growth-percent: 150%\n  no-new: error\n",
		  "max-growth=25000000@dir/c.yaml:3 max-growth-percent=1.5@dir/c.yaml:4 no-new=error@dir/c.yaml:5 "
		  "baseline=dir/b.json@dir/c.yaml:2" },
		{ "dockerfile: Dockerfile\n", "dockerfile=dir/Dockerfile@dir/c.yaml:1" },
		{ "paths:\n- path: /opt/**\n  max-size: 7MB\n  message: \"ask us\"\n  name: opt\n"
		  "- {path: usr, max-size: 1GB}\npackages:\n- package: 'cuda-*'\n  max-size: 0B\nforbidden:\n- path: /root/.ssh\n",
		  "path(/opt/**,opt,7000000,ask us)@dir/c.yaml:2 path(usr,,1000000000,)@dir/c.yaml:6 "
		  "package(cuda-*,,0,)@dir/c.yaml:8 forbidden(/root/.ssh,,0,)@dir/c.yaml:11" },
		{ "paths: []\nignore:\n", "" },
		{ "rules:\n- rule: apt-lists\n  severity: error\n- {rule: logs, severity: off}\n",
		  "rule(apt-lists,error)@dir/c.yaml:2 rule(logs,off)@dir/c.yaml:4" },
		{ "ignore:\n- rule: logs\n  path: /var/log/**\n  reason: kept\n  expires: 2028-02-29\n"
		  "- fingerprint: 0123456789abcdef0123456789abcdef\n  reason: known\n",
		  "ignore(logs,/var/log/**,,kept,2028-02-29,0)@dir/c.yaml:2 "
		  "ignore(,,0123456789abcdef0123456789abcdef,known,,0)@dir/c.yaml:6" },

		/* keys */
		{ "budget:\n  max-size: 1GB\n", "!dir/c.yaml:1: unknown key \"budget\"; did you mean budgets?" },
		{ "budgets:\n  max-siez: 1GB\n", "!dir/c.yaml:2: unknown key \"max-siez\"; did you mean max-size?" },
		{ "budgets:\n  zzz: 1\n", "!dir/c.yaml:2: unknown key \"zzz\"" },
		{ "budgets:\n  max-size: 1GB\n  max-size: 2GB\n", "!dir/c.yaml:3: \"max-size\" is there twice" },
		{ "own: {fail-on: error}\n", "!dir/c.yaml:1: unknown key \"fail-on\"; it belongs under budgets" },
		{ "? [a]\n: b\n", "!dir/c.yaml:1: a key is to be a word" },
		/* kinds */
		{ "budgets: 7\n", "!dir/c.yaml:1: budgets: a mapping is wanted here, as in max-size: VALUE" },
		{ "- a\n", "!dir/c.yaml:1: the file: a mapping is wanted here, as in version: VALUE" },
		{ "paths:\n  path: a\n", "!dir/c.yaml:2: paths: a list (- item) is wanted here" },
		{ "paths:\n- a\n", "!dir/c.yaml:2: paths: a mapping is wanted here, as in path: VALUE" },
		{ "budgets:\n  max-size: [1GB]\n", "!dir/c.yaml:2: max-size: one value is wanted here" },
		{ "budgets:\n  max-size: \"1\\0GB\"\n", "!dir/c.yaml:2: max-size: a value without NUL is wanted here" },
		/* values */
		{ "budgets:\n\n  max-size: 1.5\n",
		  "!dir/c.yaml:3: max-size: \"1.5\" is ambiguous: write \"1.5GB\" or \"1.5GiB\"" },
		{ "budgets:\n  max-size: lots\n",
		  "!dir/c.yaml:2: max-size: \"lots\" is no size: write bytes, or a number "
		  "with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB" },
		{ "budgets:\n  max-size:\n", "!dir/c.yaml:2: max-size: it needs a value" },
		{ "budgets:\n  max-wasted-percent: 5\n",
		  "!dir/c.yaml:2: max-wasted-percent: \"5\" is no ratio: write \"5%\" or \"0.05\"" },
		{ "budgets:\n  min-efficiency: 101%\n", "!dir/c.yaml:2: min-efficiency: \"101%\": at most 100%" },
		{ "budgets:\n  min-efficiency: 1e-1\n",
		  "!dir/c.yaml:2: min-efficiency: \"1e-1\" is no ratio: write it as in 95% or 0.95" },
		{ "budgets:\n  max-layers: -1\n", "!dir/c.yaml:2: max-layers: \"-1\" is no number from 0 on" },
		{ "budgets:\n  fail-on: eror\n", "!dir/c.yaml:2: fail-on: \"eror\" is unknown; did you mean error?" },
		{ "budgets:\n  size-measure: x\n",
		  "!dir/c.yaml:2: size-measure: \"x\" is unknown; it is one of content, "
		  "layers, compressed, rootfs" },
		{ "base: {layers: x}\n", "!dir/c.yaml:1: base-layers: \"x\" is no number from 0 on" },
		{ "paths:\n- path: a\n", "!dir/c.yaml:2: paths: max-size is missing" },
		{ "paths:\n- max-size: 1B\n", "!dir/c.yaml:2: path: a pattern is missing" },
		{ "rules:\n- rule: apt-list\n  severity: error\n",
		  "!dir/c.yaml:2: rules: no rule is called \"apt-list\"; did you mean apt-lists?" },
		{ "rules:\n- rule: logs\n", "!dir/c.yaml:2: rules: rule logs needs a severity, as in apt-lists=error" },
		{ "paths:\n- {path: 'own:/opt', max-size: 1B}\n",
		  "!dir/c.yaml:2: path: \"own:/opt\": patterns are for the whole image" },
		{ "budgets:\n  max-growth: 1MB\n",
		  "!dir/c.yaml:2: unknown key \"max-growth\"; it belongs under baseline" },
		{ "max-size: 1MB\n",
		  "!dir/c.yaml:1: unknown key \"max-size\"; it belongs under budgets, own, base, paths or packages" },
		{ "layers: 1\n", "!dir/c.yaml:1: unknown key \"layers\"; it belongs under base" },
		{ "paths:\n- rule: x\n", "!dir/c.yaml:2: unknown key \"rule\"; it belongs under rules or ignore" },
		{ "ignore:\n- rule: logs\n", "!dir/c.yaml:2: ignore: it needs a reason" },
		{ "ignore:\n- reason: because\n", "!dir/c.yaml:2: ignore: it names no rule, path or fingerprint" },
		{ "ignore:\n- rule: logs\n  reason: x\n  expires: 2027-02-29\n",
		  "!dir/c.yaml:2: ignore: \"2027-02-29\" is no date: write it as in 2027-01-31" },
		{ "ignore:\n- fingerprint: abc\n  reason: x\n",
		  "!dir/c.yaml:2: ignore: \"abc\" is no fingerprint: 32 hex digits" },
		/* YAML */
		{ "budgets:\n  max-size: 1GB\n bad\n", "!dir/c.yaml:3: did not find expected key" },
		{ "a: \x01\n", "!dir/c.yaml:1: control characters are not allowed" },
		{ "version: 1\n---\nversion: 1\n", "!dir/c.yaml:3: a second document; there is to be one" },
		{ "budgets: &a {max-size: 1GB}\nown: *a\n", "!dir/c.yaml: anchors and aliases are not read here" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_file(lopt_gate_config_read, "dir/c.yaml", &cases[i]);
}

static void limits_of_dive_are_read(void **state)
{
	(void)state;
	static const struct file_case cases[] = {
		{ "", "efficiency=0.9/0@dive's default wasted=off@dive's default user=0.1/0@dive's default" },
		{ "rules:\n", "efficiency=0.9/0@dive's default wasted=off@dive's default user=0.1/0@dive's default" },
		{ "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: 0.20\n",
		  "efficiency=0.95/0@.dive-ci:2 wasted=0/20000000@.dive-ci:3 user=0.2/0@.dive-ci:4" },
		{ "rules:\n  lowest-efficiency: 1\n  highest-wasted-bytes: 1 kib\n  highest-user-wasted-percent: disabled\n",
		  "efficiency=1/0@.dive-ci:2 wasted=0/1024@.dive-ci:3 user=off@.dive-ci:4" },
		{ "rules:\n  lowestEfficiency: disabled\n  other: 1\nmore: [1]\n",
		  "efficiency=off@.dive-ci:2 wasted=off@dive's default user=0.1/0@dive's default" },
		{ "rules:\n  highestWastedBytes: '1.5m'\n",
		  "efficiency=0.9/0@dive's default wasted=0/1500000@.dive-ci:2 user=0.1/0@dive's default" },
		{ "rules:\n  lowestEfficiency: 95\n",
		  "!.dive-ci:2: lowestEfficiency: \"95\" is no number from 0 to 1, nor \"disabled\"" },
		{ "rules:\n  highestWastedBytes: 3 apples\n",
		  "!.dive-ci:2: highestWastedBytes: \"3 apples\" is no size" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_file(lopt_gate_dive_read, ".dive-ci", &cases[i]);
}

static void pragmas_are_read(void **state)
{
	(void)state;
	static const struct file_case cases[] = {
		{ "FROM x\nRUN a\n", "" },
		{ "FROM x\n# layeropt ignore=logs -- they are wanted\nRUN a\n",
		  "ignore(logs,,,they are wanted,,3)@Dockerfile:2" },
		{ "FROM x\n#layeropt ignore=logs,apt-lists expires=2027-01-31 --  two\n# and more\n\nRUN a \\\n b\n",
		  "ignore(logs,,,two,2027-01-31,5)@Dockerfile:2 ignore(apt-lists,,,two,2027-01-31,5)@Dockerfile:2" },
		{ "FROM x\r\n# layeropt ignore=logs -- crlf\r\nRUN a\r\n", "ignore(logs,,,crlf,,3)@Dockerfile:2" },
		{ "FROM x\nRUN a \\\n# layeropt ignore=zzz\n b\n", "" },
		{ "FROM x\nRUN <<E\n# layeropt ignore=zzz\nE\n", "" },
		{ "FROM x\n# layeropts ignore=zzz\n# about layeropt ignore=zzz\nRUN a\n", "" },
		{ "FROM x\nRUN a\n# layeropt ignore=logs -- at the end\n", "" },
		{ "FROM x\n# layeropt ignore=logs\nRUN a\n", "!Dockerfile:2: ignore: it needs a reason" },
		{ "FROM x\n# layeropt ignore=lgos -- x\nRUN a\n",
		  "!Dockerfile:2: ignore: no rule is called \"lgos\"; did you mean logs?" },
		{ "FROM x\n# layeropt found this\nRUN a\n", "" },
		{ "FROM x\n# layeropt ignore= -- x\nRUN a\n",
		  "!Dockerfile:2: ignore= and the rules to ignore are missing" },
		{ "FROM x\n# Layeropt ignore=logs -- x\nRUN a\n", "ignore(logs,,,x,,3)@Dockerfile:2" },
		{ "FROM x\n# layeropt: ignore=logs -- x\nRUN a\n",
		  "!Dockerfile:2: a comment for layeropt is # layeropt ignore=RULE [expires=DATE] -- REASON" },
		{ "FROM x\n#layeropt-ignore=logs -- x\nRUN a\n",
		  "!Dockerfile:2: a comment for layeropt is # layeropt ignore=RULE [expires=DATE] -- REASON" },
		{ "FROM x\n# layeropt disable=logs ignore=logs -- x\nRUN a\n",
		  "!Dockerfile:2: \"disable=logs\" is unknown; it is # layeropt ignore=RULE [expires=DATE] -- REASON" },
		{ "FROM x\n# layeropt ignore=logs expires=soon -- x\nRUN a\n",
		  "!Dockerfile:2: ignore: \"soon\" is no date: write it as in 2027-01-31" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check_file(lopt_gate_pragmas_read, "Dockerfile", &cases[i]);
}

/* Precedence. */

static void the_higher_rank_wins(void **state)
{
	(void)state;
	static const struct {
		enum lopt_gate_rank rank;
		const char *value, *origin;
	} sources[] = {
		{ LOPT_RANK_FILE, "1MB", "f:1" },
		{ LOPT_RANK_ENVIRONMENT, "2MB", "LAYEROPT_MAX_SIZE" },
		{ LOPT_RANK_OPTION, "3MB", "--max-size" },
	};
	static const char *const names[] = { "max-size", "floor" };
	/* every order of the three, some left out */
	for (unsigned order = 0; order < 64; order++) {
		for (size_t n = 0; n < 2; n++) {
			struct lopt_gate_settings settings;
			size_t best = 0;
			lopt_gate_settings_init(&settings);
			for (unsigned k = 0; k < 3; k++) {
				size_t i = order >> (2 * k) & 3;
				if (i == 3)
					continue;
				const struct lopt_gate_place place = { sources[i].rank, sources[i].origin };
				assert_int_equal(lopt_gate_set(&settings, names[n], LOPT_PART_IMAGE, sources[i].value,
							       place, &err),
						 LOPT_OK);
				best = i + 1 > best ? i + 1 : best;
			}
			const struct lopt_gate_limit *limit = n ? &settings.floor
								: &settings.budgets[LOPT_PART_IMAGE][LOPT_MAX_SIZE];
			assert_int_equal(limit->rank, best);
			if (best) {
				assert_int_equal(limit->limit, best * 1000000);
				assert_string_equal(limit->origin.ptr, sources[best - 1].origin);
			}
			lopt_gate_settings_release(&settings);
		}
	}
}

static void options_name_their_part(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *want;
	} cases[] = {
		{ "max-wasted", "1MB", "max-wasted=1000000@--x" },
		{ "max-wasted", "own:1MB", "own:max-wasted=1000000@--x" },
		{ "max-wasted", "base:1MB", "base:max-wasted=1000000@--x" },
		{ "max-growth", "own:1MB", "!--x: growth is of the whole image" },
		{ "fail-on", "own:error", "!--x: it is for the whole image" },
		{ "max-wasted", "mine:1MB",
		  "!--x: \"mine:1MB\" is no size: write bytes, or a number with B, kB, MB, GB, "
		  "TB, KiB, MiB, GiB or TiB" },
		{ "baseline", "docker:x", "baseline=docker:x@--x" },
		{ "baseline", "", "!--x: it needs a value" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_gate_settings settings;
		struct lopt_buf out = LOPT_BUF_INIT(1 << 12);
		const struct lopt_gate_place place = { LOPT_RANK_OPTION, "--x" };
		lopt_gate_settings_init(&settings);
		if (lopt_gate_set_option(&settings, cases[i].name, cases[i].value, place, &err) == LOPT_OK)
			put_all(&out, &settings);
		else
			lopt_buf_printf(&out, "!%s", err.message);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
		lopt_gate_settings_release(&settings);
	}
}

static void budgets_of_options_are_cut_at_the_last_sign(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "/opt=7MB", "path(/opt,,7000000,)@--path-budget" },
		{ "a=b=1B", "path(a=b,,1,)@--path-budget" },
		{ "a", "!--path-budget: \"a\": it is PATTERN=SIZE, as in '/opt=200MB'" },
		{ "=1B", "!--path-budget: \"=1B\": it is PATTERN=SIZE, as in '/opt=200MB'" },
		{ "a=", "!--path-budget: \"a=\": it is PATTERN=SIZE, as in '/opt=200MB'" },
		{ "a=1G", "!--path-budget: \"1G\" is ambiguous: write \"1GB\" or \"1GiB\"" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_gate_settings settings;
		struct lopt_buf out = LOPT_BUF_INIT(1 << 12);
		const struct lopt_gate_place place = { LOPT_RANK_OPTION, "--path-budget" };
		lopt_gate_settings_init(&settings);
		if (lopt_gate_add_budget(&settings, &settings.paths, cases[i].text, place, &err) == LOPT_OK)
			put_all(&out, &settings);
		else
			lopt_buf_printf(&out, "!%s", err.message);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
		lopt_gate_settings_release(&settings);
	}
}

static void days_are_of_the_calendar(void **state)
{
	(void)state;
	static const char *const good[] = { "2026-11-26", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31" };
	static const char *const bad[] = { "",		 "2026-11-31", "2023-02-29", "1900-02-29",
					   "2026-13-01", "2026-00-10", "2026-01-00", "2026-1-1",
					   "26-01-01",	 "2026/01/01", "2026-01-011" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(lopt_gate_day_valid(lopt_str_from(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(lopt_gate_day_valid(lopt_str_from(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations_are_read),
		cmocka_unit_test(limits_of_dive_are_read),
		cmocka_unit_test(pragmas_are_read),
		cmocka_unit_test(the_higher_rank_wins),
		cmocka_unit_test(options_name_their_part),
		cmocka_unit_test(budgets_of_options_are_cut_at_the_last_sign),
		cmocka_unit_test(days_are_of_the_calendar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
