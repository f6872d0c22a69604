/* SPDX-License-Identifier: MIT */
#include "dockerfile/form.h"

#include "base/cleanup.h"
#include "dockerfile/node.h"
#include "dockerfile/runes.h"
#include "dockerfile/words.h"

static enum lopt_status add(struct lopt_state *s, struct lopt_str text)
{
	return lopt_expand_add(&s->text, text, s->err);
}

static enum lopt_status add_expanded(struct lopt_state *s, struct lopt_str word)
{
	return lopt_state_expand(s, &s->scope, &s->text, word);
}

/* ---- one function for each way a builder words an instruction */

typedef enum lopt_status form(struct lopt_state *s, const struct lopt_instruction *in);

static enum lopt_status form_raw(struct lopt_state *s, const struct lopt_instruction *in)
{
	return add(s, in->args);
}

/* Everything behind the keyword, flags too. */
static enum lopt_status form_source(struct lopt_state *s, const struct lopt_instruction *in)
{
	struct lopt_str text = lopt_str_trim(in->text);
	size_t at = in->keyword.len < text.len ? in->keyword.len : text.len;
	return add(s, lopt_str_trim(lopt_str_skip(text, at)));
}

static enum lopt_status form_word(struct lopt_state *s, const struct lopt_instruction *in)
{
	return add_expanded(s, in->args);
}

static enum lopt_status form_pairs(struct lopt_state *s, const struct lopt_instruction *in)
{
	for (size_t i = 0; i + 2 < in->word_count; i += 3) {
		if (i)
			LOPT_TRY(add(s, lopt_str_from(" ")));
		LOPT_TRY(add_expanded(s, in->words[i]));
		LOPT_TRY(add(s, lopt_str_from("=")));
		LOPT_TRY(add_expanded(s, in->words[i + 1]));
	}
	return LOPT_OK;
}

static enum lopt_status form_list(struct lopt_state *s, const struct lopt_instruction *in)
{
	LOPT_TRY(add(s, lopt_str_from("[")));
	for (size_t i = 0; i < in->word_count; i++) {
		if (i)
			LOPT_TRY(add(s, lopt_str_from(" ")));
		if (lopt_str_is(in->keyword, "shell"))
			LOPT_TRY(add(s, in->words[i]));
		else
			LOPT_TRY(add_expanded(s, in->words[i]));
	}
	return add(s, lopt_str_from("]"));
}

static enum lopt_status form_ports(struct lopt_state *s, const struct lopt_instruction *in)
{
	for (size_t i = 0; i < in->word_count; i++) {
		if (i)
			LOPT_TRY(add(s, lopt_str_from(" ")));
		LOPT_TRY(add_expanded(s, in->words[i]));
	}
	if (s->text.failed || lopt_str_find(lopt_buf_view(&s->text), LOPT_EXPAND_HOLE) < s->text.len)
		return LOPT_OK;
	struct lopt_str sorted = lopt_ports_sort(s->arena, lopt_buf_view(&s->text));
	if (!sorted.ptr)
		return lopt_error_memory(s->err);
	lopt_buf_clear(&s->text);
	return add(s, sorted);
}

static enum lopt_status form_names(struct lopt_state *s, const struct lopt_instruction *in)
{
	struct lopt_str names = lopt_arg_names(s->arena, in->args);
	return names.ptr ? add(s, names) : lopt_error_memory(s->err);
}

static enum lopt_status form_destination(struct lopt_state *s, const struct lopt_instruction *in)
{
	LOPT_TRY(add(s, lopt_str_from("in ")));
	return in->word_count ? add_expanded(s, in->words[in->word_count - 1]) : LOPT_OK;
}

/* buildah writes the destination as it stands in the file. */
static enum lopt_status form_raw_destination(struct lopt_state *s, const struct lopt_instruction *in)
{
	LOPT_TRY(add(s, lopt_str_from("in ")));
	return in->word_count ? add(s, in->words[in->word_count - 1]) : LOPT_OK;
}

static enum lopt_status add_heredoc_source(struct lopt_state *s, struct lopt_str word, bool *is_heredoc)
{
	struct lopt_heredoc doc;
	LOPT_TRY(lopt_heredoc_parse(&doc, is_heredoc, s->arena, word, s->err));
	if (!*is_heredoc)
		return LOPT_OK;
	LOPT_TRY(add(s, lopt_str_from("<<")));
	return add(s, doc.name);
}

/* BuildKit: paths, then here-documents, then the destination. */
static enum lopt_status form_copy(struct lopt_state *s, const struct lopt_instruction *in)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i + 1 < in->word_count; i++) {
			size_t before = s->text.len;
			bool is_heredoc;
			LOPT_TRY(add_heredoc_source(s, in->words[i], &is_heredoc));
			if (is_heredoc != (pass == 1))
				s->text.len = before;
			else if (!is_heredoc)
				LOPT_TRY(add_expanded(s, in->words[i]));
			if (is_heredoc == (pass == 1))
				LOPT_TRY(add(s, lopt_str_from(" ")));
		}
	}
	return in->word_count ? add_expanded(s, in->words[in->word_count - 1]) : LOPT_OK;
}

static enum lopt_status add_chomped(struct lopt_state *s, const struct lopt_heredoc *doc)
{
	struct lopt_str rest = doc->content;
	while (rest.len) {
		size_t len = lopt_str_find(rest, '\n');
		len += len < rest.len;
		struct lopt_str line = lopt_str_make(rest.ptr, len);
		while (doc->chomp && line.len && line.ptr[0] == '\t')
			line = lopt_str_skip(line, 1);
		LOPT_TRY(add(s, line));
		rest = lopt_str_skip(rest, len);
	}
	return LOPT_OK;
}

/* RUN <<EOF is the script itself; several, or one beside a command, are put together again for the shell. */
static enum lopt_status add_heredoc_command(struct lopt_state *s, const struct lopt_instruction *in)
{
	struct lopt_heredoc doc;
	bool alone;
	LOPT_TRY(lopt_heredoc_parse(&doc, &alone, s->arena, in->args, s->err));
	if (alone)
		return add_chomped(s, &in->heredocs[0]);
	LOPT_TRY(add(s, in->args));
	for (size_t i = 0; i < in->heredoc_count; i++) {
		LOPT_TRY(add(s, lopt_str_from("\n")));
		LOPT_TRY(add(s, in->heredocs[i].content));
		LOPT_TRY(add(s, in->heredocs[i].name));
	}
	return LOPT_OK;
}

static bool is_script(const struct lopt_instruction *in)
{
	if (in->heredoc_count != 1 || !lopt_str_starts(lopt_str_trim_left(in->heredocs[0].content), "#!"))
		return false;
	return lopt_str_starts(in->args, "<<");
}

/* The command as the history has it, the shell taken off again: what it is called with may be the base image's. */
static enum lopt_status form_command(struct lopt_state *s, const struct lopt_instruction *in)
{
	if (is_script(in)) {
		LOPT_TRY(add(s, lopt_str_from("/dev/pipes/")));
		return add(s, in->heredocs[0].name);
	}
	if (!in->json) {
		LOPT_TRY(add(s, s->shell));
		LOPT_TRY(add(s, lopt_str_from(" ")));
		LOPT_TRY(in->heredoc_count ? add_heredoc_command(s, in) : add(s, in->args));
	}
	for (size_t i = 0; in->json && i < in->word_count; i++) {
		if (i)
			LOPT_TRY(add(s, lopt_str_from(" ")));
		LOPT_TRY(add(s, in->words[i]));
	}
	struct lopt_str stripped = lopt_str_trim(lopt_shell_strip(lopt_buf_view(&s->text)));
	struct lopt_str kept;
	LOPT_TRY(lopt_state_keep(s, stripped, &kept));
	lopt_buf_clear(&s->text);
	return add(s, kept);
}

/* CMD and ENTRYPOINT: ["/bin/sh" "-c" "command"]. */
static enum lopt_status form_quoted(struct lopt_state *s, const struct lopt_instruction *in)
{
	lopt_buf_char(&s->text, '[');
	if (!in->json && s->quoted_shell.len) {
		LOPT_TRY(add(s, s->quoted_shell));
		lopt_buf_char(&s->text, ' ');
	} else if (!in->json) {
		lopt_buf_char(&s->text, LOPT_EXPAND_HOLE);
	}
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf quoted = LOPT_BUF_INIT(in->args.len * 12 + 64);
	for (size_t i = 0; i < in->word_count; i++) {
		if (i)
			lopt_buf_char(&quoted, ' ');
		lopt_go_quote(&quoted, in->words[i]);
	}
	if (quoted.failed)
		return lopt_error_memory(s->err);
	LOPT_TRY(add(s, lopt_buf_view(&quoted)));
	return add(s, lopt_str_from("]"));
}

static enum lopt_status form_path(struct lopt_state *s, const struct lopt_instruction *in)
{
	(void)in;
	return add(s, s->workdir); /* already moved there */
}

static enum lopt_status form_any(struct lopt_state *s, const struct lopt_instruction *in)
{
	(void)s;
	(void)in;
	return LOPT_OK;
}

/* By enum lopt_keyword and builder. NULL: the builder writes no entry. */
static form *const forms[LOPT_KEYWORD_COUNT][LOPT_BUILDER_KANIKO + 1] = {
#define ROW(keyword, legacy, buildkit, buildah, kaniko) \
	[LOPT_KEYWORD_##keyword] = { NULL, legacy, buildkit, buildah, kaniko }
	ROW(ADD, form_destination, form_copy, form_raw_destination, form_raw),
	ROW(ARG, form_names, form_names, form_any, NULL),
	ROW(CMD, form_quoted, form_quoted, form_raw, NULL),
	ROW(COPY, form_destination, form_copy, form_raw_destination, form_raw),
	ROW(ENTRYPOINT, form_quoted, form_quoted, form_raw, NULL),
	ROW(ENV, form_pairs, form_pairs, form_raw, NULL),
	ROW(EXPOSE, form_ports, form_ports, form_raw, NULL),
	ROW(HEALTHCHECK, form_any, form_any, form_source, NULL),
	ROW(LABEL, form_pairs, form_pairs, form_raw, NULL),
	ROW(MAINTAINER, form_raw, form_raw, form_raw, NULL),
	ROW(ONBUILD, form_raw, NULL, form_raw, NULL),
	ROW(RUN, form_command, form_command, form_raw, form_raw),
	ROW(SHELL, form_list, form_list, form_raw, NULL),
	ROW(STOPSIGNAL, form_word, form_word, form_raw, NULL),
	ROW(USER, form_word, form_word, form_raw, NULL),
	ROW(VOLUME, form_list, form_list, form_raw, NULL),
	ROW(WORKDIR, form_path, form_path, form_raw, form_raw),
#undef ROW
};

static enum lopt_status write_text(struct lopt_item *item, struct lopt_state *s, form *write,
				   const struct lopt_instruction *in)
{
	lopt_buf_clear(&s->text);
	LOPT_TRY(write(s, in));
	if (s->text.failed)
		return lopt_error_memory(s->err);
	LOPT_TRY(lopt_state_keep(s, lopt_str_trim(lopt_buf_view(&s->text)), &item->text));
	bool holes = lopt_str_find(item->text, LOPT_EXPAND_HOLE) < item->text.len;
	item->fit = holes ? LOPT_FIT_PATTERN : LOPT_FIT_TEXT;
	return LOPT_OK;
}

/* A range of ports is written out by some versions, as it stands by others. */
static bool is_port_range(const struct lopt_item *item)
{
	return item->keyword == LOPT_KEYWORD_EXPOSE && lopt_str_find(item->text, '-') < item->text.len;
}

enum lopt_status lopt_form_write(struct lopt_item *item, struct lopt_state *state,
				 const struct lopt_instruction *instruction)
{
	form *write = forms[item->keyword][state->builder];
	item->fit = LOPT_FIT_NONE;
	item->optional = !write || state->builder == LOPT_BUILDER_KANIKO;
	if (!write)
		return LOPT_OK;
	if (write == form_any) {
		item->fit = LOPT_FIT_ANY;
		return LOPT_OK;
	}
	size_t before = state->chain->bytes;
	enum lopt_status status = write_text(item, state, write, instruction);
	if (status == LOPT_OK && is_port_range(item))
		item->fit = LOPT_FIT_ANY;
	/* Text the builder could not have worked out either, or too much of it, fits nothing. */
	bool hopeless = status == LOPT_E_INPUT || (status == LOPT_E_LIMIT && before < LOPT_CHAIN_BYTES_MAX / 2);
	return hopeless ? LOPT_OK : status;
}
