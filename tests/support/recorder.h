/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_RECORDER_H
#define TESTS_SUPPORT_RECORDER_H

#include "base/buf.h"
#include "package/kinds.h"

/**
 * A sink that writes down what it is told, a line each: "apk: musl 1.2.3", "  lib/libc.so" for a file,
 * "  lib/" for a tree.
 */
struct test_recorder {
	struct lopt_package_sink sink;
	struct lopt_buf text;
	size_t refuse_at; /* the call that is refused with LOPT_E_MEMORY, from 1; 0: none */
	size_t calls;
};

void test_recorder_init(struct test_recorder *recorder);
void test_recorder_release(struct test_recorder *recorder);

struct test_package_case {
	const char *path; /* of the database */
	const char *text;
	const char *want; /* of the recorder */
	enum lopt_status status;
	size_t size; /* of `text`; 0: up to its NUL */
};

/** Each case, through lopt_package_kind_of; then again with every call refused in turn. For cmocka. */
void test_package_cases(const struct test_package_case *cases, size_t count);

#endif
