/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "layeropt/analysis.h"
#include "support/archive.h"
#include "support/identities.h"
#include "support/stack.h"

static struct lopt_error err;

#define STATUS "var/lib/dpkg/status"
#define LIST(name) "var/lib/dpkg/info/" name ".list"
#define STATES "var/lib/apt/extended_states"
#define PACKAGE(name) "Package: " name "\nArchitecture: amd64\n"
#define AUTO(name) "Package: " name "\nArchitecture: amd64\nAuto-Installed: 1\n\n"

enum { FILES_MAX = 32 };

static struct lopt_image *open_files(const struct test_file *files, int *fd)
{
	const struct lopt_open_options options = { .keep = lopt_analysis_keep };
	struct lopt_buf layers[TEST_LAYERS_MAX];
	struct lopt_image *image = NULL;
	size_t count = 0;
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		layers[i] = LOPT_BUF_INIT(1 << 20);
	for (size_t i = 0; files[i].path; i++) {
		test_file(&layers[files[i].layer], &files[i]);
		count = files[i].layer + 1 > count ? files[i].layer + 1 : count;
	}
	for (size_t i = 0; i < count; i++)
		test_tar_end(&layers[i]);
	if (test_open_layers(&image, layers, &options, fd, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&layers[i]);
	return image;
}

/* "MANAGER NAME VERSION: BYTES/FILES @LAYER@LAYER", and what is known of recommendations. */
static void print_row(struct lopt_buf *text, const struct lopt_package_row *row)
{
	if (row->manager)
		lopt_buf_printf(text, "%s %.*s %.*s", row->manager, LOPT_STR_ARGS(row->name),
				LOPT_STR_ARGS(row->version));
	lopt_buf_printf(text, ": %llu/%llu ", (unsigned long long)row->bytes, (unsigned long long)row->files);
	for (size_t i = 0; i < row->layer_count; i++)
		lopt_buf_printf(text, "@%zu", row->layers[i]);
	if (row->recommended_only)
		lopt_buf_printf(text, " brings %llu/%llu", (unsigned long long)row->brings_bytes,
				(unsigned long long)row->brings_packages);
	for (size_t i = 0; i < row->recommended_by_count; i++)
		lopt_buf_printf(text, " <- %.*s", LOPT_STR_ARGS(row->recommended_by[i]));
	lopt_buf_text(text, row->unneeded ? " unneeded\n" : "\n");
}

/* The rows but for files of databases, which nobody owns; then the findings about packages. */
static void check(const char *name, const struct test_file *files, const char *want)
{
	const struct lopt_analysis *analysis;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	int fd;
	struct lopt_image *image = open_files(files, &fd);
	if (lopt_analysis_make(&analysis, image, NULL, &err) != LOPT_OK)
		fail_msg("%s: %s", name, err.message);
	if (identity_broken(image, analysis))
		fail_msg("%s: %s", name, identity_broken(image, analysis));
	for (size_t i = 0; i < analysis->package_count; i++)
		if (analysis->packages[i].manager)
			print_row(&text, &analysis->packages[i]);
	for (size_t i = 0; i < analysis->finding_count; i++)
		if (strstr(analysis->findings[i].rule, "package"))
			lopt_buf_printf(&text, "%s @%d %llu: %.*s\n", analysis->findings[i].rule,
					(int)analysis->findings[i].layer,
					(unsigned long long)analysis->findings[i].bytes,
					LOPT_STR_ARGS(analysis->findings[i].message));
	if (strcmp(text.data ? text.data : "", want) != 0)
		fail_msg("%s:\n%s", name, text.data ? text.data : "");
	lopt_analysis_free(analysis);
	lopt_image_free(image);
	lopt_buf_release(&text);
	(void)close(fd);
}

static void gives_each_file_to_one_package(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct test_file files[FILES_MAX];
		const char *want;
	} cases[] = {
		{ "files, folders and what is not there",
		  { { STATUS, "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nVersion: 2-1\n", 0 },
		    { LIST("a"), "/.\n/usr\n/usr/a\n/usr/gone\n", 0 },
		    { LIST("b"), "/usr\n/usr/b\n/usr/empty\n", 0 },
		    { "usr/a", "12345", 0 },
		    { "usr/b", "123", 0 },
		    { "usr/empty", "", 0 },
		    { "usr/other", "1234567890", 0 } },
		  "dpkg a 1: 5/1 @0\ndpkg b 2-1: 3/2 @0\n" },
		{ "only the database that is seen counts",
		  { { STATUS, "Package: a\nVersion: 1\n", 0 },
		    { LIST("a"), "/a\n", 0 },
		    { "a", "12345", 0 },
		    { STATUS, "Package: a\nVersion: 2\n\nPackage: b\n", 1 },
		    { LIST("a"), "/a\n/c\n", 1 },
		    { LIST("b"), "/b\n", 1 },
		    { "b", "1", 1 },
		    { "c", "12", 1 },
		    { "var/lib/dpkg/info/.wh.b.list", "", 2 } },
		  "dpkg a 2: 7/2 @0@1\ndpkg b : 0/0 \n" },
		{ "no database left",
		  { { STATUS, "Package: a\n", 0 }, { LIST("a"), "/a\n", 0 }, { "a", "1", 0 }, { "var/.wh.lib", "", 1 } },
		  "" },
		{ "merged folders, and a link that is listed",
		  { { STATUS, "Package: a\n\nPackage: b\n", 0 },
		    { LIST("a"), "/bin/a\n/lib/x/a\n/usr/lib/y\n/bin\n", 0 },
		    { LIST("b"), "/usr/bin/b\n/bin/link\n", 0 },
		    { "usr/bin/", NULL, 0 },
		    { "usr/lib/x/", NULL, 0 },
		    { "bin", "-> usr/bin", 0 },
		    { "lib", "-> /usr/lib", 0 },
		    { "usr/bin/a", "1", 0 },
		    { "usr/bin/b", "12", 0 },
		    { "usr/bin/link", "-> a", 0 },
		    { "usr/lib/x/a", "123", 0 },
		    { "usr/lib/y", "1234", 0 } },
		  "dpkg a : 8/3 @0\ndpkg b : 2/1 @0\n" },
		{ "diversions",
		  { { STATUS, "Package: a\n\nPackage: b\n\nPackage: c\n", 0 },
		    { LIST("a"), "/usr/x\n/usr/y\n", 0 },
		    { LIST("b"), "/usr/x\n", 0 },
		    { LIST("c"), "/usr/y\n", 0 },
		    { "var/lib/dpkg/diversions", "/usr/x\n/usr/x.real\nb\n/usr/y\n/usr/y.real\n:\n", 0 },
		    { "usr/x", "12", 0 },
		    { "usr/x.real", "123", 0 },
		    { "usr/y", "1234", 0 },
		    { "usr/y.real", "12345", 0 } },
		  "dpkg a : 8/2 @0\ndpkg b : 2/1 @0\ndpkg c : 0/0 \n" },
		{ "several names of a file, and several packages for one name",
		  { { STATUS, "Package: b\n\nPackage: a\n", 0 },
		    { LIST("a"), "/two\n/both\n", 0 },
		    { LIST("b"), "/one\n/both\n", 0 },
		    { "one", "12345", 0 },
		    { "two", "=> one", 0 },
		    { "both", "1", 0 } },
		  "dpkg a : 6/2 @0\ndpkg b : 0/0 \n" },
		{ "several architectures",
		  { { STATUS,
		      "Package: a\nArchitecture: i386\nMulti-Arch: same\n\nPackage: a\nArchitecture: amd64\nMulti-Arch: same\n\n"
		      "Package: b\nArchitecture: amd64\nMulti-Arch: same\n\nPackage: c\nArchitecture: all\n",
		      0 },
		    { LIST("a:i386"), "/i\n", 0 },
		    { LIST("a:amd64"), "/a\n", 0 },
		    { LIST("b:amd64"), "/b\n", 0 },
		    { LIST("c"), "/c\n", 0 },
		    { "i", "1234", 0 },
		    { "a", "123", 0 },
		    { "b", "12", 0 },
		    { "c", "1", 0 } },
		  "dpkg a:i386 : 4/1 @0\ndpkg a:amd64 : 3/1 @0\ndpkg b : 2/1 @0\ndpkg c : 1/1 @0\n" },
		{ "removed packages, stanzas twice, names that cannot be",
		  { { STATUS,
		      "Package: a\nStatus: deinstall ok config-files\n\nPackage: b\nVersion: 1\n\nPackage: b\nVersion: 2\n\n"
		      "Package: ../../../../x\n",
		      0 },
		    { LIST("a"), "/etc/a\n", 0 },
		    { LIST("b"), "/b\n", 0 },
		    { "etc/a", "123", 0 },
		    { "b", "1", 0 },
		    { "x.list", "/etc/a\n", 0 } },
		  "dpkg b 2: 1/1 @0\ndpkg ../../../../x : 0/0 \n" },
		{ "without dpkg's own folder of lists",
		  { { "var/lib/dpkg/status.d/a", "Package: a\nVersion: 1\n", 0 },
		    { "var/lib/dpkg/status.d/a.md5sums", "d41d8cd98f00b204e9800998ecf8427e  bin/a\n", 0 },
		    { "var/lib/dpkg/status.d/b", "Package: b\nVersion: 1\n", 1 },
		    { "var/lib/dpkg/status.d/b.md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/b\n", 1 },
		    { "usr/bin/a", "123", 0 },
		    { "bin", "-> usr/bin", 0 },
		    { "usr/b", "12", 1 } },
		  "dpkg a 1: 3/1 @0\ndpkg b 1: 2/1 @1\n" },
		{ "the operating system's manager first",
		  { { STATUS, "Package: r-cran-x\nVersion: 1-1\n", 0 },
		    { LIST("r-cran-x"), "/usr/R/x/DESCRIPTION\n/usr/R/x/code\n", 0 },
		    { "usr/R/x/DESCRIPTION", "Package: x\nVersion: 1\nBuilt: R 4\n", 0 },
		    { "usr/R/x/code", "12345", 0 },
		    { "usr/R/x/more", "1", 0 },
		    { "usr/R/y/DESCRIPTION", "Package: y\nVersion: 2\nBuilt: R 4\n", 0 },
		    { "usr/R/y/code", "12", 0 } },
		  "dpkg r-cran-x 1-1: 38/2 @0\nR y 2: 35/2 @0\nR x 1: 1/1 @0\n" },
		{ "bytecode that nobody lists, of sources that somebody has",
		  { { STATUS, "Package: a\n", 0 },
		    { LIST("a"), "/usr/lib/a.py\n/usr/lib/d/b.py\n", 0 },
		    { "usr/lib/a.py", "1", 0 },
		    { "usr/lib/d/b.py", "1", 0 },
		    { "usr/lib/c.py", "1", 0 },
		    { "usr/lib/__pycache__/a.cpython-311.pyc", "123", 0 },
		    { "usr/lib/__pycache__/a.cpython-311.opt-1.pyc", "1234", 1 },
		    { "usr/lib/d/__pycache__/b.cpython-311.pyc", "12345", 1 },
		    { "usr/lib/__pycache__/c.cpython-311.pyc", "123456", 1 },
		    { "usr/lib/__pycache__/gone.cpython-311.pyc", "123456", 1 } },
		  "dpkg a : 14/5 @0@1\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(cases[i].name, cases[i].files, cases[i].want);
}

static void tells_what_is_only_recommended(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct test_file files[FILES_MAX];
		const char *want;
	} cases[] = {
		{ "what each recommendation brings in, and where it came from",
		  { { STATUS,
		      PACKAGE("a") "Depends: b\nRecommends: c, d\n\n" PACKAGE(
			      "b") "\n"
				   "Package: c\nArchitecture: all\nDepends: e, f\n\n" PACKAGE(
					   "d") "Depends: f\nRecommends: c\n\n" PACKAGE("e") "\n" PACKAGE("f") "\n" PACKAGE("g"),
		      1 },
		    { STATES, AUTO("b") AUTO("c") AUTO("d") AUTO("e") AUTO("f") AUTO("g"), 1 },
		    { LIST("a"), "/a\n", 0 },
		    { LIST("b"), "/b\n", 1 },
		    { LIST("c"), "/c\n", 1 },
		    { LIST("d"), "/d\n", 1 },
		    { LIST("e"), "/e\n", 1 },
		    { LIST("f"), "/f\n", 1 },
		    { LIST("g"), "/g\n", 0 },
		    { "a", "1", 0 },
		    { "b", "1", 1 },
		    { "c", "12345", 1 },
		    { "d", "123", 1 },
		    { "e", "1234", 1 },
		    { "f", "12", 1 },
		    { "g", "123456", 0 } },
		  "dpkg g : 6/1 @0 unneeded\n"
		  "dpkg c : 5/1 @1 brings 9/2 <- a <- d\n"
		  "dpkg e : 4/1 @1 brings 4/1\n"
		  "dpkg d : 3/1 @1 brings 3/1 <- a\n"
		  "dpkg f : 2/1 @1 brings 2/1\n"
		  "dpkg a : 1/1 @0\n"
		  "dpkg b : 1/1 @1\n"
		  "recommended-packages @1 14: 4 packages are there only because others recommend them: "
		  "c with 1 more (9 B), d (3 B), f (2 B)\n"
		  "unneeded-packages @0 6: 1 package is there only for others that are gone: g (6 B)\n" },
		{ "who installed a package, not who touched it last",
		  { { STATUS, PACKAGE("a") "Recommends: b\n\n" PACKAGE("b"), 0 },
		    { STATES, AUTO("b"), 0 },
		    { LIST("b"), "/b\n", 0 },
		    { "b", "123", 0 },
		    { LIST("b"), "/b\n", 1 },
		    { "b", "12345", 1 } },
		  "dpkg b : 5/1 @1 brings 5/1 <- a\ndpkg a : 0/0 \n"
		  "recommended-packages @0 5: 1 package is there only because others recommend it: b (5 B)\n" },
		{ "without apt's states somebody asked for everything",
		  { { STATUS, "Package: a\nRecommends: b\n\nPackage: b\n", 0 },
		    { LIST("b"), "/b\n", 0 },
		    { "b", "123", 0 } },
		  "dpkg b : 3/1 @0\ndpkg a : 0/0 \n" },
		{ "a package that only another layer's recommendation needs",
		  { { STATUS, PACKAGE("a") "Recommends: b\n\n" PACKAGE("b") "Depends: c\n\n" PACKAGE("c"), 1 },
		    { STATES, AUTO("b") AUTO("c"), 1 },
		    { LIST("b"), "/b\n", 1 },
		    { LIST("c"), "/c\n", 0 },
		    { "b", "123", 1 },
		    { "c", "12", 0 } },
		  "dpkg b : 3/1 @1 brings 5/2 <- a\ndpkg c : 2/1 @0 brings 2/1\ndpkg a : 0/0 \n"
		  "recommended-packages @1 3: 1 package is there only because others recommend it: b with 1 more (5 B)\n"
		  "recommended-packages @0 2: 1 package is there only because others recommend it: c (2 B)\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(cases[i].name, cases[i].files, cases[i].want);
}

static void goes_on_without_a_database_that_asks_too_much(void **state)
{
	(void)state;
	char folder[1000], text[2000];
	memset(folder, 'f', sizeof folder - 1);
	folder[sizeof folder - 1] = '\0';
	int n = snprintf(text, sizeof text, "P:b\nV:1\nR:a\nF:%s\n", folder);
	while (n < (int)sizeof text - 5)
		n += snprintf(text + n, sizeof text - (size_t)n, "R:x\n");
	const struct test_file files[] = {
		{ STATUS, "Package: a\n", 0 },	     { LIST("b"), "/b\n", 0 }, { "a", "1", 0 },
		{ "lib/apk/db/installed", text, 0 }, { NULL, NULL, 0 },
	};
	check("asks too much", files,
	      "apk b 1: 1/1 @0\ndpkg a : 0/0 \n"
	      "package-database-unread @0 0: apk database: its paths are more than 16 times as long as it is itself; "
	      "some of its packages may be missing\n");
}

static void keeps_databases_whatever_their_mode(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum lopt_keep want;
	} cases[] = {
		{ STATUS, LOPT_KEEP_ALL },
		{ LIST("a"), LOPT_KEEP_ALL },
		{ "lib/apk/db/installed", LOPT_KEEP_ALL },
		{ "usr/bin/program", LOPT_KEEP_SECTIONS },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct lopt_entry entry = {
			.path = lopt_str_from(cases[i].path), .mode = 0755, .size = 4096, .type = LOPT_FILE
		};
		assert_int_equal(lopt_analysis_keep(&entry, lopt_str_make(NULL, 0)), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_each_file_to_one_package),
		cmocka_unit_test(tells_what_is_only_recommended),
		cmocka_unit_test(goes_on_without_a_database_that_asks_too_much),
		cmocka_unit_test(keeps_databases_whatever_their_mode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
