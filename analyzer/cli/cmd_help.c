/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

static enum lopt_status take(void *context, int id, const char *value, struct lopt_error *err)
{
	const struct lopt_command **about = context;
	if (id == LOPT_OPTION_HELP) {
		*about = &lopt_command_help;
		return LOPT_OK;
	}
	return lopt_command_find(about, value, err);
}

static enum lopt_status run(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err)
{
	const struct lopt_command *about = NULL;
	enum lopt_status status = lopt_options_parse(command->options, argc, argv, take, &about, err);
	return status == LOPT_OK ? lopt_help_print(about, err) : status;
}

static const char *words(int id, size_t index)
{
	return id == 0 && lopt_command_at(index) ? lopt_command_at(index)->name : NULL;
}

static const struct lopt_option options[] = {
	{ "help", 'h', LOPT_OPTION_HELP, NULL, "show this and exit" },
	{ 0 },
};

const struct lopt_command lopt_command_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.what = "Show how a command is used",
	.options = options,
	.words = words,
	.run = run,
};
