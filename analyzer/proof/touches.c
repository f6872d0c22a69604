/* SPDX-License-Identifier: MIT */
#include "proof/touches.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

struct file {
	struct lopt_str path; /* in the context */
	int64_t time;	      /* seconds */
	uint64_t changed;     /* instructions of the last stage */
};

struct choosing {
	struct lopt_touches *out;
	const struct lopt_commits_options *options;
	struct file *files;
	size_t count, cap;
	bool full;
	struct lopt_error *err;
};

void lopt_touches_release(struct lopt_touches *touches)
{
	free(touches->order);
	lopt_arena_release(&touches->arena);
	lopt_buf_release(&touches->reason);
	*touches = (struct lopt_touches){ 0 };
}

/* What there is. */

static void close_tree(FTS **tree)
{
	if (*tree)
		(void)fts_close(*tree);
}

static bool is_own(const char *name)
{
	return strcmp(name, ".git") == 0 || strcmp(name, ".dockerignore") == 0;
}

static enum lopt_status add_file(struct choosing *c, const char *path, int64_t time)
{
	struct file *files = lopt_grow(c->files, &c->cap, c->count + 1, sizeof *files);
	if (!files)
		return lopt_error_memory(c->err);
	c->files = files;
	files[c->count] = (struct file){
		.path = lopt_arena_copy(&c->out->arena, lopt_str_from(path)),
		.time = time,
	};
	return files[c->count++].path.ptr ? LOPT_OK : lopt_error_memory(c->err);
}

static bool is_usable(const FTSENT *entry)
{
	return entry->fts_info == FTS_F && S_ISREG(entry->fts_statp->st_mode) && entry->fts_statp->st_mode & S_IWUSR;
}

static enum lopt_status list_tree(struct choosing *c, FTS *tree, size_t prefix)
{
	FTSENT *entry;
	while (!c->full && (entry = fts_read(tree))) {
		if (entry->fts_level > 0 && is_own(entry->fts_name))
			(void)fts_set(tree, entry, FTS_SKIP);
		else if (c->count == LOPT_TOUCHES_FILES_MAX)
			c->full = true;
		else if (is_usable(entry))
			LOPT_TRY(add_file(c, entry->fts_path + prefix, entry->fts_statp->st_mtime));
	}
	return LOPT_OK;
}

static enum lopt_status list(struct choosing *c)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *root = strdup(c->options->context);
	if (!root)
		return lopt_error_memory(c->err);
	size_t len = strlen(root);
	while (len > 1 && root[len - 1] == '/')
		root[--len] = '\0';
	char *const roots[] = { root, NULL };
	LOPT_CLEANUP(close_tree) FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	return tree ? list_tree(c, tree, len + (root[len - 1] != '/')) : LOPT_OK;
}

/* Which of it. */

static enum lopt_status find_changed(struct choosing *c, const struct lopt_dockerfile *file)
{
	LOPT_CLEANUP(lopt_commits_release) struct lopt_commits commits = { 0 };
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_str *paths = calloc(c->count + 1, sizeof *paths);
	if (!paths)
		return lopt_error_memory(c->err);
	for (size_t i = 0; i < c->count; i++)
		paths[i] = c->files[i].path;
	LOPT_TRY(lopt_commits_make_up(&commits, c->options, file, paths, c->count, c->err));
	lopt_buf_str(&c->out->reason, lopt_buf_view(&commits.reason));
	for (size_t i = 0; i < commits.count && i < c->count; i++)
		c->files[i].changed = commits.changed[i];
	return LOPT_OK;
}

static int compare_ages(const struct file *a, const struct file *b)
{
	return a->time != b->time ? (a->time < b->time ? 1 : -1) : lopt_str_compare(a->path, b->path);
}

static int compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	return x->changed != y->changed ? (x->changed < y->changed ? -1 : 1) : compare_ages(x, y);
}

static int compare_chosen(const void *a, const void *b)
{
	return compare_ages(a, b);
}

static bool is_text(const struct choosing *c, struct lopt_str path)
{
	char head[LOPT_TOUCHES_HEAD_MAX];
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(1 << 16);
	lopt_buf_printf(&name, "%s/", c->options->context);
	lopt_buf_str(&name, path);
	LOPT_CLEANUP(lopt_cleanup_fd)
	int fd = name.failed ? -1 : open(name.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
	return n >= 0 && !memchr(head, '\0', (size_t)n);
}

/* The newest text of those that change the same comes to the front of all; the rest is forgotten. */
static void choose(struct choosing *c)
{
	size_t chosen = 0, tries = 0;
	if (c->count)
		qsort(c->files, c->count, sizeof *c->files, compare_files);
	for (size_t i = 0; i < c->count; i++) {
		bool first = i == 0 || c->files[i].changed != c->files[i - 1].changed;
		bool done = chosen && c->files[chosen - 1].changed == c->files[i].changed;
		tries = first ? 0 : tries + 1;
		if (c->files[i].changed && !done && tries < LOPT_TOUCHES_TRIES_MAX && is_text(c, c->files[i].path)) {
			struct file file = c->files[i];
			c->files[chosen++] = file;
		}
	}
	c->count = chosen;
	if (c->count)
		qsort(c->files, c->count, sizeof *c->files, compare_chosen);
}

/* How often. */

static enum lopt_status schedule(struct choosing *c, size_t count)
{
	struct lopt_touches *out = c->out;
	struct lopt_str *paths = lopt_arena_zalloc(&out->arena, c->count, sizeof *paths);
	out->order = calloc(count + 1, sizeof *out->order);
	if (!paths || !out->order)
		return lopt_error_memory(c->err);
	for (size_t i = 0; i < c->count; i++)
		paths[i] = c->files[i].path;
	bool same = c->files[0].time == c->files[c->count - 1].time;
	for (size_t i = 0; i < count; i++) {
		size_t twos = (size_t)__builtin_ctzll(i + 1);
		out->order[i] = same ? i % c->count : twos < c->count ? twos : c->count - 1;
	}
	out->files = paths;
	out->file_count = c->count;
	out->count = count;
	return LOPT_OK;
}

static enum lopt_status choose_all(struct choosing *c, const struct lopt_dockerfile *file, size_t count)
{
	LOPT_TRY(list(c));
	if (c->full) {
		lopt_buf_printf(&c->out->reason, "the build context has more than %d files", LOPT_TOUCHES_FILES_MAX);
		return LOPT_OK;
	}
	LOPT_TRY(find_changed(c, file));
	if (c->out->reason.len)
		return LOPT_OK;
	choose(c);
	if (c->count && count)
		return schedule(c, count);
	lopt_buf_text(&c->out->reason, "no instruction takes a text from the build context that could be changed");
	return LOPT_OK;
}

enum lopt_status lopt_touches_choose(struct lopt_touches *out, const struct lopt_commits_options *options,
				     const struct lopt_dockerfile *file, size_t count, struct lopt_error *err)
{
	struct choosing c = { .out = out, .options = options, .err = err };
	*out = (struct lopt_touches){ .reason = LOPT_BUF_INIT(1 << 12) };
	lopt_arena_init(&out->arena, 1 << 30);
	enum lopt_status status = choose_all(&c, file, count);
	free(c.files);
	if (status != LOPT_OK)
		lopt_touches_release(out);
	return status;
}

enum lopt_status lopt_touch(const char *context, struct lopt_str path, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(1 << 16);
	lopt_buf_printf(&name, "%s/", context);
	lopt_buf_str(&name, path);
	if (name.failed)
		return lopt_error_memory(err);
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = open(name.data, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || write(fd, "\n", 1) != 1)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%.*s: cannot change the copy of it: %s", LOPT_STR_ARGS(path),
				      strerror(errno));
	return LOPT_OK;
}
