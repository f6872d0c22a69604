/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "image/model.h"

/* Contents are looked up by size and key; the table's owner remembers one inode of each. */
struct seen {
	const struct lopt_layer_inode **inodes; /* by content number */
	size_t cap;
};

static bool matches(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct seen *seen = owner;
	const struct lopt_layer_inode *inode = seen->inodes[value];
	return inode->size == number && memcmp(inode->key, key.ptr, sizeof inode->key) == 0;
}

static enum lopt_status add_content(struct lopt_image *image, struct seen *seen, const struct lopt_layer_inode *inode,
				    struct lopt_error *err)
{
	size_t count = image->content_count;
	struct lopt_content *contents = lopt_grow(image->contents, &image->content_cap, count + 1, sizeof *contents);
	if (contents)
		image->contents = contents;
	const struct lopt_layer_inode **inodes = lopt_grow(seen->inodes, &seen->cap, count + 1, sizeof *inodes);
	if (inodes)
		seen->inodes = inodes;
	if (!contents || !inodes)
		return lopt_error_memory(err);
	contents[count] = (struct lopt_content){ .size = inode->size, .has_sha256 = inode->has_sha256 };
	memcpy(contents[count].sha256, inode->key, sizeof inode->key);
	inodes[count] = inode;
	image->content_count++;
	return LOPT_OK;
}

static enum lopt_status number_inode(struct lopt_image *image, struct lopt_table *table, struct seen *seen,
				     const struct lopt_layer_inode *inode, uint32_t *number, struct lopt_error *err)
{
	struct lopt_str key = lopt_str_make((const char *)inode->key, sizeof inode->key);
	*number = LOPT_NO_CONTENT;
	if (inode->size == 0)
		return LOPT_OK;
	*number = lopt_table_find(table, inode->size, key, matches, seen);
	if (*number != LOPT_TABLE_NONE)
		return LOPT_OK;
	*number = (uint32_t)image->content_count;
	LOPT_TRY(add_content(image, seen, inode, err));
	return lopt_table_insert(table, inode->size, key, *number) ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status number_layer(struct lopt_image *image, struct lopt_table *table, struct seen *seen,
				     const struct lopt_layer_data *data, const uint32_t **out, struct lopt_error *err)
{
	uint32_t *numbers = lopt_arena_zalloc(&image->arena, data->inode_count + 1, sizeof *numbers);
	if (!numbers)
		return lopt_error_memory(err);
	for (size_t i = 0; i < data->inode_count; i++)
		LOPT_TRY(number_inode(image, table, seen, &data->inodes[i], &numbers[i], err));
	*out = numbers;
	return LOPT_OK;
}

static enum lopt_status number_all(struct lopt_image *image, struct lopt_table *table, struct seen *seen,
				   const uint32_t **numbers, struct lopt_error *err)
{
	for (size_t i = 0; i < image->bundle->layer_count; i++) {
		const struct lopt_layer_data *data = image->bundle->layers[i].data;
		if (data)
			LOPT_TRY(number_layer(image, table, seen, data, &numbers[i], err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_contents_number(struct lopt_image *image, const uint32_t ***numbers, struct lopt_error *err)
{
	struct lopt_table table = { 0 };
	struct seen seen = { 0 };
	*numbers = lopt_arena_zalloc(&image->arena, image->bundle->layer_count + 1, sizeof **numbers);
	enum lopt_status status = *numbers ? number_all(image, &table, &seen, *numbers, err) : lopt_error_memory(err);
	lopt_table_release(&table);
	free(seen.inodes);
	return status;
}
