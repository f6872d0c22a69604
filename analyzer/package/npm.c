/* SPDX-License-Identifier: MIT */
#include "package/npm.h"

#include "base/cleanup.h"
#include "layer/path.h"
#include "package/scan.h"

enum lopt_status lopt_npm_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				struct lopt_error *err)
{
	static const char *const keys[] = { "name", "version" };
	struct lopt_str values[2];
	if (!lopt_scan_object(text, keys, values, 2))
		return LOPT_OK;
	struct lopt_package package = { .manager = "npm" };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(text.len);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf version = LOPT_BUF_INIT(text.len);
	LOPT_TRY(lopt_scan_string(&package.name, &name, values[0], err));
	LOPT_TRY(lopt_scan_string(&package.version, &version, values[1], err));
	if (package.name.len == 0)
		return LOPT_OK;
	LOPT_TRY(sink->package(sink, &package, err));
	return sink->tree(sink, lopt_path_parent(path), err);
}
