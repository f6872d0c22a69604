/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_BUF_H
#define LAYEROPT_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layeropt/status.h"
#include "layeropt/str.h"

/**
 * Bytes that grow, with a maximum they are born with. Errors are sticky: after a failed append `failed`
 * stays set and later appends do nothing, so a writer checks once, at the end.
 * `data` is NUL-terminated whenever it is not NULL.
 */
struct lopt_buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

#define LOPT_BUF_INIT(maximum) ((struct lopt_buf){ .max = (maximum) })

void lopt_buf_release(struct lopt_buf *buf);
/** Forget the contents and the error; keep the memory. */
void lopt_buf_clear(struct lopt_buf *buf);
void lopt_buf_add(struct lopt_buf *buf, const void *bytes, size_t len);
void lopt_buf_str(struct lopt_buf *buf, struct lopt_str text);
void lopt_buf_text(struct lopt_buf *buf, const char *text);
void lopt_buf_char(struct lopt_buf *buf, char c);
void lopt_buf_printf(struct lopt_buf *buf, const char *fmt, ...) LOPT_PRINTF(2, 3);
/**
 * Room for `len` more bytes and a NUL at `data + buf->len`, or NULL (then `failed`). Who writes there adds to
 * `buf->len` and puts the NUL behind.
 */
char *lopt_buf_reserve(struct lopt_buf *buf, size_t len);
struct lopt_str lopt_buf_view(const struct lopt_buf *buf);

/**
 * Grow an array of `size`-byte elements to hold at least `need`; doubles. Returns the (moved) array, or
 * NULL with the old array untouched.
 */
void *lopt_grow(void *array, size_t *cap, size_t need, size_t size);

/** a + b, or UINT64_MAX with *saturated set: sums of sizes never wrap. */
uint64_t lopt_add_saturating(uint64_t a, uint64_t b, bool *saturated);

#endif
