/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_APK_H
#define LAYEROPT_PACKAGE_APK_H

#include "package/package.h"

/**
 * Alpine's lib/apk/db/installed (apk-tools, "Apk spec": installed database V2, which apk 3 keeps). A record per
 * package, ended by an empty line; a line is a letter, a colon and a value: P name, V version, F a folder, R a file
 * in the folder named last, whatever its type. Other letters are passed over.
 */
LOPT_CHECKED enum lopt_status lopt_apk_parse(struct lopt_str text, struct lopt_str path, struct lopt_package_sink *sink,
					     struct lopt_error *err);

#endif
