/* SPDX-License-Identifier: MIT */
#include "cli/option.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "base/suggest.h"

enum { WORD_MAX = LOPT_SUGGEST_MAX };

const char *lopt_word_at(const char *const words[], size_t index)
{
	for (size_t i = 0; words[i]; i++)
		if (i == index)
			return words[i];
	return NULL;
}

/* Parsing. */

static size_t count_of(const struct lopt_option *table)
{
	size_t count = 0;
	while (count < LOPT_OPTIONS_MAX && table[count].name)
		count++;
	return count;
}

/* A leading '-' has getopt hand out operands in their place, whatever POSIXLY_CORRECT says; ':' tells a missing value. */
static void prepare(const struct lopt_option *table, struct option *longs, char *shorts)
{
	size_t at = 0;
	shorts[at++] = '-';
	shorts[at++] = ':';
	for (size_t i = 0; i < count_of(table); i++) {
		longs[i] = (struct option){ table[i].name, table[i].argument ? required_argument : no_argument, NULL,
					    0x100 + (int)i };
		if (!table[i].letter)
			continue;
		shorts[at++] = (char)table[i].letter;
		if (table[i].argument)
			shorts[at++] = ':';
	}
	shorts[at] = '\0';
}

static enum lopt_status unknown_name(const struct lopt_option *table, const char *word, struct lopt_error *err)
{
	const char *names[LOPT_OPTIONS_MAX + 1];
	char typed[WORD_MAX + 1] = "";
	size_t count = 0;
	for (; count < LOPT_OPTIONS_MAX && table[count].name; count++)
		names[count] = table[count].name;
	names[count] = NULL;
	size_t len = strcspn(word + 2, "=");
	if (len < sizeof typed)
		memcpy(typed, word + 2, len);
	const char *near = typed[0] ? lopt_word_suggest(typed, names) : NULL;
	int shown = (int)(len < 200 ? len : 200) + 2;
	if (near)
		return lopt_error_set(err, LOPT_E_USAGE, "unknown option %.*s; did you mean --%s?", shown, word, near);
	return lopt_error_set(err, LOPT_E_USAGE, "unknown option %.*s", shown, word);
}

static const struct lopt_option *find_letter(const struct lopt_option *table, int letter)
{
	for (size_t i = 0; i < count_of(table); i++) {
		if (table[i].letter == letter)
			return &table[i];
	}
	return NULL;
}

static enum lopt_status refuse(const struct lopt_option *table, const char *word, bool missing, struct lopt_error *err)
{
	bool by_name = strncmp(word, "--", 2) == 0;
	int code = optopt;
	if (by_name && code >= 0x100 && missing)
		return lopt_error_set(err, LOPT_E_USAGE, "--%s needs %s", table[code - 0x100].name,
				      table[code - 0x100].argument);
	if (by_name && code >= 0x100)
		return lopt_error_set(err, LOPT_E_USAGE, "--%s takes no value", table[code - 0x100].name);
	if (by_name)
		return unknown_name(table, word, err);
	const struct lopt_option *option = find_letter(table, code);
	if (option && option->argument)
		return lopt_error_set(err, LOPT_E_USAGE, "-%c needs %s", code, option->argument);
	return lopt_error_set(err, LOPT_E_USAGE, "unknown option -%c", code);
}

/* getopt takes any unique beginning of a name: an option that comes later would break who relies on it. */
static bool in_full(const char *word, const char *name)
{
	size_t len = strlen(name);
	return strncmp(word, "--", 2) != 0 ||
	       (strncmp(word + 2, name, len) == 0 && (word[2 + len] == '\0' || word[2 + len] == '='));
}

/* Of what getopt found. */
static int id_of(const struct lopt_option *table, int found)
{
	if (found >= 0x100)
		return table[found - 0x100].id;
	const struct lopt_option *option = find_letter(table, found);
	return option ? option->id : 0;
}

enum lopt_status lopt_options_parse(const struct lopt_option *table, int argc, char **argv, lopt_option_take *take,
				    void *context, struct lopt_error *err)
{
	struct option longs[LOPT_OPTIONS_MAX + 1] = { { 0 } };
	char shorts[2 * LOPT_OPTIONS_MAX + 3];
	prepare(table, longs, shorts);
	opterr = 0;
	optind = 0; /* getopt starts anew */
	for (;;) {
		const char *word = argv[optind > 0 ? optind : 1];
		int found = getopt_long(argc, argv, shorts, longs, NULL);
		if (found == -1)
			break;
		enum lopt_status status;
		if (found == 1)
			status = take(context, 0, optarg, err);
		else if (found == '?' || found == ':')
			status = refuse(table, word, found == ':', err);
		else if (found >= 0x100 && !in_full(word, table[found - 0x100].name))
			status = unknown_name(table, word, err);
		else
			status = take(context, id_of(table, found), optarg, err);
		if (status != LOPT_OK)
			return status;
	}
	for (; optind < argc; optind++) {
		enum lopt_status status = take(context, 0, argv[optind], err);
		if (status != LOPT_OK)
			return status;
	}
	return LOPT_OK;
}

/* --help. */

enum { HELP_COLUMN = 27, HELP_WIDTH = 79 };

void lopt_help_wrap(FILE *to, const char *text, size_t column)
{
	size_t width = HELP_WIDTH - column;
	while (*text) {
		size_t len = strlen(text);
		if (len > width) {
			len = width;
			while (len > 0 && text[len] != ' ')
				len--;
			if (len == 0)
				len = width;
		}
		(void)fprintf(to, "%.*s\n", (int)len, text);
		text += len;
		while (*text == ' ')
			text++;
		if (*text)
			(void)fprintf(to, "%*s", (int)column, "");
	}
}

void lopt_options_print(FILE *to, const struct lopt_option *table)
{
	for (size_t i = 0; i < count_of(table); i++) {
		const struct lopt_option *option = &table[i];
		char left[80];
		char letter[5] = "    ";
		if (option->letter)
			(void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
		(void)snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name, option->argument ? " " : "",
			       option->argument ? option->argument : "");
		if (strlen(left) + 1 > HELP_COLUMN)
			(void)fprintf(to, "%s\n%*s", left, HELP_COLUMN, "");
		else
			(void)fprintf(to, "%-*s", HELP_COLUMN, left);
		lopt_help_wrap(to, option->what, HELP_COLUMN);
	}
}
