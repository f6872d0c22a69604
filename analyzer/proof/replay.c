/* SPDX-License-Identifier: MIT */
#include "proof/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "advice/commits.h"
#include "advice/git.h"
#include "advice/reorder.h"
#include "base/cleanup.h"
#include "dockerfile/draft.h"
#include "dockerfile/record.h"
#include "proof/steps.h"

struct replaying {
	struct lopt_replay *out;
	const struct lopt_proof_options *options;
	const struct lopt_replay_input *input;
	struct lopt_dockerfile *files[2];
	struct lopt_buf texts[2]; /* with a line that keeps the caches of the two apart */
	struct lopt_commits commits[2];
	struct lopt_error *err;
};

static void release_replaying(struct replaying *r)
{
	for (size_t i = 0; i < 2; i++) {
		lopt_dockerfile_free(r->files[i]);
		lopt_buf_release(&r->texts[i]);
		lopt_commits_release(&r->commits[i]);
	}
}

void lopt_replay_release(struct lopt_replay *replay)
{
	for (size_t i = 0; i < 2; i++) {
		free(replay->sides[i].measured);
		free(replay->sides[i].expected);
	}
	lopt_touches_release(&replay->touches);
	lopt_buf_release(&replay->reason);
	*replay = (struct lopt_replay){ 0 };
}

/* Texts. */

static void cleanup_draft(struct lopt_draft **draft)
{
	lopt_draft_free(*draft);
}

/* An argument that no other build has, behind every FROM: neither the other Dockerfile's builds nor earlier ones are hit. */
static enum lopt_status set_apart(struct replaying *r, size_t side, struct lopt_str text)
{
	LOPT_CLEANUP(cleanup_draft) struct lopt_draft *draft = NULL;
	char line[128];
	size_t count = lopt_dockerfile_count(r->files[side]);
	(void)snprintf(line, sizeof line, "ARG LAYEROPT_REPLAY=%s-%zu", lopt_workshop_mark(r->options->workshop), side);
	LOPT_TRY(lopt_draft_new(&draft, r->files[side], text, r->err));
	for (size_t i = 0; i < count; i++)
		if (lopt_str_is(lopt_dockerfile_at(r->files[side], i)->keyword, "from"))
			LOPT_TRY(lopt_draft_insert(draft, i + 1, lopt_str_from(line), r->err));
	r->texts[side] = LOPT_BUF_INIT(SIZE_MAX / 2);
	return lopt_draft_print(draft, &r->texts[side], r->err);
}

/* What changes, by files alone: the Dockerfile is named in a directory that is not there. */
static struct lopt_commits_options options_of(const struct replaying *r, size_t side, char (*elsewhere)[1024])
{
	(void)snprintf(*elsewhere, sizeof *elsewhere, "%s/nowhere/Dockerfile",
		       lopt_workshop_directory(r->options->workshop));
	return (struct lopt_commits_options){ .context = r->input->context,
					      .dockerfile = *elsewhere,
					      .commits_max = r->input->commits,
					      .ignore = r->input->ignores[side] };
}

static enum lopt_status read_side(struct replaying *r, size_t side)
{
	char elsewhere[1024];
	const struct lopt_commits_options options = options_of(r, side, &elsewhere);
	LOPT_TRY(lopt_dockerfile_parse(&r->files[side], r->input->texts[side], r->err));
	LOPT_TRY(set_apart(r, side, r->input->texts[side]));
	return lopt_commits_read(&r->commits[side], &options, r->files[side], r->err);
}

/* The same of changes that are made up. */
static enum lopt_status make_up_side(struct replaying *r, size_t side)
{
	char elsewhere[1024];
	const struct lopt_touches *touches = &r->out->touches;
	const struct lopt_commits_options options = options_of(r, side, &elsewhere);
	LOPT_CLEANUP(lopt_cleanup_bytes) struct lopt_str *paths = calloc(touches->count + 1, sizeof *paths);
	if (!paths)
		return lopt_error_memory(r->err);
	for (size_t i = 0; i < touches->count; i++) /* newest first, as commits are */
		paths[i] = touches->files[touches->order[touches->count - 1 - i]];
	lopt_commits_release(&r->commits[side]);
	return lopt_commits_make_up(&r->commits[side], &options, r->files[side], paths, touches->count, r->err);
}

/* No history: whatever it was that git could not tell. */
static enum lopt_status make_up(struct replaying *r)
{
	char elsewhere[1024];
	const struct lopt_commits_options options = options_of(r, 0, &elsewhere);
	LOPT_TRY(lopt_touches_choose(&r->out->touches, &options, r->files[0], r->input->commits, r->err));
	for (size_t i = 0; i < 2 && r->out->touches.count; i++)
		LOPT_TRY(make_up_side(r, i));
	return LOPT_OK;
}

/* Expectations. */

static enum lopt_status measure_steps(double **out, const struct replaying *r, size_t side,
				      const struct lopt_image *image)
{
	const struct lopt_image_info *info = lopt_image_info(image);
	const struct lopt_dockerfile *file = r->files[side];
	struct lopt_alignment alignment;
	size_t count = lopt_dockerfile_count(file);
	LOPT_CLEANUP(lopt_cleanup_bytes) uint32_t *lines = calloc(info->history_count + 1, sizeof *lines);
	LOPT_CLEANUP(lopt_cleanup_bytes)
	size_t *instruction_of = calloc(info->history_count + 1, sizeof *instruction_of);
	LOPT_CLEANUP(lopt_cleanup_bytes) size_t *layer_of = calloc(count + 1, sizeof *layer_of);
	*out = calloc(count + 1, sizeof **out);
	if (!lines || !instruction_of || !layer_of || !*out)
		return lopt_error_memory(r->err);
	LOPT_TRY(lopt_dockerfile_align(file, info->history, info->history_count, lines, &alignment, r->err));
	lopt_reorder_map(instruction_of, layer_of, file, info, lines);
	lopt_reorder_seconds(*out, count, image, instruction_of);
	return LOPT_OK;
}

/* Oldest first, the oldest being what the others are built after. */
static enum lopt_status expect(struct replaying *r, size_t side, const struct lopt_image *image)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) double *seconds = NULL;
	const struct lopt_dockerfile *file = r->files[side];
	struct lopt_replay_side *to = &r->out->sides[side];
	size_t count = lopt_dockerfile_count(file), first = count;
	LOPT_TRY(measure_steps(&seconds, r, side, image));
	while (first > 0 && !lopt_str_is(lopt_dockerfile_at(file, first - 1)->keyword, "from"))
		first--;
	first -= first > 0;
	for (size_t i = 0; i < r->out->commits; i++) {
		uint64_t changed = r->commits[side].changed[r->commits[side].count - 1 - i];
		double sum = 0;
		for (size_t j = first; changed && j < count; j++)
			if (j - first >= (size_t)__builtin_ctzll(changed))
				sum += seconds[j];
		to->expected[i] = sum;
	}
	return LOPT_OK;
}

/* Ranks. */

struct ranked {
	double value, rank;
	size_t index;
};

static int compare_values(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	return (x->value > y->value) - (x->value < y->value);
}

static int compare_indices(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	return (x->index > y->index) - (x->index < y->index);
}

static void rank_all(struct ranked *items, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		items[i] = (struct ranked){ values[i], 0, i };
	qsort(items, count, sizeof *items, compare_values);
	for (size_t i = 0, j; i < count; i = j) {
		for (j = i; j < count && items[j].value == items[i].value;)
			j++;
		for (size_t k = i; k < j; k++)
			items[k].rank = (double)(i + j - 1) / 2;
	}
	qsort(items, count, sizeof *items, compare_indices);
}

double lopt_spearman(const double *a, const double *b, size_t count)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) struct ranked *x = calloc(count + 1, sizeof *x);
	LOPT_CLEANUP(lopt_cleanup_bytes) struct ranked *y = calloc(count + 1, sizeof *y);
	double mean = ((double)count - 1) / 2, xy = 0, xx = 0, yy = 0;
	if (!x || !y || count < 2)
		return NAN;
	rank_all(x, a, count);
	rank_all(y, b, count);
	for (size_t i = 0; i < count; i++) {
		xy += (x[i].rank - mean) * (y[i].rank - mean);
		xx += (x[i].rank - mean) * (x[i].rank - mean);
		yy += (y[i].rank - mean) * (y[i].rank - mean);
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* Builds. */

/* The context as it was: unpacked where the workshop removes it again. */
static enum lopt_status unpack(struct replaying *r, const char *hash, const char **path)
{
	char archive[1024], option[1100];
	struct lopt_ran ran;
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf said = LOPT_BUF_INIT(1 << 16);
	LOPT_TRY(lopt_workshop_scratch(r->options->workshop, path, r->err));
	(void)snprintf(archive, sizeof archive, "%s/image.tar", lopt_workshop_directory(r->options->workshop));
	(void)snprintf(option, sizeof option, "--output=%s", archive);
	const char *const ask[] = { "archive", "--format=tar", option, hash, NULL };
	LOPT_TRY(lopt_git_ask(&said, r->input->context, ask, r->err));
	const char *const tar[] = { "tar", "-x", "-f", archive, "-C", *path, NULL };
	const struct lopt_run run = { .argv = tar };
	LOPT_TRY(lopt_run(&ran, &run, &said, r->err));
	return ran.code == 0 ? LOPT_OK : lopt_error_set(r->err, LOPT_E_SYSTEM, "tar: exit status %d", ran.code);
}

static enum lopt_status build_side(struct replaying *r, size_t side, const char *path, struct lopt_built *built)
{
	struct lopt_workshop *workshop = r->options->workshop;
	lopt_workshop_ignore(workshop, r->input->ignores[side]);
	enum lopt_status status = lopt_workshop_rebuild(workshop, built, lopt_buf_view(&r->texts[side]), path, r->err);
	lopt_workshop_ignore(workshop, r->input->ignores[0]);
	return status;
}

/* With both Dockerfiles; `index` SIZE_MAX: only to fill the caches. LOPT_END: it does not build. */
static enum lopt_status build_both(struct replaying *r, const char *path, const char *when, size_t index)
{
	for (size_t side = 0; side < 2; side++) {
		LOPT_CLEANUP(lopt_built_release) struct lopt_built built = { 0 };
		struct lopt_replay_side *to = &r->out->sides[side];
		LOPT_TRY(build_side(r, side, path, &built));
		if (built.failed) {
			lopt_buf_printf(&r->out->reason, "%s the %s Dockerfile does not build", when,
					side ? "new" : "original");
			return LOPT_END;
		}
		if (index == SIZE_MAX)
			continue;
		struct lopt_steps steps =
			lopt_steps_count(lopt_workshop_kind(r->options->workshop)->history, lopt_buf_view(&built.log));
		to->steps += steps.all;
		to->cached += steps.cached;
		to->seconds += built.seconds;
		to->measured[index] = built.seconds;
	}
	return LOPT_OK;
}

static enum lopt_status build_commit(struct replaying *r, const char *hash, size_t index)
{
	const char *path;
	char when[LOPT_COMMIT_HASH_MAX + 16];
	LOPT_TRY(unpack(r, hash, &path));
	(void)snprintf(when, sizeof when, "at commit %.12s", hash);
	return build_both(r, path, when, index);
}

static enum lopt_status build_commits(struct replaying *r)
{
	const struct lopt_commits *commits = &r->commits[0];
	char parent[LOPT_COMMIT_HASH_MAX + 4];
	(void)snprintf(parent, sizeof parent, "%s^1", commits->hashes[commits->count - 1]);
	enum lopt_status status = build_commit(r, parent, SIZE_MAX);
	for (size_t i = 0; i < r->out->commits && status == LOPT_OK; i++)
		status = build_commit(r, commits->hashes[commits->count - 1 - i], i);
	return status;
}

/* The context as it is, and then one file after the other changed. */
static enum lopt_status build_touches(struct replaying *r)
{
	const struct lopt_touches *touches = &r->out->touches;
	const char *path;
	LOPT_TRY(lopt_workshop_scratch(r->options->workshop, &path, r->err));
	LOPT_TRY(lopt_workshop_copy(r->input->context, path, r->err));
	LOPT_TRY(build_both(r, path, "with cache", SIZE_MAX));
	for (size_t i = 0; i < touches->count; i++) {
		LOPT_CLEANUP(lopt_buf_release) struct lopt_buf when = LOPT_BUF_INIT(1 << 17);
		struct lopt_str file = touches->files[touches->order[i]];
		lopt_buf_printf(&when, "with a line break more in %.*s", LOPT_STR_ARGS(file));
		if (when.failed)
			return lopt_error_memory(r->err);
		LOPT_TRY(lopt_touch(path, file, r->err));
		LOPT_TRY(build_both(r, path, when.data, i));
	}
	return LOPT_OK;
}

static enum lopt_status build_all(struct replaying *r)
{
	bool made_up = r->out->touches.count > 0;
	if (r->options->tell)
		r->options->tell(r->options->context, made_up ? "replaying changes" : "replaying commits");
	return made_up ? build_touches(r) : build_commits(r);
}

static enum lopt_status find_changes(struct replaying *r)
{
	for (size_t i = 0; i < 2; i++)
		LOPT_TRY(read_side(r, i));
	if (r->commits[0].reason.len || r->commits[1].reason.len)
		LOPT_TRY(make_up(r));
	for (size_t i = 0; i < 2; i++) {
		const struct lopt_buf *reason = r->out->touches.reason.len ? &r->out->touches.reason
									   : &r->commits[i].reason;
		if (reason->len) {
			lopt_buf_str(&r->out->reason, lopt_buf_view(reason));
			return LOPT_END;
		}
	}
	return LOPT_OK;
}

static enum lopt_status prepare(struct replaying *r)
{
	LOPT_TRY(find_changes(r));
	r->out->commits = r->commits[0].count;
	if (r->out->commits == 0 || r->commits[1].count != r->out->commits) {
		lopt_buf_text(&r->out->reason, "no commit changes the build context");
		return LOPT_END;
	}
	for (size_t i = 0; i < 2; i++) {
		r->out->sides[i].measured = calloc(r->out->commits, sizeof(double));
		r->out->sides[i].expected = calloc(r->out->commits, sizeof(double));
		if (!r->out->sides[i].measured || !r->out->sides[i].expected)
			return lopt_error_memory(r->err);
	}
	return LOPT_OK;
}

enum lopt_status lopt_replay_run(struct lopt_replay *out, const struct lopt_proof_options *options,
				 const struct lopt_replay_input *input, struct lopt_error *err)
{
	LOPT_CLEANUP(release_replaying)
	struct replaying r = { .out = out, .options = options, .input = input, .err = err };
	*out = (struct lopt_replay){ .reason = LOPT_BUF_INIT(1 << 16) };
	enum lopt_status status = prepare(&r);
	for (size_t i = 0; i < 2 && status == LOPT_OK; i++)
		status = expect(&r, i, input->subjects[i]->image);
	if (status == LOPT_OK)
		status = build_all(&r);
	for (size_t i = 0; i < 2 && status == LOPT_OK; i++)
		out->sides[i].correlation = lopt_spearman(out->sides[i].expected, out->sides[i].measured, out->commits);
	if (status == LOPT_END)
		out->commits = 0;
	return status == LOPT_END ? LOPT_OK : status;
}
