/* SPDX-License-Identifier: MIT */
#include "advice/rules.h"

#include <string.h>

#include "base/cleanup.h"
#include "dockerfile/runes.h"
#include "layer/path.h"

static uint64_t bit(size_t step)
{
	return (uint64_t)1 << (step % LOPT_STEPS_MAX);
}

static enum lopt_keyword keyword_of(const struct lopt_scene *s, size_t step)
{
	return s->stage->steps[step].keyword;
}

static bool is_copy(const struct lopt_scene *s, size_t step)
{
	return keyword_of(s, step) == LOPT_KEYWORD_COPY || keyword_of(s, step) == LOPT_KEYWORD_ADD;
}

static bool is_run(const struct lopt_scene *s, size_t step)
{
	return keyword_of(s, step) == LOPT_KEYWORD_RUN;
}

/* It changes files. */
static bool ships(const struct lopt_scene *s, size_t step)
{
	return is_run(s, step) || is_copy(s, step) || keyword_of(s, step) == LOPT_KEYWORD_WORKDIR;
}

static bool has_hole(struct lopt_str text)
{
	return lopt_str_find(text, LOPT_EXPAND_HOLE) < text.len;
}

/* ---- what a RUN names */

static void hit(struct lopt_hits *hits, uint64_t steps, struct lopt_str what)
{
	for (uint64_t rest = steps & ~hits->steps; rest; rest &= rest - 1)
		hits->what[__builtin_ctzll(rest)] = what;
	hits->steps |= steps;
}

/* One word, and where paths are put together for as long as it is looked at. */
struct look {
	const struct lopt_scene *scene;
	struct lopt_hits *hits;
	struct lopt_str word;
	struct lopt_arena paths;
	struct lopt_error *err;
};

static void look_release(struct look *look)
{
	lopt_arena_release(&look->paths);
}

static enum lopt_status look_at(struct look *look, const char *from, struct lopt_str path)
{
	struct lopt_str whole = lopt_path_absolute(&look->paths, lopt_str_from(from), path);
	if (!whole.ptr)
		return lopt_error_memory(look->err);
	hit(look->hits, lopt_writes_around(&look->scene->writes, lopt_str_skip(whole, 1)), look->word);
	return LOPT_OK;
}

/* bin/sh is usr/bin/sh where bin is a link, which the layers do not say. */
static enum lopt_status look_at_path(struct look *look, const char *cwd)
{
	static const char *const links[] = { "/bin/", "/sbin/", "/lib/", "/lib64/" };
	LOPT_TRY(look_at(look, cwd, look->word));
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		if (lopt_str_starts(look->word, links[i]))
			return look_at(look, "/usr", lopt_str_skip(look->word, 1));
	return LOPT_OK;
}

static enum lopt_status look_for_program(struct look *look)
{
	static const char *const path[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					    "/usr/bin",	       "/sbin",		 "/bin" };
	uint64_t named = lopt_writes_named(&look->scene->writes, look->word) & ~look->hits->steps;
	for (size_t i = 0; named && i < sizeof path / sizeof path[0]; i++)
		LOPT_TRY(look_at(look, path[i], look->word));
	return LOPT_OK;
}

/*
 * A word is a path from the directory the RUN starts in, and the name of a program. It is any file of that name
 * too: the directory may not be known or not kept to, and there may be links on the way.
 */
static enum lopt_status look_at_word(const struct lopt_scene *s, struct lopt_hits *hits,
				     const struct lopt_command_word *word, const char *cwd, struct lopt_error *err)
{
	enum { ARENA_MAX = 16 << 20 };
	struct lopt_str text = word->text;
	LOPT_CLEANUP(look_release) struct look look = { .scene = s, .hits = hits, .word = text, .err = err };
	lopt_arena_init(&look.paths, ARENA_MAX);
	bool absolute = lopt_str_starts(text, "/");
	if (cwd || absolute)
		LOPT_TRY(look_at_path(&look, cwd));
	bool plain = lopt_str_find(text, '/') == text.len;
	if (plain && (word->program || !hits->command.simple))
		LOPT_TRY(look_for_program(&look));
	if (!plain || !cwd || hits->command.moves || !hits->command.simple)
		hit(hits, lopt_writes_named(&s->writes, lopt_path_base(text)) & s->copies, text);
	return LOPT_OK;
}

/*
 * A program that is not known may read whatever lies where it runs: what is there, and what made the place. In the root
 * directory that would be everything; there it is the files that lie in it.
 */
static void look_around(const struct lopt_scene *s, struct lopt_hits *hits, struct lopt_str cwd)
{
	if (hits->command.simple)
		return;
	if (!cwd.ptr)
		hit(hits, s->copies, lopt_str_from("."));
	else if (cwd.len == 1)
		hit(hits, s->writes.in_root, cwd);
	else
		hit(hits, lopt_writes_around(&s->writes, lopt_str_skip(cwd, 1)), cwd);
}

/* Paths that variables hold may be read by a program that is not known. */
static enum lopt_status look_at_variable(const struct lopt_scene *s, struct lopt_hits *hits, struct lopt_str value,
					 struct lopt_error *err)
{
	while (value.len) {
		size_t end = 0;
		while (end < value.len && !strchr(" :;,=", value.ptr[end]))
			end++;
		const struct lopt_command_word word = { .text = lopt_str_make(value.ptr, end) };
		if (lopt_str_starts(word.text, "/"))
			LOPT_TRY(look_at_word(s, hits, &word, "/", err));
		value = lopt_str_skip(value, end + (end < value.len));
	}
	return LOPT_OK;
}

static enum lopt_status look_at_variables(const struct lopt_scene *s, struct lopt_hits *hits,
					  const struct lopt_step *step, struct lopt_error *err)
{
	enum { BYTES_MAX = 1 << 20 };
	size_t bytes = 0;
	for (size_t i = 0; i < step->variable_count && !hits->command.simple; i++) {
		bytes += step->variables[i].value.len;
		if (bytes > BYTES_MAX) {
			hits->command.too_long = true;
			return LOPT_OK;
		}
		LOPT_TRY(look_at_variable(s, hits, step->variables[i].value, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_scene_look(struct lopt_scene *scene, struct lopt_arena *arena, size_t x, struct lopt_error *err)
{
	struct lopt_hits *hits = &scene->runs[x];
	const struct lopt_step *step = &scene->stage->steps[x];
	LOPT_TRY(lopt_command_read(&hits->command, arena, step, err));
	for (size_t i = 0; i < hits->command.count; i++)
		LOPT_TRY(look_at_word(scene, hits, &hits->command.words[i], step->cwd.ptr, err));
	LOPT_TRY(look_at_variables(scene, hits, step, err));
	look_around(scene, hits, step->cwd);
	if (hits->command.too_long)
		hit(hits, UINT64_MAX, lopt_str_from("..."));
	hits->steps &= ~bit(x);
	return LOPT_OK;
}

/* ---- rules: x is touched by what y does. Each is asked both ways. */

static bool base_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	(void)x;
	(void)what;
	return keyword_of(s, y) == LOPT_KEYWORD_FROM;
}

static bool unknown_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	(void)what;
	bool lost = (is_run(s, y) || is_copy(s, y)) && !(s->writes.known & bit(y));
	return keyword_of(s, y) == LOPT_KEYWORD_NONE || (lost && ships(s, x));
}

/* A RUN sees every variable; which it uses is what its text says, and what is known of programs. */
static bool sees(const struct lopt_scene *s, size_t x, struct lopt_str name)
{
	const struct lopt_step *step = &s->stage->steps[x];
	switch (step->keyword) {
	case LOPT_KEYWORD_RUN: {
		const struct lopt_command *command = &s->runs[x].command;
		if (lopt_variable_is_implicit(name) || command->reads_environment || command->too_long ||
		    (s->runs[x].steps & s->copies))
			return true;
		break;
	}
	case LOPT_KEYWORD_CMD:
	case LOPT_KEYWORD_ENTRYPOINT:
	case LOPT_KEYWORD_HEALTHCHECK:
	case LOPT_KEYWORD_SHELL:
	case LOPT_KEYWORD_MAINTAINER:
		return false;
	default:
		break;
	}
	return lopt_text_names(step->instruction->source, name);
}

static bool variable_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	const struct lopt_instruction *in = s->stage->steps[y].instruction;
	bool env = keyword_of(s, y) == LOPT_KEYWORD_ENV;
	if (!env && keyword_of(s, y) != LOPT_KEYWORD_ARG)
		return false;
	for (size_t i = 0; i < in->word_count; i += env ? 3 : 1) {
		*what = lopt_str_make(in->words[i].ptr, lopt_str_find(in->words[i], '='));
		if (sees(s, x, *what))
			return true;
	}
	return false;
}

/* Where a WORKDIR goes: what the step behind it starts in. */
static bool reaches(const struct lopt_scene *s, size_t workdir, struct lopt_str dest)
{
	struct lopt_str to = workdir + 1 < s->stage->count ? s->stage->steps[workdir + 1].cwd : s->stage->cwd;
	size_t len = dest.len < to.len ? dest.len : to.len;
	return !to.ptr || memcmp(dest.ptr, to.ptr, len) == 0;
}

static bool directory_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	const struct lopt_step *step = &s->stage->steps[x];
	if (keyword_of(s, y) != LOPT_KEYWORD_WORKDIR)
		return false;
	*what = s->stage->steps[y].instruction->args;
	if (is_run(s, x) || step->keyword == LOPT_KEYWORD_WORKDIR)
		return true;
	if (!is_copy(s, x) || !step->word_count)
		return false;
	struct lopt_str dest = step->words[step->word_count - 1];
	return !lopt_str_starts(dest, "/") || has_hole(dest) || reaches(s, y, dest);
}

/* --chown=name takes the account's number from the files as they are. */
static bool names_account(const struct lopt_scene *s, size_t x)
{
	struct lopt_str owner = lopt_step_flag(s->stage->steps[x].instruction, "chown");
	for (size_t i = 0; i < owner.len; i++)
		if ((owner.ptr[i] < '0' || owner.ptr[i] > '9') && owner.ptr[i] != ':')
			return true;
	return false;
}

static bool user_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	enum lopt_keyword keyword = keyword_of(s, x);
	if (keyword_of(s, y) == LOPT_KEYWORD_USER) {
		*what = s->stage->steps[y].instruction->args;
		return is_run(s, x) || keyword == LOPT_KEYWORD_WORKDIR || keyword == LOPT_KEYWORD_USER;
	}
	if (!(s->writes.accounts & bit(y)))
		return false;
	*what = lopt_str_from("etc/passwd");
	return keyword == LOPT_KEYWORD_USER || (is_copy(s, x) && names_account(s, x)) || (s->writes.accounts & bit(x));
}

static bool shell_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	(void)what;
	if (keyword_of(s, y) != LOPT_KEYWORD_SHELL)
		return false;
	switch (keyword_of(s, x)) {
	case LOPT_KEYWORD_RUN:
	case LOPT_KEYWORD_CMD:
	case LOPT_KEYWORD_ENTRYPOINT:
	case LOPT_KEYWORD_HEALTHCHECK:
		return !s->stage->steps[x].instruction->json;
	case LOPT_KEYWORD_ONBUILD:
	case LOPT_KEYWORD_SHELL:
		return true;
	default:
		return false;
	}
}

static bool volume_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	if (keyword_of(s, y) != LOPT_KEYWORD_VOLUME || s->builder == LOPT_BUILDER_BUILDKIT || !ships(s, x))
		return false;
	*what = s->stage->steps[y].instruction->args;
	return true;
}

/* ENTRYPOINT takes the base's CMD away, but not one of this stage: said of these two builders only. */
static bool metadata_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	(void)what;
	bool sure = s->builder == LOPT_BUILDER_BUILDKIT || s->builder == LOPT_BUILDER_LEGACY;
	switch (keyword_of(s, y)) {
	case LOPT_KEYWORD_CMD:
		return keyword_of(s, x) == LOPT_KEYWORD_CMD || (!sure && keyword_of(s, x) == LOPT_KEYWORD_ENTRYPOINT);
	case LOPT_KEYWORD_ENTRYPOINT:
	case LOPT_KEYWORD_EXPOSE:
	case LOPT_KEYWORD_HEALTHCHECK:
	case LOPT_KEYWORD_LABEL:
	case LOPT_KEYWORD_MAINTAINER:
	case LOPT_KEYWORD_ONBUILD:
	case LOPT_KEYWORD_STOPSIGNAL:
	case LOPT_KEYWORD_VOLUME:
		return keyword_of(s, x) == keyword_of(s, y);
	default:
		return false;
	}
}

static bool clash_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what, bool directory)
{
	const struct lopt_clash *clash = &s->writes.clashes[x < y ? x : y][x < y ? y : x];
	if (!clash->path.ptr || clash->directory != directory)
		return false;
	*what = clash->path;
	return true;
}

static bool file_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	return clash_rule(s, x, y, what, false);
}

static bool made_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	return clash_rule(s, x, y, what, true);
}

static bool named_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	if (!is_run(s, x) || !(s->runs[x].steps & bit(y)))
		return false;
	*what = s->runs[x].what[y];
	return true;
}

static bool apt_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	if (!is_run(s, x) || !s->runs[x].command.apt || !(s->keys & bit(y)))
		return false;
	*what = lopt_str_from("etc/apt");
	return true;
}

static bool configuration_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	if (!is_run(s, x))
		return false;
	*what = lopt_str_from(s->etc & bit(y) ? "etc" : "root");
	return (s->etc & bit(y)) || (!s->runs[x].command.local && (s->homes & bit(y)));
}

static bool program_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	(void)what;
	return is_run(s, x) && !s->runs[x].command.simple && (s->tools & bit(y));
}

static bool depends_on_time(const struct lopt_scene *s, size_t step)
{
	const struct lopt_step *at = &s->stage->steps[step];
	if (is_run(s, step))
		return !s->runs[step].command.local;
	for (size_t i = 0; at->keyword == LOPT_KEYWORD_ADD && i + 1 < at->word_count; i++)
		if (lopt_str_find(at->words[i], ':') < at->words[i].len || has_hole(at->words[i]))
			return true;
	return false;
}

static bool time_rule(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what)
{
	(void)what;
	return depends_on_time(s, x) && depends_on_time(s, y);
}

/* The first that holds is told. */
bool lopt_scene_keeps(const struct lopt_scene *scene, size_t a, size_t b, enum lopt_dependency_kind *kind,
		      struct lopt_str *what)
{
	static const struct {
		enum lopt_dependency_kind kind;
		bool (*holds)(const struct lopt_scene *s, size_t x, size_t y, struct lopt_str *what);
	} rules[] = {
		{ LOPT_DEPENDS_BASE, base_rule },
		{ LOPT_DEPENDS_UNKNOWN, unknown_rule },
		{ LOPT_DEPENDS_VARIABLE, variable_rule },
		{ LOPT_DEPENDS_DIRECTORY, directory_rule },
		{ LOPT_DEPENDS_SHELL, shell_rule },
		{ LOPT_DEPENDS_VOLUME, volume_rule },
		{ LOPT_DEPENDS_METADATA, metadata_rule },
		{ LOPT_DEPENDS_USER, user_rule },
		{ LOPT_DEPENDS_FILE, file_rule },
		{ LOPT_DEPENDS_MADE, made_rule },
		{ LOPT_DEPENDS_NAMED, named_rule },
		{ LOPT_DEPENDS_APT, apt_rule },
		{ LOPT_DEPENDS_CONFIGURATION, configuration_rule },
		{ LOPT_DEPENDS_PROGRAM, program_rule },
		{ LOPT_DEPENDS_TIME, time_rule },
	};
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		struct lopt_str found = lopt_str_from("");
		if (rules[i].holds(scene, b, a, &found) || rules[i].holds(scene, a, b, &found)) {
			*kind = rules[i].kind;
			*what = found;
			return true;
		}
	}
	return false;
}
