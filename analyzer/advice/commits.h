/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_COMMITS_H
#define LAYEROPT_ADVICE_COMMITS_H

#include "base/arena.h"
#include "base/buf.h"
#include "dockerfile/dockerfile.h"

/*
 * What git knows of a build: which instructions each commit made builders run again.
 */

enum {
	LOPT_COMMITS_DEFAULT = 200,
	LOPT_COMMITS_MAX = 10000,
	LOPT_COMMITS_LOG_BYTES_MAX = 32 << 20,
	LOPT_COMMIT_HASH_MAX = 65,	    /* SHA-256 and a NUL */
	LOPT_COMMITS_INSTRUCTIONS_MAX = 64, /* of the last stage, its FROM included */
};

struct lopt_commits_options {
	const char *context;	/* the directory that is the build context */
	const char *dockerfile; /* the Dockerfile's path */
	size_t commits_max;	/* the newest ones that touch either; 0: LOPT_COMMITS_DEFAULT */
	struct lopt_str ignore; /* in place of .dockerignore; ptr NULL: what is beside the Dockerfile or in the context */
};

/** A commit changed what an installer reads. */
struct lopt_manifest_change {
	size_t commit;	      /* its index */
	struct lopt_str path; /* in the context: "web/package.json" */
};

struct lopt_commits {
	char (*hashes)[LOPT_COMMIT_HASH_MAX]; /* in hex, in the same order */
	uint64_t *changed; /* newest first; bit i: the i-th instruction of the last stage, its FROM being the 0th */
	size_t count;
	struct lopt_manifest_change *manifests; /* newest first */
	size_t manifest_count, manifest_cap;
	struct lopt_arena arena; /* of their paths */
	struct lopt_buf reason;	 /* why nothing is known, one line that may hold raw bytes; empty when something is */
};

/**
 * An instruction is changed by a commit when its text is another than in the commit's first parent, or when a path
 * under one of its sources changed that .dockerignore does not keep out; --from=STAGE and FROM STAGE when anything
 * of that stage is. The main line is read: a merge is one commit, the first commit of all is none.
 *
 * `file` is the Dockerfile as it is now; older ones are matched to it instruction by instruction, and an instruction is
 * followed back to the commit that brought it. Sources and .dockerignore are today's. What a commit takes away or
 * moves is not seen as a change of what stands behind it. Steps that depend on the time, FROM and apt-get update
 * among them, change with their text only.
 *
 * No git, no repository, nothing of it in the repository, or more of it than the ceilings allow is not an error: there
 * is a reason then, and no commit. On success the caller releases.
 */
LOPT_CHECKED enum lopt_status lopt_commits_read(struct lopt_commits *out, const struct lopt_commits_options *options,
						const struct lopt_dockerfile *file, struct lopt_error *err);
/**
 * The same of commits that are made up: the i-th changes the file paths[i] of the context and nothing else. They have no
 * hashes, and the Dockerfile no history.
 */
LOPT_CHECKED enum lopt_status lopt_commits_make_up(struct lopt_commits *out, const struct lopt_commits_options *options,
						   const struct lopt_dockerfile *file, const struct lopt_str *paths,
						   size_t count, struct lopt_error *err);
void lopt_commits_release(struct lopt_commits *commits);

/** Is a file of this name (without directories) one that an installer reads? See manifest.c. */
bool lopt_is_manifest(struct lopt_str name);

#endif
