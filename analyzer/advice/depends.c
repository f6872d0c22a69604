/* SPDX-License-Identifier: MIT */
#include "advice/depends.h"

#include <stdlib.h>

#include "advice/rules.h"
#include "base/buf.h"
#include "base/cleanup.h"

static const char *const names[LOPT_DEPENDS_KINDS] = {
	[LOPT_DEPENDS_BASE] = "base",	      [LOPT_DEPENDS_UNKNOWN] = "unknown",
	[LOPT_DEPENDS_VARIABLE] = "variable", [LOPT_DEPENDS_DIRECTORY] = "directory",
	[LOPT_DEPENDS_USER] = "user",	      [LOPT_DEPENDS_SHELL] = "shell",
	[LOPT_DEPENDS_VOLUME] = "volume",     [LOPT_DEPENDS_METADATA] = "metadata",
	[LOPT_DEPENDS_FILE] = "file",	      [LOPT_DEPENDS_MADE] = "made",
	[LOPT_DEPENDS_NAMED] = "named",	      [LOPT_DEPENDS_CONFIGURATION] = "configuration",
	[LOPT_DEPENDS_PROGRAM] = "program",   [LOPT_DEPENDS_APT] = "apt",
	[LOPT_DEPENDS_TIME] = "time",
};

const char *lopt_dependency_name(enum lopt_dependency_kind kind)
{
	return kind < LOPT_DEPENDS_KINDS ? names[kind] : "";
}

void lopt_depends_release(struct lopt_depends *depends)
{
	lopt_arena_release(&depends->arena);
	free(depends->edges);
	*depends = (struct lopt_depends){ 0 };
}

struct reading {
	struct lopt_depends *out;
	struct lopt_stage stage;
	struct lopt_scene scene;
	struct lopt_arena words;
	struct lopt_error *err;
};

static void reading_release(struct reading *r)
{
	lopt_stage_release(&r->stage);
	lopt_writes_release(&r->scene.writes);
	free(r->scene.runs);
	lopt_arena_release(&r->words);
}

static enum lopt_status set_scene(struct reading *r, const struct lopt_depends_input *input)
{
	static const char *const tools[] = { "usr", "bin", "sbin", "lib", "lib64", "opt", "root", "home" };
	static const char *const keys[] = { "etc/apt", "usr/share/keyrings", "usr/lib/apt" };
	struct lopt_scene *scene = &r->scene;
	size_t count = r->stage.count;
	scene->stage = &r->stage;
	scene->builder = input->builder;
	scene->runs = calloc(count, sizeof *scene->runs);
	if (!scene->runs)
		return lopt_error_memory(r->err);
	LOPT_TRY(lopt_writes_read(&scene->writes, input->image, input->layer_of + r->stage.first, count, r->err));
	for (size_t i = 0; i < count; i++)
		if (r->stage.steps[i].keyword == LOPT_KEYWORD_COPY || r->stage.steps[i].keyword == LOPT_KEYWORD_ADD)
			scene->copies |= (uint64_t)1 << i;
	for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
		scene->tools |= lopt_writes_below(&scene->writes, tools[i]);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		scene->keys |= lopt_writes_below(&scene->writes, keys[i]);
	scene->homes = lopt_writes_below(&scene->writes, "root") | lopt_writes_below(&scene->writes, "home");
	scene->etc = lopt_writes_below(&scene->writes, "etc");
	for (size_t i = 0; i < count; i++)
		if (r->stage.steps[i].keyword == LOPT_KEYWORD_RUN)
			LOPT_TRY(lopt_scene_look(scene, &r->words, i, r->err));
	return LOPT_OK;
}

static enum lopt_status add_edge(struct reading *r, struct lopt_dependency edge)
{
	enum { WHAT_MAX = 256 };
	struct lopt_depends *out = r->out;
	struct lopt_dependency *edges = lopt_grow(out->edges, &out->edge_cap, out->edge_count + 1, sizeof *edges);
	if (edges)
		out->edges = edges;
	if (edge.what.len > WHAT_MAX)
		edge.what.len = WHAT_MAX;
	edge.what = lopt_arena_copy(&out->arena, edge.what);
	if (!edges || !edge.what.ptr)
		return lopt_error_memory(r->err);
	edges[out->edge_count++] = edge;
	out->must_precede[edge.after] |= (uint64_t)1 << edge.before;
	return LOPT_OK;
}

static enum lopt_status compare(struct reading *r)
{
	for (size_t b = 1; b < r->stage.count; b++)
		for (size_t a = 0; a < b; a++) {
			struct lopt_dependency edge = { .before = a, .after = b };
			if (lopt_scene_keeps(&r->scene, a, b, &edge.kind, &edge.what))
				LOPT_TRY(add_edge(r, edge));
		}
	return LOPT_OK;
}

static bool find_stage(const struct lopt_dockerfile *file, size_t *first)
{
	for (size_t i = lopt_dockerfile_count(file); i-- > 0;)
		if (lopt_str_is(lopt_dockerfile_at(file, i)->keyword, "from")) {
			*first = i;
			return true;
		}
	return false;
}

static const char *why_not(const struct lopt_depends_input *input, size_t *first)
{
	const size_t count = lopt_dockerfile_count(input->file);
	if (!find_stage(input->file, first))
		return "the Dockerfile has no stage";
	if (count - *first > LOPT_DEPENDS_STEPS_MAX)
		return "the last stage has more than 64 instructions";
	if (input->builder == LOPT_BUILDER_UNKNOWN)
		return "it is not known which builder made the image";
	return NULL;
}

static enum lopt_status read_depends(struct reading *r, const struct lopt_depends_input *input)
{
	struct lopt_error why;
	struct lopt_depends *out = r->out;
	out->reason = why_not(input, &out->first);
	if (out->reason)
		return LOPT_OK;
	enum lopt_status status =
		lopt_stage_read(&r->stage, input->file, SIZE_MAX, lopt_image_info(input->image), &why);
	if (status == LOPT_E_LIMIT) {
		out->reason = "the texts of the last stage are too long";
		return LOPT_OK;
	}
	if (status != LOPT_OK)
		return lopt_error_set(r->err, status, "%s", why.message);
	out->count = r->stage.count;
	LOPT_TRY(set_scene(r, input));
	return compare(r);
}

enum lopt_status lopt_depends_read(struct lopt_depends *out, const struct lopt_depends_input *input,
				   struct lopt_error *err)
{
	enum { ARENA_MAX = 64 << 20 };
	LOPT_CLEANUP(reading_release) struct reading r = { .out = out, .err = err };
	*out = (struct lopt_depends){ 0 };
	lopt_arena_init(&out->arena, ARENA_MAX);
	lopt_arena_init(&r.words, ARENA_MAX);
	enum lopt_status status = read_depends(&r, input);
	if (status != LOPT_OK)
		lopt_depends_release(out);
	return status;
}
