/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "dockerfile/expand.h"
#include "dockerfile/runes.h"

/* Characters a pattern is made of, besides the literal ones. */
enum { ANY_RUN = -1, ANY_ONE = -2 };

/*
 * A pattern and a value as characters, and for each pair of positions whether the rest of the pattern matches
 * some stretch of the value from there. The table makes every search linear, whatever the stars.
 */
struct match {
	int32_t *pattern;
	size_t pattern_len;
	int32_t *value;
	size_t *offset; /* byte offset of each character of the value, and its length at the end */
	size_t value_len;
	bool *fits;
};

static void match_release(struct match *m)
{
	free(m->pattern);
	free(m->value);
	free(m->offset);
	free(m->fits);
}

static bool *fits(const struct match *m, size_t p, size_t v)
{
	return &m->fits[p * (m->value_len + 1) + v];
}

static bool matches_one(int32_t pattern, int32_t c)
{
	return pattern == ANY_ONE || pattern == ANY_RUN ? c != '\n' : pattern == c;
}

static enum lopt_status invalid_pattern(struct lopt_str text, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "invalid pattern (%.*s) in substitution", LOPT_STR_ARGS(text));
}

/* An escape hides the pattern's own characters; } and / had to be escaped to get here at all. */
static enum lopt_status read_pattern(struct match *m, struct lopt_str text, struct lopt_error *err)
{
	m->pattern = reallocarray(NULL, text.len + 1, sizeof *m->pattern);
	if (!m->pattern)
		return lopt_error_memory(err);
	for (size_t at = 0; at < text.len;) {
		int32_t c = lopt_rune_next(text, &at);
		int32_t next = lopt_rune_peek(text, at);
		if (c == '\\' && (next == '}' || next == '/'))
			continue;
		if (c == '\\') {
			if (next != '*' && next != '?' && next != '\\')
				return invalid_pattern(text, err);
			c = lopt_rune_next(text, &at);
		} else if (c == '*') {
			c = ANY_RUN;
		} else if (c == '?') {
			c = ANY_ONE;
		}
		m->pattern[m->pattern_len++] = c;
	}
	return LOPT_OK;
}

static enum lopt_status read_value(struct match *m, struct lopt_str text, struct lopt_error *err)
{
	m->value = reallocarray(NULL, text.len + 1, sizeof *m->value);
	m->offset = reallocarray(NULL, text.len + 1, sizeof *m->offset);
	if (!m->value || !m->offset)
		return lopt_error_memory(err);
	for (size_t at = 0; at < text.len;) {
		m->offset[m->value_len] = at;
		m->value[m->value_len++] = lopt_rune_next(text, &at);
	}
	m->offset[m->value_len] = text.len;
	return LOPT_OK;
}

static void reverse(int32_t *runes, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		int32_t c = runes[i];
		runes[i] = runes[len - 1 - i];
		runes[len - 1 - i] = c;
	}
}

static enum lopt_status fill(struct match *m, size_t *steps, struct lopt_error *err)
{
	size_t columns = m->value_len + 1;
	if (m->pattern_len + 1 > *steps / columns)
		return lopt_error_set(err, LOPT_E_LIMIT, "the patterns and values of substitutions are too long");
	*steps -= (m->pattern_len + 1) * columns;
	m->fits = calloc(m->pattern_len + 1, columns);
	if (!m->fits)
		return lopt_error_memory(err);
	for (size_t v = 0; v < columns; v++)
		*fits(m, m->pattern_len, v) = true;
	for (size_t p = m->pattern_len; p-- > 0;) {
		bool run = m->pattern[p] == ANY_RUN;
		for (size_t v = columns; v-- > 0;) {
			bool step = v < m->value_len && matches_one(m->pattern[p], m->value[v]);
			*fits(m, p, v) = run ? *fits(m, p + 1, v) || (step && *fits(m, p, v + 1))
					     : step && *fits(m, p + 1, v + 1);
		}
	}
	return LOPT_OK;
}

/* End of the match that starts at `v`, where one is known to start. */
static size_t match_end(const struct match *m, size_t v, bool greedy)
{
	for (size_t p = 0; p < m->pattern_len; p++) {
		if (m->pattern[p] != ANY_RUN) {
			v++;
			continue;
		}
		size_t end = v;
		for (size_t i = v; i <= m->value_len; i++) {
			if (*fits(m, p + 1, i)) {
				end = i;
				if (!greedy)
					break;
			}
			if (i < m->value_len && m->value[i] == '\n')
				break;
		}
		v = end;
	}
	return v;
}

enum lopt_status lopt_pattern_trim(struct lopt_buf *out, struct lopt_str value, struct lopt_str pattern,
				   enum lopt_trim trim, bool greedy, size_t *steps, struct lopt_error *err)
{
	LOPT_CLEANUP(match_release) struct match m = { 0 };
	LOPT_TRY(read_pattern(&m, pattern, err));
	LOPT_TRY(read_value(&m, value, err));
	if (trim == LOPT_TRIM_SUFFIX) {
		reverse(m.pattern, m.pattern_len);
		reverse(m.value, m.value_len);
	}
	LOPT_TRY(fill(&m, steps, err));
	size_t taken = *fits(&m, 0, 0) ? match_end(&m, 0, greedy) : 0;
	if (trim == LOPT_TRIM_SUFFIX)
		value.len = m.offset[m.value_len - taken];
	else
		value = lopt_str_skip(value, m.offset[taken]);
	return lopt_expand_add(out, value, err);
}

/* Go's regexp template: $0 is the match, $$ a dollar, any other name nothing. */
static enum lopt_status add_template(struct lopt_buf *out, struct lopt_str replacement, struct lopt_str match,
				     struct lopt_error *err)
{
	for (size_t at = 0; at < replacement.len; at++) {
		if (replacement.ptr[at] != '$') {
			lopt_buf_char(out, replacement.ptr[at]);
			continue;
		}
		struct lopt_str rest = lopt_str_skip(replacement, at + 1);
		bool brace = rest.len && rest.ptr[0] == '{';
		size_t from = brace, end = from;
		while (end < rest.len && (unsigned char)rest.ptr[end] < 0x80 && lopt_rune_is_letter(rest.ptr[end]))
			end++;
		if (rest.len && rest.ptr[0] == '$') {
			at++;
			lopt_buf_char(out, '$');
		} else if (end == from || (brace && (end == rest.len || rest.ptr[end] != '}'))) {
			lopt_buf_char(out, '$');
		} else {
			if (end == from + 1 && rest.ptr[from] == '0')
				LOPT_TRY(lopt_expand_add(out, match, err));
			at += end + brace;
		}
	}
	return LOPT_OK;
}

enum lopt_status lopt_pattern_replace(struct lopt_buf *out, struct lopt_str value, struct lopt_str pattern,
				      struct lopt_str replacement, bool all, size_t *steps, struct lopt_error *err)
{
	LOPT_CLEANUP(match_release) struct match m = { 0 };
	LOPT_TRY(read_pattern(&m, pattern, err));
	LOPT_TRY(read_value(&m, value, err));
	LOPT_TRY(fill(&m, steps, err));
	size_t copied = 0, after = SIZE_MAX;
	for (size_t v = 0; v <= m.value_len; v++) {
		size_t end = *fits(&m, 0, v) ? match_end(&m, v, true) : v;
		if (!*fits(&m, 0, v) || (end == v && v == after))
			continue; /* an empty match right behind another does not count */
		size_t from = m.offset[v], to = m.offset[end];
		LOPT_TRY(lopt_expand_add(out, lopt_str_make(value.ptr + copied, from - copied), err));
		if (all)
			LOPT_TRY(add_template(out, replacement, lopt_str_make(value.ptr + from, to - from), err));
		else
			LOPT_TRY(lopt_expand_add(out, replacement, err));
		copied = to;
		after = end;
		if (!all || out->failed)
			break;
		if (end > v)
			v = end - 1;
	}
	return lopt_expand_add(out, lopt_str_skip(value, copied), err);
}
