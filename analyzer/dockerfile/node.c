/* SPDX-License-Identifier: MIT */
#include "dockerfile/node.h"

#include "base/escape.h"
#include "dockerfile/runes.h"

static void quote_byte(struct lopt_buf *out, unsigned char c)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
	const char *known = c ? strchr(from, c) : NULL;
	if (known)
		lopt_buf_printf(out, "\\%c", to[known - from]);
	else if (c < 0x20 || c >= 0x7f)
		lopt_buf_printf(out, "\\x%02x", c);
	else
		lopt_buf_char(out, (char)c);
}

/* What Go does not print as it is: controls, blanks other than the space, formats, private use. */
static bool is_shown(uint32_t rune)
{
	return rune >= 0xa1 && rune != 0xad && !lopt_rune_is_space((int32_t)rune) && (rune < 0x200b || rune > 0x200f) &&
	       (rune < 0x202a || rune > 0x202e) && (rune < 0x2060 || rune > 0x206f) && rune != 0xfeff &&
	       (rune < 0xe000 || rune > 0xf8ff) && rune < 0xe0000;
}

void lopt_go_quote(struct lopt_buf *out, struct lopt_str text)
{
	lopt_buf_char(out, '"');
	for (size_t at = 0; at < text.len;) {
		uint32_t rune = 0;
		unsigned char c = (unsigned char)text.ptr[at];
		size_t len = c < 0x80 ? 0 : lopt_utf8_decode(text, at, &rune);
		if (len == 0)
			quote_byte(out, c);
		else if (is_shown(rune))
			lopt_buf_add(out, text.ptr + at, len);
		else
			lopt_buf_printf(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", rune);
		at += len ? len : 1;
	}
	lopt_buf_char(out, '"');
}

static void dump_head(struct lopt_buf *out, const struct lopt_instruction *in)
{
	lopt_buf_str(out, in->keyword);
	if (in->flag_count == 0)
		return;
	lopt_buf_text(out, " [");
	for (size_t i = 0; i < in->flag_count; i++) {
		if (i)
			lopt_buf_char(out, ' ');
		lopt_go_quote(out, in->flags[i]);
	}
	lopt_buf_char(out, ']');
}

/* ONBUILD holds one instruction, which may be another ONBUILD: open all, then close all. */
static void dump_instruction(struct lopt_buf *out, const struct lopt_instruction *in)
{
	size_t depth = 1;
	lopt_buf_char(out, '(');
	dump_head(out, in);
	for (; in->trigger; depth++) {
		in = in->trigger;
		lopt_buf_text(out, " (");
		dump_head(out, in);
	}
	for (size_t i = 0; i < in->word_count; i++) {
		lopt_buf_char(out, ' ');
		lopt_go_quote(out, in->words[i]);
	}
	while (depth--)
		lopt_buf_char(out, ')');
	lopt_buf_char(out, '\n');
}

void lopt_dockerfile_dump(struct lopt_buf *out, const struct lopt_dockerfile *dockerfile)
{
	for (size_t i = 0; i < lopt_dockerfile_count(dockerfile); i++)
		dump_instruction(out, lopt_dockerfile_at(dockerfile, i));
}
