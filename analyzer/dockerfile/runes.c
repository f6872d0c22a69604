/* SPDX-License-Identifier: MIT */
#include "dockerfile/runes.h"

#include "base/escape.h"

int32_t lopt_rune_next(struct lopt_str text, size_t *at)
{
	unsigned char c = (unsigned char)text.ptr[*at];
	if (c < 0x80) {
		(*at)++;
		return c;
	}
	uint32_t rune = 0;
	size_t len = lopt_utf8_decode(text, *at, &rune);
	*at += len ? len : 1;
	return len ? (int32_t)rune : LOPT_RUNE_ERROR;
}

int32_t lopt_rune_peek(struct lopt_str text, size_t at)
{
	return at < text.len ? lopt_rune_next(text, &at) : LOPT_RUNE_END;
}

void lopt_rune_add(struct lopt_buf *out, int32_t rune)
{
	uint32_t r = (uint32_t)rune;
	char bytes[4];
	size_t len = r < 0x80 ? 1 : r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = len; i-- > 1; r >>= 6)
		bytes[i] = (char)(0x80 | (r & 0x3f));
	bytes[0] = (char)(first[len] | r);
	lopt_buf_add(out, bytes, len);
}

bool lopt_rune_is_space(int32_t rune)
{
	if (rune < 0x80)
		return rune == ' ' || (rune >= '\t' && rune <= '\r');
	return rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
	       rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

bool lopt_rune_is_letter(int32_t rune)
{
	if (rune < 0x80)
		return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z') || (rune >= '0' && rune <= '9') ||
		       rune == '_';
	if (rune < 0xc0)
		return rune == 0xaa || rune == 0xb5 || rune == 0xba;
	if (rune == 0xd7 || rune == 0xf7 || rune == LOPT_RUNE_ERROR || lopt_rune_is_space(rune))
		return false;
	return (rune < 0x2000 || rune > 0x2bff) && (rune < 0x3001 || rune > 0x3004) &&
	       (rune < 0x3008 || rune > 0x3030) && (rune < 0xd800 || rune > 0xf8ff) &&
	       (rune < 0xfe00 || rune > 0xfe6f) && (rune < 0x1f000 || rune > 0x1faff);
}

struct lopt_str lopt_str_skip(struct lopt_str text, size_t len)
{
	return text.ptr ? lopt_str_make(text.ptr + len, text.len - len) : text;
}

struct lopt_str lopt_str_trim_left(struct lopt_str text)
{
	size_t at = 0;
	while (at < text.len) {
		size_t next = at;
		if (!lopt_rune_is_space(lopt_rune_next(text, &next)))
			break;
		at = next;
	}
	return lopt_str_skip(text, at);
}

/* Length of the last character. */
static size_t last_rune(struct lopt_str text)
{
	for (size_t len = 2; len <= 4 && len <= text.len; len++) {
		size_t at = text.len - len;
		if (((unsigned char)text.ptr[at] & 0xc0) == 0x80)
			continue;
		return lopt_rune_next(text, &at) != LOPT_RUNE_ERROR && at == text.len ? len : 1;
	}
	return 1;
}

struct lopt_str lopt_str_trim(struct lopt_str text)
{
	text = lopt_str_trim_left(text);
	while (text.len) {
		size_t len = (unsigned char)text.ptr[text.len - 1] < 0x80 ? 1 : last_rune(text);
		if (!lopt_rune_is_space(lopt_rune_peek(text, text.len - len)))
			break;
		text.len -= len;
	}
	return text;
}

bool lopt_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

size_t lopt_str_find(struct lopt_str text, char c)
{
	const char *at = text.len ? memchr(text.ptr, c, text.len) : NULL;
	return at ? (size_t)(at - text.ptr) : text.len;
}
