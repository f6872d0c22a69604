/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/stream.h"

enum { SIZE = 100000 };

static unsigned char data[SIZE];

static int fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 7 ^ i >> 8);
	return 0;
}

static int make_file(size_t size)
{
	int fd = memfd_create("test", 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	return fd;
}

/* Each kind of stream, over the same bytes. */

struct kind {
	const char *name;
	bool skips;
	int fds[2];
	struct lopt_memory_stream memory;
	struct lopt_file_stream file;
	struct lopt_pipe_stream pipe;
	struct lopt_peek_stream peek;
	struct lopt_count_stream count;
	struct lopt_stream *stream;
};

enum which { MEMORY, FILE_PART, PIPE, PEEK, PEEK_PIPE, COUNT, COUNT_PEEK, KINDS };

static void start_writer(struct kind *kind)
{
	assert_int_equal(pipe(kind->fds), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(kind->fds[0]);
		for (size_t at = 0; at < SIZE;) {
			ssize_t n = write(kind->fds[1], data + at, SIZE - at < 3000 ? SIZE - at : 3000);
			if (n < 0)
				_exit(1);
			at += (size_t)n;
		}
		_exit(0);
	}
	(void)close(kind->fds[1]);
	kind->fds[1] = -1;
	lopt_pipe_stream_init(&kind->pipe, kind->fds[0]);
	kind->stream = &kind->pipe.stream;
}

static void open_kind(struct kind *kind, enum which which)
{
	*kind = (struct kind){ .fds = { -1, -1 }, .skips = which != PIPE && which != PEEK_PIPE };
	if (which == PIPE || which == PEEK_PIPE) {
		start_writer(kind);
	} else if (which == FILE_PART) {
		kind->fds[0] = make_file(SIZE);
		lopt_file_stream_init(&kind->file, kind->fds[0], 0, SIZE);
		kind->stream = &kind->file.stream;
	} else {
		lopt_memory_stream_init(&kind->memory, data, SIZE);
		kind->stream = &kind->memory.stream;
	}
	if (which == PEEK || which == PEEK_PIPE || which == COUNT_PEEK) {
		assert_int_equal(lopt_peek_stream_init(&kind->peek, kind->stream, NULL), LOPT_OK);
		assert_int_equal(kind->peek.have, sizeof kind->peek.head);
		assert_memory_equal(kind->peek.head, data, sizeof kind->peek.head);
		kind->stream = &kind->peek.stream;
	}
	if (which == COUNT || which == COUNT_PEEK) {
		lopt_count_stream_init(&kind->count, kind->stream);
		kind->stream = &kind->count.stream;
	}
}

static void close_kind(struct kind *kind, enum which which)
{
	if (kind->fds[0] >= 0)
		(void)close(kind->fds[0]);
	if (which == PIPE || which == PEEK_PIPE)
		while (wait(NULL) > 0)
			;
}

static void every_stream_gives_its_bytes(void **state)
{
	(void)state;
	static const size_t pieces[] = { 1000, 1, 511, 512, 513, 65536, SIZE + 1 };
	static unsigned char got_data[SIZE + 1];
	for (enum which which = 0; which < KINDS; which++) {
		for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
			struct kind kind;
			size_t at = 0;
			size_t got;
			open_kind(&kind, which);
			do {
				size_t want = SIZE + 1 - at < pieces[i] ? SIZE + 1 - at : pieces[i];
				assert_int_equal(lopt_stream_read(kind.stream, got_data + at, want, &got, NULL),
						 LOPT_OK);
				assert_true(got <= want);
				at += got;
			} while (got);
			assert_int_equal(at, SIZE);
			assert_memory_equal(got_data, data, SIZE);
			assert_int_equal(lopt_stream_read(kind.stream, got_data, 1, &got, NULL), LOPT_OK);
			assert_int_equal(got, 0);
			close_kind(&kind, which);
		}
	}
}

static void every_stream_skips(void **state)
{
	(void)state;
	static const struct {
		size_t read;
		uint64_t skip;
	} cases[] = { { 0, 0 }, { 0, 1 }, { 10, 502 }, { 10, 503 }, { 512, 0 }, { 600, 40000 }, { 7, SIZE - 7 } };
	for (enum which which = 0; which < KINDS; which++) {
		for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			unsigned char bytes[1024];
			struct kind kind;
			size_t got;
			open_kind(&kind, which);
			assert_true(lopt_stream_can_skip(kind.stream) == kind.skips);
			assert_int_equal(lopt_stream_read_full(kind.stream, bytes, cases[i].read, &got, NULL), LOPT_OK);
			assert_int_equal(got, cases[i].read);
			assert_int_equal(lopt_stream_skip(kind.stream, cases[i].skip, NULL), LOPT_OK);
			size_t at = cases[i].read + (size_t)cases[i].skip;
			size_t want = SIZE - at < 100 ? SIZE - at : 100;
			assert_int_equal(lopt_stream_read_full(kind.stream, bytes, 100, &got, NULL), LOPT_OK);
			assert_int_equal(got, want);
			assert_memory_equal(bytes, data + at, want);
			if (which == COUNT || which == COUNT_PEEK)
				assert_int_equal(kind.count.count, at + want);
			assert_int_equal(lopt_stream_drain(kind.stream, NULL, NULL), LOPT_OK);
			close_kind(&kind, which);
		}
	}
}

static void skipping_past_the_end_is_an_error(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { SIZE + 1, (uint64_t)1 << 40, UINT64_MAX };
	for (enum which which = 0; which < KINDS; which++) {
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			struct lopt_error err = { 0 };
			struct kind kind;
			open_kind(&kind, which);
			assert_int_equal(lopt_stream_skip(kind.stream, sizes[i], &err), LOPT_E_INPUT);
			assert_non_null(strstr(err.message, "too early"));
			close_kind(&kind, which);
		}
	}
}

static void a_part_of_a_file_is_read_by_position(void **state)
{
	(void)state;
	int fd = make_file(1000);
	unsigned char bytes[600];
	size_t got;
	struct lopt_file_stream one;
	struct lopt_file_stream two;
	lopt_file_stream_init(&one, fd, 100, 500);
	lopt_file_stream_init(&two, fd, 200, 800);
	assert_int_equal(lopt_stream_read_full(&one.stream, bytes, 50, &got, NULL), LOPT_OK);
	assert_memory_equal(bytes, data + 100, 50);
	assert_int_equal(lopt_stream_read_full(&two.stream, bytes, 50, &got, NULL), LOPT_OK);
	assert_memory_equal(bytes, data + 200, 50);
	assert_int_equal(lopt_stream_read_full(&one.stream, bytes, 600, &got, NULL), LOPT_OK);
	assert_int_equal(got, 450);
	assert_memory_equal(bytes, data + 150, 450);
	(void)close(fd);
}

static void a_file_that_shrinks_is_an_error(void **state)
{
	(void)state;
	int fd = make_file(1000);
	unsigned char bytes[2000];
	size_t got;
	struct lopt_error err = { 0 };
	struct lopt_file_stream file;
	lopt_file_stream_init(&file, fd, 0, 1000);
	assert_int_equal(lopt_stream_read_full(&file.stream, bytes, 10, &got, &err), LOPT_OK);
	assert_int_equal(ftruncate(fd, 500), 0);
	assert_int_equal(lopt_stream_read_full(&file.stream, bytes, 2000, &got, &err), LOPT_E_INPUT);
	assert_string_equal(err.message,
			    "the file ended at byte 500, 500 bytes too early: it shrank while it was read");
	(void)close(fd);
}

static void system_errors_are_told(void **state)
{
	(void)state;
	unsigned char bytes[10];
	size_t got;
	struct lopt_error err = { 0 };
	int fd = open("/", O_RDONLY | O_DIRECTORY);
	struct lopt_file_stream file;
	lopt_file_stream_init(&file, fd, 0, 10);
	assert_int_equal(lopt_stream_read(&file.stream, bytes, 10, &got, &err), LOPT_E_SYSTEM);
	assert_non_null(strstr(err.message, strerror(EISDIR)));
	struct lopt_pipe_stream pipe;
	lopt_pipe_stream_init(&pipe, fd);
	assert_int_equal(lopt_stream_read(&pipe.stream, bytes, 10, &got, &err), LOPT_E_SYSTEM);
	(void)close(fd);
	lopt_file_stream_init(&file, fd, 0, 10);
	assert_int_equal(lopt_stream_read(&file.stream, bytes, 10, &got, &err), LOPT_E_SYSTEM);
	assert_non_null(strstr(err.message, strerror(EBADF)));
}

static void peeking_at_little_is_fine(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 511, 512, 513 };
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct lopt_memory_stream memory;
		struct lopt_peek_stream peek;
		unsigned char bytes[600];
		size_t got;
		lopt_memory_stream_init(&memory, data, sizes[i]);
		assert_int_equal(lopt_peek_stream_init(&peek, &memory.stream, NULL), LOPT_OK);
		assert_int_equal(peek.have, sizes[i] < 512 ? sizes[i] : 512);
		assert_int_equal(lopt_stream_read_full(&peek.stream, bytes, sizeof bytes, &got, NULL), LOPT_OK);
		assert_int_equal(got, sizes[i]);
		assert_memory_equal(bytes, data, got);
	}
}

static void a_nonblocking_pipe_is_waited_for(void **state)
{
	(void)state;
	struct kind kind = { .fds = { -1, -1 } };
	start_writer(&kind);
	assert_int_equal(fcntl(kind.fds[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(lopt_stream_drain(kind.stream, NULL, NULL), LOPT_OK);
	assert_int_equal(kind.pipe.position, SIZE);
	close_kind(&kind, PIPE);
}

static void a_silent_writer_is_given_up(void **state)
{
	(void)state;
	unsigned char bytes[10];
	size_t got;
	int fds[2];
	struct lopt_error err = { 0 };
	struct lopt_pipe_stream pipe_stream;
	assert_int_equal(pipe(fds), 0);
	lopt_pipe_stream_init(&pipe_stream, fds[0]);
	pipe_stream.patience_ms = 100;
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(lopt_stream_read(&pipe_stream.stream, bytes, 10, &got, &err), LOPT_OK);
	assert_int_equal(lopt_stream_read(&pipe_stream.stream, bytes, 10, &got, &err), LOPT_E_SYSTEM);
	assert_non_null(strstr(err.message, "nothing came"));
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* The last test: a stop cannot be taken back. */
static void a_stop_interrupts_reading(void **state)
{
	(void)state;
	unsigned char bytes[10];
	size_t got;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	int fd = make_file(100);
	struct lopt_pipe_stream pipe;
	struct lopt_file_stream file;
	lopt_pipe_stream_init(&pipe, fds[0]);
	lopt_file_stream_init(&file, fd, 0, 100);
	assert_false(lopt_stop_requested());
	lopt_request_stop();
	assert_true(lopt_stop_requested());
	assert_int_equal(lopt_stream_read(&pipe.stream, bytes, 10, &got, NULL), LOPT_E_INTERRUPTED);
	assert_int_equal(lopt_stream_read(&file.stream, bytes, 10, &got, NULL), LOPT_E_INTERRUPTED);
	assert_int_equal(lopt_stream_skip(&file.stream, 10, NULL), LOPT_E_INTERRUPTED);
	(void)close(fd);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stream_gives_its_bytes),
		cmocka_unit_test(every_stream_skips),
		cmocka_unit_test(skipping_past_the_end_is_an_error),
		cmocka_unit_test(a_part_of_a_file_is_read_by_position),
		cmocka_unit_test(a_file_that_shrinks_is_an_error),
		cmocka_unit_test(system_errors_are_told),
		cmocka_unit_test(peeking_at_little_is_fine),
		cmocka_unit_test(a_nonblocking_pipe_is_waited_for),
		cmocka_unit_test(a_silent_writer_is_given_up),
		cmocka_unit_test(a_stop_interrupts_reading),
	};
	return cmocka_run_group_tests_name("stream", tests, fill, NULL);
}
