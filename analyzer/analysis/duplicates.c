/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"

/* Equal contents among visible inodes. Contents have numbers, so equality is that of numbers. */

struct copies {
	uint64_t size;	/* of one */
	uint32_t count; /* visible inodes of this content */
	uint32_t row;	/* where it is reported, once it is known to be there twice */
};

struct gathering {
	struct lopt_making *making;
	struct copies *copies; /* by content number */
	struct lopt_duplicate_row *rows;
	struct lopt_str **paths; /* of each row, being filled */
	uint32_t *filled;
	bool **named; /* by layer and inode: its first name was taken */
};

static void release_gathering(struct gathering *gathering)
{
	free(gathering->copies);
	free(gathering->paths);
	free(gathering->filled);
	for (size_t i = 0; gathering->named && i < lopt_image_layer_count(gathering->making->result.image); i++)
		free(gathering->named[i]);
	free(gathering->named);
}

static bool counts(const struct lopt_inode *inode)
{
	return inode->cause == LOPT_CAUSE_NONE && inode->content != LOPT_NO_CONTENT;
}

/* The copy in the lowest layer is the original; the layer of each further one pays for it. */
static void count_copies(struct gathering *gathering, uint64_t *shares)
{
	const struct lopt_image *image = gathering->making->result.image;
	for (size_t l = 0; l < lopt_image_layer_count(image); l++) {
		const struct lopt_layer *layer = lopt_image_layer(image, l);
		for (size_t i = 0; i < layer->inode_count; i++) {
			const struct lopt_inode *inode = &layer->inodes[i];
			if (!counts(inode))
				continue;
			gathering->copies[inode->content].size = inode->size;
			if (gathering->copies[inode->content].count++)
				shares[l] = lopt_add_saturating(shares[l], inode->size, &gathering->making->saturated);
		}
	}
}

static size_t count_rows(const struct gathering *gathering)
{
	size_t rows = 0;
	for (size_t i = 0; i < lopt_image_content_count(gathering->making->result.image); i++)
		rows += gathering->copies[i].count > 1;
	return rows;
}

static uint64_t multiply(uint64_t a, uint64_t b, bool *saturated)
{
	uint64_t product;
	if (!__builtin_mul_overflow(a, b, &product))
		return product;
	*saturated = true;
	return UINT64_MAX;
}

static enum lopt_status lay_out_row(struct gathering *gathering, uint32_t content, uint32_t row, struct lopt_error *err)
{
	struct copies *copies = &gathering->copies[content];
	struct lopt_str *paths = lopt_arena_zalloc(&gathering->making->arena, copies->count, sizeof *paths);
	if (!paths)
		return lopt_error_memory(err);
	copies->row = row;
	gathering->paths[row] = paths;
	gathering->rows[row] = (struct lopt_duplicate_row){
		.content = content,
		.size = copies->size,
		.count = copies->count,
		.bytes = multiply(copies->size, copies->count - 1, &gathering->making->saturated),
		.paths = paths,
	};
	return LOPT_OK;
}

static enum lopt_status lay_out(struct gathering *gathering, size_t count, struct lopt_error *err)
{
	struct lopt_analysis *result = &gathering->making->result;
	gathering->rows = lopt_arena_zalloc(&gathering->making->arena, count, sizeof *gathering->rows);
	gathering->paths = calloc(count, sizeof *gathering->paths);
	gathering->filled = calloc(count, sizeof *gathering->filled);
	gathering->named = calloc(lopt_image_layer_count(result->image) + 1, sizeof *gathering->named);
	if (!gathering->rows || !gathering->paths || !gathering->filled || !gathering->named)
		return lopt_error_memory(err);
	for (size_t i = 0; i < lopt_image_layer_count(result->image); i++) {
		gathering->named[i] = calloc(lopt_image_layer(result->image, i)->inode_count + 1, sizeof(bool));
		if (!gathering->named[i])
			return lopt_error_memory(err);
	}
	uint32_t row = 0;
	for (uint32_t i = 0; i < lopt_image_content_count(result->image); i++)
		if (gathering->copies[i].count > 1)
			LOPT_TRY(lay_out_row(gathering, i, row++, err));
	return LOPT_OK;
}

static enum lopt_status name_copy(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct gathering *gathering = context;
	if (!node->inode_layer || !counts(&node->inode_layer->inodes[node->inode]))
		return LOPT_OK;
	const struct copies *copies = &gathering->copies[node->inode_layer->inodes[node->inode].content];
	bool *named = &gathering->named[node->inode_layer->index][node->inode];
	if (copies->count < 2 || *named)
		return LOPT_OK;
	*named = true;
	struct lopt_str path =
		lopt_arena_copy(&gathering->making->arena, node->hardlink.len ? node->hardlink : node->path);
	gathering->paths[copies->row][gathering->filled[copies->row]++] = path;
	return path.ptr ? LOPT_OK : lopt_error_memory(err);
}

static int compare_names(const void *a, const void *b)
{
	return lopt_str_compare(*(const struct lopt_str *)a, *(const struct lopt_str *)b);
}

static int compare_rows(const void *a, const void *b)
{
	const struct lopt_duplicate_row *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return lopt_str_compare(x->paths[0], y->paths[0]);
}

static enum lopt_status add_digests(const struct lopt_image *image, struct lopt_duplicate_row *rows, size_t count,
				    struct lopt_error *err)
{
	for (size_t i = 0; i < count; i++) {
		enum lopt_status status = lopt_image_compute_sha256(image, rows[i].content, rows[i].sha256, err);
		if (status != LOPT_OK && status != LOPT_END)
			return status;
		rows[i].has_sha256 = status == LOPT_OK;
	}
	return LOPT_OK;
}

enum lopt_status lopt_make_duplicates(struct lopt_making *making, const struct lopt_analysis_options *options,
				      uint64_t *shares, struct lopt_error *err)
{
	LOPT_CLEANUP(release_gathering) struct gathering gathering = { .making = making };
	gathering.copies = calloc(lopt_image_content_count(making->result.image) + 1, sizeof *gathering.copies);
	if (!gathering.copies)
		return lopt_error_memory(err);
	count_copies(&gathering, shares);
	size_t count = count_rows(&gathering);
	if (count == 0)
		return LOPT_OK;
	LOPT_TRY(lay_out(&gathering, count, err));
	LOPT_TRY(lopt_image_walk(making->result.image, name_copy, &gathering, err));
	for (size_t i = 0; i < count; i++)
		qsort(gathering.paths[i], gathering.rows[i].count, sizeof **gathering.paths, compare_names);
	qsort(gathering.rows, count, sizeof *gathering.rows, compare_rows);
	LOPT_TRY(add_digests(making->result.image, gathering.rows, options->digests < count ? options->digests : count,
			     err));
	making->result.duplicates = gathering.rows;
	making->result.duplicate_count = count;
	return LOPT_OK;
}
