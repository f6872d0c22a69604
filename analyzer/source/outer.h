/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_OUTER_H
#define LAYEROPT_SOURCE_OUTER_H

#include "source/store.h"
#include "tar/reader.h"

/**
 * The outer tar of an archive, the same for files and streams. `keep` is called for every regular member, its name
 * cleaned; links and others go into the store as they are. Members with names nobody can ask for are passed over.
 */
typedef enum lopt_status lopt_outer_keep(struct lopt_store *store, struct lopt_tar_reader *tar,
					 const struct lopt_tar_entry *entry, struct lopt_member *member,
					 struct lopt_error *err);

/** Read to the end of the tar. A file that is no tar is named by what it looks like. */
LOPT_CHECKED enum lopt_status lopt_outer_read(struct lopt_store *store, struct lopt_stream *below,
					      lopt_outer_keep *keep, struct lopt_error *err);

#endif
