/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "advice/evidence.h"
#include "base/cleanup.h"

/*
 * What one RUN makes and a later one removes or writes anew: where nothing else stands between them that matters, they
 * become one instruction, and the bytes never get into a layer.
 */

enum { LEAST_PARTS = 2000 }; /* of a million: instructions that are one are cached as one */

struct group {
	size_t from, to; /* instructions, both RUN; SIZE_MAX: gone */
	uint64_t bytes;
};

/* May stand between two RUN that become one: it neither writes files nor changes what commands see. */
static bool is_harmless(enum lopt_keyword keyword)
{
	switch (keyword) {
	case LOPT_KEYWORD_CMD:
	case LOPT_KEYWORD_ENTRYPOINT:
	case LOPT_KEYWORD_EXPOSE:
	case LOPT_KEYWORD_HEALTHCHECK:
	case LOPT_KEYWORD_LABEL:
	case LOPT_KEYWORD_MAINTAINER:
	case LOPT_KEYWORD_STOPSIGNAL:
		return true;
	default:
		return false;
	}
}

/* Do two layers write at the same path, other than directories both have? */
static bool overlap(const struct lopt_evidence *evidence, size_t a, size_t b)
{
	const struct lopt_layer *x = lopt_image_layer(evidence->image, a);
	for (size_t i = 0; i < x->entry_count; i++) {
		size_t at = b + 1;
		if (x->entries[i].type == LOPT_DIR)
			continue;
		const struct lopt_entry *other = lopt_evidence_below(evidence, x->entries[i].path, b + 1, &at);
		if (other && at == b)
			return true;
	}
	return false;
}

/* A COPY may go in front of a RUN that does not touch what it brings. */
static bool may_go_before(const struct lopt_evidence *evidence, size_t copy, size_t from)
{
	enum lopt_keyword keyword = evidence->keywords[copy];
	if (keyword != LOPT_KEYWORD_COPY && keyword != LOPT_KEYWORD_ADD)
		return false;
	if (evidence->layer_of[copy] == LOPT_NO_LAYER)
		return false;
	for (size_t i = from; i < copy; i++)
		if (evidence->keywords[i] == LOPT_KEYWORD_RUN && evidence->layer_of[i] != LOPT_NO_LAYER &&
		    overlap(evidence, evidence->layer_of[i], evidence->layer_of[copy]))
			return false;
	return true;
}

static bool is_foldable(const struct lopt_evidence *evidence, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++) {
		bool run = evidence->keywords[i] == LOPT_KEYWORD_RUN && evidence->shells[i].understood &&
			   lopt_evidence_at(evidence, i)->flag_count == 0;
		if (!run && !is_harmless(evidence->keywords[i]) && !may_go_before(evidence, i, from))
			return false;
	}
	return true;
}

/* A copy that an edit leaves out hides nothing any more. */
static bool is_unhidden(const struct lopt_evidence *evidence, const struct lopt_inode *inode)
{
	size_t at;
	if (inode->cause != LOPT_CAUSE_METADATA_ONLY)
		return false;
	const struct lopt_entry *copy = lopt_evidence_below(evidence, inode->path, inode->masked_by + 1, &at);
	return copy && at == inode->masked_by && copy->inode != LOPT_NO_INODE && evidence->claimed[at][copy->inode];
}

/* Bytes of layer `held` that layer `by` hides and nobody has claimed. */
static uint64_t hidden_bytes(const struct lopt_evidence *evidence, size_t held, size_t by)
{
	const struct lopt_layer *layer = lopt_image_layer(evidence->image, held);
	uint64_t bytes = 0;
	for (size_t i = 0; i < layer->inode_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[i];
		if (inode->cause != LOPT_CAUSE_NONE && inode->masked_by == by && !evidence->claimed[held][i] &&
		    !is_unhidden(evidence, inode))
			bytes += inode->size;
	}
	return bytes;
}

/* The pairs with something to save, as ranges that grow together where they overlap. */
static enum lopt_status find_groups(const struct lopt_evidence *evidence, struct group **out, size_t *count,
				    struct lopt_error *err)
{
	size_t cap = 0;
	for (size_t from = evidence->first; from < evidence->instructions; from++) {
		for (size_t to = from + 1; lopt_evidence_is_run(evidence, from) && to < evidence->instructions; to++) {
			if (!lopt_evidence_is_run(evidence, to))
				continue;
			uint64_t bytes = hidden_bytes(evidence, evidence->layer_of[from], evidence->layer_of[to]);
			if (bytes < lopt_evidence_least(evidence, LEAST_PARTS) || !is_foldable(evidence, from, to))
				continue;
			struct group *last = *count ? *out + *count - 1 : NULL;
			if (last && last->to > from) {
				last->to = last->to > to ? last->to : to;
				continue;
			}
			struct group *groups = lopt_grow(*out, &cap, *count + 1, sizeof *groups);
			if (!groups)
				return lopt_error_memory(err);
			*out = groups;
			groups[(*count)++] = (struct group){ from, to, 0 };
		}
	}
	return LOPT_OK;
}

static bool is_in(const struct lopt_evidence *evidence, const struct group *group, size_t layer)
{
	size_t instruction = evidence->instruction_of[layer];
	return instruction != SIZE_MAX && instruction >= group->from && instruction <= group->to &&
	       evidence->keywords[instruction] == LOPT_KEYWORD_RUN;
}

/* All that one RUN of the group hides of another. */
static void claim_group(struct lopt_maker *maker, const struct group *group)
{
	const struct lopt_evidence *evidence = maker->evidence;
	for (size_t i = group->from; i < group->to; i++) {
		size_t held = evidence->layer_of[i];
		if (held == LOPT_NO_LAYER || evidence->keywords[i] != LOPT_KEYWORD_RUN)
			continue;
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, held);
		for (uint32_t j = 0; j < layer->inode_count; j++)
			if (layer->inodes[j].cause != LOPT_CAUSE_NONE &&
			    is_in(evidence, group, layer->inodes[j].masked_by) &&
			    !is_unhidden(evidence, &layer->inodes[j]))
				lopt_maker_claim(maker, held, j);
	}
}

static enum lopt_status fold_group(struct lopt_evidence *evidence, const struct group *group, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	lopt_maker_init(&maker, evidence, "fold", LOPT_LEVEL_SAFE);
	claim_group(&maker, group);
	for (size_t i = group->from + 1; i <= group->to; i++) {
		struct lopt_edit_step step = { .kind = LOPT_STEP_FOLD, .instruction = i, .other = group->from };
		if (evidence->keywords[i] != LOPT_KEYWORD_RUN) {
			if (is_harmless(evidence->keywords[i]))
				continue;
			step.kind = LOPT_STEP_MOVE;
		}
		lopt_maker_step(&maker, step);
	}
	unsigned from = lopt_evidence_at(evidence, group->from)->line, to = lopt_evidence_at(evidence, group->to)->line;
	struct lopt_str size = lopt_maker_size(&maker, lopt_maker_bytes(&maker));
	maker.edit.line = from;
	maker.edit.evidence = lopt_maker_text(&maker, "line %u ships %.*s that instructions up to line %u hide again.",
					      from, LOPT_STR_ARGS(size), to);
	maker.edit.change = lopt_maker_text(&maker, "Make lines %u to %u one RUN.", from, to);
	return lopt_maker_finish(&maker, lopt_evidence_least(evidence, LEAST_PARTS), err);
}

enum lopt_status lopt_rule_fold(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) struct group *groups = NULL;
	size_t count = 0;
	LOPT_TRY(find_groups(evidence, &groups, &count, err));
	for (size_t i = 0; i < count; i++)
		if (is_foldable(evidence, groups[i].from, groups[i].to))
			LOPT_TRY(fold_group(evidence, &groups[i], err));
	return LOPT_OK;
}

/* An instruction that removes only what other edits leave out. */

static uint32_t content_of(const struct lopt_evidence *evidence, size_t layer, const struct lopt_entry *entry)
{
	return entry->inode == LOPT_NO_INODE ? LOPT_NO_CONTENT
					     : lopt_image_layer(evidence->image, layer)->inodes[entry->inode].content;
}

/* A directory, or a file that was only opened, as it was below. */
static bool is_as_below(const struct lopt_evidence *evidence, size_t index, const struct lopt_entry *entry)
{
	size_t at;
	const struct lopt_entry *below = lopt_evidence_below(evidence, entry->path, index, &at);
	if (!below || below->type != entry->type || below->mode != entry->mode || below->uid != entry->uid ||
	    below->gid != entry->gid || entry->xattr_count || below->xattr_count)
		return false;
	if (entry->type == LOPT_DIR)
		return true;
	return entry->type == LOPT_FILE && entry->size == below->size &&
	       content_of(evidence, index, entry) == content_of(evidence, at, below);
}

static bool only_removes(const struct lopt_evidence *evidence, size_t index)
{
	const struct lopt_layer *layer = lopt_image_layer(evidence->image, index);
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		if (entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_IGNORED))
			continue;
		if (entry->flags & LOPT_ENTRY_OPAQUE || !is_as_below(evidence, index, entry))
			return false;
	}
	return layer->whiteouts > 0;
}

/* An edit has an earlier instruction remove it. */
static bool is_removed_before(const struct lopt_evidence *evidence, struct lopt_str path, size_t instruction)
{
	char name[4096], pattern[1024];
	if (snprintf(name, sizeof name, "/%.*s", LOPT_STR_ARGS(path)) >= (int)sizeof name)
		return false;
	for (size_t i = 0; i < evidence->plan->count; i++) {
		const struct lopt_edit *edit = &evidence->plan->edits[i];
		for (size_t j = 0; lopt_edit_applies(edit) && j < edit->step_count; j++) {
			const struct lopt_edit_step *step = &edit->steps[j];
			if (step->kind != LOPT_STEP_REMOVE || step->instruction >= instruction ||
			    snprintf(pattern, sizeof pattern, "%.*s", LOPT_STR_ARGS(step->text)) >= (int)sizeof pattern)
				continue;
			if (fnmatch(pattern, name, 0) == 0) /* a pattern's star crosses slashes, as rm -r does */
				return true;
		}
	}
	return false;
}

static bool is_hidden_left_out(const struct lopt_evidence *evidence, size_t by)
{
	size_t instruction = evidence->instruction_of[by];
	for (size_t l = 0; l < by; l++) {
		const struct lopt_layer *layer = lopt_image_layer(evidence->image, l);
		for (size_t i = 0; i < layer->inode_count; i++)
			if (layer->inodes[i].cause != LOPT_CAUSE_NONE && layer->inodes[i].masked_by == by &&
			    !evidence->claimed[l][i] && layer->inodes[i].size &&
			    !is_removed_before(evidence, layer->inodes[i].path, instruction))
				return false;
	}
	return true;
}

/* An edit leaves it out already, or makes it a part of another. */
static bool is_gone(const struct lopt_evidence *evidence, size_t instruction)
{
	for (size_t i = 0; i < evidence->plan->count; i++) {
		const struct lopt_edit *edit = &evidence->plan->edits[i];
		for (size_t j = 0; lopt_edit_applies(edit) && j < edit->step_count; j++)
			if (edit->steps[j].instruction == instruction &&
			    (edit->steps[j].kind == LOPT_STEP_DROP || edit->steps[j].kind == LOPT_STEP_FOLD))
				return true;
	}
	return false;
}

enum lopt_status lopt_rule_useless(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		if (!lopt_evidence_is_run(evidence, i) || is_gone(evidence, i) ||
		    !only_removes(evidence, evidence->layer_of[i]) ||
		    !is_hidden_left_out(evidence, evidence->layer_of[i]))
			continue;
		LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
		lopt_maker_init(&maker, evidence, "useless-run", LOPT_LEVEL_SAFE);
		lopt_maker_step(&maker, (struct lopt_edit_step){ .kind = LOPT_STEP_DROP, .instruction = i });
		maker.edit.line = lopt_evidence_at(evidence, i)->line;
		maker.edit.evidence = lopt_maker_text(&maker, "line %u only removes what the edits above leave out.",
						      (unsigned)maker.edit.line);
		maker.edit.change = lopt_str_from("Leave it out.");
		LOPT_TRY(lopt_maker_finish(&maker, 0, err));
	}
	return LOPT_OK;
}
