/* SPDX-License-Identifier: MIT */
#include "advice/glob.h"

#include "advice/stage.h"
#include "base/cleanup.h"
#include "dockerfile/runes.h"

static struct lopt_str first_part(struct lopt_str path)
{
	return lopt_str_make(path.ptr, lopt_str_find(path, '/'));
}

static struct lopt_str behind(struct lopt_str path, size_t len)
{
	return lopt_str_skip(path, len + (len < path.len));
}

/* "[a-z]", "[^a-z]" at the pattern's start; *len becomes its length, 0 when it is not closed. */
static bool in_class(struct lopt_str pattern, char c, size_t *len)
{
	size_t at = 1;
	bool negated = at < pattern.len && pattern.ptr[at] == '^', found = false;
	at += negated;
	for (bool first = true; at < pattern.len && (first || pattern.ptr[at] != ']'); first = false) {
		at += pattern.ptr[at] == '\\' && at + 1 < pattern.len;
		char low = pattern.ptr[at++], high = low;
		if (at + 1 < pattern.len && pattern.ptr[at] == '-' && pattern.ptr[at + 1] != ']') {
			at++;
			at += pattern.ptr[at] == '\\' && at + 1 < pattern.len;
			high = pattern.ptr[at++];
		}
		found |= (unsigned char)c >= (unsigned char)low && (unsigned char)c <= (unsigned char)high;
	}
	*len = at < pattern.len ? at + 1 : 0;
	return found != negated;
}

/* Whether the pattern's first character takes `c`; *len becomes how long that character is written. */
static bool takes(struct lopt_str pattern, char c, size_t *len)
{
	*len = 1;
	switch (pattern.ptr[0]) {
	case '?':
		return true;
	case '[': {
		bool taken = in_class(pattern, c, len);
		return *len && taken;
	}
	case '\\':
		*len = pattern.len > 1 ? 2 : 1;
		return c == pattern.ptr[*len - 1];
	default:
		return c == pattern.ptr[0];
	}
}

/* One component. What follows the last star is tried at each place behind it. */
static bool match_part(struct lopt_str pattern, struct lopt_str part, size_t *steps)
{
	struct lopt_str retry_pattern = { NULL, 0 }, retry_part = { NULL, 0 };
	size_t len;
	while (*steps) {
		(*steps)--;
		if (pattern.len && pattern.ptr[0] == '*') {
			pattern = lopt_str_skip(pattern, 1);
			retry_pattern = pattern;
			retry_part = part;
		} else if (pattern.len && part.len && takes(pattern, part.ptr[0], &len)) {
			pattern = lopt_str_skip(pattern, len);
			part = lopt_str_skip(part, 1);
		} else if (!pattern.len && !part.len) {
			return true;
		} else if (retry_pattern.ptr && retry_part.len) {
			retry_part = lopt_str_skip(retry_part, 1);
			pattern = retry_pattern;
			part = retry_part;
		} else {
			return false;
		}
	}
	return false;
}

bool lopt_glob_covers(struct lopt_str pattern, struct lopt_str path, size_t *steps)
{
	struct lopt_str retry_pattern = { NULL, 0 }, retry_path = { NULL, 0 };
	while (pattern.len) {
		struct lopt_str wanted = first_part(pattern), part = first_part(path);
		if (lopt_str_is(wanted, "**")) {
			pattern = behind(pattern, wanted.len);
			retry_pattern = pattern;
			retry_path = path;
		} else if (path.len && match_part(wanted, part, steps)) {
			pattern = behind(pattern, wanted.len);
			path = behind(path, part.len);
		} else if (retry_pattern.ptr && retry_path.len && *steps) {
			retry_path = behind(retry_path, first_part(retry_path).len);
			pattern = retry_pattern;
			path = retry_path;
		} else {
			return false;
		}
	}
	return true;
}

struct lopt_str lopt_glob_clean(struct lopt_arena *arena, struct lopt_str pattern)
{
	struct lopt_str clean = lopt_path_absolute(arena, lopt_str_from(""), pattern);
	return clean.ptr ? lopt_str_skip(clean, 1) : clean;
}

static enum lopt_status read_line(struct lopt_ignore *ignore, struct lopt_arena *arena, struct lopt_str line,
				  struct lopt_error *err)
{
	if (lopt_str_starts(line, "#"))
		return LOPT_OK;
	line = lopt_str_trim(line);
	bool back = lopt_str_starts(line, "!");
	line = lopt_str_trim(lopt_str_skip(line, back));
	if (!line.len)
		return LOPT_OK;
	if (ignore->count == LOPT_IGNORE_PATTERNS_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, ".dockerignore has more than %d patterns",
				      LOPT_IGNORE_PATTERNS_MAX);
	struct lopt_str pattern = lopt_glob_clean(arena, line);
	if (!pattern.ptr)
		return lopt_error_memory(err);
	if (pattern.len || back) /* a bare "." does not take the context away */
		ignore->list[ignore->count++] = (struct lopt_ignore_pattern){ pattern, back };
	return LOPT_OK;
}

enum lopt_status lopt_ignore_read(struct lopt_ignore *out, struct lopt_arena *arena, struct lopt_str text,
				  struct lopt_error *err)
{
	*out = (struct lopt_ignore){ 0 };
	if (text.len > LOPT_IGNORE_BYTES_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, ".dockerignore has more than %d bytes", LOPT_IGNORE_BYTES_MAX);
	out->list = lopt_arena_zalloc(arena, LOPT_IGNORE_PATTERNS_MAX, sizeof *out->list);
	if (!out->list)
		return lopt_error_memory(err);
	if (lopt_str_starts(text, "\xef\xbb\xbf"))
		text = lopt_str_skip(text, 3);
	while (text.len) {
		size_t end = lopt_str_find(text, '\n');
		LOPT_TRY(read_line(out, arena, lopt_str_make(text.ptr, end), err));
		text = lopt_str_skip(text, end + (end < text.len));
	}
	return LOPT_OK;
}

/* The last pattern that matches decides. */
bool lopt_ignore_excludes(const struct lopt_ignore *ignore, struct lopt_str path, size_t *steps)
{
	for (size_t i = ignore->count; i-- > 0;)
		if (lopt_glob_covers(ignore->list[i].pattern, path, steps))
			return !ignore->list[i].back;
	return false;
}
