/* SPDX-License-Identifier: MIT */
#include "dockerfile/expand.h"

#include "base/cleanup.h"
#include "dockerfile/runes.h"

struct words {
	struct lopt_str *list;
	size_t count, cap;
	struct lopt_buf word; /* the one being read */
	bool inside;
	struct lopt_arena *arena; /* NULL: words are not wanted */
};

struct lexer {
	const struct lopt_expand *how;
	struct lopt_str text;
	size_t at;
	bool raw_escapes;
	unsigned int depth;
	size_t own_steps, *steps; /* left for patterns */
	struct words words;
	struct lopt_error *err;
};

static int32_t peek(const struct lexer *lex)
{
	return lopt_rune_peek(lex->text, lex->at);
}

static int32_t next(struct lexer *lex)
{
	return lex->at < lex->text.len ? lopt_rune_next(lex->text, &lex->at) : LOPT_RUNE_END;
}

static enum lopt_status refuse(const struct lexer *lex, const char *what)
{
	return lopt_error_set(lex->err, LOPT_E_INPUT, "%s", what);
}

/* Whatever is longer than a few bytes goes through lopt_expand_add; so a buffer that failed early lacked memory. */
static enum lopt_status full(const struct lopt_buf *out, struct lopt_error *err)
{
	if (!out->failed)
		return LOPT_OK;
	if (out->len + 4 < out->max)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_LIMIT, "a word expands to more than %zu bytes", out->max);
}

enum lopt_status lopt_expand_add(struct lopt_buf *out, struct lopt_str text, struct lopt_error *err)
{
	if (text.len > out->max - out->len)
		return lopt_error_set(err, LOPT_E_LIMIT, "a word expands to more than %zu bytes", out->max);
	lopt_buf_str(out, text);
	return full(out, err);
}

/* ---- words */

static void word_end(struct words *w)
{
	if (!w->arena || w->word.len == 0)
		return;
	struct lopt_str *list = lopt_grow(w->list, &w->cap, w->count + 1, sizeof *list);
	struct lopt_str copy = lopt_arena_copy(w->arena, lopt_buf_view(&w->word));
	if (list)
		w->list = list;
	if (!list || !copy.ptr) {
		w->word.failed = true;
		return;
	}
	w->list[w->count++] = copy;
	if (!w->word.failed)
		lopt_buf_clear(&w->word);
	w->inside = false;
}

static void word_raw(struct words *w, struct lopt_str text)
{
	if (!w->arena)
		return;
	lopt_buf_str(&w->word, text);
	w->inside = true;
}

static void word_raw_rune(struct words *w, int32_t c)
{
	if (!w->arena)
		return;
	lopt_rune_add(&w->word, c);
	w->inside = true;
}

static void word_rune(struct words *w, int32_t c)
{
	if (!lopt_rune_is_space(c))
		word_raw_rune(w, c);
	else if (w->inside)
		word_end(w);
}

static void word_text(struct words *w, struct lopt_str text)
{
	for (size_t at = 0; w->arena && at < text.len;)
		word_rune(w, lopt_rune_next(text, &at));
}

/* ---- variables */

static bool is_special(int32_t c)
{
	return c > 0 && c < 0x80 && strchr("@*#?-$!0", c);
}

static bool is_digit(int32_t c)
{
	return c >= '0' && c <= '9';
}

static struct lopt_str read_name(struct lexer *lex)
{
	size_t from = lex->at;
	if (is_digit(peek(lex))) {
		while (is_digit(peek(lex)))
			lex->at++;
	} else if (is_special(peek(lex))) {
		lex->at++;
	} else {
		while (peek(lex) != LOPT_RUNE_END && lopt_rune_is_letter(peek(lex)))
			(void)next(lex);
	}
	return lopt_str_make(lex->text.ptr + from, lex->at - from);
}

static enum lopt_variable look_up(const struct lexer *lex, struct lopt_str name, struct lopt_str *value)
{
	*value = lopt_str_from("");
	return lex->how->lookup ? lex->how->lookup(lex->how->context, name, value) : LOPT_VARIABLE_UNSET;
}

/* What a modifier makes of such a variable cannot be known. */
static bool is_open(enum lopt_variable found)
{
	return found == LOPT_VARIABLE_UNKNOWN || found == LOPT_VARIABLE_PARTLY;
}

static enum lopt_status plain_value(struct lexer *lex, struct lopt_buf *out, struct lopt_str name,
				    struct lopt_str source)
{
	struct lopt_str value;
	enum lopt_variable found = look_up(lex, name, &value);
	if (found == LOPT_VARIABLE_UNKNOWN)
		lopt_buf_char(out, LOPT_EXPAND_HOLE);
	if (found == LOPT_VARIABLE_SET || found == LOPT_VARIABLE_PARTLY)
		return lopt_expand_add(out, value, lex->err);
	if (found == LOPT_VARIABLE_UNSET && lex->how->keep_unset)
		return lopt_expand_add(out, source, lex->err);
	return LOPT_OK;
}

/* Words nest: the functions below call each other, LOPT_EXPAND_DEPTH_MAX braces deep at most. */
/* NOLINTBEGIN(misc-no-recursion) */
static enum lopt_status read_until(struct lexer *lex, struct lopt_buf *out, int32_t stop, bool raw_escapes);

/* A word inside braces; what is wrong in it at the very end of the text is a brace that is missing. */
static enum lopt_status read_inner(struct lexer *lex, struct lopt_buf *out, int32_t stop, bool raw_escapes)
{
	if (lex->depth >= LOPT_EXPAND_DEPTH_MAX)
		return lopt_error_set(lex->err, LOPT_E_LIMIT, "substitutions nested deeper than %d",
				      LOPT_EXPAND_DEPTH_MAX);
	lex->depth++;
	enum lopt_status status = read_until(lex, out, stop, raw_escapes);
	lex->depth--;
	if (status == LOPT_E_INPUT && peek(lex) == LOPT_RUNE_END)
		return refuse(lex, stop == '/' ? "syntax error: missing '/' in ${}" : "syntax error: missing '}'");
	return status;
}

static enum lopt_status unsupported(const struct lexer *lex, bool colon, int32_t c)
{
	char shown = c > 0x20 && c < 0x7f ? (char)c : '?';
	return lopt_error_set(lex->err, LOPT_E_INPUT, "unsupported modifier (%s%c) in substitution", colon ? ":" : "",
			      shown);
}

static enum lopt_status required(const struct lexer *lex, struct lopt_str name, struct lopt_str word, const char *not_)
{
	if (word.len == 0)
		word = lopt_str_from(not_);
	return lopt_error_set(lex->err, LOPT_E_INPUT, "%.*s: %.*s", LOPT_STR_ARGS(name), LOPT_STR_ARGS(word));
}

struct modifier {
	struct lopt_str name;
	int32_t kind; /* - + ? # % / */
	bool colon;
	bool all; /* // */
};

/* ${name-word} and its kin, once the word is read. */
static enum lopt_status apply_default(struct lexer *lex, struct lopt_buf *out, const struct modifier *m,
				      struct lopt_str word)
{
	struct lopt_str value;
	enum lopt_variable found = look_up(lex, m->name, &value);
	if (is_open(found)) {
		lopt_buf_char(out, LOPT_EXPAND_HOLE);
		return LOPT_OK;
	}
	bool missing = found == LOPT_VARIABLE_UNSET || (m->colon && value.len == 0);
	if (m->kind == '?' && missing)
		return required(lex, m->name, word,
				found == LOPT_VARIABLE_UNSET ? "is not allowed to be unset"
							     : "is not allowed to be empty");
	if (m->kind == '+')
		value = missing ? lopt_str_from("") : word;
	else if (missing)
		value = word;
	return lopt_expand_add(out, value, lex->err);
}

static enum lopt_status apply_pattern(struct lexer *lex, struct lopt_buf *out, const struct modifier *m,
				      struct lopt_str word, struct lopt_str replacement)
{
	struct lopt_str value;
	enum lopt_variable found = look_up(lex, m->name, &value);
	if (is_open(found) || lopt_str_find(word, LOPT_EXPAND_HOLE) < word.len) {
		lopt_buf_char(out, LOPT_EXPAND_HOLE);
		return LOPT_OK;
	}
	if (m->kind == '/')
		return lopt_pattern_replace(out, value, word, replacement, m->all, lex->steps, lex->err);
	bool greedy = word.len && word.ptr[0] == m->kind;
	return lopt_pattern_trim(out, value, lopt_str_skip(word, greedy),
				 m->kind == '%' ? LOPT_TRIM_SUFFIX : LOPT_TRIM_PREFIX, greedy, lex->steps, lex->err);
}

static enum lopt_status add_as_it_is(const struct lexer *lex, struct lopt_buf *out, const struct modifier *m,
				     struct lopt_str word, struct lopt_str replacement)
{
	LOPT_TRY(lopt_expand_add(out, lopt_str_from("${"), lex->err));
	LOPT_TRY(lopt_expand_add(out, m->name, lex->err));
	if (m->colon)
		lopt_buf_char(out, ':');
	lopt_rune_add(out, m->kind);
	LOPT_TRY(lopt_expand_add(out, word, lex->err));
	if (m->kind == '/') {
		lopt_buf_char(out, '/');
		LOPT_TRY(lopt_expand_add(out, replacement, lex->err));
	}
	lopt_buf_char(out, '}');
	return LOPT_OK;
}

static enum lopt_status read_modifier(struct lexer *lex, struct lopt_buf *out, struct modifier *m)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf word = LOPT_BUF_INIT(out->max);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf replacement = LOPT_BUF_INIT(out->max);
	bool pattern = m->kind == '#' || m->kind == '%';
	if (m->kind == '/') {
		m->all = peek(lex) == '/';
		lex->at += m->all;
		LOPT_TRY(read_inner(lex, &word, '/', true));
		LOPT_TRY(read_inner(lex, &replacement, '}', true));
	} else {
		LOPT_TRY(read_inner(lex, &word, '}', pattern));
	}
	LOPT_TRY(full(&word, lex->err));
	LOPT_TRY(full(&replacement, lex->err));
	struct lopt_str value;
	if (lex->how->keep_unset && look_up(lex, m->name, &value) == LOPT_VARIABLE_UNSET)
		return add_as_it_is(lex, out, m, lopt_buf_view(&word), lopt_buf_view(&replacement));
	if (pattern || m->kind == '/')
		return apply_pattern(lex, out, m, lopt_buf_view(&word), lopt_buf_view(&replacement));
	return apply_default(lex, out, m, lopt_buf_view(&word));
}

static enum lopt_status read_braces(struct lexer *lex, struct lopt_buf *out, size_t from)
{
	int32_t c = peek(lex);
	if (c == LOPT_RUNE_END)
		return refuse(lex, "syntax error: missing '}'");
	if (c == '{' || c == '}' || c == ':')
		return refuse(lex, "syntax error: bad substitution");
	struct modifier m = { .name = read_name(lex) };
	c = next(lex);
	if (c == '}')
		return plain_value(lex, out, m.name, lopt_str_make(lex->text.ptr + from, lex->at - from));
	if (c == ':') {
		m.colon = true;
		c = next(lex);
	}
	m.kind = c;
	bool known = c > 0 && c < 0x80 && strchr(m.colon ? "+-?" : "+-?#%/", c);
	return known ? read_modifier(lex, out, &m) : unsupported(lex, m.colon, c);
}

static enum lopt_status read_dollar(struct lexer *lex, struct lopt_buf *out)
{
	size_t from = lex->at++;
	if (peek(lex) == '{') {
		lex->at++;
		return read_braces(lex, out, from);
	}
	struct lopt_str name = read_name(lex);
	if (name.len == 0) {
		lopt_buf_char(out, '$');
		return LOPT_OK;
	}
	return plain_value(lex, out, name, lopt_str_make(lex->text.ptr + from, lex->at - from));
}

/* ---- quotes */

static enum lopt_status read_single_quotes(struct lexer *lex, struct lopt_buf *out)
{
	if (lex->how->raw_quotes)
		lopt_buf_char(out, '\'');
	for (lex->at++;;) {
		int32_t c = next(lex);
		if (c == LOPT_RUNE_END)
			return refuse(lex, "unexpected end of statement while looking for matching single-quote");
		if (c != '\'' || lex->how->raw_quotes)
			lopt_rune_add(out, c);
		if (c == '\'')
			return LOPT_OK;
	}
}

static void read_quoted_rune(struct lexer *lex, struct lopt_buf *out)
{
	int32_t c = next(lex);
	if (c == lex->how->escape) {
		if (lex->raw_escapes)
			lopt_rune_add(out, c);
		int32_t after = peek(lex);
		if (after == LOPT_RUNE_END)
			return;
		if (after == '"' || after == '$' || after == lex->how->escape)
			c = next(lex);
	}
	lopt_rune_add(out, c);
}

static enum lopt_status read_double_quotes(struct lexer *lex, struct lopt_buf *out)
{
	if (lex->how->raw_quotes)
		lopt_buf_char(out, '"');
	for (lex->at++;;) {
		int32_t c = peek(lex);
		if (c == LOPT_RUNE_END)
			return refuse(lex, "unexpected end of statement while looking for matching double-quote");
		if (c == '$') {
			LOPT_TRY(read_dollar(lex, out));
		} else if (c != '"') {
			read_quoted_rune(lex, out);
		} else {
			lex->at++;
			if (lex->how->raw_quotes)
				lopt_buf_char(out, '"');
			return LOPT_OK;
		}
	}
}

/* "<<" and the blanks behind it stay with the word that names a here-document. */
static void read_less(struct lexer *lex, struct lopt_buf *out)
{
	lex->at++;
	lopt_buf_char(out, '<');
	if (peek(lex) != '<')
		return;
	for (lex->at++, lopt_buf_char(out, '<');; lex->at++) {
		int32_t c = peek(lex);
		if (c != '\t' && c != '\r' && c != ' ')
			return;
		lopt_buf_char(out, (char)c);
	}
}

/* False at the end of the text, behind a lone escape. */
static bool read_plain(struct lexer *lex, struct lopt_buf *out)
{
	int32_t c = next(lex);
	if (c != lex->how->escape) {
		word_rune(&lex->words, c);
		lopt_rune_add(out, c);
		return true;
	}
	if (lex->raw_escapes) {
		word_raw_rune(&lex->words, c);
		lopt_rune_add(out, c);
	}
	c = next(lex);
	if (c == LOPT_RUNE_END)
		return false;
	word_raw_rune(&lex->words, c);
	lopt_rune_add(out, c);
	return true;
}

static enum lopt_status read_special(struct lexer *lex, struct lopt_buf *out, int32_t c)
{
	size_t from = out->len;
	enum lopt_status status = LOPT_OK;
	if (c == '$')
		status = read_dollar(lex, out);
	else if (c == '\'')
		status = read_single_quotes(lex, out);
	else if (c == '"')
		status = read_double_quotes(lex, out);
	else
		read_less(lex, out);
	if (status != LOPT_OK || out->failed)
		return status;
	struct lopt_str added = lopt_str_make(out->data ? out->data + from : "", out->len - from);
	if (c == '$')
		word_text(&lex->words, added);
	else
		word_raw(&lex->words, added);
	return LOPT_OK;
}

/* Bounded recursion: only braces lead back here, and read_inner counts them. */
static enum lopt_status read_until(struct lexer *lex, struct lopt_buf *out, int32_t stop, bool raw_escapes)
{
	bool outer = lex->raw_escapes;
	lex->raw_escapes = raw_escapes;
	/* BuildKit shares one word buffer between the levels and empties it here: so the words it splits. */
	if (!lex->words.word.failed)
		lopt_buf_clear(&lex->words.word);
	bool stopped = stop == LOPT_RUNE_END;
	enum lopt_status status = LOPT_OK;
	for (int32_t c; status == LOPT_OK && !out->failed && (c = peek(lex)) != LOPT_RUNE_END;) {
		if (c == stop) {
			lex->at++;
			stopped = true;
			break;
		}
		if (c == '$' || c == '<' || c == '\'' || c == '"')
			status = read_special(lex, out, c);
		else if (!read_plain(lex, out))
			break;
	}
	lex->raw_escapes = outer;
	if (lex->depth > 0 && !lex->words.word.failed)
		lopt_buf_clear(&lex->words.word);
	if (status == LOPT_OK && !out->failed && !stopped)
		return lopt_error_set(lex->err, LOPT_E_INPUT,
				      "unexpected end of statement while looking for matching %c", (char)stop);
	return status;
}
/* NOLINTEND(misc-no-recursion) */

static struct lexer new_lexer(const struct lopt_expand *how, struct lopt_str text, struct lopt_error *err)
{
	struct lexer lex = { .how = how,
			     .text = text,
			     .raw_escapes = how->raw_escapes,
			     .err = err,
			     .own_steps = LOPT_EXPAND_PATTERN_STEPS };
	lex.words.word = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	if (lopt_str_starts(text, "\xef\xbb\xbf"))
		lex.at = 3; /* the scanner BuildKit uses drops it */
	return lex;
}

enum lopt_status lopt_expand_word(struct lopt_buf *out, const struct lopt_expand *how, struct lopt_str word,
				  struct lopt_error *err)
{
	struct lexer lex = new_lexer(how, word, err);
	lex.steps = how->pattern_steps ? how->pattern_steps : &lex.own_steps;
	LOPT_TRY(read_until(&lex, out, LOPT_RUNE_END, how->raw_escapes));
	return full(out, err);
}

static enum lopt_status collect_words(struct lexer *lex, struct lopt_buf *all, struct lopt_error *err)
{
	LOPT_TRY(read_until(lex, all, LOPT_RUNE_END, lex->how->raw_escapes));
	word_end(&lex->words);
	LOPT_TRY(full(all, err));
	return lex->words.word.failed ? lopt_error_memory(err) : LOPT_OK;
}

enum lopt_status lopt_expand_words(struct lopt_arena *arena, const struct lopt_str **words, size_t *count,
				   const struct lopt_expand *how, struct lopt_str text, struct lopt_error *err)
{
	struct lexer lex = new_lexer(how, text, err);
	lex.steps = how->pattern_steps ? how->pattern_steps : &lex.own_steps;
	lex.words.arena = arena;
	/* Room for a line without variables, where bytes that are no UTF-8 become three. */
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf all = LOPT_BUF_INIT(text.len * 3 + LOPT_EXPAND_BYTES_MAX);
	lex.words.word.max = all.max;
	enum lopt_status status = collect_words(&lex, &all, err);
	struct lopt_str *list = NULL;
	if (status == LOPT_OK) {
		list = lopt_arena_zalloc(arena, lex.words.count, sizeof *list);
		if (!list)
			status = lopt_error_memory(err);
		else if (lex.words.count)
			memcpy(list, lex.words.list, lex.words.count * sizeof *list);
	}
	*words = list;
	*count = lex.words.count;
	free(lex.words.list);
	lopt_buf_release(&lex.words.word);
	return status;
}
