/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/cleanup.h"
#include "repack/plan.h"

const char *lopt_repack_mode_name(enum lopt_repack_mode mode)
{
	static const char *const names[LOPT_REPACK_MODES] = { "trim", "merge-upper", "squash" };
	return names[mode];
}

const char *lopt_repack_way_name(const struct lopt_repack_plan *plan)
{
	return plan->max_layers ? "max-layers" : lopt_repack_mode_name(plan->mode);
}

static bool is_shared(const struct lopt_repack_plan *plan, size_t layer)
{
	size_t output = plan->layers[layer].output;
	return output != LOPT_NO_OUTPUT && !plan->outputs[output].pieces;
}

void lopt_repack_account_make(struct lopt_repack_account *out, const struct lopt_repack_plan *plan)
{
	uint64_t size = 0;
	*out = (struct lopt_repack_account){ .mode = plan->mode,
					     .layers = plan->output_count,
					     .saved_content = plan->total.bytes };
	for (size_t i = 0; i < plan->layer_count; i++) {
		const struct lopt_layer *layer = lopt_image_layer(plan->image, i);
		size = lopt_add_saturating(size, layer->size, NULL);
		if (is_shared(plan, i))
			continue;
		out->unshared = lopt_add_saturating(out->unshared, layer->compressed_size, NULL);
		if (i < plan->base_layers)
			out->unshared_base = lopt_add_saturating(out->unshared_base, layer->compressed_size, NULL);
	}
	out->saved_size = size > plan->total.size ? size - plan->total.size : 0;
}

enum lopt_status lopt_repack_choices_make(struct lopt_repack_account out[LOPT_REPACK_MODES],
					  const struct lopt_image *image, const struct lopt_repack_options *options,
					  struct lopt_error *err)
{
	for (size_t i = 0; i < LOPT_REPACK_MODES; i++) {
		struct lopt_repack_options each = *options;
		struct lopt_repack_plan plan;
		each.mode = (enum lopt_repack_mode)i;
		each.max_layers = 0;
		LOPT_TRY(lopt_repack_plan_make(&plan, image, &each, err));
		lopt_repack_account_make(&out[i], &plan);
		lopt_repack_plan_release(&plan);
	}
	return LOPT_OK;
}
