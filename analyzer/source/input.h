/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_INPUT_H
#define LAYEROPT_SOURCE_INPUT_H

#include "source/meter.h"
#include "source/source.h"
#include "source/store.h"

/** A source as the kind of store it is. */
struct lopt_input {
	struct lopt_store *store;
	bool directory;
	struct lopt_meter meter;
	struct lopt_sizes sizes;
	struct lopt_content_options contents; /* with `sizes` in it */
};

/**
 * Begin to read: index a tar file, read a stream to its end, look at nothing yet of a directory. An engine has finished
 * by then. Takes what it needs of `source`, which cannot be read again. `limits` and
 * `notes` stay until it is released. Release `out` on failure as well.
 */
LOPT_CHECKED enum lopt_status lopt_input_open(struct lopt_input *out, struct lopt_source *source,
					      const struct lopt_open_options *options, const struct lopt_limits *limits,
					      struct lopt_notes *notes, struct lopt_error *err);
void lopt_input_release(struct lopt_input *input);

#endif
