/* SPDX-License-Identifier: MIT */
#include "gate/config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gate/yaml.h"

/* What libcyaml makes of the file: words throughout, each read by settings.c like an option's. */

struct part_text {
	char *budgets[LOPT_BUDGETS];
	char *image, *layers; /* of base: only */
};

struct limits_text {
	char *budgets[LOPT_BUDGETS];
	char *size_measure, *floor, *fail_on;
};

struct baseline_text {
	char *file, *max_growth, *max_growth_percent, *no_new;
};

struct pattern_text {
	char *pattern, *name, *max_size, *message;
};

struct rule_text {
	char *rule, *severity;
};

struct ignore_text {
	char *rule, *path, *fingerprint, *reason, *expires;
};

struct config_text {
	char *version, *dockerfile;
	struct limits_text *budgets;
	struct part_text *own, *base;
	struct baseline_text *baseline;
	struct pattern_text *paths, *packages, *forbidden;
	struct rule_text *rules;
	struct ignore_text *ignore;
	unsigned paths_count, packages_count, forbidden_count, rules_count, ignore_count;
};

#define WORD(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 0, CYAML_UNLIMITED)
#define SECTION(key, member, fields) \
	CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, struct config_text, member, fields)
#define LIST(key, member, entry)                                                                                       \
	CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, struct config_text, member, entry, 0, \
			     1000)
#define BUDGETS(type)                                                                                       \
	WORD("max-size", type, budgets[LOPT_MAX_SIZE]), WORD("max-wasted", type, budgets[LOPT_MAX_WASTED]), \
		WORD("max-wasted-percent", type, budgets[LOPT_MAX_WASTED_PERCENT]),                         \
		WORD("max-reclaimable", type, budgets[LOPT_MAX_RECLAIMABLE]),                               \
		WORD("min-efficiency", type, budgets[LOPT_MIN_EFFICIENCY]),                                 \
		WORD("max-duplicates", type, budgets[LOPT_MAX_DUPLICATES]),                                 \
		WORD("max-layers", type, budgets[LOPT_MAX_LAYERS]),                                         \
		WORD("max-layer-size", type, budgets[LOPT_MAX_LAYER_SIZE])

static const cyaml_schema_field_t own_fields[] = { BUDGETS(part_text), CYAML_FIELD_END };
static const cyaml_schema_field_t base_fields[] = {
	BUDGETS(part_text),
	WORD("image", part_text, image),
	WORD("layers", part_text, layers),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t limits_fields[] = {
	BUDGETS(limits_text),
	WORD("size-measure", limits_text, size_measure),
	WORD("floor", limits_text, floor),
	WORD("fail-on", limits_text, fail_on),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t baseline_fields[] = {
	WORD("file", baseline_text, file),
	WORD("max-growth", baseline_text, max_growth),
	WORD("max-growth-percent", baseline_text, max_growth_percent),
	WORD("no-new", baseline_text, no_new),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t path_fields[] = {
	WORD("path", pattern_text, pattern),
	WORD("name", pattern_text, name),
	WORD("max-size", pattern_text, max_size),
	WORD("message", pattern_text, message),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t package_fields[] = {
	WORD("package", pattern_text, pattern),
	WORD("name", pattern_text, name),
	WORD("max-size", pattern_text, max_size),
	WORD("message", pattern_text, message),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t forbidden_fields[] = {
	WORD("path", pattern_text, pattern),
	WORD("message", pattern_text, message),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t rule_fields[] = {
	WORD("rule", rule_text, rule),
	WORD("severity", rule_text, severity),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t ignore_fields[] = {
	WORD("rule", ignore_text, rule),
	WORD("path", ignore_text, path),
	WORD("fingerprint", ignore_text, fingerprint),
	WORD("reason", ignore_text, reason),
	WORD("expires", ignore_text, expires),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t path_entry = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pattern_text,
								     path_fields) };
static const cyaml_schema_value_t package_entry = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pattern_text,
									package_fields) };
static const cyaml_schema_value_t forbidden_entry = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct pattern_text,
									  forbidden_fields) };
static const cyaml_schema_value_t rule_entry = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rule_text,
								     rule_fields) };
static const cyaml_schema_value_t ignore_entry = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ignore_text,
								       ignore_fields) };
static const cyaml_schema_field_t config_fields[] = {
	WORD("version", config_text, version),
	WORD("dockerfile", config_text, dockerfile),
	SECTION("budgets", budgets, limits_fields),
	SECTION("own", own, own_fields),
	SECTION("base", base, base_fields),
	SECTION("baseline", baseline, baseline_fields),
	LIST("paths", paths, &path_entry),
	LIST("packages", packages, &package_entry),
	LIST("forbidden", forbidden, &forbidden_entry),
	LIST("rules", rules, &rule_entry),
	LIST("ignore", ignore, &ignore_entry),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t config_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config_text,
									config_fields) };

struct reading {
	struct lopt_gate_settings *settings;
	const struct lopt_yaml *yaml;
	struct lopt_buf origin, path;
	struct lopt_error *err;
	bool failed; /* memory; looked at when all is read */
};

static void release_reading(struct reading *r)
{
	lopt_buf_release(&r->origin);
	lopt_buf_release(&r->path);
}

/* "FILE:12"; good until the next call. */
static struct lopt_gate_place place_of(struct reading *r, int node)
{
	lopt_buf_clear(&r->origin);
	lopt_buf_printf(&r->origin, "%s:%u", r->yaml->name, (unsigned)lopt_yaml_line(r->yaml, node));
	r->failed |= r->origin.failed;
	return (struct lopt_gate_place){ LOPT_RANK_FILE, r->origin.data ? r->origin.data : r->yaml->name };
}

/* One value of a section, if it is there. */
static enum lopt_status take(struct reading *r, int section, const char *key, const char *name,
			     enum lopt_gate_part part, const char *value)
{
	if (!value)
		return LOPT_OK;
	return lopt_gate_set(r->settings, name, part, value, place_of(r, lopt_yaml_member(r->yaml, section, key)),
			     r->err);
}

/* A file that the configuration names stands beside it. */
static enum lopt_status take_file(struct reading *r, int section, const char *key, const char *name, const char *value)
{
	const char *slash = strrchr(r->yaml->name, '/');
	bool apart = !value || *value == '/' || !*value || strncmp(value, "docker:", 7) == 0 ||
		     strncmp(value, "podman:", 7) == 0 || !slash;
	if (apart)
		return take(r, section, key, name, LOPT_PART_IMAGE, value);
	lopt_buf_clear(&r->path);
	lopt_buf_add(&r->path, r->yaml->name, (size_t)(slash + 1 - r->yaml->name));
	lopt_buf_text(&r->path, value);
	if (r->path.failed)
		return lopt_error_memory(r->err);
	return take(r, section, key, name, LOPT_PART_IMAGE, r->path.data);
}

static enum lopt_status take_budgets(struct reading *r, int section, enum lopt_gate_part part, char *const *budgets)
{
	for (size_t i = 0; i < LOPT_BUDGETS; i++) {
		const char *name = lopt_budget_kind((enum lopt_budget)i)->name;
		LOPT_TRY(take(r, section, name, name, part, budgets[i]));
	}
	return LOPT_OK;
}

static enum lopt_status take_limits(struct reading *r, int section, const struct limits_text *text)
{
	LOPT_TRY(take_budgets(r, section, LOPT_PART_IMAGE, text->budgets));
	LOPT_TRY(take(r, section, "size-measure", "size-measure", LOPT_PART_IMAGE, text->size_measure));
	LOPT_TRY(take(r, section, "floor", "floor", LOPT_PART_IMAGE, text->floor));
	return take(r, section, "fail-on", "fail-on", LOPT_PART_IMAGE, text->fail_on);
}

static enum lopt_status take_base(struct reading *r, int section, const struct part_text *text)
{
	LOPT_TRY(take_budgets(r, section, LOPT_PART_BASE, text->budgets));
	if (text->image && text->layers)
		return lopt_error_set(r->err, LOPT_E_USAGE, "%s: image and layers exclude each other",
				      place_of(r, lopt_yaml_member(r->yaml, section, "layers")).text);
	LOPT_TRY(take_file(r, section, "image", "base-image", text->image));
	return take(r, section, "layers", "base-layers", LOPT_PART_IMAGE, text->layers);
}

static enum lopt_status take_baseline(struct reading *r, int section, const struct baseline_text *text)
{
	LOPT_TRY(take_file(r, section, "file", "baseline", text->file));
	LOPT_TRY(take(r, section, "max-growth", "max-growth", LOPT_PART_IMAGE, text->max_growth));
	LOPT_TRY(take(r, section, "max-growth-percent", "max-growth-percent", LOPT_PART_IMAGE,
		      text->max_growth_percent));
	return take(r, section, "no-new", "no-new", LOPT_PART_IMAGE, text->no_new);
}

static enum lopt_status take_patterns(struct reading *r, const char *key, struct lopt_gate_list *list,
				      const struct pattern_text *texts, size_t count)
{
	int sequence = lopt_yaml_member(r->yaml, 1, key);
	bool limited = list != &r->settings->forbidden;
	for (size_t i = 0; i < count; i++) {
		const struct lopt_pattern_text text = { texts[i].pattern, texts[i].name, texts[i].max_size,
							texts[i].message };
		struct lopt_gate_place place = place_of(r, lopt_yaml_item(r->yaml, sequence, i));
		if (limited && !text.limit)
			return lopt_error_set(r->err, LOPT_E_USAGE, "%s: %s: max-size is missing", place.text, key);
		LOPT_TRY(lopt_gate_add_pattern(r->settings, list, &text, place, r->err));
	}
	return LOPT_OK;
}

static enum lopt_status take_rules(struct reading *r, const struct config_text *text)
{
	int sequence = lopt_yaml_member(r->yaml, 1, "rules");
	for (size_t i = 0; i < text->rules_count; i++)
		LOPT_TRY(lopt_gate_add_rule(r->settings, text->rules[i].rule, text->rules[i].severity,
					    place_of(r, lopt_yaml_item(r->yaml, sequence, i)), r->err));
	return LOPT_OK;
}

static enum lopt_status take_ignores(struct reading *r, const struct config_text *text)
{
	int sequence = lopt_yaml_member(r->yaml, 1, "ignore");
	for (size_t i = 0; i < text->ignore_count; i++) {
		const struct ignore_text *at = &text->ignore[i];
		const struct lopt_ignore_text ignore = {
			at->rule, at->path, at->fingerprint, at->reason, at->expires, 0
		};
		LOPT_TRY(lopt_gate_add_ignore(r->settings, &ignore, place_of(r, lopt_yaml_item(r->yaml, sequence, i)),
					      r->err));
	}
	return LOPT_OK;
}

static enum lopt_status take_version(struct reading *r, const char *version)
{
	if (!version || strcmp(version, "1") == 0)
		return LOPT_OK;
	return lopt_error_set(r->err, LOPT_E_USAGE, "%s: version \"%.200s\": this program reads version 1",
			      place_of(r, lopt_yaml_member(r->yaml, 1, "version")).text, version);
}

static enum lopt_status take_all(struct reading *r, const struct config_text *text)
{
	struct lopt_gate_settings *settings = r->settings;
	LOPT_TRY(take_version(r, text->version));
	LOPT_TRY(take_file(r, 1, "dockerfile", "dockerfile", text->dockerfile));
	if (text->budgets)
		LOPT_TRY(take_limits(r, lopt_yaml_member(r->yaml, 1, "budgets"), text->budgets));
	if (text->own)
		LOPT_TRY(take_budgets(r, lopt_yaml_member(r->yaml, 1, "own"), LOPT_PART_OWN, text->own->budgets));
	if (text->base)
		LOPT_TRY(take_base(r, lopt_yaml_member(r->yaml, 1, "base"), text->base));
	if (text->baseline)
		LOPT_TRY(take_baseline(r, lopt_yaml_member(r->yaml, 1, "baseline"), text->baseline));
	LOPT_TRY(take_patterns(r, "paths", &settings->paths, text->paths, text->paths_count));
	LOPT_TRY(take_patterns(r, "packages", &settings->packages, text->packages, text->packages_count));
	LOPT_TRY(take_patterns(r, "forbidden", &settings->forbidden, text->forbidden, text->forbidden_count));
	LOPT_TRY(take_rules(r, text));
	return take_ignores(r, text);
}

enum lopt_status lopt_gate_config_read(struct lopt_gate_settings *settings, const char *name, struct lopt_str text,
				       struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_yaml_release) struct lopt_yaml yaml = { 0 };
	LOPT_TRY(lopt_yaml_parse(&yaml, name, text, err));
	LOPT_CLEANUP(release_reading)
	struct reading r = { settings, &yaml, LOPT_BUF_INIT(SIZE_MAX / 2), LOPT_BUF_INIT(SIZE_MAX / 2), err, false };
	void *loaded = NULL;
	enum lopt_status status = lopt_yaml_load(&loaded, &yaml, &config_schema, false, err);
	if (status == LOPT_OK && loaded)
		status = take_all(&r, loaded);
	lopt_yaml_free(loaded, &config_schema);
	return status == LOPT_OK && r.failed ? lopt_error_memory(err) : status;
}

/* --- dive --- */

struct dive_rules {
	char *efficiency[2], *wasted[2], *user_wasted[2]; /* in camel case, and with dashes */
};

struct dive_text {
	struct dive_rules *rules;
};

static const cyaml_schema_field_t dive_rule_fields[] = {
	WORD("lowestEfficiency", dive_rules, efficiency[0]),
	WORD("lowest-efficiency", dive_rules, efficiency[1]),
	WORD("highestWastedBytes", dive_rules, wasted[0]),
	WORD("highest-wasted-bytes", dive_rules, wasted[1]),
	WORD("highestUserWastedPercent", dive_rules, user_wasted[0]),
	WORD("highest-user-wasted-percent", dive_rules, user_wasted[1]),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t dive_fields[] = {
	CYAML_FIELD_MAPPING_PTR("rules", CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, struct dive_text, rules,
				dive_rule_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t dive_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct dive_text,
								      dive_fields) };

static bool turns_off(const char *value)
{
	static const char *const words[] = { "disabled", "off", "false", "" };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcasecmp(words[i], value) == 0)
			return true;
	return false;
}

static enum lopt_status parse_dive_ratio(double *out, const char *value, struct lopt_error *err)
{
	char *end;
	double number = strtod(value, &end);
	if (end == value || *end || !(number >= 0 && number <= 1))
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no number from 0 to 1, nor \"disabled\"",
				      value);
	*out = number;
	return LOPT_OK;
}

/* dive takes units in any case, also without their B, and spaces in front of them. */
static enum lopt_status parse_dive_bytes(uint64_t *out, const char *value, struct lopt_error *err)
{
	static const struct {
		const char *name;
		double bytes;
	} units[] = {
		{ "", 1 },	   { "b", 1 },	       { "k", 1e3 },	     { "kb", 1e3 },
		{ "m", 1e6 },	   { "mb", 1e6 },      { "g", 1e9 },	     { "gb", 1e9 },
		{ "t", 1e12 },	   { "tb", 1e12 },     { "ki", 1024 },	     { "kib", 1024 },
		{ "mi", 1048576 }, { "mib", 1048576 }, { "gi", 1073741824 }, { "gib", 1073741824 },
	};
	char *end;
	double number = strtod(value, &end);
	if (end == value || !(number >= 0 && number < 1e15))
		return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no size", value);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcasecmp(units[i].name, end) != 0)
			continue;
		if (number * units[i].bytes > 9e18)
			break;
		*out = (uint64_t)(number * units[i].bytes);
		return LOPT_OK;
	}
	return lopt_error_set(err, LOPT_E_USAGE, "\"%.200s\" is no size", value);
}

/* `values` are of its two spellings; neither is there: the default stays. */
static enum lopt_status take_dive(struct reading *r, int section, struct lopt_dive_limit *limit, bool ratio,
				  char *const values[2], const char *const keys[2])
{
	size_t which = values[0] ? 0 : 1;
	if (!values[which])
		return LOPT_OK;
	struct lopt_gate_place place = place_of(r, lopt_yaml_member(r->yaml, section, keys[which]));
	limit->set = true;
	limit->disabled = turns_off(values[which]);
	limit->origin = lopt_arena_copy(&r->settings->arena, lopt_str_from(place.text));
	if (!limit->origin.ptr)
		return lopt_error_memory(r->err);
	if (limit->disabled)
		return LOPT_OK;
	enum lopt_status status = ratio ? parse_dive_ratio(&limit->ratio, values[which], r->err)
					: parse_dive_bytes(&limit->bytes, values[which], r->err);
	return status == LOPT_E_USAGE ? lopt_error_context(r->err, "%s: %s", place.text, keys[which]) : status;
}

static enum lopt_status take_dive_rules(struct reading *r, const struct dive_rules *rules)
{
	static const char *const keys[3][2] = {
		{ "lowestEfficiency", "lowest-efficiency" },
		{ "highestWastedBytes", "highest-wasted-bytes" },
		{ "highestUserWastedPercent", "highest-user-wasted-percent" },
	};
	int section = lopt_yaml_member(r->yaml, 1, "rules");
	LOPT_TRY(take_dive(r, section, &r->settings->dive_efficiency, true, rules->efficiency, keys[0]));
	LOPT_TRY(take_dive(r, section, &r->settings->dive_wasted, false, rules->wasted, keys[1]));
	return take_dive(r, section, &r->settings->dive_user_wasted, true, rules->user_wasted, keys[2]);
}

enum lopt_status lopt_gate_dive_read(struct lopt_gate_settings *settings, const char *name, struct lopt_str text,
				     struct lopt_error *err)
{
	static const struct lopt_str by_default = { "dive's default", 14 };
	LOPT_CLEANUP(lopt_yaml_release) struct lopt_yaml yaml = { 0 };
	LOPT_TRY(lopt_yaml_parse(&yaml, name, text, err));
	LOPT_CLEANUP(release_reading)
	struct reading r = { settings, &yaml, LOPT_BUF_INIT(SIZE_MAX / 2), LOPT_BUF_INIT(SIZE_MAX / 2), err, false };
	void *loaded = NULL;
	settings->has_dive = true;
	settings->dive_efficiency = (struct lopt_dive_limit){ .ratio = 0.9, .origin = by_default };
	settings->dive_wasted = (struct lopt_dive_limit){ .disabled = true, .origin = by_default };
	settings->dive_user_wasted = (struct lopt_dive_limit){ .ratio = 0.1, .origin = by_default };
	enum lopt_status status = lopt_yaml_load(&loaded, &yaml, &dive_schema, true, err);
	const struct dive_text *dive = loaded;
	if (status == LOPT_OK && dive && dive->rules)
		status = take_dive_rules(&r, dive->rules);
	lopt_yaml_free(loaded, &dive_schema);
	return status == LOPT_OK && r.failed ? lopt_error_memory(err) : status;
}
