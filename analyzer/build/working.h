/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BUILD_WORKING_H
#define LAYEROPT_BUILD_WORKING_H

#include "build/builder.h"

/**
 * podman and buildah build in working containers, whose names are made of the base image's. A build that is killed leaves
 * the one it was in. What was given to the build as an argument is written down with it: that is how ours are told from those
 * of others.
 */

/** The argument a mark is given in: "LAYEROPT_MARK=...". No Dockerfile asks for it, so nothing is changed by it. */
#define LOPT_WORKING_ARGUMENT "LAYEROPT_MARK"

/**
 * Remove the working containers of builds that were given this mark, with their file systems. Goes on where something cannot
 * be removed, and when a stop was requested. Nothing for builders that have none.
 */
void lopt_working_remove(const struct lopt_builder_kind *kind, const char *mark);

#endif
