/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BASE_RUNE_H
#define LAYEROPT_BASE_RUNE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * What a terminal makes of one character, after Unicode 14, whatever the locale: reports have to be the same
 * everywhere.
 */

/** Columns: 0 for combining marks, 2 for wide East Asian characters and emoji, else 1. */
unsigned lopt_rune_width(uint32_t rune);

/**
 * True for what can be in a name without being seen, or that changes how the rest is shown: C0, C1, DEL, line and
 * paragraph separators, bidi and other format controls, variation selectors, fillers, noncharacters.
 */
bool lopt_rune_hidden(uint32_t rune);

#endif
