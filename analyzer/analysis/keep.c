/* SPDX-License-Identifier: MIT */
#include "analysis/figures.h"

/* Each analysis that looks into files says which; the one that wants most of a file decides. */
static lopt_keep_choice *const choices[] = {
	lopt_packages_keep,
	lopt_known_keep,
	NULL,
};

enum lopt_keep lopt_analysis_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	enum lopt_keep most = LOPT_KEEP_NOTHING;
	for (size_t i = 0; choices[i]; i++) {
		enum lopt_keep keep = choices[i](entry, head);
		most = keep > most ? keep : most;
	}
	return most;
}
