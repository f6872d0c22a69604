/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_HISTORY_H
#define LAYEROPT_DOCKERFILE_HISTORY_H

#include "base/arena.h"
#include "layeropt/image.h"

/** Who wrote a history, by its wording; it decides how entries map to instructions. */
enum lopt_builder {
	LOPT_BUILDER_UNKNOWN,
	LOPT_BUILDER_LEGACY,   /* docker's classic builder: "/bin/sh -c #(nop) ..." */
	LOPT_BUILDER_BUILDKIT, /* comment "buildkit.dockerfile.v0" */
	LOPT_BUILDER_BUILDAH,  /* buildah, podman build */
	LOPT_BUILDER_KANIKO,
};
const char *lopt_builder_name(enum lopt_builder builder);
enum lopt_builder lopt_history_builder(const struct lopt_history *entry);

/**
 * A history entry as a Dockerfile line on one line: "RUN apt-get update", "COPY busybox /bin/bb", "ENV A=1". The legacy
 * builder's "#(nop) " and shell prefix, "|N NAME=value" build arguments and BuildKit's "# buildkit" go.
 * Where the sources of a COPY are lost it reads "COPY (sources not recorded) in /bin/". Empty for an entry without text.
 * An entry nobody knows comes as it is, line breaks as spaces. ptr is NULL when memory is exhausted.
 */
struct lopt_str lopt_history_instruction(struct lopt_arena *arena, const struct lopt_history *entry);

#endif
