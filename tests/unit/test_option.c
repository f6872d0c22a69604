/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

#include "cli/opening.h"
#include "cli/option.h"
#include "cli/output.h"

static const struct lopt_option table[] = {
	{ "format", 0, 2, "FORMAT", "how" },
	{ "output", 'o', 3, "FORMAT=FILE", "where" },
	{ "verbose", 'v', 4, NULL, "more" },
	{ 0 },
};

static enum lopt_status collect(void *context, int id, const char *value, struct lopt_error *err)
{
	char *text = context;
	size_t len = strlen(text);
	(void)err;
	(void)snprintf(text + len, 256 - len, "%d:%s ", id, value ? value : "");
	return LOPT_OK;
}

static enum lopt_status parse(const char *line, char text[256], struct lopt_error *err)
{
	char copy[256];
	char *argv[16] = { (char[]){ "cmd" } };
	int argc = 1;
	char *rest;
	(void)snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word && argc < 15; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	text[0] = '\0';
	return lopt_options_parse(table, argc, argv, collect, text, err);
}

static void takes_options_and_operands(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{ "", "" },
		{ "a", "0:a " },
		{ "a --format json", "0:a 2:json " },
		{ "--format=json a", "2:json 0:a " },
		{ "-v a -o x=y", "4: 0:a 3:x=y " },
		{ "-vox=y -", "4: 3:x=y 0:- " },
		{ "-v -- -v a", "4: 0:-v 0:a " },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[256];
		struct lopt_error err = { LOPT_OK, "" };
		if (parse(cases[i].line, text, &err) != LOPT_OK)
			fail_msg("%s: %s", cases[i].line, err.message);
		assert_string_equal(text, cases[i].want);
	}
}

static void refuses_with_a_hint(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{ "--fromat json", "unknown option --fromat; did you mean --format?" },
		{ "--forma json", "unknown option --forma; did you mean --format?" },
		{ "a --xyzzy", "unknown option --xyzzy" },
		{ "--format", "--format needs FORMAT" },
		{ "-o", "-o needs FORMAT=FILE" },
		{ "--verbose=1", "--verbose takes no value" },
		{ "-x", "unknown option -x" },
		{ "-vx", "unknown option -x" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[256];
		struct lopt_error err = { LOPT_OK, "" };
		assert_int_equal(parse(cases[i].line, text, &err), LOPT_E_USAGE);
		assert_string_equal(err.message, cases[i].want);
	}
}

static void takes_limits_and_numbers(void **state)
{
	struct lopt_opening opening;
	struct lopt_error err = { LOPT_OK, "" };
	size_t number = 7;
	(void)state;
	lopt_opening_init(&opening);
	assert_int_equal(lopt_opening_take(&opening, LOPT_OPTION_LIMIT, "json_bytes=1.5MB", &err), LOPT_OK);
	assert_int_equal(opening.limits.json_bytes, 1500000);
	assert_int_equal(lopt_opening_take(&opening, LOPT_OPTION_LIMIT, "entires=1", &err), LOPT_E_USAGE);
	assert_string_equal(err.message, "--limit entires: unknown; did you mean entries?");
	assert_int_equal(lopt_opening_take(&opening, LOPT_OPTION_LIMIT, "entries", &err), LOPT_E_USAGE);
	assert_int_equal(lopt_number_parse(&number, "top", "0", &err), LOPT_OK);
	assert_int_equal(number, 0);
	assert_int_equal(lopt_number_parse(&number, "top", "-1", &err), LOPT_E_USAGE);
	assert_int_equal(lopt_number_parse(&number, "top", "99999999999999999999", &err), LOPT_E_USAGE);
	assert_int_equal(lopt_number_parse(&number, "top", "", &err), LOPT_E_USAGE);
	lopt_opening_release(&opening);
}

static void refuses_outputs_to_one_place(void **state)
{
	static const struct {
		const char *first, *second;
		enum lopt_status want;
	} cases[] = {
		{ "json=a", "text=b", LOPT_OK },
		{ "json=a", "text=a", LOPT_E_USAGE },
		{ "json=a", "text=./a", LOPT_E_USAGE },
		{ "json=-", "text=-", LOPT_E_USAGE },
		{ "json=-", "text=/dev/stdout", LOPT_E_USAGE },
		{ "json=/dev/null", "text=/dev/null", LOPT_OK },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct lopt_outputs outputs = { .count = 0 };
		struct lopt_error err = { LOPT_OK, "" };
		assert_int_equal(lopt_outputs_add(&outputs, cases[i].first, &err), LOPT_OK);
		assert_int_equal(lopt_outputs_add(&outputs, cases[i].second, &err), LOPT_OK);
		assert_int_equal(lopt_outputs_check(&outputs, NULL, 0, &err), cases[i].want);
		lopt_outputs_release(&outputs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_options_and_operands),
		cmocka_unit_test(refuses_with_a_hint),
		cmocka_unit_test(takes_limits_and_numbers),
		cmocka_unit_test(refuses_outputs_to_one_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
