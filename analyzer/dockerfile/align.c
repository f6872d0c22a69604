/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "base/cleanup.h"
#include "dockerfile/chain.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/runes.h"

/*
 * The instructions of the stage chain are aligned to the tail of the history by an edit distance. An entry gets a line
 * only when every best alignment gives it the same one, so that two equal instructions with one entry between
 * them leave it open.
 */

enum {
	ARENA_MAX = 256 << 20,
	WINDOW_EXTRA = 64,	     /* entries beyond twice the instructions that are looked at */
	PATTERN_WORK_MAX = 64 << 20, /* bytes compared for texts with unknown parts, all together */
	SCORE_TEXT = 4,
	SCORE_PATTERN = 3,
	SCORE_ANY = 2,
	COST_SKIP = -1,
};

struct entry {
	struct lopt_record record;
	struct lopt_str text; /* worded as items are */
	uint32_t id;	      /* of keyword and text */
	bool empty_layer;
};

struct aligner {
	struct lopt_arena arena;
	struct entry *entries;
	size_t entry_count;
	struct lopt_scope learned;
	struct lopt_chain chain;
	uint32_t *item_ids;
	struct lopt_table texts;
	struct lopt_str *keys; /* by id */
	size_t key_count, key_cap;
	enum lopt_builder builder;
	int32_t *forward, *backward; /* best score of the first i items and j entries; of those from there on */
	size_t pattern_work;
	struct lopt_error *err;
};

static void aligner_release(struct aligner *a)
{
	lopt_arena_release(&a->arena);
	free(a->entries);
	lopt_scope_release(&a->learned);
	lopt_chain_release(&a->chain);
	free(a->item_ids);
	lopt_table_release(&a->texts);
	free(a->keys);
	free(a->forward);
	free(a->backward);
}

/* ---- history */

static bool same_text(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)number;
	const struct aligner *a = owner;
	return lopt_str_equal(a->keys[value], key);
}

/* Equal keyword and text, equal number: texts are compared once, not once a cell. */
static enum lopt_status number_text(struct aligner *a, enum lopt_keyword keyword, struct lopt_str text, uint32_t *id)
{
	*id = lopt_table_find(&a->texts, keyword, text, same_text, a);
	if (*id != LOPT_TABLE_NONE)
		return LOPT_OK;
	struct lopt_str *keys = lopt_grow(a->keys, &a->key_cap, a->key_count + 1, sizeof *keys);
	if (!keys)
		return lopt_error_memory(a->err);
	a->keys = keys;
	if (!lopt_table_insert(&a->texts, keyword, text, (uint32_t)a->key_count))
		return lopt_error_memory(a->err);
	*id = (uint32_t)a->key_count;
	a->keys[a->key_count++] = text;
	return LOPT_OK;
}

static enum lopt_status read_entry(struct aligner *a, struct entry *entry, const struct lopt_history *history)
{
	entry->record = lopt_record_read(history);
	entry->empty_layer = history->empty_layer;
	entry->text = entry->record.text;
	bool ports = entry->record.keyword == LOPT_KEYWORD_EXPOSE && entry->record.builder != LOPT_BUILDER_BUILDAH;
	bool names = entry->record.keyword == LOPT_KEYWORD_ARG;
	if (ports)
		entry->text = lopt_ports_sort(&a->arena, entry->text);
	else if (names)
		entry->text = lopt_arg_names(&a->arena, entry->text);
	if ((ports || names) && !entry->text.ptr)
		return lopt_error_memory(a->err);
	return number_text(a, entry->record.keyword, entry->text, &entry->id);
}

static enum lopt_status read_entries(struct aligner *a, const struct lopt_history *history, size_t count)
{
	a->entries = calloc(count + 1, sizeof *a->entries);
	if (!a->entries)
		return lopt_error_memory(a->err);
	for (size_t i = 0; i < count; i++)
		LOPT_TRY(read_entry(a, &a->entries[i], &history[i]));
	a->entry_count = count;
	return LOPT_OK;
}

/* The last entry that says who wrote it speaks for the Dockerfile: one builder built all of it. */
static enum lopt_builder find_builder(const struct aligner *a)
{
	for (size_t i = a->entry_count; i-- > 0;)
		if (a->entries[i].record.builder != LOPT_BUILDER_UNKNOWN)
			return a->entries[i].record.builder;
	return LOPT_BUILDER_UNKNOWN;
}

/* Two values for one name: either may hold where it is used. */
static enum lopt_status learn(struct aligner *a, struct lopt_str name, struct lopt_str value)
{
	struct lopt_scope_variable variable = { .name = name, .value = value, .state = LOPT_VARIABLE_SET };
	const struct lopt_scope_variable *known = lopt_scope_get(&a->learned, name);
	if (known && known->state == LOPT_VARIABLE_SET && lopt_str_equal(known->value, value))
		return LOPT_OK;
	if (known)
		variable.state = LOPT_VARIABLE_UNKNOWN;
	return lopt_scope_set(&a->learned, variable, a->err);
}

/* "NAME=value NAME=value", where no value has a blank in it. */
static enum lopt_status learn_words(struct aligner *a, struct lopt_str text)
{
	while (text.len) {
		size_t len = lopt_str_find(text, ' ');
		struct lopt_str word = lopt_str_make(text.ptr, len);
		size_t sign = lopt_str_find(word, '=');
		/* An empty value may also be an argument that was never set. */
		if (sign > 0 && sign + 1 < word.len)
			LOPT_TRY(learn(a, lopt_str_make(word.ptr, sign), lopt_str_skip(word, sign + 1)));
		text = lopt_str_skip(text, len + (len < text.len));
	}
	return LOPT_OK;
}

/* Build arguments as they really were stand in front of each RUN's command. */
static enum lopt_status learn_arguments(struct aligner *a)
{
	for (size_t i = 0; i < a->entry_count; i++)
		LOPT_TRY(learn_words(a, a->entries[i].record.args));
	return LOPT_OK;
}

/* ---- does an item fit an entry */

/* The text between two holes, looked for from the left; the first and the last piece are tied to the ends. */
static bool fits_pattern(struct lopt_str text, struct lopt_str pattern)
{
	size_t len = lopt_str_find(pattern, LOPT_EXPAND_HOLE);
	if (text.len < len || (len && memcmp(text.ptr, pattern.ptr, len) != 0))
		return false;
	text = lopt_str_skip(text, len);
	while (len < pattern.len) {
		pattern = lopt_str_skip(pattern, len + 1);
		len = lopt_str_find(pattern, LOPT_EXPAND_HOLE);
		if (len == pattern.len)
			return text.len >= len &&
			       (len == 0 || memcmp(text.ptr + text.len - len, pattern.ptr, len) == 0);
		const char *at = len ? memmem(text.ptr, text.len, pattern.ptr, len) : text.ptr;
		if (!at)
			return false;
		text = lopt_str_skip(text, (size_t)(at - text.ptr) + len);
	}
	return text.len == 0;
}

static bool same_builder(const struct aligner *a, const struct lopt_record *record)
{
	bool classic = a->builder == LOPT_BUILDER_LEGACY || a->builder == LOPT_BUILDER_BUILDAH;
	return record->builder == a->builder || (record->shared && classic);
}

/* 0: they do not fit. */
static int32_t score(struct aligner *a, size_t item_index, size_t entry_index)
{
	const struct lopt_item *item = &a->chain.items[item_index];
	const struct entry *entry = &a->entries[entry_index];
	if (item->fit == LOPT_FIT_NONE || item->keyword != entry->record.keyword || !same_builder(a, &entry->record))
		return 0;
	if (item->fit == LOPT_FIT_ANY)
		return SCORE_ANY;
	if (item->fit == LOPT_FIT_TEXT)
		return a->item_ids[item_index] == entry->id ? SCORE_TEXT : 0;
	size_t work = item->text.len + entry->text.len;
	if (work > PATTERN_WORK_MAX - a->pattern_work)
		return 0;
	a->pattern_work += work;
	return fits_pattern(entry->text, item->text) ? SCORE_PATTERN : 0;
}

static int32_t skip_item(const struct aligner *a, size_t index)
{
	return a->chain.items[index].optional ? 0 : COST_SKIP;
}

/* ---- alignment */

struct grid {
	size_t rows, columns; /* items, entries */
	int32_t *scores;      /* of each pair; 0 where they do not fit */
};

static void grid_release(struct grid *g)
{
	free(g->scores);
}

static size_t cell(const struct grid *g, size_t i, size_t j)
{
	return i * (g->columns + 1) + j;
}

static int32_t larger(int32_t x, int32_t y)
{
	return x > y ? x : y;
}

static enum lopt_status fill_scores(struct aligner *a, struct grid *g)
{
	*g = (struct grid){ .rows = a->chain.count, .columns = a->entry_count };
	g->scores = calloc((g->rows + 1) * (g->columns + 1), sizeof *g->scores);
	a->forward = calloc((g->rows + 1) * (g->columns + 1), sizeof *a->forward);
	a->backward = calloc((g->rows + 1) * (g->columns + 1), sizeof *a->backward);
	if (!g->scores || !a->forward || !a->backward)
		return lopt_error_memory(a->err);
	for (size_t i = 0; i < g->rows; i++)
		for (size_t j = 0; j < g->columns; j++)
			g->scores[cell(g, i, j)] = score(a, i, j);
	return LOPT_OK;
}

/* Entries in front of the first instruction are the base image's and cost nothing. */
static int32_t skip_entry(size_t items_before)
{
	return items_before == 0 ? 0 : COST_SKIP;
}

static void fill_forward(const struct aligner *a, const struct grid *g)
{
	for (size_t i = 0; i <= g->rows; i++) {
		for (size_t j = 0; j <= g->columns; j++) {
			int32_t best = i == 0 && j == 0 ? 0 : INT32_MIN;
			if (i)
				best = larger(best, a->forward[cell(g, i - 1, j)] + skip_item(a, i - 1));
			if (j)
				best = larger(best, a->forward[cell(g, i, j - 1)] + skip_entry(i));
			if (i && j && g->scores[cell(g, i - 1, j - 1)])
				best = larger(best,
					      a->forward[cell(g, i - 1, j - 1)] + g->scores[cell(g, i - 1, j - 1)]);
			a->forward[cell(g, i, j)] = best;
		}
	}
}

static void fill_backward(const struct aligner *a, const struct grid *g)
{
	for (size_t i = g->rows + 1; i-- > 0;) {
		for (size_t j = g->columns + 1; j-- > 0;) {
			int32_t best = i == g->rows && j == g->columns ? 0 : INT32_MIN;
			if (i < g->rows)
				best = larger(best, a->backward[cell(g, i + 1, j)] + skip_item(a, i));
			if (j < g->columns)
				best = larger(best, a->backward[cell(g, i, j + 1)] + skip_entry(i));
			if (i < g->rows && j < g->columns && g->scores[cell(g, i, j)])
				best = larger(best, a->backward[cell(g, i + 1, j + 1)] + g->scores[cell(g, i, j)]);
			a->backward[cell(g, i, j)] = best;
		}
	}
}

/* The one item that every best alignment gives entry j, or SIZE_MAX. */
static size_t only_item(const struct aligner *a, const struct grid *g, size_t j)
{
	int32_t best = a->backward[0];
	size_t found = SIZE_MAX;
	for (size_t i = 0; i <= g->rows; i++) {
		int32_t before = a->forward[cell(g, i, j)];
		if (before + skip_entry(i) + a->backward[cell(g, i, j + 1)] == best)
			return SIZE_MAX;
		if (i == g->rows || !g->scores[cell(g, i, j)] ||
		    before + g->scores[cell(g, i, j)] + a->backward[cell(g, i + 1, j + 1)] != best)
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = i;
	}
	return found;
}

/* ---- verdict */

struct tally {
	size_t expected, matched;	   /* instructions that have entries */
	size_t shipping, shipping_matched; /* those that make layers */
	bool hollow;			   /* one of them made none where its builder always makes one */
};

static void count_match(const struct aligner *a, struct tally *t, size_t i, size_t j)
{
	const struct lopt_item *item = &a->chain.items[i];
	t->matched++;
	t->shipping_matched += item->ships;
	t->hollow |= item->ships && a->builder == LOPT_BUILDER_BUILDAH && a->entries[j].empty_layer;
}

static void count_expected(const struct aligner *a, struct tally *t)
{
	for (size_t i = 0; i < a->chain.count; i++) {
		const struct lopt_item *item = &a->chain.items[i];
		t->expected += !item->optional;
		t->shipping += item->ships;
	}
}

static bool is_single_snapshot(const struct aligner *a, const struct tally *t)
{
	size_t written = 0;
	for (size_t j = 0; j < a->entry_count; j++)
		written += a->entries[j].record.builder == LOPT_BUILDER_KANIKO;
	return a->builder == LOPT_BUILDER_KANIKO && written == 1 && t->shipping > 1;
}

static const char *judge(const struct aligner *a, const struct tally *t)
{
	if (t->hollow)
		return "buildah built it without --layers: one layer holds what all instructions of a stage wrote";
	if (is_single_snapshot(a, t))
		return "kaniko built it with --single-snapshot: one layer holds what all instructions wrote";
	if (t->matched == 0 || t->matched * 2 < t->expected || t->shipping_matched * 2 < t->shipping)
		return "hardly anything in the history fits this Dockerfile";
	return NULL;
}

static enum lopt_status give_up(struct lopt_alignment *alignment, const char *reason)
{
	alignment->impossible = true;
	alignment->reason = reason;
	alignment->matched = 0;
	alignment->base = 0;
	return LOPT_OK;
}

/* Matches that are not the only ones count for the verdict; lines are given to those that are. */
static void hand_out(struct aligner *a, const struct grid *g, size_t offset, uint32_t *lines,
		     struct lopt_alignment *alignment, struct tally *t)
{
	bool started = false;
	for (size_t j = 0; j < g->columns; j++) {
		size_t i = only_item(a, g, j);
		if (i == SIZE_MAX)
			continue;
		lines[offset + j] = a->chain.items[i].line;
		alignment->matched++;
		count_match(a, t, i, j);
		if (!started)
			alignment->base = offset + j;
		started = true;
	}
}

static enum lopt_status run(struct aligner *a, size_t offset, uint32_t *lines, struct lopt_alignment *alignment)
{
	LOPT_CLEANUP(grid_release) struct grid g = { 0 };
	a->item_ids = calloc(a->chain.count + 1, sizeof *a->item_ids);
	if (!a->item_ids)
		return lopt_error_memory(a->err);
	for (size_t i = 0; i < a->chain.count; i++)
		LOPT_TRY(number_text(a, a->chain.items[i].keyword, a->chain.items[i].text, &a->item_ids[i]));
	LOPT_TRY(fill_scores(a, &g));
	fill_forward(a, &g);
	fill_backward(a, &g);
	struct tally t = { 0 };
	count_expected(a, &t);
	hand_out(a, &g, offset, lines, alignment, &t);
	const char *reason = judge(a, &t);
	if (!reason)
		return LOPT_OK;
	memset(lines + offset, 0, g.columns * sizeof *lines);
	return give_up(alignment, reason);
}

/* Look at no more of the history's end than the instructions could have written. */
static size_t cut_window(struct aligner *a)
{
	size_t wanted = a->chain.count * 2 + WINDOW_EXTRA;
	if (a->entry_count <= wanted)
		return 0;
	size_t offset = a->entry_count - wanted;
	memmove(a->entries, a->entries + offset, wanted * sizeof *a->entries);
	a->entry_count = wanted;
	return offset;
}

enum lopt_status lopt_dockerfile_align(const struct lopt_dockerfile *dockerfile, const struct lopt_history *history,
				       size_t count, uint32_t *lines, struct lopt_alignment *alignment,
				       struct lopt_error *err)
{
	LOPT_CLEANUP(aligner_release) struct aligner a = { .err = err };
	lopt_arena_init(&a.arena, ARENA_MAX);
	*alignment = (struct lopt_alignment){ .builder = LOPT_BUILDER_UNKNOWN };
	if (count)
		memset(lines, 0, count * sizeof *lines);
	LOPT_TRY(read_entries(&a, history, count));
	a.builder = alignment->builder = find_builder(&a);
	if (a.builder == LOPT_BUILDER_UNKNOWN)
		return give_up(alignment, "the history is not in the words of a builder that is known");
	LOPT_TRY(learn_arguments(&a));
	struct lopt_error limit;
	enum lopt_status status = lopt_chain_build(&a.chain, &a.arena, dockerfile, a.builder, &a.learned, &limit);
	if (status == LOPT_E_LIMIT)
		return give_up(alignment, "the Dockerfile has too many instructions, or too long ones, to be aligned");
	if (status != LOPT_OK)
		return lopt_error_set(err, status, "%s", limit.message);
	size_t offset = cut_window(&a);
	return run(&a, offset, lines, alignment);
}
