/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tree/extract.h"
#include "tree/same.h"

/* Laying an extracted layer over the stack, as the kernel's overlay does: parents first, names literal. */

struct merging {
	struct lopt_tree *tree;
	struct lopt_extraction *x;
	struct lopt_tree_changes *changes;
	uint32_t *twins; /* of each node of the layer: where it is in the stack */
	bool *fresh;	 /* of each node of the layer: no directory stood there in the stack */
};

static struct lopt_tree_node *upper_at(const struct merging *m, uint32_t node)
{
	return lopt_nodes_at(&m->x->nodes, node);
}

static struct lopt_tree_node *lower_at(const struct merging *m, uint32_t node)
{
	return lopt_nodes_at(&m->tree->stack, node);
}

static uint32_t layer_of(const struct merging *m)
{
	return m->x->layer->index;
}

/* --- what disappears --- */

static enum lopt_status take_out(struct merging *m, uint32_t node, struct lopt_error *err)
{
	if (lower_at(m, node)->kind == LOPT_NODE_OBJECT)
		LOPT_TRY(lopt_object_remove(m->tree, &m->tree->stack, node, layer_of(m), err));
	lopt_nodes_remove(&m->tree->stack, node);
	m->changes->removed++;
	return LOPT_OK;
}

static enum lopt_status take_out_below(struct merging *m, uint32_t top, struct lopt_error *err)
{
	while (lower_at(m, top)->first_child != LOPT_NODE_NONE)
		LOPT_TRY(take_out(m, lopt_nodes_first_leaf(&m->tree->stack, top), err));
	return LOPT_OK;
}

static enum lopt_status take_out_subtree(struct merging *m, uint32_t top, struct lopt_error *err)
{
	LOPT_TRY(take_out_below(m, top, err));
	return take_out(m, top, err);
}

/* An opaque directory: what is below and not listed anew goes; what is listed anew is settled by its entry. */
static enum lopt_status hide_below(struct merging *m, uint32_t upper, uint32_t lower, struct lopt_error *err)
{
	for (uint32_t child = lower_at(m, lower)->first_child, next; child != LOPT_NODE_NONE; child = next) {
		next = lower_at(m, child)->next;
		uint32_t anew = lopt_nodes_find(&m->x->nodes, upper, lower_at(m, child)->name);
		if (anew == LOPT_NODE_NONE || upper_at(m, anew)->kind == LOPT_NODE_WHITEOUT)
			LOPT_TRY(take_out_subtree(m, child, err));
	}
	return LOPT_OK;
}

/* --- what engines see differently --- */

static enum lopt_status differ(struct merging *m, enum lopt_severity severity, uint32_t upper, const char *how,
			       struct lopt_error *err)
{
	static const char rule[] = "engines-differ";
	if (lopt_notes_again(m->tree->notes, rule, severity, layer_of(m), how))
		return LOPT_OK;
	struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_tree_path(&m->x->nodes, upper, &path);
	enum lopt_status status = path.failed ? lopt_error_memory(err)
					      : lopt_notes_add(m->tree->notes, rule, severity, layer_of(m),
							       lopt_buf_view(&path), err, "%s", how);
	lopt_buf_release(&path);
	return status;
}

/* A directory that no entry of the layer lists. */
static enum lopt_status tell_of_implied(struct merging *m, uint32_t upper, uint32_t lower, struct lopt_error *err)
{
	if (lower == LOPT_NODE_NONE)
		return differ(m, LOPT_INFO, upper, "a directory that is not listed: made 0755, by docker on vfs 0600",
			      err);
	if (lower_at(m, lower)->kind != LOPT_NODE_DIR)
		return differ(
			m, LOPT_WARNING, upper,
			"a path below a file or symbolic link of a lower layer: overlay engines put a directory in its place, others follow the link or refuse",
			err);
	if (!lopt_directory_is_plain(lower_at(m, lower)->entry))
		return differ(
			m, LOPT_WARNING, upper,
			"a directory that is not listed loses its owner and mode: on docker and podman overlay only",
			err);
	return LOPT_OK;
}

static bool is_subset(const struct lopt_entry *of, const struct lopt_entry *in)
{
	for (size_t i = 0; i < of->xattr_count; i++) {
		bool found = false;
		for (size_t j = 0; j < in->xattr_count && !found; j++)
			found = lopt_str_equal(of->xattrs[i].name, in->xattrs[j].name);
		if (!found)
			return false;
	}
	return true;
}

/* A directory that an entry lists again. */
static enum lopt_status tell_of_relisted(struct merging *m, uint32_t upper, uint32_t lower, struct lopt_error *err)
{
	const struct lopt_entry *now = upper_at(m, upper)->entry, *before = lower_at(m, lower)->entry;
	if (upper_at(m, upper)->was_whiteout)
		LOPT_TRY(differ(
			m, LOPT_WARNING, upper,
			"a directory removed and listed again without an opaque marker: on overlay engines its old content comes back",
			err));
	if (before && !is_subset(before, now))
		return differ(m, LOPT_WARNING, upper,
			      "a directory listed again without its extended attributes: podman on vfs keeps them",
			      err);
	return LOPT_OK;
}

static enum lopt_status tell_of_directory(struct merging *m, uint32_t upper, uint32_t lower, struct lopt_error *err)
{
	if (!upper_at(m, upper)->entry)
		return tell_of_implied(m, upper, lower, err);
	if (lower != LOPT_NODE_NONE && lower_at(m, lower)->kind == LOPT_NODE_DIR)
		return tell_of_relisted(m, upper, lower, err);
	return LOPT_OK;
}

/* --- what appears --- */

static bool same_directory(const struct lopt_entry *a, const struct lopt_entry *b)
{
	if (!a || !b)
		return lopt_directory_is_plain(a) && lopt_directory_is_plain(b);
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && lopt_xattrs_same(a, b);
}

static bool same_object(const struct merging *m, uint32_t old, uint32_t new)
{
	const struct lopt_entry *a = m->tree->objects[old].primary, *b = m->tree->objects[new].primary;
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case LOPT_FILE: /* of different sizes */
		return false;
	case LOPT_SYMLINK:
		return lopt_str_equal(a->link, b->link);
	default:
		return a->major == b->major && a->minor == b->minor;
	}
}

/* What contents decide is counted when they are known. */
static void count_change(struct merging *m, uint32_t upper, uint32_t lower)
{
	const struct lopt_tree_node *new = upper_at(m, upper), *old = lower_at(m, lower);
	if (new->kind == LOPT_NODE_OBJECT &&
	    old->kind == LOPT_NODE_OBJECT &&lopt_object_may_equal(m->tree, old->object, new->object))
		return;
	if (new->kind != old->kind)
		m->changes->modified++;
	else if (new->kind == LOPT_NODE_DIR)
		m->changes->metadata_only += !same_directory(new->entry, old->entry);
	else if (same_object(m, old->object, new->object))
		m->changes->metadata_only++;
	else
		m->changes->modified++;
}

/* The stack's node becomes what the layer says; its children stay. */
static void overwrite(struct merging *m, uint32_t upper, uint32_t lower)
{
	const struct lopt_tree_node *new = upper_at(m, upper);
	struct lopt_tree_node *old = lower_at(m, lower);
	old->kind = new->kind;
	old->entry = new->entry;
	old->object = new->object;
	old->layer = new->layer;
	old->name = new->name;
}

static enum lopt_status merge_over(struct merging *m, uint32_t upper, uint32_t lower, struct lopt_error *err)
{
	const struct lopt_tree_node *new = upper_at(m, upper);
	count_change(m, upper, lower);
	if (lower_at(m, lower)->kind == LOPT_NODE_OBJECT) {
		uint32_t by = new->kind == LOPT_NODE_OBJECT ? new->object : LOPT_NODE_NONE;
		LOPT_TRY(lopt_object_hide(m->tree, &m->tree->stack, lower, layer_of(m), by, true, err));
	} else if (new->kind == LOPT_NODE_OBJECT) {
		LOPT_TRY(take_out_below(m, lower, err));
	} else if (new->opaque) {
		LOPT_TRY(hide_below(m, upper, lower, err));
	}
	overwrite(m, upper, lower);
	return LOPT_OK;
}

static enum lopt_status merge_new(struct merging *m, uint32_t upper, uint32_t parent, uint32_t *lower,
				  struct lopt_error *err)
{
	*lower = lopt_nodes_add(&m->tree->stack, parent, upper_at(m, upper)->name);
	if (*lower == LOPT_NODE_NONE)
		return lopt_error_memory(err);
	overwrite(m, upper, *lower);
	m->changes->added++;
	return LOPT_OK;
}

static enum lopt_status merge_whiteout(struct merging *m, uint32_t upper, uint32_t lower, bool alone,
				       struct lopt_error *err)
{
	if (lower != LOPT_NODE_NONE)
		return take_out_subtree(m, lower, err);
	if (alone)
		return differ(
			m, LOPT_INFO, upper,
			"a whiteout of nothing in a new directory: overlay engines list a name that cannot be opened",
			err);
	return LOPT_OK;
}

static enum lopt_status merge_node(struct merging *m, uint32_t upper, struct lopt_error *err)
{
	struct lopt_tree_node *new = upper_at(m, upper);
	const struct lopt_tree_node *up = upper_at(m, new->parent);
	uint32_t parent = m->twins[new->parent];
	uint32_t lower = lopt_nodes_find(&m->tree->stack, parent, new->name);
	bool alone = new->parent != LOPT_NODE_ROOT && (up->opaque || m->fresh[new->parent]);
	if (new->kind == LOPT_NODE_WHITEOUT)
		return merge_whiteout(m, upper, lower, alone, err);
	if (new->parent != LOPT_NODE_ROOT)
		new->opaque |= up->opaque;
	if (new->kind == LOPT_NODE_DIR)
		LOPT_TRY(tell_of_directory(m, upper, new->opaque &&alone ? LOPT_NODE_NONE : lower, err));
	m->fresh[upper] = lower == LOPT_NODE_NONE || lower_at(m, lower)->kind != LOPT_NODE_DIR;
	if (lower == LOPT_NODE_NONE)
		LOPT_TRY(merge_new(m, upper, parent, &lower, err));
	else
		LOPT_TRY(merge_over(m, upper, lower, err));
	m->twins[upper] = lower;
	return LOPT_OK;
}

enum lopt_status lopt_merge(struct lopt_tree *tree, struct lopt_extraction *x, struct lopt_tree_changes *changes,
			    struct lopt_error *err)
{
	*changes = (struct lopt_tree_changes){ 0 };
	struct merging m = { .tree = tree, .x = x, .changes = changes };
	LOPT_CLEANUP(lopt_cleanup_bytes) uint32_t *twins = reallocarray(NULL, x->nodes.count, sizeof *twins);
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *fresh = calloc(x->nodes.count, sizeof *fresh);
	if (!twins || !fresh)
		return lopt_error_memory(err);
	m.twins = twins;
	m.fresh = fresh;
	twins[LOPT_NODE_ROOT] = LOPT_NODE_ROOT;
	for (uint32_t node = lopt_nodes_next(&x->nodes, LOPT_NODE_ROOT, LOPT_NODE_ROOT); node != LOPT_NODE_NONE;
	     node = lopt_nodes_next(&x->nodes, node, LOPT_NODE_ROOT))
		LOPT_TRY(merge_node(&m, node, err));
	return LOPT_OK;
}
