/* SPDX-License-Identifier: MIT */
#include "analysis/figures.h"

/* Each analysis that looks into files says which; the one that wants most of a file decides. */
static lopt_keep_choice *const choices[] = {
	lopt_packages_keep,
	lopt_known_keep,
	lopt_credentials_keep,
	NULL,
};

/* Who wants content gets it: sections are no more than figures, and an executable file may be a database. */
static unsigned rank(enum lopt_keep keep)
{
	static const unsigned ranks[] = {
		[LOPT_KEEP_NOTHING] = 0, [LOPT_KEEP_LOOK] = 1, [LOPT_KEEP_SECTIONS] = 2,
		[LOPT_KEEP_HEAD] = 3,	 [LOPT_KEEP_ALL] = 5,  [LOPT_KEEP_USES] = 4,
	};
	return ranks[keep];
}

enum lopt_keep lopt_analysis_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	enum lopt_keep most = LOPT_KEEP_NOTHING;
	for (size_t i = 0; choices[i]; i++) {
		enum lopt_keep keep = choices[i](entry, head);
		most = rank(keep) > rank(most) ? keep : most;
	}
	return most;
}
