/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void lopt_buf_release(struct lopt_buf *buf)
{
	free(buf->data);
	*buf = LOPT_BUF_INIT(buf->max);
}

void lopt_buf_clear(struct lopt_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

char *lopt_buf_reserve(struct lopt_buf *buf, size_t len)
{
	if (buf->failed)
		return NULL;
	if (len > buf->max - buf->len || len >= SIZE_MAX - buf->len) {
		buf->failed = true;
		return NULL;
	}
	char *data = lopt_grow(buf->data, &buf->cap, buf->len + len + 1, 1);
	if (!data) {
		buf->failed = true;
		return NULL;
	}
	buf->data = data;
	data[buf->len] = '\0';
	return data + buf->len;
}

void lopt_buf_add(struct lopt_buf *buf, const void *bytes, size_t len)
{
	char *to = lopt_buf_reserve(buf, len);
	if (!to)
		return;
	if (len)
		memcpy(to, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void lopt_buf_str(struct lopt_buf *buf, struct lopt_str text)
{
	lopt_buf_add(buf, text.ptr, text.len);
}

void lopt_buf_text(struct lopt_buf *buf, const char *text)
{
	lopt_buf_add(buf, text, strlen(text));
}

void lopt_buf_char(struct lopt_buf *buf, char c)
{
	lopt_buf_add(buf, &c, 1);
}

void lopt_buf_printf(struct lopt_buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *to = n < 0 ? NULL : lopt_buf_reserve(buf, (size_t)n);
	if (n < 0)
		buf->failed = true;
	if (to) {
		(void)vsnprintf(to, (size_t)n + 1, fmt, again);
		buf->len += (size_t)n;
	}
	va_end(again);
}

struct lopt_str lopt_buf_view(const struct lopt_buf *buf)
{
	return lopt_str_make(buf->data, buf->len);
}

void *lopt_grow(void *array, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap && array)
		return array;
	size_t want = *cap < 8 ? 8 : *cap;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			return NULL;
		want *= 2;
	}
	size_t bytes;
	if (__builtin_mul_overflow(want, size, &bytes))
		return NULL;
	void *grown = realloc(array, bytes);
	if (grown)
		*cap = want;
	return grown;
}

uint64_t lopt_add_saturating(uint64_t a, uint64_t b, bool *saturated)
{
	uint64_t sum;
	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	if (saturated)
		*saturated = true;
	return UINT64_MAX;
}
