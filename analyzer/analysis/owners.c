/* SPDX-License-Identifier: MIT */
#include "analysis/owners.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "package/python.h"

/* No manager has longer ones, and comparing two costs no more than this. */
enum { NAME_MAX_BYTES = 1024 };

static uint32_t *no_owners(size_t count)
{
	uint32_t *owners = reallocarray(NULL, count + 1, sizeof *owners);
	if (owners)
		memset(owners, 0xff, (count + 1) * sizeof *owners);
	return owners;
}

enum lopt_status lopt_owners_init(struct lopt_owners *owners, const struct lopt_image *image, struct lopt_arena *arena,
				  struct lopt_error *err)
{
	size_t count = lopt_image_layer_count(image);
	*owners = (struct lopt_owners){ .image = image, .arena = arena };
	lopt_finder_init(&owners->finder, image);
	owners->inodes = calloc(count + 1, sizeof *owners->inodes);
	if (!owners->inodes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		owners->inodes[i] = no_owners(lopt_image_layer(image, i)->inode_count);
		if (!owners->inodes[i])
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

void lopt_owners_release(struct lopt_owners *owners)
{
	for (size_t i = 0; owners->inodes && i < lopt_image_layer_count(owners->image); i++)
		free(owners->inodes[i]);
	free(owners->inodes);
	free(owners->items);
	free(owners->trees);
	lopt_finder_release(&owners->finder);
	*owners = (struct lopt_owners){ 0 };
}

bool lopt_manager_is_of_system(const char *manager)
{
	static const char *const managers[] = { "apk", "dpkg", "rpm" };
	for (size_t i = 0; i < sizeof managers / sizeof managers[0]; i++)
		if (strcmp(manager, managers[i]) == 0)
			return true;
	return false;
}

int lopt_owner_compare(const struct lopt_owner *a, const struct lopt_owner *b)
{
	if (a->of_system != b->of_system)
		return a->of_system ? -1 : 1;
	int r = strcmp(a->manager, b->manager);
	if (r == 0)
		r = lopt_str_compare(a->name, b->name);
	return r ? r : lopt_str_compare(a->version, b->version);
}

bool lopt_owner_may_be_called(struct lopt_str name)
{
	return name.len <= NAME_MAX_BYTES && !(name.len && memchr(name.ptr, '\0', name.len));
}

enum lopt_status lopt_owners_add(struct lopt_owners *owners, const struct lopt_package *package, uint32_t *owner,
				 struct lopt_error *err)
{
	*owner = LOPT_NO_OWNER;
	if (package->name.len == 0 || !lopt_owner_may_be_called(package->name) ||
	    !lopt_owner_may_be_called(package->version) || owners->count >= LOPT_NO_OWNER)
		return LOPT_OK;
	struct lopt_owner *items = lopt_grow(owners->items, &owners->cap, owners->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	owners->items = items;
	const struct lopt_owner item = {
		.manager = package->manager,
		.name = lopt_arena_copy(owners->arena, package->name),
		.version = lopt_arena_copy(owners->arena, package->version),
		.of_system = lopt_manager_is_of_system(package->manager),
	};
	if (!item.name.ptr || !item.version.ptr)
		return lopt_error_memory(err);
	*owner = (uint32_t)owners->count;
	items[owners->count++] = item;
	return LOPT_OK;
}

/* Whoever comes first in the order of packages has it, whatever order the claims come in. */
static void claim(const struct lopt_owners *owners, uint32_t *holder, uint32_t owner)
{
	if (*holder == owner)
		return;
	if (*holder == LOPT_NO_OWNER || lopt_owner_compare(&owners->items[owner], &owners->items[*holder]) < 0)
		*holder = owner;
}

enum lopt_status lopt_owners_claim_file(struct lopt_owners *owners, uint32_t owner, struct lopt_str path,
					struct lopt_error *err)
{
	struct lopt_found found;
	if (owner == LOPT_NO_OWNER)
		return LOPT_OK;
	LOPT_TRY(lopt_finder_find(&owners->finder, path, &found, err));
	if (found.layer)
		claim(owners, &owners->inodes[found.layer->index][found.inode], owner);
	return LOPT_OK;
}

enum lopt_status lopt_owners_claim_tree(struct lopt_owners *owners, uint32_t owner, struct lopt_str path,
					struct lopt_error *err)
{
	struct lopt_found found;
	if (owner == LOPT_NO_OWNER)
		return LOPT_OK;
	LOPT_TRY(lopt_finder_find(&owners->finder, path, &found, err));
	if (found.node == LOPT_FOUND_NOTHING || found.node == LOPT_FOUND_ROOT || found.type != LOPT_DIR)
		return LOPT_OK;
	if (!owners->trees)
		owners->trees = no_owners(lopt_found_bound(owners->image));
	if (!owners->trees)
		return lopt_error_memory(err);
	claim(owners, &owners->trees[found.node], owner);
	return LOPT_OK;
}

/* Whom the source has, if this is bytecode that nobody named. */
static enum lopt_status claim_bytecode(struct lopt_owners *owners, uint32_t *holder, const struct lopt_inode *inode,
				       struct lopt_buf *source, struct lopt_error *err)
{
	struct lopt_found found;
	lopt_buf_clear(source);
	if (*holder != LOPT_NO_OWNER || inode->cause != LOPT_CAUSE_NONE || !lopt_python_source(source, inode->path))
		return LOPT_OK;
	if (source->failed)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_finder_find(&owners->finder, lopt_buf_view(source), &found, err));
	if (found.layer)
		*holder = owners->inodes[found.layer->index][found.inode];
	return LOPT_OK;
}

enum lopt_status lopt_owners_claim_bytecode(struct lopt_owners *owners, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf source = LOPT_BUF_INIT(UINT32_MAX);
	for (size_t i = 0; i < lopt_image_layer_count(owners->image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(owners->image, i);
		for (size_t k = 0; k < layer->inode_count; k++)
			LOPT_TRY(claim_bytecode(owners, &owners->inodes[i][k], &layer->inodes[k], &source, err));
	}
	return LOPT_OK;
}

void lopt_owners_settle(struct lopt_owners *owners)
{
	struct lopt_found found = { .node = LOPT_FOUND_ROOT };
	if (!owners->trees)
		return;
	while (lopt_found_next(owners->image, &found)) {
		uint32_t *tree = &owners->trees[found.node];
		if (*tree == LOPT_NO_OWNER)
			*tree = owners->trees[found.parent];
		if (!found.layer)
			continue;
		uint32_t *holder = &owners->inodes[found.layer->index][found.inode];
		if (*holder == LOPT_NO_OWNER) /* of several names of an inode the first decides */
			*holder = *tree;
	}
}
