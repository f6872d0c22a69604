/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"
#include "base/size.h"

/* Waste, by what holds it, what masked it and why: each group is what one edit of the Dockerfile saves. */

enum { EXAMPLES = 5 };

struct waste_group {
	const struct lopt_waste_row *rows[EXAMPLES]; /* largest first */
	size_t row_count;
	uint64_t bytes, files;
};

static const struct {
	const char *rule, *verb, *advice[3];
} kinds[] = {
	[LOPT_CAUSE_OVERWRITTEN] = {
		"overwritten-later", "overwrites",
		{ [LOPT_MADE_BY_COPY] = "Copy the final content once: leave these files out of this copy, or join the two.",
		  [LOPT_MADE_BY_ANY] = "Write the final content once: join the two instructions, or leave the first version out.",
		  [LOPT_MADE_BY_BASE] = "The base image ships the older version: choose a newer base instead of upgrading it." },
	},
	[LOPT_CAUSE_METADATA_ONLY] = {
		"metadata-only-copy", "changes only the metadata of",
		{ [LOPT_MADE_BY_COPY] = "Set owner and mode while copying: COPY --chown=... --chmod=...",
		  [LOPT_MADE_BY_ANY] = "Set owner and mode in the same instruction that makes the files.",
		  [LOPT_MADE_BY_BASE] = "Files of the base image are copied to change their owner, mode or time: change only those that need it." },
	},
	[LOPT_CAUSE_REMOVED] = {
		"removed-later", "removes",
		{ [LOPT_MADE_BY_COPY] = "Do not copy it in: name it in .dockerignore, copy less, or copy from a build stage.",
		  [LOPT_MADE_BY_ANY] = "Delete it in the same instruction that makes it, or make it in a cache mount or a build stage.",
		  [LOPT_MADE_BY_BASE] = "The base image ships it: choose a base without it, or rebuild the base." },
	},
};

/* "layer 4 removes 12 files of layer 2" */
static enum lopt_status describe(struct lopt_making *making, const struct waste_group *group,
				 struct lopt_finding *finding, struct lopt_error *err)
{
	const struct lopt_waste_row *row = group->rows[0];
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf whose = LOPT_BUF_INIT(128);
	lopt_count_format(&whose, group->files);
	lopt_buf_text(&whose, group->files == 1 ? " file of " : " files of ");
	if (row->layer == row->masked_by)
		lopt_buf_text(&whose, "its own");
	else
		lopt_buf_printf(&whose, "layer %zu", row->layer);
	if (whose.failed)
		return lopt_error_memory(err);
	finding->message =
		lopt_making_text(making, "layer %zu %s %s", row->masked_by, kinds[row->cause].verb, whose.data);
	return finding->message.ptr ? LOPT_OK : lopt_error_memory(err);
}

static int compare_paths(const void *a, const void *b)
{
	return lopt_str_compare(*(const struct lopt_str *)a, *(const struct lopt_str *)b);
}

static enum lopt_status add_group(struct lopt_making *making, const struct waste_group *group, struct lopt_error *err)
{
	const struct lopt_waste_row *row = group->rows[0];
	struct lopt_finding finding = {
		.rule = kinds[row->cause].rule,
		.severity = group->bytes >= LOPT_WARN_BYTES ? LOPT_WARNING : LOPT_INFO,
		.level = LOPT_LEVEL_SAFE,
		.advice = lopt_str_from(kinds[row->cause].advice[lopt_making_maker(making, row->layer)]),
		.bytes = group->bytes,
		.layer = row->masked_by,
		.path_count = group->row_count,
		.largest = row->path,
		.waste = row,
	};
	struct lopt_str *paths = lopt_arena_zalloc(&making->arena, group->row_count, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	for (size_t i = 0; i < group->row_count; i++)
		paths[i] = group->rows[i]->path;
	qsort(paths, group->row_count, sizeof *paths, compare_paths);
	finding.paths = paths;
	LOPT_TRY(describe(making, group, &finding, err));
	return lopt_findings_add(making, &finding, err);
}

static int compare_groups(const void *a, const void *b)
{
	const struct lopt_waste_row *x = *(const struct lopt_waste_row *const *)a;
	const struct lopt_waste_row *y = *(const struct lopt_waste_row *const *)b;
	if (x->masked_by != y->masked_by)
		return x->masked_by < y->masked_by ? -1 : 1;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	if (x->cause != y->cause)
		return (int)x->cause - (int)y->cause;
	return (x > y) - (x < y); /* largest first, as the rows stand */
}

static bool same_group(const struct lopt_waste_row *a, const struct lopt_waste_row *b)
{
	return a->masked_by == b->masked_by && a->layer == b->layer && a->cause == b->cause;
}

enum lopt_status lopt_make_waste_findings(struct lopt_making *making, struct lopt_error *err)
{
	size_t count = making->result.waste_count;
	LOPT_CLEANUP(lopt_cleanup_bytes) const struct lopt_waste_row **rows = calloc(count + 1, sizeof *rows);
	if (!rows)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		rows[i] = &making->result.waste[i];
	qsort(rows, count, sizeof *rows, compare_groups);
	for (size_t i = 0, next; i < count; i = next) {
		struct waste_group group = { 0 };
		for (next = i; next < count && same_group(rows[i], rows[next]); next++) {
			if (group.row_count < EXAMPLES)
				group.rows[group.row_count++] = rows[next];
			group.bytes = lopt_add_saturating(group.bytes, rows[next]->bytes, &making->saturated);
			group.files += rows[next]->files;
		}
		LOPT_TRY(add_group(making, &group, err));
	}
	return LOPT_OK;
}
