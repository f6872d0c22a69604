/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dockerfile/expand.h"
#include "dockerfile/node.h"

static struct lopt_dockerfile *parse(struct lopt_str source)
{
	struct lopt_dockerfile *file = NULL;
	struct lopt_error err = { .message = "" };
	if (lopt_dockerfile_parse(&file, source, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	return file;
}

static void trees_are_buildkits(void **state)
{
	(void)state;
	static const struct {
		const char *source, *want;
	} cases[] = {
		{ "FROM busybox AS base\n", "(from \"busybox\" \"AS\" \"base\")\n" },
		{ "from\tbusybox", "(from \"busybox\")\n" },
		{ "  RUN   a  &&  b  \n", "(run \"a  &&  b\")\n" },
		{ "RUN [\"a\", \"b c\"]\n", "(run \"a\" \"b c\")\n" },
		{ "RUN [ \"\\u00e9\\n\\ud83d\\ude00\" ]\n", "(run \"\xc3\xa9\\n\xf0\x9f\x98\x80\")\n" },
		{ "RUN ['a']\nCMD [\"a\n", "(run \"['a']\")\n(cmd \"[\\\"a\")\n" },
		{ "CMD []\n", "(cmd)\n" },
		{ "CMD\n", "(cmd)\n" },
		{ "RUN a \\\n  b\n", "(run \"a   b\")\n" },
		{ "RUN a\\\nb\n", "(run \"ab\")\n" },
		{ "RUN a \\ \t\n# no\n  # no\n\n  b\n", "(run \"a   b\")\n" },
		{ "RUN a \\\\\nRUN b\n", "(run \"a \\\\\\\\\")\n(run \"b\")\n" },
		{ "RUN a \\\n", "(run \"a\")\n" },
		{ "RUN a \\", "(run \"a\")\n" },
		{ "RUN a # b\n", "(run \"a # b\")\n" },
		{ "# escape=`\nRUN a `\nb\\\nRUN c\n", "(run \"a b\\\\\")\n(run \"c\")\n" },
		{ "# note\n# escape=`\nRUN a \\\n b\n", "(run \"a  b\")\n" },
		{ "\n# escape=`\nRUN a \\\n b\n", "(run \"a  b\")\n" },
		{ "#Escape = ` \nRUN a `\n b\n", "(run \"a  b\")\n" },
		{ "\xef\xbb\xbf# escape=`\r\nRUN a `\r\n b\r\n", "(run \"a  b\")\n" },
		{ "ENV a=1 b=\"two words\" c='x y' d=e\\ f\n",
		  "(env \"a\" \"1\" \"=\" \"b\" \"\\\"two words\\\"\" \"=\" \"c\" \"'x y'\" \"=\" \"d\" \"e\\\\ f\" \"=\")\n" },
		{ "ENV a  two  words\n", "(env \"a\" \"two  words\" \"\")\n" },
		{ "LABEL a.b=\"c=d\"\n", "(label \"a.b\" \"\\\"c=d\\\"\" \"=\")\n" },
		{ "ARG a b=1 c=\"x y\"\n", "(arg \"a\" \"b=1\" \"c=\\\"x y\\\"\")\n" },
		{ "COPY --from=x --chown=\"a b\" s d\n", "(copy [\"--from=x\" \"--chown=a b\"] \"s\" \"d\")\n" },
		{ "COPY --link -- --a b\n", "(copy [\"--link\"] \"--a\" \"b\")\n" },
		{ "COPY [\"a b\", \"c\"]\n", "(copy \"a b\" \"c\")\n" },
		{ "COPY \"a b\" c\n", "(copy \"\\\"a\" \"b\\\"\" \"c\")\n" },
		{ "HEALTHCHECK --interval=5s CMD [\"a\", \"b\"]\n",
		  "(healthcheck [\"--interval=5s\"] \"CMD\" \"a\" \"b\")\n" },
		{ "HEALTHCHECK NONE\n", "(healthcheck \"NONE\")\n" },
		{ "ONBUILD RUN [\"a\"]\n", "(onbuild (run \"a\"))\n" },
		{ "ONBUILD ONBUILD COPY --from=x a b\n", "(onbuild (onbuild (copy [\"--from=x\"] \"a\" \"b\")))\n" },
		{ "FOO bar\n", "(foo \"\")\n" },
		{ "EXPOSE 80\t443\n", "(expose \"80\" \"443\")\n" },
		{ "RUN <<EOF\necho\nEOF\nUSER me\n", "(run \"<<EOF\")\n(user \"me\")\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_dockerfile *file = parse(lopt_str_from(cases[i].source));
		struct lopt_buf out = LOPT_BUF_INIT(10000);
		lopt_dockerfile_dump(&out, file);
		assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
		lopt_dockerfile_free(file);
	}
}

static void errors_name_the_line(void **state)
{
	(void)state;
	static const struct {
		const char *source, *want;
	} cases[] = {
		{ "", "file with no instructions" },
		{ "# only\n\n", "file with no instructions" },
		{ "FROM a\nENV a\n", "line 2: ENV must have two arguments" },
		{ "FROM a\nLABEL a=1 \\\n b\n", "line 2: can't find = in \"b\": it must be of the form name=value" },
		{ "CMD [1]\n", "line 1: when using JSON array syntax, arrays must be comprised of strings only" },
		{ "CMD [[\"a\"], {\"b\": [null, true]}]\n",
		  "line 1: when using JSON array syntax, arrays must be comprised of strings only" },
		{ "# escape=x\nFROM a\n", "line 1: invalid escape token 'x' does not match ` or \\" },
		{ "# escape=`\n# escape=\\\nFROM a\n", "line 2: only one escape parser directive can be used" },
		{ "FROM a\nRUN <<EOF\nEO\n", "line 2: unterminated heredoc: no line reads \"EOF\"" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_dockerfile *file = NULL;
		struct lopt_error err = { .message = "" };
		enum lopt_status status = lopt_dockerfile_parse(&file, lopt_str_from(cases[i].source), &err);
		assert_int_equal(status, LOPT_E_INPUT);
		assert_string_equal(err.message, cases[i].want);
		assert_null(file);
	}
}

static void what_no_builder_builds(void **state)
{
	(void)state;
	static const struct {
		const char *source, *want; /* NULL: nothing is said */
	} cases[] = {
		{ "ARG a\nFROM a\nCOPY b c\nCOPY [\"b\", \"c\"]\nCOPY <<EOF /c\nEOF\nONBUILD RUN a\n", NULL },
		{ "FROM a\nADD --chown=1:1 b /c\nrun a\n", NULL },
		{ "ARG a\n", "no FROM" },
		{ "RUN a\nFROM a\n", "line 1: no FROM in front of it" },
		{ "FROM a\n\nFOO b\n", "line 3: unknown instruction: foo" },
		{ "# syntax=other\nFROM a\nFOO b\n", NULL },
		{ "FROM a\nCOPY b\n", "line 2: COPY needs a source and a destination" },
		{ "FROM a\nADD --chown=1:1 [\"b\"]\n", "line 2: ADD needs a source and a destination" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_dockerfile *file = parse(lopt_str_from(cases[i].source));
		struct lopt_error err = { .message = "" };
		assert_int_equal(lopt_dockerfile_check(file, &err), cases[i].want ? LOPT_E_INPUT : LOPT_OK);
		assert_string_equal(err.message, cases[i].want ? cases[i].want : "");
		lopt_dockerfile_free(file);
	}
}

static void long_lines_end_at_65535(void **state)
{
	(void)state;
	static char source[70000];
	for (size_t len = 65535; len <= 65536; len++) {
		memset(source, 'a', len);
		memcpy(source, "RUN ", 4);
		struct lopt_dockerfile *file = NULL;
		struct lopt_error err;
		source[len] = '\n';
		enum lopt_status status = lopt_dockerfile_parse(&file, lopt_str_make(source, len + 1), &err);
		assert_int_equal(status, len == 65535 ? LOPT_OK : LOPT_E_INPUT);
		lopt_dockerfile_free(file);
	}
}

static void check_span(const struct lopt_dockerfile *file, size_t index, uint32_t line, uint32_t last,
		       const char *source)
{
	const struct lopt_instruction *in = lopt_dockerfile_at(file, index);
	assert_non_null(in);
	assert_int_equal(in->line, line);
	assert_int_equal(in->last_line, last);
	assert_true(lopt_str_is(in->source, source));
}

static void spans_are_exact(void **state)
{
	(void)state;
	struct lopt_dockerfile *file = parse(
		lopt_str_from("\xef\xbb\xbf# syntax = docker/dockerfile:1 \nARG A\n\nFROM a\r\n  RUN b \\\n # c\n\n d\n"
			      "COPY <<X <<-'Y' /d/\none\nX\n\ttwo\n\tY\n# end\nFROM b\nCMD c"));
	check_span(file, 0, 2, 2, "ARG A");
	check_span(file, 1, 4, 4, "FROM a");
	check_span(file, 2, 5, 8, "  RUN b \\\n # c\n\n d");
	check_span(file, 3, 9, 13, "COPY <<X <<-'Y' /d/\none\nX\n\ttwo\n\tY");
	check_span(file, 5, 16, 16, "CMD c");
	assert_null(lopt_dockerfile_at(file, 6));
	assert_int_equal(lopt_dockerfile_at(file, 0)->stage, SIZE_MAX);
	assert_int_equal(lopt_dockerfile_at(file, 3)->stage, 0);
	assert_int_equal(lopt_dockerfile_at(file, 5)->stage, 1);
	assert_int_equal(lopt_dockerfile_empty_continuation(file), 5);
	assert_true(lopt_str_is(lopt_dockerfile_directive(file, "syntax"), "docker/dockerfile:1"));
	assert_int_equal(lopt_dockerfile_directive(file, "check").len, 0);
	lopt_dockerfile_free(file);
}

static void heredocs_are_collected(void **state)
{
	(void)state;
	struct lopt_dockerfile *file =
		parse(lopt_str_from("ONBUILD RUN 3<<A cat <<-\"B C\" <<D\r\n$x\r\nA\r\n\tb\n\tB C\nD\n"
				    "RUN cat<<E \"<<F\"\nRUN <<'G\n"));
	const struct lopt_instruction *in = lopt_dockerfile_at(file, 0);
	assert_int_equal(in->heredoc_count, 3);
	assert_true(lopt_str_is(in->heredocs[0].name, "A"));
	assert_true(lopt_str_is(in->heredocs[0].content, "$x\r\n"));
	assert_int_equal(in->heredocs[0].fd, 3);
	assert_true(in->heredocs[0].expand);
	assert_true(lopt_str_is(in->heredocs[1].name, "B C"));
	assert_true(lopt_str_is(in->heredocs[1].content, "\tb\n"));
	assert_true(in->heredocs[1].chomp);
	assert_false(in->heredocs[1].expand);
	assert_int_equal(in->heredocs[2].content.len, 0);
	assert_int_equal(lopt_dockerfile_at(file, 1)->heredoc_count, 0);
	/* A line that is no list of words opens none. */
	assert_int_equal(lopt_dockerfile_at(file, 2)->heredoc_count, 0);
	lopt_dockerfile_free(file);
}

/* HOME is set, NONE is set and empty, ANY may be anything, the rest is unset. */
static enum lopt_variable lookup(const void *context, struct lopt_str name, struct lopt_str *value)
{
	(void)context;
	*value = lopt_str_from(lopt_str_is(name, "HOME") ? "/a/b.c/b.d" : "");
	if (lopt_str_is(name, "ANY"))
		return LOPT_VARIABLE_UNKNOWN;
	return lopt_str_is(name, "HOME") || lopt_str_is(name, "NONE") ? LOPT_VARIABLE_SET : LOPT_VARIABLE_UNSET;
}

static void words_expand(void **state)
{
	(void)state;
	static const struct {
		const char *word, *want; /* NULL: an error; a hole is written as _ */
	} cases[] = {
		{ "a'b c'\"d $HOME\"\\$e", "ab cd /a/b.c/b.d$e" },
		{ "'$HOME'", "$HOME" },
		{ "$HOME.x ${HOME}x $", "/a/b.c/b.d.x /a/b.c/b.dx $" },
		{ "$UNSET-$1-$?", "--" },
		{ "${UNSET-a}${UNSET:-b}${NONE-c}${NONE:-d}", "abd" },
		{ "${UNSET+a}${NONE+b}${NONE:+c}${HOME:+d}", "bd" },
		{ "${UNSET:-${HOME:+${NONE:-deep}}}", "deep" },
		{ "${HOME?a}${NONE?b}", "/a/b.c/b.d" },
		{ "${NONE:?b}", NULL },
		{ "${UNSET?b}", NULL },
		{ "${HOME#*/}|${HOME##*/}|${HOME%.*}|${HOME%%.*}", "a/b.c/b.d|b.d|/a/b.c/b|/a/b" },
		{ "${HOME%?d}|${HOME#x}|${HOME#\\*}", "/a/b.c/b|/a/b.c/b.d|/a/b.c/b.d" },
		{ "${HOME/b?/X}|${HOME//b?/X}|${HOME//\\//:}", "/a/Xc/b.d|/a/Xc/Xd|:a:b.c:b.d" },
		{ "${HOME/*b/}", ".d" },
		{ "${}", NULL },
		{ "${:x}", NULL },
		{ "${HOME", NULL },
		{ "${HOME:#x}", NULL },
		{ "${HOME=x}", NULL },
		{ "\"a", NULL },
		{ "a\\", "a" },
		{ "$ANY/${ANY}x${ANY:-y}${ANY#z}", "_/_x__" },
		{ "${UNSET:-$ANY}", "_" },
	};
	const struct lopt_expand how = { .escape = '\\', .lookup = lookup };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf out = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
		struct lopt_error err;
		enum lopt_status status = lopt_expand_word(&out, &how, lopt_str_from(cases[i].word), &err);
		assert_int_equal(status, cases[i].want ? LOPT_OK : LOPT_E_INPUT);
		for (size_t at = 0; at < out.len; at++)
			if (out.data[at] == LOPT_EXPAND_HOLE)
				out.data[at] = '_';
		if (cases[i].want)
			assert_string_equal(out.data, cases[i].want);
		lopt_buf_release(&out);
	}
}

static void deep_and_large_substitutions_end(void **state)
{
	(void)state;
	struct lopt_buf deep = LOPT_BUF_INIT(1 << 20), large = LOPT_BUF_INIT(1 << 22),
			out = LOPT_BUF_INIT(LOPT_EXPAND_BYTES_MAX);
	for (int i = 0; i < 10000; i++)
		lopt_buf_text(&deep, "${a:-");
	for (int i = 0; i < 200000; i++)
		lopt_buf_text(&large, "$HOME");
	const struct lopt_expand how = { .escape = '\\', .lookup = lookup };
	struct lopt_error err;
	assert_int_equal(lopt_expand_word(&out, &how, lopt_buf_view(&deep), &err), LOPT_E_LIMIT);
	lopt_buf_clear(&out);
	assert_int_equal(lopt_expand_word(&out, &how, lopt_buf_view(&large), &err), LOPT_E_LIMIT);
	lopt_buf_release(&deep);
	lopt_buf_release(&large);
	lopt_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_are_buildkits),	  cmocka_unit_test(errors_name_the_line),
		cmocka_unit_test(what_no_builder_builds), cmocka_unit_test(long_lines_end_at_65535),
		cmocka_unit_test(spans_are_exact),	  cmocka_unit_test(heredocs_are_collected),
		cmocka_unit_test(words_expand),		  cmocka_unit_test(deep_and_large_substitutions_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
