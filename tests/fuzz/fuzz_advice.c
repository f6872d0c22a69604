/* SPDX-License-Identifier: MIT */
/* A Dockerfile somebody else wrote, for an image that has something to do with it: what may move, and where to. */
#include <stdlib.h>
#include <unistd.h>

#include "advice/glob.h"
#include "advice/reorder.h"
#include "advice/sources.h"
#include "advice/versions.h"
#include "support/stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INSTRUCTIONS_MAX = 4096, COMMITS = 3, LAYERS = 6 };

static const char *const layers[TEST_LAYERS_MAX] = {
	"etc/ etc/passwd=x usr/ usr/bin/ usr/bin/env=1 srv/ tmp/ bin@usr/bin",
	"srv/ srv/app/ srv/app/a=1 srv/app/run.sh=2",
	"usr/ usr/bin/ usr/bin/make=1 etc/ etc/passwd=y etc/make.conf=1",
	"srv/ srv/app/ srv/app/b=1 .wh.tmp=",
	"tmp/ tmp/x=1 srv/ srv/app/ srv/app/.wh.a= srv/app/d/",
	"usr/ usr/bin/ usr/bin/.wh..wh..opq= opt/ opt/y@x",
};

static struct lopt_image *image(void)
{
	static struct lopt_image *opened;
	struct lopt_error err;
	int fd;
	if (!opened && test_open_stack(&opened, layers, &fd, &err) != LOPT_OK)
		abort();
	return opened;
}

static void check_order(const struct lopt_reorder *reorder)
{
	uint64_t set = 0;
	for (size_t i = 0; i < reorder->count; i++) {
		size_t step = reorder->order[i] - reorder->depends.first;
		if (step >= reorder->count || (set >> step) & 1 || reorder->depends.must_precede[step] & ~set)
			abort();
		set |= (uint64_t)1 << step;
	}
	if (reorder->after > reorder->before)
		abort();
}

static void reorder(const struct lopt_dockerfile *file, enum lopt_builder builder)
{
	static size_t layer_of[INSTRUCTIONS_MAX];
	static double seconds[INSTRUCTIONS_MAX];
	uint64_t changed[COMMITS] = { 0x5a, 0xff00ff06, 0xf0f0f0f0f0 };
	struct lopt_commits commits = { .changed = changed, .count = COMMITS };
	struct lopt_reorder out;
	struct lopt_error err;
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++) {
		layer_of[i] = i % (LAYERS + 1) ? i % (LAYERS + 1) - 1 : LOPT_NO_LAYER;
		seconds[i] = (double)(i * 7 % 5);
	}
	const struct lopt_reorder_input input = { { file, image(), layer_of, builder }, seconds, &commits };
	if (lopt_reorder_find(&out, &input, &err) != LOPT_OK)
		return;
	check_order(&out);
	lopt_reorder_release(&out);
}

static void compare(const struct lopt_dockerfile *file)
{
	struct lopt_counterpart *same;
	struct lopt_error err;
	if (lopt_versions_match(&same, file, file, &err) != LOPT_OK)
		return;
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++)
		if (!same[i].same || same[i].index != i)
			abort();
	free(same);
}

/* The input is a .dockerignore as well. */
static void cover(const struct lopt_dockerfile *file, struct lopt_str text)
{
	struct lopt_sources sources;
	struct lopt_arena arena;
	struct lopt_ignore ignore;
	struct lopt_error err;
	size_t steps = 1 << 20;
	if (lopt_sources_read(&sources, file, &err) != LOPT_OK)
		return;
	lopt_arena_init(&arena, 16 << 20);
	if (lopt_ignore_read(&ignore, &arena, text, &err) == LOPT_OK)
		for (size_t i = 0; i < sources.context_count; i++) {
			(void)lopt_ignore_excludes(&ignore, sources.context[i].pattern, &steps);
			(void)lopt_glob_covers(sources.context[i].pattern, lopt_str_from("srv/app/a.b"), &steps);
		}
	lopt_arena_release(&arena);
	lopt_sources_release(&sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_str source = lopt_str_make((const char *)data, size);
	struct lopt_dockerfile *file = NULL;
	struct lopt_error err;
	if (lopt_dockerfile_parse(&file, source, &err) != LOPT_OK)
		return 0;
	if (lopt_dockerfile_count(file) <= LOPT_VERSIONS_INSTRUCTIONS_MAX) {
		reorder(file, LOPT_BUILDER_BUILDKIT);
		reorder(file, LOPT_BUILDER_LEGACY);
		compare(file);
		cover(file, source);
	}
	lopt_dockerfile_free(file);
	return 0;
}
