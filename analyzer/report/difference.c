/* SPDX-License-Identifier: MIT */
#include "report/difference.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* Directories: two components at the most, so that a page shows where it happened. */

static struct lopt_str directory_of(struct lopt_str path)
{
	enum { COMPONENTS = 2 };
	size_t slashes = 0, end = 0;
	for (size_t i = 0; i < path.len && slashes < COMPONENTS; i++)
		if (path.ptr[i] == '/') {
			slashes++;
			end = i;
		}
	return lopt_str_make(path.ptr, end);
}

/* Differences come in the order of paths, so a directory's stand together, but for its own. */
static struct lopt_directory_change *find_directory(struct lopt_difference_view *view, struct lopt_str path)
{
	for (size_t i = view->directory_count; i-- > 0;)
		if (lopt_str_equal(view->directories[i].path, path))
			return &view->directories[i];
	struct lopt_directory_change *items =
		lopt_grow(view->directories, &view->directory_cap, view->directory_count + 1, sizeof *items);
	if (!items)
		return NULL;
	view->directories = items;
	items[view->directory_count] = (struct lopt_directory_change){ .path = path };
	return &items[view->directory_count++];
}

static enum lopt_status count_difference(struct lopt_difference_view *view, const struct lopt_difference *difference,
					 struct lopt_error *err)
{
	bool added = difference->aspects & LOPT_ASPECT_ADDED, removed = difference->aspects & LOPT_ASPECT_REMOVED;
	bool content = added || removed || difference->aspects & (LOPT_ASPECT_CONTENT | LOPT_ASPECT_TYPE);
	struct lopt_directory_change *directory = find_directory(view, directory_of(difference->path));
	if (!directory)
		return lopt_error_memory(err);
	view->added += added;
	view->removed += removed;
	view->changed += !added && !removed;
	directory->paths++;
	if (!content)
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

static size_t count_shared(const struct lopt_image *a, const struct lopt_image *b)
{
	size_t n = 0;
	while (n < lopt_image_layer_count(a) && n < lopt_image_layer_count(b) &&
	       lopt_str_equal(lopt_image_layer(a, n)->diff_id, lopt_image_layer(b, n)->diff_id))
		n++;
	return n;
}

static enum lopt_status make(struct lopt_difference_view *view, struct lopt_error *err)
{
	const struct lopt_comparison *comparison = view->comparison;
	view->shared_layers = count_shared(view->before->image, view->after->image);
	LOPT_TRY(lopt_growth_packages(&view->growth, view->before, view->after, err));
	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->differences[i].reason == LOPT_REASON_NONE)
			LOPT_TRY(count_difference(view, &comparison->differences[i], err));
	if (view->directory_count)
		qsort(view->directories, view->directory_count, sizeof *view->directories, compare_directories);
	return LOPT_OK;
}

enum lopt_status lopt_difference_view_make(struct lopt_difference_view *out, const struct lopt_analysis *before,
					   const struct lopt_analysis *after, const struct lopt_comparison *comparison,
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
	free(view->directories);
	*view = (struct lopt_difference_view){ 0 };
}

bool lopt_difference_view_differs(const struct lopt_difference_view *view)
{
	return view->added || view->removed || view->changed || view->comparison->config_count;
}
