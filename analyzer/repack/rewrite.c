/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "image/origin.h"
#include "io/ahead.h"
#include "repack/inner.h"

enum { CHUNK = 256 * 1024, BLOCK = 512, END = 2 * BLOCK };

/* --- a blob of the input, read again --- */

struct blob_reader {
	int fd;
	struct lopt_file_stream file;
	struct lopt_stream *codec, *ahead;
	struct lopt_stream *top;
};

static void release_reader(struct blob_reader *reader)
{
	lopt_ahead_close(reader->ahead);
	lopt_codec_close(reader->codec);
	lopt_cleanup_fd(&reader->fd);
}

static enum lopt_status open_reader(struct blob_reader *reader, struct lopt_bundle *bundle, size_t layer, bool plain,
				    const struct lopt_limits *limits, struct lopt_error *err)
{
	const struct lopt_bundle_layer *from = &bundle->layers[layer];
	uint64_t offset;
	*reader = (struct blob_reader){ .fd = -1 };
	LOPT_TRY(lopt_store_reopen(bundle->input.store, bundle->blobs[from->blob_index].member, &reader->fd, &offset,
				   err));
	lopt_file_stream_init(&reader->file, reader->fd, offset, from->data->stored_size);
	reader->top = &reader->file.stream;
	if (!plain || from->data->codec == LOPT_CODEC_PLAIN)
		return LOPT_OK;
	LOPT_TRY(lopt_codec_open(&reader->codec, from->data->codec, reader->top, limits, false, err));
	LOPT_TRY(lopt_ahead_open(&reader->ahead, reader->codec, err));
	reader->top = reader->ahead;
	return LOPT_OK;
}

/* --- what stays of a layer --- */

struct filter {
	const struct lopt_layer_data *data;
	const bool *goes;
	size_t entry;	   /* the one `position` is in */
	uint64_t position; /* in the uncompressed tar */
	struct lopt_sink *to;
};

/* The longest run from here that is kept or dropped as one, `left` at most. Headers of the first entry may be at the start. */
static size_t run_length(struct filter *filter, size_t left, bool *keep)
{
	const uint64_t *places = filter->data->places;
	uint64_t end = places[filter->data->entry_count];
	*keep = filter->position < end && !filter->goes[filter->entry];
	uint64_t size = filter->position < end ? places[filter->entry + 1] - filter->position : left;
	return size < left ? (size_t)size : left;
}

static enum lopt_status pass(struct filter *filter, const char *bytes, size_t left, struct lopt_error *err)
{
	while (left) {
		bool keep;
		size_t size = run_length(filter, left, &keep);
		if (keep)
			LOPT_TRY(lopt_sink_write(filter->to, bytes, size, err));
		bytes += size;
		left -= size;
		filter->position += size;
		while (filter->entry + 1 < filter->data->entry_count &&
		       filter->position >= filter->data->places[filter->entry + 1])
			filter->entry++;
	}
	return LOPT_OK;
}

/* Padding that the input left out behind its last entry, and the end of the archive. */
static enum lopt_status end_layer(const struct filter *filter, struct lopt_error *err)
{
	static const char zeros[BLOCK + END];
	const struct lopt_layer_data *data = filter->data;
	uint64_t end = data->places[data->entry_count];
	bool cut = filter->position < end && !filter->goes[data->entry_count - 1];
	size_t missing = cut ? (size_t)(end - filter->position) : 0;
	if (missing >= BLOCK)
		return lopt_error_set(err, LOPT_E_SYSTEM, "the input has changed while it was read");
	return lopt_sink_write(filter->to, zeros, missing + END, err);
}

static enum lopt_status copy_stream(struct lopt_stream *from, struct lopt_sink *to, struct filter *filter,
				    struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *bytes = malloc(CHUNK);
	if (!bytes)
		return lopt_error_memory(err);
	for (;;) {
		size_t got;
		LOPT_TRY(lopt_stream_read(from, bytes, CHUNK, &got, err));
		if (got == 0)
			return filter ? end_layer(filter, err) : LOPT_OK;
		LOPT_TRY(filter ? pass(filter, bytes, got, err) : lopt_sink_write(to, bytes, got, err));
	}
}

/* --- the output --- */

/*
 * The uncompressed tar goes in at the top; its digest, and that of what is stored, are taken on the way down. Uncompressed the
 * two are one.
 */
struct tower {
	struct lopt_file_sink file;
	struct lopt_digest_sink stored, plain;
	struct lopt_encoder *encoder;
	struct lopt_sink *top;
};

static void release_tower(struct tower *tower)
{
	lopt_digest_sink_release(&tower->plain);
	lopt_encoder_free(tower->encoder);
	lopt_digest_sink_release(&tower->stored);
}

static enum lopt_status open_tower(struct tower *tower, const struct lopt_archive *archive,
				   const struct lopt_compression *how, struct lopt_error *err)
{
	*tower = (struct tower){ 0 };
	lopt_file_sink_init(&tower->file, archive->file, archive->name);
	LOPT_TRY(lopt_digest_sink_init(&tower->stored, &tower->file.sink, LOPT_SHA256, err));
	tower->top = &tower->stored.sink;
	if (how->codec == LOPT_CODEC_PLAIN)
		return LOPT_OK;
	LOPT_TRY(lopt_encoder_open(&tower->encoder, how, tower->top, err));
	tower->top = &tower->plain.sink;
	return lopt_digest_sink_init(&tower->plain, lopt_encoder_sink(tower->encoder), LOPT_SHA256, err);
}

static enum lopt_status finish_tower(struct tower *tower, struct lopt_new_layer *out, struct lopt_error *err)
{
	struct lopt_digest digest;
	if (tower->encoder)
		LOPT_TRY(lopt_encoder_finish(tower->encoder, err));
	LOPT_TRY(lopt_hasher_finish(&tower->stored.hasher, &digest, err));
	(void)lopt_digest_format(out->blob.digest, &digest);
	out->blob.size = tower->stored.count;
	if (tower->encoder)
		LOPT_TRY(lopt_hasher_finish(&tower->plain.hasher, &digest, err));
	(void)lopt_digest_format(out->diff_id, &digest);
	return LOPT_OK;
}

static enum lopt_status encode(struct lopt_new_layer *out, const struct lopt_repack_plan *plan, size_t layer,
			       const struct lopt_compression *how, const struct lopt_limits *limits,
			       struct lopt_archive *archive, struct lopt_error *err)
{
	struct lopt_bundle *bundle = lopt_image_bundle(plan->image);
	LOPT_CLEANUP(release_reader) struct blob_reader reader = { .fd = -1 };
	LOPT_CLEANUP(release_tower) struct tower tower = { 0 };
	struct filter filter = { .data = bundle->layers[layer].data, .goes = plan->layers[layer].goes };
	LOPT_TRY(lopt_archive_begin(archive, LOPT_SHA256, err));
	LOPT_TRY(open_reader(&reader, bundle, layer, true, limits, err));
	LOPT_TRY(open_tower(&tower, archive, how, err));
	filter.to = tower.top;
	LOPT_TRY(copy_stream(reader.top, filter.to, filter.goes ? &filter : NULL, err));
	LOPT_TRY(finish_tower(&tower, out, err));
	out->codec = how->codec;
	out->new_bytes = true;
	return lopt_archive_end(archive, &out->blob, err);
}

/* --- a blob that stays what it is --- */

static void copy_text(char to[LOPT_DIGEST_TEXT_MAX], struct lopt_str from)
{
	size_t len = from.len < LOPT_DIGEST_TEXT_MAX ? from.len : LOPT_DIGEST_TEXT_MAX - 1;
	if (len)
		memcpy(to, from.ptr, len);
	to[len] = '\0';
}

/* A plain tar is what its diff ID says, which has been verified. */
static struct lopt_str known_digest(const struct lopt_bundle_layer *layer)
{
	if (layer->digest.len)
		return layer->digest;
	return layer->data->codec == LOPT_CODEC_PLAIN ? layer->diff_id : lopt_str_make(NULL, 0);
}

/* Through a hash where nobody knows the digest yet. Otherwise it is taken when the output is read again, and then has to fit. */
static enum lopt_status copy_bytes(struct lopt_new_layer *out, struct lopt_stream *from, struct lopt_sink *to,
				   bool is_known, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_digest_sink_release) struct lopt_digest_sink hashed = { 0 };
	struct lopt_digest digest;
	if (is_known)
		return copy_stream(from, to, NULL, err);
	LOPT_TRY(lopt_digest_sink_init(&hashed, to, LOPT_SHA256, err));
	LOPT_TRY(copy_stream(from, &hashed.sink, NULL, err));
	LOPT_TRY(lopt_hasher_finish(&hashed.hasher, &digest, err));
	(void)lopt_digest_format(out->blob.digest, &digest);
	return LOPT_OK;
}

static enum lopt_status copy_blob(struct lopt_new_layer *out, const struct lopt_repack_plan *plan, size_t layer,
				  const struct lopt_limits *limits, struct lopt_archive *archive,
				  struct lopt_error *err)
{
	struct lopt_bundle *bundle = lopt_image_bundle(plan->image);
	const struct lopt_layer_data *data = bundle->layers[layer].data;
	LOPT_CLEANUP(release_reader) struct blob_reader reader = { .fd = -1 };
	struct lopt_digest digest = { .algorithm = LOPT_SHA256 };
	struct lopt_file_sink file;
	struct lopt_str known = known_digest(&bundle->layers[layer]);
	if (known.len)
		LOPT_TRY(lopt_digest_parse(&digest, known, err));
	LOPT_TRY(lopt_archive_begin(archive, digest.algorithm, err));
	LOPT_TRY(open_reader(&reader, bundle, layer, false, limits, err));
	lopt_file_sink_init(&file, archive->file, archive->name);
	copy_text(out->blob.digest, known);
	LOPT_TRY(copy_bytes(out, reader.top, &file.sink, known.len != 0, err));
	out->blob.size = data->stored_size;
	out->codec = data->codec;
	return lopt_archive_end(archive, &out->blob, err);
}

/* --- either --- */

/* What is stored plain has no compressed bytes that could be shared. */
static bool stays(const struct lopt_repack_plan *plan, size_t layer, const struct lopt_compression *how)
{
	enum lopt_codec codec = lopt_image_bundle(plan->image)->layers[layer].data->codec;
	if (plan->layers[layer].goes)
		return false;
	return !how || codec != LOPT_CODEC_PLAIN || how->codec == LOPT_CODEC_PLAIN;
}

enum lopt_status lopt_layer_write(struct lopt_new_layer *out, const struct lopt_repack_plan *plan, size_t layer,
				  const struct lopt_compression *how, const struct lopt_limits *limits,
				  struct lopt_archive *archive, struct lopt_error *err)
{
	const struct lopt_bundle_layer *from = &lopt_image_bundle(plan->image)->layers[layer];
	const struct lopt_compression same = { from->data->codec, LOPT_LEVEL_DEFAULT };
	enum lopt_status status;
	*out = (struct lopt_new_layer){ .removed = plan->layers[layer].fate == LOPT_FATE_REMOVED };
	if (out->removed)
		return LOPT_OK;
	if (stays(plan, layer, how))
		status = copy_blob(out, plan, layer, limits, archive, err);
	else
		status = encode(out, plan, layer, how ? how : &same, limits, archive, err);
	if (!plan->layers[layer].goes)
		copy_text(out->diff_id, from->diff_id);
	return status == LOPT_E_INPUT ? lopt_error_context(err, "layer %zu", layer) : status;
}
