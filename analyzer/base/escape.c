/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include "base/cleanup.h"
#include "base/rune.h"

/* UTF-8. */

static bool continues(struct lopt_str text, size_t at)
{
	return at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80;
}

/* Bytes of the character that starts with this one, by that byte alone; 0 when none does. */
static size_t announced(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t lopt_utf8_decode(struct lopt_str text, size_t at, uint32_t *rune)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (at >= text.len)
		return 0;
	unsigned char first = (unsigned char)text.ptr[at];
	size_t len = announced(first);
	uint32_t value = len < 2 ? first : first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (!continues(text, at + i))
			return 0;
		value = value << 6 | ((unsigned char)text.ptr[at + i] & 0x3f);
	}
	if (len == 0 || value < smallest[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*rune = value;
	return len;
}

bool lopt_utf8_valid(struct lopt_str text)
{
	for (size_t at = 0; at < text.len;) {
		uint32_t rune;
		size_t len = lopt_utf8_decode(text, at, &rune);
		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

size_t lopt_text_width(struct lopt_str text)
{
	size_t width = 0;
	for (size_t at = 0; at < text.len;) {
		uint32_t rune;
		size_t len = lopt_utf8_decode(text, at, &rune);
		width += len ? lopt_rune_width(rune) : 1;
		at += len ? len : 1;
	}
	return width;
}

/* Plain text. */

static void hex(struct lopt_buf *out, const char *prefix, uint32_t value, unsigned digits)
{
	static const char digit[] = "0123456789abcdef";
	lopt_buf_text(out, prefix);
	while (digits--)
		lopt_buf_char(out, digit[value >> (4 * digits) & 15]);
}

static unsigned hex_digits(uint32_t value)
{
	unsigned digits = 1;
	while (digits < 8 && value >> (4 * digits))
		digits++;
	return digits;
}

/* The two characters a byte is written as by custom, or NULL. */
static const char *short_form(uint32_t rune)
{
	switch (rune) {
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	case '\\':
		return "\\\\";
	default:
		return NULL;
	}
}

/* A bracket that GitHub, Azure or TeamCity take for a command wherever in a line of a log it stands: "##[", "##vso[" */
static bool opens_command(struct lopt_str text, size_t at)
{
	enum { NAME_MAX = 16 };
	size_t start = at;
	if (text.ptr[at] != '[')
		return false;
	while (start > 0 && at - start < NAME_MAX && (text.ptr[start - 1] | 0x20) >= 'a' &&
	       (text.ptr[start - 1] | 0x20) <= 'z')
		start--;
	return start >= 2 && text.ptr[start - 1] == '#' && text.ptr[start - 2] == '#';
}

static void text_rune(struct lopt_buf *out, struct lopt_str bytes, uint32_t rune)
{
	const char *custom = short_form(rune);
	if (custom) {
		lopt_buf_text(out, custom);
	} else if (!lopt_rune_hidden(rune)) {
		lopt_buf_str(out, bytes);
	} else if (rune < 0x80) {
		hex(out, "\\x", rune, 2);
	} else {
		hex(out, "\\u{", rune, hex_digits(rune));
		lopt_buf_char(out, '}');
	}
}

void lopt_escape_text(struct lopt_buf *out, struct lopt_str text)
{
	for (size_t at = 0; at < text.len;) {
		uint32_t rune;
		size_t len = lopt_utf8_decode(text, at, &rune);
		if (opens_command(text, at))
			hex(out, "\\x", '[', 2);
		else if (len)
			text_rune(out, lopt_str_make(text.ptr + at, len), rune);
		else
			hex(out, "\\x", (unsigned char)text.ptr[at], 2);
		at += len ? len : 1;
	}
}

/* JSON. */

static void json_rune(struct lopt_buf *out, uint32_t rune)
{
	if (rune == '"')
		lopt_buf_text(out, "\\\"");
	else if (short_form(rune))
		lopt_buf_text(out, short_form(rune));
	else if (rune >= ' ' && rune < 0x7f)
		lopt_buf_char(out, (char)rune);
	else if (rune < 0x10000)
		hex(out, "\\u", rune, 4);
	else {
		hex(out, "\\u", 0xd800 + ((rune - 0x10000) >> 10), 4);
		hex(out, "\\u", 0xdc00 + ((rune - 0x10000) & 0x3ff), 4);
	}
}

void lopt_escape_json(struct lopt_buf *out, struct lopt_str text)
{
	for (size_t at = 0; at < text.len;) {
		uint32_t rune;
		size_t len = lopt_utf8_decode(text, at, &rune);
		if (opens_command(text, at))
			hex(out, "\\u", '[', 4);
		else if (len)
			json_rune(out, rune);
		else
			hex(out, "\\\\x", (unsigned char)text.ptr[at], 2);
		at += len ? len : 1;
	}
}

/* The others, all on top of plain text. */

/* Escaped text to work on; a failure is the caller's output's. */
static struct lopt_buf escaped(struct lopt_buf *out, struct lopt_str text)
{
	struct lopt_buf plain = LOPT_BUF_INIT(out->max);
	lopt_escape_text(&plain, text);
	if (plain.failed)
		out->failed = true;
	return plain;
}

static size_t longest_run(struct lopt_str text, char c)
{
	size_t longest = 0;
	size_t run = 0;
	for (size_t i = 0; i < text.len; i++) {
		run = text.ptr[i] == c ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

static bool is_end(struct lopt_str text, char c, bool both)
{
	bool first = text.ptr[0] == c;
	bool last = text.ptr[text.len - 1] == c;
	return both ? first && last : first || last;
}

static void fence(struct lopt_buf *out, size_t ticks)
{
	while (ticks--)
		lopt_buf_char(out, '`');
}

void lopt_escape_markdown(struct lopt_buf *out, struct lopt_str text)
{
	if (text.len == 0)
		return; /* there is no empty code span */
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = escaped(out, text);
	struct lopt_str view = lopt_buf_view(&plain);
	if (plain.failed)
		return;
	size_t ticks = longest_run(view, '`') + 1;
	/* A renderer takes one space off both ends where both have one. */
	bool padded = is_end(view, '`', false) || is_end(view, ' ', true);
	fence(out, ticks);
	lopt_buf_text(out, padded ? " " : "");
	for (size_t i = 0; i < view.len; i++) {
		if (view.ptr[i] == '|')
			lopt_buf_char(out, '\\');
		lopt_buf_char(out, view.ptr[i]);
	}
	lopt_buf_text(out, padded ? " " : "");
	fence(out, ticks);
}

void lopt_escape_csv(struct lopt_buf *out, struct lopt_str text)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = escaped(out, text);
	struct lopt_str view = lopt_buf_view(&plain);
	if (plain.failed || view.len == 0)
		return;
	bool formula = strchr("=+-@\t\r", text.ptr[0]) && text.ptr[0];
	bool quoted = memchr(view.ptr, '"', view.len) || memchr(view.ptr, ',', view.len) || is_end(view, ' ', false);
	lopt_buf_text(out, quoted ? "\"" : "");
	lopt_buf_text(out, formula ? "'" : "");
	for (size_t i = 0; i < view.len; i++) {
		if (view.ptr[i] == '"')
			lopt_buf_char(out, '"');
		lopt_buf_char(out, view.ptr[i]);
	}
	lopt_buf_text(out, quoted ? "\"" : "");
}

static void escape_quoted(struct lopt_buf *out, struct lopt_str text)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = escaped(out, text);
	for (size_t i = 0; i < plain.len && !plain.failed; i++) {
		if (plain.data[i] == '"' || plain.data[i] == '\\')
			lopt_buf_char(out, '\\');
		lopt_buf_char(out, plain.data[i]);
	}
}

void lopt_escape_ncdu(struct lopt_buf *out, struct lopt_str text)
{
	escape_quoted(out, text);
}

void lopt_escape_openmetrics(struct lopt_buf *out, struct lopt_str text)
{
	escape_quoted(out, text);
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

void lopt_escape_xml(struct lopt_buf *out, struct lopt_str text)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = escaped(out, text);
	for (size_t i = 0; i < plain.len && !plain.failed; i++) {
		const char *name = entity(plain.data[i]);
		if (name)
			lopt_buf_text(out, name);
		else
			lopt_buf_char(out, plain.data[i]);
	}
}

void lopt_escape_workflow(struct lopt_buf *out, struct lopt_str text, bool property)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = escaped(out, text);
	for (size_t i = 0; i < plain.len && !plain.failed; i++) {
		char c = plain.data[i];
		if (c == '%' || (property && (c == ':' || c == ',')))
			lopt_buf_printf(out, "%%%02X", (unsigned)c);
		else
			lopt_buf_char(out, c);
	}
}

void lopt_escape_folded(struct lopt_buf *out, struct lopt_str text)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf plain = escaped(out, text);
	for (size_t i = 0; i < plain.len && !plain.failed; i++) {
		if (plain.data[i] == ';')
			hex(out, "\\x", ';', 2);
		else
			lopt_buf_char(out, plain.data[i]);
	}
}
