/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_CONDA_H
#define LAYEROPT_PACKAGE_CONDA_H

#include "package/package.h"

/**
 * conda-meta/NAME-VERSION-BUILD.json of an environment (conda docs, "conda-meta"; conda's PrefixRecord): "name",
 * "version", and "files", relative to the folder that holds conda-meta. The document belongs to its package too.
 */
LOPT_CHECKED enum lopt_status lopt_conda_parse(struct lopt_str text, struct lopt_str path,
					       struct lopt_package_sink *sink, struct lopt_error *err);

#endif
