/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_INPUT_H
#define LAYEROPT_SOURCE_INPUT_H

#include "io/process.h"
#include "source/meter.h"
#include "source/store.h"

/** What was named on the command line, opened as the kind of store it is. */
struct lopt_input {
	struct lopt_store *store;
	bool directory;
	struct lopt_meter meter;
};

/**
 * Open a file, a directory, "-" or "docker:NAME" / "podman:NAME". `limits` and `notes` stay until it is released.
 * An engine has finished by then. Release `out` on failure as well.
 */
LOPT_CHECKED enum lopt_status lopt_input_open(struct lopt_input *out, const char *path,
					      const struct lopt_open_options *options, const struct lopt_limits *limits,
					      struct lopt_notes *notes, struct lopt_error *err);
void lopt_input_release(struct lopt_input *input);

#endif
