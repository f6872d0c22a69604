/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"
#include "repack/spots.h"
#include "repack/ways.h"

/*
 * A regular file goes with all hard links to it in its layer, or not at all: where one name of several is seen the content
 * is shipped anyway. It stays, seen or not, where taking it out could change something else: see may_go().
 */
struct trimming {
	const struct lopt_repack_plan *plan;
	size_t index; /* of the highest layer of the input in it */
	struct lopt_draft *draft;
	const struct lopt_layer *layer;
	const struct lopt_below *below;
	struct lopt_ways ways;
	bool *gone; /* by inode */
	bool *goes; /* by entry; the draft's */
};

static void release_trimming(struct trimming *t)
{
	lopt_ways_release(&t->ways);
	free(t->gone);
}

/* --- what lies below --- */

static bool is_directory_in(const struct lopt_tree *tree, struct lopt_str path)
{
	uint32_t node = lopt_nodes_reach(&tree->stack, path);
	return node != LOPT_NODE_NONE && lopt_nodes_at(&tree->stack, node)->kind == LOPT_NODE_DIR;
}

/* To any engine. */
static bool is_directory_below(const struct lopt_below *below, struct lopt_str path)
{
	return is_directory_in(below->overlay, path) || (below->applied && is_directory_in(below->applied, path));
}

static bool is_below(const struct lopt_below *below, struct lopt_str path)
{
	return lopt_nodes_reach(&below->overlay->stack, path) != LOPT_NODE_NONE ||
	       (below->applied && lopt_nodes_reach(&below->applied->stack, path) != LOPT_NODE_NONE);
}

/* --- files --- */

/* Whether a layer above this one was left alone, because engines see it differently. */
static bool has_doubtful_above(const struct trimming *t)
{
	for (size_t i = t->index + 1; i < t->plan->layer_count; i++)
		if (t->plan->layers[i].fate == LOPT_FATE_LEFT)
			return true;
	return false;
}

/* Hidden in the view of every engine? A layer that engines see differently hides nothing for certain. */
static bool is_hidden(const struct trimming *t, const struct lopt_inode *inode)
{
	return inode->cause != LOPT_CAUSE_NONE && inode->masked_by > t->index &&
	       t->plan->layers[inode->masked_by].fate != LOPT_FATE_LEFT &&
	       lopt_str_equal(inode->path, t->layer->entries[inode->entry].path);
}

/*
 * One name of a hidden file. Over a directory of a lower layer it stays: it may be what keeps the directory's old content from
 * coming back. So it does where its own layer has something below its path, which it then replaces, or where it ends up
 * elsewhere than its name says.
 */
static bool may_go(struct trimming *t, uint32_t number)
{
	const struct lopt_entry *entry = &t->layer->entries[number];
	bool is_link = (entry->flags & LOPT_ENTRY_HARDLINK) != 0;
	if (is_link && has_doubtful_above(t)) /* the inode tells what hid its last name, and not what hid this one */
		return false;
	return !lopt_ways_through_link(&t->ways, number) && !lopt_ways_is_one(&t->ways, entry->path) &&
	       !is_directory_below(t->below, entry->path);
}

static bool is_gone(const struct trimming *t, size_t entry)
{
	uint32_t inode = t->layer->entries[entry].inode;
	return inode != LOPT_NO_INODE && t->gone[inode];
}

static void choose_files(struct trimming *t)
{
	for (size_t i = 0; i < t->layer->inode_count; i++)
		t->gone[i] = is_hidden(t, &t->layer->inodes[i]);
	for (size_t i = 0; i < t->layer->entry_count; i++)
		if (is_gone(t, i) && !may_go(t, (uint32_t)i))
			t->gone[t->layer->entries[i].inode] = false;
}

/* --- whiteouts --- */

/*
 * A whiteout of nothing, below which its layer has nothing. A device 0:0 is one to some engines only, and stands in a layer that is
 * left alone.
 */
static enum lopt_status is_dangling(struct trimming *t, uint32_t number, struct lopt_buf *path, bool *out,
				    struct lopt_error *err)
{
	const struct lopt_entry *entry = &t->layer->entries[number];
	*out = false;
	if (!lopt_is_whiteout(entry) || lopt_ways_through_link(&t->ways, number))
		return LOPT_OK;
	lopt_whiteout_target(path, entry->path);
	if (path->failed)
		return lopt_error_memory(err);
	*out = !is_below(t->below, lopt_buf_view(path)) && !lopt_ways_is_one(&t->ways, lopt_buf_view(path));
	return LOPT_OK;
}

static enum lopt_status choose_whiteouts(struct trimming *t, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	for (size_t i = 0; i < t->layer->entry_count; i++)
		LOPT_TRY(is_dangling(t, (uint32_t)i, &path, &t->goes[i], err));
	return LOPT_OK;
}

/* --- both --- */

/* What a directory that is not listed is there for stays. */
static void spare_directories(struct trimming *t)
{
	for (size_t i = 0; i < t->layer->entry_count; i++)
		if (!t->goes[i] && !is_gone(t, i))
			lopt_ways_need(&t->ways, t->layer, (uint32_t)i);
	for (size_t i = 0; i < t->layer->entry_count; i++) {
		if ((!t->goes[i] && !is_gone(t, i)) || lopt_ways_can_spare(&t->ways, t->layer, (uint32_t)i))
			continue;
		t->goes[i] = false;
		if (is_gone(t, i))
			t->gone[t->layer->entries[i].inode] = false;
	}
	for (size_t i = 0; i < t->layer->entry_count; i++)
		t->goes[i] |= is_gone(t, i);
}

/* Input that was cut short in its padding can be smaller than what is left of it: then nothing is gained. */
static bool is_worth_it(const struct trimming *t)
{
	enum { END = 1024 }; /* two blocks of zeros */
	uint64_t size = END;
	bool any = false;
	for (size_t i = 0; i < t->layer->entry_count; i++) {
		size += t->goes[i] ? 0 : t->draft->sizes[i];
		any |= t->goes[i];
	}
	return any && (t->draft->count > 1 || size < t->layer->size);
}

/* What such a marker does depends on what stands where it ends up, which no name here tells. */
static bool has_marker_elsewhere(const struct trimming *t)
{
	for (size_t i = 0; i < t->layer->entry_count; i++)
		if ((t->layer->entries[i].flags & LOPT_ENTRY_OPAQUE) && lopt_ways_through_link(&t->ways, (uint32_t)i))
			return true;
	return false;
}

enum lopt_status lopt_draft_trim(struct lopt_draft *draft, const struct lopt_repack_plan *plan,
				 const struct lopt_below *below, struct lopt_error *err)
{
	LOPT_CLEANUP(release_trimming)
	struct trimming t = { .plan = plan,
			      .index = draft->first + draft->count - 1,
			      .draft = draft,
			      .layer = &draft->view,
			      .below = below,
			      .goes = draft->goes };
	if (!t.layer->entry_count || !draft->sizes)
		return LOPT_OK;
	t.gone = calloc(t.layer->inode_count + 1, sizeof *t.gone);
	if (!t.gone)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_ways_make(&t.ways, t.layer, err));
	if (has_marker_elsewhere(&t))
		return LOPT_OK;
	choose_files(&t);
	LOPT_TRY(choose_whiteouts(&t, err));
	spare_directories(&t);
	if (!is_worth_it(&t))
		memset(t.goes, 0, t.layer->entry_count * sizeof *t.goes);
	return LOPT_OK;
}
