/* SPDX-License-Identifier: MIT */
#include "base/cleanup.h"
#include "layeropt/finding.h"
#include "repack/inner.h"
#include "source/oci.h"

/* --- what must not be rewritten --- */

/* Labels that say which layers an image is made of. */
static enum lopt_status check_labels(const struct lopt_image_info *info, struct lopt_error *err)
{
	static const char *const names[] = { "ostree.commit", "ostree.final-diffid", "containers.bootc" };
	for (size_t i = 0; i < info->label_count; i++)
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
			if (lopt_str_is(info->labels[i].name, names[k]))
				return lopt_error_set(
					err, LOPT_E_INPUT,
					"its label %s ties it to its layers: a host that boots from it would refuse the new ones (--force)",
					names[k]);
	return LOPT_OK;
}

static enum lopt_status check_layers(const struct lopt_image *image, struct lopt_error *err)
{
	for (size_t i = 0; i < lopt_image_layer_count(image); i++)
		if (lopt_image_layer(image, i)->absent)
			return lopt_error_set(err, LOPT_E_INPUT, "layer %zu: it is not in the input", i);
	return LOPT_OK;
}

static bool is_difference(const struct lopt_note *note, int severity)
{
	return strcmp(note->rule, "engines-differ") == 0 && note->severity >= severity;
}

static enum lopt_status refuse(const struct lopt_note *note, struct lopt_error *err)
{
	(void)lopt_error_set(err, LOPT_E_INPUT, "%.*s", LOPT_STR_ARGS(note->message));
	if (note->path.len)
		(void)lopt_error_context(err, "%.*s", LOPT_STR_ARGS(note->path));
	if (note->layer != LOPT_NO_LAYER)
		(void)lopt_error_context(err, "layer %zu", note->layer);
	return LOPT_E_INPUT;
}

static enum lopt_status check_notes(const struct lopt_image *image, struct lopt_error *err)
{
	for (size_t i = 0; i < lopt_image_note_count(image); i++)
		if (is_difference(lopt_image_note(image, i), LOPT_ERROR))
			return refuse(lopt_image_note(image, i), err);
	return LOPT_OK;
}

/* --- the base --- */

static size_t common_layers(const struct lopt_image *a, const struct lopt_image *b)
{
	size_t n = 0;
	while (n < lopt_image_layer_count(a) && n < lopt_image_layer_count(b) &&
	       lopt_str_equal(lopt_image_layer(a, n)->diff_id, lopt_image_layer(b, n)->diff_id))
		n++;
	return n;
}

/* Without a word the lowest layer is the base: whatever the image is made from, that one belongs to it. */
static enum lopt_status tell_base(struct lopt_repack_plan *plan, const struct lopt_repack_options *options,
				  struct lopt_error *err)
{
	size_t named = 0;
	if (!options->has_base_layers && !options->base)
		LOPT_TRY(lopt_repack_named_base(&named, plan, options->limits, err));
	plan->base_reason = named ? LOPT_BASE_NAMED : LOPT_BASE_GUESSED;
	plan->base_layers = named ? named : plan->layer_count ? 1 : 0;
	if (options->has_base_layers) {
		plan->base_reason = LOPT_BASE_GIVEN;
		plan->base_layers = options->base_layers;
	} else if (options->base) {
		plan->base_reason = LOPT_BASE_IMAGE;
		plan->base_layers = common_layers(plan->image, options->base);
		if (plan->base_layers == 0)
			return lopt_error_set(err, LOPT_E_USAGE, "--base: the two images have no layer in common");
	}
	if (plan->base_layers <= plan->layer_count)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_USAGE, "--base-layers %zu: the image has %zu layers", plan->base_layers,
			      plan->layer_count);
}

/* --- layers that are left alone --- */

/* Taking out what replaces something would bring that back. */
static bool replaces_own(const struct lopt_layer *layer)
{
	for (size_t i = 0; i < layer->entry_count; i++)
		if (layer->entries[i].flags & LOPT_ENTRY_REPLACED)
			return true;
	return false;
}

static void leave(struct lopt_layer_plan *plan, const char *why)
{
	plan->fate = LOPT_FATE_LEFT;
	if (!plan->why.ptr)
		plan->why = lopt_str_from(why);
}

static void mark_others(struct lopt_layer_plan *plan, const struct lopt_layer *layer)
{
	if (lopt_media_of(layer->media_type) == LOPT_MEDIA_FOREIGN)
		leave(plan, "a layer that is not to be distributed");
	if (replaces_own(layer))
		leave(plan, "an entry of it replaces another of its own entries");
}

static void mark_differences(struct lopt_repack_plan *plan)
{
	for (size_t i = 0; i < lopt_image_note_count(plan->image); i++) {
		const struct lopt_note *note = lopt_image_note(plan->image, i);
		if (!is_difference(note, LOPT_WARNING) || note->layer >= plan->layer_count)
			continue;
		struct lopt_layer_plan *layer = &plan->layers[note->layer];
		layer->fate = LOPT_FATE_LEFT;
		if (!layer->why.ptr)
			layer->why = note->message;
	}
	for (size_t i = 0; i < plan->layer_count; i++)
		mark_others(&plan->layers[i], lopt_image_layer(plan->image, i));
	for (size_t i = 0; i < plan->base_layers && plan->mode != LOPT_REPACK_SQUASH; i++)
		plan->layers[i].fate = LOPT_FATE_BASE;
}

enum lopt_status lopt_repack_scope(struct lopt_repack_plan *plan, const struct lopt_repack_options *options,
				   struct lopt_error *err)
{
	if (!options->force)
		LOPT_TRY(check_labels(lopt_image_info(plan->image), err));
	LOPT_TRY(check_layers(plan->image, err));
	LOPT_TRY(check_notes(plan->image, err));
	LOPT_TRY(tell_base(plan, options, err));
	mark_differences(plan);
	return LOPT_OK;
}
