/* SPDX-License-Identifier: MIT */
#include "package/kinds.h"

#include "layer/path.h"
#include "package/apk.h"
#include "package/text.h"

/* Where databases lie. One "*" in a component stands for any bytes of it; a folder starts at the root or anywhere. */
struct place {
	const char *folder; /* the last components above it; "/..." is all of them */
	const char *base;
	struct lopt_package_kind kind;
};

static const struct place places[] = {
	{ "/lib/apk/db", "installed", { "apk database", LOPT_KEEP_ALL, lopt_apk_parse } },
	{ "/usr/lib/apk/db", "installed", { "apk database", LOPT_KEEP_ALL, lopt_apk_parse } },
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

const struct lopt_package_kind *lopt_package_kind_of(struct lopt_str path)
{
	struct lopt_str base = lopt_path_base(path);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (fits(lopt_str_from(places[i].base), base) &&
		    folder_fits(lopt_str_from(places[i].folder), lopt_path_parent(path)))
			return &places[i].kind;
	return NULL;
}
