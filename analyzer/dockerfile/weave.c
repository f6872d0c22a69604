/* SPDX-License-Identifier: MIT */
#include "dockerfile/weave.h"

#include "dockerfile/runes.h"

enum connector {
	CONNECT_AND,
	/* Under "set -e". */
	CONNECT_SEQUENCE,
	/* "; [ $? = 0 ] && ": shells ignore "set -e" in all that stands in front of && or ||, subshells and compound commands
	 * included, so that what was to stop there would go on. */
	CONNECT_GUARD,
};

/* ---- style */

static size_t count_blanks(struct lopt_str text, size_t at)
{
	size_t end = at;
	while (end < text.len && (text.ptr[end] == ' ' || text.ptr[end] == '\t'))
		end++;
	return end - at;
}

static size_t last_newline(struct lopt_str text)
{
	size_t at = text.len;
	while (at && text.ptr[at - 1] != '\n')
		at--;
	return at; /* behind it; 0 when there is none */
}

/* What stands between two commands tells, where a line ends in it. */
static bool read_between(struct lopt_weave_style *style, struct lopt_str between)
{
	size_t line = last_newline(between);
	if (line == 0)
		return false;
	style->indent = lopt_str_make(between.ptr + line, count_blanks(between, line));
	struct lopt_str first = lopt_str_make(between.ptr, lopt_str_find(between, '\n'));
	style->trailing = lopt_str_find(first, '&') < first.len;
	return true;
}

void lopt_weave_style_read(struct lopt_weave_style *style, const struct lopt_weave_part *like)
{
	const struct lopt_shell *shell = &like->shell;
	struct lopt_str source = like->source;
	const struct lopt_shell_command *before = NULL;
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		if (command->depth)
			continue;
		if (before && (command->join == LOPT_SHELL_AND || command->join == LOPT_SHELL_SEQUENCE) &&
		    read_between(style, lopt_str_make(source.ptr + before->end, command->at - before->end)))
			return;
		before = command;
	}
	size_t line = last_newline(lopt_str_make(source.ptr, shell->at));
	if (line)
		style->indent = lopt_str_make(source.ptr + line, count_blanks(source, line));
}

/* ---- what keeps texts apart */

static bool is_set(const struct lopt_shell_command *command)
{
	return command->depth == 0 && command->word_count && lopt_str_is(command->words[0].text, "set");
}

/* "set -e; ..." */
static bool begins_errexit(const struct lopt_shell *shell)
{
	return shell->errexit && shell->count > 1 && is_set(&shell->commands[0]) &&
	       shell->commands[0].next == LOPT_SHELL_SEQUENCE && shell->commands[0].assignments == 0;
}

static bool sets_again(const struct lopt_shell *shell)
{
	for (size_t i = 1; i < shell->count; i++)
		if (!shell->commands[i].subshell && shell->commands[i].word_count &&
		    lopt_str_is(shell->commands[i].words[0].text, "set"))
			return true;
	return false;
}

static bool same_options(const struct lopt_shell *a, const struct lopt_shell *b)
{
	if (a->count == 0 || b->count == 0 || !is_set(&a->commands[0]) || !is_set(&b->commands[0]) ||
	    a->commands[0].word_count != b->commands[0].word_count)
		return false;
	for (size_t i = 0; i < a->commands[0].word_count; i++)
		if (!a->commands[0].words[i].literal ||
		    !lopt_str_equal(a->commands[0].words[i].text, b->commands[0].words[i].text))
			return false;
	return true;
}

/* Whether what part `index` leaks would reach a text that was written for a shell of its own. */
static bool leaks_into_another(const struct lopt_weave_part *parts, size_t count, size_t index)
{
	const struct lopt_shell *shell = &parts[index].shell;
	for (size_t i = index + 1; shell->leaks && i < count; i++)
		if (!parts[i].command && !(shell->leaks_options && same_options(shell, &parts[i].shell)))
			return true;
	return false;
}

static bool needs_group(const struct lopt_weave_part *parts, size_t count, size_t index, enum connector before)
{
	const struct lopt_shell *shell = &parts[index].shell;
	return (index + 1 < count && shell->escapes) || (before != CONNECT_SEQUENCE && shell->loose) ||
	       leaks_into_another(parts, count, index);
}

/* `on`: "set -e" is in force, set by this text or one in front of it. */
static enum connector choose(const struct lopt_shell *shell, bool on, bool grouped, enum connector before)
{
	if (shell->errexit_inside || (grouped && on))
		return CONNECT_GUARD;
	if (grouped)
		return CONNECT_AND;
	if (on && before == CONNECT_SEQUENCE && !shell->last_list && !sets_again(shell))
		return CONNECT_SEQUENCE;
	return on && (shell->last_compound || shell->functions || sets_again(shell)) ? CONNECT_GUARD : CONNECT_AND;
}

/* ---- text */

static void add_break(struct lopt_buf *out, const struct lopt_weave_style *style)
{
	lopt_buf_char(out, ' ');
	lopt_buf_char(out, style->escape);
	lopt_buf_str(out, style->newline);
	lopt_buf_str(out, style->indent);
}

static void add_connector(struct lopt_buf *out, const struct lopt_weave_style *style, enum connector connector)
{
	if (connector != CONNECT_AND)
		lopt_buf_char(out, ';');
	else if (style->trailing)
		lopt_buf_text(out, " &&");
	add_break(out, style);
	if (connector == CONNECT_GUARD)
		lopt_buf_text(out, "[ $? = 0 ] && ");
	else if (connector == CONNECT_AND && !style->trailing)
		lopt_buf_text(out, "&& ");
}

static void add_slice(struct lopt_buf *out, const struct lopt_weave_part *part, size_t at, size_t end)
{
	lopt_buf_add(out, part->source.ptr + at, end - at);
}

static void add_grouped(struct lopt_buf *out, const struct lopt_weave_part *part, bool grouped)
{
	lopt_buf_text(out, grouped ? "( " : "");
	add_slice(out, part, part->shell.at, part->shell.end);
	lopt_buf_text(out, grouped ? " )" : "");
}

/* Commands in front of "set -e; a" go between the two. */
static void add_inside(struct lopt_buf *out, const struct lopt_weave_part *parts, size_t count,
		       const struct lopt_weave_style *style)
{
	const struct lopt_weave_part *body = &parts[count];
	size_t behind = body->shell.commands[0].end;
	add_slice(out, body, body->shell.at, behind);
	for (size_t i = 0; i < count; i++) {
		const struct lopt_shell *shell = &parts[i].shell;
		add_connector(out, style, CONNECT_SEQUENCE);
		add_grouped(out, &parts[i], shell->loose || shell->last_list || shell->escapes);
	}
	add_slice(out, body, behind, body->shell.end);
}

static size_t count_commands(const struct lopt_weave_part *parts, size_t count)
{
	size_t commands = 0;
	while (commands < count && parts[commands].command)
		commands++;
	return commands;
}

void lopt_weave(struct lopt_buf *out, const struct lopt_weave_part *parts, size_t count,
		const struct lopt_weave_style *style)
{
	/* nothing stands in front of the first */
	enum connector before = CONNECT_SEQUENCE;
	bool leaked = false;
	size_t inside = count_commands(parts, count);
	if (inside == count || !begins_errexit(&parts[inside].shell) ||
	    needs_group(parts, count, inside, CONNECT_SEQUENCE))
		inside = 0;
	for (size_t i = inside; i < count; i++) {
		const struct lopt_shell *shell = &parts[i].shell;
		bool grouped = needs_group(parts, count, i, before);
		if (i > inside)
			add_connector(out, style, before);
		if (i == inside && inside)
			add_inside(out, parts, inside, style);
		else
			add_grouped(out, &parts[i], grouped);
		before = choose(shell, leaked || shell->errexit || style->errexit, grouped,
				leaked || begins_errexit(shell) ? before : CONNECT_AND);
		leaked |= !grouped && begins_errexit(shell);
	}
}
