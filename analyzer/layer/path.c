/* SPDX-License-Identifier: MIT */
#include "layer/path.h"

#include <fnmatch.h>

#include "base/cleanup.h"

enum { COMPONENT_MAX = 255 }; /* NAME_MAX of every file system engines store layers on */

static enum lopt_status check_limits(struct lopt_str name, const struct lopt_limits *limits, struct lopt_error *err)
{
	if (name.len <= limits->path_bytes)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_LIMIT, "%.64s...: a name of %zu bytes (--limit path_bytes=N)", name.ptr,
			      name.len);
}

/* Drop the last component of the `len` bytes cleaned so far. */
static size_t step_up(const char *cleaned, size_t len)
{
	while (len && cleaned[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

enum lopt_status lopt_path_clean(struct lopt_clean_path *out, struct lopt_arena *arena, struct lopt_str name,
				 const struct lopt_limits *limits, struct lopt_error *err)
{
	LOPT_TRY(check_limits(name, limits, err));
	struct lopt_str copy = lopt_arena_copy(arena, name);
	if (!copy.ptr)
		return lopt_error_memory(err);
	char *to = (char *)copy.ptr;
	size_t len = 0;
	uint64_t depth = 0;
	*out = (struct lopt_clean_path){ .path = copy };
	for (size_t at = 0; at < name.len;) {
		const char *part = name.ptr + at;
		const char *slash = memchr(part, '/', name.len - at);
		size_t n = slash ? (size_t)(slash - part) : name.len - at;
		at += n + 1;
		if (n == 0 || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.') {
			out->dotdot = true;
			out->clamped |= len == 0;
			depth -= len != 0;
			len = step_up(to, len);
			continue;
		}
		if (n > COMPONENT_MAX)
			return lopt_error_set(err, LOPT_E_INPUT,
					      "%.*s: a name component of %zu bytes, which no container engine loads",
					      LOPT_STR_ARGS(name), n);
		if (++depth > limits->path_depth)
			return lopt_error_set(err, LOPT_E_LIMIT,
					      "%.64s...: more than %llu directories deep (--limit path_depth=N)",
					      name.ptr, (unsigned long long)limits->path_depth);
		if (len)
			to[len++] = '/';
		memmove(to + len, part, n);
		len += n;
	}
	to[len] = '\0';
	out->path.len = len;
	return LOPT_OK;
}

struct lopt_str lopt_path_base(struct lopt_str path)
{
	size_t at = path.len;
	while (at && path.ptr[at - 1] != '/')
		at--;
	return lopt_str_make(path.ptr + at, path.len - at);
}

struct lopt_str lopt_path_parent(struct lopt_str path)
{
	return lopt_str_make(path.ptr, step_up(path.ptr, path.len));
}

enum lopt_whiteout lopt_whiteout_of(struct lopt_str path, struct lopt_str *target)
{
	static const char prefix[] = ".wh.";
	struct lopt_str base = lopt_path_base(path);
	if (!lopt_str_starts(base, prefix))
		return LOPT_WHITEOUT_NONE;
	if (lopt_str_is(base, ".wh..wh..opq"))
		return LOPT_WHITEOUT_OPAQUE;
	struct lopt_str name = lopt_str_make(base.ptr + sizeof prefix - 1, base.len - (sizeof prefix - 1));
	if (name.len == 0 || lopt_str_is(name, ".") || lopt_str_is(name, ".."))
		return LOPT_WHITEOUT_INVALID;
	if (target)
		*target = name;
	return LOPT_WHITEOUT_PATH;
}

void lopt_whiteout_target(struct lopt_buf *out, struct lopt_str path)
{
	struct lopt_str name = lopt_str_make("", 0), parent = lopt_path_parent(path);
	(void)lopt_whiteout_of(path, &name);
	lopt_buf_clear(out);
	lopt_buf_str(out, parent);
	if (parent.len)
		lopt_buf_char(out, '/');
	lopt_buf_str(out, name);
}

int lopt_path_compare(struct lopt_str a, struct lopt_str b)
{
	size_t n = a.len < b.len ? a.len : b.len, i = 0;
	while (i < n && a.ptr[i] == b.ptr[i])
		i++;
	if (i == n)
		return (a.len > b.len) - (a.len < b.len);
	int x = a.ptr[i] == '/' ? -1 : (unsigned char)a.ptr[i], y = b.ptr[i] == '/' ? -1 : (unsigned char)b.ptr[i];
	return (x > y) - (x < y);
}

bool lopt_path_is_beneath(struct lopt_str path, struct lopt_str directory)
{
	return directory.len && path.len > directory.len && path.ptr[directory.len] == '/' &&
	       memcmp(path.ptr, directory.ptr, directory.len) == 0;
}

struct lopt_str lopt_path_next(struct lopt_str *path)
{
	while (path->len && path->ptr[0] == '/')
		path->ptr++, path->len--;
	const char *slash = path->len ? memchr(path->ptr, '/', path->len) : NULL;
	struct lopt_str part = lopt_str_make(path->ptr, slash ? (size_t)(slash - path->ptr) : path->len);
	path->ptr += part.len;
	path->len -= part.len;
	return part;
}

/* --- patterns --- */

void lopt_path_pattern_set(struct lopt_path_pattern *pattern, struct lopt_str text)
{
	while (text.len && text.ptr[0] == '/')
		text = lopt_str_make(text.ptr + 1, text.len - 1);
	while (text.len && text.ptr[text.len - 1] == '/')
		text.len--;
	pattern->impossible = text.len >= sizeof pattern->text || (text.len && memchr(text.ptr, '\0', text.len));
	pattern->len = pattern->impossible ? 0 : text.len;
	if (pattern->len)
		memcpy(pattern->text, text.ptr, pattern->len);
	pattern->text[pattern->len] = '\0';
}

bool lopt_path_matches(const struct lopt_path_pattern *pattern, struct lopt_str path)
{
	char text[sizeof pattern->text];
	if (pattern->impossible || path.len >= sizeof text)
		return false;
	if (pattern->len == 0)
		return true;
	if (path.len)
		memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	if (path.len > pattern->len && memcmp(text, pattern->text, pattern->len) == 0 && text[pattern->len] == '/')
		return true;
	return fnmatch(pattern->text, text, 0) == 0;
}
