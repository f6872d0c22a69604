/* SPDX-License-Identifier: MIT */
#include "compare/lines.h"

#include "base/cleanup.h"

enum { READ_SIZE = 128 * 1024 };

void lopt_lines_release(struct lopt_lines *lines)
{
	lopt_buf_release(&lines->buf);
}

static struct lopt_str rest(const struct lopt_lines *lines)
{
	return lines->buf.data ? lopt_str_make(lines->buf.data + lines->at, lines->buf.len - lines->at)
			       : lopt_str_make("", 0);
}

/* What was taken goes, more comes behind the rest. */
static enum lopt_status read_more(struct lopt_lines *lines, struct lopt_error *err)
{
	size_t got;
	struct lopt_str left = rest(lines);
	if (lines->at) {
		memmove(lines->buf.data, left.ptr, left.len);
		lines->buf.len = left.len;
		lines->at = 0;
	}
	lines->buf.max = SIZE_MAX / 2;
	char *to = lopt_buf_reserve(&lines->buf, READ_SIZE);
	if (!to)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_stream_read(lines->stream, to, READ_SIZE, &got, err));
	lines->buf.len += got;
	lines->buf.data[lines->buf.len] = '\0';
	lines->ended = got == 0;
	return LOPT_OK;
}

enum lopt_status lopt_lines_look(struct lopt_str *out, struct lopt_lines *lines, size_t size, struct lopt_error *err)
{
	while (rest(lines).len < size && !lines->ended)
		LOPT_TRY(read_more(lines, err));
	*out = rest(lines);
	return LOPT_OK;
}

enum lopt_status lopt_lines_next(struct lopt_str *out, struct lopt_lines *lines, struct lopt_error *err)
{
	size_t searched = 0;
	for (;;) {
		struct lopt_str left = rest(lines);
		const char *end = left.len > searched ? memchr(left.ptr + searched, '\n', left.len - searched) : NULL;
		size_t len = end ? (size_t)(end - left.ptr) : left.len;
		if (len > lines->max)
			return lopt_error_set(err, LOPT_E_LIMIT,
					      "line %llu: more than %llu bytes (--limit json_bytes=N)",
					      (unsigned long long)lines->number + 1, (unsigned long long)lines->max);
		if (end) {
			*out = lopt_str_make(left.ptr, len);
			lines->at += len + 1;
			lines->number++;
			return LOPT_OK;
		}
		if (lines->ended && len)
			return lopt_error_set(err, LOPT_E_INPUT, "line %llu: cut off: it has no end",
					      (unsigned long long)lines->number + 1);
		if (lines->ended)
			return LOPT_END;
		searched = len;
		LOPT_TRY(read_more(lines, err));
	}
}
