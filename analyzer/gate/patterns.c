/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gate/inner.h"
#include "layer/path.h"

/* Budgets for what a pattern names. */

enum { EXAMPLES = 5 };

/* A budget of nothing is no leave for something: none is given to it where the pattern is to find something. */
static const char nothing[] = "nothing is called like that";

/* Bytes of a layer under a pattern. */
struct tally {
	const struct lopt_pattern_limit *limit;
	struct lopt_path_pattern pattern;
	uint64_t bytes;
	size_t paths;
	uint64_t *layers;		    /* bytes of each, or of what is forbidden paths */
	struct lopt_buf examples[EXAMPLES]; /* paths of a walk last no longer than its step */
	uint64_t sizes[EXAMPLES];
	size_t example_count;
	unsigned char **seen; /* by layer, once needed: a bit for each inode with several names that was counted */
};

struct tallies {
	struct lopt_evaluation *e;
	struct tally *items;
	size_t count;
	bool all; /* every path, not contents only */
};

static void release_tallies(struct tallies *tallies)
{
	size_t layers = lopt_image_layer_count(tallies->e->result->analysis->image);
	for (size_t i = 0; i < tallies->count; i++) {
		struct tally *tally = &tallies->items[i];
		for (size_t k = 0; k < layers && tally->seen; k++)
			free(tally->seen[k]);
		for (size_t k = 0; k < EXAMPLES; k++)
			lopt_buf_release(&tally->examples[k]);
		free(tally->seen);
		free(tally->layers);
	}
	free(tallies->items);
}

/* The largest stay; of what is forbidden the first. */
static enum lopt_status keep_example(struct tally *tally, struct lopt_str path, uint64_t size, struct lopt_error *err)
{
	size_t at = tally->example_count;
	for (size_t i = 0; i < at; i++) /* a path that several layers ship */
		if (lopt_str_equal(lopt_buf_view(&tally->examples[i]), path))
			return LOPT_OK;
	if (at == EXAMPLES) {
		at = 0;
		for (size_t i = 1; i < EXAMPLES; i++)
			at = tally->sizes[i] < tally->sizes[at] ? i : at;
		if (tally->sizes[at] >= size)
			return LOPT_OK;
	} else {
		tally->examples[tally->example_count++] = LOPT_BUF_INIT(SIZE_MAX / 2);
	}
	lopt_buf_clear(&tally->examples[at]);
	lopt_buf_str(&tally->examples[at], path);
	tally->sizes[at] = size;
	return tally->examples[at].failed ? lopt_error_memory(err) : LOPT_OK;
}

/* An inode counts once, at the first of its names that the pattern names. */
static enum lopt_status count_once(struct tally *tally, const struct lopt_node *node, bool *again,
				   struct lopt_error *err)
{
	*again = false;
	if (!node->hardlink.len)
		return LOPT_OK;
	unsigned char **bits = &tally->seen[node->inode_layer->index];
	if (!*bits)
		*bits = calloc(node->inode_layer->inode_count / 8 + 1, 1);
	if (!*bits)
		return lopt_error_memory(err);
	unsigned char bit = (unsigned char)(1u << node->inode % 8);
	*again = (*bits)[node->inode / 8] & bit;
	(*bits)[node->inode / 8] |= bit;
	return LOPT_OK;
}

static enum lopt_status count_content(struct tally *tally, const struct lopt_node *node, struct lopt_error *err)
{
	bool again;
	if (!node->inode_layer || !lopt_path_matches(&tally->pattern, node->path))
		return LOPT_OK;
	LOPT_TRY(count_once(tally, node, &again, err));
	if (again)
		return LOPT_OK;
	tally->bytes = lopt_add_saturating(tally->bytes, node->size, NULL);
	tally->layers[node->inode_layer->index] += node->size;
	return keep_example(tally, node->path, node->size, err);
}

static enum lopt_status count_path(struct tally *tally, struct lopt_str path, size_t layer, struct lopt_error *err)
{
	if (!lopt_path_matches(&tally->pattern, path))
		return LOPT_OK;
	tally->paths++;
	tally->layers[layer]++;
	return keep_example(tally, path, 0, err);
}

static enum lopt_status visit(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct tallies *tallies = context;
	for (size_t i = 0; i < tallies->count; i++) {
		if (tallies->all)
			LOPT_TRY(count_path(&tallies->items[i], node->path, node->layer, err));
		else
			LOPT_TRY(count_content(&tallies->items[i], node, err));
	}
	return LOPT_OK;
}

/* What a later layer hides is shipped all the same. */
static enum lopt_status count_hidden(struct tallies *tallies, const struct lopt_image *image)
{
	for (size_t n = 0; n < lopt_image_layer_count(image); n++) {
		const struct lopt_layer *layer = lopt_image_layer(image, n);
		for (size_t k = 0; k < layer->inode_count; k++) {
			if (layer->inodes[k].cause == LOPT_CAUSE_NONE)
				continue;
			for (size_t i = 0; i < tallies->count; i++)
				LOPT_TRY(count_path(&tallies->items[i], layer->inodes[k].path, n, tallies->e->err));
		}
	}
	return LOPT_OK;
}

static enum lopt_status prepare(struct tallies *tallies, const struct lopt_gate_list *list)
{
	size_t layers = lopt_image_layer_count(tallies->e->result->analysis->image);
	tallies->items = calloc(list->count + 1, sizeof *tallies->items);
	if (!tallies->items)
		return lopt_error_memory(tallies->e->err);
	while (tallies->count < list->count) {
		struct tally *tally = &tallies->items[tallies->count];
		tally->limit = &list->items[tallies->count++];
		lopt_path_pattern_set(&tally->pattern, tally->limit->pattern);
		tally->layers = calloc(layers + 1, sizeof *tally->layers);
		tally->seen = calloc(layers + 1, sizeof *tally->seen);
		if (!tally->layers || !tally->seen)
			return lopt_error_memory(tallies->e->err);
	}
	return LOPT_OK;
}

static size_t largest_layer(const struct tallies *tallies, const struct tally *tally)
{
	size_t largest = 0;
	for (size_t i = 0; i < lopt_image_layer_count(tallies->e->result->analysis->image); i++)
		largest = tally->layers[i] > tally->layers[largest] ? i : largest;
	return largest;
}

static int compare_paths(const void *a, const void *b)
{
	return lopt_str_compare(*(const struct lopt_str *)a, *(const struct lopt_str *)b);
}

/* The paths are the image's own, the array is the result's. */
static enum lopt_status give_examples(struct lopt_evaluation *e, struct lopt_gate_check *check, struct tally *tally)
{
	struct lopt_str *paths = lopt_arena_zalloc(&e->result->arena, tally->example_count + 1, sizeof *paths);
	if (!paths)
		return lopt_error_memory(e->err);
	for (size_t i = 0; i < tally->example_count; i++) {
		paths[i] = lopt_arena_copy(&e->result->arena, lopt_buf_view(&tally->examples[i]));
		if (!paths[i].ptr)
			return lopt_error_memory(e->err);
	}
	if (tally->example_count)
		qsort(paths, tally->example_count, sizeof *paths, compare_paths);
	check->paths = paths;
	check->path_count = tally->example_count;
	return LOPT_OK;
}

static struct lopt_gate_check check_of(const struct lopt_pattern_limit *limit, const char *budget)
{
	return (struct lopt_gate_check){
		.budget = budget,
		.name = limit->name.len ? limit->name : limit->pattern,
		.message = limit->message,
		.origin = limit->origin,
		.measure = "visible_bytes",
		.unit = LOPT_UNIT_BYTES,
		.limit = limit->limit,
		.layer = LOPT_NO_LAYER,
		.made_by = LOPT_NO_LAYER,
	};
}

static enum lopt_status fail(struct lopt_evaluation *e, struct lopt_gate_check *check, struct lopt_str cause,
			     size_t layer)
{
	if (!cause.ptr)
		return lopt_error_memory(e->err);
	check->verdict = LOPT_GATE_EXCEEDED;
	check->cause = cause;
	check->layer = layer;
	check->line = layer == LOPT_NO_LAYER ? 0 : e->result->analysis->layers[layer].line;
	return LOPT_OK;
}

static enum lopt_status check_paths(struct lopt_evaluation *e)
{
	LOPT_CLEANUP(release_tallies) struct tallies tallies = { .e = e };
	if (e->settings->paths.count == 0)
		return LOPT_OK;
	LOPT_TRY(prepare(&tallies, &e->settings->paths));
	LOPT_TRY(lopt_image_walk(e->result->analysis->image, visit, &tallies, e->err));
	for (size_t i = 0; i < tallies.count; i++) {
		struct tally *tally = &tallies.items[i];
		struct lopt_gate_check check = check_of(tally->limit, "path");
		check.actual = tally->bytes;
		if (tally->example_count == 0 && check.limit) {
			check.verdict = LOPT_GATE_SKIPPED;
			check.skipped = nothing;
		} else if (tally->bytes > check.limit) {
			size_t layer = largest_layer(&tallies, tally);
			LOPT_TRY(give_examples(e, &check, tally));
			LOPT_TRY(fail(e, &check,
				      lopt_gate_sized(e, tally->layers[layer], " of it are in layer %zu", layer),
				      layer));
		}
		LOPT_TRY(lopt_gate_add_check(e, &check));
	}
	return LOPT_OK;
}

static enum lopt_status check_forbidden(struct lopt_evaluation *e)
{
	LOPT_CLEANUP(release_tallies) struct tallies tallies = { .e = e, .all = true };
	if (e->settings->forbidden.count == 0)
		return LOPT_OK;
	LOPT_TRY(prepare(&tallies, &e->settings->forbidden));
	LOPT_TRY(lopt_image_walk(e->result->analysis->image, visit, &tallies, e->err));
	LOPT_TRY(count_hidden(&tallies, e->result->analysis->image));
	for (size_t i = 0; i < tallies.count; i++) {
		struct tally *tally = &tallies.items[i];
		struct lopt_gate_check check = check_of(tally->limit, "forbidden");
		check.unit = LOPT_UNIT_COUNT;
		check.measure = "paths";
		check.actual = tally->paths;
		if (tally->paths) {
			size_t layer = largest_layer(&tallies, tally);
			LOPT_TRY(give_examples(e, &check, tally));
			LOPT_TRY(fail(e, &check,
				      tally->paths == 1
					      ? lopt_gate_sentence(e, "layer %zu ships it, be it hidden later or not",
								   layer)
					      : lopt_gate_sentence(
							e, "layer %zu ships %llu of them, be they hidden later or not",
							layer, (unsigned long long)tally->layers[layer]),
				      layer));
		}
		LOPT_TRY(lopt_gate_add_check(e, &check));
	}
	return LOPT_OK;
}

/* --- packages --- */

/* "NAME", or "MANAGER:NAME"; both parts may be patterns. What no package owns has no name. */
static bool is_package(const char *pattern, const struct lopt_package_row *row)
{
	char name[512], both[600];
	if (!row->manager || row->name.len >= sizeof name)
		return false;
	(void)snprintf(name, sizeof name, "%.*s", LOPT_STR_ARGS(row->name));
	(void)snprintf(both, sizeof both, "%.60s:%s", row->manager, name);
	return fnmatch(pattern, name, 0) == 0 || fnmatch(pattern, both, 0) == 0;
}

static enum lopt_status check_package(struct lopt_evaluation *e, const struct lopt_pattern_limit *limit)
{
	const struct lopt_analysis *analysis = e->result->analysis;
	struct lopt_gate_check check = check_of(limit, "package");
	const struct lopt_package_row *largest = NULL;
	for (size_t i = 0; i < analysis->package_count; i++) {
		const struct lopt_package_row *row = &analysis->packages[i];
		if (!is_package(limit->pattern.ptr, row))
			continue;
		check.actual = lopt_add_saturating(check.actual, row->bytes, NULL);
		largest = largest ? largest : row; /* they come largest first */
	}
	if (!largest && check.limit) {
		check.verdict = LOPT_GATE_SKIPPED;
		check.skipped = nothing;
	} else if (check.actual > check.limit && largest) {
		size_t layer = largest->layer_count ? largest->layers[largest->layer_count - 1] : LOPT_NO_LAYER;
		LOPT_TRY(fail(e, &check,
			      lopt_gate_sized(e, largest->bytes, " of it are %s %.*s", largest->manager,
					      LOPT_STR_ARGS(largest->name)),
			      layer));
	}
	return lopt_gate_add_check(e, &check);
}

enum lopt_status lopt_gate_check_patterns(struct lopt_evaluation *e)
{
	LOPT_TRY(check_paths(e));
	for (size_t i = 0; i < e->settings->packages.count; i++)
		LOPT_TRY(check_package(e, &e->settings->packages.items[i]));
	return check_forbidden(e);
}
