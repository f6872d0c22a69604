/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_PLUGIN_H
#define LAYEROPT_CLI_PLUGIN_H

#include <stdbool.h>

#include "layeropt/status.h"

/**
 * The program under the name docker-layeropt is a plugin of docker's client, which runs it for "docker layeropt ...":
 * with its own options and the plugin's name in front of the words for the plugin.
 */

/**
 * Is argv[0] that name? Then this is a plugin from here on; docker's own words are taken out, and those of its options that
 * say which engine is meant go into the environment, for the docker that is asked for an image.
 */
LOPT_CHECKED enum lopt_status lopt_plugin_enter(int *argc, char ***argv, struct lopt_error *err);
bool lopt_plugin_active(void);
/** What a user writes to start it: "layeropt", or "docker layeropt". */
const char *lopt_program(void);
/** Answers "docker-cli-plugin-metadata". */
LOPT_CHECKED enum lopt_status lopt_plugin_describe(struct lopt_error *err);

#endif
