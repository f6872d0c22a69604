/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TAR_HEADER_H
#define LAYEROPT_TAR_HEADER_H

#include "tar/reader.h"

/** The 512 bytes of a header block, and the records that PAX and GNU headers add to it. Private to this room. */

/** What a block says by itself. Strings point into the block. */
struct lopt_tar_block {
	char typeflag;
	struct lopt_str name, prefix, link; /* prefix is empty where the format has none */
	int64_t mode, uid, gid, size, mtime, major, minor;
};

/** Check the sum and read every field strictly; the message says which field and what stood there. */
LOPT_CHECKED enum lopt_status lopt_tar_block_parse(struct lopt_tar_block *out,
						   const unsigned char block[LOPT_TAR_BLOCK_SIZE],
						   struct lopt_error *err);
bool lopt_tar_block_is_zero(const unsigned char block[LOPT_TAR_BLOCK_SIZE]);

/** What the extended headers in front of an entry say. Slices point into the text given to lopt_tar_pax_parse. */
struct lopt_tar_pax {
	struct lopt_str path, linkpath, sparse_name; /* empty: not set */
	bool has_size, has_uid, has_gid, has_mtime;
	int64_t size, uid, gid, mtime_ns;
	struct lopt_str sparse_major, sparse_minor, sparse_map, sparse_size, sparse_realsize;
	bool sparse_pairs;	       /* GNU.sparse.offset records (version 0.0) */
	struct lopt_tar_xattr *xattrs; /* malloc'ed; names and values point into the text */
	size_t xattr_count, xattr_cap;
	bool empty_xattr;
};

/** Parse all records of one header strictly and merge them over what is there. */
LOPT_CHECKED enum lopt_status lopt_tar_pax_parse(struct lopt_tar_pax *pax, struct lopt_str text,
						 const struct lopt_limits *limits, struct lopt_error *err);
void lopt_tar_pax_release(struct lopt_tar_pax *pax);

/** True for PAX sparse files (0.0, 0.1, 1.0), with their logical size; an unreadable size is an error. */
LOPT_CHECKED enum lopt_status lopt_tar_pax_sparse(const struct lopt_tar_pax *pax, bool *sparse, int64_t *size,
						  struct lopt_error *err);

#endif
