/* SPDX-License-Identifier: MIT */
#include "proof/proof.h"

#include "advice/plan.h"

#include "base/cleanup.h"

static void tell(const struct lopt_proof_options *options, const char *what)
{
	if (options->tell)
		options->tell(options->context, what);
}

const char *lopt_verdict_words(enum lopt_verdict verdict)
{
	static const char *const words[] = { "proved", "not built", "differs", "package versions drifted",
					     "test failed" };
	return words[verdict];
}

/* Building and reading. */

static void release_subject(struct lopt_subject *subject)
{
	lopt_analysis_free(subject->analysis);
	lopt_image_free(subject->image);
	lopt_built_release(&subject->built);
	*subject = (struct lopt_subject){ 0 };
}

/* Analyses and comparisons look into the same pass. */
enum lopt_keep lopt_proof_keep(const struct lopt_entry *entry, struct lopt_str head)
{
	if (lopt_comparison_keep(entry, head) == LOPT_KEEP_ALL)
		return LOPT_KEEP_ALL;
	enum lopt_keep keep = lopt_analysis_keep(entry, head), planned = lopt_plan_keep(entry, head);
	if (keep == LOPT_KEEP_NOTHING)
		return planned;
	/* a program or a script: its first bytes tell */
	return keep == LOPT_KEEP_SECTIONS && planned != LOPT_KEEP_NOTHING ? planned : keep;
}

static enum lopt_status read_subject(struct lopt_subject *subject, const struct lopt_proof_options *options,
				     struct lopt_str dockerfile, const char *name, struct lopt_error *err)
{
	const struct lopt_open_options open = {
		.limits = options->limits,
		.verify_digests = true,
		.want_sha256 = true,
		.keep = lopt_proof_keep,
	};
	const struct lopt_analysis_options analysis = { .dockerfile_name = name, .dockerfile = dockerfile };
	LOPT_TRY(lopt_workshop_read(options->workshop, &subject->image, &subject->built, &open, err));
	return lopt_analysis_make(&subject->analysis, subject->image, &analysis, err);
}

static enum lopt_status build_subject(struct lopt_subject *subject, const struct lopt_proof_options *options,
				      struct lopt_str dockerfile, const char *name, struct lopt_error *err)
{
	*subject = (struct lopt_subject){ .start_seconds = -1 };
	LOPT_TRY(lopt_workshop_build(options->workshop, &subject->built, dockerfile, err));
	return subject->built.failed ? LOPT_OK : read_subject(subject, options, dockerfile, name, err);
}

/* Tests. */

static enum lopt_status run_tests(const struct lopt_proof_options *options, const struct lopt_built *built,
				  size_t *failed, struct lopt_buf *log, struct lopt_error *err)
{
	*failed = 0;
	for (size_t i = 0; i < options->test_count && !*failed; i++) {
		struct lopt_ran ran;
		lopt_buf_clear(log);
		LOPT_TRY(lopt_workshop_try(options->workshop, built, options->tests[i], &ran, log, err));
		if (ran.code != 0 || ran.timed_out)
			*failed = i + 1;
	}
	return LOPT_OK;
}

/* Versions. */

static const struct lopt_package_row *find_package(const struct lopt_analysis *in, const struct lopt_package_row *row)
{
	for (size_t i = 0; i < in->package_count; i++)
		if (in->packages[i].manager && strcmp(in->packages[i].manager, row->manager) == 0 &&
		    lopt_str_equal(in->packages[i].name, row->name))
			return &in->packages[i];
	return NULL;
}

static bool versions_differ(const struct lopt_analysis *a, const struct lopt_analysis *b)
{
	for (size_t i = 0; i < b->package_count; i++) {
		const struct lopt_package_row *row = &b->packages[i];
		const struct lopt_package_row *before = row->manager ? find_package(a, row) : NULL;
		if (before && !lopt_str_equal(before->version, row->version))
			return true;
	}
	return false;
}

/* The original. */

void lopt_original_release(struct lopt_original *original)
{
	if (original->has_noise)
		lopt_comparison_release(&original->noise);
	lopt_buf_release(&original->test_log);
	lopt_buf_release(&original->again_log);
	release_subject(&original->subject);
}

enum lopt_status lopt_original_build(struct lopt_original *out, const struct lopt_proof_options *options,
				     struct lopt_str dockerfile, const char *dockerfile_name, struct lopt_error *err)
{
	*out = (struct lopt_original){ .test_log = LOPT_BUF_INIT(2 * LOPT_LOG_BYTES_MAX) };
	tell(options, "building the original");
	LOPT_TRY(build_subject(&out->subject, options, dockerfile, dockerfile_name, err));
	out->failed = out->subject.built.failed;
	return LOPT_OK;
}

static enum lopt_status measure_start(struct lopt_subject *subject, const struct lopt_proof_options *options,
				      struct lopt_error *err)
{
	if (options->starts == 0 || !lopt_workshop_kind(options->workshop)->runner)
		return LOPT_OK;
	return lopt_workshop_start_seconds(options->workshop, &subject->built, options->starts, &subject->start_seconds,
					   err);
}

enum lopt_status lopt_original_repeat(struct lopt_original *original, const struct lopt_proof_options *options,
				      struct lopt_str dockerfile, struct lopt_error *err)
{
	LOPT_CLEANUP(release_subject) struct lopt_subject again = { 0 };
	tell(options, "building the original once more");
	LOPT_TRY(build_subject(&again, options, dockerfile, NULL, err));
	if (again.built.failed) {
		original->failed_again = true;
		original->again_log = again.built.log;
		again.built.log = LOPT_BUF_INIT(0);
		return LOPT_OK;
	}
	original->again_seconds = again.built.seconds;
	LOPT_TRY(lopt_comparison_make(&original->noise, original->subject.image, again.image, err));
	original->has_noise = true;
	original->drifts = versions_differ(original->subject.analysis, again.analysis);
	lopt_workshop_discard(options->workshop, &again.built);
	if (options->test_count)
		tell(options, "testing the original");
	LOPT_TRY(run_tests(options, &original->subject.built, &original->failed_test, &original->test_log, err));
	return measure_start(&original->subject, options, err);
}

/* Candidates. */

void lopt_trial_release(struct lopt_trial *trial)
{
	if (trial->has_comparison)
		lopt_comparison_release(&trial->comparison);
	lopt_buf_release(&trial->test_log);
	release_subject(&trial->subject);
}

static enum lopt_status judge_filesystem(struct lopt_trial *trial, const struct lopt_proof_options *options,
					 const struct lopt_original *original, const struct lopt_effect *effects,
					 size_t effect_count, struct lopt_error *err)
{
	struct lopt_comparison *comparison = &trial->comparison;
	LOPT_TRY(lopt_comparison_make(comparison, original->subject.image, trial->subject.image, err));
	trial->has_comparison = true;
	LOPT_TRY(lopt_comparison_excuse(comparison, original->has_noise ? &original->noise : NULL, err));
	lopt_comparison_expect(comparison, effects, effect_count);
	for (size_t i = 0; i < options->allowed_count; i++)
		lopt_comparison_allow(comparison, options->allowed[i]);
	if (lopt_comparison_count(comparison, LOPT_REASON_NONE) == 0)
		return LOPT_OK;
	bool drift = versions_differ(original->subject.analysis, trial->subject.analysis);
	trial->verdict = drift ? LOPT_VERDICT_DRIFTED : LOPT_VERDICT_DIFFERS;
	return LOPT_OK;
}

/* What has been proved once nothing is left unexplained: docs/metrics.md, "Equivalence". */
static unsigned equivalence_of(const struct lopt_trial *trial, const struct lopt_proof_options *options)
{
	const struct lopt_comparison *comparison = &trial->comparison;
	bool delta = lopt_comparison_count(comparison, LOPT_REASON_PREDICTED) > 0 ||
		     lopt_comparison_count(comparison, LOPT_REASON_ALLOWED) > 0;
	if (delta)
		return options->test_count ? 4 : 3;
	return comparison->count == 0 && comparison->times == 0 && !comparison->env_order ? 1 : 2;
}

static enum lopt_status judge(struct lopt_trial *trial, const struct lopt_proof_options *options,
			      const struct lopt_original *original, const struct lopt_effect *effects,
			      size_t effect_count, struct lopt_error *err)
{
	LOPT_TRY(judge_filesystem(trial, options, original, effects, effect_count, err));
	if (trial->verdict != LOPT_VERDICT_PROVED)
		return LOPT_OK;
	if (options->test_count)
		tell(options, "testing the candidate");
	LOPT_TRY(run_tests(options, &trial->subject.built, &trial->failed_test, &trial->test_log, err));
	if (trial->failed_test) {
		trial->verdict = LOPT_VERDICT_TEST_FAILED;
		return LOPT_OK;
	}
	trial->equivalence = equivalence_of(trial, options);
	return measure_start(&trial->subject, options, err);
}

enum lopt_status lopt_trial_make(struct lopt_trial *out, const struct lopt_proof_options *options,
				 const struct lopt_original *original, struct lopt_str dockerfile,
				 const char *dockerfile_name, const struct lopt_effect *effects, size_t effect_count,
				 struct lopt_error *err)
{
	*out = (struct lopt_trial){ .test_log = LOPT_BUF_INIT(2 * LOPT_LOG_BYTES_MAX) };
	tell(options, "building the candidate");
	LOPT_TRY(build_subject(&out->subject, options, dockerfile, dockerfile_name, err));
	if (out->subject.built.failed) {
		out->verdict = LOPT_VERDICT_NOT_BUILT;
		return LOPT_OK;
	}
	return judge(out, options, original, effects, effect_count, err);
}
