/* SPDX-License-Identifier: MIT */
#include "report/view.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "report/secrets.h"

/* Cut lists. */

uint64_t lopt_waste_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = 0;
	for (size_t i = shown; i < analysis->waste_count; i++)
		sum = lopt_add_saturating(sum, analysis->waste[i].bytes, NULL);
	return sum;
}

uint64_t lopt_duplicate_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = 0;
	for (size_t i = shown; i < analysis->duplicate_count; i++)
		sum = lopt_add_saturating(sum, analysis->duplicates[i].bytes, NULL);
	return sum;
}

uint64_t lopt_finding_bytes_from(const struct lopt_analysis *analysis, size_t shown)
{
	uint64_t sum = 0;
	for (size_t i = shown; i < analysis->finding_count; i++)
		sum = lopt_add_saturating(sum, analysis->findings[i].bytes, NULL);
	return sum;
}

static size_t shown_of(size_t count, size_t top)
{
	return top && top < count ? top : count;
}

struct lopt_cut lopt_cut_waste(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->waste_count, top);
	return (struct lopt_cut){ shown, analysis->waste_count - shown, lopt_waste_bytes_from(analysis, shown) };
}

struct lopt_cut lopt_cut_duplicates(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->duplicate_count, top);
	return (struct lopt_cut){ shown, analysis->duplicate_count - shown,
				  lopt_duplicate_bytes_from(analysis, shown) };
}

struct lopt_cut lopt_cut_findings(const struct lopt_analysis *analysis, size_t top)
{
	size_t shown = shown_of(analysis->finding_count, top);
	return (struct lopt_cut){ shown, analysis->finding_count - shown, lopt_finding_bytes_from(analysis, shown) };
}

/* Savings. */

struct ref {
	const struct lopt_waste_row *row;
};

static int by_edit(const void *left, const void *right)
{
	const struct lopt_waste_row *a = ((const struct ref *)left)->row;
	const struct lopt_waste_row *b = ((const struct ref *)right)->row;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	if (a->masked_by != b->masked_by)
		return a->masked_by < b->masked_by ? -1 : 1;
	if (a->cause != b->cause)
		return a->cause < b->cause ? -1 : 1;
	return (a > b) - (a < b); /* the order of the list: largest first */
}

static bool same_edit(const struct lopt_waste_row *a, const struct lopt_waste_row *b)
{
	return a->layer == b->layer && a->masked_by == b->masked_by && a->cause == b->cause;
}

/* Keep the largest, in order; the one that came first stays in front of its equals. */
static void keep(struct lopt_saving out[LOPT_SAVINGS], size_t *count, const struct lopt_saving *saving)
{
	size_t at = *count;
	while (at > 0 && out[at - 1].bytes < saving->bytes)
		at--;
	if (at == LOPT_SAVINGS)
		return;
	if (*count < LOPT_SAVINGS)
		++*count;
	for (size_t i = *count - 1; i > at; i--)
		out[i] = out[i - 1];
	out[at] = *saving;
}

enum lopt_status lopt_savings_find(struct lopt_saving out[LOPT_SAVINGS], size_t *count,
				   const struct lopt_analysis *analysis, struct lopt_error *err)
{
	size_t n = analysis->waste_count;
	*count = 0;
	if (n == 0)
		return LOPT_OK;
	LOPT_CLEANUP(lopt_cleanup_bytes) struct ref *rows = calloc(n, sizeof *rows);
	if (!rows)
		return lopt_error_memory(err);
	for (size_t i = 0; i < n; i++)
		rows[i].row = &analysis->waste[i];
	qsort(rows, n, sizeof *rows, by_edit);
	for (size_t i = 0; i < n;) {
		struct lopt_saving saving = { rows[i].row->layer, rows[i].row->masked_by, rows[i].row->cause, 0, 0, 0,
					      rows[i].row };
		for (; i < n && same_edit(saving.largest, rows[i].row); i++) {
			saving.bytes = lopt_add_saturating(saving.bytes, rows[i].row->bytes, NULL);
			saving.files = lopt_add_saturating(saving.files, rows[i].row->files, NULL);
			saving.rows++;
		}
		keep(out, count, &saving);
	}
	return LOPT_OK;
}

enum maker { MADE_BY_COPY, MADE_BY_ANY, MADE_BY_BASE };

static enum maker maker_of(const struct lopt_analysis *analysis, size_t layer)
{
	struct lopt_str instruction = analysis->layers[layer].instruction;
	if (analysis->has_base && layer < analysis->base_layers)
		return MADE_BY_BASE;
	if (lopt_str_starts(instruction, "COPY ") || lopt_str_starts(instruction, "ADD "))
		return MADE_BY_COPY;
	return MADE_BY_ANY;
}

const char *lopt_saving_advice(const struct lopt_analysis *analysis, const struct lopt_saving *saving)
{
	static const char *const advice[][3] = {
		[LOPT_CAUSE_REMOVED] = {
			[MADE_BY_COPY] = "Do not copy it in: name it in .dockerignore, copy less, or copy from a build stage.",
			[MADE_BY_ANY] = "Delete it in the same instruction that makes it, or make it in a cache mount or a "
					"build stage.",
			[MADE_BY_BASE] = "The base image ships it: choose a base without it, or rebuild the base.",
		},
		[LOPT_CAUSE_METADATA_ONLY] = {
			[MADE_BY_COPY] = "Set owner and mode while copying: COPY --chown=... --chmod=...",
			[MADE_BY_ANY] = "Set owner and mode in the same instruction that makes the files.",
			[MADE_BY_BASE] = "Files of the base image are copied to change their owner, mode or time: change only "
					 "those that need it.",
		},
		[LOPT_CAUSE_OVERWRITTEN] = {
			[MADE_BY_COPY] = "Copy the final content once: leave these files out of this copy, or join the two.",
			[MADE_BY_ANY] = "Write the final content once: join the two instructions, or leave the first version "
					"out.",
			[MADE_BY_BASE] = "The base image ships the older version: choose a newer base instead of upgrading it.",
		},
	};
	if (saving->cause < LOPT_CAUSE_OVERWRITTEN || saving->cause > LOPT_CAUSE_REMOVED)
		return "";
	return advice[saving->cause][maker_of(analysis, saving->layer)];
}

const char *lopt_cause_verb(enum lopt_cause cause)
{
	switch (cause) {
	case LOPT_CAUSE_OVERWRITTEN:
		return "overwrites";
	case LOPT_CAUSE_METADATA_ONLY:
		return "only changes owner, mode or time of";
	case LOPT_CAUSE_REMOVED:
		return "removes";
	case LOPT_CAUSE_NONE:
		break;
	}
	return "shows";
}

const char *lopt_cause_words(enum lopt_cause cause)
{
	return cause == LOPT_CAUSE_METADATA_ONLY ? "metadata only" : lopt_cause_name(cause);
}

/* Text of the image. */

void lopt_text_show(struct lopt_buf *out, struct lopt_str text, const struct lopt_report_options *options)
{
	if (options->show_secrets)
		lopt_buf_str(out, text);
	else
		lopt_secret_mask(out, text);
}

void lopt_instruction_show(struct lopt_buf *out, const struct lopt_analysis *analysis, size_t layer,
			   const struct lopt_report_options *options)
{
	struct lopt_str instruction = analysis->layers[layer].instruction;
	if (instruction.len == 0)
		lopt_buf_text(out, "(unknown)");
	else
		lopt_text_show(out, instruction, options);
}

const char *lopt_digests_words(const struct lopt_analysis *analysis)
{
	if (analysis->digests_verified)
		return "digests verified";
	return "digests not verified (--verify-digests checks them)";
}

struct lopt_str lopt_source_name(const struct lopt_image_info *info)
{
	struct lopt_str name = info->source;
	while (name.len > 1 && name.ptr[name.len - 1] == '/')
		name.len--;
	const char *slash = name.len ? memrchr(name.ptr, '/', name.len - 1) : NULL;
	if (!slash || lopt_str_starts(name, "docker:") || lopt_str_starts(name, "podman:"))
		return name;
	size_t start = (size_t)(slash + 1 - name.ptr);
	return lopt_str_make(name.ptr + start, name.len - start);
}
