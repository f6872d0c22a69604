/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPORT_JSON_WRITER_H
#define LAYEROPT_REPORT_JSON_WRITER_H

#include <stdio.h>

#include "base/buf.h"

/**
 * JSON written as it comes: nothing of the document is kept, so a million rows take no more memory than one. ASCII
 * only, keys in the order they are given, the same bytes in every locale. Failures are sticky; check
 * lopt_json_finish at the end, and the stream itself for write errors.
 */
struct lopt_json {
	FILE *to;
	struct lopt_buf text;  /* of one string, escaped */
	unsigned depth;	       /* open objects and arrays */
	unsigned pretty_depth; /* values this deep or less deep start a line of their own; 0: all on one line */
	bool first;	       /* nothing stands yet in the innermost object or array */
	bool after_key;
};

/** `to` stays the caller's. */
void lopt_json_init(struct lopt_json *json, FILE *to, unsigned pretty_depth);
/** The line end behind a whole document. */
void lopt_json_newline(struct lopt_json *json);
/** Releases; LOPT_E_MEMORY when anything did not fit into memory. */
LOPT_CHECKED enum lopt_status lopt_json_finish(struct lopt_json *json, struct lopt_error *err);

/** '{' or '['; close with '}' or ']'. */
void lopt_json_open(struct lopt_json *json, char bracket);
void lopt_json_close(struct lopt_json *json, char bracket);

/** A key of the program's own: plain ASCII without anything to escape. */
void lopt_json_key(struct lopt_json *json, const char *key);
/** A key that comes from the input. */
void lopt_json_name(struct lopt_json *json, struct lopt_str name);

void lopt_json_string(struct lopt_json *json, struct lopt_str text);
/** The same, null for an empty one. */
void lopt_json_string_or_null(struct lopt_json *json, struct lopt_str text);
void lopt_json_text(struct lopt_json *json, const char *text);
/** Lower-case hex digits. */
void lopt_json_hex(struct lopt_json *json, const void *bytes, size_t size);
void lopt_json_count(struct lopt_json *json, uint64_t number);
void lopt_json_number(struct lopt_json *json, int64_t number);
void lopt_json_bool(struct lopt_json *json, bool truth);
void lopt_json_null(struct lopt_json *json);
/** A ratio with up to nine decimals, one at least; 0 to 10^9. Anything else is null. */
void lopt_json_ratio(struct lopt_json *json, double ratio);

/** Key and value at once. */
void lopt_json_member_count(struct lopt_json *json, const char *key, uint64_t number);
void lopt_json_member_string(struct lopt_json *json, const char *key, struct lopt_str text);
/** null when empty */
void lopt_json_member_known(struct lopt_json *json, const char *key, struct lopt_str text);
void lopt_json_member_text(struct lopt_json *json, const char *key, const char *text);

#endif
