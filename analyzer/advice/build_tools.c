/* SPDX-License-Identifier: MIT */
#include "advice/build_tools.h"

#include <stdlib.h>

#include "advice/apt.h"
#include "base/cleanup.h"

void lopt_build_tools_release(struct lopt_build_tools *tools)
{
	lopt_packages_release(&tools->packages);
	free(tools->by_apt);
	free(tools->flagged);
	free(tools->given_up);
	free(tools->held);
}

/* --- who compiles --- */

/* R CMD INSTALL, pip install, gem install, ... */
static bool is_installer(struct lopt_str program)
{
	static const char *const names[] = { "R", "Rscript", "pip", "pip3", "gem", "bundle", "npm", "yarn", "cpanm" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (lopt_str_is(program, names[i]))
			return true;
	return false;
}

static bool wrote_program(const struct lopt_packages *packages, size_t index)
{
	const struct lopt_layer *layer = lopt_image_layer(packages->evidence->image, index);
	for (size_t i = 0; i < layer->kept_count; i++)
		if (layer->kept[i].what == LOPT_KEEP_SECTIONS &&
		    packages->owners.inodes[index][layer->kept[i].inode] == LOPT_NO_OWNER)
			return true;
	return false;
}

enum lopt_status lopt_build_tools_used(bool *out, struct lopt_packages *packages, size_t instruction,
				       struct lopt_error *err)
{
	const struct lopt_evidence *evidence = packages->evidence;
	const struct lopt_shell *shell = &evidence->shells[instruction];
	*out = false;
	memset(packages->used, 0, packages->debian.count * sizeof *packages->used);
	LOPT_TRY(lopt_packages_want_commands(packages, instruction, err));
	for (size_t i = 0; i < packages->debian.count; i++)
		*out |= packages->used[i] && lopt_is_build_tool(packages->debian.packages[i].stanza.package);
	for (size_t i = 0; i < shell->count && !*out; i++) {
		size_t word;
		*out = is_installer(lopt_command_program(&shell->commands[i], &word)) &&
		       wrote_program(packages, evidence->layer_of[instruction]);
	}
	return LOPT_OK;
}

/* --- what is named --- */

struct lopt_str lopt_install_name(const struct lopt_shell_word *word)
{
	size_t len = 0;
	while (len < word->text.len && word->text.ptr[len] != '=' && word->text.ptr[len] != '/' &&
	       word->text.ptr[len] != ':')
		len++;
	bool option = word->text.len && word->text.ptr[0] == '-';
	return lopt_str_make(word->text.ptr, option || !word->literal ? 0 : len);
}

static bool names(const struct lopt_shell_command *command, size_t verb, struct lopt_str package)
{
	for (size_t i = verb + 1; i < command->word_count; i++)
		if (lopt_str_equal(lopt_install_name(&command->words[i]), package))
			return true;
	return false;
}

static bool is_named_by(const struct lopt_evidence *evidence, size_t layer, struct lopt_str package)
{
	size_t instruction = layer == LOPT_NO_LAYER ? SIZE_MAX : evidence->instruction_of[layer];
	bool found = false;
	for (size_t i = 0; lopt_evidence_is_run(evidence, instruction) && i < evidence->shells[instruction].count;
	     i++) {
		const struct lopt_shell_command *command = &evidence->shells[instruction].commands[i];
		size_t verb;
		found |= lopt_apt_read(command, &verb) == LOPT_APT_INSTALL && names(command, verb, package);
	}
	return found;
}

/* --- what goes --- */

/* Named for the builds only; from now on nobody's wish. */
static bool give_up(struct lopt_build_tools *tools)
{
	struct lopt_packages *packages = &tools->packages;
	bool any = false;
	for (size_t i = 0; i < packages->debian.count; i++) {
		struct lopt_debian_package *package = &packages->debian.packages[i];
		struct lopt_str name = package->stanza.package;
		tools->given_up[i] = !package->automatic && !packages->used[i] &&
				     !lopt_dpkg_is_kept(&package->stanza) && lopt_is_build_tool(name) &&
				     is_named_by(packages->evidence, packages->layer[i], name);
		package->automatic |= tools->given_up[i];
		any |= tools->given_up[i];
	}
	return any;
}

static bool is_ours(const struct lopt_build_tools *tools, size_t package)
{
	size_t layer = tools->packages.layer[package];
	return layer != LOPT_NO_LAYER && tools->by_apt[layer];
}

/* A RUN that installs a package installs what it recommends; of what was there before nobody asks. */
static enum lopt_status add_recommended(struct lopt_build_tools *tools, bool *added, struct lopt_error *err)
{
	struct lopt_packages *packages = &tools->packages;
	*added = false;
	for (size_t i = 0; i < packages->debian.count; i++) {
		if (!packages->kept[i] || !is_ours(tools, i) || tools->flagged[packages->layer[i]])
			continue;
		for (size_t e = packages->needs.first[i]; e < packages->needs.first[i + 1]; e++) {
			const struct lopt_need_edge *edge = &packages->needs.edges[e];
			if (edge->strength < LOPT_NEED_RECOMMENDED || packages->kept[edge->to])
				continue;
			LOPT_TRY(lopt_packages_keep_with(packages, edge->to, err));
			*added = true;
		}
	}
	return LOPT_OK;
}

/* What apt would install without them. */
static enum lopt_status find_staying(struct lopt_build_tools *tools, struct lopt_error *err)
{
	struct lopt_packages *packages = &tools->packages;
	bool added = true;
	lopt_needs_release(&packages->needs);
	packages->needs = (struct lopt_needs){ 0 };
	LOPT_TRY(lopt_needs_find(&packages->needs, &packages->debian, err));
	for (size_t i = 0; packages->needs.needs && i < packages->debian.count; i++)
		packages->kept[i] = packages->needs.needs[i] == LOPT_NEED_REQUIRED || !is_ours(tools, i);
	while (added)
		LOPT_TRY(add_recommended(tools, &added, err));
	lopt_packages_choose(packages, tools->flagged);
	tools->count = 0;
	for (size_t i = 0; i < packages->debian.count; i++)
		tools->count += !packages->strict[i];
	return LOPT_OK;
}

/* What was built loads a library that came with the headers: it becomes somebody's wish. */
static bool hold_used(struct lopt_build_tools *tools)
{
	struct lopt_packages *packages = &tools->packages;
	bool any = false;
	for (size_t i = 0; i < packages->debian.count; i++) {
		tools->held[i] = packages->used[i] && !packages->strict[i] && !tools->given_up[i] &&
				 packages->layer[i] != LOPT_NO_LAYER;
		packages->debian.packages[i].automatic &= !tools->held[i];
		any |= tools->held[i];
	}
	return any;
}

static bool is_flagged(const struct lopt_shell *shell)
{
	for (size_t i = 0; i < shell->count; i++) {
		const struct lopt_shell_command *command = &shell->commands[i];
		size_t verb;
		if (lopt_apt_read(command, &verb) != LOPT_APT_INSTALL)
			continue;
		bool flagged = false;
		for (size_t j = 0; j < command->word_count; j++)
			flagged |= lopt_str_is(command->words[j].text, "--no-install-recommends");
		if (!flagged)
			return false;
	}
	return true;
}

static void look_at_runs(struct lopt_build_tools *tools)
{
	const struct lopt_evidence *evidence = tools->packages.evidence;
	for (size_t i = evidence->first; i < evidence->instructions; i++) {
		if (!lopt_evidence_installs(evidence, i))
			continue;
		tools->by_apt[evidence->layer_of[i]] = true;
		tools->flagged[evidence->layer_of[i]] = is_flagged(&evidence->shells[i]);
	}
}

static enum lopt_status choose(struct lopt_build_tools *tools, struct lopt_evidence *evidence, struct lopt_error *err)
{
	struct lopt_packages *packages = &tools->packages;
	LOPT_TRY(lopt_packages_read(packages, evidence, err));
	tools->by_apt = calloc(evidence->layers + 1, sizeof *tools->by_apt);
	tools->flagged = calloc(evidence->layers + 1, sizeof *tools->flagged);
	tools->given_up = calloc(packages->debian.count + 1, sizeof *tools->given_up);
	tools->held = calloc(packages->debian.count + 1, sizeof *tools->held);
	if (!tools->by_apt || !tools->flagged || !tools->given_up || !tools->held)
		return lopt_error_memory(err);
	if (!packages->known)
		return LOPT_OK;
	look_at_runs(tools);
	LOPT_TRY(lopt_packages_want(packages, err));
	if (!give_up(tools))
		return LOPT_OK;
	enum lopt_status status = find_staying(tools, err);
	if (status == LOPT_OK && hold_used(tools))
		status = find_staying(tools, err);
	if (status == LOPT_END) /* too many relations to tell */
		tools->count = 0;
	return status == LOPT_END ? LOPT_OK : status;
}

enum lopt_status lopt_build_tools_choose(struct lopt_build_tools *out, struct lopt_evidence *evidence,
					 struct lopt_error *err)
{
	*out = (struct lopt_build_tools){ 0 };
	enum lopt_status status = choose(out, evidence, err);
	if (status != LOPT_OK)
		lopt_build_tools_release(out);
	return status;
}
