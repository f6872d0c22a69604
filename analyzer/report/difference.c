/* SPDX-License-Identifier: MIT */
#include "report/difference.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/difference_formats.h"
#include "report/view.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Directories: two components at the most, so that a page shows where it happened. */

enum { COMPONENTS = 2 };

/* The directory of each depth that came last, by its index. */
struct last {
	bool set[COMPONENTS + 1];
	size_t at[COMPONENTS + 1];
};

static struct lopt_str directory_of(struct lopt_str path)
{
	size_t slashes = 0, end = 0;
	for (size_t i = 0; i < path.len && slashes < COMPONENTS; i++)
		if (path.ptr[i] == '/') {
			slashes++;
			end = i;
		}
	return lopt_str_make(path.ptr, end);
}

/*
 * Differences come in the order of paths, so what is beneath a directory stands together: of each depth only the last one
 * can come again.
 */
static struct lopt_directory_change *find_directory(struct lopt_difference_view *view, struct last *last,
						    struct lopt_str path)
{
	size_t depth = path.len == 0 ? 0 : memchr(path.ptr, '/', path.len) ? 2 : 1;
	if (last->set[depth] && lopt_str_equal(view->directories[last->at[depth]].path, path))
		return &view->directories[last->at[depth]];
	struct lopt_directory_change *items =
		lopt_grow(view->directories, &view->directory_cap, view->directory_count + 1, sizeof *items);
	if (!items)
		return NULL;
	view->directories = items;
	items[view->directory_count] = (struct lopt_directory_change){ .path = path };
	last->set[depth] = true;
	last->at[depth] = view->directory_count;
	return &items[view->directory_count++];
}

bool lopt_difference_has_bytes(const struct lopt_difference *difference)
{
	return difference->aspects & (LOPT_ASPECT_ADDED | LOPT_ASPECT_REMOVED | LOPT_ASPECT_CONTENT | LOPT_ASPECT_TYPE);
}

static enum lopt_status count_difference(struct lopt_difference_view *view, struct last *last,
					 const struct lopt_difference *difference, struct lopt_error *err)
{
	bool added = difference->aspects & LOPT_ASPECT_ADDED, removed = difference->aspects & LOPT_ASPECT_REMOVED;
	struct lopt_directory_change *directory = find_directory(view, last, directory_of(difference->path));
	if (!directory)
		return lopt_error_memory(err);
	view->added += added;
	view->removed += removed;
	view->changed += !added && !removed;
	directory->paths++;
	if (!lopt_difference_has_bytes(difference))
		return LOPT_OK;
	directory->added += difference->after.size;
	directory->removed += difference->before.size;
	view->added_bytes += difference->after.size;
	view->removed_bytes += difference->before.size;
	return LOPT_OK;
}

static int compare_directories(const void *a, const void *b)
{
	const struct lopt_directory_change *x = a, *y = b;
	uint64_t left = distance(x->added, x->removed), right = distance(y->added, y->removed);
	if (left != right)
		return left < right ? 1 : -1;
	return lopt_str_compare(x->path, y->path);
}

/* All of it. */

static enum lopt_status make(struct lopt_difference_view *view, struct lopt_error *err)
{
	const struct lopt_comparison *comparison = view->comparison;
	struct last last = { .set = { false } };
	LOPT_TRY(lopt_growth_packages(&view->growth, view->before->analysis, view->after->analysis, err));
	LOPT_TRY(lopt_difference_layers(view, err));
	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->differences[i].reason == LOPT_REASON_NONE)
			LOPT_TRY(count_difference(view, &last, &comparison->differences[i], err));
	if (view->directory_count)
		qsort(view->directories, view->directory_count, sizeof *view->directories, compare_directories);
	return LOPT_OK;
}

enum lopt_status lopt_difference_view_make(struct lopt_difference_view *out, const struct lopt_inventory *before,
					   const struct lopt_inventory *after, const struct lopt_comparison *comparison,
					   struct lopt_error *err)
{
	*out = (struct lopt_difference_view){ .before = before, .after = after, .comparison = comparison };
	enum lopt_status status = make(out, err);
	if (status != LOPT_OK)
		lopt_difference_view_release(out);
	return status;
}

void lopt_difference_view_release(struct lopt_difference_view *view)
{
	lopt_growth_release(&view->growth);
	free(view->layers);
	free(view->directories);
	*view = (struct lopt_difference_view){ 0 };
}

struct lopt_str lopt_difference_name(const struct lopt_difference_view *view, bool after)
{
	const struct lopt_image_info *info = after ? view->after->info : view->before->info;
	bool alike = lopt_str_equal(lopt_image_name(view->before->info), lopt_image_name(view->after->info));
	return alike ? info->source : lopt_image_name(info);
}

void lopt_row_change_format(struct lopt_buf *out, uint64_t removed, uint64_t added)
{
	if (removed == added)
		lopt_buf_text(out, "0 B");
	else
		lopt_change_format(out, removed, added);
}

bool lopt_difference_view_differs(const struct lopt_difference_view *view)
{
	return view->added || view->removed || view->changed || view->comparison->config_count;
}
