/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_SOURCE_JSON_H
#define LAYEROPT_SOURCE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "source/store.h"

/**
 * JSON of the input (rule P8): depth checked before parsing, duplicate keys refused, nothing after the value.
 * Every value is taken through one of the typed getters; a null counts as absent.
 */
LOPT_CHECKED enum lopt_status lopt_value_parse(json_t **out, struct lopt_str text, const struct lopt_limits *limits,
					       struct lopt_error *err);

/** The two steps of it, for documents with ceilings of their own: are objects and arrays nested deeper than `most`? */
bool lopt_value_is_deeper(struct lopt_str text, uint64_t most);
/** jansson, with `flags` of its own; LOPT_E_INPUT with line and column. It recurses once per level of nesting. */
LOPT_CHECKED enum lopt_status lopt_value_decode(json_t **out, struct lopt_str text, size_t flags,
						struct lopt_error *err);

/** Let jansson read the random number of its hash tables, which it opens a file for. */
void lopt_value_prepare(void);

/** For LOPT_CLEANUP. */
void lopt_value_release(json_t **value);

/** A string, borrowed from the document; absent: ptr NULL. */
LOPT_CHECKED enum lopt_status lopt_value_string(struct lopt_str *out, const json_t *object, const char *key,
						struct lopt_error *err);
/** The same, and its absence (or emptiness) an error. */
LOPT_CHECKED enum lopt_status lopt_value_need_string(struct lopt_str *out, const json_t *object, const char *key,
						     struct lopt_error *err);
/** A string copied to the arena. */
LOPT_CHECKED enum lopt_status lopt_value_copy(struct lopt_str *out, struct lopt_arena *arena, const json_t *object,
					      const char *key, struct lopt_error *err);
/** An array; absent: NULL. */
LOPT_CHECKED enum lopt_status lopt_value_array(const json_t **out, const json_t *object, const char *key,
					       struct lopt_error *err);
/** An object; absent: NULL. */
LOPT_CHECKED enum lopt_status lopt_value_object(const json_t **out, const json_t *object, const char *key,
						struct lopt_error *err);
/** A boolean; absent: false. */
LOPT_CHECKED enum lopt_status lopt_value_bool(bool *out, const json_t *object, const char *key, struct lopt_error *err);
/** An integer from 0 to 2^63 - 1; absent: *has is false. */
LOPT_CHECKED enum lopt_status lopt_value_size(uint64_t *out, bool *has, const json_t *object, const char *key,
					      struct lopt_error *err);
/** An array of strings, copied; absent: none. */
LOPT_CHECKED enum lopt_status lopt_value_strings(const struct lopt_str **out, size_t *count, struct lopt_arena *arena,
						 const json_t *object, const char *key, struct lopt_error *err);
/** As text, appended; `flags` as jansson has them for json_dumps(). */
LOPT_CHECKED enum lopt_status lopt_value_print(struct lopt_buf *out, const json_t *value, size_t flags,
					       struct lopt_error *err);

#endif
