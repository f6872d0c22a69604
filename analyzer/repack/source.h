/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_SOURCE_H
#define LAYEROPT_REPACK_SOURCE_H

#include "io/stream.h"
#include "io/sink.h"
#include "source/bundle.h"
#include "source/meter.h"

/** A layer of the input, read again from front to end. Private to this room. */
struct lopt_layer_source {
	int fd;
	struct lopt_file_stream file;
	struct lopt_stream *codec, *ahead;
	struct lopt_metered_stream metered;
	struct lopt_stream *top;
	char *bytes; /* read and not passed on: from `at`, `have` of them */
	size_t at, have;
	uint64_t position; /* of what comes next */
};

/** `plain`: decompressed; else as stored. Release *out in any case, or zero its fd to -1 before. */
LOPT_CHECKED enum lopt_status lopt_layer_source_open(struct lopt_layer_source *out, struct lopt_bundle *bundle,
						     size_t layer, bool plain, const struct lopt_limits *limits,
						     struct lopt_meter *meter, struct lopt_error *err);
void lopt_layer_source_release(struct lopt_layer_source *source);

/** All that is left. */
LOPT_CHECKED enum lopt_status lopt_layer_source_copy(struct lopt_layer_source *source, struct lopt_sink *to,
						     struct lopt_error *err);
/**
 * The bytes from `from`, which has not been passed, up to `end`. Where the input ends within a block of it, zeros take the
 * place of the padding that it leaves out.
 */
LOPT_CHECKED enum lopt_status lopt_layer_source_copy_range(struct lopt_layer_source *source, struct lopt_sink *to,
							   uint64_t from, uint64_t end, struct lopt_error *err);

#endif
