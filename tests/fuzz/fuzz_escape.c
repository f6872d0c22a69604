/* SPDX-License-Identifier: MIT */
/* Escaping, one output language after the other: nothing that acts leaves, and JSON reads back. */
#include <jansson.h>

#include "base/escape.h"
#include "harness.h"

/* What must not reach a terminal or a log as it is. */
static bool acts(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x61c || rune == 0x200e || rune == 0x200f ||
	       (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069);
}

static void must_be_harmless(struct lopt_str text)
{
	MUST(lopt_utf8_valid(text));
	MUST(!text.len || !memmem(text.ptr, text.len, "##[", 3));
	for (size_t at = 0, n; at < text.len; at += n) {
		uint32_t rune = 0;
		n = lopt_utf8_decode(text, at, &rune);
		MUST(n && n <= 4 && n <= text.len - at && !acts(rune));
	}
}

typedef void escape(struct lopt_buf *out, struct lopt_str text);

static struct lopt_buf escaped(escape *how, struct lopt_str text)
{
	struct lopt_buf out = LOPT_BUF_INIT((size_t)1 << 26);
	how(&out, text);
	MUST(!out.failed);
	return out;
}

static void check_json(struct lopt_str text)
{
	struct lopt_buf quoted = LOPT_BUF_INIT((size_t)1 << 26);
	lopt_buf_char(&quoted, '"');
	lopt_escape_json(&quoted, text);
	lopt_buf_char(&quoted, '"');
	for (size_t i = 0; i < quoted.len; i++)
		MUST(quoted.data[i] >= 0x20 && quoted.data[i] < 0x7f);
	json_t *value = json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	MUST(json_is_string(value));
	if (lopt_utf8_valid(text))
		MUST(lopt_str_equal(text, lopt_str_make(json_string_value(value), json_string_length(value))));
	json_decref(value);
	lopt_buf_release(&quoted);
}

static void check_csv(struct lopt_str text)
{
	struct lopt_buf out = escaped(lopt_escape_csv, text);
	struct lopt_str field = lopt_buf_view(&out);
	must_be_harmless(field);
	bool quoted = field.len && field.ptr[0] == '"';
	char first = field.len > quoted ? field.ptr[quoted] : '\0';
	MUST(!first || !strchr("=+-@", first));
	size_t quotes = 0;
	for (size_t i = 0; i < field.len; i++) {
		quotes += field.ptr[i] == '"';
		MUST(quoted || (field.ptr[i] != ',' && field.ptr[i] != '"'));
	}
	MUST(quotes % 2 == 0);
	lopt_buf_release(&out);
}

static void check_ncdu(struct lopt_str text)
{
	struct lopt_buf out = escaped(lopt_escape_ncdu, text);
	must_be_harmless(lopt_buf_view(&out));
	for (size_t i = 0; i < out.len; i++) {
		MUST(out.data[i] != '"');
		i += out.data[i] == '\\';
		MUST(i < out.len);
	}
	lopt_buf_release(&out);
}

static void check_folded(struct lopt_str text)
{
	struct lopt_buf out = escaped(lopt_escape_folded, text);
	must_be_harmless(lopt_buf_view(&out));
	MUST(!out.len || !memchr(out.data, ';', out.len));
	lopt_buf_release(&out);
}

static void check_xml(struct lopt_str text)
{
	struct lopt_buf out = escaped(lopt_escape_xml, text);
	must_be_harmless(lopt_buf_view(&out));
	for (size_t i = 0; i < out.len; i++)
		MUST(!strchr("<>\"'", out.data[i]));
	lopt_buf_release(&out);
}

static void check_workflow(struct lopt_str text)
{
	struct lopt_buf out = LOPT_BUF_INIT((size_t)1 << 26);
	lopt_escape_workflow(&out, text, true);
	MUST(!out.failed);
	must_be_harmless(lopt_buf_view(&out));
	for (size_t i = 0; i < out.len; i++)
		MUST(out.data[i] != ':' && out.data[i] != ',');
	lopt_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_str text = lopt_str_make((const char *)data, size);
	struct lopt_buf plain = escaped(lopt_escape_text, text);
	must_be_harmless(lopt_buf_view(&plain));
	MUST(lopt_text_width(text) <= 2 * plain.len);
	lopt_buf_release(&plain);
	struct lopt_buf cell = escaped(lopt_escape_markdown, text);
	must_be_harmless(lopt_buf_view(&cell));
	lopt_buf_release(&cell);
	check_csv(text);
	check_json(text);
	check_ncdu(text);
	check_folded(text);
	check_xml(text);
	check_workflow(text);
	return 0;
}
