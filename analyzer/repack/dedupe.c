/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "repack/header.h"
#include "repack/spots.h"
#include "repack/ways.h"
#include "tree/same.h"

/*
 * Two files that hold the same and were set the same become two names of one. A container that writes to one of them where
 * layers are copied on write per name sees no difference; where they are not it does, and so does who compares inode numbers.
 */

enum { LINKS_MAX = 60000 }; /* of one file; ext4 takes 65000 */

struct deduping {
	struct lopt_draft *draft;
	struct lopt_repack_plan *plan;
	struct lopt_ways ways;
	uint32_t *order; /* inodes that may be joined, equal ones side by side */
	size_t count;
	uint32_t *names; /* by inode */
};

static void release_deduping(struct deduping *d)
{
	lopt_ways_release(&d->ways);
	free(d->order);
	free(d->names);
}

static const struct lopt_entry *entry_of(const struct lopt_draft *draft, uint32_t inode)
{
	return &draft->view.entries[draft->view.inodes[inode].entry];
}

static bool may_be_linked(const struct deduping *d, uint32_t number)
{
	const struct lopt_inode *inode = &d->draft->view.inodes[number];
	const struct lopt_entry *entry = &d->draft->view.entries[inode->entry];
	return inode->size && inode->content != LOPT_NO_CONTENT && inode->cause == LOPT_CAUSE_NONE &&
	       !d->draft->goes[inode->entry] && !(entry->flags & (LOPT_ENTRY_SPARSE | LOPT_ENTRY_REPLACED)) &&
	       !lopt_ways_through_link(&d->ways, inode->entry) && lopt_header_can_be_made(entry) &&
	       lopt_str_equal(inode->path, entry->path);
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_xattrs(const struct lopt_entry *a, const struct lopt_entry *b)
{
	int order = compare_numbers(a->xattr_count, b->xattr_count);
	for (size_t i = 0; order == 0 && i < a->xattr_count; i++) {
		order = lopt_str_compare(a->xattrs[i].name, b->xattrs[i].name);
		if (order == 0)
			order = lopt_str_compare(a->xattrs[i].value, b->xattrs[i].value);
	}
	return order;
}

/* 0 for two that are to be one. */
static int compare_files(const struct lopt_draft *draft, uint32_t a, uint32_t b)
{
	const struct lopt_entry *x = entry_of(draft, a), *y = entry_of(draft, b);
	int order = compare_numbers(draft->view.inodes[a].content, draft->view.inodes[b].content);
	if (order == 0)
		order = compare_numbers(x->mode, y->mode);
	if (order == 0)
		order = compare_numbers(x->uid, y->uid);
	if (order == 0)
		order = compare_numbers(x->gid, y->gid);
	if (order == 0)
		order = compare_numbers(x->mtime_ns, y->mtime_ns);
	return order ? order : compare_xattrs(x, y);
}

static int compare_places(const void *a, const void *b, void *context)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order = compare_files(context, x, y);
	return order ? order : compare_numbers(x, y); /* inodes are numbered as they stand */
}

static void choose(struct deduping *d)
{
	const struct lopt_layer *layer = &d->draft->view;
	for (size_t i = 0; i < layer->entry_count; i++)
		if (layer->entries[i].inode != LOPT_NO_INODE && !d->draft->goes[i])
			d->names[layer->entries[i].inode]++;
	for (uint32_t i = 0; i < layer->inode_count; i++)
		if (may_be_linked(d, i))
			d->order[d->count++] = i;
	if (d->count)
		qsort_r(d->order, d->count, sizeof *d->order, compare_places, d->draft);
}

/* Drafts that are a layer of the input have no pieces until one is changed. */
static enum lopt_status make_pieces(struct lopt_draft *draft, struct lopt_error *err)
{
	if (draft->pieces)
		return LOPT_OK;
	struct lopt_piece *pieces = reallocarray(NULL, draft->view.entry_count + 1, sizeof *pieces);
	if (!pieces)
		return lopt_error_memory(err);
	for (size_t i = 0; i < draft->view.entry_count; i++)
		pieces[i] = lopt_draft_piece(draft, i);
	draft->pieces = pieces;
	return LOPT_OK;
}

/* The entry becomes a hard link; whether that is smaller depends on how much has to be said again. */
static enum lopt_status link_to(struct deduping *d, uint32_t number, uint32_t target, bool *linked,
				struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf made = LOPT_BUF_INIT(SIZE_MAX / 2);
	uint32_t at = d->draft->view.inodes[number].entry;
	const struct lopt_entry *entry = &d->draft->view.entries[at];
	const struct lopt_header header = {
		.path = entry->path, .link = entry_of(d->draft, target)->path, .type = '1', .attributes = entry
	};
	lopt_header_make(&made, &header);
	if (made.failed)
		return lopt_error_memory(err);
	*linked = made.len < d->draft->sizes[at];
	if (!*linked)
		return LOPT_OK;
	LOPT_TRY(make_pieces(d->draft, err));
	struct lopt_piece *piece = &d->draft->pieces[at];
	piece->content = false;
	piece->made = lopt_arena_copy(&d->plan->arena, lopt_buf_view(&made));
	d->draft->sizes[at] = made.len;
	d->draft->linked[at] = true;
	return piece->made.ptr ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_draft_dedupe(struct lopt_draft *draft, struct lopt_repack_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(release_deduping) struct deduping d = { .draft = draft, .plan = plan };
	if (!draft->sizes || !draft->view.inode_count)
		return LOPT_OK;
	d.order = reallocarray(NULL, draft->view.inode_count, sizeof *d.order);
	d.names = calloc(draft->view.inode_count, sizeof *d.names);
	draft->linked = calloc(draft->view.entry_count + 1, sizeof *draft->linked);
	if (!d.order || !d.names || !draft->linked)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_ways_make(&d.ways, &draft->view, err));
	choose(&d);
	for (size_t i = 1, first = 0; i < d.count; i++) {
		uint32_t target = d.order[first], file = d.order[i];
		bool linked = false;
		if (compare_files(draft, target, file) == 0 && d.names[target] + d.names[file] <= LINKS_MAX)
			LOPT_TRY(link_to(&d, file, target, &linked, err));
		if (linked)
			d.names[target] += d.names[file];
		else
			first = i;
	}
	return LOPT_OK;
}
