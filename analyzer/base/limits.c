/* SPDX-License-Identifier: MIT */
#include "layeropt/limits.h"

#define MIB (1024ull * 1024)

static const struct lopt_limits defaults = {
	.entries = 5000000,
	.layers = 1024,
	.path_bytes = 65536,
	.path_depth = 32768,
	.link_bytes = 1 * MIB,
	.special_header_bytes = 1 * MIB,
	.special_headers = 64,
	.sparse_extents = 10000,
	.xattrs = 1024,
	.json_bytes = 4 * MIB,
	.json_depth = 512,
	.index_depth = 8,
	.zstd_window_bytes = 128 * MIB,
	.bomb_bytes = 2048 * MIB,
	.bomb_ratio = 200,
	.kept_file_bytes = 64 * MIB,
	.kept_bytes = 128 * MIB,
	.arena_bytes = 8192 * MIB,
};

const struct lopt_limits *lopt_limits_default(void)
{
	return &defaults;
}

#define ROW(field, what)                                          \
	{                                                         \
#field, offsetof(struct lopt_limits, field), what \
	}

static const struct lopt_limit_info info[] = {
	ROW(entries, "tar entries of the whole input"),
	ROW(layers, "layers of one image"),
	ROW(path_bytes, "bytes of one name in a layer"),
	ROW(path_depth, "directories above one name in a layer"),
	ROW(link_bytes, "bytes of one symbolic link's target"),
	ROW(special_header_bytes, "bytes of one PAX or GNU long-name header"),
	ROW(special_headers, "PAX and GNU headers before one entry"),
	ROW(sparse_extents, "data extents of one sparse file"),
	ROW(xattrs, "extended attributes of one entry"),
	ROW(json_bytes, "bytes of one JSON document"),
	ROW(json_depth, "nesting of one JSON document"),
	ROW(index_depth, "nesting of OCI indexes"),
	ROW(zstd_window_bytes, "memory one zstd frame may ask for"),
	ROW(bomb_bytes, "bytes a compressed stream may always produce"),
	ROW(bomb_ratio, "times its input a stream may produce beyond bomb_bytes"),
	ROW(kept_file_bytes, "bytes of one file's content that are kept to look into"),
	ROW(kept_bytes, "the same, of all files of one layer together"),
	ROW(arena_bytes, "memory for the entries of one image"),
};

const struct lopt_limit_info *lopt_limits_info(size_t index)
{
	return index < sizeof info / sizeof info[0] ? &info[index] : NULL;
}
