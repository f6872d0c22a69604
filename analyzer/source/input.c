/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "codec/codec.h"

enum {
	IMAGE_NAME_MAX = 255,
	TRAILER_MAX = 1 << 20, /* read behind the end of a tar from a pipe, so that its writer is not cut off */
};

/* --- streams --- */

static void close_codec(struct lopt_stream **codec)
{
	lopt_codec_close(*codec);
}

/* What follows the tar: of a compressed one all, for its checksum; of a pipe what a writer may have padded. */
static enum lopt_status read_trailer(struct lopt_stream *top, bool compressed, struct lopt_error *err)
{
	unsigned char unused[4096];
	size_t got = 1;
	if (compressed)
		return lopt_stream_drain(top, err);
	for (size_t left = TRAILER_MAX; got && left; left -= got)
		LOPT_TRY(lopt_stream_read(top, unused, sizeof unused, &got, err));
	return LOPT_OK;
}

/* The outer compression is undone once (rule P1); its zero padding is tolerated. */
static enum lopt_status open_stream(struct lopt_input *out, struct lopt_stream *below, const struct lopt_limits *limits,
				    struct lopt_notes *notes, struct lopt_error *err)
{
	LOPT_CLEANUP(close_codec) struct lopt_stream *codec = NULL;
	struct lopt_metered_stream metered;
	struct lopt_peek_stream peek;
	lopt_metered_stream_init(&metered, below, &out->meter);
	LOPT_TRY(lopt_peek_stream_init(&peek, &metered.stream, err));
	struct lopt_stream *top = &peek.stream;
	enum lopt_codec kind = lopt_codec_detect(peek.head, peek.have);
	bool compressed = kind == LOPT_CODEC_GZIP || kind == LOPT_CODEC_ZSTD;
	if (compressed) {
		LOPT_TRY(lopt_codec_open(&codec, kind, top, limits, true, err));
		top = codec;
	}
	LOPT_TRY(lopt_stream_store_open(&out->store, top, limits, notes, err));
	return read_trailer(top, compressed, err);
}

/* How long an engine may think before the next byte: it may be copying a large image first. */
enum { ENGINE_PATIENCE_MS = 30 * 60 * 1000 };

static enum lopt_status open_pipe(struct lopt_input *out, int fd, unsigned patience_ms,
				  const struct lopt_limits *limits, struct lopt_notes *notes, struct lopt_error *err)
{
	struct lopt_pipe_stream pipe;
	lopt_pipe_stream_init(&pipe, fd);
	pipe.patience_ms = patience_ms;
	lopt_meter_begin(&out->meter, "reading", 0);
	return open_stream(out, &pipe.stream, limits, notes, err);
}

/* --- files --- */

static enum lopt_status open_regular(struct lopt_input *out, int fd, uint64_t size, const struct lopt_limits *limits,
				     struct lopt_notes *notes, struct lopt_error *err)
{
	struct lopt_file_stream file;
	struct lopt_peek_stream peek;
	lopt_file_stream_init(&file, fd, 0, size);
	enum lopt_status status = lopt_peek_stream_init(&peek, &file.stream, err);
	enum lopt_codec kind = status == LOPT_OK ? lopt_codec_detect(peek.head, peek.have) : LOPT_CODEC_PLAIN;
	if (status == LOPT_OK && kind == LOPT_CODEC_PLAIN)
		return lopt_file_store_open(&out->store, fd, size, limits, notes, &out->meter, err);
	if (status == LOPT_OK) {
		lopt_file_stream_init(&file, fd, 0, size);
		lopt_meter_begin(&out->meter, "reading", size);
		status = open_stream(out, &file.stream, limits, notes, err);
	}
	lopt_cleanup_fd(&fd);
	return status;
}

/* Whether anyone has a fifo open for writing: tee(2) tells without taking a byte. */
static bool has_writer(int fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return true;
	bool nobody = tee(fd, ends[1], 1, SPLICE_F_NONBLOCK) == 0;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return !nobody;
}

/* A fifo without a writer must not hang the run, but reads are to wait for their bytes. */
static enum lopt_status open_fifo(struct lopt_input *out, int fd, const struct lopt_limits *limits,
				  struct lopt_notes *notes, struct lopt_error *err)
{
	int flags = fcntl(fd, F_GETFL);
	enum lopt_status status;
	if (!has_writer(fd))
		status = lopt_error_set(err, LOPT_E_INPUT, "a fifo that nobody writes to");
	else if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		status = lopt_error_set(err, LOPT_E_SYSTEM, "cannot read: %s", strerror(errno));
	else
		status = open_pipe(out, fd, 0, limits, notes, err);
	lopt_cleanup_fd(&fd);
	return status;
}

static enum lopt_status refuse_kind(int fd, const char *what, struct lopt_error *err)
{
	lopt_cleanup_fd(&fd);
	return lopt_error_set(err, LOPT_E_INPUT, "%s, not an image (\"-\" reads standard input)", what);
}

static enum lopt_status open_path(struct lopt_input *out, const char *path, const struct lopt_limits *limits,
				  struct lopt_notes *notes, struct lopt_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot open: %s", strerror(errno));
	if (fstat(fd, &st) != 0) {
		int code = errno;
		lopt_cleanup_fd(&fd);
		return lopt_error_set(err, LOPT_E_SYSTEM, "cannot stat: %s", strerror(code));
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return open_regular(out, fd, (uint64_t)st.st_size, limits, notes, err);
	case S_IFDIR:
		out->directory = true;
		return lopt_dir_store_open(&out->store, fd, limits, notes, &out->meter, err);
	case S_IFIFO:
		return open_fifo(out, fd, limits, notes, err);
	case S_IFCHR:
		return refuse_kind(fd, "a character device", err);
	case S_IFBLK:
		return refuse_kind(fd, "a block device", err);
	default:
		return refuse_kind(fd, "a special file", err);
	}
}

/* --- engines --- */

/* Container engines whose save command is asked for an image by name. */
static const struct {
	const char *prefix;
	const char *argv[6]; /* in front of the name */
} engines[] = {
	{ "docker:", { "docker", "save", "--", NULL } },
	{ "podman:", { "podman", "save", "-q", "--format", "docker-archive", NULL } },
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What may stand in an image reference, and nothing that a program could take for an option (rule P23). */
static bool is_reference(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > IMAGE_NAME_MAX || !is_word(name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_word(name[i]) && !strchr("._-/:@", name[i]))
			return false;
	return true;
}

/* Nothing more to come: the engine stopped by itself, not because we no longer listen. */
static bool has_ended(const struct lopt_process *process)
{
	char unused;
	size_t got;
	struct lopt_pipe_stream pipe;
	lopt_pipe_stream_init(&pipe, process->out);
	return lopt_stream_read(&pipe.stream, &unused, 1, &got, NULL) == LOPT_OK && got == 0;
}

/* An engine that failed explains more than the broken tar it left. */
static enum lopt_status finish_engine(struct lopt_process *process, const char *engine, enum lopt_status status,
				      struct lopt_error *err)
{
	struct lopt_error failure;
	if (status != LOPT_OK && (status != LOPT_E_INPUT || !has_ended(process)))
		return status;
	if (lopt_process_finish(process, &failure) == LOPT_OK)
		return status;
	if (err)
		*err = failure;
	return lopt_error_context(err, "%s", engine);
}

static enum lopt_status open_engine(struct lopt_input *out, size_t engine, const char *name,
				    const struct lopt_limits *limits, struct lopt_notes *notes, struct lopt_error *err)
{
	const char *argv[8] = { NULL };
	size_t n = 0;
	LOPT_CLEANUP(lopt_process_release) struct lopt_process process = LOPT_PROCESS_NONE;
	if (!is_reference(name))
		return lopt_error_set(err, LOPT_E_USAGE, "\"%s\" is no image name (letters, digits and . _ - / : @)",
				      name);
	for (; engines[engine].argv[n]; n++)
		argv[n] = engines[engine].argv[n];
	argv[n] = name;
	LOPT_TRY(lopt_process_start(&process, argv, err));
	enum lopt_status status = open_pipe(out, process.out, ENGINE_PATIENCE_MS, limits, notes, err);
	return finish_engine(&process, argv[0], status, err);
}

/* --- all of them --- */

static enum lopt_status open_any(struct lopt_input *out, const char *path, const struct lopt_limits *limits,
				 struct lopt_notes *notes, struct lopt_error *err)
{
	if (strcmp(path, "-") == 0)
		return open_pipe(out, STDIN_FILENO, 0, limits, notes, err);
	for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
		size_t len = strlen(engines[i].prefix);
		if (strncmp(path, engines[i].prefix, len) == 0)
			return open_engine(out, i, path + len, limits, notes, err);
	}
	return open_path(out, path, limits, notes, err);
}

enum lopt_status lopt_input_open(struct lopt_input *out, const char *path, const struct lopt_open_options *options,
				 const struct lopt_limits *limits, struct lopt_notes *notes, struct lopt_error *err)
{
	*out = (struct lopt_input){ 0 };
	lopt_meter_init(&out->meter, &options->progress);
	return open_any(out, path, limits, notes, err);
}

void lopt_input_release(struct lopt_input *input)
{
	lopt_store_free(input->store);
	input->store = NULL;
	lopt_meter_release(&input->meter);
}
