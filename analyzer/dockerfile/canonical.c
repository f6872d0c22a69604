/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "dockerfile/chain.h"
#include "dockerfile/runes.h"
#include "dockerfile/words.h"

static struct lopt_str next_word(struct lopt_str *rest)
{
	*rest = lopt_str_trim_left(*rest);
	size_t len = 0;
	while (len < rest->len && !lopt_is_blank(rest->ptr[len]) && rest->ptr[len] != '\n')
		len++;
	struct lopt_str word = lopt_str_make(rest->ptr, len);
	*rest = lopt_str_skip(*rest, len);
	return word;
}

static int compare_words(const void *a, const void *b)
{
	return lopt_str_compare(*(const struct lopt_str *)a, *(const struct lopt_str *)b);
}

static bool ends_with(struct lopt_str text, const char *end)
{
	size_t len = strlen(end);
	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

static struct lopt_str peel(struct lopt_str text)
{
	if (lopt_str_starts(text, "map["))
		text = lopt_str_skip(text, 4);
	else if (lopt_str_starts(text, "["))
		text = lopt_str_skip(text, 1);
	if (ends_with(text, "]"))
		text.len--;
	return text;
}

/* tcp is what a port without a protocol is. */
static struct lopt_str bare_port(struct lopt_str word)
{
	if (ends_with(word, ":{}"))
		word.len -= 3;
	if (ends_with(word, "/tcp"))
		word.len -= 4;
	return word;
}

static struct lopt_str join(struct lopt_arena *arena, const struct lopt_word_list *words, size_t max)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf out = LOPT_BUF_INIT(max);
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			lopt_buf_char(&out, ' ');
		lopt_buf_str(&out, words->list[i]);
	}
	return out.failed ? lopt_str_make(NULL, 0) : lopt_arena_copy(arena, lopt_buf_view(&out));
}

struct lopt_str lopt_ports_sort(struct lopt_arena *arena, struct lopt_str text)
{
	LOPT_CLEANUP(lopt_word_list_release) struct lopt_word_list words = { 0 };
	struct lopt_str rest = peel(lopt_str_trim(text));
	for (struct lopt_str word; (word = next_word(&rest)).len;)
		if (lopt_word_list_add(&words, bare_port(word), NULL) != LOPT_OK)
			return lopt_str_make(NULL, 0);
	if (words.count)
		qsort(words.list, words.count, sizeof *words.list, compare_words);
	size_t kept = 0;
	for (size_t i = 0; i < words.count; i++)
		if (kept == 0 || !lopt_str_equal(words.list[kept - 1], words.list[i]))
			words.list[kept++] = words.list[i];
	words.count = kept;
	return join(arena, &words, text.len + 1);
}

struct lopt_str lopt_arg_names(struct lopt_arena *arena, struct lopt_str text)
{
	LOPT_CLEANUP(lopt_word_list_release) struct lopt_word_list words = { 0 };
	struct lopt_str rest = text;
	for (struct lopt_str word; (word = next_word(&rest)).len;) {
		word.len = lopt_str_find(word, '=');
		if (lopt_word_list_add(&words, word, NULL) != LOPT_OK)
			return lopt_str_make(NULL, 0);
	}
	return join(arena, &words, text.len + 1);
}
