/* SPDX-License-Identifier: MIT */
#include "layer/parts.h"

#include <string.h>

#include "base/cleanup.h"

static enum lopt_status add_frame(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	struct lopt_parts *parts = (struct lopt_parts *)sink;
	return lopt_fingerprinter_add(&parts->printer, bytes, size, err);
}

enum lopt_status lopt_parts_init(struct lopt_parts *parts, struct lopt_error *err)
{
	static const struct lopt_sink_ops ops = { .write = add_frame };
	*parts = (struct lopt_parts){ .frame = { &ops } };
	LOPT_TRY(lopt_fingerprinter_init(&parts->printer, err));
	LOPT_TRY(lopt_fingerprinter_reset(&parts->printer, err));
	return lopt_hasher_init(&parts->hasher, LOPT_SHA256, err);
}

void lopt_parts_release(struct lopt_parts *parts)
{
	lopt_fingerprinter_release(&parts->printer);
	lopt_hasher_release(&parts->hasher);
}

enum lopt_status lopt_parts_add(struct lopt_parts *parts, const struct lopt_layer_inode *inode, struct lopt_error *err)
{
	if (inode->size == 0)
		return LOPT_OK;
	if (inode->sparse || !inode->has_fingerprint)
		return LOPT_END;
	return lopt_hasher_add(&parts->hasher, inode->fingerprint, sizeof inode->fingerprint, err);
}

enum lopt_status lopt_parts_finish(struct lopt_parts *parts, unsigned char out[LOPT_FINGERPRINT_SIZE],
				   struct lopt_error *err)
{
	unsigned char frame[LOPT_FINGERPRINT_SIZE];
	struct lopt_digest all;
	LOPT_TRY(lopt_fingerprinter_finish(&parts->printer, frame, err));
	LOPT_TRY(lopt_hasher_add(&parts->hasher, frame, sizeof frame, err));
	LOPT_TRY(lopt_hasher_finish(&parts->hasher, &all, err));
	memcpy(out, all.bytes, LOPT_FINGERPRINT_SIZE);
	return LOPT_OK;
}

/* --- of a tar that is written --- */

/* What it finds is known to whoever writes it. */
static enum lopt_status drop_headers(struct lopt_tar_walker *walker, struct lopt_error *err)
{
	struct lopt_tar_header *header;
	enum lopt_status status;
	while ((status = lopt_tar_walker_take(walker, &header, err)) == LOPT_OK)
		lopt_tar_header_free(header);
	return status == LOPT_END ? LOPT_OK : status;
}

static enum lopt_status pass_on(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	struct lopt_parts_sink *to = (struct lopt_parts_sink *)sink;
	lopt_tar_walker_feed(to->walker, bytes, size);
	LOPT_TRY(drop_headers(to->walker, err));
	return lopt_sink_write(to->below, bytes, size, err);
}

enum lopt_status lopt_parts_sink_init(struct lopt_parts_sink *out, struct lopt_sink *below,
				      const struct lopt_limits *limits, struct lopt_error *err)
{
	static const struct lopt_sink_ops ops = { .write = pass_on };
	*out = (struct lopt_parts_sink){ .sink = { &ops }, .below = below };
	LOPT_TRY(lopt_parts_init(&out->parts, err));
	const struct lopt_tar_options options = { .limits = limits, .frame = &out->parts.frame };
	return lopt_tar_walker_new(&out->walker, &options, err);
}

void lopt_parts_sink_release(struct lopt_parts_sink *sink)
{
	lopt_tar_walker_free(sink->walker);
	lopt_parts_release(&sink->parts);
}
