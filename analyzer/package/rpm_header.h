/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_RPM_HEADER_H
#define LAYEROPT_PACKAGE_RPM_HEADER_H

#include "package/teller.h"

/**
 * One installed package as rpm's databases hold it: a header without its magic (rpm, "RPM V4 package format",
 * "Header format"; lib/rpmtag.h). Big-endian: the number of index entries, the bytes of data, then entries of tag,
 * type, offset and count, then the data. Tells the package as NAME and [EPOCH:]VERSION-RELEASE, and the files it put
 * there: no ghosts, and none that another package replaced or that was left out when it was installed.
 *
 * LOPT_E_INPUT when it is damaged: then nothing was told.
 */
LOPT_CHECKED enum lopt_status lopt_rpm_header_tell(struct lopt_teller *teller, struct lopt_str blob,
						   struct lopt_error *err);

#endif
