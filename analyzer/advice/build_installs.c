/* SPDX-License-Identifier: MIT */
#include "advice/apt.h"
#include "advice/build_tools.h"

/* The commands that install tools, without them. */

struct rewriting {
	const struct lopt_build_tools *tools;
	struct lopt_maker *maker;
};

static size_t find_package(const struct lopt_packages *packages, struct lopt_str name)
{
	for (size_t i = 0; name.len && i < packages->debian.count; i++)
		if (lopt_str_equal(packages->debian.packages[i].stanza.package, name))
			return i;
	return SIZE_MAX;
}

static bool is_given_up(const struct rewriting *s, const struct lopt_shell_word *word)
{
	size_t package = find_package(&s->tools->packages, lopt_install_name(word));
	return package != SIZE_MAX && s->tools->given_up[package];
}

/* Names for the command in place of those that go: libraries that came with them into this layer. */
static struct lopt_str held_names(struct rewriting *s, size_t layer)
{
	const struct lopt_packages *packages = &s->tools->packages;
	struct lopt_str names = lopt_str_make("", 0);
	for (size_t i = 0; i < packages->debian.count; i++)
		if (s->tools->held[i] && packages->layer[i] == layer)
			names = lopt_maker_text(s->maker, "%.*s %.*s", LOPT_STR_ARGS(names),
						LOPT_STR_ARGS(packages->debian.packages[i].stanza.package));
	return names;
}

/* Whether words stay that name a package, or may. */
static bool keeps_names(const struct rewriting *s, const struct lopt_shell_command *command, size_t verb)
{
	for (size_t i = verb + 1; i < command->word_count; i++) {
		const struct lopt_shell_word *word = &command->words[i];
		bool argument = lopt_str_is(command->words[i - 1].text, "-t") ||
				lopt_str_is(command->words[i - 1].text, "-o") ||
				lopt_str_is(command->words[i - 1].text, "-c");
		bool option = word->text.len && word->text.ptr[0] == '-';
		if (!option && !argument && !is_given_up(s, word))
			return true;
	}
	return false;
}

/* Nothing but apt, and the removal of what it leaves. */
static bool is_apt_only(const struct lopt_shell *shell)
{
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t word;
		struct lopt_str program = lopt_command_program(command, &word);
		if (lopt_str_is(program, "apt-get") || lopt_str_is(program, "apt"))
			continue;
		if (!lopt_str_is(program, "rm") && !lopt_str_is(program, "set"))
			return false;
		for (size_t j = word + 1; j < command->word_count; j++) {
			struct lopt_str text = command->words[j].text;
			if (text.len && text.ptr[0] == '/' && !lopt_str_starts(text, "/var/lib/apt/") &&
			    !lopt_str_starts(text, "/var/cache/apt/"))
				return false;
		}
	}
	return true;
}

static bool updates(const struct lopt_shell *shell)
{
	size_t verb;
	for (size_t i = 0; i < shell->count; i++)
		if (lopt_apt_read(&shell->commands[i], &verb) == LOPT_APT_UPDATE)
			return true;
	return false;
}

/* Does a later RUN install with the lists that this one fetched? */
static bool lends_lists(const struct lopt_evidence *evidence, size_t instruction)
{
	for (size_t i = instruction + 1; updates(&evidence->shells[instruction]) && i < evidence->instructions; i++)
		if (lopt_evidence_installs(evidence, i) && !updates(&evidence->shells[i]))
			return true;
	return false;
}

/* The words of tools out of one command. */
static void drop_words(struct rewriting *s, size_t instruction, const struct lopt_shell_command *command, size_t verb)
{
	for (size_t i = verb + 1; i < command->word_count; i++) {
		size_t at = command->words[i - 1].end;
		if (is_given_up(s, &command->words[i]))
			lopt_maker_step(s->maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
									   .instruction = instruction,
									   .at = at,
									   .len = command->words[i].end - at,
									   .text = lopt_str_make("", 0) });
	}
}

/* False where a command would be left that installs nothing. */
static bool change_commands(struct rewriting *s, size_t instruction)
{
	const struct lopt_shell *shell = &s->maker->evidence->shells[instruction];
	struct lopt_str held = held_names(s, s->maker->evidence->layer_of[instruction]);
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t verb;
		if (lopt_apt_read(command, &verb) != LOPT_APT_INSTALL)
			continue;
		if (!held.len && !keeps_names(s, command, verb))
			return false;
		drop_words(s, instruction, command, verb);
		if (held.len) /* behind the last word, or where that was */
			lopt_maker_step(s->maker,
					(struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
								 .instruction = instruction,
								 .at = command->words[command->word_count - 1].end,
								 .text = held });
		held = lopt_str_make("", 0);
	}
	return true;
}

static bool names_tools(const struct rewriting *s, size_t instruction)
{
	const struct lopt_shell *shell = &s->maker->evidence->shells[instruction];
	for (size_t i = 0; i < shell->count; i++) {
		size_t verb;
		for (size_t j = 0;
		     lopt_apt_read(&shell->commands[i], &verb) == LOPT_APT_INSTALL && j < shell->commands[i].word_count;
		     j++)
			if (is_given_up(s, &shell->commands[i].words[j]))
				return true;
	}
	return false;
}

/* Of a RUN that is there for them alone nothing is left. */
static bool change_run(struct rewriting *s, size_t instruction, bool *gone)
{
	const struct lopt_evidence *evidence = s->maker->evidence;
	size_t steps = s->maker->edit.step_count;
	if (change_commands(s, instruction))
		return true;
	s->maker->edit.step_count = steps;
	*gone = true;
	return is_apt_only(&evidence->shells[instruction]) && !lends_lists(evidence, instruction);
}

bool lopt_build_tools_rewrite(const struct lopt_build_tools *tools, struct lopt_maker *maker, bool *gone)
{
	const struct lopt_evidence *evidence = maker->evidence;
	struct rewriting rewriting = { tools, maker };
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		if (!lopt_evidence_installs(evidence, i) || !names_tools(&rewriting, i))
			continue;
		if (!maker->edit.line)
			maker->edit.line = lopt_evidence_at(evidence, i)->line;
		if (!change_run(&rewriting, i, &gone[i]))
			return false;
	}
	return true;
}
