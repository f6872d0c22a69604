/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/escape.h"

typedef void escaper(struct lopt_buf *out, struct lopt_str text);

struct escape_case {
	const char *text;
	const char *want;
};

static void check_cases(escaper *escape, const struct escape_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
		escape(&out, lopt_str_from(cases[i].text));
		lopt_buf_char(&out, '\0');
		assert_false(out.failed);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
	}
}

#define CHECK(escape, cases) check_cases(escape, cases, sizeof cases / sizeof cases[0])

static void text_shows_what_cannot_be_seen(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "usr/bin/x", "usr/bin/x" },
		{ "a b\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80", "a b\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80" },
		{ "\n::error::x", "\\n::error::x" },
		{ "a\tb\rc\\d", "a\\tb\\rc\\\\d" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "\x7f\x01", "\\x7f\\x01" },
		{ "\x9b"
		  "31m",
		  "\\x9b31m" }, /* C1 as a byte */
		{ "\xc2\x9b"
		  "31m",
		  "\\u{9b}31m" }, /* C1 as a character */
		{ "\xe2\x80\xae"
		  "gpj",
		  "\\u{202e}gpj" }, /* right-to-left override */
		{ "\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}" },
		{ "\xd8\x9c", "\\u{61c}" },
		{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}" },
		{ "a\xe2\x80\x8b"
		  "b",
		  "a\\u{200b}b" }, /* zero width space */
		{ "\xef\xbb\xbf", "\\u{feff}" },
		{ "\xef\xbf\xbe", "\\u{fffe}" },
		{ "\xf3\xa0\x80\x81", "\\u{e0001}" }, /* tag */
		{ "\xef\xb8\x8f", "\\u{fe0f}" },      /* variation selector */
		{ "\xc2\xad", "\\u{ad}" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xe4\xb8", "\\xe4\\xb8" },			/* cut */
		{ "x ##[error]y", "x ##\\x5berror]y" },
		{ "##vso[task.x]", "##vso\\x5btask.x]" },
		{ "##VSO[", "##VSO\\x5b" },
		{ "#[a] ## [b] [[#", "#[a] ## [b] [[#" },
		{ "e\xcc\x81", "e\xcc\x81" }, /* combining acute stays */
	};
	CHECK(lopt_escape_text, cases);
}

static void json_is_ascii(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "a\"b\\c", "a\\\"b\\\\c" },
		{ "\n\t\r\x01\x1b\x7f", "\\n\\t\\r\\u0001\\u001b\\u007f" },
		{ "\xc3\xa9", "\\u00e9" },
		{ "\xe2\x80\xa8", "\\u2028" },
		{ "\xf0\x9f\x98\x80", "\\ud83d\\ude00" },
		{ "\xf4\x8f\xbf\xbf", "\\udbff\\udfff" },
		{ "\xff", "\\\\xff" },
		{ "##[error]", "##\\u005berror]" },
		{ "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80" },
	};
	CHECK(lopt_escape_json, cases);
}

static void markdown_cells_are_code(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "plain", "`plain`" },
		{ "a|b", "`a\\|b`" },
		{ "a\\|b", "`a\\\\\\|b`" },
		{ "a`b", "``a`b``" },
		{ "`", "`` ` ``" },
		{ "``x", "``` ``x ```" },
		{ " x ", "`  x  `" },
		{ " x", "` x`" },
		{ "[x](javascript:)", "`[x](javascript:)`" },
		{ "# a\nb", "`# a\\nb`" },
	};
	CHECK(lopt_escape_markdown, cases);
}

static void csv_fields_are_no_formulas(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },	      { "plain text", "plain text" },
		{ "a,b", "\"a,b\"" }, { "a\"b", "\"a\"\"b\"" },
		{ " a", "\" a\"" },   { "=1+1", "'=1+1" },
		{ "+1", "'+1" },      { "-1", "'-1" },
		{ "@x", "'@x" },      { "=\"a\",b", "\"'=\"\"a\"\",b\"" },
		{ "\tx", "'\\tx" },   { "\rx", "'\\rx" },
		{ "a\nb", "a\\nb" },  { "a=b", "a=b" },
	};
	CHECK(lopt_escape_csv, cases);
}

static void ncdu_names_are_text_in_json(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "a b;c", "a b;c" },
		{ "a\"b\\c", "a\\\"b\\\\\\\\c" },
		{ "\n\x1b", "\\\\n\\\\x1b" },
		{ "\xf0\x9f\x98\x80\xff", "\xf0\x9f\x98\x80\\\\xff" },
	};
	CHECK(lopt_escape_ncdu, cases);
}

static void folded_frames_are_one_line(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "a b", "a b" },
		{ "a;b\\", "a\\x3bb\\\\" },
		{ "\n12", "\\n12" },
	};
	CHECK(lopt_escape_folded, cases);
}

static void xml_has_no_markup(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "a b", "a b" },
		{ "<script>alert(\"x\")&amp;'", "&lt;script&gt;alert(&quot;x&quot;)&amp;amp;&apos;" },
		{ "]]>", "]]&gt;" },
		{ "\n\x01\x0b\xff", "\\n\\x01\\x0b\\xff" },
		{ "\xef\xbf\xbf\xe2\x80\xa8", "\\u{ffff}\\u{2028}" },
	};
	CHECK(lopt_escape_xml, cases);
}

static void workflow_property(struct lopt_buf *out, struct lopt_str text)
{
	lopt_escape_workflow(out, text, true);
}

static void workflow_message(struct lopt_buf *out, struct lopt_str text)
{
	lopt_escape_workflow(out, text, false);
}

static void workflow_commands_stay_one(void **state)
{
	(void)state;
	static const struct escape_case messages[] = {
		{ "", "" },
		{ "a: b, c", "a: b, c" },
		{ "100%0A::error::", "100%250A::error::" },
		{ "\n::error::x", "\\n::error::x" },
	};
	static const struct escape_case properties[] = {
		{ "a: b, c%", "a%3A b%2C c%25" },
		{ "\r\n::x", "\\r\\n%3A%3Ax" },
	};
	CHECK(workflow_message, messages);
	CHECK(workflow_property, properties);
}

static void labels_stay_in_their_quotes(void **state)
{
	(void)state;
	static const struct escape_case cases[] = {
		{ "", "" },
		{ "a{b=\"c\"}", "a{b=\\\"c\\\"}" },
		{ "\n\\", "\\\\n\\\\\\\\" },
	};
	CHECK(lopt_escape_openmetrics, cases);
}

/* Properties. */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void check_printable(struct lopt_str out)
{
	assert_true(lopt_utf8_valid(out));
	for (size_t at = 0; at < out.len;) {
		uint32_t rune = 0;
		size_t len = lopt_utf8_decode(out, at, &rune);
		assert_true(rune >= 0x20 && rune != 0x7f && !(rune >= 0x80 && rune < 0xa0));
		assert_false(rune == 0x200e || rune == 0x200f || (rune >= 0x2028 && rune <= 0x202e));
		assert_false((rune >= 0x2060 && rune <= 0x206f) || rune == 0x61c || rune == 0xfeff);
		at += len;
	}
}

/* Undo lopt_escape_text: different inputs must not look the same. */
static size_t unescape(unsigned char *to, struct lopt_str text)
{
	unsigned char *start = to;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\\') {
			*to++ = (unsigned char)text.ptr[i];
			continue;
		}
		char c = text.ptr[++i];
		if (c == 'x') {
			char digits[3] = { text.ptr[i + 1], text.ptr[i + 2], 0 };
			*to++ = (unsigned char)strtoul(digits, NULL, 16);
			i += 2;
		} else if (c == 'u') {
			char *end;
			unsigned long rune = strtoul(text.ptr + i + 2, &end, 16);
			assert_int_equal(*end, '}');
			i = (size_t)(end - text.ptr);
			if (rune >= 0x10000) {
				*to++ = (unsigned char)(0xf0 | rune >> 18);
				*to++ = (unsigned char)(0x80 | (rune >> 12 & 0x3f));
				*to++ = (unsigned char)(0x80 | (rune >> 6 & 0x3f));
			} else if (rune >= 0x800) {
				*to++ = (unsigned char)(0xe0 | rune >> 12);
				*to++ = (unsigned char)(0x80 | (rune >> 6 & 0x3f));
			} else {
				*to++ = (unsigned char)(0xc0 | rune >> 6);
			}
			*to++ = (unsigned char)(0x80 | (rune & 0x3f));
		} else {
			*to++ = (unsigned char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
		}
	}
	return (size_t)(to - start);
}

static void check_text(struct lopt_buf *out, const char *bytes, size_t size)
{
	unsigned char back[512];
	lopt_buf_clear(out);
	lopt_escape_text(out, lopt_str_make(bytes, size));
	assert_false(out->failed);
	check_printable(lopt_buf_view(out));
	assert_int_equal(unescape(back, lopt_buf_view(out)), size);
	assert_memory_equal(back, bytes, size);
}

static void every_pair_of_bytes_is_harmless(void **state)
{
	(void)state;
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		char bytes[2] = { (char)(pair >> 8), (char)(pair & 0xff) };
		check_text(&out, bytes, 2);
	}
	lopt_buf_release(&out);
}

static void every_character_is_harmless(void **state)
{
	(void)state;
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
	for (unsigned rune = 0x800; rune < 0x110000; rune++) {
		char bytes[4] = { (char)(0xf0 | rune >> 18), (char)(0x80 | (rune >> 12 & 0x3f)),
				  (char)(0x80 | (rune >> 6 & 0x3f)), (char)(0x80 | (rune & 0x3f)) };
		if (rune < 0x10000)
			bytes[1] = (char)(0xe0 | rune >> 12);
		size_t skip = rune < 0x10000;
		check_text(&out, bytes + skip, 4 - skip);
	}
	lopt_buf_release(&out);
}

static void random_bytes_are_harmless(void **state)
{
	(void)state;
	static const char *const spice[] = { "\xe2\x80\xae", "\xf0\x9f\x98", "\\", "\x1b[", "`", "|", "\"", ",", "=" };
	struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
	uint32_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		char bytes[64];
		size_t size = 0;
		while (size < 50) {
			if (next_random(&seed) % 3) {
				bytes[size++] = (char)next_random(&seed);
				continue;
			}
			const char *more = spice[next_random(&seed) % (sizeof spice / sizeof spice[0])];
			memcpy(bytes + size, more, strlen(more));
			size += strlen(more);
		}
		check_text(&out, bytes, size);
		struct lopt_str text = lopt_str_make(bytes, size);
		lopt_escape_markdown(&out, text);
		lopt_escape_csv(&out, text);
		lopt_escape_ncdu(&out, text);
		lopt_escape_folded(&out, text);
		lopt_escape_xml(&out, text);
		workflow_property(&out, text);
		lopt_escape_openmetrics(&out, text);
		check_printable(lopt_buf_view(&out));
	}
	lopt_buf_release(&out);
}

static void random_json_is_read_back(void **state)
{
	(void)state;
	uint32_t seed = 7;
	for (int round = 0; round < 5000; round++) {
		char bytes[40];
		size_t size = next_random(&seed) % sizeof bytes;
		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)(1 + next_random(&seed) % 255);
		struct lopt_buf out = LOPT_BUF_INIT(SIZE_MAX);
		lopt_buf_char(&out, '"');
		lopt_escape_json(&out, lopt_str_make(bytes, size));
		lopt_buf_char(&out, '"');
		for (size_t i = 0; i < out.len; i++)
			assert_true(out.data[i] >= 0x20 && out.data[i] < 0x7f);
		json_t *value = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
		assert_true(json_is_string(value));
		if (lopt_utf8_valid(lopt_str_make(bytes, size)))
			assert_memory_equal(json_string_value(value), bytes, size);
		json_decref(value);
		lopt_buf_release(&out);
	}
}

static void failures_are_passed_on(void **state)
{
	(void)state;
	static escaper *const all[] = { lopt_escape_text, lopt_escape_json, lopt_escape_markdown,
					lopt_escape_csv,  lopt_escape_ncdu, lopt_escape_folded,
					lopt_escape_xml,  workflow_message, lopt_escape_openmetrics };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(3);
		all[i](&out, lopt_str_from("\n\n"));
		assert_true(out.failed);
		lopt_buf_release(&out);
	}
}

static void columns_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t width;
	} cases[] = {
		{ "", 0 },
		{ "abc", 3 },
		{ "\xc3\xa9", 1 },
		{ "e\xcc\x81", 1 },
		{ "\xe4\xb8\xad\xe6\x96\x87", 4 },
		{ "\xef\xbc\xa1", 2 }, /* fullwidth A */
		{ "\xef\xbd\xb1", 1 }, /* halfwidth katakana */
		{ "\xf0\x9f\x98\x80", 2 },
		{ "\xf0\xa0\x80\x80", 2 },
		{ "\xea\xb0\x80", 2 },		   /* Hangul syllable */
		{ "\xe1\x84\x80\xe1\x85\xa1", 2 }, /* the same from its parts */
		{ "\xe2\x94\x82", 1 },
		{ "\xff\xff", 2 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(lopt_text_width(lopt_str_from(cases[i].text)), cases[i].width);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_shows_what_cannot_be_seen),
		cmocka_unit_test(json_is_ascii),
		cmocka_unit_test(markdown_cells_are_code),
		cmocka_unit_test(csv_fields_are_no_formulas),
		cmocka_unit_test(ncdu_names_are_text_in_json),
		cmocka_unit_test(folded_frames_are_one_line),
		cmocka_unit_test(xml_has_no_markup),
		cmocka_unit_test(workflow_commands_stay_one),
		cmocka_unit_test(labels_stay_in_their_quotes),
		cmocka_unit_test(every_pair_of_bytes_is_harmless),
		cmocka_unit_test(every_character_is_harmless),
		cmocka_unit_test(random_bytes_are_harmless),
		cmocka_unit_test(random_json_is_read_back),
		cmocka_unit_test(failures_are_passed_on),
		cmocka_unit_test(columns_are_counted),
	};
	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
