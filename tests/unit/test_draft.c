/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dockerfile/draft.h"
#include "dockerfile/shell.h"

enum what { END, REPLACE, APPEND, PREPEND, FLAG, DROP, FOLD, MOVE, INSERT };

/* REPLACE: the first `old` in instruction a becomes `text`; INSERT, MOVE: a in front of b; FOLD: a into b. */
struct change {
	enum what what;
	size_t a, b;
	const char *text, *old;
};

enum { CHANGES = 6 };

struct draft_case {
	const char *source;
	struct change changes[CHANGES];
	const char *want; /* or the error of the last change */
};

struct drafting {
	struct lopt_dockerfile *file;
	struct lopt_draft *draft;
	struct lopt_error err;
};

static void begin(struct drafting *d, const char *source)
{
	*d = (struct drafting){ 0 };
	if (lopt_dockerfile_parse(&d->file, lopt_str_from(source), &d->err) != LOPT_OK)
		fail_msg("%s: %s", source, d->err.message);
	assert_int_equal(lopt_draft_new(&d->draft, d->file, lopt_str_from(source), &d->err), LOPT_OK);
}

static void end(struct drafting *d)
{
	lopt_draft_free(d->draft);
	lopt_dockerfile_free(d->file);
}

static enum lopt_status replace(struct drafting *d, const struct change *change)
{
	struct lopt_str source = lopt_dockerfile_at(d->file, change->a)->source;
	size_t len = strlen(change->old);
	const char *at = memmem(source.ptr, source.len, change->old, len);
	assert_non_null(at);
	return lopt_draft_replace(d->draft, change->a, (size_t)(at - source.ptr), len, lopt_str_from(change->text),
				  &d->err);
}

static enum lopt_status apply(struct drafting *d, const struct change *change)
{
	struct lopt_str text = lopt_str_from(change->text);
	switch (change->what) {
	case REPLACE:
		return replace(d, change);
	case APPEND:
		return lopt_draft_append(d->draft, change->a, text, &d->err);
	case PREPEND:
		return lopt_draft_prepend(d->draft, change->a, text, &d->err);
	case FLAG:
		return lopt_draft_flag(d->draft, change->a, text, &d->err);
	case DROP:
		return lopt_draft_drop(d->draft, change->a, &d->err);
	case FOLD:
		return lopt_draft_fold(d->draft, change->a, change->b, &d->err);
	case MOVE:
		return lopt_draft_move(d->draft, change->a, change->b, &d->err);
	case INSERT:
		return lopt_draft_insert(d->draft, change->b, text, &d->err);
	case END:
		break;
	}
	return LOPT_E_BUG;
}

static bool is_touched(const struct change *changes, size_t index)
{
	for (size_t i = 0; i < CHANGES && changes[i].what != END; i++) {
		bool other = changes[i].what == FOLD && changes[i].b == index;
		if (changes[i].what != INSERT && changes[i].what != MOVE && (changes[i].a == index || other))
			return true;
	}
	return false;
}

/* The last one may have ended in an escape, which goes when something comes behind it. */
static bool is_same(const struct drafting *d, size_t index, const struct lopt_instruction *other)
{
	const struct lopt_instruction *in = lopt_dockerfile_at(d->file, index);
	return lopt_str_equal(in->source, other->source) ||
	       (index + 1 == lopt_dockerfile_count(d->file) && lopt_str_equal(in->args, other->args));
}

/* Parsed again, the result still has every instruction that no change touched. */
static void check_untouched(const struct drafting *d, const struct change *changes, struct lopt_str result)
{
	struct lopt_dockerfile *again = NULL;
	struct lopt_error err = { .message = "" };
	if (lopt_dockerfile_parse(&again, result, &err) != LOPT_OK)
		fail_msg("%.*s: %s", LOPT_STR_ARGS(result), err.message);
	for (size_t i = 0; i < lopt_dockerfile_count(d->file); i++) {
		bool found = is_touched(changes, i);
		for (size_t j = 0; !found && j < lopt_dockerfile_count(again); j++)
			found = is_same(d, i, lopt_dockerfile_at(again, j));
		if (!found)
			fail_msg("%.*s: instruction %zu is not as it was", LOPT_STR_ARGS(result), i);
	}
	lopt_dockerfile_free(again);
}

static void check_cases(const struct draft_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct change *changes = cases[i].changes;
		struct drafting d;
		begin(&d, cases[i].source);
		for (size_t c = 0; c < CHANGES && changes[c].what != END; c++)
			if (apply(&d, &changes[c]) != LOPT_OK)
				fail_msg("%s: change %zu: %s", cases[i].source, c, d.err.message);
		struct lopt_buf out = LOPT_BUF_INIT(1 << 20);
		lopt_buf_text(&out, "");
		if (lopt_draft_print(d.draft, &out, &d.err) != LOPT_OK)
			fail_msg("%s: %s", cases[i].source, d.err.message);
		if (strcmp(out.data, cases[i].want) != 0)
			fail_msg("from:\n%s\ngot:\n%s\nwant:\n%s", cases[i].source, out.data, cases[i].want);
		check_untouched(&d, changes, lopt_buf_view(&out));
		lopt_buf_release(&out);
		end(&d);
	}
}

static void nothing_changes_by_itself(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"FROM a",
		"FROM a\n",
		"\xef\xbb\xbf# syntax=x\r\n\r\n# note\r\nFROM a\r\n\r\n\r\n  RUN b \\\r\n# c\r\n\r\n d\r\n# end",
		"# escape=`\nFROM a\nRUN b `\n c\n\n#\n",
		"FROM a\nCOPY <<E <<F /x\n1\nE\n2\nF\nRUN x \\\n\n# y\n\n",
		"FROM a\nRUN x \\",
		"\n\n# a\n\tFROM a\n",
		"FROM a\rRUN b\r\r\n",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct drafting d;
		begin(&d, cases[i]);
		struct lopt_buf out = LOPT_BUF_INIT(1 << 20);
		assert_int_equal(lopt_draft_print(d.draft, &out, &d.err), LOPT_OK);
		assert_string_equal(out.data, cases[i]);
		lopt_buf_release(&out);
		end(&d);
	}
}

static void bytes_are_replaced(void **state)
{
	(void)state;
	static const struct draft_case cases[] = {
		{ "FROM a\nRUN b \\\n # x\n c d\n",
		  { { REPLACE, 1, 0, "e", "c" }, { REPLACE, 1, 0, "b f", "b" } },
		  "FROM a\nRUN b f \\\n # x\n e d\n" },
		{ "RUN abc\n",
		  { { REPLACE, 0, 0, "1", "b" }, { REPLACE, 0, 0, "2", "c" }, { REPLACE, 0, 0, "3", "a" } },
		  "RUN 312\n" },
		{ "COPY a b\n", { { FLAG, 0, 0, "--chown=1:1", 0 } }, "COPY --chown=1:1 a b\n" },
		{ "  copy \\\n --chown=0:0 --from=x \\\n a b\n",
		  { { FLAG, 0, 0, "--chown=1:1", 0 },
		    { FLAG, 0, 0, "--chmod=755", 0 },
		    { FLAG, 0, 0, "--chmod=700", 0 } },
		  "  copy --chmod=700 \\\n --chown=1:1 --from=x \\\n a b\n" },
		{ "RUN --mount=type=cache,target=/a b\n",
		  { { FLAG, 0, 0, "--mount=type=cache,target=/c", 0 },
		    { FLAG, 0, 0, "--mount=type=tmpfs,target=/d", 0 } },
		  "RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/d --mount=type=cache,target=/a b\n" },
		{ "COPY --chown=\"a b\" --ch\\\n# x\nmod=1 a b\n",
		  { { FLAG, 0, 0, "--chmod=2", 0 }, { FLAG, 0, 0, "--chown=0", 0 } },
		  "COPY --chown=0 --chmod=2 a b\n" },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void commands_are_added(void **state)
{
	(void)state;
	static const struct draft_case cases[] = {
		{ "RUN a\n", { { APPEND, 0, 0, "x", 0 } }, "RUN a \\\n    && x\n" },
		{ "RUN a", { { APPEND, 0, 0, "x", 0 } }, "RUN a \\\n    && x" },
		{ "RUN a\r\nRUN b\r\n", { { APPEND, 0, 0, "x", 0 } }, "RUN a \\\r\n    && x\r\nRUN b\r\n" },
		{ "# escape=`\nRUN a `\n\t&& b\n",
		  { { APPEND, 0, 0, "x", 0 } },
		  "# escape=`\nRUN a `\n\t&& b `\n\t&& x\n" },
		{ "RUN a && \\\n  b\n",
		  { { APPEND, 0, 0, "x", 0 }, { APPEND, 0, 0, "y", 0 } },
		  "RUN a && \\\n  b && \\\n  x && \\\n  y\n" },
		{ "RUN a \\\n  b # c\n", { { APPEND, 0, 0, "x", 0 } }, "RUN a \\\n  b \\\n    && x # c\n" },
		{ "RUN a; b; \n", { { APPEND, 0, 0, "x", 0 } }, "RUN a; b \\\n    && x; \n" },
		{ "RUN a || exit 0\n", { { APPEND, 0, 0, "x", 0 } }, "RUN ( a || exit 0 ) \\\n    && x\n" },
		{ "RUN a &\n", { { APPEND, 0, 0, "x", 0 } }, "RUN ( a & ) \\\n    && x\n" },
		{ "RUN a && \\\n# c\n  b \\\n\n# end\n",
		  { { APPEND, 0, 0, "x || y", 0 } },
		  "RUN a && \\\n# c\n  b && \\\n  ( x || y ) \\\n\n# end\n" },
		{ "RUN cd /x && make\n",
		  { { APPEND, 0, 0, "rm -rf /y", 0 } },
		  "RUN cd /x && make \\\n    && rm -rf /y\n" },
		{ "RUN set -eux; \\\n\ta; \\\n\tb\n",
		  { { APPEND, 0, 0, "x", 0 },
		    { APPEND, 0, 0, "y", 0 },
		    { PREPEND, 0, 0, "w", 0 },
		    { PREPEND, 0, 0, "v", 0 } },
		  "RUN set -eux; \\\n\tv; \\\n\tw; \\\n\ta; \\\n\tb; \\\n\tx; \\\n\ty\n" },
		{ "RUN set -e; a && b\n", { { APPEND, 0, 0, "x", 0 } }, "RUN set -e; a && b \\\n    && x\n" },
		{ "RUN set -e; for f in *; do a; b; done\n",
		  { { APPEND, 0, 0, "x", 0 } },
		  "RUN set -e; for f in *; do a; b; done; \\\n    x\n" },
		{ "RUN set -e; a && { b; c; }\n",
		  { { APPEND, 0, 0, "x", 0 } },
		  "RUN set -e; a && { b; c; }; \\\n    [ $? = 0 ] && x\n" },
		{ "RUN set -e; a; exit 0\n",
		  { { APPEND, 0, 0, "x", 0 } },
		  "RUN ( set -e; a; exit 0 ); \\\n    [ $? = 0 ] && x\n" },
		{ "RUN set -e; a\n", { { PREPEND, 0, 0, "x && y", 0 } }, "RUN set -e; \\\n    ( x && y ); a\n" },
		{ "SHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nRUN if a; then b; fi\n",
		  { { APPEND, 1, 0, "x", 0 } },
		  "SHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nRUN if a; then b; fi; \\\n    [ $? = 0 ] && x\n" },
		{ "RUN if a; then b; fi\n", { { APPEND, 0, 0, "x", 0 } }, "RUN if a; then b; fi \\\n    && x\n" },
		{ "RUN a \\\n  && b\n", { { PREPEND, 0, 0, "x", 0 } }, "RUN x \\\n  && a \\\n  && b\n" },
		{ "RUN a; b\n", { { PREPEND, 0, 0, "x", 0 } }, "RUN x \\\n    && ( a; b )\n" },
		{ "RUN a || b\n",
		  { { PREPEND, 0, 0, "x", 0 }, { APPEND, 0, 0, "y", 0 } },
		  "RUN x \\\n    && ( a || b ) \\\n    && y\n" },
		{ "RUN a | b\n", { { PREPEND, 0, 0, "x", 0 } }, "RUN x \\\n    && a | b\n" },
		{ "RUN --mount=type=cache,target=/x \\\n\ta\n",
		  { { PREPEND, 0, 0, "x", 0 } },
		  "RUN --mount=type=cache,target=/x \\\n\tx \\\n\t&& a\n" },
		{ "RUN a\n",
		  { { APPEND, 0, 0, "x", 0 },
		    { REPLACE, 0, 0, "b || c", "a" },
		    { PREPEND, 0, 0, "y", 0 },
		    { FLAG, 0, 0, "--network=none", 0 } },
		  "RUN --network=none y \\\n    && ( b || c ) \\\n    && x\n" },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void instructions_are_folded(void **state)
{
	(void)state;
	static const struct draft_case cases[] = {
		{ "FROM i\nRUN a\n# why\nRUN b\n", { { FOLD, 2, 1, 0, 0 } }, "FROM i\nRUN a \\\n    && b\n# why\n" },
		{ "RUN a \\\n && b\nRUN c \\\n# x\n && d # e\nUSER u",
		  { { FOLD, 1, 0, 0, 0 }, { REPLACE, 1, 0, "f", "d" } },
		  "RUN a \\\n && b \\\n && c \\\n# x\n && f\nUSER u" },
		{ "RUN cd /a && b\nRUN c\n", { { FOLD, 1, 0, 0, 0 } }, "RUN ( cd /a && b ) \\\n    && c\n" },
		{ "RUN a\nRUN cd /c && d\n", { { FOLD, 1, 0, 0, 0 } }, "RUN a \\\n    && cd /c && d\n" },
		{ "RUN a\nRUN b || c\n", { { FOLD, 1, 0, 0, 0 } }, "RUN a \\\n    && ( b || c )\n" },
		{ "RUN a; b\nRUN c\n", { { FOLD, 1, 0, 0, 0 } }, "RUN a; b \\\n    && c\n" },
		{ "RUN a\nRUN b\nRUN c\n",
		  { { FOLD, 2, 1, 0, 0 }, { FOLD, 1, 0, 0, 0 }, { APPEND, 1, 0, "x", 0 }, { APPEND, 0, 0, "y", 0 } },
		  "RUN a \\\n    && b \\\n    && x \\\n    && c \\\n    && y\n" },
		{ "RUN a\nRUN b\nRUN c\n",
		  { { FOLD, 1, 0, 0, 0 }, { FOLD, 2, 1, 0, 0 }, { DROP, 1, 0, 0, 0 } },
		  "RUN a \\\n    && c\n" },
		{ "RUN set -e; a\nRUN b\n", { { FOLD, 1, 0, 0, 0 } }, "RUN ( set -e; a ); \\\n    [ $? = 0 ] && b\n" },
		{ "RUN set -eux; \\\n\ta\nRUN set -eux; \\\n\tb; \\\n\tc\n",
		  { { FOLD, 1, 0, 0, 0 } },
		  "RUN set -eux; \\\n\ta; \\\n\tset -eux; \\\n\tb; \\\n\tc\n" },
		{ "RUN a\nRUN set -e; b\nRUN c\n",
		  { { FOLD, 1, 0, 0, 0 }, { FOLD, 2, 0, 0, 0 } },
		  "RUN a \\\n    && ( set -e; b ); \\\n    [ $? = 0 ] && c\n" },
		{ "RUN --network=none a\nRUN b\n",
		  { { FLAG, 1, 0, "--network=none", 0 }, { FOLD, 1, 0, 0, 0 } },
		  "RUN --network=none a \\\n    && b\n" },
		{ "RUN a\nRUN b \\\n", { { FOLD, 1, 0, 0, 0 } }, "RUN a \\\n    && b\n" },
		{ "RUN a\nRUN b \\\n", { { FOLD, 0, 1, 0, 0 } }, "RUN b \\\n    && a \\\n" },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void instructions_come_and_go(void **state)
{
	(void)state;
	static const struct draft_case cases[] = {
		{ "FROM a\n# c\nRUN b\n\nRUN c\n", { { DROP, 1, 0, 0, 0 } }, "FROM a\n# c\n\nRUN c\n" },
		{ "FROM a\nRUN b\nRUN c", { { DROP, 2, 0, 0, 0 } }, "FROM a\nRUN b\n" },
		{ "FROM a\n\n# c\n# d\nRUN b\n\n# e\nRUN c\n# f\n",
		  { { MOVE, 2, 1, 0, 0 } },
		  "FROM a\n\n# e\nRUN c\n# c\n# d\nRUN b\n\n# f\n" },
		{ "FROM a\nENV b=1\nRUN c\n\nFROM d\nRUN e",
		  { { MOVE, 1, 5, 0, 0 } },
		  "FROM a\nRUN c\nENV b=1\n\nFROM d\nRUN e" },
		{ "FROM a\nENV b=1\nENV c=2\nRUN d",
		  { { MOVE, 1, 4, 0, 0 }, { MOVE, 2, 4, 0, 0 } },
		  "FROM a\nRUN d\nENV b=1\nENV c=2\n" },
		{ "FROM a\nRUN b", { { MOVE, 1, 1, 0, 0 } }, "FROM a\nRUN b" },
		{ "FROM a\nRUN b\nUSER c \\\n", { { MOVE, 1, 3, 0, 0 } }, "FROM a\nUSER c \nRUN b\n" },
		{ "FROM a\nUSER c \\\n# x\n", { { INSERT, 0, 2, "CMD d", 0 } }, "FROM a\nUSER c \n# x\nCMD d\n" },
		{ "FROM a\nUSER c\\\n\n \\\n# x\n\\\n# y",
		  { { INSERT, 0, 2, "CMD d", 0 } },
		  "FROM a\nUSER c\n# y\nCMD d\n" },
		{ "FROM a\r\n# c\r\nRUN b\r\n",
		  { { INSERT, 0, 1, "USER x", 0 }, { INSERT, 0, 1, "USER y", 0 } },
		  "FROM a\r\nUSER x\r\nUSER y\r\n# c\r\nRUN b\r\n" },
		{ "# syntax=x\n# c\nFROM a\n", { { INSERT, 0, 0, "ARG b", 0 } }, "# syntax=x\nARG b\n# c\nFROM a\n" },
		{ "\xef\xbb\xbf"
		  "FROM a",
		  { { INSERT, 0, 0, "ARG b", 0 } },
		  "\xef\xbb\xbf"
		  "ARG b\nFROM a" },
		{ "ARG x\n# escape=`\nFROM a\\\nb\n", { { DROP, 0, 0, 0, 0 } }, "\n# escape=`\nFROM a\\\nb\n" },
		{ "# syntax=x\nARG x\n# escape=`\nFROM a\n",
		  { { MOVE, 1, 0, 0, 0 } },
		  "# syntax=x\n\n# escape=`\nFROM a\nARG x\n" },
		{ "FROM a\nRUN b\n",
		  { { MOVE, 1, 0, 0, 0 }, { APPEND, 1, 0, "x", 0 }, { INSERT, 0, 1, "USER y", 0 } },
		  "USER y\nRUN b \\\n    && x\nFROM a\n" },
	};
	check_cases(cases, sizeof cases / sizeof cases[0]);
}

static void what_cannot_be_done_is_refused(void **state)
{
	(void)state;
	static const struct draft_case cases[] = {
		{ "RUN abc\n",
		  { { REPLACE, 0, 0, "1", "ab" }, { REPLACE, 0, 0, "2", "bc" } },
		  "line 1: another change is in the way" },
		{ "RUN [\"a\"]\n",
		  { { APPEND, 0, 0, "x", 0 } },
		  "line 1: no RUN in shell form whose commands can be followed" },
		{ "FROM a\nRUN <<E\na\nE\n",
		  { { PREPEND, 1, 0, "x", 0 } },
		  "line 2: no RUN in shell form whose commands can be followed" },
		{ "CMD a\n",
		  { { APPEND, 0, 0, "x", 0 } },
		  "line 1: no RUN in shell form whose commands can be followed" },
		{ "RUN a\n", { { APPEND, 0, 0, "x\nUSER y", 0 } }, "no command on one line: x\nUSER y" },
		{ "RUN a\n", { { APPEND, 0, 0, "x 'y", 0 } }, "no command on one line: x 'y" },
		{ "RUN a\n", { { APPEND, 0, 0, "--x y", 0 } }, "no command on one line: --x y" },
		{ "RUN a\n", { { APPEND, 0, 0, "", 0 } }, "no command on one line: " },
		{ "RUN a\n", { { APPEND, 1, 0, "x", 0 } }, "there is no instruction 1" },
		{ "RUN a\nRUN b\n",
		  { { DROP, 0, 0, 0, 0 }, { FOLD, 1, 0, 0, 0 } },
		  "line 1: the instruction was dropped" },
		{ "RUN a\nRUN b\n", { { FOLD, 1, 0, 0, 0 }, { FOLD, 0, 1, 0, 0 } }, "line 1: the two RUN are one" },
		{ "RUN a\nRUN b\n",
		  { { FOLD, 1, 0, 0, 0 }, { MOVE, 1, 0, 0, 0 } },
		  "line 2: the instruction was folded into another" },
		{ "RUN a\nRUN b\n", { { FOLD, 0, 0, 0, 0 } }, "line 1: the two RUN are one" },
		{ "RUN --network=none a\nRUN b\n",
		  { { FOLD, 1, 0, 0, 0 } },
		  "line 2: the two RUN have different flags" },
		{ "FROM a\nRUN a\nFROM b\nRUN b\n",
		  { { FOLD, 3, 1, 0, 0 } },
		  "line 4: the two RUN have no shell in common" },
		{ "RUN a\nSHELL [\"x\"]\nRUN b\n",
		  { { FOLD, 2, 0, 0, 0 } },
		  "line 3: the two RUN have no shell in common" },
		{ "RUN a\n", { { FLAG, 0, 0, "x", 0 } }, "no flag: x" },
		{ "ONBUILD COPY a b\n", { { FLAG, 0, 0, "--link", 0 } }, "line 1: the instruction takes no flags" },
		{ "RUN a\n", { { MOVE, 0, 2, 0, 0 } }, "there is no instruction 2" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct change *changes = cases[i].changes;
		struct drafting d;
		begin(&d, cases[i].source);
		size_t c = 0;
		for (; changes[c + 1].what != END; c++)
			assert_int_equal(apply(&d, &changes[c]), LOPT_OK);
		assert_int_equal(apply(&d, &changes[c]), LOPT_E_USAGE);
		assert_string_equal(d.err.message, cases[i].want);
		end(&d);
	}
	struct drafting d;
	begin(&d, "RUN a\n");
	assert_int_equal(lopt_draft_replace(d.draft, 0, 6, 0, lopt_str_from("x"), &d.err), LOPT_E_USAGE);
	assert_int_equal(lopt_draft_replace(d.draft, 0, 5, SIZE_MAX, lopt_str_from("x"), &d.err), LOPT_E_USAGE);
	assert_int_equal(lopt_draft_append(d.draft, 0, lopt_str_from("x"), &d.err), LOPT_OK);
	assert_int_equal(lopt_draft_replace(d.draft, 0, 4, 1, lopt_str_from("'"), &d.err), LOPT_OK);
	struct lopt_buf out = LOPT_BUF_INIT(1000);
	assert_int_equal(lopt_draft_print(d.draft, &out, &d.err), LOPT_E_USAGE);
	lopt_buf_release(&out);
	end(&d);
}

static void insertions_keep_their_order(void **state)
{
	(void)state;
	struct drafting d;
	begin(&d, "RUN abc\n");
	assert_int_equal(lopt_draft_replace(d.draft, 0, 5, 1, lopt_str_from("B"), &d.err), LOPT_OK);
	assert_int_equal(lopt_draft_replace(d.draft, 0, 5, 0, lopt_str_from("1"), &d.err), LOPT_OK);
	assert_int_equal(lopt_draft_replace(d.draft, 0, 5, 0, lopt_str_from("2"), &d.err), LOPT_OK);
	assert_int_equal(lopt_draft_replace(d.draft, 0, 6, 0, lopt_str_from("3"), &d.err), LOPT_OK);
	assert_int_equal(lopt_draft_replace(d.draft, 0, 7, 0, lopt_str_from("4"), &d.err), LOPT_OK);
	struct lopt_buf out = LOPT_BUF_INIT(1000);
	assert_int_equal(lopt_draft_print(d.draft, &out, &d.err), LOPT_OK);
	assert_string_equal(out.data, "RUN a12B3c4\n");
	lopt_buf_release(&out);
	end(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_by_itself),   cmocka_unit_test(bytes_are_replaced),
		cmocka_unit_test(commands_are_added),	       cmocka_unit_test(instructions_are_folded),
		cmocka_unit_test(instructions_come_and_go),    cmocka_unit_test(what_cannot_be_done_is_refused),
		cmocka_unit_test(insertions_keep_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
