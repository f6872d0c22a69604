/* SPDX-License-Identifier: MIT */
#include "compare/inventory.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

static enum lopt_status copy_xattrs(struct lopt_arena *arena, struct lopt_item *item, const struct lopt_node *node,
				    struct lopt_error *err)
{
	if (node->xattr_count == 0)
		return LOPT_OK;
	struct lopt_xattr *xattrs = lopt_arena_zalloc(arena, node->xattr_count, sizeof *xattrs);
	if (!xattrs)
		return lopt_error_memory(err);
	memcpy(xattrs, node->xattrs, node->xattr_count * sizeof *xattrs);
	item->xattrs = xattrs;
	item->xattr_count = node->xattr_count;
	return LOPT_OK;
}

static const unsigned char *digest_of(const struct lopt_image *image, const struct lopt_node *node)
{
	if (!node->inode_layer)
		return NULL;
	uint32_t content = node->inode_layer->inodes[node->inode].content;
	return content == LOPT_NO_CONTENT ? NULL : lopt_image_sha256(image, content);
}

static enum lopt_status add_node(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct lopt_inventory *to = context;
	struct lopt_item *items = lopt_grow(to->items, &to->cap, to->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	to->items = items;
	struct lopt_item *item = &items[to->count];
	*item = (struct lopt_item){
		.path = lopt_arena_copy(to->arena, node->path),
		.side = {
			.type = node->type, .mode = node->mode, .uid = node->uid, .gid = node->gid,
			.size = node->size, .mtime_ns = node->mtime_ns, .has_time = node->entry != NULL,
			.hardlink = node->hardlink, .layer = node->inode_layer, .inode = node->inode,
			.holder = node->inode_layer ? node->inode_layer->index : node->layer,
		},
		.sha256 = digest_of(to->image, node),
	};
	if (!item->path.ptr)
		return lopt_error_memory(err);
	if (node->type == LOPT_SYMLINK && node->entry)
		item->side.target = node->entry->link;
	if (node->entry) {
		item->major = node->entry->major;
		item->minor = node->entry->minor;
	}
	LOPT_TRY(copy_xattrs(to->arena, item, node, err));
	to->count++;
	return LOPT_OK;
}

static enum lopt_status list_layers(struct lopt_inventory *to, struct lopt_error *err)
{
	size_t count = lopt_image_layer_count(to->image);
	struct lopt_str *ids = lopt_arena_zalloc(to->arena, count + 1, sizeof *ids);
	if (!ids)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++)
		ids[i] = lopt_image_layer(to->image, i)->diff_id;
	to->diff_ids = ids;
	to->layer_count = count;
	return LOPT_OK;
}

enum lopt_status lopt_inventory_make(struct lopt_inventory *out, struct lopt_arena *arena,
				     const struct lopt_image *image, const struct lopt_analysis *analysis,
				     struct lopt_error *err)
{
	*out = (struct lopt_inventory){
		.arena = arena, .image = image, .info = lopt_image_info(image), .analysis = analysis
	};
	LOPT_TRY(list_layers(out, err));
	return lopt_image_walk(image, add_node, out, err);
}

void lopt_inventory_release(struct lopt_inventory *inventory)
{
	free(inventory->items);
	*inventory = (struct lopt_inventory){ 0 };
}
