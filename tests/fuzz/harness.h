/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_HARNESS_H
#define TESTS_FUZZ_HARNESS_H

#include <stdio.h>
#include <stdlib.h>

#include "io/stream.h"
#include "layeropt/limits.h"
#include "layeropt/str.h"

/** What every fuzz target shares. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What has to hold for every input. */
#define MUST(condition)                                                                                \
	do {                                                                                           \
		if (!(condition)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                       \
		}                                                                                      \
	} while (0)

/** A hostile input ends in success or in one of these; never in LOPT_E_BUG or for want of a file. */
static inline void must_be_clean(enum lopt_status status, const struct lopt_error *err)
{
	if (status == LOPT_OK || status == LOPT_END)
		return;
	if ((status != LOPT_E_INPUT && status != LOPT_E_LIMIT) || err->status != status || !err->message[0]) {
		fprintf(stderr, "status %d, %d: %s\n", status, err->status, err->message);
		abort();
	}
}

/** The ceilings, low enough that reaching one takes no time. */
static inline struct lopt_limits fuzz_limits(void)
{
	struct lopt_limits limits = *lopt_limits_default();
	limits.entries = 20000;
	limits.bomb_bytes = 1 << 20;
	limits.zstd_window_bytes = 1 << 20;
	limits.arena_bytes = 256 << 20;
	return limits;
}

/** A sum of whatever happened, to compare two ways of reading. FNV-1a. */
static inline void mix(uint64_t *sum, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	for (size_t i = 0; i < size; i++)
		*sum = (*sum ^ at[i]) * 1099511628211u;
}

static inline void mix_number(uint64_t *sum, uint64_t number)
{
	mix(sum, &number, sizeof number);
}

static inline void mix_str(uint64_t *sum, struct lopt_str text)
{
	mix_number(sum, text.len);
	mix(sum, text.ptr, text.len);
}

/** Bytes in memory that come a few at a time and cannot be skipped: a slow pipe. */
struct slow_stream {
	struct lopt_stream stream;
	const uint8_t *at;
	size_t left, most;
};

static inline enum lopt_status slow_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
					 struct lopt_error *err)
{
	struct slow_stream *slow = (struct slow_stream *)stream;
	(void)err;
	size = size < slow->most ? size : slow->most;
	size = size < slow->left ? size : slow->left;
	if (size)
		memcpy(to, slow->at, size);
	slow->at += size;
	slow->left -= size;
	*got = size;
	return LOPT_OK;
}

static const struct lopt_stream_ops slow_ops = { .read = slow_read };

/** `most` bytes at a time, at least one. */
static inline void slow_stream_init(struct slow_stream *slow, const uint8_t *data, size_t size, size_t most)
{
	*slow = (struct slow_stream){ .stream = { &slow_ops }, .at = data, .left = size, .most = most ? most : 1 };
}

#endif
