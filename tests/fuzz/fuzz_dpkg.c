/* SPDX-License-Identifier: MIT */
/*
 * dpkg's files: each text as every one of them. Whatever is told has to lie in the text, and in its order; versions have to
 * be ordered whoever asks.
 */
#include "harness.h"
#include "package/dpkg.h"

static const char *begin, *end;

static void must_be_inside(struct lopt_str text)
{
	if (text.len)
		MUST(text.ptr >= begin && text.ptr <= end && text.len <= (size_t)(end - text.ptr));
}

static void examine_versions(struct lopt_str a, struct lopt_str b)
{
	int forth = lopt_dpkg_version_compare(a, b), back = lopt_dpkg_version_compare(b, a);
	MUST((forth > 0) == (back < 0) && (forth == 0) == (back == 0));
	MUST(lopt_dpkg_version_compare(a, a) == 0);
}

static void examine_relations(struct lopt_str field, struct lopt_str version)
{
	struct lopt_dpkg_relation relation;
	size_t left = field.len + 1;
	while (lopt_dpkg_relation_next(&field, &relation)) {
		MUST(field.len < left && relation.name.len);
		left = field.len;
		must_be_inside(relation.name);
		must_be_inside(relation.architecture);
		must_be_inside(relation.version);
		examine_versions(version, relation.version);
		(void)lopt_dpkg_version_fits(version, &relation);
	}
}

static void examine_stanzas(struct lopt_str text)
{
	struct lopt_dpkg_stanza stanza;
	while (lopt_dpkg_stanza_next(&text, &stanza)) {
		MUST(stanza.package.len);
		must_be_inside(text);
		must_be_inside(stanza.package);
		must_be_inside(stanza.version);
		must_be_inside(stanza.depends);
		examine_relations(stanza.depends, stanza.version);
		examine_relations(stanza.provides, stanza.version);
		(void)lopt_dpkg_is_unpacked(&stanza);
		(void)lopt_dpkg_is_kept(&stanza);
	}
	MUST(text.len == 0);
}

static void examine_paths(struct lopt_str text, bool (*next)(struct lopt_str *text, struct lopt_str *path))
{
	struct lopt_str path;
	const char *before = begin;
	while (next(&text, &path)) {
		MUST(path.len && path.ptr >= before);
		must_be_inside(path);
		before = path.ptr + path.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_str text = lopt_str_make(size ? (const char *)data : "", size), rest = text;
	struct lopt_dpkg_diversion diversion;
	if (size > 1 << 16)
		return 0;
	begin = text.ptr;
	end = begin + size;
	examine_stanzas(text);
	examine_relations(text, lopt_str_from("1:2.3-4"));
	examine_paths(text, lopt_dpkg_list_next);
	examine_paths(text, lopt_dpkg_sums_next);
	while (lopt_dpkg_diversion_next(&rest, &diversion))
		must_be_inside(diversion.package);
	(void)lopt_dpkg_has_file(text);
	return 0;
}
