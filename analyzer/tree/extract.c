/* SPDX-License-Identifier: MIT */
#include "tree/extract.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "layer/path.h"
#include "tree/same.h"
#include "tree/way.h"

/*
 * What docker does with one layer (moby pkg/archive Unpack with overlay whiteouts), entry by entry. Where docker
 * refuses but another engine goes on, so do we, in the way docs/metrics.md says, and a note tells.
 */

static void forget_last_parent(struct lopt_extraction *x)
{
	x->last_directory = LOPT_NODE_NONE;
}

/* --- taking things out again, within the layer --- */

static enum lopt_status drop_node(struct lopt_extraction *x, uint32_t node, struct lopt_error *err)
{
	if (lopt_extraction_at(x, node)->kind == LOPT_NODE_OBJECT)
		LOPT_TRY(lopt_object_remove(x->tree, &x->nodes, node, x->layer->index, err));
	const struct lopt_entry *entry = lopt_extraction_at(x, node)->entry;
	if (entry)
		((struct lopt_entry *)entry)->flags |= LOPT_ENTRY_REPLACED;
	x->lost_directory |= entry && lopt_extraction_at(x, node)->kind == LOPT_NODE_DIR;
	lopt_nodes_remove(&x->nodes, node);
	return LOPT_OK;
}

/* Everything below a directory goes, leaves first. */
static enum lopt_status drop_children(struct lopt_extraction *x, uint32_t top, struct lopt_error *err)
{
	while (lopt_extraction_at(x, top)->first_child != LOPT_NODE_NONE)
		LOPT_TRY(drop_node(x, lopt_nodes_first_leaf(&x->nodes, top), err));
	return LOPT_OK;
}

/* --- whiteouts --- */

static enum lopt_status mark_opaque(struct lopt_extraction *x, uint32_t directory, struct lopt_str path,
				    struct lopt_error *err)
{
	if (directory == LOPT_NODE_ROOT)
		return lopt_extraction_differ(
			x, LOPT_WARNING, path,
			"an opaque marker at the root, which overlay engines ignore and others obey", err);
	struct lopt_tree_node *node = lopt_extraction_at(x, directory);
	if (node->marked)
		LOPT_TRY(lopt_extraction_differ(x, LOPT_ERROR, path, "a path listed twice: docker and podman refuse it",
						err));
	node->opaque = node->marked = true;
	return LOPT_OK;
}

static enum lopt_status whiteout_over(struct lopt_extraction *x, uint32_t node, struct lopt_str path,
				      struct lopt_error *err)
{
	struct lopt_tree_node *at = lopt_extraction_at(x, node);
	if (at->kind == LOPT_NODE_WHITEOUT)
		return lopt_extraction_differ(x, LOPT_ERROR, path, "a path listed twice: docker and podman refuse it",
					      err);
	if (at->kind == LOPT_NODE_DIR)
		at->opaque = true;
	return lopt_extraction_differ(
		x, LOPT_ERROR, path,
		"a whiteout behind an entry of the same layer for its path: overlay engines refuse it", err);
}

static enum lopt_status put_whiteout(struct lopt_extraction *x, uint32_t directory, struct lopt_str name,
				     const struct lopt_entry *entry, struct lopt_error *err)
{
	uint32_t node = lopt_nodes_find(&x->nodes, directory, name);
	if (node != LOPT_NODE_NONE)
		return whiteout_over(x, node, entry->path, err);
	node = lopt_extraction_add(x, directory, name);
	if (node == LOPT_NODE_NONE)
		return lopt_error_memory(err);
	lopt_extraction_at(x, node)->kind = LOPT_NODE_WHITEOUT;
	lopt_extraction_at(x, node)->entry = entry;
	return LOPT_OK;
}

/* --- objects and hard links --- */

/* The object a cleaned path leads to in the tree given, symbolic links on the way followed (only in the layer). */
static enum lopt_status find_in_layer(struct lopt_extraction *x, struct lopt_str target, uint32_t *object,
				      struct lopt_str path, struct lopt_error *err)
{
	uint32_t directory;
	*object = LOPT_NODE_NONE;
	LOPT_TRY(lopt_way_walk(x, lopt_path_parent(target), false, &directory, err));
	if (directory == LOPT_NODE_NONE)
		return LOPT_OK;
	uint32_t node = target.len ? lopt_nodes_find(&x->nodes, directory, lopt_path_base(target)) : LOPT_NODE_ROOT;
	if (node == LOPT_NODE_NONE || lopt_extraction_at(x, node)->kind == LOPT_NODE_WHITEOUT)
		return LOPT_OK;
	if (lopt_extraction_at(x, node)->kind == LOPT_NODE_DIR)
		return lopt_extraction_refuse(path, "a hard link to a directory", err);
	*object = lopt_extraction_at(x, node)->object;
	return LOPT_OK;
}

static uint32_t find_in_stack(const struct lopt_tree *tree, struct lopt_str target)
{
	uint32_t node = lopt_nodes_reach(&tree->stack, target);
	if (node == LOPT_NODE_NONE || lopt_nodes_at(&tree->stack, node)->kind != LOPT_NODE_OBJECT)
		return LOPT_NODE_NONE;
	return lopt_nodes_at(&tree->stack, node)->object;
}

/* A change of owner takes the capability away. */
static bool survives_link(const struct lopt_xattr *xattr, const struct lopt_entry *link)
{
	if (lopt_str_is(xattr->name, "security.capability"))
		return false;
	for (size_t i = 0; i < link->xattr_count; i++)
		if (lopt_str_equal(link->xattrs[i].name, xattr->name))
			return false;
	return true;
}

static int compare_xattrs(const void *a, const void *b)
{
	const struct lopt_xattr *x = a, *y = b;
	return lopt_str_compare(x->name, y->name);
}

/* A hard link's header sets its owner and then its extended attributes on what it links to. */
static enum lopt_status add_xattrs(struct lopt_extraction *x, struct lopt_object *object, const struct lopt_entry *link,
				   struct lopt_error *err)
{
	const struct lopt_entry *before = object->xattrs;
	if (before->xattr_count == 0) {
		object->xattrs = link;
		return LOPT_OK;
	}
	struct lopt_entry *both = lopt_arena_zalloc(x->tree->arena, 1, sizeof *both);
	struct lopt_xattr *xattrs =
		lopt_arena_zalloc(x->tree->arena, (size_t)before->xattr_count + link->xattr_count, sizeof *xattrs);
	if (!both || !xattrs)
		return lopt_error_memory(err);
	uint32_t count = 0;
	for (size_t i = 0; i < before->xattr_count; i++)
		if (survives_link(&before->xattrs[i], link))
			xattrs[count++] = before->xattrs[i];
	for (size_t i = 0; i < link->xattr_count; i++)
		xattrs[count++] = link->xattrs[i];
	qsort(xattrs, count, sizeof *xattrs, compare_xattrs);
	both->xattrs = xattrs;
	both->xattr_count = count;
	object->xattrs = both;
	return LOPT_OK;
}

static enum lopt_status link_object(struct lopt_extraction *x, struct lopt_entry *entry, uint32_t *out,
				    struct lopt_error *err)
{
	struct lopt_clean_path target;
	LOPT_TRY(lopt_path_clean(&target, &x->scratch, entry->link, x->tree->limits, err));
	LOPT_TRY(find_in_layer(x, target.path, out, entry->path, err));
	if (*out == LOPT_NODE_NONE) {
		*out = find_in_stack(x->tree, target.path);
		if (*out == LOPT_NODE_NONE)
			return lopt_extraction_refuse(entry->path,
						      "a hard link to something that is not there before it", err);
		x->tree->objects[*out].attributes = entry;
		LOPT_TRY(add_xattrs(x, &x->tree->objects[*out], entry, err));
		return lopt_extraction_differ(x, LOPT_ERROR, entry->path,
					      "a hard link to a file of a lower layer: overlay engines refuse it", err);
	}
	struct lopt_object *object = &x->tree->objects[*out];
	entry->inode = object->inode;
	entry->type = object->primary->type;
	if (!lopt_attributes_same(entry, object->attributes))
		LOPT_TRY(lopt_extraction_differ(
			x, LOPT_WARNING, entry->path,
			"a hard link whose header has other attributes than its target's: the last one counts, in umoci the first",
			err));
	object->attributes = entry;
	return add_xattrs(x, object, entry, err);
}

static bool has_user_xattr(const struct lopt_entry *entry)
{
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (lopt_str_starts(entry->xattrs[i].name, "user."))
			return true;
	return false;
}

/* --- entries --- */

static void put_object(struct lopt_extraction *x, uint32_t node, const struct lopt_entry *entry, uint32_t object)
{
	struct lopt_tree_node *at = lopt_extraction_at(x, node);
	struct lopt_object *o = &x->tree->objects[object];
	at->kind = LOPT_NODE_OBJECT;
	at->object = object;
	at->entry = entry;
	at->opaque = at->marked = false;
	o->linked |= o->names != 0;
	o->names++;
}

/* An entry that was reached through a symbolic link of its layer stands elsewhere than its name says. */
static enum lopt_status place_object(struct lopt_extraction *x, uint32_t node, const struct lopt_entry *entry,
				     struct lopt_error *err)
{
	struct lopt_object *object = &x->tree->objects[lopt_extraction_at(x, node)->object];
	if (!x->last_followed || object->primary != entry)
		return LOPT_OK;
	struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_tree_path(&x->nodes, node, &path);
	if (!path.failed)
		object->place = lopt_arena_copy(x->tree->arena, lopt_buf_view(&path));
	lopt_buf_release(&path);
	return object->place.ptr ? LOPT_OK : lopt_error_memory(err);
}

/* `node` is what stands at its path so far, to be replaced: it is no target any more. */
static enum lopt_status object_for(struct lopt_extraction *x, struct lopt_entry *entry, uint32_t node, uint32_t *out,
				   struct lopt_error *err)
{
	if (entry->flags & LOPT_ENTRY_HARDLINK) {
		LOPT_TRY(link_object(x, entry, out, err));
		bool itself = node != LOPT_NODE_NONE && lopt_extraction_at(x, node)->kind == LOPT_NODE_OBJECT &&
			      lopt_extraction_at(x, node)->object == *out && x->tree->objects[*out].names == 1;
		return itself ? lopt_extraction_refuse(entry->path, "a hard link to itself", err) : LOPT_OK;
	}
	if (entry->type != LOPT_FILE && has_user_xattr(entry))
		LOPT_TRY(lopt_extraction_differ(
			x, LOPT_WARNING, entry->path,
			"a user extended attribute on something that cannot have one: docker and containerd leave it out, others refuse it",
			err));
	return lopt_tree_add_object(x->tree, entry, x->layer->index, out, err);
}

/*
 * docker compares names as they are written, but for "." and doubled slashes: "/a" and "a" are two to it. Notes how
 * `entry` spells the path of a node, and tells whether it was spelled so before.
 */
static bool spelled_again(struct lopt_tree_node *node, const struct lopt_entry *entry)
{
	bool known = node->kind != LOPT_NODE_WHITEOUT && node->entry && lopt_str_equal(node->entry->path, entry->path);
	uint8_t spelling = entry->flags & LOPT_ENTRY_ROOTED ? 2 : 1;
	bool again = known && node->spellings & spelling;
	node->spellings = (uint8_t)((known ? node->spellings : 0) | spelling);
	return again;
}

/* What makes room at `node` may hold, or be, the symbolic link that led there. */
static enum lopt_status check_way(struct lopt_extraction *x, uint32_t node, const struct lopt_entry *entry,
				  struct lopt_error *err)
{
	uint32_t again;
	uint8_t kind = lopt_extraction_at(x, node)->kind;
	lopt_extraction_at(x, node)->kind = LOPT_NODE_WHITEOUT; /* as good as gone */
	enum lopt_status status = lopt_way_walk(x, lopt_path_parent(entry->path), false, &again, err);
	lopt_extraction_at(x, node)->kind = kind;
	if (status != LOPT_OK || again != LOPT_NODE_NONE)
		return status;
	return lopt_extraction_differ(x, LOPT_ERROR, entry->path,
				      "a path that leads through what it replaces: docker refuses it", err);
}

/* A listing of a path that this layer has already. Directories merge; all else is replaced. */
static enum lopt_status clear_way(struct lopt_extraction *x, uint32_t node, const struct lopt_entry *entry,
				  struct lopt_error *err)
{
	struct lopt_tree_node *at = lopt_extraction_at(x, node);
	if (spelled_again(at, entry))
		LOPT_TRY(lopt_extraction_differ(x, LOPT_ERROR, entry->path,
						"a path listed twice: docker and podman refuse it", err));
	if (at->kind == LOPT_NODE_DIR && entry->type == LOPT_DIR && !(entry->flags & LOPT_ENTRY_HARDLINK))
		return LOPT_OK;
	forget_last_parent(x);
	LOPT_TRY(drop_children(x, node, err));
	return x->last_followed ? check_way(x, node, entry, err) : LOPT_OK;
}

/* An object makes room for `entry` at its own path; `by` is the object that takes it over, or none. */
static enum lopt_status displace(struct lopt_extraction *x, uint32_t node, uint32_t by, struct lopt_error *err)
{
	struct lopt_tree_node *at = lopt_extraction_at(x, node);
	if (at->kind != LOPT_NODE_OBJECT)
		return LOPT_OK;
	if (at->entry)
		((struct lopt_entry *)at->entry)->flags |= LOPT_ENTRY_REPLACED;
	return lopt_object_hide(x->tree, &x->nodes, node, x->layer->index, by, false, err);
}

static void put_directory(struct lopt_extraction *x, uint32_t node, const struct lopt_entry *entry)
{
	struct lopt_tree_node *at = lopt_extraction_at(x, node);
	if (at->kind != LOPT_NODE_DIR) {
		at->was_whiteout = at->kind == LOPT_NODE_WHITEOUT;
		at->kind = LOPT_NODE_DIR;
		at->opaque = at->marked = false;
		at->object = LOPT_NODE_NONE;
	}
	at->entry = entry;
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (lopt_str_is(entry->xattrs[i].name, "trusted.overlay.opaque") &&
		    lopt_str_is(entry->xattrs[i].value, "y"))
			at->opaque = true;
}

static enum lopt_status put_entry(struct lopt_extraction *x, uint32_t directory, struct lopt_entry *entry,
				  struct lopt_error *err)
{
	struct lopt_str name = lopt_path_base(entry->path);
	uint32_t node = lopt_nodes_find(&x->nodes, directory, name), object = LOPT_NODE_NONE;
	bool is_new = node == LOPT_NODE_NONE;
	bool is_directory = entry->type == LOPT_DIR && !(entry->flags & LOPT_ENTRY_HARDLINK);
	if (!is_new)
		LOPT_TRY(clear_way(x, node, entry, err));
	if (!is_directory && !(entry->flags & LOPT_ENTRY_WHITEOUT))
		LOPT_TRY(object_for(x, entry, node, &object, err));
	if (is_new) {
		node = lopt_extraction_add(x, directory, name);
		if (node != LOPT_NODE_NONE)
			(void)spelled_again(lopt_extraction_at(x, node), entry);
	} else
		LOPT_TRY(displace(x, node, object, err));
	if (node == LOPT_NODE_NONE)
		return lopt_error_memory(err);
	if (is_directory) {
		put_directory(x, node, entry);
		return LOPT_OK;
	}
	if (object != LOPT_NODE_NONE) {
		put_object(x, node, entry, object);
		return place_object(x, node, entry, err);
	}
	lopt_extraction_at(x, node)->kind = LOPT_NODE_WHITEOUT; /* a device 0:0 */
	lopt_extraction_at(x, node)->entry = entry;
	return LOPT_OK;
}

static enum lopt_status tell_of_aufs(struct lopt_extraction *x, const struct lopt_entry *entry, struct lopt_error *err)
{
	if (!lopt_str_starts(entry->path, ".wh..wh.") || !memchr(entry->path.ptr, '/', entry->path.len))
		return LOPT_OK;
	return lopt_extraction_differ(x, LOPT_WARNING, entry->path,
				      "AUFS metadata, which overlay engines extract and others leave out", err);
}

static enum lopt_status extract_marker(struct lopt_extraction *x, const struct lopt_entry *entry,
				       struct lopt_error *err)
{
	bool nothing;
	uint32_t directory;
	LOPT_TRY(lopt_way_marks_nothing(x, entry->path, &nothing, err));
	if (nothing)
		return LOPT_OK;
	LOPT_TRY(lopt_way_to_parent(x, entry->path, &directory, err));
	return mark_opaque(x, directory, entry->path, err);
}

static enum lopt_status extract_entry(struct lopt_extraction *x, struct lopt_entry *entry, struct lopt_error *err)
{
	uint32_t directory;
	struct lopt_str name;
	if (entry->flags & LOPT_ENTRY_IGNORED)
		return LOPT_OK;
	LOPT_TRY(tell_of_aufs(x, entry, err));
	enum lopt_whiteout whiteout = lopt_whiteout_of(entry->path, &name);
	if (whiteout == LOPT_WHITEOUT_OPAQUE)
		return extract_marker(x, entry, err);
	LOPT_TRY(lopt_way_to_parent(x, entry->path, &directory, err));
	if (whiteout == LOPT_WHITEOUT_PATH)
		return put_whiteout(x, directory, name, entry, err);
	return put_entry(x, directory, entry, err);
}

/* docker sets the times of listed directories last, by their names: what is not there any more by then fails. */
static enum lopt_status check_times(struct lopt_extraction *x, const struct lopt_entry *entry, struct lopt_error *err)
{
	uint32_t directory;
	if (entry->type != LOPT_DIR || !(entry->flags & LOPT_ENTRY_REPLACED) || (entry->flags & LOPT_ENTRY_HARDLINK))
		return LOPT_OK;
	LOPT_TRY(lopt_way_walk(x, lopt_path_parent(entry->path), false, &directory, err));
	if (directory != LOPT_NODE_NONE &&
	    lopt_nodes_find(&x->nodes, directory, lopt_path_base(entry->path)) != LOPT_NODE_NONE)
		return LOPT_OK;
	return lopt_extraction_differ(
		x, LOPT_ERROR, entry->path,
		"a listed directory that a later entry of its layer does away with: docker refuses it", err);
}

enum lopt_status lopt_extract(struct lopt_extraction *x, struct lopt_tree *tree, const struct lopt_tree_layer *layer,
			      struct lopt_error *err)
{
	*x = (struct lopt_extraction){ .tree = tree, .layer = layer, .last_directory = LOPT_NODE_NONE };
	lopt_arena_init(&x->scratch, tree->limits->arena_bytes);
	if (!lopt_nodes_init(&x->nodes))
		return lopt_error_memory(err);
	for (size_t i = 0; i < layer->data->entry_count; i++)
		LOPT_TRY(extract_entry(x, &layer->data->entries[i], err));
	for (size_t i = 0; x->lost_directory && i < layer->data->entry_count; i++)
		LOPT_TRY(check_times(x, &layer->data->entries[i], err));
	return LOPT_OK;
}

void lopt_extraction_release(struct lopt_extraction *x)
{
	lopt_nodes_release(&x->nodes);
	lopt_arena_release(&x->scratch);
}
