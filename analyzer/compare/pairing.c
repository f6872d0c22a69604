/* SPDX-License-Identifier: MIT */
#include "compare/pairing.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/secrets.h"
#include "layeropt/image.h"

struct pairing {
	struct lopt_layer_pair *pairs;
	bool *taken;
	const struct lopt_pairable *before, *after;
	size_t before_count, after_count;
	struct lopt_buf *masked[2]; /* their instructions */
};

static void release_pairing(struct pairing *p)
{
	const size_t counts[2] = { p->before_count, p->after_count };
	for (size_t side = 0; side < 2; side++) {
		for (size_t i = 0; p->masked[side] && i < counts[side]; i++)
			lopt_buf_release(&p->masked[side][i]);
		free(p->masked[side]);
	}
}

static enum lopt_status mask(struct lopt_buf **out, const struct lopt_pairable *layers, size_t count,
			     struct lopt_error *err)
{
	*out = calloc(count + 1, sizeof **out);
	if (!*out)
		return lopt_error_memory(err);
	for (size_t i = 0; i < count; i++) {
		(*out)[i] = LOPT_BUF_INIT(SIZE_MAX / 2);
		lopt_secret_mask(&(*out)[i], layers[i].instruction);
		if ((*out)[i].failed)
			return lopt_error_memory(err);
	}
	return LOPT_OK;
}

static bool same_bytes(const struct pairing *p, size_t i, size_t k)
{
	return p->before[i].diff_id.len && lopt_str_equal(p->before[i].diff_id, p->after[k].diff_id);
}

/* As the Dockerfile says it: the history may hold digests of what was copied. */
static bool same_instruction(const struct pairing *p, size_t i, size_t k)
{
	struct lopt_str text = lopt_buf_view(&p->masked[0][i]);
	return text.len && !lopt_str_is(text, "(unknown)") && lopt_str_equal(text, lopt_buf_view(&p->masked[1][k]));
}

static void find_partners(struct pairing *p, bool by_bytes)
{
	size_t first = 0;
	for (size_t k = 0; k < p->after_count; k++) {
		if (p->pairs[k].before != LOPT_NO_LAYER)
			continue;
		while (first < p->before_count && p->taken[first])
			first++;
		for (size_t i = first; i < p->before_count && p->pairs[k].before == LOPT_NO_LAYER; i++) {
			if (p->taken[i] || !(by_bytes ? same_bytes(p, i, k) : same_instruction(p, i, k)))
				continue;
			p->pairs[k] = (struct lopt_layer_pair){ i, by_bytes };
			p->taken[i] = true;
		}
	}
}

enum lopt_status lopt_layers_pair(struct lopt_layer_pair *pairs, bool *taken, const struct lopt_pairable *before,
				  size_t before_count, const struct lopt_pairable *after, size_t after_count,
				  struct lopt_error *err)
{
	LOPT_CLEANUP(release_pairing)
	struct pairing p = { pairs, taken, before, after, before_count, after_count, { NULL, NULL } };
	for (size_t i = 0; i < before_count; i++)
		taken[i] = false;
	for (size_t k = 0; k < after_count; k++)
		pairs[k] = (struct lopt_layer_pair){ LOPT_NO_LAYER, false };
	LOPT_TRY(mask(&p.masked[0], before, before_count, err));
	LOPT_TRY(mask(&p.masked[1], after, after_count, err));
	find_partners(&p, true);
	find_partners(&p, false);
	return LOPT_OK;
}

size_t lopt_pairs_shared(const struct lopt_layer_pair *pairs, size_t count)
{
	size_t n = 0;
	while (n < count && pairs[n].before == n && pairs[n].same_bytes)
		n++;
	return n;
}
