/* SPDX-License-Identifier: MIT */
#include "cli/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/command.h"

static bool active;

bool lopt_plugin_active(void)
{
	return active;
}

const char *lopt_program(void)
{
	return active ? "docker layeropt" : "layeropt";
}

/* The options of docker's client that stand in front of the plugin's name. */
struct global {
	const char *name;
	char letter;
	bool has_value;
	bool refused;	      /* no variable says the same */
	const char *variable; /* that says the same; NULL: it does not matter here */
};

static const struct global globals[] = {
	{ "config", 0, true, false, "DOCKER_CONFIG" },
	{ "context", 'c', true, false, "DOCKER_CONTEXT" },
	{ "debug", 'D', false, false, NULL },
	{ "host", 'H', true, false, "DOCKER_HOST" },
	{ "log-level", 'l', true, false, NULL },
	{ "tls", 0, false, true, NULL },
	{ "tlscacert", 0, true, true, NULL },
	{ "tlscert", 0, true, true, NULL },
	{ "tlskey", 0, true, true, NULL },
	{ "tlsverify", 0, false, true, NULL },
};

enum { GLOBALS = sizeof globals / sizeof globals[0] };

static enum lopt_status heed(const struct global *global, const char *value, struct lopt_error *err)
{
	if (global->refused)
		return lopt_error_set(err, LOPT_E_USAGE,
				      "docker's --%s is not passed on: set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
				      global->name);
	if (!global->variable)
		return LOPT_OK;
	/* The option --context counts more than the variable DOCKER_HOST, the variable DOCKER_CONTEXT less. */
	if (global->letter == 'c')
		(void)unsetenv("DOCKER_HOST");
	if (setenv(global->variable, value, 1) < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot set %s: %s", global->variable, strerror(errno));
	return LOPT_OK;
}

static const struct global *by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < GLOBALS; i++)
		if (strncmp(globals[i].name, name, len) == 0 && globals[i].name[len] == '\0')
			return &globals[i];
	return NULL;
}

/* `*value` points behind the letter. */
static const struct global *by_letters(const char *letters, const char **value)
{
	for (; *letters; letters++) {
		for (size_t i = 0; i < GLOBALS; i++) {
			if (globals[i].letter != *letters)
				continue;
			*value = letters[1] == '=' ? letters + 2 : letters[1] ? letters + 1 : NULL;
			if (globals[i].has_value)
				return &globals[i];
		}
	}
	return by_name("debug", strlen("debug")); /* the only one of one letter that has no value */
}

/* The words of the options at argv[1]; *skipped counts them. */
static enum lopt_status skip_globals(int *skipped, int argc, char *const argv[], struct lopt_error *err)
{
	int at = 1;
	for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		const char *value = strchr(argv[at], '=');
		const char *word = argv[at];
		const struct global *global;
		if (word[1] == '-') {
			global = by_name(word + 2, value ? (size_t)(value - word - 2) : strlen(word + 2));
			value = value ? value + 1 : NULL;
		} else {
			global = by_letters(word + 1, &value);
		}
		if (!global)
			break;
		if (global->has_value && !value && ++at == argc)
			return lopt_error_set(err, LOPT_E_USAGE, "docker's --%s needs a value", global->name);
		LOPT_TRY(heed(global, value ? value : argv[at], err));
	}
	*skipped = at - 1;
	return LOPT_OK;
}

enum lopt_status lopt_plugin_enter(int *argc, char ***argv, struct lopt_error *err)
{
	static const char own[] = "layeropt";
	const char *slash = *argc > 0 ? strrchr((*argv)[0], '/') : NULL;
	int skipped = 0;
	if (*argc < 1 || strcmp(slash ? slash + 1 : (*argv)[0], "docker-layeropt") != 0)
		return LOPT_OK;
	active = true;
	LOPT_TRY(skip_globals(&skipped, *argc, *argv, err));
	char **words = *argv + skipped;
	int count = *argc - skipped;
	/* "docker help layeropt" and completion have the name behind the verb. */
	if (count > 2 && (strcmp(words[1], "help") == 0 || strcmp(words[1], "__complete") == 0) &&
	    strcmp(words[2], own) == 0) {
		words[2] = words[1];
		words++;
		count--;
	} else if (count > 1 && strcmp(words[1], own) == 0) {
		words++;
		count--;
	}
	words[0] = (*argv)[0];
	*argv = words;
	*argc = count;
	return LOPT_OK;
}

enum lopt_status lopt_plugin_describe(struct lopt_error *err)
{
	printf("{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"the layeropt authors\",\"Version\":\"" LOPT_VERSION "\","
	       "\"ShortDescription\":\"Make images smaller: what nobody sees of them, and which line put it there\"}\n");
	return lopt_print_end(err);
}
