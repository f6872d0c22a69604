/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/origin.h"
#include "layer/parts.h"
#include "repack/draft.h"
#include "repack/header.h"
#include "repack/inner.h"
#include "repack/source.h"

/* --- what a new layer is made of --- */

struct making {
	const struct lopt_repack_plan *plan;
	const struct lopt_output_plan *output;
	const struct lopt_limits *limits;
	struct lopt_meter *meter;
	struct lopt_layer_source source; /* of the layer that the last piece came from */
	size_t layer;			 /* LOPT_NO_LAYER: none */
	struct lopt_sink *to;
};

static void release_making(struct making *making)
{
	lopt_layer_source_release(&making->source);
}

/* Pieces of one layer stand together, in its order. */
static enum lopt_status go_to_layer(struct making *making, size_t layer, struct lopt_error *err)
{
	if (making->layer == layer)
		return LOPT_OK;
	lopt_layer_source_release(&making->source);
	making->layer = layer;
	return lopt_layer_source_open(&making->source, lopt_image_bundle(making->plan->image), layer, true,
				      making->limits, making->meter, err);
}

/* From the piece at `at`: how many stand side by side in one layer of the input, to be copied as they are. */
static size_t run_length(const struct lopt_output_plan *output, size_t at)
{
	const struct lopt_piece *first = &output->pieces[at];
	size_t count = 1;
	for (; at + count < output->piece_count; count++) {
		const struct lopt_piece *next = first + count;
		if (next->made.ptr || next->layer != first->layer || next->entry != first->entry + count)
			break;
	}
	return count;
}

static enum lopt_status copy_entries(struct making *making, const struct lopt_piece *first, size_t count,
				     struct lopt_error *err)
{
	const uint64_t *places = lopt_places_of(making->plan, first->layer);
	LOPT_TRY(go_to_layer(making, first->layer, err));
	return lopt_layer_source_copy_range(&making->source, making->to, places[first->entry],
					    places[first->entry + count], err);
}

static enum lopt_status copy_content(struct making *making, const struct lopt_piece *piece, struct lopt_error *err)
{
	static const char zeros[LOPT_TAR_BLOCK_SIZE];
	const struct lopt_layer_data *data = lopt_image_bundle(making->plan->image)->layers[piece->layer].data;
	const struct lopt_layer_inode *inode = &data->inodes[data->entries[piece->entry].inode];
	LOPT_TRY(go_to_layer(making, piece->layer, err));
	LOPT_TRY(lopt_layer_source_copy_range(&making->source, making->to, inode->offset, inode->offset + inode->size,
					      err));
	return lopt_sink_write(making->to, zeros, (size_t)(-inode->size & (LOPT_TAR_BLOCK_SIZE - 1)), err);
}

static enum lopt_status put_pieces(struct making *making, struct lopt_error *err)
{
	static const char end[2 * LOPT_TAR_BLOCK_SIZE];
	const struct lopt_output_plan *output = making->output;
	for (size_t i = 0, count; i < output->piece_count; i += count) {
		const struct lopt_piece *piece = &output->pieces[i];
		count = piece->made.ptr ? 1 : run_length(output, i);
		if (!piece->made.ptr)
			LOPT_TRY(copy_entries(making, piece, count, err));
		else
			LOPT_TRY(lopt_sink_write(making->to, piece->made.ptr, piece->made.len, err));
		if (piece->content)
			LOPT_TRY(copy_content(making, piece, err));
	}
	return lopt_sink_write(making->to, end, sizeof end, err);
}

/* A layer that stays is copied to the last byte, whatever comes behind its end. */
static enum lopt_status put_layer(struct making *making, struct lopt_error *err)
{
	if (making->output->pieces)
		return put_pieces(making, err);
	LOPT_TRY(go_to_layer(making, making->output->first, err));
	return lopt_layer_source_copy(&making->source, making->to, err);
}

/* --- the output --- */

/*
 * The uncompressed tar goes in at the top; its digest, and that of what is stored, are taken on the way down. Uncompressed the
 * two are one. What frames the contents is picked out, so that the tar can be known again by its parts.
 */
struct tower {
	struct lopt_digest_sink stored, plain;
	struct lopt_encoder *encoder;
	struct lopt_parts_sink top;
};

static void release_tower(struct tower *tower)
{
	lopt_parts_sink_release(&tower->top);
	lopt_digest_sink_release(&tower->plain);
	lopt_encoder_free(tower->encoder);
	lopt_digest_sink_release(&tower->stored);
}

static enum lopt_status open_tower(struct tower *tower, struct lopt_sink *below, const struct lopt_compression *how,
				   const struct lopt_limits *limits, struct lopt_error *err)
{
	*tower = (struct tower){ 0 };
	if (how->codec == LOPT_CODEC_PLAIN) {
		LOPT_TRY(lopt_digest_sink_init(&tower->plain, below, LOPT_SHA256, LOPT_HASHING, err));
	} else {
		LOPT_TRY(lopt_digest_sink_init(&tower->stored, below, LOPT_SHA256, LOPT_HASHING_TO_REMEMBER, err));
		LOPT_TRY(lopt_encoder_open(&tower->encoder, how, &tower->stored.sink, err));
		LOPT_TRY(lopt_digest_sink_init(&tower->plain, lopt_encoder_sink(tower->encoder), LOPT_SHA256,
					       LOPT_HASHING, err));
	}
	return lopt_parts_sink_init(&tower->top, &tower->plain.sink, limits, err);
}

/* --- what it is known by when it is read again --- */

/* NULL: there is none. A hard link has one only if it took the place of the file. */
static const struct lopt_layer_inode *inode_of(const struct lopt_piece *piece, const struct lopt_bundle_layer *layers)
{
	if (piece->made.ptr && !piece->content)
		return NULL;
	const struct lopt_layer_data *data = layers[piece->layer].data;
	const struct lopt_entry *entry = &data->entries[piece->entry];
	bool is_link = !piece->made.ptr && (entry->flags & LOPT_ENTRY_HARDLINK);
	return is_link || entry->inode == LOPT_NO_INODE ? NULL : &data->inodes[entry->inode];
}

/* LOPT_END: one has no fingerprint. */
static enum lopt_status add_contents(struct lopt_parts *parts, const struct making *making, struct lopt_error *err)
{
	const struct lopt_output_plan *output = making->output;
	const struct lopt_bundle_layer *layers = lopt_image_bundle(making->plan->image)->layers;
	for (size_t i = output->first; i <= lopt_output_top(output); i++)
		if (layers[i].data->has_odd_content)
			return LOPT_END;
	const struct lopt_layer_data *kept = layers[output->first].data;
	for (size_t i = 0; !output->pieces && i < kept->inode_count; i++)
		LOPT_TRY(lopt_parts_add(parts, &kept->inodes[i], err));
	for (size_t i = 0; i < output->piece_count; i++) {
		const struct lopt_layer_inode *inode = inode_of(&output->pieces[i], layers);
		if (inode)
			LOPT_TRY(lopt_parts_add(parts, inode, err));
	}
	return LOPT_OK;
}

/* *to is its text. */
static void put_digest(char to[LOPT_DIGEST_TEXT_MAX], const struct lopt_hashed *hashed)
{
	(void)lopt_digest_format(to, &hashed->digest);
}

static enum lopt_status finish_stored(struct lopt_digest_sink *stored, struct lopt_new_layer *out,
				      struct lopt_error *err)
{
	struct lopt_hashed *hashed = &out->hashed[out->hashed_count++];
	LOPT_TRY(lopt_digest_sink_finish(stored, hashed, err));
	put_digest(out->blob.digest, hashed);
	out->blob.size = stored->count;
	return LOPT_OK;
}

/* What no parts are known of is hashed when it is read again. */
static enum lopt_status finish_plain(struct tower *tower, const struct making *making, struct lopt_new_layer *out,
				     struct lopt_error *err)
{
	struct lopt_hashed *hashed = &out->hashed[out->hashed_count];
	LOPT_TRY(lopt_digest_sink_finish(&tower->plain, hashed, err));
	put_digest(out->diff_id, hashed);
	enum lopt_status status = add_contents(&tower->top.parts, making, err);
	if (status != LOPT_OK)
		return status == LOPT_END ? LOPT_OK : status;
	out->hashed_count++;
	return lopt_parts_finish(&tower->top.parts, hashed->fingerprint, err);
}

static enum lopt_status finish_tower(struct tower *tower, const struct making *making, struct lopt_new_layer *out,
				     struct lopt_error *err)
{
	if (tower->encoder) {
		LOPT_TRY(lopt_encoder_finish(tower->encoder, err));
		LOPT_TRY(finish_stored(&tower->stored, out, err));
		return finish_plain(tower, making, out, err);
	}
	LOPT_TRY(finish_plain(tower, making, out, err));
	memcpy(out->blob.digest, out->diff_id, sizeof out->blob.digest);
	out->blob.size = tower->plain.count;
	return LOPT_OK;
}

static enum lopt_status encode(struct lopt_new_layer *out, const struct lopt_layer_job *job, struct lopt_sink *to,
			       struct lopt_error *err)
{
	LOPT_CLEANUP(release_tower) struct tower tower = { 0 };
	LOPT_CLEANUP(release_making)
	struct making making = { .plan = job->plan,
				 .output = &job->plan->outputs[job->output],
				 .limits = job->limits,
				 .meter = job->meter,
				 .source = { .fd = -1 },
				 .layer = LOPT_NO_LAYER };
	LOPT_TRY(open_tower(&tower, to, &out->compression, job->limits, err));
	making.to = &tower.top.sink;
	LOPT_TRY(put_layer(&making, err));
	return finish_tower(&tower, &making, out, err);
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
static enum lopt_status copy_blob(struct lopt_new_layer *out, const struct lopt_layer_job *job, struct lopt_sink *to,
				  struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_digest_sink_release) struct lopt_digest_sink hashed = { 0 };
	LOPT_CLEANUP(lopt_layer_source_release) struct lopt_layer_source source = { .fd = -1 };
	LOPT_TRY(lopt_layer_source_open(&source, lopt_image_bundle(job->plan->image),
					job->plan->outputs[job->output].first, false, job->limits, job->meter, err));
	if (out->blob.digest[0])
		return lopt_layer_source_copy(&source, to, err);
	LOPT_TRY(lopt_digest_sink_init(&hashed, to, LOPT_SHA256, LOPT_HASHING_TO_REMEMBER, err));
	LOPT_TRY(lopt_layer_source_copy(&source, &hashed.sink, err));
	return finish_stored(&hashed, out, err);
}

/* --- either --- */

static const struct lopt_bundle_layer *top_layer(const struct lopt_repack_plan *plan, size_t output)
{
	return &lopt_image_bundle(plan->image)->layers[lopt_output_top(&plan->outputs[output])];
}

/* What is stored plain has no compressed bytes that could be shared. */
static bool stays(const struct lopt_repack_plan *plan, size_t output, const struct lopt_compression *how)
{
	if (plan->outputs[output].pieces)
		return false;
	return !how || top_layer(plan, output)->data->codec != LOPT_CODEC_PLAIN || how->codec == LOPT_CODEC_PLAIN;
}

/* Of several layers the highest says how. */
void lopt_layer_describe(struct lopt_new_layer *out, const struct lopt_repack_plan *plan, size_t output,
			 const struct lopt_compression *how)
{
	const struct lopt_bundle_layer *from = top_layer(plan, output);
	const struct lopt_compression same = { from->data->codec, LOPT_LEVEL_DEFAULT };
	*out = (struct lopt_new_layer){ .new_bytes = !stays(plan, output, how) };
	out->compression = how && out->new_bytes ? *how : same;
	if (!plan->outputs[output].pieces)
		copy_text(out->diff_id, from->diff_id);
	if (!out->new_bytes) {
		copy_text(out->blob.digest, known_digest(from));
		out->blob.size = from->data->stored_size;
	} else if (out->compression.codec == LOPT_CODEC_PLAIN) {
		out->blob.size = plan->outputs[output].size;
	}
}

enum lopt_status lopt_layer_write(struct lopt_new_layer *out, const struct lopt_layer_job *job, struct lopt_sink *to,
				  struct lopt_error *err)
{
	const struct lopt_output_plan *output = &job->plan->outputs[job->output];
	enum lopt_status status = out->new_bytes ? encode(out, job, to, err) : copy_blob(out, job, to, err);
	if (!output->pieces) /* which may be of another algorithm */
		copy_text(out->diff_id, top_layer(job->plan, job->output)->diff_id);
	return status == LOPT_E_INPUT ? lopt_error_context(err, "layer %zu", output->first) : status;
}
