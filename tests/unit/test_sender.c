/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/sender.h"

enum { WRITERS = 4, RANGES = 2000, SIZE = 4096 };

struct writer {
	struct lopt_sender *sender;
	int fd;
	size_t number, written, taken;
};

static void *write_ranges(void *context)
{
	static const char bytes[SIZE] = "x";
	struct writer *writer = context;
	for (size_t i = 0; i < RANGES; i++) {
		uint64_t offset = (writer->number * RANGES + i) * SIZE;
		if (pwrite(writer->fd, bytes, SIZE, (off_t)offset) != SIZE)
			return NULL;
		writer->written++;
		writer->taken += lopt_sender_take(writer->sender, offset, SIZE);
	}
	return NULL;
}

/* Nobody waits for it, whatever the disk does, and what was asked for in vain is only later on the disk. */
static void several_writers_are_served(void **state)
{
	(void)state;
	struct lopt_sender sender;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	size_t taken = 0;
	FILE *file = tmpfile();
	assert_non_null(file);
	lopt_sender_start(&sender, fileno(file));
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .sender = &sender, .fd = fileno(file), .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, write_ranges, &writers[i]), 0);
	}
	for (size_t i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(writers[i].written, RANGES);
		taken += writers[i].taken;
	}
	assert_true(taken > 0);
	lopt_sender_stop(&sender);
	assert_int_equal(sender.count, 0);
	assert_int_equal(fclose(file), 0);
}

/* As with a disk that takes nothing, and without a thread. */
static void no_more_is_taken_than_there_is_room_for(void **state)
{
	(void)state;
	struct lopt_sender sender = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	assert_false(lopt_sender_take(&sender, 0, 1));
	sender.threaded = true;
	for (size_t i = 0; i < LOPT_SENDER_RANGES; i++)
		assert_true(lopt_sender_take(&sender, i, 1));
	assert_false(lopt_sender_take(&sender, 0, 1));
	sender.first = LOPT_SENDER_RANGES - 1; /* all but the last were sent */
	sender.count = 1;
	assert_true(lopt_sender_take(&sender, 100, 1));
	assert_int_equal(sender.ranges[0].offset, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_writers_are_served),
		cmocka_unit_test(no_more_is_taken_than_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
