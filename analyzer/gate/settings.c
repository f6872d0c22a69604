/* SPDX-License-Identifier: MIT */
#include "gate/settings.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "base/suggest.h"

enum { ITEMS_MAX = 1000, ARENA_MAX = 16 << 20 };

static const struct lopt_budget_kind kinds[LOPT_BUDGETS] = {
	[LOPT_MAX_SIZE] = { "max-size", "content_bytes", LOPT_UNIT_BYTES, false, false },
	[LOPT_MAX_WASTED] = { "max-wasted", "wasted_bytes", LOPT_UNIT_BYTES, false, false },
	[LOPT_MAX_WASTED_PERCENT] = { "max-wasted-percent", "wasted_bytes", LOPT_UNIT_RATIO, false, false },
	[LOPT_MAX_RECLAIMABLE] = { "max-reclaimable", "reclaimable_bytes", LOPT_UNIT_BYTES, false, false },
	[LOPT_MIN_EFFICIENCY] = { "min-efficiency", "efficiency", LOPT_UNIT_RATIO, true, false },
	[LOPT_MAX_DUPLICATES] = { "max-duplicates", "duplicate_bytes", LOPT_UNIT_BYTES, false, false },
	[LOPT_MAX_LAYERS] = { "max-layers", "layers", LOPT_UNIT_COUNT, false, false },
	[LOPT_MAX_LAYER_SIZE] = { "max-layer-size", "content_bytes", LOPT_UNIT_BYTES, false, false },
	[LOPT_MAX_GROWTH] = { "max-growth", "content_bytes", LOPT_UNIT_BYTES, false, true },
	[LOPT_MAX_GROWTH_PERCENT] = { "max-growth-percent", "content_bytes", LOPT_UNIT_RATIO, false, true },
};

const struct lopt_budget_kind *lopt_budget_kind(enum lopt_budget budget)
{
	return &kinds[budget];
}

static const char *const measures[] = { "content", "layers", "compressed", "rootfs", NULL };

const char *lopt_size_measure_figure(enum lopt_size_measure measure)
{
	static const char *const figures[] = { "content_bytes", "layer_bytes", "compressed_bytes", "visible_bytes" };
	return figures[measure];
}

void lopt_gate_settings_init(struct lopt_gate_settings *settings)
{
	*settings = (struct lopt_gate_settings){ .floor = { .limit = 1000000 } };
	settings->floor.origin = lopt_str_from("default");
	lopt_arena_init(&settings->arena, ARENA_MAX);
}

void lopt_gate_settings_release(struct lopt_gate_settings *settings)
{
	free(settings->paths.items);
	free(settings->packages.items);
	free(settings->forbidden.items);
	free(settings->rules);
	free(settings->ignores);
	lopt_arena_release(&settings->arena);
	*settings = (struct lopt_gate_settings){ 0 };
}

/* --- values --- */

static enum lopt_status no_ratio(const char *text, struct lopt_error *err)
{
	char *end;
	double number = strtod(text, &end);
	if (end != text && *end == '\0' && number > 1 && number <= 1000)
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no ratio: write \"%.200s%%\" or \"%.9g\"", text,
				      text, number / 100);
	return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no ratio: write it as in 95%% or 0.95", text);
}

enum lopt_status lopt_ratio_parse(double *out, const char *text, double most, struct lopt_error *err)
{
	char *end;
	size_t digits = strspn(text, "0123456789.");
	double number = strtod(text, &end);
	bool percent = *end == '%' && end[1] == '\0';
	if (digits == 0 || digits > 20 || end != text + digits || (*end && !percent))
		return no_ratio(text, err);
	double ratio = percent ? number / 100 : number;
	if (!percent && number > 1)
		return no_ratio(text, err);
	if (most > 0 && ratio > most)
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\": at most %.9g%%", text, most * 100);
	*out = ratio;
	return LOPT_OK;
}

static enum lopt_status parse_count(uint64_t *out, const char *text, struct lopt_error *err)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 18 || text[digits])
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no number from 0 on", text);
	*out = strtoull(text, NULL, 10);
	return LOPT_OK;
}

static enum lopt_status choose(size_t *out, const char *text, const char *const words[], struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf all = LOPT_BUF_INIT(1024);
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return LOPT_OK;
		}
		lopt_buf_printf(&all, "%s%s", i ? ", " : "", words[i]);
	}
	const char *near = lopt_word_suggest(text, words);
	if (near)
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is unknown; did you mean %s?", text, near);
	return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is unknown; it is one of %s", text,
			      all.data ? all.data : "");
}

bool lopt_gate_day_valid(struct lopt_str text)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (text.len != 10)
		return false;
	for (size_t i = 0; i < 10; i++) {
		bool dash = i == 4 || i == 7;
		if (dash ? text.ptr[i] != '-' : text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
#define TWO(at) ((text.ptr[at] - '0') * 10 + text.ptr[(at) + 1] - '0')
	int year = TWO(0) * 100 + TWO(2), month = TWO(5), day = TWO(8);
#undef TWO
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

/* --- places --- */

static enum lopt_status in_place(enum lopt_status status, const char *name, struct lopt_gate_place place,
				 struct lopt_error *err)
{
	if (status != LOPT_E_USAGE)
		return status;
	bool option = place.rank == LOPT_RANK_OPTION || place.rank == LOPT_RANK_ENVIRONMENT;
	return option ? lopt_error_context(err, "%s", place.text) : lopt_error_context(err, "%s: %s", place.text, name);
}

static enum lopt_status copy(struct lopt_gate_settings *settings, struct lopt_str *out, const char *text,
			     struct lopt_error *err)
{
	*out = lopt_arena_copy(&settings->arena, lopt_str_from(text ? text : ""));
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

/* --- single values --- */

static enum lopt_status parse_limit(struct lopt_gate_limit *limit, enum lopt_gate_unit unit, bool bounded,
				    const char *value, struct lopt_error *err)
{
	if (!*value)
		return lopt_error_set(err, LOPT_E_USAGE, "it needs a value");
	switch (unit) {
	case LOPT_UNIT_BYTES:
		return lopt_size_parse(&limit->limit, value, err);
	case LOPT_UNIT_COUNT:
		return parse_count(&limit->limit, value, err);
	case LOPT_UNIT_RATIO:
		return lopt_ratio_parse(&limit->ratio, value, bounded ? 1 : 0, err);
	}
	return LOPT_OK;
}

static enum lopt_status set_limit(struct lopt_gate_settings *settings, struct lopt_gate_limit *limit,
				  enum lopt_gate_unit unit, bool bounded, const char *value,
				  struct lopt_gate_place place, struct lopt_error *err)
{
	struct lopt_gate_limit parsed = { .rank = place.rank };
	LOPT_TRY(parse_limit(&parsed, unit, bounded, value, err));
	LOPT_TRY(copy(settings, &parsed.origin, place.text, err));
	if (place.rank >= limit->rank)
		*limit = parsed;
	return LOPT_OK;
}

static enum lopt_status set_word(struct lopt_gate_settings *settings, struct lopt_gate_word *word, const char *value,
				 struct lopt_gate_place place, struct lopt_error *err)
{
	struct lopt_gate_word parsed = { .rank = place.rank };
	if (!*value)
		return lopt_error_set(err, LOPT_E_USAGE, "it needs a value");
	LOPT_TRY(copy(settings, &parsed.text, value, err));
	LOPT_TRY(copy(settings, &parsed.origin, place.text, err));
	if (place.rank >= word->rank)
		*word = parsed;
	return LOPT_OK;
}

static const char *const severities[] = { "info", "warning", "error", "none", NULL };

static enum lopt_status set_other(struct lopt_gate_settings *settings, const char *name, const char *value,
				  struct lopt_gate_place place, bool *known, struct lopt_error *err)
{
	const struct {
		const char *name;
		struct lopt_gate_word *word;
		const char *const *words;
	} words[] = {
		{ "size-measure", &settings->measure_word, measures },
		{ "fail-on", &settings->fail_on, severities },
		{ "no-new", &settings->no_new, severities },
		{ "dockerfile", &settings->dockerfile, NULL },
		{ "baseline", &settings->baseline, NULL },
		{ "base-image", &settings->base_image, NULL },
		{ "base-layers", &settings->base_layers, NULL },
	};
	size_t index = 0;
	uint64_t count;
	if (strcmp(name, "floor") == 0)
		return set_limit(settings, &settings->floor, LOPT_UNIT_BYTES, false, value, place, err);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].name, name) != 0)
			continue;
		if (words[i].words)
			LOPT_TRY(choose(&index, value, words[i].words, err));
		if (strcmp(name, "base-layers") == 0)
			LOPT_TRY(parse_count(&count, value, err));
		if (strcmp(name, "size-measure") == 0 && place.rank >= settings->measure_word.rank)
			settings->measure = (enum lopt_size_measure)index;
		return set_word(settings, words[i].word, value, place, err);
	}
	*known = false;
	return LOPT_OK;
}

static enum lopt_status set(struct lopt_gate_settings *settings, const char *name, enum lopt_gate_part part,
			    const char *value, struct lopt_gate_place place, struct lopt_error *err)
{
	bool known = true;
	for (size_t i = 0; i < LOPT_BUDGETS; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		if (kinds[i].growth && part != LOPT_PART_IMAGE)
			return lopt_error_set(err, LOPT_E_USAGE, "growth is of the whole image");
		return set_limit(settings, &settings->budgets[part][i], kinds[i].unit, !kinds[i].growth, value, place,
				 err);
	}
	if (part != LOPT_PART_IMAGE)
		return lopt_error_set(err, LOPT_E_USAGE, "it is for the whole image");
	LOPT_TRY(set_other(settings, name, value, place, &known, err));
	return known ? LOPT_OK : lopt_error_set(err, LOPT_E_BUG, "no setting is called %s", name);
}

enum lopt_status lopt_gate_set(struct lopt_gate_settings *settings, const char *name, enum lopt_gate_part part,
			       const char *value, struct lopt_gate_place place, struct lopt_error *err)
{
	return in_place(set(settings, name, part, value, place, err), name, place, err);
}

enum lopt_status lopt_gate_set_option(struct lopt_gate_settings *settings, const char *name, const char *value,
				      struct lopt_gate_place place, struct lopt_error *err)
{
	for (size_t part = LOPT_PART_OWN; part <= LOPT_PART_BASE; part++) {
		const char *word = lopt_gate_part_name((enum lopt_gate_part)part);
		size_t len = strlen(word);
		if (strncmp(value, word, len) == 0 && value[len] == ':')
			return lopt_gate_set(settings, name, (enum lopt_gate_part)part, value + len + 1, place, err);
	}
	return lopt_gate_set(settings, name, LOPT_PART_IMAGE, value, place, err);
}

/* --- lists --- */

static enum lopt_status add_pattern(struct lopt_gate_settings *settings, struct lopt_gate_list *list,
				    const struct lopt_pattern_text *text, struct lopt_gate_place place,
				    struct lopt_error *err)
{
	struct lopt_pattern_limit item = { 0 };
	if (!text->pattern || !*text->pattern)
		return lopt_error_set(err, LOPT_E_USAGE, "a pattern is missing");
	if (strncmp(text->pattern, "own:", 4) == 0 || strncmp(text->pattern, "base:", 5) == 0)
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\": patterns are for the whole image", text->pattern);
	if (list->count >= ITEMS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "more than %d of them", ITEMS_MAX);
	if (text->limit)
		LOPT_TRY(lopt_size_parse(&item.limit, text->limit, err));
	LOPT_TRY(copy(settings, &item.pattern, text->pattern, err));
	LOPT_TRY(copy(settings, &item.name, text->name, err));
	LOPT_TRY(copy(settings, &item.message, text->message, err));
	LOPT_TRY(copy(settings, &item.origin, place.text, err));
	struct lopt_pattern_limit *items = lopt_grow(list->items, &list->cap, list->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	list->items = items;
	items[list->count++] = item;
	return LOPT_OK;
}

enum lopt_status lopt_gate_add_pattern(struct lopt_gate_settings *settings, struct lopt_gate_list *list,
				       const struct lopt_pattern_text *text, struct lopt_gate_place place,
				       struct lopt_error *err)
{
	const char *name = list == &settings->packages ? "package" : "path";
	return in_place(add_pattern(settings, list, text, place, err), name, place, err);
}

enum lopt_status lopt_gate_add_budget(struct lopt_gate_settings *settings, struct lopt_gate_list *list,
				      const char *text, struct lopt_gate_place place, struct lopt_error *err)
{
	const char *equals = strrchr(text, '=');
	if (!equals || equals == text || !equals[1]) {
		(void)lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\": it is PATTERN=SIZE, as in '/opt=200MB'", text);
		return lopt_error_context(err, "%s", place.text);
	}
	const struct lopt_str pattern = lopt_arena_copy(&settings->arena, lopt_str_make(text, (size_t)(equals - text)));
	if (!pattern.ptr)
		return lopt_error_memory(err);
	return lopt_gate_add_pattern(
		settings, list, &(struct lopt_pattern_text){ .pattern = pattern.ptr, .limit = equals + 1 }, place, err);
}

static enum lopt_status check_rule(const char *rule, struct lopt_error *err)
{
	enum { NAMES_MAX = 256 };
	const char *names[NAMES_MAX + 1];
	size_t count = 0;
	if (lopt_rule_name_known(rule))
		return LOPT_OK;
	for (; count < NAMES_MAX && lopt_rule_name_at(count); count++)
		names[count] = lopt_rule_name_at(count);
	names[count] = NULL;
	const char *near = lopt_word_suggest(rule, names);
	if (near)
		return lopt_error_set(err, LOPT_E_USAGE, "no rule is called \"%.200s\"; did you mean %s?", rule, near);
	return lopt_error_set(err, LOPT_E_USAGE, "no rule is called \"%.200s\"", rule);
}

static enum lopt_status add_rule(struct lopt_gate_settings *settings, const char *rule, const char *severity,
				 struct lopt_gate_place place, struct lopt_error *err)
{
	static const char *const words[] = { "info", "warning", "error", "off", NULL };
	struct lopt_rule_setting item = { 0 };
	size_t index = 0;
	if (!rule || !*rule)
		return lopt_error_set(err, LOPT_E_USAGE, "the name of a rule is missing");
	if (!severity)
		return lopt_error_set(err, LOPT_E_USAGE, "rule %.200s needs a severity, as in apt-lists=error", rule);
	LOPT_TRY(check_rule(rule, err));
	LOPT_TRY(choose(&index, severity, words, err));
	item.off = words[index + 1] == NULL;
	item.severity = item.off ? LOPT_INFO : (enum lopt_severity)index;
	LOPT_TRY(copy(settings, &item.rule, rule, err));
	LOPT_TRY(copy(settings, &item.origin, place.text, err));
	if (settings->rule_count >= ITEMS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "more than %d rules", ITEMS_MAX);
	struct lopt_rule_setting *items =
		lopt_grow(settings->rules, &settings->rule_cap, settings->rule_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	settings->rules = items;
	items[settings->rule_count++] = item;
	return LOPT_OK;
}

enum lopt_status lopt_gate_add_rule(struct lopt_gate_settings *settings, const char *rule, const char *severity,
				    struct lopt_gate_place place, struct lopt_error *err)
{
	return in_place(add_rule(settings, rule, severity, place, err), "rules", place, err);
}

static bool is_there(const char *text)
{
	return text && *text;
}

static enum lopt_status check_ignore(const struct lopt_ignore_text *text, struct lopt_error *err)
{
	if (!is_there(text->rule) && !is_there(text->path) && !is_there(text->fingerprint))
		return lopt_error_set(err, LOPT_E_USAGE, "it names no rule, path or fingerprint");
	if (is_there(text->rule))
		LOPT_TRY(check_rule(text->rule, err));
	if (is_there(text->fingerprint) &&
	    (strlen(text->fingerprint) != 32 || strspn(text->fingerprint, "0123456789abcdef") != 32))
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no fingerprint: 32 hex digits",
				      text->fingerprint);
	if (!is_there(text->reason))
		return lopt_error_set(err, LOPT_E_USAGE, "it needs a reason");
	if (is_there(text->expires) && !lopt_gate_day_valid(lopt_str_from(text->expires)))
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no date: write it as in 2027-01-31",
				      text->expires);
	return LOPT_OK;
}

static enum lopt_status add_ignore(struct lopt_gate_settings *settings, const struct lopt_ignore_text *text,
				   struct lopt_gate_place place, struct lopt_error *err)
{
	struct lopt_gate_ignore item = { .line = text->line };
	LOPT_TRY(check_ignore(text, err));
	LOPT_TRY(copy(settings, &item.rule, text->rule, err));
	LOPT_TRY(copy(settings, &item.path, text->path, err));
	LOPT_TRY(copy(settings, &item.fingerprint, text->fingerprint, err));
	LOPT_TRY(copy(settings, &item.reason, text->reason, err));
	LOPT_TRY(copy(settings, &item.expires, text->expires, err));
	LOPT_TRY(copy(settings, &item.origin, place.text, err));
	if (settings->ignore_count >= ITEMS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "more than %d of them", ITEMS_MAX);
	struct lopt_gate_ignore *items =
		lopt_grow(settings->ignores, &settings->ignore_cap, settings->ignore_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	settings->ignores = items;
	items[settings->ignore_count++] = item;
	return LOPT_OK;
}

enum lopt_status lopt_gate_add_ignore(struct lopt_gate_settings *settings, const struct lopt_ignore_text *text,
				      struct lopt_gate_place place, struct lopt_error *err)
{
	return in_place(add_ignore(settings, text, place, err), "ignore", place, err);
}

/* --- questions --- */

static bool severity_set(const struct lopt_gate_word *word)
{
	return word->text.len && !lopt_str_is(word->text, "none");
}

bool lopt_gate_settings_any(const struct lopt_gate_settings *settings)
{
	for (size_t part = 0; part < 3; part++)
		for (size_t i = 0; i < LOPT_BUDGETS; i++)
			if (settings->budgets[part][i].rank)
				return true;
	return settings->paths.count || settings->packages.count || settings->forbidden.count || settings->has_dive ||
	       severity_set(&settings->fail_on) || severity_set(&settings->no_new);
}

bool lopt_gate_settings_need_baseline(const struct lopt_gate_settings *settings, struct lopt_str *origin)
{
	for (size_t i = 0; i < LOPT_BUDGETS; i++) {
		if (!kinds[i].growth || !settings->budgets[LOPT_PART_IMAGE][i].rank)
			continue;
		*origin = settings->budgets[LOPT_PART_IMAGE][i].origin;
		return true;
	}
	*origin = settings->no_new.origin;
	return severity_set(&settings->no_new);
}

bool lopt_gate_settings_need_base(const struct lopt_gate_settings *settings, struct lopt_str *origin)
{
	for (size_t part = LOPT_PART_OWN; part <= LOPT_PART_BASE; part++) {
		for (size_t i = 0; i < LOPT_BUDGETS; i++) {
			*origin = settings->budgets[part][i].origin;
			if (settings->budgets[part][i].rank)
				return true;
		}
	}
	return false;
}
