/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_COMPARE_LISTING_H
#define LAYEROPT_COMPARE_LISTING_H

#include "compare/fields.h"
#include "compare/inventory.h"

/** The rows of a saved listing (docs/metrics.md, "ls --format ndjson"). Inner to this room. */

/** The header row: everything of *to but its items. *paths is how many of them it promises. `room` is scratch. */
LOPT_CHECKED enum lopt_status lopt_listing_header(struct lopt_inventory *to, uint64_t *paths, struct lopt_str line,
						  struct lopt_buf *room, const struct lopt_limits *limits,
						  struct lopt_error *err);
/** Any other row. */
LOPT_CHECKED enum lopt_status lopt_listing_row(struct lopt_item *item, const struct lopt_inventory *in,
					       struct lopt_str line, struct lopt_buf *room,
					       const struct lopt_limits *limits, struct lopt_error *err);

#endif
