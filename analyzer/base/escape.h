/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_ESCAPE_H
#define LAYEROPT_BASE_ESCAPE_H

#include "base/buf.h"

/**
 * Bytes of the input leave the program only through one of these, one per output language (rule P16).
 * Each takes any bytes; what cannot be shown as it is becomes visible and harmless.
 */

/**
 * For a terminal or a log line: printable characters of valid UTF-8 stay; C0, C1, DEL, the line and
 * paragraph separators, bidi and other invisible format controls and bytes that are no UTF-8 become
 * \xnn (bytes and C0) or \u{n} (characters), newline \n, tab \t, carriage return \r, and a backslash \\.
 * The bracket of "##[" and "##vso[", by which CI runners find commands in the middle of a line, becomes \x5b. Digits
 * are lower-case hex.
 */
void lopt_escape_text(struct lopt_buf *out, struct lopt_str text);

/** The inside of a JSON string, ASCII only: \uNNNN with surrogate pairs; a byte that is no UTF-8 becomes the four characters \xNN (written "\\xNN"). */
void lopt_escape_json(struct lopt_buf *out, struct lopt_str text);

/** A Markdown table cell: lopt_escape_text in a code span longer than its longest run of backticks, with | escaped. */
void lopt_escape_markdown(struct lopt_buf *out, struct lopt_str text);

/** A CSV field, quoted where needed (RFC 4180); a leading = + - @ tab or CR gets ' in front. Text is escaped first. */
void lopt_escape_csv(struct lopt_buf *out, struct lopt_str text);

/**
 * The inside of a JSON string for ncdu, whose \u knows no surrogate pairs: lopt_escape_text, with " and \ escaped
 * once more. A control character shows as the characters \n or \x1b, as it does in text.
 */
void lopt_escape_ncdu(struct lopt_buf *out, struct lopt_str text);

/** One frame of a stack in the folded format of flame graphs: lopt_escape_text, with ; as \x3b. */
void lopt_escape_folded(struct lopt_buf *out, struct lopt_str text);

/** Character data or an attribute's value of XML 1.0: lopt_escape_text, with & < > " and ' as entities. */
void lopt_escape_xml(struct lopt_buf *out, struct lopt_str text);

/**
 * A value of a workflow command of GitHub ("::error title=VALUE::VALUE"), as its toolkit escapes them: lopt_escape_text,
 * with %, and in a property : and , as %XX.
 */
void lopt_escape_workflow(struct lopt_buf *out, struct lopt_str text, bool property);

/** The value of a label in OpenMetrics, without the quotes: lopt_escape_text, with " and \ escaped once more. */
void lopt_escape_openmetrics(struct lopt_buf *out, struct lopt_str text);

/** True when the bytes are valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool lopt_utf8_valid(struct lopt_str text);

/**
 * Decode one character at text[at]; returns its length in bytes and sets *rune, or returns 0 when the byte
 * there does not start a valid character.
 */
size_t lopt_utf8_decode(struct lopt_str text, size_t at, uint32_t *rune);

/**
 * Columns that text which came out of lopt_escape_text takes in a terminal: combining marks 0, wide East Asian
 * characters and emoji 2, else 1 (also for a byte that is no UTF-8). The same in every locale.
 */
size_t lopt_text_width(struct lopt_str text);

#endif
