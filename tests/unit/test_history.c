/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "dockerfile/dockerfile.h"

static void entries_read_as_instructions(void **state)
{
	(void)state;
	static const struct {
		const char *created_by, *comment, *author, *want;
		enum lopt_builder builder;
	} cases[] = {
		{ "/bin/sh -c #(nop)  ENV A=1", "", "", "ENV A=1", LOPT_BUILDER_LEGACY },
		{ "/bin/sh -c #(nop) ENV A=1", "", "", "ENV A=1", LOPT_BUILDER_BUILDAH },
		{ "/bin/sh -c #(nop) WORKDIR /srv", "", "", "WORKDIR /srv", LOPT_BUILDER_LEGACY },
		{ "/bin/bash -o pipefail -c #(nop)  CMD [\"a\"]", "", "", "CMD [\"a\"]", LOPT_BUILDER_LEGACY },
		{ "/bin/sh -c #(nop) COPY file:01ab in /bin/ ", "", "", "COPY (sources not recorded) in /bin/",
		  LOPT_BUILDER_LEGACY },
		{ "/bin/sh -c #(nop) COPY file:01ab in /bin/ ", "FROM 0123", "", "COPY (sources not recorded) in /bin/",
		  LOPT_BUILDER_BUILDAH },
		{ "/bin/sh -c #(nop) COPY --chown=1:1multi:01 in ./a b/ ", "", "",
		  "COPY --chown=1:1 (sources not recorded) in ./a b/", LOPT_BUILDER_LEGACY },
		{ "/bin/sh -c apt-get update", "", "", "RUN apt-get update", LOPT_BUILDER_LEGACY },
		{ "|2 A=1 B=two words /bin/sh -c make", "", "", "RUN make", LOPT_BUILDER_LEGACY },
		{ "|1 A= /bin/true", "", "", "RUN /bin/true", LOPT_BUILDER_LEGACY },
		{ "/bin/true --flag", "", "", "RUN /bin/true --flag", LOPT_BUILDER_LEGACY },
		{ "RUN |1 A=1 /bin/bash -eo pipefail -c make # buildkit", "buildkit.dockerfile.v0", "", "RUN make",
		  LOPT_BUILDER_BUILDKIT },
		{ "RUN /bin/sh -c a\nb\n # buildkit", "", "", "RUN a b", LOPT_BUILDER_BUILDKIT },
		{ "COPY --chown=1:1 a b /c # buildkit", "buildkit.dockerfile.v0", "", "COPY --chown=1:1 a b /c",
		  LOPT_BUILDER_BUILDKIT },
		{ "EXPOSE map[80/tcp:{}]", "buildkit.dockerfile.v0", "", "EXPOSE map[80/tcp:{}]",
		  LOPT_BUILDER_BUILDKIT },
		{ "cmd /S /C powershell -Command ls", "", "", "RUN powershell -Command ls", LOPT_BUILDER_LEGACY },
		{ "RUN make", "", "kaniko", "RUN make", LOPT_BUILDER_KANIKO },
		{ "bazel build ...", "", "Bazel", "bazel build ...", LOPT_BUILDER_UNKNOWN },
		{ "# debian.sh --arch 'amd64' out/", "debuerreotype 0.15", "", "# debian.sh --arch 'amd64' out/",
		  LOPT_BUILDER_UNKNOWN },
		{ "", "buildkit.exporter.image.v0", "", "", LOPT_BUILDER_BUILDKIT },
		{ "", "", "", "", LOPT_BUILDER_UNKNOWN },
	};
	struct lopt_arena arena;
	lopt_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct lopt_history entry = {
			.created_by = lopt_str_from(cases[i].created_by),
			.comment = lopt_str_from(cases[i].comment),
			.author = lopt_str_from(cases[i].author),
		};
		assert_string_equal(lopt_history_instruction(&arena, &entry).ptr, cases[i].want);
		assert_string_equal(lopt_builder_name(lopt_history_builder(&entry)),
				    lopt_builder_name(cases[i].builder));
	}
	lopt_arena_release(&arena);
}

/* ---- what four builders really wrote */

enum { ENTRIES_MAX = 6000 };

struct aligned {
	struct lopt_history entries[ENTRIES_MAX];
	uint32_t lines[ENTRIES_MAX];
	size_t count;
	struct lopt_alignment alignment;
};

static struct lopt_str json_text(const json_t *entry, const char *name)
{
	const json_t *value = json_object_get(entry, name);
	return value ? lopt_str_make(json_string_value(value), json_string_length(value)) : lopt_str_make(NULL, 0);
}

static void align(struct aligned *a, struct lopt_str source)
{
	struct lopt_dockerfile *file = NULL;
	struct lopt_error err = { .message = "" };
	if (lopt_dockerfile_parse(&file, source, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	if (lopt_dockerfile_align(file, a->entries, a->count, a->lines, &a->alignment, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	lopt_dockerfile_free(file);
}

static size_t read_file(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("%s: run the tests from the root of the tree", path);
	size_t len = fread(out, 1, size, file);
	(void)fclose(file);
	return len;
}

static json_t *load(struct aligned *a, const char *path)
{
	json_t *list = json_load_file(path, 0, NULL);
	assert_non_null(list);
	a->count = json_array_size(list);
	for (size_t i = 0; i < a->count; i++) {
		const json_t *entry = json_array_get(list, i);
		a->entries[i] = (struct lopt_history){
			.created_by = json_text(entry, "created_by"),
			.comment = json_text(entry, "comment"),
			.author = json_text(entry, "author"),
			.empty_layer = json_is_true(json_object_get(entry, "empty_layer")),
		};
	}
	return list;
}

static void real_histories_align(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum lopt_builder builder;
		uint32_t lines[40]; /* 0 behind the last; all 0: impossible */
	} cases[] = {
		{ "fixtures/history/legacy.json", LOPT_BUILDER_LEGACY, { 5,  6,	 16, 17, 18, 19, 20, 21, 22, 23, 24, 27,
									 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
									 42, 43, 44, 46, 47, 48, 49, 50, 52, 53 } },
		{ "fixtures/history/buildkit.json", LOPT_BUILDER_BUILDKIT, { 5,	 6,  16, 17, 18, 19, 20, 21, 22, 23, 24,
									     27, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
									     40, 41, 42, 43, 44, 46, 47, 50, 52, 53 } },
		{ "fixtures/history/buildah-layers.json",
		  LOPT_BUILDER_BUILDAH,
		  { 5,	6,  16, 17, 18, 19, 20, 21, 22, 23, 24, 27, 30, 31, 32, 33, 34,
		    35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 50, 52, 53 } },
		{ "fixtures/history/buildah.json", LOPT_BUILDER_BUILDAH, { 0 } },
	};
	static char source[10000];
	size_t len = read_file("fixtures/dockerfiles/history/Dockerfile", source, sizeof source);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct aligned *a = calloc(1, sizeof *a);
		json_t *list = load(a, cases[i].path);
		align(a, lopt_str_make(source, len));
		assert_int_equal(a->alignment.builder, cases[i].builder);
		assert_int_equal(a->alignment.impossible, cases[i].lines[0] == 0);
		assert_int_equal(a->alignment.matched, cases[i].lines[0] ? a->count : 0);
		assert_int_equal(a->alignment.base, 0);
		for (size_t j = 0; j < a->count; j++)
			assert_int_equal(a->lines[j], cases[i].lines[j]);
		if (a->alignment.impossible)
			assert_non_null(strstr(a->alignment.reason, "--layers"));
		json_decref(list);
		free(a);
	}
}

/* ---- cases of our own: "LINE|created_by" for each entry, ~ in front where it made no layer */

#define BK "buildkit.dockerfile.v0"

struct alignment_case {
	const char *source, *comment, *author;
	const char *entries[12];
	uint32_t lines[12];
	size_t base;
	const char *reason; /* part of it, or NULL */
};

static const struct alignment_case alignment_cases[] = {
	{ /* what a base image set is not known: its variables, its directory, its shell */
	  .source =
		  "FROM debian:12\nENV PATH=$PATH:/opt/bin\nWORKDIR sub\nCOPY a ${HOME}/b/\nRUN make $PATH\nCMD run\n",
	  .comment = BK,
	  .entries = { "~ENV PATH=/bin", "RUN /bin/sh -c base # buildkit", "~ENV PATH=/bin:/opt/bin",
		       "WORKDIR /srv/sub", "COPY a /root/b/ # buildkit", "RUN /bin/bash -c make $PATH # buildkit",
		       "~CMD [\"/bin/bash\" \"-c\" \"run\"]" },
	  .lines = { 0, 0, 2, 3, 4, 5, 6 },
	  .base = 2 },
	{ /* a Dockerfile of something else */
	  .source = "FROM a\nRUN one\nRUN two\nCOPY x /y\nCMD [\"sh\"]\n",
	  .comment = BK,
	  .entries = { "RUN /bin/sh -c three # buildkit", "COPY p /q # buildkit", "~CMD [\"sh\"]" },
	  .reason = "hardly anything" },
	{ /* one entry, two instructions it could be */
	  .source = "FROM a\nRUN one\nRUN same\nRUN same\nRUN two\n",
	  .comment = BK,
	  .entries = { "RUN /bin/sh -c one # buildkit", "RUN /bin/sh -c same # buildkit",
		       "RUN /bin/sh -c two # buildkit" },
	  .lines = { 2, 0, 5 } },
	{ /* as many entries as instructions leave no doubt */
	  .source = "FROM a\nRUN same\nRUN same\n",
	  .comment = BK,
	  .entries = { "RUN /bin/sh -c base # buildkit", "RUN /bin/sh -c same # buildkit",
		       "RUN /bin/sh -c same # buildkit" },
	  .lines = { 0, 2, 3 },
	  .base = 1 },
	{ /* --build-arg beat the default, as the RUN shows */
	  .source = "ARG BASE=x\nFROM scratch\nARG V=1\nARG BASE\nCOPY a /$V/$BASE\nRUN go\n",
	  .comment = BK,
	  .entries = { "~ARG V=1", "~ARG BASE=x", "COPY a /2/x # buildkit",
		       "RUN |2 V=2 BASE=x /bin/sh -c go # buildkit" },
	  .lines = { 3, 4, 5, 6 } },
	{ /* here-documents: a script, one for the shell, a file */
	  .source =
		  "FROM scratch\nRUN <<EOF\n\techo a\necho b\nEOF\nRUN <<-S\n\t#!/x\n\tS\nRUN cat <<X | sh\ny\nX\nCOPY <<F a /d/\nz\nF\n",
	  .comment = BK,
	  .entries = { "RUN /bin/sh -c \techo a\necho b\n # buildkit", "RUN /dev/pipes/S # buildkit",
		       "RUN /bin/sh -c cat <<X | sh\ny\nX # buildkit", "COPY a <<F /d/ # buildkit" },
	  .lines = { 2, 6, 9, 12 } },
	{ /* triggers run at the start of the stage above; a stage may be named by its number */
	  .source = "FROM scratch\nONBUILD RUN later\nRUN now\nFROM alpine AS other\nRUN not\nFROM 0\nRUN last\n",
	  .comment = BK,
	  .entries = { "RUN /bin/sh -c now # buildkit", "RUN /bin/sh -c later # buildkit",
		       "RUN /bin/sh -c last # buildkit" },
	  .lines = { 3, 2, 7 } },
	{ /* the classic builder: no layer where nothing changed, ONBUILD kept, sources lost */
	  .source = "FROM scratch AS Base\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN true\nFROM base\n"
		    "COPY a b /c/\nADD d /e\nONBUILD USER x\nENTRYPOINT run it\nEXPOSE 80/tcp 53/udp\n",
	  .entries = { "~/bin/bash -o pipefail -c #(nop)  SHELL [/bin/bash -o pipefail -c]",
		       "~/bin/bash -o pipefail -c true", "/bin/bash -o pipefail -c #(nop) COPY multi:0 in /c/ ",
		       "/bin/bash -o pipefail -c #(nop) ADD file:0 in /e ",
		       "~/bin/bash -o pipefail -c #(nop)  ONBUILD USER x",
		       "~/bin/bash -o pipefail -c #(nop)  ENTRYPOINT [\"/bin/bash\" \"-o\" \"pipefail\" \"-c\" \"run it\"]",
		       "~/bin/bash -o pipefail -c #(nop)  EXPOSE 53/udp 80" },
	  .lines = { 2, 3, 5, 6, 7, 8, 9 } },
	{ /* kaniko writes down what made a layer, as it stands in the file */
	  .source =
		  "FROM scratch\nENV A=1\nRUN --mount=type=cache,target=/c make \\\n all\nCOPY --chown=1:1 a $A\nUSER x\n",
	  .author = "kaniko",
	  .entries = { "RUN --mount=type=cache,target=/c make  all", "COPY --chown=1:1 a $A" },
	  .lines = { 3, 5 } },
	{ .source = "FROM scratch\nRUN a\nRUN b\n",
	  .author = "kaniko",
	  .entries = { "RUN b" },
	  .reason = "--single-snapshot" },
	{ .source = "FROM scratch\nRUN a\n", .entries = { "bazel build ..." }, .reason = "builder" },
	{ .source = "FROM scratch\nRUN a\n", .entries = { NULL }, .reason = "builder" },
	{ /* an instruction that was added since is passed over */
	  .source = "FROM a\nRUN one\nRUN new\nRUN two\n",
	  .comment = BK,
	  .entries = { "RUN /bin/sh -c one # buildkit", "RUN /bin/sh -c two # buildkit" },
	  .lines = { 2, 4 } },
};

static void check_alignment(struct aligned *a, const struct alignment_case *c)
{
	a->count = 0;
	for (const char *const *text = c->entries; *text; text++) {
		bool empty = **text == '~';
		a->entries[a->count++] = (struct lopt_history){
			.created_by = lopt_str_from(*text + empty),
			.comment = lopt_str_from(c->comment),
			.author = lopt_str_from(c->author),
			.empty_layer = empty,
		};
	}
	align(a, lopt_str_from(c->source));
	if (c->reason && (!a->alignment.impossible || !strstr(a->alignment.reason, c->reason)))
		fail_msg("not refused for \"%s\": %s", c->reason, c->source);
	if (!c->reason && a->alignment.impossible)
		fail_msg("%s: %s", a->alignment.reason, c->source);
	for (size_t j = 0; j < a->count; j++)
		if (a->lines[j] != c->lines[j])
			fail_msg("entry %zu: line %u instead of %u of\n%s", j, a->lines[j], c->lines[j], c->source);
	assert_int_equal(a->alignment.base, c->base);
}

static void own_histories_align(void **state)
{
	(void)state;
	struct aligned *a = calloc(1, sizeof *a);
	for (size_t i = 0; i < sizeof alignment_cases / sizeof alignment_cases[0]; i++)
		check_alignment(a, &alignment_cases[i]);
	free(a);
}

static void long_histories_stay_bounded(void **state)
{
	(void)state;
	struct aligned *a = calloc(1, sizeof *a);
	a->count = ENTRIES_MAX;
	for (size_t i = 0; i < a->count; i++) {
		a->entries[i].created_by = lopt_str_from("RUN /bin/sh -c same # buildkit");
		a->entries[i].comment = lopt_str_from(BK);
	}
	struct lopt_buf source = LOPT_BUF_INIT(1 << 20);
	lopt_buf_text(&source, "FROM a\n");
	for (int i = 0; i < 1000; i++)
		lopt_buf_text(&source, "RUN same\n");
	align(a, lopt_buf_view(&source));
	assert_false(a->alignment.impossible);
	assert_int_equal(a->alignment.matched, 1000);
	assert_int_equal(a->alignment.base, ENTRIES_MAX - 1000);
	assert_int_equal(a->lines[ENTRIES_MAX - 1], 1001);
	for (int i = 0; i < 1000; i++)
		lopt_buf_text(&source, "RUN same\n");
	align(a, lopt_buf_view(&source));
	assert_true(a->alignment.impossible);
	assert_non_null(strstr(a->alignment.reason, "too many"));
	lopt_buf_release(&source);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_read_as_instructions),
		cmocka_unit_test(real_histories_align),
		cmocka_unit_test(own_histories_align),
		cmocka_unit_test(long_histories_stay_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
