/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_COMMAND_H
#define LAYEROPT_CLI_COMMAND_H

#include "cli/option.h"

/** One subcommand: a row of the table in command.c. */
struct lopt_command {
	const char *name;
	const char *alias; /* another name; or NULL */
	const char *usage; /* what follows "layeropt NAME" */
	const char *what;  /* one line for `layeropt --help` */
	const char *more;  /* lines for its own --help, each within 80 columns; or NULL */
	const struct lopt_option *options;
	lopt_option_words *words; /* for completion in a shell; or NULL */
	/** `argv[0]` is the command's name. LOPT_OK, LOPT_END where the answer is no (exit 1), or what went wrong. */
	enum lopt_status (*run)(const struct lopt_command *command, int argc, char **argv, struct lopt_error *err);
};

extern const struct lopt_command lopt_command_analyze;
extern const struct lopt_command lopt_command_ls;
extern const struct lopt_command lopt_command_diff;
extern const struct lopt_command lopt_command_report;
extern const struct lopt_command lopt_command_gate;
extern const struct lopt_command lopt_command_init;
extern const struct lopt_command lopt_command_optimize;
extern const struct lopt_command lopt_command_verify;
extern const struct lopt_command lopt_command_repack;
extern const struct lopt_command lopt_command_completion;
extern const struct lopt_command lopt_command_help;

/** NULL past the last. */
const struct lopt_command *lopt_command_at(size_t index);
/** By name; LOPT_E_USAGE with a suggestion when there is none. */
LOPT_CHECKED enum lopt_status lopt_command_find(const struct lopt_command **out, const char *name,
						struct lopt_error *err);

/** What the program ends with where the answer is no: 1, unless a command was told otherwise. */
void lopt_answer_no_set(int code);
int lopt_answer_no(void);

/** --help, of layeropt for NULL. LOPT_E_SYSTEM when standard output does not take it. */
LOPT_CHECKED enum lopt_status lopt_help_print(const struct lopt_command *command, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_version_print(struct lopt_error *err);
/** What was printed on standard output counts only once it is out: LOPT_E_SYSTEM when it does not take it. */
LOPT_CHECKED enum lopt_status lopt_print_end(struct lopt_error *err);
/** LOPT_E_SYSTEM without a message: who read standard output has seen enough, as "head" does. */
LOPT_CHECKED enum lopt_status lopt_print_broken(struct lopt_error *err);

#endif
