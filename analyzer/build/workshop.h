/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BUILD_WORKSHOP_H
#define LAYEROPT_BUILD_WORKSHOP_H

#include "build/builder.h"
#include "layeropt/image.h"

/**
 * Where images are built, looked at, run and thrown away. Everything made here has a random name and is gone after
 * lopt_workshop_close(), whatever happened: images, containers, files.
 */
struct lopt_workshop;

/** The options are borrowed. Makes a directory for temporary files. */
LOPT_CHECKED enum lopt_status lopt_workshop_open(struct lopt_workshop **out, const struct lopt_builder_kind *kind,
						 const struct lopt_build_options *options, struct lopt_error *err);
/** Removes everything; goes on where something cannot be removed. NULL is fine. */
void lopt_workshop_close(struct lopt_workshop *workshop);

const struct lopt_builder_kind *lopt_workshop_kind(const struct lopt_workshop *workshop);
/** Does the builder take it? Tried out with a build of its own, once. */
LOPT_CHECKED enum lopt_status lopt_workshop_can(struct lopt_workshop *workshop, enum lopt_builder_feature feature,
						bool *can, struct lopt_error *err);

/**
 * What is left out of the context of the builds that follow: the text of a .dockerignore, in place of the one in the context;
 * ptr NULL: that one again. The text is borrowed.
 */
void lopt_workshop_ignore(struct lopt_workshop *workshop, struct lopt_str text);

/** An image that was built. */
struct lopt_built {
	char name[96];	/* in the store of the builder; empty: nothing was built */
	double seconds; /* the build took */
	bool failed;	/* the Dockerfile did not build; `log` tells */
	bool timed_out;
	struct lopt_buf log;
};
void lopt_built_release(struct lopt_built *built);

/**
 * Build a Dockerfile without cache. That it does not build is no error but `out->failed`: an error is that the builder
 * cannot be run.
 */
LOPT_CHECKED enum lopt_status lopt_workshop_build(struct lopt_workshop *workshop, struct lopt_built *out,
						  struct lopt_str dockerfile, struct lopt_error *err);
/** The same with the builder's cache; for `replay`, whose `context` may be another. */
LOPT_CHECKED enum lopt_status lopt_workshop_rebuild(struct lopt_workshop *workshop, struct lopt_built *out,
						    struct lopt_str dockerfile, const char *context,
						    struct lopt_error *err);
/** Throw one image away early. */
void lopt_workshop_discard(struct lopt_workshop *workshop, struct lopt_built *built);

/** Read a built image; see lopt_image_read(). */
LOPT_CHECKED enum lopt_status lopt_workshop_read(struct lopt_workshop *workshop, struct lopt_image **out,
						 const struct lopt_built *built,
						 const struct lopt_open_options *options, struct lopt_error *err);

/** Run a command by /bin/sh -c in a container of a built image. The log is appended to. */
LOPT_CHECKED enum lopt_status lopt_workshop_try(struct lopt_workshop *workshop, const struct lopt_built *built,
						const char *command, struct lopt_ran *ran, struct lopt_buf *log,
						struct lopt_error *err);
/** The median seconds of `runs` containers that do nothing, from start to removal; negative where that cannot be measured. */
LOPT_CHECKED enum lopt_status lopt_workshop_start_seconds(struct lopt_workshop *workshop,
							  const struct lopt_built *built, size_t runs, double *seconds,
							  struct lopt_error *err);
/** The directory for temporary files, without a slash at its end. */
const char *lopt_workshop_directory(const struct lopt_workshop *workshop);

/** Random hex digits in the name of everything made here. */
const char *lopt_workshop_mark(const struct lopt_workshop *workshop);
/** An empty directory for a build context; the one before it goes. *path is borrowed. */
LOPT_CHECKED enum lopt_status lopt_workshop_scratch(struct lopt_workshop *workshop, const char **path,
						    struct lopt_error *err);

/** Copy all that is in one directory into another one. */
LOPT_CHECKED enum lopt_status lopt_workshop_copy(const char *from, const char *to, struct lopt_error *err);

/** Replace the values of all build arguments in a log by "***". */
LOPT_CHECKED enum lopt_status lopt_workshop_mask(const struct lopt_workshop *workshop, struct lopt_buf *out,
						 struct lopt_str log);

#endif
