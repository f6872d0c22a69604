/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/apt.h"
#include "advice/build_tools.h"
#include "advice/stage.h"
#include "advice/write_set.h"
#include "base/cleanup.h"
#include "layer/path.h"

/*
 * Compilers and headers that one RUN installs and others use: what uses them runs in a stage of its own, which is the
 * Dockerfile up to there as it was, and the image gets what it wrote. Where one RUN does both, purge.c does it with
 * less.
 */

enum {
	ROOTS_MAX = 40, /* more paths than that are no list that anybody reads */
	COPIES_MAX = 3, /* with more of them, or what COPY would change, the stage gathers it all in one place */
};

struct staging {
	struct lopt_maker maker;
	struct lopt_evidence *evidence;
	struct lopt_build_tools tools;
	struct lopt_write_set set;
	bool *builds;	    /* per layer: a RUN made it that runs elsewhere */
	bool *leaves;	    /* per layer: it is not in the image any more */
	bool *seen;	    /* per layer: the container sees something of it that is no directory */
	size_t first, last; /* instructions: of those RUN */
};

static void release_staging(struct staging *s)
{
	/* the edit has the instructions only where it is made */
	for (size_t i = 0; s->evidence->staged && !s->maker.applies && i < s->evidence->instructions; i++)
		s->evidence->staged[i] = false;
	lopt_maker_release(&s->maker);
	lopt_build_tools_release(&s->tools);
	lopt_write_set_release(&s->set);
	free(s->builds);
	free(s->leaves);
	free(s->seen);
}

static void stage_instruction(struct staging *s, size_t instruction)
{
	s->evidence->staged[instruction] = true;
	s->leaves[s->evidence->layer_of[instruction]] = true;
}

static void add_step(struct staging *s, enum lopt_edit_step_kind kind, size_t instruction, struct lopt_str text)
{
	lopt_maker_step(&s->maker, (struct lopt_edit_step){ .kind = kind, .instruction = instruction, .text = text });
}

/* --- what runs elsewhere --- */

static bool uses_apt(const struct lopt_evidence *evidence, size_t instruction)
{
	const struct lopt_shell *shell = &evidence->shells[instruction];
	const struct lopt_layer *layer = lopt_image_layer(evidence->image, evidence->layer_of[instruction]);
	for (size_t i = 0; i < shell->count; i++) {
		size_t verb;
		if (lopt_apt_read(&shell->commands[i], &verb) != LOPT_APT_NOTHING)
			return true;
	}
	for (size_t i = 0; i < layer->entry_count; i++)
		if (lopt_str_is(layer->entries[i].path, "var/lib/dpkg/status"))
			return true;
	return false;
}

static enum lopt_status find_builds(struct staging *s, struct lopt_error *err)
{
	const struct lopt_evidence *evidence = s->evidence;
	struct lopt_packages packages;
	enum lopt_status status = lopt_packages_read(&packages, s->evidence, err);
	bool installed = false;
	for (size_t i = evidence->first; i < evidence->instructions && status == LOPT_OK && packages.known; i++) {
		bool used = false;
		installed |= lopt_evidence_installs(evidence, i);
		if (!installed || !lopt_evidence_is_run(evidence, i) || uses_apt(evidence, i))
			continue;
		status = lopt_build_tools_used(&used, &packages, i, err);
		if (!used)
			continue;
		s->first = s->first == SIZE_MAX ? i : s->first;
		s->last = i;
		s->builds[evidence->layer_of[i]] = true;
		stage_instruction(s, i);
	}
	lopt_packages_release(&packages);
	return status;
}

static enum lopt_status see(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct staging *s = context;
	(void)err;
	if (node->type != LOPT_DIR && node->layer != LOPT_NO_LAYER)
		s->seen[node->layer] = true;
	if (node->inode_layer)
		s->seen[node->inode_layer->index] = true;
	return LOPT_OK;
}

/* Does nothing but such a RUN take away what this COPY brought? */
static bool is_input(const struct staging *s, size_t copy)
{
	size_t index = s->evidence->layer_of[copy];
	if (index == LOPT_NO_LAYER || s->seen[index] ||
	    (s->evidence->keywords[copy] != LOPT_KEYWORD_COPY && s->evidence->keywords[copy] != LOPT_KEYWORD_ADD))
		return false;
	const struct lopt_layer *layer = lopt_image_layer(s->evidence->image, index);
	for (size_t i = 0; i < layer->inode_count; i++)
		if (layer->inodes[i].cause == LOPT_CAUSE_NONE || !s->builds[layer->inodes[i].masked_by])
			return false;
	return layer->inode_count > 0;
}

static void find_inputs(struct staging *s)
{
	for (size_t i = s->evidence->first; i < s->last; i++) {
		if (!is_input(s, i))
			continue;
		stage_instruction(s, i);
		add_step(s, LOPT_STEP_DROP, i, lopt_str_make("", 0));
		/* directories stay where a RUN removed only what was in them */
		size_t index = s->evidence->layer_of[i], at;
		const struct lopt_layer *layer = lopt_image_layer(s->evidence->image, index);
		for (size_t j = 0; j < layer->entry_count; j++)
			if (layer->entries[j].type == LOPT_DIR &&
			    !lopt_evidence_below(s->evidence, layer->entries[j].path, index, &at))
				lopt_maker_effect(&s->maker, layer->entries[j].path, LOPT_ASPECT_REMOVED, false);
	}
}

/* --- what such a RUN removed --- */

static const char lists[] = "var/lib/apt/lists/";

/* Lists that another RUN fetched are removed there. */
static bool remove_lists(struct staging *s, size_t layer)
{
	size_t instruction = s->evidence->instruction_of[layer];
	if (!lopt_evidence_is_run(s->evidence, instruction))
		return false;
	for (size_t i = 0; i < s->maker.edit.step_count; i++)
		if (s->maker.steps[i].kind == LOPT_STEP_REMOVE && s->maker.steps[i].instruction == instruction)
			return true;
	add_step(s, LOPT_STEP_REMOVE, instruction, lopt_str_from("/var/lib/apt/lists/*"));
	return true;
}

static bool is_removal_kept(struct staging *s, size_t layer)
{
	const struct lopt_layer *from = lopt_image_layer(s->evidence->image, layer);
	for (uint32_t i = 0; i < from->inode_count; i++) {
		const struct lopt_inode *inode = &from->inodes[i];
		if (inode->cause != LOPT_CAUSE_REMOVED || !s->builds[inode->masked_by])
			continue;
		if (!lopt_str_starts(inode->path, lists) || !remove_lists(s, layer))
			return false;
		lopt_maker_claim(&s->maker, layer, i);
	}
	return true;
}

/* What is no file: a link would be there again, which the RUN took away; a directory may. */
static bool is_whiteout_kept(struct staging *s, size_t layer, const struct lopt_entry *entry)
{
	struct lopt_str name, parent = lopt_path_parent(entry->path);
	enum lopt_whiteout kind = lopt_whiteout_of(entry->path, &name);
	struct lopt_str path = parent;
	if (kind == LOPT_WHITEOUT_PATH)
		path = lopt_maker_text(&s->maker, "%.*s%s%.*s", LOPT_STR_ARGS(parent), parent.len ? "/" : "",
				       LOPT_STR_ARGS(name));
	else if (kind == LOPT_WHITEOUT_NONE) /* a device 0:0 */
		path = entry->path;
	const struct lopt_entry *below;
	do
		below = lopt_evidence_below(s->evidence, path, layer, &layer);
	while (below && s->leaves[layer]);
	if (!below || below->type == LOPT_FILE) /* of files the inodes tell */
		return true;
	if (kind != LOPT_WHITEOUT_OPAQUE && below->type == LOPT_DIR) {
		lopt_maker_effect(&s->maker, path, LOPT_ASPECT_ADDED, false);
		return true;
	}
	return lopt_str_starts(path, lists);
}

static bool are_removals_kept(struct staging *s)
{
	for (size_t l = 0; l < s->evidence->layers; l++) {
		const struct lopt_layer *layer = lopt_image_layer(s->evidence->image, l);
		if (!s->leaves[l] && !is_removal_kept(s, l))
			return false;
		for (size_t i = 0; s->builds[l] && i < layer->entry_count; i++)
			if (layer->entries[i].flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE) &&
			    !is_whiteout_kept(s, l, &layer->entries[i]))
				return false;
	}
	return true;
}

/* --- what is installed --- */

static bool change_installs(struct staging *s)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) bool *gone = calloc(s->evidence->instructions + 1, sizeof *gone);
	s->maker.failed |= !gone;
	if (!gone || !lopt_build_tools_rewrite(&s->tools, &s->maker, gone))
		return false;
	for (size_t i = 0; i < s->evidence->instructions; i++) {
		if (!gone[i])
			continue;
		stage_instruction(s, i);
		add_step(s, LOPT_STEP_DROP, i, lopt_str_make("", 0));
	}
	return true;
}

/* --- the stage, and what is copied out of it --- */

static bool is_stage(const struct lopt_dockerfile *file, struct lopt_str name)
{
	return lopt_stage_find(file, lopt_dockerfile_count(file), name) != SIZE_MAX;
}

static struct lopt_str name_stage(struct staging *s)
{
	struct lopt_str name = lopt_str_from("build");
	for (unsigned i = 2; is_stage(s->evidence->file, name) && i < 100; i++)
		name = lopt_maker_text(&s->maker, "build-%u", i);
	return name;
}

/* The instructions up to the last such RUN, as they stand in the file. */
static struct lopt_str source_of_stage(struct staging *s, struct lopt_str name)
{
	const struct lopt_instruction *from = lopt_evidence_at(s->evidence, s->evidence->first - 1);
	const struct lopt_instruction *last = lopt_evidence_at(s->evidence, s->last);
	const char *start = from->source.ptr + from->source.len, *end = last->source.ptr + last->source.len;
	struct lopt_str text = lopt_str_from("FROM");
	for (size_t i = 0; i < from->flag_count; i++)
		text = lopt_maker_text(&s->maker, "%.*s %.*s", LOPT_STR_ARGS(text), LOPT_STR_ARGS(from->flags[i]));
	return lopt_maker_text(&s->maker, "%.*s %.*s AS %.*s%.*s", LOPT_STR_ARGS(text), LOPT_STR_ARGS(from->words[0]),
			       LOPT_STR_ARGS(name), (int)(end - start), start);
}

static bool changes_user(const struct staging *s)
{
	for (size_t i = s->evidence->first; i < s->last; i++)
		if (s->evidence->keywords[i] == LOPT_KEYWORD_USER)
			return true;
	return false;
}

/* Files of one directory are copied together. */
static bool is_new_copy(const struct lopt_write_set *set, size_t root)
{
	return root == 0 || set->roots[root].directory || set->roots[root - 1].directory ||
	       !lopt_str_equal(lopt_path_parent(set->roots[root].path), lopt_path_parent(set->roots[root - 1].path));
}

static bool is_copied_plainly(const struct lopt_write_set *set)
{
	size_t copies = 0;
	for (size_t i = 0; i < set->count; i++) {
		copies += is_new_copy(set, i);
		if (!set->roots[i].plain)
			return false;
	}
	return copies <= COPIES_MAX;
}

static void copy_plainly(struct staging *s, struct lopt_buf *out, struct lopt_str name)
{
	const struct lopt_write_set *set = &s->set;
	for (size_t i = 0; i < set->count; i++) {
		struct lopt_str path = set->roots[i].path, parent = lopt_path_parent(path);
		if (is_new_copy(set, i))
			lopt_buf_printf(out, "%sCOPY --from=%.*s", out->len ? "\n" : "", LOPT_STR_ARGS(name));
		lopt_buf_printf(out, " /%.*s", LOPT_STR_ARGS(path));
		if (set->roots[i].directory)
			lopt_buf_printf(out, "/ /%.*s/", LOPT_STR_ARGS(path));
		else if (i + 1 == set->count || is_new_copy(set, i + 1))
			lopt_buf_printf(out, " /%.*s%s", LOPT_STR_ARGS(parent), parent.len ? "/" : "");
	}
}

#define GATHERED "built"

static void gather(struct staging *s, struct lopt_buf *stage)
{
	lopt_buf_text(stage, changes_user(s) ? "\nUSER root" : "");
	lopt_buf_text(stage, "\nRUN mkdir /" GATHERED " && cp -a --parents");
	for (size_t i = 0; i < s->set.count; i++)
		lopt_buf_printf(stage, " \\\n    /%.*s", LOPT_STR_ARGS(s->set.roots[i].path));
	lopt_buf_text(stage, " \\\n    /" GATHERED);
}

static enum lopt_status write_stage(struct staging *s, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf stage = LOPT_BUF_INIT(1 << 20), copies = LOPT_BUF_INIT(1 << 20);
	struct lopt_str name = name_stage(s);
	lopt_buf_str(&stage, source_of_stage(s, name));
	if (is_copied_plainly(&s->set)) {
		copy_plainly(s, &copies, name);
	} else {
		gather(s, &stage);
		lopt_buf_printf(&copies, "COPY --from=%.*s /" GATHERED "/ /", LOPT_STR_ARGS(name));
	}
	lopt_buf_char(&stage, '\n');
	if (s->set.cache_of_linker)
		lopt_buf_text(&copies, "\nRUN ldconfig");
	const struct lopt_edit_step insert = { .kind = LOPT_STEP_INSERT,
					       .instruction = s->evidence->first - 1,
					       .text = lopt_maker_text(&s->maker, "%.*s",
								       LOPT_STR_ARGS(lopt_buf_view(&stage))) };
	const struct lopt_edit_step copy = { .kind = LOPT_STEP_REPLACE,
					     .instruction = s->first,
					     .len = lopt_evidence_at(s->evidence, s->first)->source.len,
					     .text = lopt_maker_text(&s->maker, "%.*s",
								     LOPT_STR_ARGS(lopt_buf_view(&copies))) };
	lopt_maker_step(&s->maker, insert);
	lopt_maker_step(&s->maker, copy);
	for (size_t i = s->first + 1; i <= s->last; i++)
		if (s->evidence->layer_of[i] != LOPT_NO_LAYER && s->builds[s->evidence->layer_of[i]])
			add_step(s, LOPT_STEP_DROP, i, lopt_str_make("", 0));
	return stage.failed || copies.failed ? lopt_error_memory(err) : LOPT_OK;
}

/* --- the edit --- */

/* Of layers that are not there any more all that is not copied. */
static void claim_layers(struct staging *s)
{
	for (size_t l = 0; l < s->evidence->layers; l++) {
		const struct lopt_layer *layer = lopt_image_layer(s->evidence->image, l);
		for (uint32_t i = 0; s->leaves[l] && i < layer->inode_count; i++) {
			const struct lopt_inode *inode = &layer->inodes[i];
			bool hidden = inode->cause != LOPT_CAUSE_NONE && s->leaves[inode->masked_by];
			if (hidden || !s->builds[l] || !lopt_write_set_has(&s->set, inode->path))
				lopt_maker_claim(&s->maker, l, i);
		}
	}
}

static enum lopt_status describe(struct staging *s, struct lopt_error *err)
{
	struct lopt_maker *maker = &s->maker;
	unsigned line = maker->edit.line, user = lopt_evidence_at(s->evidence, s->first)->line;
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.needs_test = true;
	maker->edit.exclusive = true;
	maker->edit.evidence =
		lopt_maker_text(maker, "line %u and those behind it ship %.*s for line %u to build with: %zu packages.",
				line, LOPT_STR_ARGS(size), user, s->tools.count);
	maker->edit.change = lopt_str_from("Build in a stage of its own, and copy what was made.");
	LOPT_TRY(lopt_maker_finish(maker, lopt_evidence_least(s->evidence, 1000), err));
	/* for the rules that follow, the instructions that moved made no layer */
	for (size_t i = 0; maker->applies && i < s->evidence->instructions; i++) {
		if (!s->evidence->staged[i])
			continue;
		s->evidence->instruction_of[s->evidence->layer_of[i]] = SIZE_MAX;
		s->evidence->layer_of[i] = LOPT_NO_LAYER;
	}
	return LOPT_OK;
}

static bool can_be_written(const struct staging *s)
{
	size_t at;
	return !s->set.odd && s->set.count > 0 && s->set.count <= ROOTS_MAX &&
	       (is_copied_plainly(&s->set) ||
		!lopt_evidence_below(s->evidence, lopt_str_from(GATHERED), s->evidence->layers, &at));
}

static enum lopt_status propose(struct staging *s, struct lopt_error *err)
{
	LOPT_TRY(lopt_image_walk(s->evidence->image, see, s, err));
	find_inputs(s);
	if (!change_installs(s) || !are_removals_kept(s))
		return s->maker.failed ? lopt_error_memory(err) : LOPT_OK;
	LOPT_TRY(lopt_write_set_make(&s->set, &s->maker, s->builds, s->leaves, err));
	if (!can_be_written(s))
		return LOPT_OK;
	LOPT_TRY(write_stage(s, err));
	claim_layers(s);
	LOPT_TRY(lopt_packages_read_lists(&s->tools.packages, err));
	LOPT_TRY(lopt_packages_predict(&s->tools.packages, &s->maker, s->tools.by_apt, err));
	return describe(s, err);
}

enum lopt_status lopt_rule_build_stage(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(release_staging)
	struct staging s = { .evidence = evidence, .first = SIZE_MAX };
	lopt_maker_init(&s.maker, evidence, "build-stage", LOPT_LEVEL_AGGRESSIVE);
	s.builds = calloc(evidence->layers + 1, sizeof *s.builds);
	s.leaves = calloc(evidence->layers + 1, sizeof *s.leaves);
	s.seen = calloc(evidence->layers + 1, sizeof *s.seen);
	if (!s.builds || !s.leaves || !s.seen)
		return lopt_error_memory(err);
	if (evidence->first == 0 || evidence->first > evidence->instructions)
		return LOPT_OK;
	LOPT_TRY(find_builds(&s, err));
	if (s.first == SIZE_MAX)
		return LOPT_OK;
	LOPT_TRY(lopt_build_tools_choose(&s.tools, evidence, err));
	return s.tools.count ? propose(&s, err) : LOPT_OK;
}
