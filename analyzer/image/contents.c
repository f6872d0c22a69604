/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "image/model.h"

/* Contents are looked up by size and fingerprint; each remembers the inode it was first met at. */

static const struct lopt_layer_inode *inode_of(const struct lopt_image *image, uint32_t number)
{
	const struct lopt_known_content *content = &image->contents[number];
	return &image->bundle->blobs[content->blob].data->inodes[content->inode];
}

/* The first inode of a content stands for it, until one comes whose digest can be had. */
static void prefer_digest(struct lopt_image *image, uint32_t number, uint32_t blob, uint32_t inode)
{
	struct lopt_known_content *content = &image->contents[number];
	if (!lopt_bundle_has_sha256(image->bundle, content->blob, content->inode) &&
	    lopt_bundle_has_sha256(image->bundle, blob, inode))
		*content = (struct lopt_known_content){ .blob = blob, .inode = inode };
}

static bool matches(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct lopt_layer_inode *inode = inode_of(owner, value);
	return inode->size == number && memcmp(inode->fingerprint, key.ptr, sizeof inode->fingerprint) == 0;
}

static enum lopt_status add_content(struct lopt_image *image, uint32_t blob, uint32_t inode, uint32_t *number,
				    struct lopt_error *err)
{
	struct lopt_known_content *contents =
		lopt_grow(image->contents, &image->content_cap, image->content_count + 1, sizeof *contents);
	if (!contents)
		return lopt_error_memory(err);
	image->contents = contents;
	*number = (uint32_t)image->content_count++;
	contents[*number] = (struct lopt_known_content){ .blob = blob, .inode = inode };
	return LOPT_OK;
}

/* An inode without a fingerprint is the only one of its size. */
static enum lopt_status number_inode(struct lopt_image *image, struct lopt_table *table, uint32_t blob, uint32_t index,
				     uint32_t *number, struct lopt_error *err)
{
	const struct lopt_layer_inode *inode = &image->bundle->blobs[blob].data->inodes[index];
	*number = LOPT_NO_CONTENT;
	if (inode->size == 0)
		return LOPT_OK;
	if (!inode->has_fingerprint)
		return add_content(image, blob, index, number, err);
	struct lopt_str key = lopt_str_make((const char *)inode->fingerprint, sizeof inode->fingerprint);
	*number = lopt_table_find(table, inode->size, key, matches, image);
	if (*number != LOPT_TABLE_NONE) {
		prefer_digest(image, *number, blob, index);
		return LOPT_OK;
	}
	LOPT_TRY(add_content(image, blob, index, number, err));
	return lopt_table_insert(table, inode->size, key, *number) ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status number_blob(struct lopt_image *image, struct lopt_table *table, uint32_t blob,
				    const uint32_t **out, struct lopt_error *err)
{
	const struct lopt_layer_data *data = image->bundle->blobs[blob].data;
	uint32_t *numbers = lopt_arena_zalloc(&image->arena, data->inode_count + 1, sizeof *numbers);
	if (!numbers)
		return lopt_error_memory(err);
	for (size_t i = 0; i < data->inode_count; i++)
		LOPT_TRY(number_inode(image, table, blob, (uint32_t)i, &numbers[i], err));
	*out = numbers;
	return LOPT_OK;
}

static enum lopt_status number_all(struct lopt_image *image, struct lopt_table *table, const uint32_t **blobs,
				   struct lopt_error *err)
{
	for (size_t i = 0; i < image->bundle->blob_count; i++)
		LOPT_TRY(number_blob(image, table, (uint32_t)i, &blobs[i], err));
	return LOPT_OK;
}

enum lopt_status lopt_contents_number(struct lopt_image *image, const uint32_t ***numbers, struct lopt_error *err)
{
	const struct lopt_bundle *bundle = image->bundle;
	LOPT_CLEANUP(lopt_table_release) struct lopt_table table = { 0 };
	LOPT_CLEANUP(lopt_cleanup_bytes) const uint32_t **blobs = calloc(bundle->blob_count + 1, sizeof *blobs);
	*numbers = lopt_arena_zalloc(&image->arena, bundle->layer_count + 1, sizeof **numbers);
	if (!blobs || !*numbers)
		return lopt_error_memory(err);
	LOPT_TRY(number_all(image, &table, blobs, err));
	for (size_t i = 0; i < bundle->layer_count; i++)
		if (bundle->layers[i].data)
			(*numbers)[i] = blobs[bundle->layers[i].blob_index];
	return LOPT_OK;
}

const unsigned char *lopt_image_sha256(const struct lopt_image *image, uint32_t content)
{
	if (content >= image->content_count)
		return NULL;
	const struct lopt_known_content *known = &image->contents[content];
	return lopt_bundle_known_sha256(image->bundle, known->blob, known->inode);
}

enum lopt_status lopt_image_compute_sha256(const struct lopt_image *image, uint32_t content, unsigned char out[32],
					   struct lopt_error *err)
{
	if (content >= image->content_count)
		return LOPT_END;
	const struct lopt_known_content *known = &image->contents[content];
	enum lopt_status status = lopt_bundle_sha256(image->bundle, known->blob, known->inode, out, err);
	if (status == LOPT_OK || status == LOPT_END || status == LOPT_E_MEMORY)
		return status;
	return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(image->bundle->info.source));
}
