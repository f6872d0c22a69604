/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/stream.h"
#include "repack/header.h"
#include "repack/inner.h"

enum { BLOCK = LOPT_TAR_BLOCK_SIZE, NAME = 100, SEND = 8 << 20 };

void lopt_archive_init(struct lopt_archive *archive, FILE *file, const char *name, bool flat)
{
	*archive = (struct lopt_archive){ .fd = fileno(file), .name = name, .flat = flat };
}

void lopt_blob_name(char out[LOPT_BLOB_NAME_MAX], const char *digest)
{
	const char *colon = strchr(digest, ':');
	int algorithm = colon ? (int)(colon - digest) : 0;
	(void)snprintf(out, LOPT_BLOB_NAME_MAX, "blobs/%.*s/%s", algorithm, digest, colon ? colon + 1 : "");
}

void lopt_member_name(char out[LOPT_BLOB_NAME_MAX], bool flat, const char *digest, const char *behind)
{
	const char *colon = strchr(digest, ':');
	if (flat)
		(void)snprintf(out, LOPT_BLOB_NAME_MAX, "%s%s", colon ? colon + 1 : digest, behind);
	else
		lopt_blob_name(out, digest);
}

/* --- writing --- */

static enum lopt_status fails(const struct lopt_archive *archive, int code, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: %s", archive->name, strerror(code));
}

static enum lopt_status put_at(const struct lopt_archive *archive, const void *bytes, size_t size, uint64_t offset,
			       struct lopt_error *err)
{
	for (size_t done = 0; done < size;) {
		if (lopt_stop_requested())
			return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
		ssize_t n = pwrite(archive->fd, (const char *)bytes + done, size - done, (off_t)(offset + done));
		if (n < 0 && errno != EINTR)
			return fails(archive, errno, err);
		done += n > 0 ? (size_t)n : 0;
	}
	return LOPT_OK;
}

static enum lopt_status put(struct lopt_archive *archive, const void *bytes, size_t size, struct lopt_error *err)
{
	LOPT_TRY(put_at(archive, bytes, size, archive->position, err));
	archive->position += size;
	return LOPT_OK;
}

static enum lopt_status put_padding(struct lopt_archive *archive, struct lopt_error *err)
{
	static const char zeros[BLOCK];
	return put(archive, zeros, (size_t)(-archive->position & (BLOCK - 1)), err);
}

static void make_header(char block[BLOCK], const char *name, char type, uint64_t size)
{
	const struct lopt_block_fields fields = {
		.name = lopt_str_from(name), .type = type, .mode = 0644, .size = size
	};
	lopt_block_make(block, &fields);
}

/* A name of SHA-512 is too long for a ustar header: GNU's has it in a member of its own, in front. */
static enum lopt_status put_headers(struct lopt_archive *archive, const char *name, uint64_t size,
				    struct lopt_error *err)
{
	char block[BLOCK];
	size_t len = strlen(name);
	if (len > NAME) {
		make_header(block, "././@LongLink", 'L', len + 1);
		LOPT_TRY(put(archive, block, sizeof block, err));
		LOPT_TRY(put(archive, name, len + 1, err));
		LOPT_TRY(put_padding(archive, err));
	}
	make_header(block, name, '0', size);
	return put(archive, block, sizeof block, err);
}

/* --- layers --- */

static void send(struct lopt_slot *slot)
{
	uint64_t size = slot->position - slot->sent;
	struct lopt_sender *sender = slot->archive->sender;
	if (size >= SEND && sender && lopt_sender_take(sender, slot->sent, size))
		slot->sent = slot->position;
}

static enum lopt_status write_slot(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	struct lopt_slot *slot = (struct lopt_slot *)sink;
	if (size > slot->end - slot->position)
		return lopt_error_set(err, LOPT_E_BUG, "%s: a layer is larger than it can be", slot->archive->name);
	LOPT_TRY(put_at(slot->archive, bytes, size, slot->position, err));
	slot->position += size;
	send(slot);
	return LOPT_OK;
}

void lopt_archive_reserve(struct lopt_slot *slot, const struct lopt_archive *archive, uint64_t *place,
			  enum lopt_digest_algorithm algorithm, uint64_t most)
{
	static const struct lopt_sink_ops ops = { .write = write_slot };
	uint64_t start = *place + (algorithm == LOPT_SHA512 ? 3 * BLOCK : BLOCK);
	*slot = (struct lopt_slot){ { &ops }, archive, start, start, start + most, start };
	*place = (slot->end + BLOCK - 1) / BLOCK * BLOCK;
}

/* Not every filesystem can, and a signal may come: then it shows when the bytes come. */
enum lopt_status lopt_slot_allocate(const struct lopt_slot *slot, struct lopt_error *err)
{
	if (slot->start == slot->end ||
	    fallocate(slot->archive->fd, 0, (off_t)slot->start, (off_t)(slot->end - slot->start)) == 0)
		return LOPT_OK;
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	return full ? fails(slot->archive, errno, err) : LOPT_OK;
}

/* Towards the front: what is read has not been written over yet. */
static enum lopt_status move(const struct lopt_archive *archive, uint64_t from, uint64_t to, uint64_t size,
			     struct lopt_error *err)
{
	enum { CHUNK = 1 << 20 };
	LOPT_CLEANUP(lopt_cleanup_bytes) char *bytes = malloc(CHUNK);
	if (!bytes)
		return lopt_error_memory(err);
	while (size) {
		ssize_t n = pread(archive->fd, bytes, size < CHUNK ? (size_t)size : CHUNK, (off_t)from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fails(archive, n ? errno : EIO, err);
		LOPT_TRY(put_at(archive, bytes, (size_t)n, to, err));
		from += (uint64_t)n;
		to += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return LOPT_OK;
}

enum lopt_status lopt_archive_settle(struct lopt_archive *archive, const struct lopt_slot *slot, const char *name,
				     struct lopt_error *err)
{
	uint64_t size = slot->position - slot->start;
	LOPT_TRY(put_headers(archive, name, size, err));
	if (slot->start != archive->position)
		LOPT_TRY(move(archive, slot->start, archive->position, size, err));
	archive->position += size;
	return put_padding(archive, err);
}

/* --- members --- */

enum lopt_status lopt_archive_put(struct lopt_archive *archive, const char *name, struct lopt_str bytes,
				  struct lopt_error *err)
{
	LOPT_TRY(put_headers(archive, name, bytes.len, err));
	LOPT_TRY(put(archive, bytes.ptr, bytes.len, err));
	return put_padding(archive, err);
}

enum lopt_status lopt_archive_finish(struct lopt_archive *archive, struct lopt_error *err)
{
	static const char zeros[2 * BLOCK];
	LOPT_TRY(put(archive, zeros, sizeof zeros, err));
	return ftruncate(archive->fd, (off_t)archive->position) == 0 ? LOPT_OK : fails(archive, errno, err);
}
