/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/planning.h"

#define F "FROM a\n"
#define STANDARD .level = LOPT_LEVEL_STANDARD, .has_test = true
#define AGGRESSIVE .level = LOPT_LEVEL_AGGRESSIVE, .has_test = true
#define STRIP "usr/bin/strip=1;mode=755"
#define REMOVED                                                                                         \
	" -name '*.a' ! -type d ! -path '/usr/lib/gcc/*' ! -name '*_nonshared.a' ! -name libpthread.a " \
	"! -name libdl.a ! -name librt.a ! -name libutil.a ! -name libanl.a ! -name libg.a "            \
	"! -name libmcheck.a ! -name libm.a -delete"
#define FIND "usr/bin/find=1;mode=755 usr/local/lib/"

static void strips(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ STANDARD, .source = F "RUN make\n", .layers = { STRIP, "opt/a=1;mode=755;symbols=5000" },
		  .want = "strip 2 5000 ~opt/a", .text = F "RUN make \\\n    && strip --strip-unneeded /opt/a\n" },
		/* shared objects of one directory, and one that nothing says may be run */
		{ STANDARD, .source = F "RUN make\n",
		  .layers = { STRIP,
			      "opt/a.so=1;symbols=3000 opt/b.so=2;symbols=4000 opt/c.so.1=3;symbols=100 opt/sub/d.so=4;symbols=9000" },
		  .want = "strip 2 16100 ~opt/a.so ~opt/b.so ~opt/c.so.1 ~opt/sub/d.so",
		  .text = F "RUN make \\\n    && strip --strip-unneeded /opt/*.so /opt/c.so.1 /opt/sub/*.so\n" },
		/* others are there that it must not touch: of the base, of strip itself, links */
		{ STANDARD, .source = F "RUN make\n",
		  .layers = { STRIP " opt/base.so=1;symbols=9000", "opt/a.so=1;symbols=3000" },
		  .want = "strip 2 3000 ~opt/a.so",
		  .text = F "RUN make \\\n    && strip --strip-unneeded /opt/a.so\n" },
		{ STANDARD, .source = F "RUN make\n",
		  .layers = { STRIP, "usr/lib/a.so=1;symbols=3000 usr/lib/libbfd-2.so=2;symbols=3000" },
		  .want = "strip 2 3000 ~usr/lib/a.so",
		  .text = F "RUN make \\\n    && strip --strip-unneeded /usr/lib/a.so\n" },
		{ STANDARD, .source = F "RUN make\n",
		  .layers = { STRIP " usr/lib/b.so.1=1;symbols=3000",
			      "usr/lib/a.so=1;symbols=3000 usr/lib/b.so@b.so.1" },
		  .want = "strip 2 3000 ~usr/lib/a.so",
		  .text = F "RUN make \\\n    && strip --strip-unneeded /usr/lib/a.so\n" },
		{ STANDARD, .source = F "RUN make\n", .layers = { STRIP, "opt/a.so=1;symbols=3000 opt/b.so=2;size=50" },
		  .want = "strip 2 3000 ~opt/a.so",
		  .text = F "RUN make \\\n    && strip --strip-unneeded /opt/a.so\n" },
		/* what comes later is not there yet */
		{ STANDARD, .source = F "RUN make\nRUN make more\n",
		  .layers = { STRIP, "opt/a.so=1;symbols=3000", "opt/b.so=2;size=50" },
		  .want = "strip 2 3000 ~opt/a.so",
		  .text = F "RUN make \\\n    && strip --strip-unneeded /opt/*.so\nRUN make more\n" },
		/* hidden by a later one */
		{ STANDARD, .source = F "RUN make\nRUN make again\n",
		  .layers = { STRIP, "opt/a=1;mode=755;symbols=5000", "opt/a=2;mode=755;symbols=6000" },
		  .want = "strip 3 6000 ~opt/a\nfold 2 5266",
		  .text = F "RUN make \\\n    && make again \\\n    && strip --strip-unneeded /opt/a\n" },
		/* an object, a name for no shell, no strip, not made by a RUN */
		{ STANDARD, .source = F "RUN make\n", .layers = { STRIP, "opt/a.o=1;mode=755;symbols=5000" },
		  .want = "" },
		{ STANDARD, .source = F "RUN make\n", .layers = { STRIP, "opt/$a=1;mode=755;symbols=5000" },
		  .want = "" },
		{ STANDARD, .source = F "RUN make\n", .layers = { "a=1", "opt/a=1;mode=755;symbols=5000" },
		  .want = "" },
		{ STANDARD, .source = F "COPY a /opt/a\n", .layers = { STRIP, "opt/a=1;mode=755;symbols=5000" },
		  .want = "" },
		{ .source = F "RUN make\n",
		  .layers = { STRIP, "opt/a=1;mode=755;symbols=5000" },
		  .want = "strip 2 5000 needs --level ~opt/a" },
		{ .level = LOPT_LEVEL_STANDARD,
		  .source = F "RUN make\n",
		  .layers = { STRIP, "opt/a=1;mode=755;symbols=5000" },
		  .want = "strip 2 5000 needs --test ~opt/a" },
	};
	TEST_PLANS(cases);
}

static void removes_static_libraries(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ AGGRESSIVE, .source = F "RUN apt-get install x\n",
		  .layers = { FIND, "usr/lib/libx.a=1;size=5000 usr/lib/libx.so=1 usr/local/lib/y/liby.a=2;size=600" },
		  .want = "static-libraries 2 5600 -usr/lib/libx.a -usr/local/lib/y/liby.a",
		  .text = F "RUN apt-get install x \\\n    && find /usr/lib /usr/local/lib" REMOVED "\n" },
		/* what links need, and what is no library's place */
		{ AGGRESSIVE, .source = F "RUN make\n",
		  .layers = { FIND,
			      "usr/lib/x/libc_nonshared.a=1;size=9000 usr/lib/gcc/libgcc.a=2;size=9000 opt/lib.a=3;size=9000 usr/lib/libm.a=4;size=9000" },
		  .want = "" },
		/* those of the base go, too, but save nothing */
		{ AGGRESSIVE, .source = F "RUN one\nRUN two\n",
		  .layers = { FIND " usr/lib/base.a=1;size=9000", "usr/lib/one.a=1;size=5000",
			      "usr/lib/two.a=1;size=6000" },
		  .want = "static-libraries 2 5000 -usr/lib/base.a -usr/lib/one.a\nstatic-libraries 3 6000 -usr/lib/base.a -usr/lib/one.a -usr/lib/two.a",
		  .text = F "RUN one \\\n    && find /usr/lib /usr/local/lib" REMOVED
			    "\nRUN two \\\n    && find /usr/lib /usr/local/lib" REMOVED "\n" },
		/* one inode with a name that stays */
		{ AGGRESSIVE, .source = F "RUN make\n",
		  .layers = { FIND, "usr/lib/x.a=1;size=5000 opt/x.a+usr/lib/x.a usr/lib/y.a=2;size=2000" },
		  .want = "static-libraries 2 2000 -usr/lib/x.a -usr/lib/y.a",
		  .text = F "RUN make \\\n    && find /usr/lib /usr/local/lib" REMOVED "\n" },
		{ AGGRESSIVE, .source = F "RUN make\n", .layers = { "a=1", "usr/lib/x.a=1;size=5000" }, .want = "" },
		/* find fails where a directory is not there */
		{ AGGRESSIVE, .source = F "RUN make\n", .layers = { "usr/bin/find=1", "usr/lib/x.a=1;size=5000" },
		  .want = "static-libraries 2 5000 -usr/lib/x.a",
		  .text = F "RUN make \\\n    && find /usr/lib" REMOVED "\n" },
		{ STANDARD, .source = F "RUN make\n", .layers = { FIND, "usr/lib/x.a=1;size=5000" },
		  .want = "static-libraries 2 5000 needs --level -usr/lib/x.a" },
	};
	TEST_PLANS(cases);
}

#define R "usr/local/lib/R/site-library/"

static void removes_documentation_of_r(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ STANDARD, .included = { "r-documentation" }, .source = F "RUN R\n",
		  .layers = { "a=1",
			      R "x/R/x.rdb=1;size=900 " R "x/help/x.rdb=1;size=5000 " R "x/doc/v.html=1;size=2000 " R
				"y/tests/a=1;size=30 " R "y/data/tests=1;size=40" },
		  .want = "r-documentation 2 7030 -usr/local/lib/R/site-library/x/doc -usr/local/lib/R/site-library/x/doc/v.html -usr/local/lib/R/site-library/x/help -usr/local/lib/R/site-library/x/help/x.rdb -usr/local/lib/R/site-library/y/tests -usr/local/lib/R/site-library/y/tests/a",
		  .text = F
		  "RUN R \\\n    && rm -rf /usr/local/lib/R/site-library/*/help /usr/local/lib/R/site-library/*/html /usr/local/lib/R/site-library/*/doc /usr/local/lib/R/site-library/*/tests /usr/local/lib/R/site-library/*/demo\n" },
		{ STANDARD, .source = F "RUN R\n", .layers = { "a=1", R "x/help/x.rdb=1;size=5000" },
		  .want = "r-documentation 2 5000 needs --include -usr/local/lib/R/site-library/x/help -usr/local/lib/R/site-library/x/help/x.rdb" },
		{ .level = LOPT_LEVEL_STANDARD,
		  .included = { "r-documentation" },
		  .source = F "RUN R\n",
		  .layers = { "a=1", R "x/help/x.rdb=1;size=5000" },
		  .want = "r-documentation 2 5000 needs --test -usr/local/lib/R/site-library/x/help -usr/local/lib/R/site-library/x/help/x.rdb" },
		/* two libraries in two RUNs, and those of the base */
		{ STANDARD, .included = { "r-documentation" }, .source = F "RUN one\nRUN two\n",
		  .layers = { R "base/help/a=1;size=9000",
			      R "x/help/a=1;size=5000 usr/lib/R/library/z/demo/a=1;size=70",
			      "usr/lib/R/library/y/html/a=1;size=6000" },
		  .want = "r-documentation 2 5070 -usr/lib/R/library/z/demo -usr/lib/R/library/z/demo/a -usr/local/lib/R/site-library/base/help -usr/local/lib/R/site-library/base/help/a -usr/local/lib/R/site-library/x/help -usr/local/lib/R/site-library/x/help/a\nr-documentation 3 6000 -usr/lib/R/library/y/html -usr/lib/R/library/y/html/a -usr/lib/R/library/z/demo -usr/lib/R/library/z/demo/a -usr/local/lib/R/site-library/base/help -usr/local/lib/R/site-library/base/help/a -usr/local/lib/R/site-library/x/help -usr/local/lib/R/site-library/x/help/a",
		  .text = F
		  "RUN one \\\n    && rm -rf /usr/local/lib/R/site-library/*/help /usr/local/lib/R/site-library/*/html /usr/local/lib/R/site-library/*/doc /usr/local/lib/R/site-library/*/tests /usr/local/lib/R/site-library/*/demo /usr/lib/R/library/*/help /usr/lib/R/library/*/html /usr/lib/R/library/*/doc /usr/lib/R/library/*/tests /usr/lib/R/library/*/demo\nRUN two \\\n    && rm -rf /usr/lib/R/library/*/help /usr/lib/R/library/*/html /usr/lib/R/library/*/doc /usr/lib/R/library/*/tests /usr/lib/R/library/*/demo\n" },
		/* no library of R */
		{ STANDARD, .included = { "r-documentation" }, .source = F "RUN one\n",
		  .layers = { "a=1",
			      "opt/library/x/help/a=1;size=5000 opt/R/help/b=1;size=5000 opt/R/library/help=1;size=5000" },
		  .want = "" },
	};
	TEST_PLANS(cases);
}

static void ignores_what_no_container_needs(void **state)
{
	(void)state;
	static const struct test_plan cases[] = {
		{ STANDARD, .source = F "COPY . /app\n",
		  .layers = { "a=1", "app/ app/.git/ app/.git/pack=1;size=5000 app/sub/.git=1;size=30 app/a=1" },
		  .want = "build-context 2 5030 -app/.git -app/.git/pack -app/sub/.git", .ignore = "**/.git\n" },
		/* what was left out before stays so; a last line without an end */
		{ STANDARD, .source = F "COPY . /app\n",
		  .layers = { "a=1", "app/.git/pack=1;size=5000 app/.idea/x=1;size=4000" },
		  .want = "build-context 2 5000 -app/.git -app/.git/pack\nbuild-context 2 4000 -app/.idea -app/.idea/x",
		  .ignore_before = "node_modules\n", .ignore = "node_modules\n**/.git\n**/.idea\n" },
		{ STANDARD, .source = F "COPY . /app\n", .layers = { "a=1", "app/.git/pack=1;size=5000" },
		  .want = "build-context 2 5000 -app/.git -app/.git/pack", .ignore_before = "x\n!y",
		  .ignore = "x\n!y\n**/.git\n" },
		/* a command of it, a name of it, in any stage */
		{ STANDARD, .source = F "COPY . /app\nRUN cd /app && git describe\n",
		  .layers = { "a=1", "app/.git/pack=1;size=5000", "v=1" }, .want = "" },
		{ STANDARD, .source = F "COPY .git /app/.git\n", .layers = { "a=1", "app/.git/pack=1;size=5000" },
		  .want = "" },
		{ STANDARD, .source = "FROM b AS build\nCOPY . /src\nRUN git -C /src describe\n" F "COPY . /app\n",
		  .layers = { "a=1", "app/.git/pack=1;size=5000" }, .want = "" },
		{ STANDARD, .source = F "COPY . /app\nRUN <<X\ngit describe\nX\n",
		  .layers = { "a=1", "app/.git/pack=1;size=5000", "v=1" }, .want = "" },
		/* copied once more by a later instruction */
		{ STANDARD, .source = F "COPY . /app\nRUN fix\n",
		  .layers = { "a=1", "app/ app/.git/ app/.git/pack=1;size=5000",
			      "app/;own=5:5 app/.git/;own=5:5 app/.git/pack=1;size=5000;own=5:5" },
		  .want = "build-context 2 10000 -app/.git -app/.git/pack", .ignore = "**/.git\n" },
		/* not of the context: of another stage, made by a RUN */
		{ STANDARD, .source = "FROM b AS b\n" F "COPY --from=b /src /app\n",
		  .layers = { "a=1", "app/.git/pack=1;size=5000" }, .want = "" },
		{ STANDARD, .source = F "RUN make\n", .layers = { "a=1", "app/.pytest_cache/a=1;size=5000" },
		  .want = "" },
		{ STANDARD, .source = F "COPY . /app\n",
		  .layers = { "a=1", "app/.gitignore=1;size=5000 app/x.git=1;size=5000" }, .want = "" },
		{ .level = LOPT_LEVEL_STANDARD,
		  .source = F "COPY . /app\n",
		  .layers = { "a=1", "app/.svn/pack=1;size=5000" },
		  .want = "build-context 2 5000 needs --test -app/.svn -app/.svn/pack",
		  .ignore_before = "x" },
		{ STANDARD, .excluded = { "build-context" }, .source = F "COPY . /app\n",
		  .layers = { "a=1", "app/.svn/pack=1;size=5000" }, .want = "" },
	};
	TEST_PLANS(cases);
}

/* The list of what can be named has each rule once. */
static void names_rules(void **state)
{
	(void)state;
	size_t count = 0;
	while (lopt_rule_name(count))
		count++;
	assert_true(count > 15);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(lopt_rule_name(i), lopt_rule_name(j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strips),
		cmocka_unit_test(removes_static_libraries),
		cmocka_unit_test(removes_documentation_of_r),
		cmocka_unit_test(ignores_what_no_container_needs),
		cmocka_unit_test(names_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
