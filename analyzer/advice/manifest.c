/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/commits.h"
#include "advice/evidence.h"
#include "base/cleanup.h"
#include "layer/path.h"

/*
 * A COPY of everything, then a RUN that installs what a manifest names: each change of a source installs all again. With the
 * manifest copied by itself and first, only a change of the manifest does.
 */

enum { MANIFESTS_MAX = 8, GAIN_PERCENT = 10 };

/* An installer, the word that makes it install, and the files it reads. */
static const struct installer {
	const char *program, *verb;
	const char *manifests[MANIFESTS_MAX];
} installers[] = {
	{ "npm", "ci", { "package.json", "package-lock.json", ".npmrc" } },
	{ "npm", "install", { "package.json", "package-lock.json", ".npmrc" } },
	{ "yarn", "install", { "package.json", "yarn.lock", ".yarnrc.yml" } },
	{ "pnpm", "install", { "package.json", "pnpm-lock.yaml", ".npmrc" } },
	{ "pip", "-r", { "requirements.txt" } },
	{ "pip3", "-r", { "requirements.txt" } },
	{ "go", "download", { "go.mod", "go.sum" } },
	{ "bundle", "install", { "Gemfile", "Gemfile.lock" } },
	{ "composer", "install", { "composer.json", "composer.lock" } },
	{ "cargo", "fetch", { "Cargo.toml", "Cargo.lock" } },
};

static bool has_word(const struct lopt_shell_command *command, const char *word)
{
	for (size_t i = 0; i < command->word_count; i++)
		if (lopt_str_is(command->words[i].text, word))
			return true;
	return false;
}

/* A RUN that does nothing but install: it reads no source, as far as its words tell. */
static const struct installer *installer_of(const struct lopt_evidence *evidence, size_t run)
{
	const struct lopt_shell *shell = &evidence->shells[run];
	if (!lopt_evidence_is_run(evidence, run) || shell->count != 1 || shell->commands[0].redirected)
		return NULL;
	const struct lopt_shell_command *command = &shell->commands[0];
	size_t word;
	struct lopt_str program = lopt_command_program(command, &word);
	if (has_word(command, ".") || has_word(command, "-e") || has_word(command, "--editable"))
		return NULL;
	for (size_t i = 0; i < sizeof installers / sizeof installers[0]; i++)
		if (lopt_str_is(program, installers[i].program) && has_word(command, installers[i].verb))
			return &installers[i];
	return NULL;
}

/* "COPY . DEST" or "COPY dir DEST", plain. */
static bool is_copy_of_all(const struct lopt_evidence *evidence, size_t copy)
{
	const struct lopt_instruction *at = lopt_evidence_at(evidence, copy);
	return evidence->keywords[copy] == LOPT_KEYWORD_COPY && evidence->layer_of[copy] != LOPT_NO_LAYER &&
	       at->word_count == 2 && !at->flag_count && !at->heredoc_count && !at->json &&
	       !memchr(at->words[0].ptr, '$', at->words[0].len) && !memchr(at->words[0].ptr, '*', at->words[0].len);
}

/* Its RUN, with nothing between but what writes no file and leaves the COPY's paths what they are. */
static size_t run_behind(const struct lopt_evidence *evidence, size_t copy)
{
	struct lopt_str to = lopt_evidence_at(evidence, copy)->words[1];
	bool absolute = to.len && to.ptr[0] == '/';
	for (size_t i = copy + 1; i < evidence->instructions; i++) {
		if (evidence->keywords[i] == LOPT_KEYWORD_RUN)
			return i;
		if (evidence->keywords[i] == LOPT_KEYWORD_WORKDIR && !absolute)
			return SIZE_MAX;
		if (evidence->layer_of[i] != LOPT_NO_LAYER || evidence->keywords[i] == LOPT_KEYWORD_FROM ||
		    evidence->keywords[i] == LOPT_KEYWORD_COPY || evidence->keywords[i] == LOPT_KEYWORD_ADD)
			return SIZE_MAX;
	}
	return SIZE_MAX;
}

struct found {
	struct lopt_str from, to;	      /* the COPY's words; `from` without a slash at its end */
	struct lopt_str folder;		      /* `from` in the context: "" or "a/b" */
	const char *manifests[MANIFESTS_MAX]; /* those it brings */
	size_t count;
};

static enum lopt_status find_manifests(struct lopt_maker *maker, size_t copy, const struct installer *installer,
				       struct found *out, struct lopt_error *err)
{
	struct lopt_evidence *evidence = maker->evidence;
	const struct lopt_instruction *at = lopt_evidence_at(evidence, copy);
	struct lopt_str to = lopt_maker_path(maker, copy, at->words[1]);
	*out = (struct found){ .from = at->words[0], .to = at->words[1] };
	struct lopt_clean_path clean;
	struct lopt_error unheard;
	while (out->from.len > 1 && out->from.ptr[out->from.len - 1] == '/')
		out->from.len--;
	enum lopt_status status =
		out->from.len ? lopt_path_clean(&clean, evidence->arena, out->from, lopt_limits_default(), &unheard)
			      : LOPT_END;
	if (status == LOPT_E_MEMORY)
		return lopt_error_memory(err);
	if (status != LOPT_OK || clean.dotdot)
		return LOPT_OK;
	out->folder = clean.path;
	for (size_t i = 0; i < MANIFESTS_MAX && installer->manifests[i]; i++) {
		size_t layer;
		struct lopt_str path = lopt_maker_text(maker, "%.*s%s%s", LOPT_STR_ARGS(to), to.len ? "/" : "",
						       installer->manifests[i]);
		const struct lopt_entry *entry =
			lopt_evidence_below(evidence, path, evidence->layer_of[copy] + 1, &layer);
		if (entry && layer == evidence->layer_of[copy] && entry->type == LOPT_FILE)
			out->manifests[out->count++] = installer->manifests[i];
	}
	return maker->failed ? lopt_error_memory(err) : LOPT_OK;
}

bool lopt_is_manifest(struct lopt_str name)
{
	for (size_t i = 0; i < sizeof installers / sizeof installers[0]; i++)
		for (size_t j = 0; j < MANIFESTS_MAX && installers[i].manifests[j]; j++)
			if (lopt_str_is(name, installers[i].manifests[j]))
				return true;
	return false;
}

static bool is_found(const struct found *found, struct lopt_str path)
{
	bool inside = lopt_str_equal(lopt_path_parent(path), found->folder);
	for (size_t i = 0; inside && i < found->count; i++)
		if (lopt_str_is(lopt_path_base(path), found->manifests[i]))
			return true;
	return false;
}

/* Of the commits looked at, how many change one of the manifests. */
static size_t count_commits(const struct lopt_commits *commits, const struct found *found)
{
	size_t count = 0, last = SIZE_MAX;
	for (size_t i = 0; i < commits->manifest_count; i++) {
		const struct lopt_manifest_change *change = &commits->manifests[i];
		if (change->commit == last || !is_found(found, change->path))
			continue;
		last = change->commit;
		count++;
	}
	return count;
}

static size_t count_changes(const struct lopt_commits *commits, const struct lopt_evidence *evidence, size_t copy)
{
	size_t count = 0, bit = copy - (evidence->first - 1);
	for (size_t i = 0; i < commits->count && bit < 64; i++)
		count += (commits->changed[i] >> bit) & 1;
	return count;
}

static void split_copy(struct lopt_maker *maker, size_t copy, size_t run, const struct found *found)
{
	struct lopt_str line = lopt_str_from("COPY");
	bool all = lopt_str_is(found->from, ".");
	for (size_t i = 0; i < found->count; i++)
		line = all ? lopt_maker_text(maker, "%.*s %s", LOPT_STR_ARGS(line), found->manifests[i])
			   : lopt_maker_text(maker, "%.*s %.*s/%s", LOPT_STR_ARGS(line), LOPT_STR_ARGS(found->from),
					     found->manifests[i]);
	bool slash = found->to.len && found->to.ptr[found->to.len - 1] == '/';
	line = lopt_maker_text(maker, "%.*s %.*s%s", LOPT_STR_ARGS(line), LOPT_STR_ARGS(found->to), slash ? "" : "/");
	lopt_maker_step(maker,
			(struct lopt_edit_step){ .kind = LOPT_STEP_MOVE, .instruction = copy, .other = run + 1 });
	lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_INSERT, .instruction = run, .text = line });
}

static enum lopt_status look_at_copy(struct lopt_evidence *evidence, const double *seconds, size_t copy,
				     struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	const struct lopt_commits *commits = evidence->input->commits;
	size_t run = is_copy_of_all(evidence, copy) ? run_behind(evidence, copy) : SIZE_MAX;
	const struct installer *installer = run == SIZE_MAX ? NULL : installer_of(evidence, run);
	struct found found;
	lopt_maker_init(&maker, evidence, "manifest-first", LOPT_LEVEL_STANDARD);
	if (!installer)
		return LOPT_OK;
	LOPT_TRY(find_manifests(&maker, copy, installer, &found, err));
	if (found.count == 0)
		return LOPT_OK;
	size_t often = count_changes(commits, evidence, copy), rare = count_commits(commits, &found);
	maker.edit.seconds_before = seconds[run] * (double)often / (double)commits->count;
	maker.edit.seconds_after = seconds[run] * (double)rare / (double)commits->count;
	if (maker.edit.seconds_before <= 0 ||
	    maker.edit.seconds_after > maker.edit.seconds_before * (100 - GAIN_PERCENT) / 100)
		return LOPT_OK;
	split_copy(&maker, copy, run, &found);
	maker.edit.line = lopt_evidence_at(evidence, copy)->line;
	maker.edit.evidence = lopt_maker_text(
		&maker,
		"line %u changes in %zu of the last %zu commits, what line %u installs from it in %zu: it takes %.1f s.",
		(unsigned)maker.edit.line, often, commits->count, (unsigned)lopt_evidence_at(evidence, run)->line, rare,
		seconds[run]);
	maker.edit.change = lopt_str_from("Copy the manifest by itself, install, and then copy the rest.");
	return lopt_maker_finish(&maker, 0, err);
}

enum lopt_status lopt_rule_manifest(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) double *seconds = NULL;
	const struct lopt_plan_input *input = evidence->input;
	if (!input->commits || input->commits->count == 0)
		return LOPT_OK;
	LOPT_TRY(lopt_evidence_seconds(evidence, &seconds, err));
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		LOPT_TRY(look_at_copy(evidence, seconds, i, err));
	return LOPT_OK;
}
