/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_PLANNING_H
#define TESTS_SUPPORT_PLANNING_H

#include "advice/commits.h"
#include "advice/plan.h"
#include "support/stack.h"

enum { TEST_RULES_MAX = 4 };

/**
 * A Dockerfile, what its base and each of its RUN, COPY and ADD in the last stage shipped, and what comes of it: a line
 * per edit, "RULE LINE BYTES" with the state where it is not chosen and the paths it takes away or brings, and the Dockerfile
 * behind FROM. Of a path: "-a": it goes, "+a" it comes, "~a": it changes, "a*": so does all beneath it. Of the order: "60s>5s", what a
 * commit costs.
 */
struct test_plan {
	const char *source;
	const char *layers[TEST_LAYERS_MAX];
	const struct test_file *files; /* in place of `layers`, up to one without a path */
	const char *want;
	const char *text; /* NULL: as it was */
	bool copy_chmod, mount, has_test;
	enum lopt_level level; /* 0: safe */
	uint64_t target;       /* 0: none */
	const char *why;       /* the first that is told */
	const char *env;       /* one variable of the image, "LANG=de_DE.UTF-8" */
	const char *included[TEST_RULES_MAX], *excluded[TEST_RULES_MAX];
	const char *ignore_before, *ignore; /* .dockerignore as it was and as it becomes; NULL: nothing */
	unsigned seconds[TEST_LAYERS_MAX];  /* of the layers behind the base; the first 0: no times are known */
	const char *context;		    /* a repository; NULL: no commits */
	size_t commits;			    /* at most */
};

/** What a test holds. */
struct test_planning {
	struct lopt_dockerfile *file;
	struct lopt_image *image;
	const struct lopt_analysis *analysis;
	struct lopt_plan plan;
	struct lopt_plan_input input;
	struct lopt_commits commits;
	int fd;
};

/* All for cmocka: what does not hold fails the test. */

/** Up to the call of lopt_plan_make(). */
void test_planning_begin(struct test_planning *p, const struct test_plan *c);
void test_planning_end(struct test_planning *p);
/** What was printed is a Dockerfile, and says the same when it is printed again. */
void test_planning_check_text(struct test_planning *p, const char *text);
/** All together save no more than the image holds, and no more than each alone. */
void test_planning_check_bytes(const struct test_planning *p);

/** Each case; that lopt_rule_name() knows the rule of each edit, too. */
void test_plans(const struct test_plan *cases, size_t count);
#define TEST_PLANS(cases) test_plans(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
