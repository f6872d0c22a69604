/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "repack/draft.h"
#include "repack/inner.h"

/* NULL: it can be part of another one. "": it cannot, and its fate tells why. */
static const char *why_alone(const struct lopt_repack_plan *plan, size_t layer)
{
	enum lopt_fate fate = plan->layers[layer].fate;
	if (fate == LOPT_FATE_BASE || fate == LOPT_FATE_LEFT)
		return "";
	if (!lopt_history_is_whole(plan->image))
		return "the history does not tell which instruction made which layer";
	if (lopt_image_layer(plan->image, layer)->entry_count && !lopt_places_of(plan, layer))
		return "its tar has headers that belong to no entry";
	return NULL;
}

void lopt_repack_runs(struct lopt_repack_plan *plan, bool *together)
{
	for (size_t i = 0; i + 1 < plan->layer_count; i++) {
		const char *low = why_alone(plan, i), *high = why_alone(plan, i + 1);
		bool fate_tells = (low && !*low) || (high && !*high);
		together[i] = !low && !high;
		plan->layers[i].cut = fate_tells ? NULL : low ? low : high;
	}
}

/* --- as few bytes as can be --- */

/* Layers that stay, and what it costs to have each of them in a run: bytes of it that are shared now. */
struct choice {
	const struct lopt_repack_plan *plan;
	size_t count, joins; /* how many of the boundaries between them have to go */
	uint64_t *costs;
	bool *can_join; /* with the one above */
	/* by layer and boundaries gone so far: the least cost with this layer the last of a run, or alone */
	uint64_t *joined, *alone;
	bool *extends; /* the least cost of `joined` has the layer below in the run already */
};

static void release_choice(struct choice *c)
{
	free(c->costs);
	free(c->can_join);
	free(c->joined);
	free(c->alone);
	free(c->extends);
}

static bool can_join_all(const struct lopt_repack_plan *plan, const bool *never, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (never[i] || why_alone(plan, i) || why_alone(plan, i + 1))
			return false;
	return true;
}

static void list_layers(struct choice *c, const bool *never)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct lopt_output_plan *output = &c->plan->outputs[i];
		c->costs[i] = output->pieces ? 0 : lopt_image_layer(c->plan->image, output->first)->compressed_size;
		if (i + 1 < c->count)
			c->can_join[i] = can_join_all(c->plan, never, output->first, c->plan->outputs[i + 1].first);
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A cost of UINT64_MAX: it cannot be. */
static void fill_choice(struct choice *c)
{
	size_t width = c->joins + 1;
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < width; k++) {
			uint64_t *joined = &c->joined[i * width + k], *alone = &c->alone[i * width + k];
			*joined = UINT64_MAX;
			*alone = i ? least(c->joined[(i - 1) * width + k], c->alone[(i - 1) * width + k])
				   : (k ? UINT64_MAX : 0);
			if (!i || !k || !c->can_join[i - 1])
				continue;
			uint64_t longer = c->joined[(i - 1) * width + k - 1], pair = c->alone[(i - 1) * width + k - 1];
			if (pair != UINT64_MAX)
				pair = lopt_add_saturating(pair, c->costs[i - 1], NULL);
			c->extends[i * width + k] = longer <= pair;
			if (least(longer, pair) != UINT64_MAX)
				*joined = lopt_add_saturating(least(longer, pair), c->costs[i], NULL);
		}
}

/* The way back through what was filled. */
static void mark(const struct choice *c, bool *together)
{
	size_t width = c->joins + 1, k = c->joins;
	bool in_run = false;
	for (size_t i = c->count; i-- > 1;) {
		size_t at = i * width + k;
		bool joined = in_run || c->joined[at] <= c->alone[at];
		if (!joined)
			continue;
		for (size_t layer = c->plan->outputs[i - 1].first; layer < c->plan->outputs[i].first; layer++)
			together[layer] = true;
		in_run = c->extends[at];
		k--;
		if (!in_run && i > 1)
			i--; /* the layer below began the run: it is done with */
	}
}

static enum lopt_status make_choice(struct choice *c, struct lopt_error *err)
{
	size_t cells = c->count * (c->joins + 1);
	c->costs = calloc(c->count, sizeof *c->costs);
	c->can_join = calloc(c->count, sizeof *c->can_join);
	c->joined = calloc(cells, sizeof *c->joined);
	c->alone = calloc(cells, sizeof *c->alone);
	c->extends = calloc(cells, sizeof *c->extends);
	return c->costs && c->can_join && c->joined && c->alone && c->extends ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status too_few(const struct choice *c, struct lopt_error *err)
{
	const struct lopt_repack_plan *plan = c->plan;
	size_t least_count = c->count;
	for (size_t i = 0; i < c->count; i++)
		least_count -= c->can_join[i];
	const char *why = lopt_history_is_whole(plan->image)
				  ? "those of the base, and what engines see differently, are not joined"
				  : "the history does not tell which instruction made which of them";
	return lopt_error_set(err, LOPT_E_INPUT, "it cannot be brought to %zu layer%s, at best to %zu: %s",
			      plan->max_layers, plan->max_layers == 1 ? "" : "s", least_count, why);
}

enum lopt_status lopt_repack_fewest(const struct lopt_repack_plan *plan, const bool *never, bool *together,
				    struct lopt_error *err)
{
	LOPT_CLEANUP(release_choice)
	struct choice c = { .plan = plan, .count = plan->output_count, .joins = plan->output_count - plan->max_layers };
	LOPT_TRY(make_choice(&c, err));
	list_layers(&c, never);
	fill_choice(&c);
	size_t last = (c.count - 1) * (c.joins + 1) + c.joins;
	if (least(c.joined[last], c.alone[last]) == UINT64_MAX)
		return too_few(&c, err);
	mark(&c, together);
	return LOPT_OK;
}
