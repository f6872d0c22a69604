/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_WRITES_H
#define LAYEROPT_ADVICE_WRITES_H

#include "base/arena.h"
#include "layeropt/image.h"

/*
 * What each step of a stage did to files, from the layers it made, and which steps cannot have done it in another order.
 * Sets of steps are masks. Inner to this room.
 */

enum { LOPT_STEPS_MAX = 64 };

/** One path, or the directories above it, as the steps left it. */
struct lopt_written {
	struct lopt_str path; /* no leading slash */
	uint64_t files;	      /* wrote, replaced or removed something here that is no directory */
	uint64_t made;	      /* the step that made this directory, or nothing: it was there before */
	uint64_t below;	      /* either, here or deeper */
	uint64_t files_below; /* the first, here or deeper */
};

struct lopt_written_name {
	struct lopt_str name;
	uint64_t steps;
};

/** Why two steps cannot change places. */
struct lopt_clash {
	struct lopt_str path; /* ptr is NULL: they can */
	bool directory;	      /* one made the directory the other wrote into */
};

struct lopt_writes {
	struct lopt_arena arena;
	struct lopt_written *list; /* in the order of a tree: what is in a directory stands behind it */
	size_t count;
	struct lopt_written_name *names; /* last components of what they wrote, sorted */
	size_t name_count;
	struct lopt_clash (*clashes)[LOPT_STEPS_MAX]; /* [earlier][later] */
	uint64_t known;				      /* their layer is known */
	uint64_t accounts;			      /* wrote etc/passwd or etc/group */
	uint64_t packages;			      /* wrote dpkg's status */
	uint64_t all, in_root; /* wrote anything; wrote a file that stands in the root directory itself */
};

/**
 * layers[i] is the layer step i made, or LOPT_NO_LAYER. Databases that come out the same whatever the order, as
 * measured of apt and dpkg, do not count. On success the caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_writes_read(struct lopt_writes *out, const struct lopt_image *image,
					       const size_t *layers, size_t count, struct lopt_error *err);
void lopt_writes_release(struct lopt_writes *writes);

/**
 * The steps that have to do with a path, clean and without a leading slash: wrote it, something in it, or made a
 * directory it is in.
 */
uint64_t lopt_writes_around(const struct lopt_writes *writes, struct lopt_str path);
/** The steps that wrote files at or below a path. */
uint64_t lopt_writes_below(const struct lopt_writes *writes, const char *path);
/** The steps that wrote something of this name, wherever. */
uint64_t lopt_writes_named(const struct lopt_writes *writes, struct lopt_str name);

#endif
