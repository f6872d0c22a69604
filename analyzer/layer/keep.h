/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_KEEP_H
#define LAYEROPT_LAYER_KEEP_H

#include "base/arena.h"
#include "layer/elf.h"
#include "layer/imports.h"
#include "layer/needed.h"
#include "layeropt/image.h"

/** What was kept of the contents of one layer, in the order of its inodes. */
struct lopt_kept_list {
	struct lopt_kept *items;
	size_t count, cap;
};

LOPT_CHECKED enum lopt_status lopt_kept_add(struct lopt_kept_list *list, const struct lopt_kept *kept,
					    struct lopt_error *err);

/** How much may still be kept of one layer (limits->kept_bytes): asked in the order of its entries, so that it never depends on threads. */
struct lopt_keep_budget {
	lopt_keep_choice *choose; /* NULL: nothing is kept */
	uint64_t file_max, left;
	uint64_t refused; /* files for which it did not suffice */
};

/** What is to be kept of a file; the budget is charged. */
enum lopt_keep lopt_keep_decide(struct lopt_keep_budget *budget, const struct lopt_entry *entry);

/** A range of a content, on its way in. */
struct lopt_range {
	uint64_t offset;
	size_t size;
	size_t have;	       /* of it is there */
	unsigned char *into;   /* where it goes */
	unsigned char *window; /* room of its own, grown as needed */
	size_t window_size;
};

/**
 * Picks what is to be kept out of one content after the other. The content is handed over in ascending runs: as it
 * passes, or range by range as lopt_keeper_wants asks for them.
 */
struct lopt_keeper {
	struct lopt_arena *arena; /* holds what is kept; borrowed */
	lopt_keep_choice *choose;
	bool passing; /* contents pass by once, from their first byte to their last */
	/* the current content */
	const struct lopt_entry *entry;
	uint32_t inode;
	enum lopt_keep what;
	struct lopt_range range;     /* into head, arena or its window: for `elf` and `imports` */
	struct lopt_range libraries; /* for `needed`, at the same time */
	unsigned char head[LOPT_HEAD_MAX];
	size_t head_size;
	struct lopt_elf elf;
	struct lopt_needed needed;
	struct lopt_imports imports;
};

void lopt_keeper_init(struct lopt_keeper *keeper, struct lopt_arena *arena, lopt_keep_choice *choose, bool passing);
void lopt_keeper_release(struct lopt_keeper *keeper);

/** The next content; `what` is what lopt_keep_decide said. */
LOPT_CHECKED enum lopt_status lopt_keeper_begin(struct lopt_keeper *keeper, const struct lopt_entry *entry,
						uint32_t inode, enum lopt_keep what, struct lopt_error *err);
/** A range it needs; false when there is none (any more). */
bool lopt_keeper_wants(const struct lopt_keeper *keeper, uint64_t *offset, size_t *size);
/** A run of the content. What nobody wants of it is passed over. */
LOPT_CHECKED enum lopt_status lopt_keeper_feed(struct lopt_keeper *keeper, uint64_t offset, const void *bytes,
					       size_t size, struct lopt_error *err);
/** The content has ended: what was kept of it goes into the list. */
LOPT_CHECKED enum lopt_status lopt_keeper_end(struct lopt_keeper *keeper, struct lopt_kept_list *list,
					      struct lopt_error *err);

#endif
