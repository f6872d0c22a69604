/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_DOCKERFILE_RUNES_H
#define LAYEROPT_DOCKERFILE_RUNES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "layeropt/str.h"

/* Characters as Go sees them: BuildKit's parser is written in it, and its idea of a blank decides where words end. */

enum { LOPT_RUNE_ERROR = 0xfffd, LOPT_RUNE_END = -1 };

/** Decode the character at text[*at] and step over it; a byte that starts none is LOPT_RUNE_ERROR, one byte long. */
int32_t lopt_rune_next(struct lopt_str text, size_t *at);
/** The same without stepping; LOPT_RUNE_END at the end. */
int32_t lopt_rune_peek(struct lopt_str text, size_t at);
/** Append as UTF-8. */
void lopt_rune_add(struct lopt_buf *out, int32_t rune);

/** Go's unicode.IsSpace. */
bool lopt_rune_is_space(int32_t rune);
/** Letters and digits of a variable's name; beyond ASCII every character that is no blank, control or punctuation block. */
bool lopt_rune_is_letter(int32_t rune);

/** Go's strings.TrimSpace and its left half. */
struct lopt_str lopt_str_trim(struct lopt_str text);
struct lopt_str lopt_str_trim_left(struct lopt_str text);
/** Drop `len` bytes in front. */
struct lopt_str lopt_str_skip(struct lopt_str text, size_t len);
/** The blanks BuildKit splits an instruction at: tab, vertical tab, form feed, carriage return, space. */
bool lopt_is_blank(char c);
/** Position of the byte, or the length. */
size_t lopt_str_find(struct lopt_str text, char c);

#endif
