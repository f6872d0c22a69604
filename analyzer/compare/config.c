/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/secrets.h"
#include "compare/inner.h"

static const struct lopt_str nothing;

static enum lopt_status differ(struct lopt_comparison *to, const char *kind, struct lopt_str name,
			       struct lopt_str before, struct lopt_str after, struct lopt_error *err)
{
	struct lopt_config_difference *items =
		lopt_grow(to->config, &to->config_cap, to->config_count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	to->config = items;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf member = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_buf_text(&member, kind);
	if (name.len)
		lopt_buf_char(&member, ' ');
	lopt_buf_str(&member, name);
	struct lopt_config_difference *item = &items[to->config_count];
	*item = (struct lopt_config_difference){
		.member = lopt_arena_copy(&to->arena, lopt_buf_view(&member)),
		.before = before,
		.after = after,
	};
	if (member.failed || !item->member.ptr)
		return lopt_error_memory(err);
	to->config_count++;
	return LOPT_OK;
}

/* Equal as they are: is that all that can be said, because something in it is masked? */
static void count_masked(struct lopt_comparison *to, bool masked, struct lopt_str value)
{
	if (masked && value.len && memmem(value.ptr, value.len, "***", 3))
		to->masked++;
}

static struct lopt_str none_if_empty(struct lopt_str text)
{
	return text.len ? text : nothing;
}

static enum lopt_status compare_text(struct lopt_comparison *to, const char *kind, struct lopt_str before,
				     struct lopt_str after, struct lopt_error *err)
{
	if (lopt_str_equal(before, after))
		return LOPT_OK;
	return differ(to, kind, nothing, none_if_empty(before), none_if_empty(after), err);
}

/* ["a", "b"] as one text. */
static enum lopt_status join(struct lopt_str *out, struct lopt_comparison *to, const struct lopt_str *words,
			     size_t count, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < count; i++) {
		lopt_buf_text(&text, i ? ", \"" : "[\"");
		lopt_buf_str(&text, words[i]);
		lopt_buf_char(&text, '"');
	}
	if (count)
		lopt_buf_char(&text, ']');
	*out = lopt_arena_copy(&to->arena, lopt_buf_view(&text));
	return text.failed || !out->ptr ? lopt_error_memory(err) : LOPT_OK;
}

static bool same_words(const struct lopt_str *a, size_t n, const struct lopt_str *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!lopt_str_equal(a[i], b[i]))
			return false;
	return true;
}

struct words {
	const struct lopt_str *items;
	size_t count;
};

static enum lopt_status compare_words(struct lopt_comparison *to, const char *kind, bool masked, struct words a,
				      struct words b, struct lopt_error *err)
{
	struct lopt_str before, after;
	if (same_words(a.items, a.count, b.items, b.count)) {
		for (size_t i = 0; i < a.count; i++)
			count_masked(to, masked, a.items[i]);
		return LOPT_OK;
	}
	LOPT_TRY(join(&before, to, a.items, a.count, err));
	LOPT_TRY(join(&after, to, b.items, b.count, err));
	return differ(to, kind, nothing, before, after, err);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct lopt_pair *x = a, *y = b;
	return lopt_str_compare(x->name, y->name);
}

static struct lopt_pair *sorted(struct lopt_arena *arena, const struct lopt_pair *pairs, size_t count)
{
	struct lopt_pair *copy = lopt_arena_zalloc(arena, count + 1, sizeof *copy);
	if (!copy)
		return NULL;
	if (count)
		memcpy(copy, pairs, count * sizeof *copy);
	qsort(copy, count, sizeof *copy, compare_pairs);
	return copy;
}

/* Labels that builders add on their own. */
static bool is_noise(const char *kind, struct lopt_str name)
{
	return strcmp(kind, "Labels") == 0 && lopt_str_is(name, "io.buildah.version");
}

struct map {
	const struct lopt_pair *items;
	size_t count;
};

static enum lopt_status compare_maps(struct lopt_comparison *to, const char *kind, bool masked, struct map a,
				     struct map b, struct lopt_error *err)
{
	struct lopt_pair *x = sorted(&to->arena, a.items, a.count), *y = sorted(&to->arena, b.items, b.count);
	if (!x || !y)
		return lopt_error_memory(err);
	for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
		int order = i == a.count ? 1 : j == b.count ? -1 : lopt_str_compare(x[i].name, y[j].name);
		struct lopt_str name = order <= 0 ? x[i].name : y[j].name;
		struct lopt_str before = order <= 0 ? x[i++].value : nothing;
		struct lopt_str after = order >= 0 ? y[j++].value : nothing;
		if (is_noise(kind, name))
			continue;
		if (order != 0 || !lopt_str_equal(before, after))
			LOPT_TRY(differ(to, kind, name, before, after, err));
		else
			count_masked(to, masked, before);
	}
	return LOPT_OK;
}

static bool same_order(const struct lopt_pair *a, size_t n, const struct lopt_pair *b, size_t m)
{
	for (size_t i = 0; i < n && i < m; i++)
		if (!lopt_str_equal(a[i].name, b[i].name))
			return false;
	return true;
}

static enum lopt_status compare_what_may_hide(struct lopt_comparison *to, const struct lopt_image_info *a,
					      const struct lopt_image_info *b, bool masked, struct lopt_error *err)
{
	LOPT_TRY(compare_maps(to, "Env", masked, (struct map){ a->env, a->env_count },
			      (struct map){ b->env, b->env_count }, err));
	to->env_order = to->config_count == 0 && !same_order(a->env, a->env_count, b->env, b->env_count);
	LOPT_TRY(compare_maps(to, "Labels", masked, (struct map){ a->labels, a->label_count },
			      (struct map){ b->labels, b->label_count }, err));
	LOPT_TRY(compare_maps(to, "Config", masked, (struct map){ a->settings, a->setting_count },
			      (struct map){ b->settings, b->setting_count }, err));
	LOPT_TRY(compare_words(to, "Cmd", masked, (struct words){ a->cmd, a->cmd_count },
			       (struct words){ b->cmd, b->cmd_count }, err));
	return compare_words(to, "Entrypoint", masked, (struct words){ a->entrypoint, a->entrypoint_count },
			     (struct words){ b->entrypoint, b->entrypoint_count }, err);
}

enum lopt_status lopt_config_compare(struct lopt_comparison *to, const struct lopt_image_info *a,
				     const struct lopt_image_info *b, bool masked, struct lopt_error *err)
{
	LOPT_TRY(compare_what_may_hide(to, a, b, masked, err));
	LOPT_TRY(compare_words(to, "ExposedPorts", false, (struct words){ a->exposed_ports, a->exposed_port_count },
			       (struct words){ b->exposed_ports, b->exposed_port_count }, err));
	LOPT_TRY(compare_words(to, "Volumes", false, (struct words){ a->volumes, a->volume_count },
			       (struct words){ b->volumes, b->volume_count }, err));
	LOPT_TRY(compare_text(to, "WorkingDir", a->working_dir, b->working_dir, err));
	LOPT_TRY(compare_text(to, "User", a->user, b->user, err));
	LOPT_TRY(compare_text(to, "os", a->os, b->os, err));
	LOPT_TRY(compare_text(to, "architecture", a->architecture, b->architecture, err));
	return compare_text(to, "variant", a->variant, b->variant, err);
}

/* --- masking --- */

static enum lopt_status mask_words(const struct lopt_str **out, struct lopt_arena *arena, struct words words,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_str *masked = lopt_arena_zalloc(arena, words.count + 1, sizeof *masked);
	if (!masked)
		return lopt_error_memory(err);
	for (size_t i = 0; i < words.count; i++) {
		lopt_buf_clear(&text);
		lopt_secret_mask(&text, words.items[i]);
		masked[i] = lopt_arena_copy(arena, lopt_buf_view(&text));
		if (text.failed || !masked[i].ptr)
			return lopt_error_memory(err);
	}
	*out = masked;
	return LOPT_OK;
}

static enum lopt_status mask_map(const struct lopt_pair **out, struct lopt_arena *arena, struct map map,
				 struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_pair *masked = lopt_arena_zalloc(arena, map.count + 1, sizeof *masked);
	if (!masked)
		return lopt_error_memory(err);
	for (size_t i = 0; i < map.count; i++) {
		lopt_buf_clear(&text);
		lopt_secret_mask_value(&text, map.items[i].name, map.items[i].value);
		masked[i].name = map.items[i].name;
		masked[i].value = lopt_arena_copy(arena, lopt_buf_view(&text));
		if (text.failed || !masked[i].value.ptr)
			return lopt_error_memory(err);
	}
	*out = masked;
	return LOPT_OK;
}

enum lopt_status lopt_config_mask(const struct lopt_image_info **out, struct lopt_arena *arena,
				  const struct lopt_image_info *info, struct lopt_error *err)
{
	struct lopt_image_info *masked = lopt_arena_zalloc(arena, 1, sizeof *masked);
	if (!masked)
		return lopt_error_memory(err);
	*masked = *info;
	LOPT_TRY(mask_map(&masked->env, arena, (struct map){ info->env, info->env_count }, err));
	LOPT_TRY(mask_map(&masked->labels, arena, (struct map){ info->labels, info->label_count }, err));
	LOPT_TRY(mask_map(&masked->settings, arena, (struct map){ info->settings, info->setting_count }, err));
	LOPT_TRY(mask_words(&masked->cmd, arena, (struct words){ info->cmd, info->cmd_count }, err));
	LOPT_TRY(mask_words(&masked->entrypoint, arena, (struct words){ info->entrypoint, info->entrypoint_count },
			    err));
	*out = masked;
	return LOPT_OK;
}
