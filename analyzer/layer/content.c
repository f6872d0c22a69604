/* SPDX-License-Identifier: MIT */
#include "layer/content.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* Holes of one file up to this size are hashed as the zeros they stand for; larger ones by their extents. */
#define HOLE_HASH_MAX (64ull << 20)

enum lopt_status lopt_contents_init(struct lopt_contents *contents, struct lopt_layer_data *data,
				    const struct lopt_layer_options *options, struct lopt_error *err)
{
	*contents = (struct lopt_contents){
		.data = data,
		.sizes = options->contents.sizes,
		.all_digests = options->contents.all_digests,
		.repeated_digests = options->contents.repeated_digests,
	};
	lopt_keeper_init(&contents->keeper, &data->arena, options->contents.keep, true);
	LOPT_TRY(lopt_fingerprinter_init(&contents->printer, err));
	return lopt_hasher_init(&contents->hasher, LOPT_SHA256, err);
}

void lopt_contents_release(struct lopt_contents *contents)
{
	lopt_fingerprinter_release(&contents->printer);
	lopt_hasher_release(&contents->hasher);
	lopt_keeper_release(&contents->keeper);
}

static enum lopt_status add_bytes(struct lopt_contents *contents, const void *bytes, size_t size,
				  struct lopt_error *err)
{
	LOPT_TRY(lopt_fingerprinter_add(&contents->printer, bytes, size, err));
	return contents->hashing ? lopt_hasher_add(&contents->hasher, bytes, size, err) : LOPT_OK;
}

static enum lopt_status add_zeros(struct lopt_contents *contents, uint64_t size, struct lopt_error *err)
{
	static const unsigned char zeros[65536];
	while (size) {
		size_t n = size < sizeof zeros ? (size_t)size : sizeof zeros;
		LOPT_TRY(add_bytes(contents, zeros, n, err));
		size -= n;
	}
	return LOPT_OK;
}

/* An extent in front of its bytes, where holes are not hashed. */
static enum lopt_status add_extent(struct lopt_contents *contents, uint64_t offset, uint64_t size,
				   struct lopt_error *err)
{
	unsigned char mark[16];
	for (size_t i = 0; i < 8; i++) {
		mark[i] = (unsigned char)(offset >> (8 * i));
		mark[8 + i] = (unsigned char)(size >> (8 * i));
	}
	return add_bytes(contents, mark, sizeof mark, err);
}

static enum lopt_status add_digest(struct lopt_contents *contents, uint32_t inode, struct lopt_error *err)
{
	struct lopt_layer_data *data = contents->data;
	struct lopt_digest digest;
	struct lopt_inode_digest *digests =
		lopt_grow(data->digests, &data->digest_cap, data->digest_count + 1, sizeof *digests);
	if (!digests)
		return lopt_error_memory(err);
	data->digests = digests;
	LOPT_TRY(lopt_hasher_finish(&contents->hasher, &digest, err));
	digests[data->digest_count].inode = inode;
	memcpy(digests[data->digest_count].sha256, digest.bytes, sizeof digests->sha256);
	data->digest_count++;
	return LOPT_OK;
}

static enum lopt_status read_runs(struct lopt_contents *contents, struct lopt_tar_reader *tar, uint64_t size,
				  bool zeros, struct lopt_error *err)
{
	uint64_t at = 0;
	for (;;) {
		const void *bytes;
		size_t n;
		uint64_t offset;
		enum lopt_status status = lopt_tar_reader_data(tar, &bytes, &n, &offset, err);
		if (status == LOPT_END)
			return zeros ? add_zeros(contents, size - at, err) : LOPT_OK;
		if (status != LOPT_OK)
			return status;
		if (offset < at)
			return lopt_error_set(err, LOPT_E_INPUT, "extents of a sparse file overlap");
		if (zeros)
			LOPT_TRY(add_zeros(contents, offset - at, err));
		else
			LOPT_TRY(add_extent(contents, offset, n, err));
		LOPT_TRY(add_bytes(contents, bytes, n, err));
		LOPT_TRY(lopt_keeper_feed(&contents->keeper, offset, bytes, n, err));
		at = offset + n;
	}
}

/*
 * Only digests of contents that are there twice are asked for. Where nothing can be read again, the second one of a size
 * gets one. That of a sparse file cannot be computed later either, since its extents are not remembered.
 */
static enum lopt_status choose_hashing(struct lopt_contents *contents, const struct lopt_tar_entry *from,
				       struct lopt_error *err)
{
	bool again = false;
	if (contents->sizes && !lopt_sizes_add(contents->sizes, from->size, &again))
		return lopt_error_memory(err);
	contents->hashing = contents->all_digests || from->sparse ||
			    (again && contents->repeated_digests && !contents->data->unread);
	return LOPT_OK;
}

enum lopt_status lopt_contents_read(struct lopt_contents *contents, struct lopt_tar_reader *tar,
				    const struct lopt_tar_entry *from, const struct lopt_entry *entry, uint32_t number,
				    struct lopt_error *err)
{
	struct lopt_layer_inode *inode = &contents->data->inodes[number];
	uint64_t holes = from->sparse && from->size > from->stored ? from->size - from->stored : 0;
	bool zeros = holes <= HOLE_HASH_MAX;
	LOPT_TRY(choose_hashing(contents, from, err));
	contents->hashing &= zeros; /* else its digest is nobody's */
	LOPT_TRY(lopt_keeper_begin(&contents->keeper, entry, number, (enum lopt_keep)inode->keep, err));
	LOPT_TRY(lopt_fingerprinter_reset(&contents->printer, err));
	if (contents->hashing)
		LOPT_TRY(lopt_hasher_reset(&contents->hasher, err));
	LOPT_TRY(read_runs(contents, tar, from->size, zeros, err));
	LOPT_TRY(lopt_fingerprinter_finish(&contents->printer, inode->fingerprint, err));
	inode->has_fingerprint = true;
	if (contents->hashing)
		LOPT_TRY(add_digest(contents, number, err));
	return lopt_keeper_end(&contents->keeper, &contents->data->kept, err);
}
