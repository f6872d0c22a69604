/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "compare/listing.h"

/* While the header is read: where everything goes. */
struct header {
	struct lopt_arena *arena;
	struct lopt_buf *room;
	const struct lopt_limits *limits;
	struct lopt_image_info *info;
	struct lopt_analysis *analysis;
};

static struct lopt_fields fields_of(const struct header *header)
{
	return (struct lopt_fields){ .arena = header->arena, .room = header->room };
}

static enum lopt_status not_array(const struct lopt_fields *fields, size_t index, const char *of,
				  struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%s: not an array of %s", fields->keys[index], of);
}

/* How many elements an array has, or members an object; *good is false where it is neither. */
static size_t count_values(struct lopt_str text, char open, bool *good)
{
	struct lopt_scan scan;
	struct lopt_str key, value;
	size_t count = 0;
	lopt_scan_start(&scan, text, open);
	while (open == '[' ? lopt_scan_element(&scan, &value) : lopt_scan_member(&scan, &key, &value))
		count++;
	*good = lopt_scan_ended(&scan);
	return count;
}

/* --- the configuration --- */

static enum lopt_status take_words(const struct lopt_str **out, size_t *count, const struct lopt_fields *fields,
				   size_t index, struct lopt_error *err)
{
	struct lopt_scan scan;
	struct lopt_str value;
	bool good;
	LOPT_TRY(lopt_fields_need(fields, index, err));
	size_t have = count_values(fields->values[index], '[', &good), at = 0;
	if (!good)
		return not_array(fields, index, "strings", err);
	struct lopt_str *words = lopt_arena_zalloc(fields->arena, have + 1, sizeof *words);
	if (!words)
		return lopt_error_memory(err);
	lopt_scan_start(&scan, fields->values[index], '[');
	while (lopt_scan_element(&scan, &value)) {
		LOPT_TRY(lopt_fields_string(&words[at], fields, value, err));
		if (!words[at++].ptr)
			return not_array(fields, index, "strings", err);
	}
	*out = words;
	*count = at;
	return LOPT_OK;
}

static enum lopt_status take_map(const struct lopt_pair **out, size_t *count, const struct lopt_fields *fields,
				 size_t index, struct lopt_error *err)
{
	struct lopt_scan scan;
	struct lopt_str name, value;
	bool good;
	LOPT_TRY(lopt_fields_need(fields, index, err));
	size_t have = count_values(fields->values[index], '{', &good), at = 0;
	if (!good)
		return lopt_fields_wrong(fields, index, "an object of strings", err);
	struct lopt_pair *pairs = lopt_arena_zalloc(fields->arena, have + 1, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	lopt_scan_start(&scan, fields->values[index], '{');
	while (lopt_scan_member(&scan, &name, &value)) {
		LOPT_TRY(lopt_fields_string(&pairs[at].name, fields, name, err));
		LOPT_TRY(lopt_fields_string(&pairs[at].value, fields, value, err));
		if (!pairs[at].name.ptr || !pairs[at].value.ptr)
			return lopt_fields_wrong(fields, index, "an object of strings", err);
		at++;
	}
	*out = pairs;
	*count = at;
	return LOPT_OK;
}

/* "NAME=VALUE" each. */
static enum lopt_status take_env(struct lopt_image_info *info, const struct lopt_fields *fields, size_t index,
				 struct lopt_error *err)
{
	const struct lopt_str *lines = NULL;
	size_t count = 0;
	LOPT_TRY(take_words(&lines, &count, fields, index, err));
	struct lopt_pair *pairs = lopt_arena_zalloc(fields->arena, count + 1, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		const char *sign = memchr(lines[i].ptr, '=', lines[i].len);
		if (!sign)
			return not_array(fields, index, "NAME=VALUE", err);
		size_t len = (size_t)(sign - lines[i].ptr);
		pairs[i].name = lopt_str_make(lines[i].ptr, len);
		pairs[i].value = lopt_str_make(sign + 1, lines[i].len - len - 1);
	}
	info->env = pairs;
	info->env_count = count;
	return LOPT_OK;
}

static enum lopt_status take_config(const struct header *header, struct lopt_str text, struct lopt_error *err)
{
	enum { ENV, ENTRYPOINT, CMD, WORKING_DIR, USER, PORTS, VOLUMES, LABELS, SETTINGS, KEYS };
	static const char *const keys[] = { "env",	     "entrypoint", "cmd",    "working_dir", "user",
					    "exposed_ports", "volumes",	   "labels", "settings" };
	struct lopt_fields fields = fields_of(header);
	struct lopt_image_info *info = header->info;
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, text, err));
	LOPT_TRY(take_env(info, &fields, ENV, err));
	LOPT_TRY(take_words(&info->entrypoint, &info->entrypoint_count, &fields, ENTRYPOINT, err));
	LOPT_TRY(take_words(&info->cmd, &info->cmd_count, &fields, CMD, err));
	LOPT_TRY(lopt_fields_known(&info->working_dir, &fields, WORKING_DIR, err));
	LOPT_TRY(lopt_fields_known(&info->user, &fields, USER, err));
	LOPT_TRY(take_words(&info->exposed_ports, &info->exposed_port_count, &fields, PORTS, err));
	LOPT_TRY(take_words(&info->volumes, &info->volume_count, &fields, VOLUMES, err));
	LOPT_TRY(take_map(&info->labels, &info->label_count, &fields, LABELS, err));
	return take_map(&info->settings, &info->setting_count, &fields, SETTINGS, err);
}

static enum lopt_status take_image(const struct header *header, struct lopt_str text, struct lopt_error *err)
{
	enum { SOURCE, CONFIG_DIGEST, ARCHITECTURE, VARIANT, OS, CONFIG, KEYS };
	static const char *const keys[] = { "source", "config_digest", "architecture", "variant", "os", "config" };
	struct lopt_fields fields = fields_of(header);
	struct lopt_image_info *info = header->info;
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, text, err));
	LOPT_TRY(lopt_fields_text(&info->source, &fields, SOURCE, err));
	LOPT_TRY(lopt_fields_known(&info->config_digest, &fields, CONFIG_DIGEST, err));
	LOPT_TRY(lopt_fields_known(&info->architecture, &fields, ARCHITECTURE, err));
	LOPT_TRY(lopt_fields_known(&info->variant, &fields, VARIANT, err));
	LOPT_TRY(lopt_fields_known(&info->os, &fields, OS, err));
	LOPT_TRY(lopt_fields_need(&fields, CONFIG, err));
	if (take_config(header, fields.values[CONFIG], err) == LOPT_OK)
		return LOPT_OK;
	return lopt_error_context(err, "config");
}

/* --- figures --- */

static enum lopt_status take_totals(const struct header *header, struct lopt_str text, struct lopt_error *err)
{
	enum { LAYERS, PATHS, CONTENT, VISIBLE, WASTED, KEYS };
	static const char *const keys[] = { "layers", "paths", "content_bytes", "visible_bytes", "wasted_bytes" };
	struct lopt_totals *totals = &header->analysis->totals;
	uint64_t *const to[] = { &totals->layers, &totals->paths, &totals->content_bytes, &totals->visible_bytes,
				 &totals->wasted_bytes };
	struct lopt_fields fields = fields_of(header);
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, text, err));
	for (size_t i = 0; i < KEYS; i++)
		LOPT_TRY(lopt_fields_count(to[i], &fields, i, err));
	return LOPT_OK;
}

static enum lopt_status take_layer(const struct header *header, struct lopt_str *diff_id,
				   struct lopt_layer_figures *figures, struct lopt_str text, struct lopt_error *err)
{
	enum { DIFF_ID, INSTRUCTION, CONTENT, KEYS };
	static const char *const keys[] = { "diff_id", "instruction", "content_bytes" };
	struct lopt_fields fields = fields_of(header);
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, text, err));
	LOPT_TRY(lopt_fields_text(diff_id, &fields, DIFF_ID, err));
	LOPT_TRY(lopt_fields_known(&figures->instruction, &fields, INSTRUCTION, err));
	return lopt_fields_count(&figures->content_bytes, &fields, CONTENT, err);
}

static enum lopt_status take_layers(struct lopt_inventory *to, const struct header *header,
				    const struct lopt_fields *all, size_t index, struct lopt_error *err)
{
	struct lopt_scan scan;
	struct lopt_str value;
	bool good;
	size_t count = count_values(all->values[index], '[', &good), at = 0;
	if (!good)
		return not_array(all, index, "layers", err);
	if (count > header->limits->layers)
		return lopt_error_set(err, LOPT_E_LIMIT, "%zu layers, the ceiling is %llu (--limit layers=N)", count,
				      (unsigned long long)header->limits->layers);
	if (count != header->analysis->totals.layers)
		return lopt_error_set(err, LOPT_E_INPUT, "layers: %zu of them, and totals say %llu", count,
				      (unsigned long long)header->analysis->totals.layers);
	struct lopt_str *ids = lopt_arena_zalloc(to->arena, count + 1, sizeof *ids);
	struct lopt_layer_figures *figures = lopt_arena_zalloc(to->arena, count + 1, sizeof *figures);
	if (!ids || !figures)
		return lopt_error_memory(err);
	lopt_scan_start(&scan, all->values[index], '[');
	for (; lopt_scan_element(&scan, &value); at++)
		if (take_layer(header, &ids[at], &figures[at], value, err) != LOPT_OK)
			return lopt_error_context(err, "layers[%zu]", at);
	to->diff_ids = ids;
	to->layer_count = count;
	header->analysis->layers = figures;
	return LOPT_OK;
}

/* Reports print it as a word of their own. */
static bool is_manager(struct lopt_str name)
{
	enum { LEN_MAX = 16 };
	for (size_t i = 0; i < name.len; i++)
		if (!((name.ptr[i] | 32) >= 'a' && (name.ptr[i] | 32) <= 'z'))
			return false;
	return name.len && name.len <= LEN_MAX;
}

static enum lopt_status take_package(const struct header *header, struct lopt_package_row *row, struct lopt_str text,
				     struct lopt_error *err)
{
	enum { MANAGER, NAME, NAME_B64, VERSION, VERSION_B64, BYTES, KEYS };
	static const char *const keys[] = { "manager", "name", "name_b64", "version", "version_b64", "bytes" };
	struct lopt_fields fields = fields_of(header);
	struct lopt_str manager;
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, text, err));
	LOPT_TRY(lopt_fields_text(&manager, &fields, MANAGER, err));
	if (!is_manager(manager))
		return lopt_fields_wrong(&fields, MANAGER, "the name of a package manager", err);
	row->manager = manager.ptr;
	LOPT_TRY(lopt_fields_bytes(&row->name, &fields, NAME, NAME_B64, err));
	LOPT_TRY(lopt_fields_bytes(&row->version, &fields, VERSION, VERSION_B64, err));
	return lopt_fields_count(&row->bytes, &fields, BYTES, err);
}

static enum lopt_status take_packages(const struct header *header, const struct lopt_fields *all, size_t index,
				      struct lopt_error *err)
{
	struct lopt_scan scan;
	struct lopt_str value;
	bool good;
	size_t count = count_values(all->values[index], '[', &good), at = 0;
	if (!good)
		return not_array(all, index, "packages", err);
	struct lopt_package_row *rows = lopt_arena_zalloc(header->arena, count + 1, sizeof *rows);
	if (!rows)
		return lopt_error_memory(err);
	lopt_scan_start(&scan, all->values[index], '[');
	for (; lopt_scan_element(&scan, &value); at++)
		if (take_package(header, &rows[at], value, err) != LOPT_OK)
			return lopt_error_context(err, "packages[%zu]", at);
	header->analysis->packages = rows;
	header->analysis->package_count = count;
	return LOPT_OK;
}

/* --- all of it --- */

enum { LAYER, MASKED, IMAGE, TOTALS, LAYERS, PACKAGES, KEYS };
static const char *const keys[] = { "layer", "secrets_masked", "image", "totals", "layers", "packages" };

static enum lopt_status refuse_layer(const struct lopt_fields *fields, struct lopt_error *err)
{
	uint64_t layer;
	LOPT_TRY(lopt_fields_need(fields, LAYER, err));
	if (!lopt_fields_has(fields, LAYER))
		return LOPT_OK;
	LOPT_TRY(lopt_fields_count(&layer, fields, LAYER, err));
	return lopt_error_set(err, LOPT_E_USAGE, "it lists layer %llu, not a filesystem: save it without --layer",
			      (unsigned long long)layer);
}

enum lopt_status lopt_listing_header(struct lopt_inventory *to, uint64_t *paths, struct lopt_str line,
				     struct lopt_buf *room, const struct lopt_limits *limits, struct lopt_error *err)
{
	struct header header = { .arena = to->arena, .room = room, .limits = limits };
	struct lopt_fields fields = fields_of(&header);
	header.info = lopt_arena_zalloc(to->arena, 1, sizeof *header.info);
	header.analysis = lopt_arena_zalloc(to->arena, 1, sizeof *header.analysis);
	if (!header.info || !header.analysis)
		return lopt_error_memory(err);
	to->info = header.info;
	to->analysis = header.analysis;
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, line, err));
	LOPT_TRY(refuse_layer(&fields, err));
	LOPT_TRY(lopt_fields_flag(&to->masked, &fields, MASKED, err));
	for (size_t i = IMAGE; i < KEYS; i++)
		LOPT_TRY(lopt_fields_need(&fields, i, err));
	if (take_image(&header, fields.values[IMAGE], err) != LOPT_OK)
		return lopt_error_context(err, "image");
	if (take_totals(&header, fields.values[TOTALS], err) != LOPT_OK)
		return lopt_error_context(err, "totals");
	LOPT_TRY(take_layers(to, &header, &fields, LAYERS, err));
	LOPT_TRY(take_packages(&header, &fields, PACKAGES, err));
	*paths = header.analysis->totals.paths;
	return LOPT_OK;
}
