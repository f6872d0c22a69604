/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/evidence.h"
#include "base/cleanup.h"

/*
 * What a COPY takes along from a working directory and no container needs: the history of a repository, settings and caches
 * of tools. A line of .dockerignore keeps it out of the build context.
 */

static const struct {
	const char *name;
	const char *tool; /* a later command that reads it: then it stays */
} table[] = {
	{ ".git", "git" },	   { ".hg", "hg" },
	{ ".svn", "svn" },	   { ".bzr", "bzr" },
	{ ".idea", NULL },	   { ".vscode", NULL },
	{ ".pytest_cache", NULL }, { ".mypy_cache", NULL },
	{ ".ruff_cache", NULL },   { ".ipynb_checkpoints", NULL },
	{ ".tox", NULL },	   { ".nox", NULL },
	{ ".Rproj.user", NULL },   { ".Rhistory", NULL },
	{ ".DS_Store", NULL },	   { "Thumbs.db", NULL },
};

/* Is it a component of the path? */
static bool has_component(struct lopt_str path, const char *name)
{
	size_t len = strlen(name);
	for (size_t at = 0; at < path.len;) {
		const char *slash = memchr(path.ptr + at, '/', path.len - at);
		size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
		if (end - at == len && memcmp(path.ptr + at, name, len) == 0)
			return true;
		at = end + 1;
	}
	return false;
}

/* COPY and ADD of the build context. */
static bool takes_context(const struct lopt_evidence *evidence, size_t instruction)
{
	enum lopt_keyword keyword = evidence->keywords[instruction];
	const struct lopt_instruction *at = lopt_evidence_at(evidence, instruction);
	if ((keyword != LOPT_KEYWORD_COPY && keyword != LOPT_KEYWORD_ADD) ||
	    evidence->layer_of[instruction] == LOPT_NO_LAYER)
		return false;
	for (size_t i = 0; i < at->flag_count; i++)
		if (lopt_str_starts(at->flags[i], "--from="))
			return false;
	return true;
}

/* A command runs the tool, or an instruction names the file, in whatever stage: all have the same context. */
static bool is_read(const struct lopt_evidence *evidence, size_t row)
{
	const char *name = table[row].name;
	for (size_t i = 0; i < evidence->instructions; i++) {
		struct lopt_str source = lopt_evidence_at(evidence, i)->source;
		if (memmem(source.ptr, source.len, name, strlen(name)))
			return true;
		const char *tool = table[row].tool;
		if (!tool || evidence->keywords[i] != LOPT_KEYWORD_RUN)
			continue;
		bool known = evidence->shells[i].understood;
		if (known ? lopt_shell_find(&evidence->shells[i], tool, 0) != SIZE_MAX
			  : memmem(source.ptr, source.len, tool, strlen(tool)) != NULL)
			return true;
	}
	return false;
}

struct looking {
	struct lopt_maker maker;
	const char *name;
	bool *copied; /* per layer */
};

static void release_looking(struct looking *looking)
{
	lopt_maker_release(&looking->maker);
	free(looking->copied);
}

/* A later chown may have copied it: what is not there is not copied either. */
static enum lopt_status predict(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct looking *looking = context;
	struct lopt_evidence *evidence = looking->maker.evidence;
	const struct lopt_entry *entry;
	size_t layer = evidence->layers;
	bool copied = node->layer != LOPT_NO_LAYER && looking->copied[node->layer];
	(void)err;
	if (!has_component(node->path, looking->name))
		return LOPT_OK;
	while (!copied && lopt_evidence_below(evidence, node->path, layer, &layer))
		copied = looking->copied[layer];
	if (!copied)
		return LOPT_OK;
	lopt_maker_effect(&looking->maker, node->path, LOPT_ASPECT_REMOVED, false);
	layer = evidence->layers;
	while (node->inode_layer && (entry = lopt_evidence_below(evidence, node->path, layer, &layer)))
		if (entry->inode != LOPT_NO_INODE && !looking->copied[layer] &&
		    evidence->instruction_of[layer] != SIZE_MAX)
			lopt_maker_claim(&looking->maker, layer, entry->inode);
	return LOPT_OK;
}

static void claim_layer(struct looking *looking, const struct lopt_layer *layer)
{
	for (size_t i = 0; i < layer->entry_count; i++)
		if (layer->entries[i].inode != LOPT_NO_INODE && has_component(layer->entries[i].path, looking->name))
			lopt_maker_claim(&looking->maker, layer->index, layer->entries[i].inode);
}

/* docker's classic builder reads the context's own .dockerignore, which a COPY of all takes along. */
static void expect_own_file(struct lopt_maker *maker, size_t copy)
{
	const struct lopt_instruction *at = lopt_evidence_at(maker->evidence, copy);
	struct lopt_str to = at->word_count ? lopt_maker_path(maker, copy, at->words[at->word_count - 1])
					    : lopt_str_make("", 0);
	if (maker->evidence->input->builder != LOPT_BUILDER_LEGACY || memchr(to.ptr, '$', to.len))
		return;
	lopt_maker_effect(maker, lopt_maker_text(maker, "%.*s%s.dockerignore", LOPT_STR_ARGS(to), to.len ? "/" : ""),
			  LOPT_ASPECT_ADDED | LOPT_ASPECT_CONTENT, false);
}

static enum lopt_status look(struct lopt_evidence *evidence, size_t row, struct lopt_error *err)
{
	LOPT_CLEANUP(release_looking) struct looking looking = { .name = table[row].name };
	struct lopt_maker *maker = &looking.maker;
	lopt_maker_init(maker, evidence, "build-context", LOPT_LEVEL_STANDARD);
	looking.copied = calloc(evidence->layers + 1, sizeof *looking.copied);
	if (!looking.copied)
		return lopt_error_memory(err);
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		size_t before = maker->edit.claim_count;
		if (!takes_context(evidence, i))
			continue;
		looking.copied[evidence->layer_of[i]] = true;
		expect_own_file(maker, i);
		claim_layer(&looking, lopt_image_layer(evidence->image, evidence->layer_of[i]));
		if (maker->edit.claim_count > before && !maker->edit.line)
			maker->edit.line = lopt_evidence_at(evidence, i)->line;
	}
	if (maker->edit.claim_count == 0 || is_read(evidence, row))
		return LOPT_OK;
	LOPT_TRY(lopt_image_walk(evidence->image, predict, &looking, err));
	lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_IGNORE,
							.instruction = SIZE_MAX,
							.text = lopt_maker_text(maker, "**/%s", table[row].name) });
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.needs_test = true;
	maker->edit.evidence = lopt_maker_text(maker, "line %u ships %.*s of %s from the build context.",
					       (unsigned)maker->edit.line, LOPT_STR_ARGS(size), table[row].name);
	maker->edit.change = lopt_maker_text(maker, "Name it in .dockerignore: **/%s", table[row].name);
	return lopt_maker_finish(maker, lopt_evidence_least(evidence, 100), err);
}

enum lopt_status lopt_rule_context(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		LOPT_TRY(look(evidence, i, err));
	return LOPT_OK;
}
