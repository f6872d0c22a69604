/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_IO_SENDER_H
#define LAYEROPT_IO_SENDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Has what was written to a file brought to the disk while the rest is made, so that there is little to wait for at the end. A
 * thread of its own does, since the disk makes it wait. It is a hint: what goes wrong shows when the file is flushed.
 */
enum { LOPT_SENDER_RANGES = 16 };

struct lopt_sender {
	int fd; /* borrowed */
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock: ranges to be sent, in bytes, from `first` on, round the end */
	struct {
		uint64_t offset, size;
	} ranges[LOPT_SENDER_RANGES];
	size_t first, count;
	bool stop;
};

/** Stop it before `fd` is closed. */
void lopt_sender_start(struct lopt_sender *sender, int fd);
/** By any thread. False: there is too much to do already; ask for more of it later. */
bool lopt_sender_take(struct lopt_sender *sender, uint64_t offset, uint64_t size);
/** What is not on its way by then is left to whoever flushes the file. */
void lopt_sender_stop(struct lopt_sender *sender);

#endif
