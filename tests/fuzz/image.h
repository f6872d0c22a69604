/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_IMAGE_H
#define TESTS_FUZZ_IMAGE_H

#include <jansson.h>
#include <unistd.h>

#include "blob/digest.h"
#include "compare/inventory.h"
#include "harness.h"
#include "layeropt/analysis.h"
#include "layeropt/report.h"
#include "support/archive.h"
#include "support/identities.h"

/** An archive in memory, opened, analysed and printed in every format, as the command line does it. */

static inline void must_print(const char *format, const char *text, size_t size)
{
	MUST(size ? text[size - 1] == '\n' : strcmp(format, "folded") == 0); /* a graph of nothing is nothing */
	if (strcmp(format, "json") != 0)
		return;
	for (size_t i = 0; i < size; i++)
		MUST(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	MUST(json_is_object(value));
	json_decref(value);
}

/** Saved and loaded, it is the same. */
static inline void must_come_back(const char *text, size_t size)
{
	const struct lopt_report_options all = { .top = 0 };
	const struct lopt_analysis *loaded;
	struct lopt_error err = { 0 };
	char *again = NULL;
	size_t again_size = 0;
	enum lopt_status status = lopt_analysis_load(&loaded, lopt_str_make(text, size), &err);
	if (status != LOPT_OK)
		fprintf(stderr, "%s\n", err.message);
	MUST(status == LOPT_OK);
	FILE *file = open_memstream(&again, &again_size);
	MUST(file && lopt_report_format_find("json")->write(file, loaded, &all, &err) == LOPT_OK);
	MUST(fclose(file) == 0);
	MUST(size == again_size && memcmp(text, again, size) == 0);
	free(again);
	lopt_analysis_free(loaded);
}

static inline void print_reports(const struct lopt_analysis *analysis)
{
	for (size_t i = 0; lopt_report_format_at(i); i++) {
		const struct lopt_report_format *format = lopt_report_format_at(i);
		const struct lopt_report_options options = { .top = i % 2 ? 0 : 3 };
		struct lopt_error err = { 0 };
		char *text = NULL;
		size_t size = 0;
		FILE *file = open_memstream(&text, &size);
		MUST(file && format->write(file, analysis, &options, &err) == LOPT_OK);
		MUST(fclose(file) == 0);
		must_print(format->name, text, size);
		if (strcmp(format->name, "json") == 0)
			must_come_back(text, size);
		free(text);
	}
}

static inline void print_listing(const struct lopt_image *image, size_t layer, bool ndjson)
{
	const struct lopt_listing_options options = { .layer = layer, .long_form = true, .ndjson = ndjson };
	struct lopt_error err = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	MUST(file && lopt_listing_write(file, image, &options, &err) == LOPT_OK);
	MUST(fclose(file) == 0);
	for (size_t i = 0; i < size; i++)
		MUST(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
	free(text);
}

/** A listing of an image says all that is compared of it. */
static inline void must_stand_in(const struct lopt_image *image, const struct lopt_analysis *analysis)
{
	const struct lopt_listing_options how = {
		.layer = LOPT_NO_LAYER, .ndjson = true, .analysis = analysis, .show_secrets = true
	};
	const struct lopt_comparison_options options = { .times = true };
	struct lopt_memory_stream stream;
	struct lopt_inventory inventory, listed;
	struct lopt_comparison comparison;
	struct lopt_arena arena;
	struct lopt_error err = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	MUST(file && lopt_listing_write(file, image, &how, &err) == LOPT_OK);
	MUST(fclose(file) == 0);
	lopt_arena_init(&arena, UINT64_MAX);
	lopt_memory_stream_init(&stream, text, size);
	enum lopt_status status = lopt_inventory_read(&listed, &arena, &stream.stream, lopt_limits_default(), &err);
	if (status != LOPT_OK && status != LOPT_E_LIMIT)
		fprintf(stderr, "%s\n", err.message);
	MUST(status == LOPT_OK || status == LOPT_E_LIMIT);
	MUST(lopt_inventory_make(&inventory, &arena, image, analysis, &err) == LOPT_OK);
	if (status == LOPT_OK) {
		MUST(lopt_comparison_between(&comparison, &inventory, &listed, &options, &err) == LOPT_OK);
		for (size_t i = 0; i < comparison.count; i++) /* holes too large to be hashed are equal to nothing */
			MUST(comparison.differences[i].aspects == LOPT_ASPECT_CONTENT &&
			     comparison.differences[i].after.size > 64 << 20);
		MUST(comparison.config_count == 0 && comparison.paths == listed.count);
		lopt_comparison_release(&comparison);
	}
	lopt_inventory_release(&inventory);
	lopt_inventory_release(&listed);
	lopt_arena_release(&arena);
	free(text);
}

/** What two ways of storing one image have in common. */
static inline struct lopt_totals comparable(struct lopt_totals totals)
{
	totals.compressed_bytes = 0;
	return totals;
}

/** True when the archive is an image; then *totals is what it adds up to. */
static inline bool examine(const struct lopt_buf *archive, bool verify, struct lopt_totals *totals)
{
	const struct lopt_limits limits = fuzz_limits();
	const struct lopt_open_options options = {
		.limits = &limits,
		.verify_digests = verify,
		.want_sha256 = verify,
		.platform = "linux/amd64",
		.keep = lopt_analysis_keep,
	};
	struct lopt_error err = { 0 };
	struct lopt_image *image = NULL;
	const struct lopt_analysis *analysis = NULL;
	char path[64];
	int fd = test_memory_file(archive->data, archive->len, path);
	MUST(fd >= 0 && !archive->failed);
	enum lopt_status status = lopt_image_open(&image, path, &options, &err);
	if (status != LOPT_E_USAGE) /* several images or platforms, and the caller chose none of them */
		must_be_clean(status, &err);
	if (status == LOPT_OK) {
		const struct lopt_analysis_options how = {
			.has_base_layers = lopt_image_layer_count(image) > 1,
			.base_layers = 1,
		};
		MUST(lopt_analysis_make(&analysis, image, &how, &err) == LOPT_OK);
		const char *broken = identity_broken(image, analysis);
		if (broken)
			fprintf(stderr, "broken: %s\n", broken);
		MUST(!broken);
		print_reports(analysis);
		print_listing(image, LOPT_NO_LAYER, true);
		if (verify)
			must_stand_in(image, analysis);
		print_listing(image, lopt_image_layer_count(image) ? 0 : LOPT_NO_LAYER, false);
		*totals = analysis->totals;
	}
	lopt_analysis_free(analysis);
	lopt_image_free(image);
	(void)close(fd);
	return status == LOPT_OK;
}

static inline void digest_text(char text[LOPT_DIGEST_TEXT_MAX], const struct lopt_buf *bytes)
{
	struct lopt_digest digest;
	struct lopt_error err;
	MUST(lopt_digest_of(&digest, LOPT_SHA256, bytes->data, bytes->len, &err) == LOPT_OK);
	(void)lopt_digest_format(text, &digest);
}

#endif
