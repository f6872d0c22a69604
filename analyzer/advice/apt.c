/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/apt.h"
#include "base/cleanup.h"

static const char lists[] = "var/lib/apt/lists/";

/* What a command of apt does. */
enum lopt_apt lopt_apt_read(const struct lopt_shell_command *command, size_t *verb)
{
	static const struct {
		const char *verb;
		enum lopt_apt does;
	} verbs[] = {
		{ "update", LOPT_APT_UPDATE },
		{ "install", LOPT_APT_INSTALL },
		{ "reinstall", LOPT_APT_INSTALL },
		{ "satisfy", LOPT_APT_INSTALL },
		{ "build-dep", LOPT_APT_NEEDS_LISTS },
		{ "upgrade", LOPT_APT_NEEDS_LISTS },
		{ "dist-upgrade", LOPT_APT_NEEDS_LISTS },
		{ "full-upgrade", LOPT_APT_NEEDS_LISTS },
		{ "source", LOPT_APT_NEEDS_LISTS },
		{ "download", LOPT_APT_NEEDS_LISTS },
		{ "changelog", LOPT_APT_NEEDS_LISTS },
		{ "policy", LOPT_APT_NEEDS_LISTS },
		{ "show", LOPT_APT_NEEDS_LISTS },
		{ "search", LOPT_APT_NEEDS_LISTS },
		{ "madison", LOPT_APT_NEEDS_LISTS },
	};
	size_t word;
	struct lopt_str program = lopt_command_program(command, &word);
	if (lopt_str_is(program, "apt-cache") || lopt_str_is(program, "apt-file") || lopt_str_is(program, "aptitude"))
		return LOPT_APT_NEEDS_LISTS;
	if (!lopt_str_is(program, "apt-get") && !lopt_str_is(program, "apt"))
		return LOPT_APT_NOTHING;
	for (size_t i = word + 1; i < command->word_count; i++)
		for (size_t j = 0; j < sizeof verbs / sizeof verbs[0]; j++)
			if (lopt_str_is(command->words[i].text, verbs[j].verb)) {
				*verb = i;
				return verbs[j].does;
			}
	return LOPT_APT_NOTHING;
}

bool lopt_evidence_installs(const struct lopt_evidence *evidence, size_t instruction)
{
	for (size_t i = 0; lopt_evidence_is_run(evidence, instruction) && i < evidence->shells[instruction].count;
	     i++) {
		size_t verb;
		if (lopt_apt_read(&evidence->shells[instruction].commands[i], &verb) == LOPT_APT_INSTALL)
			return true;
	}
	return false;
}

/* apt lists. */

struct run {
	bool lists;   /* its layer has some */
	bool needs;   /* a command of it reads them */
	bool updates; /* before that */
	size_t at;    /* the first command that reads them */
	bool only;    /* it does nothing but update, and its layer has nothing else */
};

static bool layer_has(const struct lopt_layer *layer, const char *prefix)
{
	for (size_t i = 0; i < layer->entry_count; i++)
		if (layer->entries[i].inode != LOPT_NO_INODE && layer->entries[i].size &&
		    lopt_str_starts(layer->entries[i].path, prefix))
			return true;
	return false;
}

/* Files that any run of apt leaves. */
static bool is_only_lists(const struct lopt_layer *layer)
{
	static const char *const others[] = { "var/cache/apt/", "var/log/apt/", "var/lib/apt/" };
	for (size_t i = 0; i < layer->entry_count; i++) {
		const struct lopt_entry *entry = &layer->entries[i];
		bool known = entry->type == LOPT_DIR;
		for (size_t j = 0; !known && j < sizeof others / sizeof others[0]; j++)
			known = lopt_str_starts(entry->path, others[j]);
		if (!known || entry->flags & (LOPT_ENTRY_WHITEOUT | LOPT_ENTRY_OPAQUE))
			return false;
	}
	return true;
}

static struct run look_at(const struct lopt_evidence *evidence, size_t instruction)
{
	struct run run = { .only = true };
	const struct lopt_shell *shell = &evidence->shells[instruction];
	for (size_t i = 0; i < shell->count; i++) {
		size_t verb;
		enum lopt_apt does = lopt_apt_read(&shell->commands[i], &verb);
		run.only &= does == LOPT_APT_UPDATE;
		if (does == LOPT_APT_UPDATE && !run.needs && shell->commands[i].join != LOPT_SHELL_OR)
			run.updates = true;
		if ((does == LOPT_APT_INSTALL || does == LOPT_APT_NEEDS_LISTS) && !run.needs) {
			run.needs = true;
			run.at = i;
		}
	}
	size_t layer = evidence->layer_of[instruction];
	if (layer != LOPT_NO_LAYER) {
		run.lists = layer_has(lopt_image_layer(evidence->image, layer), lists);
		run.only &= is_only_lists(lopt_image_layer(evidence->image, layer));
	}
	return run;
}

/* "apt-get update && " in front of the first command that needs the lists, in the way that one is written. */
static void insert_update(struct lopt_maker *maker, size_t instruction, const struct run *run)
{
	const struct lopt_shell_command *command = &maker->evidence->shells[instruction].commands[run->at];
	struct lopt_str source = lopt_evidence_at(maker->evidence, instruction)->source;
	size_t word;
	(void)lopt_command_program(command, &word);
	bool simple = command->depth == 0 && command->join != LOPT_SHELL_OR && command->join != LOPT_SHELL_PIPE &&
		      word < command->word_count && command->words[0].at == command->at;
	if (simple) {
		struct lopt_str front = lopt_str_make(source.ptr + command->at, command->words[word].end - command->at);
		simple = memchr(front.ptr, '\n', front.len) == NULL &&
			 lopt_str_is(command->words[word].text, "apt-get");
		if (simple)
			lopt_maker_step(maker,
					(struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
								 .instruction = instruction,
								 .at = command->at,
								 .text = lopt_maker_text(maker, "%.*s update && ",
											 LOPT_STR_ARGS(front)) });
	}
	if (!simple)
		lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_PREPEND,
								.instruction = instruction,
								.text = lopt_str_from("apt-get update") });
}

static bool is_claimed_here(const struct lopt_maker *maker, const struct lopt_node *node)
{
	for (size_t i = 0; i < maker->edit.claim_count; i++)
		if (maker->claims[i].layer == node->inode_layer->index && maker->claims[i].inode == node->inode)
			return true;
	return false;
}

static enum lopt_status predict_lists(void *context, const struct lopt_node *node, struct lopt_error *err)
{
	struct lopt_maker *maker = context;
	(void)err;
	/* the instruction that does nothing else goes whole, with the index and the log of apt */
	bool claimed = node->inode_layer && is_claimed_here(maker, node);
	if (claimed || lopt_str_starts(node->path, lists))
		lopt_maker_effect(maker, node->path, LOPT_ASPECT_REMOVED | (claimed ? LOPT_ASPECT_CONTENT : 0), false);
	return LOPT_OK;
}

static void claim_lists(struct lopt_maker *maker, size_t index, bool all)
{
	const struct lopt_layer *layer = lopt_image_layer(maker->evidence->image, index);
	for (size_t i = 0; i < layer->entry_count; i++)
		if (layer->entries[i].inode != LOPT_NO_INODE && (all || lopt_str_starts(layer->entries[i].path, lists)))
			lopt_maker_claim(maker, index, layer->entries[i].inode);
}

/* Whether lists that an earlier layer brought are gone for an instruction that needs them. */
static enum lopt_status change_runs(struct lopt_maker *maker, struct lopt_str *why)
{
	struct lopt_evidence *evidence = maker->evidence;
	bool before = false;
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		if (evidence->keywords[i] != LOPT_KEYWORD_RUN)
			continue;
		const struct lopt_instruction *instruction = lopt_evidence_at(evidence, i);
		if (!evidence->shells[i].understood) {
			if (before && memmem(instruction->source.ptr, instruction->source.len, "apt", 3))
				*why = lopt_maker_text(maker, "the commands of line %u, which use apt, cannot be read",
						       (unsigned)instruction->line);
			continue;
		}
		struct run run = look_at(evidence, i);
		bool insert = before && run.needs && !run.updates;
		if (run.lists && !maker->edit.line)
			maker->edit.line = instruction->line;
		bool whole = run.only && !run.needs;
		if (run.lists)
			claim_lists(maker, evidence->layer_of[i], whole);
		if (run.lists && whole)
			lopt_maker_step(maker, (struct lopt_edit_step){ .kind = LOPT_STEP_DROP, .instruction = i });
		else if (run.lists || insert)
			lopt_maker_step(maker,
					(struct lopt_edit_step){ .kind = LOPT_STEP_REMOVE,
								 .instruction = i,
								 .text = lopt_str_from("/var/lib/apt/lists/*") });
		if (insert)
			insert_update(maker, i, &run);
		before |= run.lists;
	}
	return LOPT_OK;
}

enum lopt_status lopt_rule_apt_lists(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_maker_release) struct lopt_maker maker;
	struct lopt_str why = lopt_str_make("", 0);
	lopt_maker_init(&maker, evidence, "apt-lists", LOPT_LEVEL_SAFE);
	LOPT_TRY(change_runs(&maker, &why));
	if (maker.edit.claim_count == 0)
		return LOPT_OK;
	LOPT_TRY(lopt_image_walk(evidence->image, predict_lists, &maker, err));
	struct lopt_str size = lopt_maker_size(&maker, lopt_maker_bytes(&maker));
	maker.edit.evidence = lopt_maker_text(&maker, "line %u and those behind it ship %.*s of package lists.",
					      (unsigned)maker.edit.line, LOPT_STR_ARGS(size));
	maker.edit.change = lopt_str_from("Update in the instruction that installs, and remove the lists at its end.");
	if (why.len) {
		maker.edit.state = LOPT_EDIT_DROPPED;
		maker.edit.why = why;
	}
	return lopt_maker_finish(&maker, LOPT_EDIT_BYTES_LEAST, err);
}
