/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IMAGE_DESCRIBE_H
#define LAYEROPT_IMAGE_DESCRIBE_H

#include "layeropt/image.h"

/**
 * An image of which no more is known than this, as a saved analysis tells it. It has no files: layers have no entries,
 * lopt_image_walk is LOPT_E_USAGE. `info` and all that the layers point to are borrowed and have to outlive it; the layers
 * themselves are copied. On success the caller owns *out.
 */
LOPT_CHECKED enum lopt_status lopt_image_describe(struct lopt_image **out, const struct lopt_image_info *info,
						  const struct lopt_layer *layers, size_t count,
						  struct lopt_error *err);

#endif
