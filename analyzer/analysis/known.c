/* SPDX-License-Identifier: MIT */
#include "analysis/known.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/table.h"
#include "layer/path.h"

/*
 * One walk over the final filesystem. Directories bring rules into force, a file is given to the first of them that
 * takes it, and an inode counts once: where it has several names, if all of them are known, and to the rule that
 * goes furthest.
 */

enum { EXAMPLES = 3, NO_RULE = LOPT_KNOWN_RULES };

/* A place, or a file of a rule that goes by names. */
struct example {
	struct lopt_str path;
	uint64_t bytes;
};

/* What one rule found in one layer. */
struct heap {
	uint64_t bytes, files;
	struct example current;
	struct example largest[EXAMPLES]; /* of the others, largest first */
	size_t count;
};

/* An inode with several names. */
struct linked {
	uint64_t number; /* layer and inode */
	uint64_t bytes;
	struct lopt_str where;
	size_t layer;
	unsigned rule; /* NO_RULE once a name of it is not known */
};

struct knowing {
	struct lopt_making *making;
	struct lopt_known_view view;
	struct lopt_places places;
	struct lopt_guards guards;
	struct lopt_found at; /* the node of the walk */
	struct heap **heaps;  /* by layer and rule; NULL where nothing was found */
	size_t heap_count;    /* heaps that hold something */
	struct linked *linked;
	size_t linked_count, linked_cap;
	struct lopt_table by_number; /* of linked inodes */
};

static void release_knowing(struct knowing *knowing)
{
	lopt_known_view_release(&knowing->view);
	lopt_places_release(&knowing->places);
	lopt_guards_release(&knowing->guards);
	for (size_t i = 0; knowing->heaps && i < lopt_image_layer_count(knowing->making->result.image); i++)
		free(knowing->heaps[i]);
	free(knowing->heaps);
	free(knowing->linked);
	lopt_table_release(&knowing->by_number);
}

/* --- counting --- */

static void keep_example(struct heap *heap, const struct example *example)
{
	size_t at = heap->count < EXAMPLES ? heap->count++ : EXAMPLES - 1;
	if (at == EXAMPLES - 1 && heap->largest[at].bytes >= example->bytes)
		return;
	for (; at > 0 && heap->largest[at - 1].bytes < example->bytes; at--)
		heap->largest[at] = heap->largest[at - 1];
	heap->largest[at] = *example;
}

static struct heap *heap_of(struct knowing *knowing, size_t layer, unsigned rule)
{
	if (!knowing->heaps[layer])
		knowing->heaps[layer] = calloc(LOPT_KNOWN_RULES, sizeof **knowing->heaps);
	return knowing->heaps[layer] ? &knowing->heaps[layer][rule] : NULL;
}

/* `where` is borrowed. */
static enum lopt_status count_file(struct knowing *knowing, size_t layer, unsigned rule, uint64_t bytes,
				   struct lopt_str where, struct lopt_error *err)
{
	bool *saturated = &knowing->making->saturated;
	struct heap *heap = heap_of(knowing, layer, rule);
	if (!heap)
		return lopt_error_memory(err);
	if (!lopt_str_equal(heap->current.path, where)) {
		if (heap->current.path.ptr)
			keep_example(heap, &heap->current);
		heap->current = (struct example){ .path = lopt_arena_copy(&knowing->making->arena, where) };
		if (!heap->current.path.ptr)
			return lopt_error_memory(err);
	}
	knowing->heap_count += heap->files == 0;
	heap->files++;
	heap->bytes = lopt_add_saturating(heap->bytes, bytes, saturated);
	heap->current.bytes = lopt_add_saturating(heap->current.bytes, bytes, saturated);
	return LOPT_OK;
}

static bool is_number(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)key;
	return ((const struct knowing *)owner)->linked[value].number == number;
}

static enum lopt_status add_linked(struct knowing *knowing, const struct linked *first, struct lopt_error *err)
{
	struct linked *linked =
		lopt_grow(knowing->linked, &knowing->linked_cap, knowing->linked_count + 1, sizeof *linked);
	if (!linked)
		return lopt_error_memory(err);
	knowing->linked = linked;
	linked[knowing->linked_count] = *first;
	if (first->rule != NO_RULE) {
		linked[knowing->linked_count].where = lopt_arena_copy(&knowing->making->arena, first->where);
		if (!linked[knowing->linked_count].where.ptr)
			return lopt_error_memory(err);
	}
	if (!lopt_table_insert(&knowing->by_number, first->number, lopt_str_make("", 0),
			       (uint32_t)knowing->linked_count))
		return lopt_error_memory(err);
	knowing->linked_count++;
	return LOPT_OK;
}

/* One more name of an inode that has several; what becomes of it is known after the last. */
static enum lopt_status note_name(struct knowing *knowing, const struct linked *name, struct lopt_error *err)
{
	uint32_t found = lopt_table_find(&knowing->by_number, name->number, lopt_str_make("", 0), is_number, knowing);
	if (found == LOPT_TABLE_NONE)
		return add_linked(knowing, name, err);
	if (name->rule > knowing->linked[found].rule)
		knowing->linked[found].rule = name->rule;
	return LOPT_OK;
}

static enum lopt_status count_linked(struct knowing *knowing, struct lopt_error *err)
{
	for (size_t i = 0; i < knowing->linked_count; i++) {
		const struct linked *linked = &knowing->linked[i];
		if (linked->rule != NO_RULE)
			LOPT_TRY(count_file(knowing, linked->layer, linked->rule, linked->bytes, linked->where, err));
	}
	return LOPT_OK;
}

/* --- the walk --- */

/* *bytes is 0 when the rule does not take the file. */
static enum lopt_status try_rule(struct knowing *knowing, unsigned id, struct lopt_known_file *file, uint64_t *bytes,
				 struct lopt_error *err)
{
	const struct lopt_known_rule *rule = lopt_known_rule((enum lopt_known_id)id);
	*bytes = file->node->size;
	if (rule->fits && !rule->fits(file))
		*bytes = 0;
	else if (rule->look)
		return rule->look(&knowing->view, file, bytes, err);
	return LOPT_OK;
}

/* The place of a rule that has one in force here, with its slash; else the file itself. */
static struct lopt_str place_of(const struct knowing *knowing, const struct lopt_node *node, unsigned id, bool placed)
{
	size_t start = placed ? lopt_places_start(&knowing->places, (enum lopt_known_id)id) + 1 : node->path.len;
	return lopt_str_make(node->path.ptr, start);
}

static enum lopt_status look(struct knowing *knowing, const struct lopt_node *node, lopt_known_set placed,
			     struct lopt_error *err)
{
	struct lopt_known_file file = { .node = node, .name = lopt_path_base(node->path) };
	lopt_known_set left = placed | lopt_known_by_name(node, file.name);
	struct linked found = { .layer = node->inode_layer->index, .rule = NO_RULE };
	while (left && found.rule == NO_RULE) {
		unsigned id = (unsigned)__builtin_ctzll(left);
		bool in_place = placed & LOPT_KNOWN_BIT(id);
		found.where = place_of(knowing, node, id, in_place);
		file.inside =
			in_place ? lopt_str_make(node->path.ptr + found.where.len, node->path.len - found.where.len)
				 : file.name;
		LOPT_TRY(try_rule(knowing, id, &file, &found.bytes, err));
		if (found.bytes)
			found.rule = id;
		left &= left - 1;
	}
	found.number = (uint64_t)found.layer << 32 | node->inode;
	if (node->hardlink.len)
		return note_name(knowing, &found, err);
	if (found.rule == NO_RULE)
		return LOPT_OK;
	return count_file(knowing, found.layer, found.rule, found.bytes, found.where, err);
}

static enum lopt_status enter(struct knowing *knowing, const struct lopt_node *node, lopt_known_set rules,
			      struct lopt_error *err)
{
	lopt_known_set own;
	LOPT_TRY(lopt_places_own(&knowing->places, node->path, &own, err));
	if (knowing->at.node == knowing->guards.working_dir)
		own &= ~LOPT_KNOWN_SAFE;
	return lopt_places_enter(&knowing->places, knowing->at.node, node->path.len, rules | own, err);
}

static enum lopt_status visit(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct knowing *knowing = context;
	if (!lopt_found_next(knowing->making->result.image, &knowing->at))
		return lopt_error_set(err, LOPT_E_BUG, "two walks over one tree differ");
	lopt_known_set rules = lopt_places_go(&knowing->places, knowing->at.parent) &
			       ~knowing->guards.nodes[knowing->at.node];
	if (node->type == LOPT_DIR)
		return enter(knowing, node, rules, err);
	return node->inode_layer && node->size ? look(knowing, node, rules, err) : LOPT_OK;
}

/* --- rows --- */

static int compare_paths(const void *a, const void *b)
{
	return lopt_str_compare(*(const struct lopt_str *)a, *(const struct lopt_str *)b);
}

static const char *advice_for(const struct knowing *knowing, size_t layer, const struct lopt_known_rule *rule)
{
	enum lopt_maker maker = lopt_making_maker(knowing->making, layer);
	if (maker == LOPT_MADE_BY_BASE)
		return "The base image ships this: choose a base without it, or rebuild the base.";
	if (maker == LOPT_MADE_BY_COPY)
		return "Do not copy it in: name it in .dockerignore, or copy less.";
	return rule->kept && knowing->view.docker_clean ? rule->kept : rule->advice;
}

static enum lopt_status make_row(struct knowing *knowing, size_t layer, unsigned id, struct lopt_known_row *row,
				 struct lopt_error *err)
{
	const struct lopt_known_rule *rule = lopt_known_rule((enum lopt_known_id)id);
	struct heap *heap = &knowing->heaps[layer][id];
	keep_example(heap, &heap->current);
	struct lopt_str *paths = lopt_arena_zalloc(&knowing->making->arena, heap->count, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	for (size_t i = 0; i < heap->count; i++)
		paths[i] = heap->largest[i].path;
	qsort(paths, heap->count, sizeof *paths, compare_paths);
	*row = (struct lopt_known_row){
		.rule = rule->name,
		.level = rule->level,
		.what = rule->what,
		.effect = rule->effect,
		.advice = advice_for(knowing, layer, rule),
		.layer = layer,
		.bytes = heap->bytes,
		.files = heap->files,
		.paths = paths,
		.path_count = heap->count,
		.largest = heap->largest[0].path,
	};
	return LOPT_OK;
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_known_row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	int r = strcmp(x->rule, y->rule);
	return r ? r : (x->layer > y->layer) - (x->layer < y->layer);
}

static enum lopt_status make_rows(struct knowing *knowing, struct lopt_error *err)
{
	struct lopt_making *making = knowing->making;
	struct lopt_known_row *rows = lopt_arena_zalloc(&making->arena, knowing->heap_count + 1, sizeof *rows);
	size_t count = 0;
	if (!rows)
		return lopt_error_memory(err);
	for (size_t layer = 0; layer < lopt_image_layer_count(making->result.image); layer++) {
		for (unsigned id = 0; knowing->heaps[layer] && id < LOPT_KNOWN_RULES; id++)
			if (knowing->heaps[layer][id].files)
				LOPT_TRY(make_row(knowing, layer, id, &rows[count++], err));
	}
	qsort(rows, count, sizeof *rows, compare_rows);
	making->result.known = rows;
	making->result.known_count = count;
	return LOPT_OK;
}

/* What a layer wastes, and what of it safe rules know. */
static void sum_up(struct lopt_making *making)
{
	for (size_t i = 0; i < lopt_image_layer_count(making->result.image); i++)
		making->layers[i].reclaimable_bytes = making->layers[i].wasted_bytes;
	for (size_t i = 0; i < making->result.known_count; i++) {
		const struct lopt_known_row *row = &making->result.known[i];
		uint64_t *bytes = &making->layers[row->layer].reclaimable_bytes;
		if (row->level == LOPT_LEVEL_SAFE)
			*bytes = lopt_add_saturating(*bytes, row->bytes, &making->saturated);
	}
}

enum lopt_status lopt_make_known(struct lopt_making *making, struct lopt_error *err)
{
	LOPT_CLEANUP(release_knowing) struct knowing knowing = { .making = making };
	const struct lopt_image *image = making->result.image;
	knowing.heaps = calloc(lopt_image_layer_count(image) + 1, sizeof *knowing.heaps);
	if (!knowing.heaps)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_known_view_init(&knowing.view, making, err));
	LOPT_TRY(lopt_places_init(&knowing.places, &knowing.view, err));
	LOPT_TRY(lopt_guards_find(&knowing.guards, &knowing.view, err));
	LOPT_TRY(lopt_image_walk(image, visit, &knowing, err));
	LOPT_TRY(count_linked(&knowing, err));
	LOPT_TRY(make_rows(&knowing, err));
	sum_up(making);
	return LOPT_OK;
}

/* --- findings --- */

/* "layer 3 holds package lists of apt (12 files); once gone, apt-get install needs an apt-get update before it" */
static enum lopt_status describe(struct lopt_making *making, const struct lopt_known_row *row, struct lopt_str *message,
				 struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf files = LOPT_BUF_INIT(64);
	lopt_count_format(&files, row->files);
	if (files.failed)
		return lopt_error_memory(err);
	*message = lopt_making_text(making, "layer %zu holds %s (%s file%s); once gone, %s", row->layer, row->what,
				    files.data, row->files == 1 ? "" : "s", row->effect);
	return message->ptr ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_make_known_findings(struct lopt_making *making, struct lopt_error *err)
{
	for (size_t i = 0; i < making->result.known_count; i++) {
		const struct lopt_known_row *row = &making->result.known[i];
		bool warns = row->level == LOPT_LEVEL_SAFE && row->bytes >= LOPT_WARN_BYTES;
		struct lopt_finding finding = {
			.rule = row->rule,
			.severity = warns ? LOPT_WARNING : LOPT_INFO,
			.level = row->level,
			.advice = lopt_str_from(row->advice),
			.bytes = row->bytes,
			.layer = row->layer,
			.paths = row->paths,
			.path_count = row->path_count,
			.largest = row->largest,
		};
		LOPT_TRY(describe(making, row, &finding.message, err));
		LOPT_TRY(lopt_findings_add(making, &finding, err));
	}
	return LOPT_OK;
}

enum lopt_keep lopt_known_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	(void)head;
	return lopt_known_may_be_elf(lopt_path_base(entry->path), entry->mode) ? LOPT_KEEP_SECTIONS : LOPT_KEEP_NOTHING;
}
