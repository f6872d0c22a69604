/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_NODE_H
#define LAYEROPT_DOCKERFILE_NODE_H

#include "base/buf.h"
#include "dockerfile/dockerfile.h"

/**
 * The whole file as the S-expressions of BuildKit's parser dump, one instruction a line: `(run "a && b")`. For tests
 * and for comparing parsers.
 */
void lopt_dockerfile_dump(struct lopt_buf *out, const struct lopt_dockerfile *dockerfile);

/** A Go string literal with quotes, as its %q writes it; also how histories quote CMD and ENTRYPOINT. */
void lopt_go_quote(struct lopt_buf *out, struct lopt_str text);

#endif
