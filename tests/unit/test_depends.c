/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "advice/command.h"
#include "advice/depends.h"
#include "base/buf.h"
#include "support/stack.h"

static struct lopt_error err;

enum { INSTRUCTIONS_MAX = 80 };

#define BASE                                                                                                        \
	"app0/ etc/ etc/passwd=root etc/apt/ opt/ root/ srv/ tmp/ usr/ usr/bin/ usr/bin/env=1 usr/lib/ usr/local/ " \
	"usr/local/bin/ usr/share/ usr/share/keyrings/ usr/share/doc/ var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=1"

/* What apt leaves behind. */
#define APT(name) \
	"usr/ usr/bin/ usr/bin/" name "=1 etc/ etc/" name "=1 var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=" name

static bool makes_layer(const struct lopt_instruction *in)
{
	return lopt_str_is(in->keyword, "run") || lopt_str_is(in->keyword, "copy") || lopt_str_is(in->keyword, "add") ||
	       lopt_str_is(in->keyword, "workdir");
}

/* layers: of the RUN, COPY, ADD and WORKDIR of the last stage, in order; "-" is one without. */
struct scene {
	struct lopt_dockerfile *file;
	struct lopt_image *image;
	int fd;
	size_t layer_of[INSTRUCTIONS_MAX];
};

static void open_scene(struct scene *scene, const char *source, const char *const layers[TEST_LAYERS_MAX])
{
	const char *stack[TEST_LAYERS_MAX] = { BASE };
	size_t next = 0, count = 1;
	assert_int_equal(lopt_dockerfile_parse(&scene->file, lopt_str_from(source), &err), LOPT_OK);
	for (size_t i = 0; i < INSTRUCTIONS_MAX; i++)
		scene->layer_of[i] = LOPT_NO_LAYER;
	for (size_t i = 0; i < lopt_dockerfile_count(scene->file); i++) {
		if (!makes_layer(lopt_dockerfile_at(scene->file, i)) || !layers[next])
			continue;
		if (strcmp(layers[next], "-") != 0) {
			scene->layer_of[i] = count;
			stack[count++] = layers[next];
		}
		next++;
	}
	if (test_open_stack(&scene->image, stack, &scene->fd, &err) != LOPT_OK)
		fail_msg("%s", err.message);
}

static void close_scene(struct scene *scene)
{
	lopt_dockerfile_free(scene->file);
	lopt_image_free(scene->image);
	(void)close(scene->fd);
}

struct depends_case {
	const char *source;
	const char *layers[TEST_LAYERS_MAX];
	const char *want; /* "LATER<EARLIER kind what, ...", those of FROM left out */
	enum lopt_builder builder;
};

static void expect(const struct depends_case *c)
{
	struct scene scene;
	struct lopt_depends depends;
	struct lopt_buf text = LOPT_BUF_INIT(1 << 14);
	open_scene(&scene, c->source, c->layers);
	const struct lopt_depends_input input = { scene.file, scene.image, scene.layer_of,
						  c->builder ? c->builder : LOPT_BUILDER_BUILDKIT };
	if (lopt_depends_read(&depends, &input, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	lopt_buf_text(&text, depends.reason ? depends.reason : "");
	for (size_t i = 0; i < depends.edge_count; i++) {
		const struct lopt_dependency *edge = &depends.edges[i];
		assert_true((depends.must_precede[edge->after] >> edge->before) & 1);
		if (edge->before)
			lopt_buf_printf(&text, "%s%zu<%zu %s%s%.*s", text.len ? ", " : "", edge->after, edge->before,
					lopt_dependency_name(edge->kind), edge->what.len ? " " : "",
					LOPT_STR_ARGS(edge->what));
	}
	if (strcmp(text.data ? text.data : "", c->want) != 0)
		fail_msg("%s\n%s\nnot %s", c->source, text.data, c->want);
	lopt_buf_release(&text);
	lopt_depends_release(&depends);
	close_scene(&scene);
}

static void expect_all(const struct depends_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(&cases[i]);
}

static void builder_state_keeps_the_order(void **state)
{
	(void)state;
	static const struct depends_case cases[] = {
		{ "FROM a\nENV V=1\nRUN mkdir /srv/$V", { "srv/ srv/1/" }, "2<1 variable V", 0 },
		{ "FROM a\nENV V=1\nRUN mkdir /srv/x", { "srv/ srv/x/" }, "", 0 },
		{ "FROM a\nARG V=1\nRUN mkdir /srv/VX", { "srv/ srv/VX/" }, "", 0 },
		{ "FROM a\nENV PATH=/x\nRUN mkdir /srv/x", { "srv/ srv/x/" }, "2<1 variable PATH", 0 },
		{ "FROM a\nENV A=1 LC_ALL=C\nRUN mkdir /srv/x", { "srv/ srv/x/" }, "2<1 variable LC_ALL", 0 },
		{ "FROM a\nARG http_proxy\nRUN mkdir /srv/x", { "srv/ srv/x/" }, "2<1 variable http_proxy", 0 },
		{ "FROM a\nENV V=1\nRUN make", { "srv/ srv/x/" }, "2<1 variable V", 0 },
		{ "FROM a\nENV V=1\nENV W=$V\nARG V=3\nLABEL l=$V\nCOPY $W /srv/",
		  { "srv/ srv/w=1" },
		  "2<1 variable V, 3<1 variable V, 3<2 variable V, 4<1 variable V, 4<3 variable V, 5<2 variable W",
		  0 },
		{ "FROM a\nENV V=1\nCMD echo $V\nENTRYPOINT [\"/x\", \"$V\"]\nHEALTHCHECK CMD $V", { 0 }, "", 0 },
		{ "FROM a\nWORKDIR /srv\nRUN mkdir x\nCOPY a b\nCOPY a /opt/\nWORKDIR x",
		  { "-", "srv/ srv/x/", "srv/ srv/b=1", "opt/ opt/a=1", "-" },
		  "2<1 directory /srv, 3<1 directory /srv, 5<1 directory /srv, 5<2 directory x, 5<3 directory x",
		  0 },
		{ "FROM a\nCOPY a /srv/w/x/\nWORKDIR /srv/w",
		  { "srv/ srv/w/ srv/w/x/ srv/w/x/a=1", "-" },
		  "2<1 directory /srv/w",
		  0 },
		{ "FROM a\nUSER app\nRUN mkdir /tmp/x\nCOPY a /srv/\nWORKDIR /x\nUSER 0",
		  { "tmp/ tmp/x/", "srv/ srv/a=1", "x/" },
		  "2<1 user app, 4<1 user app, 4<2 directory /x, 5<1 user app, 5<2 user 0, 5<4 user 0",
		  0 },
		{ "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nRUN mkdir /tmp/x\nCMD a\nENTRYPOINT [\"b\"]\nSHELL [\"c\"]",
		  { "tmp/ tmp/x/" },
		  "2<1 shell, 3<1 shell, 5<1 shell, 5<2 shell, 5<3 shell",
		  0 },
		{ "FROM a\nVOLUME /srv\nRUN mkdir /srv/x\nLABEL a=b\nVOLUME /x", { "srv/ srv/x/" }, "4<1 metadata", 0 },
		{ "FROM a\nVOLUME /srv\nRUN mkdir /srv/x\nLABEL a=b",
		  { "srv/ srv/x/" },
		  "2<1 volume /srv",
		  LOPT_BUILDER_LEGACY },
		{ "FROM a\nCMD a\nENTRYPOINT b\nCMD c\nONBUILD RUN a\nONBUILD RUN b\nLABEL a=1\nLABEL b=1\nEXPOSE 1",
		  { 0 },
		  "3<1 metadata, 5<4 metadata, 7<6 metadata",
		  0 },
		{ "FROM a\nCMD a\nENTRYPOINT b", { 0 }, "2<1 metadata", LOPT_BUILDER_BUILDAH },
		{ "FROM a\nSECRET x\nLABEL a=1", { 0 }, "2<1 unknown", 0 },
	};
	expect_all(cases, sizeof cases / sizeof cases[0]);
}

static void writes_keep_the_order(void **state)
{
	(void)state;
	static const struct depends_case cases[] = {
		{ "FROM a\nCOPY a /srv/a\nCOPY b /srv/b", { "srv/ srv/a=1", "srv/ srv/b=1" }, "", 0 },
		{ "FROM a\nCOPY a /srv/a\nCOPY b /srv/a", { "srv/ srv/a=1", "srv/ srv/a=2" }, "2<1 file srv/a", 0 },
		{ "FROM a\nCOPY a /srv/a\nCOPY b /srv/a", { "-", "srv/ srv/a=2" }, "2<1 unknown", 0 },
		{ "FROM a\nCOPY a /srv/d/\nCOPY b /srv/d/",
		  { "srv/ srv/d/ srv/d/a=1", "srv/ srv/d/ srv/d/b=1" },
		  "2<1 made srv/d/b",
		  0 },
		{ "FROM a\nCOPY a /srv/a\nRUN rm -r /srv", { "srv/ srv/a=1", ".wh.srv=" }, "2<1 file srv/a", 0 },
		{ "FROM a\nCOPY l /srv/l\nCOPY b /srv/l/b",
		  { "srv/ srv/l@x", "srv/ srv/l/ srv/l/b=1" },
		  "2<1 file srv/l",
		  0 },
		{ "FROM a\nRUN mkdir /srv/d\nRUN chmod 700 /srv/?",
		  { "srv/ srv/d/", "srv/ srv/d/" },
		  "2<1 named /srv/",
		  0 },
		/* databases that come out the same, and what dpkg makes itself */
		{ "FROM a\nRUN dpkg-divert x\nRUN dpkg-divert y",
		  { "var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=2 usr/share/doc/q/ usr/share/doc/q/a=1",
		    "var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=3 usr/share/doc/q/ usr/share/doc/q/b=1" },
		  "",
		  0 },
		{ "FROM a\nRUN dpkg-divert x\nCOPY y /usr/share/doc/q/b",
		  { "var/ var/lib/ var/lib/dpkg/ var/lib/dpkg/status=2 usr/share/doc/q/ usr/share/doc/q/a=1",
		    "usr/ usr/share/ usr/share/doc/ usr/share/doc/q/ usr/share/doc/q/b=1" },
		  "2<1 made usr/share/doc/q/b",
		  0 },
		/* accounts get their numbers in the order they are made */
		{ "FROM a\nRUN useradd a\nRUN useradd b\nUSER b\nCOPY --chown=a x /srv/x\nCOPY --chown=1:1 y /srv/y",
		  { "etc/ etc/passwd=a", "etc/ etc/passwd=ab", "srv/ srv/x=1", "srv/ srv/y=1" },
		  "2<1 user etc/passwd, 3<1 user etc/passwd, 3<2 user etc/passwd, 4<1 user etc/passwd, 4<2 user etc/passwd",
		  0 },
	};
	expect_all(cases, sizeof cases / sizeof cases[0]);
}

static void reads_keep_the_order(void **state)
{
	(void)state;
	static const struct depends_case cases[] = {
		/* what apt installs has nothing to do with what is copied to its own place */
		{ "FROM a\nCOPY . /srv/app\nRUN apt-get update && apt-get install -y curl",
		  { "srv/ srv/app/ srv/app/x=1", APT("curl") },
		  "",
		  0 },
		{ "FROM a\nWORKDIR /srv/app\nCOPY . .\nRUN apt-get install -y curl",
		  { "srv/ srv/app/", "srv/ srv/app/ srv/app/x=1", APT("curl") },
		  "2<1 directory /srv/app, 3<1 directory /srv/app",
		  0 },
		{ "FROM a\nWORKDIR /srv/app\nCOPY . .\nRUN apt-get install -y ./x.deb",
		  { "srv/ srv/app/", "srv/ srv/app/ srv/app/x.deb=1", APT("curl") },
		  "2<1 directory /srv/app, 3<1 directory /srv/app, 3<2 named ./x.deb",
		  0 },
		{ "FROM a\nWORKDIR /srv/app\nCOPY . .\nRUN cp *.deb /tmp",
		  { "srv/ srv/app/", "srv/ srv/app/ srv/app/x.deb=1", "tmp/ tmp/x.deb=1" },
		  "2<1 directory /srv/app, 3<1 directory /srv/app, 3<2 named .",
		  0 },
		/* a program that is not known may read what lies around */
		{ "FROM a\nWORKDIR /srv/app\nCOPY . .\nRUN npm ci",
		  { "srv/ srv/app/", "srv/ srv/app/ srv/app/x=1", "srv/ srv/app/ srv/app/node_modules/" },
		  "2<1 directory /srv/app, 3<1 directory /srv/app, 3<2 named /srv/app",
		  0 },
		{ "FROM a\nCOPY req.txt /tmp/\nRUN pip install -r /tmp/req.txt",
		  { "tmp/ tmp/req.txt=1", "usr/ usr/lib/ usr/lib/p=1" },
		  "2<1 named /tmp/req.txt",
		  0 },
		{ "FROM a\nCOPY run.sh /usr/local/bin/run\nRUN run",
		  { "usr/ usr/local/ usr/local/bin/ usr/local/bin/run=1", "srv/ srv/x=1" },
		  "2<1 named run",
		  0 },
		{ "FROM a\nCOPY src /srv/src\nRUN cd /srv && cat src/a > /tmp/b",
		  { "srv/ srv/src/ srv/src/a=1", "tmp/ tmp/b=1" },
		  "2<1 named /srv",
		  0 },
		{ "FROM a\nENV D=/srv/src\nCOPY src /srv/src\nRUN cat ${D}/a",
		  { "srv/ srv/src/ srv/src/a=1", "tmp/ tmp/b=1" },
		  "3<1 variable D, 3<2 named /srv/src/a",
		  0 },
		/* a script that is copied may read any variable */
		{ "FROM a\nENV D=1\nCOPY a.sh /srv/\nRUN sh /srv/a.sh",
		  { "srv/ srv/a.sh=1", "tmp/ tmp/b=1" },
		  "3<1 variable D, 3<2 named /srv/a.sh",
		  0 },
		{ "FROM a\nCOPY a.conf /etc/a.conf\nRUN apt-get install a",
		  { "etc/ etc/a.conf=1", "usr/ usr/bin/ usr/bin/a=1" },
		  "2<1 configuration etc",
		  0 },
		{ "FROM a\nCOPY k /usr/share/keyrings/k\nRUN apt-get update",
		  { "usr/ usr/share/ usr/share/keyrings/ usr/share/keyrings/k=1", "usr/ usr/bin/ usr/bin/a=1" },
		  "2<1 apt etc/apt",
		  0 },
		{ "FROM a\nRUN apt-get install gcc\nRUN pip install x\nRUN mkdir /srv/x",
		  { "usr/ usr/bin/ usr/bin/gcc=1", "usr/ usr/lib/ usr/lib/x=1", "srv/ srv/x/" },
		  "2<1 program",
		  0 },
		{ "FROM a\nRUN curl -o /srv/a https://a\nRUN date > /srv/b\nADD https://c /srv/\nRUN mkdir /srv/x",
		  { "srv/ srv/a=1", "srv/ srv/b=1", "srv/ srv/c=1", "srv/ srv/x/" },
		  "2<1 time, 3<1 time, 3<2 time",
		  0 },
		{ "FROM a\nCOPY sh /bin/tool\nRUN /bin/tool",
		  { "usr/ usr/bin/ usr/bin/tool=1", "srv/ srv/b=1" },
		  "2<1 named /bin/tool",
		  0 },
		{ "FROM a\nCOPY a /srv/a\nRUN --mount=type=bind,from=x,target=/srv/a true",
		  { "srv/ srv/a=1", "tmp/ tmp/b=1" },
		  "2<1 named /srv/a",
		  0 },
		{ "FROM a\nCOPY a /srv/a\nRUN <<E\ncat /srv/a\nE\n",
		  { "srv/ srv/a=1", "tmp/ tmp/b=1" },
		  "2<1 named /srv/a",
		  0 },
		/* settings, homes, links, and paths that only a variable has */
		{ "FROM a\nCOPY c /root/.gitconfig\nRUN git clone x /srv/x\nRUN rm ~/.gitconfig",
		  { "root/ root/.gitconfig=1", "srv/ srv/x/", "root/ root/.wh..gitconfig=" },
		  "2<1 configuration root, 3<1 file root/.gitconfig, 3<2 configuration root",
		  0 },
		{ "FROM a\nCOPY c /srv/c\nRUN cat /link/c", { "srv/ srv/c=1", "tmp/ tmp/b=1" }, "2<1 named /link/c", 0 },
		{ "FROM a\nENV CONF=/srv/c:$X\nCOPY c /srv/c\nRUN collect",
		  { "srv/ srv/c=1", "tmp/ tmp/b=1" },
		  "3<1 variable CONF, 3<2 named /srv/c",
		  0 },
		{ "FROM a\nRUN apt-get install xz-utils\nRUN tar xf /srv/x",
		  { "usr/ usr/bin/ usr/bin/xz=1", "tmp/ tmp/b=1" },
		  "2<1 program",
		  0 },
		/* where it runs is not known: a WORKDIR comes only later */
		{ "FROM a\nCOPY a /srv/a\nRUN cat a\nWORKDIR /x",
		  { "srv/ srv/a=1", "tmp/ tmp/b=1", "x/" },
		  "2<1 named a, 3<2 directory /x",
		  0 },
	};
	expect_all(cases, sizeof cases / sizeof cases[0]);
}

static void says_why_it_did_not_look(void **state)
{
	(void)state;
	struct lopt_buf many = LOPT_BUF_INIT(1024);
	lopt_buf_text(&many, "FROM a\n");
	for (size_t i = 0; i < 64; i++)
		lopt_buf_text(&many, "LABEL a=b\n");
	const struct depends_case cases[] = {
		{ "ARG A", { 0 }, "the Dockerfile has no stage", 0 },
		{ many.data, { 0 }, "the last stage has more than 64 instructions", 0 },
	};
	expect_all(cases, sizeof cases / sizeof cases[0]);
	lopt_buf_release(&many);
}

/* Words as "text", programs in <>, those that were cut with an ellipsis; then what is known of the whole. */
static void commands_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *run, *want;
	} cases[] = {
		{ "rm -rf /a/*", "<rm> -rf /a/... local" },
		{ "A=b rm x && C=\"d e\" touch y; mkdir z", "b <rm> x d e <touch> y <mkdir> z local" },
		{ "if [ -f a ]; then rm a; fi", "<if> <[> -f a ] <then> <rm> a <fi> local" },
		{ "for f in a b; do rm $f; done", "<for> f in a b <do> <rm> <done> local" },
		{ "rm \"$(cat x)\" y", "<rm> <cat> x <y>" },
		{ "apt-get install -y x=1 > /dev/null 2>&1", "<apt-get> install -y x 1 /dev/null 2 1 simple" },
		{ "cd x && pip install .", "<cd> x <pip> install ." },
		{ "echo 'a; b' \"c | d\"", "<echo> a b c d local" },
		{ "echo $RANDOM", "<echo> simple" },
		{ "cat $V/x a$V/b c/$V", "<cat> /v/x a/v/b c//v local" },
		{ "cat $W/x a$W/b c/$W", "<cat> .... .... c/..." },
		{ "`which x`", "<which> x" },
		{ "$W x", "x" },
		{ "[\"rm\", \"a b\"]", "<rm> a b local" },
		{ "[\"sh\", \"-c\", \"rm a\"]", "<sh> -c rm a" },
		{ "cat <<E\nrm a\nE", "<cat> E <rm> a local" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_buf text = LOPT_BUF_INIT(1024);
		struct lopt_arena arena;
		struct lopt_dockerfile *file;
		struct lopt_stage stage;
		struct lopt_command command;
		lopt_arena_init(&arena, 1 << 20);
		lopt_buf_printf(&text, "FROM scratch\nENV V=/v\nRUN %s\n", cases[i].run);
		assert_int_equal(lopt_dockerfile_parse(&file, lopt_buf_view(&text), &err), LOPT_OK);
		assert_int_equal(lopt_stage_read(&stage, file, SIZE_MAX, NULL, &err), LOPT_OK);
		assert_int_equal(lopt_command_read(&command, &arena, &stage.steps[2], &err), LOPT_OK);
		struct lopt_buf got = LOPT_BUF_INIT(1024);
		for (size_t k = 0; k < command.count; k++) {
			const struct lopt_command_word *word = &command.words[k];
			lopt_buf_printf(&got, word->program ? "<%s>" : "%s", word->text.ptr);
			lopt_buf_text(&got, word->open ? "... " : " ");
		}
		lopt_buf_text(&got, command.local ? "local" : command.simple ? "simple" : "");
		while (got.len && got.data[got.len - 1] == ' ')
			got.data[--got.len] = '\0';
		if (strcmp(got.data, cases[i].want) != 0)
			fail_msg("%s: %s, not %s", cases[i].run, got.data, cases[i].want);
		lopt_buf_release(&text);
		lopt_buf_release(&got);
		lopt_arena_release(&arena);
		lopt_stage_release(&stage);
		lopt_dockerfile_free(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builder_state_keeps_the_order),
		cmocka_unit_test(writes_keep_the_order),
		cmocka_unit_test(reads_keep_the_order),
		cmocka_unit_test(says_why_it_did_not_look),
		cmocka_unit_test(commands_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
