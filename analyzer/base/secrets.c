/* SPDX-License-Identifier: MIT */
#include "base/secrets.h"

#include "base/cleanup.h"

static const char hidden[] = "***";

/* Characters, without the locale. */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
}

/* Of tokens: words, and what base64 adds. */
static bool is_token(char c)
{
	return is_word(c) || c == '+' || c == '/' || c == '=';
}

static bool same_letters(struct lopt_str text, size_t at, const char *word)
{
	size_t len = strlen(word);
	if (text.len - at < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (lower(text.ptr[at + i]) != word[i])
			return false;
	}
	return true;
}

/* Names. */

enum name_rule {
	ANYWHERE,  /* also inside a longer word */
	ENDING,	   /* no letter may follow: apikey, api_key_2, not keyboard */
	WHOLE,	   /* neither before nor behind: db_pass, not compass or passenger */
	NOT_ALONE, /* like WHOLE, but with something before it: DB_PWD, not PWD */
};

static const struct name {
	const char *word;
	enum name_rule rule;
} names[] = {
	{ "password", ANYWHERE },
	{ "passwd", ANYWHERE },
	{ "passphrase", ANYWHERE },
	{ "secret", ANYWHERE },
	{ "token", ANYWHERE },
	{ "credential", ANYWHERE },
	{ "authorization", ANYWHERE },
	{ "apikey", ANYWHERE },
	{ "accesskey", ANYWHERE },
	{ "privatekey", ANYWHERE },
	{ "key", ENDING },
	{ "keys", ENDING },
	{ "pass", WHOLE },
	{ "creds", ENDING },
	{ "auth", WHOLE },
	{ "pwd", NOT_ALONE },
	{ "jwt", WHOLE },
	{ "cookie", ENDING },
	{ "pat", NOT_ALONE },
};

static bool name_has(struct lopt_str name, size_t at, const struct name *rule)
{
	if (!same_letters(name, at, rule->word))
		return false;
	size_t end = at + strlen(rule->word);
	bool ends = end == name.len || !is_letter(name.ptr[end]);
	/* camelCase starts a word too */
	bool starts = at == 0 || !is_letter(name.ptr[at - 1]) ||
		      (name.ptr[at] == lower(name.ptr[at])) < (name.ptr[at - 1] == lower(name.ptr[at - 1]));
	bool camel = end < name.len && name.ptr[end] != lower(name.ptr[end]) &&
		     name.ptr[end - 1] == lower(name.ptr[end - 1]);
	switch (rule->rule) {
	case ANYWHERE:
		return true;
	case ENDING:
		return ends || camel;
	case WHOLE:
		return starts && (ends || camel);
	case NOT_ALONE:
		return starts && at > 0 && ends;
	}
	return false;
}

bool lopt_secret_name(struct lopt_str name)
{
	for (size_t at = 0; at < name.len; at++) {
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			if (name_has(name, at, &names[i]))
				return true;
		}
	}
	return false;
}

/* Forms: how a token starts, and how long it is at least with that. */

static const struct form {
	const char *start;
	size_t len;
} forms[] = {
	{ "AKIA", 20 },	    { "ASIA", 20 },  { "ghp_", 24 },	    { "gho_", 24 },	 { "ghu_", 24 },
	{ "ghs_", 24 },	    { "ghr_", 24 },  { "github_pat_", 30 }, { "glpat-", 20 },	 { "gldt-", 20 },
	{ "glrt-", 20 },    { "xoxa-", 15 }, { "xoxb-", 15 },	    { "xoxe-", 15 },	 { "xoxp-", 15 },
	{ "xoxr-", 15 },    { "xoxs-", 15 }, { "xapp-", 15 },	    { "sk_live_", 20 },	 { "sk_test_", 20 },
	{ "rk_live_", 20 }, { "sk-", 35 },   { "npm_", 36 },	    { "pypi-", 40 },	 { "hf_", 30 },
	{ "AIza", 35 },	    { "ya29.", 30 }, { "SG.", 40 },	    { "dckr_pat_", 20 }, { "dop_v1_", 40 },
	{ "hvs.", 24 },	    { "eyJ", 30 },   { "Bearer ", 23 },	    { "Basic ", 18 },
};

/* One run over a text. What has been looked at up to `run` is a single token: each byte is looked at once. */
struct scan {
	struct lopt_buf *out;
	struct lopt_str text;
	size_t at;
	size_t run;   /* end of the run of token characters around `at` */
	bool assigns; /* an ENV, ARG or LABEL line: values go on behind spaces */
};

static bool here(const struct scan *scan, const char *what)
{
	size_t len = strlen(what);
	return scan->text.len - scan->at >= len && memcmp(scan->text.ptr + scan->at, what, len) == 0;
}

static void copy_to(struct scan *scan, size_t end)
{
	lopt_buf_add(scan->out, scan->text.ptr + scan->at, end - scan->at);
	scan->at = end;
}

static void hide_to(struct scan *scan, size_t end)
{
	lopt_buf_text(scan->out, hidden);
	scan->at = end;
}

static size_t token_end(struct scan *scan, size_t from)
{
	if (scan->run <= from) {
		scan->run = from;
		while (scan->run < scan->text.len && is_token(scan->text.ptr[scan->run]))
			scan->run++;
	}
	return scan->run;
}

static bool hide_form(struct scan *scan)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (!here(scan, forms[i].start))
			continue;
		size_t start = strlen(forms[i].start);
		bool two_words = forms[i].start[start - 1] == ' ';
		size_t end = token_end(scan, two_words ? scan->at + start : scan->at);
		if (end - scan->at < forms[i].len)
			continue;
		if (two_words)
			copy_to(scan, scan->at + start);
		hide_to(scan, end);
		return true;
	}
	return false;
}

static const char *find(struct lopt_str text, size_t from, size_t to, const char *what)
{
	return from < to ? memmem(text.ptr + from, to - from, what, strlen(what)) : NULL;
}

/* "-----BEGIN RSA PRIVATE KEY-----" up to the end of its end line, or of the text. */
static bool hide_pem(struct scan *scan)
{
	enum { LABEL_MAX = 64 };
	if (!here(scan, "-----BEGIN "))
		return false;
	size_t limit = scan->text.len - scan->at < LABEL_MAX ? scan->text.len : scan->at + LABEL_MAX;
	const char *key = find(scan->text, scan->at, limit, "PRIVATE KEY");
	if (!key)
		return false;
	size_t from = (size_t)(key - scan->text.ptr);
	const char *end = find(scan->text, from, scan->text.len, "-----END ");
	const char *close = end ? find(scan->text, (size_t)(end - scan->text.ptr) + 9, scan->text.len, "-----") : NULL;
	hide_to(scan, close ? (size_t)(close - scan->text.ptr) + 5 : scan->text.len);
	return true;
}

/* "://user:password@": the password goes; with "://token@" all of it. */
static bool hide_in_url(struct scan *scan)
{
	if (!here(scan, "://"))
		return false;
	copy_to(scan, scan->at + 3);
	size_t colon = 0;
	size_t last = 0;
	for (size_t i = scan->at; i < scan->text.len; i++) {
		char c = scan->text.ptr[i];
		if (c == '/' || c == '?' || c == '#' || is_space(c) || is_quote(c))
			break;
		if (c == '@')
			last = i;
		else if (c == ':' && !colon)
			colon = i;
	}
	if (!last)
		return true;
	if (colon && colon < last)
		copy_to(scan, colon + 1);
	hide_to(scan, last);
	return true;
}

/* Where an assignment of an ENV line ends: before the next NAME=. */
static size_t assigned_end(const struct scan *scan, size_t at)
{
	size_t end = at;
	while (end < scan->text.len) {
		while (end < scan->text.len && !is_space(scan->text.ptr[end]))
			end++;
		size_t word = end;
		while (word < scan->text.len && is_space(scan->text.ptr[word]))
			word++;
		size_t next = word;
		while (next < scan->text.len && is_word(scan->text.ptr[next]))
			next++;
		if (next > word && next < scan->text.len && scan->text.ptr[next] == '=')
			return end;
		end = next > end ? next : end + 1;
	}
	return scan->text.len;
}

static size_t quoted_end(struct lopt_str text, size_t at)
{
	char quote = text.ptr[at++];
	while (at < text.len && text.ptr[at] != quote)
		at += text.ptr[at] == '\\' && quote == '"' && at + 1 < text.len ? 2 : 1;
	return at;
}

/* $NAME, ${...} and $(...) are no values; "$6$salt$..." is one. */
static bool is_reference(struct lopt_str text, size_t at)
{
	if (at >= text.len || text.ptr[at] != '$' || at + 1 >= text.len)
		return false;
	char first = text.ptr[at + 1];
	if (first == '{' || first == '(')
		return true;
	size_t end = at + 1;
	while (end < text.len && (is_letter(text.ptr[end]) || is_digit(text.ptr[end]) || text.ptr[end] == '_'))
		end++;
	return (is_letter(first) || first == '_') && (end == text.len || text.ptr[end] != '$');
}

/* The value at `at`; what stands before it is copied. */
static void hide_value(struct scan *scan, size_t at)
{
	struct lopt_str text = scan->text;
	copy_to(scan, at);
	if (at == text.len || is_space(text.ptr[at]) || is_reference(text, at))
		return;
	if (is_quote(text.ptr[at])) {
		size_t end = quoted_end(text, at);
		copy_to(scan, at + 1);
		if (end > scan->at)
			hide_to(scan, end < text.len ? end : text.len);
		return;
	}
	size_t end = at;
	while (end < text.len && !is_space(text.ptr[end]) && !is_quote(text.ptr[end]) && !strchr(";&|)", text.ptr[end]))
		end++;
	if (scan->assigns)
		end = assigned_end(scan, at);
	if (end > at)
		hide_to(scan, end);
}

static bool ends_with(struct lopt_str word, const char *end)
{
	size_t len = strlen(end);
	return word.len >= len && same_letters(word, word.len - len, end);
}

/* "--password VALUE", and "ENV PASSWORD VALUE"; not "--password-stdin REGISTRY". */
static bool takes_next_word(const struct scan *scan, struct lopt_str word, size_t end)
{
	if (end + 1 >= scan->text.len || scan->text.ptr[end] != ' ' || scan->text.ptr[end + 1] == '-')
		return false;
	if (lopt_str_starts(word, "--"))
		return !ends_with(word, "-stdin") && !ends_with(word, "-file");
	return scan->assigns && word.ptr - scan->text.ptr >= 4 && memcmp(word.ptr - 4, "ENV ", 4) == 0;
}

/* Where the value that belongs to the word starts; `end` where it has none. */
static size_t value_after(const struct scan *scan, struct lopt_str word, size_t end)
{
	struct lopt_str text = scan->text;
	bool assigned = end < text.len && text.ptr[end] == '=';
	bool member = end + 1 < text.len && is_quote(text.ptr[end]) && text.ptr[end + 1] == ':';
	if (!member)
		return assigned || takes_next_word(scan, word, end) ? end + 1 : end;
	size_t value = end + 2;
	while (value < text.len && text.ptr[value] == ' ')
		value++;
	return value;
}

/* At the start of a word: its name decides about what follows. */
static void pass_word(struct scan *scan)
{
	size_t end = scan->at;
	while (end < scan->text.len && is_word(scan->text.ptr[end]))
		end++;
	const char *pem = find(scan->text, scan->at + 1, end, "-----BEGIN");
	if (pem)
		end = (size_t)(pem - scan->text.ptr);
	struct lopt_str word = lopt_str_make(scan->text.ptr + scan->at, end - scan->at);
	size_t value = value_after(scan, word, end);
	if (value > end && lopt_secret_name(word))
		hide_value(scan, value);
	else
		copy_to(scan, end);
}

static bool is_assignment_line(struct lopt_str text)
{
	static const char *const starts[] = { "ENV ", "ARG ", "LABEL " };
	size_t at = 0;
	const char *nop = find(text, 0, text.len < 64 ? text.len : 64, "#(nop)");
	if (nop)
		at = (size_t)(nop - text.ptr) + 6;
	while (at < text.len && is_space(text.ptr[at]))
		at++;
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		if (lopt_str_starts(lopt_str_make(text.ptr + at, text.len - at), starts[i]))
			return true;
	}
	return false;
}

static void mask_once(struct lopt_buf *out, struct lopt_str text)
{
	struct scan scan = { .out = out, .text = text, .assigns = text.len && is_assignment_line(text) };
	while (scan.at < text.len) {
		size_t at = scan.at;
		bool starts = at == 0 || !is_word(text.ptr[at - 1]);
		if (hide_in_url(&scan) || (text.ptr[at] == '-' && hide_pem(&scan)) || (starts && hide_form(&scan)))
			continue;
		if (starts && is_word(text.ptr[at]))
			pass_word(&scan);
		else
			copy_to(&scan, at + 1);
	}
}

/* What became of a text may hold what looks like a credential only now: the word behind a key that is gone. */
void lopt_secret_mask(struct lopt_buf *out, struct lopt_str text)
{
	enum { PASSES_MAX = 8 };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf before = LOPT_BUF_INIT(out->max);
	size_t start = out->len;
	mask_once(out, text);
	for (unsigned i = 1; i < PASSES_MAX && !out->failed && out->len > start; i++) {
		struct lopt_str masked = lopt_str_make(out->data + start, out->len - start);
		if (lopt_str_equal(masked, text))
			return;
		lopt_buf_clear(&before);
		lopt_buf_str(&before, masked);
		out->failed |= before.failed;
		text = lopt_buf_view(&before);
		out->len = start;
		mask_once(out, text);
	}
}

void lopt_secret_mask_value(struct lopt_buf *out, struct lopt_str name, struct lopt_str value)
{
	if (value.len && lopt_secret_name(name))
		lopt_buf_text(out, hidden);
	else
		lopt_secret_mask(out, value);
}
