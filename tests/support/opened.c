/* SPDX-License-Identifier: MIT */
#include "support/opened.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

const struct lopt_open_options test_opened_reading = {
	.want_fingerprints = true,
	.want_places = true,
	.verify_digests = true,
};

void test_opened_open(struct test_opened *out, const char *const layers[TEST_LAYERS_MAX], const char *configuration)
{
	struct lopt_buf tars[TEST_LAYERS_MAX];
	struct lopt_error err = { 0 };
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		tars[i] = LOPT_BUF_INIT(1 << 20);
		if (layers[i])
			test_layer(&tars[i], layers[i]);
	}
	*out = (struct test_opened){ 0 };
	if (test_open_configured(&out->image, tars, configuration, &test_opened_reading, &out->fd, &err) != LOPT_OK)
		fail_msg("%s: %s", layers[0], err.message);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&tars[i]);
}

enum lopt_status test_opened_plan(struct test_opened *opened, struct lopt_repack_options options,
				  struct lopt_error *err)
{
	options.limits = lopt_limits_default();
	options.has_base_layers = true;
	return lopt_repack_plan_make(&opened->plan, opened->image, &options, err);
}

void test_opened_close(struct test_opened *opened)
{
	lopt_repack_plan_release(&opened->plan);
	lopt_image_free(opened->image);
	(void)close(opened->fd);
}
