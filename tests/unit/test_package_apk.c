/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/recorder.h"

#define PATH "lib/apk/db/installed"

static void reads_apk(void **state)
{
	(void)state;
	static const struct test_package_case cases[] = {
		{ .path = PATH,
		  .text = "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nS:383152\nI:622592\nT:the musl c library\n"
			  "L:MIT\no:musl\nt:1700\nc:abc\np:so:libc.musl-x86_64.so.1=1\n"
			  "F:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1x=\nR:libc.musl-x86_64.so.1\na:0:0:777\nZ:Q1y=\n"
			  "\n"
			  "P:base\nV:3.19-r0\nF:\nM:0:0:755\nR:.dockerenv\nF:etc\nF:etc/apk\nM:0:0:700\nR:arch\n\n",
		  .want = "apk: musl 1.2.4-r2\n  lib\n  lib/ld-musl-x86_64.so.1\n  lib/libc.musl-x86_64.so.1\n"
			  "apk: base 3.19-r0\n  .dockerenv\n  etc\n  etc/apk\n  etc/apk/arch\n" },
		/* a package without files; no empty line at the end */
		{ .path = "usr/" PATH, .text = "P:a\nV:1\n\nP:b\nV:2", .want = "apk: a 1\napk: b 2\n" },
		/* empty lines anywhere, carriage returns */
		{ .path = PATH, .text = "\n\nP:a\r\nV:1\r\nF:x\r\n\n\n\n", .want = "apk: a 1\n  x\n" },
		/* no version; what comes behind the first file is too late */
		{ .path = PATH, .text = "P:a\nF:x\nV:1\nP:b\nR:y\n", .want = "apk: a \n  x\n  x/y\n" },
		/* no name: nobody owns its files */
		{ .path = PATH, .text = "V:1\nF:x\nR:y\n\nP:b\nV:2\n", .want = "apk: b 2\n" },
		/* a file before any folder lies at the root, also in the next record */
		{ .path = PATH, .text = "P:a\nF:x\n\nP:b\nR:y\n", .want = "apk: a \n  x\napk: b \n  y\n" },
		/* lines of no such form; empty names; names that lead elsewhere */
		{ .path = PATH, .text = "P:a\nF\nnonsense\n:\nR:\nF:..\nR:../..\n", .want = "apk: a \n" },
		{ .path = PATH, .text = "P:a\nF:x\0y\nR:z\n", .size = 14, .want = "apk: a \n" },
		{ .path = PATH, .text = "", .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_apk) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
