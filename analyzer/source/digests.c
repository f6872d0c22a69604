/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/rereader.h"

/* Digests of contents: those that were computed as the contents passed, and those that are asked for later. */

enum { CHUNK = 128 * 1024 };

const unsigned char *lopt_bundle_known_sha256(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode)
{
	const struct lopt_layer_data *data = bundle->blobs[blob].data;
	size_t low = 0, high = data->digest_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (data->digests[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < data->digest_count && data->digests[low].inode == inode ? data->digests[low].sha256 : NULL;
}

bool lopt_bundle_has_sha256(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode)
{
	return lopt_rereader_can(bundle, blob, inode) || lopt_bundle_known_sha256(bundle, blob, inode);
}

static enum lopt_status hash_content(struct lopt_rereader *reader, struct lopt_hasher *hasher, uint32_t blob,
				     uint32_t inode, struct lopt_error *err)
{
	uint64_t left = reader->bundle->blobs[blob].data->inodes[inode].size;
	LOPT_CLEANUP(lopt_cleanup_bytes) unsigned char *chunk = malloc(CHUNK);
	if (!chunk)
		return lopt_error_memory(err);
	for (uint64_t at = 0; left;) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		LOPT_TRY(lopt_rereader_read(reader, blob, inode, at, chunk, n, err));
		LOPT_TRY(lopt_hasher_add(hasher, chunk, n, err));
		at += n;
		left -= n;
	}
	return LOPT_OK;
}

enum lopt_status lopt_bundle_sha256(struct lopt_bundle *bundle, uint32_t blob, uint32_t inode, unsigned char out[32],
				    struct lopt_error *err)
{
	struct lopt_digest digest;
	const unsigned char *known = lopt_bundle_known_sha256(bundle, blob, inode);
	if (known) {
		memcpy(out, known, 32);
		return LOPT_OK;
	}
	if (!lopt_rereader_can(bundle, blob, inode))
		return LOPT_END;
	LOPT_CLEANUP(lopt_hasher_release) struct lopt_hasher hasher;
	LOPT_CLEANUP(lopt_rereader_release) struct lopt_rereader reader;
	lopt_rereader_init(&reader, bundle);
	LOPT_TRY(lopt_hasher_init(&hasher, LOPT_SHA256, err));
	LOPT_TRY(hash_content(&reader, &hasher, blob, inode, err));
	LOPT_TRY(lopt_hasher_finish(&hasher, &digest, err));
	memcpy(out, digest.bytes, 32);
	return LOPT_OK;
}
