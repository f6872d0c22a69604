/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_LAYER_H
#define LAYEROPT_LAYER_LAYER_H

#include "blob/digest.h"
#include "codec/codec.h"
#include "layer/note.h"

/**
 * One layer blob, read once: its entries with cleaned names, its inodes with the hashes of their content, its sizes
 * and digests. It knows nothing of other layers; two listings of the same blob share one.
 */
struct lopt_layer_inode {
	uint64_t size;
	uint32_t entry;
	bool has_sha256;       /* `key` is the SHA-256 of the logical content */
	unsigned char key[32]; /* equal key and size: equal content. Unset when size is 0 */
};

struct lopt_layer_data {
	struct lopt_arena arena;
	struct lopt_entry *entries; /* in tar order; `inode` set for files, not yet for hard links */
	size_t entry_count;
	struct lopt_layer_inode *inodes;
	size_t inode_count;
	size_t whiteouts;
	uint64_t size;	      /* uncompressed, to the last byte */
	uint64_t stored_size; /* as stored */
	enum lopt_codec codec;
	struct lopt_digest diff_id; /* of the uncompressed bytes, when asked for */
	struct lopt_digest digest;  /* of the stored bytes, when asked for */
	struct lopt_notes notes;    /* their layer is LOPT_NO_LAYER until it is known */
};

struct lopt_layer_options {
	const struct lopt_limits *limits;
	enum lopt_digest_algorithm diff_id; /* LOPT_DIGEST_NONE: do not compute */
	enum lopt_digest_algorithm digest;  /* likewise */
	bool hash_content;
	uint64_t *entries_left; /* of limits->entries, counted down across layers; NULL: this layer alone */
};

/**
 * Read a layer from `below` to its end: recognise the compression by magic number, decompress, read the tar,
 * hash. An empty blob is a layer without entries. On success the caller owns *out.
 */
LOPT_CHECKED enum lopt_status lopt_layer_read(struct lopt_layer_data **out, struct lopt_stream *below,
					      const struct lopt_layer_options *options, struct lopt_error *err);
/** NULL is fine. */
void lopt_layer_free(struct lopt_layer_data *data);

#endif
