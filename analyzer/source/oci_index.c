/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "source/oci.h"

enum {
	DESCRIPTORS_MAX = 16384, /* of all indexes of one input */
	INDEXES_MAX = 1024,	 /* read for one image */
};

void lopt_candidates_release(struct lopt_candidates *list)
{
	free(list->items);
	*list = (struct lopt_candidates){ 0 };
}

static enum lopt_status push(struct lopt_candidates *list, const struct lopt_candidate *item, struct lopt_error *err)
{
	if (list->count >= DESCRIPTORS_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, "more than %d descriptors in the indexes", DESCRIPTORS_MAX);
	struct lopt_candidate *items = lopt_grow(list->items, &list->cap, list->count + 1, sizeof *items);
	if (!items)
		return lopt_error_memory(err);
	list->items = items;
	items[list->count++] = *item;
	return LOPT_OK;
}

/* --- one descriptor --- */

static enum lopt_status read_platform(struct lopt_candidate *out, struct lopt_plan *plan, const json_t *object,
				      struct lopt_error *err)
{
	const json_t *platform;
	struct lopt_arena *arena = &plan->bundle->arena;
	LOPT_TRY(lopt_value_object(&platform, object, "platform", err));
	LOPT_TRY(lopt_value_copy(&out->platform.os, arena, platform, "os", err));
	LOPT_TRY(lopt_value_copy(&out->platform.architecture, arena, platform, "architecture", err));
	LOPT_TRY(lopt_value_copy(&out->platform.variant, arena, platform, "variant", err));
	out->has_platform = out->platform.os.len && out->platform.architecture.len;
	return LOPT_OK;
}

static enum lopt_status read_name(struct lopt_candidate *out, struct lopt_plan *plan, const json_t *annotations,
				  const char *key, struct lopt_error *err)
{
	struct lopt_str name;
	LOPT_TRY(lopt_value_copy(&name, &plan->bundle->arena, annotations, key, err));
	if (name.len)
		out->names[out->name_count++] = name;
	return LOPT_OK;
}

static enum lopt_status read_descriptor(struct lopt_candidate *out, struct lopt_plan *plan, const json_t *object,
					struct lopt_str where, bool *is_image, struct lopt_error *err)
{
	const json_t *annotations;
	*out = (struct lopt_candidate){ 0 };
	LOPT_TRY(lopt_claim_descriptor(&out->claim, plan, object, where, err));
	enum lopt_status status = read_platform(out, plan, object, err);
	if (status == LOPT_OK)
		status = lopt_value_object(&annotations, object, "annotations", err);
	if (status == LOPT_OK)
		status = read_name(out, plan, annotations, "io.containerd.image.name", err);
	if (status == LOPT_OK)
		status = read_name(out, plan, annotations, "org.opencontainers.image.ref.name", err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(where));
	enum lopt_media media = lopt_media_of(out->claim.media_type);
	if (media == LOPT_MEDIA_SCHEMA1)
		return lopt_error_set(err, LOPT_E_INPUT, "%.*s: a manifest of schema 1, which is not supported",
				      LOPT_STR_ARGS(where));
	bool attestation =
		json_object_get(annotations, "vnd.docker.reference.type") ||
		(lopt_str_is(out->platform.os, "unknown") && lopt_str_is(out->platform.architecture, "unknown"));
	*is_image = (media == LOPT_MEDIA_INDEX || media == LOPT_MEDIA_MANIFEST) && !attestation;
	return LOPT_OK;
}

enum lopt_status lopt_oci_read_index(struct lopt_candidates *out, struct lopt_plan *plan, const json_t *index,
				     struct lopt_str name, struct lopt_error *err)
{
	const json_t *manifests = NULL;
	enum lopt_status status = lopt_oci_check_index(index, err);
	if (status == LOPT_OK)
		status = lopt_value_array(&manifests, index, "manifests", err);
	if (status != LOPT_OK)
		return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(name));
	for (size_t i = 0; i < json_array_size(manifests); i++) {
		struct lopt_str where;
		struct lopt_candidate candidate;
		bool is_image = false;
		LOPT_TRY(lopt_plan_where(&where, plan, err, "%.*s: manifests[%zu]", LOPT_STR_ARGS(name), i));
		LOPT_TRY(read_descriptor(&candidate, plan, json_array_get(manifests, i), where, &is_image, err));
		if (is_image)
			LOPT_TRY(push(out, &candidate, err));
	}
	return LOPT_OK;
}

/* --- what lies below --- */

static bool match_digest(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	(void)number;
	const struct lopt_candidates *list = owner;
	return lopt_str_equal(list->items[value].claim.digest, key);
}

/* A queue of descriptors, each digest once. */
struct walk {
	struct lopt_candidates queue;
	struct lopt_table seen;
	size_t indexes;
};

static void release_walk(struct walk *walk)
{
	lopt_candidates_release(&walk->queue);
	lopt_table_release(&walk->seen);
}

static enum lopt_status enqueue(struct walk *walk, const struct lopt_candidate *item, struct lopt_error *err)
{
	struct lopt_str digest = item->claim.digest;
	if (lopt_table_find(&walk->seen, 0, digest, match_digest, &walk->queue) != LOPT_TABLE_NONE)
		return LOPT_OK;
	uint32_t at = (uint32_t)walk->queue.count;
	LOPT_TRY(push(&walk->queue, item, err));
	return lopt_table_insert(&walk->seen, 0, digest, at) ? LOPT_OK : lopt_error_memory(err);
}

/* An index that is not in the input is that of other platforms, or of nothing that was saved. */
static enum lopt_status expand(struct walk *walk, struct lopt_plan *plan, size_t at, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_value_release) json_t *index = NULL;
	LOPT_CLEANUP(lopt_candidates_release) struct lopt_candidates children = { 0 };
	struct lopt_candidate parent = walk->queue.items[at];
	enum lopt_status status = lopt_claim_find(plan, &parent.claim, err);
	if (status == LOPT_END)
		return LOPT_OK;
	if (status != LOPT_OK)
		return status;
	if (++walk->indexes > INDEXES_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, "more than %d indexes", INDEXES_MAX);
	LOPT_TRY(lopt_claim_json(&index, plan, &parent.claim, true, NULL, err));
	LOPT_TRY(lopt_oci_read_index(&children, plan, index, parent.claim.name, err));
	for (size_t i = 0; i < children.count; i++)
		LOPT_TRY(enqueue(walk, &children.items[i], err));
	return LOPT_OK;
}

/* Level by level, so that the depth is that of the shortest way. */
enum lopt_status lopt_oci_collect(struct lopt_candidates *out, struct lopt_plan *plan,
				  const struct lopt_candidates *from, struct lopt_error *err)
{
	LOPT_CLEANUP(release_walk) struct walk walk = { 0 };
	for (size_t i = 0; i < from->count; i++)
		LOPT_TRY(enqueue(&walk, &from->items[i], err));
	size_t level_end = walk.queue.count;
	uint64_t depth = 1; /* index.json is an index itself */
	for (size_t i = 0; i < walk.queue.count; i++) {
		if (i == level_end) {
			level_end = walk.queue.count;
			depth++;
		}
		if (lopt_media_of(walk.queue.items[i].claim.media_type) == LOPT_MEDIA_MANIFEST) {
			LOPT_TRY(push(out, &walk.queue.items[i], err));
			continue;
		}
		if (depth >= plan->limits->index_depth)
			return lopt_error_set(err, LOPT_E_LIMIT,
					      "%.*s: indexes nested more than %llu deep (--limit index_depth=N)",
					      LOPT_STR_ARGS(walk.queue.items[i].claim.where),
					      (unsigned long long)plan->limits->index_depth);
		LOPT_TRY(expand(&walk, plan, i, err));
	}
	return LOPT_OK;
}
