/* SPDX-License-Identifier: MIT */
#include "layer/imports.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

/* --- which language --- */

static bool ends(struct lopt_str text, const char *end)
{
	size_t len = strlen(end);
	return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

enum lopt_script lopt_script_of(struct lopt_str path, struct lopt_str head)
{
	if (lopt_str_starts(head, "#!")) {
		const char *end = memchr(head.ptr, '\n', head.len);
		size_t len = end ? (size_t)(end - head.ptr) : head.len;
		if (memmem(head.ptr, len, "python", 6))
			return LOPT_SCRIPT_PYTHON;
		if (memmem(head.ptr, len, "perl", 4))
			return LOPT_SCRIPT_PERL;
	}
	if (ends(path, ".py"))
		return LOPT_SCRIPT_PYTHON;
	return ends(path, ".pl") || ends(path, ".pm") ? LOPT_SCRIPT_PERL : LOPT_SCRIPT_NONE;
}

/* --- statements --- */

static void skip_blanks(struct lopt_str *rest)
{
	while (rest->len && is_blank(rest->ptr[0]))
		*rest = lopt_str_make(rest->ptr + 1, rest->len - 1);
}

/* "a.b" or "A::B", or nothing. */
static struct lopt_str take_name(struct lopt_str *rest, char joint)
{
	size_t len = 0;
	skip_blanks(rest);
	while (len < rest->len && (is_name(rest->ptr[len]) || rest->ptr[len] == joint))
		len++;
	struct lopt_str name = lopt_str_make(rest->ptr, len);
	*rest = lopt_str_make(rest->ptr + len, rest->len - len);
	return len && is_letter(name.ptr[0]) ? name : lopt_str_make("", 0);
}

static bool take_word(struct lopt_str *rest, const char *word)
{
	size_t len = strlen(word);
	skip_blanks(rest);
	if (!lopt_str_starts(*rest, word) || (rest->len > len && is_name(rest->ptr[len])))
		return false;
	*rest = lopt_str_make(rest->ptr + len, rest->len - len);
	return true;
}

static bool take_char(struct lopt_str *rest, char c)
{
	skip_blanks(rest);
	if (!rest->len || rest->ptr[0] != c)
		return false;
	*rest = lopt_str_make(rest->ptr + 1, rest->len - 1);
	return true;
}

/* Both parts, with a joint between them if there are two, and a NUL. */
static void add_name(struct lopt_imports *imports, struct lopt_str first, struct lopt_str second)
{
	if (imports->names.len + first.len + second.len + 2 > LOPT_IMPORTS_NAMES_MAX)
		return;
	lopt_buf_str(&imports->names, first);
	if (second.len) {
		lopt_buf_char(&imports->names, '.');
		lopt_buf_str(&imports->names, second);
	}
	lopt_buf_char(&imports->names, '\0');
}

static void read_python(struct lopt_imports *imports, struct lopt_str rest)
{
	const struct lopt_str none = { "", 0 };
	if (take_word(&rest, "import")) {
		do {
			struct lopt_str name = take_name(&rest, '.');
			if (!name.len)
				return;
			add_name(imports, name, none);
			if (take_word(&rest, "as"))
				(void)take_name(&rest, '.');
		} while (take_char(&rest, ','));
		return;
	}
	struct lopt_str from = take_word(&rest, "from") ? take_name(&rest, '.') : none;
	if (!from.len || !take_word(&rest, "import"))
		return;
	add_name(imports, from, none);
	(void)take_char(&rest, '(');
	do {
		struct lopt_str name = take_name(&rest, '_');
		if (!name.len)
			return;
		add_name(imports, from, name);
		if (take_word(&rest, "as"))
			(void)take_name(&rest, '_');
	} while (take_char(&rest, ','));
}

/* A::B as the file it is in. */
static void add_perl(struct lopt_imports *imports, struct lopt_str name)
{
	struct lopt_buf *names = &imports->names;
	if (names->len + name.len + 4 > LOPT_IMPORTS_NAMES_MAX)
		return;
	for (size_t i = 0; i < name.len; i++) {
		bool joint = name.ptr[i] == ':' && i + 1 < name.len && name.ptr[i + 1] == ':';
		lopt_buf_char(names, joint ? '/' : name.ptr[i]);
		i += joint;
	}
	lopt_buf_add(names, ".pm", 4);
}

static void read_perl(struct lopt_imports *imports, struct lopt_str rest)
{
	if (!take_word(&rest, "use") && !take_word(&rest, "require"))
		return;
	struct lopt_str name = take_name(&rest, ':');
	if (!name.len)
		return;
	add_perl(imports, name);
	if (!lopt_str_is(name, "parent") && !lopt_str_is(name, "base"))
		return;
	while (rest.len) {
		name = take_name(&rest, ':');
		if (name.len && !lopt_str_is(name, "qw"))
			add_perl(imports, name);
		else if (!name.len && rest.len)
			rest = lopt_str_make(rest.ptr + 1, rest.len - 1);
	}
}

static void end_statement(struct lopt_imports *imports)
{
	struct lopt_str statement = lopt_str_make(imports->statement, imports->len);
	if (imports->script == LOPT_SCRIPT_PYTHON)
		read_python(imports, statement);
	else if (imports->script == LOPT_SCRIPT_PERL)
		read_perl(imports, statement);
	imports->len = 0;
}

/* --- the text --- */

void lopt_imports_begin(struct lopt_imports *imports, enum lopt_script script, bool quotes)
{
	imports->names = LOPT_BUF_INIT(LOPT_IMPORTS_NAMES_MAX);
	imports->script = script;
	imports->quotes = quotes;
	imports->len = 0;
}

void lopt_imports_release(struct lopt_imports *imports)
{
	lopt_buf_release(&imports->names);
}

bool lopt_imports_feed(struct lopt_imports *imports, struct lopt_str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.ptr[i];
		if (c == '\n' || c == ';' || (imports->quotes && (c == '"' || c == '\'')))
			end_statement(imports);
		else if (imports->len < sizeof imports->statement && (imports->len || !is_blank(c)))
			imports->statement[imports->len++] = c;
	}
	return !imports->names.failed;
}

bool lopt_imports_end(struct lopt_imports *imports)
{
	end_statement(imports);
	return !imports->names.failed;
}
