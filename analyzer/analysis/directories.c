/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"

/* Visible bytes by directory, two components deep; the rows add up to what is visible. */

enum { COMPONENTS = 2 };

struct summing {
	struct lopt_making *making;
	struct lopt_directory_row *rows;
	size_t count, cap;
	/* by components: one more than the row of the last directory with so many. Nothing comes back to an earlier one,
	 * as the walk goes depth first */
	size_t last[COMPONENTS + 1];
};

static void release_summing(struct summing *summing)
{
	free(summing->rows);
}

/* Of the path of a file: the directory it counts for. */
static struct lopt_str directory_of(struct lopt_str path, size_t *components)
{
	size_t length = 0;
	for (*components = 0; *components < COMPONENTS; ++*components) {
		size_t from = length + (length != 0);
		const char *slash = memchr(path.ptr + from, '/', path.len - from);
		if (!slash)
			break;
		length = (size_t)(slash - path.ptr);
	}
	return lopt_str_make(path.ptr, length);
}

/* NULL when memory is exhausted. */
static struct lopt_directory_row *find_row(struct summing *summing, struct lopt_str path, size_t components)
{
	size_t *last = &summing->last[components];
	if (!*last || !lopt_str_equal(summing->rows[*last - 1].path, path)) {
		struct lopt_directory_row *rows =
			lopt_grow(summing->rows, &summing->cap, summing->count + 1, sizeof *rows);
		struct lopt_str copy = lopt_arena_copy(&summing->making->arena, path);
		if (rows)
			summing->rows = rows;
		if (!rows || !copy.ptr)
			return NULL;
		rows[summing->count++] = (struct lopt_directory_row){ .path = copy };
		*last = summing->count;
	}
	return &summing->rows[*last - 1];
}

/* An inode with several names counts at the first. */
static enum lopt_status add_node(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct summing *summing = context;
	size_t components;
	if (!node->inode_layer || (node->hardlink.len && !lopt_str_equal(node->hardlink, node->path)))
		return LOPT_OK;
	struct lopt_str directory = directory_of(node->path, &components);
	struct lopt_directory_row *row = find_row(summing, directory, components);
	if (!row)
		return lopt_error_memory(err);
	row->files++;
	row->bytes = lopt_add_saturating(row->bytes, node->size, &summing->making->saturated);
	return LOPT_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_directory_row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return lopt_str_compare(x->path, y->path);
}

enum lopt_status lopt_make_directories(struct lopt_making *making, struct lopt_error *err)
{
	LOPT_CLEANUP(release_summing) struct summing summing = { .making = making };
	LOPT_TRY(lopt_image_walk(making->result.image, add_node, &summing, err));
	if (summing.count == 0)
		return LOPT_OK;
	struct lopt_directory_row *rows = lopt_arena_zalloc(&making->arena, summing.count, sizeof *rows);
	if (!rows)
		return lopt_error_memory(err);
	qsort(summing.rows, summing.count, sizeof *summing.rows, compare_rows);
	memcpy(rows, summing.rows, summing.count * sizeof *rows);
	making->result.directories = rows;
	making->result.directory_count = summing.count;
	return LOPT_OK;
}
