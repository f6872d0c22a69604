/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_OWNERS_H
#define LAYEROPT_ANALYSIS_OWNERS_H

#include "base/arena.h"
#include "image/find.h"
#include "package/package.h"

/**
 * The packages that databases tell of, and which of them each visible inode belongs to: the first claim of a
 * file by manager (the operating system's come first), then by name, then by version; where nobody claims the file, the
 * innermost directory that a package has for itself. Private to this room.
 */

#define LOPT_NO_OWNER UINT32_MAX

/** One package as one database tells of it. */
struct lopt_owner {
	const char *manager;
	struct lopt_str name, version;
	bool of_system; /* its manager is the operating system's */
};

struct lopt_owners {
	const struct lopt_image *image;
	struct lopt_arena *arena; /* names and versions; borrowed */
	struct lopt_finder finder;
	struct lopt_owner *items;
	size_t count, cap;
	uint32_t **inodes; /* [layer][inode]: its owner */
	uint32_t *trees;   /* by node: whose directory it is; NULL while there is none */
};

LOPT_CHECKED enum lopt_status lopt_owners_init(struct lopt_owners *owners, const struct lopt_image *image,
					       struct lopt_arena *arena, struct lopt_error *err);
/** For LOPT_CLEANUP too. */
void lopt_owners_release(struct lopt_owners *owners);

/** Whether a package may have this name, or version: it is not too long, and holds no NUL. */
bool lopt_owner_may_be_called(struct lopt_str name);
/** Another package; its number in *owner. LOPT_NO_OWNER, whose claims say nothing, for a name that cannot be one. */
LOPT_CHECKED enum lopt_status lopt_owners_add(struct lopt_owners *owners, const struct lopt_package *package,
					      uint32_t *owner, struct lopt_error *err);

/** What is at `path` is the owner's. Only regular files count; what is not there says nothing. */
LOPT_CHECKED enum lopt_status lopt_owners_claim_file(struct lopt_owners *owners, uint32_t owner, struct lopt_str path,
						     struct lopt_error *err);
/** The directory at `path` is the owner's, with all below it that nobody else has. */
LOPT_CHECKED enum lopt_status lopt_owners_claim_tree(struct lopt_owners *owners, uint32_t owner, struct lopt_str path,
						     struct lopt_error *err);
/** Python's bytecode that nobody named is whose its source is: it was compiled behind its package's back. */
LOPT_CHECKED enum lopt_status lopt_owners_claim_bytecode(struct lopt_owners *owners, struct lopt_error *err);
/** All files are claimed: give the rest to the directories they are in. */
void lopt_owners_settle(struct lopt_owners *owners);

/** Whether a manager is an operating system's: "apk", "dpkg" and "rpm" are. */
bool lopt_manager_is_of_system(const char *manager);
/** Order of owners, as said above. */
int lopt_owner_compare(const struct lopt_owner *a, const struct lopt_owner *b);

#endif
