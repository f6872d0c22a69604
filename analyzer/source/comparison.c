/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/comparison.h"
#include "source/plan.h"
#include "source/rereader.h"

/*
 * What was left for later when the layers were read: digests of plain tars, and contents that were skipped. Two contents can only be equal if their sizes are, so most
 * are never looked at; where just two are of one size, they are compared side by side, until they differ.
 */

enum {
	CHUNK = 128 * 1024,
	FIRST_CHUNK = 4096, /* of two contents side by side: different ones mostly differ early */
	BATCH = 64,	    /* contents a thread takes at a time */
};

#define NO_PARTNER UINT32_MAX
#define WHOLE_BLOB UINT32_MAX /* instead of an inode: digests of the blob are to be computed */

struct task {
	uint32_t blob, inode;
	uint32_t partner; /* the other task of its size, where there is just one */
	bool led;	  /* compared by its partner */
};

/* One thread of it. */
struct worker {
	struct lopt_comparison *comparison;
	struct lopt_rereader reader;
	struct lopt_fingerprinter printer;
	struct lopt_keeper keeper;
	struct lopt_kept_list kept; /* `inode` is an index into `tasks` until all is done */
	unsigned char *chunks[2];
	enum lopt_status status;
	size_t failed; /* the task that did */
	struct lopt_error error;
};

struct lopt_comparison {
	struct lopt_bundle *bundle;
	struct task *tasks; /* digests of blobs, the largest first; then contents by blob and inode */
	size_t count, cap;
	size_t digests; /* tasks that are digests */
	uint64_t total; /* bytes */
	pthread_mutex_t lock;
	size_t next;			     /* under the lock */
	bool stop;			     /* likewise: something failed */
	atomic_bool abandoned;		     /* nobody waits for it any more */
	struct worker workers[LOPT_READERS]; /* the first one is whoever waits */
	pthread_t threads[LOPT_READERS];
	size_t started; /* threads of the other workers */
};

static struct lopt_layer_inode *inode_of(const struct lopt_comparison *comparison, const struct task *task)
{
	return &comparison->bundle->blobs[task->blob].data->inodes[task->inode];
}

/* --- what is to be read --- */

/* Skipped, and not looked at since. */
static bool is_unread(const struct lopt_bundle *bundle, uint32_t blob, uint32_t inode)
{
	return lopt_rereader_can(bundle, blob, inode) && !bundle->blobs[blob].data->inodes[inode].has_fingerprint;
}

static enum lopt_status add_sizes(struct lopt_bundle *bundle, struct lopt_error *err)
{
	for (uint32_t i = 0; i < bundle->blob_count; i++) {
		const struct lopt_layer_data *data = bundle->blobs[i].data;
		for (uint32_t j = 0; j < data->inode_count; j++) {
			bool again;
			if (is_unread(bundle, i, j) &&
			    !lopt_sizes_add(&bundle->input.sizes, data->inodes[j].size, &again))
				return lopt_error_memory(err);
		}
	}
	return LOPT_OK;
}

static enum lopt_status add_task(struct lopt_comparison *comparison, uint32_t blob, uint32_t inode, uint64_t bytes,
				 struct lopt_error *err)
{
	struct task *tasks = lopt_grow(comparison->tasks, &comparison->cap, comparison->count + 1, sizeof *tasks);
	if (!tasks)
		return lopt_error_memory(err);
	comparison->tasks = tasks;
	tasks[comparison->count++] = (struct task){ blob, inode, NO_PARTNER, false };
	comparison->total = lopt_add_saturating(comparison->total, bytes, NULL);
	return LOPT_OK;
}

static int compare_blobs(const void *a, const void *b, void *context)
{
	const struct task *x = a, *y = b;
	const struct lopt_bundle_blob *blobs = context;
	uint64_t left = blobs[x->blob].data->size, right = blobs[y->blob].data->size;
	if (left != right)
		return left > right ? -1 : 1;
	return (x->blob > y->blob) - (x->blob < y->blob);
}

static enum lopt_status list_digests(struct lopt_comparison *comparison, struct lopt_error *err)
{
	struct lopt_bundle *bundle = comparison->bundle;
	for (uint32_t i = 0; i < bundle->blob_count; i++)
		if (bundle->blobs[i].data->undigested)
			LOPT_TRY(add_task(comparison, i, WHOLE_BLOB, bundle->blobs[i].data->size, err));
	comparison->digests = comparison->count;
	if (comparison->count)
		qsort_r(comparison->tasks, comparison->count, sizeof *comparison->tasks, compare_blobs, bundle->blobs);
	return LOPT_OK;
}

static unsigned same_size(const struct lopt_comparison *comparison, const struct lopt_layer_inode *inode)
{
	return lopt_sizes_count(&comparison->bundle->input.sizes, inode->size);
}

static enum lopt_status list_blob(struct lopt_comparison *comparison, uint32_t blob, struct lopt_error *err)
{
	const struct lopt_layer_data *data = comparison->bundle->blobs[blob].data;
	for (uint32_t i = 0; i < data->inode_count; i++) {
		const struct lopt_layer_inode *inode = &data->inodes[i];
		if (!is_unread(comparison->bundle, blob, i))
			continue;
		bool compare = same_size(comparison, inode) > 1;
		if (!compare && inode->keep == LOPT_KEEP_NOTHING)
			continue;
		LOPT_TRY(add_task(comparison, blob, i, compare ? inode->size : 0, err));
	}
	return LOPT_OK;
}

struct sized {
	uint64_t size;
	uint32_t task;
};

static int compare_sizes(const void *a, const void *b)
{
	const struct sized *x = a, *y = b;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (x->task > y->task) - (x->task < y->task);
}

/* Of two tasks that are alone with their size, the first leads. */
static enum lopt_status find_partners(struct lopt_comparison *comparison, struct lopt_error *err)
{
	size_t count = 0;
	LOPT_CLEANUP(lopt_cleanup_bytes) struct sized *list = reallocarray(NULL, comparison->count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(err);
	for (size_t i = comparison->digests; i < comparison->count; i++) {
		const struct lopt_layer_inode *inode = inode_of(comparison, &comparison->tasks[i]);
		if (same_size(comparison, inode) == 2)
			list[count++] = (struct sized){ inode->size, (uint32_t)i };
	}
	if (count)
		qsort(list, count, sizeof *list, compare_sizes);
	for (size_t i = 0; i + 1 < count; i++) {
		if (list[i].size != list[i + 1].size) /* the other one was read with its layer */
			continue;
		comparison->tasks[list[i].task].partner = list[i + 1].task;
		comparison->tasks[list[i + 1].task].led = true;
	}
	return LOPT_OK;
}

/* --- reading one --- */

/* Nobody asks for the result any more, nor for the status then. */
static bool is_abandoned(const struct worker *worker)
{
	return atomic_load_explicit(&worker->comparison->abandoned, memory_order_relaxed);
}

static enum lopt_status read_chunk(struct worker *worker, size_t which, const struct task *task, uint64_t at,
				   size_t size, struct lopt_error *err)
{
	if (is_abandoned(worker))
		return LOPT_E_INTERRUPTED;
	return lopt_rereader_read(&worker->reader, task->blob, task->inode, at, worker->chunks[which], size, err);
}

static enum lopt_status compute_fingerprint(struct worker *worker, const struct task *task, struct lopt_error *err)
{
	struct lopt_layer_inode *inode = inode_of(worker->comparison, task);
	LOPT_TRY(lopt_fingerprinter_reset(&worker->printer, err));
	for (uint64_t at = 0; at < inode->size;) {
		size_t n = inode->size - at < CHUNK ? (size_t)(inode->size - at) : CHUNK;
		LOPT_TRY(read_chunk(worker, 0, task, at, n, err));
		LOPT_TRY(lopt_fingerprinter_add(&worker->printer, worker->chunks[0], n, err));
		at += n;
	}
	inode->has_fingerprint = true;
	return lopt_fingerprinter_finish(&worker->printer, inode->fingerprint, err);
}

/* Nobody else has this size: equal ones may have any fingerprint, different ones need none. */
static enum lopt_status compare_pair(struct worker *worker, const struct task *task, struct lopt_error *err)
{
	const struct task *other = &worker->comparison->tasks[task->partner];
	struct lopt_layer_inode *inode = inode_of(worker->comparison, task);
	bool same = true;
	for (uint64_t at = 0; same && at < inode->size;) {
		size_t n = at ? CHUNK : FIRST_CHUNK;
		n = inode->size - at < n ? (size_t)(inode->size - at) : n;
		LOPT_TRY(read_chunk(worker, 0, task, at, n, err));
		LOPT_TRY(read_chunk(worker, 1, other, at, n, err));
		same = memcmp(worker->chunks[0], worker->chunks[1], n) == 0;
		at += n;
	}
	inode->has_fingerprint = same;
	inode_of(worker->comparison, other)->has_fingerprint = same;
	return LOPT_OK;
}

static enum lopt_status compare_content(struct worker *worker, const struct task *task, struct lopt_error *err)
{
	const struct lopt_layer_inode *inode = inode_of(worker->comparison, task);
	if (task->led || same_size(worker->comparison, inode) < 2)
		return LOPT_OK;
	lopt_meter_add(&worker->comparison->bundle->input.meter,
		       task->partner == NO_PARTNER ? inode->size : 2 * inode->size);
	return task->partner == NO_PARTNER ? compute_fingerprint(worker, task, err) : compare_pair(worker, task, err);
}

static enum lopt_status keep_content(struct worker *worker, size_t index, struct lopt_error *err)
{
	const struct task *task = &worker->comparison->tasks[index];
	const struct lopt_layer_inode *inode = inode_of(worker->comparison, task);
	const struct lopt_entry *entry = &worker->comparison->bundle->blobs[task->blob].data->entries[inode->entry];
	uint64_t offset;
	size_t size;
	if (inode->keep == LOPT_KEEP_NOTHING)
		return LOPT_OK;
	LOPT_TRY(lopt_keeper_begin(&worker->keeper, entry, (uint32_t)index, (enum lopt_keep)inode->keep, err));
	while (lopt_keeper_wants(&worker->keeper, &offset, &size)) {
		size_t n = size < CHUNK ? size : CHUNK;
		LOPT_TRY(read_chunk(worker, 0, task, offset, n, err));
		LOPT_TRY(lopt_keeper_feed(&worker->keeper, offset, worker->chunks[0], n, err));
	}
	return lopt_keeper_end(&worker->keeper, &worker->kept, err);
}

static enum lopt_status hash_blob(struct worker *worker, uint32_t blob, struct lopt_hasher *hashers, size_t count,
				  struct lopt_error *err)
{
	uint64_t size = worker->comparison->bundle->blobs[blob].data->size;
	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		if (is_abandoned(worker))
			return LOPT_E_INTERRUPTED;
		LOPT_TRY(lopt_rereader_read_blob(&worker->reader, blob, at, worker->chunks[0], n, err));
		for (size_t i = 0; i < count; i++)
			LOPT_TRY(lopt_hasher_add(&hashers[i], worker->chunks[0], n, err));
		lopt_meter_add(&worker->comparison->bundle->input.meter, n);
		at += n;
	}
	return LOPT_OK;
}

static void release_hashers(struct lopt_hasher (*hashers)[2])
{
	lopt_hasher_release(&(*hashers)[0]);
	lopt_hasher_release(&(*hashers)[1]);
}

/* The digest of the blob and the diff ID are over the same bytes: mostly one hash serves both. */
static enum lopt_status compute_digests(struct worker *worker, uint32_t index, struct lopt_error *err)
{
	const struct lopt_bundle_blob *blob = &worker->comparison->bundle->blobs[index];
	LOPT_CLEANUP(release_hashers) struct lopt_hasher hashers[2] = { 0 };
	bool two = blob->digest != LOPT_DIGEST_NONE && blob->digest != blob->diff_id;
	LOPT_TRY(lopt_hasher_init(&hashers[0], blob->diff_id, err));
	if (two)
		LOPT_TRY(lopt_hasher_init(&hashers[1], blob->digest, err));
	LOPT_TRY(hash_blob(worker, index, hashers, two ? 2 : 1, err));
	LOPT_TRY(lopt_hasher_finish(&hashers[0], &blob->data->diff_id, err));
	if (two)
		return lopt_hasher_finish(&hashers[1], &blob->data->digest, err);
	blob->data->digest = blob->data->diff_id;
	return LOPT_OK;
}

static enum lopt_status run_task(struct worker *worker, size_t index, struct lopt_error *err)
{
	if (index < worker->comparison->digests)
		return compute_digests(worker, worker->comparison->tasks[index].blob, err);
	LOPT_TRY(compare_content(worker, &worker->comparison->tasks[index], err));
	return keep_content(worker, index, err);
}

/* --- reading all --- */

static bool take_batch(struct lopt_comparison *comparison, size_t *first, size_t *end)
{
	(void)pthread_mutex_lock(&comparison->lock);
	*first = comparison->next;
	size_t most = *first < comparison->digests ? 1 : BATCH;
	*end = comparison->count - *first > most ? *first + most : comparison->count;
	comparison->next = *end;
	bool more = !comparison->stop && *first < *end;
	(void)pthread_mutex_unlock(&comparison->lock);
	return more;
}

static void *run_batches(void *context)
{
	struct worker *worker = context;
	struct lopt_comparison *comparison = worker->comparison;
	size_t first, end;
	while (worker->status == LOPT_OK && take_batch(comparison, &first, &end))
		for (size_t i = first; i < end && worker->status == LOPT_OK; i++) {
			worker->failed = i;
			worker->status = run_task(worker, i, &worker->error);
		}
	if (worker->status != LOPT_OK) {
		(void)pthread_mutex_lock(&comparison->lock);
		comparison->stop = true;
		(void)pthread_mutex_unlock(&comparison->lock);
	}
	return NULL;
}

/* The failure that comes first in the input, whichever thread met it. */
static enum lopt_status first_failure(const struct worker *workers, struct lopt_error *err)
{
	const struct worker *first = NULL;
	for (size_t i = 0; i < LOPT_READERS; i++)
		if (workers[i].status != LOPT_OK && (!first || workers[i].failed < first->failed))
			first = &workers[i];
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
static enum lopt_status hand_over(const struct worker *worker, struct lopt_error *err)
{
	for (size_t i = 0; i < worker->kept.count; i++) {
		struct lopt_kept kept = worker->kept.items[i];
		const struct task *task = &worker->comparison->tasks[kept.inode];
		kept.inode = task->inode;
		LOPT_TRY(lopt_kept_add(&worker->comparison->bundle->blobs[task->blob].data->kept, &kept, err));
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

static void prepare_worker(struct lopt_comparison *comparison, size_t index, lopt_keep_choice *choose)
{
	struct worker *worker = &comparison->workers[index];
	worker->comparison = comparison;
	lopt_rereader_init(&worker->reader, comparison->bundle);
	lopt_keeper_init(&worker->keeper, &comparison->bundle->kept[index], choose, false);
}

static enum lopt_status equip_worker(struct worker *worker, struct lopt_error *err)
{
	worker->chunks[0] = malloc(CHUNK);
	worker->chunks[1] = malloc(CHUNK);
	if (!worker->chunks[0] || !worker->chunks[1])
		return lopt_error_memory(err);
	return lopt_fingerprinter_init(&worker->printer, err);
}

static void release_worker(struct worker *worker)
{
	lopt_rereader_release(&worker->reader);
	lopt_fingerprinter_release(&worker->printer);
	lopt_keeper_release(&worker->keeper);
	free(worker->kept.items);
	free(worker->chunks[0]);
	free(worker->chunks[1]);
}

static enum lopt_status list_tasks(struct lopt_comparison *comparison, struct lopt_error *err)
{
	LOPT_TRY(list_digests(comparison, err));
	LOPT_TRY(add_sizes(comparison->bundle, err));
	for (uint32_t i = 0; i < comparison->bundle->blob_count; i++)
		LOPT_TRY(list_blob(comparison, i, err));
	return find_partners(comparison, err);
}

/* A thread that cannot be started is no misfortune: whoever waits does its work. */
static void start_threads(struct lopt_comparison *comparison)
{
	while (comparison->started + 1 < LOPT_READERS && (comparison->count > BATCH || comparison->digests) &&
	       pthread_create(&comparison->threads[comparison->started], NULL, run_batches,
			      &comparison->workers[comparison->started + 1]) == 0)
		comparison->started++;
}

static enum lopt_status start(struct lopt_comparison *comparison, struct lopt_bundle *bundle, lopt_keep_choice *choose,
			      struct lopt_error *err)
{
	comparison->bundle = bundle;
	for (size_t i = 0; i < LOPT_READERS; i++)
		prepare_worker(comparison, i, choose);
	LOPT_TRY(list_tasks(comparison, err));
	if (comparison->count == 0)
		return LOPT_OK;
	for (size_t i = 0; i < LOPT_READERS; i++)
		LOPT_TRY(equip_worker(&comparison->workers[i], err));
	lopt_meter_begin(&bundle->input.meter, "comparing contents", comparison->total);
	start_threads(comparison);
	return LOPT_OK;
}

enum lopt_status lopt_comparison_start(struct lopt_comparison **out, struct lopt_bundle *bundle,
				       lopt_keep_choice *choose, struct lopt_error *err)
{
	struct lopt_comparison *comparison = calloc(1, sizeof *comparison);
	if (!comparison)
		return lopt_error_memory(err);
	(void)pthread_mutex_init(&comparison->lock, NULL);
	enum lopt_status status = start(comparison, bundle, choose, err);
	if (status == LOPT_OK)
		*out = comparison;
	else
		lopt_comparison_free(comparison);
	return status;
}

/* Those whose digests were computed here. */
static enum lopt_status verify_layers(struct lopt_bundle *bundle, struct lopt_error *err)
{
	for (size_t i = 0; i < bundle->layer_count; i++)
		if (bundle->layers[i].data && bundle->layers[i].data->undigested)
			LOPT_TRY(lopt_bundle_verify(bundle, i, err));
	return LOPT_OK;
}

static void join_threads(struct lopt_comparison *comparison)
{
	while (comparison->started)
		(void)pthread_join(comparison->threads[--comparison->started], NULL);
}

enum lopt_status lopt_comparison_finish(struct lopt_comparison *comparison, struct lopt_error *err)
{
	(void)run_batches(&comparison->workers[0]);
	join_threads(comparison);
	LOPT_TRY(first_failure(comparison->workers, err));
	LOPT_TRY(verify_layers(comparison->bundle, err));
	for (size_t i = 0; i < LOPT_READERS; i++)
		LOPT_TRY(hand_over(&comparison->workers[i], err));
	sort_kept(comparison->bundle);
	return LOPT_OK;
}

void lopt_comparison_free(struct lopt_comparison *comparison)
{
	if (!comparison)
		return;
	atomic_store_explicit(&comparison->abandoned, true, memory_order_relaxed);
	join_threads(comparison);
	for (size_t i = 0; i < LOPT_READERS; i++)
		release_worker(&comparison->workers[i]);
	free(comparison->tasks);
	(void)pthread_mutex_destroy(&comparison->lock);
	free(comparison);
}
