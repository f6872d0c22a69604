/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "compare/inventory.h"
#include "image/origin.h"
#include "layeropt/finding.h"
#include "repack/repack.h"
#include "tree/inplace.h"
#include "tree/same.h"

/* --- what a container sees --- */

static enum lopt_status differs(struct lopt_error *err, const char *where, struct lopt_str what)
{
	return lopt_error_set(err, LOPT_E_BUG, "the new image is not the old one, and is thrown away: %s %.*s differs",
			      where, LOPT_STR_ARGS(what));
}

struct images {
	const struct lopt_image *before, *after;
};

static const struct lopt_layer_inode *inode_of(const struct lopt_image *image, const struct lopt_object *object)
{
	return &lopt_image_bundle(image)->layers[object->layer].data->inodes[object->inode];
}

/* What was read of both was fingerprinted under one key. */
static bool same_content(const void *context, const struct lopt_object *a, const struct lopt_object *b)
{
	const struct images *images = context;
	const struct lopt_layer_inode *x = inode_of(images->before, a), *y = inode_of(images->after, b);
	return x->has_fingerprint && y->has_fingerprint && x->size == y->size &&
	       memcmp(x->fingerprint, y->fingerprint, sizeof x->fingerprint) == 0;
}

static enum lopt_status prove_tree(const struct lopt_tree *before, const struct lopt_tree *after,
				   const struct lopt_tree_match *match, const char *where, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf path = LOPT_BUF_INIT(SIZE_MAX / 2);
	bool same;
	LOPT_TRY(lopt_tree_same(before, after, match, &same, &path, err));
	return same ? LOPT_OK : differs(err, where, lopt_buf_view(&path));
}

/* Of which no paths are compared. */
static enum lopt_status prove_configuration(const struct images *images, struct lopt_error *err)
{
	static const struct lopt_comparison_options options = { .times = true };
	LOPT_CLEANUP(lopt_comparison_release) struct lopt_comparison comparison = { 0 };
	const struct lopt_inventory a = { .image = images->before, .info = lopt_image_info(images->before) };
	const struct lopt_inventory b = { .image = images->after, .info = lopt_image_info(images->after) };
	LOPT_TRY(lopt_comparison_between(&comparison, &a, &b, &options, err));
	return comparison.config_count ? differs(err, "configuration:", comparison.config[0].member) : LOPT_OK;
}

/* --- the same to engines that apply each layer to what is there --- */

struct applied {
	const struct lopt_image *image;
	const struct lopt_limits *limits;
	struct lopt_arena arena;
	struct lopt_notes notes;
	struct lopt_tree tree;
	bool fails;
	enum lopt_status status;
	struct lopt_error error;
};

static void release_applied(struct applied *applied)
{
	lopt_tree_release(&applied->tree);
	lopt_notes_release(&applied->notes);
	lopt_arena_release(&applied->arena);
}

static enum lopt_status apply_layers(struct applied *out, struct lopt_error *err)
{
	const struct lopt_bundle *bundle = lopt_image_bundle(out->image);
	lopt_arena_init(&out->arena, out->limits->arena_bytes);
	lopt_notes_init(&out->notes, &out->arena);
	LOPT_TRY(lopt_tree_init(&out->tree, &out->arena, out->limits, &out->notes, err));
	for (size_t i = 0; i < bundle->layer_count && !out->fails; i++) {
		const struct lopt_tree_layer layer = { bundle->layers[i].data, (uint32_t)i };
		LOPT_TRY(lopt_tree_apply_in_place(&out->tree, &layer, &out->fails, err));
	}
	return LOPT_OK;
}

static void *run_apply(void *context)
{
	struct applied *out = context;
	out->status = apply_layers(out, &out->error);
	return NULL;
}

/* Images have nothing in common: one a thread. A thread that cannot be started is no misfortune. */
static void apply_both(struct applied *a, struct applied *b)
{
	pthread_t thread;
	bool started = pthread_create(&thread, NULL, run_apply, a) == 0;
	if (!started)
		(void)run_apply(a);
	(void)run_apply(b);
	if (started)
		(void)pthread_join(thread, NULL);
}

static enum lopt_status outcome_of(const struct applied *applied, struct lopt_error *err)
{
	if (applied->status != LOPT_OK && err)
		*err = applied->error;
	return applied->status;
}

static enum lopt_status prove_applied(const struct images *images, const struct lopt_tree_match *match,
				      const struct lopt_limits *limits, struct lopt_error *err)
{
	LOPT_CLEANUP(release_applied) struct applied a = { .image = images->before, .limits = limits };
	LOPT_CLEANUP(release_applied) struct applied b = { .image = images->after, .limits = limits };
	apply_both(&a, &b);
	LOPT_TRY(outcome_of(&a, err));
	LOPT_TRY(outcome_of(&b, err));
	if (a.fails) /* nobody sees it that way */
		return LOPT_OK;
	if (b.fails)
		return differs(err, "what", lopt_str_from("engines see that apply layers in place"));
	return prove_tree(&a.tree, &b.tree, match, "to engines that apply layers in place, path", err);
}

/* In both ways to stack layers. */
static enum lopt_status prove_views(const struct lopt_repack_plan *plan, const struct lopt_image *after,
				    const struct lopt_limits *limits, struct lopt_error *err)
{
	const struct images images = { plan->image, after };
	const struct lopt_tree_match match = { .same_content = same_content,
					       .context = &images,
					       .links_may_join = plan->dedupe };
	LOPT_TRY(prove_configuration(&images, err));
	LOPT_TRY(prove_tree(lopt_image_tree(plan->image), lopt_image_tree(after), &match, "path", err));
	return prove_applied(&images, &match, limits, err);
}

/* --- what the plan said --- */

static enum lopt_status unforeseen(struct lopt_error *err, size_t layer, const char *what)
{
	return lopt_error_set(err, LOPT_E_BUG,
			      "the new image is not what was planned, and is thrown away: layer %zu: %s", layer, what);
}

static enum lopt_status prove_layer(const struct lopt_repack_plan *plan, const struct lopt_repacked *repacked,
				    size_t index, const struct lopt_layer *after, struct lopt_error *err)
{
	const struct lopt_output_plan *planned = &plan->outputs[index];
	const struct lopt_layer *before = lopt_image_layer(plan->image, planned->first);
	if (!lopt_str_equal(after->diff_id, repacked->layers[index].diff_id) ||
	    (!planned->pieces && !lopt_str_equal(after->diff_id, before->diff_id)))
		return unforeseen(err, index, "its diff ID");
	if (after->verified != LOPT_VERIFIED_TRUE)
		return unforeseen(err, index, "its digest was not verified");
	if (after->size != planned->size || after->entry_count != planned->entries)
		return unforeseen(err, index, "its size");
	if (lopt_repack_content_of(after) != planned->content)
		return unforeseen(err, index, "its content");
	return LOPT_OK;
}

static enum lopt_status prove_layers(const struct lopt_repack_plan *plan, const struct lopt_repacked *repacked,
				     const struct lopt_image *after, struct lopt_error *err)
{
	if (lopt_image_layer_count(after) != plan->output_count)
		return unforeseen(err, lopt_image_layer_count(after), "the number of layers");
	for (size_t i = 0; i < plan->output_count; i++)
		LOPT_TRY(prove_layer(plan, repacked, i, lopt_image_layer(after, i), err));
	return LOPT_OK;
}

/* --- what engines say --- */

static size_t count_differences(const struct lopt_image *image)
{
	size_t count = 0;
	for (size_t i = 0; i < lopt_image_note_count(image); i++) {
		const struct lopt_note *note = lopt_image_note(image, i);
		count += strcmp(note->rule, "engines-differ") == 0 && note->severity >= LOPT_WARNING;
	}
	return count;
}

enum lopt_status lopt_repack_prove(const struct lopt_repack_plan *plan, const struct lopt_repacked *repacked,
				   const struct lopt_image *after, const struct lopt_limits *limits,
				   struct lopt_error *err)
{
	if (!lopt_str_equal(lopt_image_info(after)->config_digest, repacked->config_digest))
		return differs(err, "digest of", lopt_str_from("the configuration"));
	LOPT_TRY(prove_layers(plan, repacked, after, err));
	LOPT_TRY(prove_views(plan, after, limits, err));
	if (count_differences(after) > count_differences(plan->image))
		return differs(err, "what", lopt_str_from("engines make of it"));
	return LOPT_OK;
}
