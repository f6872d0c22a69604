/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "analysis/saved.h"
#include "base/cleanup.h"
#include "image/describe.h"
#include "source/json.h"

/* The JSON report, member by member, back into what it was written from. */

struct loading {
	struct lopt_making *making;
	struct lopt_saved_reader reader;
	const struct lopt_saved *root;
};

static enum lopt_status read_fields(const struct loading *loading, const struct lopt_saved *in,
				    const struct lopt_saved_field *fields, size_t count, void *to,
				    struct lopt_error *err)
{
	return lopt_saved_fields(&loading->reader, in, fields, count, to, err);
}

#define READ(loading, in, fields, to, err) read_fields(loading, in, fields, sizeof(fields) / sizeof(fields)[0], to, err)

/* What it is. */

static const char schema_name[] = "layeropt/analysis/";

static enum lopt_status check_schema(const struct loading *loading, struct lopt_error *err)
{
	enum { NAME = sizeof schema_name - 1 };
	const struct lopt_saved at = lopt_saved_member(loading->root, "schema");
	const char *text = json_string_value(at.value);
	size_t len = json_string_length(at.value);
	if (!json_is_object(loading->root->value) || !text)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "not an analysis: there is no \"schema\"; %s1.x is read, as layeropt analyze "
				      "--format json writes it",
				      schema_name);
	bool fits = len > NAME + 2 && memcmp(text, schema_name, NAME) == 0 && memcmp(text + NAME, "1.", 2) == 0;
	for (size_t i = NAME + 2; fits && i < len; i++)
		fits = text[i] >= '0' && text[i] <= '9';
	if (fits)
		return LOPT_OK;
	return lopt_saved_wrong(&at, err, "\"%.*s\" is not read, %s1.x is", len > 100 ? 100 : (int)len, text,
				schema_name);
}

/* Figures. */

#define TOTAL(name)                                                                  \
	{                                                                            \
#name, LOPT_SAVED_COUNT, offsetof(struct lopt_totals, name), 0, NULL \
	}

static const struct lopt_saved_field totals_fields[] = {
	TOTAL(layers),
	TOTAL(entries),
	TOTAL(paths),
	TOTAL(files),
	TOTAL(layer_bytes),
	TOTAL(compressed_bytes),
	TOTAL(content_bytes),
	TOTAL(visible_bytes),
	TOTAL(wasted_bytes),
	TOTAL(overwritten_bytes),
	TOTAL(metadata_only_bytes),
	TOTAL(removed_bytes),
	TOTAL(duplicate_bytes),
	TOTAL(reclaimable_bytes),
	{ "efficiency", LOPT_SAVED_RATIO, offsetof(struct lopt_totals, efficiency), 0, NULL },
};

static const struct lopt_saved_field dive_fields[] = {
	{ "efficiency", LOPT_SAVED_RATIO, offsetof(struct lopt_dive, efficiency), 0, NULL },
	{ "wasted_bytes", LOPT_SAVED_COUNT, offsetof(struct lopt_dive, wasted_bytes), 0, NULL },
	{ "user_wasted_percent", LOPT_SAVED_RATIO, offsetof(struct lopt_dive, user_wasted_percent), 0, NULL },
};

/* The ratio was rounded; what it was made of was not. */
static enum lopt_status read_totals(const struct loading *loading, const struct lopt_saved *at,
				    struct lopt_totals *totals, struct lopt_error *err)
{
	LOPT_TRY(READ(loading, at, totals_fields, totals, err));
	if (totals->content_bytes)
		totals->efficiency = (double)totals->visible_bytes / (double)totals->content_bytes;
	return LOPT_OK;
}

static enum lopt_status read_parts(const struct loading *loading, const struct lopt_saved *totals,
				   struct lopt_error *err)
{
	struct lopt_analysis *result = &loading->making->result;
	const struct lopt_saved base = lopt_saved_member(totals, "base");
	const struct lopt_saved own = lopt_saved_member(totals, "own");
	if (json_is_null(base.value) && json_is_null(own.value))
		return LOPT_OK;
	LOPT_TRY(read_totals(loading, &base, &result->base, err));
	LOPT_TRY(read_totals(loading, &own, &result->own, err));
	const struct lopt_saved layers = lopt_saved_member(&base, "layers");
	if (result->base.layers > loading->reader.layers)
		return lopt_saved_wrong(&layers, err, "%llu of %zu layers", (unsigned long long)result->base.layers,
					loading->reader.layers);
	result->has_base = true;
	result->base_layers = (size_t)result->base.layers;
	return LOPT_OK;
}

static enum lopt_status read_all_totals(const struct loading *loading, struct lopt_error *err)
{
	struct lopt_analysis *result = &loading->making->result;
	const struct lopt_saved totals = lopt_saved_member(loading->root, "totals");
	LOPT_TRY(read_totals(loading, &totals, &result->totals, err));
	const struct lopt_saved dive = lopt_saved_member(&totals, "dive");
	LOPT_TRY(READ(loading, &dive, dive_fields, &result->dive, err));
	return read_parts(loading, &totals, err);
}

/* The image. */

static const char *const formats[] = { "docker-archive", "oci-archive", "oci-layout", NULL };

#define INFO(name, kind)                                                     \
	{                                                                    \
#name, kind, offsetof(struct lopt_image_info, name), 0, NULL \
	}
#define INFOS(name, kind, member, count)                                                                            \
	{                                                                                                           \
		name, kind, offsetof(struct lopt_image_info, member), offsetof(struct lopt_image_info, count), NULL \
	}

static const struct lopt_saved_field image_fields[] = {
	INFO(source, LOPT_SAVED_NAME),
	{ "format", LOPT_SAVED_WORD, offsetof(struct lopt_image_info, format), 0, formats },
	INFOS("tags", LOPT_SAVED_TEXTS, tags, tag_count),
	INFO(config_digest, LOPT_SAVED_TEXT),
	INFO(manifest_digest, LOPT_SAVED_TEXT),
	INFO(architecture, LOPT_SAVED_TEXT),
	INFO(variant, LOPT_SAVED_TEXT),
	INFO(os, LOPT_SAVED_TEXT),
	INFO(created, LOPT_SAVED_TEXT),
};

static const struct lopt_saved_field config_fields[] = {
	INFOS("entrypoint", LOPT_SAVED_TEXTS, entrypoint, entrypoint_count),
	INFOS("cmd", LOPT_SAVED_TEXTS, cmd, cmd_count),
	INFO(working_dir, LOPT_SAVED_TEXT),
	INFO(user, LOPT_SAVED_TEXT),
	INFOS("exposed_ports", LOPT_SAVED_TEXTS, exposed_ports, exposed_port_count),
	INFOS("volumes", LOPT_SAVED_TEXTS, volumes, volume_count),
};

struct verified {
	bool digests;
};
static const struct lopt_saved_field verified_fields[] = {
	{ "digests_verified", LOPT_SAVED_BOOL, offsetof(struct verified, digests), 0, NULL },
};

/* What env and labels are read into before they are pairs. */
struct env {
	const struct lopt_str *lines;
	size_t count;
};
static const struct lopt_saved_field env_fields[] = {
	{ "env", LOPT_SAVED_TEXTS, offsetof(struct env, lines), offsetof(struct env, count), NULL },
};

static enum lopt_status read_env(const struct loading *loading, const struct lopt_saved *config,
				 struct lopt_image_info *info, struct lopt_error *err)
{
	struct env env = { 0 };
	LOPT_TRY(READ(loading, config, env_fields, &env, err));
	struct lopt_pair *pairs = lopt_arena_zalloc(loading->reader.arena, env.count + 1, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	for (size_t i = 0; i < env.count; i++) {
		struct lopt_str line = env.lines[i];
		const char *equals = memchr(line.ptr, '=', line.len);
		size_t len = equals ? (size_t)(equals - line.ptr) : line.len;
		pairs[i].name = lopt_str_make(line.ptr, len);
		if (equals)
			pairs[i].value = lopt_str_make(equals + 1, line.len - len - 1);
	}
	info->env = pairs;
	info->env_count = env.count;
	return LOPT_OK;
}

static enum lopt_status copy_pair(const struct loading *loading, const struct lopt_saved *at, struct lopt_pair *pair,
				  struct lopt_error *err)
{
	if (!json_is_string(at->value))
		return lopt_saved_wrong(at, err, "not a string");
	pair->name = lopt_arena_copy(loading->reader.arena, lopt_str_from(at->key));
	pair->value = lopt_arena_copy(loading->reader.arena,
				      lopt_str_make(json_string_value(at->value), json_string_length(at->value)));
	return pair->name.ptr && pair->value.ptr ? LOPT_OK : lopt_error_memory(err);
}

/* In their order: it is that of the names. */
static enum lopt_status read_pairs(const struct loading *loading, const struct lopt_saved *config, const char *key,
				   const struct lopt_pair **out, size_t *count, struct lopt_error *err)
{
	const struct lopt_saved map = lopt_saved_member(config, key);
	LOPT_TRY(lopt_saved_need_object(&map, err));
	struct lopt_pair *pairs =
		lopt_arena_zalloc(loading->reader.arena, json_object_size(map.value) + 1, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	json_t *object = (json_t *)map.value; /* jansson iterates over no const one */
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const struct lopt_saved pair = { .in = &map,
						 .key = json_object_iter_key(at),
						 .value = json_object_iter_value(at) };
		LOPT_TRY(copy_pair(loading, &pair, &pairs[(*count)++], err));
	}
	*out = pairs;
	return LOPT_OK;
}

static enum lopt_status read_image(const struct loading *loading, struct lopt_image_info *info, struct lopt_error *err)
{
	struct verified verified;
	const struct lopt_saved image = lopt_saved_member(loading->root, "image");
	LOPT_TRY(READ(loading, &image, image_fields, info, err));
	LOPT_TRY(READ(loading, &image, verified_fields, &verified, err));
	loading->making->result.digests_verified = verified.digests;
	const struct lopt_saved config = lopt_saved_member(&image, "config");
	LOPT_TRY(READ(loading, &config, config_fields, info, err));
	LOPT_TRY(read_env(loading, &config, info, err));
	LOPT_TRY(read_pairs(loading, &config, "labels", &info->labels, &info->label_count, err));
	return read_pairs(loading, &config, "settings", &info->settings, &info->setting_count, err);
}

/* Layers: some of it is of the image, some of the analysis. */

#define LAYER(name, kind)                                               \
	{                                                               \
#name, kind, offsetof(struct lopt_layer, name), 0, NULL \
	}
#define FIGURE(name, kind)                                                      \
	{                                                                       \
#name, kind, offsetof(struct lopt_layer_figures, name), 0, NULL \
	}

static const struct lopt_saved_field layer_fields[] = {
	LAYER(index, LOPT_SAVED_LAYER),		LAYER(diff_id, LOPT_SAVED_TEXT),      LAYER(digest, LOPT_SAVED_TEXT),
	LAYER(media_type, LOPT_SAVED_TEXT),	LAYER(compression, LOPT_SAVED_LABEL), LAYER(absent, LOPT_SAVED_BOOL),
	LAYER(whiteouts, LOPT_SAVED_COUNT),	LAYER(added, LOPT_SAVED_COUNT),	      LAYER(modified, LOPT_SAVED_COUNT),
	LAYER(metadata_only, LOPT_SAVED_COUNT), LAYER(removed, LOPT_SAVED_COUNT),
};

static const struct lopt_saved_field layer_sizes[] = {
	LAYER(size, LOPT_SAVED_COUNT),
	{ "compressed_size", LOPT_SAVED_COUNT, offsetof(struct lopt_layer, compressed_size), 0, NULL },
};

static const struct lopt_saved_field figure_fields[] = {
	FIGURE(created_by, LOPT_SAVED_TEXT),
	FIGURE(instruction, LOPT_SAVED_TEXT),
	FIGURE(line, LOPT_SAVED_LINE),
	FIGURE(entries, LOPT_SAVED_COUNT),
	FIGURE(files, LOPT_SAVED_COUNT),
	FIGURE(content_bytes, LOPT_SAVED_COUNT),
	FIGURE(wasted_bytes, LOPT_SAVED_COUNT),
	FIGURE(masked_bytes, LOPT_SAVED_COUNT),
	FIGURE(reclaimable_bytes, LOPT_SAVED_COUNT),
};

static enum lopt_status read_verified(const struct lopt_saved *at, struct lopt_layer *layer, struct lopt_error *err)
{
	const struct lopt_saved verified = lopt_saved_member(at, "digest_verified");
	if (!verified.value)
		return lopt_saved_wrong(&verified, err, "missing");
	if (!json_is_null(verified.value) && !json_is_boolean(verified.value))
		return lopt_saved_wrong(&verified, err, "neither true, false nor null");
	layer->verified = json_is_true(verified.value)	 ? LOPT_VERIFIED_TRUE
			  : json_is_null(verified.value) ? LOPT_VERIFIED_NOTHING
							 : LOPT_VERIFIED_NOT_CHECKED;
	return LOPT_OK;
}

static enum lopt_status read_layer(const struct loading *loading, const struct lopt_saved *at, struct lopt_layer *layer,
				   struct lopt_layer_figures *figures, struct lopt_error *err)
{
	const struct lopt_saved index = lopt_saved_member(at, "index");
	LOPT_TRY(READ(loading, at, layer_fields, layer, err));
	LOPT_TRY(READ(loading, at, figure_fields, figures, err));
	LOPT_TRY(read_verified(at, layer, err));
	if (layer->index != at->index)
		return lopt_saved_wrong(&index, err, "%zu, where %zu is due", layer->index, at->index);
	return layer->absent ? LOPT_OK : READ(loading, at, layer_sizes, layer, err);
}

static enum lopt_status read_layers(struct loading *loading, const struct lopt_image_info *info, struct lopt_error *err)
{
	const struct lopt_saved list = lopt_saved_member(loading->root, "layers");
	LOPT_TRY(lopt_saved_need_list(&list, err));
	size_t count = json_array_size(list.value);
	if (count > lopt_limits_default()->entries)
		return lopt_saved_wrong(&list, err, "%zu of them", count);
	struct lopt_layer *layers = lopt_arena_zalloc(loading->reader.arena, count + 1, sizeof *layers);
	struct lopt_layer_figures *figures = lopt_arena_zalloc(loading->reader.arena, count + 1, sizeof *figures);
	if (!layers || !figures)
		return lopt_error_memory(err);
	loading->reader.layers = count;
	for (size_t i = 0; i < count; i++) {
		const struct lopt_saved at = lopt_saved_item(&list, i);
		LOPT_TRY(read_layer(loading, &at, &layers[i], &figures[i], err));
	}
	loading->making->layers = figures;
	loading->making->result.layers = figures;
	LOPT_TRY(lopt_image_describe(&loading->making->described, info, layers, count, err));
	loading->making->result.image = loading->making->described;
	return LOPT_OK;
}

/* Lists. */

struct list {
	const char *name;
	const struct lopt_saved_field *fields;
	size_t field_count, row_size;
	/* what no table says; NULL: nothing */
	enum lopt_status (*finish)(const struct loading *loading, const struct lopt_saved *at, void *row,
				   struct lopt_error *err);
};

#define LIST(name, type, finish)                                                                                  \
	{                                                                                                         \
#name, name##_fields, sizeof name##_fields / sizeof name##_fields[0], sizeof(struct type), finish \
	}

#define WASTE(name, kind)                                                   \
	{                                                                   \
#name, kind, offsetof(struct lopt_waste_row, name), 0, NULL \
	}

static const char *const causes[] = { NULL, "overwritten", "metadata_only", "removed", NULL };
static const char *const levels[] = { NULL, "safe", "standard", "aggressive", NULL };
static const char *const severities[] = { "info", "warning", "error", NULL };

static const struct lopt_saved_field waste_fields[] = {
	WASTE(path, LOPT_SAVED_NAME),
	WASTE(bytes, LOPT_SAVED_COUNT),
	WASTE(files, LOPT_SAVED_COUNT),
	WASTE(layer, LOPT_SAVED_LAYER),
	WASTE(masked_by, LOPT_SAVED_LAYER),
	{ "cause", LOPT_SAVED_WORD, offsetof(struct lopt_waste_row, cause), 0, causes },
};

#define KNOWN(name, kind)                                                   \
	{                                                                   \
#name, kind, offsetof(struct lopt_known_row, name), 0, NULL \
	}

static const struct lopt_saved_field known_fields[] = {
	KNOWN(rule, LOPT_SAVED_LABEL),
	{ "level", LOPT_SAVED_WORD, offsetof(struct lopt_known_row, level), 0, levels },
	KNOWN(layer, LOPT_SAVED_LAYER),
	KNOWN(bytes, LOPT_SAVED_COUNT),
	KNOWN(files, LOPT_SAVED_COUNT),
	{ "paths", LOPT_SAVED_NAMES, offsetof(struct lopt_known_row, paths),
	  offsetof(struct lopt_known_row, path_count), NULL },
	KNOWN(largest, LOPT_SAVED_NAME_OR_NULL),
	KNOWN(what, LOPT_SAVED_ADVICE),
	KNOWN(effect, LOPT_SAVED_SENTENCE),
	KNOWN(advice, LOPT_SAVED_ADVICE),
};

#define DUPLICATE(name, kind)                                                   \
	{                                                                       \
#name, kind, offsetof(struct lopt_duplicate_row, name), 0, NULL \
	}

static const struct lopt_saved_field duplicates_fields[] = {
	DUPLICATE(size, LOPT_SAVED_COUNT),
	DUPLICATE(count, LOPT_SAVED_COUNT),
	DUPLICATE(bytes, LOPT_SAVED_COUNT),
};

#define PACKAGE(name, kind)                                                   \
	{                                                                     \
#name, kind, offsetof(struct lopt_package_row, name), 0, NULL \
	}

static const struct lopt_saved_field packages_fields[] = {
	PACKAGE(manager, LOPT_SAVED_LABEL_OR_NULL),
	PACKAGE(name, LOPT_SAVED_NAME_OR_NULL),
	PACKAGE(version, LOPT_SAVED_NAME_OR_NULL),
	PACKAGE(bytes, LOPT_SAVED_COUNT),
	PACKAGE(own_bytes, LOPT_SAVED_COUNT_OR_NULL),
	PACKAGE(files, LOPT_SAVED_COUNT),
	{ "layers", LOPT_SAVED_LAYERS, offsetof(struct lopt_package_row, layers),
	  offsetof(struct lopt_package_row, layer_count), NULL },
	PACKAGE(recommended_only, LOPT_SAVED_BOOL),
	{ "recommended_by", LOPT_SAVED_NAMES, offsetof(struct lopt_package_row, recommended_by),
	  offsetof(struct lopt_package_row, recommended_by_count), NULL },
	PACKAGE(brings_packages, LOPT_SAVED_COUNT_OR_NULL),
	PACKAGE(brings_bytes, LOPT_SAVED_COUNT_OR_NULL),
	PACKAGE(unneeded, LOPT_SAVED_BOOL),
};

#define DIRECTORY(name, kind)                                                   \
	{                                                                       \
#name, kind, offsetof(struct lopt_directory_row, name), 0, NULL \
	}

static const struct lopt_saved_field directories_fields[] = {
	DIRECTORY(path, LOPT_SAVED_NAME),
	DIRECTORY(bytes, LOPT_SAVED_COUNT),
	DIRECTORY(files, LOPT_SAVED_COUNT),
};

#define FINDING(name, kind)                                               \
	{                                                                 \
#name, kind, offsetof(struct lopt_finding, name), 0, NULL \
	}

static const struct lopt_saved_field findings_fields[] = {
	FINDING(rule, LOPT_SAVED_LABEL),
	{ "severity", LOPT_SAVED_WORD, offsetof(struct lopt_finding, severity), 0, severities },
	{ "level", LOPT_SAVED_WORD_OR_NULL, offsetof(struct lopt_finding, level), 0, levels },
	FINDING(message, LOPT_SAVED_NAME_OR_NULL),
	FINDING(bytes, LOPT_SAVED_COUNT),
	FINDING(layer, LOPT_SAVED_LAYER_OR_NULL),
	FINDING(line, LOPT_SAVED_LINE),
	{ "paths", LOPT_SAVED_NAMES, offsetof(struct lopt_finding, paths), offsetof(struct lopt_finding, path_count),
	  NULL },
	FINDING(largest, LOPT_SAVED_NAME_OR_NULL),
	FINDING(advice, LOPT_SAVED_NAME_OR_NULL),
};

/* From `digits` of lower-case hex, or NULL for null. */
static enum lopt_status need_hex(const struct lopt_saved *at, size_t digits, const char **out, struct lopt_error *err)
{
	*out = json_string_value(at->value);
	bool fits = *out && json_string_length(at->value) == digits && strspn(*out, "0123456789abcdef") == digits;
	return fits ? LOPT_OK : lopt_saved_wrong(at, err, "not %zu hex digits", digits);
}

static unsigned char hex_value(char digit)
{
	return (unsigned char)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static enum lopt_status finish_duplicate(const struct loading *loading, const struct lopt_saved *at, void *to,
					 struct lopt_error *err)
{
	struct paths {
		const struct lopt_str *items;
		size_t count;
	} paths = { 0 };
	static const struct lopt_saved_field fields[] = {
		{ "paths", LOPT_SAVED_NAMES, offsetof(struct paths, items), offsetof(struct paths, count), NULL },
	};
	struct lopt_duplicate_row *row = to;
	const struct lopt_saved list = lopt_saved_member(at, "paths");
	const struct lopt_saved sha256 = lopt_saved_member(at, "sha256");
	const char *digits;
	LOPT_TRY(READ(loading, at, fields, &paths, err));
	if (paths.count != row->count || paths.count == 0)
		return lopt_saved_wrong(&list, err, "%zu of them, for a count of %llu", paths.count,
					(unsigned long long)row->count);
	row->paths = paths.items;
	row->content = LOPT_NO_CONTENT;
	if (json_is_null(sha256.value))
		return LOPT_OK;
	LOPT_TRY(need_hex(&sha256, 2 * sizeof row->sha256, &digits, err));
	for (size_t i = 0; i < sizeof row->sha256; i++)
		row->sha256[i] = (unsigned char)(hex_value(digits[2 * i]) << 4 | hex_value(digits[2 * i + 1]));
	row->has_sha256 = true;
	return LOPT_OK;
}

static enum lopt_status finish_package(const struct loading *loading, const struct lopt_saved *at, void *to,
				       struct lopt_error *err)
{
	struct lopt_package_row *row = to;
	const struct lopt_saved own = lopt_saved_member(at, "own_bytes");
	bool has_base = loading->making->result.has_base;
	if (json_is_null(own.value) == has_base)
		return lopt_saved_wrong(&own, err, has_base ? "null, and there is a base" : "not null, without a base");
	if (!has_base)
		row->own_bytes = row->bytes;
	return LOPT_OK;
}

/* Where its bytes are: the row it sums up may have been cut, so it gets one of its own. */
struct held {
	size_t by;
	enum lopt_cause cause;
};
static const struct lopt_saved_field held_fields[] = {
	{ "held_by", LOPT_SAVED_LAYER_OR_NULL, offsetof(struct held, by), 0, NULL },
	{ "cause", LOPT_SAVED_WORD_OR_NULL, offsetof(struct held, cause), 0, causes },
};

static enum lopt_status finish_finding(const struct loading *loading, const struct lopt_saved *at, void *to,
				       struct lopt_error *err)
{
	struct lopt_finding *finding = to;
	struct held held = { 0 };
	const struct lopt_saved fingerprint = lopt_saved_member(at, "fingerprint");
	const struct lopt_saved by = lopt_saved_member(at, "held_by");
	const char *digits;
	LOPT_TRY(need_hex(&fingerprint, sizeof finding->fingerprint - 1, &digits, err));
	memcpy(finding->fingerprint, digits, sizeof finding->fingerprint);
	LOPT_TRY(READ(loading, at, held_fields, &held, err));
	if (!held.cause)
		return held.by == finding->layer
			       ? LOPT_OK
			       : lopt_saved_wrong(&by, err, "another layer than \"layer\", and there is no \"cause\"");
	if (held.by == LOPT_NO_LAYER || finding->layer == LOPT_NO_LAYER)
		return lopt_saved_wrong(&by, err, "a \"cause\" takes this and \"layer\"");
	struct lopt_waste_row *row = lopt_arena_zalloc(loading->reader.arena, 1, sizeof *row);
	if (!row)
		return lopt_error_memory(err);
	row->path = finding->largest;
	row->layer = held.by;
	row->masked_by = finding->layer;
	row->cause = held.cause;
	finding->waste = row;
	return LOPT_OK;
}

static const struct list waste_list = LIST(waste, lopt_waste_row, NULL);
static const struct list known_list = LIST(known, lopt_known_row, NULL);
static const struct list duplicates_list = LIST(duplicates, lopt_duplicate_row, finish_duplicate);
static const struct list packages_list = LIST(packages, lopt_package_row, finish_package);
static const struct list directories_list = LIST(directories, lopt_directory_row, NULL);
static const struct list findings_list = LIST(findings, lopt_finding, finish_finding);

/* Rows are made room for as they turn out to be some: a list of a million zeros takes none. */
static enum lopt_status gather(const struct loading *loading, const struct list *list, const struct lopt_saved *at,
			       char **rows, struct lopt_error *err)
{
	size_t cap = 0;
	for (size_t i = 0; i < json_array_size(at->value); i++) {
		const struct lopt_saved item = lopt_saved_item(at, i);
		char *grown = lopt_grow(*rows, &cap, i + 1, list->row_size);
		if (!grown)
			return lopt_error_memory(err);
		*rows = grown;
		char *row = grown + i * list->row_size;
		memset(row, 0, list->row_size);
		LOPT_TRY(read_fields(loading, &item, list->fields, list->field_count, row, err));
		if (list->finish)
			LOPT_TRY(list->finish(loading, &item, row, err));
	}
	return LOPT_OK;
}

static enum lopt_status read_list(const struct loading *loading, const struct list *list, const void **out,
				  size_t *count, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *rows = NULL;
	const struct lopt_saved at = lopt_saved_member(loading->root, list->name);
	LOPT_TRY(lopt_saved_need_list(&at, err));
	LOPT_TRY(gather(loading, list, &at, &rows, err));
	*count = json_array_size(at.value);
	void *kept = lopt_arena_zalloc(loading->reader.arena, *count + 1, list->row_size);
	if (!kept)
		return lopt_error_memory(err);
	if (rows)
		memcpy(kept, rows, *count * list->row_size);
	*out = kept;
	return LOPT_OK;
}

static enum lopt_status read_lists(const struct loading *loading, struct lopt_error *err)
{
	struct lopt_analysis *result = &loading->making->result;
	const void *rows = NULL;
	LOPT_TRY(read_list(loading, &waste_list, &rows, &result->waste_count, err));
	result->waste = rows;
	LOPT_TRY(read_list(loading, &known_list, &rows, &result->known_count, err));
	result->known = rows;
	LOPT_TRY(read_list(loading, &duplicates_list, &rows, &result->duplicate_count, err));
	result->duplicates = rows;
	LOPT_TRY(read_list(loading, &packages_list, &rows, &result->package_count, err));
	result->packages = rows;
	LOPT_TRY(read_list(loading, &directories_list, &rows, &result->directory_count, err));
	result->directories = rows;
	LOPT_TRY(read_list(loading, &findings_list, &rows, &result->finding_count, err));
	result->findings = rows;
	return LOPT_OK;
}

/* What was cut of them. */

static const struct lopt_saved_field omitted_fields[] = {
	{ "rows", LOPT_SAVED_COUNT, offsetof(struct lopt_omitted, rows), 0, NULL },
	{ "bytes", LOPT_SAVED_COUNT, offsetof(struct lopt_omitted, bytes), 0, NULL },
};

static enum lopt_status read_omitted(const struct loading *loading, struct lopt_error *err)
{
	struct lopt_analysis *result = &loading->making->result;
	const struct {
		const char *name;
		struct lopt_omitted *to;
	} lists[] = {
		{ "waste", &result->omitted.waste },
		{ "known", &result->omitted.known },
		{ "duplicates", &result->omitted.duplicates },
		{ "packages", &result->omitted.packages },
		{ "recommended_only", &result->omitted.recommended },
		{ "directories", &result->omitted.directories },
		{ "findings", &result->omitted.findings },
	};
	const struct lopt_saved omitted = lopt_saved_member(loading->root, "omitted");
	LOPT_TRY(lopt_saved_need_object(&omitted, err));
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const struct lopt_saved list = lopt_saved_member(&omitted, lists[i].name);
		LOPT_TRY(READ(loading, &list, omitted_fields, lists[i].to, err));
	}
	return LOPT_OK;
}

struct given {
	bool dockerfile;
};
static const struct lopt_saved_field given_fields[] = {
	{ "dockerfile_given", LOPT_SAVED_BOOL, offsetof(struct given, dockerfile), 0, NULL },
};

static enum lopt_status load(struct loading *loading, struct lopt_error *err)
{
	struct given given;
	struct lopt_image_info *info = lopt_arena_zalloc(loading->reader.arena, 1, sizeof *info);
	if (!info)
		return lopt_error_memory(err);
	LOPT_TRY(check_schema(loading, err));
	LOPT_TRY(read_image(loading, info, err));
	LOPT_TRY(read_layers(loading, info, err));
	LOPT_TRY(read_all_totals(loading, err));
	LOPT_TRY(read_lists(loading, err));
	LOPT_TRY(read_omitted(loading, err));
	LOPT_TRY(READ(loading, loading->root, given_fields, &given, err));
	loading->making->result.dockerfile_given = given.dockerfile;
	return LOPT_OK;
}

enum lopt_status lopt_analysis_load(const struct lopt_analysis **out, struct lopt_str json, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *document = NULL;
	LOPT_TRY(lopt_saved_parse(&document, json, err));
	struct lopt_making *making = calloc(1, sizeof *making);
	if (!making)
		return lopt_error_memory(err);
	lopt_arena_init(&making->arena, SIZE_MAX);
	const struct lopt_saved root = { .value = document, .text = json };
	struct loading loading = { .making = making, .reader = { .arena = &making->arena }, .root = &root };
	enum lopt_status status = load(&loading, err);
	if (status == LOPT_OK)
		*out = &making->result;
	else
		lopt_analysis_free(&making->result);
	return status;
}
