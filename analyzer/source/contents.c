/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/meter.h"
#include "source/plan.h"

/*
 * Contents that were skipped when their layers were read. Two contents can only be equal if their sizes are, so most
 * are never looked at.
 */

enum {
	CHUNK = 128 * 1024,
	BATCH = 64, /* contents a thread takes at a time */
};

struct task {
	uint32_t blob, inode;
};

struct reading {
	struct lopt_bundle *bundle;
	struct task *tasks; /* in the order of blobs and inodes */
	size_t count, cap;
	pthread_mutex_t lock;
	size_t next; /* under the lock */
	bool stop;   /* likewise */
};

struct reader {
	struct reading *reading;
	struct lopt_fingerprinter printer;
	struct lopt_keeper keeper;
	struct lopt_kept_list kept; /* `inode` is an index into `tasks` until all is done */
	unsigned char *chunk;
	int fd;	       /* of the current blob */
	uint32_t blob; /* likewise */
	uint64_t start;
	enum lopt_status status;
	size_t failed; /* the task that did */
	struct lopt_error error;
};

/* --- what is to be read --- */

static bool is_unread(const struct lopt_layer_data *data, const struct lopt_layer_inode *inode)
{
	return data->unread && inode->size && !inode->sparse;
}

static enum lopt_status add_sizes(struct lopt_bundle *bundle, struct lopt_error *err)
{
	for (size_t i = 0; i < bundle->blob_count; i++) {
		const struct lopt_layer_data *data = bundle->blobs[i].data;
		for (size_t j = 0; j < data->inode_count; j++) {
			bool again;
			if (is_unread(data, &data->inodes[j]) &&
			    !lopt_sizes_add(&bundle->input.sizes, data->inodes[j].size, &again))
				return lopt_error_memory(err);
		}
	}
	return LOPT_OK;
}

static bool needs_fingerprint(const struct lopt_bundle *bundle, const struct lopt_layer_inode *inode)
{
	return lopt_sizes_repeats(&bundle->input.sizes, inode->size);
}

static enum lopt_status list_blob(struct reading *reading, uint32_t blob, uint64_t *total, struct lopt_error *err)
{
	const struct lopt_layer_data *data = reading->bundle->blobs[blob].data;
	for (size_t i = 0; i < data->inode_count; i++) {
		const struct lopt_layer_inode *inode = &data->inodes[i];
		bool compare = needs_fingerprint(reading->bundle, inode);
		if (!is_unread(data, inode) || (!compare && inode->keep == LOPT_KEEP_NOTHING))
			continue;
		struct task *tasks = lopt_grow(reading->tasks, &reading->cap, reading->count + 1, sizeof *tasks);
		if (!tasks)
			return lopt_error_memory(err);
		reading->tasks = tasks;
		tasks[reading->count++] = (struct task){ blob, (uint32_t)i };
		*total = lopt_add_saturating(*total, compare ? inode->size : 0, NULL);
	}
	return LOPT_OK;
}

/* --- reading one --- */

static enum lopt_status move_to(struct reader *reader, uint32_t blob, struct lopt_error *err)
{
	struct lopt_bundle *bundle = reader->reading->bundle;
	if (reader->fd >= 0 && reader->blob == blob)
		return LOPT_OK;
	lopt_cleanup_fd(&reader->fd);
	reader->fd = -1;
	reader->blob = blob;
	return lopt_store_reopen(bundle->input.store, bundle->blobs[blob].member, &reader->fd, &reader->start, err);
}

static enum lopt_status read_chunk(int fd, uint64_t offset, unsigned char *to, size_t size, struct lopt_error *err)
{
	size_t got;
	struct lopt_file_stream file;
	lopt_file_stream_init(&file, fd, offset, size);
	return lopt_stream_read_full(&file.stream, to, size, &got, err);
}

static enum lopt_status compute_fingerprint(struct reader *reader, struct lopt_layer_inode *inode,
					    struct lopt_error *err)
{
	uint64_t at = reader->start + inode->offset, left = inode->size;
	LOPT_TRY(lopt_fingerprinter_reset(&reader->printer, err));
	while (left) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		LOPT_TRY(read_chunk(reader->fd, at, reader->chunk, n, err));
		LOPT_TRY(lopt_fingerprinter_add(&reader->printer, reader->chunk, n, err));
		at += n;
		left -= n;
	}
	lopt_meter_add(&reader->reading->bundle->input.meter, inode->size);
	inode->has_fingerprint = true;
	return lopt_fingerprinter_finish(&reader->printer, inode->fingerprint, err);
}

static enum lopt_status keep_content(struct reader *reader, size_t task, const struct lopt_entry *entry,
				     const struct lopt_layer_inode *inode, struct lopt_error *err)
{
	uint64_t offset;
	size_t size;
	LOPT_TRY(lopt_keeper_begin(&reader->keeper, entry, (uint32_t)task, (enum lopt_keep)inode->keep, err));
	while (lopt_keeper_wants(&reader->keeper, &offset, &size)) {
		size_t n = size < CHUNK ? size : CHUNK;
		uint64_t at = reader->start + inode->offset + offset;
		LOPT_TRY(read_chunk(reader->fd, at, reader->chunk, n, err));
		LOPT_TRY(lopt_keeper_feed(&reader->keeper, offset, reader->chunk, n, err));
	}
	return lopt_keeper_end(&reader->keeper, &reader->kept, err);
}

static enum lopt_status content_error(const struct lopt_bundle *bundle, uint32_t blob, const struct lopt_entry *entry,
				      struct lopt_error *err)
{
	size_t layer = 0;
	while (bundle->layers[layer].absent || bundle->layers[layer].blob_index != blob)
		layer++;
	return lopt_error_context(err, "layer %zu: %.*s: %.*s", layer, LOPT_STR_ARGS(bundle->layers[layer].blob),
				  LOPT_STR_ARGS(entry->path));
}

static enum lopt_status run_task(struct reader *reader, size_t index, struct lopt_error *err)
{
	const struct task *task = &reader->reading->tasks[index];
	struct lopt_layer_data *data = reader->reading->bundle->blobs[task->blob].data;
	struct lopt_layer_inode *inode = &data->inodes[task->inode];
	const struct lopt_entry *entry = &data->entries[inode->entry];
	enum lopt_status status = move_to(reader, task->blob, err);
	if (status == LOPT_OK && needs_fingerprint(reader->reading->bundle, inode))
		status = compute_fingerprint(reader, inode, err);
	if (status == LOPT_OK && inode->keep != LOPT_KEEP_NOTHING)
		status = keep_content(reader, index, entry, inode, err);
	return status == LOPT_OK ? status : content_error(reader->reading->bundle, task->blob, entry, err);
}

/* --- reading all --- */

static bool take_batch(struct reading *reading, size_t *first, size_t *end)
{
	(void)pthread_mutex_lock(&reading->lock);
	*first = reading->next;
	*end = reading->count - *first > BATCH ? *first + BATCH : reading->count;
	reading->next = *end;
	bool more = !reading->stop && *first < *end;
	(void)pthread_mutex_unlock(&reading->lock);
	return more;
}

static void *run_batches(void *context)
{
	struct reader *reader = context;
	struct reading *reading = reader->reading;
	size_t first, end;
	while (reader->status == LOPT_OK && take_batch(reading, &first, &end))
		for (size_t i = first; i < end && reader->status == LOPT_OK; i++) {
			reader->failed = i;
			reader->status = run_task(reader, i, &reader->error);
		}
	if (reader->status != LOPT_OK) {
		(void)pthread_mutex_lock(&reading->lock);
		reading->stop = true;
		(void)pthread_mutex_unlock(&reading->lock);
	}
	return NULL;
}

static enum lopt_status init_reader(struct reader *reader, struct reading *reading, struct lopt_arena *arena,
				    lopt_keep_choice *choose, struct lopt_error *err)
{
	*reader = (struct reader){ .reading = reading, .fd = -1 };
	lopt_keeper_init(&reader->keeper, arena, choose, false);
	reader->chunk = malloc(CHUNK);
	if (!reader->chunk)
		return lopt_error_memory(err);
	return lopt_fingerprinter_init(&reader->printer, err);
}

static void release_reader(struct reader *reader)
{
	lopt_fingerprinter_release(&reader->printer);
	lopt_keeper_release(&reader->keeper);
	free(reader->kept.items);
	free(reader->chunk);
	lopt_cleanup_fd(&reader->fd);
}

/* The failure that comes first in the input, whichever thread met it. */
static enum lopt_status first_failure(const struct reader *readers, struct lopt_error *err)
{
	const struct reader *first = NULL;
	for (size_t i = 0; i < LOPT_READERS; i++)
		if (readers[i].status != LOPT_OK && (!first || readers[i].failed < first->failed))
			first = &readers[i];
	if (!first)
		return LOPT_OK;
	if (err)
		*err = first->error;
	return first->status;
}

static int compare_kept(const void *a, const void *b)
{
	const struct lopt_kept *x = a, *y = b;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* What the threads kept goes to the layers it is of. */
static enum lopt_status hand_over(struct reading *reading, const struct reader *reader, struct lopt_error *err)
{
	for (size_t i = 0; i < reader->kept.count; i++) {
		struct lopt_kept kept = reader->kept.items[i];
		const struct task *task = &reading->tasks[kept.inode];
		kept.inode = task->inode;
		LOPT_TRY(lopt_kept_add(&reading->bundle->blobs[task->blob].data->kept, &kept, err));
	}
	return LOPT_OK;
}

static void sort_kept(struct lopt_bundle *bundle)
{
	for (size_t i = 0; i < bundle->blob_count; i++) {
		struct lopt_kept_list *kept = &bundle->blobs[i].data->kept;
		if (kept->count)
			qsort(kept->items, kept->count, sizeof *kept->items, compare_kept);
	}
}

static enum lopt_status read_all(struct reading *reading, struct reader *readers, struct lopt_error *err)
{
	pthread_t thread;
	bool started = reading->count > BATCH && pthread_create(&thread, NULL, run_batches, &readers[1]) == 0;
	(void)run_batches(&readers[0]);
	if (started)
		(void)pthread_join(thread, NULL);
	LOPT_TRY(first_failure(readers, err));
	for (size_t i = 0; i < LOPT_READERS; i++)
		LOPT_TRY(hand_over(reading, &readers[i], err));
	sort_kept(reading->bundle);
	return LOPT_OK;
}

static void release_reading(struct reading *reading)
{
	free(reading->tasks);
	(void)pthread_mutex_destroy(&reading->lock);
}

enum lopt_status lopt_plan_read_contents(struct lopt_plan *plan, struct lopt_error *err)
{
	struct lopt_bundle *bundle = plan->bundle;
	LOPT_CLEANUP(release_reading)
	struct reading reading = { .bundle = bundle, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct reader readers[LOPT_READERS];
	uint64_t total = 0;
	LOPT_TRY(add_sizes(bundle, err));
	for (size_t i = 0; i < bundle->blob_count; i++)
		LOPT_TRY(list_blob(&reading, (uint32_t)i, &total, err));
	if (reading.count == 0)
		return LOPT_OK;
	lopt_meter_begin(&bundle->input.meter, "comparing contents", total);
	enum lopt_status status = LOPT_OK;
	for (size_t i = 0; i < LOPT_READERS; i++) {
		enum lopt_status one = init_reader(&readers[i], &reading, &bundle->kept[i], plan->contents->keep, err);
		status = status == LOPT_OK ? one : status;
	}
	if (status == LOPT_OK)
		status = read_all(&reading, readers, err);
	for (size_t i = 0; i < LOPT_READERS; i++)
		release_reader(&readers[i]);
	return status;
}

/* --- digests that are asked for later --- */

const unsigned char *lopt_bundle_known_sha256(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode)
{
	const struct lopt_layer_data *data = bundle->blobs[blob].data;
	size_t low = 0, high = data->digest_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (data->digests[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < data->digest_count && data->digests[low].inode == inode ? data->digests[low].sha256 : NULL;
}

bool lopt_bundle_has_sha256(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode)
{
	const struct lopt_layer_data *data = bundle->blobs[blob].data;
	return is_unread(data, &data->inodes[inode]) || lopt_bundle_known_sha256(bundle, blob, inode);
}

static enum lopt_status hash_range(struct lopt_hasher *hasher, int fd, uint64_t offset, uint64_t left,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) unsigned char *chunk = malloc(CHUNK);
	if (!chunk)
		return lopt_error_memory(err);
	while (left) {
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		LOPT_TRY(read_chunk(fd, offset, chunk, n, err));
		LOPT_TRY(lopt_hasher_add(hasher, chunk, n, err));
		offset += n;
		left -= n;
	}
	return LOPT_OK;
}

static enum lopt_status hash_again(struct lopt_bundle *bundle, uint32_t blob, const struct lopt_layer_inode *inode,
				   unsigned char out[32], struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_fd) int fd = -1;
	LOPT_CLEANUP(lopt_hasher_release) struct lopt_hasher hasher;
	uint64_t start;
	struct lopt_digest digest;
	LOPT_TRY(lopt_hasher_init(&hasher, LOPT_SHA256, err));
	LOPT_TRY(lopt_store_reopen(bundle->input.store, bundle->blobs[blob].member, &fd, &start, err));
	LOPT_TRY(hash_range(&hasher, fd, start + inode->offset, inode->size, err));
	LOPT_TRY(lopt_hasher_finish(&hasher, &digest, err));
	memcpy(out, digest.bytes, 32);
	return LOPT_OK;
}

enum lopt_status lopt_bundle_sha256(struct lopt_bundle *bundle, uint32_t blob, uint32_t number, unsigned char out[32],
				    struct lopt_error *err)
{
	const struct lopt_layer_data *data = bundle->blobs[blob].data;
	const struct lopt_layer_inode *inode = &data->inodes[number];
	const unsigned char *known = lopt_bundle_known_sha256(bundle, blob, number);
	if (known) {
		memcpy(out, known, 32);
		return LOPT_OK;
	}
	if (!is_unread(data, inode))
		return LOPT_END;
	if (hash_again(bundle, blob, inode, out, err) == LOPT_OK)
		return LOPT_OK;
	return content_error(bundle, blob, &data->entries[inode->entry], err);
}
