/* SPDX-License-Identifier: MIT */
#include "advice/commits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advice/git.h"
#include "advice/glob.h"
#include "advice/sources.h"
#include "advice/stage.h"
#include "advice/versions.h"
#include "base/cleanup.h"
#include "dockerfile/runes.h"
#include "layer/path.h"

enum { ARENA_MAX = 16 << 20, REASON_MAX = LOPT_ERROR_MAX };

struct commit {
	struct lopt_str hash, parent;
	bool dockerfile; /* touched */
};

struct reading {
	const struct lopt_commits_options *options;
	const struct lopt_dockerfile *file;
	struct lopt_arena arena;
	struct lopt_sources sources;
	struct lopt_ignore ignore;
	size_t steps; /* of globs, that are left */

	struct lopt_str top;	    /* the working tree's root */
	struct lopt_str prefix;	    /* of the context in it: "" or "a/b/" */
	struct lopt_str dockerfile; /* in it; empty when it is elsewhere */

	struct lopt_buf log, ignored;
	struct commit *commits;
	size_t count, cap;
	size_t width;  /* instructions of the Dockerfile */
	bool *changed; /* by commit and instruction */
	struct lopt_commits *out;
	struct lopt_error *err;
};

static void reading_release(struct reading *r)
{
	lopt_arena_release(&r->arena);
	lopt_sources_release(&r->sources);
	lopt_buf_release(&r->log);
	lopt_buf_release(&r->ignored);
	free(r->commits);
	free(r->changed);
}

void lopt_commits_release(struct lopt_commits *commits)
{
	free(commits->hashes);
	free(commits->changed);
	free(commits->manifests);
	lopt_arena_release(&commits->arena);
	lopt_buf_release(&commits->reason);
	*commits = (struct lopt_commits){ 0 };
}

static struct lopt_str cut_line(struct lopt_str *rest, char end)
{
	struct lopt_str line = lopt_str_make(rest->ptr, lopt_str_find(*rest, end));
	*rest = lopt_str_skip(*rest, line.len + (line.len < rest->len));
	return line;
}

static enum lopt_status keep(struct reading *r, struct lopt_str text, struct lopt_str *out)
{
	*out = lopt_arena_copy(&r->arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(r->err);
}

/* ---- where things are */

/* The working tree's root and the directory's place in it. */
static enum lopt_status locate(struct reading *r, const char *directory, struct lopt_str *top, struct lopt_str *prefix)
{
	static const char *const question[] = { "rev-parse", "--show-toplevel", "--show-prefix", NULL };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf answer = LOPT_BUF_INIT(1 << 16);
	LOPT_TRY(lopt_git_ask(&answer, directory, question, r->err));
	struct lopt_str rest = lopt_buf_view(&answer);
	LOPT_TRY(keep(r, cut_line(&rest, '\n'), top));
	LOPT_TRY(keep(r, cut_line(&rest, '\n'), prefix));
	if (rest.len || !lopt_str_starts(*top, "/"))
		return lopt_error_set(r->err, LOPT_E_SYSTEM, "the repository's path has a line break");
	return LOPT_OK;
}

/* Only a Dockerfile of the same repository has a history that fits. */
static enum lopt_status locate_dockerfile(struct reading *r)
{
	struct lopt_str path = lopt_str_from(r->options->dockerfile), directory, top, prefix;
	size_t base = path.len;
	while (base && path.ptr[base - 1] != '/')
		base--;
	LOPT_TRY(keep(r, base ? lopt_str_make(path.ptr, base) : lopt_str_from("."), &directory));
	enum lopt_status status = locate(r, directory.ptr, &top, &prefix);
	if (status == LOPT_E_SYSTEM || (status == LOPT_OK && !lopt_str_equal(top, r->top)))
		return LOPT_OK;
	LOPT_TRY(status);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf whole = LOPT_BUF_INIT(1 << 16);
	lopt_buf_str(&whole, prefix);
	lopt_buf_str(&whole, lopt_str_skip(path, base));
	if (whole.failed)
		return lopt_error_memory(r->err);
	return keep(r, lopt_buf_view(&whole), &r->dockerfile);
}

/* ---- .dockerignore */

/* *found is left alone when there is no such regular file. */
static enum lopt_status read_file(struct lopt_buf *out, bool *found, const char *path, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return LOPT_OK;
	char *to = lopt_buf_reserve(out, LOPT_IGNORE_BYTES_MAX + 1);
	if (!to)
		return lopt_error_memory(err);
	ssize_t n;
	do {
		n = read(fd, out->data + out->len, LOPT_IGNORE_BYTES_MAX + 1 - out->len);
		out->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	*found = true;
	return LOPT_OK;
}

static enum lopt_status read_ignore(struct reading *r)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(1 << 16);
	bool found = false;
	if (r->options->ignore.ptr)
		return lopt_ignore_read(&r->ignore, &r->arena, r->options->ignore, r->err);
	lopt_buf_text(&name, r->options->dockerfile);
	lopt_buf_text(&name, ".dockerignore");
	if (!name.failed)
		LOPT_TRY(read_file(&r->ignored, &found, name.data, r->err));
	lopt_buf_clear(&name);
	lopt_buf_text(&name, r->options->context);
	lopt_buf_text(&name, "/.dockerignore");
	if (!name.failed && !found)
		LOPT_TRY(read_file(&r->ignored, &found, name.data, r->err));
	if (name.failed)
		return lopt_error_memory(r->err);
	return lopt_ignore_read(&r->ignore, &r->arena, lopt_buf_view(&r->ignored), r->err);
}

/* ---- the log */

static size_t commits_max(const struct reading *r)
{
	size_t max = r->options->commits_max ? r->options->commits_max : LOPT_COMMITS_DEFAULT;
	return max < LOPT_COMMITS_MAX ? max : LOPT_COMMITS_MAX;
}

static enum lopt_status ask_log(struct reading *r)
{
	char number[32];
	(void)snprintf(number, sizeof number, "-n%zu", commits_max(r));
	const char *arguments[] = {
		"log",
		"-z",
		"--first-parent",
		"--diff-merges=first-parent",
		"--no-renames",
		"--no-ext-diff",
		"--no-textconv",
		"--no-color",
		"--no-show-signature",
		"--no-relative",
		"--name-only",
		"--format=/%H %P", /* no name begins with a slash */
		number,
		"HEAD",
		"--",
		r->prefix.len ? r->prefix.ptr : ".",
		r->dockerfile.len ? r->dockerfile.ptr : NULL,
		NULL,
	};
	return lopt_git_ask(&r->log, r->top.ptr, arguments, r->err);
}

static bool is_hash(struct lopt_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.ptr[i]) || !text.ptr[i])
			return false;
	return true;
}

/* A tree that no git wrote can have names that look like this line. */
static enum lopt_status add_commit(struct reading *r, struct lopt_str line)
{
	line = lopt_str_skip(line, 1);
	struct lopt_str hash = cut_line(&line, ' '), parent = cut_line(&line, ' ');
	if (!hash.len || !is_hash(hash) || !is_hash(parent) || r->count == commits_max(r))
		return lopt_error_set(r->err, LOPT_E_LIMIT, "the repository is damaged");
	struct commit *list = lopt_grow(r->commits, &r->cap, r->count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(r->err);
	r->commits = list;
	list[r->count] = (struct commit){ .dockerfile = false };
	LOPT_TRY(keep(r, hash, &list[r->count].hash));
	LOPT_TRY(keep(r, parent, &list[r->count].parent));
	r->count++;
	return LOPT_OK;
}

/* A path of the context: mark who takes it. */
static void note_path(struct reading *r, struct lopt_str path)
{
	bool *changed = r->changed + (r->count - 1) * r->width;
	int out = -1;
	for (size_t i = 0; i < r->sources.context_count; i++) {
		const struct lopt_context_use *use = &r->sources.context[i];
		if (changed[use->instruction] || !lopt_glob_covers(use->pattern, path, &r->steps))
			continue;
		if (out < 0)
			out = lopt_ignore_excludes(&r->ignore, path, &r->steps);
		if (out > 0)
			return;
		changed[use->instruction] = true;
	}
}

static enum lopt_status note_manifest(struct reading *r, struct lopt_str path)
{
	struct lopt_commits *out = r->out;
	if (!lopt_is_manifest(lopt_path_base(path)))
		return LOPT_OK;
	struct lopt_manifest_change *list =
		lopt_grow(out->manifests, &out->manifest_cap, out->manifest_count + 1, sizeof *list);
	struct lopt_str copy = list ? lopt_arena_copy(&out->arena, path) : path;
	if (list)
		out->manifests = list;
	if (!list || !copy.ptr)
		return lopt_error_memory(r->err);
	list[out->manifest_count++] = (struct lopt_manifest_change){ r->count - 1, copy };
	return LOPT_OK;
}

/* The log's records end with a NUL: a commit's line begins with a slash, its first name with a line break. */
static enum lopt_status read_log(struct reading *r)
{
	struct lopt_str rest = lopt_buf_view(&r->log);
	bool first = false;
	while (rest.len) {
		struct lopt_str record = cut_line(&rest, '\0');
		if (lopt_str_starts(record, "/")) {
			LOPT_TRY(add_commit(r, record));
			first = true;
			continue;
		}
		if (first && lopt_str_starts(record, "\n"))
			record = lopt_str_skip(record, 1);
		first = false;
		if (!r->count || !r->commits[r->count - 1].parent.len)
			continue; /* what the first commit brought changed nothing */
		if (r->dockerfile.len && lopt_str_equal(record, r->dockerfile))
			r->commits[r->count - 1].dockerfile = true;
		if (!lopt_str_starts(record, r->prefix.ptr))
			continue;
		note_path(r, lopt_str_skip(record, r->prefix.len));
		LOPT_TRY(note_manifest(r, lopt_str_skip(record, r->prefix.len)));
	}
	while (r->count && !r->commits[r->count - 1].parent.len)
		r->count--;
	return LOPT_OK;
}

/* ---- versions of the Dockerfile */

struct version {
	struct lopt_buf text;
	struct lopt_dockerfile *file;
};

static void version_release(struct version *version)
{
	lopt_dockerfile_free(version->file);
	lopt_buf_release(&version->text);
}

static bool has_stage(const struct lopt_dockerfile *file)
{
	const struct lopt_instruction *in;
	for (size_t i = 0; (in = lopt_dockerfile_at(file, i)); i++)
		if (lopt_str_is(in->keyword, "from"))
			return true;
	return false;
}

/* version->file stays NULL where there is none, or none that can be built. */
static enum lopt_status version_load(struct reading *r, struct version *version, struct lopt_str commit)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(1 << 17);
	version->text = LOPT_BUF_INIT(LOPT_DOCKERFILE_BYTES_MAX);
	lopt_buf_str(&name, commit);
	lopt_buf_char(&name, ':');
	lopt_buf_str(&name, r->dockerfile);
	if (name.failed)
		return lopt_error_memory(r->err);
	const char *const arguments[] = { "cat-file", "blob", name.data, NULL };
	struct lopt_error why;
	enum lopt_status status = lopt_git_ask(&version->text, r->top.ptr, arguments, &why);
	if (status == LOPT_OK)
		status = lopt_dockerfile_parse(&version->file, lopt_buf_view(&version->text), &why);
	if (status == LOPT_E_MEMORY || status == LOPT_E_INTERRUPTED)
		return lopt_error_set(r->err, status, "%s", why.message);
	if (version->file && !has_stage(version->file)) {
		lopt_dockerfile_free(version->file);
		version->file = NULL;
	}
	return LOPT_OK;
}

/* places[i]: where instruction i is in `newer`. Mark what the commit that made `newer` of `older` changed. */
static enum lopt_status compare(struct reading *r, const struct lopt_dockerfile *newer,
				const struct lopt_dockerfile *older, size_t commit, size_t *places)
{
	struct lopt_counterpart *counterparts = NULL;
	LOPT_TRY(lopt_versions_match(&counterparts, newer, older, r->err));
	for (size_t i = 0; i < r->width; i++) {
		if (places[i] == SIZE_MAX)
			continue;
		const struct lopt_counterpart *found = &counterparts[places[i]];
		if (commit != SIZE_MAX && !found->same)
			r->changed[commit * r->width + i] = true;
		places[i] = found->index;
	}
	free(counterparts);
	return LOPT_OK;
}

/* One step back: `newer`, which commit `*maker` made, becomes that of `commit`. */
static enum lopt_status step_back(struct reading *r, struct version *newer, size_t *maker, struct lopt_str commit,
				  size_t index, size_t *places)
{
	LOPT_CLEANUP(version_release) struct version older = { .file = NULL };
	LOPT_TRY(version_load(r, &older, commit));
	if (!older.file)
		return LOPT_OK;
	LOPT_TRY(compare(r, newer->file ? newer->file : r->file, older.file, *maker, places));
	struct version swap = *newer;
	*newer = older;
	older = swap;
	*maker = index;
	return LOPT_OK;
}

static enum lopt_status read_versions(struct reading *r)
{
	LOPT_CLEANUP(version_release) struct version newer = { .file = NULL };
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *places = calloc(r->width + 1, sizeof *places);
	if (!places)
		return lopt_error_memory(r->err);
	for (size_t i = 0; i < r->width; i++)
		places[i] = i;
	size_t maker = SIZE_MAX, last = SIZE_MAX;
	for (size_t i = 0; i < r->count; i++) {
		if (!r->commits[i].dockerfile)
			continue;
		LOPT_TRY(step_back(r, &newer, &maker, r->commits[i].hash, i, places));
		last = i;
	}
	if (last == SIZE_MAX)
		return LOPT_OK;
	return step_back(r, &newer, &maker, r->commits[last].parent, SIZE_MAX, places);
}

/* ---- what follows from it */

/* An ARG in front of the first FROM reaches the FROM lines, and the ARG of its name without a value. */
static void spread_globals(const struct reading *r, bool *changed)
{
	const struct lopt_instruction *global, *in;
	for (size_t g = 0; (global = lopt_dockerfile_at(r->file, g)) && global->stage == SIZE_MAX; g++) {
		if (!changed[g] || !global->word_count)
			continue;
		struct lopt_str word = global->words[0], name = lopt_str_make(word.ptr, lopt_str_find(word, '='));
		for (size_t i = g + 1; (in = lopt_dockerfile_at(r->file, i)); i++) {
			bool from = lopt_str_is(in->keyword, "from") && lopt_str_find(in->args, '$') < in->args.len;
			bool arg = lopt_str_is(in->keyword, "arg") && lopt_str_equal(in->args, name);
			changed[i] |= (from || arg) && lopt_text_names(in->args, name);
		}
	}
}

/* Stages are built on earlier ones only. */
static void spread_stages(const struct reading *r, bool *changed, bool *stages)
{
	size_t use = 0;
	memset(stages, 0, r->width + 1);
	for (size_t i = 0; i < r->width; i++) {
		for (; use < r->sources.stage_count && r->sources.stages[use].instruction <= i; use++)
			changed[i] |= r->sources.stages[use].instruction == i && stages[r->sources.stages[use].stage];
		size_t stage = lopt_dockerfile_at(r->file, i)->stage;
		if (stage != SIZE_MAX)
			stages[stage] |= changed[i];
	}
}

static enum lopt_status make_masks(struct reading *r, struct lopt_commits *out, size_t first)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *stages = calloc(r->width + 1, sizeof *stages);
	out->changed = calloc(r->count + 1, sizeof *out->changed);
	out->hashes = calloc(r->count + 1, sizeof *out->hashes);
	if (!stages || !out->changed || !out->hashes)
		return lopt_error_memory(r->err);
	for (size_t t = 0; t < r->count; t++) {
		bool *changed = r->changed + t * r->width;
		(void)snprintf(out->hashes[t], sizeof *out->hashes, "%.*s", LOPT_STR_ARGS(r->commits[t].hash));
		spread_globals(r, changed);
		spread_stages(r, changed, stages);
		for (size_t i = first; i < r->width; i++)
			out->changed[t] |= (uint64_t)changed[i] << (i - first);
	}
	out->count = r->count;
	return LOPT_OK;
}

/* ---- all of it; LOPT_E_SYSTEM and LOPT_E_LIMIT become reasons */

static enum lopt_status find_last_stage(const struct reading *r, size_t *first)
{
	if (r->width > LOPT_VERSIONS_INSTRUCTIONS_MAX)
		return lopt_error_set(r->err, LOPT_E_LIMIT, "the Dockerfile has more than %d instructions",
				      LOPT_VERSIONS_INSTRUCTIONS_MAX);
	for (size_t i = r->width; i-- > 0;)
		if (lopt_str_is(lopt_dockerfile_at(r->file, i)->keyword, "from")) {
			*first = i;
			if (r->width - i <= LOPT_COMMITS_INSTRUCTIONS_MAX)
				return LOPT_OK;
			return lopt_error_set(r->err, LOPT_E_LIMIT, "the last stage has more than %d instructions",
					      LOPT_COMMITS_INSTRUCTIONS_MAX);
		}
	return lopt_error_set(r->err, LOPT_E_LIMIT, "the Dockerfile has no stage");
}

static enum lopt_status read_commits(struct reading *r, struct lopt_commits *out)
{
	size_t first = 0;
	LOPT_TRY(find_last_stage(r, &first));
	LOPT_TRY(locate(r, r->options->context, &r->top, &r->prefix));
	LOPT_TRY(locate_dockerfile(r));
	LOPT_TRY(lopt_sources_read(&r->sources, r->file, r->err));
	LOPT_TRY(read_ignore(r));
	LOPT_TRY(ask_log(r));
	r->changed = calloc((commits_max(r) + 1) * r->width, sizeof *r->changed);
	if (!r->changed)
		return lopt_error_memory(r->err);
	LOPT_TRY(read_log(r));
	if (!r->steps)
		return lopt_error_set(r->err, LOPT_E_LIMIT, "too many paths and patterns to compare");
	if (!r->count)
		return lopt_error_set(r->err, LOPT_E_LIMIT, "no commit changed the build context");
	LOPT_TRY(read_versions(r));
	return make_masks(r, out, first);
}

static enum lopt_status make_up(struct reading *r, struct lopt_commits *out, const struct lopt_str *paths, size_t count)
{
	size_t first = 0;
	LOPT_TRY(find_last_stage(r, &first));
	LOPT_TRY(lopt_sources_read(&r->sources, r->file, r->err));
	LOPT_TRY(read_ignore(r));
	r->commits = calloc(count + 1, sizeof *r->commits);
	r->changed = calloc((count + 1) * r->width, sizeof *r->changed);
	if (!r->commits || !r->changed)
		return lopt_error_memory(r->err);
	while (r->count < count) {
		r->count++;
		note_path(r, paths[r->count - 1]);
	}
	if (!r->steps)
		return lopt_error_set(r->err, LOPT_E_LIMIT, "too many paths and patterns to compare");
	return make_masks(r, out, first);
}

/* `paths` NULL: what git knows. */
static enum lopt_status find(struct lopt_commits *out, const struct lopt_commits_options *options,
			     const struct lopt_dockerfile *file, const struct lopt_str *paths, size_t count,
			     struct lopt_error *err)
{
	struct lopt_error why = { .message = "" };
	LOPT_CLEANUP(reading_release)
	struct reading r = {
		.options = options,
		.file = file,
		.steps = LOPT_GLOB_STEPS,
		.log = LOPT_BUF_INIT(LOPT_COMMITS_LOG_BYTES_MAX),
		.ignored = LOPT_BUF_INIT(LOPT_IGNORE_BYTES_MAX + 1),
		.width = lopt_dockerfile_count(file),
		.out = out,
		.err = &why,
	};
	lopt_arena_init(&r.arena, ARENA_MAX);
	*out = (struct lopt_commits){ .reason = LOPT_BUF_INIT(REASON_MAX) };
	lopt_arena_init(&out->arena, LOPT_COMMITS_LOG_BYTES_MAX);
	enum lopt_status status = paths ? make_up(&r, out, paths, count) : read_commits(&r, out);
	if (status == LOPT_E_SYSTEM || status == LOPT_E_LIMIT) {
		out->count = 0;
		lopt_buf_text(&out->reason, *why.message ? why.message : "git does not answer");
		status = out->reason.failed ? LOPT_E_MEMORY : LOPT_OK;
	}
	if (status != LOPT_OK) {
		lopt_commits_release(out);
		return lopt_error_set(err, status, "%s", why.message);
	}
	return LOPT_OK;
}

enum lopt_status lopt_commits_read(struct lopt_commits *out, const struct lopt_commits_options *options,
				   const struct lopt_dockerfile *file, struct lopt_error *err)
{
	return find(out, options, file, NULL, 0, err);
}

enum lopt_status lopt_commits_make_up(struct lopt_commits *out, const struct lopt_commits_options *options,
				      const struct lopt_dockerfile *file, const struct lopt_str *paths, size_t count,
				      struct lopt_error *err)
{
	return find(out, options, file, paths, count, err);
}
