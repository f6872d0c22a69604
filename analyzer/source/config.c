/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/plan.h"

static int compare_strings(const void *a, const void *b)
{
	const struct lopt_str *x = a, *y = b;
	return lopt_str_compare(*x, *y);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct lopt_pair *x = a, *y = b;
	return lopt_str_compare(x->name, y->name);
}

/* The keys of an object, sorted: exposed ports and volumes are written as sets. */
static enum lopt_status read_set(const struct lopt_str **out, size_t *count, struct lopt_plan *plan,
				 const json_t *object, const char *key, struct lopt_error *err)
{
	const json_t *set;
	LOPT_TRY(lopt_value_object(&set, object, key, err));
	size_t n = json_object_size(set), at = 0;
	if (n == 0)
		return LOPT_OK;
	struct lopt_str *names = lopt_arena_zalloc(&plan->bundle->arena, n, sizeof *names);
	if (!names)
		return lopt_error_memory(err);
	const char *name;
	json_t *unused;
	json_object_foreach((json_t *)(uintptr_t)set, name, unused)
	{
		names[at] = lopt_arena_copy(&plan->bundle->arena, lopt_str_from(name));
		if (!names[at++].ptr)
			return lopt_error_memory(err);
	}
	qsort(names, n, sizeof *names, compare_strings);
	*out = names;
	*count = n;
	return LOPT_OK;
}

static enum lopt_status read_labels(struct lopt_plan *plan, const json_t *config, struct lopt_error *err)
{
	const json_t *labels;
	LOPT_TRY(lopt_value_object(&labels, config, "Labels", err));
	size_t n = json_object_size(labels), at = 0;
	if (n == 0)
		return LOPT_OK;
	struct lopt_pair *pairs = lopt_arena_zalloc(&plan->bundle->arena, n, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)labels, name, value)
	{
		if (!json_is_string(value))
			return lopt_error_set(err, LOPT_E_INPUT, "Labels: %s: not a string", name);
		pairs[at].name = lopt_arena_copy(&plan->bundle->arena, lopt_str_from(name));
		pairs[at].value = lopt_arena_copy(&plan->bundle->arena,
						  lopt_str_make(json_string_value(value), json_string_length(value)));
		if (!pairs[at].name.ptr || !pairs[at].value.ptr)
			return lopt_error_memory(err);
		at++;
	}
	qsort(pairs, n, sizeof *pairs, compare_pairs);
	plan->bundle->info.labels = pairs;
	plan->bundle->info.label_count = n;
	return LOPT_OK;
}

/* "NAME=VALUE", split at the first "="; without one all of it is the name. */
static enum lopt_status read_env(struct lopt_plan *plan, const json_t *config, struct lopt_error *err)
{
	const struct lopt_str *lines;
	size_t n;
	LOPT_TRY(lopt_value_strings(&lines, &n, &plan->bundle->arena, config, "Env", err));
	if (n == 0)
		return LOPT_OK;
	struct lopt_pair *pairs = lopt_arena_zalloc(&plan->bundle->arena, n, sizeof *pairs);
	if (!pairs)
		return lopt_error_memory(err);
	for (size_t i = 0; i < n; i++) {
		const char *sign = memchr(lines[i].ptr, '=', lines[i].len);
		size_t len = sign ? (size_t)(sign - lines[i].ptr) : lines[i].len;
		size_t rest = sign ? len + 1 : len;
		pairs[i].name = lopt_str_make(lines[i].ptr, len);
		pairs[i].value = lopt_str_make(lines[i].ptr + rest, lines[i].len - rest);
	}
	plan->bundle->info.env = pairs;
	plan->bundle->info.env_count = n;
	return LOPT_OK;
}

/* Members that are read one by one, or that say how the image was built and not how it runs. */
static bool is_setting(const char *name, const json_t *value)
{
	static const char *const others[] = { "WorkingDir",   "User",	      "Env",	 "Entrypoint",
					      "Cmd",	      "ExposedPorts", "Volumes", "Labels",
					      "Hostname",     "Domainname",   "Image",	 "AttachStdin",
					      "AttachStdout", "AttachStderr", "Tty",	 "OpenStdin",
					      "StdinOnce",    "ArgsEscaped" };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(name, others[i]) == 0)
			return false;
	bool empty = json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0) ||
		     (json_is_array(value) && json_array_size(value) == 0) ||
		     (json_is_object(value) && json_object_size(value) == 0);
	return !empty;
}

static enum lopt_status read_setting(struct lopt_plan *plan, struct lopt_pair *pair, const char *name,
				     const json_t *value, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_TRY(lopt_value_print(&text, value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY, err));
	pair->name = lopt_arena_copy(&plan->bundle->arena, lopt_str_from(name));
	pair->value = lopt_arena_copy(&plan->bundle->arena, lopt_buf_view(&text));
	return pair->name.ptr && pair->value.ptr ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status read_settings(struct lopt_plan *plan, const json_t *config, struct lopt_error *err)
{
	struct lopt_pair *pairs = lopt_arena_zalloc(&plan->bundle->arena, json_object_size(config) + 1, sizeof *pairs);
	size_t count = 0;
	const char *name;
	json_t *value;
	if (!pairs)
		return lopt_error_memory(err);
	json_object_foreach((json_t *)(uintptr_t)config, name, value)
	{
		if (is_setting(name, value))
			LOPT_TRY(read_setting(plan, &pairs[count++], name, value, err));
	}
	qsort(pairs, count, sizeof *pairs, compare_pairs);
	plan->bundle->info.settings = pairs;
	plan->bundle->info.setting_count = count;
	return LOPT_OK;
}

static enum lopt_status read_runtime(struct lopt_plan *plan, const json_t *image, struct lopt_error *err)
{
	struct lopt_image_info *info = &plan->bundle->info;
	struct lopt_arena *arena = &plan->bundle->arena;
	const json_t *config;
	LOPT_TRY(lopt_value_object(&config, image, "config", err));
	if (!config)
		return LOPT_OK;
	LOPT_TRY(lopt_value_copy(&info->working_dir, arena, config, "WorkingDir", err));
	LOPT_TRY(lopt_value_copy(&info->user, arena, config, "User", err));
	LOPT_TRY(read_env(plan, config, err));
	LOPT_TRY(lopt_value_strings(&info->entrypoint, &info->entrypoint_count, arena, config, "Entrypoint", err));
	LOPT_TRY(lopt_value_strings(&info->cmd, &info->cmd_count, arena, config, "Cmd", err));
	LOPT_TRY(read_set(&info->exposed_ports, &info->exposed_port_count, plan, config, "ExposedPorts", err));
	LOPT_TRY(read_set(&info->volumes, &info->volume_count, plan, config, "Volumes", err));
	LOPT_TRY(read_labels(plan, config, err));
	return read_settings(plan, config, err);
}

/* A null diff_ids is what an image without layers has; a missing one is not. */
static enum lopt_status read_rootfs(struct lopt_plan *plan, const json_t *image, struct lopt_error *err)
{
	const json_t *rootfs;
	struct lopt_str type;
	LOPT_TRY(lopt_value_object(&rootfs, image, "rootfs", err));
	if (!rootfs)
		return lopt_error_set(err, LOPT_E_INPUT, "not a container image: the configuration has no rootfs");
	LOPT_TRY(lopt_value_string(&type, rootfs, "type", err));
	if (!lopt_str_is(type, "layers"))
		return lopt_error_set(err, LOPT_E_INPUT, "rootfs.type: \"%.*s\", expected \"layers\"",
				      LOPT_STR_ARGS(type));
	if (!json_object_get(rootfs, "diff_ids"))
		return lopt_error_set(err, LOPT_E_INPUT, "rootfs.diff_ids: missing");
	enum lopt_status status = lopt_value_strings(&plan->diff_ids, &plan->diff_id_count, &plan->bundle->arena,
						     rootfs, "diff_ids", err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "rootfs");
	if (plan->diff_id_count > plan->limits->layers)
		return lopt_error_set(err, LOPT_E_LIMIT, "%zu layers, the ceiling is %llu (--limit layers=N)",
				      plan->diff_id_count, (unsigned long long)plan->limits->layers);
	for (size_t i = 0; i < plan->diff_id_count; i++) {
		struct lopt_digest digest;
		if (lopt_digest_parse(&digest, plan->diff_ids[i], err) != LOPT_OK)
			return lopt_error_context(err, "rootfs.diff_ids[%zu]", i);
	}
	return LOPT_OK;
}

static enum lopt_status read_created(struct lopt_plan *plan, const json_t *image, struct lopt_error *err)
{
	struct lopt_bundle *bundle = plan->bundle;
	LOPT_TRY(lopt_value_copy(&bundle->info.created, &bundle->arena, image, "created", err));
	if (bundle->info.created.len == 0 || lopt_date_valid(bundle->info.created))
		return LOPT_OK;
	return lopt_notes_add(&bundle->notes, "bad-date", LOPT_WARNING, LOPT_NO_LAYER, lopt_str_from(""), err,
			      "the configuration's \"created\" is not a date: %.*s",
			      LOPT_STR_ARGS(bundle->info.created));
}

static enum lopt_status read_config(struct lopt_plan *plan, const json_t *image, struct lopt_error *err)
{
	struct lopt_image_info *info = &plan->bundle->info;
	struct lopt_arena *arena = &plan->bundle->arena;
	if (!json_is_object(image))
		return lopt_error_set(err, LOPT_E_INPUT, "not a container image: the configuration is not an object");
	LOPT_TRY(read_rootfs(plan, image, err));
	LOPT_TRY(lopt_value_copy(&info->os, arena, image, "os", err));
	LOPT_TRY(lopt_value_copy(&info->architecture, arena, image, "architecture", err));
	LOPT_TRY(lopt_value_copy(&info->variant, arena, image, "variant", err));
	LOPT_TRY(read_created(plan, image, err));
	LOPT_TRY(read_runtime(plan, image, err));
	return lopt_history_read(plan, image, err);
}

static enum lopt_status set_digest(struct lopt_plan *plan, struct lopt_error *err)
{
	char text[LOPT_DIGEST_TEXT_MAX];
	struct lopt_image_info *info = &plan->bundle->info;
	info->config_digest =
		lopt_arena_copy(&plan->bundle->arena, lopt_str_from(lopt_digest_format(text, &plan->config_digest)));
	return info->config_digest.ptr ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_config_read(struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *image = NULL;
	/* A descriptor is always held to its word; a mere file name only where digests are to be verified. */
	bool check = plan->config.has_size || plan->options->verify_digests;
	LOPT_TRY(lopt_claim_json(&image, plan, &plan->config, check, &plan->config_digest, err));
	LOPT_TRY(set_digest(plan, err));
	if (read_config(plan, image, err) == LOPT_OK)
		return LOPT_OK;
	return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(plan->config.name));
}
