/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_LAYER_H
#define LAYEROPT_LAYER_LAYER_H

#include "base/sizes.h"
#include "blob/hashed.h"
#include "codec/codec.h"
#include "layer/keep.h"
#include "layer/note.h"

/**
 * One layer blob, read once: its entries with cleaned names, its inodes with what tells their contents apart, its sizes
 * and digests. It knows nothing of other layers; two listings of the same blob share one.
 */
struct lopt_layer_inode {
	uint64_t size;
	uint64_t offset; /* of its content in the uncompressed tar; meaningless for a sparse file */
	uint32_t entry;
	uint8_t keep; /* enum lopt_keep: what is to be kept of it */
	bool sparse;
	bool has_fingerprint;
	unsigned char fingerprint[LOPT_FINGERPRINT_SIZE]; /* of the logical content */
};

/** The SHA-256 of an inode's logical content. */
struct lopt_inode_digest {
	uint32_t inode;
	unsigned char sha256[32];
};

struct lopt_layer_data {
	struct lopt_arena arena;
	struct lopt_entry *entries; /* in tar order; `inode` set for files, not yet for hard links */
	size_t entry_count;
	/* of each entry where its first header begins in the uncompressed tar, and behind the last where that ends, padding
	 * included; NULL where nobody asked, or where a header stands that belongs to no entry */
	uint64_t *places;
	struct lopt_layer_inode *inodes;
	size_t inode_count;
	struct lopt_inode_digest *digests; /* by inode; those that were computed */
	size_t digest_count, digest_cap;
	struct lopt_kept_list kept; /* likewise */
	bool unread;	 /* contents can be read again, and larger ones were skipped: lopt_layer_options.again */
	bool undigested; /* nor were the digests computed that were asked for */
	size_t whiteouts;
	uint64_t size;	      /* uncompressed, to the last byte */
	uint64_t stored_size; /* as stored */
	enum lopt_codec codec;
	struct lopt_digest diff_id; /* of the uncompressed bytes, when asked for */
	struct lopt_digest digest;  /* of the stored bytes, when asked for */
	/* the same with fingerprints, with contents.all_fingerprints; equal ones once. Of what is uncompressed by its parts
	 * (layer/parts.h), if it has one */
	struct lopt_hashed hashed[2];
	size_t hashed_count;
	bool has_odd_content; /* one that has no fingerprint of its bytes: of a sparse file, or of what is no file to anyone */
	struct lopt_notes notes; /* their layer is LOPT_NO_LAYER until it is known */
};

/** What is wanted of contents; the same for all layers of an image. */
struct lopt_content_options {
	bool all_digests;	  /* the SHA-256 of every one */
	bool all_fingerprints;	  /* the fingerprint of every one */
	bool repeated_digests;	  /* of those whose size was there before, where nothing can be read again */
	struct lopt_sizes *sizes; /* of all contents so far, which this adds to; NULL: nobody asks */
	bool places;		  /* where the entries lie, too: lopt_layer_data.places */
	lopt_keep_choice *keep;	  /* NULL: nothing is kept */
};

struct lopt_layer_options {
	const struct lopt_limits *limits;
	enum lopt_digest_algorithm diff_id; /* LOPT_DIGEST_NONE: do not compute */
	enum lopt_digest_algorithm digest;  /* likewise */
	/* what the bytes should be, if they were hashed before: then that is seen to instead; else NULL */
	const struct lopt_hashed *hashed_diff_id, *hashed_digest;
	bool again; /* the blob can be read again: of a plain tar contents and digests are left for later, unless all are
		       wanted, for which everything has to be read now */
	struct lopt_content_options contents;
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
