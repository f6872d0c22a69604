/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_REREADER_H
#define LAYEROPT_SOURCE_REREADER_H

#include "source/bundle.h"

/**
 * Reads contents of layers again, by their place in the input. One per thread; it keeps the last two blobs it was at
 * open, since contents are compared in pairs.
 */
struct lopt_rereader {
	struct lopt_bundle *bundle; /* borrowed */
	struct {
		int fd; /* -1: none */
		uint32_t blob;
		uint64_t start; /* of the blob in the file */
	} places[2];
	size_t last; /* the place that was used last */
};

void lopt_rereader_init(struct lopt_rereader *reader, struct lopt_bundle *bundle);
void lopt_rereader_release(struct lopt_rereader *reader);

/** Whether the content can be read again: it is not empty, not compressed and not sparse. */
bool lopt_rereader_can(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode);

/** Exactly `size` bytes of a blob as stored, from `offset` on. Errors name the layer. */
LOPT_CHECKED enum lopt_status lopt_rereader_read_blob(struct lopt_rereader *reader, uint32_t blob, uint64_t offset,
						      void *to, size_t size, struct lopt_error *err);

/** Exactly `size` bytes of a content from `offset` on. Errors name the layer and the path. */
LOPT_CHECKED enum lopt_status lopt_rereader_read(struct lopt_rereader *reader, uint32_t blob, uint32_t inode,
						 uint64_t offset, void *to, size_t size, struct lopt_error *err);

#endif
