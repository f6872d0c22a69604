/* SPDX-License-Identifier: MIT */
#include "proof/blame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "proof/steps.h"

LOPT_PRINTF(4, 5)
static enum lopt_status drop(struct lopt_plan *plan, size_t edit, struct lopt_error *err, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	plan->edits[edit].state = LOPT_EDIT_DROPPED;
	plan->edits[edit].why = lopt_arena_copy(&plan->arena, lopt_str_from(text));
	return plan->edits[edit].why.ptr ? LOPT_OK : lopt_error_memory(err);
}

/* What is PROVED held before, without the others. */
static bool is_suspect(const struct lopt_edit *edit)
{
	return edit->state == LOPT_EDIT_CHOSEN;
}

/* Of two suspects, one of which may be none. */
static size_t less_trusted(const struct lopt_plan *plan, size_t a, size_t b)
{
	return a == SIZE_MAX || lopt_edit_compare_trust(&plan->edits[a], &plan->edits[b]) < 0 ? b : a;
}

/* Of a build that failed: the instruction that did. */

/* "/tmp/" of "/tmp" followed by a pattern: where something is missed that a removal took. */
static struct lopt_str place_of(struct lopt_str operand)
{
	const char *slash = operand.len ? memrchr(operand.ptr, '/', operand.len) : NULL;
	bool pattern = slash && memchr(slash, '*', operand.len - (size_t)(slash - operand.ptr));
	return pattern ? lopt_str_make(operand.ptr, (size_t)(slash - operand.ptr) + 1) : operand;
}

/* Is this the operand of an "rm -rf"? That does not make an instruction fail. */
static bool is_removed_at(struct lopt_str text, size_t at)
{
	static const char removal[] = "rm -rf ";
	while (at && !strchr("&;|(", text.ptr[at - 1]))
		at--;
	while (at < text.len && strchr(" \t\r\n\\", text.ptr[at]))
		at++;
	return text.len - at >= sizeof removal - 1 && memcmp(text.ptr + at, removal, sizeof removal - 1) == 0;
}

static bool is_used_in(struct lopt_str text, struct lopt_str name)
{
	for (size_t at = 0; at < text.len; at++) {
		const char *found = memmem(text.ptr + at, text.len - at, name.ptr, name.len);
		if (!found)
			return false;
		at = (size_t)(found - text.ptr);
		if (!is_removed_at(text, at))
			return true;
	}
	return false;
}

/* Does the edit show in the text of an instruction of the candidate, or the place it took something from? */
static bool shows_in(const struct lopt_edit *edit, struct lopt_str text)
{
	for (size_t i = 0; i < edit->step_count; i++) {
		const struct lopt_edit_step *step = &edit->steps[i];
		bool removes = step->kind == LOPT_STEP_REMOVE;
		struct lopt_str added = removes ? place_of(step->text) : step->text;
		if (added.len <= 1)
			continue;
		if (removes ? is_used_in(text, added) : memmem(text.ptr, text.len, added.ptr, added.len) != NULL)
			return true;
	}
	return false;
}

/* BuildKit numbers only what it runs, but repeats the instruction in its last words: " > [4/9] RUN make:". */
static const struct lopt_instruction *find_quoted(const struct lopt_dockerfile *file, struct lopt_str log)
{
	static const char front[] = "\n > [";
	enum { ENOUGH = 60 };
	const char *quote = NULL;
	for (const char *at = log.ptr, *found; log.len; at = found + 1) {
		found = memmem(at, log.len - (size_t)(at - log.ptr), front, sizeof front - 1);
		if (!found)
			break;
		quote = found;
	}
	size_t left = quote ? log.len - (size_t)(quote - log.ptr) : 0;
	const char *text = quote ? memchr(quote, ']', left) : NULL;
	if (!text || left - (size_t)(text - quote) < 2)
		return NULL;
	struct lopt_str said = lopt_str_make(text + 2, left - (size_t)(text - quote) - 2);
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++) {
		struct lopt_str line = lopt_dockerfile_at(file, i)->text;
		size_t len = line.len < ENOUGH ? line.len : ENOUGH;
		if (said.len >= len && memcmp(said.ptr, line.ptr, len) == 0)
			return lopt_dockerfile_at(file, i);
	}
	return NULL;
}

static enum lopt_status blame_step(size_t *dropped, struct lopt_plan *plan, struct lopt_str candidate,
				   enum lopt_builder builder, struct lopt_str log, struct lopt_error *err)
{
	size_t step = lopt_steps_count(builder, log).last;
	struct lopt_dockerfile *file;
	struct lopt_error unheard;
	if (lopt_dockerfile_parse(&file, candidate, &unheard) != LOPT_OK)
		return LOPT_OK;
	enum lopt_status status = LOPT_OK;
	const struct lopt_instruction *failed = builder == LOPT_BUILDER_BUILDKIT ? find_quoted(file, log)
						: step				 ? lopt_dockerfile_at(file, step - 1)
										 : NULL;
	size_t guilty = SIZE_MAX;
	for (size_t i = 0; failed && i < plan->count; i++)
		if (is_suspect(&plan->edits[i]) && shows_in(&plan->edits[i], failed->source))
			guilty = less_trusted(plan, guilty, i);
	if (guilty != SIZE_MAX) {
		status = drop(plan, guilty, err,
			      "with it the Dockerfile does not build: the instruction it changes fails");
		*dropped = 1;
	}
	lopt_dockerfile_free(file);
	return status;
}

/* Of a difference: the edits whose instructions wrote there. */

static bool touches(const struct lopt_edit *edit, size_t instruction)
{
	for (size_t i = 0; i < edit->step_count; i++)
		if (edit->steps[i].instruction == instruction ||
		    (edit->steps[i].kind == LOPT_STEP_FOLD && edit->steps[i].other == instruction))
			return true;
	return false;
}

static size_t parent_length(struct lopt_str path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	return slash ? (size_t)(slash - path.ptr) : 0;
}

/* How close what an edit says it changes comes to a path: 3 the path or above it, 2 beside it, 0 not. */
static unsigned closeness(const struct lopt_edit *edit, struct lopt_str path)
{
	size_t parent = parent_length(path);
	unsigned best = 0;
	for (size_t i = 0; i < edit->effect_count; i++) {
		struct lopt_str at = edit->effects[i].path;
		if (lopt_str_equal(at, path) ||
		    (path.len > at.len && path.ptr[at.len] == '/' && memcmp(path.ptr, at.ptr, at.len) == 0))
			return 3;
		if (parent && parent_length(at) == parent && memcmp(path.ptr, at.ptr, parent) == 0)
			best = 2;
	}
	return best;
}

static size_t instruction_of(const struct lopt_plan_input *input, const struct lopt_difference *difference)
{
	const struct lopt_layer *layer = difference->before.layer;
	uint32_t line = layer ? input->analysis->layers[layer->index].line : 0;
	for (size_t i = 0; line && i < lopt_dockerfile_count(input->file); i++)
		if (lopt_dockerfile_at(input->file, i)->line == line)
			return i;
	return SIZE_MAX;
}

/* The edit that a difference points at most: what it changes is closest, or its instruction wrote there. */
static size_t suspect_of(const struct lopt_plan *plan, const struct lopt_plan_input *input,
			 const struct lopt_difference *difference)
{
	size_t instruction = instruction_of(input, difference), guilty = SIZE_MAX;
	unsigned most = 0;
	for (size_t i = 0; i < plan->count; i++) {
		if (!is_suspect(&plan->edits[i]))
			continue;
		unsigned close = closeness(&plan->edits[i], difference->path);
		if (!close && touches(&plan->edits[i], instruction))
			close = 1;
		if (close > most)
			guilty = i;
		else if (close == most && close)
			guilty = less_trusted(plan, guilty, i);
		most = close > most ? close : most;
	}
	return guilty;
}

/* Each difference has one: those of all of them go together. */
static enum lopt_status blame_differences(size_t *dropped, struct lopt_plan *plan, const struct lopt_plan_input *input,
					  const struct lopt_trial *trial, struct lopt_error *err)
{
	const struct lopt_comparison *comparison = &trial->comparison;
	LOPT_CLEANUP(lopt_cleanup_bytes)
	const struct lopt_difference **first = calloc(plan->count + 1, sizeof *first);
	if (!first)
		return lopt_error_memory(err);
	for (size_t i = 0; i < comparison->count; i++) {
		if (comparison->differences[i].reason != LOPT_REASON_NONE)
			continue;
		size_t guilty = suspect_of(plan, input, &comparison->differences[i]);
		if (guilty != SIZE_MAX && !first[guilty])
			first[guilty] = &comparison->differences[i];
	}
	for (size_t i = 0; i < plan->count; i++) {
		if (!first[i])
			continue;
		LOPT_TRY(drop(plan, i, err, "the rebuild refuted it: /%.*s differs in a way it does not explain",
			      LOPT_STR_ARGS(first[i]->path)));
		++*dropped;
	}
	return LOPT_OK;
}

/* Of a test: the edit that takes away what a program could miss, if there is but one. */
static enum lopt_status blame_test(size_t *dropped, struct lopt_plan *plan, const struct lopt_trial *trial,
				   struct lopt_error *err)
{
	size_t found = SIZE_MAX;
	for (size_t i = 0; i < plan->count; i++) {
		if (!is_suspect(&plan->edits[i]) || !plan->edits[i].needs_test)
			continue;
		if (found != SIZE_MAX)
			return LOPT_OK;
		found = i;
	}
	if (found == SIZE_MAX)
		return LOPT_OK;
	*dropped = 1;
	return drop(plan, found, err, "with it test %zu fails", trial->failed_test);
}

/* The first of a configuration, or of a filesystem. */
static void add_first_difference(struct lopt_buf *out, const struct lopt_comparison *comparison)
{
	for (size_t i = 0; i < comparison->config_count; i++)
		if (comparison->config[i].reason == LOPT_REASON_NONE) {
			lopt_buf_printf(out, ": %.*s of the configuration",
					LOPT_STR_ARGS(comparison->config[i].member));
			return;
		}
	for (size_t i = 0; i < comparison->count; i++)
		if (comparison->differences[i].reason == LOPT_REASON_NONE) {
			lopt_buf_printf(out, ": /%.*s", LOPT_STR_ARGS(comparison->differences[i].path));
			return;
		}
}

void lopt_blame_reason(struct lopt_buf *out, const struct lopt_trial *trial)
{
	lopt_buf_clear(out);
	switch (trial->verdict) {
	case LOPT_VERDICT_NOT_BUILT:
		lopt_buf_text(out, "with it the Dockerfile does not build");
		break;
	case LOPT_VERDICT_TEST_FAILED:
		lopt_buf_printf(out, "with it test %zu fails", trial->failed_test);
		break;
	case LOPT_VERDICT_PROVED:
		lopt_buf_text(out, "it saves nothing");
		break;
	case LOPT_VERDICT_DIFFERS:
	case LOPT_VERDICT_DRIFTED:
		lopt_buf_text(out, "with it the container differs in a way that is not explained");
		add_first_difference(out, &trial->comparison);
	}
}

enum lopt_status lopt_blame_one(struct lopt_plan *plan, size_t edit, const struct lopt_buf *reason,
				struct lopt_error *err)
{
	return reason->failed ? lopt_error_memory(err)
			      : drop(plan, edit, err, "%.*s", LOPT_STR_ARGS(lopt_buf_view(reason)));
}

enum lopt_status lopt_blame(size_t *dropped, struct lopt_plan *plan, const struct lopt_plan_input *input,
			    const struct lopt_trial *trial, struct lopt_str candidate, struct lopt_error *err)
{
	*dropped = 0;
	switch (trial->verdict) {
	case LOPT_VERDICT_NOT_BUILT:
		return blame_step(dropped, plan, candidate, input->builder, lopt_buf_view(&trial->subject.built.log),
				  err);
	case LOPT_VERDICT_TEST_FAILED:
		return blame_test(dropped, plan, trial, err);
	case LOPT_VERDICT_DIFFERS:
	case LOPT_VERDICT_DRIFTED:
		return blame_differences(dropped, plan, input, trial, err);
	case LOPT_VERDICT_PROVED:
		break;
	}
	return LOPT_OK;
}

/* Credit. */

struct tally {
	struct lopt_str path;
	uint64_t before, after;
};

struct tallies {
	struct tally *items;
	size_t count, cap;
	struct lopt_table table;
};

static void release_tallies(struct tallies *tallies)
{
	lopt_table_release(&tallies->table);
	free(tallies->items);
}

static bool is_tally(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct tallies *tallies = owner;
	(void)number;
	return lopt_str_equal(tallies->items[value].path, key);
}

static struct tally *find_tally(const struct tallies *tallies, struct lopt_str path)
{
	uint32_t at = lopt_table_find(&tallies->table, 0, path, is_tally, tallies);
	return at == LOPT_TABLE_NONE ? NULL : &tallies->items[at];
}

static enum lopt_status add_tally(struct tallies *tallies, struct lopt_str path, struct lopt_error *err)
{
	if (find_tally(tallies, path))
		return LOPT_OK;
	struct tally *items = lopt_grow(tallies->items, &tallies->cap, tallies->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	tallies->items = items;
	items[tallies->count] = (struct tally){ .path = path };
	if (!lopt_table_insert(&tallies->table, 0, path, (uint32_t)tallies->count))
		return lopt_error_memory(err);
	tallies->count++;
	return LOPT_OK;
}

static void count_image(const struct tallies *tallies, const struct lopt_image *image, bool after)
{
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		for (size_t j = 0; j < layer->inode_count; j++) {
			struct tally *tally = find_tally(tallies, layer->inodes[j].path);
			if (tally)
				*(after ? &tally->after : &tally->before) += layer->inodes[j].size;
		}
	}
}

static const struct lopt_inode *inode_of(const struct lopt_plan *plan, const struct lopt_claim *claim)
{
	return &lopt_image_layer(plan->image, claim->layer)->inodes[claim->inode];
}

/* Of files that became smaller. */
static void credit_shrinking(struct lopt_edit *edit, const struct tallies *tallies)
{
	for (size_t i = 0; edit->extra_bytes && i < edit->effect_count; i++) {
		struct tally *tally = find_tally(tallies, edit->effects[i].path);
		if (!tally || tally->after >= tally->before)
			continue;
		edit->proved_bytes += tally->before - tally->after;
		tally->before = tally->after;
	}
}

static void credit_edit(const struct lopt_plan *plan, struct lopt_edit *edit, const struct tallies *tallies)
{
	edit->proved_bytes = 0;
	for (size_t i = 0; i < edit->claim_count; i++) {
		const struct lopt_inode *inode = inode_of(plan, &edit->claims[i]);
		struct tally *tally = find_tally(tallies, inode->path);
		if (!tally || tally->after >= tally->before)
			continue;
		uint64_t gone = tally->before - tally->after;
		uint64_t part = inode->size < gone ? inode->size : gone;
		edit->proved_bytes += part;
		tally->before -= part;
	}
	credit_shrinking(edit, tallies);
}

enum lopt_status lopt_credit(struct lopt_plan *plan, const struct lopt_image *before, const struct lopt_image *after,
			     struct lopt_error *err)
{
	LOPT_CLEANUP(release_tallies) struct tallies tallies = { 0 };
	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; plan->edits[i].state == LOPT_EDIT_PROVED && j < plan->edits[i].claim_count; j++)
			LOPT_TRY(add_tally(&tallies, inode_of(plan, &plan->edits[i].claims[j])->path, err));
	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; plan->edits[i].extra_bytes && j < plan->edits[i].effect_count; j++)
			LOPT_TRY(add_tally(&tallies, plan->edits[i].effects[j].path, err));
	count_image(&tallies, before, false);
	count_image(&tallies, after, true);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->edits[i].state == LOPT_EDIT_PROVED)
			credit_edit(plan, &plan->edits[i], &tallies);
	return LOPT_OK;
}
