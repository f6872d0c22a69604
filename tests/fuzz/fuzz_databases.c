/* SPDX-License-Identifier: MIT */
/* Databases of package managers but dpkg's and rpm's. The first byte chooses one. */
#include "databases.h"

static const char *const paths[] = {
	"lib/apk/db/installed",
	"usr/lib/python3/site-packages/name-1.0.dist-info/RECORD",
	"srv/name-1.0-py3.8.egg-info/installed-files.txt",
	"srv/name-1.0.egg-info/top_level.txt",
	"srv/name-1.0-py3.8.egg/EGG-INFO/PKG-INFO",
	"usr/lib/R/library/name/DESCRIPTION",
	"srv/node_modules/name/package.json",
	"opt/conda/conda-meta/name-1.0-0.json",
};
enum { PATHS = sizeof paths / sizeof paths[0] };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct examiner examiner;
	struct lopt_str path = lopt_str_from(paths[data[0] % PATHS]);
	struct lopt_str text = lopt_str_make((const char *)data + 1, size - 1);
	const struct lopt_package_kind *kind = lopt_package_kind_of(path);
	MUST(kind);
	(void)examine_database(&examiner, kind->parse, text, path);
	return 0;
}
