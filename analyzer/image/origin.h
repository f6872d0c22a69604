/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IMAGE_ORIGIN_H
#define LAYEROPT_IMAGE_ORIGIN_H

#include "source/bundle.h"
#include "tree/tree.h"

/**
 * What an image was read from, for who writes another one out of it; NULL for one that is only described. It belongs to the
 * image, and what is read of its input again must not disturb the image.
 */
struct lopt_bundle *lopt_image_bundle(const struct lopt_image *image);

/** Its layers, stacked as docker overlay2 does; objects' layers and inodes are those of the image. Borrowed. */
const struct lopt_tree *lopt_image_tree(const struct lopt_image *image);

#endif
