/* SPDX-License-Identifier: MIT */
#include "source/outer.h"

#include <stdlib.h>

#include "base/cleanup.h"

static void free_reader(struct lopt_tar_reader **reader)
{
	lopt_tar_reader_free(*reader);
}

static enum lopt_status add_member(struct lopt_store *store, struct lopt_tar_reader *tar,
				   const struct lopt_tar_entry *entry, lopt_outer_keep *keep, struct lopt_error *err)
{
	struct lopt_member member = { .type = LOPT_MEMBER_OTHER, .namesake = LOPT_NO_MEMBER };
	if (entry->type == LOPT_TAR_GLOBAL)
		return LOPT_OK;
	enum lopt_status status = lopt_store_clean(&member.name, &store->arena, entry->name, err);
	if (status == LOPT_END)
		return LOPT_OK;
	if (status != LOPT_OK)
		return status;
	if (entry->type == LOPT_TAR_SYMLINK || entry->type == LOPT_TAR_HARDLINK) {
		member.type = entry->type == LOPT_TAR_SYMLINK ? LOPT_MEMBER_SYMLINK : LOPT_MEMBER_HARDLINK;
		member.link = lopt_arena_copy(&store->arena, entry->link);
		if (!member.link.ptr)
			return lopt_error_memory(err);
	} else if (entry->type == LOPT_TAR_FILE && !entry->sparse) {
		member.type = LOPT_MEMBER_FILE;
		member.offset = entry->data_offset;
		member.size = entry->size;
		LOPT_TRY(keep(store, tar, entry, &member, err));
	}
	status = lopt_store_add(store, &member, err);
	if (status != LOPT_OK) {
		lopt_layer_free(member.data);
		free(member.failure);
	}
	return status;
}

static enum lopt_status count_member(struct lopt_store *store, struct lopt_error *err)
{
	if (store->entries_left == 0)
		return lopt_error_set(err, LOPT_E_LIMIT, "more than %llu tar entries (--limit entries=N)",
				      (unsigned long long)store->limits->entries);
	store->entries_left--;
	return LOPT_OK;
}

static enum lopt_status read_members(struct lopt_store *store, struct lopt_stream *below, lopt_outer_keep *keep,
				     struct lopt_error *err)
{
	const struct lopt_tar_options options = { .limits = store->limits };
	LOPT_CLEANUP(free_reader) struct lopt_tar_reader *tar = NULL;
	LOPT_TRY(lopt_tar_reader_open(&tar, below, &options, err));
	for (size_t n = 0;; n++) {
		const struct lopt_tar_entry *entry;
		enum lopt_status status = lopt_tar_reader_next(tar, &entry, err);
		if (status == LOPT_END && n == 0)
			return lopt_error_set(err, LOPT_E_INPUT, "an empty tar: there is no image in it");
		if (status == LOPT_END)
			return LOPT_OK;
		if (status != LOPT_OK)
			return status;
		LOPT_TRY(count_member(store, err));
		LOPT_TRY(add_member(store, tar, entry, keep, err));
	}
}

/* What a file that does not even begin as a tar is, as far as its first bytes tell. */
static enum lopt_status refuse(const struct lopt_peek_stream *peek, struct lopt_error *err)
{
	static const unsigned char zeros[sizeof peek->head];
	enum lopt_codec codec = lopt_codec_detect(peek->head, peek->have);
	const char *guess = lopt_codec_guess(peek->head, peek->have);
	if (codec != LOPT_CODEC_PLAIN)
		return lopt_error_set(err, LOPT_E_INPUT, "not a tar: it is compressed with %s; decompress it first",
				      lopt_codec_name(codec));
	if (guess)
		return lopt_error_set(err, LOPT_E_INPUT, "not a tar: it looks like %s", guess);
	if (memcmp(peek->head, zeros, peek->have) == 0)
		return LOPT_E_INPUT; /* the end of a tar, which the message says */
	return lopt_error_context(err, "not a tar, or a damaged one");
}

enum lopt_status lopt_outer_read(struct lopt_store *store, struct lopt_stream *below, lopt_outer_keep *keep,
				 struct lopt_error *err)
{
	struct lopt_peek_stream peek;
	LOPT_TRY(lopt_peek_stream_init(&peek, below, err));
	if (peek.have == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "it is empty");
	if (lopt_codec_detect(peek.head, peek.have) != LOPT_CODEC_PLAIN)
		return refuse(&peek, err);
	enum lopt_status status = read_members(store, &peek.stream, keep, err);
	if (status == LOPT_E_INPUT && store->count == 0)
		return refuse(&peek, err);
	return status;
}
