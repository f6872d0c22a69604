/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <archive.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <openssl/crypto.h>
#include <string.h>
#include <yaml.h>
#include <zlib.h>
#include <zstd.h>
#ifdef LOPT_HAVE_ISAL
#include <isa-l.h>
#endif

#include "cli/filter.h"
#include "cli/plugin.h"
#include "cli/sandbox.h"
#include "layeropt/limits.h"

static const struct lopt_command *const commands[] = {
	&lopt_command_analyze, &lopt_command_ls,	 &lopt_command_diff,	 &lopt_command_report,
	&lopt_command_gate,    &lopt_command_init,	 &lopt_command_optimize, &lopt_command_verify,
	&lopt_command_repack,  &lopt_command_completion, &lopt_command_help,
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const struct lopt_command *lopt_command_at(size_t index)
{
	return index < COMMANDS ? commands[index] : NULL;
}

enum lopt_status lopt_command_find(const struct lopt_command **out, const char *name, struct lopt_error *err)
{
	const char *names[COMMANDS + 1] = { NULL };
	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i]->name;
		if (strcmp(name, names[i]) == 0 || (commands[i]->alias && strcmp(name, commands[i]->alias) == 0)) {
			*out = commands[i];
			return LOPT_OK;
		}
	}
	const char *near = lopt_word_suggest(name, names);
	if (near)
		return lopt_error_set(err, LOPT_E_USAGE, "unknown command %.200s; did you mean %s?", name, near);
	return lopt_error_set(err, LOPT_E_USAGE, "unknown command %.200s; '%s --help' lists them", name,
			      lopt_program());
}

static int answer_no = EXIT_FAILURE;

void lopt_answer_no_set(int code)
{
	answer_no = code;
}

int lopt_answer_no(void)
{
	return answer_no;
}

enum lopt_status lopt_print_broken(struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s", "");
}

enum lopt_status lopt_print_end(struct lopt_error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return LOPT_OK;
	if (errno == EPIPE)
		return lopt_print_broken(err);
	return lopt_error_set(err, LOPT_E_SYSTEM, "standard output: cannot write: %s", strerror(errno));
}

static void print_limits(void)
{
	printf("\nNames for --limit, with their defaults:\n");
	for (size_t i = 0; lopt_limits_info(i); i++) {
		const struct lopt_limit_info *info = lopt_limits_info(i);
		uint64_t value;
		memcpy(&value, (const char *)lopt_limits_default() + info->offset, sizeof value);
		printf("  %-21s %10llu  ", info->name, (unsigned long long)value);
		lopt_help_wrap(stdout, info->what, 36);
	}
}

static void print_command(const struct lopt_command *command)
{
	printf("Usage: %s %s %s\n\n%s.\n", lopt_program(), command->name, command->usage, command->what);
	if (command->more)
		printf("\n%s", command->more);
	if (!command->options[0].name)
		return;
	printf("\nOptions:\n");
	lopt_options_print(stdout, command->options);
	for (size_t i = 0; command->options[i].name; i++) {
		if (strcmp(command->options[i].name, "limit") == 0)
			print_limits();
	}
}

enum lopt_status lopt_help_print(const struct lopt_command *command, struct lopt_error *err)
{
	if (command) {
		print_command(command);
		return lopt_print_end(err);
	}
	printf("Usage: %s COMMAND ...\n"
	       "       %s --version | --help\n\n"
	       "Tells what the layers of a container image hold, and what of it nobody sees.\n\n"
	       "Commands:\n",
	       lopt_program(), lopt_program());
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->what);
	if (lopt_plugin_active())
		printf("\nIMAGE may be NAME in place of docker:NAME, where no file is called so.\n");
	printf("\n'%s COMMAND --help' tells the options of a command.\n", lopt_program());
	return lopt_print_end(err);
}

enum lopt_status lopt_version_print(struct lopt_error *err)
{
	printf("layeropt " LOPT_VERSION "\n"
	       "%s, %s, jansson %s, libyaml %s, libcyaml %s, zlib %s, zstd %s",
	       archive_version_string(), OpenSSL_version(OPENSSL_VERSION), jansson_version_str(),
	       yaml_get_version_string(), cyaml_version_str, zlibVersion(), ZSTD_versionString());
#ifdef LOPT_HAVE_ISAL
	printf(", isa-l %d.%d.%d", ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
#endif
	lopt_filter_print_library(stdout);
	printf("\n");
	lopt_sandbox_print(stdout);
	return lopt_print_end(err);
}
