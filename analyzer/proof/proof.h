/* SPDX-License-Identifier: MIT */
#ifndef LAYEROPT_PROOF_PROOF_H
#define LAYEROPT_PROOF_PROOF_H

#include "build/workshop.h"
#include "compare/compare.h"
#include "layeropt/analysis.h"

/**
 * Is the image of one Dockerfile the same container as that of another? Both are built, the first twice: what differs between
 * its two builds is no fault of the other's.
 */

struct lopt_proof_options {
	struct lopt_workshop *workshop;
	const struct lopt_limits *limits; /* NULL: the defaults */
	const char *const *tests;	  /* commands for /bin/sh -c that have to succeed in both containers */
	size_t test_count;
	const char *const *allowed; /* patterns of paths that may differ */
	size_t allowed_count;
	size_t starts; /* containers that are started to see how long that takes; 0: none */
	/** Called when a step begins; may be NULL. */
	void (*tell)(void *context, const char *what);
	void *context;
};

/** An image that was built and read. */
struct lopt_subject {
	struct lopt_built built;
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	double start_seconds; /* of a container that does nothing; negative when not measured */
};

/** The Dockerfile everything is held against. */
struct lopt_original {
	struct lopt_subject subject;
	double again_seconds; /* the second build took */
	struct lopt_comparison noise;
	bool has_noise;
	bool failed;		  /* it does not build: subject.built.log tells */
	size_t failed_test;	  /* 1-based; 0: every test succeeds in it */
	struct lopt_buf test_log; /* of that test */
	bool failed_again;	  /* it built once, but not a second time: again_log tells */
	struct lopt_buf again_log;
	bool drifts; /* packages changed their version between its two builds */
};
void lopt_original_release(struct lopt_original *original);

/** Build the original once and read it; then analyses have something to look at. `dockerfile_name` for messages. */
LOPT_CHECKED enum lopt_status lopt_original_build(struct lopt_original *out, const struct lopt_proof_options *options,
						  struct lopt_str dockerfile, const char *dockerfile_name,
						  struct lopt_error *err);
/** Build it again, see what changes, and run the tests. What fails there is no error: see failed_again, failed_test. */
LOPT_CHECKED enum lopt_status lopt_original_repeat(struct lopt_original *original,
						   const struct lopt_proof_options *options, struct lopt_str dockerfile,
						   struct lopt_error *err);

/** What is looked into of images that are compared and planned for: lopt_open_options.keep. */
enum lopt_keep lopt_proof_keep(const struct lopt_entry *entry, struct lopt_str head);

enum lopt_verdict {
	LOPT_VERDICT_PROVED,
	LOPT_VERDICT_NOT_BUILT,	  /* the candidate does not build */
	LOPT_VERDICT_DIFFERS,	  /* a difference nobody explains */
	LOPT_VERDICT_DRIFTED,	  /* as that, and packages have other versions: the sources moved in between */
	LOPT_VERDICT_TEST_FAILED, /* a command that succeeds in the original fails */
};
/** "proved", "not built", "differs", "package versions drifted", "test failed" */
const char *lopt_verdict_words(enum lopt_verdict verdict);

/** E1 to E4 as in docs/metrics.md; 0 when nothing is proved. */
struct lopt_trial {
	struct lopt_subject subject;
	struct lopt_comparison comparison; /* original against candidate */
	bool has_comparison;
	enum lopt_verdict verdict;
	unsigned equivalence; /* 1 to 4 */
	size_t failed_test;   /* 1-based */
	struct lopt_buf test_log;
};
void lopt_trial_release(struct lopt_trial *trial);

/**
 * Build a candidate and hold it against the original. `effects` (sorted) are what its edits change. Whatever the candidate
 * does is no error but a verdict.
 */
LOPT_CHECKED enum lopt_status lopt_trial_make(struct lopt_trial *out, const struct lopt_proof_options *options,
					      const struct lopt_original *original, struct lopt_str dockerfile,
					      const char *dockerfile_name, const struct lopt_effect *effects,
					      size_t effect_count, struct lopt_error *err);

#endif
