/* SPDX-License-Identifier: MIT */
#include "repack/stacks.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "tree/inplace.h"
#include "tree/same.h"

/* Whether a layer is not the same to all engines, or may not be. */
static bool has_doubtful_layer(const struct lopt_repack_plan *plan)
{
	for (size_t i = 0; i < plan->layer_count; i++)
		if (plan->layers[i].why.ptr)
			return true;
	return false;
}

enum lopt_status lopt_stacks_init(struct lopt_stacks *stacks, struct lopt_repack_plan *plan,
				  const struct lopt_limits *limits, struct lopt_error *err)
{
	*stacks = (struct lopt_stacks){
		.plan = plan,
		.limits = limits,
		.wants_applied = plan->mode != LOPT_REPACK_TRIM || plan->max_layers || has_doubtful_layer(plan),
	};
	lopt_arena_init(&stacks->arena, limits->arena_bytes);
	lopt_notes_init(&stacks->notes, &stacks->arena);
	LOPT_TRY(lopt_tree_init(&stacks->applied, &stacks->arena, limits, &stacks->notes, err));
	return lopt_tree_init(&stacks->overlay, &stacks->arena, limits, &stacks->notes, err);
}

void lopt_stacks_release(struct lopt_stacks *stacks)
{
	lopt_tree_release(&stacks->overlay);
	lopt_tree_release(&stacks->applied);
	lopt_notes_release(&stacks->notes);
	lopt_arena_release(&stacks->arena);
	*stacks = (struct lopt_stacks){ 0 };
}

/* --- one layer in both ways --- */

struct pair {
	struct lopt_tree *overlay, *applied;
	bool *fails;
};

/* The entries are completed by it, and borrowed. */
static enum lopt_status put_entries(const struct pair *to, struct lopt_entry *entries, size_t count, size_t index,
				    bool wants_applied, struct lopt_error *err)
{
	struct lopt_layer_data data = { .entries = entries, .entry_count = count };
	const struct lopt_tree_layer layer = { &data, (uint32_t)index };
	struct lopt_tree_changes changes;
	LOPT_TRY(lopt_tree_apply(to->overlay, &layer, &changes, err));
	if (!wants_applied || *to->fails)
		return LOPT_OK;
	return lopt_tree_apply_in_place(to->applied, &layer, to->fails, err);
}

enum lopt_status lopt_stacks_put(struct lopt_stacks *stacks, const struct lopt_draft *draft, struct lopt_error *err)
{
	const struct lopt_layer *view = &draft->view;
	struct lopt_entry *entries = lopt_arena_zalloc(&stacks->arena, view->entry_count + 1, sizeof *entries);
	const struct pair to = { &stacks->overlay, &stacks->applied, &stacks->fails };
	size_t count = 0;
	if (!entries)
		return lopt_error_memory(err);
	for (size_t i = 0; i < view->entry_count; i++)
		if (!draft->goes || !draft->goes[i])
			entries[count++] = view->entries[i];
	return put_entries(&to, entries, count, draft->first + draft->count - 1, stacks->wants_applied, err);
}

/* --- joining --- */

/* The stacks with more on top, for a look. */
struct trial {
	struct lopt_arena arena;
	struct lopt_notes notes;
	struct lopt_tree overlay, applied;
	bool fails;
	struct lopt_entry **entries; /* of each layer; NULL-terminated by `count` */
	size_t count;
};

static void release_trial(struct trial *trial)
{
	for (size_t i = 0; trial->entries && i < trial->count; i++)
		free(trial->entries[i]);
	free(trial->entries);
	lopt_tree_release(&trial->overlay);
	lopt_tree_release(&trial->applied);
	lopt_notes_release(&trial->notes);
	lopt_arena_release(&trial->arena);
}

static enum lopt_status open_trial(struct trial *trial, const struct lopt_stacks *stacks, struct lopt_error *err)
{
	lopt_arena_init(&trial->arena, stacks->limits->arena_bytes);
	lopt_notes_init(&trial->notes, &trial->arena);
	trial->fails = stacks->fails;
	LOPT_TRY(lopt_tree_copy(&trial->overlay, &stacks->overlay, &trial->notes, err));
	LOPT_TRY(lopt_tree_copy(&trial->applied, &stacks->applied, &trial->notes, err));
	trial->overlay.arena = trial->applied.arena = &trial->arena;
	return LOPT_OK;
}

static enum lopt_status try_layers(struct trial *trial, const struct lopt_stacks *stacks, size_t first, size_t count,
				   struct lopt_error *err)
{
	const struct pair to = { &trial->overlay, &trial->applied, &trial->fails };
	LOPT_TRY(open_trial(trial, stacks, err));
	trial->entries = calloc(count, sizeof *trial->entries);
	if (!trial->entries)
		return lopt_error_memory(err);
	for (trial->count = 0; trial->count < count;) {
		size_t index = first + trial->count;
		const struct lopt_layer *layer = lopt_image_layer(stacks->plan->image, index);
		struct lopt_entry *entries = reallocarray(NULL, layer->entry_count + 1, sizeof *entries);
		if (!entries)
			return lopt_error_memory(err);
		if (layer->entry_count)
			memcpy(entries, layer->entries, layer->entry_count * sizeof *entries);
		trial->entries[trial->count++] = entries;
		LOPT_TRY(put_entries(&to, entries, layer->entry_count, index, true, err));
	}
	return LOPT_OK;
}

/* *loads: false when no engine would load it, as where a name led through a symbolic link that is another layer's now. */
static enum lopt_status try_draft(struct trial *trial, const struct lopt_stacks *stacks, struct lopt_draft *draft,
				  bool *loads, struct lopt_error *err)
{
	const struct pair to = { &trial->overlay, &trial->applied, &trial->fails };
	struct lopt_error why = { 0 };
	LOPT_TRY(open_trial(trial, stacks, err));
	enum lopt_status status =
		put_entries(&to, draft->entries, draft->view.entry_count, draft->first + draft->count - 1, true, &why);
	*loads = status != LOPT_E_INPUT;
	if (*loads && status != LOPT_OK && err)
		*err = why;
	return *loads ? status : LOPT_OK;
}

static bool engines_differ(const struct lopt_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		if (strcmp(notes->items[i].rule, "engines-differ") == 0 && notes->items[i].severity >= LOPT_WARNING)
			return true;
	return false;
}

struct content_check {
	const struct trial *apart;
	const struct lopt_draft *draft;
};

/* What is not from the layers themselves is from below, the same object in both. */
static bool is_from(const void *context, const struct lopt_object *a, const struct lopt_object *b)
{
	const struct content_check *check = context;
	const struct lopt_draft *draft = check->draft;
	if (a->primary == b->primary)
		return true;
	if (b->primary < draft->entries || b->primary >= draft->entries + draft->view.entry_count ||
	    a->layer < draft->first)
		return false;
	const struct lopt_piece *piece = &draft->pieces[b->primary - draft->entries];
	return piece->layer == a->layer && check->apart->entries[a->layer - draft->first] + piece->entry == a->primary;
}

static enum lopt_status compare(const struct trial *apart, const struct trial *together, const struct lopt_draft *draft,
				bool *same, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf where = LOPT_BUF_INIT(SIZE_MAX / 2);
	const struct content_check check = { apart, draft };
	const struct lopt_tree_match match = { .same_content = is_from, .context = &check };
	*same = !engines_differ(&together->notes);
	if (*same)
		LOPT_TRY(lopt_tree_same(&apart->overlay, &together->overlay, &match, same, &where, err));
	if (!*same || apart->fails)
		return LOPT_OK;
	*same = !together->fails;
	return *same ? lopt_tree_same(&apart->applied, &together->applied, &match, same, &where, err) : LOPT_OK;
}

enum lopt_status lopt_stacks_join(struct lopt_draft *out, struct lopt_stacks *stacks, size_t first, size_t count,
				  bool *same, struct lopt_error *err)
{
	LOPT_CLEANUP(release_trial) struct trial apart = { 0 };
	LOPT_CLEANUP(release_trial) struct trial together = { 0 };
	LOPT_TRY(try_layers(&apart, stacks, first, count, err));
	const struct lopt_join join = {
		.plan = stacks->plan,
		.first = first,
		.count = count,
		.entries = apart.entries,
		.below = &stacks->overlay,
		.top = &apart.overlay,
		.limits = stacks->limits,
	};
	LOPT_TRY(lopt_join(out, &join, same, err));
	if (!*same)
		return LOPT_OK;
	LOPT_TRY(try_draft(&together, stacks, out, same, err));
	return *same ? compare(&apart, &together, out, same, err) : LOPT_OK;
}
