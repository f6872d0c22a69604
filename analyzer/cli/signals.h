/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_SIGNALS_H
#define LAYEROPT_CLI_SIGNALS_H

/**
 * INT, TERM and HUP end the run in order, and nothing is left behind; a second one ends it at once. PIPE and XFSZ are
 * ignored: writing then fails with an error that is told.
 */
void lopt_signals_install(void);
/** The signal that came, or 0. */
int lopt_signals_caught(void);

#endif
