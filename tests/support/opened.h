/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_OPENED_H
#define TESTS_SUPPORT_OPENED_H

#include "repack/plan.h"
#include "support/stack.h"

/** An image out of a table (support/stack.h), read so that it can be repacked, and what is planned for it. */
struct test_opened {
	struct lopt_image *image;
	struct lopt_repack_plan plan;
	int fd;
};

extern const struct lopt_open_options test_opened_reading;

/** Fails the test where it cannot be read. `configuration` as in support/stack.h. */
void test_opened_open(struct test_opened *out, const char *const layers[TEST_LAYERS_MAX], const char *configuration);
/** Plan it, with default limits and options.base_layers given. */
enum lopt_status test_opened_plan(struct test_opened *opened, struct lopt_repack_options options,
				  struct lopt_error *err);
void test_opened_close(struct test_opened *opened);

#endif
