/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_SPOOL_H
#define LAYEROPT_SOURCE_SPOOL_H

#include "layeropt/image.h"

/** Sources that have to be read more than once: a pipe, or a file that is compressed as a whole, is copied first. */

/** Whether its members can be read again as it is: an uncompressed file or a directory. Reads the first bytes of a file. */
LOPT_CHECKED enum lopt_status lopt_source_goes_back(bool *out, const struct lopt_source *source,
						    struct lopt_error *err);

/**
 * Copy the whole source, decompressed, into the empty file `fd`, which the source takes in any case, and goes on with. An
 * engine has finished by then. Not for a directory.
 */
LOPT_CHECKED enum lopt_status lopt_source_spool(struct lopt_source *source, int fd, const struct lopt_limits *limits,
						struct lopt_error *err);

/** It has grown since it was opened: look again how large it is. */
LOPT_CHECKED enum lopt_status lopt_source_resize(struct lopt_source *source, struct lopt_error *err);

/** A file that is open already, as a source; takes `fd` in any case. `path` is for messages. */
LOPT_CHECKED enum lopt_status lopt_source_adopt(struct lopt_source **out, int fd, const char *path,
						struct lopt_error *err);

#endif
