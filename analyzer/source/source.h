/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_SOURCE_H
#define LAYEROPT_SOURCE_SOURCE_H

#include "base/buf.h"
#include "io/process.h"
#include "layeropt/image.h"

enum lopt_source_kind {
	LOPT_SOURCE_FILE,
	LOPT_SOURCE_DIRECTORY,
	LOPT_SOURCE_PIPE, /* standard input, a fifo, an engine */
};

/** What was named on the command line: open, and not a byte of it read. */
struct lopt_source {
	char *path; /* as given */
	enum lopt_source_kind kind;
	int fd;		    /* of a file or directory; of a pipe the end to read from */
	bool borrowed;	    /* standard input, and what `process` owns, are not closed here */
	uint64_t size;	    /* of a file, when it was opened */
	const char *engine; /* the program that writes the pipe; NULL when it is not ours */
	struct lopt_process process;
	struct lopt_buf head; /* of a pipe: what peeking at it took, to be read first */
};

#endif
