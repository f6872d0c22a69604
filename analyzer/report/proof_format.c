/* SPDX-License-Identifier: MIT */
#include "report/proof.h"

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/secrets.h"
#include "base/size.h"
#include "report/view.h"

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
		lopt_buf_text(out, "proposed, not proved: no candidate was built");
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

/* What edits that were not made would save, by what they wait for. */
static void add_needs(struct lopt_buf *out, const struct lopt_outcome *outcome)
{
	static const enum lopt_edit_state states[] = { LOPT_EDIT_NEEDS_TEST, LOPT_EDIT_NEEDS_LEVEL,
						       LOPT_EDIT_NEEDS_WORD };
	for (size_t i = 0; outcome->plan && i < sizeof states / sizeof states[0]; i++) {
		uint64_t bytes = 0;
		for (size_t j = 0; j < outcome->plan->count; j++)
			if (outcome->plan->edits[j].state == states[i])
				bytes += outcome->plan->edits[j].predicted_bytes;
		if (!bytes)
			continue;
		lopt_buf_text(out, "; what ");
		lopt_buf_text(out, lopt_edit_state_words(states[i]));
		lopt_buf_text(out, " would save up to ");
		lopt_size_format(out, bytes);
	}
	if (!outcome->plan || outcome->plan->base_bytes <= outcome->target)
		return;
	lopt_buf_text(out, "; the base image alone is ");
	lopt_size_format(out, outcome->plan->base_bytes);
	lopt_buf_text(out, ": it takes another one");
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
	if (size > outcome->target)
		add_needs(out, outcome);
}

static void show_line(struct lopt_buf *out, struct lopt_str line)
{
	while (line.len) {
		const char *sign = memchr(line.ptr, '\\', line.len);
		size_t len = sign ? (size_t)(sign - line.ptr) : line.len;
		lopt_escape_text(out, lopt_str_make(line.ptr, len));
		if (sign)
			lopt_buf_char(out, '\\');
		size_t gone = sign ? len + 1 : len;
		line = lopt_str_make(line.ptr + gone, line.len - gone);
	}
}

void lopt_lines_show(struct lopt_buf *out, struct lopt_str text, const struct lopt_report_options *options)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf masked = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_text_show(&masked, text, options);
	out->failed |= masked.failed;
	for (struct lopt_str rest = lopt_buf_view(&masked); rest.len;) {
		const char *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
		show_line(out, lopt_str_make(rest.ptr, len));
		if (end)
			lopt_buf_char(out, '\n');
		size_t gone = end ? len + 1 : len;
		rest = lopt_str_make(rest.ptr + gone, rest.len - gone);
	}
}

void lopt_config_show(struct lopt_buf *out, struct lopt_str member, struct lopt_str value,
		      const struct lopt_report_options *options)
{
	const char *space = member.len ? memchr(member.ptr, ' ', member.len) : NULL;
	size_t front = space ? (size_t)(space - member.ptr) + 1 : 0;
	bool named = lopt_str_starts(member, "Env ") || lopt_str_starts(member, "Labels ");
	if (named && value.len && !options->show_secrets)
		lopt_secret_mask_value(out, lopt_str_make(member.ptr + front, member.len - front), value);
	else
		lopt_text_show(out, value, options);
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
	} else if (aspects & LOPT_ASPECT_TIME) {
		lopt_time_format(out, a->has_time ? a->mtime_ns : 0);
		lopt_buf_text(out, " -> ");
		lopt_time_format(out, b->has_time ? b->mtime_ns : 0);
	}
}

uint64_t lopt_outcome_proved_bytes(const struct lopt_outcome *outcome)
{
	uint64_t before = lopt_outcome_size_before(outcome), after = lopt_outcome_size_after(outcome);
	bool proved = outcome->trial && outcome->trial->verdict == LOPT_VERDICT_PROVED;
	return proved && after < before ? before - after : 0;
}
