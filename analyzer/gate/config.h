/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_GATE_CONFIG_H
#define LAYEROPT_GATE_CONFIG_H

#include "gate/settings.h"

/** Files that settings come from. Each gives what options and the environment have not set. */

/**
 * Take the settings of a .layeropt.yaml. `name` is its path, for messages and because the files it names are relative
 * to it. LOPT_E_USAGE says "NAME:LINE: WHAT".
 */
LOPT_CHECKED enum lopt_status lopt_gate_config_read(struct lopt_gate_settings *settings, const char *name,
						    struct lopt_str text, struct lopt_error *err);
/**
 * Take the three limits of a .dive-ci, as dive (v0.13) reads it: keys it does not know are passed over, "disabled" turns
 * a limit off, and one that is not named has dive's default.
 */
LOPT_CHECKED enum lopt_status lopt_gate_dive_read(struct lopt_gate_settings *settings, const char *name,
						  struct lopt_str text, struct lopt_error *err);
/**
 * Take the comments of a Dockerfile that say what is not to count, in front of the instruction they are about:
 * "# layeropt ignore=RULE[,RULE...] [expires=DATE] -- REASON".
 */
LOPT_CHECKED enum lopt_status lopt_gate_pragmas_read(struct lopt_gate_settings *settings, const char *name,
						     struct lopt_str text, struct lopt_error *err);

#endif
