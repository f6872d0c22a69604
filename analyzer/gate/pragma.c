/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/cleanup.h"
#include "dockerfile/dockerfile.h"
#include "gate/config.h"

/* "# layeropt ignore=RULE[,RULE...] [expires=DATE] -- REASON" */

struct pragmas {
	struct lopt_gate_settings *settings;
	const char *name;
	const struct lopt_dockerfile *dockerfile;
	struct lopt_error *err;
};

static struct lopt_str trim(struct lopt_str text)
{
	while (text.len && strchr(" \t\r", text.ptr[0]))
		text = lopt_str_make(text.ptr + 1, text.len - 1);
	while (text.len && strchr(" \t\r", text.ptr[text.len - 1]))
		text.len--;
	return text;
}

/* Cut the first word off. */
static struct lopt_str next_word(struct lopt_str *text, char separator)
{
	struct lopt_str rest = trim(*text);
	size_t len = 0;
	while (len < rest.len && rest.ptr[len] != separator && rest.ptr[len] != '\t')
		len++;
	*text = lopt_str_make(rest.ptr + len, rest.len - len);
	if (text->len)
		*text = lopt_str_make(text->ptr + 1, text->len - 1);
	return lopt_str_make(rest.ptr, len);
}

static bool is_ignore(struct lopt_str text)
{
	return memmem(text.ptr, text.len, "ignore=", 7) != NULL;
}

/* Is this line a comment for us? *rest is what follows the program's name. */
static bool is_pragma(struct lopt_str line, struct lopt_str *rest)
{
	static const char word[] = "layeropt";
	line = trim(line);
	if (!lopt_str_starts(line, "#"))
		return false;
	line = trim(lopt_str_make(line.ptr + 1, line.len - 1));
	size_t len = sizeof word - 1;
	if (line.len <= len || strncasecmp(line.ptr, word, len) != 0)
		return false;
	*rest = lopt_str_make(line.ptr + len, line.len - len);
	/* "layeropt: ignore=", "layeropt-ignore=" are meant for us, and to be told wrong; others are about us */
	return strchr(" \t:-=_", rest->ptr[0]) && is_ignore(*rest);
}

struct pragma {
	struct lopt_str rules, expires, reason;
};

static enum lopt_status read_pragma(struct pragma *out, struct lopt_str text, struct lopt_error *err)
{
	*out = (struct pragma){ 0 };
	for (struct lopt_str word = next_word(&text, ' '); word.len; word = next_word(&text, ' ')) {
		if (lopt_str_is(word, "--")) {
			out->reason = trim(text);
			break;
		}
		if (lopt_str_starts(word, "ignore="))
			out->rules = lopt_str_make(word.ptr + 7, word.len - 7);
		else if (lopt_str_starts(word, "expires="))
			out->expires = lopt_str_make(word.ptr + 8, word.len - 8);
		else
			return lopt_error_set(
				err, LOPT_E_USAGE,
				"\"%.*s\" is unknown; it is # layeropt ignore=RULE [expires=DATE] -- REASON",
				(int)(word.len < 100 ? word.len : 100), word.ptr);
	}
	if (!out->rules.len)
		return lopt_error_set(err, LOPT_E_USAGE, "ignore= and the rules to ignore are missing");
	return LOPT_OK;
}

/*
 * The first line of the instruction below a comment; 0 behind the last one. What stands inside an instruction, in a
 * here-document or between its lines, is no comment for us: *inside.
 */
static uint32_t line_below(const struct lopt_dockerfile *dockerfile, uint32_t line, bool *inside)
{
	*inside = false;
	for (size_t i = 0; i < lopt_dockerfile_count(dockerfile); i++) {
		const struct lopt_instruction *at = lopt_dockerfile_at(dockerfile, i);
		if (at->line > line)
			return at->line;
		if (at->last_line < line)
			continue;
		*inside = true;
		return 0;
	}
	return 0;
}

static enum lopt_status add(const struct pragmas *p, const struct pragma *pragma, uint32_t line, const char *origin)
{
	struct lopt_arena *arena = &p->settings->arena;
	struct lopt_str rules = pragma->rules;
	struct lopt_str reason = lopt_arena_copy(arena, pragma->reason);
	struct lopt_str expires = lopt_arena_copy(arena, pragma->expires);
	for (struct lopt_str rule = next_word(&rules, ','); rule.len; rule = next_word(&rules, ',')) {
		const struct lopt_str name = lopt_arena_copy(arena, rule);
		if (!name.ptr || !reason.ptr || !expires.ptr)
			return lopt_error_memory(p->err);
		const struct lopt_ignore_text text = {
			.rule = name.ptr, .reason = reason.ptr, .expires = expires.ptr, .line = line
		};
		const struct lopt_gate_place place = { LOPT_RANK_FILE, origin };
		LOPT_TRY(lopt_gate_add_ignore(p->settings, &text, place, p->err));
	}
	return LOPT_OK;
}

static enum lopt_status take(const struct pragmas *p, struct lopt_str text, uint32_t line)
{
	bool inside;
	struct pragma pragma;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf origin = LOPT_BUF_INIT(SIZE_MAX / 2);
	uint32_t below = line_below(p->dockerfile, line, &inside);
	if (inside)
		return LOPT_OK;
	lopt_buf_printf(&origin, "%s:%u", p->name, (unsigned)line);
	if (origin.failed)
		return lopt_error_memory(p->err);
	if (!text.len || !strchr(" \t", text.ptr[0]))
		(void)lopt_error_set(p->err, LOPT_E_USAGE,
				     "a comment for layeropt is # layeropt ignore=RULE [expires=DATE] -- REASON");
	else if (read_pragma(&pragma, text, p->err) == LOPT_OK)
		return below ? add(p, &pragma, below, origin.data)
			     : LOPT_OK; /* behind the last one it is about nothing */
	return lopt_error_context(p->err, "%s", origin.data);
}

static enum lopt_status take_all(const struct pragmas *p, struct lopt_str text)
{
	uint32_t line = 1;
	for (; text.len; line++) {
		struct lopt_str rest;
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		if (is_pragma(lopt_str_make(text.ptr, len), &rest))
			LOPT_TRY(take(p, rest, line));
		text = lopt_str_make(text.ptr + len + (end ? 1 : 0), text.len - len - (end ? 1 : 0));
	}
	return LOPT_OK;
}

static void free_dockerfile(struct lopt_dockerfile **dockerfile)
{
	lopt_dockerfile_free(*dockerfile);
}

enum lopt_status lopt_gate_pragmas_read(struct lopt_gate_settings *settings, const char *name, struct lopt_str text,
					struct lopt_error *err)
{
	LOPT_CLEANUP(free_dockerfile) struct lopt_dockerfile *dockerfile = NULL;
	if (lopt_dockerfile_parse(&dockerfile, text, err) != LOPT_OK)
		return lopt_error_context(err, "%s", name);
	const struct pragmas p = { settings, name, dockerfile, err };
	return take_all(&p, text);
}
