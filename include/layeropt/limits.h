/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_LIMITS_H
#define LAYEROPT_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Every ceiling on what an input may ask of us. Exceeding one is LOPT_E_LIMIT with a message that names
 * the ceiling and the option that raises it (`--limit NAME=VALUE`).
 * All sizes in bytes.
 */
struct lopt_limits {
	uint64_t entries;	       /* tar entries of the whole input, outer archive and layers together */
	uint64_t layers;	       /* layers of one image */
	uint64_t path_bytes;	       /* one name in a tar, after PAX and GNU headers; components end at 255 */
	uint64_t path_depth;	       /* components of one name */
	uint64_t link_bytes;	       /* target of one symbolic link */
	uint64_t special_header_bytes; /* one PAX or GNU long-name header */
	uint64_t special_headers;      /* such headers before one entry */
	uint64_t sparse_extents;       /* data extents of one sparse file */
	uint64_t xattrs;	       /* extended attributes of one entry */
	uint64_t json_bytes;	       /* one JSON document */
	uint64_t json_depth;	       /* nesting inside it */
	uint64_t index_depth;	       /* OCI index inside index */
	uint64_t zstd_window_bytes;    /* memory one zstd frame may ask for */
	uint64_t bomb_bytes;	       /* a stream may always produce this much ... */
	uint64_t bomb_ratio;	       /* ... and beyond it this many times its input */
	uint64_t kept_file_bytes;      /* content of one file that is kept to look into (package databases, ...) */
	uint64_t kept_bytes;	       /* the same, of all files of one layer together */
	uint64_t arena_bytes;	       /* memory for one image's entries, names and attributes */
};

/** The defaults, as documented in docs/metrics.md. */
const struct lopt_limits *lopt_limits_default(void);

/** Names and values, for --help, --limit and the tests. NULL past the last. */
struct lopt_limit_info {
	const char *name; /* as written after --limit */
	size_t offset;	  /* of the uint64_t in struct lopt_limits */
	const char *what; /* one line for people */
};
const struct lopt_limit_info *lopt_limits_info(size_t index);

#ifdef __cplusplus
}
#endif
#endif
