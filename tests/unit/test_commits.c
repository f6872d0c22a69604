/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "advice/commits.h"
#include "advice/glob.h"
#include "advice/versions.h"
#include "io/process.h"

static struct lopt_error err;

/* ---- what .dockerignore and COPY say of paths */

static void globs_cover_what_go_covers(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *path;
		bool covers;
	} cases[] = {
		{ "", "a", true },
		{ "a", "a", true },
		{ "a", "a/b/c", true },
		{ "a", "ab", false },
		{ "a/b", "a", false },
		{ "*.c", "x.c", true },
		{ "*.c", "d/x.c", false },
		{ "*", "d/x.c", true },
		{ "**/*.c", "x.c", true },
		{ "**/*.c", "d/e/x.c", true },
		{ "d/**/x", "d/x", true },
		{ "d/**/x", "d/a/b/x/y", true },
		{ "d/**", "d/a", true },
		{ "**/x/**/y", "x/x/z/y", true },
		{ "**/x/**/y", "y/x", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "[a-c]x", "bx", true },
		{ "[^a-c]x", "bx", false },
		{ "[^a-c]x", "dx", true },
		{ "[", "[", false },
		{ "a\\*", "a*", true },
		{ "a\\*", "ab", false },
		{ "a*b*c", "aXbYc", true },
		{ "a*b*c", "aXcYb", false },
		{ "*a*b", "aab", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t steps = 1000;
		if (lopt_glob_covers(lopt_str_from(cases[i].pattern), lopt_str_from(cases[i].path), &steps) !=
		    cases[i].covers)
			fail_msg("%s and %s", cases[i].pattern, cases[i].path);
	}
	size_t steps = 5;
	assert_false(lopt_glob_covers(lopt_str_from("*a*a*a*b"), lopt_str_from("aaaaaaaaaaaaa"), &steps));
	assert_int_equal(steps, 0);
}

static void ignores_what_the_last_pattern_says(void **state)
{
	(void)state;
	static const char text[] = "\xef\xbb\xbf# note\n docs \n\n!docs/keep\n/build/\n**/*.o\n./x/../y\n.\n";
	static const char *const out[] = { "docs", "docs/a", "build/b", "a/b.o", "y" };
	static const char *const in[] = { "docs/keep", "docs/keep/x", "a/b.c", "x", "note" };
	struct lopt_arena arena;
	struct lopt_ignore ignore;
	size_t steps = 10000;
	lopt_arena_init(&arena, 1 << 20);
	assert_int_equal(lopt_ignore_read(&ignore, &arena, lopt_str_from(text), &err), LOPT_OK);
	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++) {
		assert_true(lopt_ignore_excludes(&ignore, lopt_str_from(out[i]), &steps));
		assert_false(lopt_ignore_excludes(&ignore, lopt_str_from(in[i]), &steps));
	}
	lopt_arena_release(&arena);
}

/* ---- versions of a Dockerfile */

static void versions_are_matched(void **state)
{
	(void)state;
	/* counterparts as "0 1* -": a star where the text differs */
	static const struct {
		const char *newer, *older, *want;
	} cases[] = {
		{ "FROM a\nRUN x\nRUN y\n", "FROM a\nRUN x\nRUN y\n", "0 1 2" },
		{ "FROM a\nRUN x\nRUN y\n", "FROM b\nRUN z\nRUN y\n", "0* 1* 2" },
		{ "FROM a\nRUN new\nRUN y\n", "FROM a\nRUN y\n", "0 - 1" },
		{ "FROM a\nRUN y\n", "FROM a\nRUN gone\nRUN y\n", "0 2" },
		{ "FROM a\nENV B=2\nENV A=2\n", "FROM a\nENV A=1\nENV B=1\n", "0 2* -" },
		{ "FROM a\nARG V=2\nLABEL l=1\n", "FROM a\nLABEL l=2\nARG V=1\n", "0 2* -" },
		{ "FROM a\nCOPY <<X /x\n1\nX\n", "FROM a\nCOPY <<X /x\n2\nX\n", "0 1*" },
		{ "FROM a\nRUN a \\\n  b\n", "FROM a\nRUN a \\\n# note\n  b\n", "0 1" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_dockerfile *newer, *older;
		struct lopt_counterpart *found;
		struct lopt_buf text = LOPT_BUF_INIT(256);
		assert_int_equal(lopt_dockerfile_parse(&newer, lopt_str_from(cases[i].newer), &err), LOPT_OK);
		assert_int_equal(lopt_dockerfile_parse(&older, lopt_str_from(cases[i].older), &err), LOPT_OK);
		assert_int_equal(lopt_versions_match(&found, newer, older, &err), LOPT_OK);
		for (size_t k = 0; k < lopt_dockerfile_count(newer); k++) {
			lopt_buf_text(&text, k ? " " : "");
			if (found[k].index == SIZE_MAX)
				lopt_buf_char(&text, '-');
			else
				lopt_buf_printf(&text, "%zu%s", found[k].index, found[k].same ? "" : "*");
		}
		assert_string_equal(text.data, cases[i].want);
		free(found);
		lopt_buf_release(&text);
		lopt_dockerfile_free(newer);
		lopt_dockerfile_free(older);
	}
}

/* ---- repositories */

static char folder[64];

static void run(const char *const argv[])
{
	struct lopt_process process = LOPT_PROCESS_NONE;
	if (lopt_process_start(&process, argv, &err) != LOPT_OK || lopt_process_finish(&process, &err) != LOPT_OK)
		fail_msg("%s: %s", argv[0], err.message);
}

static void git(const char *a, const char *b, const char *c, const char *d)
{
	const char *const argv[] = { "git", "-C", folder, a, b, c, d, NULL };
	run(argv);
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(path, 0777);
	}
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void commit(void)
{
	git("add", "-A", NULL, NULL);
	git("commit", "-q", "--allow-empty", "-m.");
}

/* A commit with a signature, which a script of ours made. */
static void commit_signed(void)
{
	char script[128], path[160];
	write_file(
		"sign.sh",
		"#!/bin/sh\ncat >/dev/null\necho '-----BEGIN PGP SIGNATURE-----'\necho '-----END PGP SIGNATURE-----'\n"
		"printf '\\n[GNUPG:] SIG_CREATED \\n' >&2\n");
	(void)snprintf(script, sizeof script, "%s/sign.sh", folder);
	assert_int_equal(chmod(script, 0755), 0);
	(void)snprintf(path, sizeof path, "gpg.program=%s", script);
	const char *const argv[] = { "git", "-C", folder, "-c", path, "commit", "-q", "-a", "-S", "-m.", NULL };
	run(argv);
}

static int set_up(void **state)
{
	(void)state;
	(void)setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	(void)setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
	(void)setenv("GIT_AUTHOR_NAME", "a", 1);
	(void)setenv("GIT_AUTHOR_EMAIL", "a", 1);
	(void)setenv("GIT_COMMITTER_NAME", "a", 1);
	(void)setenv("GIT_COMMITTER_EMAIL", "a", 1);
	(void)snprintf(folder, sizeof folder, "/tmp/layeropt-commits-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	const char *const argv[] = { "rm", "-rf", folder, NULL };
	run(argv);
	return 0;
}

/* The changes as one hexadecimal number a commit, newest first. */
static void expect(const char *source, const char *context, size_t commits_max, const char *want)
{
	char directory[128], path[128];
	struct lopt_commits commits;
	struct lopt_dockerfile *file;
	struct lopt_buf text = LOPT_BUF_INIT(1024);
	(void)snprintf(directory, sizeof directory, "%s/%s", folder, context);
	(void)snprintf(path, sizeof path, "%s/Dockerfile", folder);
	const struct lopt_commits_options options = { .context = directory,
						      .dockerfile = path,
						      .commits_max = commits_max };
	assert_int_equal(lopt_dockerfile_parse(&file, lopt_str_from(source), &err), LOPT_OK);
	if (lopt_commits_read(&commits, &options, file, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < commits.count; i++)
		lopt_buf_printf(&text, "%s%llx", i ? " " : "", (unsigned long long)commits.changed[i]);
	if (commits.reason.len)
		lopt_buf_text(&text, "because");
	assert_string_equal(text.data, want);
	lopt_commits_release(&commits);
	lopt_dockerfile_free(file);
	lopt_buf_release(&text);
}

static const char last[] = "ARG B=2\n"
			   "FROM golang:$B AS build\n"
			   "COPY src /src\n"
			   "RUN make\n"
			   "FROM debian\n"	       /* 1 */
			   "ENV V=2\n"		       /* 2 */
			   "RUN apt-get update\n"      /* 4 */
			   "COPY req.txt /app/\n"      /* 8 */
			   "RUN pip install\n"	       /* 10 */
			   "COPY . /app\n"	       /* 20 */
			   "COPY --from=build /x /x\n" /* 40 */
			   "LABEL new=1\n";	       /* 80 */

/* One change a commit, oldest first. */
static void make_history(void)
{
	git("init", "-q", "-b", "main");
	write_file("req.txt", "1");
	write_file("src/a.c", "1");
	write_file(".dockerignore", "docs\nDockerfile\n.dockerignore\n");
	write_file("Dockerfile", "ARG B=1\nFROM golang:$B AS build\nCOPY src /src\nRUN make\nFROM debian\n"
				 "ENV V=1\nRUN apt-get update\nCOPY req.txt /app/\nRUN pip install x\nCOPY . /app\n"
				 "COPY --from=build /x /x\n");
	commit();
	write_file("req.txt", "2"); /* 28 */
	commit();
	write_file("src/a.c", "2"); /* 60 */
	commit();
	write_file("docs/a", "2"); /* 0 */
	commit();
	commit();		      /* touches nothing: not there */
	write_file("odd\nname", "2"); /* 20 */
	commit();
	write_file("Dockerfile", "ARG B=2\nFROM golang:$B AS build\nCOPY src /src\nRUN make\nFROM debian\n" /* 40 */
				 "ENV V=1\nRUN apt-get update\nCOPY req.txt /app/\nRUN pip install x\nCOPY . /app\n"
				 "COPY --from=build /x /x\n");
	commit();
	write_file("Dockerfile", "this is none\n");
	commit();			/* 0: cannot be read, and what it did is told of the next */
	write_file("Dockerfile", last); /* 92 */
	commit();
	git("checkout", "-q", "-b", "side");
	write_file("req.txt", "3");
	commit();
	write_file("src/a.c", "3");
	commit();
	git("checkout", "-q", "main", NULL);
	git("merge", "-q", "--no-ff", "side"); /* 68, once */
}

static void commits_change_instructions(void **state)
{
	(void)state;
	make_history();
	expect(last, "", 0, "68 92 0 40 20 0 60 28");
	expect(last, "", 2, "68 0"); /* what it was before the second cannot be read */
	expect(last, ".", 3, "68 92 0");
	/* not committed yet: no change of any commit; and V has another counterpart */
	expect("FROM debian\nENV V=3\nCOPY . /\n", "", 0, "4 2 0 0 4 0 4 4");
	expect("FROM debian\nCOPY *.txt /\nCOPY $X/a /\nADD https://x /\nRUN --mount=type=bind,source=src x\n", "", 0,
	       "16 0 0 0 4 0 14 6");
	/* the context is a folder, the Dockerfile stands beside it */
	expect("FROM debian\nCOPY a.c /\n", "src", 0, "2 0 0 0 2");
}

static void says_why_nothing_is_known(void **state)
{
	(void)state;
	expect("FROM a\n", "nowhere", 0, "because");
	expect("FROM a\n", "", 0, "because"); /* no repository */
	git("init", "-q", NULL, NULL);
	expect("FROM a\n", "", 0, "because"); /* no commit */
	commit();
	expect("FROM a\n", "", 0, "because"); /* nothing in it */
	write_file("Dockerfile", "FROM a\n");
	commit();
	expect("ARG A\n", "", 0, "because");
	expect("FROM a\n", "", 0, "0");
}

/* What a repository's configuration can name: a file that appears tells that it was run. */
static void runs_nothing_of_the_repository(void **state)
{
	(void)state;
	static const char *const keys[] = { "core.fsmonitor",	"core.pager",	  "pager.log",	      "diff.external",
					    "diff.x.textconv",	"diff.x.command", "gpg.program",      "core.sshCommand",
					    "filter.x.smudge",	"filter.x.clean", "merge.x.driver",   "core.askPass",
					    "core.gitProxy",	"core.editor",	  "filter.x.process", "alias.log",
					    "credential.helper" };
	char script[128], mark[128];
	(void)snprintf(script, sizeof script, "%s.sh", folder);
	(void)snprintf(mark, sizeof mark, "%s/marked", folder);
	git("init", "-q", "-b", "main");
	write_file(".gitattributes", "* diff=x filter=x merge=x\n");
	write_file("Dockerfile", "FROM a\nCOPY a /\n");
	write_file("a", "1");
	commit();
	write_file("a", "2");
	commit_signed();
	git("checkout", "-q", "-b", "side");
	write_file("a", "3");
	commit();
	git("checkout", "-q", "main", NULL);
	git("merge", "-q", "--no-ff", "side");
	write_file("marker.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/marked\"\n");
	(void)snprintf(script, sizeof script, "%s/marker.sh", folder);
	assert_int_equal(chmod(script, 0755), 0);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		git("config", keys[i], script, NULL);
	git("config", "log.showSignature", "true", NULL);
	git("config", "log.diffMerges", "remerge", NULL);
	git("config", "core.commitGraph", "false", NULL);
	git("config", "protocol.ext.allow", "always", NULL);
	git("config", "extensions.partialClone", "origin", NULL);
	git("config", "core.repositoryFormatVersion", "1", NULL);
	git("config", "remote.origin.promisor", "true", NULL);
	char url[160];
	(void)snprintf(url, sizeof url, "ext::%s", script);
	git("config", "remote.origin.url", url, NULL);
	(void)unlink(mark);
	expect("FROM a\nCOPY a /\n", "", 0, "2 2");
	assert_int_not_equal(access(mark, F_OK), 0);
	/* with every object gone git would fetch */
	char objects[128];
	(void)snprintf(objects, sizeof objects, "%s/.git/objects", folder);
	const char *const argv[] = { "find", objects, "-type", "f", "-delete", NULL };
	run(argv);
	expect("FROM a\nCOPY a /\n", "", 0, "because");
	assert_int_not_equal(access(mark, F_OK), 0);
}

/* Files that change without a history; .dockerignore is the one given, else there is none. */
static void changes_are_made_up(void **state)
{
	(void)state;
	static const struct {
		const char *path, *ignore;
		uint64_t want;
	} cases[] = {
		{ "req.txt", NULL, 0x28 }, { "src/a.c", NULL, 0x60 },	  { "docs/a", NULL, 0x20 },
		{ "docs/a", "docs\n", 0 }, { "src/a.c", "docs\n", 0x60 }, { "req.txt", "*\n!src\n", 0 },
	};
	struct lopt_dockerfile *file;
	assert_int_equal(lopt_dockerfile_parse(&file, lopt_str_from(last), &err), LOPT_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_commits commits;
		const struct lopt_commits_options options = { .context = "/nowhere",
							      .dockerfile = "/nowhere/Dockerfile",
							      .ignore = lopt_str_from(cases[i].ignore) };
		const struct lopt_str paths[] = { lopt_str_from(cases[i].path), lopt_str_from("src/b.c") };
		assert_int_equal(lopt_commits_make_up(&commits, &options, file, paths, 2, &err), LOPT_OK);
		assert_int_equal(commits.reason.len, 0);
		assert_int_equal(commits.count, 2);
		assert_int_equal(commits.changed[0], cases[i].want);
		assert_int_equal(commits.changed[1], 0x60);
		lopt_commits_release(&commits);
	}
	lopt_dockerfile_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_made_up),
		cmocka_unit_test(globs_cover_what_go_covers),
		cmocka_unit_test(ignores_what_the_last_pattern_says),
		cmocka_unit_test(versions_are_matched),
		cmocka_unit_test_setup_teardown(commits_change_instructions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_why_nothing_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(runs_nothing_of_the_repository, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
