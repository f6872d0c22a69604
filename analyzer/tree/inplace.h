/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TREE_INPLACE_H
#define LAYEROPT_TREE_INPLACE_H

#include "tree/tree.h"

/**
 * The other way to stack layers, that of docker and podman with the vfs driver and of the OCI specification's words: each
 * layer is extracted into the tree that those below it left, so symbolic links of lower layers are followed and whiteouts
 * remove what is there by then. A tree is stacked in one of the two ways, never in both.
 */

/**
 * Put the next layer on top. *fails: an engine that does this cannot extract it, and the tree is then of no more use. Of the
 * objects only what they are is kept up, not who hid them; entries are not completed. LOPT_E_LIMIT, LOPT_E_MEMORY.
 */
LOPT_CHECKED enum lopt_status lopt_tree_apply_in_place(struct lopt_tree *tree, const struct lopt_tree_layer *layer,
						       bool *fails, struct lopt_error *err);

#endif
