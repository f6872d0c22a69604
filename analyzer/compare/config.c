/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
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

static enum lopt_status compare_text(struct lopt_comparison *to, const char *kind, struct lopt_str before,
				     struct lopt_str after, struct lopt_error *err)
{
	return lopt_str_equal(before, after) ? LOPT_OK : differ(to, kind, nothing, before, after, err);
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

static enum lopt_status compare_words(struct lopt_comparison *to, const char *kind, const struct lopt_str *a, size_t n,
				      const struct lopt_str *b, size_t m, struct lopt_error *err)
{
	struct lopt_str before, after;
	if (same_words(a, n, b, m))
		return LOPT_OK;
	LOPT_TRY(join(&before, to, a, n, err));
	LOPT_TRY(join(&after, to, b, m, err));
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

static enum lopt_status compare_maps(struct lopt_comparison *to, const char *kind, const struct lopt_pair *a, size_t n,
				     const struct lopt_pair *b, size_t m, struct lopt_error *err)
{
	struct lopt_pair *x = sorted(&to->arena, a, n), *y = sorted(&to->arena, b, m);
	if (!x || !y)
		return lopt_error_memory(err);
	for (size_t i = 0, j = 0; i < n || j < m;) {
		int order = i == n ? 1 : j == m ? -1 : lopt_str_compare(x[i].name, y[j].name);
		struct lopt_str name = order <= 0 ? x[i].name : y[j].name;
		struct lopt_str before = order <= 0 ? x[i++].value : nothing;
		struct lopt_str after = order >= 0 ? y[j++].value : nothing;
		if ((order != 0 || !lopt_str_equal(before, after)) && !is_noise(kind, name))
			LOPT_TRY(differ(to, kind, name, before, after, err));
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

enum lopt_status lopt_config_compare(struct lopt_comparison *to, const struct lopt_image_info *a,
				     const struct lopt_image_info *b, struct lopt_error *err)
{
	size_t before = to->config_count;
	LOPT_TRY(compare_maps(to, "Env", a->env, a->env_count, b->env, b->env_count, err));
	to->env_order = to->config_count == before && !same_order(a->env, a->env_count, b->env, b->env_count);
	LOPT_TRY(compare_maps(to, "Labels", a->labels, a->label_count, b->labels, b->label_count, err));
	LOPT_TRY(compare_maps(to, "Config", a->settings, a->setting_count, b->settings, b->setting_count, err));
	LOPT_TRY(compare_words(to, "Cmd", a->cmd, a->cmd_count, b->cmd, b->cmd_count, err));
	LOPT_TRY(compare_words(to, "Entrypoint", a->entrypoint, a->entrypoint_count, b->entrypoint, b->entrypoint_count,
			       err));
	LOPT_TRY(compare_words(to, "ExposedPorts", a->exposed_ports, a->exposed_port_count, b->exposed_ports,
			       b->exposed_port_count, err));
	LOPT_TRY(compare_words(to, "Volumes", a->volumes, a->volume_count, b->volumes, b->volume_count, err));
	LOPT_TRY(compare_text(to, "WorkingDir", a->working_dir, b->working_dir, err));
	LOPT_TRY(compare_text(to, "User", a->user, b->user, err));
	LOPT_TRY(compare_text(to, "os", a->os, b->os, err));
	LOPT_TRY(compare_text(to, "architecture", a->architecture, b->architecture, err));
	return compare_text(to, "variant", a->variant, b->variant, err);
}
