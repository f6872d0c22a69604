/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_DEBIAN_H
#define LAYEROPT_ADVICE_DEBIAN_H

#include "advice/evidence.h"
#include "analysis/needs.h"

/* Debian packages of the image, and whose each path is. Inner to this room. */

enum { LOPT_PATH_KEPT = 1, LOPT_PATH_DROPPED = 2 };

struct lopt_packages {
	struct lopt_evidence *evidence;
	struct lopt_owners owners;
	struct lopt_debian debian;
	struct lopt_needs needs;
	bool known;		/* apt knows who asked for what */
	bool *kept;		/* per package: it stays without recommendations, where every alternative counts */
	bool *strict;		/* per package: it stays where apt takes the first of alternatives */
	bool *wanted;		/* per package: only recommended, but used, so it is asked for */
	bool *used;		/* per package: a command, a script, a program or an R package makes use of it */
	size_t *layer;		/* per package: where its list stands; LOPT_NO_LAYER */
	struct lopt_str *paths; /* sorted: what dpkg's lists name, without the slash in front, usr-merged */
	unsigned char *flags;	/* per path: LOPT_PATH_KEPT, LOPT_PATH_DROPPED */
	size_t path_count, path_cap;
};

LOPT_CHECKED enum lopt_status lopt_packages_read(struct lopt_packages *packages, struct lopt_evidence *evidence,
						 struct lopt_error *err);
void lopt_packages_release(struct lopt_packages *packages);
/** The package that owns the file at `path`; its index, or SIZE_MAX. */
LOPT_CHECKED enum lopt_status lopt_packages_of_path(struct lopt_packages *packages, struct lopt_str path,
						    size_t *package, struct lopt_error *err);
/** Work out `strict`, once `kept` is final; flagged[layer]: the instruction that made it installs without recommendations. */
void lopt_packages_choose(struct lopt_packages *packages, const bool *flagged);
/** It stays, with all it depends on. */
LOPT_CHECKED enum lopt_status lopt_packages_keep_with(struct lopt_packages *packages, size_t package,
						      struct lopt_error *err);
/** It is used; where it is only recommended it is wanted, and kept with what it depends on. Nothing for SIZE_MAX. */
LOPT_CHECKED enum lopt_status lopt_packages_use(struct lopt_packages *packages, size_t package, struct lopt_error *err);
/**
 * Use what has the libraries and modules that files of no package, and scripts in the Dockerfile, ask for; a RUN up to the
 * instruction `behind` does not count, unless that is SIZE_MAX.
 */
LOPT_CHECKED enum lopt_status lopt_packages_want_loaded(struct lopt_packages *packages, size_t behind,
							struct lopt_error *err);
/** Mark what is used as such, and as wanted where it is only recommended; it and what it depends on are kept. */
LOPT_CHECKED enum lopt_status lopt_packages_want(struct lopt_packages *packages, struct lopt_error *err);
/** The same for the commands of one instruction. */
LOPT_CHECKED enum lopt_status lopt_packages_want_commands(struct lopt_packages *packages, size_t instruction,
							  struct lopt_error *err);
/**
 * Once the lists are read: claim the files of packages that do not stay, and write down what changes with them. by_apt[layer]:
 * an instruction that installs made it, and what no list names there was made by scripts of packages.
 */
LOPT_CHECKED enum lopt_status lopt_packages_predict(const struct lopt_packages *packages, struct lopt_maker *maker,
						    const bool *by_apt, struct lopt_error *err);
/** Once `strict` is final: read every package's list. */
LOPT_CHECKED enum lopt_status lopt_packages_read_lists(struct lopt_packages *packages, struct lopt_error *err);
/** LOPT_PATH_*, or 0 for a path that no package's list names. */
unsigned lopt_packages_flags(const struct lopt_packages *packages, struct lopt_str path);
/** The same: only packages that are not strict have it, by their lists or, where it was diverted, by what dpkg says. */
bool lopt_packages_drop(const struct lopt_packages *packages, const struct lopt_node *node);
/** Is a package of this name one to build programs with? (purge.c) */
bool lopt_is_build_tool(struct lopt_str name);

#endif
