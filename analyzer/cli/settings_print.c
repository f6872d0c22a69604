/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "cli/command.h"
#include "cli/gathering.h"

/* "NAME = VALUE", a tab, and where it comes from. */

static void print_text(const char *text)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf shown = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_escape_text(&shown, lopt_str_from(text));
	(void)fputs(shown.data ? shown.data : "", stdout);
}

static void print_setting(const char *part, const char *name, const char *value, struct lopt_str origin)
{
	printf("%s%s%s = ", part, *part ? ":" : "", name);
	print_text(value);
	printf("\t");
	print_text(origin.ptr ? origin.ptr : "");
	printf("\n");
}

static void print_limit(const char *part, const char *name, enum lopt_gate_unit unit,
			const struct lopt_gate_limit *limit)
{
	char value[64];
	if (unit == LOPT_UNIT_RATIO)
		(void)snprintf(value, sizeof value, "%.9g%%", limit->ratio * 100);
	else
		(void)snprintf(value, sizeof value, "%llu", (unsigned long long)limit->limit);
	print_setting(part, name, value, limit->origin);
}

static void print_word(const char *name, const struct lopt_gate_word *word)
{
	if (word->rank)
		print_setting("", name, word->text.ptr, word->origin);
}

static void print_budgets(const struct lopt_gate_settings *settings)
{
	static const char *const parts[] = { "", "own", "base" };
	for (size_t part = 0; part < 3; part++) {
		for (size_t i = 0; i < LOPT_BUDGETS; i++) {
			const struct lopt_budget_kind *kind = lopt_budget_kind((enum lopt_budget)i);
			if (settings->budgets[part][i].rank)
				print_limit(parts[part], kind->name, kind->unit, &settings->budgets[part][i]);
		}
	}
	print_limit("", "floor", LOPT_UNIT_BYTES, &settings->floor);
}

static void print_patterns(const char *name, const struct lopt_gate_list *list, bool limited)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct lopt_pattern_limit *item = &list->items[i];
		const struct lopt_gate_limit limit = { .limit = item->limit, .origin = item->origin };
		if (limited)
			print_limit(name, item->pattern.ptr, LOPT_UNIT_BYTES, &limit);
		else
			print_setting("", name, item->pattern.ptr, item->origin);
	}
}

static void print_dive(const char *name, const struct lopt_dive_limit *limit, enum lopt_gate_unit unit)
{
	const struct lopt_gate_limit shown = { .limit = limit->bytes, .ratio = limit->ratio, .origin = limit->origin };
	if (limit->disabled)
		print_setting("dive", name, "disabled", limit->origin);
	else
		print_limit("dive", name, unit, &shown);
}

/* "ignore:RULE PATH FINGERPRINT (until DATE) = REASON", as far as they are there */
static void print_ignore(const struct lopt_gate_settings *settings, const struct lopt_gate_ignore *ignore)
{
	const struct lopt_str parts[] = { ignore->rule, ignore->path, ignore->fingerprint };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (parts[i].len)
			lopt_buf_printf(&name, "%s%s", name.len ? " " : "", parts[i].ptr);
	if (ignore->expires.len)
		lopt_buf_printf(&name, " (until %s%s)", ignore->expires.ptr,
				lopt_str_compare(ignore->expires, settings->today) < 0 ? ", expired" : "");
	print_setting("ignore", name.data ? name.data : "", ignore->reason.ptr, ignore->origin);
}

enum lopt_status lopt_settings_print(const struct lopt_gate_settings *settings, struct lopt_error *err)
{
	print_budgets(settings);
	print_word("size-measure", &settings->measure_word);
	print_word("fail-on", &settings->fail_on);
	print_word("no-new", &settings->no_new);
	print_word("baseline", &settings->baseline);
	print_word("base", &settings->base_image);
	print_word("base-layers", &settings->base_layers);
	print_word("dockerfile", &settings->dockerfile);
	print_patterns("path", &settings->paths, true);
	print_patterns("package", &settings->packages, true);
	print_patterns("forbidden", &settings->forbidden, false);
	for (size_t i = 0; i < settings->rule_count; i++)
		print_setting("rule", settings->rules[i].rule.ptr,
			      settings->rules[i].off ? "off" : lopt_severity_name(settings->rules[i].severity),
			      settings->rules[i].origin);
	for (size_t i = 0; i < settings->ignore_count; i++)
		print_ignore(settings, &settings->ignores[i]);
	if (settings->has_dive) {
		print_dive("lowestEfficiency", &settings->dive_efficiency, LOPT_UNIT_RATIO);
		print_dive("highestWastedBytes", &settings->dive_wasted, LOPT_UNIT_BYTES);
		print_dive("highestUserWastedPercent", &settings->dive_user_wasted, LOPT_UNIT_RATIO);
	}
	return lopt_print_end(err);
}
