/* SPDX-License-Identifier: MIT */
#include "dockerfile/shell.h"

#include "base/cleanup.h"
#include "dockerfile/joined.h"
#include "dockerfile/runes.h"

/* Functions here answer LOPT_END where the text is not followed any further. */

enum { NONE = -1 };

enum kind {
	/* hold lists of commands */
	KIND_TOP,
	KIND_PAREN,
	KIND_BRACE,
	KIND_IF,
	KIND_LOOP, /* for, while, until */
	KIND_CASE,
	KIND_SUBSTITUTION, /* $( ) */
	KIND_BACKTICK,
	/* part of a word */
	KIND_QUOTE, /* " */
	KIND_PARAMETER,
	KIND_ARITHMETIC,
};

/* How far a compound is; 0 where commands are read. */
enum state {
	STATE_LIST,
	STATE_CONDITION, /* commands, too */
	STATE_ELSE,	 /* commands, too */
	STATE_FOR_NAME,
	STATE_FOR_IN,
	STATE_FOR_WORDS,
	STATE_FOR_DO,
	STATE_CASE_WORD,
	STATE_CASE_IN,
	STATE_CASE_PATTERN,
};

struct frame {
	enum kind kind;
	enum state state;
	size_t opened;
	unsigned int depth;
	bool subshell, substituted;
	bool opaque;	  /* inside an expansion: its bytes go into the word when that ends */
	size_t list;	  /* the frame that holds the word being read */
	size_t parens;	  /* open in $(( )) */
	long command;	  /* being read */
	long previous;	  /* the one an operator ended */
	bool compound;	  /* a compound command has just ended */
	bool redirect;	  /* the next word is the target of a redirection */
	bool conditional; /* && or || since the last ; */
	bool negated;	  /* a "!" since then */
	bool test;	  /* in [[ ]], whose operators are not the shell's */
	enum lopt_shell_join join;

	bool word; /* in one; its text starts at scratch[text] */
	bool quoted, literal, globbed, braced, assignment;
	size_t text, word_at;
};

struct raw_word {
	struct lopt_shell_word word;
	size_t command;
};

struct reader {
	struct lopt_shell *out;
	struct lopt_arena *arena;
	struct lopt_error *err;
	struct lopt_str text;
	const uint32_t *map;
	size_t at;
	size_t begun, ended; /* first token, end of the last one that is no ; */
	struct frame frames[LOPT_SHELL_DEPTH_MAX];
	size_t depth;
	struct lopt_shell_command *commands;
	size_t count, cap;
	struct raw_word *words;
	size_t word_count, word_cap;
	struct lopt_buf scratch;
	bool trailing; /* a comment or & is the end */
	bool background;
};

static void reader_release(struct reader *r)
{
	free(r->commands);
	free(r->words);
	lopt_buf_release(&r->scratch);
}

static struct frame *top(struct reader *r)
{
	return &r->frames[r->depth - 1];
}

static char peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->text.len ? r->text.ptr[r->at + ahead] : '\0';
}

static bool is_name_byte(char c, bool first)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static struct lopt_str word_text(const struct reader *r, const struct frame *f)
{
	return lopt_str_make(r->scratch.data ? r->scratch.data + f->text : "", r->scratch.len - f->text);
}

/* ---- frames */

static enum lopt_status push(struct reader *r, enum kind kind, enum state state, size_t length)
{
	if (r->depth == LOPT_SHELL_DEPTH_MAX)
		return LOPT_END;
	const struct frame *below = r->depth ? top(r) : NULL;
	struct frame *f = &r->frames[r->depth];
	*f = (struct frame){ .kind = kind, .state = state, .opened = r->at, .command = NONE, .previous = NONE };
	if (below) {
		f->depth = r->frames[below->list].depth;
		f->subshell = below->subshell;
		f->substituted = below->substituted;
	}
	f->list = r->depth;
	if (kind >= KIND_QUOTE) {
		f->list = below ? below->list : 0;
		f->opaque = kind != KIND_QUOTE || (below && below->opaque);
	} else if (kind != KIND_TOP) {
		f->depth++;
	}
	f->substituted |= kind == KIND_SUBSTITUTION || kind == KIND_BACKTICK;
	f->subshell |= f->substituted || kind == KIND_PAREN;
	r->depth++;
	r->at += length;
	return LOPT_OK;
}

static bool holds_commands(const struct frame *f)
{
	return f->state <= STATE_ELSE;
}

/* Nothing stands between the last operator, or the start of the list, and here. */
static bool is_empty(const struct frame *f)
{
	return f->command == NONE && !f->compound;
}

static void begin_word(struct reader *r, struct frame *f)
{
	if (f->word)
		return;
	f->word = true;
	f->quoted = f->globbed = f->braced = f->assignment = false;
	f->literal = true;
	f->text = r->scratch.len;
	f->word_at = r->at;
}

static void drop_word(struct reader *r, struct frame *f)
{
	f->word = false;
	r->scratch.len = f->text;
}

/* ---- commands */

static enum lopt_status begin_item(struct reader *r, struct frame *f, size_t at)
{
	if (f->compound)
		return LOPT_END;
	if (r->begun == SIZE_MAX)
		r->begun = at;
	if (f->join == LOPT_SHELL_SEQUENCE || f->join == LOPT_SHELL_BACKGROUND)
		f->conditional = f->negated = false;
	if (f->kind == KIND_TOP)
		r->out->loose |= f->join == LOPT_SHELL_SEQUENCE || f->join == LOPT_SHELL_OR;
	r->trailing = false;
	return LOPT_OK;
}

static enum lopt_status begin_command(struct reader *r, struct frame *f, size_t at)
{
	if (f->command != NONE)
		return LOPT_OK;
	LOPT_TRY(begin_item(r, f, at));
	struct lopt_shell_command *list = lopt_grow(r->commands, &r->cap, r->count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(r->err);
	r->commands = list;
	r->commands[r->count] = (struct lopt_shell_command){
		.join = f->join,
		.next = LOPT_SHELL_END,
		.depth = f->depth,
		.subshell = f->subshell,
		.substituted = f->substituted,
		.at = r->map[at],
		.end = r->map[at],
	};
	f->command = (long)r->count++;
	f->test = false;
	return LOPT_OK;
}

/* A word or redirection up to r->at belongs to the command. */
static void extend(struct reader *r, const struct frame *f)
{
	r->ended = r->at;
	if (f->command != NONE)
		r->commands[f->command].end = (size_t)r->map[r->at - 1] + 1;
}

static enum lopt_status add_word(struct reader *r, struct frame *f)
{
	struct raw_word *list = lopt_grow(r->words, &r->word_cap, r->word_count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(r->err);
	r->words = list;
	struct lopt_str text = lopt_arena_copy(r->arena, word_text(r, f));
	if (!text.ptr || r->scratch.failed)
		return lopt_error_memory(r->err);
	struct lopt_shell_command *command = &r->commands[f->command];
	bool bracket = lopt_str_is(text, "[") || lopt_str_is(text, "[[");
	r->words[r->word_count++] = (struct raw_word){
		.word = {
			.text = text,
			.literal = f->literal && (!f->globbed || bracket),
			.glob = f->literal && f->globbed && !bracket,
			.at = r->map[f->word_at],
			.end = (size_t)r->map[r->at - 1] + 1,
		},
		.command = (size_t)f->command,
	};
	f->negated |= command->word_count == 0 && lopt_str_is(text, "!");
	f->test = lopt_str_is(text, "[[") || (f->test && !lopt_str_is(text, "]]"));
	command->word_count++;
	return LOPT_OK;
}

/* What an operator does to the list; `join` stands in front of what comes. */
static enum lopt_status end_command(struct reader *r, struct frame *f, enum lopt_shell_join join)
{
	if (is_empty(f) || f->redirect)
		return LOPT_END;
	if (f->command != NONE)
		r->commands[f->command].next = join;
	if (join == LOPT_SHELL_AND || join == LOPT_SHELL_OR)
		f->conditional = true;
	if (f->kind == KIND_TOP)
		r->out->last_compound = f->compound;
	f->previous = f->command;
	f->command = NONE;
	f->compound = false;
	f->join = join;
	return LOPT_OK;
}

/* The list ends here; one that ends in an operator is none. */
static enum lopt_status end_list(struct reader *r, struct frame *f)
{
	if (f->redirect)
		return LOPT_END;
	if (is_empty(f)) {
		if (f->join != LOPT_SHELL_SEQUENCE && f->join != LOPT_SHELL_BACKGROUND)
			return LOPT_END;
		if (f->previous != NONE && f->join == LOPT_SHELL_SEQUENCE)
			r->commands[f->previous].next = LOPT_SHELL_END;
	} else if (f->kind == KIND_TOP) {
		r->out->last_compound = f->compound;
	}
	f->command = f->previous = NONE;
	f->compound = f->conditional = f->negated = false;
	f->join = LOPT_SHELL_FIRST;
	return LOPT_OK;
}

static void close_compound(struct reader *r)
{
	r->depth--;
	r->ended = r->at;
	struct frame *below = top(r);
	below->compound = true;
	if (below->kind == KIND_TOP)
		r->trailing = false;
}

static void close_expansion(struct reader *r)
{
	struct frame ended = *top(r);
	r->depth--;
	if (!top(r)->opaque)
		lopt_buf_add(&r->scratch, r->text.ptr + ended.opened, r->at - ended.opened);
	r->frames[top(r)->list].literal = false;
}

/* ---- reserved words */

enum reserved {
	RESERVED_NONE,
	RESERVED_IF,
	RESERVED_THEN,
	RESERVED_ELIF,
	RESERVED_ELSE,
	RESERVED_FI,
	RESERVED_WHILE,
	RESERVED_UNTIL,
	RESERVED_FOR,
	RESERVED_DO,
	RESERVED_DONE,
	RESERVED_CASE,
	RESERVED_ESAC,
	RESERVED_OPEN,
	RESERVED_CLOSE,
	RESERVED_UNKNOWN, /* words of other shells that change how the rest is read */
};

static enum reserved find_reserved(struct lopt_str text)
{
	static const struct {
		const char *word;
		enum reserved reserved;
	} list[] = {
		{ "if", RESERVED_IF },		{ "then", RESERVED_THEN },	{ "elif", RESERVED_ELIF },
		{ "else", RESERVED_ELSE },	{ "fi", RESERVED_FI },		{ "while", RESERVED_WHILE },
		{ "until", RESERVED_UNTIL },	{ "for", RESERVED_FOR },	{ "do", RESERVED_DO },
		{ "done", RESERVED_DONE },	{ "case", RESERVED_CASE },	{ "esac", RESERVED_ESAC },
		{ "{", RESERVED_OPEN },		{ "}", RESERVED_CLOSE },	{ "function", RESERVED_UNKNOWN },
		{ "select", RESERVED_UNKNOWN }, { "coproc", RESERVED_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
		if (lopt_str_is(text, list[i].word))
			return list[i].reserved;
	return RESERVED_NONE;
}

static enum lopt_status open_compound(struct reader *r, struct frame *f, size_t at, enum kind kind, enum state state)
{
	LOPT_TRY(begin_item(r, f, at));
	return push(r, kind, state, 0);
}

/* From one part of a compound to the next: allowed in `from` of `kind`. */
static enum lopt_status go_on(struct reader *r, struct frame *f, enum kind kind, enum state from, enum state to)
{
	if (f->kind != kind || f->state != from)
		return LOPT_END;
	LOPT_TRY(end_list(r, f));
	f->state = to;
	return LOPT_OK;
}

static enum lopt_status close_word(struct reader *r, struct frame *f, enum kind kind, enum state state)
{
	if (f->kind == KIND_IF && f->state == STATE_ELSE)
		state = STATE_ELSE;
	if (f->kind != kind || f->state != state)
		return LOPT_END;
	/* the last branch of a case may be without commands */
	if (kind != KIND_CASE || !is_empty(f) || f->join != LOPT_SHELL_FIRST)
		LOPT_TRY(end_list(r, f));
	close_compound(r);
	return LOPT_OK;
}

static enum lopt_status take_reserved(struct reader *r, struct frame *f, enum reserved reserved, size_t at)
{
	switch (reserved) {
	case RESERVED_IF:
		return open_compound(r, f, at, KIND_IF, STATE_CONDITION);
	case RESERVED_THEN:
		return go_on(r, f, KIND_IF, STATE_CONDITION, STATE_LIST);
	case RESERVED_ELIF:
		return go_on(r, f, KIND_IF, STATE_LIST, STATE_CONDITION);
	case RESERVED_ELSE:
		return go_on(r, f, KIND_IF, STATE_LIST, STATE_ELSE);
	case RESERVED_FI:
		return close_word(r, f, KIND_IF, STATE_LIST);
	case RESERVED_WHILE:
	case RESERVED_UNTIL:
		return open_compound(r, f, at, KIND_LOOP, STATE_CONDITION);
	case RESERVED_FOR:
		r->out->leaks |= !f->subshell; /* its variable */
		return open_compound(r, f, at, KIND_LOOP, STATE_FOR_NAME);
	case RESERVED_DO:
		return go_on(r, f, KIND_LOOP, STATE_CONDITION, STATE_LIST);
	case RESERVED_DONE:
		return close_word(r, f, KIND_LOOP, STATE_LIST);
	case RESERVED_CASE:
		return open_compound(r, f, at, KIND_CASE, STATE_CASE_WORD);
	case RESERVED_ESAC:
		return close_word(r, f, KIND_CASE, STATE_LIST);
	case RESERVED_OPEN:
		return open_compound(r, f, at, KIND_BRACE, STATE_LIST);
	case RESERVED_CLOSE:
		return close_word(r, f, KIND_BRACE, STATE_LIST);
	case RESERVED_NONE:
	case RESERVED_UNKNOWN:
		break;
	}
	return LOPT_END;
}

/* ---- words */

/* A word of "for NAME in WORDS; do" and "case WORD in PATTERN)", none of which is a command's. */
static enum lopt_status take_header_word(struct reader *r, struct frame *f)
{
	struct lopt_str text = word_text(r, f);
	bool is_in = !f->quoted && lopt_str_is(text, "in"), is_do = !f->quoted && lopt_str_is(text, "do");
	bool is_esac = !f->quoted && lopt_str_is(text, "esac");
	drop_word(r, f);
	switch (f->state) {
	case STATE_FOR_NAME:
		f->state = STATE_FOR_IN;
		return LOPT_OK;
	case STATE_FOR_IN:
		f->state = is_in ? STATE_FOR_WORDS : STATE_LIST;
		return is_in || is_do ? LOPT_OK : LOPT_END;
	case STATE_FOR_WORDS:
		return LOPT_OK;
	case STATE_FOR_DO:
		f->state = STATE_LIST;
		return is_do ? LOPT_OK : LOPT_END;
	case STATE_CASE_WORD:
		f->state = STATE_CASE_IN;
		return LOPT_OK;
	case STATE_CASE_IN:
		f->state = STATE_CASE_PATTERN;
		return is_in ? LOPT_OK : LOPT_END;
	case STATE_CASE_PATTERN:
		if (is_esac)
			close_compound(r);
		return LOPT_OK;
	case STATE_LIST:
	case STATE_CONDITION:
	case STATE_ELSE:
		break;
	}
	return LOPT_END;
}

static enum lopt_status take_command_word(struct reader *r, struct frame *f)
{
	LOPT_TRY(begin_command(r, f, f->word_at));
	struct lopt_shell_command *command = &r->commands[f->command];
	if (f->redirect)
		command->redirected = true;
	else if (f->assignment && command->word_count == 0)
		command->assignments++;
	else
		LOPT_TRY(add_word(r, f));
	f->redirect = false;
	drop_word(r, f);
	extend(r, f);
	return LOPT_OK;
}

static enum lopt_status end_word(struct reader *r)
{
	struct frame *f = top(r);
	if (!f->word)
		return LOPT_OK;
	if (!holds_commands(f))
		return take_header_word(r, f);
	if (f->redirect && f->compound) {
		f->redirect = false;
		drop_word(r, f);
		extend(r, f);
		return LOPT_OK;
	}
	enum reserved reserved = f->command == NONE && !f->quoted && f->literal && !f->redirect
					 ? find_reserved(word_text(r, f))
					 : RESERVED_NONE;
	if (reserved == RESERVED_NONE)
		return take_command_word(r, f);
	drop_word(r, f);
	return take_reserved(r, f, reserved, f->word_at);
}

static enum lopt_status take_single_quotes(struct reader *r, struct frame *f)
{
	begin_word(r, f);
	f->quoted = true;
	size_t len = lopt_str_find(lopt_str_skip(r->text, r->at + 1), '\'');
	if (r->at + 1 + len == r->text.len)
		return LOPT_END;
	if (!top(r)->opaque)
		lopt_buf_add(&r->scratch, r->text.ptr + r->at + 1, len);
	r->at += len + 2;
	return LOPT_OK;
}

static bool in_backticks(const struct reader *r)
{
	for (size_t i = 0; i < r->depth; i++)
		if (r->frames[i].kind == KIND_BACKTICK)
			return true;
	return false;
}

/* $( or ` in a word: the command it belongs to comes first in the list. */
static enum lopt_status open_substitution(struct reader *r, enum kind kind, size_t length)
{
	struct frame *list = &r->frames[top(r)->list];
	begin_word(r, list);
	if (holds_commands(list) && !list->compound)
		LOPT_TRY(begin_command(r, list, list->word_at));
	return push(r, kind, STATE_LIST, length);
}

/* A backtick inside of backticks would be behind a backslash, and that is not followed. */
static enum lopt_status take_backtick(struct reader *r)
{
	if (!in_backticks(r))
		return open_substitution(r, KIND_BACKTICK, 1);
	if (top(r)->kind == KIND_BACKTICK)
		LOPT_TRY(end_word(r));
	if (top(r)->kind != KIND_BACKTICK)
		return LOPT_END;
	LOPT_TRY(end_list(r, top(r)));
	r->at++;
	close_expansion(r);
	return LOPT_OK;
}

static enum lopt_status take_dollar(struct reader *r)
{
	struct frame *list = &r->frames[top(r)->list];
	begin_word(r, list);
	char c = peek(r, 1);
	if (c == '(' && peek(r, 2) == '(')
		return push(r, KIND_ARITHMETIC, STATE_LIST, 3);
	if (c == '(')
		return open_substitution(r, KIND_SUBSTITUTION, 2);
	if (c == '{')
		return push(r, KIND_PARAMETER, STATE_LIST, 2);
	if (top(r)->kind < KIND_QUOTE && c == '\'')
		return LOPT_END; /* $'...' of some shells only */
	if (is_name_byte(c, false) || (c && strchr("@*#?$!-", c)) || c == '"')
		list->literal = false;
	if (!top(r)->opaque)
		lopt_buf_char(&r->scratch, '$');
	r->at++;
	return LOPT_OK;
}

static enum lopt_status take_plain(struct reader *r, struct frame *f, char c)
{
	begin_word(r, f);
	struct lopt_str text = word_text(r, f);
	if (c == '*' || c == '?' || c == '[')
		f->globbed = true;
	if ((c == '~' && text.len == 0) || (f->braced && (c == ',' || (c == '.' && peek(r, 1) == '.'))))
		f->literal = false;
	f->braced |= c == '{';
	if (c == '=' && !f->quoted && f->literal && !f->globbed && text.len) {
		size_t len = text.len - (text.len > 1 && text.ptr[text.len - 1] == '+');
		size_t i = 0;
		while (i < len && is_name_byte(text.ptr[i], i == 0))
			i++;
		f->assignment |= i == len;
	}
	lopt_buf_char(&r->scratch, c);
	r->at++;
	return LOPT_OK;
}

static enum lopt_status take_escaped(struct reader *r, struct frame *f)
{
	if (r->at + 1 == r->text.len || in_backticks(r))
		return LOPT_END;
	begin_word(r, f);
	f->quoted = true;
	lopt_buf_char(&r->scratch, peek(r, 1));
	r->at += 2;
	return LOPT_OK;
}

/* Inside " ": a backslash hides only these. */
static enum lopt_status step_quote(struct reader *r, struct frame *f)
{
	char c = peek(r, 0);
	if (c == '"') {
		r->at++;
		r->depth--;
		return LOPT_OK;
	}
	if (c == '$')
		return take_dollar(r);
	if (c == '`')
		return take_backtick(r);
	if (c == '\\' && (r->at + 1 == r->text.len || in_backticks(r)))
		return LOPT_END;
	if (c == '\\' && strchr("$`\"\\", peek(r, 1)))
		r->at++;
	if (!f->opaque)
		lopt_buf_char(&r->scratch, peek(r, 0));
	r->at++;
	return LOPT_OK;
}

static bool is_in_quotes(const struct reader *r)
{
	for (size_t i = r->depth; i-- > 0 && r->frames[i].kind >= KIND_QUOTE;)
		if (r->frames[i].kind == KIND_QUOTE)
			return true;
	return false;
}

/* Inside ${ } and $(( )). Shells differ in what ' means there between double quotes. */
static enum lopt_status step_expansion(struct reader *r, struct frame *f)
{
	char c = peek(r, 0);
	struct frame *list = &r->frames[f->list];
	switch (c) {
	case '"':
		list->quoted = true;
		return push(r, KIND_QUOTE, STATE_LIST, 1);
	case '$':
		return take_dollar(r);
	case '`':
		return take_backtick(r);
	case '\'':
		return is_in_quotes(r) || f->kind == KIND_ARITHMETIC ? LOPT_END : take_single_quotes(r, list);
	case '\\':
		if (r->at + 1 == r->text.len || in_backticks(r))
			return LOPT_END;
		r->at += 2;
		return LOPT_OK;
	default:
		break;
	}
	r->at++;
	if (f->kind == KIND_PARAMETER) {
		if (c == '}')
			close_expansion(r);
		return LOPT_OK;
	}
	if (c == '(')
		f->parens++;
	if (c == ')' && f->parens == 0) {
		if (peek(r, 0) != ')')
			return LOPT_END;
		r->at++;
		close_expansion(r);
	} else if (c == ')') {
		f->parens--;
	}
	return LOPT_OK;
}

/* ---- operators */

static bool is_number(const struct reader *r, const struct frame *f)
{
	struct lopt_str text = word_text(r, f);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return f->word && !f->quoted && text.len;
}

static enum lopt_status take_redirection(struct reader *r)
{
	struct frame *f = top(r);
	size_t at = r->at;
	if (is_number(r, f)) {
		at = f->word_at;
		drop_word(r, f);
	}
	LOPT_TRY(end_word(r));
	f = top(r);
	if (!holds_commands(f) || f->redirect)
		return LOPT_END;
	if (!f->compound)
		LOPT_TRY(begin_command(r, f, at));
	f->redirect = true;
	char c = peek(r, 0);
	r->at++;
	if (c == '<' && peek(r, 0) == '<') {
		if (peek(r, 1) != '<')
			return LOPT_END; /* a here-document */
		r->at += 2;
	} else if (peek(r, 0) == '&' || peek(r, 0) == '>' || (c == '>' && peek(r, 0) == '|')) {
		r->at++;
	}
	return LOPT_OK;
}

/* "NAME ()" in front of a function's body. */
static enum lopt_status take_function(struct reader *r, struct frame *f)
{
	struct lopt_shell_command *command = f->command == NONE ? NULL : &r->commands[f->command];
	if (!command || command->word_count != 1 || command->assignments || command->redirected)
		return LOPT_END;
	size_t at = 1;
	while (peek(r, at) == ' ' || peek(r, at) == '\t')
		at++;
	if (peek(r, at) != ')' || (size_t)f->command + 1 != r->count || !r->words[r->word_count - 1].word.literal)
		return LOPT_END;
	r->count--;
	r->word_count--;
	f->command = NONE;
	r->out->functions = true;
	r->at += at + 1;
	return LOPT_OK;
}

static enum lopt_status take_open(struct reader *r)
{
	LOPT_TRY(end_word(r));
	struct frame *f = top(r);
	if (f->state == STATE_CASE_PATTERN) {
		r->at++;
		return LOPT_OK;
	}
	if (!holds_commands(f) || f->redirect || peek(r, 1) == '(')
		return LOPT_END;
	if (!is_empty(f))
		return take_function(r, f);
	LOPT_TRY(begin_item(r, f, r->at));
	return push(r, KIND_PAREN, STATE_LIST, 1);
}

static enum lopt_status take_close(struct reader *r)
{
	LOPT_TRY(end_word(r));
	struct frame *f = top(r);
	r->at++;
	if (f->state == STATE_CASE_PATTERN) {
		f->state = STATE_LIST;
		return LOPT_OK;
	}
	if (f->kind != KIND_PAREN && f->kind != KIND_SUBSTITUTION)
		return LOPT_END;
	LOPT_TRY(end_list(r, f));
	if (f->kind == KIND_PAREN)
		close_compound(r);
	else
		close_expansion(r);
	return LOPT_OK;
}

static enum lopt_status take_semicolon(struct reader *r)
{
	LOPT_TRY(end_word(r));
	struct frame *f = top(r);
	if (f->state == STATE_FOR_IN || f->state == STATE_FOR_WORDS) {
		f->state = STATE_FOR_DO;
		r->at++;
		return LOPT_OK;
	}
	if (!holds_commands(f))
		return LOPT_END;
	if (peek(r, 1) != ';') {
		r->at++;
		LOPT_TRY(end_command(r, f, LOPT_SHELL_SEQUENCE));
		return LOPT_OK;
	}
	if (f->kind != KIND_CASE || peek(r, 2) == '&')
		return LOPT_END;
	if (!is_empty(f) || f->join != LOPT_SHELL_FIRST)
		LOPT_TRY(end_list(r, f));
	f->state = STATE_CASE_PATTERN;
	r->at += 2;
	return LOPT_OK;
}

static enum lopt_status take_ampersand(struct reader *r)
{
	LOPT_TRY(end_word(r));
	struct frame *f = top(r);
	if (!holds_commands(f))
		return LOPT_END;
	if (peek(r, 1) == '&') {
		r->at += 2;
		return end_command(r, f, LOPT_SHELL_AND);
	}
	r->background |= !f->subshell;
	if (peek(r, 1) == '>') { /* a redirection to some shells, two operators to others */
		r->at++;
		return is_empty(f) ? LOPT_END : take_redirection(r);
	}
	r->at++;
	LOPT_TRY(end_command(r, f, LOPT_SHELL_BACKGROUND));
	r->ended = r->at;
	if (f->kind == KIND_TOP)
		r->trailing = r->out->loose = true;
	return LOPT_OK;
}

static enum lopt_status take_bar(struct reader *r)
{
	LOPT_TRY(end_word(r));
	struct frame *f = top(r);
	if (f->state == STATE_CASE_PATTERN) {
		r->at++;
		return LOPT_OK;
	}
	if (!holds_commands(f))
		return LOPT_END;
	bool twice = peek(r, 1) == '|';
	r->at += twice || peek(r, 1) == '&' ? 2 : 1;
	return end_command(r, f, twice ? LOPT_SHELL_OR : LOPT_SHELL_PIPE);
}

static enum lopt_status take_operator(struct reader *r, char c)
{
	if (c != '<' && c != '>') {
		/* the word in front may be the ]] */
		size_t depth = r->depth;
		LOPT_TRY(end_word(r));
		if (depth == r->depth && top(r)->test)
			return LOPT_END;
	} else if (top(r)->test) {
		return LOPT_END;
	}
	switch (c) {
	case '(':
		return take_open(r);
	case ')':
		return take_close(r);
	case ';':
		return take_semicolon(r);
	case '&':
		return take_ampersand(r);
	case '|':
		return take_bar(r);
	default:
		return take_redirection(r);
	}
}

static enum lopt_status step_list(struct reader *r, struct frame *f)
{
	char c = peek(r, 0);
	switch (c) {
	case ' ':
	case '\t':
		LOPT_TRY(end_word(r));
		r->at++;
		return LOPT_OK;
	case '\0':
	case '\n':
		return LOPT_END;
	case '#':
		if (f->word)
			return take_plain(r, f, c);
		r->trailing = true;
		r->at = r->text.len;
		return LOPT_OK;
	case '\'':
		return take_single_quotes(r, f);
	case '"':
		begin_word(r, f);
		f->quoted = true;
		return push(r, KIND_QUOTE, STATE_LIST, 1);
	case '\\':
		return take_escaped(r, f);
	case '$':
		return take_dollar(r);
	case '`':
		return take_backtick(r);
	case '(':
	case ')':
	case ';':
	case '&':
	case '|':
	case '<':
	case '>':
		return take_operator(r, c);
	default:
		return take_plain(r, f, c);
	}
}

static enum lopt_status read_text(struct reader *r)
{
	LOPT_TRY(push(r, KIND_TOP, STATE_LIST, 0));
	while (r->at < r->text.len) {
		struct frame *f = top(r);
		if (f->kind == KIND_QUOTE)
			LOPT_TRY(step_quote(r, f));
		else if (f->kind > KIND_QUOTE)
			LOPT_TRY(step_expansion(r, f));
		else
			LOPT_TRY(step_list(r, f));
	}
	LOPT_TRY(end_word(r));
	struct frame *f = top(r);
	if (r->depth != 1)
		return LOPT_END;
	r->out->open_ended = r->trailing || (is_empty(f) && f->join == LOPT_SHELL_SEQUENCE);
	r->out->last_list = f->conditional || f->negated;
	if (is_empty(f) && f->join == LOPT_SHELL_FIRST)
		return LOPT_OK; /* only a comment */
	return end_list(r, f);
}

/* ---- what the commands are, taken together */

static bool is_one_of(struct lopt_str text, const char *const *list)
{
	for (; *list; list++)
		if (lopt_str_is(text, *list))
			return true;
	return false;
}

/* The name of the command; "!", "command" and the like are looked through. NULL when there is none. */
static const struct lopt_shell_word *command_name(const struct lopt_shell_command *command, size_t *at)
{
	static const char *const through[] = { "!", "time", "command", "builtin", NULL };
	for (size_t i = 0; i < command->word_count; i++)
		if (!command->words[i].literal || !is_one_of(command->words[i].text, through)) {
			*at = i;
			return &command->words[i];
		}
	return NULL;
}

/* Whether "set" has `sign` with `letter`, or "o" and `name`. */
static bool has_option(const struct lopt_shell_command *command, size_t at, char sign, char letter, const char *name)
{
	for (size_t i = at + 1; i < command->word_count; i++) {
		struct lopt_str text = command->words[i].text;
		if (text.len < 2 || text.ptr[0] != sign)
			continue;
		if (lopt_str_find(text, letter) < text.len && text.ptr[1] != '-')
			return true;
		if (text.ptr[text.len - 1] == 'o' && i + 1 < command->word_count &&
		    lopt_str_is(command->words[i + 1].text, name))
			return true;
	}
	return false;
}

static void judge_command(struct reader *r, size_t index, bool *leaks_other)
{
	static const char *const leaving[] = { "exit", "return", "exec", "trap", NULL };
	static const char *const leaking[] = { "cd",	    "pushd",   "popd",	  "set",    "export", "umask",
					       "unset",	    "alias",   "unalias", ".",	    "source", "eval",
					       "readonly",  "read",    "shopt",	  "ulimit", "shift",  "getopts",
					       "declare",   "typeset", "local",	  "let",    "enable", "mapfile",
					       "readarray", "hash",    NULL };
	const struct lopt_shell_command *command = &r->commands[index];
	struct lopt_shell *out = r->out;
	size_t at = 0;
	const struct lopt_shell_word *name = command_name(command, &at);
	bool set = name && name->literal && lopt_str_is(name->text, "set");
	bool errexit = set && has_option(command, at, '-', 'e', "errexit");
	out->errexit_inside |= errexit && command->subshell;
	if (command->subshell)
		return;
	out->errexit |= errexit;
	if (!name) {
		*leaks_other |= command->assignments > 0;
		return;
	}
	bool leaves = name->literal && is_one_of(name->text, leaving);
	out->escapes |= leaves;
	if (!name->literal || leaves || is_one_of(name->text, leaking)) {
		out->leaks = true;
		*leaks_other |= !set || index > 0 || at > 0;
	}
}

/* "set -e; a; b": a list with && in it goes on behind ; when it fails. */
static bool is_chain(const struct reader *r)
{
	bool conditional = false;
	for (size_t i = 0; i < r->count; i++) {
		const struct lopt_shell_command *command = &r->commands[i];
		const struct lopt_shell_word *words = command->words;
		if (command->substituted)
			continue;
		if (command->depth || command->next == LOPT_SHELL_BACKGROUND)
			return false;
		bool set = command->word_count && lopt_str_is(words[0].text, "set");
		if (command->join == LOPT_SHELL_SEQUENCE) {
			const struct lopt_shell_command *first = &r->commands[0];
			if (conditional || first->word_count == 0 || !lopt_str_is(first->words[0].text, "set") ||
			    !has_option(first, 0, '-', 'e', "errexit"))
				return false;
		} else if (command->join != LOPT_SHELL_FIRST && command->join != LOPT_SHELL_AND) {
			return false;
		}
		conditional |= command->join == LOPT_SHELL_AND ||
			       (command->word_count && lopt_str_is(words[0].text, "!"));
		if (set && i > 0 && has_option(command, 0, '+', 'e', "errexit"))
			return false;
	}
	return r->count > 0;
}

static void judge(struct reader *r)
{
	struct lopt_shell *out = r->out;
	bool leaks_other = out->functions || out->leaks;
	for (size_t i = 0; i < r->count; i++)
		judge_command(r, i, &leaks_other);
	out->escapes |= r->background;
	out->open_ended |= out->escapes;
	out->leaks_options = out->leaks && !leaks_other;
	out->leaks |= leaks_other;
	out->chain = is_chain(r) && !out->functions;
	out->at = r->begun == SIZE_MAX ? 0 : r->map[r->begun];
	out->end = r->ended == 0 ? out->at : (size_t)r->map[r->ended - 1] + 1;
	out->understood = true;
}

/* Words were read in the order they ended; here they come to their commands. */
static enum lopt_status keep(struct reader *r)
{
	struct lopt_shell_command *commands = lopt_arena_zalloc(r->arena, r->count, sizeof *commands);
	struct lopt_shell_word *words = lopt_arena_zalloc(r->arena, r->word_count, sizeof *words);
	if (!commands || !words)
		return lopt_error_memory(r->err);
	size_t used = 0;
	for (size_t i = 0; i < r->count; i++) {
		r->commands[i].words = words + used;
		used += r->commands[i].word_count;
		r->commands[i].word_count = 0;
	}
	for (size_t i = 0; i < r->word_count; i++) {
		struct lopt_shell_command *command = &r->commands[r->words[i].command];
		words[(size_t)(command->words - words) + command->word_count++] = r->words[i].word;
	}
	judge(r);
	if (r->count)
		memcpy(commands, r->commands, r->count * sizeof *commands);
	r->out->commands = commands;
	r->out->count = r->count;
	return LOPT_OK;
}

static enum lopt_status read_shell(struct lopt_shell *out, struct lopt_arena *arena, const struct lopt_joined *joined,
				   size_t at, size_t len, struct lopt_error *err)
{
	LOPT_CLEANUP(reader_release)
	struct reader r = {
		.out = out,
		.arena = arena,
		.err = err,
		.text = lopt_str_make(joined->text.data + at, len),
		.map = joined->at + at,
		.begun = SIZE_MAX,
		.scratch = LOPT_BUF_INIT((size_t)LOPT_SHELL_BYTES_MAX * (LOPT_SHELL_DEPTH_MAX + 1)),
	};
	LOPT_TRY(read_text(&r));
	return r.scratch.failed ? lopt_error_memory(err) : keep(&r);
}

enum lopt_status lopt_shell_read(struct lopt_shell *out, struct lopt_arena *arena, const struct lopt_instruction *run,
				 char escape, struct lopt_error *err)
{
	static const struct lopt_shell unknown = { .open_ended = true, .leaks = true };
	*out = unknown;
	if (run->json || run->heredoc_count || run->trigger || run->args.len > LOPT_SHELL_BYTES_MAX)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_joined_release) struct lopt_joined joined = { 0 };
	LOPT_TRY(lopt_joined_read(&joined, run, escape, err));
	/* What ONBUILD wraps has no source of its own. */
	if (!lopt_str_equal(lopt_buf_view(&joined.text), run->text) || run->args.len == 0)
		return LOPT_OK;
	*out = (struct lopt_shell){ 0 };
	enum lopt_status status =
		read_shell(out, arena, &joined, (size_t)(run->args.ptr - run->text.ptr), run->args.len, err);
	if (status == LOPT_OK)
		return LOPT_OK;
	*out = unknown;
	return status == LOPT_END ? LOPT_OK : status;
}
