/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_FIELDS_H
#define LAYEROPT_COMPARE_FIELDS_H

#include <stdint.h>

#include "base/arena.h"
#include "package/scan.h"

/**
 * The members of one JSON object of a listing, taken by type. Errors are LOPT_E_INPUT and name the member; members that
 * nobody asks for are passed over. Inner to this room.
 */
enum { LOPT_FIELDS_MAX = 24 };

struct lopt_fields {
	struct lopt_arena *arena; /* strings are copied there */
	struct lopt_buf *room;	  /* for what has escapes; the caller's */
	const char *const *keys;
	struct lopt_str values[LOPT_FIELDS_MAX]; /* as written; ptr NULL: not there */
};

/** Find the members of `text` with these keys. */
LOPT_CHECKED enum lopt_status lopt_fields_find(struct lopt_fields *fields, const char *const *keys, size_t count,
					       struct lopt_str text, struct lopt_error *err);
/** There, and not null. */
bool lopt_fields_has(const struct lopt_fields *fields, size_t index);
/** It has to be there, null or not. */
LOPT_CHECKED enum lopt_status lopt_fields_need(const struct lopt_fields *fields, size_t index, struct lopt_error *err);

/** A string: UTF-8 without NUL. */
LOPT_CHECKED enum lopt_status lopt_fields_text(struct lopt_str *out, const struct lopt_fields *fields, size_t index,
					       struct lopt_error *err);
/** The same, or null: then ptr is NULL. */
LOPT_CHECKED enum lopt_status lopt_fields_known(struct lopt_str *out, const struct lopt_fields *fields, size_t index,
						struct lopt_error *err);
/** Any bytes but NUL: those of the base64 that is member `encoded`, where that is there, else the string. */
LOPT_CHECKED enum lopt_status lopt_fields_bytes(struct lopt_str *out, const struct lopt_fields *fields, size_t index,
						size_t encoded, struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_fields_count(uint64_t *out, const struct lopt_fields *fields, size_t index,
						struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_fields_number(int64_t *out, const struct lopt_fields *fields, size_t index,
						 struct lopt_error *err);
LOPT_CHECKED enum lopt_status lopt_fields_flag(bool *out, const struct lopt_fields *fields, size_t index,
					       struct lopt_error *err);

/** "KEY: not WHAT" */
enum lopt_status lopt_fields_wrong(const struct lopt_fields *fields, size_t index, const char *what,
				   struct lopt_error *err);

/** A value that is no member: an element of an array, a key. ptr NULL where it is no such string. */
LOPT_CHECKED enum lopt_status lopt_fields_string(struct lopt_str *out, const struct lopt_fields *fields,
						 struct lopt_str value, struct lopt_error *err);
/** `text` decoded into the arena; ptr NULL where it is no base64 or has a NUL. */
LOPT_CHECKED enum lopt_status lopt_base64_decode(struct lopt_str *out, struct lopt_arena *arena, struct lopt_str text,
						 struct lopt_error *err);
/** Lower-case hex digits as bytes; false where they are none, or not two for each of `size` bytes. */
bool lopt_hex_decode(unsigned char *out, size_t size, struct lopt_str digits);
/** "0" to the greatest number there is, without leading zeros. */
bool lopt_digits_decode(uint64_t *out, struct lopt_str digits);

#endif
