/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "compare/inner.h"

static void explain(struct lopt_difference *difference, enum lopt_reason reason, struct lopt_str why)
{
	difference->reason = reason;
	difference->why = why;
}

/* What changes by itself. */

/* Does the noise show a file of a like name come and go in the same directory, as mktemp(3) makes them? */
static bool is_random_name(const struct lopt_difference *difference, const struct lopt_comparison *noise)
{
	enum { PREFIX_LEAST = 3 };
	struct lopt_str path = difference->path;
	for (size_t i = 0; i < noise->count; i++) {
		const struct lopt_difference *other = &noise->differences[i];
		if (!(other->aspects & (LOPT_ASPECT_ADDED | LOPT_ASPECT_REMOVED)) || other->path.len > path.len)
			continue;
		struct lopt_str head = lopt_str_make(path.ptr, other->path.len);
		const char *slash = memrchr(other->path.ptr, '/', other->path.len);
		size_t dir = slash ? (size_t)(slash - other->path.ptr) + 1 : 0;
		bool whole = path.len == head.len || path.ptr[head.len] == '/';
		if (whole && head.len >= dir + PREFIX_LEAST && !memchr(head.ptr + dir, '/', head.len - dir) &&
		    memcmp(head.ptr, other->path.ptr, dir + PREFIX_LEAST) == 0)
			return true;
	}
	return false;
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

void lopt_comparison_expect(struct lopt_comparison *comparison, const struct lopt_effect *effects, size_t count)
{
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason == LOPT_REASON_NONE &&
		    lopt_effects_find(effects, count, difference->path, difference->aspects))
			explain(difference, LOPT_REASON_PREDICTED, lopt_str_from("an edit said so beforehand"));
	}
	/* The others of a link group are named after its first; when that goes as predicted, they only lose a name. */
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		if (difference->reason != LOPT_REASON_NONE || difference->aspects != LOPT_ASPECT_LINKS)
			continue;
		const struct lopt_difference *first = lopt_comparison_find(comparison, difference->before.hardlink);
		if (first && first->reason == LOPT_REASON_PREDICTED)
			explain(difference, LOPT_REASON_PREDICTED, lopt_str_from("the first of its links goes"));
	}
}

void lopt_comparison_allow(struct lopt_comparison *comparison, const char *pattern)
{
	char path[4096];
	while (*pattern == '/')
		pattern++;
	size_t len = strlen(pattern);
	while (len && pattern[len - 1] == '/')
		len--;
	for (size_t i = 0; i < comparison->count; i++) {
		struct lopt_difference *difference = &comparison->differences[i];
		struct lopt_str at = difference->path;
		if (difference->reason != LOPT_REASON_NONE || at.len >= sizeof path)
			continue;
		memcpy(path, at.ptr, at.len);
		path[at.len] = '\0';
		bool beneath = at.len > len && memcmp(path, pattern, len) == 0 && path[len] == '/';
		if (beneath || fnmatch(pattern, path, 0) == 0)
			explain(difference, LOPT_REASON_ALLOWED, lopt_str_from("--allow"));
	}
}
