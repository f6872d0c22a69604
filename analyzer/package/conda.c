/* SPDX-License-Identifier: MIT */
#include "package/conda.h"

#include "base/cleanup.h"
#include "layer/path.h"
#include "package/scan.h"
#include "package/teller.h"

static enum lopt_status tell_files(struct lopt_teller *teller, struct lopt_str prefix, struct lopt_str files,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf room = LOPT_BUF_INIT(files.len);
	struct lopt_scan scan;
	struct lopt_str value, file;
	lopt_scan_start(&scan, files, '[');
	while (lopt_scan_element(&scan, &value)) {
		LOPT_TRY(lopt_scan_string(&file, &room, value, err));
		LOPT_TRY(lopt_teller_file(teller, prefix, file, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_conda_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
				  struct lopt_error *err)
{
	static const char *const keys[] = { "name", "version", "files" };
	struct lopt_str values[3];
	if (!lopt_scan_object(text, keys, values, 3))
		return LOPT_OK;
	struct lopt_package package = { .manager = "conda" };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf name = LOPT_BUF_INIT(text.len);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf version = LOPT_BUF_INIT(text.len);
	LOPT_TRY(lopt_scan_string(&package.name, &name, values[0], err));
	LOPT_TRY(lopt_scan_string(&package.version, &version, values[1], err));
	if (package.name.len == 0)
		return LOPT_OK;
	LOPT_TRY(sink->package(sink, &package, err));
	LOPT_TRY(sink->file(sink, path, err));
	LOPT_CLEANUP(lopt_teller_release) struct lopt_teller teller;
	lopt_teller_init(&teller, sink, text);
	return tell_files(&teller, lopt_path_parent(lopt_path_parent(path)), values[2], err);
}
