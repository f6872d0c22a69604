/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "image/origin.h"
#include "repack/inner.h"

/* Threads that write at a time: as many as there are processors, up to what memory for compressors is worth. */
enum { WRITERS_MAX = 8 };

struct job {
	struct lopt_layer_job what;
	struct lopt_slot slot;
	struct lopt_sink *to; /* NULL: only its size is asked for */
	size_t twin;	      /* an earlier layer that is the same blob: then there is nothing to do */
	enum lopt_status status;
	struct lopt_error error;
};

struct work {
	const struct lopt_repack_plan *plan;
	struct lopt_new_layer *layers;
	struct job *jobs;
	size_t count;
	size_t *order; /* of jobs, those that there is something to do for: the largest first */
	size_t todo;
	struct lopt_meter meter;
	pthread_mutex_t lock;
	size_t next; /* in `order`, under the lock */
	bool failed; /* under the lock */
};

/* --- what is to be written --- */

/* More than any of the libraries makes of so many bytes. */
static uint64_t most_bytes(const struct lopt_new_layer *layer, uint64_t size)
{
	enum { MORE = 1 << 16 };
	return layer->blob.size ? layer->blob.size : size + size / 64 + MORE;
}

/* Listed twice, it is written once. */
static size_t twin_of(const struct work *work, size_t output)
{
	const struct lopt_repack_plan *plan = work->plan;
	const struct lopt_bundle_layer *layers = lopt_image_bundle(plan->image)->layers;
	uint32_t blob = layers[plan->outputs[output].first].blob_index;
	for (size_t i = 0; i < output && !plan->outputs[output].pieces; i++)
		if (!plan->outputs[i].pieces && layers[plan->outputs[i].first].blob_index == blob)
			return work->jobs[i].twin;
	return output;
}

static void describe(struct work *work, const struct lopt_repack_writing *options)
{
	for (size_t i = 0; i < work->count; i++) {
		lopt_layer_describe(&work->layers[i], work->plan, i, options->how);
		work->jobs[i].what = (struct lopt_layer_job){ work->plan, i, options->limits, &work->meter };
		work->jobs[i].twin = twin_of(work, i);
	}
}

static void reserve(struct work *work, const struct lopt_archive *archive)
{
	uint64_t place = archive->position;
	for (size_t i = 0; i < work->count; i++) {
		const struct lopt_new_layer *layer = &work->layers[i];
		bool is_long = strncmp(layer->blob.digest, "sha512:", 7) == 0;
		struct job *job = &work->jobs[i];
		if (job->twin != i)
			continue;
		lopt_archive_reserve(&job->slot, archive, &place, is_long ? LOPT_SHA512 : LOPT_SHA256,
				     most_bytes(layer, work->plan->outputs[i].size));
		job->to = &job->slot.sink;
		work->order[work->todo++] = i;
	}
}

/* Of the layers whose size is known. */
static enum lopt_status allocate(const struct work *work, struct lopt_error *err)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->jobs[i].twin == i && work->layers[i].blob.size)
			LOPT_TRY(lopt_slot_allocate(&work->jobs[i].slot, err));
	return LOPT_OK;
}

static bool compresses(const struct lopt_new_layer *layer)
{
	return layer->new_bytes && layer->compression.codec != LOPT_CODEC_PLAIN;
}

/* Compressing takes longest by far. */
static uint64_t cost_of(const struct work *work, size_t index)
{
	uint64_t size = work->plan->outputs[index].size;
	return compresses(&work->layers[index]) ? lopt_add_saturating(size, UINT64_MAX / 2, NULL) : size;
}

static int compare_jobs(const void *a, const void *b, void *context)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	uint64_t left = cost_of(context, x), right = cost_of(context, y);
	if (left != right)
		return left > right ? -1 : 1;
	return (x > y) - (x < y);
}

/* --- writing --- */

static bool take_job(struct work *work, size_t *index)
{
	(void)pthread_mutex_lock(&work->lock);
	bool found = !work->failed && work->next < work->todo;
	if (found)
		*index = work->order[work->next++];
	(void)pthread_mutex_unlock(&work->lock);
	return found;
}

static void *run_jobs(void *context)
{
	struct work *work = context;
	for (size_t index; take_job(work, &index);) {
		struct job *job = &work->jobs[index];
		job->status = lopt_layer_write(&work->layers[index], &job->what, job->to, &job->error);
		if (job->status == LOPT_OK)
			continue;
		(void)pthread_mutex_lock(&work->lock);
		work->failed = true;
		(void)pthread_mutex_unlock(&work->lock);
	}
	return NULL;
}

static size_t count_processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
	return count < 1 ? 1 : count > WRITERS_MAX ? WRITERS_MAX : (size_t)count;
}

/* A thread that cannot be started is no misfortune: its work is done by the others. */
static void run_all(struct work *work)
{
	pthread_t threads[WRITERS_MAX];
	size_t want = count_processors(), started = 0;
	if (want > work->todo)
		want = work->todo;
	while (started + 1 < want && pthread_create(&threads[started], NULL, run_jobs, work) == 0)
		started++;
	(void)run_jobs(work);
	while (started)
		(void)pthread_join(threads[--started], NULL);
}

/* --- putting together --- */

static bool is_written(const struct work *work, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(work->layers[i].blob.digest, work->layers[before].blob.digest) == 0)
			return true;
	return false;
}

static enum lopt_status settle(struct work *work, struct lopt_archive *archive, struct lopt_error *err)
{
	char name[LOPT_BLOB_NAME_MAX];
	for (size_t i = 0; i < work->count; i++) {
		const struct job *job = &work->jobs[i];
		if (job->twin != i)
			work->layers[i] = work->layers[job->twin];
		if (is_written(work, i))
			continue;
		lopt_member_name(name, archive->flat, work->layers[i].blob.digest, ".tar");
		LOPT_TRY(lopt_archive_settle(archive, &job->slot, name, err));
	}
	return LOPT_OK;
}

static enum lopt_status first_failure(const struct work *work, struct lopt_error *err)
{
	for (size_t i = 0; i < work->count; i++) {
		if (work->jobs[i].status == LOPT_OK)
			continue;
		if (err)
			*err = work->jobs[i].error;
		return work->jobs[i].status;
	}
	return LOPT_OK;
}

static void release_work(struct work *work)
{
	free(work->jobs);
	free(work->order);
	lopt_meter_release(&work->meter);
	(void)pthread_mutex_destroy(&work->lock);
}

static enum lopt_status begin(struct work *work, const struct lopt_repack_plan *plan,
			      const struct lopt_repack_writing *options, struct lopt_error *err)
{
	lopt_meter_init(&work->meter, &options->progress);
	work->plan = plan;
	work->count = plan->output_count;
	work->jobs = calloc(work->count + 1, sizeof *work->jobs);
	work->order = calloc(work->count + 1, sizeof *work->order);
	if (!work->jobs || !work->order)
		return lopt_error_memory(err);
	if (!lopt_image_bundle(plan->image)->input.store->ops->reopen)
		return lopt_error_set(err, LOPT_E_INPUT, "an input that can only be read once");
	describe(work, options);
	return LOPT_OK;
}

/* Of the input. What comes last of a layer and goes is not read, so it may be less. */
static uint64_t bytes_to_read(const struct work *work)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < work->todo; i++)
		sum = lopt_add_saturating(sum, lopt_repack_sizes_before(work->plan, work->order[i]).stored, NULL);
	return sum;
}

static enum lopt_status run(struct work *work, const char *what, struct lopt_error *err)
{
	if (work->todo)
		qsort_r(work->order, work->todo, sizeof *work->order, compare_jobs, work);
	lopt_meter_begin(&work->meter, what, bytes_to_read(work));
	run_all(work);
	return first_failure(work, err);
}

/* What is written is on its way to the disk while the rest is made. */
static enum lopt_status run_and_send(struct work *work, struct lopt_archive *archive, struct lopt_error *err)
{
	struct lopt_sender sender;
	lopt_sender_start(&sender, archive->fd);
	archive->sender = &sender;
	enum lopt_status status = run(work, "writing layers", err);
	archive->sender = NULL;
	lopt_sender_stop(&sender);
	return status;
}

enum lopt_status lopt_layers_write(struct lopt_new_layer *layers, const struct lopt_repack_plan *plan,
				   const struct lopt_repack_writing *options, struct lopt_archive *archive,
				   struct lopt_error *err)
{
	LOPT_CLEANUP(release_work) struct work work = { .layers = layers, .lock = PTHREAD_MUTEX_INITIALIZER };
	LOPT_TRY(begin(&work, plan, options, err));
	reserve(&work, archive);
	LOPT_TRY(allocate(&work, err));
	LOPT_TRY(run_and_send(&work, archive, err));
	return settle(&work, archive, err);
}

/* --- only to know --- */

static enum lopt_status foretell(uint64_t *stored, struct work *work, struct lopt_error *err)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->jobs[i].twin == i && compresses(&work->layers[i]))
			work->order[work->todo++] = i;
	LOPT_TRY(run(work, "compressing layers", err));
	for (size_t i = 0; i < work->count; i++)
		stored[i] = work->layers[work->jobs[i].twin].blob.size;
	return LOPT_OK;
}

enum lopt_status lopt_repack_foretell(uint64_t *stored, const struct lopt_repack_plan *plan,
				      const struct lopt_repack_writing *options, struct lopt_error *err)
{
	LOPT_CLEANUP(release_work) struct work work = { .lock = PTHREAD_MUTEX_INITIALIZER };
	LOPT_CLEANUP(lopt_cleanup_bytes)
	struct lopt_new_layer *layers = calloc(plan->output_count + 1, sizeof *layers);
	work.layers = layers;
	if (!layers)
		return lopt_error_memory(err);
	LOPT_TRY(begin(&work, plan, options, err));
	return foretell(stored, &work, err);
}
