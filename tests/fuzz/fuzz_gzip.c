/* SPDX-License-Identifier: MIT */
/* gzip: every inflater that was built in, from memory and in pieces, gives the same bytes. */
#include "codec/gzip.h"
#include "harness.h"

struct outcome {
	enum lopt_status status;
	uint64_t sum, size;
};

static struct outcome decompress(const struct lopt_inflater *inflater, struct lopt_stream *below, bool padding,
				 size_t step)
{
	const struct lopt_limits limits = fuzz_limits();
	struct outcome outcome = { .sum = 14695981039346656037u };
	struct lopt_error err = { 0 };
	struct lopt_stream *stream = NULL;
	unsigned char bytes[4096];
	size_t got = 1;
	outcome.status = lopt_gzip_open(&stream, inflater, below, &limits, padding, &err);
	while (outcome.status == LOPT_OK && got) {
		outcome.status = lopt_stream_read(stream, bytes, step, &got, &err);
		if (outcome.status != LOPT_OK)
			break;
		mix(&outcome.sum, bytes, got);
		outcome.size += got;
	}
	must_be_clean(outcome.status, &err);
	lopt_codec_close(stream);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	bool padding = data[0] & 1;
	size_t most = (size_t)(data[0] >> 1) + 1;
	data++, size--;
	struct lopt_memory_stream memory;
	struct slow_stream slow;
	lopt_memory_stream_init(&memory, data, size);
	struct outcome zlib = decompress(&lopt_inflater_zlib, &memory.stream, padding, 4096);
	lopt_memory_stream_init(&memory, data, size);
	struct outcome usual = decompress(lopt_inflater_default(), &memory.stream, padding, 4096);
	slow_stream_init(&slow, data, size, most);
	struct outcome pieces = decompress(lopt_inflater_default(), &slow.stream, padding, most);
	MUST((zlib.status == LOPT_OK) <= (usual.status == LOPT_OK));
	MUST((usual.status == LOPT_OK) == (pieces.status == LOPT_OK));
	if (zlib.status == LOPT_OK)
		MUST(usual.size == zlib.size && usual.sum == zlib.sum);
	if (usual.status == LOPT_OK)
		MUST(usual.size == pieces.size && usual.sum == pieces.sum);
	return 0;
}
