/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_TOUCHES_H
#define LAYEROPT_PROOF_TOUCHES_H

#include "advice/commits.h"

enum {
	LOPT_TOUCHES_FILES_MAX = 50000, /* of a build context that are looked at */
	LOPT_TOUCHES_HEAD_MAX = 4096,	/* bytes that tell a text */
	LOPT_TOUCHES_TRIES_MAX = 1000,	/* files of one kind that are asked whether they are texts */
};

/** Files of a build context to change, one at a time, oldest change first. */
struct lopt_touches {
	const struct lopt_str *files; /* the different ones, the newest first */
	size_t file_count;
	size_t *order; /* per change: index of its file */
	size_t count;
	struct lopt_arena arena;
	struct lopt_buf reason; /* why there are none; empty when there are some */
};

/**
 * Make up `count` changes where no history tells any. What changed last is taken for what changes most: of the files that make
 * builders run the same instructions again the newest one stands for all, and the one whose file is the newest of all is
 * changed every second time, the next one every fourth, and so on. Where all are of one second, each has its turn. Only
 * texts that the owner may write and .dockerignore does not keep out are taken. The caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_touches_choose(struct lopt_touches *out, const struct lopt_commits_options *options,
						  const struct lopt_dockerfile *file, size_t count,
						  struct lopt_error *err);
void lopt_touches_release(struct lopt_touches *touches);

/** Change the file below `context`: one line break more. */
LOPT_CHECKED enum lopt_status lopt_touch(const char *context, struct lopt_str path, struct lopt_error *err);

#endif
