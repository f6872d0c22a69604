/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_GATE_EVALUATE_H
#define LAYEROPT_GATE_EVALUATE_H

#include "gate/gate.h"
#include "gate/settings.h"

/**
 * Hold an analysis to the settings. The analyses and the settings are borrowed and have to outlive the result. The
 * baseline may be NULL; what needs one is then skipped. On success the caller releases *out. LOPT_E_INPUT for an image
 * that not every engine loads.
 */
LOPT_CHECKED enum lopt_status lopt_gate_evaluate(struct lopt_gate_result *out,
						 const struct lopt_gate_settings *settings,
						 const struct lopt_analysis *analysis,
						 const struct lopt_analysis *baseline, struct lopt_error *err);
void lopt_gate_result_release(struct lopt_gate_result *result);

#endif
