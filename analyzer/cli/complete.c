/* SPDX-License-Identifier: MIT */
#include "cli/complete.h"

#include <stdbool.h>
#include <string.h>

struct completion {
	const struct lopt_command *command;
	const char *word; /* its beginning */
	int directive;
};

static void offer(const struct completion *at, const char *word, const char *end, const char *what)
{
	size_t len = strlen(at->word);
	if (strncmp(word, at->word, len) == 0)
		printf("%s%s%s%s\n", word, end, what ? "\t" : "", what ? what : "");
}

/* Commands, and the options of layeropt itself. */
static void offer_commands(struct completion *at)
{
	at->directive = LOPT_COMPLETE_NO_FILES;
	for (size_t i = 0; lopt_command_at(i); i++)
		offer(at, lopt_command_at(i)->name, "", lopt_command_at(i)->what);
	if (at->word[0] != '-')
		return;
	offer(at, "--help", "", "show how layeropt is used");
	offer(at, "--version", "", "show the version of layeropt and of the libraries it runs with");
}

static void offer_options(struct completion *at)
{
	at->directive = LOPT_COMPLETE_NO_FILES;
	for (const struct lopt_option *option = at->command->options; option->name; option++) {
		char name[64];
		(void)snprintf(name, sizeof name, "--%s", option->name);
		offer(at, name, "", option->what);
	}
}

/* As there is no file that is called so, "docker:" is offered to who began to write it. */
static void offer_engines(struct completion *at)
{
	static const char *const engines[] = { "docker:", "podman:" };
	for (size_t i = 0; at->word[0] && i < sizeof engines / sizeof engines[0]; i++) {
		if (strncmp(engines[i], at->word, strlen(at->word)) != 0)
			continue;
		offer(at, engines[i], "", NULL);
		at->directive = LOPT_COMPLETE_NO_SPACE;
	}
}

/* What the word for it in --help says of a value: FILE, DIR, IMAGE; else nothing is known of it. */
static void offer_files(struct completion *at, const char *argument)
{
	at->directive = LOPT_COMPLETE_NO_FILES;
	if (strstr(argument, "FILE") || strstr(argument, "IMAGE"))
		at->directive = 0;
	else if (strstr(argument, "DIR"))
		at->directive = LOPT_COMPLETE_DIRECTORIES;
	if (strstr(argument, "IMAGE"))
		offer_engines(at);
}

/* Of the option `id`, 0 being the operand. Of "FORMAT=FILE" the words come first, and then files. */
static void offer_values(struct completion *at, int id, const char *argument)
{
	lopt_option_words *words = at->command->words;
	const char *pair = strchr(argument, '=');
	if (!words || !words(id, 0)) {
		offer_files(at, argument);
		return;
	}
	if (pair && strchr(at->word, '=')) {
		offer_files(at, pair + 1);
		return;
	}
	at->directive = LOPT_COMPLETE_NO_FILES | (pair ? LOPT_COMPLETE_NO_SPACE : 0);
	for (size_t i = 0; words(id, i); i++)
		offer(at, words(id, i), pair ? "=" : "", NULL);
}

static const struct lopt_option *by_letter(const struct lopt_option *table, char letter)
{
	for (; table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

/* `len` bytes of a name in full. */
static const struct lopt_option *by_name(const struct lopt_option *table, const char *name, size_t len)
{
	for (; table->name; table++)
		if (strncmp(table->name, name, len) == 0 && table->name[len] == '\0')
			return table;
	return NULL;
}

/* The option whose value is the word behind this one, or NULL. */
static const struct lopt_option *waiting(const struct lopt_option *table, const char *word)
{
	if (strncmp(word, "--", 2) == 0) {
		const struct lopt_option *option = by_name(table, word + 2, strlen(word + 2));
		return option && option->argument ? option : NULL;
	}
	for (const char *letter = word + 1; word[0] == '-' && *letter; letter++) {
		const struct lopt_option *option = by_letter(table, *letter);
		if (option && option->argument)
			return letter[1] ? NULL : option;
	}
	return NULL;
}

/* The first word of the usage names the operand, where it is in capitals: "IMAGE [OPTION]...", "[COMMAND]". */
static void offer_operand(struct completion *at)
{
	char name[32] = "";
	const char *usage = at->command->usage;
	size_t start = strspn(usage, "[");
	size_t len = strspn(usage + start, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (len < sizeof name)
		memcpy(name, usage + start, len);
	offer_values(at, 0, name);
}

/* The words of a command, its name in front. */
static void complete_command(struct completion *at, size_t count, char *const words[])
{
	const struct lopt_option *table = at->command->options;
	const struct lopt_option *option = NULL;
	bool operands = false; /* behind "--" */
	for (size_t i = 1; i + 1 < count; i++) {
		option = option || operands ? NULL : waiting(table, words[i]);
		operands |= strcmp(words[i], "--") == 0;
	}
	const char *equals = strncmp(at->word, "--", 2) == 0 ? strchr(at->word, '=') : NULL;
	if (!option && !operands && equals) {
		option = by_name(table, at->word + 2, (size_t)(equals - at->word - 2));
		at->word = equals + 1;
		at->directive = LOPT_COMPLETE_NO_FILES;
		if (!option || !option->argument)
			return;
	}
	if (option)
		offer_values(at, option->id, option->argument);
	else if (at->word[0] == '-' && !operands)
		offer_options(at);
	else
		offer_operand(at);
}

enum lopt_status lopt_complete(size_t count, char *const words[], struct lopt_error *err)
{
	struct lopt_error unknown = { LOPT_OK, "" };
	struct completion at = { .word = count ? words[count - 1] : "", .directive = LOPT_COMPLETE_NO_FILES };
	if (count < 2)
		offer_commands(&at);
	else if (lopt_command_find(&at.command, words[0], &unknown) == LOPT_OK)
		complete_command(&at, count, words);
	printf(":%d\n", at.directive);
	return lopt_print_end(err);
}
