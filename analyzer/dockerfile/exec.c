/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "dockerfile/runes.h"
#include "dockerfile/words.h"

/*
 * The exec form is an array of strings as Go's encoding/json takes it: bytes that are no UTF-8 and lone surrogates
 * become U+FFFD instead of errors, which no C library does. Whether the whole is JSON decides between exec
 * form, shell form and an error, so everything else an array may hold is checked too.
 */

enum { DEPTH_MAX = 10000 }; /* Go's own */

struct reader {
	struct lopt_str text;
	size_t at;
	unsigned char nest[DEPTH_MAX / 8 + 1]; /* a bit per level: 1 is an object */
	unsigned int depth;
	bool other; /* something in the array is no string */
};

static int peek(const struct reader *r)
{
	return r->at < r->text.len ? (unsigned char)r->text.ptr[r->at] : -1;
}

static void skip_space(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
		r->at++;
}

static bool skip_word(struct reader *r, const char *word)
{
	struct lopt_str rest = lopt_str_skip(r->text, r->at);
	if (!lopt_str_starts(rest, word))
		return false;
	r->at += strlen(word);
	return true;
}

static bool skip_digits(struct reader *r)
{
	size_t from = r->at;
	while (peek(r) >= '0' && peek(r) <= '9')
		r->at++;
	return r->at > from;
}

static bool skip_number(struct reader *r)
{
	r->at += peek(r) == '-';
	if (peek(r) == '0')
		r->at++;
	else if (!skip_digits(r))
		return false;
	if (peek(r) == '.') {
		r->at++;
		if (!skip_digits(r))
			return false;
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		r->at++;
		r->at += peek(r) == '+' || peek(r) == '-';
		return skip_digits(r);
	}
	return true;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static int32_t read_unit(struct reader *r)
{
	int32_t unit = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		int digit = hex_digit(peek(r));
		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* Behind "\u": the character, two units for one beyond the first plane; -1 when it is no JSON. */
static int32_t read_unicode(struct reader *r)
{
	int32_t unit = read_unit(r);
	if (unit < 0xd800 || unit > 0xdfff)
		return unit;
	size_t behind = r->at;
	if (unit < 0xdc00 && skip_word(r, "\\u")) {
		int32_t low = read_unit(r);
		if (low >= 0xdc00 && low <= 0xdfff)
			return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	}
	r->at = behind;
	return LOPT_RUNE_ERROR;
}

static bool read_escape(struct reader *r, struct lopt_buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = peek(r);
	r->at++;
	if (c == 'u') {
		int32_t rune = read_unicode(r);
		if (rune >= 0)
			lopt_rune_add(out, rune);
		return rune >= 0;
	}
	const char *known = c > 0 ? strchr(from, c) : NULL;
	if (known)
		lopt_buf_char(out, to[known - from]);
	return known;
}

/* A string, opening quote first. */
static bool read_string(struct reader *r, struct lopt_buf *out)
{
	for (r->at++; r->at < r->text.len;) {
		int c = peek(r);
		if (c == '"') {
			r->at++;
			return true;
		}
		if (c < 0x20)
			return false;
		if (c == '\\') {
			r->at++;
			if (!read_escape(r, out))
				return false;
		} else {
			lopt_rune_add(out, lopt_rune_next(r->text, &r->at));
		}
	}
	return false;
}

static bool in_object(const struct reader *r)
{
	return r->nest[r->depth / 8] >> (r->depth % 8) & 1;
}

static bool enter(struct reader *r, bool object)
{
	if (++r->depth > DEPTH_MAX)
		return false;
	unsigned char bit = (unsigned char)(1u << (r->depth % 8));
	if (object)
		r->nest[r->depth / 8] |= bit;
	else
		r->nest[r->depth / 8] &= (unsigned char)~bit;
	r->at++;
	return true;
}

static bool read_key(struct reader *r, struct lopt_buf *scratch)
{
	skip_space(r);
	if (peek(r) != '"' || !read_string(r, scratch))
		return false;
	skip_space(r);
	return skip_word(r, ":");
}

static bool skip_scalar(struct reader *r)
{
	return skip_word(r, "true") || skip_word(r, "false") || skip_word(r, "null") || skip_number(r);
}

/* What follows a value: closing brackets, then a comma with the next value, or the end (depth 0). */
static bool after_value(struct reader *r, struct lopt_buf *scratch)
{
	for (;;) {
		skip_space(r);
		if (r->depth == 0)
			return peek(r) < 0;
		if (skip_word(r, ","))
			return !in_object(r) || read_key(r, scratch);
		if (!skip_word(r, in_object(r) ? "}" : "]"))
			return false;
		r->depth--;
	}
}

/* One value, or the opening of one: `*open` when what comes next is the first value inside. */
static bool read_value(struct reader *r, struct lopt_buf *string, bool *open)
{
	int c = peek(r);
	*open = false;
	if (c == '"')
		return read_string(r, string);
	if (c != '[' && c != '{')
		return skip_scalar(r);
	if (!enter(r, c == '{'))
		return false;
	skip_space(r);
	if (skip_word(r, c == '{' ? "}" : "]")) {
		r->depth--;
		return true;
	}
	*open = true;
	return c == '[' || read_key(r, string);
}

static enum lopt_status keep(struct lopt_word_list *words, struct lopt_arena *arena, struct lopt_buf *string,
			     struct lopt_error *err)
{
	struct lopt_str copy = string->failed ? lopt_str_make(NULL, 0) : lopt_arena_copy(arena, lopt_buf_view(string));
	if (!copy.ptr)
		return lopt_error_memory(err);
	return lopt_word_list_add(words, copy, err);
}

static enum lopt_status read_array(struct reader *r, struct lopt_word_list *words, enum lopt_exec_kind *kind,
				   struct lopt_arena *arena, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf string = LOPT_BUF_INIT(r->text.len * 3 + 1);
	bool open = true;
	for (bool first = true; first || r->depth > 0; first = false) {
		skip_space(r);
		bool is_string = r->depth == 1 && peek(r) == '"';
		r->other |= r->depth == 1 && !is_string;
		lopt_buf_clear(&string);
		bool valid = read_value(r, &string, &open);
		if (string.failed)
			return lopt_error_memory(err);
		if (!valid)
			return LOPT_OK;
		if (is_string)
			LOPT_TRY(keep(words, arena, &string, err));
		valid = open || after_value(r, &string);
		if (string.failed)
			return lopt_error_memory(err);
		if (!valid)
			return LOPT_OK;
	}
	*kind = r->other ? LOPT_EXEC_OTHER : LOPT_EXEC_STRINGS;
	return LOPT_OK;
}

enum lopt_status lopt_exec_read(struct lopt_word_list *words, enum lopt_exec_kind *kind, struct lopt_arena *arena,
				struct lopt_str text, struct lopt_error *err)
{
	*kind = LOPT_EXEC_NOT;
	struct reader r = { .text = lopt_str_trim_left(text) };
	if (peek(&r) != '[')
		return LOPT_OK;
	size_t before = words->count;
	enum lopt_status status = read_array(&r, words, kind, arena, err);
	if (*kind != LOPT_EXEC_STRINGS)
		words->count = before;
	return status;
}
