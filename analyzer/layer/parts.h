/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_PARTS_H
#define LAYEROPT_LAYER_PARTS_H

#include "blob/digest.h"
#include "blob/fingerprint.h"
#include "io/sink.h"
#include "layer/layer.h"
#include "tar/walker.h"

/**
 * The fingerprint of an uncompressed layer by its parts: of what frames the contents (headers, padding, what stands behind the
 * end), and of each content, which has one of its own anyway. The frame says where the contents stand, so layers with equal
 * parts have equal bytes. A layer with contents that have no fingerprint of their own has none by its parts.
 */
struct lopt_parts {
	struct lopt_sink frame; /* takes what frames the contents, in order */
	struct lopt_fingerprinter printer;
	struct lopt_hasher hasher; /* over the fingerprints */
};
/** Release *parts in any case. */
LOPT_CHECKED enum lopt_status lopt_parts_init(struct lopt_parts *parts, struct lopt_error *err);
/** The next content. LOPT_END: it has no fingerprint of its bytes, so the layer has none by its parts. */
LOPT_CHECKED enum lopt_status lopt_parts_add(struct lopt_parts *parts, const struct lopt_layer_inode *inode,
					     struct lopt_error *err);
/** Once the frame and all contents were given. */
LOPT_CHECKED enum lopt_status lopt_parts_finish(struct lopt_parts *parts, unsigned char out[LOPT_FINGERPRINT_SIZE],
						struct lopt_error *err);
/** Zeroed is fine. */
void lopt_parts_release(struct lopt_parts *parts);

/**
 * Passes a tar on, and picks out what frames its contents. These are added to `parts` when all of it was written, and then that
 * is finished. LOPT_E_INPUT when writing: it is no tar.
 */
struct lopt_parts_sink {
	struct lopt_sink sink;
	struct lopt_sink *below;
	struct lopt_parts parts;
	struct lopt_tar_walker *walker;
};
/** Release *out in any case. */
LOPT_CHECKED enum lopt_status lopt_parts_sink_init(struct lopt_parts_sink *out, struct lopt_sink *below,
						   const struct lopt_limits *limits, struct lopt_error *err);
/** Zeroed is fine. */
void lopt_parts_sink_release(struct lopt_parts_sink *sink);

#endif
