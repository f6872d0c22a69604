/* SPDX-License-Identifier: MIT */
#include "layeropt/analysis.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"

static void free_making(struct lopt_making *making)
{
	if (!making)
		return;
	free(making->findings);
	lopt_image_free(making->described);
	lopt_arena_release(&making->arena);
	free(making);
}

void lopt_analysis_free(const struct lopt_analysis *analysis)
{
	/* the result is the first member of what made it */
	free_making((struct lopt_making *)analysis);
}

struct lopt_str lopt_making_text(struct lopt_making *making, const char *fmt, ...)
{
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, args);
	char *text = n < 0 ? NULL : lopt_arena_alloc(&making->arena, (size_t)n + 1);
	if (text)
		(void)vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(args);
	return lopt_str_make(text, text ? (size_t)n : 0);
}

static size_t common_layers(const struct lopt_image *a, const struct lopt_image *b)
{
	size_t n = 0;
	while (n < lopt_image_layer_count(a) && n < lopt_image_layer_count(b) &&
	       lopt_str_equal(lopt_image_layer(a, n)->diff_id, lopt_image_layer(b, n)->diff_id))
		n++;
	return n;
}

static enum lopt_status set_base(struct lopt_making *making, const struct lopt_analysis_options *options,
				 struct lopt_error *err)
{
	struct lopt_analysis *result = &making->result;
	size_t count = lopt_image_layer_count(result->image);
	if (options->has_base_layers && options->base_layers > count)
		return lopt_error_set(err, LOPT_E_USAGE, "--base-layers %zu: the image has %zu layers",
				      options->base_layers, count);
	if (options->base) {
		result->base_layers = common_layers(result->image, options->base);
		if (result->base_layers == 0)
			return lopt_error_set(err, LOPT_E_USAGE, "--base: the two images have no layer in common");
	} else if (options->has_base_layers) {
		result->base_layers = options->base_layers;
	}
	result->has_base = options->base || options->has_base_layers;
	return LOPT_OK;
}

static void check_digests(struct lopt_analysis *result)
{
	result->digests_verified = true;
	for (size_t i = 0; i < lopt_image_layer_count(result->image); i++)
		if (lopt_image_layer(result->image, i)->verified == LOPT_VERIFIED_NOT_CHECKED)
			result->digests_verified = false;
}

/* dive's figures take as long as all the others, and share nothing with them. */
struct diving {
	const struct lopt_image *image;
	pthread_t thread;
	bool threaded, saturated;
	struct lopt_dive figures;
	enum lopt_status status;
	struct lopt_error error;
};

static void *dive(void *context)
{
	struct diving *diving = context;
	diving->status = lopt_dive_compute(&diving->figures, &diving->saturated, diving->image, &diving->error);
	return NULL;
}

static enum lopt_status take_dive(struct diving *diving, struct lopt_making *making, struct lopt_error *err)
{
	if (diving->threaded)
		(void)pthread_join(diving->thread, NULL);
	else
		(void)dive(diving);
	making->result.dive = diving->figures;
	making->saturated |= diving->saturated;
	if (diving->status != LOPT_OK && err)
		*err = diving->error;
	return diving->status;
}

static enum lopt_status make_figures(struct lopt_making *making, const struct lopt_analysis_options *options,
				     struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes)
	uint64_t *shares = calloc(lopt_image_layer_count(making->result.image) + 1, sizeof *shares);
	if (!shares)
		return lopt_error_memory(err);
	making->result.dockerfile_given = options->dockerfile_name != NULL;
	check_digests(&making->result);
	LOPT_TRY(set_base(making, options, err));
	LOPT_TRY(lopt_make_layers(making, err));
	LOPT_TRY(lopt_make_attribution(making, options, err));
	LOPT_TRY(lopt_make_waste(making, err));
	LOPT_TRY(lopt_make_duplicates(making, options, shares, err));
	LOPT_TRY(lopt_make_known(making, err));
	LOPT_TRY(lopt_make_totals(making, shares, err));
	LOPT_TRY(lopt_make_directories(making, err));
	return lopt_make_packages(making, err);
}

static enum lopt_status make(struct lopt_making *making, const struct lopt_analysis_options *options,
			     struct lopt_error *err)
{
	struct diving diving = { .image = making->result.image };
	diving.threaded = pthread_create(&diving.thread, NULL, dive, &diving) == 0;
	enum lopt_status status = make_figures(making, options, err);
	enum lopt_status dived = take_dive(&diving, making, status == LOPT_OK ? err : NULL);
	if (status == LOPT_OK)
		status = dived;
	return status == LOPT_OK ? lopt_make_findings(making, err) : status;
}

enum lopt_status lopt_analysis_make(const struct lopt_analysis **out, const struct lopt_image *image,
				    const struct lopt_analysis_options *options, struct lopt_error *err)
{
	static const struct lopt_analysis_options none;
	struct lopt_making *making = calloc(1, sizeof *making);
	if (!making)
		return lopt_error_memory(err);
	making->result.image = image;
	lopt_arena_init(&making->arena, SIZE_MAX);
	enum lopt_status status = make(making, options ? options : &none, err);
	if (status == LOPT_OK)
		*out = &making->result;
	else
		free_making(making);
	return status;
}
