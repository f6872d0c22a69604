/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_PAIRING_H
#define LAYEROPT_COMPARE_PAIRING_H

#include <stdbool.h>
#include <stddef.h>

#include "layeropt/status.h"
#include "layeropt/str.h"

/** Which layer of one image became which of another: that of the same bytes, or else that of the same instruction. */

/** A layer as far as that goes. Borrowed. */
struct lopt_pairable {
	struct lopt_str diff_id; /* empty: not known, so the bytes are no other's */
	struct lopt_str
		instruction; /* compared with credentials masked, as what was saved has them; "(unknown)" is none */
};

struct lopt_layer_pair {
	size_t before;	 /* of a layer of the second image: the one of the first; LOPT_NO_LAYER: there is none */
	bool same_bytes; /* the diff IDs are equal; else the instructions are */
};

/**
 * Pair the layers of two images, the lowest first and each once: pairs[k] is of after[k]. `taken[i]` tells whether
 * before[i] has a partner. Both arrays are the caller's, and as long as the lists. LOPT_E_MEMORY only.
 */
LOPT_CHECKED enum lopt_status lopt_layers_pair(struct lopt_layer_pair *pairs, bool *taken,
					       const struct lopt_pairable *before, size_t before_count,
					       const struct lopt_pairable *after, size_t after_count,
					       struct lopt_error *err);
/** How many of the lowest layers both images have; `count` pairs. */
size_t lopt_pairs_shared(const struct lopt_layer_pair *pairs, size_t count);

#endif
