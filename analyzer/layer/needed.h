/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_NEEDED_H
#define LAYEROPT_LAYER_NEEDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/**
 * Which libraries an ELF file asks the loader for (DT_NEEDED; System V gABI, "Dynamic Linking"). Found as the loader
 * finds them, by the program headers: section headers may be missing, and stand behind all that they tell of. Whoever has the file
 * hands out the ranges that are asked for, in ascending order, so that it also works on a file that passes by once.
 * What lies neither in the file's first LOPT_NEEDED_FRONT bytes nor behind what was read before cannot be had that way,
 * and nothing is said of it.
 */
struct lopt_needed {
	struct lopt_buf names; /* each with a NUL behind it; names with a NUL, empty or too long ones left out */
	/* private */
	uint64_t file_size;
	struct lopt_buf front; /* of the file, kept while the rest is awaited */
	uint64_t dynamic, dynamic_size;
	uint64_t strings, strings_size;
	uint64_t programs;
	uint32_t program_count;
	uint32_t offsets[256]; /* of the names in the strings */
	size_t count;
	bool wide, swapped; /* 64-bit; of the other byte order */
	enum { LOPT_NEEDED_DONE = 0, LOPT_NEEDED_HEADERS, LOPT_NEEDED_DYNAMIC, LOPT_NEEDED_STRINGS } next;
};

enum {
	LOPT_NEEDED_FRONT = 1 << 20,	 /* the first range */
	LOPT_NEEDED_RANGE_MAX = 1 << 20, /* the most a range asks for */
};

/** Begin with a file's first bytes. False: no ELF file with program headers, there is nothing to tell. */
bool lopt_needed_begin(struct lopt_needed *needed, struct lopt_str head, uint64_t file_size);
void lopt_needed_release(struct lopt_needed *needed);

/** The next range that is needed; false when there is none. */
bool lopt_needed_wants(const struct lopt_needed *needed, uint64_t *offset, uint64_t *size);
/** The bytes of exactly that range. False when memory is exhausted. */
bool lopt_needed_give(struct lopt_needed *needed, struct lopt_str bytes);

#endif
