/* SPDX-License-Identifier: MIT */
#include "source/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "codec/codec.h"
#include "source/peek.h"

enum { CHUNK = 128 * 1024 };

enum lopt_status lopt_source_goes_back(bool *out, const struct lopt_source *source, struct lopt_error *err)
{
	struct lopt_file_stream file;
	struct lopt_peek_stream peek;
	*out = source->kind == LOPT_SOURCE_DIRECTORY;
	if (source->kind != LOPT_SOURCE_FILE)
		return LOPT_OK;
	lopt_file_stream_init(&file, source->fd, 0, source->size);
	LOPT_TRY(lopt_peek_stream_init(&peek, &file.stream, err));
	enum lopt_codec codec = lopt_codec_detect(peek.head, peek.have);
	*out = codec != LOPT_CODEC_GZIP && codec != LOPT_CODEC_ZSTD;
	return LOPT_OK;
}

static enum lopt_status write_all(int fd, const char *bytes, size_t size, struct lopt_error *err)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return lopt_error_set(err, LOPT_E_SYSTEM, "a copy of it cannot be written (TMPDIR): %s",
					      strerror(errno));
		bytes += written;
		size -= (size_t)written;
	}
	return LOPT_OK;
}

static enum lopt_status copy(struct lopt_source *source, int fd, const struct lopt_limits *limits, uint64_t *size,
			     struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_source_stream_release) struct lopt_source_stream stream = { 0 };
	LOPT_CLEANUP(lopt_cleanup_bytes) char *bytes = malloc(CHUNK);
	if (!bytes)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_source_stream_open(&stream, source, limits, err));
	for (;;) {
		size_t got;
		LOPT_TRY(lopt_stream_read(stream.top, bytes, CHUNK, &got, err));
		if (got == 0)
			return LOPT_OK;
		LOPT_TRY(write_all(fd, bytes, got, err));
		*size += got;
	}
}

/* An engine that failed says more than what is missing of its output. */
static enum lopt_status finish_engine(struct lopt_source *source, struct lopt_error *err)
{
	if (!source->engine || lopt_process_finish(&source->process, err) == LOPT_OK)
		return LOPT_OK;
	return lopt_error_context(err, "%s", source->engine);
}

static enum lopt_status spool(struct lopt_source *source, int fd, const struct lopt_limits *limits, uint64_t *size,
			      struct lopt_error *err)
{
	LOPT_TRY(copy(source, fd, limits, size, err));
	return finish_engine(source, err);
}

enum lopt_status lopt_source_spool(struct lopt_source *source, int fd, const struct lopt_limits *limits,
				   struct lopt_error *err)
{
	uint64_t size = 0;
	enum lopt_status status = spool(source, fd, limits, &size, err);
	if (!source->borrowed)
		lopt_cleanup_fd(&source->fd);
	source->fd = fd;
	source->borrowed = false;
	source->kind = LOPT_SOURCE_FILE;
	source->size = size;
	return status == LOPT_OK || status == LOPT_E_MEMORY ? status : lopt_error_context(err, "%s", source->path);
}

enum lopt_status lopt_source_resize(struct lopt_source *source, struct lopt_error *err)
{
	struct stat st;
	if (fstat(source->fd, &st) != 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "%s: cannot stat: %s", source->path, strerror(errno));
	source->size = (uint64_t)st.st_size;
	return LOPT_OK;
}

enum lopt_status lopt_source_adopt(struct lopt_source **out, int fd, const char *path, struct lopt_error *err)
{
	struct lopt_source *source = calloc(1, sizeof *source);
	if (!source) {
		lopt_cleanup_fd(&fd);
		return lopt_error_memory(err);
	}
	*source = (struct lopt_source){ .path = strdup(path), .fd = fd, .process = LOPT_PROCESS_NONE };
	enum lopt_status status = source->path ? lopt_source_resize(source, err) : lopt_error_memory(err);
	if (status == LOPT_OK)
		*out = source;
	else
		lopt_source_free(source);
	return status;
}
