/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_CREDENTIAL_H
#define LAYEROPT_ANALYSIS_CREDENTIAL_H

#include "layeropt/str.h"

/**
 * Which files are known to hold credentials, and whether they do. Pure functions of a path and of what stands there,
 * which anybody may have made up. Private to this room.
 */

/** Is a file at this path worth a look? By the path alone: asked for every small file. */
bool lopt_credential_expected(struct lopt_str path);

enum lopt_credential {
	LOPT_CREDENTIAL_NONE,
	LOPT_CREDENTIAL_PRIVATE_KEY,
	LOPT_CREDENTIAL_HOST_KEY,
	LOPT_CREDENTIAL_PASSWORD,
	LOPT_CREDENTIAL_REGISTRY,
	LOPT_CREDENTIAL_ACCESS_KEY,
	LOPT_CREDENTIAL_TOKEN,
};
enum { LOPT_CREDENTIALS = LOPT_CREDENTIAL_TOKEN + 1 };

/** What a file at this path that holds this text gives away. */
enum lopt_credential lopt_credential_in(struct lopt_str path, struct lopt_str text);

#endif
