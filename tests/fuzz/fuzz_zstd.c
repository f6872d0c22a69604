/* SPDX-License-Identifier: MIT */
/* zstd: from memory and in pieces, the same bytes or both refused. */
#include "codec/codec.h"
#include "harness.h"

struct outcome {
	enum lopt_status status;
	uint64_t sum, size;
};

static struct outcome decompress(struct lopt_stream *below, size_t step)
{
	const struct lopt_limits limits = fuzz_limits();
	struct outcome outcome = { .sum = 14695981039346656037u };
	struct lopt_error err = { 0 };
	struct lopt_stream *stream = NULL;
	unsigned char bytes[4096];
	size_t got = 1;
	outcome.status = lopt_codec_open(&stream, LOPT_CODEC_ZSTD, below, &limits, false, &err);
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
	size_t most = (size_t)data[0] + 1;
	data++, size--;
	struct lopt_memory_stream memory;
	struct slow_stream slow;
	(void)lopt_codec_detect(data, size);
	(void)lopt_codec_guess(data, size);
	lopt_memory_stream_init(&memory, data, size);
	struct outcome whole = decompress(&memory.stream, 4096);
	slow_stream_init(&slow, data, size, most);
	struct outcome pieces = decompress(&slow.stream, most);
	MUST((whole.status == LOPT_OK) == (pieces.status == LOPT_OK));
	if (whole.status == LOPT_OK)
		MUST(whole.size == pieces.size && whole.sum == pieces.sum);
	return 0;
}
