/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "package/r.h"
#include "support/recorder.h"

static void reads_descriptions(void **state)
{
	(void)state;
	static const struct test_package_case cases[] = {
		{ .path = "usr/local/lib/R/site-library/rlang/DESCRIPTION",
		  .text = "Package: rlang\nVersion: 1.1.1\nTitle: Functions for Base Types\nAuthors@R: c(\n"
			  "    person(\"Lionel\", \"Henry\"))\nDescription: A toolbox\n    Package: not this\n"
			  "Built: R 4.2.2; x86_64-pc-linux-gnu; 2023-05-01 10:00:00 UTC; unix\n",
		  .want = "R: rlang 1.1.1\n  usr/local/lib/R/site-library/rlang/\n" },
		/* order of fields, carriage returns, no version */
		{ .path = "srv/a/DESCRIPTION", .text = "Built:x\r\nPackage:\ta \r\n", .want = "R: a \n  srv/a/\n" },
		/* a source package, one under another name, one without a name */
		{ .path = "srv/a/DESCRIPTION", .text = "Package: a\nVersion: 1\nTitle: Built: x\n", .want = "" },
		{ .path = "srv/b/DESCRIPTION", .text = "Package: a\nVersion: 1\nBuilt: x\n", .want = "" },
		{ .path = "srv/a/DESCRIPTION", .text = "Version: 1\nBuilt: x\n", .want = "" },
		{ .path = "srv/a/DESCRIPTION", .text = "\0\xff\n:::\n\n", .size = 7, .want = "" },
		{ .path = "srv/a/DESCRIPTION", .text = "", .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

static void splits_packages(void **state)
{
	(void)state;
	static const struct {
		const char *inside, *want;
	} cases[] = {
		{ "R/rlang.rdb", "code" },
		{ "libs/rlang.so", "libs" },
		{ "help/rlang.rdb", "help" },
		{ "html/00Index.html", "help" },
		{ "man/a.Rd", "help" },
		{ "doc/a.pdf", "doc" },
		{ "demo/a.R", "doc" },
		{ "data/Rdata.rdb", "data" },
		{ "tests/testthat/a.R", "tests" },
		{ "DESCRIPTION", "other" },
		{ "Meta/package.rds", "other" },
		{ "include/a/R/b.h", "other" },
		{ "R", "other" },
		{ "", "other" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(lopt_r_part_name(lopt_r_part_of(lopt_str_from(cases[i].inside))), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_descriptions),
		cmocka_unit_test(splits_packages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
