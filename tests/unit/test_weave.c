/* SPDX-License-Identifier: MIT */
/* What drafts join, run by the shell of this machine: the same output and the same success as one RUN after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "dockerfile/draft.h"
#include "io/process.h"

static const char *const texts[] = {
	"echo a",
	"false",
	"echo a; false; echo b",
	"echo a && false && echo b",
	"false || echo c",
	"set -e; echo a; false; echo b",
	"set -e; false || true; echo d",
	"set -e; true && false; echo e",
	"set -e; echo a; true && false",
	"set -e; for i in 1 2; do echo $i; false; done",
	"set -e; true && for i in 1 2; do false; echo $i; done",
	"set -e; f() { false; echo f; }; f",
	"set -e; ! true; echo g",
	"set -e; ! true",
	"set -e; false || { false; echo h; }",
	"set -e; echo a; set +e; false; echo i",
	"if false; then echo j; fi",
	"{ false; echo k; }",
	"( set -e; false; echo l )",
	"set -e; ( false; echo l ); echo m",
	"echo $(set -e; false; echo l)",
	"{ set -e; false; echo v; }",
	"if true; then set -e; false; echo w; fi",
	"set -e && false; echo x",
	"exit 0; echo m",
	"echo a; exit 1",
	"A=1; umask 077; cd /; export B=2",
	"echo ${A-n} ${B-o} $(umask); test \"$(pwd)\" != /",
	"! true",
	"false | true;",
	"trap 'echo p' EXIT; echo q",
	"set -u; echo r # s",
	"echo ${C}",
	"exec echo t",
	"set -e; case x in x) echo u; false;; esac",
};
static const char *const commands[] = { "echo x", "false",  "echo x || echo y", "false; echo z",
					"! true", "exit 1", "exit 0",		"if true; then false; fi" };

struct result {
	struct lopt_buf out;
	bool success;
};

static struct result run(const char *const argv[])
{
	struct result result = { .out = LOPT_BUF_INIT(10000) };
	struct lopt_process process = LOPT_PROCESS_NONE;
	struct lopt_error err;
	assert_int_equal(lopt_process_start(&process, argv, &err), LOPT_OK);
	char bytes[256];
	for (ssize_t got; (got = read(process.out, bytes, sizeof bytes)) > 0;)
		lopt_buf_add(&result.out, bytes, (size_t)got);
	int code = 0;
	assert_int_equal(lopt_process_end(&process, false, &code, &err), LOPT_OK);
	result.success = code == 0;
	lopt_buf_text(&result.out, "");
	return result;
}

enum way { FOLD, APPEND, PREPEND };
enum { TEXTS = sizeof texts / sizeof texts[0], COMMANDS = sizeof commands / sizeof commands[0] };

/* Up to three texts, one behind the other, by a shell with options "-c" or "-ec". */
struct joint {
	const char *options;
	const char *text[3];
	enum way way; /* of the first two; a third is folded */
};

static void check(const struct joint *joint, const char *woven)
{
	const char *third = joint->text[2] ? joint->text[2] : ":";
	const char *const apart[] = { "sh",	      "-c",	      "sh $1 \"$2\" && sh $1 \"$3\" && sh $1 \"$4\"",
				      "sh",	      joint->options, joint->text[0],
				      joint->text[1], third,	      NULL };
	const char *const together[] = { "sh", joint->options, woven, NULL };
	struct result want = run(apart), got = run(together);
	if (want.success != got.success || strcmp(want.out.data, got.out.data) != 0)
		fail_msg("%s\n%s\n%s\nwant %d %s\n%s\ngot %d %s", joint->text[0], joint->text[1], third, want.success,
			 want.out.data, woven, got.success, got.out.data);
	lopt_buf_release(&want.out);
	lopt_buf_release(&got.out);
}

static enum lopt_status draft_joint(struct lopt_draft *draft, const struct joint *joint, struct lopt_error *err)
{
	if (joint->way == PREPEND)
		return lopt_draft_prepend(draft, 2, lopt_str_from(joint->text[0]), err);
	if (joint->way == APPEND)
		return lopt_draft_append(draft, 1, lopt_str_from(joint->text[1]), err);
	LOPT_TRY(lopt_draft_fold(draft, 2, 1, err));
	return joint->text[2] ? lopt_draft_fold(draft, 3, 1, err) : LOPT_OK;
}

static void join(const struct joint *joint)
{
	struct lopt_buf source = LOPT_BUF_INIT(10000), out = LOPT_BUF_INIT(10000), text = LOPT_BUF_INIT(10000);
	struct lopt_dockerfile *file = NULL, *again = NULL;
	struct lopt_draft *draft = NULL;
	struct lopt_error err = { .message = "" };
	lopt_buf_printf(&source, "SHELL [\"sh\", \"%s\"]\nRUN %s\nRUN %s\nRUN %s\n", joint->options, joint->text[0],
			joint->text[1], joint->text[2] ? joint->text[2] : "");
	assert_int_equal(lopt_dockerfile_parse(&file, lopt_buf_view(&source), &err), LOPT_OK);
	assert_int_equal(lopt_draft_new(&draft, file, lopt_buf_view(&source), &err), LOPT_OK);
	if (draft_joint(draft, joint, &err) != LOPT_OK || lopt_draft_print(draft, &out, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	assert_int_equal(lopt_dockerfile_parse(&again, lopt_buf_view(&out), &err), LOPT_OK);
	lopt_buf_str(&text, lopt_dockerfile_at(again, joint->way == PREPEND ? 2 : 1)->args);
	check(joint, text.data);
	lopt_draft_free(draft);
	lopt_dockerfile_free(file);
	lopt_dockerfile_free(again);
	lopt_buf_release(&source);
	lopt_buf_release(&out);
	lopt_buf_release(&text);
}

/* All pairs take half a minute; one in PART is tried. */
#ifndef PART
#define PART 31
#endif

static void folded_texts_do_what_they_did(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++)
		for (size_t j = i % PART; j < TEXTS; j += PART) {
			join(&(struct joint){ "-c", { texts[i], texts[j] }, FOLD });
			join(&(struct joint){ "-ec", { texts[i], texts[j] }, FOLD });
			join(&(struct joint){ "-c", { texts[i], texts[j], texts[(i * 7 + j * 5) % TEXTS] }, FOLD });
		}
}

/* What the text or the SHELL sets holds for the command, so that there a ; in it does not go on. */
static bool stops_early(const char *command, const char *text, const char *options)
{
	return strchr(command, ';') && (strncmp(text, "set -e", 6) == 0 || strcmp(options, "-ec") == 0);
}

static void added_commands_run_in_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++)
		for (size_t j = i % (PART / 3 + 1); j < COMMANDS; j += PART / 3 + 1) {
			const char *options = (i + j) % 2 ? "-c" : "-ec";
			if (stops_early(commands[j], texts[i], options))
				continue;
			join(&(struct joint){ options, { commands[j], texts[i] }, PREPEND });
			join(&(struct joint){ options, { texts[i], commands[j] }, APPEND });
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_texts_do_what_they_did),
		cmocka_unit_test(added_commands_run_in_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
