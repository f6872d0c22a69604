/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_TEXT_H
#define LAYEROPT_PACKAGE_TEXT_H

#include <stdbool.h>

#include "layeropt/str.h"

/**
 * The small pieces of text that databases are made of. Everything is borrowed from the text.
 */

/** Cut the next line off the front of `rest`, without its end ("\n" or "\r\n"); false when nothing is left. */
bool lopt_text_line(struct lopt_str *rest, struct lopt_str *line);

/** Cut `text` at the first `mark`: *head is what stands before it, *tail what stands behind. False without one. */
bool lopt_text_cut(struct lopt_str text, char mark, struct lopt_str *head, struct lopt_str *tail);

/** Without blanks, tabs and line ends at both ends. */
struct lopt_str lopt_text_trim(struct lopt_str text);

bool lopt_text_ends(struct lopt_str text, const char *suffix);

#endif
