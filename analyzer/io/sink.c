/* SPDX-License-Identifier: MIT */
#include "io/sink.h"

#include <errno.h>
#include <string.h>

#include "io/stream.h"

static enum lopt_status write_file(struct lopt_sink *sink, const void *bytes, size_t size, struct lopt_error *err)
{
	const struct lopt_file_sink *to = (struct lopt_file_sink *)sink;
	if (lopt_stop_requested())
		return lopt_error_set(err, LOPT_E_INTERRUPTED, "interrupted");
	errno = 0;
	if (fwrite(bytes, 1, size, to->file) == size)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot write: %s", to->name, strerror(errno ? errno : EIO));
}

void lopt_file_sink_init(struct lopt_file_sink *sink, FILE *file, const char *name)
{
	static const struct lopt_sink_ops ops = { .write = write_file };
	*sink = (struct lopt_file_sink){ { &ops }, file, name };
}
