/* SPDX-License-Identifier: MIT */
#include "report/proof.h"

#include "base/size.h"

static const struct lopt_proof_format formats[] = {
	{ "text", true, lopt_proof_text },	   { "json", true, lopt_proof_json },
	{ "markdown", true, lopt_proof_markdown }, { "diff", false, lopt_proof_diff },
	{ "sarif", false, lopt_proof_sarif },
};

const struct lopt_proof_format *lopt_proof_format_at(size_t index)
{
	return index < sizeof formats / sizeof formats[0] ? &formats[index] : NULL;
}

static const char *meaning_of(unsigned equivalence)
{
	static const char *const meanings[] = {
		"",
		"the same container, times included",
		"the same container but for times and what every build changes",
		"the same container but for what was predicted or allowed",
		"the same container but for what was predicted or allowed, and every test passes in both",
	};
	return meanings[equivalence <= 4 ? equivalence : 0];
}

static void add_count(struct lopt_buf *out, const char *front, size_t count, const char *one, const char *many)
{
	lopt_buf_text(out, front);
	lopt_count_format(out, count);
	lopt_buf_text(out, count == 1 ? one : many);
}

void lopt_verdict_format(struct lopt_buf *out, const struct lopt_outcome *outcome)
{
	const struct lopt_trial *trial = outcome->trial;
	if (!trial && outcome->unchanged) {
		lopt_buf_text(out, outcome->builds ? "nothing changed: no edit stood the test of a rebuild"
						   : "nothing to change");
		return;
	}
	if (!trial) {
		lopt_buf_text(out, "not proved: nothing was built");
		return;
	}
	switch (trial->verdict) {
	case LOPT_VERDICT_PROVED:
		lopt_buf_printf(out, "proved (E%u): %s", trial->equivalence, meaning_of(trial->equivalence));
		return;
	case LOPT_VERDICT_NOT_BUILT:
		lopt_buf_text(out, trial->subject.built.timed_out ? "not proved: the build took too long"
								  : "not proved: it does not build");
		return;
	case LOPT_VERDICT_DIFFERS:
	case LOPT_VERDICT_DRIFTED:
		add_count(out, "not proved: ", lopt_comparison_count(&trial->comparison, LOPT_REASON_NONE),
			  " difference", " differences");
		lopt_buf_text(out, " that nothing explains");
		if (trial->verdict == LOPT_VERDICT_DRIFTED)
			lopt_buf_text(out,
				      "; packages have other versions, so their source changed between the builds");
		return;
	case LOPT_VERDICT_TEST_FAILED:
		lopt_buf_printf(out, "not proved: test %zu fails", trial->failed_test);
		return;
	}
}

void lopt_target_format(struct lopt_buf *out, const struct lopt_outcome *outcome)
{
	if (!outcome->has_target)
		return;
	uint64_t size = lopt_outcome_size_after(outcome);
	if (size <= outcome->target) {
		lopt_buf_text(out, "reached: ");
		lopt_size_format(out, outcome->target - size);
		lopt_buf_text(out, " below the target of ");
	} else {
		lopt_buf_text(out, "missed: ");
		lopt_size_format(out, size - outcome->target);
		lopt_buf_text(out, " above the target of ");
	}
	lopt_size_format(out, outcome->target);
}

void lopt_aspects_format(struct lopt_buf *out, unsigned aspects)
{
	bool first = true;
	for (size_t bit = 0; lopt_aspect_name(bit); bit++) {
		if (!(aspects & (1u << bit)))
			continue;
		lopt_buf_text(out, first ? "" : ", ");
		lopt_buf_text(out, lopt_aspect_name(bit));
		first = false;
	}
}

void lopt_difference_format(struct lopt_buf *out, const struct lopt_difference *difference)
{
	const struct lopt_side *a = &difference->before, *b = &difference->after;
	unsigned aspects = difference->aspects;
	if (aspects & (LOPT_ASPECT_ADDED | LOPT_ASPECT_REMOVED)) {
		lopt_size_format(out, aspects & LOPT_ASPECT_ADDED ? b->size : a->size);
	} else if (aspects & LOPT_ASPECT_OWNER) {
		lopt_buf_printf(out, "%lld:%lld -> %lld:%lld", (long long)a->uid, (long long)a->gid, (long long)b->uid,
				(long long)b->gid);
	} else if (aspects & LOPT_ASPECT_MODE) {
		lopt_buf_printf(out, "%04o -> %04o", a->mode, b->mode);
	} else if (aspects & LOPT_ASPECT_CONTENT) {
		lopt_size_format(out, a->size);
		lopt_buf_text(out, " -> ");
		lopt_size_format(out, b->size);
	} else if (aspects & LOPT_ASPECT_TYPE) {
		lopt_buf_printf(out, "%c -> %c", (char)a->type, (char)b->type);
	}
}

uint64_t lopt_outcome_proved_bytes(const struct lopt_outcome *outcome)
{
	uint64_t before = lopt_outcome_size_before(outcome), after = lopt_outcome_size_after(outcome);
	bool proved = outcome->trial && outcome->trial->verdict == LOPT_VERDICT_PROVED;
	return proved && after < before ? before - after : 0;
}
