/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/recorder.h"

static enum lopt_status note(struct lopt_package_sink *sink, struct lopt_error *err)
{
	struct test_recorder *recorder = (struct test_recorder *)sink;
	if (++recorder->calls == recorder->refuse_at)
		return lopt_error_memory(err);
	lopt_buf_char(&recorder->text, '\n');
	return LOPT_OK;
}

static enum lopt_status note_package(struct lopt_package_sink *sink, const struct lopt_package *package,
				     struct lopt_error *err)
{
	struct lopt_buf *text = &((struct test_recorder *)sink)->text;
	lopt_buf_text(text, package->manager);
	lopt_buf_text(text, ": ");
	lopt_buf_str(text, package->name);
	lopt_buf_char(text, ' ');
	lopt_buf_str(text, package->version);
	return note(sink, err);
}

static enum lopt_status note_file(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err)
{
	struct lopt_buf *text = &((struct test_recorder *)sink)->text;
	lopt_buf_text(text, "  ");
	lopt_buf_str(text, path);
	return note(sink, err);
}

static enum lopt_status note_tree(struct lopt_package_sink *sink, struct lopt_str path, struct lopt_error *err)
{
	struct lopt_buf *text = &((struct test_recorder *)sink)->text;
	lopt_buf_text(text, "  ");
	lopt_buf_str(text, path);
	lopt_buf_char(text, '/');
	return note(sink, err);
}

void test_recorder_init(struct test_recorder *recorder)
{
	*recorder = (struct test_recorder){
		.sink = { note_package, note_file, note_tree },
		.text = LOPT_BUF_INIT((size_t)1 << 30),
	};
}

void test_recorder_release(struct test_recorder *recorder)
{
	lopt_buf_release(&recorder->text);
}

static enum lopt_status parse(const struct test_package_case *c, struct test_recorder *recorder, struct lopt_error *err)
{
	const struct lopt_package_kind *kind = lopt_package_kind_of(lopt_str_from(c->path));
	assert_non_null(kind);
	/* A copy of the exact size: a read past the end is seen by AddressSanitizer. */
	size_t size = c->size ? c->size : strlen(c->text);
	char *text = malloc(size ? size : 1);
	assert_non_null(text);
	memcpy(text, c->text, size);
	enum lopt_status status = kind->parse(lopt_str_make(text, size), lopt_str_from(c->path), &recorder->sink, err);
	free(text);
	return status;
}

static void refuse_each(const struct test_package_case *c, size_t calls)
{
	for (size_t at = 1; at <= calls; at++) {
		struct lopt_error err = { .status = LOPT_OK };
		struct test_recorder recorder;
		test_recorder_init(&recorder);
		recorder.refuse_at = at;
		assert_int_equal(parse(c, &recorder, &err), LOPT_E_MEMORY);
		assert_int_equal(err.status, LOPT_E_MEMORY);
		assert_int_equal(recorder.calls, at);
		test_recorder_release(&recorder);
	}
}

void test_package_cases(const struct test_package_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct lopt_error err = { .status = LOPT_OK };
		struct test_recorder recorder;
		test_recorder_init(&recorder);
		assert_int_equal(parse(&cases[i], &recorder, &err), cases[i].status);
		assert_int_equal(err.status, cases[i].status);
		assert_string_equal(recorder.text.data ? recorder.text.data : "", cases[i].want);
		refuse_each(&cases[i], recorder.calls);
		test_recorder_release(&recorder);
	}
}
