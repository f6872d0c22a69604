/* SPDX-License-Identifier: MIT */
#include "source/input.h"

#include "base/cleanup.h"
#include "codec/codec.h"
#include "source/peek.h"

enum {
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
		return lopt_stream_drain(top, NULL, err);
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
	LOPT_TRY(lopt_stream_store_open(&out->store, top, limits, &out->contents, notes, err));
	return read_trailer(top, compressed, err);
}

/* --- each kind --- */

/* How long an engine may think before the next byte: it may be copying a large image first. */
enum { ENGINE_PATIENCE_MS = 30 * 60 * 1000 };

static enum lopt_status open_pipe(struct lopt_input *out, const struct lopt_source *source,
				  const struct lopt_limits *limits, struct lopt_notes *notes, struct lopt_error *err)
{
	struct lopt_resumed_stream resumed;
	lopt_resumed_stream_init(&resumed, source);
	resumed.pipe.patience_ms = source->engine ? ENGINE_PATIENCE_MS : 0;
	lopt_meter_begin(&out->meter, "reading", 0);
	return open_stream(out, &resumed.stream, limits, notes, err);
}

static int take_descriptor(struct lopt_source *source)
{
	int fd = source->fd;
	source->fd = -1;
	return fd;
}

/* The store takes the descriptor of a plain tar, which it goes back to. */
static enum lopt_status open_file(struct lopt_input *out, struct lopt_source *source, const struct lopt_limits *limits,
				  struct lopt_notes *notes, struct lopt_error *err)
{
	struct lopt_file_stream file;
	struct lopt_peek_stream peek;
	lopt_file_stream_init(&file, source->fd, 0, source->size);
	LOPT_TRY(lopt_peek_stream_init(&peek, &file.stream, err));
	if (lopt_codec_detect(peek.head, peek.have) == LOPT_CODEC_PLAIN)
		return lopt_file_store_open(&out->store, take_descriptor(source), source->size, limits, notes,
					    &out->meter, err);
	lopt_file_stream_init(&file, source->fd, 0, source->size);
	lopt_meter_begin(&out->meter, "reading", source->size);
	return open_stream(out, &file.stream, limits, notes, err);
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
static enum lopt_status finish_engine(struct lopt_source *source, enum lopt_status status, struct lopt_error *err)
{
	struct lopt_error failure;
	if (status != LOPT_OK && (status != LOPT_E_INPUT || !has_ended(&source->process)))
		return status;
	if (lopt_process_finish(&source->process, &failure) == LOPT_OK)
		return status;
	if (err)
		*err = failure;
	return lopt_error_context(err, "%s", source->engine);
}

static enum lopt_status open_kind(struct lopt_input *out, struct lopt_source *source, const struct lopt_limits *limits,
				  struct lopt_notes *notes, struct lopt_error *err)
{
	if (source->fd < 0)
		return lopt_error_set(err, LOPT_E_BUG, "an input read twice");
	if (source->kind == LOPT_SOURCE_FILE)
		return open_file(out, source, limits, notes, err);
	if (source->kind == LOPT_SOURCE_DIRECTORY) {
		out->directory = true;
		return lopt_dir_store_open(&out->store, take_descriptor(source), limits, notes, &out->meter, err);
	}
	enum lopt_status status = open_pipe(out, source, limits, notes, err);
	return source->engine ? finish_engine(source, status, err) : status;
}

enum lopt_status lopt_input_open(struct lopt_input *out, struct lopt_source *source,
				 const struct lopt_open_options *options, const struct lopt_limits *limits,
				 struct lopt_notes *notes, struct lopt_error *err)
{
	*out = (struct lopt_input){ 0 };
	lopt_meter_init(&out->meter, &options->progress);
	lopt_sizes_init(&out->sizes);
	out->contents = (struct lopt_content_options){
		.all_digests = options->want_sha256,
		.all_fingerprints = options->want_fingerprints,
		.repeated_digests = options->want_duplicate_sha256,
		.sizes = &out->sizes,
		.places = options->want_places,
		.keep = options->keep,
	};
	return open_kind(out, source, limits, notes, err);
}

void lopt_input_release(struct lopt_input *input)
{
	lopt_store_free(input->store);
	input->store = NULL;
	lopt_meter_release(&input->meter);
	lopt_sizes_release(&input->sizes);
}
