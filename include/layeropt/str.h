/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_STR_H
#define LAYEROPT_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A borrowed run of bytes. Not NUL-terminated unless its maker says so; may hold any byte, so it is
 * compared by length and content and escaped wherever it leaves the program.
 */
struct lopt_str {
	const char *ptr;
	size_t len;
};

#define LOPT_STR_ARGS(s) ((int)((s).len > 4096 ? 4096 : (s).len)), ((s).ptr ? (s).ptr : "")

static inline struct lopt_str lopt_str_make(const char *ptr, size_t len)
{
	struct lopt_str s;
	s.ptr = ptr;
	s.len = len;
	return s;
}

/** The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct lopt_str lopt_str_from(const char *text)
{
	return lopt_str_make(text, text ? strlen(text) : 0);
}

static inline bool lopt_str_equal(struct lopt_str a, struct lopt_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool lopt_str_is(struct lopt_str a, const char *text)
{
	return lopt_str_equal(a, lopt_str_from(text));
}

static inline bool lopt_str_starts(struct lopt_str a, const char *prefix)
{
	size_t n = strlen(prefix);
	return a.len >= n && memcmp(a.ptr, prefix, n) == 0;
}

/** Byte order (memcmp, the shorter first): the order every list of names is printed in. */
static inline int lopt_str_compare(struct lopt_str a, struct lopt_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return r ? r : (a.len > b.len) - (a.len < b.len);
}

#ifdef __cplusplus
}
#endif
#endif
