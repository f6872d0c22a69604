/* SPDX-License-Identifier: MIT */
#include "repack/source.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "io/ahead.h"
#include "repack/header.h"

enum { CHUNK = 256 * 1024 };

void lopt_layer_source_release(struct lopt_layer_source *source)
{
	lopt_ahead_close(source->ahead);
	lopt_codec_close(source->codec);
	lopt_cleanup_fd(&source->fd);
	free(source->bytes);
	*source = (struct lopt_layer_source){ .fd = -1 };
}

enum lopt_status lopt_layer_source_open(struct lopt_layer_source *out, struct lopt_bundle *bundle, size_t layer,
					bool plain, const struct lopt_limits *limits, struct lopt_meter *meter,
					struct lopt_error *err)
{
	const struct lopt_bundle_layer *from = &bundle->layers[layer];
	uint64_t offset;
	*out = (struct lopt_layer_source){ .fd = -1 };
	out->bytes = malloc(CHUNK);
	if (!out->bytes)
		return lopt_error_memory(err);
	LOPT_TRY(
		lopt_store_reopen(bundle->input.store, bundle->blobs[from->blob_index].member, &out->fd, &offset, err));
	lopt_file_stream_init(&out->file, out->fd, offset, from->data->stored_size);
	lopt_metered_stream_init(&out->metered, &out->file.stream, meter);
	out->top = &out->metered.stream;
	if (!plain || from->data->codec == LOPT_CODEC_PLAIN)
		return LOPT_OK;
	LOPT_TRY(lopt_codec_open(&out->codec, from->data->codec, out->top, limits, false, err));
	LOPT_TRY(lopt_ahead_open(&out->ahead, out->codec, err));
	out->top = out->ahead;
	return LOPT_OK;
}

/* source->have is 0 at the end only. */
static enum lopt_status fill(struct lopt_layer_source *source, struct lopt_error *err)
{
	source->at = 0;
	return source->have ? LOPT_OK : lopt_stream_read(source->top, source->bytes, CHUNK, &source->have, err);
}

static void pass(struct lopt_layer_source *source, size_t size)
{
	source->at += size;
	source->have -= size;
	source->position += size;
	if (!source->have)
		source->at = 0;
}

static size_t least(size_t have, uint64_t wanted)
{
	return wanted < have ? (size_t)wanted : have;
}

enum lopt_status lopt_layer_source_copy(struct lopt_layer_source *source, struct lopt_sink *to, struct lopt_error *err)
{
	for (;;) {
		if (!source->have)
			LOPT_TRY(fill(source, err));
		if (!source->have)
			return LOPT_OK;
		LOPT_TRY(lopt_sink_write(to, source->bytes + source->at, source->have, err));
		pass(source, source->have);
	}
}

/* What is skipped is at most read, never looked at. */
static enum lopt_status skip_to(struct lopt_layer_source *source, uint64_t position, struct lopt_error *err)
{
	pass(source, least(source->have, position - source->position));
	if (source->position == position)
		return LOPT_OK;
	LOPT_TRY(lopt_stream_skip(source->top, position - source->position, err));
	source->position = position;
	return LOPT_OK;
}

enum lopt_status lopt_layer_source_copy_range(struct lopt_layer_source *source, struct lopt_sink *to, uint64_t from,
					      uint64_t end, struct lopt_error *err)
{
	static const char zeros[LOPT_TAR_BLOCK_SIZE];
	LOPT_TRY(skip_to(source, from, err));
	while (source->position < end) {
		if (!source->have)
			LOPT_TRY(fill(source, err));
		size_t size = least(source->have, end - source->position);
		if (!size)
			break;
		LOPT_TRY(lopt_sink_write(to, source->bytes + source->at, size, err));
		pass(source, size);
	}
	uint64_t missing = end - source->position;
	if (missing >= LOPT_TAR_BLOCK_SIZE)
		return lopt_error_set(err, LOPT_E_SYSTEM, "the input has changed while it was read");
	source->position = end;
	return missing ? lopt_sink_write(to, zeros, (size_t)missing, err) : LOPT_OK;
}
