/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "package/dpkg.h"

static void knows_its_files(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		bool want;
	} cases[] = {
		{ "var/lib/dpkg/status", true },
		{ "var/lib/dpkg/status-old", false },
		{ "var/lib/dpkg/status.d/base", true },
		{ "var/lib/dpkg/status.d/base.md5sums", true },
		{ "var/lib/dpkg/status.d", false },
		{ "var/lib/dpkg/info/bash.list", true },
		{ "var/lib/dpkg/info/libc6:amd64.list", true },
		{ "var/lib/dpkg/info/bash.md5sums", false },
		{ "var/lib/dpkg/info/bash.postinst", false },
		{ "var/lib/dpkg/diversions", true },
		{ "var/lib/dpkg/diversions-old", false },
		{ "var/lib/apt/extended_states", true },
		{ "srv/var/lib/dpkg/status", false },
		{ "", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (lopt_dpkg_has_file(lopt_str_from(cases[i].path)) != cases[i].want)
			fail_msg("%s: not %d", cases[i].path, cases[i].want);
}

/* --- stanzas --- */

static void print_stanzas(struct lopt_buf *text, struct lopt_str status)
{
	struct lopt_dpkg_stanza stanza;
	while (lopt_dpkg_stanza_next(&status, &stanza)) {
		lopt_buf_printf(text, "%.*s %.*s %.*s", LOPT_STR_ARGS(stanza.package), LOPT_STR_ARGS(stanza.version),
				LOPT_STR_ARGS(stanza.architecture));
		lopt_buf_text(text, lopt_dpkg_is_unpacked(&stanza) ? "" : " absent");
		lopt_buf_text(text, lopt_dpkg_is_kept(&stanza) ? " kept" : "");
		if (lopt_str_is(stanza.auto_installed, "1"))
			lopt_buf_text(text, " auto");
		if (stanza.depends.len)
			lopt_buf_printf(text, " [%.*s]", LOPT_STR_ARGS(stanza.depends));
		lopt_buf_char(text, ';');
	}
}

static void reads_stanzas(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "\n\n\n", "" },
		{ "Package: a\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n", "a 1.0-1 amd64;" },
		{ "Package: a\n\nPackage: b\n\n\nPackage: c", "a  ;b  ;c  ;" },
		{ "package:a\nVERSION:  2 \n", "a 2 ;" },
		{ "Package: a\r\nVersion: 1\r\n\r\nPackage: b\r\n", "a 1 ;b  ;" },
		{ "Package: a\nDescription: x\n Version: no\n .\n\tDepends: no\nVersion: 1\n", "a 1 ;" },
		{ "Package: a\nDepends: b,\n c (>= 1),\n d\nVersion: 1\n", "a 1  [b,\n c (>= 1),\n d];" },
		/* what goes on without a beginning, lines of no form, no name */
		{ " x\nPackage: a\nnonsense\n: y\n z\n", "a  ;" },
		{ "Version: 1\n\nPackage: a\n", "a  ;" },
		{ "Package:\n\nPackage: b\n", "b  ;" },
		/* the last of a field counts */
		{ "Package: a\nVersion: 1\nVersion: 2\n", "a 2 ;" },
		/* how far a package is installed */
		{ "Package: a\nStatus: deinstall ok config-files\n", "a   absent;" },
		{ "Package: a\nStatus: purge ok not-installed\n", "a   absent;" },
		{ "Package: a\nStatus: install reinstreq half-installed\n", "a  ;" },
		{ "Package: a\nStatus: hold ok installed\n", "a   kept;" },
		{ "Package: a\nStatus: install\n", "a  ;" },
		{ "Package: a\nStatus:  install  ok  config-files \n", "a   absent;" },
		/* what apt keeps */
		{ "Package: a\nEssential: yes\n", "a   kept;" },
		{ "Package: a\nProtected: yes\n", "a   kept;" },
		{ "Package: a\nImportant: yes\n", "a   kept;" },
		{ "Package: a\nPriority: required\n", "a   kept;" },
		{ "Package: a\nPriority: important\nEssential: no\n", "a  ;" },
		{ "Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: b\nAuto-Installed: 0\n",
		  "a  amd64 auto;b  ;" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf text = LOPT_BUF_INIT(1 << 12);
		lopt_buf_text(&text, "");
		print_stanzas(&text, lopt_str_from(cases[i].text));
		assert_string_equal(text.data ? text.data : "", cases[i].want);
		lopt_buf_release(&text);
	}
}

/* --- relations --- */

static void print_relations(struct lopt_buf *text, struct lopt_str field)
{
	static const char *const operators[] = { "", "<<", "<=", "=", ">=", ">>" };
	struct lopt_dpkg_relation relation;
	while (lopt_dpkg_relation_next(&field, &relation)) {
		lopt_buf_printf(text, "%s%.*s",
				relation.alternative ? "|"
				: text->len	     ? ","
						     : "",
				LOPT_STR_ARGS(relation.name));
		if (relation.architecture.len)
			lopt_buf_printf(text, ":%.*s", LOPT_STR_ARGS(relation.architecture));
		if (relation.operator!= LOPT_DPKG_ANY)
			lopt_buf_printf(text, "%s%.*s", operators[relation.operator], LOPT_STR_ARGS(relation.version));
	}
}

static void reads_relations(void **state)
{
	(void)state;
	static const struct {
		const char *field, *want;
	} cases[] = {
		{ "", "" },
		{ "a", "a" },
		{ "a, b,c", "a,b,c" },
		{ "a | b, c|d | e", "a|b,c|d|e" },
		{ "a (>= 1:2.0~rc-1), b (<< 3)", "a>=1:2.0~rc-1,b<<3" },
		{ "a(=1),b( >>2 ),c (<= 3)", "a=1,b>>2,c<=3" },
		{ "a (< 1), b (> 2)", "a<=1,b>=2" },
		{ "python3:any (>= 3.9~), libc6:amd64", "python3:any>=3.9~,libc6:amd64" },
		{ "a [amd64] (>= 1) <!nocheck>, b<x>", "a>=1,b" },
		{ "a,\n b (>=\n 1)\n | c\n", "a,b>=1|c" },
		/* what is nothing */
		{ ", ,| |,", "" },
		{ "a || b, | c, |, d", "a|b|c,d" },
		{ "(>= 1), a", "a" },
		{ "a (>= 1, b", "a,b" },
		{ "a (1), b (), c (>=)", "a,b,c>=" },
		{ "a:, :b", "a" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf text = LOPT_BUF_INIT(1 << 12);
		print_relations(&text, lopt_str_from(cases[i].field));
		assert_string_equal(text.data ? text.data : "", cases[i].want);
		lopt_buf_release(&text);
	}
}

/* --- versions --- */

static void orders_versions(void **state)
{
	(void)state;
	/* deb-version(7); each row from the earliest to the latest, "==" between equals */
	static const char *const rows[] = {
		"1.0~~ 1.0~~a 1.0~ 1.0~rc1 1.0 1.0a 1.0+b 1.0.1 1.2 1.10",
		"0:1 == 1 == 1-0 == 1-00 1-0.1 1-1 1-1.1 1-10 1:0 1:1 2:0~",
		"~ == 0:~- 0 == 00 == - == 0-0 a b z + .",
		"1.2.3-4 1.2.3-4+b1 1.2.3-4+deb12u1 1.2.3-5",
		"1-1-1 1-2-1 2-1",
		"9 10 99999999999999999999 100000000000000000000",
		"007 == 7 08",
		"6.1.0~git 6.1.0 6.1.0-1 6.1.0+ds",
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char copy[256], *rest = copy, *before = NULL, *word;
		bool equal = false;
		(void)snprintf(copy, sizeof copy, "%s", rows[i]);
		while ((word = strtok_r(rest, " ", &rest))) {
			if (strcmp(word, "==") == 0) {
				equal = true;
				continue;
			}
			if (before) {
				int forth = lopt_dpkg_version_compare(lopt_str_from(before), lopt_str_from(word));
				int back = lopt_dpkg_version_compare(lopt_str_from(word), lopt_str_from(before));
				if (equal ? forth || back : forth >= 0 || back <= 0)
					fail_msg("%s and %s: %d, %d", before, word, forth, back);
			}
			before = word;
			equal = false;
		}
	}
}

static void fits_versions(void **state)
{
	(void)state;
	static const struct {
		const char *version, *relation;
		bool want;
	} cases[] = {
		{ "1", "a", true },	      { "", "a", true },	  { "", "a (>= 0)", false },
		{ "1", "a (= 1)", true },     { "1-0", "a (= 1)", true }, { "2", "a (= 1)", false },
		{ "2", "a (>> 1)", true },    { "1", "a (>> 1)", false }, { "1", "a (>= 1)", true },
		{ "0", "a (<< 1)", true },    { "1", "a (<< 1)", false }, { "1", "a (<= 1)", true },
		{ "1.1", "a (<= 1)", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_str field = lopt_str_from(cases[i].relation);
		struct lopt_dpkg_relation relation;
		assert_true(lopt_dpkg_relation_next(&field, &relation));
		if (lopt_dpkg_version_fits(lopt_str_from(cases[i].version), &relation) != cases[i].want)
			fail_msg("%s %s", cases[i].version, cases[i].relation);
	}
}

/* --- files --- */

static void reads_lists(void **state)
{
	(void)state;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 12);
	struct lopt_str list = lopt_str_from("/.\n/usr\n/usr/with blank\n\n/end"), path;
	while (lopt_dpkg_list_next(&list, &path))
		lopt_buf_printf(&text, "%.*s;", LOPT_STR_ARGS(path));
	list = lopt_str_from("d41d8cd98f00b204e9800998ecf8427e  usr/a\nshort  x\n\n"
			     "d41d8cd98f00b204e9800998ecf8427e *usr/b  c\nd41d8cd98f00b204e9800998ecf8427e  \n"
			     "d41d8cd98f00b204e9800998ecf8427e__usr/c\n");
	while (lopt_dpkg_sums_next(&list, &path))
		lopt_buf_printf(&text, "%.*s;", LOPT_STR_ARGS(path));
	assert_string_equal(text.data, "/.;/usr;/usr/with blank;/end;usr/a;usr/b  c;");
	lopt_buf_release(&text);
}

static void reads_diversions(void **state)
{
	(void)state;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 12);
	struct lopt_str file =
		lopt_str_from("/bin/sh\n/bin/sh.distrib\ndash\n/usr/bin/x\n/usr/bin/x.real\n:\n/cut\n/off\n");
	struct lopt_dpkg_diversion diversion;
	while (lopt_dpkg_diversion_next(&file, &diversion))
		lopt_buf_printf(&text, "%.*s %.*s %.*s;", LOPT_STR_ARGS(diversion.from), LOPT_STR_ARGS(diversion.to),
				LOPT_STR_ARGS(diversion.package));
	assert_string_equal(text.data, "/bin/sh /bin/sh.distrib dash;/usr/bin/x /usr/bin/x.real :;");
	lopt_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_files),  cmocka_unit_test(reads_stanzas), cmocka_unit_test(reads_relations),
		cmocka_unit_test(orders_versions),  cmocka_unit_test(fits_versions), cmocka_unit_test(reads_lists),
		cmocka_unit_test(reads_diversions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
