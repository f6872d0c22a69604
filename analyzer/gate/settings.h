/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_GATE_SETTINGS_H
#define LAYEROPT_GATE_SETTINGS_H

#include "base/arena.h"
#include "gate/gate.h"

/** What a gate is told to hold an image to: by options, the environment and files, in this order of precedence. */

/** Where a setting comes from; the higher one wins. */
enum lopt_gate_rank { LOPT_RANK_DEFAULT, LOPT_RANK_FILE, LOPT_RANK_ENVIRONMENT, LOPT_RANK_OPTION };

/** The budgets that are one figure against one limit. */
enum lopt_budget {
	LOPT_MAX_SIZE,
	LOPT_MAX_WASTED,
	LOPT_MAX_WASTED_PERCENT,
	LOPT_MAX_RECLAIMABLE,
	LOPT_MIN_EFFICIENCY,
	LOPT_MAX_DUPLICATES,
	LOPT_MAX_LAYERS,
	LOPT_MAX_LAYER_SIZE,
	LOPT_MAX_GROWTH,
	LOPT_MAX_GROWTH_PERCENT,
	LOPT_BUDGETS,
};
/** One row per budget, in this order. The configuration, the options and the documentation go by it. */
struct lopt_budget_kind {
	const char *name;    /* "max-size" */
	const char *measure; /* the figure of docs/metrics.md it is about */
	enum lopt_gate_unit unit;
	bool at_least; /* less than the limit is too little */
	bool growth;   /* against the baseline, of the whole image only */
};
const struct lopt_budget_kind *lopt_budget_kind(enum lopt_budget budget);

struct lopt_gate_limit {
	enum lopt_gate_rank rank; /* LOPT_RANK_DEFAULT: not set */
	uint64_t limit;
	double ratio;
	struct lopt_str origin;
};

/** What max-size and growth measure. */
enum lopt_size_measure { LOPT_MEASURE_CONTENT, LOPT_MEASURE_LAYERS, LOPT_MEASURE_COMPRESSED, LOPT_MEASURE_ROOTFS };
/** "content_bytes", "layer_bytes", "compressed_bytes", "visible_bytes" */
const char *lopt_size_measure_figure(enum lopt_size_measure measure);

/** A budget for what a pattern names. */
struct lopt_pattern_limit {
	struct lopt_str pattern;
	struct lopt_str name, message; /* may be empty */
	uint64_t limit;		       /* bytes; not used for what is forbidden */
	struct lopt_str origin;
};

/** The severity that findings of a rule are to have. */
struct lopt_rule_setting {
	struct lopt_str rule;
	bool off; /* they do not count at all */
	enum lopt_severity severity;
	struct lopt_str origin;
};

struct lopt_gate_list {
	struct lopt_pattern_limit *items;
	size_t count, cap;
};

/** One of the three limits of dive, with its own meaning. */
struct lopt_dive_limit {
	bool set, disabled;
	double ratio;
	uint64_t bytes;
	struct lopt_str origin;
};

/** A word for a setting with its origin. */
struct lopt_gate_word {
	enum lopt_gate_rank rank;
	struct lopt_str text;
	struct lopt_str origin;
};

struct lopt_gate_settings {
	struct lopt_arena arena;
	struct lopt_gate_limit budgets[3][LOPT_BUDGETS]; /* by part */
	struct lopt_gate_limit floor;			 /* waste and growth below this are no reason to fail a ratio */
	enum lopt_size_measure measure;
	struct lopt_gate_word measure_word;
	struct lopt_gate_list paths, packages, forbidden;
	struct lopt_rule_setting *rules;
	size_t rule_count, rule_cap;
	struct lopt_gate_word fail_on, no_new; /* "info", "warning", "error"; "none" or empty: not checked */
	struct lopt_gate_word dockerfile, baseline, base_image, base_layers; /* relative to where they were written */
	struct lopt_gate_ignore *ignores;
	size_t ignore_count, ignore_cap;
	bool has_dive; /* a file of dive was read */
	struct lopt_dive_limit dive_efficiency, dive_wasted, dive_user_wasted;
	struct lopt_str today; /* "2026-11-26": what has expired before it does not count */
};

void lopt_gate_settings_init(struct lopt_gate_settings *settings);
void lopt_gate_settings_release(struct lopt_gate_settings *settings);

/** Where a value was written, for messages and reports, and how much it counts. */
struct lopt_gate_place {
	enum lopt_gate_rank rank;
	const char *text; /* "--max-size", "LAYEROPT_MAX_SIZE", ".layeropt.yaml:12" */
};

/**
 * Set a value by the name it has in the configuration: a budget, "floor", "size-measure", "fail-on", "no-new",
 * "dockerfile", "baseline", "base-image", "base-layers". LOPT_E_USAGE, with the place in front, for a name or value
 * that cannot be.
 */
LOPT_CHECKED enum lopt_status lopt_gate_set(struct lopt_gate_settings *settings, const char *name,
					    enum lopt_gate_part part, const char *value, struct lopt_gate_place place,
					    struct lopt_error *err);
/** The same for options and variables, where "own:10MB" and "base:10MB" name the part. */
LOPT_CHECKED enum lopt_status lopt_gate_set_option(struct lopt_gate_settings *settings, const char *name,
						   const char *value, struct lopt_gate_place place,
						   struct lopt_error *err);

/** Add to a list. `value` is a size, or NULL for what is forbidden. Strings are copied; NULL ones are empty. */
struct lopt_pattern_text {
	const char *pattern, *name, *limit, *message;
};
LOPT_CHECKED enum lopt_status lopt_gate_add_pattern(struct lopt_gate_settings *settings, struct lopt_gate_list *list,
						    const struct lopt_pattern_text *text, struct lopt_gate_place place,
						    struct lopt_error *err);
/** "PATTERN=SIZE" of an option; the last = counts. */
LOPT_CHECKED enum lopt_status lopt_gate_add_budget(struct lopt_gate_settings *settings, struct lopt_gate_list *list,
						   const char *text, struct lopt_gate_place place,
						   struct lopt_error *err);
/** The severity of a rule: "info", "warning", "error" or "off". */
LOPT_CHECKED enum lopt_status lopt_gate_add_rule(struct lopt_gate_settings *settings, const char *rule,
						 const char *severity, struct lopt_gate_place place,
						 struct lopt_error *err);
/** What is not to count. At least one of the first three has to be there, and a reason. */
struct lopt_ignore_text {
	const char *rule, *path, *fingerprint, *reason, *expires;
	uint32_t line; /* of the instruction a pragma is about; 0: not a pragma */
};
LOPT_CHECKED enum lopt_status lopt_gate_add_ignore(struct lopt_gate_settings *settings,
						   const struct lopt_ignore_text *text, struct lopt_gate_place place,
						   struct lopt_error *err);

/** Anything that could fail is set. */
bool lopt_gate_settings_any(const struct lopt_gate_settings *settings);
/** Anything needs a baseline; an origin that does, for the message. */
bool lopt_gate_settings_need_baseline(const struct lopt_gate_settings *settings, struct lopt_str *origin);
/** Anything is about the base image or what is above it. */
bool lopt_gate_settings_need_base(const struct lopt_gate_settings *settings, struct lopt_str *origin);
/** "5%", "0.05"; LOPT_E_USAGE for anything else. `most` is the largest that makes sense, or 0. */
LOPT_CHECKED enum lopt_status lopt_ratio_parse(double *out, const char *text, double most, struct lopt_error *err);
/** A day of the calendar, "2027-01-31". */
bool lopt_gate_day_valid(struct lopt_str text);

#endif
