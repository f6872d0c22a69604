/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_REPACK_STACKS_H
#define LAYEROPT_REPACK_STACKS_H

#include "layer/note.h"
#include "repack/draft.h"

/**
 * What is going to be written, so far, stacked in both ways: laid over each other, and where layers are joined or not the same to
 * all engines also applied in place. Private to this room.
 */
struct lopt_stacks {
	struct lopt_repack_plan *plan; /* borrowed */
	const struct lopt_limits *limits;
	struct lopt_arena arena;
	struct lopt_notes notes;
	struct lopt_tree overlay;
	struct lopt_tree applied; /* not kept up where `wants_applied` is not set */
	bool wants_applied;
	bool fails; /* applying does; then nobody sees anything that way, and `applied` is of no use */
};

LOPT_CHECKED enum lopt_status lopt_stacks_init(struct lopt_stacks *stacks, struct lopt_repack_plan *plan,
					       const struct lopt_limits *limits, struct lopt_error *err);
/** Safe when zeroed. */
void lopt_stacks_release(struct lopt_stacks *stacks);

/** What stays of a draft comes on top. */
LOPT_CHECKED enum lopt_status lopt_stacks_put(struct lopt_stacks *stacks, const struct lopt_draft *draft,
					      struct lopt_error *err);

/**
 * Join `count` layers of the input on top of the stacks, which stay as they are. *same: whether both ways to stack show then
 * what they show of the layers one by one, and engines agree about it. Release *out in any case.
 */
LOPT_CHECKED enum lopt_status lopt_stacks_join(struct lopt_draft *out, struct lopt_stacks *stacks, size_t first,
					       size_t count, bool *same, struct lopt_error *err);

#endif
