/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "gate/inner.h"

/* What answers for most of a budget that is exceeded: one layer, and one sentence about it. */

void lopt_part_layers(const struct lopt_analysis *analysis, enum lopt_gate_part part, size_t *first, size_t *end)
{
	size_t count = lopt_image_layer_count(analysis->image);
	*first = part == LOPT_PART_OWN ? analysis->base_layers : 0;
	*end = part == LOPT_PART_BASE ? analysis->base_layers : count;
}

LOPT_PRINTF(3, 0)
static struct lopt_str sentence(struct lopt_evaluation *e, const char *front, const char *fmt, va_list args)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	lopt_buf_text(&text, front);
	char *to = n < 0 ? NULL : lopt_buf_reserve(&text, (size_t)n);
	if (to) {
		(void)vsnprintf(to, (size_t)n + 1, fmt, again);
		text.len += (size_t)n;
	}
	va_end(again);
	return text.failed || !to ? lopt_str_make(NULL, 0) : lopt_arena_copy(&e->result->arena, lopt_buf_view(&text));
}

struct lopt_str lopt_gate_sentence(struct lopt_evaluation *e, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const struct lopt_str text = sentence(e, "", fmt, args);
	va_end(args);
	return text;
}

struct lopt_str lopt_gate_sized(struct lopt_evaluation *e, uint64_t bytes, const char *fmt, ...)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf size = LOPT_BUF_INIT(64);
	va_list args;
	lopt_size_format(&size, bytes);
	if (size.failed)
		return lopt_str_make(NULL, 0);
	va_start(args, fmt);
	const struct lopt_str text = sentence(e, size.data, fmt, args);
	va_end(args);
	return text;
}

static enum lopt_status tell(struct lopt_evaluation *e, struct lopt_gate_check *check, struct lopt_str cause,
			     size_t layer)
{
	if (!cause.ptr)
		return lopt_error_memory(e->err);
	check->cause = cause;
	check->layer = layer;
	check->line = layer == LOPT_NO_LAYER ? 0 : e->result->analysis->layers[layer].line;
	return LOPT_OK;
}

static bool in_part(const struct lopt_evaluation *e, enum lopt_gate_part part, size_t layer)
{
	size_t first, end;
	lopt_part_layers(e->result->analysis, part, &first, &end);
	return layer >= first && layer < end;
}

/* --- size --- */

static enum lopt_status tell_growth(struct lopt_evaluation *e, struct lopt_gate_check *check,
				    const struct lopt_layer_change *change)
{
	uint64_t more = change->bytes_after - change->bytes_before;
	struct lopt_str cause;
	if (change->before == LOPT_NO_LAYER)
		cause = lopt_gate_sized(e, more, " are new in layer %zu, which the baseline does not have",
					change->after);
	else
		cause = lopt_gate_sized(e, more, " more in layer %zu than the %s made in the baseline", change->after,
					change->in_place ? "instruction in its place" : "same instruction");
	return tell(e, check, cause, change->after);
}

static enum lopt_status explain_size(struct lopt_evaluation *e, struct lopt_gate_check *check)
{
	const struct lopt_analysis *analysis = e->result->analysis;
	const struct lopt_growth *growth = &e->result->growth;
	size_t first, end, largest;
	for (size_t i = 0; i < growth->layer_count; i++) {
		const struct lopt_layer_change *change = &growth->layers[i];
		if (change->bytes_after > change->bytes_before && in_part(e, check->part, change->after))
			return tell_growth(e, check, change);
	}
	lopt_part_layers(analysis, check->part, &first, &end);
	if (first == end)
		return LOPT_OK;
	largest = first;
	for (size_t i = first; i < end; i++)
		if (analysis->layers[i].content_bytes > analysis->layers[largest].content_bytes)
			largest = i;
	return tell(e, check,
		    lopt_gate_sized(e, analysis->layers[largest].content_bytes, " of it are in layer %zu, the largest",
				    largest),
		    largest);
}

/* --- waste --- */

enum lopt_status lopt_gate_tell_paths(struct lopt_evaluation *e, struct lopt_gate_check *check,
				      const struct lopt_gate_finding *at)
{
	const struct lopt_finding *finding = at->finding;
	check->paths = finding->paths;
	check->path_count = finding->path_count;
	if (finding->path_count != 1 || !at->file.len)
		return LOPT_OK;
	if (finding->waste->files == 1) {
		check->paths = &at->file;
		return LOPT_OK;
	}
	struct lopt_str *paths = lopt_arena_zalloc(&e->result->arena, 2, sizeof *paths);
	if (!paths)
		return lopt_error_memory(e->err);
	paths[0] = finding->paths[0];
	paths[1] = at->file;
	check->paths = paths;
	check->path_count = 2;
	return LOPT_OK;
}

static const struct lopt_gate_finding *largest_finding(const struct lopt_evaluation *e, enum lopt_gate_part part,
						       bool only_waste)
{
	for (size_t i = 0; i < e->result->finding_count; i++) {
		const struct lopt_gate_finding *at = &e->result->findings[i];
		size_t holder = lopt_gate_holder(at->finding);
		bool counts = at->finding->waste || (!only_waste && at->finding->level == LOPT_LEVEL_SAFE);
		if (counts && at->finding->bytes && !at->ignore && holder != LOPT_NO_LAYER && in_part(e, part, holder))
			return at;
	}
	return NULL;
}

static enum lopt_status tell_finding(struct lopt_evaluation *e, struct lopt_gate_check *check,
				     const struct lopt_gate_finding *at)
{
	if (!at)
		return LOPT_OK;
	const struct lopt_finding *finding = at->finding;
	LOPT_TRY(lopt_gate_tell_paths(e, check, at));
	check->made_by = lopt_gate_hidden_holder(finding);
	return tell(e, check,
		    lopt_gate_sized(e, finding->bytes, ": %.*s (%s)", LOPT_STR_ARGS(finding->message), finding->rule),
		    finding->layer);
}

enum lopt_status lopt_gate_explain_waste(struct lopt_evaluation *e, struct lopt_gate_check *check)
{
	return tell_finding(e, check, largest_finding(e, check->part, true));
}

/* --- the rest --- */

/* Where a path of the final filesystem has its content. */
struct place {
	struct lopt_str path;
	size_t layer;
};

static enum lopt_status find_place(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct place *place = context;
	(void)err;
	if (!node->inode_layer || !lopt_str_equal(node->path, place->path))
		return LOPT_OK;
	place->layer = node->inode_layer->index;
	return LOPT_END;
}

static enum lopt_status explain_duplicates(struct lopt_evaluation *e, struct lopt_gate_check *check)
{
	const struct lopt_analysis *analysis = e->result->analysis;
	if (!analysis->duplicate_count)
		return LOPT_OK;
	const struct lopt_duplicate_row *row = &analysis->duplicates[0];
	struct place place = { row->paths[row->count - 1], LOPT_NO_LAYER };
	enum lopt_status status = lopt_image_walk(analysis->image, find_place, &place, e->err);
	if (status != LOPT_OK && status != LOPT_END)
		return status;
	check->paths = row->paths;
	check->path_count = row->count < 5 ? row->count : 5;
	return tell(e, check,
		    lopt_gate_sized(e, row->bytes, " are %llu further %s of one content",
				    (unsigned long long)(row->count - 1), row->count == 2 ? "copy" : "copies"),
		    place.layer);
}

static enum lopt_status explain_layers(struct lopt_evaluation *e, struct lopt_gate_check *check)
{
	size_t first, end;
	lopt_part_layers(e->result->analysis, check->part, &first, &end);
	size_t layer = first + (size_t)check->limit;
	return tell(e, check, lopt_gate_sentence(e, "layer %zu is the first one too many", layer), layer);
}

enum lopt_status lopt_gate_explain(struct lopt_evaluation *e, enum lopt_budget budget, struct lopt_gate_check *check)
{
	switch (budget) {
	case LOPT_MAX_WASTED:
	case LOPT_MAX_WASTED_PERCENT:
	case LOPT_MIN_EFFICIENCY:
		return lopt_gate_explain_waste(e, check);
	case LOPT_MAX_RECLAIMABLE:
		return tell_finding(e, check, largest_finding(e, check->part, false));
	case LOPT_MAX_DUPLICATES:
		return explain_duplicates(e, check);
	case LOPT_MAX_LAYERS:
		return explain_layers(e, check);
	default:
		return explain_size(e, check);
	}
}
