/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_TREE_SAME_H
#define LAYEROPT_TREE_SAME_H

#include "tree/tree.h"

/**
 * Whether two trees, stacked in the same way, show the same: every path with its type, mode, owner, time, extended
 * attributes, link target, device, content and group of hard links.
 */
struct lopt_tree_match {
	/** Whether two regular files of one size hold the same. */
	bool (*same_content)(const void *context, const struct lopt_object *a, const struct lopt_object *b);
	const void *context;
	bool links_may_join; /* files that are apart in `before` may be hard links in `after` */
};

/**
 * *same, and where not the path of one difference in `where`. A directory that no entry lists is what an engine makes of it:
 * one that is listed as 0755 and root's, without more, may take its place, but not the other way round. LOPT_E_MEMORY is the
 * only failure.
 */
LOPT_CHECKED enum lopt_status lopt_tree_same(const struct lopt_tree *before, const struct lopt_tree *after,
					     const struct lopt_tree_match *match, bool *same, struct lopt_buf *where,
					     struct lopt_error *err);

/** Whether mode, owner and time are the same. */
bool lopt_attributes_same(const struct lopt_entry *a, const struct lopt_entry *b);
/** Whether two lists of extended attributes, sorted by name, hold the same. */
bool lopt_xattr_lists_same(const struct lopt_xattr *a, size_t a_count, const struct lopt_xattr *b, size_t b_count);
/** The same of two entries. */
bool lopt_xattrs_same(const struct lopt_entry *a, const struct lopt_entry *b);
/** What an engine makes where no entry lists a directory (`entry` NULL), or the same listed. */
bool lopt_directory_is_plain(const struct lopt_entry *entry);

#endif
