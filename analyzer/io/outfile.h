/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_OUTFILE_H
#define LAYEROPT_IO_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "layeropt/status.h"

/**
 * An output file (rule P22): written beside its target under a temporary name (O_EXCL, O_NOFOLLOW, 0666 & ~umask),
 * flushed, synced and renamed when complete; removed on any failure, and by lopt_outfile_abandon_all() from the
 * signal path. "-" and "/dev/stdout" are standard output. An existing file, or link to one, is replaced; a character
 * device such as /dev/null or /dev/full and a pipe that has a reader are written in place; anything else is refused,
 * and so is a file that may not be written. At most 16 are open at a time.
 */
struct lopt_outfile {
	FILE *file;	 /* write here */
	char *path;	 /* target; NULL for standard output */
	char *temporary; /* NULL when written in place (standard output, device, pipe) */
	bool flushed;	 /* nothing was written since lopt_outfile_flush() */
};

LOPT_CHECKED enum lopt_status lopt_outfile_open(struct lopt_outfile *out, const char *path, struct lopt_error *err);
/**
 * Makes a directory at `target` out of a complete file; 0, or an errno below 256, and then nothing is left of it. May be called
 * in another process, after which the file is removed.
 */
typedef int lopt_outfile_unfold(const char *temporary, const char *target);
/** The same for what becomes a directory: nothing, or an empty directory, may be at `path`. */
LOPT_CHECKED enum lopt_status lopt_outfile_open_directory(struct lopt_outfile *out, const char *path,
							  lopt_outfile_unfold *unfold, struct lopt_error *err);
/** Have what was flushed written to the disk from now on, without waiting: commit has less to wait for. */
void lopt_outfile_send(const struct lopt_outfile *out);
/** Flush, check, sync: whatever a full disk can spoil has come about then. */
LOPT_CHECKED enum lopt_status lopt_outfile_flush(struct lopt_outfile *out, struct lopt_error *err);
/** Flush, check, sync, rename. Releases `out` whatever happens. */
LOPT_CHECKED enum lopt_status lopt_outfile_commit(struct lopt_outfile *out, struct lopt_error *err);
/** Remove what was written. Safe after commit. */
void lopt_outfile_abandon(struct lopt_outfile *out);
/**
 * True when `path` leads to the regular file that `fd` has open. Only the caller knows its inputs; it refuses these
 * paths.
 */
bool lopt_outfile_is_input(const char *path, int fd);
/** Unlink every temporary that is open; async-signal-safe. With a deputy: for good, it is dismissed. */
void lopt_outfile_abandon_all(void);
/**
 * From now on the files that are open are put in place and removed by a second process, so that this one needs no right to
 * do so; that process also removes them when this one is killed. Nothing happens when none is open, or none is written
 * beside its target.
 */
LOPT_CHECKED enum lopt_status lopt_outfile_delegate(struct lopt_error *err);

#endif
