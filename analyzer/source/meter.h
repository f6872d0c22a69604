/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_METER_H
#define LAYEROPT_SOURCE_METER_H

#include <pthread.h>

#include "io/stream.h"
#include "layeropt/image.h"

/** Progress of everything read from one input; threads take turns. */
struct lopt_meter {
	struct lopt_progress progress;
	pthread_mutex_t lock;
	const char *what;
	uint64_t done, total;
};

void lopt_meter_init(struct lopt_meter *meter, const struct lopt_progress *progress);
void lopt_meter_release(struct lopt_meter *meter);
/** Start a new phase. */
void lopt_meter_begin(struct lopt_meter *meter, const char *what, uint64_t total);
void lopt_meter_add(struct lopt_meter *meter, uint64_t bytes);

/** Tells the meter what passes, in large steps. Skips where `below` does. */
struct lopt_metered_stream {
	struct lopt_stream stream;
	struct lopt_stream *below;
	struct lopt_meter *meter;
	uint64_t untold;
};
void lopt_metered_stream_init(struct lopt_metered_stream *metered, struct lopt_stream *below, struct lopt_meter *meter);

#endif
