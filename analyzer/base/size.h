/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_SIZE_H
#define LAYEROPT_BASE_SIZE_H

#include "base/buf.h"

/**
 * Sizes for people and from people. SI units (1 MB = 1,000,000).
 */

/** "0 B", "999 B", "1.5 kB", "128.2 MB", "4.29 GB": three to four significant digits, locale-free. */
void lopt_size_format(struct lopt_buf *out, uint64_t bytes);

/** "1,234,567" */
void lopt_count_format(struct lopt_buf *out, uint64_t count);

/**
 * Read a size: an integer or decimal number followed by B kB MB GB TB KiB MiB GiB TiB (any case of the
 * letters k/K only), or a bare integer of bytes. "1.5" and "1.5G" are refused: the message offers the two
 * spellings that would be right ("1.5GB", "1.5GiB").
 */
LOPT_CHECKED enum lopt_status lopt_size_parse(uint64_t *out, const char *text, struct lopt_error *err);

#endif
