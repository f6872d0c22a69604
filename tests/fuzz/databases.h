/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_DATABASES_H
#define TESTS_FUZZ_DATABASES_H

#include "harness.h"
#include "package/kinds.h"
#include "package/teller.h"

/** A sink that holds parsers of package databases to what they promise. */
struct examiner {
	struct lopt_package_sink sink;
	uint64_t packages, bytes, sum;
};

static inline enum lopt_status examine_package(struct lopt_package_sink *sink, const struct lopt_package *package,
					       struct lopt_error *err)
{
	struct examiner *examiner = (struct examiner *)sink;
	(void)err;
	MUST(package->manager && package->name.len);
	examiner->packages++;
	mix_str(&examiner->sum, package->name);
	mix_str(&examiner->sum, package->version);
	return LOPT_OK;
}

/* A name that leads to a path of an image without a step back. */
static inline enum lopt_status examine_path(struct lopt_package_sink *sink, struct lopt_str path,
					    struct lopt_error *err)
{
	struct examiner *examiner = (struct examiner *)sink;
	(void)err;
	MUST(examiner->packages && path.len && path.len <= LOPT_TOLD_PATH_MAX);
	MUST(path.ptr[0] != '/' && path.ptr[path.len - 1] != '/' && !memchr(path.ptr, '\0', path.len));
	for (size_t at = 0, n; at < path.len; at += n + 1) {
		const char *part = path.ptr + at, *slash = memchr(part, '/', path.len - at);
		n = slash ? (size_t)(slash - part) : path.len - at;
		MUST(n && !(n == 1 && part[0] == '.') && !(n == 2 && part[0] == '.' && part[1] == '.'));
	}
	examiner->bytes += path.len;
	mix_str(&examiner->sum, path);
	return LOPT_OK;
}

static inline struct examiner make_examiner(void)
{
	return (struct examiner){ .sink = { examine_package, examine_path, examine_path } };
}

/** Parse twice: in bounds, and the same both times. Returns the status. */
static inline enum lopt_status examine_database(struct examiner *examiner, lopt_package_parse *parse,
						struct lopt_str text, struct lopt_str path)
{
	struct examiner again = make_examiner();
	struct lopt_error err = { .status = LOPT_OK };
	*examiner = make_examiner();
	enum lopt_status status = parse(text, path, &examiner->sink, &err);
	must_be_clean(status, &err);
	MUST(parse(text, path, &again.sink, &err) == status && again.sum == examiner->sum);
	MUST(examiner->bytes <= (uint64_t)text.len * LOPT_TOLD_RATIO + (1 << 17));
	return status;
}

#endif
