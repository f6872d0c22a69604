/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TREE_WAY_H
#define LAYEROPT_TREE_WAY_H

#include "tree/extract.h"

/**
 * Finding the way in a layer that is being extracted: symbolic links of the layer are followed inside the root, as
 * the kernel does for docker; what docker refuses on the way and others do not is noted. Private to this room.
 */

struct lopt_tree_node *lopt_extraction_at(const struct lopt_extraction *x, uint32_t node);
/** Of a node that is one. */
const struct lopt_object *lopt_extraction_object(const struct lopt_extraction *x, uint32_t node);
bool lopt_extraction_is_symlink(const struct lopt_extraction *x, uint32_t node);
/** A new directory nobody listed; LOPT_NODE_NONE when memory is exhausted. */
uint32_t lopt_extraction_add(struct lopt_extraction *x, uint32_t parent, struct lopt_str name);

/** Note that engines differ about `path`. */
LOPT_CHECKED enum lopt_status lopt_extraction_differ(struct lopt_extraction *x, enum lopt_severity severity,
						     struct lopt_str path, const char *how, struct lopt_error *err);
/** "PATH: WHY, which no container engine loads": always LOPT_E_INPUT. */
enum lopt_status lopt_extraction_refuse(struct lopt_str path, const char *why, struct lopt_error *err);

/**
 * The directory that `path` leads to, in *out. `make`: what is missing becomes a directory; otherwise *out is
 * LOPT_NODE_NONE when it is not there. x->followed tells whether a symbolic link was followed.
 */
LOPT_CHECKED enum lopt_status lopt_way_walk(struct lopt_extraction *x, struct lopt_str path, bool make, uint32_t *out,
					    struct lopt_error *err);

/** The directory an entry of this path goes into, made where it is missing. */
LOPT_CHECKED enum lopt_status lopt_way_to_parent(struct lopt_extraction *x, struct lopt_str path, uint32_t *out,
						 struct lopt_error *err);

/**
 * Whether an opaque marker stands below something of its own layer that is no directory: it sets an attribute nobody
 * looks at, and the thing stays what it is.
 */
LOPT_CHECKED enum lopt_status lopt_way_marks_nothing(struct lopt_extraction *x, struct lopt_str marker, bool *out,
						     struct lopt_error *err);

#endif
