/* SPDX-License-Identifier: MIT */
#include "io/sender.h"

#include <fcntl.h>

/* False: there is nothing more to come. */
static bool next_range(struct lopt_sender *sender, uint64_t *offset, uint64_t *size)
{
	(void)pthread_mutex_lock(&sender->lock);
	while (sender->count == 0 && !sender->stop)
		(void)pthread_cond_wait(&sender->changed, &sender->lock);
	bool found = sender->count != 0;
	if (found) {
		*offset = sender->ranges[sender->first].offset;
		*size = sender->ranges[sender->first].size;
		sender->first = (sender->first + 1) % LOPT_SENDER_RANGES;
		sender->count--;
	}
	(void)pthread_mutex_unlock(&sender->lock);
	return found;
}

static void *send_all(void *context)
{
	struct lopt_sender *sender = context;
	for (uint64_t offset, size; next_range(sender, &offset, &size);)
		(void)sync_file_range(sender->fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
	return NULL;
}

/* Without a thread nothing is taken. */
void lopt_sender_start(struct lopt_sender *sender, int fd)
{
	*sender = (struct lopt_sender){ .fd = fd };
	(void)pthread_mutex_init(&sender->lock, NULL);
	(void)pthread_cond_init(&sender->changed, NULL);
	sender->threaded = pthread_create(&sender->thread, NULL, send_all, sender) == 0;
}

bool lopt_sender_take(struct lopt_sender *sender, uint64_t offset, uint64_t size)
{
	(void)pthread_mutex_lock(&sender->lock);
	bool taken = sender->threaded && sender->count < LOPT_SENDER_RANGES;
	if (taken) {
		size_t last = (sender->first + sender->count++) % LOPT_SENDER_RANGES;
		sender->ranges[last].offset = offset;
		sender->ranges[last].size = size;
		(void)pthread_cond_signal(&sender->changed);
	}
	(void)pthread_mutex_unlock(&sender->lock);
	return taken;
}

void lopt_sender_stop(struct lopt_sender *sender)
{
	(void)pthread_mutex_lock(&sender->lock);
	sender->stop = true;
	sender->count = 0;
	(void)pthread_cond_signal(&sender->changed);
	(void)pthread_mutex_unlock(&sender->lock);
	if (sender->threaded)
		(void)pthread_join(sender->thread, NULL);
	(void)pthread_cond_destroy(&sender->changed);
	(void)pthread_mutex_destroy(&sender->lock);
}
