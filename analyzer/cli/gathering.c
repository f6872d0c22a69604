/* SPDX-License-Identifier: MIT */
#include "cli/gathering.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/opening.h"
#include "cli/terminal.h"
#include "dockerfile/dockerfile.h"
#include "gate/config.h"
#include "gate/yaml.h"

/* --- today --- */

/* SOURCE_DATE_EPOCH takes the place of the clock, as it does for everything that is to come out the same twice. */
static time_t now(void)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	size_t digits = text ? strspn(text, "0123456789") : 0;
	if (digits && digits < 12 && !text[digits])
		return (time_t)strtoll(text, NULL, 10);
	return time(NULL);
}

static enum lopt_status set_today(struct lopt_gate_settings *settings, struct lopt_error *err)
{
	char text[32] = "";
	struct tm utc;
	time_t seconds = now();
	if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof text, "%Y-%m-%d", &utc))
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot tell what day it is");
	settings->today = lopt_arena_copy(&settings->arena, lopt_str_from(text));
	return settings->today.ptr ? LOPT_OK : lopt_error_memory(err);
}

/* --- start and end --- */

void lopt_gathering_init(struct lopt_gathering *gathering)
{
	*gathering = (struct lopt_gathering){
		.config_path = LOPT_BUF_INIT(SIZE_MAX / 2),
		.dive_path = LOPT_BUF_INIT(SIZE_MAX / 2),
		.dockerfile = LOPT_BUF_INIT(SIZE_MAX / 2),
	};
	lopt_gate_settings_init(&gathering->settings);
}

void lopt_gathering_release(struct lopt_gathering *gathering)
{
	lopt_gate_settings_release(&gathering->settings);
	lopt_buf_release(&gathering->config_path);
	lopt_buf_release(&gathering->dive_path);
	lopt_buf_release(&gathering->dockerfile);
}

/* --- the environment --- */

static void variable_of(struct lopt_buf *out, const char *option)
{
	lopt_buf_clear(out);
	lopt_buf_text(out, "LAYEROPT_");
	for (; *option; option++)
		lopt_buf_char(out, *option == '-' ? '_' : (char)(*option & ~0x20));
}

static bool is_from_environment(const struct lopt_option *option)
{
	return option->argument && option->id != LOPT_OPTION_FORMAT && option->id != LOPT_OPTION_OUTPUT &&
	       option->id != LOPT_OPTION_LIMIT;
}

/* Which option a variable that none has may have meant. */
static void warn_of(const char *variable, const struct lopt_option *table)
{
	const char *names[LOPT_OPTIONS_MAX + 1];
	char typed[LOPT_SUGGEST_MAX + 1];
	size_t count = 0, len = strcspn(variable, "=");
	if (len >= sizeof typed)
		return;
	for (size_t i = 0; i < len; i++)
		typed[i] = variable[i] == '_' ? '-' : (char)(variable[i] | 0x20);
	typed[len] = '\0';
	for (size_t i = 0; count < LOPT_OPTIONS_MAX && table[i].name; i++) {
		if (strcmp(table[i].name, typed) == 0) {
			if (!is_from_environment(&table[i]))
				lopt_terminal_warning("LAYEROPT_%.*s: --%s is not read from a variable", (int)len,
						      variable, typed);
			return;
		}
		names[count++] = table[i].name;
	}
	names[count] = NULL;
	const char *near = lopt_word_suggest(typed, names);
	if (near)
		lopt_terminal_warning("LAYEROPT_%.*s: no option that takes a value is called --%s; did you mean --%s?",
				      (int)len, variable, typed, near);
	else
		lopt_terminal_warning("LAYEROPT_%.*s: no option that takes a value is called --%s", (int)len, variable,
				      typed);
}

static void warn_of_others(const struct lopt_option *table)
{
	static const char front[] = "LAYEROPT_";
	for (char **variable = environ; *variable; variable++)
		if (strncmp(*variable, front, sizeof front - 1) == 0)
			warn_of(*variable + sizeof front - 1, table);
}

enum lopt_status lopt_environment_take(const struct lopt_option *table, lopt_option_take *take, void *context,
				       struct lopt_buf *origin, struct lopt_error *err)
{
	for (size_t i = 0; table[i].name; i++) {
		if (!is_from_environment(&table[i]))
			continue;
		variable_of(origin, table[i].name);
		if (origin->failed)
			return lopt_error_memory(err);
		const char *value = getenv(origin->data);
		if (value && *value)
			LOPT_TRY(take(context, table[i].id, value, err));
	}
	warn_of_others(table);
	return LOPT_OK;
}

/* --- files --- */

static bool exists(const char *directory, const char *name, struct lopt_buf *path)
{
	struct stat st;
	lopt_buf_clear(path);
	lopt_buf_text(path, directory);
	lopt_buf_text(path, name);
	return !path->failed && stat(path->data, &st) == 0;
}

/* How many directories up the root of the repository is; 0 outside of one. */
static size_t repository_depth(struct lopt_buf *up, struct lopt_buf *path, bool *failed)
{
	enum { DEPTH_MAX = 64 };
	for (size_t depth = 0; depth < DEPTH_MAX && !*failed; depth++, lopt_buf_text(up, "../")) {
		bool found = exists(up->data ? up->data : "", ".git", path);
		*failed = path->failed || up->failed;
		if (found)
			return depth;
	}
	return 0;
}

/*
 * From here up to the root of the repository; outside of one, here only: another's file is not to decide. `path` is empty
 * where there is none.
 */
static enum lopt_status find_up(struct lopt_buf *path, const char *name, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf up = LOPT_BUF_INIT(SIZE_MAX / 2);
	bool failed = false, found = false;
	size_t depth = repository_depth(&up, path, &failed);
	lopt_buf_clear(&up);
	for (size_t i = 0; i <= depth && !found && !failed; i++, lopt_buf_text(&up, "../")) {
		found = exists(up.data ? up.data : "", name, path);
		failed = path->failed || up.failed;
	}
	if (!found)
		lopt_buf_clear(path);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

typedef enum lopt_status read_settings(struct lopt_gate_settings *settings, const char *name, struct lopt_str text,
				       struct lopt_error *err);

static enum lopt_status read_file(struct lopt_gathering *gathering, const char *path, read_settings *how,
				  struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_TRY(lopt_file_read(&text, path, LOPT_YAML_BYTES_MAX, LOPT_E_USAGE, err));
	return how(&gathering->settings, path, lopt_buf_view(&text), err);
}

/* Settings that are there and not read would be a gate that passes for nothing. */
static enum lopt_status refuse_other_names(struct lopt_error *err)
{
	static const char *const names[] = { ".layeropt.yml", "layeropt.yaml", "layeropt.yml" };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		LOPT_TRY(find_up(&path, names[i], err));
		if (path.len)
			return lopt_error_set(
				err, LOPT_E_USAGE,
				"%s: settings are in a file called .layeropt.yaml; --config reads another", path.data);
	}
	return LOPT_OK;
}

static enum lopt_status read_config(struct lopt_gathering *gathering, struct lopt_error *err)
{
	if (gathering->config)
		lopt_buf_text(&gathering->config_path, gathering->config);
	else if (!gathering->no_config)
		LOPT_TRY(find_up(&gathering->config_path, ".layeropt.yaml", err));
	if (gathering->config_path.failed)
		return lopt_error_memory(err);
	bool found = gathering->config || gathering->config_path.len;
	if (!found && !gathering->no_config)
		LOPT_TRY(refuse_other_names(err));
	return found ? read_file(gathering, gathering->config_path.data, lopt_gate_config_read, err) : LOPT_OK;
}

/* Where a project has its own limits those of dive do not count, unless they are asked for. */
static enum lopt_status read_dive(struct lopt_gathering *gathering, struct lopt_error *err)
{
	if (gathering->dive)
		lopt_buf_text(&gathering->dive_path, gathering->dive);
	else if (!gathering->no_config && gathering->config_path.len == 0)
		LOPT_TRY(find_up(&gathering->dive_path, ".dive-ci", err));
	if (gathering->dive_path.failed)
		return lopt_error_memory(err);
	bool found = gathering->dive || gathering->dive_path.len;
	return found ? read_file(gathering, gathering->dive_path.data, lopt_gate_dive_read, err) : LOPT_OK;
}

static enum lopt_status read_dockerfile(struct lopt_gathering *gathering, struct lopt_error *err)
{
	struct lopt_gate_settings *settings = &gathering->settings;
	const char *name = settings->dockerfile.text.ptr;
	if (!settings->dockerfile.text.len)
		return LOPT_OK;
	/* one that the settings name and that is not there is wrong settings */
	if (settings->dockerfile.rank == LOPT_RANK_FILE && access(name, F_OK) < 0 && errno == ENOENT)
		return lopt_error_set(err, LOPT_E_USAGE, "%s: dockerfile: %s: %s", settings->dockerfile.origin.ptr,
				      name, strerror(errno));
	LOPT_TRY(lopt_dockerfile_load(&gathering->dockerfile, name, err));
	return lopt_gate_pragmas_read(settings, name, lopt_buf_view(&gathering->dockerfile), err);
}

enum lopt_status lopt_gathering_finish(struct lopt_gathering *gathering, struct lopt_error *err)
{
	LOPT_TRY(set_today(&gathering->settings, err));
	LOPT_TRY(read_config(gathering, err));
	LOPT_TRY(read_dive(gathering, err));
	return read_dockerfile(gathering, err);
}
