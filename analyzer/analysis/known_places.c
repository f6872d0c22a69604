/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/known.h"
#include "base/cleanup.h"
#include "layer/path.h"

struct lopt_places_level {
	lopt_known_set rules;
	size_t length; /* of the directory's path */
	uint32_t node;
};

static struct lopt_str last_of(const struct lopt_known_place *place)
{
	return lopt_path_base(lopt_str_from(place->pattern));
}

static bool is_open_ended(struct lopt_str component)
{
	return component.len && component.ptr[component.len - 1] == '*';
}

/* Those that end in a literal name first, in order of it; those of many names behind. */
static int compare_places(const void *a, const void *b)
{
	const struct lopt_known_place *x = *(const struct lopt_known_place *const *)a;
	const struct lopt_known_place *y = *(const struct lopt_known_place *const *)b;
	struct lopt_str left = last_of(x), right = last_of(y);
	if (is_open_ended(left) != is_open_ended(right))
		return is_open_ended(left) ? 1 : -1;
	int r = lopt_str_compare(left, right);
	return r ? r : (x > y) - (x < y);
}

enum lopt_status lopt_places_init(struct lopt_places *places, struct lopt_known_view *view, struct lopt_error *err)
{
	*places = (struct lopt_places){ .view = view };
	while (lopt_known_place_at(places->count))
		places->count++;
	places->by_name = calloc(places->count + 1, sizeof *places->by_name);
	if (!places->by_name)
		return lopt_error_memory(err);
	for (size_t i = 0; i < places->count; i++)
		places->by_name[i] = lopt_known_place_at(i);
	qsort(places->by_name, places->count, sizeof *places->by_name, compare_places);
	return lopt_places_enter(places, LOPT_FOUND_ROOT, 0, 0, err);
}

void lopt_places_release(struct lopt_places *places)
{
	free(places->by_name);
	free(places->open);
}

lopt_known_set lopt_places_go(struct lopt_places *places, uint32_t directory)
{
	while (places->open_count > 1 && places->open[places->open_count - 1].node != directory)
		places->open_count--;
	return places->open[places->open_count - 1].rules;
}

enum lopt_status lopt_places_enter(struct lopt_places *places, uint32_t node, size_t length, lopt_known_set rules,
				   struct lopt_error *err)
{
	struct lopt_places_level *open =
		lopt_grow(places->open, &places->open_cap, places->open_count + 1, sizeof *open);
	if (!open)
		return lopt_error_memory(err);
	places->open = open;
	open[places->open_count++] = (struct lopt_places_level){ rules, length, node };
	return LOPT_OK;
}

size_t lopt_places_start(const struct lopt_places *places, enum lopt_known_id rule)
{
	size_t at = places->open_count;
	while (at > 1 && places->open[at - 1].rules & LOPT_KNOWN_BIT(rule))
		at--;
	return places->open[at < places->open_count ? at : at - 1].length;
}

/* --- patterns --- */

static bool component_fits(struct lopt_str want, struct lopt_str have)
{
	if (!is_open_ended(want))
		return lopt_str_equal(want, have);
	return have.len >= want.len - 1 && memcmp(want.ptr, have.ptr, want.len - 1) == 0;
}

/* From the last component on, until the pattern has no more. */
static bool fits(struct lopt_str pattern, struct lopt_str path)
{
	for (;;) {
		struct lopt_str want = lopt_path_base(pattern), have = lopt_path_base(path);
		if (!component_fits(want, have))
			return false;
		if (want.len == pattern.len)
			return true;
		pattern.len -= want.len + 1;
		if (pattern.len == 0)
			return have.len == path.len;
		if (have.len == path.len)
			return false;
		path.len -= have.len + 1;
	}
}

/* The first of those that end in this name, or where it would stand. */
static size_t first_of(const struct lopt_places *places, struct lopt_str name)
{
	size_t low = 0, high = places->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct lopt_str last = last_of(places->by_name[middle]);
		if (is_open_ended(last) || lopt_str_compare(last, name) >= 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static enum lopt_status try_place(struct lopt_places *places, const struct lopt_known_place *place,
				  struct lopt_str directory, lopt_known_set *own, struct lopt_error *err)
{
	bool is = fits(lopt_str_from(place->pattern), directory);
	if (is && place->check)
		LOPT_TRY(place->check(places->view, directory, &is, err));
	if (is)
		*own |= LOPT_KNOWN_BIT(place->rule);
	return LOPT_OK;
}

enum lopt_status lopt_places_own(struct lopt_places *places, struct lopt_str directory, lopt_known_set *own,
				 struct lopt_error *err)
{
	struct lopt_str name = lopt_path_base(directory);
	*own = 0;
	for (size_t i = first_of(places, name); i < places->count; i++) {
		if (!lopt_str_equal(last_of(places->by_name[i]), name))
			break;
		LOPT_TRY(try_place(places, places->by_name[i], directory, own, err));
	}
	for (size_t i = places->count; i > 0 && is_open_ended(last_of(places->by_name[i - 1])); i--)
		LOPT_TRY(try_place(places, places->by_name[i - 1], directory, own, err));
	return LOPT_OK;
}
