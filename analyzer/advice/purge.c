/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "advice/apt.h"
#include "advice/debian.h"
#include "base/cleanup.h"

/*
 * Compilers and headers that a RUN installs, uses and no later instruction needs: purged at its end, with all that was
 * only there for them. Whoever builds in the container misses them, so this goes farthest.
 */

bool lopt_is_build_tool(struct lopt_str name)
{
	static const char *const patterns[] = { "gcc",	       "gcc-*",		  "g++",      "g++-*",
						"cpp",	       "cpp-*",		  "gfortran", "gfortran-*",
						"clang",       "clang-*",	  "make",     "cmake",
						"ninja-build", "meson",		  "autoconf", "automake",
						"libtool",     "bison",		  "flex",     "pkg-config",
						"pkgconf",     "build-essential", "dpkg-dev", "debhelper",
						"*-dev",       "*-headers-*" };
	char text[256];
	if (snprintf(text, sizeof text, "%.*s", LOPT_STR_ARGS(name)) >= (int)sizeof text)
		return false;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
		if (fnmatch(patterns[i], text, 0) == 0)
			return true;
	return false;
}

struct looking {
	struct lopt_maker maker;
	struct lopt_packages packages;
	bool *by_apt;	/* per layer: a RUN that installs made it */
	bool *given_up; /* per package: a tool that this RUN was asked for and no later one uses */
	bool *held;	/* per package: only tools brought it, but something that stays uses it */
};

static void release_looking(struct looking *looking)
{
	lopt_maker_release(&looking->maker);
	lopt_packages_release(&looking->packages);
	free(looking->by_apt);
	free(looking->given_up);
	free(looking->held);
}

/* The tools this RUN was asked for and nobody uses behind it count as nobody's wish from now on. Were there any? */
static bool give_up_tools(struct looking *looking, size_t layer)
{
	struct lopt_packages *packages = &looking->packages;
	bool any = false;
	for (size_t i = 0; i < packages->debian.count; i++) {
		struct lopt_debian_package *package = &packages->debian.packages[i];
		looking->given_up[i] = !package->automatic && !packages->used[i] && packages->layer[i] == layer &&
				       !lopt_dpkg_is_kept(&package->stanza) &&
				       lopt_is_build_tool(package->stanza.package);
		package->automatic |= looking->given_up[i];
		any |= looking->given_up[i];
	}
	return any;
}

static struct lopt_str names_of(struct looking *looking, const bool *chosen, bool strict)
{
	const struct lopt_packages *packages = &looking->packages;
	struct lopt_str names = lopt_str_make("", 0);
	for (size_t i = 0; i < packages->debian.count; i++)
		if (chosen[i] && packages->strict[i] == strict)
			names = lopt_maker_text(&looking->maker, "%.*s %.*s", LOPT_STR_ARGS(names),
						LOPT_STR_ARGS(packages->debian.packages[i].stanza.package));
	return names;
}

/* Those that nothing else needs, as words: with one that is needed, what needs it would be purged, too. */
static struct lopt_str names_of_tools(struct looking *looking)
{
	return names_of(looking, looking->given_up, false);
}

/* apt removes what nothing depends on, recommends or suggests any more. */
static enum lopt_status find_unneeded(struct looking *looking, size_t *count, struct lopt_error *err)
{
	struct lopt_packages *packages = &looking->packages;
	lopt_needs_release(&packages->needs);
	packages->needs = (struct lopt_needs){ 0 };
	LOPT_TRY(lopt_needs_find(&packages->needs, &packages->debian, err));
	*count = 0;
	for (size_t i = 0; packages->needs.needs && i < packages->debian.count; i++) {
		packages->strict[i] = packages->needs.needs[i] != LOPT_NEED_NONE;
		*count += !packages->strict[i];
	}
	return LOPT_OK;
}

/* What a program that was built loads would go with the headers it was built with: it becomes somebody's wish. */
static enum lopt_status hold_used(struct looking *looking, size_t *count, struct lopt_error *err)
{
	struct lopt_packages *packages = &looking->packages;
	bool any = false;
	for (size_t i = 0; i < packages->debian.count; i++) {
		looking->held[i] = packages->used[i] && !packages->strict[i] && !looking->given_up[i];
		packages->debian.packages[i].automatic &= !looking->held[i];
		any |= looking->held[i];
	}
	return any ? find_unneeded(looking, count, err) : LOPT_OK;
}

/* A RUN in front of it is over; what starts the container may be said anywhere. */
static enum lopt_status use_later(struct looking *looking, size_t behind, struct lopt_error *err)
{
	const struct lopt_evidence *evidence = looking->maker.evidence;
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		if (i > behind || evidence->keywords[i] != LOPT_KEYWORD_RUN)
			LOPT_TRY(lopt_packages_want_commands(&looking->packages, i, err));
	return lopt_packages_want_loaded(&looking->packages, behind, err);
}

static enum lopt_status propose(struct looking *looking, size_t instruction, size_t count, struct lopt_error *err)
{
	struct lopt_maker *maker = &looking->maker;
	struct lopt_str names = names_of_tools(looking), held = names_of(looking, looking->held, true);
	if (held.len)
		held = lopt_maker_text(maker, "apt-mark manual%.*s && ", LOPT_STR_ARGS(held));
	if (!names.len)
		return maker->failed ? lopt_error_memory(err) : LOPT_OK;
	LOPT_TRY(lopt_packages_read_lists(&looking->packages, err));
	LOPT_TRY(lopt_packages_predict(&looking->packages, maker, looking->by_apt, err));
	/* apt makes it anew where the instruction has removed all lists */
	lopt_maker_effect(maker, lopt_str_from("var/lib/apt/lists/auxfiles"), LOPT_ASPECT_ADDED, false);
	lopt_maker_step(maker, (struct lopt_edit_step){
				       .kind = LOPT_STEP_APPEND,
				       .instruction = instruction,
				       .text = lopt_maker_text(maker, "%.*sapt-get purge -y --auto-remove%.*s",
							       LOPT_STR_ARGS(held), LOPT_STR_ARGS(names)),
			       });
	struct lopt_str size = lopt_maker_size(maker, lopt_maker_bytes(maker));
	maker->edit.needs_test = true;
	maker->edit.line = lopt_evidence_at(maker->evidence, instruction)->line;
	maker->edit.evidence = lopt_maker_text(
		maker, "line %u ships %.*s of tools to build with that no later instruction uses: %zu packages.",
		(unsigned)maker->edit.line, LOPT_STR_ARGS(size), count);
	maker->edit.change = lopt_str_from("Purge them at the end of the same instruction.");
	return lopt_maker_finish(maker, lopt_evidence_least(maker->evidence, 1000), err);
}

static enum lopt_status look_at_run(struct lopt_evidence *evidence, size_t instruction, struct lopt_error *err)
{
	LOPT_CLEANUP(release_looking) struct looking looking = { 0 };
	size_t count = 0;
	lopt_maker_init(&looking.maker, evidence, "purge-build-tools", LOPT_LEVEL_AGGRESSIVE);
	looking.by_apt = calloc(evidence->layers + 1, sizeof *looking.by_apt);
	if (!looking.by_apt)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_packages_read(&looking.packages, evidence, err));
	if (!looking.packages.known)
		return LOPT_OK;
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		if (lopt_evidence_installs(evidence, i))
			looking.by_apt[evidence->layer_of[i]] = true;
	LOPT_TRY(use_later(&looking, instruction, err));
	looking.given_up = calloc(looking.packages.debian.count + 1, sizeof *looking.given_up);
	looking.held = calloc(looking.packages.debian.count + 1, sizeof *looking.held);
	if (!looking.given_up || !looking.held)
		return lopt_error_memory(err);
	if (!give_up_tools(&looking, evidence->layer_of[instruction]))
		return LOPT_OK;
	enum lopt_status status = find_unneeded(&looking, &count, err);
	if (status == LOPT_OK && count)
		status = hold_used(&looking, &count, err);
	if (status == LOPT_END || (status == LOPT_OK && count == 0))
		return LOPT_OK;
	return status == LOPT_OK ? propose(&looking, instruction, count, err) : status;
}

enum lopt_status lopt_rule_purge(struct lopt_evidence *evidence, struct lopt_error *err)
{
	for (size_t i = evidence->first; i < evidence->instructions; i++)
		if (lopt_evidence_installs(evidence, i))
			LOPT_TRY(look_at_run(evidence, i, err));
	return LOPT_OK;
}
