/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_BUILD_TOOLS_H
#define LAYEROPT_ADVICE_BUILD_TOOLS_H

#include "advice/debian.h"

/*
 * Which packages an image would not have whose builds run elsewhere: tools that its instructions name and nothing that
 * stays in it uses, with all that came for them only. Inner to this room.
 */

struct lopt_build_tools {
	struct lopt_packages packages; /* `strict`: it stays */
	bool *by_apt;		       /* per layer: a RUN that installs made it */
	bool *flagged;		       /* per layer: without recommendations */
	bool *given_up;		       /* per package: its name goes out of the command that installs it */
	bool *held;		       /* per package: what stays uses it, so it is named in its place */
	size_t count;		       /* packages that go; 0: nothing else is known */
};

/** A RUN with evidence->staged is one that runs elsewhere. On success the caller releases. */
LOPT_CHECKED enum lopt_status lopt_build_tools_choose(struct lopt_build_tools *out, struct lopt_evidence *evidence,
						      struct lopt_error *err);
void lopt_build_tools_release(struct lopt_build_tools *tools);

/**
 * Does the RUN compile: by the name of a program that comes from such a package, or by one of those that call a compiler
 * when they install, and a program or library in its layer?
 */
LOPT_CHECKED enum lopt_status lopt_build_tools_used(bool *out, struct lopt_packages *packages, size_t instruction,
						    struct lopt_error *err);

/**
 * Steps that take the names of tools out of the commands that install them, and name what is held; the edit's line.
 * gone[instruction]: nothing is left of that RUN. False where a command would be left that installs nothing: then there
 * is no such edit. (build_installs.c)
 */
bool lopt_build_tools_rewrite(const struct lopt_build_tools *tools, struct lopt_maker *maker, bool *gone);

/** The package that a word of "apt-get install" names: "gcc" of "gcc=4:12.2.0-3", "gcc:amd64"; empty for an option. */
struct lopt_str lopt_install_name(const struct lopt_shell_word *word);

#endif
