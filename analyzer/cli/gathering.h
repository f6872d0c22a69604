/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_CLI_GATHERING_H
#define LAYEROPT_CLI_GATHERING_H

#include "base/buf.h"
#include "cli/option.h"
#include "gate/settings.h"

/** Where `gate` finds its settings: options, LAYEROPT_* variables, .layeropt.yaml or .dive-ci, the Dockerfile. */
struct lopt_gathering {
	struct lopt_gate_settings settings;
	const char *config, *dive; /* files that were named; NULL: they are searched for */
	bool no_config;
	struct lopt_buf config_path, dive_path; /* that were read; empty: none */
	struct lopt_buf dockerfile;		/* its bytes */
};

void lopt_gathering_init(struct lopt_gathering *gathering);
void lopt_gathering_release(struct lopt_gathering *gathering);

/**
 * Give the variables LAYEROPT_NAME of a command's options that take a value to `take`, --format, --output and --limit
 * aside. The name of the variable is lent to `origin` meanwhile.
 */
LOPT_CHECKED enum lopt_status lopt_environment_take(const struct lopt_option *table, lopt_option_take *take,
						    void *context, struct lopt_buf *origin, struct lopt_error *err);

/** Options and variables are taken: read the files. */
LOPT_CHECKED enum lopt_status lopt_gathering_finish(struct lopt_gathering *gathering, struct lopt_error *err);

/** Print every setting that holds, a line each, with where it comes from. */
LOPT_CHECKED enum lopt_status lopt_settings_print(const struct lopt_gate_settings *settings, struct lopt_error *err);

#endif
