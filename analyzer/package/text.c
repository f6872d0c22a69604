/* SPDX-License-Identifier: MIT */
#include "package/text.h"

bool lopt_text_cut(struct lopt_str text, char mark, struct lopt_str *head, struct lopt_str *tail)
{
	const char *at = text.len ? memchr(text.ptr, mark, text.len) : NULL;
	if (!at)
		return false;
	size_t before = (size_t)(at - text.ptr);
	*head = lopt_str_make(text.ptr, before);
	*tail = lopt_str_make(at + 1, text.len - before - 1);
	return true;
}

bool lopt_text_line(struct lopt_str *rest, struct lopt_str *line)
{
	if (rest->len == 0)
		return false;
	if (!lopt_text_cut(*rest, '\n', line, rest)) {
		*line = *rest;
		*rest = lopt_str_make(rest->ptr + rest->len, 0);
	}
	if (line->len && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct lopt_str lopt_text_trim(struct lopt_str text)
{
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	while (text.len && is_blank(text.ptr[0])) {
		text.ptr++;
		text.len--;
	}
	return text;
}

bool lopt_text_ends(struct lopt_str text, const char *suffix)
{
	size_t n = strlen(suffix);
	return text.len >= n && memcmp(text.ptr + text.len - n, suffix, n) == 0;
}
