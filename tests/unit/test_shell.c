/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "dockerfile/shell.h"

/* The shell text of the last instruction of a Dockerfile. */
struct reading {
	struct lopt_dockerfile *file;
	const struct lopt_instruction *run;
	struct lopt_arena arena;
	struct lopt_shell shell;
};

static void read_last(struct reading *r, struct lopt_str source)
{
	struct lopt_error err = { .message = "" };
	lopt_arena_init(&r->arena, 256 << 20);
	r->file = NULL;
	if (lopt_dockerfile_parse(&r->file, source, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	r->run = lopt_dockerfile_at(r->file, lopt_dockerfile_count(r->file) - 1);
	assert_int_equal(lopt_shell_read(&r->shell, &r->arena, r->run, lopt_dockerfile_escape(r->file), &err), LOPT_OK);
}

static void reading_release(struct reading *r)
{
	lopt_arena_release(&r->arena);
	lopt_dockerfile_free(r->file);
}

/* A command a line: depth, what stands in front, words ("?" not literal, "*" a pattern), assignments, redirections, what follows. */
static void dump(struct lopt_buf *out, const struct lopt_shell *shell)
{
	static const char *const joins[] = { "", "&& ", "|| ", "; ", "| ", "& ", "" };
	static const char *const nexts[] = { "!", " &&", " ||", " ;", " |", " &", "" };
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		for (unsigned int d = 0; d < command->depth; d++)
			lopt_buf_text(out, command->substituted ? "$" : command->subshell ? "(" : "{");
		lopt_buf_text(out, joins[command->join]);
		for (size_t w = 0; w < command->word_count; w++) {
			const struct lopt_shell_word *word = &command->words[w];
			lopt_buf_printf(out, "%s%s[%.*s]", w ? " " : "",
					word->literal ? ""
					: word->glob  ? "*"
						      : "?",
					LOPT_STR_ARGS(word->text));
		}
		if (command->assignments)
			lopt_buf_printf(out, " =%zu", command->assignments);
		lopt_buf_printf(out, "%s%s\n", command->redirected ? " >" : "", nexts[command->next]);
	}
}

static void dump_flags(struct lopt_buf *out, const struct lopt_shell *shell)
{
	static const char *const names[] = { "chain ",	 "open ",  "escapes ",	 "leaks ",    "options ",
					     "errexit ", "loose ", "functions ", "compound ", "list " };
	const bool flags[] = { shell->chain,	     shell->open_ended, shell->escapes, shell->leaks,
			       shell->leaks_options, shell->errexit,	shell->loose,	shell->functions,
			       shell->last_compound, shell->last_list };
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (flags[i])
			lopt_buf_text(out, names[i]);
}

/* Spans lie in the source, in order, one inside the other. */
static void check_spans(const struct reading *r)
{
	size_t last = 0;
	const struct lopt_shell *shell = &r->shell;
	assert_true(shell->at <= shell->end && shell->end <= r->run->source.len);
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		assert_true(command->at >= last && command->at >= shell->at && command->at < command->end &&
			    command->end <= shell->end);
		last = command->at;
		size_t word_end = command->at;
		for (size_t w = 0; w < command->word_count; w++) {
			const struct lopt_shell_word *word = &command->words[w];
			assert_true(word->at >= word_end && word->at < word->end && word->end <= command->end);
			word_end = word->end;
		}
	}
}

struct shell_case {
	const char *text; /* behind "RUN " */
	const char *commands;
	const char *flags;
};

static void check_cases(const struct shell_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct lopt_buf source = LOPT_BUF_INIT(10000), got = LOPT_BUF_INIT(10000), flags = LOPT_BUF_INIT(1000);
		lopt_buf_printf(&source, "%s%s\n", cases[i].text[0] == '#' ? "" : "RUN ", cases[i].text);
		struct reading r;
		read_last(&r, lopt_buf_view(&source));
		dump(&got, &r.shell);
		dump_flags(&flags, &r.shell);
		check_spans(&r);
		lopt_buf_text(&got, "");
		lopt_buf_text(&flags, "");
		if (strcmp(got.data, cases[i].commands) != 0 || strcmp(flags.data, cases[i].flags) != 0 ||
		    !r.shell.understood)
			fail_msg("%s\ngot:\n%s%s (understood %d)\nwant:\n%s%s", cases[i].text, got.data, flags.data,
				 r.shell.understood, cases[i].commands, cases[i].flags);
		reading_release(&r);
		lopt_buf_release(&source);
		lopt_buf_release(&got);
		lopt_buf_release(&flags);
	}
}

static void commands_are_listed(void **state)
{
	(void)state;
	static const struct shell_case cases[] = {
		{ "a", "[a]\n", "chain " },
		{ "a b  'c d' \"e f\" g\\ h", "[a] [b] [c d] [e f] [g h]\n", "chain " },
		{ "a && b\t&& c", "[a] &&\n&& [b] &&\n&& [c]\n", "chain list " },
		{ "a || b | c", "[a] ||\n|| [b] |\n| [c]\n", "loose list " },
		{ "a; b", "[a] ;\n; [b]\n", "loose " },
		{ "a;b;", "[a] ;\n; [b]\n", "open loose " },
		{ "a&&b||c|d&", "[a] &&\n&& [b] ||\n|| [c] |\n| [d] &\n", "open escapes loose list " },
		{ "a & b", "[a] &\n& [b]\n", "open escapes loose " },
		{ "a # b && c", "[a]\n", "chain open " },
		{ "a#b '#' \\#", "[a#b] [#] [#]\n", "chain " },
		{ "a \\\n  # note\n\n  && b \\\n # end\n  c", "[a] &&\n&& [b] [c]\n", "chain list " },
		{ "ab\\\ncd", "[abcd]\n", "chain " },
		{ "a \\", "[a]\n", "chain " },
		{ "a b\\ c \\\n", "[a] [b c]\n", "chain " },
		{ "! a && sudo b", "[!] [a] &&\n&& [sudo] [b]\n", "chain list " },
		{ "A=1 B='x y' c D=2", "[c] [D=2] =2\n", "chain " },
		{ "A=1", " =1\n", "chain leaks " },
		{ "A+=1 2b=3", "[2b=3] =1\n", "chain " },
		{ "\"A\"=1", "[A=1]\n", "chain " },
		{ "a >f 2>&1 <g >>h >|i 2>&- b", "[a] [b] >\n", "chain " },
		{ ">f", " >\n", "chain " },
		{ "a 2 >f 3x>g", "[a] [2] [3x] >\n", "chain " },
		{ "bash <<< 'a b' && c", "[bash] > &&\n&& [c]\n", "chain list " },
		{ "a &> f && b", "[a] > &&\n&& [b]\n", "chain open escapes list " },
		{ "echo $A \"$A\" '$A' x$ $ \"a\\$b\"", "[echo] ?[$A] ?[$A] [$A] [x$] [$] [a$b]\n", "chain " },
		{ "rm -rf /a/* [ab] '*' ~/x a~ \\*", "[rm] [-rf] *[/a/*] *[[ab]] [*] ?[~/x] [a~] [*]\n", "chain " },
		{ "[ -f x ] && y", "[[] [-f] [x] []] &&\n&& [y]\n", "chain list " },
		{ "[[ -f x ]] && y", "[[[] [-f] [x] []]] &&\n&& [y]\n", "chain list " },
		{ "find / -exec rm {} \\; {a,b} {1..2}", "[find] [/] [-exec] [rm] [{}] [;] ?[{a,b}] ?[{1..2}]\n",
		  "chain " },
		{ "\"\" '' a\"\"b", "[] [] [ab]\n", "chain " },
		{ "\"a\\nb\\\\\"", "[a\\nb\\]\n", "chain " },
		{ "$CMD x", "?[$CMD] [x]\n", "chain leaks " },
		{ "'if' a", "[if] [a]\n", "chain " },
		{ "echo if then fi } {", "[echo] [if] [then] [fi] [}] [{]\n", "chain " },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void compounds_are_entered(void **state)
{
	(void)state;
	static const struct shell_case cases[] = {
		{ "(a; b) && c", "([a] ;\n(; [b]\n&& [c]\n", "list " },
		{ "( ( a ) )", "(([a]\n", "compound " },
		{ "{ a; b; } >f || c", "{[a] ;\n{; [b]\n|| [c]\n", "loose list " },
		{ "if a; then b; elif c && d; then e; else f; fi", "{[a]\n{[b]\n{[c] &&\n{&& [d]\n{[e]\n{[f]\n",
		  "compound " },
		{ "if (a) then (b) fi; c", "(([a]\n(([b]\n; [c]\n", "loose " },
		{ "for f in *.c $X \"$@\"; do rm \"$f\"; done && d", "{[rm] ?[$f]\n&& [d]\n", "leaks list " },
		{ "for f; do a; done; for g do b; done", "{[a]\n{[b]\n", "leaks loose compound " },
		{ "while read l; do a | b; done <f", "{[read] [l]\n{[a] |\n{| [b]\n", "leaks compound " },
		{ "until a; do sleep 1; done;", "{[a]\n{[sleep] [1]\n", "open compound " },
		{ "case \"$(uname -m)\" in (a|b) x ;; *) y; z;; c) ;; esac", "$$[uname] [-m]\n{[x]\n{[y] ;\n{; [z]\n",
		  "compound " },
		{ "case a in b) c ;; d) e; esac && f", "{[c]\n{[e]\n&& [f]\n", "list " },
		{ "case a in b) esac", "", "compound " },
		{ "f() { a; }; f x", "{[a]\n; [f] [x]\n", "leaks loose functions " },
		{ "f () ( cd / ) && f", "([cd] [/]\n&& [f]\n", "leaks functions list " },
		{ "a $(b \"$(c d)\" | e) f", "[a] ?[$(b \"$(c d)\" | e)] [f]\n$[b] ?[$(c d)] |\n$$[c] [d]\n$| [e]\n",
		  "chain " },
		{ "a `b c` \"`d`\"", "[a] ?[`b c`] ?[`d`]\n$[b] [c]\n$[d]\n", "chain " },
		{ "A=$(b) c", "[c] =1\n$[b]\n", "chain " },
		{ "A=\"$(b)\"", " =1\n$[b]\n", "chain leaks " },
		{ "a ${x:-$(b '}')} ${y%%\"}\"*} c", "[a] ?[${x:-$(b '}')}] ?[${y%%\"}\"*}] [c]\n$[b] [}]\n",
		  "chain " },
		{ "a $((1 + (2 * $(b)))) c", "[a] ?[$((1 + (2 * $(b))))] [c]\n$[b]\n", "chain " },
		{ "a \"x$(b \"y\")z\"", "[a] ?[x$(b \"y\")z]\n$[b] [y]\n", "chain " },
		{ "a | { b; }", "[a] |\n{[b]\n", "compound " },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void what_leaks_is_known(void **state)
{
	(void)state;
	static const struct shell_case cases[] = {
		{ "cd /x && make", "[cd] [/x] &&\n&& [make]\n", "chain leaks list " },
		{ "(cd /x && make)", "([cd] [/x] &&\n(&& [make]\n", "compound " },
		{ "a $(cd /x; pwd)", "[a] ?[$(cd /x; pwd)]\n$[cd] [/x] ;\n$; [pwd]\n", "chain " },
		{ "set -eux; a; b", "[set] [-eux] ;\n; [a] ;\n; [b]\n", "chain leaks options errexit loose " },
		{ "set -ux -o errexit; a", "[set] [-ux] [-o] [errexit] ;\n; [a]\n",
		  "chain leaks options errexit loose " },
		{ "set -x; a", "[set] [-x] ;\n; [a]\n", "leaks options loose " },
		{ "set -e && a", "[set] [-e] &&\n&& [a]\n", "chain leaks options errexit list " },
		{ "set -e; a && b; c", "[set] [-e] ;\n; [a] &&\n&& [b] ;\n; [c]\n", "leaks options errexit loose " },
		{ "set -e; a; b && c", "[set] [-e] ;\n; [a] ;\n; [b] &&\n&& [c]\n",
		  "chain leaks options errexit loose list " },
		{ "set -e; ! a; b", "[set] [-e] ;\n; [!] [a] ;\n; [b]\n", "leaks options errexit loose " },
		{ "set -e; a; set +e; b", "[set] [-e] ;\n; [a] ;\n; [set] [+e] ;\n; [b]\n", "leaks errexit loose " },
		{ "set -e; cd x; b", "[set] [-e] ;\n; [cd] [x] ;\n; [b]\n", "chain leaks errexit loose " },
		{ "a || exit 1", "[a] ||\n|| [exit] [1]\n", "open escapes leaks loose list " },
		{ "exec a", "[exec] [a]\n", "chain open escapes leaks " },
		{ "command cd x", "[command] [cd] [x]\n", "chain leaks " },
		{ ". ./x", "[.] [./x]\n", "chain leaks " },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void odd_lines_are_followed(void **state)
{
	(void)state;
	static const struct shell_case cases[] = {
		{ "# escape=`\nRUN a `\n  && b\\ c `\r\n", "[a] &&\n&& [b c]\n", "chain list " },
		{ "# x\r\nRUN a \\\r\n\t# c\r\n\t&& b\r", "[a] &&\n&& [b]\n", "chain list " },
		{ "# x\n  run --mount=type=cache,target=/x --network=none \\\n a", "[a]\n", "chain " },
		{ "# x\n \\\n RUN a", "[a]\n", "chain " },
		{ "# x\nRUN a && \\\n b # c && \\\n d", "[a] &&\n&& [b]\n", "chain open list " },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void the_rest_is_not_understood(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"[\"a\"]",
		"<<E\na\nE",
		"cat <<E >x\na\nE",
		"a 'b",
		"a \"b",
		"a $(b",
		"a `b",
		"a ${b",
		"a $((1)",
		"a )",
		"(a",
		"{ a",
		"{ a }",
		"if a; fi",
		"if a; then b",
		"for",
		"for x in a",
		"a; ; b",
		"&& a",
		"a &&",
		"a | | b",
		"; a",
		"a ;; b",
		"(a) b",
		"{ a; } b",
		"! { a; }",
		"((a))",
		"a <(b)",
		"a >",
		"a > && b",
		"[[ a && b ]]",
		"[[ a < b ]]",
		"function f { a; }",
		"x=(a b)",
		"a `b \\`c\\``",
		"a $'b'",
		"then a",
		"done",
		"case x in a b",
		"\"${x:-'}\"",
		"a() b c)",
		"case x in a) b ;& esac",
		"",
		"`a \"`b`\"`",
		"a `if b; then c`",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf source = LOPT_BUF_INIT(10000);
		lopt_buf_printf(&source, "RUN %s\n", cases[i]);
		struct reading r;
		read_last(&r, lopt_buf_view(&source));
		if (r.shell.understood)
			fail_msg("understood: %s", cases[i]);
		assert_int_equal(r.shell.count, 0);
		assert_true(r.shell.open_ended && r.shell.leaks && !r.shell.chain);
		reading_release(&r);
		lopt_buf_release(&source);
	}
	struct reading r;
	read_last(&r, lopt_str_from("# escape=`\nRUN a \\"));
	assert_false(r.shell.understood);
	reading_release(&r);
	read_last(&r, lopt_str_from("ONBUILD RUN a"));
	assert_false(r.shell.understood);
	reading_release(&r);
}

static void spans_lead_to_the_source(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t command, word; /* SIZE_MAX: the command itself */
		const char *want;
	} cases[] = {
		{ "RUN a && b 'c d'\n", 1, 1, "'c d'" },
		{ "RUN a && b 'c d' >x && e\n", 1, SIZE_MAX, "b 'c d' >x" },
		{ "RUN ap\\\n# note\n\nt-get \\\n  install\n", 0, 0, "ap\\\n# note\n\nt-get" },
		{ "RUN ap\\\r\n# note\r\nt-get \\\r\n  install\r\n", 0, 1, "install" },
		{ "RUN A=1 2>x b\n", 0, SIZE_MAX, "A=1 2>x b" },
		{ "RUN x=\"$(a 'b' )\" c\n", 1, SIZE_MAX, "a 'b'" },
		{ "  RUN --mount=a \\\n\tif a; then b x; fi\n", 1, 1, "x" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reading r;
		read_last(&r, lopt_str_from(cases[i].text));
		assert_true(r.shell.understood);
		const struct lopt_shell_command *command = &r.shell.commands[cases[i].command];
		size_t at = command->at, end = command->end;
		if (cases[i].word != SIZE_MAX) {
			at = command->words[cases[i].word].at;
			end = command->words[cases[i].word].end;
		}
		struct lopt_str got = lopt_str_make(r.run->source.ptr + at, end - at);
		if (!lopt_str_is(got, cases[i].want))
			fail_msg("%s: %.*s", cases[i].text, LOPT_STR_ARGS(got));
		reading_release(&r);
	}
}

static void large_and_deep_texts_end(void **state)
{
	(void)state;
	static const struct {
		const char *part;
		size_t times;
		bool understood;
	} cases[] = {
		{ "a;", 60000, true },	{ "a <1 ", 13000, true }, { "$(", 60, false },	    { "(", 30000, false },
		{ "( a;", 100, false }, { "`", 40001, false },	  { "[[ a ", 13000, true }, { "a|b ", 40000, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf source = LOPT_BUF_INIT(1 << 20);
		lopt_buf_text(&source, "RUN x;");
		for (size_t n = 0; n < cases[i].times; n++) {
			lopt_buf_text(&source, cases[i].part);
			if (n % 1000 == 999)
				lopt_buf_text(&source, "\\\n");
		}
		struct reading r;
		read_last(&r, lopt_buf_view(&source));
		if (cases[i].understood != r.shell.understood)
			fail_msg("%s", cases[i].part);
		reading_release(&r);
		lopt_buf_release(&source);
	}
	static char large[LOPT_SHELL_BYTES_MAX + 100];
	memset(large, 'a', sizeof large);
	memcpy(large, "RUN ", 4);
	for (size_t at = 60000; at + 2 < sizeof large; at += 60000)
		memcpy(large + at, "\\\n", 2);
	struct reading r;
	read_last(&r, lopt_str_make(large, sizeof large));
	assert_false(r.shell.understood);
	reading_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_listed),	      cmocka_unit_test(compounds_are_entered),
		cmocka_unit_test(what_leaks_is_known),	      cmocka_unit_test(odd_lines_are_followed),
		cmocka_unit_test(the_rest_is_not_understood), cmocka_unit_test(spans_lead_to_the_source),
		cmocka_unit_test(large_and_deep_texts_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
