/* SPDX-License-Identifier: MIT */
#include "repack/draft.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "image/origin.h"

const uint64_t *lopt_places_of(const struct lopt_repack_plan *plan, size_t layer)
{
	const struct lopt_layer_data *data = lopt_image_bundle(plan->image)->layers[layer].data;
	return data ? data->places : NULL;
}

void lopt_draft_init(struct lopt_draft *draft, size_t first, size_t count)
{
	*draft = (struct lopt_draft){ .first = first, .count = count };
}

void lopt_draft_release(struct lopt_draft *draft)
{
	free(draft->sizes);
	free(draft->pieces);
	free(draft->goes);
	free(draft->linked);
	free(draft->entries);
	free(draft->inodes);
	*draft = (struct lopt_draft){ 0 };
}

enum lopt_status lopt_draft_take(struct lopt_draft *out, const struct lopt_repack_plan *plan, size_t layer,
				 struct lopt_error *err)
{
	const uint64_t *places = lopt_places_of(plan, layer);
	lopt_draft_init(out, layer, 1);
	out->view = *lopt_image_layer(plan->image, layer);
	if (!places)
		return LOPT_OK;
	size_t count = out->view.entry_count;
	out->sizes = reallocarray(NULL, count + 1, sizeof *out->sizes);
	out->goes = calloc(count + 1, sizeof *out->goes);
	if (!out->sizes || !out->goes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		out->sizes[i] = places[i + 1] - places[i];
	return LOPT_OK;
}

static enum lopt_status make_room(struct lopt_draft *draft, struct lopt_error *err)
{
	size_t need = draft->view.entry_count + 1;
	struct lopt_entry *entries = lopt_grow(draft->entries, &draft->entry_cap, need, sizeof *entries);
	if (entries)
		draft->view.entries = draft->entries = entries;
	uint64_t *sizes = lopt_grow(draft->sizes, &draft->size_cap, need, sizeof *sizes);
	if (sizes)
		draft->sizes = sizes;
	struct lopt_piece *pieces = lopt_grow(draft->pieces, &draft->piece_cap, need, sizeof *pieces);
	if (pieces)
		draft->pieces = pieces;
	return entries && sizes && pieces ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status add_inode(struct lopt_draft *draft, const struct lopt_inode *inode, uint32_t *number,
				  struct lopt_error *err)
{
	size_t count = draft->view.inode_count;
	struct lopt_inode *inodes = lopt_grow(draft->inodes, &draft->inode_cap, count + 1, sizeof *inodes);
	if (!inodes)
		return lopt_error_memory(err);
	draft->view.inodes = draft->inodes = inodes;
	inodes[count] = *inode;
	inodes[count].entry = (uint32_t)draft->view.entry_count;
	*number = (uint32_t)count;
	draft->view.inode_count++;
	return LOPT_OK;
}

enum lopt_status lopt_draft_add(struct lopt_draft *draft, const struct lopt_entry *entry,
				const struct lopt_piece *piece, uint64_t size, const struct lopt_inode *inode,
				struct lopt_error *err)
{
	size_t at = draft->view.entry_count;
	LOPT_TRY(make_room(draft, err));
	draft->entries[at] = *entry;
	draft->sizes[at] = size;
	draft->pieces[at] = *piece;
	draft->entries[at].inode = LOPT_NO_INODE;
	if (inode)
		LOPT_TRY(add_inode(draft, inode, &draft->entries[at].inode, err));
	draft->view.entry_count++;
	return LOPT_OK;
}

struct lopt_piece lopt_draft_piece(const struct lopt_draft *draft, size_t number)
{
	if (draft->pieces)
		return draft->pieces[number];
	return (struct lopt_piece){ .layer = (uint32_t)draft->first, .entry = (uint32_t)number };
}
