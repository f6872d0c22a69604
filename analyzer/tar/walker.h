/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TAR_WALKER_H
#define LAYEROPT_TAR_WALKER_H

#include "tar/reader.h"

/**
 * A strict reader of tar headers that runs beside libarchive. It is pushed the same bytes, or told how many were
 * skipped, and queues the headers it finds. It accepts what Go's archive/tar, and so every container engine, accepts,
 * and stops at the first thing they refuse. Sources: POSIX.1-2001 pax interchange format, the GNU tar manual ("Basic
 * Tar Format", "Storing Sparse Files"), star's header variant.
 */
struct lopt_tar_walker;

/** A header as found. One allocation with everything it points to; free with lopt_tar_header_free. */
struct lopt_tar_header {
	struct lopt_tar_header *next;
	struct lopt_tar_entry entry;
};

LOPT_CHECKED enum lopt_status lopt_tar_walker_new(struct lopt_tar_walker **out, const struct lopt_tar_options *options,
						  struct lopt_error *err);
void lopt_tar_walker_free(struct lopt_tar_walker *walker);
void lopt_tar_header_free(struct lopt_tar_header *header);

/** The next `size` bytes. Failures are kept and told by lopt_tar_walker_take, behind the headers before them. */
void lopt_tar_walker_feed(struct lopt_tar_walker *walker, const void *bytes, size_t size);

/** How many of the next bytes are content and need not be fed. */
uint64_t lopt_tar_walker_skippable(const struct lopt_tar_walker *walker);
/** `size` (at most skippable) bytes were skipped. */
void lopt_tar_walker_skip(struct lopt_tar_walker *walker, uint64_t size);

/** Zero bytes that are missing for a complete last padding, where that is tolerated: call when the input ends. */
size_t lopt_tar_walker_missing(const struct lopt_tar_walker *walker);
/** The input has ended. */
void lopt_tar_walker_finish(struct lopt_tar_walker *walker);

/**
 * The next header, owned by the caller; LOPT_END when there is none yet (or none any more, see
 * lopt_tar_walker_ended); the kept failure once the headers before it are taken.
 */
LOPT_CHECKED enum lopt_status lopt_tar_walker_take(struct lopt_tar_walker *walker, struct lopt_tar_header **out,
						   struct lopt_error *err);
/** True once the end of the archive was seen, or the input ended where an archive may end; *offset is where. */
bool lopt_tar_walker_ended(const struct lopt_tar_walker *walker, uint64_t *offset);

#endif
