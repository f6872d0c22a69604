/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_BUILD_BUILDER_H
#define LAYEROPT_BUILD_BUILDER_H

#include "build/run.h"
#include "dockerfile/history.h"

/**
 * Programs that build images. Everything is run by argument vector.
 */

/** What not every builder takes; found out by trying, see lopt_workshop_can(). */
enum lopt_builder_feature {
	LOPT_FEATURE_COPY_CHMOD, /* COPY --chmod */
	LOPT_FEATURE_MOUNT,	 /* RUN --mount=type=bind and type=cache */
	LOPT_FEATURE_COUNT,
};

/** What a build is told. Strings are borrowed. */
struct lopt_build_options {
	const char *context;	       /* directory */
	const char *stage;	       /* --target; NULL: the last */
	const char *const *build_args; /* "NAME=VALUE", as given */
	size_t build_arg_count;
	unsigned seconds;      /* a build may take; 0: any */
	const char *temporary; /* directory for temporary files; NULL: /tmp */
};

struct lopt_builder_kind {
	const char *name; /* as --builder takes it */
	const char *what; /* for messages */
	enum lopt_builder history;
	const char *program;
	const char *const *front;  /* words in front of the program: "env", "DOCKER_BUILDKIT=0" */
	const char *const *build;  /* words behind it */
	const char *const *probe;  /* a command that works when the builder does */
	const char *runner;	   /* the program that runs its images; NULL: none */
	const char *source_prefix; /* "docker:" or "podman:" for lopt_source_open() */
	const char *tag_prefix;	   /* of names in its store */
	const char *const *store;  /* a command that tells driver and folder of its store; NULL: nobody need know */
};

/** Those there are, the default ones first; NULL past the last. */
const struct lopt_builder_kind *lopt_builder_at(size_t index);

/**
 * "auto": the first that works: docker with BuildKit where the client builds with it, docker, podman, buildah. LOPT_E_USAGE
 * for a word that is none, LOPT_E_SYSTEM when it does not work here; the message has what it answered.
 */
LOPT_CHECKED enum lopt_status lopt_builder_choose(const struct lopt_builder_kind **out, const char *name,
						  struct lopt_error *err);

#endif
