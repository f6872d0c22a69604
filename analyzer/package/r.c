/* SPDX-License-Identifier: MIT */
#include "package/r.h"

#include "base/cleanup.h"
#include "layer/path.h"
#include "package/text.h"

struct description {
	struct lopt_package package;
	bool built;
};

static void take(struct description *description, struct lopt_str key, struct lopt_str value)
{
	value = lopt_text_trim(value);
	if (lopt_str_is(key, "Package"))
		description->package.name = value;
	else if (lopt_str_is(key, "Version"))
		description->package.version = value;
	else if (lopt_str_is(key, "Built"))
		description->built = true;
}

/* The fields of one record (Debian control format); none of those that count goes on in a second line. */
static struct description read_fields(struct lopt_str text)
{
	struct description description = { .package = { .manager = "R" } };
	struct lopt_str line, key, value;
	while (lopt_text_line(&text, &line))
		if (lopt_text_cut(line, ':', &key, &value))
			take(&description, key, value);
	return description;
}

enum lopt_status lopt_r_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
			      struct lopt_error *err)
{
	struct lopt_str folder = lopt_path_parent(path);
	struct description description = read_fields(text);
	if (!description.built || description.package.name.len == 0 ||
	    !lopt_str_equal(description.package.name, lopt_path_base(folder)))
		return LOPT_OK;
	LOPT_TRY(sink->package(sink, &description.package, err));
	return sink->tree(sink, folder, err);
}

static const char *const names[LOPT_R_PARTS] = {
	[LOPT_R_CODE] = "code", [LOPT_R_LIBS] = "libs",	  [LOPT_R_HELP] = "help",   [LOPT_R_DOC] = "doc",
	[LOPT_R_DATA] = "data", [LOPT_R_TESTS] = "tests", [LOPT_R_OTHER] = "other",
};

const char *lopt_r_part_name(enum lopt_r_part part)
{
	return names[part];
}

static const struct {
	const char *folder;
	enum lopt_r_part part;
} folders[] = {
	{ "R", LOPT_R_CODE },	 { "libs", LOPT_R_LIBS }, { "help", LOPT_R_HELP },
	{ "html", LOPT_R_HELP }, { "man", LOPT_R_HELP },  { "doc", LOPT_R_DOC },
	{ "demo", LOPT_R_DOC },	 { "data", LOPT_R_DATA }, { "tests", LOPT_R_TESTS },
};

enum lopt_r_part lopt_r_part_of(struct lopt_str inside)
{
	struct lopt_str first, rest;
	if (!lopt_text_cut(inside, '/', &first, &rest))
		return LOPT_R_OTHER;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (lopt_str_is(first, folders[i].folder))
			return folders[i].part;
	return LOPT_R_OTHER;
}
