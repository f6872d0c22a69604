/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "analysis/packages.h"
#include "base/cleanup.h"
#include "base/size.h"

/* Packages that an image could do without, by the instruction that installed them. */

enum { EXAMPLES = 3 };

struct telling {
	struct lopt_making *making;
	const struct lopt_reasons *reasons;
	size_t *layers;	  /* by package: the one that brought it in */
	uint32_t *sorted; /* packages of one finding after the other, the most costly first */
};

static void release_telling(struct telling *telling)
{
	free(telling->layers);
	free(telling->sorted);
}

/* The instruction that installed a package: the lowest layer that has its list. */
static void find_layers(struct telling *t)
{
	const struct lopt_debian *debian = t->reasons->debian;
	const struct lopt_image *image = t->making->result.image;
	for (size_t i = 0; i < debian->count; i++)
		t->layers[i] = LOPT_NO_LAYER;
	for (size_t i = 0; i < lopt_image_layer_count(image); i++) {
		const struct lopt_layer *layer = lopt_image_layer(image, i);
		for (size_t k = 0; k < layer->kept_count; k++) {
			const struct lopt_debian_package *package =
				lopt_debian_of_list(debian, layer->inodes[layer->kept[k].inode].path);
			size_t *at = package ? &t->layers[package - debian->packages] : NULL;
			if (at && *at == LOPT_NO_LAYER)
				*at = i;
		}
	}
}

static const struct kind {
	enum lopt_need need;
	const char *rule, *one, *many, *advice, *advice_base;
} kinds[] = {
	{ LOPT_NEED_RECOMMENDED, "recommended-packages", "package is there only because others recommend it",
	  "packages are there only because others recommend them",
	  "Install with apt-get install --no-install-recommends, and name those that are wanted.",
	  "The base image has them: choose a base without them." },
	{ LOPT_NEED_NONE, "unneeded-packages", "package is there only for others that are gone",
	  "packages are there only for others that are gone",
	  "End the instruction that installs them with apt-get autoremove --purge.",
	  "The base image has them: choose a base without them." },
};

static int compare_cost(const void *a, const void *b, void *context)
{
	const struct telling *t = context;
	size_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	if (t->layers[x] != t->layers[y])
		return t->layers[x] < t->layers[y] ? -1 : 1;
	const struct lopt_package_row *p = lopt_reasons_row(t->reasons, x), *q = lopt_reasons_row(t->reasons, y);
	uint64_t p_bytes = p->recommended_only ? p->brings_bytes : p->bytes;
	uint64_t q_bytes = q->recommended_only ? q->brings_bytes : q->bytes;
	if (p_bytes != q_bytes)
		return p_bytes > q_bytes ? -1 : 1;
	return (x > y) - (x < y);
}

/* A package that comes with another one of its layer goes without saying. */
static bool goes_without_saying(const struct telling *t, uint32_t package)
{
	return t->reasons->above[package] != LOPT_NONE_ABOVE &&
	       t->layers[t->reasons->above[package]] == t->layers[package];
}

/* "a (1.5 MB), b with 2 more (1 MB), ..." */
static void put_examples(const struct telling *t, struct lopt_buf *text, size_t first, size_t end)
{
	size_t told = 0;
	for (size_t i = first; i < end; i++) {
		const struct lopt_package_row *row = lopt_reasons_row(t->reasons, t->sorted[i]);
		if (goes_without_saying(t, t->sorted[i]))
			continue;
		if (told == EXAMPLES) {
			lopt_buf_text(text, ", ...");
			return;
		}
		lopt_buf_printf(text, "%s%.*s", told++ ? ", " : ": ", LOPT_STR_ARGS(row->name));
		if (row->brings_packages > 1)
			lopt_buf_printf(text, " with %" PRIu64 " more", row->brings_packages - 1);
		lopt_buf_text(text, " (");
		lopt_size_format(text, row->recommended_only ? row->brings_bytes : row->bytes);
		lopt_buf_char(text, ')');
	}
}

static enum lopt_status add_finding(const struct telling *t, const struct kind *kind, size_t first, size_t end,
				    struct lopt_error *err)
{
	static const struct lopt_str database = { LOPT_DPKG_STATUS, sizeof LOPT_DPKG_STATUS - 1 };
	const struct lopt_analysis *result = &t->making->result;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	size_t layer = t->layers[t->sorted[first]];
	bool base = result->has_base && layer < result->base_layers;
	struct lopt_finding finding = {
		.rule = kind->rule,
		.level = LOPT_LEVEL_STANDARD,
		.advice = lopt_str_from(base ? kind->advice_base : kind->advice),
		.layer = layer,
		.paths = &database,
		.path_count = 1,
	};
	for (size_t i = first; i < end; i++)
		finding.bytes =
			lopt_add_saturating(finding.bytes, lopt_reasons_row(t->reasons, t->sorted[i])->bytes, NULL);
	finding.severity = finding.bytes >= LOPT_WARN_BYTES ? LOPT_WARNING : LOPT_INFO;
	lopt_count_format(&text, end - first);
	lopt_buf_printf(&text, " %s", end - first == 1 ? kind->one : kind->many);
	put_examples(t, &text, first, end);
	if (!text.failed)
		finding.message = lopt_arena_copy(&t->making->arena, lopt_buf_view(&text));
	return finding.message.ptr ? lopt_findings_add(t->making, &finding, err) : lopt_error_memory(err);
}

/* One finding per layer that brought packages of this need in. */
static enum lopt_status tell(struct telling *t, const struct kind *kind, struct lopt_error *err)
{
	size_t count = 0;
	for (uint32_t i = 0; i < t->reasons->debian->count; i++)
		if (lopt_reasons_need(t->reasons, i) == kind->need && lopt_reasons_row(t->reasons, i))
			t->sorted[count++] = i;
	if (count)
		qsort_r(t->sorted, count, sizeof *t->sorted, compare_cost, t);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count; end++)
			if (t->layers[t->sorted[end]] != t->layers[t->sorted[first]])
				break;
		LOPT_TRY(add_finding(t, kind, first, end, err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_make_package_findings(struct lopt_making *making, const struct lopt_reasons *reasons,
					    struct lopt_error *err)
{
	size_t count = reasons->debian->count + 1;
	LOPT_CLEANUP(release_telling)
	struct telling telling = {
		.making = making,
		.reasons = reasons,
		.layers = calloc(count, sizeof *telling.layers),
		.sorted = calloc(count, sizeof *telling.sorted),
	};
	if (!telling.layers || !telling.sorted)
		return lopt_error_memory(err);
	find_layers(&telling);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		LOPT_TRY(tell(&telling, &kinds[i], err));
	return LOPT_OK;
}
