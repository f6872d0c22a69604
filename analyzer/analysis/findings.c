/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "blob/digest.h"

enum { EXAMPLES = 5 };

/* Waste below this is told, but is no reason to warn. */
#define WARN_BYTES 1000000

const char *lopt_severity_name(enum lopt_severity severity)
{
	static const char *const names[] = { "info", "warning", "error" };
	return names[severity];
}

const char *lopt_level_name(enum lopt_level level)
{
	static const char *const names[] = { NULL, "safe", "standard", "aggressive" };
	return names[level];
}

/* Over what stays when lines move and sizes change: the rule, the instruction, the first path. */
static enum lopt_status set_fingerprint(const struct lopt_making *making, struct lopt_finding *finding,
					struct lopt_error *err)
{
	static const char hex[] = "0123456789abcdef";
	struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_digest digest = { 0 };
	lopt_buf_add(&text, finding->rule, strlen(finding->rule) + 1);
	if (finding->layer != LOPT_NO_LAYER)
		lopt_buf_str(&text, making->layers[finding->layer].instruction);
	lopt_buf_char(&text, '\0');
	if (finding->path_count)
		lopt_buf_str(&text, finding->paths[0]);
	else
		lopt_buf_str(&text, finding->message);
	enum lopt_status status = text.failed ? lopt_error_memory(err)
					      : lopt_digest_of(&digest, LOPT_SHA256, text.data, text.len, err);
	lopt_buf_release(&text);
	if (status != LOPT_OK)
		return status;
	for (size_t i = 0; i < 16; i++) {
		finding->fingerprint[2 * i] = hex[digest.bytes[i] >> 4];
		finding->fingerprint[2 * i + 1] = hex[digest.bytes[i] & 15];
	}
	finding->fingerprint[32] = '\0';
	return LOPT_OK;
}

enum lopt_status lopt_findings_add(struct lopt_making *making, const struct lopt_finding *finding,
				   struct lopt_error *err)
{
	size_t count = making->result.finding_count;
	struct lopt_finding *findings = lopt_grow(making->findings, &making->finding_cap, count + 1, sizeof *findings);
	if (!findings)
		return lopt_error_memory(err);
	making->findings = findings;
	making->result.findings = findings;
	findings[count] = *finding;
	if (finding->layer != LOPT_NO_LAYER)
		findings[count].line = making->layers[finding->layer].line;
	making->result.finding_count++;
	return LOPT_OK;
}

/* --- what was noted while reading --- */

static enum lopt_status add_note(struct lopt_making *making, const struct lopt_note *note, struct lopt_error *err)
{
	struct lopt_finding finding = {
		.rule = note->rule,
		.severity = (enum lopt_severity)note->severity,
		.message = note->message,
		.layer = note->layer,
		.paths = &note->path,
		.path_count = note->path.len != 0,
	};
	if (note->count > 1) {
		finding.message = lopt_making_text(making, "%.*s (%" PRIu64 " entries)", LOPT_STR_ARGS(note->message),
						   note->count);
		if (!finding.message.ptr)
			return lopt_error_memory(err);
	}
	return lopt_findings_add(making, &finding, err);
}

/* --- waste, by what holds it, what masked it and why --- */

struct waste_group {
	const struct lopt_waste_row *rows[EXAMPLES];
	size_t row_count;
	uint64_t bytes, files;
};

static const struct {
	const char *rule, *before, *between, *behind, *advice;
} waste_texts[] = {
	[LOPT_CAUSE_OVERWRITTEN] = { "overwritten-later", "replaces", "that", "still ships",
				     "write the final files once, in the instruction that makes them" },
	[LOPT_CAUSE_METADATA_ONLY] = { "metadata-only-copy", "changes mode, owner or time only, and so ships", "of",
				       "again",
				       "set mode and owner where the files are made (COPY --chmod/--chown, or in the same RUN)" },
	[LOPT_CAUSE_REMOVED] = { "removed-later", "removes", "that", "still ships",
				 "remove them in the same instruction that makes them" },
};

/* "removes 12.3 MB that layer 3 still ships" */
static enum lopt_status describe_group(struct lopt_making *making, const struct waste_group *group,
				       struct lopt_finding *finding, struct lopt_error *err)
{
	const struct lopt_waste_row *row = group->rows[0];
	char layer[32] = "the same layer";
	struct lopt_buf size = LOPT_BUF_INIT(64);
	lopt_size_format(&size, group->bytes);
	if (row->layer != row->masked_by)
		(void)snprintf(layer, sizeof layer, "layer %zu", row->layer);
	finding->message = lopt_making_text(making, "%s %s %s %s %s", waste_texts[row->cause].before,
					    size.data ? size.data : "", waste_texts[row->cause].between, layer,
					    waste_texts[row->cause].behind);
	bool failed = size.failed || !finding->message.ptr;
	lopt_buf_release(&size);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

static int compare_paths(const void *a, const void *b)
{
	return lopt_str_compare(*(const struct lopt_str *)a, *(const struct lopt_str *)b);
}

static enum lopt_status add_group(struct lopt_making *making, const struct waste_group *group, struct lopt_error *err)
{
	const struct lopt_waste_row *row = group->rows[0];
	struct lopt_finding finding = {
		.rule = waste_texts[row->cause].rule,
		.severity = group->bytes >= WARN_BYTES ? LOPT_WARNING : LOPT_INFO,
		.level = LOPT_LEVEL_SAFE,
		.advice = lopt_str_from(waste_texts[row->cause].advice),
		.bytes = group->bytes,
		.layer = row->masked_by,
		.path_count = group->row_count,
	};
	struct lopt_str *paths = lopt_arena_zalloc(&making->arena, group->row_count, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	for (size_t i = 0; i < group->row_count; i++)
		paths[i] = group->rows[i]->path;
	qsort(paths, group->row_count, sizeof *paths, compare_paths);
	finding.paths = paths;
	LOPT_TRY(describe_group(making, group, &finding, err));
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

static enum lopt_status add_waste(struct lopt_making *making, struct lopt_error *err)
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

/* --- the rest --- */

/* A chmod that copied a file which a lower hard link still shows: nothing is hidden, and yet it is there twice. */
static enum lopt_status add_copied_links(struct lopt_making *making, const struct lopt_layer *layer,
					 struct lopt_error *err)
{
	struct lopt_finding finding = {
		.rule = "hardlink-copied",
		.severity = LOPT_INFO,
		.message = lopt_str_from(
			"files of this layer were copied by a later change of one of their hard-linked names; both copies are seen"),
		.advice = lopt_str_from("change hard-linked files in the instruction that makes them"),
		.layer = layer->index,
	};
	for (size_t i = 0; i < layer->inode_count; i++) {
		if (!layer->inodes[i].copied_up)
			continue;
		finding.bytes = lopt_add_saturating(finding.bytes, layer->inodes[i].size, &making->saturated);
		if (!finding.path_count++)
			finding.paths = &layer->inodes[i].path;
	}
	finding.path_count = finding.path_count != 0;
	return finding.bytes ? lopt_findings_add(making, &finding, err) : LOPT_OK;
}

static enum lopt_status add_saturation(struct lopt_making *making, struct lopt_error *err)
{
	const struct lopt_finding finding = {
		.rule = "sum-saturated",
		.severity = LOPT_WARNING,
		.message = lopt_str_from("the sizes of this image add up to more than 64 bits hold; sums stop there"),
		.layer = LOPT_NO_LAYER,
	};
	return making->saturated ? lopt_findings_add(making, &finding, err) : LOPT_OK;
}

static int compare_findings(const void *a, const void *b)
{
	const struct lopt_finding *x = a, *y = b;
	if ((x->severity == LOPT_ERROR) != (y->severity == LOPT_ERROR))
		return x->severity == LOPT_ERROR ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	int r = strcmp(x->rule, y->rule);
	if (r)
		return r;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	r = lopt_str_compare(x->message, y->message);
	return r ? r : strcmp(x->fingerprint, y->fingerprint);
}

enum lopt_status lopt_make_findings(struct lopt_making *making, struct lopt_error *err)
{
	const struct lopt_image *image = making->result.image;
	for (size_t i = 0; i < lopt_image_note_count(image); i++)
		LOPT_TRY(add_note(making, lopt_image_note(image, i), err));
	LOPT_TRY(add_waste(making, err));
	for (size_t i = 0; i < lopt_image_layer_count(image); i++)
		LOPT_TRY(add_copied_links(making, lopt_image_layer(image, i), err));
	LOPT_TRY(add_saturation(making, err));
	for (size_t i = 0; i < making->result.finding_count; i++)
		LOPT_TRY(set_fingerprint(making, &making->findings[i], err));
	if (making->result.finding_count)
		qsort(making->findings, making->result.finding_count, sizeof *making->findings, compare_findings);
	return LOPT_OK;
}
