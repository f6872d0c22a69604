/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_HEADER_H
#define LAYEROPT_REPACK_HEADER_H

#include "base/buf.h"
#include "layeropt/image.h"
#include "tar/reader.h"

/**
 * Headers of tar entries that are made here and not copied: ustar, and what that has no room for in PAX records, which is
 * what every engine reads alike.
 */

/** One ustar block. Texts that are too long for it are cut, numbers have to fit: 6 octal digits, 11 for the time. */
struct lopt_block_fields {
	struct lopt_str name, link;
	char type; /* '0' a file, '1' a hard link, '5' a directory, ... */
	uint32_t mode, uid, gid, major, minor;
	uint64_t size; /* any */
	uint64_t mtime;
};
void lopt_block_make(char block[LOPT_TAR_BLOCK_SIZE], const struct lopt_block_fields *fields);

/** What an entry is to be. */
struct lopt_header {
	struct lopt_str path, link; /* a directory's path with a slash behind */
	char type;
	const struct lopt_entry *attributes; /* mode, owner, time, extended attributes, device */
	uint64_t size;
};

/**
 * Whether what a header says can be said again: not a time that does not fit in nanoseconds, and is not known, nor a fraction of
 * a second before 1970, which not all readers read alike.
 */
bool lopt_header_can_be_made(const struct lopt_entry *attributes);
/** All blocks of it, appended. */
void lopt_header_make(struct lopt_buf *out, const struct lopt_header *header);

#endif
