/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "report/formats.h"

/*
 * Stacks of directories as flame graphs take them: "usr;lib;R 123" is what the files directly in usr/lib/R hold. An
 * inode with several names counts at the first, so the lines of visible files add up to visible_bytes; those below
 * "/wasted", one per row of the waste list, add up to wasted_bytes. No name holds a slash: neither frame can be one.
 */

struct directory {
	size_t length; /* of its path */
	uint64_t bytes;
};

struct writer {
	FILE *to;
	struct lopt_buf path; /* of the innermost open directory */
	struct lopt_buf line;
	struct directory *open; /* the root first */
	size_t count, cap;
};

static void release_writer(struct writer *w)
{
	lopt_buf_release(&w->path);
	lopt_buf_release(&w->line);
	free(w->open);
}

/* A frame for each component of the path; slashes at its end are none. */
static void put_frames(struct writer *w, struct lopt_str path)
{
	while (path.len) {
		const char *slash = memchr(path.ptr, '/', path.len);
		size_t len = slash ? (size_t)(slash - path.ptr) : path.len;
		size_t used = len + (slash != NULL);
		if (len && w->line.len)
			lopt_buf_char(&w->line, ';');
		lopt_escape_folded(&w->line, lopt_str_make(path.ptr, len));
		path = lopt_str_make(path.ptr + used, path.len - used);
	}
}

static enum lopt_status end_line(struct writer *w, uint64_t bytes, struct lopt_error *err)
{
	lopt_buf_printf(&w->line, " %" PRIu64 "\n", bytes);
	if (w->line.failed)
		return lopt_error_memory(err);
	(void)fwrite(w->line.data, 1, w->line.len, w->to);
	lopt_buf_clear(&w->line);
	return LOPT_OK;
}

static enum lopt_status open_directory(struct writer *w, struct lopt_str path, struct lopt_error *err)
{
	struct directory *open = lopt_grow(w->open, &w->cap, w->count + 1, sizeof *open);
	if (!open)
		return lopt_error_memory(err);
	w->open = open;
	open[w->count++] = (struct directory){ .length = path.len };
	lopt_buf_clear(&w->path);
	lopt_buf_str(&w->path, path);
	return w->path.failed ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status close_directory(struct writer *w, struct lopt_error *err)
{
	const struct directory *closed = &w->open[--w->count];
	if (closed->bytes) {
		if (w->count == 0)
			lopt_buf_char(&w->line, '/');
		put_frames(w, lopt_str_make(w->path.data, closed->length));
		LOPT_TRY(end_line(w, closed->bytes, err));
	}
	w->path.len = w->count ? w->open[w->count - 1].length : 0;
	return LOPT_OK;
}

/* Is the path below the innermost open directory? The root holds everything. */
static bool is_inside(const struct writer *w, struct lopt_str path)
{
	size_t length = w->open[w->count - 1].length;
	return length == 0 ||
	       (path.len > length && path.ptr[length] == '/' && memcmp(path.ptr, w->path.data, length) == 0);
}

static enum lopt_status put_node(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct writer *w = context;
	while (!is_inside(w, node->path))
		LOPT_TRY(close_directory(w, err));
	if (node->type == LOPT_DIR)
		return open_directory(w, node->path, err);
	uint64_t *bytes = &w->open[w->count - 1].bytes;
	if (node->inode_layer && (node->hardlink.len == 0 || lopt_str_equal(node->hardlink, node->path)))
		*bytes = lopt_add_saturating(*bytes, node->size, NULL);
	return LOPT_OK;
}

static enum lopt_status put_waste(struct writer *w, const struct lopt_analysis *analysis, struct lopt_error *err)
{
	for (size_t i = 0; i < analysis->waste_count; i++) {
		const struct lopt_waste_row *row = &analysis->waste[i];
		lopt_buf_printf(&w->line, "/wasted;layer %zu", row->layer);
		put_frames(w, row->path);
		LOPT_TRY(end_line(w, row->bytes, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_report_folded(FILE *to, const struct lopt_analysis *analysis,
				    const struct lopt_report_options *options, struct lopt_error *err)
{
	LOPT_CLEANUP(release_writer)
	struct writer w = { .to = to, .path = LOPT_BUF_INIT(SIZE_MAX / 2), .line = LOPT_BUF_INIT(SIZE_MAX / 2) };
	(void)options;
	LOPT_TRY(open_directory(&w, lopt_str_make("", 0), err));
	LOPT_TRY(lopt_image_walk(analysis->image, put_node, &w, err));
	while (w.count)
		LOPT_TRY(close_directory(&w, err));
	return put_waste(&w, analysis, err);
}
