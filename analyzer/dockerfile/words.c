/* SPDX-License-Identifier: MIT */
#include "dockerfile/words.h"

#include "base/cleanup.h"
#include "dockerfile/expand.h"
#include "dockerfile/runes.h"

void lopt_word_list_release(struct lopt_word_list *words)
{
	free(words->list);
	*words = (struct lopt_word_list){ 0 };
}

enum lopt_status lopt_word_list_add(struct lopt_word_list *words, struct lopt_str word, struct lopt_error *err)
{
	struct lopt_str *list = lopt_grow(words->list, &words->cap, words->count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(err);
	words->list = list;
	words->list[words->count++] = word;
	return LOPT_OK;
}

enum lopt_status lopt_word_list_keep(const struct lopt_word_list *words, struct lopt_arena *arena,
				     const struct lopt_str **out, size_t *count, struct lopt_error *err)
{
	struct lopt_str *list = lopt_arena_zalloc(arena, words->count, sizeof *list);
	if (!list)
		return lopt_error_memory(err);
	if (words->count)
		memcpy(list, words->list, words->count * sizeof *list);
	*out = list;
	*count = words->count;
	return LOPT_OK;
}

/* What the line parsers share. */
struct splitter {
	struct lopt_instruction *out;
	struct lopt_arena *arena;
	char escape;
	struct lopt_word_list words;
	struct lopt_error *err;
};

static void splitter_release(struct splitter *s)
{
	lopt_word_list_release(&s->words);
}

static enum lopt_status add_copy(struct splitter *s, struct lopt_str word)
{
	struct lopt_str copy = lopt_arena_copy(s->arena, word);
	if (!copy.ptr)
		return lopt_error_memory(s->err);
	return lopt_word_list_add(&s->words, copy, s->err);
}

/* The first run of blanks splits; *rest is NULL where there is none. */
static struct lopt_str cut_at_blanks(struct lopt_str text, struct lopt_str *rest)
{
	size_t end = 0;
	while (end < text.len && !lopt_is_blank(text.ptr[end]))
		end++;
	size_t behind = end;
	while (behind < text.len && lopt_is_blank(text.ptr[behind]))
		behind++;
	*rest = behind > end ? lopt_str_skip(text, behind) : lopt_str_make(NULL, 0);
	return lopt_str_make(text.ptr, end);
}

/* ---- flags: read byte by byte, bytes beyond ASCII taken for Latin-1, as BuildKit does */

struct flag_reader {
	struct splitter *s;
	struct lopt_str line;
	size_t at;
	struct lopt_buf word;
	bool quoted; /* the word had quotes, so it counts even when it is empty */
};

static bool byte_is_space(char c)
{
	return lopt_rune_is_space((unsigned char)c);
}

static bool starts_flag(const struct flag_reader *r)
{
	return r->line.len - r->at >= 2 && r->line.ptr[r->at] == '-' && r->line.ptr[r->at + 1] == '-';
}

/* The byte at hand, or the one behind an escape; an escape at the very end is skipped. */
static void flag_byte(struct flag_reader *r)
{
	if (r->line.ptr[r->at] == r->s->escape && ++r->at == r->line.len)
		return;
	lopt_rune_add(&r->word, (unsigned char)r->line.ptr[r->at++]);
}

static void flag_word(struct flag_reader *r)
{
	char quote = '\0';
	while (r->at < r->line.len) {
		char c = r->line.ptr[r->at];
		if (quote && c == quote) {
			quote = '\0';
			r->at++;
		} else if (!quote && byte_is_space(c)) {
			return;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			r->quoted = true;
			r->at++;
		} else {
			flag_byte(r);
		}
	}
}

static enum lopt_status read_flags(struct flag_reader *r)
{
	for (;;) {
		while (r->at < r->line.len && byte_is_space(r->line.ptr[r->at]))
			r->at++;
		if (r->at == r->line.len || !starts_flag(r))
			return LOPT_OK;
		lopt_buf_clear(&r->word);
		r->quoted = false;
		flag_word(r);
		if (r->word.failed)
			return lopt_error_memory(r->s->err);
		struct lopt_str word = lopt_buf_view(&r->word);
		if (lopt_str_is(word, "--"))
			return LOPT_OK;
		if (r->quoted || word.len)
			LOPT_TRY(add_copy(r->s, word));
	}
}

static enum lopt_status split_flags(struct splitter *s, struct lopt_str *line)
{
	struct flag_reader r = { .s = s, .line = *line, .word = LOPT_BUF_INIT(line->len * 2 + 1) };
	enum lopt_status status = read_flags(&r);
	lopt_buf_release(&r.word);
	LOPT_TRY(status);
	*line = lopt_str_skip(*line, r.at);
	LOPT_TRY(lopt_word_list_keep(&s->words, s->arena, &s->out->flags, &s->out->flag_count, s->err));
	s->words.count = 0;
	return LOPT_OK;
}

/* ---- words of ENV, LABEL and ARG: quotes and escapes stay */

struct quote_reader {
	struct lopt_str text;
	size_t at;
	char escape;
	int32_t quote;
	struct lopt_buf word;
	bool blank_ok;
};

/* An escape and what it hides; at the end of the text the escape goes. */
static void escaped_rune(struct quote_reader *r)
{
	int32_t escape = lopt_rune_next(r->text, &r->at);
	if (r->at == r->text.len)
		return;
	lopt_rune_add(&r->word, escape);
	lopt_rune_add(&r->word, lopt_rune_next(r->text, &r->at));
}

/* True at a blank that ends the word. */
static bool quote_step(struct quote_reader *r)
{
	size_t before = r->at;
	int32_t c = lopt_rune_next(r->text, &r->at);
	if (!r->quote && lopt_rune_is_space(c))
		return true;
	if (c == r->escape && r->quote != '\'') {
		r->at = before;
		escaped_rune(r);
		return false;
	}
	if (r->quote) {
		if (c == r->quote)
			r->quote = 0;
	} else if (c == '\'' || c == '"') {
		r->quote = c;
		r->blank_ok = true;
	}
	lopt_rune_add(&r->word, c);
	return false;
}

static enum lopt_status quoted_words(struct splitter *s, struct quote_reader *r)
{
	while (r->at < r->text.len) {
		lopt_buf_clear(&r->word);
		r->quote = 0;
		r->blank_ok = false;
		while (r->at < r->text.len && !quote_step(r))
			;
		if (r->word.failed)
			return lopt_error_memory(s->err);
		if (r->blank_ok || r->word.len)
			LOPT_TRY(add_copy(s, lopt_buf_view(&r->word)));
	}
	return LOPT_OK;
}

static enum lopt_status take_words(struct splitter *s, struct lopt_str text)
{
	struct quote_reader r = { .text = text, .escape = s->escape, .word = LOPT_BUF_INIT(text.len * 3 + 4) };
	enum lopt_status status = quoted_words(s, &r);
	lopt_buf_release(&r.word);
	return status;
}

/* ---- one function for each way arguments are read */

static enum lopt_status take_nothing(struct splitter *s, struct lopt_str rest)
{
	(void)rest;
	return lopt_word_list_add(&s->words, lopt_str_from(""), s->err);
}

static enum lopt_status take_line(struct splitter *s, struct lopt_str rest)
{
	return rest.len ? lopt_word_list_add(&s->words, rest, s->err) : LOPT_OK;
}

static enum lopt_status take_list(struct splitter *s, struct lopt_str rest)
{
	while (rest.len)
		LOPT_TRY(lopt_word_list_add(&s->words, cut_at_blanks(rest, &rest), s->err));
	return LOPT_OK;
}

static enum lopt_status take_json_or(struct splitter *s, struct lopt_str rest,
				     enum lopt_status (*plain)(struct splitter *, struct lopt_str))
{
	enum lopt_exec_kind kind;
	LOPT_TRY(lopt_exec_read(&s->words, &kind, s->arena, rest, s->err));
	if (kind == LOPT_EXEC_OTHER)
		return lopt_error_set(s->err, LOPT_E_INPUT,
				      "when using JSON array syntax, arrays must be comprised of strings only");
	s->out->json = kind == LOPT_EXEC_STRINGS;
	return s->out->json ? LOPT_OK : plain(s, rest);
}

static enum lopt_status take_json_or_line(struct splitter *s, struct lopt_str rest)
{
	return take_json_or(s, rest, take_line);
}

static enum lopt_status take_json_or_list(struct splitter *s, struct lopt_str rest)
{
	return take_json_or(s, rest, take_list);
}

static enum lopt_status add_triple(struct splitter *s, struct lopt_str name, struct lopt_str value, const char *sign)
{
	LOPT_TRY(lopt_word_list_add(&s->words, name, s->err));
	LOPT_TRY(lopt_word_list_add(&s->words, value, s->err));
	return lopt_word_list_add(&s->words, lopt_str_from(sign), s->err);
}

/* "NAME rest of the line", the form from before "NAME=value". */
static enum lopt_status take_old_pair(struct splitter *s, struct lopt_str rest)
{
	struct lopt_str value;
	struct lopt_str name = cut_at_blanks(rest, &value);
	if (!value.ptr)
		return lopt_error_set(s->err, LOPT_E_INPUT, "%s must have two arguments",
				      lopt_str_is(s->out->keyword, "env") ? "ENV" : "LABEL");
	return add_triple(s, name, value, "");
}

static enum lopt_status split_pairs(struct splitter *s, const struct lopt_word_list *words)
{
	for (size_t i = 0; i < words->count; i++) {
		struct lopt_str word = words->list[i];
		size_t sign = lopt_str_find(word, '=');
		if (sign == word.len)
			return lopt_error_set(s->err, LOPT_E_INPUT,
					      "can't find = in \"%.*s\": it must be of the form name=value",
					      LOPT_STR_ARGS(word));
		LOPT_TRY(add_triple(s, lopt_str_make(word.ptr, sign), lopt_str_skip(word, sign + 1), "="));
	}
	return LOPT_OK;
}

static enum lopt_status take_pairs(struct splitter *s, struct lopt_str rest)
{
	LOPT_TRY(take_words(s, rest));
	if (s->words.count == 0)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_word_list_release) struct lopt_word_list words = s->words;
	s->words = (struct lopt_word_list){ 0 };
	if (lopt_str_find(words.list[0], '=') == words.list[0].len)
		return take_old_pair(s, rest);
	return split_pairs(s, &words);
}

static enum lopt_status take_health(struct splitter *s, struct lopt_str rest)
{
	size_t end = 0;
	while (end < rest.len && !byte_is_space(rest.ptr[end]))
		end++;
	size_t next = end;
	while (next < rest.len && byte_is_space(rest.ptr[next]))
		next++;
	if (end == 0)
		return LOPT_OK;
	LOPT_TRY(lopt_word_list_add(&s->words, lopt_str_make(rest.ptr, end), s->err));
	return take_json_or_line(s, lopt_str_skip(rest, next));
}

/* ONBUILD leaves its words to the instruction it wraps; lopt_instruction_split reads that one next. */
static enum lopt_status take_trigger(struct splitter *s, struct lopt_str rest)
{
	if (rest.len == 0)
		return LOPT_OK;
	struct lopt_instruction *trigger = lopt_arena_zalloc(s->arena, 1, sizeof *trigger);
	if (!trigger)
		return lopt_error_memory(s->err);
	trigger->text = rest;
	s->out->trigger = trigger;
	return LOPT_OK;
}

static const struct {
	const char *keyword;
	enum lopt_status (*take)(struct splitter *s, struct lopt_str rest);
} keywords[] = {
	{ "add", take_json_or_list },
	{ "arg", take_words },
	{ "cmd", take_json_or_line },
	{ "copy", take_json_or_list },
	{ "entrypoint", take_json_or_line },
	{ "env", take_pairs },
	{ "expose", take_list },
	{ "from", take_list },
	{ "healthcheck", take_health },
	{ "label", take_pairs },
	{ "maintainer", take_line },
	{ "onbuild", take_trigger },
	{ "run", take_json_or_line },
	{ "shell", take_json_or_line },
	{ "stopsignal", take_line },
	{ "user", take_line },
	{ "volume", take_json_or_list },
	{ "workdir", take_line },
};

static enum lopt_status take_arguments(struct splitter *s)
{
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (lopt_str_is(s->out->keyword, keywords[i].keyword))
			return keywords[i].take(s, s->out->args);
	return take_nothing(s, s->out->args);
}

static enum lopt_status lower(struct splitter *s, struct lopt_str word)
{
	struct lopt_str copy = lopt_arena_copy(s->arena, word);
	if (!copy.ptr)
		return lopt_error_memory(s->err);
	char *bytes = (char *)(uintptr_t)copy.ptr; /* ours until it is handed out */
	for (size_t i = 0; i < copy.len; i++)
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] = (char)(bytes[i] | 0x20);
	s->out->keyword = copy;
	return LOPT_OK;
}

static enum lopt_status split_one(struct lopt_instruction *out, struct lopt_arena *arena, char escape,
				  struct lopt_error *err)
{
	LOPT_CLEANUP(splitter_release) struct splitter s = { out, arena, escape, { 0 }, err };
	struct lopt_str rest;
	struct lopt_str keyword = cut_at_blanks(lopt_str_trim(out->text), &rest);
	LOPT_TRY(lower(&s, keyword));
	if (rest.ptr)
		LOPT_TRY(split_flags(&s, &rest));
	out->args = rest.ptr ? lopt_str_trim(rest) : lopt_str_from("");
	LOPT_TRY(take_arguments(&s));
	return lopt_word_list_keep(&s.words, arena, &out->words, &out->word_count, err);
}

enum lopt_status lopt_instruction_split(struct lopt_instruction *out, struct lopt_arena *arena, struct lopt_str text,
					char escape, struct lopt_error *err)
{
	out->text = text;
	for (int depth = 0; out; depth++) {
		if (depth > LOPT_DOCKERFILE_ONBUILD_MAX)
			return lopt_error_set(err, LOPT_E_LIMIT, "ONBUILD nested deeper than %d",
					      LOPT_DOCKERFILE_ONBUILD_MAX);
		LOPT_TRY(split_one(out, arena, escape, err));
		out = (struct lopt_instruction *)(uintptr_t)out->trigger; /* made above, shared with nobody yet */
	}
	return LOPT_OK;
}
