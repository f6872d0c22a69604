/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_NPM_H
#define LAYEROPT_PACKAGE_NPM_H

#include "package/package.h"

/**
 * The package.json of a folder in node_modules (npm docs, "package.json"; "folders"), told as a tree: what lies in a
 * node_modules inside it are packages of their own. One without a name is left out.
 */
LOPT_CHECKED enum lopt_status lopt_npm_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					     struct lopt_error *err);

#endif
