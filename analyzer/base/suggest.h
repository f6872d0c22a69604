/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_SUGGEST_H
#define LAYEROPT_BASE_SUGGEST_H

#include <stddef.h>

/** Words longer than this are never near another. */
enum { LOPT_SUGGEST_MAX = 64 };

/** Which of the words was meant? NULL when none is near. `words` ends with NULL. */
const char *lopt_word_suggest(const char *word, const char *const words[]);

#endif
