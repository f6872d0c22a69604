/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"
#include "layer/path.h"

/*
 * Wasted files of a layer, rolled up: in one pass over its non-empty files in path order, each directory learns whether
 * all files in it share one fate; then the largest such directories become rows.
 */

struct file {
	struct lopt_str path;
	const struct lopt_inode *inode;
};

struct directory {
	size_t length;	   /* of its path, the slash included; 0 is the root */
	size_t first, end; /* its files */
	bool uniform;
};

struct rolling {
	struct lopt_making *making;
	size_t layer;
	struct file *files;
	size_t file_count;
	struct directory *directories; /* parents first */
	size_t count, cap;
	size_t *open; /* indexes of those that are not finished */
	size_t open_count, open_cap;
	struct lopt_waste_row *rows; /* of all layers */
	size_t row_count, row_cap;
};

static void release_rolling(struct rolling *rolling)
{
	free(rolling->files);
	free(rolling->directories);
	free(rolling->open);
	free(rolling->rows);
}

static int compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int r = lopt_path_compare(x->path, y->path);
	if (r)
		return r;
	if (x->inode->cause != y->inode->cause)
		return (int)x->inode->cause - (int)y->inode->cause;
	return (x->inode->masked_by > y->inode->masked_by) - (x->inode->masked_by < y->inode->masked_by);
}

static bool same_fate(const struct file *a, const struct file *b)
{
	return a->inode->cause == b->inode->cause &&
	       (a->inode->cause == LOPT_CAUSE_NONE || a->inode->masked_by == b->inode->masked_by);
}

static enum lopt_status collect(struct rolling *rolling, struct lopt_error *err)
{
	const struct lopt_layer *layer = lopt_image_layer(rolling->making->result.image, rolling->layer);
	rolling->files = reallocarray(NULL, layer->inode_count + 1, sizeof *rolling->files);
	rolling->file_count = 0;
	if (!rolling->files)
		return lopt_error_memory(err);
	for (size_t i = 0; i < layer->inode_count; i++)
		if (layer->inodes[i].size)
			rolling->files[rolling->file_count++] =
				(struct file){ layer->inodes[i].path, &layer->inodes[i] };
	if (rolling->file_count)
		qsort(rolling->files, rolling->file_count, sizeof *rolling->files, compare_files);
	return LOPT_OK;
}

static enum lopt_status open_directory(struct rolling *rolling, size_t length, size_t first, struct lopt_error *err)
{
	struct directory *directories =
		lopt_grow(rolling->directories, &rolling->cap, rolling->count + 1, sizeof *directories);
	if (directories)
		rolling->directories = directories;
	size_t *open = lopt_grow(rolling->open, &rolling->open_cap, rolling->open_count + 1, sizeof *open);
	if (open)
		rolling->open = open;
	if (!directories || !open)
		return lopt_error_memory(err);
	open[rolling->open_count++] = rolling->count;
	directories[rolling->count++] = (struct directory){ .length = length, .first = first, .uniform = true };
	return LOPT_OK;
}

static void close_directory(struct rolling *rolling, size_t end)
{
	size_t at = rolling->open[--rolling->open_count];
	struct directory *closed = &rolling->directories[at];
	closed->end = end;
	if (rolling->open_count == 0)
		return;
	struct directory *above = &rolling->directories[rolling->open[rolling->open_count - 1]];
	above->uniform &= closed->uniform && same_fate(&rolling->files[above->first], &rolling->files[closed->first]);
}

static bool is_inside(struct lopt_str path, const struct file *first, size_t length)
{
	return path.len >= length && memcmp(path.ptr, first->path.ptr, length) == 0;
}

static struct directory *innermost(struct rolling *rolling)
{
	return &rolling->directories[rolling->open[rolling->open_count - 1]];
}

static enum lopt_status enter_file(struct rolling *rolling, size_t index, struct lopt_error *err)
{
	struct lopt_str path = rolling->files[index].path;
	while (rolling->open_count > 1 &&
	       !is_inside(path, &rolling->files[innermost(rolling)->first], innermost(rolling)->length))
		close_directory(rolling, index);
	for (size_t at = innermost(rolling)->length;;) {
		const char *slash = at < path.len ? memchr(path.ptr + at, '/', path.len - at) : NULL;
		if (!slash)
			break;
		at = (size_t)(slash - path.ptr) + 1;
		LOPT_TRY(open_directory(rolling, at, index, err));
	}
	/* a directory is compared with its first file; the one above is when it closes */
	struct directory *in = innermost(rolling);
	if (!same_fate(&rolling->files[in->first], &rolling->files[index]))
		in->uniform = false;
	return LOPT_OK;
}

static enum lopt_status find_directories(struct rolling *rolling, struct lopt_error *err)
{
	rolling->count = rolling->open_count = 0;
	LOPT_TRY(open_directory(rolling, 0, 0, err));
	for (size_t i = 0; i < rolling->file_count; i++)
		LOPT_TRY(enter_file(rolling, i, err));
	while (rolling->open_count)
		close_directory(rolling, rolling->file_count);
	return LOPT_OK;
}

static enum lopt_status add_row(struct rolling *rolling, struct lopt_str path, const struct file *files, size_t count,
				struct lopt_error *err)
{
	struct lopt_waste_row *rows = lopt_grow(rolling->rows, &rolling->row_cap, rolling->row_count + 1, sizeof *rows);
	if (!rows)
		return lopt_error_memory(err);
	rolling->rows = rows;
	struct lopt_waste_row row = {
		.path = path,
		.files = count,
		.layer = rolling->layer,
		.masked_by = files[0].inode->masked_by,
		.cause = (enum lopt_cause)files[0].inode->cause,
	};
	for (size_t i = 0; i < count; i++)
		row.bytes = lopt_add_saturating(row.bytes, files[i].inode->size, &rolling->making->saturated);
	rows[rolling->row_count++] = row;
	return LOPT_OK;
}

static enum lopt_status add_directory_row(struct rolling *rolling, const struct directory *directory,
					  struct lopt_error *err)
{
	const struct file *files = &rolling->files[directory->first];
	struct lopt_str path = directory->length ? lopt_str_make(files[0].path.ptr, directory->length)
						 : lopt_str_from("/");
	return add_row(rolling, path, files, directory->end - directory->first, err);
}

/* Files no uniform directory holds; one path may stand for several replaced inodes of one fate. */
static enum lopt_status add_file_rows(struct rolling *rolling, size_t first, size_t end, struct lopt_error *err)
{
	for (size_t i = first, next; i < end; i = next) {
		const struct file *file = &rolling->files[i];
		for (next = i + 1; next < end && lopt_str_equal(rolling->files[next].path, file->path) &&
				   same_fate(&rolling->files[next], file);)
			next++;
		if (file->inode->cause != LOPT_CAUSE_NONE)
			LOPT_TRY(add_row(rolling, file->path, file, next - i, err));
	}
	return LOPT_OK;
}

/* Directories come parents first: what a uniform one covers is done. */
static enum lopt_status add_rows(struct rolling *rolling, struct lopt_error *err)
{
	size_t done = 0;
	for (size_t i = 0; i < rolling->count; i++) {
		const struct directory *directory = &rolling->directories[i];
		if (!directory->uniform || directory->first < done || directory->first == directory->end)
			continue;
		LOPT_TRY(add_file_rows(rolling, done, directory->first, err));
		if (rolling->files[directory->first].inode->cause != LOPT_CAUSE_NONE)
			LOPT_TRY(add_directory_row(rolling, directory, err));
		done = directory->end;
	}
	return add_file_rows(rolling, done, rolling->file_count, err);
}

static enum lopt_status roll_layer(struct rolling *rolling, size_t layer, struct lopt_error *err)
{
	rolling->layer = layer;
	enum lopt_status status = collect(rolling, err);
	if (status == LOPT_OK)
		status = find_directories(rolling, err);
	if (status == LOPT_OK)
		status = add_rows(rolling, err);
	free(LOPT_MOVE(rolling->files));
	return status;
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_waste_row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	int r = lopt_str_compare(x->path, y->path);
	if (r)
		return r;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	if (x->masked_by != y->masked_by)
		return x->masked_by < y->masked_by ? -1 : 1;
	return (int)x->cause - (int)y->cause;
}

enum lopt_status lopt_make_waste(struct lopt_making *making, struct lopt_error *err)
{
	LOPT_CLEANUP(release_rolling) struct rolling rolling = { .making = making };
	for (size_t i = 0; i < lopt_image_layer_count(making->result.image); i++)
		if (making->layers[i].wasted_bytes)
			LOPT_TRY(roll_layer(&rolling, i, err));
	if (rolling.row_count == 0)
		return LOPT_OK;
	qsort(rolling.rows, rolling.row_count, sizeof *rolling.rows, compare_rows);
	struct lopt_waste_row *rows = lopt_arena_zalloc(&making->arena, rolling.row_count, sizeof *rows);
	if (!rows)
		return lopt_error_memory(err);
	memcpy(rows, rolling.rows, rolling.row_count * sizeof *rows);
	making->result.waste = rows;
	making->result.waste_count = rolling.row_count;
	return LOPT_OK;
}
