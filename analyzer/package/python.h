/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_PYTHON_H
#define LAYEROPT_PACKAGE_PYTHON_H

#include "base/buf.h"
#include "package/package.h"

/**
 * Python's installed distributions. Name and version are those in the name of the metadata folder, as written:
 * NAME-VERSION.dist-info (PEP 376, binary distribution format), NAME-VERSION[-pyX.Y[-PLATFORM]].egg-info or .egg
 * (setuptools, "The Internal Structure of Python Eggs"). A folder without a version belongs to a source tree.
 */

/** *.dist-info/RECORD (PEP 376, PEP 627): CSV whose first field is a path, relative to where the folder lies. */
LOPT_CHECKED enum lopt_status lopt_python_parse_record(struct lopt_str text, struct lopt_str path,
						       struct lopt_package_sink *sink, struct lopt_error *err);

/** *.egg-info/installed-files.txt, as pip wrote it up to 20: a path per line, relative to the folder itself. */
LOPT_CHECKED enum lopt_status lopt_python_parse_installed_files(struct lopt_str text, struct lopt_str path,
								struct lopt_package_sink *sink, struct lopt_error *err);

/** *.egg-info/top_level.txt, for want of a list of files: a module per line, a folder or one file beside the folder. */
LOPT_CHECKED enum lopt_status lopt_python_parse_top_level(struct lopt_str text, struct lopt_str path,
							  struct lopt_package_sink *sink, struct lopt_error *err);

/** *.egg/EGG-INFO/PKG-INFO: everything in the egg. */
LOPT_CHECKED enum lopt_status lopt_python_parse_egg(struct lopt_str text, struct lopt_str path,
						    struct lopt_package_sink *sink, struct lopt_error *err);

/**
 * The source that the cached bytecode at `path` was compiled from, appended to `source`: a/b.py for
 * a/__pycache__/b.cpython-311.opt-1.pyc (PEP 3147, PEP 488). False for any other path: nothing is appended.
 * Bytecode that no database lists belongs to whom its source belongs.
 */
bool lopt_python_source(struct lopt_buf *source, struct lopt_str path);

#endif
