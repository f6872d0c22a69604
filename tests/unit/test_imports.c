/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "layer/imports.h"

/* The names with blanks between them. */
static void read_all(struct lopt_imports *imports, enum lopt_script script, bool quotes, struct lopt_str text,
		     size_t step)
{
	lopt_imports_begin(imports, script, quotes);
	for (size_t at = 0; at < text.len; at += step)
		assert_true(lopt_imports_feed(imports, lopt_str_make(text.ptr + at,
								     text.len - at < step ? text.len - at : step)));
	assert_true(lopt_imports_end(imports));
	for (size_t i = 0; i < imports->names.len; i++)
		if (!imports->names.data[i])
			imports->names.data[i] = ' ';
}

static void finds_what_is_imported(void **state)
{
	(void)state;
	static const struct {
		enum lopt_script script;
		bool quotes;
		const char *text, *want;
	} cases[] = {
		{ LOPT_SCRIPT_PYTHON, false, "import a\n", "a " },
		{ LOPT_SCRIPT_PYTHON, false, "import a", "a " },
		{ LOPT_SCRIPT_PYTHON, false, "import a\r\nimport\tb # c\r\n", "a b " },
		{ LOPT_SCRIPT_PYTHON, false, "import a.b as c, d ,e\n", "a.b d e " },
		{ LOPT_SCRIPT_PYTHON, false, "  \timport _a1; import b\n", "_a1 b " },
		{ LOPT_SCRIPT_PYTHON, false, "from a.b import c as d, e\n", "a.b a.b.c a.b.e " },
		{ LOPT_SCRIPT_PYTHON, false, "from a import (b, c)\nfrom d import (\n  e)\nfrom f import *\n",
		  "a a.b a.c d f " },
		{ LOPT_SCRIPT_PYTHON, false, "from . import a\nfrom .b import c\nimport 1a\nimport\nfrom a\n", "" },
		{ LOPT_SCRIPT_PYTHON, false, "# import a\nimports b\nimporta\nx = 'import c'\nyield from d import\n",
		  "" },
		{ LOPT_SCRIPT_PYTHON, true, "python3 -c 'import a' && python3 -c \"from b import c\"", "a b b.c " },
		{ LOPT_SCRIPT_PERL, false, "use strict;\nuse A::B 1.2 qw(c);\nrequire A::B::C;\n",
		  "strict.pm A/B.pm A/B/C.pm " },
		{ LOPT_SCRIPT_PERL, false, "use v5.10; use 5.010;\nuse base 'A::B', \"C\";\n",
		  "v5.pm base.pm A/B.pm C.pm " },
		{ LOPT_SCRIPT_PERL, false, "use parent -norequire, qw(A B::C);",
		  "parent.pm norequire.pm A.pm B/C.pm " },
		{ LOPT_SCRIPT_PERL, false, "require \"a.pl\"; require $b; used C; useD;", "" },
		{ LOPT_SCRIPT_PERL, true, "perl -e 'use A;'", "A.pm " },
		{ LOPT_SCRIPT_NONE, false, "import a\nuse A;\n", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step < 100; step += 7) {
			struct lopt_imports imports;
			read_all(&imports, cases[i].script, cases[i].quotes, lopt_str_from(cases[i].text), step);
			if (!lopt_str_is(lopt_buf_view(&imports.names), cases[i].want))
				fail_msg("%s: %s, not %s", cases[i].text, imports.names.data, cases[i].want);
			lopt_imports_release(&imports);
		}
}

/* However long a line is, and however many there are. */
static void takes_no_more_than_it_has_room_for(void **state)
{
	(void)state;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 20);
	struct lopt_imports imports;
	lopt_buf_text(&text, "import a");
	for (size_t i = 0; i < 2000; i++)
		lopt_buf_text(&text, ", b");
	for (size_t i = 0; i < 20000; i++)
		lopt_buf_printf(&text, "\nimport m%zu", i);
	read_all(&imports, LOPT_SCRIPT_PYTHON, false, lopt_buf_view(&text), 4096);
	assert_true(imports.names.len <= LOPT_IMPORTS_NAMES_MAX && imports.names.len > LOPT_IMPORTS_NAMES_MAX - 8);
	assert_true(lopt_str_starts(lopt_buf_view(&imports.names), "a b b"));
	lopt_imports_release(&imports);
	lopt_buf_release(&text);
}

static void knows_languages(void **state)
{
	(void)state;
	static const struct {
		const char *path, *head;
		enum lopt_script want;
	} cases[] = {
		{ "a/b.py", "", LOPT_SCRIPT_PYTHON },
		{ "a/b.pl", "", LOPT_SCRIPT_PERL },
		{ "a/B.pm", "", LOPT_SCRIPT_PERL },
		{ "a/b.pyc", "", LOPT_SCRIPT_NONE },
		{ "py", "python\n", LOPT_SCRIPT_NONE },
		{ "a", "#!/usr/bin/python3 -E\nperl\n", LOPT_SCRIPT_PYTHON },
		{ "a", "#!/usr/bin/env perl", LOPT_SCRIPT_PERL },
		{ "a.py", "#!/bin/sh\nexec python\n", LOPT_SCRIPT_PYTHON },
		{ "a", "#!/bin/sh\nexec python\n", LOPT_SCRIPT_NONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(lopt_script_of(lopt_str_from(cases[i].path), lopt_str_from(cases[i].head)),
				 cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_imported),
		cmocka_unit_test(takes_no_more_than_it_has_room_for),
		cmocka_unit_test(knows_languages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
