/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "repack/inner.h"

enum { BLOCK = 512, NAME = 100 };

void lopt_archive_init(struct lopt_archive *archive, FILE *file, const char *name)
{
	*archive = (struct lopt_archive){ .file = file, .name = name };
}

void lopt_blob_name(char out[LOPT_BLOB_NAME_MAX], const char *digest)
{
	const char *colon = strchr(digest, ':');
	int algorithm = colon ? (int)(colon - digest) : 0;
	(void)snprintf(out, LOPT_BLOB_NAME_MAX, "blobs/%.*s/%s", algorithm, digest, colon ? colon + 1 : "");
}

/* --- headers --- */

/* `width` - 1 digits, which the value fits in, and a NUL. */
static void put_octal(char *field, size_t width, uint64_t value)
{
	field[--width] = '\0';
	for (; width; value >>= 3)
		field[--width] = (char)('0' + (value & 7));
}

/* A size of 8 GiB or more in binary, as GNU tar, Go and libarchive write and read it. */
static void put_size(char field[12], uint64_t size)
{
	if (size >> 33 == 0) {
		put_octal(field, 12, size);
		return;
	}
	memset(field, 0, 12);
	field[0] = (char)0x80;
	for (int i = 11; i > 3; i--, size >>= 8)
		field[i] = (char)(size & 0xff);
}

/* POSIX.1-1988 ustar; `name` has at most 100 bytes. */
static void make_header(char block[BLOCK], const char *name, char type, uint64_t size)
{
	unsigned sum = 0;
	memset(block, 0, BLOCK);
	memcpy(block, name, strnlen(name, NAME));
	put_octal(block + 100, 8, 0644);
	put_octal(block + 108, 8, 0);
	put_octal(block + 116, 8, 0);
	put_size(block + 124, size);
	put_octal(block + 136, 12, 0);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 257, "ustar", 6);
	block[263] = block[264] = '0';
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	put_octal(block + 148, 7, sum);
	block[155] = ' ';
}

/* --- writing --- */

static enum lopt_status fails(const struct lopt_archive *archive, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: %s", archive->name, strerror(errno ? errno : EIO));
}

static enum lopt_status put(struct lopt_archive *archive, const void *bytes, size_t size, struct lopt_error *err)
{
	errno = 0;
	if (fwrite(bytes, 1, size, archive->file) != size)
		return fails(archive, err);
	archive->position += size;
	return LOPT_OK;
}

static enum lopt_status put_padding(struct lopt_archive *archive, struct lopt_error *err)
{
	static const char zeros[BLOCK];
	return put(archive, zeros, (size_t)(-archive->position & (BLOCK - 1)), err);
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

static enum lopt_status seek(struct lopt_archive *archive, uint64_t to, struct lopt_error *err)
{
	errno = 0;
	if (fseeko(archive->file, (off_t)to, SEEK_SET) != 0)
		return fails(archive, err);
	archive->position = to;
	return LOPT_OK;
}

/* Room for the headers, which are written when the digest is known. */
enum lopt_status lopt_archive_begin(struct lopt_archive *archive, enum lopt_digest_algorithm algorithm,
				    struct lopt_error *err)
{
	static const char zeros[3 * BLOCK];
	archive->header = archive->position;
	return put(archive, zeros, algorithm == LOPT_SHA512 ? sizeof zeros : BLOCK, err);
}

enum lopt_status lopt_archive_end(struct lopt_archive *archive, const struct lopt_new_blob *blob,
				  struct lopt_error *err)
{
	char name[LOPT_BLOB_NAME_MAX];
	archive->position += blob->size;
	uint64_t end = archive->position;
	lopt_blob_name(name, blob->digest);
	LOPT_TRY(seek(archive, archive->header, err));
	LOPT_TRY(put_headers(archive, name, blob->size, err));
	LOPT_TRY(seek(archive, end, err));
	return put_padding(archive, err);
}

enum lopt_status lopt_archive_put(struct lopt_archive *archive, const char *name, struct lopt_str bytes,
				  struct lopt_error *err)
{
	LOPT_TRY(put_headers(archive, name, bytes.len, err));
	LOPT_TRY(put(archive, bytes.ptr, bytes.len, err));
	return put_padding(archive, err);
}

enum lopt_status lopt_archive_put_blob(struct lopt_archive *archive, struct lopt_str bytes, struct lopt_new_blob *out,
				       struct lopt_error *err)
{
	char name[LOPT_BLOB_NAME_MAX];
	struct lopt_digest digest;
	LOPT_TRY(lopt_digest_of(&digest, LOPT_SHA256, bytes.ptr, bytes.len, err));
	(void)lopt_digest_format(out->digest, &digest);
	out->size = bytes.len;
	lopt_blob_name(name, out->digest);
	return lopt_archive_put(archive, name, bytes, err);
}

enum lopt_status lopt_archive_take_back(struct lopt_archive *archive, uint64_t position, struct lopt_error *err)
{
	return seek(archive, position, err);
}

enum lopt_status lopt_archive_finish(struct lopt_archive *archive, struct lopt_error *err)
{
	static const char zeros[2 * BLOCK];
	LOPT_TRY(put(archive, zeros, sizeof zeros, err));
	errno = 0;
	if (fflush(archive->file) != 0 || ftruncate(fileno(archive->file), (off_t)archive->position) != 0)
		return fails(archive, err);
	return LOPT_OK;
}
