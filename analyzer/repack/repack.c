/* SPDX-License-Identifier: MIT */
#include "repack/repack.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "image/origin.h"
#include "repack/inner.h"

/* One image while it is written. */
struct writing {
	const struct lopt_repack_plan *plan;
	const struct lopt_repack_writing *options;
	struct lopt_archive archive;
	struct lopt_documents documents;
	struct lopt_new_layer *layers;
};

/* --- documents --- */

typedef enum lopt_status document_writer(struct lopt_buf *out, const struct lopt_documents *documents,
					 struct lopt_error *err);

static enum lopt_status put_document(struct writing *writing, const char *name, document_writer *write,
				     struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_TRY(write(&text, &writing->documents, err));
	return lopt_archive_put(&writing->archive, name, lopt_buf_view(&text), err);
}

/* *out is its digest and size. */
static enum lopt_status put_json(struct lopt_archive *archive, struct lopt_str bytes, struct lopt_new_blob *out,
				 struct lopt_error *err)
{
	char name[LOPT_BLOB_NAME_MAX];
	struct lopt_digest digest;
	LOPT_TRY(lopt_digest_of(&digest, LOPT_SHA256, bytes.ptr, bytes.len, err));
	(void)lopt_digest_format(out->digest, &digest);
	out->size = bytes.len;
	lopt_member_name(name, archive->flat, out->digest, ".json");
	return lopt_archive_put(archive, name, bytes, err);
}

static enum lopt_status write_config(struct writing *writing, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf config = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_TRY(lopt_config_write(&config, &writing->documents, err));
	return put_json(&writing->archive, lopt_buf_view(&config), &writing->documents.config, err);
}

static enum lopt_status write_manifest(struct writing *writing, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf manifest = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_TRY(lopt_manifest_write(&manifest, &writing->documents, err));
	LOPT_TRY(put_json(&writing->archive, lopt_buf_view(&manifest), &writing->documents.manifest, err));
	return put_document(writing, "index.json", lopt_index_write, err);
}

static enum lopt_status write_documents(struct writing *writing, struct lopt_error *err)
{
	enum lopt_repack_form form = writing->options->form;
	LOPT_TRY(write_config(writing, err));
	if (form != LOPT_FORM_DOCKER)
		LOPT_TRY(write_manifest(writing, err));
	if (form != LOPT_FORM_OCI)
		LOPT_TRY(put_document(writing, "manifest.json", lopt_docker_manifest_write, err));
	if (form == LOPT_FORM_DOCKER)
		return LOPT_OK;
	return lopt_archive_put(&writing->archive, "oci-layout", lopt_str_from("{\"imageLayoutVersion\":\"1.0.0\"}"),
				err);
}

/* --- what came of it --- */

static enum lopt_status copy(struct lopt_str *out, struct lopt_repacked *to, const char *text, struct lopt_error *err)
{
	*out = lopt_arena_copy(&to->arena, lopt_str_from(text));
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

/* Of every layer at most two digests while it was read, and two while it was written. */
static void remember(struct lopt_repacked *out, const struct lopt_hashed *hashed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out->hashed[out->hashed_count++] = hashed[i];
}

/* Of the highest layer that an output is made of. */
static const struct lopt_layer_data *top_data(const struct writing *writing, size_t output)
{
	return writing->documents.bundle->layers[lopt_output_top(&writing->plan->outputs[output])].data;
}

static enum lopt_status tell(struct lopt_repacked *out, const struct writing *writing, struct lopt_error *err)
{
	const struct lopt_documents *documents = &writing->documents;
	size_t count = writing->plan->output_count;
	out->layers = lopt_arena_zalloc(&out->arena, count + 1, sizeof *out->layers);
	out->hashed = lopt_arena_zalloc(&out->arena, 4 * count + 1, sizeof *out->hashed);
	if (!out->layers || !out->hashed)
		return lopt_error_memory(err);
	LOPT_TRY(copy(&out->config_digest, out, documents->config.digest, err));
	LOPT_TRY(copy(&out->manifest_digest, out, documents->manifest.digest, err));
	for (size_t i = 0; i < count; i++) {
		const struct lopt_new_layer *from = &writing->layers[i];
		struct lopt_repacked_layer *to = &out->layers[i];
		LOPT_TRY(copy(&to->diff_id, out, from->diff_id, err));
		LOPT_TRY(copy(&to->digest, out, from->blob.digest, err));
		to->stored = from->blob.size;
		to->same = !from->new_bytes;
		remember(out, from->hashed, from->hashed_count);
		if (!writing->plan->outputs[i].pieces) {
			const struct lopt_layer_data *kept = top_data(writing, i);
			remember(out, kept->hashed, kept->hashed_count);
		}
		out->compressed = lopt_add_saturating(out->compressed, to->stored, NULL);
	}
	return lopt_left_out_list(out, documents, err);
}

static enum lopt_status write_all(struct lopt_repacked *out, struct writing *writing, struct lopt_error *err)
{
	LOPT_TRY(lopt_layers_write(writing->layers, writing->plan, writing->options, &writing->archive, err));
	LOPT_TRY(write_documents(writing, err));
	LOPT_TRY(lopt_archive_finish(&writing->archive, err));
	return tell(out, writing, err);
}

enum lopt_status lopt_repack_write(struct lopt_repacked *out, const struct lopt_repack_plan *plan,
				   const struct lopt_repack_writing *options, FILE *to, const char *name,
				   struct lopt_error *err)
{
	struct lopt_bundle *bundle = lopt_image_bundle(plan->image);
	bool flat = options->form == LOPT_FORM_DOCKER;
	LOPT_CLEANUP(lopt_cleanup_bytes)
	struct lopt_new_layer *layers = calloc(plan->output_count + 1, sizeof *layers);
	struct writing writing = {
		.plan = plan,
		.options = options,
		.documents = { .plan = plan,
			       .bundle = bundle,
			       .layers = layers,
			       .limits = options->limits,
			       .flat = flat },
		.layers = layers,
	};
	if (!layers)
		return lopt_error_memory(err);
	lopt_archive_init(&writing.archive, to, name, flat);
	*out = (struct lopt_repacked){ 0 };
	lopt_arena_init(&out->arena, options->limits->arena_bytes);
	enum lopt_status status = write_all(out, &writing, err);
	if (status != LOPT_OK)
		lopt_repacked_release(out);
	return status;
}

void lopt_repacked_release(struct lopt_repacked *repacked)
{
	free(repacked->left_out);
	lopt_arena_release(&repacked->arena);
	*repacked = (struct lopt_repacked){ 0 };
}
