/* SPDX-License-Identifier: MIT */
#include "cli/relative.h"

#include <string.h>

/* The first component of what is left, without "." and empty ones; empty at the end. */
static struct lopt_str next_part(struct lopt_str *rest)
{
	struct lopt_str part = { 0 };
	while (rest->len && (part.len == 0 || lopt_str_is(part, "."))) {
		const char *slash = memchr(rest->ptr, '/', rest->len);
		part = lopt_str_make(rest->ptr, slash ? (size_t)(slash - rest->ptr) : rest->len);
		size_t used = part.len + (slash ? 1 : 0);
		*rest = lopt_str_make(rest->ptr + used, rest->len - used);
	}
	if (lopt_str_is(part, "."))
		part = lopt_str_make(NULL, 0);
	return part;
}

/* Out of a folder called ".." there is no way back that the text tells. */
static bool put_way_up(struct lopt_buf *out, struct lopt_str part, struct lopt_str folder)
{
	size_t levels = 0;
	for (; part.len; part = next_part(&folder), levels++)
		if (lopt_str_is(part, ".."))
			return false;
	while (levels-- > 0)
		lopt_buf_text(out, "../");
	return true;
}

bool lopt_relative(struct lopt_buf *out, const char *name, const char *file)
{
	const char *slash = strrchr(file, '/');
	struct lopt_str folder = lopt_str_make(file, slash ? (size_t)(slash - file) : 0);
	struct lopt_str rest = lopt_str_from(name);
	if (*name == '/' || *file == '/')
		return false;
	struct lopt_str up = next_part(&folder);
	struct lopt_str down = next_part(&rest);
	while (up.len && rest.len && lopt_str_equal(up, down)) {
		up = next_part(&folder);
		down = next_part(&rest);
	}
	if (!put_way_up(out, up, folder))
		return false;
	while (down.len) {
		lopt_buf_str(out, down);
		down = next_part(&rest);
		if (down.len)
			lopt_buf_char(out, '/');
	}
	return true;
}
