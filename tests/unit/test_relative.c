/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/relative.h"

static const struct {
	const char *name, *file;
	const char *seen; /* NULL: the text does not tell */
} cases[] = {
	{ "Dockerfile", ".layeropt.yaml", "Dockerfile" },
	{ "./Dockerfile", "x.yaml", "Dockerfile" },
	{ "sub/Dockerfile", "sub/x.yaml", "Dockerfile" },
	{ "sub//./Dockerfile", "./sub/x.yaml", "Dockerfile" },
	{ "sub/Dockerfile", ".layeropt.yaml", "sub/Dockerfile" },
	{ "sub/deep/Dockerfile", "sub/x.yaml", "deep/Dockerfile" },
	{ "Dockerfile", "sub/x.yaml", "../Dockerfile" },
	{ "a/Dockerfile", "b/c/x.yaml", "../../a/Dockerfile" },
	{ "a/b/Dockerfile", "a/c/x.yaml", "../b/Dockerfile" },
	{ "subway/Dockerfile", "sub/x.yaml", "../subway/Dockerfile" },
	{ "sub", "sub/x.yaml", "../sub" },
	{ "../Dockerfile", "../x.yaml", "Dockerfile" },
	{ "../../a/Dockerfile", "../x.yaml", "../a/Dockerfile" },
	{ "../Dockerfile", "x.yaml", "../Dockerfile" },
	{ "Dockerfile", "../x.yaml", NULL },
	{ "a/Dockerfile", "a/../b/x.yaml", NULL },
	{ "/srv/Dockerfile", "x.yaml", NULL },
	{ "Dockerfile", "/srv/x.yaml", NULL },
};

static void test_seen_from_the_folder(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(4096);
		bool told = lopt_relative(&out, cases[i].name, cases[i].file);
		assert_int_equal(told, cases[i].seen != NULL);
		assert_string_equal(out.data ? out.data : "", told ? cases[i].seen : "");
		lopt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_seen_from_the_folder) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
