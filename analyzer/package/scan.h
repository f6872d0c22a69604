/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_SCAN_H
#define LAYEROPT_PACKAGE_SCAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "layeropt/status.h"

/**
 * JSON (RFC 8259) read in place, one object or array at a time; what is inside its values is checked and skipped. It
 * takes no memory whatever the size: package managers write documents of megabytes by the hundred, of which a few
 * strings count. As a tree in memory (source/json.h) a document takes four times its size, a hostile one seventy
 * times, and ten times the time.
 *
 * Malformed text is told once, at the end: a scan that broke gives no more values and has not ended well.
 * Duplicate keys are given as they come; bytes that are no UTF-8 pass.
 */
struct lopt_scan {
	const char *at, *end;
	char close; /* that ends the object or array */
	bool inside;
	bool first;
	bool broken;
};

enum { LOPT_SCAN_DEPTH = 512 }; /* objects and arrays inside one another; more is malformed */

/** Begin with the object (`open` is '{') or array ('[') that `text` is. */
void lopt_scan_start(struct lopt_scan *scan, struct lopt_str text, char open);

/** The next member of the object, both parts as written: a string with its quotes. False at the end. */
bool lopt_scan_member(struct lopt_scan *scan, struct lopt_str *key, struct lopt_str *value);
/** The next element of the array, as written. False at the end. */
bool lopt_scan_element(struct lopt_scan *scan, struct lopt_str *value);

/** After the last value: nothing was malformed, and nothing stands behind. */
bool lopt_scan_ended(const struct lopt_scan *scan);

/**
 * The members of the object that `text` is which have these keys, as written; absent ones are empty. False when the
 * text is malformed, or one of them is there twice.
 */
bool lopt_scan_object(struct lopt_str text, const char *const *keys, struct lopt_str *values, size_t count);

/**
 * What a value as written stands for when it is a string: borrowed from it where it has no escapes, otherwise in
 * `room`, whose maximum is at least `value.len`. Any other value, and one with half a surrogate pair, is empty. Only
 * want of memory fails.
 */
LOPT_CHECKED enum lopt_status lopt_scan_string(struct lopt_str *text, struct lopt_buf *room, struct lopt_str value,
					       struct lopt_error *err);

#endif
