/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "compare/inner.h"
#include "layer/path.h"

static void explain(struct lopt_difference *difference, enum lopt_reason reason, struct lopt_str why)
{
	difference->reason = reason;
	difference->why = why;
}

/* What changes by itself. */

/* "x" of "d/x/y", where "d/" ends at `dir`. */
static struct lopt_str component_at(struct lopt_str path, size_t dir)
{
	const char *end = memchr(path.ptr + dir, '/', path.len - dir);
	size_t len = end ? (size_t)(end - path.ptr) - dir : path.len - dir;
	return lopt_str_make(path.ptr + dir, len);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Names as mktemp(3) makes them of one template: alike but for a run of characters chosen anew, which hardly ever agree. */
static bool is_same_template(struct lopt_str a, struct lopt_str b)
{
	enum { PREFIX_LEAST = 3, DIFFER_LEAST = 4, RUN_LEAST = 6, RUN_MOST = 16 };
	size_t prefix = 0, last = 0, differ = 0;
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] == b.ptr[i])
			continue;
		prefix = differ ? prefix : i;
		last = i;
		differ++;
	}
	if (prefix < PREFIX_LEAST || differ < DIFFER_LEAST)
		return false;
	/* characters of it may agree by chance, at its ends too */
	size_t start = prefix, end = last + 1;
	while (start > 0 && is_word(a.ptr[start - 1]))
		start--;
	while (end < a.len && is_word(a.ptr[end]))
		end++;
	for (size_t i = prefix; i <= last; i++)
		if (!is_word(a.ptr[i]) || !is_word(b.ptr[i]))
			return false;
	return end - start >= RUN_LEAST && last - prefix < RUN_MOST;
}

/* Does the noise show a name of the same template come, and another one go, in the same directory? */
static bool is_random_name(const struct lopt_difference *difference, const struct lopt_comparison *noise)
{
	struct lopt_str path = difference->path;
	bool came = false, went = false;
	for (size_t i = 0; i < noise->count && !(came && went); i++) {
		const struct lopt_difference *other = &noise->differences[i];
		const char *slash = other->path.len ? memrchr(other->path.ptr, '/', other->path.len) : NULL;
		size_t dir = slash ? (size_t)(slash - other->path.ptr) + 1 : 0;
		if (!(other->aspects & (LOPT_ASPECT_ADDED | LOPT_ASPECT_REMOVED)) || dir >= path.len ||
		    memcmp(path.ptr, other->path.ptr, dir) != 0)
			continue;
		struct lopt_str mine = component_at(path, dir), its = component_at(other->path, dir);
		if (!lopt_str_equal(mine, its) && !is_same_template(mine, its))
			continue;
		came |= (other->aspects & LOPT_ASPECT_ADDED) != 0;
		went |= (other->aspects & LOPT_ASPECT_REMOVED) != 0;
	}
	return came && went;
}

static bool is_measured(const struct lopt_difference *difference, const struct lopt_comparison *noise)
{
	const struct lopt_difference *same = lopt_comparison_find(noise, difference->path);
	if (same && (difference->aspects & ~same->aspects) == 0)
		return true;
	if (!(difference->aspects & (LOPT_ASPECT_ADDED | LOPT_ASPECT_REMOVED)))
		return false;
	return is_random_name(difference, noise);
}

static struct lopt_str kept_of(const struct lopt_side *side, bool *there)
{
	const struct lopt_kept *kept = side->layer ? lopt_layer_kept(side->layer, side->inode) : NULL;
	*there = (kept && kept->what == LOPT_KEEP_ALL) || side->size == 0;
	return kept && kept->what == LOPT_KEEP_ALL ? kept->bytes : lopt_str_make("", 0);
}

static enum lopt_status is_volatile(bool *truth, const struct lopt_difference *difference, struct lopt_error *err)
{
	enum lopt_volatility how = lopt_volatility_of(difference->path);
	*truth = how == LOPT_VOLATILE_ALL;
	if (*truth || how == LOPT_STEADY || difference->aspects != LOPT_ASPECT_CONTENT)
		return LOPT_OK;
	bool has_a, has_b;
	struct lopt_str a = kept_of(&difference->before, &has_a);
	struct lopt_str b = kept_of(&difference->after, &has_b);
	if (how != LOPT_VOLATILE_CONTENT && (!has_a || !has_b))
		return LOPT_OK;
	return lopt_content_alike(truth, how, a, b, err);
}

enum lopt_status lopt_comparison_excuse(struct lopt_comparison *comparison, const struct lopt_comparison *noise,
					struct lopt_error *err)
{
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		bool known = false;
		if (difference->reason != LOPT_REASON_NONE)
			continue;
		if (noise && is_measured(difference, noise)) {
			explain(difference, LOPT_REASON_MEASURED,
				lopt_str_from("two builds of the original differ there too"));
			continue;
		}
		LOPT_TRY(is_volatile(&known, difference, err));
		if (known)
			explain(difference, LOPT_REASON_VOLATILE, lopt_str_from("changes with every build"));
	}
	return LOPT_OK;
}

/* What was said beforehand. */

static int compare_effects(const void *a, const void *b)
{
	const struct lopt_effect *x = a, *y = b;
	return lopt_str_compare(x->path, y->path);
}

void lopt_effects_sort(struct lopt_effect *effects, size_t count)
{
	if (count)
		qsort(effects, count, sizeof *effects, compare_effects);
}

/* The first of the effects at this very path. */
static size_t first_at(const struct lopt_effect *effects, size_t count, struct lopt_str path)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lopt_str_compare(effects[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct lopt_effect *lopt_effects_find(const struct lopt_effect *effects, size_t count, struct lopt_str path,
					    unsigned aspects)
{
	/* the path itself, then every directory above it */
	for (size_t len = path.len;; len--) {
		struct lopt_str at = lopt_str_make(path.ptr, len);
		bool whole = len == path.len;
		for (size_t i = first_at(effects, count, at); i < count && lopt_str_equal(effects[i].path, at); i++)
			if ((whole || effects[i].beneath) && (aspects & ~effects[i].aspects) == 0)
				return &effects[i];
		while (len && path.ptr[len - 1] != '/')
			len--;
		if (len == 0)
			return NULL;
	}
}

/* The first of the link group that a difference is about: it goes, and an edit said so. */
static struct lopt_difference *first_that_goes(const struct lopt_comparison *comparison,
					       const struct lopt_difference *difference)
{
	struct lopt_difference *first = NULL;
	if (difference->before.hardlink.len)
		first = lopt_comparison_find(comparison, difference->before.hardlink);
	return first && first->reason == LOPT_REASON_PREDICTED && first->aspects & LOPT_ASPECT_REMOVED ? first : NULL;
}

/* The others of the group have to stay links of each other: named after one of them, or alone. */
static bool only_loses_a_name(const struct lopt_comparison *comparison, const struct lopt_difference *difference,
			      const struct lopt_difference *first)
{
	if (!difference->after.hardlink.len)
		return first->heirs == 1;
	const struct lopt_difference *heir = lopt_comparison_find(comparison, difference->after.hardlink);
	return heir && lopt_str_equal(heir->before.hardlink, difference->before.hardlink);
}

static void explain_links(struct lopt_comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		struct lopt_difference *first = first_that_goes(comparison, difference);
		if (first && !(difference->aspects & LOPT_ASPECT_REMOVED))
			first->heirs++;
	}
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason != LOPT_REASON_NONE || difference->aspects != LOPT_ASPECT_LINKS)
			continue;
		const struct lopt_difference *first = first_that_goes(comparison, difference);
		if (first && only_loses_a_name(comparison, difference, first))
			explain(difference, LOPT_REASON_PREDICTED, lopt_str_from("the first of its links goes"));
	}
}

void lopt_comparison_expect(struct lopt_comparison *comparison, const struct lopt_effect *effects, size_t count)
{
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason == LOPT_REASON_NONE &&
		    lopt_effects_find(effects, count, difference->path, difference->aspects))
			explain(difference, LOPT_REASON_PREDICTED, lopt_str_from("an edit said so beforehand"));
	}
	explain_links(comparison);
}

void lopt_comparison_allow(struct lopt_comparison *comparison, const char *given)
{
	struct lopt_path_pattern pattern;
	lopt_path_pattern_set(&pattern, lopt_str_from(given));
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason == LOPT_REASON_NONE && lopt_path_matches(&pattern, difference->path))
			explain(difference, LOPT_REASON_ALLOWED, lopt_str_from("--allow"));
	}
}
