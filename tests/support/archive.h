/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ARCHIVE_H
#define TESTS_SUPPORT_ARCHIVE_H

#include "base/buf.h"

/**
 * Tars in memory, for tests. Appending to a struct lopt_buf; a failure stays in it.
 */
struct test_header {
	const char *name; /* at most 100 bytes are kept: longer ones go into a PAX record */
	const char *link;
	char type; /* typeflag; 0 is '0' */
	unsigned mode, uid, gid, mtime, major, minor;
	uint64_t size;
};

/** One ustar header block, its checksum included. */
void test_tar_header(struct lopt_buf *tar, const struct test_header *header);
/** Content and the padding behind it. */
void test_tar_content(struct lopt_buf *tar, const void *bytes, size_t size);
/** Header and content of a regular file. */
void test_tar_file(struct lopt_buf *tar, const char *name, const void *bytes, size_t size);
/** One PAX record, appended to `records`. */
void test_pax_record(struct lopt_buf *records, const char *key, const void *value, size_t size);
/** A PAX header of these records, for the entry that follows. */
void test_tar_pax(struct lopt_buf *tar, const struct lopt_buf *records);
/** Two zero blocks. */
void test_tar_end(struct lopt_buf *tar);

/** `bytes` as one gzip member, appended. */
void test_gzip(struct lopt_buf *to, const void *bytes, size_t size);
/** `bytes` as one zstd frame, appended. */
void test_zstd(struct lopt_buf *to, const void *bytes, size_t size);

/** An unlinked file of these bytes in memory; its path for lopt_image_open goes to `path`. -1 on failure. */
int test_memory_file(const void *bytes, size_t size, char path[64]);

#endif
