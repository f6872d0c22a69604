/* SPDX-License-Identifier: MIT */
#include "analysis/saved.h"

#include <string.h>

/*
 * The line of a member, for a message: jansson keeps no positions. The text is JSON that was parsed before, so that only
 * strings and brackets have to be told apart.
 */

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	return at;
}

/* Behind the string that begins here. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

/* Behind the value that begins here. */
static const char *skip_value(const char *at, const char *end)
{
	size_t depth = 0;
	while (at < end) {
		if (*at == '"')
			at = skip_string(at, end);
		else if (*at == '{' || *at == '[')
			depth++, at++;
		else if ((*at == '}' || *at == ']') && depth)
			depth--, at++;
		else if (depth || !strchr(",}] \t\r\n", *at))
			at++;
		if (depth == 0 && (at >= end || strchr(",}] \t\r\n", *at)))
			break;
	}
	return at < end ? at : end;
}

static bool is_key(const char *at, const char *end, const char *key)
{
	size_t len = strlen(key);
	return (size_t)(end - at) > len + 1 && memcmp(at + 1, key, len) == 0 && at[len + 1] == '"';
}

/* The value of a member or item of what begins here; NULL: there is none. */
static const char *find_child(const char *at, const char *end, const struct lopt_saved *child)
{
	bool object = at < end && *at == '{';
	if (at >= end || (*at != '{' && *at != '['))
		return NULL;
	at = skip_blanks(at + 1, end);
	for (size_t index = 0; at < end && *at != '}' && *at != ']'; index++) {
		bool found = object ? child->key && *at == '"' && is_key(at, end, child->key)
				    : !child->key && index == child->index;
		if (object)
			at = skip_blanks(skip_string(at, end), end);
		if (object && at < end && *at == ':')
			at = skip_blanks(at + 1, end);
		if (found)
			return at;
		const char *next = skip_blanks(skip_value(at, end), end);
		if (next == at)
			return NULL;
		at = next < end && *next == ',' ? skip_blanks(next + 1, end) : next;
	}
	return NULL;
}

size_t lopt_saved_line(struct lopt_str text, const struct lopt_saved *const way[], size_t count)
{
	const char *end = text.ptr + text.len, *at = skip_blanks(text.ptr, end);
	size_t line = 1;
	for (; count--;) {
		const char *child = find_child(at, end, way[count]);
		if (!child)
			break; /* what is missing is missing in what it would be in */
		at = child;
	}
	for (const char *from = text.ptr; (from = memchr(from, '\n', (size_t)(at - from))) != NULL; from++)
		line++;
	return line;
}
