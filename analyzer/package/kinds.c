/* SPDX-License-Identifier: MIT */
#include "package/kinds.h"

#include "layer/path.h"
#include "package/apk.h"
#include "package/conda.h"
#include "package/npm.h"
#include "package/python.h"
#include "package/r.h"
#include "package/rpm.h"
#include "package/text.h"

/* Where databases lie. One "*" in a component of the folder, or in front of the base, stands for any bytes. */
struct place {
	struct lopt_str folder; /* the last components above it, or with a slash in front all of them */
	struct lopt_str base;
	struct lopt_package_kind kind;
};

#define STR(literal)                        \
	{                                   \
		literal, sizeof literal - 1 \
	}
#define PLACE(folder, base, ...)        \
	{                               \
		STR(folder), STR(base), \
		{                       \
			__VA_ARGS__     \
		}                       \
	}

#define RPM_PLACES(folder)                                                                             \
	PLACE(folder, "rpmdb.sqlite", "rpm database", LOPT_KEEP_ALL, lopt_rpm_parse),                  \
		PLACE(folder, "rpmdb.sqlite-wal", "rpm database", LOPT_KEEP_HEAD, lopt_rpm_parse_wal), \
		PLACE(folder, "Packages", "rpm database", LOPT_KEEP_HEAD, lopt_rpm_parse_berkeley),    \
		PLACE(folder, "Packages.db", "rpm database", LOPT_KEEP_HEAD, lopt_rpm_parse_ndb)

static const struct place places[] = {
	PLACE("/lib/apk/db", "installed", "apk database", LOPT_KEEP_ALL, lopt_apk_parse),
	PLACE("/usr/lib/apk/db", "installed", "apk database", LOPT_KEEP_ALL, lopt_apk_parse),
	RPM_PLACES("/var/lib/rpm"),
	RPM_PLACES("/usr/lib/sysimage/rpm"),
	RPM_PLACES("/usr/share/rpm"),
	PLACE("*.dist-info", "RECORD", "Python RECORD", LOPT_KEEP_ALL, lopt_python_parse_record),
	PLACE("*.egg-info", "installed-files.txt", "Python egg", LOPT_KEEP_ALL, lopt_python_parse_installed_files),
	PLACE("*.egg-info", "top_level.txt", "Python egg", LOPT_KEEP_ALL, lopt_python_parse_top_level),
	PLACE("*.egg/EGG-INFO", "PKG-INFO", "Python egg", LOPT_KEEP_HEAD, lopt_python_parse_egg),
	PLACE("conda-meta", "*.json", "conda package", LOPT_KEEP_ALL, lopt_conda_parse),
	PLACE("node_modules/*", "package.json", "npm package", LOPT_KEEP_ALL, lopt_npm_parse),
	PLACE("node_modules/@*/*", "package.json", "npm package", LOPT_KEEP_ALL, lopt_npm_parse),
	PLACE("*", "DESCRIPTION", "R package", LOPT_KEEP_ALL, lopt_r_parse),
};

static bool fits(struct lopt_str pattern, struct lopt_str name)
{
	struct lopt_str before, after;
	if (!lopt_text_cut(pattern, '*', &before, &after))
		return lopt_str_equal(pattern, name);
	return name.len > before.len + after.len && memcmp(name.ptr, before.ptr, before.len) == 0 &&
	       memcmp(name.ptr + name.len - after.len, after.ptr, after.len) == 0;
}

static bool folder_fits(struct lopt_str pattern, struct lopt_str folder)
{
	while (pattern.len) {
		if (!fits(lopt_path_base(pattern), lopt_path_base(folder)))
			return false;
		bool rooted = pattern.ptr[0] == '/';
		pattern = lopt_path_parent(pattern);
		folder = lopt_path_parent(folder);
		if (rooted && pattern.len == 0)
			return folder.len == 0;
	}
	return true;
}

static bool base_fits(struct lopt_str pattern, struct lopt_str base)
{
	if (pattern.ptr[0] != '*')
		return lopt_str_equal(pattern, base);
	return base.len >= pattern.len && lopt_text_ends(base, pattern.ptr + 1);
}

const struct lopt_package_kind *lopt_package_kind_of(struct lopt_str path)
{
	struct lopt_str base = lopt_path_base(path);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (base_fits(places[i].base, base) && folder_fits(places[i].folder, lopt_path_parent(path)))
			return &places[i].kind;
	return NULL;
}
