/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/known.h"
#include "base/cleanup.h"
#include "layer/path.h"

/*
 * A renv library is links into the renv cache, and some images run what they built in /tmp: what something outside of
 * a place leads to is no cache and no leftover. A place as a whole is not needed because something names it (TMPDIR,
 * /etc/apk/cache), unless processes start there.
 */

struct guarding {
	struct lopt_guards *guards;
	struct lopt_known_view *view;
	struct lopt_places places;
	struct lopt_found at; /* the node of the walk */
};

static void release_guarding(struct guarding *guarding)
{
	lopt_places_release(&guarding->places);
}

void lopt_guards_release(struct lopt_guards *guards)
{
	free(guards->nodes);
}

static enum lopt_status guard(struct guarding *guarding, struct lopt_str path, lopt_known_set rules,
			      struct lopt_error *err)
{
	struct lopt_found found;
	LOPT_TRY(lopt_finder_find(&guarding->view->finder, path, &found, err));
	if (found.node != LOPT_FOUND_NOTHING && found.node != LOPT_FOUND_ROOT)
		guarding->guards->nodes[found.node] |= rules;
	return LOPT_OK;
}

/* --- symbolic links --- */

static enum lopt_status guard_target(struct guarding *guarding, const struct lopt_node *node, lopt_known_set rules,
				     struct lopt_error *err)
{
	struct lopt_str target = node->entry->link;
	struct lopt_buf *path = &guarding->view->path;
	if (!target.len || !memchr(target.ptr, '/', target.len))
		return LOPT_OK; /* its neighbour: in the same places */
	lopt_buf_clear(path);
	if (target.ptr[0] != '/') {
		lopt_buf_str(path, lopt_path_parent(node->path));
		lopt_buf_char(path, '/');
	}
	lopt_buf_str(path, target);
	if (path->failed)
		return lopt_error_memory(err);
	return guard(guarding, lopt_buf_view(path), rules, err);
}

static enum lopt_status visit(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct guarding *guarding = context;
	if (!lopt_found_next(guarding->view->making->result.image, &guarding->at))
		return lopt_error_set(err, LOPT_E_BUG, "two walks over one tree differ");
	lopt_known_set rules = lopt_places_go(&guarding->places, guarding->at.parent), own;
	if (node->type == LOPT_SYMLINK)
		return guard_target(guarding, node, LOPT_KNOWN_SAFE & ~rules, err);
	if (node->type != LOPT_DIR)
		return LOPT_OK;
	LOPT_TRY(lopt_places_own(&guarding->places, node->path, &own, err));
	return lopt_places_enter(&guarding->places, guarding->at.node, node->path.len, rules | own, err);
}

/* --- the configuration --- */

static bool is_path_byte(char c)
{
	return c && !strchr(" \t\r\n'\"`;|&()<>=:,{}$", c);
}

/* Every absolute path in a text that may be a shell's: "sh -c 'exec /tmp/run --home=/tmp/home'". */
static enum lopt_status guard_words(struct guarding *guarding, struct lopt_str text, struct lopt_error *err)
{
	for (size_t at = 0, end; at < text.len; at = end + 1) {
		for (end = at; end < text.len && is_path_byte(text.ptr[end]);)
			end++;
		struct lopt_str word = lopt_str_make(text.ptr + at, end - at);
		if (lopt_str_starts(word, "/"))
			LOPT_TRY(guard(guarding, word, LOPT_KNOWN_SAFE, err));
	}
	return LOPT_OK;
}

static enum lopt_status guard_texts(struct guarding *guarding, const struct lopt_str *texts, size_t count,
				    struct lopt_error *err)
{
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(guard_words(guarding, texts[i], err));
	return LOPT_OK;
}

static enum lopt_status guard_configured(struct guarding *guarding, struct lopt_error *err)
{
	const struct lopt_image_info *info = lopt_image_info(guarding->view->making->result.image);
	struct lopt_found found;
	LOPT_TRY(guard_texts(guarding, info->entrypoint, info->entrypoint_count, err));
	LOPT_TRY(guard_texts(guarding, info->cmd, info->cmd_count, err));
	for (size_t i = 0; i < info->env_count; i++)
		LOPT_TRY(guard_words(guarding, info->env[i].value, err));
	LOPT_TRY(guard_words(guarding, info->working_dir, err));
	LOPT_TRY(lopt_finder_find(&guarding->view->finder, info->working_dir, &found, err));
	guarding->guards->working_dir = found.node;
	return LOPT_OK;
}

enum lopt_status lopt_guards_find(struct lopt_guards *guards, struct lopt_known_view *view, struct lopt_error *err)
{
	LOPT_CLEANUP(release_guarding) struct guarding guarding = { .guards = guards, .view = view };
	guards->working_dir = LOPT_FOUND_NOTHING;
	guards->nodes = calloc(lopt_found_bound(view->making->result.image) + 1, sizeof *guards->nodes);
	if (!guards->nodes)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_places_init(&guarding.places, view, err));
	LOPT_TRY(lopt_image_walk(view->making->result.image, visit, &guarding, err));
	return guard_configured(&guarding, err);
}
