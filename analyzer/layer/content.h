/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_CONTENT_H
#define LAYEROPT_LAYER_CONTENT_H

#include "base/sizes.h"
#include "blob/digest.h"
#include "blob/fingerprint.h"
#include "layer/keep.h"
#include "layer/layer.h"
#include "tar/reader.h"

/**
 * Contents of a layer that pass by once: each is fingerprinted, hashed where its digest may be asked for, and what is to
 * be kept of it is picked out.
 */
struct lopt_contents {
	struct lopt_layer_data *data; /* borrowed */
	struct lopt_sizes *sizes;     /* borrowed, or NULL */
	bool all_digests, repeated_digests;
	struct lopt_fingerprinter printer;
	struct lopt_hasher hasher;
	struct lopt_keeper keeper;
	bool hashing; /* the current one */
};

/** Release in any case. */
LOPT_CHECKED enum lopt_status lopt_contents_init(struct lopt_contents *contents, struct lopt_layer_data *data,
						 const struct lopt_layer_options *options, struct lopt_error *err);
void lopt_contents_release(struct lopt_contents *contents);

/** Read the content of the tar's current entry to its end; it is that of the layer's inode with this number. */
LOPT_CHECKED enum lopt_status lopt_contents_read(struct lopt_contents *contents, struct lopt_tar_reader *tar,
						 const struct lopt_tar_entry *from, const struct lopt_entry *entry,
						 uint32_t inode, struct lopt_error *err);

#endif
