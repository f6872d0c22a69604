/* SPDX-License-Identifier: MIT */
#include "source/meter.h"

#include "base/cleanup.h"

enum { STEP = 1 << 20 };

void lopt_meter_init(struct lopt_meter *meter, const struct lopt_progress *progress)
{
	*meter = (struct lopt_meter){ .progress = *progress, .lock = PTHREAD_MUTEX_INITIALIZER, .what = "reading" };
}

void lopt_meter_release(struct lopt_meter *meter)
{
	(void)pthread_mutex_destroy(&meter->lock);
}

void lopt_meter_begin(struct lopt_meter *meter, const char *what, uint64_t total)
{
	meter->what = what;
	meter->done = 0;
	meter->total = total;
	lopt_meter_add(meter, 0);
}

void lopt_meter_add(struct lopt_meter *meter, uint64_t bytes)
{
	if (!meter->progress.report)
		return;
	(void)pthread_mutex_lock(&meter->lock);
	meter->done += bytes;
	meter->progress.report(meter->progress.context, meter->what, meter->done, meter->total);
	(void)pthread_mutex_unlock(&meter->lock);
}

static void tell(struct lopt_metered_stream *metered, uint64_t bytes, bool now)
{
	metered->untold += bytes;
	if (metered->untold < STEP && !now)
		return;
	lopt_meter_add(metered->meter, metered->untold);
	metered->untold = 0;
}

static enum lopt_status read_metered(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				     struct lopt_error *err)
{
	struct lopt_metered_stream *metered = (struct lopt_metered_stream *)stream;
	LOPT_TRY(lopt_stream_read(metered->below, to, size, got, err));
	tell(metered, *got, *got == 0);
	return LOPT_OK;
}

static enum lopt_status skip_metered(struct lopt_stream *stream, uint64_t size, struct lopt_error *err)
{
	struct lopt_metered_stream *metered = (struct lopt_metered_stream *)stream;
	LOPT_TRY(lopt_stream_skip(metered->below, size, err));
	tell(metered, size, false);
	return LOPT_OK;
}

void lopt_metered_stream_init(struct lopt_metered_stream *metered, struct lopt_stream *below, struct lopt_meter *meter)
{
	static const struct lopt_stream_ops reading = { .read = read_metered };
	static const struct lopt_stream_ops skipping = { .read = read_metered, .skip = skip_metered };
	*metered = (struct lopt_metered_stream){
		.stream = { lopt_stream_can_skip(below) ? &skipping : &reading },
		.below = below,
		.meter = meter,
	};
}
