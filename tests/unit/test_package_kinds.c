/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "package/kinds.h"
#include "package/teller.h"
#include "support/recorder.h"

static void knows_databases_by_their_paths(void **state)
{
	(void)state;
	static const struct {
		const char *path, *what;
	} cases[] = {
		{ "lib/apk/db/installed", "apk database" },
		{ "usr/lib/apk/db/installed", "apk database" },
		{ "opt/lib/apk/db/installed", NULL },
		{ "apk/db/installed", NULL },
		{ "lib/apk/db/installed/x", NULL },
		{ "lib/apk/db/xinstalled", NULL },
		{ "installed", NULL },
		{ "var/lib/rpm/rpmdb.sqlite", "rpm database" },
		{ "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", "rpm database" },
		{ "usr/share/rpm/rpmdb.sqlite", "rpm database" },
		{ "var/lib/rpm/Packages", "rpm database" },
		{ "usr/lib/sysimage/rpm/Packages.db", "rpm database" },
		{ "var/lib/rpm/rpmdb.sqlite-shm", NULL },
		{ "var/lib/rpm/Name", NULL },
		{ "srv/var/lib/rpm/Packages", NULL },
		{ "usr/lib/python3/dist-packages/six-1.0.dist-info/RECORD", "Python RECORD" },
		{ "six-1.0.dist-info/RECORD", "Python RECORD" },
		{ ".dist-info/RECORD", NULL },
		{ "six-1.0/RECORD", NULL },
		{ "six-1.0.dist-info/a/RECORD", NULL },
		{ "srv/six-1.0.egg-info/installed-files.txt", "Python egg" },
		{ "srv/six-1.0.egg-info/top_level.txt", "Python egg" },
		{ "srv/six-1.0-py3.8.egg/EGG-INFO/PKG-INFO", "Python egg" },
		{ "srv/six-1.0-py3.8/EGG-INFO/PKG-INFO", NULL },
		{ "opt/conda/conda-meta/zlib-1.2.13-h166bdaf_4.json", "conda package" },
		{ "conda-meta/a-1-0.json", "conda package" },
		{ "opt/conda/conda-meta/history", NULL },
		{ "opt/conda/conda-meta/.json", NULL },
		{ "opt/conda/pkgs/a-1-0/info/index.json", NULL },
		{ "srv/node_modules/a/package.json", "npm package" },
		{ "node_modules/a/node_modules/@b/c/package.json", "npm package" },
		{ "node_modules/a/dist/package.json", NULL },
		{ "node_modules/a/b/c/package.json", NULL },
		{ "node_modules/package.json", NULL },
		{ "srv/package.json", NULL },
		{ "usr/lib/R/library/base/DESCRIPTION", "R package" },
		{ "DESCRIPTION", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct lopt_package_kind *kind = lopt_package_kind_of(lopt_str_from(cases[i].path));
		if (cases[i].what) {
			assert_non_null(kind);
			assert_string_equal(kind->what, cases[i].what);
			assert_non_null(kind->parse);
			assert_int_not_equal(kind->keep, LOPT_KEEP_NOTHING);
		} else {
			assert_null(kind);
		}
	}
}

#define LONG_NAME(n) (memset(name, 'x', sizeof name), lopt_str_make(name, n))

static void puts_paths_together(void **state)
{
	(void)state;
	static char name[LOPT_TOLD_PATH_MAX + 2];
	static const struct {
		const char *folder, *name, *want;
	} cases[] = {
		{ "usr/lib", "a/b", "  usr/lib/a/b\n" },
		{ "", "a", "  a\n" },
		{ "usr/lib", "./a//b/", "  usr/lib/a/b\n" },
		{ "usr/lib/x", "../../bin/a", "  usr/bin/a\n" },
		{ "usr", "../a", "  a\n" },
		{ "usr", "/etc/a", "  etc/a\n" },
		{ "usr", "..a", "  usr/..a\n" },
		{ "/usr//lib/", "a", "  usr/lib/a\n" },
		{ "usr/./x/..", "a/", "  usr/a\n" },
		{ "..", "a", "" },
		{ "usr", ".", "  usr\n" },
		{ "usr", "", "" },   /* no name */
		{ "usr", "..", "" }, /* the root */
		{ "usr", "/", "" },
		{ "usr", "../../a", "" }, /* leaves the root */
	};
	struct lopt_error err;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct test_recorder recorder;
		struct lopt_teller teller;
		test_recorder_init(&recorder);
		lopt_teller_init(&teller, &recorder.sink, lopt_str_make(NULL, 0));
		assert_int_equal(lopt_teller_file(&teller, lopt_str_from(cases[i].folder), lopt_str_from(cases[i].name),
						  &err),
				 LOPT_OK);
		assert_string_equal(recorder.text.data ? recorder.text.data : "", cases[i].want);
		lopt_teller_release(&teller);
		test_recorder_release(&recorder);
	}
	struct test_recorder recorder;
	struct lopt_teller teller;
	test_recorder_init(&recorder);
	lopt_teller_init(&teller, &recorder.sink, lopt_str_make(NULL, 0));
	struct lopt_str none = lopt_str_make(NULL, 0), a = lopt_str_from("a");
	assert_int_equal(lopt_teller_file(&teller, none, LONG_NAME(LOPT_TOLD_PATH_MAX + 1), &err), LOPT_OK);
	assert_int_equal(lopt_teller_file(&teller, LONG_NAME(LOPT_TOLD_PATH_MAX - 1), a, &err), LOPT_OK);
	assert_int_equal(lopt_teller_file(&teller, none, lopt_str_make("a\0b", 3), &err), LOPT_OK);
	assert_int_equal(recorder.calls, 0);
	assert_int_equal(lopt_teller_file(&teller, none, LONG_NAME(LOPT_TOLD_PATH_MAX - 1), &err), LOPT_OK);
	assert_int_equal(lopt_teller_tree(&teller, LONG_NAME(LOPT_TOLD_PATH_MAX - 2), a, &err), LOPT_OK);
	assert_int_equal(recorder.calls, 2);
	lopt_teller_release(&teller);
	test_recorder_release(&recorder);
}

/* A folder named once and many files in it: more paths than any database has. */
static void bounds_what_a_database_stands_for(void **state)
{
	(void)state;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 20);
	lopt_buf_text(&text, "P:a\nF:");
	for (int i = 0; i < 4000; i++)
		lopt_buf_char(&text, 'x');
	for (int i = 0; i < 1000; i++)
		lopt_buf_text(&text, "\nR:a");
	struct test_recorder recorder;
	struct lopt_error err;
	struct lopt_str path = lopt_str_from("lib/apk/db/installed");
	test_recorder_init(&recorder);
	assert_int_equal(lopt_package_kind_of(path)->parse(lopt_buf_view(&text), path, &recorder.sink, &err),
			 LOPT_E_LIMIT);
	assert_true(recorder.text.len < 2 * LOPT_TOLD_RATIO * text.len);
	test_recorder_release(&recorder);
	lopt_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_databases_by_their_paths),
		cmocka_unit_test(puts_paths_together),
		cmocka_unit_test(bounds_what_a_database_stands_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
