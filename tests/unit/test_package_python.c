/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "package/python.h"
#include "support/recorder.h"

#define SITE "usr/lib/python3.11/site-packages"

static void reads_record(void **state)
{
	(void)state;
	static const struct test_package_case cases[] = {
		{ .path = SITE "/pip-23.0.1.dist-info/RECORD",
		  .text = "../../../bin/pip,sha256=abc,234\n"
			  "pip-23.0.1.dist-info/RECORD,,\n"
			  "pip/__init__.py,sha256=NuCUXYEPpgqzn6_8uTuVhbeKzeAP0W5Q2fSxvHxrRrc,357\n"
			  "pip/__pycache__/__init__.cpython-311.pyc,,\n",
		  .want = "pip: pip 23.0.1\n  usr/bin/pip\n  " SITE "/pip-23.0.1.dist-info/RECORD\n"
			  "  " SITE "/pip/__init__.py\n  " SITE "/pip/__pycache__/__init__.cpython-311.pyc\n" },
		/* quotes, also around a line end; lines without hash and size; carriage returns */
		{ .path = SITE "/a-1.dist-info/RECORD",
		  .text = "\"a,b.py\",sha256=x,1\r\n\"say \"\"hi\"\".py\",,\r\n\"two\nlines\",,\nplain.py\r\n",
		  .want = "pip: a 1\n  " SITE "/a,b.py\n  " SITE "/say \"hi\".py\n  " SITE "/two\nlines\n"
			  "  " SITE "/plain.py\n" },
		/* absolute paths (PEP 376); at the root of the image; the name with a dash */
		{ .path = "a-b-1.0+x.dist-info/RECORD",
		  .text = "/etc/a.conf,,\na.py,,",
		  .want = "pip: a-b 1.0+x\n  etc/a.conf\n  a.py\n" },
		/* climbs out of the root, leads nowhere, names nothing */
		{ .path = "srv/a-1.dist-info/RECORD",
		  .text = "../../x,,\n,,\n.,,\n\"\",,\n\n..,,\nb,,\n",
		  .want = "pip: a 1\n  srv\n  srv/b\n" },
		/* a quote that nothing ends takes the rest with it */
		{ .path = "srv/a-1.dist-info/RECORD", .text = "b,,\n\"c,,\nd,,\n", .want = "pip: a 1\n  srv/b\n" },
		{ .path = "srv/a-1.dist-info/RECORD", .text = "\"", .want = "pip: a 1\n" },
		{ .path = "srv/a-1.dist-info/RECORD", .text = "\"\"\"\"", .want = "pip: a 1\n  srv/\"\n" },
		{ .path = "srv/a-1.dist-info/RECORD", .text = "", .want = "pip: a 1\n" },
		/* no version, no name: whose they are cannot be told */
		{ .path = "srv/a.dist-info/RECORD", .text = "b,,\n", .want = "" },
		{ .path = "srv/-1.dist-info/RECORD", .text = "b,,\n", .want = "" },
		{ .path = "srv/a-.dist-info/RECORD", .text = "b,,\n", .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

static void reads_eggs(void **state)
{
	(void)state;
	static const struct test_package_case cases[] = {
		{ .path = SITE "/PyYAML-5.3.1-py3.8.egg-info/installed-files.txt",
		  .text = "../_yaml.so\n../yaml/__init__.py\n../../../../bin/y\nPKG-INFO\ntop_level.txt\n",
		  .want = "pip: PyYAML 5.3.1\n  " SITE "/_yaml.so\n  " SITE "/yaml/__init__.py\n  usr/bin/y\n"
			  "  " SITE "/PyYAML-5.3.1-py3.8.egg-info/PKG-INFO\n"
			  "  " SITE "/PyYAML-5.3.1-py3.8.egg-info/top_level.txt\n" },
		{ .path = "srv/PyYAML-5.3.1.egg-info/top_level.txt",
		  .text = "_yaml\nyaml\r\n\n.\n..\na/b\n",
		  .want = "pip: PyYAML 5.3.1\n  srv/_yaml/\n  srv/_yaml.py\n  srv/yaml/\n  srv/yaml.py\n" },
		{ .path = "srv/six-1.0-py3.8-linux-x86_64.egg/EGG-INFO/PKG-INFO",
		  .text = "Name: whatever\n",
		  .want = "pip: six 1.0\n  srv/six-1.0-py3.8-linux-x86_64.egg/\n" },
		/* a source tree, made ready with `pip install -e` */
		{ .path = "srv/six.egg-info/top_level.txt", .text = "six\n", .want = "" },
		{ .path = "srv/six.egg/EGG-INFO/PKG-INFO", .text = "x", .want = "" },
	};
	test_package_cases(cases, sizeof cases / sizeof cases[0]);
}

static void finds_the_source_of_bytecode(void **state)
{
	(void)state;
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "a/__pycache__/b.cpython-311.pyc", "a/b.py" },
		{ "a/__pycache__/b.cpython-311.opt-1.pyc", "a/b.py" },
		{ "__pycache__/b.pypy39.pyc", "b.py" },
		{ "a/__pycache__/b.py", NULL },
		{ "a/b.pyc", NULL },
		{ "a/__pycache__/.pyc", NULL },
		{ "__pycache__.pyc", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf source = LOPT_BUF_INIT(4096);
		assert_int_equal(lopt_python_source(&source, lopt_str_from(cases[i].path)), cases[i].want != NULL);
		if (cases[i].want)
			assert_string_equal(source.data, cases[i].want);
		else
			assert_int_equal(source.len, 0);
		lopt_buf_release(&source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_record),
		cmocka_unit_test(reads_eggs),
		cmocka_unit_test(finds_the_source_of_bytecode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
