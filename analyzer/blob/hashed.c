/* SPDX-License-Identifier: MIT */
#include "blob/hashed.h"

#include <string.h>

#include "base/cleanup.h"

const struct lopt_hashed *lopt_hashed_find(const struct lopt_hashed *list, size_t count,
					   const struct lopt_digest *digest)
{
	for (size_t i = 0; i < count; i++) /* four a layer at most */
		if (lopt_digest_equal(&list[i].digest, digest))
			return &list[i];
	return NULL;
}

enum lopt_status lopt_hashed_check(const struct lopt_hashed *hashed, const unsigned char *fingerprint,
				   struct lopt_error *err)
{
	if (fingerprint && memcmp(fingerprint, hashed->fingerprint, LOPT_FINGERPRINT_SIZE) == 0)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "these are not the bytes that were hashed");
}

/* --- reading --- */

static enum lopt_status digest_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				    struct lopt_error *err)
{
	struct lopt_digest_stream *digest = (struct lopt_digest_stream *)stream;
	LOPT_TRY(lopt_stream_read(digest->below, to, size, got, err));
	if (digest->hasher.context)
		LOPT_TRY(lopt_hasher_add(&digest->hasher, to, *got, err));
	return digest->printer.context ? lopt_fingerprinter_add(&digest->printer, to, *got, err) : LOPT_OK;
}

enum lopt_status lopt_digest_stream_init(struct lopt_digest_stream *digest, struct lopt_stream *below,
					 enum lopt_digest_algorithm algorithm, enum lopt_hashing how,
					 const struct lopt_hashed *hashed, struct lopt_error *err)
{
	static const struct lopt_stream_ops ops = { .read = digest_read };
	*digest = (struct lopt_digest_stream){ .stream = { &ops }, .below = below, .hashed = hashed };
	if (!hashed)
		LOPT_TRY(lopt_hasher_init(&digest->hasher, algorithm, err));
	if (!hashed && how == LOPT_HASHING)
		return LOPT_OK;
	LOPT_TRY(lopt_fingerprinter_init(&digest->printer, err));
	return lopt_fingerprinter_reset(&digest->printer, err);
}

enum lopt_status lopt_digest_stream_finish(struct lopt_digest_stream *digest, struct lopt_hashed *out,
					   struct lopt_error *err)
{
	*out = (struct lopt_hashed){ 0 };
	if (digest->printer.context)
		LOPT_TRY(lopt_fingerprinter_finish(&digest->printer, out->fingerprint, err));
	if (!digest->hashed)
		return lopt_hasher_finish(&digest->hasher, &out->digest, err);
	out->digest = digest->hashed->digest;
	return lopt_hashed_check(digest->hashed, out->fingerprint, err);
}

void lopt_digest_stream_release(struct lopt_digest_stream *digest)
{
	lopt_hasher_release(&digest->hasher);
	lopt_fingerprinter_release(&digest->printer);
}

/* --- writing --- */

static enum lopt_status digest_write(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	struct lopt_digest_sink *digest = (struct lopt_digest_sink *)sink;
	digest->count += size;
	LOPT_TRY(lopt_hasher_add(&digest->hasher, bytes, size, err));
	if (digest->printer.context)
		LOPT_TRY(lopt_fingerprinter_add(&digest->printer, bytes, size, err));
	return digest->below ? lopt_sink_write(digest->below, bytes, size, err) : LOPT_OK;
}

enum lopt_status lopt_digest_sink_init(struct lopt_digest_sink *digest, struct lopt_sink *below,
				       enum lopt_digest_algorithm algorithm, enum lopt_hashing how,
				       struct lopt_error *err)
{
	static const struct lopt_sink_ops ops = { .write = digest_write };
	*digest = (struct lopt_digest_sink){ .sink = { &ops }, .below = below };
	LOPT_TRY(lopt_hasher_init(&digest->hasher, algorithm, err));
	if (how == LOPT_HASHING)
		return LOPT_OK;
	LOPT_TRY(lopt_fingerprinter_init(&digest->printer, err));
	return lopt_fingerprinter_reset(&digest->printer, err);
}

enum lopt_status lopt_digest_sink_finish(struct lopt_digest_sink *digest, struct lopt_hashed *out,
					 struct lopt_error *err)
{
	*out = (struct lopt_hashed){ 0 };
	if (digest->printer.context)
		LOPT_TRY(lopt_fingerprinter_finish(&digest->printer, out->fingerprint, err));
	return lopt_hasher_finish(&digest->hasher, &out->digest, err);
}

void lopt_digest_sink_release(struct lopt_digest_sink *digest)
{
	lopt_hasher_release(&digest->hasher);
	lopt_fingerprinter_release(&digest->printer);
}
