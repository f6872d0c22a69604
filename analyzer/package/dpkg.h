/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PACKAGE_DPKG_H
#define LAYEROPT_PACKAGE_DPKG_H

#include <stdbool.h>

#include "layeropt/str.h"

/**
 * dpkg's database, and what apt remembers beside it (deb-control(5), deb-version(7), dpkg(1)). Each function goes
 * through a text that an image may have made up: it allocates nothing and cannot fail, strings are borrowed from the
 * text, and what is not understood is passed over.
 */

#define LOPT_DPKG_STATUS "var/lib/dpkg/status"
#define LOPT_DPKG_STATUS_FOLDER "var/lib/dpkg/status.d/" /* distroless: a file of one stanza for each package */
#define LOPT_DPKG_SUMS_SUFFIX ".md5sums"		 /* beside it there: what the package holds */
#define LOPT_DPKG_INFO_FOLDER "var/lib/dpkg/info/"	 /* NAME.list or NAME:ARCH.list */
#define LOPT_DPKG_LIST_SUFFIX ".list"
#define LOPT_DPKG_DIVERSIONS "var/lib/dpkg/diversions"
#define LOPT_APT_STATES "var/lib/apt/extended_states"

/** Whether the database has a file at this path, read by one of the functions below. Asked for every entry. */
bool lopt_dpkg_has_file(struct lopt_str path);

/** One stanza of a status file, or of apt's states. Fields that are not there are empty. */
struct lopt_dpkg_stanza {
	struct lopt_str package, version, architecture, multi_arch, status, priority;
	struct lopt_str pre_depends, depends, recommends, suggests, provides;
	struct lopt_str essential, important, protected_field; /* "yes" */
	struct lopt_str auto_installed;			       /* "1" */
};

/** Cut the next stanza that names a package off the front of `text`; false at the end. */
bool lopt_dpkg_stanza_next(struct lopt_str *text, struct lopt_dpkg_stanza *stanza);
/** Its files are there: it is neither removed nor was it only selected. */
bool lopt_dpkg_is_unpacked(const struct lopt_dpkg_stanza *stanza);
/** What apt never removes on its own, whoever asked for it: essential, protected, required, held. */
bool lopt_dpkg_is_kept(const struct lopt_dpkg_stanza *stanza);

enum lopt_dpkg_operator {
	LOPT_DPKG_ANY, /* no version is asked for */
	LOPT_DPKG_EARLIER,
	LOPT_DPKG_EARLIER_EQUAL,
	LOPT_DPKG_EQUAL,
	LOPT_DPKG_LATER_EQUAL,
	LOPT_DPKG_LATER,
};

/** One package of a relation field: "NAME:ARCH (>= VERSION)". */
struct lopt_dpkg_relation {
	struct lopt_str name, architecture, version; /* the latter two may be empty */
	enum lopt_dpkg_operator operator;
	bool alternative; /* to the one before: "|" stands between them */
};

/** Cut the next one off the front of the field's value; false at the end. */
bool lopt_dpkg_relation_next(struct lopt_str *field, struct lopt_dpkg_relation *relation);

/** Less than, equal to or greater than 0, as dpkg orders versions. */
int lopt_dpkg_version_compare(struct lopt_str a, struct lopt_str b);
/** Whether `version` is what the relation asks for; an empty one satisfies only a relation that asks for none. */
bool lopt_dpkg_version_fits(struct lopt_str version, const struct lopt_dpkg_relation *relation);

/** The next path of a list, as written: with a slash in front, folders too. */
bool lopt_dpkg_list_next(struct lopt_str *text, struct lopt_str *path);
/** The next path of a file of checksums: relative to the root, files only. */
bool lopt_dpkg_sums_next(struct lopt_str *text, struct lopt_str *path);

/** A path of which packages other than `package` get the file `to` in place of `from`. */
struct lopt_dpkg_diversion {
	struct lopt_str from, to;
	struct lopt_str package; /* ":" is none: made by hand */
};
bool lopt_dpkg_diversion_next(struct lopt_str *text, struct lopt_dpkg_diversion *diversion);

#endif
