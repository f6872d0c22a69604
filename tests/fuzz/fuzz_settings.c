/* SPDX-License-Identifier: MIT */
/* The first byte tells what the rest is: a .layeropt.yaml, a .dive-ci, a Dockerfile with pragmas, or values of options. */
#include <stdlib.h>

#include "fuzz/harness.h"
#include "gate/config.h"

/* Whatever is set holds what reports take for granted. */
static void check(const struct lopt_gate_settings *settings)
{
	for (size_t part = 0; part < 3; part++) {
		for (size_t i = 0; i < LOPT_BUDGETS; i++) {
			const struct lopt_gate_limit *limit = &settings->budgets[part][i];
			MUST(!limit->rank || (limit->origin.ptr && limit->ratio >= 0));
		}
	}
	for (size_t i = 0; i < settings->ignore_count; i++) {
		const struct lopt_gate_ignore *ignore = &settings->ignores[i];
		MUST(ignore->reason.len && (ignore->rule.len || ignore->path.len || ignore->fingerprint.len));
		MUST(!ignore->expires.len || lopt_gate_day_valid(ignore->expires));
	}
	for (size_t i = 0; i < settings->rule_count; i++)
		MUST(lopt_rule_name_known(settings->rules[i].rule.ptr));
}

static enum lopt_status read_options(struct lopt_gate_settings *settings, struct lopt_str text, struct lopt_error *err)
{
	static const char *const names[] = { "max-wasted-percent", "max-layers", "no-new", "floor", "baseline" };
	const struct lopt_gate_place place = { LOPT_RANK_OPTION, "--option" };
	char *value = strndup(text.ptr, text.len);
	if (!value)
		return lopt_error_memory(err);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)!lopt_gate_set_option(settings, names[i], value, place, err);
	(void)!lopt_gate_add_rule(settings, value, "error", place, err);
	enum lopt_status status = lopt_gate_add_budget(settings, &settings->paths, value, place, err);
	free(value);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lopt_gate_settings settings;
	struct lopt_error err = { 0 };
	if (size == 0)
		return 0;
	struct lopt_str text = lopt_str_make((const char *)data + 1, size - 1);
	enum lopt_status status;
	lopt_gate_settings_init(&settings);
	switch (data[0] % 4) {
	case 0:
		status = lopt_gate_config_read(&settings, "dir/.layeropt.yaml", text, &err);
		break;
	case 1:
		status = lopt_gate_dive_read(&settings, ".dive-ci", text, &err);
		break;
	case 2:
		status = lopt_gate_pragmas_read(&settings, "Dockerfile", text, &err);
		break;
	default:
		status = read_options(&settings, text, &err);
		break;
	}
	MUST(status == LOPT_OK || (err.status == status && err.message[0]));
	MUST(status == LOPT_OK || status == LOPT_E_USAGE || status == LOPT_E_INPUT || status == LOPT_E_LIMIT);
	check(&settings);
	lopt_gate_settings_release(&settings);
	return 0;
}
