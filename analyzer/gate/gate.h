/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_GATE_GATE_H
#define LAYEROPT_GATE_GATE_H

#include "base/arena.h"
#include "compare/growth.h"
#include "layeropt/analysis.h"

/** What a gate found: every budget with its figure, what became of each finding, what grew since the baseline. */

enum lopt_gate_unit { LOPT_UNIT_BYTES, LOPT_UNIT_COUNT, LOPT_UNIT_RATIO };

/** Whose bytes a budget is about. Own and base are told apart by --base or --base-layers. */
enum lopt_gate_part { LOPT_PART_IMAGE, LOPT_PART_OWN, LOPT_PART_BASE };
/** "image", "own", "base" */
const char *lopt_gate_part_name(enum lopt_gate_part part);

enum lopt_gate_verdict { LOPT_GATE_HELD, LOPT_GATE_EXCEEDED, LOPT_GATE_SKIPPED };
/** "held", "exceeded", "skipped" */
const char *lopt_gate_verdict_name(enum lopt_gate_verdict verdict);

/** One budget, held against its figure. */
struct lopt_gate_check {
	const char *budget; /* stable: "max-size", "path", "package", "forbidden", "fail-on", "no-new", ... */
	enum lopt_gate_part part;
	struct lopt_str name;	 /* what a budget for paths or packages is called, or its pattern; else empty */
	struct lopt_str message; /* what its author has to say to who exceeds it; may be empty */
	struct lopt_str origin;	 /* "--max-size", "LAYEROPT_MAX_SIZE", ".layeropt.yaml:12", "default" */
	const char *measure;	 /* the figure of docs/metrics.md: "content_bytes", "wasted_bytes", ... */
	enum lopt_gate_unit unit;
	uint64_t limit, actual;		  /* of bytes and counts */
	double limit_ratio, actual_ratio; /* of ratios */
	bool at_least;			  /* less than the limit is too little (min-efficiency) */
	enum lopt_gate_verdict verdict;
	const char *skipped;	/* why it was not checked; a literal */
	uint64_t ignored_bytes; /* left out of the figure, for findings that are ignored */
	bool has_true_bytes;	/* dive's own figure was held against dive's limit; the true one is beside it */
	uint64_t true_bytes;
	double true_ratio;
	/* of one that is exceeded: */
	struct lopt_str cause; /* one sentence that names what answers for most of it; may hold raw bytes; may be empty */
	size_t layer;	       /* whose instruction that is, or LOPT_NO_LAYER */
	size_t made_by;	       /* the layer that holds the bytes where `layer` only hides them, or LOPT_NO_LAYER */
	uint32_t line;	       /* of the Dockerfile; 0 when not known */
	const struct lopt_str *paths; /* examples of what is forbidden, or counts most; in byte order */
	size_t path_count;
};
/** One sentence that says what it means that a budget of this name is exceeded; NULL for another name. */
const char *lopt_gate_budget_what(const char *budget);
/** By how much it is exceeded; 0 for one that is not, and for ratios. */
uint64_t lopt_gate_check_excess(const struct lopt_gate_check *check);

/** One line of the configuration, or of the Dockerfile, that says what is not to count. */
struct lopt_gate_ignore {
	struct lopt_str rule, path, fingerprint; /* empty: any */
	struct lopt_str reason;
	struct lopt_str expires; /* "2027-01-31", or empty */
	struct lopt_str origin;	 /* ".layeropt.yaml:31", "Dockerfile:12" */
	uint32_t line;		 /* of a pragma: the instruction it is about; 0 otherwise */
	bool expired;		 /* so it does not count any more */
	size_t findings;	 /* that it covers; 0: it is of no use */
	uint64_t bytes;		 /* of them */
};

/** What became of a finding of the analysis. */
struct lopt_gate_finding {
	const struct lopt_finding *finding;
	enum lopt_severity severity; /* as the configuration wants it */
	struct lopt_str file;	     /* of waste that is told by its directory: the largest file of it; else empty */
	const struct lopt_gate_ignore *ignore;	/* that keeps all of it from counting; NULL: none */
	uint64_t ignored_bytes;			/* of it: all, or what is under the paths that an ignore names */
	const struct lopt_gate_ignore *expired; /* that would, had it not expired; NULL: none */
	bool off;				/* its rule is turned off */
	bool of_base;				/* its bytes are the base image's: it does not count */
	bool is_new;				/* there is a baseline, and it is not in there */
	bool fails;				/* it makes "fail-on" or "no-new" fail */
};

struct lopt_gate_result {
	struct lopt_arena arena;
	const struct lopt_analysis *analysis;
	const struct lopt_analysis *baseline; /* NULL: none */
	struct lopt_str baseline_name;
	const char *dockerfile; /* for locations; NULL: not given */
	struct lopt_gate_check *checks;
	size_t check_count, check_cap;
	size_t exceeded;		    /* of them */
	struct lopt_gate_finding *findings; /* one for each of the analysis, in its order */
	size_t finding_count;
	struct lopt_gate_ignore *ignores;
	size_t ignore_count;
	uint64_t ignored_bytes; /* of all findings that are ignored: never hidden */
	size_t ignored_count;
	struct lopt_growth growth; /* empty without a baseline */
};

#endif
