/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/meter.h"
#include "source/oci.h"

/* One blob to read, and the layers that list it. */
struct job {
	size_t layer; /* the first that lists it */
	uint32_t member;
	struct lopt_layer_options options;
	uint64_t entries_left; /* the blob alone; the sum is checked as results come in */
	struct lopt_layer_data *data;
	enum lopt_status status;
	struct lopt_error error;
};

struct work {
	struct lopt_plan *plan;
	struct job *jobs;
	size_t *order; /* of jobs: the largest first, so that no thread is left with it at the end */
	size_t count;
	pthread_mutex_t lock;
	size_t next;	  /* in `order`, under the lock */
	uint64_t entries; /* of the blobs read so far, under the lock */
	size_t end;	  /* jobs from this one on need not be read any more, under the lock */
};

/* --- what is to be read --- */

static size_t find_job(const struct work *work, uint32_t member)
{
	for (size_t i = 0; i < work->count; i++) /* at most limits->layers of them */
		if (work->jobs[i].member == member)
			return i;
	return SIZE_MAX;
}

static const struct lopt_hashed *find_hashed(const struct lopt_plan *plan, const struct lopt_digest *digest)
{
	return lopt_hashed_find(plan->options->hashed, plan->options->hashed_count, digest);
}

static enum lopt_status set_options(struct job *job, const struct lopt_plan *plan, struct lopt_error *err)
{
	const struct lopt_claim *claim = &plan->layers[job->layer];
	struct lopt_digest digest;
	job->options = (struct lopt_layer_options){
		.limits = plan->limits,
		.again = plan->store->ops->reopen != NULL,
		.contents = *plan->contents,
	};
	if (!plan->options->verify_digests)
		return LOPT_OK;
	LOPT_TRY(lopt_digest_parse(&digest, plan->diff_ids[job->layer], err));
	job->options.diff_id = digest.algorithm;
	job->options.hashed_diff_id = find_hashed(plan, &digest);
	if (claim->digest.len == 0)
		return LOPT_OK;
	LOPT_TRY(lopt_digest_parse(&digest, claim->digest, err));
	job->options.digest = digest.algorithm;
	job->options.hashed_digest = find_hashed(plan, &digest);
	return LOPT_OK;
}

/* One blob cannot be two layers: the diff ID of one of them would be wrong. */
static enum lopt_status check_shared(const struct lopt_plan *plan, size_t first, size_t second, struct lopt_error *err)
{
	if (lopt_str_equal(plan->diff_ids[first], plan->diff_ids[second]))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: layers %zu and %zu have one blob, but different diff IDs",
			      LOPT_STR_ARGS(plan->layers[second].name), first, second);
}

static enum lopt_status add_job(struct work *work, size_t layer, struct lopt_error *err)
{
	struct lopt_plan *plan = work->plan;
	struct lopt_claim *claim = &plan->layers[layer];
	if (claim->foreign) {
		enum lopt_status status = lopt_claim_find(plan, claim, err);
		if (status == LOPT_END)
			plan->bundle->layers[layer].absent = true;
		if (status != LOPT_OK)
			return status == LOPT_END ? LOPT_OK : status;
	} else {
		LOPT_TRY(lopt_claim_need(plan, claim, err));
	}
	size_t known = find_job(work, claim->member);
	if (known != SIZE_MAX)
		return check_shared(plan, work->jobs[known].layer, layer, err);
	struct job *job = &work->jobs[work->count++];
	*job = (struct job){ .layer = layer, .member = claim->member };
	return set_options(job, plan, err);
}

static uint64_t size_of(const struct work *work, size_t job)
{
	return work->plan->store->members[work->jobs[job].member].size;
}

static int compare_jobs(const void *a, const void *b, void *context)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	uint64_t left = size_of(context, x), right = size_of(context, y);
	if (left != right)
		return left > right ? -1 : 1;
	return (x > y) - (x < y);
}

static void order_jobs(struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		work->order[i] = i;
	work->end = work->count;
	if (work->count)
		qsort_r(work->order, work->count, sizeof *work->order, compare_jobs, work);
}

static enum lopt_status list_jobs(struct work *work, struct lopt_error *err)
{
	uint64_t total = 0;
	struct lopt_plan *plan = work->plan;
	for (size_t i = 0; i < plan->layer_count; i++)
		LOPT_TRY(add_job(work, i, err));
	order_jobs(work);
	for (size_t i = 0; i < work->count; i++)
		total = lopt_add_saturating(total, size_of(work, i), NULL);
	if (plan->store->meter)
		lopt_meter_begin(plan->store->meter, "reading layers", total);
	return LOPT_OK;
}

/* --- reading --- */

/* What comes after the first failure is of no use, what comes before it may fail as well and then is the first. */
static void stop_behind(struct work *work, size_t index)
{
	if (index + 1 < work->end)
		work->end = index + 1;
}

static void run_job(struct work *work, size_t index)
{
	struct lopt_store *store = work->plan->store;
	struct job *job = &work->jobs[index];
	job->entries_left = store->entries_left;
	job->options.entries_left = &job->entries_left;
	job->status = lopt_store_layer(store, job->member, &job->options, &job->data, &job->error);
	(void)pthread_mutex_lock(&work->lock);
	work->entries += store->entries_left - job->entries_left;
	if (job->status != LOPT_OK)
		stop_behind(work, index);
	else if (work->entries > store->entries_left)
		work->next = work->count; /* whatever is still to come */
	(void)pthread_mutex_unlock(&work->lock);
}

static bool take_job(struct work *work, size_t *index)
{
	bool found = false;
	(void)pthread_mutex_lock(&work->lock);
	while (!found && work->next < work->count) {
		*index = work->order[work->next++];
		found = *index < work->end;
	}
	(void)pthread_mutex_unlock(&work->lock);
	return found;
}

static void *run_jobs(void *context)
{
	struct work *work = context;
	for (size_t index; take_job(work, &index);)
		run_job(work, index);
	return NULL;
}

/* A thread that cannot be started is no misfortune: its work is done by the others. */
static void run_all(struct work *work)
{
	pthread_t threads[LOPT_READERS - 1];
	size_t started = 0;
	size_t want = work->plan->store->ops->parallel && work->count > 1 ? LOPT_READERS - 1 : 0;
	while (started < want && pthread_create(&threads[started], NULL, run_jobs, work) == 0)
		started++;
	(void)run_jobs(work);
	while (started)
		(void)pthread_join(threads[--started], NULL);
}

static enum lopt_status layer_error(const struct lopt_plan *plan, size_t layer, struct lopt_error *err)
{
	return lopt_error_context(err, "layer %zu: %.*s", layer, LOPT_STR_ARGS(plan->layers[layer].name));
}

/* Which blob is one too many depends on the threads, so none is named. */
static enum lopt_status too_many(const struct lopt_store *store, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_LIMIT, "more than %llu tar entries (--limit entries=N)",
			      (unsigned long long)store->limits->entries);
}

static enum lopt_status first_failure(const struct work *work, struct lopt_error *err)
{
	const struct lopt_store *store = work->plan->store;
	if (work->entries > store->entries_left)
		return too_many(store, err);
	for (size_t i = 0; i < work->count; i++) {
		const struct job *job = &work->jobs[i];
		if (job->status == LOPT_OK)
			continue;
		if (job->status == LOPT_E_LIMIT && job->entries_left == 0)
			return too_many(store, err);
		if (err)
			*err = job->error;
		return layer_error(work->plan, job->layer, err);
	}
	return LOPT_OK;
}

/* --- comparing --- */

static enum lopt_status compare_size(const struct lopt_claim *claim, const struct lopt_layer_data *data,
				     struct lopt_error *err)
{
	if (!claim->has_size || claim->size == data->stored_size)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%llu bytes, but its descriptor says %llu",
			      (unsigned long long)data->stored_size, (unsigned long long)claim->size);
}

/* Media types are not trusted, but one that lies is worth a word (rule P2). */
static enum lopt_status compare_media(struct lopt_plan *plan, size_t i, struct lopt_error *err)
{
	const struct lopt_claim *claim = &plan->layers[i];
	const struct lopt_layer_data *data = plan->bundle->layers[i].data;
	const char *found = lopt_codec_name(data->codec);
	if (claim->media_type.len == 0 || data->stored_size == 0)
		return LOPT_OK;
	const char *said = lopt_media_compression(claim->media_type);
	if (strcmp(said, found) == 0)
		return LOPT_OK;
	return lopt_notes_add(&plan->bundle->notes, "media-type-mismatch", LOPT_WARNING, i, claim->name, err,
			      "the media type says compression %s, the bytes say %s", said, found);
}

/* --- handing over --- */

static void describe(struct lopt_plan *plan, size_t i)
{
	const struct lopt_claim *claim = &plan->layers[i];
	struct lopt_bundle_layer *layer = &plan->bundle->layers[i];
	layer->diff_id = plan->diff_ids[i];
	layer->digest = claim->digest;
	layer->media_type = claim->media_type;
	layer->blob = claim->name;
	layer->verified = layer->absent ? LOPT_VERIFIED_NOTHING : LOPT_VERIFIED_NOT_CHECKED;
}

/* The digests of a plain tar that can be read again are left for later: its entries need not wait for them. */
static void take_blob(struct lopt_bundle *bundle, struct job *job)
{
	struct lopt_bundle_blob *blob = &bundle->blobs[bundle->blob_count++];
	*blob = (struct lopt_bundle_blob){ .data = job->data, .member = job->member };
	job->data = NULL;
	if (!blob->data->undigested)
		return;
	blob->diff_id = job->options.diff_id;
	blob->digest = job->options.digest;
}

static enum lopt_status verify_now(struct lopt_bundle *bundle, size_t layer, struct lopt_error *err)
{
	return bundle->layers[layer].data->undigested ? LOPT_OK : lopt_bundle_verify(bundle, layer, err);
}

static enum lopt_status hand_over(struct work *work, struct lopt_error *err)
{
	struct lopt_plan *plan = work->plan;
	struct lopt_bundle *bundle = plan->bundle;
	for (size_t i = 0; i < work->count; i++)
		take_blob(bundle, &work->jobs[i]);
	for (size_t i = 0; i < plan->layer_count; i++) {
		describe(plan, i);
		if (bundle->layers[i].absent)
			continue;
		bundle->layers[i].blob_index = (uint32_t)find_job(work, plan->layers[i].member);
		bundle->layers[i].data = bundle->blobs[bundle->layers[i].blob_index].data;
		if (compare_size(&plan->layers[i], bundle->layers[i].data, err) != LOPT_OK)
			return layer_error(plan, i, err);
		if (plan->options->verify_digests || plan->store->ops->always_digests)
			LOPT_TRY(verify_now(bundle, i, err));
		LOPT_TRY(compare_media(plan, i, err));
	}
	return LOPT_OK;
}

static enum lopt_status make_room(struct work *work, struct lopt_error *err)
{
	struct lopt_bundle *bundle = work->plan->bundle;
	size_t count = work->plan->layer_count;
	bundle->layers = lopt_arena_zalloc(&bundle->arena, count, sizeof *bundle->layers);
	bundle->blobs = lopt_arena_zalloc(&bundle->arena, count, sizeof *bundle->blobs);
	work->jobs = calloc(count ? count : 1, sizeof *work->jobs);
	work->order = calloc(count ? count : 1, sizeof *work->order);
	bundle->layer_count = count;
	return bundle->layers && bundle->blobs && work->jobs && work->order ? LOPT_OK : lopt_error_memory(err);
}

static void release_work(struct work *work)
{
	for (size_t i = 0; work->jobs && i < work->count; i++)
		lopt_layer_free(work->jobs[i].data);
	free(work->jobs);
	free(work->order);
	(void)pthread_mutex_destroy(&work->lock);
}

enum lopt_status lopt_plan_read_layers(struct lopt_plan *plan, struct lopt_error *err)
{
	LOPT_CLEANUP(release_work) struct work work = { .plan = plan, .lock = PTHREAD_MUTEX_INITIALIZER };
	if (plan->layer_count != plan->diff_id_count)
		return lopt_error_set(err, LOPT_E_INPUT,
				      "the manifest lists %zu layers, the configuration %zu diff IDs",
				      plan->layer_count, plan->diff_id_count);
	LOPT_TRY(make_room(&work, err));
	LOPT_TRY(list_jobs(&work, err));
	run_all(&work);
	LOPT_TRY(first_failure(&work, err));
	return hand_over(&work, err);
}
