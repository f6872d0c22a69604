/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/outer.h"

enum {
	SMALL = 4096,	/* whatever it is, it may be kept */
	TEXTS_MAX = 64, /* times json_bytes: all that is kept of texts */
};

struct stream_store {
	struct lopt_store store;
	uint64_t text_left;
	uint64_t arena_left; /* of limits->arena_bytes, for layers */
	struct lopt_content_options contents;
};

/* --- what passes --- */

static bool is_text_name(struct lopt_str name)
{
	return lopt_str_is(name, "manifest.json") || lopt_str_is(name, "index.json") ||
	       lopt_str_is(name, "oci-layout") || lopt_str_is(name, "repositories");
}

/* The sum over a header block, its own field taken as blanks, has to be what the field says. */
static bool is_tar_header(const unsigned char *head, size_t size)
{
	enum { BLOCK = 512, FIELD = 148, FIELD_END = 156 };
	unsigned long sum = 0, want = 0;
	if (size < BLOCK)
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= FIELD && i < FIELD_END ? ' ' : head[i];
	for (size_t i = FIELD; i < FIELD_END; i++)
		if (head[i] >= '0' && head[i] <= '7')
			want = want * 8 + (unsigned long)(head[i] - '0');
	return sum == want;
}

static bool starts_like_json(const unsigned char *head, size_t size)
{
	size_t i = 0;
	while (i < size && (head[i] == ' ' || head[i] == '\t' || head[i] == '\r' || head[i] == '\n'))
		i++;
	return i == size || head[i] == '{' || head[i] == '[';
}

/* A member nobody can tell from a layer is tried as one; a text can still be read as a layer later. */
static bool is_text(const struct lopt_member *member, const struct lopt_peek_stream *peek)
{
	if (is_text_name(member->name))
		return true;
	if (member->size == 0 || lopt_codec_detect(peek->head, peek->have) != LOPT_CODEC_PLAIN ||
	    is_tar_header(peek->head, peek->have))
		return false;
	return starts_like_json(peek->head, peek->have) || member->size <= SMALL;
}

static enum lopt_status keep_failure(struct lopt_member *member, const struct lopt_error *failure,
				     struct lopt_error *err)
{
	member->failure = malloc(sizeof *failure);
	if (!member->failure)
		return lopt_error_memory(err);
	*member->failure = *failure;
	return LOPT_OK;
}

static enum lopt_status keep_text(struct stream_store *stream, struct lopt_stream *content, struct lopt_member *member,
				  struct lopt_error *err)
{
	if (member->size > stream->store.limits->json_bytes || member->size > stream->text_left) {
		struct lopt_error failure;
		(void)lopt_error_set(
			&failure, LOPT_E_LIMIT,
			"%llu bytes that look like JSON, of which a stream keeps %llu (--limit json_bytes=N)",
			(unsigned long long)member->size, (unsigned long long)stream->store.limits->json_bytes);
		return keep_failure(member, &failure, err);
	}
	char *text = lopt_arena_alloc(&stream->store.arena, (size_t)member->size + 1);
	if (!text)
		return lopt_error_memory(err);
	size_t got;
	LOPT_TRY(lopt_stream_read_full(content, text, (size_t)member->size, &got, err));
	text[got] = '\0';
	member->text = lopt_str_make(text, got);
	stream->text_left -= got;
	return LOPT_OK;
}

/* An error of the surroundings ends the run whoever refers to the member. */
static bool is_fatal(enum lopt_status status)
{
	return status != LOPT_E_INPUT && status != LOPT_E_LIMIT;
}

static enum lopt_status keep_layer(struct stream_store *stream, struct lopt_stream *content, struct lopt_member *member,
				   struct lopt_error *err)
{
	struct lopt_limits limits = *stream->store.limits;
	limits.arena_bytes = stream->arena_left;
	const struct lopt_layer_options options = {
		.limits = &limits,
		.diff_id = LOPT_SHA256,
		.digest = LOPT_SHA256,
		.contents = stream->contents,
		.entries_left = &stream->store.entries_left,
	};
	struct lopt_error failure;
	enum lopt_status status = lopt_layer_read(&member->data, content, &options, &failure);
	if (status == LOPT_OK) {
		stream->arena_left -= member->data->arena.used;
		return LOPT_OK;
	}
	if (!is_fatal(status))
		return keep_failure(member, &failure, err);
	if (err)
		*err = failure;
	return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(member->name));
}

static enum lopt_status keep_content(struct lopt_store *store, struct lopt_tar_reader *tar,
				     const struct lopt_tar_entry *entry, struct lopt_member *member,
				     struct lopt_error *err)
{
	(void)entry;
	struct stream_store *stream = (struct stream_store *)store;
	struct lopt_peek_stream peek;
	LOPT_TRY(lopt_peek_stream_init(&peek, lopt_tar_reader_content(tar), err));
	if (is_text(member, &peek))
		return keep_text(stream, &peek.stream, member, err);
	return keep_layer(stream, &peek.stream, member, err);
}

/* --- what was kept --- */

static enum lopt_status find_indexed(struct lopt_store *store, struct lopt_str name, uint32_t *out,
				     struct lopt_error *err)
{
	(void)err;
	*out = lopt_store_lookup(store, name);
	return *out == LOPT_TABLE_NONE ? LOPT_END : LOPT_OK;
}

static enum lopt_status give_failure(const struct lopt_member *member, struct lopt_error *err)
{
	if (err)
		*err = *member->failure;
	return member->failure->status;
}

static enum lopt_status give_text(struct lopt_store *store, const struct lopt_member *member, struct lopt_buf *to,
				  struct lopt_error *err)
{
	(void)store;
	if (member->text.ptr) {
		lopt_buf_str(to, member->text);
		return LOPT_OK;
	}
	if (member->failure && member->failure->status == LOPT_E_LIMIT)
		return give_failure(member, err);
	return lopt_error_set(err, LOPT_E_INPUT, "not a JSON document");
}

static enum lopt_status give_layer(struct lopt_store *store, struct lopt_member *member,
				   const struct lopt_layer_options *options, struct lopt_layer_data **out,
				   struct lopt_error *err)
{
	(void)store;
	if (member->failure)
		return give_failure(member, err);
	if (member->text.ptr) {
		struct lopt_memory_stream memory;
		struct lopt_layer_options all = *options;
		all.diff_id = all.digest = LOPT_SHA256; /* as every layer of a stream has them */
		lopt_memory_stream_init(&memory, member->text.ptr, member->text.len);
		return lopt_layer_read(out, &memory.stream, &all, err);
	}
	if (!member->data)
		return lopt_error_set(err, LOPT_E_BUG, "a layer of a stream was asked for twice");
	*out = LOPT_MOVE(member->data);
	return LOPT_OK;
}

/* Members that failed cannot be compared any more; they are no good either way. */
static enum lopt_status same_kept(struct lopt_store *store, const struct lopt_member *a, const struct lopt_member *b,
				  bool *same, struct lopt_error *err)
{
	(void)store, (void)err;
	*same = false;
	if (a->text.ptr && b->text.ptr)
		*same = lopt_str_equal(a->text, b->text);
	else if (a->data && b->data)
		*same = lopt_digest_equal(&a->data->digest, &b->data->digest);
	return LOPT_OK;
}

static void release(struct lopt_store *store)
{
	(void)store;
}

enum lopt_status lopt_stream_store_open(struct lopt_store **out, struct lopt_stream *below,
					const struct lopt_limits *limits, const struct lopt_content_options *contents,
					struct lopt_notes *notes, struct lopt_error *err)
{
	static const struct lopt_store_ops ops = {
		.always_digests = true,
		.find = find_indexed,
		.text = give_text,
		.layer = give_layer,
		.same = same_kept,
		.release = release,
	};
	struct stream_store *stream = calloc(1, sizeof *stream);
	if (!stream)
		return lopt_error_memory(err);
	lopt_store_init(&stream->store, &ops, limits, notes, NULL);
	stream->arena_left = limits->arena_bytes;
	stream->contents = *contents;
	if (__builtin_mul_overflow(limits->json_bytes, (uint64_t)TEXTS_MAX, &stream->text_left))
		stream->text_left = UINT64_MAX;
	enum lopt_status status = lopt_outer_read(&stream->store, below, keep_content, err);
	if (status == LOPT_OK)
		*out = &stream->store;
	else
		lopt_store_free(&stream->store);
	return status;
}
