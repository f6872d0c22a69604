/* SPDX-License-Identifier: MIT */
#include "io/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024, BLOCKS = 4 };

struct block {
	unsigned char *bytes;
	size_t size;		 /* 0: the end */
	enum lopt_status status; /* of reading it */
	struct lopt_error error;
};

struct ahead {
	struct lopt_stream stream;
	struct lopt_stream *below;
	unsigned char *memory;
	struct block blocks[BLOCKS];
	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under the lock: blocks read so far, and given back so far */
	size_t read, given;
	bool stop;
	/* the reader's own */
	size_t at; /* in the current block */
};

static void fill(struct ahead *ahead, struct block *block)
{
	block->size = 0;
	block->status = lopt_stream_read(ahead->below, block->bytes, BLOCK, &block->size, &block->error);
}

static bool is_last(const struct block *block)
{
	return block->status != LOPT_OK || block->size == 0;
}

/* Wait for room; NULL when nobody wants more. */
static struct block *next_empty(struct ahead *ahead)
{
	(void)pthread_mutex_lock(&ahead->lock);
	while (ahead->read - ahead->given == BLOCKS && !ahead->stop)
		(void)pthread_cond_wait(&ahead->changed, &ahead->lock);
	struct block *block = ahead->stop ? NULL : &ahead->blocks[ahead->read % BLOCKS];
	(void)pthread_mutex_unlock(&ahead->lock);
	return block;
}

static void change(struct ahead *ahead, size_t *count)
{
	(void)pthread_mutex_lock(&ahead->lock);
	++*count;
	(void)pthread_cond_signal(&ahead->changed);
	(void)pthread_mutex_unlock(&ahead->lock);
}

static void *read_on(void *context)
{
	struct ahead *ahead = context;
	for (bool last = false; !last;) {
		struct block *block = next_empty(ahead);
		if (!block)
			return NULL;
		fill(ahead, block);
		last = is_last(block);
		change(ahead, &ahead->read);
	}
	return NULL;
}

/* The current block, read here and now where there is no thread. */
static struct block *current(struct ahead *ahead)
{
	struct block *block = &ahead->blocks[ahead->given % BLOCKS];
	if (!ahead->threaded && ahead->read == ahead->given) {
		fill(ahead, block);
		ahead->read++;
	}
	if (!ahead->threaded)
		return block;
	(void)pthread_mutex_lock(&ahead->lock);
	while (ahead->read == ahead->given)
		(void)pthread_cond_wait(&ahead->changed, &ahead->lock);
	(void)pthread_mutex_unlock(&ahead->lock);
	return block;
}

static enum lopt_status ahead_read(struct lopt_stream *stream, void *to, size_t size, size_t *got,
				   struct lopt_error *err)
{
	struct ahead *ahead = (struct ahead *)stream;
	struct block *block = current(ahead);
	*got = 0;
	if (block->status != LOPT_OK) {
		if (err)
			*err = block->error;
		return block->status;
	}
	*got = size < block->size - ahead->at ? size : block->size - ahead->at;
	memcpy(to, block->bytes + ahead->at, *got);
	ahead->at += *got;
	if (ahead->at == block->size && block->size) { /* the end stays where it is */
		ahead->at = 0;
		change(ahead, &ahead->given);
	}
	return LOPT_OK;
}

static struct ahead *make(struct lopt_stream *below)
{
	static const struct lopt_stream_ops ops = { .read = ahead_read };
	struct ahead *ahead = calloc(1, sizeof *ahead);
	if (!ahead)
		return NULL;
	ahead->memory = malloc((size_t)BLOCK * BLOCKS);
	if (!ahead->memory) {
		free(ahead);
		return NULL;
	}
	ahead->stream.ops = &ops;
	ahead->below = below;
	for (size_t i = 0; i < BLOCKS; i++)
		ahead->blocks[i].bytes = ahead->memory + i * BLOCK;
	(void)pthread_mutex_init(&ahead->lock, NULL);
	(void)pthread_cond_init(&ahead->changed, NULL);
	return ahead;
}

/* A thread that cannot be started is no misfortune: each block is then read when it is wanted. */
enum lopt_status lopt_ahead_open(struct lopt_stream **out, struct lopt_stream *below, struct lopt_error *err)
{
	struct ahead *ahead = make(below);
	if (!ahead)
		return lopt_error_memory(err);
	ahead->threaded = pthread_create(&ahead->thread, NULL, read_on, ahead) == 0;
	*out = &ahead->stream;
	return LOPT_OK;
}

void lopt_ahead_close(struct lopt_stream *stream)
{
	struct ahead *ahead = (struct ahead *)stream;
	if (!ahead)
		return;
	(void)pthread_mutex_lock(&ahead->lock);
	ahead->stop = true;
	(void)pthread_cond_signal(&ahead->changed);
	(void)pthread_mutex_unlock(&ahead->lock);
	if (ahead->threaded)
		(void)pthread_join(ahead->thread, NULL);
	(void)pthread_cond_destroy(&ahead->changed);
	(void)pthread_mutex_destroy(&ahead->lock);
	free(ahead->memory);
	free(ahead);
}
