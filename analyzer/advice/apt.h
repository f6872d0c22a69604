/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_ADVICE_APT_H
#define LAYEROPT_ADVICE_APT_H

#include "advice/evidence.h"

/* Inner to this room. */

enum lopt_apt {
	LOPT_APT_NOTHING, /* no command of apt, or one that reads no lists */
	LOPT_APT_UPDATE,
	LOPT_APT_INSTALL,
	LOPT_APT_NEEDS_LISTS,
};
/** What a command does with apt; *verb is the index of the word "install", "update", ... */
enum lopt_apt lopt_apt_read(const struct lopt_shell_command *command, size_t *verb);
/** Is it a RUN with a command of apt that installs? */
bool lopt_evidence_installs(const struct lopt_evidence *evidence, size_t instruction);

#endif
