/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LAYER_PATH_H
#define LAYEROPT_LAYER_PATH_H

#include "base/arena.h"
#include "base/buf.h"
#include "layeropt/limits.h"
#include "layeropt/status.h"

/**
 * Names of layer entries (rule P13): leading "/" and "./", doubled and trailing slashes go; "." components go;
 * ".." takes back one component and is clamped at the root. The root itself is "".
 */
struct lopt_clean_path {
	struct lopt_str path; /* in the arena, NUL-terminated */
	bool dotdot;	      /* a ".." stood in it */
	bool clamped;	      /* a ".." would have left the root */
};

/**
 * Clean a name. LOPT_E_INPUT for a component over 255 bytes (no engine loads it), LOPT_E_LIMIT beyond the
 * ceilings. An empty name or one with a NUL is the caller's affair: check first.
 */
LOPT_CHECKED enum lopt_status lopt_path_clean(struct lopt_clean_path *out, struct lopt_arena *arena,
					      struct lopt_str name, const struct lopt_limits *limits,
					      struct lopt_error *err);

/** The last component; the whole when there is no slash. */
struct lopt_str lopt_path_base(struct lopt_str path);
/** Everything before the last slash; "" when there is none. */
struct lopt_str lopt_path_parent(struct lopt_str path);

/** Byte order with the slash lowest, so that what is in a directory stands right behind it. */
int lopt_path_compare(struct lopt_str a, struct lopt_str b);

/**
 * What a user names paths by: a directory and all under it, or fnmatch(3) in which * crosses slashes, too. Slashes in
 * front and behind do not count; "/" is everything. Longer than any name an engine takes, it names nothing.
 */
struct lopt_path_pattern {
	char text[4096];
	size_t len;
	bool impossible;
};
void lopt_path_pattern_set(struct lopt_path_pattern *pattern, struct lopt_str text);
/** A directory may be given with its slash behind. */
bool lopt_path_matches(const struct lopt_path_pattern *pattern, struct lopt_str path);

/** Cut the first component off the front of `path`, slashes before it passed over; empty at the end. */
struct lopt_str lopt_path_next(struct lopt_str *path);

/** Is the path inside this directory? Not the directory itself, and nothing is inside "". */
bool lopt_path_is_beneath(struct lopt_str path, struct lopt_str directory);

/** What the last component makes of an entry (OCI image-spec layer.md "Whiteouts"; only the last part counts). */
enum lopt_whiteout {
	LOPT_WHITEOUT_NONE,
	LOPT_WHITEOUT_PATH,    /* .wh.NAME */
	LOPT_WHITEOUT_OPAQUE,  /* .wh..wh..opq */
	LOPT_WHITEOUT_INVALID, /* ".wh.", ".wh..", ".wh...": no engine loads it */
};
/** *target, if not NULL, becomes NAME for LOPT_WHITEOUT_PATH. */
enum lopt_whiteout lopt_whiteout_of(struct lopt_str path, struct lopt_str *target);
/** In place of what `out` holds, the path that a LOPT_WHITEOUT_PATH of this path removes. */
void lopt_whiteout_target(struct lopt_buf *out, struct lopt_str path);

#endif
