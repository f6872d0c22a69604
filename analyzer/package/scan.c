/* SPDX-License-Identifier: MIT */
#include "package/scan.h"

#include <stdint.h>

static void skip_blanks(struct lopt_scan *scan)
{
	while (scan->at < scan->end &&
	       (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
}

/* 0 at the end, which nothing in JSON is spelled with. */
static char peek(const struct lopt_scan *scan)
{
	return scan->at < scan->end ? *scan->at : '\0';
}

static bool take(struct lopt_scan *scan, char c)
{
	if (peek(scan) != c)
		return false;
	scan->at++;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What stands behind a backslash. */
static bool skip_escape(struct lopt_scan *scan)
{
	char c = peek(scan);
	if (c == '\0' || !strchr("\"\\/bfnrtu", c))
		return false;
	scan->at++;
	for (int i = 0; c == 'u' && i < 4; i++) {
		if (hex_digit(peek(scan)) < 0)
			return false;
		scan->at++;
	}
	return true;
}

static bool skip_string(struct lopt_scan *scan)
{
	if (!take(scan, '"'))
		return false;
	while (scan->at < scan->end) {
		unsigned char c = (unsigned char)*scan->at++;
		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !skip_escape(scan)))
			return false;
	}
	return false;
}

static bool skip_digits(struct lopt_scan *scan)
{
	const char *from = scan->at;
	while (peek(scan) >= '0' && peek(scan) <= '9')
		scan->at++;
	return scan->at > from;
}

static bool skip_number(struct lopt_scan *scan)
{
	(void)take(scan, '-');
	if (!take(scan, '0') && !skip_digits(scan))
		return false;
	if (take(scan, '.') && !skip_digits(scan))
		return false;
	if (!take(scan, 'e') && !take(scan, 'E'))
		return true;
	if (!take(scan, '+'))
		(void)take(scan, '-');
	return skip_digits(scan);
}

static bool skip_word(struct lopt_scan *scan, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(scan->end - scan->at) < n || memcmp(scan->at, word, n) != 0)
		return false;
	scan->at += n;
	return true;
}

static bool skip_scalar(struct lopt_scan *scan)
{
	switch (peek(scan)) {
	case '"':
		return skip_string(scan);
	case 't':
		return skip_word(scan, "true");
	case 'f':
		return skip_word(scan, "false");
	case 'n':
		return skip_word(scan, "null");
	default:
		return skip_number(scan);
	}
}

static bool skip_key(struct lopt_scan *scan)
{
	skip_blanks(scan);
	if (!skip_string(scan))
		return false;
	skip_blanks(scan);
	return take(scan, ':');
}

/* The objects and arrays that are open, by what closes them. */
struct nest {
	char close[LOPT_SCAN_DEPTH];
	size_t depth;
};

/* A value begins: a scalar is skipped, and so are an empty object or array; others are opened. */
static bool begin_value(struct lopt_scan *scan, struct nest *nest, bool *opened)
{
	skip_blanks(scan);
	char c = peek(scan);
	*opened = false;
	if (c != '{' && c != '[')
		return skip_scalar(scan);
	char close = c == '{' ? '}' : ']';
	scan->at++;
	skip_blanks(scan);
	if (take(scan, close))
		return true;
	if (nest->depth == LOPT_SCAN_DEPTH)
		return false;
	nest->close[nest->depth++] = close;
	*opened = true;
	return close == ']' || skip_key(scan);
}

/* A value ended: close what ends with it, up to the comma in front of the next one. */
static bool end_value(struct lopt_scan *scan, struct nest *nest)
{
	while (nest->depth) {
		char close = nest->close[nest->depth - 1];
		skip_blanks(scan);
		if (take(scan, ','))
			return close == ']' || skip_key(scan);
		if (!take(scan, close))
			return false;
		nest->depth--;
	}
	return true;
}

static bool skip_value(struct lopt_scan *scan, struct lopt_str *value)
{
	struct nest nest;
	bool opened;
	nest.depth = 0;
	skip_blanks(scan);
	const char *from = scan->at;
	do {
		if (!begin_value(scan, &nest, &opened) || (!opened && !end_value(scan, &nest)))
			return false;
	} while (nest.depth);
	*value = lopt_str_make(from, (size_t)(scan->at - from));
	return true;
}

void lopt_scan_start(struct lopt_scan *scan, struct lopt_str text, char open)
{
	*scan = (struct lopt_scan){
		.at = text.ptr,
		.end = text.len ? text.ptr + text.len : text.ptr,
		.close = open == '{' ? '}' : ']',
		.first = true,
	};
	skip_blanks(scan);
	scan->inside = take(scan, open);
	scan->broken = !scan->inside;
}

/* Nothing more comes, one way or the other. */
static bool stop(struct lopt_scan *scan, bool broken)
{
	scan->inside = false;
	scan->broken = broken;
	return false;
}

/* Whether another value follows; up to it. */
static bool go_on(struct lopt_scan *scan)
{
	if (!scan->inside)
		return false;
	skip_blanks(scan);
	if (take(scan, scan->close)) {
		skip_blanks(scan);
		return stop(scan, scan->at != scan->end);
	}
	if (!scan->first && !take(scan, ','))
		return stop(scan, true);
	scan->first = false;
	return true;
}

bool lopt_scan_member(struct lopt_scan *scan, struct lopt_str *key, struct lopt_str *value)
{
	if (!go_on(scan))
		return false;
	skip_blanks(scan);
	const char *from = scan->at;
	if (!skip_string(scan))
		return stop(scan, true);
	*key = lopt_str_make(from, (size_t)(scan->at - from));
	skip_blanks(scan);
	return (take(scan, ':') && skip_value(scan, value)) || stop(scan, true);
}

bool lopt_scan_element(struct lopt_scan *scan, struct lopt_str *value)
{
	return go_on(scan) && (skip_value(scan, value) || stop(scan, true));
}

bool lopt_scan_ended(const struct lopt_scan *scan)
{
	return !scan->inside && !scan->broken;
}

static void put_rune(struct lopt_buf *room, uint32_t rune)
{
	static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	unsigned more = rune < 0x80 ? 0 : rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
	lopt_buf_char(room, (char)(lead[more] | rune >> (6 * more)));
	while (more--)
		lopt_buf_char(room, (char)(0x80 | (rune >> (6 * more) & 0x3f)));
}

/* Four digits, which are there. */
static uint32_t hex_value(const char *digits)
{
	uint32_t value = 0;
	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_digit(digits[i]);
	return value;
}

/* \uXXXX, or two of them that make a pair. */
static bool put_unicode(struct lopt_scan *scan, struct lopt_buf *room)
{
	uint32_t rune = hex_value(scan->at);
	scan->at += 4;
	if (rune >= 0xd800 && rune < 0xdc00 && take(scan, '\\') && take(scan, 'u')) {
		uint32_t low = hex_value(scan->at);
		scan->at += 4;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		rune = 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00);
	}
	if (rune >= 0xd800 && rune <= 0xdfff)
		return false;
	put_rune(room, rune);
	return true;
}

static bool put_escape(struct lopt_scan *scan, struct lopt_buf *room)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char c = *scan->at++;
	if (c == 'u')
		return put_unicode(scan, room);
	const char *letter = strchr(letters, c);
	lopt_buf_char(room, letter ? meant[letter - letters] : c);
	return true;
}

static bool unescape(struct lopt_buf *room, struct lopt_str text)
{
	struct lopt_scan scan = { .at = text.ptr, .end = text.ptr + text.len };
	lopt_buf_clear(room);
	while (scan.at < scan.end) {
		if (!take(&scan, '\\'))
			lopt_buf_char(room, *scan.at++);
		else if (!put_escape(&scan, room))
			return false;
	}
	return true;
}

enum lopt_status lopt_scan_string(struct lopt_str *text, struct lopt_buf *room, struct lopt_str value,
				  struct lopt_error *err)
{
	*text = lopt_str_make(NULL, 0);
	if (value.len < 2 || value.ptr[0] != '"')
		return LOPT_OK;
	struct lopt_str inside = lopt_str_make(value.ptr + 1, value.len - 2);
	if (!memchr(inside.ptr, '\\', inside.len))
		*text = inside;
	else if (unescape(room, inside))
		*text = lopt_buf_view(room);
	return room->failed ? lopt_error_memory(err) : LOPT_OK;
}

static bool is_key(struct lopt_str written, const char *key)
{
	return lopt_str_is(lopt_str_make(written.ptr + 1, written.len - 2), key);
}

bool lopt_scan_object(struct lopt_str text, const char *const *keys, struct lopt_str *values, size_t count)
{
	struct lopt_scan scan;
	struct lopt_str key, value;
	for (size_t i = 0; i < count; i++)
		values[i] = lopt_str_make(NULL, 0);
	lopt_scan_start(&scan, text, '{');
	while (lopt_scan_member(&scan, &key, &value)) {
		for (size_t i = 0; i < count; i++) {
			if (!is_key(key, keys[i]))
				continue;
			if (values[i].ptr)
				return false;
			values[i] = value;
		}
	}
	return lopt_scan_ended(&scan);
}
