/* SPDX-License-Identifier: MIT */
/*
 * A Dockerfile, and behind a NUL what to do with it: three bytes a change. Every RUN is read as shell text; after the
 * changes the printed file has to parse, and to hold each instruction that none of them touched.
 */
#include <stdlib.h>

#include "base/diff.h"
#include "dockerfile/draft.h"
#include "dockerfile/shell.h"
#include "fuzz/harness.h"

enum { INSTRUCTIONS_MAX = 64, CHANGES_MAX = 64, BYTES_MAX = 32 << 10 };

static void check_word(const struct lopt_shell_word *word, size_t *at, size_t end)
{
	MUST(word->at >= *at && word->at < word->end && word->end <= end);
	MUST(!word->literal || !word->glob);
	*at = word->end;
}

static void check_shell(const struct lopt_shell *shell, struct lopt_str source)
{
	MUST(shell->understood || (shell->count == 0 && shell->open_ended && shell->leaks && !shell->chain));
	MUST(shell->at <= shell->end && shell->end <= source.len);
	size_t last = shell->at;
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		MUST(command->at >= last && command->at < command->end && command->end <= shell->end);
		last = command->at;
		size_t at = command->at;
		for (size_t w = 0; w < command->word_count; w++)
			check_word(&command->words[w], &at, command->end);
	}
}

/* What was done to a file of few instructions. */
struct story {
	const struct lopt_dockerfile *file;
	struct lopt_draft *draft;
	struct lopt_arena arena;
	struct lopt_shell shells[INSTRUCTIONS_MAX];
	bool touched[INSTRUCTIONS_MAX];
	size_t count;
};

static void replace_word(struct story *story, size_t a, size_t b, bool insert, struct lopt_error *err)
{
	const struct lopt_shell *shell = &story->shells[a];
	if (shell->count == 0 || shell->commands[b % shell->count].word_count < 2)
		return;
	const struct lopt_shell_word *word = &shell->commands[b % shell->count].words[1];
	size_t len = insert ? 0 : word->end - word->at;
	enum lopt_status status =
		lopt_draft_replace(story->draft, a, word->at, len, lopt_str_from(insert ? "-y " : "w"), err);
	story->touched[a] |= status == LOPT_OK;
}

static enum lopt_status touches_nothing(enum lopt_status status)
{
	return status == LOPT_OK ? LOPT_E_USAGE : status;
}

/* LOPT_OK: instruction a is not as it was. */
static enum lopt_status change(struct story *story, size_t what, size_t a, size_t b, struct lopt_error *err)
{
	static const char *const commands[] = { "x",	     "x || y", "x; y", "if x; then y; fi",
						"set -e; x", "exit 1", "x 'y", "" };
	static const char *const flags[] = { "--network=none", "--mount=type=tmpfs,target=/x", "--chown=1:1", "-" };
	struct lopt_draft *draft = story->draft;
	struct lopt_str command = lopt_str_from(commands[b % 8]);
	size_t other = b % (story->count + 1);
	switch (what) {
	case 'a':
		return lopt_draft_append(draft, a, command, err);
	case 'p':
		return lopt_draft_prepend(draft, a, command, err);
	case 'f':
		return lopt_draft_flag(draft, a, lopt_str_from(flags[b % 4]), err);
	case 'd':
		return lopt_draft_drop(draft, a, err);
	case 'm':
		return touches_nothing(lopt_draft_move(draft, a, other, err));
	case 'i':
		return touches_nothing(lopt_draft_insert(draft, other, lopt_str_from("USER x"), err));
	case 'j':
		if (lopt_draft_fold(draft, a, other, err) != LOPT_OK)
			return LOPT_E_USAGE;
		story->touched[other] = true;
		return LOPT_OK;
	default:
		replace_word(story, a, b, what & 1, err);
		return LOPT_E_USAGE;
	}
}

static void change_all(struct story *story, const uint8_t *data, size_t size)
{
	struct lopt_error err;
	for (size_t i = 0; i + 2 < size && i / 3 < CHANGES_MAX; i += 3) {
		size_t a = data[i + 1] % story->count;
		if (change(story, data[i], a, data[i + 2], &err) == LOPT_OK)
			story->touched[a] = true;
	}
}

static bool holds(const struct lopt_dockerfile *file, const struct lopt_instruction *in, bool last)
{
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++) {
		const struct lopt_instruction *other = lopt_dockerfile_at(file, i);
		if (lopt_str_equal(other->source, in->source) || (last && lopt_str_equal(other->args, in->args)))
			return true;
	}
	return false;
}

static void check_result(const struct story *story, struct lopt_str source)
{
	struct lopt_error err = { .message = "" };
	struct lopt_buf out = LOPT_BUF_INIT(16 << 20);
	enum lopt_status status = lopt_draft_print(story->draft, &out, &err);
	MUST(status == LOPT_OK || status == LOPT_E_USAGE);
	struct lopt_dockerfile *again = NULL;
	size_t left = 0;
	for (size_t i = 0; i < story->count; i++)
		left += !story->touched[i];
	if (status == LOPT_OK && left) {
		MUST(lopt_dockerfile_parse(&again, lopt_buf_view(&out), &err) == LOPT_OK);
		MUST(lopt_dockerfile_escape(again) == lopt_dockerfile_escape(story->file));
		for (size_t i = 0; i < story->count; i++)
			MUST(story->touched[i] ||
			     holds(again, lopt_dockerfile_at(story->file, i), i + 1 == story->count));
	}
	struct lopt_buf diff = LOPT_BUF_INIT(16 << 20);
	lopt_diff_write(&diff, "a", "b", source, lopt_buf_view(&out));
	lopt_buf_release(&diff);
	lopt_buf_release(&out);
	lopt_dockerfile_free(again);
}

static bool read_shells(struct story *story)
{
	struct lopt_error err;
	bool plain = story->count <= INSTRUCTIONS_MAX;
	for (size_t i = 0; i < story->count; i++) {
		const struct lopt_instruction *in = lopt_dockerfile_at(story->file, i);
		struct lopt_shell shell;
		if (lopt_shell_read(&shell, &story->arena, in, lopt_dockerfile_escape(story->file), &err) != LOPT_OK)
			return false;
		check_shell(&shell, in->source);
		if (i < INSTRUCTIONS_MAX && lopt_str_is(in->keyword, "run"))
			story->shells[i] = shell;
		plain &= in->keyword.len > 0;
	}
	return plain;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t len = nul ? (size_t)(nul - data) : size;
	struct lopt_str source = lopt_str_make((const char *)data, len);
	struct lopt_dockerfile *file = NULL;
	struct lopt_error err;
	if (lopt_dockerfile_parse(&file, source, &err) != LOPT_OK)
		return 0;
	struct story story = { .file = file, .count = lopt_dockerfile_count(file) };
	lopt_arena_init(&story.arena, 256 << 20);
	if (read_shells(&story) && len <= BYTES_MAX) {
		MUST(lopt_draft_new(&story.draft, file, source, &err) == LOPT_OK);
		if (nul)
			change_all(&story, nul + 1, size - len - 1);
		check_result(&story, source);
	}
	lopt_draft_free(story.draft);
	lopt_arena_release(&story.arena);
	lopt_dockerfile_free(file);
	return 0;
}
