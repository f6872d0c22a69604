/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"
#include "repack/header.h"
#include "repack/spots.h"

/*
 * The entries of the highest layer come first, then those of the one below, each in the order they stand in: whatever lists a
 * directory last comes before what is in it, links stay behind what they link to, and each layer is read from front to end.
 * What that order does not give is made: a directory whose listing would come too late, the marker of one that hides what lies
 * below, the header of a file whose first name is gone.
 */
struct joining {
	const struct lopt_join *join;
	struct lopt_spots spots;
	struct lopt_draft *draft;
	struct lopt_buf path, header;
	struct lopt_arena scratch;
	uint32_t *chain; /* directories on the way to an entry, deepest first */
	size_t chain_cap;
	bool has_root;
	bool fits;
};

static void release_joining(struct joining *j)
{
	lopt_spots_release(&j->spots);
	lopt_buf_release(&j->path);
	lopt_buf_release(&j->header);
	lopt_arena_release(&j->scratch);
	free(j->chain);
}

static const struct lopt_tree_node *top_at(const struct joining *j, uint32_t node)
{
	return lopt_nodes_at(&j->join->top->stack, node);
}

static struct lopt_str keep(struct joining *j, struct lopt_str text)
{
	return lopt_arena_copy(&j->join->plan->arena, text);
}

/* --- entries that are made --- */

/* `piece` says whose place it takes. */
static enum lopt_status add_made(struct joining *j, const struct lopt_entry *entry, const struct lopt_header *header,
				 struct lopt_piece piece, const struct lopt_inode *inode, struct lopt_error *err)
{
	j->fits = j->fits && lopt_header_can_be_made(header->attributes);
	lopt_buf_clear(&j->header);
	lopt_header_make(&j->header, header);
	if (j->header.failed)
		return lopt_error_memory(err);
	piece.made = keep(j, lopt_buf_view(&j->header));
	if (!piece.made.ptr)
		return lopt_error_memory(err);
	uint64_t content =
		piece.content ? (header->size + LOPT_TAR_BLOCK_SIZE - 1) / LOPT_TAR_BLOCK_SIZE * LOPT_TAR_BLOCK_SIZE
			      : 0;
	return lopt_draft_add(j->draft, entry, &piece, piece.made.len + content, inode, err);
}

static enum lopt_status path_of(struct joining *j, uint32_t node, const char *behind, struct lopt_str *out,
				struct lopt_error *err)
{
	lopt_buf_clear(&j->path);
	lopt_tree_path(&j->join->top->stack, node, &j->path);
	lopt_buf_text(&j->path, behind);
	if (!j->path.failed)
		*out = keep(j, lopt_buf_view(&j->path));
	return j->path.failed || !out->ptr ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status add_marker(struct joining *j, uint32_t node, struct lopt_error *err)
{
	struct lopt_entry entry = { .type = LOPT_FILE, .mode = 0644, .flags = LOPT_ENTRY_OPAQUE };
	LOPT_TRY(path_of(j, node, "/.wh..wh..opq", &entry.path, err));
	const struct lopt_header header = { .path = entry.path, .type = '0', .attributes = &entry };
	return add_made(j, &entry, &header, (struct lopt_piece){ .layer = LOPT_NO_ORIGIN }, NULL, err);
}

/* Of a directory that an entry lists, the place of that entry; else none. */
static struct lopt_piece place_of(const struct joining *j, const struct lopt_entry *lister)
{
	for (size_t k = 0; k < j->join->count; k++) {
		const struct lopt_join_part *part = &j->spots.parts[k];
		if (lister >= part->entries && lister < part->entries + part->entry_count)
			return (struct lopt_piece){ .layer = (uint32_t)(j->join->first + k),
						    .entry = (uint32_t)lopt_part_index(part, lister) };
	}
	return (struct lopt_piece){ .layer = LOPT_NO_ORIGIN };
}

static enum lopt_status add_directory(struct joining *j, uint32_t node, struct lopt_error *err)
{
	struct lopt_entry entry = *j->spots.items[node].lister;
	struct lopt_header header = { .type = '5', .attributes = j->spots.items[node].lister };
	LOPT_TRY(path_of(j, node, "/", &header.path, err));
	entry.path = lopt_str_make(header.path.ptr, header.path.len - 1);
	entry.flags = 0;
	return add_made(j, &entry, &header, place_of(j, header.attributes), NULL, err);
}

/* --- directories before what is in them --- */

static enum lopt_status settle(struct joining *j, uint32_t node, struct lopt_error *err)
{
	struct lopt_spot *spot = &j->spots.items[node];
	spot->settled = true;
	if (spot->lister && !spot->written) {
		spot->written = true;
		LOPT_TRY(add_directory(j, node, err));
		if (spot->opaque)
			return add_marker(j, node, err);
	}
	return LOPT_OK;
}

/* The directory at `node` and all that it stands in. */
static enum lopt_status settle_way(struct joining *j, uint32_t node, struct lopt_error *err)
{
	size_t depth = 0;
	for (; node != LOPT_NODE_ROOT && !j->spots.items[node].settled; node = top_at(j, node)->parent) {
		uint32_t *chain = lopt_grow(j->chain, &j->chain_cap, depth + 1, sizeof *chain);
		if (!chain)
			return lopt_error_memory(err);
		j->chain = chain;
		chain[depth++] = node;
	}
	while (depth)
		LOPT_TRY(settle(j, j->chain[--depth], err));
	return LOPT_OK;
}

/* --- entries of the layers --- */

struct place {
	const struct lopt_join_part *part;
	size_t index; /* of the entry in it */
	struct lopt_piece piece;
};

static const struct lopt_entry *entry_at(const struct place *at)
{
	return &at->part->entries[at->index];
}

/* The inode as it is where its content moves, or NULL. Where its name leads through a link it stands elsewhere. */
static const struct lopt_inode *inode_of(const struct place *at, struct lopt_str path, struct lopt_inode *copy)
{
	const struct lopt_entry *entry = entry_at(at);
	if (entry->inode == LOPT_NO_INODE || (entry->flags & LOPT_ENTRY_HARDLINK))
		return NULL;
	*copy = at->part->layer->inodes[entry->inode];
	if (lopt_str_equal(copy->path, entry->path))
		copy->path = path;
	return copy;
}

static enum lopt_status copy_entry(struct joining *j, const struct place *at, struct lopt_error *err)
{
	const uint64_t *places = lopt_places_of(j->join->plan, at->piece.layer);
	struct lopt_inode copy;
	return lopt_draft_add(j->draft, entry_at(at), &at->piece, places[at->index + 1] - places[at->index],
			      inode_of(at, entry_at(at)->path, &copy), err);
}

/* The first name of an object is gone: what it led to gets another, in its place. */
static enum lopt_status promote(struct joining *j, const struct place *at, struct lopt_error *err)
{
	static const char types[] = {
		[LOPT_FILE] = '0', [LOPT_SYMLINK] = '2', [LOPT_CHAR] = '3', [LOPT_BLOCK] = '4', [LOPT_FIFO] = '6'
	};
	const struct lopt_entry *from = entry_at(at);
	const struct lopt_entry *heir = &at->part->entries[at->part->heirs[at->index]];
	struct lopt_entry entry = *from;
	struct lopt_inode copy;
	struct place to = *at;
	entry.path = heir->path;
	entry.flags = 0;
	j->fits = j->fits && !(from->flags & LOPT_ENTRY_SPARSE);
	const struct lopt_header header = { .path = entry.path,
					    .link = from->link,
					    .type = types[from->type],
					    .attributes = from,
					    .size = from->size };
	to.piece.content = from->type == LOPT_FILE;
	LOPT_TRY(settle_way(j, top_at(j, at->part->nodes[at->part->heirs[at->index]])->parent, err));
	return add_made(j, &entry, &header, to.piece, inode_of(&to, entry.path, &copy), err);
}

/* Whether the link still leads to what it led to. */
static enum lopt_status leads_there(struct joining *j, const struct lopt_entry *link, uint32_t object, bool *out,
				    struct lopt_error *err)
{
	struct lopt_clean_path target;
	LOPT_TRY(lopt_path_clean(&target, &j->scratch, link->link, j->join->limits, err));
	uint32_t node = lopt_nodes_reach(&j->join->top->stack, target.path);
	*out = node != LOPT_NODE_NONE && top_at(j, node)->kind == LOPT_NODE_OBJECT && top_at(j, node)->object == object;
	return LOPT_OK;
}

static enum lopt_status write_link(struct joining *j, const struct place *at, struct lopt_error *err)
{
	const struct lopt_entry *link = entry_at(at);
	uint32_t object = top_at(j, at->part->nodes[at->index])->object;
	size_t primary = lopt_part_index(at->part, j->join->top->objects[object].primary);
	uint32_t heir = at->part->heirs[primary];
	bool leads;
	if (heir == at->index) /* it was written where its content lies */
		return LOPT_OK;
	LOPT_TRY(settle_way(j, top_at(j, at->part->nodes[at->index])->parent, err));
	LOPT_TRY(leads_there(j, link, object, &leads, err));
	if (leads)
		return copy_entry(j, at, err);
	struct lopt_entry entry = *link;
	entry.link = at->part->entries[heir == LOPT_NODE_NONE ? primary : heir].path;
	entry.flags = LOPT_ENTRY_HARDLINK;
	const struct lopt_header header = { .path = entry.path, .link = entry.link, .type = '1', .attributes = link };
	return add_made(j, &entry, &header, at->piece, NULL, err);
}

static enum lopt_status write_listed(struct joining *j, const struct place *at, uint32_t node, struct lopt_error *err)
{
	struct lopt_spot *spot = &j->spots.items[node];
	if (spot->written)
		return LOPT_OK;
	LOPT_TRY(settle_way(j, top_at(j, node)->parent, err));
	spot->written = spot->settled = true;
	LOPT_TRY(copy_entry(j, at, err));
	return spot->opaque ? add_marker(j, node, err) : LOPT_OK;
}

static enum lopt_status write_whiteout(struct joining *j, const struct place *at, uint32_t directory,
				       struct lopt_error *err)
{
	LOPT_TRY(settle_way(j, directory, err));
	return copy_entry(j, at, err);
}

/* The root's own listing is one that some engines go by. */
static enum lopt_status write_root(struct joining *j, const struct place *at, struct lopt_error *err)
{
	const struct lopt_entry *entry = entry_at(at);
	if (j->has_root || entry->type != LOPT_DIR || entry->path.len)
		return LOPT_OK;
	j->has_root = true;
	return copy_entry(j, at, err);
}

static enum lopt_status write_entry(struct joining *j, const struct place *at, struct lopt_error *err)
{
	const struct lopt_entry *entry = entry_at(at);
	uint32_t node = at->part->nodes[at->index];
	if (entry->flags & LOPT_ENTRY_IGNORED)
		return write_root(j, at, err);
	if (node == LOPT_NODE_NONE)
		return at->part->heirs[at->index] == LOPT_NODE_NONE ? LOPT_OK : promote(j, at, err);
	if (lopt_is_whiteout(entry))
		return write_whiteout(j, at, node, err);
	if (entry->flags & LOPT_ENTRY_HARDLINK)
		return write_link(j, at, err);
	if (top_at(j, node)->kind == LOPT_NODE_DIR)
		return write_listed(j, at, node, err);
	LOPT_TRY(settle_way(j, top_at(j, node)->parent, err));
	return copy_entry(j, at, err);
}

static enum lopt_status write_parts(struct joining *j, struct lopt_error *err)
{
	for (size_t k = j->join->count; k-- > 0;) {
		struct place at = { .part = &j->spots.parts[k] };
		for (at.index = 0; at.index < at.part->entry_count; at.index++) {
			at.piece = (struct lopt_piece){ .layer = (uint32_t)(j->join->first + k),
							.entry = (uint32_t)at.index };
			LOPT_TRY(write_entry(j, &at, err));
		}
	}
	return LOPT_OK;
}

/* Directories that nothing is left in. */
static enum lopt_status write_others(struct joining *j, struct lopt_error *err)
{
	const struct lopt_nodes *nodes = &j->join->top->stack;
	for (uint32_t node = lopt_nodes_next(nodes, LOPT_NODE_ROOT, LOPT_NODE_ROOT); node != LOPT_NODE_NONE;
	     node = lopt_nodes_next(nodes, node, LOPT_NODE_ROOT))
		if (j->spots.items[node].lister && !j->spots.items[node].written)
			LOPT_TRY(settle_way(j, node, err));
	return LOPT_OK;
}

enum lopt_status lopt_join(struct lopt_draft *out, const struct lopt_join *join, bool *fits, struct lopt_error *err)
{
	lopt_draft_init(out, join->first, join->count);
	LOPT_CLEANUP(release_joining)
	struct joining j = {
		.join = join,
		.draft = out,
		.path = LOPT_BUF_INIT(SIZE_MAX / 2),
		.header = LOPT_BUF_INIT(SIZE_MAX / 2),
		.fits = true,
	};
	lopt_arena_init(&j.scratch, join->limits->arena_bytes);
	LOPT_TRY(lopt_spots_make(&j.spots, join, err));
	LOPT_TRY(write_parts(&j, err));
	LOPT_TRY(write_others(&j, err));
	out->goes = calloc(out->view.entry_count + 1, sizeof *out->goes);
	*fits = j.fits;
	return out->goes ? LOPT_OK : lopt_error_memory(err);
}
