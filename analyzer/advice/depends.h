/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_DEPENDS_H
#define LAYEROPT_ADVICE_DEPENDS_H

#include "base/arena.h"
#include "dockerfile/dockerfile.h"

/*
 * Which instructions of the last stage can change places: those of which neither reads or writes what the other writes,
 * of files and of what the builder keeps between instructions. What steps wrote is known, from the image's layers; what
 * they read is guessed from their text, and where a guess is not safe the order is kept.
 */

enum lopt_dependency_kind {
	LOPT_DEPENDS_BASE,	    /* everything is built on FROM */
	LOPT_DEPENDS_UNKNOWN,	    /* an instruction nobody knows, or a step whose layer is not known */
	LOPT_DEPENDS_VARIABLE,	    /* reads a variable, or may without naming it */
	LOPT_DEPENDS_DIRECTORY,	    /* runs in a directory, or takes paths from there */
	LOPT_DEPENDS_USER,	    /* runs as a user, or takes an account that a step made */
	LOPT_DEPENDS_SHELL,	    /* is run by a shell */
	LOPT_DEPENDS_VOLUME,	    /* writes below a volume are dropped, by builders other than BuildKit */
	LOPT_DEPENDS_METADATA,	    /* of two the last counts, or their order is kept in the image */
	LOPT_DEPENDS_FILE,	    /* both wrote a path */
	LOPT_DEPENDS_MADE,	    /* wrote into a directory that the other made */
	LOPT_DEPENDS_NAMED,	    /* its text names what the other wrote */
	LOPT_DEPENDS_CONFIGURATION, /* the other wrote in /etc or a home, where programs read settings */
	LOPT_DEPENDS_PROGRAM,	    /* runs programs that may use any program or library the other installed */
	LOPT_DEPENDS_APT,	    /* uses apt behind a change of its sources or keys */
	LOPT_DEPENDS_TIME,	    /* both depend on when they run */
	LOPT_DEPENDS_KINDS,
};
/** "variable", "file", ... */
const char *lopt_dependency_name(enum lopt_dependency_kind kind);

enum { LOPT_DEPENDS_STEPS_MAX = 64 };

/** Step `after` has to stay behind step `before`. Steps count from the FROM of the last stage, which is step 0. */
struct lopt_dependency {
	size_t before, after;
	enum lopt_dependency_kind kind;
	struct lopt_str what; /* the path, variable or program that shows it; may be empty */
};

struct lopt_depends_input {
	const struct lopt_dockerfile *file;
	const struct lopt_image *image; /* what the file made */
	const size_t *layer_of;		/* per instruction of the file; LOPT_NO_LAYER: none, or not known */
	enum lopt_builder builder;
};

struct lopt_depends {
	struct lopt_arena arena;
	size_t first, count;			       /* step i is instruction first + i of the Dockerfile */
	uint64_t must_precede[LOPT_DEPENDS_STEPS_MAX]; /* the steps that must come before step i */
	struct lopt_dependency *edges; /* one a pair that keeps its order, the first reason; by `after`, then `before` */
	size_t edge_count, edge_cap;
	const char *reason; /* why nothing was looked at, in words, a literal; else NULL */
};

/**
 * No stage, more than LOPT_DEPENDS_STEPS_MAX steps, or a builder that leaves no layers to look at is not an error: there is
 * a reason then. On success the caller releases. `image` and `file` outlive the result.
 */
LOPT_CHECKED enum lopt_status lopt_depends_read(struct lopt_depends *out, const struct lopt_depends_input *input,
						struct lopt_error *err);
void lopt_depends_release(struct lopt_depends *depends);

#endif
