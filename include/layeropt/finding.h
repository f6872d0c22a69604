/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_FINDING_H
#define LAYEROPT_FINDING_H

#include <stddef.h>
#include <stdint.h>

#include "layeropt/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum lopt_severity { LOPT_INFO = 0, LOPT_WARNING, LOPT_ERROR };

/** "info", "warning", "error" */
const char *lopt_severity_name(enum lopt_severity severity);

/** How far a change that follows the advice goes. */
enum lopt_level { LOPT_LEVEL_NONE = 0, LOPT_LEVEL_SAFE, LOPT_LEVEL_STANDARD, LOPT_LEVEL_AGGRESSIVE };

/** "safe", "standard", "aggressive"; NULL for none (a finding that proposes nothing) */
const char *lopt_level_name(enum lopt_level level);

/** The rules findings can have, in byte order; NULL past the last. */
const char *lopt_rule_name_at(size_t index);
bool lopt_rule_name_known(const char *name);
/** One sentence that says what its findings are about; NULL for another name. */
const char *lopt_rule_what(const char *name);

struct lopt_waste_row;

/** One thing worth telling. Strings may hold raw bytes of the image; reports escape them. */
struct lopt_finding {
	const char *rule; /* stable name, kebab-case */
	enum lopt_severity severity;
	enum lopt_level level;
	struct lopt_str message;      /* one line for people */
	struct lopt_str advice;	      /* what to change, in words; empty when there is nothing */
	uint64_t bytes;		      /* what it costs; 0 when it is not about bytes */
	size_t layer;		      /* LOPT_NO_LAYER when it belongs to none */
	uint32_t line;		      /* of the Dockerfile, from 1; 0 when not known */
	const struct lopt_str *paths; /* examples, in byte order */
	size_t path_count;
	struct lopt_str largest;	    /* the path that costs most; empty when it is not about bytes of several */
	const struct lopt_waste_row *waste; /* the largest of the rows it sums up; NULL when it is not about waste */
	char fingerprint
		[33]; /* 32 hex digits over the rule and the instructions, so that they survive a moved line and other sizes; no two findings have the same */
};

#ifdef __cplusplus
}
#endif
#endif
