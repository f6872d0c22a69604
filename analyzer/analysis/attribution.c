/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"
#include "dockerfile/dockerfile.h"

/* Which instruction made a layer: from the history, and with a Dockerfile the line of it. */

static enum lopt_status tell(struct lopt_making *making, const char *rule, enum lopt_severity severity,
			     const char *message, struct lopt_error *err)
{
	const struct lopt_finding finding = {
		.rule = rule,
		.severity = severity,
		.message = lopt_str_from(message),
		.layer = LOPT_NO_LAYER,
	};
	return lopt_findings_add(making, &finding, err);
}

static enum lopt_status set_instructions(struct lopt_making *making, const struct lopt_image_info *info,
					 const uint32_t *lines, struct lopt_error *err)
{
	for (size_t i = 0; i < info->history_count; i++) {
		const struct lopt_history *entry = &info->history[i];
		if (entry->layer == LOPT_NO_LAYER)
			continue;
		struct lopt_layer_figures *layer = &making->layers[entry->layer];
		layer->created_by = entry->created_by;
		layer->instruction = lopt_history_instruction(&making->arena, entry);
		layer->line = lines ? lines[i] : 0;
		if (!layer->instruction.ptr)
			return lopt_error_memory(err);
	}
	for (size_t i = 0; i < lopt_image_layer_count(making->result.image); i++)
		if (making->layers[i].instruction.len == 0)
			making->layers[i].instruction = lopt_str_from("(unknown)");
	return LOPT_OK;
}

enum lopt_maker lopt_making_maker(const struct lopt_making *making, size_t layer)
{
	struct lopt_str instruction = making->layers[layer].instruction;
	bool added = lopt_str_starts(instruction, "ADD ");
	if (making->result.has_base && layer < making->result.base_layers)
		return LOPT_MADE_BY_BASE;
	if (layer == 0 && (added || lopt_str_is(instruction, "(unknown)")))
		return LOPT_MADE_BY_BASE;
	return added || lopt_str_starts(instruction, "COPY ") ? LOPT_MADE_BY_COPY : LOPT_MADE_BY_ANY;
}

/*
 * buildah without --layers, kaniko with --single-snapshot: a run of instructions and one layer, labelled with the last
 * of them. No entry tells what made which file.
 */
static bool is_one_layer_for_all(const struct lopt_image_info *info)
{
	size_t last = info->history_count, instructions = 0;
	if (last < 3 || info->history[last - 1].empty_layer)
		return false;
	enum lopt_builder builder = lopt_history_builder(&info->history[last - 1]);
	if (builder != LOPT_BUILDER_BUILDAH && builder != LOPT_BUILDER_KANIKO)
		return false;
	for (size_t i = last - 1; i > 0 && info->history[i - 1].empty_layer; i--) {
		struct lopt_str text = info->history[i - 1].created_by;
		instructions += text.len && !memmem(text.ptr, text.len, "#(nop)", 6);
	}
	return instructions > 0;
}

static enum lopt_status align(struct lopt_making *making, const struct lopt_analysis_options *options,
			      const struct lopt_image_info *info, uint32_t *lines, struct lopt_error *err)
{
	struct lopt_dockerfile *dockerfile;
	struct lopt_alignment alignment = { 0 };
	enum lopt_status status = lopt_dockerfile_parse(&dockerfile, options->dockerfile, err);
	if (status == LOPT_OK) {
		status = lopt_dockerfile_align(dockerfile, info->history, info->history_count, lines, &alignment, err);
		lopt_dockerfile_free(dockerfile);
	}
	if (status == LOPT_E_INPUT || status == LOPT_E_LIMIT)
		return lopt_error_context(err, "%s", options->dockerfile_name);
	if (status == LOPT_OK && alignment.impossible)
		status = tell(making, "dockerfile-mismatch", LOPT_WARNING, alignment.reason, err);
	return status;
}

enum lopt_status lopt_make_attribution(struct lopt_making *making, const struct lopt_analysis_options *options,
				       struct lopt_error *err)
{
	const struct lopt_image_info *info = lopt_image_info(making->result.image);
	LOPT_CLEANUP(lopt_cleanup_bytes) uint32_t *lines = calloc(info->history_count + 1, sizeof *lines);
	if (!lines)
		return lopt_error_memory(err);
	if (options->dockerfile_name)
		LOPT_TRY(align(making, options, info, lines, err));
	else if (is_one_layer_for_all(info))
		LOPT_TRY(tell(
			making, "attribution-impossible", LOPT_INFO,
			"one layer holds the work of several instructions (built without layers): which of them made a file cannot be known",
			err));
	return set_instructions(making, info, lines, err);
}
