/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_LINES_H
#define LAYEROPT_COMPARE_LINES_H

#include "base/buf.h"
#include "io/stream.h"

/** A stream line by line. Zero it, set `stream` and `max`, release it. Inner to this room. */
struct lopt_lines {
	struct lopt_stream *stream;
	uint64_t max;	 /* bytes of one line, without its end */
	uint64_t number; /* of the line that came last, from 1 */
	struct lopt_buf buf;
	size_t at; /* where the next line starts */
	bool ended;
};

/** Have `size` bytes in view, fewer only when the stream ends. */
LOPT_CHECKED enum lopt_status lopt_lines_look(struct lopt_str *out, struct lopt_lines *lines, size_t size,
					      struct lopt_error *err);
/** The next line, borrowed until the one after it. LOPT_END: there is none. A line has an end, the last one too. */
LOPT_CHECKED enum lopt_status lopt_lines_next(struct lopt_str *out, struct lopt_lines *lines, struct lopt_error *err);
void lopt_lines_release(struct lopt_lines *lines);

#endif
