/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_DEBIAN_H
#define LAYEROPT_ANALYSIS_DEBIAN_H

#include "analysis/owners.h"
#include "package/dpkg.h"

/**
 * The packages that dpkg has installed in the final filesystem, by the database it has there. Private to this room.
 */
struct lopt_debian_package {
	struct lopt_dpkg_stanza stanza; /* borrowed from the image */
	struct lopt_str sums;		/* where its checksums stand; empty: it has a list */
	struct lopt_str name;		/* as it is told: NAME, or NAME:ARCH where NAME is there for several */
	uint32_t owner;
	size_t position; /* in the database */
	bool automatic;	 /* apt remembers that nobody asked for it */
};

struct lopt_debian {
	struct lopt_debian_package *packages; /* by name, then architecture */
	size_t count, cap;
	struct lopt_str architecture; /* the machine's own; empty when unknown */
	bool knows_automatic;	      /* apt's states are there */
};

void lopt_debian_release(struct lopt_debian *debian);

/**
 * Add the packages of a status file. `sums` is where the checksums of its package stand, borrowed; empty where
 * packages have lists.
 */
LOPT_CHECKED enum lopt_status lopt_debian_add(struct lopt_debian *debian, struct lopt_str status, struct lopt_str sums,
					      struct lopt_error *err);

/** Add the packages of dpkg's own status file, put all in order, and claim their files. */
LOPT_CHECKED enum lopt_status lopt_debian_read(struct lopt_debian *debian, struct lopt_owners *owners,
					       struct lopt_error *err);

/** The package whose list stands at `path`, if it is one at all; else NULL. */
struct lopt_debian_package *lopt_debian_of_list(const struct lopt_debian *debian, struct lopt_str path);

#endif
