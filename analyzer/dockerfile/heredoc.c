/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "base/cleanup.h"
#include "dockerfile/expand.h"
#include "dockerfile/runes.h"
#include "dockerfile/words.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Go's \s in a pattern. */
static bool is_pattern_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* "3<<-NAME" taken apart; false when the word is nothing like it. */
static bool match(struct lopt_heredoc *out, struct lopt_str word, struct lopt_str *name)
{
	size_t at = 0;
	uint64_t fd = 0;
	for (; at < word.len && is_digit(word.ptr[at]); at++)
		fd = fd > UINT32_MAX ? fd : fd * 10 + (uint64_t)(word.ptr[at] - '0');
	struct lopt_str rest = lopt_str_skip(word, at);
	if (!lopt_str_starts(rest, "<<"))
		return false;
	rest = lopt_str_skip(rest, 2);
	bool chomp = lopt_str_starts(rest, "-");
	rest = lopt_str_skip(rest, chomp);
	while (rest.len && is_pattern_space(rest.ptr[0]))
		rest = lopt_str_skip(rest, 1);
	*out = (struct lopt_heredoc){ .fd = fd > UINT32_MAX ? UINT32_MAX : (unsigned int)fd, .chomp = chomp };
	*name = rest;
	return rest.len > 0 && lopt_str_find(rest, '<') == rest.len;
}

static size_t count_quotes(struct lopt_str text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == '\'' || text.ptr[i] == '"';
	return count;
}

enum lopt_status lopt_heredoc_parse(struct lopt_heredoc *out, bool *found, struct lopt_arena *arena,
				    struct lopt_str word, struct lopt_error *err)
{
	struct lopt_str name;
	*found = false;
	if (!match(out, word, &name))
		return LOPT_OK;
	struct lopt_expand how = { .escape = '\\', .keep_unset = true };
	const struct lopt_str *words, *raw;
	size_t count, raw_count;
	LOPT_TRY(lopt_expand_words(arena, &words, &count, &how, name, err));
	if (count != 1)
		return LOPT_OK;
	how.raw_quotes = true;
	LOPT_TRY(lopt_expand_words(arena, &raw, &raw_count, &how, name, err));
	if (raw_count != 1)
		return lopt_error_set(err, LOPT_E_INPUT, "the name of a here-document has quotes that do not pair");
	/* Quotes that go away when the word is read were around the name, or part of it: its text is literal. */
	out->expand = count_quotes(words[0]) == count_quotes(raw[0]);
	out->name = words[0];
	*found = true;
	return LOPT_OK;
}

/* Whether the instruction may have here-documents at all, ONBUILD taken off. */
static bool may_have(const struct lopt_instruction *instruction)
{
	if (instruction->trigger && lopt_str_is(instruction->keyword, "onbuild"))
		instruction = instruction->trigger;
	struct lopt_str keyword = instruction->keyword;
	return !instruction->json &&
	       (lopt_str_is(keyword, "add") || lopt_str_is(keyword, "copy") || lopt_str_is(keyword, "run"));
}

static void list_release(struct lopt_heredoc **list)
{
	free(*list);
}

static enum lopt_status collect(struct lopt_heredoc **list, size_t *count, struct lopt_arena *arena,
				const struct lopt_str *words, size_t word_count, struct lopt_error *err)
{
	size_t cap = 0;
	for (size_t i = 0; i < word_count; i++) {
		struct lopt_heredoc doc;
		bool found;
		LOPT_TRY(lopt_heredoc_parse(&doc, &found, arena, words[i], err));
		if (!found)
			continue;
		struct lopt_heredoc *grown = lopt_grow(*list, &cap, *count + 1, sizeof doc);
		if (!grown)
			return lopt_error_memory(err);
		*list = grown;
		(*list)[(*count)++] = doc;
	}
	return LOPT_OK;
}

enum lopt_status lopt_instruction_heredocs(struct lopt_arena *arena, struct lopt_heredoc **out, size_t *count,
					   const struct lopt_instruction *instruction, struct lopt_error *err)
{
	*count = 0;
	*out = NULL;
	struct lopt_str text = instruction->text;
	if (!may_have(instruction) || !memmem(text.ptr, text.len, "<<", 2))
		return LOPT_OK;
	const struct lopt_expand how = { .escape = '\\', .raw_quotes = true, .raw_escapes = true, .keep_unset = true };
	const struct lopt_str *words;
	size_t word_count;
	struct lopt_error ignored;
	enum lopt_status status = lopt_expand_words(arena, &words, &word_count, &how, text, &ignored);
	if (status == LOPT_E_INPUT)
		return LOPT_OK; /* a line that is no list of words opens nothing */
	if (status != LOPT_OK)
		return lopt_error_set(err, status, "%s", ignored.message);
	LOPT_CLEANUP(list_release) struct lopt_heredoc *list = NULL;
	size_t found = 0;
	LOPT_TRY(collect(&list, &found, arena, words, word_count, err));
	*out = lopt_arena_zalloc(arena, found, sizeof **out);
	if (!*out)
		return lopt_error_memory(err);
	if (found)
		memcpy(*out, list, found * sizeof **out);
	*count = found;
	return LOPT_OK;
}
