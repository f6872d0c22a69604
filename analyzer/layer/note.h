/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_NOTE_H
#define LAYEROPT_LAYER_NOTE_H

#include "base/arena.h"
#include "layeropt/finding.h"
#include "layeropt/image.h"

/**
 * Things worth telling that are seen while reading: at most one note per rule, message and layer, so that a hostile input
 * cannot make a long list; it keeps the first path and counts the rest. Messages therefore hold no names or numbers of single entries.
 */
struct lopt_notes {
	struct lopt_arena *arena; /* holds messages and paths; borrowed */
	struct lopt_note *items;
	size_t count, cap;
};

void lopt_notes_init(struct lopt_notes *notes, struct lopt_arena *arena);
void lopt_notes_release(struct lopt_notes *notes);

/**
 * Add a note, or count it where the rule already has one for this layer. `rule` is a literal; `path` may be
 * empty. LOPT_E_MEMORY is the only failure.
 */
LOPT_CHECKED enum lopt_status lopt_notes_add(struct lopt_notes *notes, const char *rule, enum lopt_severity severity,
					     size_t layer, struct lopt_str path, struct lopt_error *err,
					     const char *fmt, ...) LOPT_PRINTF(7, 8);

/** Count a note that is there already; false when it is not. Spares the caller what only the first one needs, its path. */
bool lopt_notes_again(struct lopt_notes *notes, const char *rule, enum lopt_severity severity, size_t layer,
		      const char *message);

/** Copy all notes of `from` into `to`. */
LOPT_CHECKED enum lopt_status lopt_notes_append(struct lopt_notes *to, const struct lopt_notes *from,
						struct lopt_error *err);
/** The same, as notes of `layer`. */
LOPT_CHECKED enum lopt_status lopt_notes_append_as(struct lopt_notes *to, const struct lopt_notes *from, size_t layer,
						   struct lopt_error *err);

#endif
