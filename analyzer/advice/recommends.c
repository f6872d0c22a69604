/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "advice/apt.h"
#include "advice/debian.h"
#include "base/cleanup.h"

/*
 * apt installs what packages recommend. Without that an image is often half as large, and may lack what a program
 * needs all the same: what the Dockerfile itself uses is asked for by name, and the rest is for --test to tell.
 */

/* The edit. */

struct looking {
	struct lopt_maker maker;
	struct lopt_packages packages;
	bool *by_apt;  /* per layer: a RUN that installs made it */
	bool *flagged; /* per layer: that RUN gets the flag */
};

static void release_looking(struct looking *looking)
{
	lopt_maker_release(&looking->maker);
	lopt_packages_release(&looking->packages);
	free(looking->by_apt);
	free(looking->flagged);
}

static bool has_word(const struct lopt_shell_command *command, const char *word)
{
	for (size_t i = 0; i < command->word_count; i++)
		if (memmem(command->words[i].text.ptr, command->words[i].text.len, word, strlen(word)))
			return true;
	return false;
}

/* Packages used although only recommended that this layer brought, for the install command to name. */
static struct lopt_str wanted_in(struct looking *looking, size_t layer)
{
	struct lopt_str names = lopt_str_make("", 0);
	const struct lopt_packages *packages = &looking->packages;
	for (size_t i = 0; i < packages->debian.count; i++)
		if (packages->wanted[i] && packages->layer[i] == layer)
			names = lopt_maker_text(&looking->maker, "%.*s %.*s", LOPT_STR_ARGS(names),
						LOPT_STR_ARGS(packages->debian.packages[i].stanza.package));
	return names;
}

static void flag_run(struct looking *looking, size_t instruction)
{
	const struct lopt_shell *shell = &looking->maker.evidence->shells[instruction];
	size_t layer = looking->maker.evidence->layer_of[instruction], last = SIZE_MAX;
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t verb;
		if (lopt_apt_read(command, &verb) != LOPT_APT_INSTALL)
			continue;
		looking->by_apt[layer] = true;
		if (has_word(command, "-install-recommends") || has_word(command, "Install-Recommends"))
			continue;
		looking->flagged[layer] = true;
		last = i;
		lopt_maker_step(&looking->maker,
				(struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
							 .instruction = instruction,
							 .at = command->words[verb].end,
							 .text = lopt_str_from(" --no-install-recommends") });
	}
	struct lopt_str names = last == SIZE_MAX ? lopt_str_make("", 0) : wanted_in(looking, layer);
	if (!names.len)
		return;
	const struct lopt_shell_command *command = &shell->commands[last];
	lopt_maker_step(&looking->maker, (struct lopt_edit_step){ .kind = LOPT_STEP_REPLACE,
								  .instruction = instruction,
								  .at = command->words[command->word_count - 1].end,
								  .text = names });
}

/* Only what a RUN that gets the flag brought can go; what it depends on stays with it, and so on. */
static enum lopt_status keep_what_others_brought(struct looking *looking, struct lopt_error *err)
{
	struct lopt_packages *packages = &looking->packages;
	for (size_t i = 0; i < packages->debian.count; i++) {
		size_t layer = packages->layer[i];
		if (!packages->kept[i] && (layer == LOPT_NO_LAYER || !looking->flagged[layer]))
			LOPT_TRY(lopt_packages_keep_with(packages, i, err));
	}
	return LOPT_OK;
}

static enum lopt_status describe(struct looking *looking, struct lopt_error *err)
{
	struct lopt_maker *maker = &looking->maker;
	const struct lopt_packages *packages = &looking->packages;
	size_t dropped = 0, wanted = 0;
	for (size_t i = 0; i < packages->debian.count; i++) {
		dropped += !packages->strict[i];
		wanted += packages->wanted[i];
	}
	if (dropped == 0)
		return LOPT_OK;
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.needs_test = true;
	maker->edit.line = lopt_evidence_at(maker->evidence, maker->steps[0].instruction)->line;
	maker->edit.evidence =
		lopt_maker_text(maker,
				"line %u and those behind it install %zu packages, %.*s, that nothing depends on: "
				"others only recommend them.",
				(unsigned)maker->edit.line, dropped, LOPT_STR_ARGS(size));
	maker->edit.change = lopt_maker_text(maker, "Install with --no-install-recommends%s.",
					     wanted ? ", and name those that the Dockerfile uses" : "");
	return lopt_maker_finish(maker, LOPT_EDIT_BYTES_LEAST, err);
}

enum lopt_status lopt_rule_recommends(struct lopt_evidence *evidence, struct lopt_error *err)
{
	LOPT_CLEANUP(release_looking) struct looking looking = { 0 };
	lopt_maker_init(&looking.maker, evidence, "no-recommends", LOPT_LEVEL_STANDARD);
	looking.by_apt = calloc(evidence->layers + 1, sizeof *looking.by_apt);
	looking.flagged = calloc(evidence->layers + 1, sizeof *looking.flagged);
	if (!looking.by_apt || !looking.flagged)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_packages_read(&looking.packages, evidence, err));
	if (!looking.packages.known)
		return LOPT_OK;
	LOPT_TRY(lopt_packages_want(&looking.packages, err));
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		if (lopt_evidence_is_run(evidence, i))
			flag_run(&looking, i);
	LOPT_TRY(keep_what_others_brought(&looking, err));
	lopt_packages_choose(&looking.packages, looking.flagged);
	LOPT_TRY(lopt_packages_read_lists(&looking.packages, err));
	LOPT_TRY(lopt_packages_predict(&looking.packages, &looking.maker, looking.by_apt, err));
	return looking.maker.edit.step_count ? describe(&looking, err) : LOPT_OK;
}
