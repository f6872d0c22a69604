/* SPDX-License-Identifier: MIT */
#include "advice/sources.h"

#include <stdlib.h>

#include "advice/glob.h"
#include "advice/stage.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "dockerfile/runes.h"

enum { ARENA_MAX = 64 << 20 };

void lopt_sources_release(struct lopt_sources *sources)
{
	lopt_arena_release(&sources->arena);
	free(sources->context);
	free(sources->stages);
	*sources = (struct lopt_sources){ 0 };
}

struct reader {
	struct lopt_sources *out;
	const struct lopt_dockerfile *file;
	size_t instruction, stage;
	struct lopt_error *err;
};

static enum lopt_status add_stage(struct reader *r, struct lopt_str name)
{
	struct lopt_sources *out = r->out;
	size_t stage = lopt_stage_find(r->file, r->stage, name);
	if (stage == SIZE_MAX)
		return LOPT_OK; /* an image: it changes with the text only */
	struct lopt_stage_use *list = lopt_grow(out->stages, &out->stage_cap, out->stage_count + 1, sizeof *list);
	if (!list)
		return lopt_error_memory(r->err);
	out->stages = list;
	list[out->stage_count++] = (struct lopt_stage_use){ r->instruction, stage };
	return LOPT_OK;
}

static enum lopt_status add_source(struct reader *r, struct lopt_str source)
{
	struct lopt_sources *out = r->out;
	size_t known = lopt_str_find(source, LOPT_EXPAND_HOLE);
	if (known < source.len)
		while (known && source.ptr[known - 1] != '/')
			known--;
	struct lopt_str pattern = lopt_glob_clean(&out->arena, lopt_str_make(source.ptr, known));
	struct lopt_context_use *list =
		lopt_grow(out->context, &out->context_cap, out->context_count + 1, sizeof *list);
	if (list)
		out->context = list;
	if (!list || (!pattern.ptr && out->arena.used < ARENA_MAX / 2))
		return lopt_error_memory(r->err);
	if (!pattern.ptr)
		return lopt_error_set(r->err, LOPT_E_LIMIT, "the sources of the Dockerfile become too long");
	list[out->context_count++] = (struct lopt_context_use){ r->instruction, pattern };
	return LOPT_OK;
}

static bool is_remote(struct lopt_str source)
{
	return lopt_str_starts(source, "http://") || lopt_str_starts(source, "https://") ||
	       lopt_str_starts(source, "git@") || lopt_str_starts(source, "git://") ||
	       lopt_str_starts(source, "ssh://");
}

static enum lopt_status read_copy(struct reader *r, const struct lopt_step *step)
{
	struct lopt_str from = lopt_step_flag(step->instruction, "from");
	if (from.ptr)
		return add_stage(r, from);
	for (size_t i = 0; i + 1 < step->word_count; i++) {
		struct lopt_str source = step->words[i];
		if (!is_remote(source) && !lopt_str_starts(step->instruction->words[i], "<<"))
			LOPT_TRY(add_source(r, source));
	}
	return LOPT_OK;
}

static enum lopt_status read_mount(struct reader *r, struct lopt_str mount)
{
	struct lopt_str type = lopt_list_value(mount, "type"), from = lopt_list_value(mount, "from");
	struct lopt_str source = lopt_list_value(mount, "source");
	if (!source.ptr)
		source = lopt_list_value(mount, "src");
	if (from.ptr)
		return add_stage(r, from);
	if (type.ptr && !lopt_str_is(type, "bind"))
		return LOPT_OK;
	bool open = lopt_str_find(source, '$') < source.len;
	return add_source(r, open ? lopt_str_from("") : source);
}

static enum lopt_status read_mounts(struct reader *r, const struct lopt_instruction *in)
{
	static const char flag[] = "--mount=";
	for (size_t i = 0; i < in->flag_count; i++)
		if (lopt_str_starts(in->flags[i], flag))
			LOPT_TRY(read_mount(r, lopt_str_skip(in->flags[i], strlen(flag))));
	return LOPT_OK;
}

static enum lopt_status read_step(struct reader *r, const struct lopt_step *step)
{
	switch (step->keyword) {
	case LOPT_KEYWORD_FROM:
		return step->instruction->word_count ? add_stage(r, step->instruction->words[0]) : LOPT_OK;
	case LOPT_KEYWORD_ADD:
	case LOPT_KEYWORD_COPY:
		return read_copy(r, step);
	case LOPT_KEYWORD_RUN:
		return read_mounts(r, step->instruction);
	default:
		return LOPT_OK;
	}
}

static enum lopt_status read_stages(struct reader *r)
{
	size_t count = 0;
	const struct lopt_instruction *in;
	for (size_t i = 0; (in = lopt_dockerfile_at(r->file, i)); i++)
		count += lopt_str_is(in->keyword, "from");
	for (r->stage = 0; r->stage < count; r->stage++) {
		LOPT_CLEANUP(lopt_stage_release) struct lopt_stage stage = { 0 };
		LOPT_TRY(lopt_stage_read(&stage, r->file, r->stage, NULL, r->err));
		for (size_t i = 0; i < stage.count; i++) {
			r->instruction = stage.first + i;
			LOPT_TRY(read_step(r, &stage.steps[i]));
		}
	}
	return LOPT_OK;
}

enum lopt_status lopt_sources_read(struct lopt_sources *out, const struct lopt_dockerfile *file, struct lopt_error *err)
{
	struct reader r = { .out = out, .file = file, .err = err };
	*out = (struct lopt_sources){ 0 };
	lopt_arena_init(&out->arena, ARENA_MAX);
	enum lopt_status status = read_stages(&r);
	if (status != LOPT_OK)
		lopt_sources_release(out);
	return status;
}
