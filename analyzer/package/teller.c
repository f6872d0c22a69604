/* SPDX-License-Identifier: MIT */
#include "package/teller.h"

#include "base/cleanup.h"
#include "package/text.h"

enum { FREE_BYTES = 1 << 16 }; /* told whatever the ratio: small databases in deep folders */

void lopt_teller_init(struct lopt_teller *teller, struct lopt_package_sink *sink, struct lopt_str text)
{
	*teller = (struct lopt_teller){
		.sink = sink,
		.path = LOPT_BUF_INIT((size_t)2 * LOPT_TOLD_PATH_MAX),
		.left = (uint64_t)text.len * LOPT_TOLD_RATIO + FREE_BYTES,
	};
}

void lopt_teller_release(struct lopt_teller *teller)
{
	lopt_buf_release(&teller->path);
}

static bool step_up(struct lopt_buf *path)
{
	if (path->len == 0)
		return false;
	const char *slash = memrchr(path->data, '/', path->len);
	path->len = slash ? (size_t)(slash - path->data) : 0;
	return true;
}

/* One component behind what is there; false where there is no such path. */
static bool step(struct lopt_buf *path, struct lopt_str part)
{
	if (part.len == 0 || lopt_str_is(part, "."))
		return true;
	if (lopt_str_is(part, ".."))
		return step_up(path);
	if (part.len >= LOPT_TOLD_PATH_MAX || path->len + 1 + part.len > LOPT_TOLD_PATH_MAX)
		return false;
	if (path->len)
		lopt_buf_char(path, '/');
	lopt_buf_str(path, part);
	return true;
}

/* All of a name behind what is there. */
static bool walk(struct lopt_buf *path, struct lopt_str name)
{
	struct lopt_str part;
	while (lopt_text_cut(name, '/', &part, &name))
		if (!step(path, part))
			return false;
	return step(path, name);
}

/* Put the pieces together in teller->path; false when they make no path that can be. */
static bool join(struct lopt_teller *teller, struct lopt_str folder, struct lopt_str name)
{
	struct lopt_buf *path = &teller->path;
	lopt_buf_clear(path);
	if (name.len == 0 || (name.ptr[0] != '/' && !walk(path, folder)) || !walk(path, name))
		return false;
	return path->len && !memchr(path->data, '\0', path->len);
}

typedef enum lopt_status tell(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err);

static enum lopt_status tell_path(struct lopt_teller *teller, tell *what, struct lopt_str folder, struct lopt_str name,
				  struct lopt_error *err)
{
	uint64_t cost = (uint64_t)folder.len + name.len + 1;
	if (cost > teller->left)
		return lopt_error_set(err, LOPT_E_LIMIT, "its paths are more than %d times as long as it is itself",
				      LOPT_TOLD_RATIO);
	teller->left -= cost;
	bool there = join(teller, folder, name);
	if (teller->path.failed)
		return lopt_error_memory(err);
	if (!there)
		return LOPT_OK;
	return what(teller->sink, lopt_buf_view(&teller->path), err);
}

enum lopt_status lopt_teller_file(struct lopt_teller *teller, struct lopt_str folder, struct lopt_str name,
				  struct lopt_error *err)
{
	return tell_path(teller, teller->sink->file, folder, name, err);
}

enum lopt_status lopt_teller_tree(struct lopt_teller *teller, struct lopt_str folder, struct lopt_str name,
				  struct lopt_error *err)
{
	return tell_path(teller, teller->sink->tree, folder, name, err);
}
