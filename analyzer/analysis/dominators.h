/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ANALYSIS_DOMINATORS_H
#define LAYEROPT_ANALYSIS_DOMINATORS_H

#include <stddef.h>
#include <stdint.h>

#include "layeropt/status.h"

/**
 * Dominators of a graph: node D dominates node N when every way from node 0 to N passes through D, so that without D
 * there would be no N. Private to this room.
 */
struct lopt_graph {
	size_t count;	     /* nodes */
	const size_t *first; /* count + 1: where the successors of each node start in `successors` */
	const uint32_t *successors;
};

#define LOPT_NO_DOMINATOR UINT32_MAX

/**
 * The closest dominator of each node, into dominators[count]; LOPT_NO_DOMINATOR for node 0 and for what it does not
 * lead to. order[count] gets the nodes it leads to, *reached many, each after its dominator. Takes time nearly
 * proportional to the edges (Lengauer and Tarjan, 1979).
 */
LOPT_CHECKED enum lopt_status lopt_dominators_find(const struct lopt_graph *graph, uint32_t *dominators,
						   uint32_t *order, size_t *reached, struct lopt_error *err);

#endif
