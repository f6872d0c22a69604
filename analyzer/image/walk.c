/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "image/model.h"

/* A walk over the final filesystem, one path buffer for all of it. */
struct walking {
	const struct lopt_image *image;
	uint32_t at; /* the node whose path is in `path` */
	struct lopt_buf path;
	struct lopt_xattr *xattrs; /* those shown of one node */
	size_t xattr_cap;
};

static void release_walking(struct walking *walking)
{
	lopt_buf_release(&walking->path);
	free(walking->xattrs);
}

/* docker sets times before 1970 and beyond 2262 to 1970; those of symbolic links before 1970 it leaves. */
static int64_t container_time(enum lopt_type type, int64_t mtime_ns)
{
	bool too_early = type != LOPT_SYMLINK && mtime_ns < 0;
	return too_early || mtime_ns == INT64_MAX ? 0 : mtime_ns;
}

/* What a container sees of an entry's extended attributes: overlay's own are hidden, user.* needs a file or directory. */
static bool is_shown(enum lopt_type type, struct lopt_str name)
{
	if (lopt_str_starts(name, "trusted.overlay."))
		return false;
	return type == LOPT_FILE || type == LOPT_DIR || !lopt_str_starts(name, "user.");
}

static enum lopt_status set_xattrs(struct walking *walking, struct lopt_node *node, const struct lopt_entry *entry,
				   struct lopt_error *err)
{
	if (entry->xattr_count == 0)
		return LOPT_OK;
	struct lopt_xattr *xattrs = lopt_grow(walking->xattrs, &walking->xattr_cap, entry->xattr_count, sizeof *xattrs);
	if (!xattrs)
		return lopt_error_memory(err);
	walking->xattrs = xattrs;
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (is_shown(node->type, entry->xattrs[i].name))
			xattrs[node->xattr_count++] = entry->xattrs[i];
	node->xattrs = xattrs;
	return LOPT_OK;
}

static void set_attributes(struct lopt_node *node, const struct lopt_entry *entry)
{
	node->mode = entry->mode;
	node->uid = entry->uid;
	node->gid = entry->gid;
	node->mtime_ns = container_time(node->type, entry->mtime_ns);
}

static void set_object(const struct lopt_image *image, struct lopt_node *node, uint32_t object)
{
	const struct lopt_object *at = &image->tree.objects[object];
	node->type = (enum lopt_type)at->primary->type;
	node->entry = at->primary;
	set_attributes(node, at->attributes);
	node->hardlink = image->hardlinks[object];
	if (node->type == LOPT_SYMLINK) { /* a hard link to it changes neither */
		node->mode = 0777;
		node->mtime_ns = container_time(LOPT_SYMLINK, at->primary->mtime_ns);
	}
	if (at->inode == LOPT_NO_INODE)
		return;
	node->inode = at->inode;
	node->inode_layer = &image->layers[at->layer];
	node->size = node->inode_layer->inodes[at->inode].size;
}

/* From the path of one node to that of the next: no more is touched than differs, however deep they are. */
static enum lopt_status step(struct walking *walking, uint32_t id, struct lopt_error *err)
{
	const struct lopt_nodes *stack = &walking->image->tree.stack;
	const struct lopt_tree_node *to = lopt_nodes_at(stack, id);
	for (; walking->at != to->parent; walking->at = lopt_nodes_at(stack, walking->at)->parent) {
		size_t gone = lopt_nodes_at(stack, walking->at)->name.len + 1;
		walking->path.len -= gone < walking->path.len ? gone : walking->path.len;
	}
	walking->at = id;
	if (walking->path.len)
		lopt_buf_char(&walking->path, '/');
	lopt_buf_str(&walking->path, to->name);
	return walking->path.failed ? lopt_error_memory(err) : LOPT_OK;
}

static enum lopt_status describe(struct walking *walking, uint32_t id, struct lopt_node *node, struct lopt_error *err)
{
	const struct lopt_tree_node *at = lopt_nodes_at(&walking->image->tree.stack, id);
	LOPT_TRY(step(walking, id, err));
	*node = (struct lopt_node){
		.path = lopt_buf_view(&walking->path),
		.type = LOPT_DIR,
		.layer = at->layer,
		.entry = at->entry,
		.inode = LOPT_NO_INODE,
		.mode = 0755,
	};
	if (at->kind == LOPT_NODE_OBJECT) {
		set_object(walking->image, node, at->object);
		const struct lopt_object *object = &walking->image->tree.objects[at->object];
		return set_xattrs(walking, node, object->xattrs, err);
	}
	if (!at->entry)
		return LOPT_OK;
	set_attributes(node, at->entry);
	return set_xattrs(walking, node, at->entry, err);
}

enum lopt_status lopt_image_walk(const struct lopt_image *image, lopt_node_visit *visit, void *context,
				 struct lopt_error *err)
{
	const struct lopt_nodes *stack = &image->tree.stack;
	if (!image->bundle)
		return lopt_error_set(
			err, LOPT_E_USAGE,
			"the files of the image are not in a saved analysis: this takes the image itself");
	LOPT_CLEANUP(release_walking)
	struct walking walking = {
		.image = image,
		.at = LOPT_NODE_ROOT,
		.path = LOPT_BUF_INIT(SIZE_MAX / 2),
	};
	for (uint32_t id = lopt_nodes_next(stack, LOPT_NODE_ROOT, LOPT_NODE_ROOT); id != LOPT_NODE_NONE;
	     id = lopt_nodes_next(stack, id, LOPT_NODE_ROOT)) {
		struct lopt_node node;
		LOPT_TRY(describe(&walking, id, &node, err));
		LOPT_TRY(visit(context, &node, err));
	}
	return LOPT_OK;
}
