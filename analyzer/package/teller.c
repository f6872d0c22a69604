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

static bool path_can_be(const struct lopt_buf *path)
{
	return path->failed || (path->len && !memchr(path->data, '\0', path->len));
}

/* Put the pieces together in teller->path; false when they make no path that can be. */
static bool join(struct lopt_teller *teller, struct lopt_str folder, struct lopt_str name)
{
	struct lopt_str part;
	lopt_buf_clear(&teller->path);
	if (folder.len > LOPT_TOLD_PATH_MAX || name.len == 0)
		return false;
	if (name.ptr[0] != '/')
		lopt_buf_str(&teller->path, folder);
	while (lopt_text_cut(name, '/', &part, &name))
		if (!step(&teller->path, part))
			return false;
	return step(&teller->path, name) && path_can_be(&teller->path);
}

typedef enum lopt_status tell(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err);

static enum lopt_status tell_path(struct lopt_teller *teller, tell *what, struct lopt_str folder, struct lopt_str name,
				  struct lopt_error *err)
{
	if (!join(teller, folder, name))
		return LOPT_OK;
	if (teller->path.failed)
		return lopt_error_memory(err);
	if (teller->path.len > teller->left)
		return lopt_error_set(err, LOPT_E_LIMIT, "its paths are more than %d times as long as it is itself",
				      LOPT_TOLD_RATIO);
	teller->left -= teller->path.len;
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
