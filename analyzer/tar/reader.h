/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TAR_READER_H
#define LAYEROPT_TAR_READER_H

#include "base/buf.h"
#include "io/sink.h"
#include "io/stream.h"
#include "layeropt/limits.h"

/**
 * Tar entries, one at a time. libarchive reads the archive; the strict header walker (tar/walker.h) reads
 * the same bytes beside it, and both must agree on path, type, size and link of every entry. Formats: v7, ustar, GNU,
 * star and pax (POSIX.1-2001), sparse files as PAX 0.0, 0.1 and 1.0. What no container engine loads is an error:
 * types other than 0-6 (S, D, V, 7, ...), bad checksums and numbers, an entry behind a single zero block.
 */
enum { LOPT_TAR_BLOCK_SIZE = 512 }; /* bytes of a header, and what contents are padded to */

enum lopt_tar_type {
	LOPT_TAR_FILE = 'f',
	LOPT_TAR_HARDLINK = 'h',
	LOPT_TAR_SYMLINK = 'l',
	LOPT_TAR_CHAR = 'c',
	LOPT_TAR_BLOCK = 'b',
	LOPT_TAR_DIR = 'd',
	LOPT_TAR_FIFO = 'p',
	LOPT_TAR_GLOBAL = 'g', /* a PAX global header: an entry to engines that refuse it, nothing to the others */
};

struct lopt_tar_xattr {
	struct lopt_str name; /* without "SCHILY.xattr." */
	struct lopt_str value;
};

/** One entry; everything it points to lives until the next call of lopt_tar_reader_next. */
struct lopt_tar_entry {
	enum lopt_tar_type type;
	struct lopt_str name; /* as written: neither cleaned nor clamped */
	struct lopt_str link; /* target as written */
	uint64_t size;	      /* content of a file: its logical size if sparse */
	uint64_t stored;      /* bytes of content in the archive */
	uint32_t mode;	      /* permission bits, at most 07777 */
	int64_t uid, gid;
	int64_t mtime_ns;      /* as written, clamped to what fits */
	uint32_t major, minor; /* of devices */
	bool sparse;
	bool pax_empty_xattr; /* a SCHILY.xattr record with an empty value stood there */
	const struct lopt_tar_xattr *xattrs;
	size_t xattr_count;
	uint64_t header_offset; /* of its first header block, PAX and GNU headers included */
	uint64_t data_offset;	/* of its content */
};

struct lopt_tar_reader;

struct lopt_tar_options {
	const struct lopt_limits *limits;
	bool tolerate_missing_padding; /* a layer whose last padding is cut off (rule P3) */
	struct lopt_sink *
		frame; /* is given every byte that is no content, in order, and nothing is skipped; NULL: nobody asks */
};

/** `below` must stay until the reader is freed. */
LOPT_CHECKED enum lopt_status lopt_tar_reader_open(struct lopt_tar_reader **out, struct lopt_stream *below,
						   const struct lopt_tar_options *options, struct lopt_error *err);
void lopt_tar_reader_free(struct lopt_tar_reader *reader);

/**
 * The next entry, or LOPT_END. What is left of the previous entry's content is skipped. At the end the rest of
 * `below` is not read: drain it if it is to be hashed.
 */
LOPT_CHECKED enum lopt_status lopt_tar_reader_next(struct lopt_tar_reader *reader, const struct lopt_tar_entry **out,
						   struct lopt_error *err);

/**
 * The next run of the entry's content as stored: *bytes (borrowed until the next call) is `*size` bytes for
 * logical offset `*offset`; holes of sparse files come as gaps between the runs. LOPT_END behind the last.
 */
LOPT_CHECKED enum lopt_status lopt_tar_reader_data(struct lopt_tar_reader *reader, const void **bytes, size_t *size,
						   uint64_t *offset, struct lopt_error *err);

/** The content of the current entry (not sparse) as a stream, for nested archives; valid until the next call of next. */
struct lopt_stream *lopt_tar_reader_content(struct lopt_tar_reader *reader);

#endif
