/* SPDX-License-Identifier: MIT */
#include "report/gate_issue.h"

#include "base/cleanup.h"
#include "blob/digest.h"
#include "report/view.h"

enum stage { STAGE_BUDGETS, STAGE_FAILING, STAGE_COUNTING, STAGE_IGNORED, STAGES };

static bool take_check(struct lopt_gate_issue *out, const struct lopt_gate_check *check)
{
	*out = (struct lopt_gate_issue){ .check = check,
					 .rule = check->budget,
					 .severity = LOPT_ERROR,
					 .layer = check->layer,
					 .line = check->line };
	return check->verdict == LOPT_GATE_EXCEEDED;
}

static enum stage stage_of(const struct lopt_gate_finding *finding)
{
	if (finding->ignore)
		return STAGE_IGNORED;
	if (!lopt_gate_counts(finding))
		return STAGES;
	return finding->fails ? STAGE_FAILING : STAGE_COUNTING;
}

static bool take_finding(struct lopt_gate_issue *out, const struct lopt_gate_finding *finding, enum stage stage)
{
	*out = (struct lopt_gate_issue){ .finding = finding,
					 .rule = finding->finding->rule,
					 .severity = finding->fails ? LOPT_ERROR : finding->severity,
					 .layer = finding->finding->layer,
					 .line = finding->finding->line };
	return stage_of(finding) == stage;
}

bool lopt_gate_issue_next(struct lopt_gate_issue *out, const struct lopt_gate_result *result,
			  struct lopt_gate_walk *walk)
{
	for (; walk->stage < STAGES; walk->stage++, walk->index = 0) {
		bool budgets = walk->stage == STAGE_BUDGETS;
		size_t count = budgets ? result->check_count : result->finding_count;
		while (walk->index < count) {
			size_t i = walk->index++;
			if (budgets ? take_check(out, &result->checks[i])
				    : take_finding(out, &result->findings[i], (enum stage)walk->stage))
				return true;
		}
	}
	return false;
}

/* Sentences. */

static void add_sentence(struct lopt_buf *out, const char *front, struct lopt_str text)
{
	if (text.len == 0)
		return;
	lopt_buf_text(out, front);
	lopt_buf_str(out, text);
	if (!strchr(".!?", text.ptr[text.len - 1]) || text.ptr[text.len - 1] == '\0')
		lopt_buf_char(out, '.');
}

static void add_shown(struct lopt_buf *out, const char *front, struct lopt_str text,
		      const struct lopt_report_options *options)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf shown = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_text_show(&shown, text, options);
	out->failed |= shown.failed;
	add_sentence(out, front, lopt_buf_view(&shown));
}

static void add_paths(struct lopt_buf *out, const struct lopt_gate_check *check)
{
	enum { PATHS = 5 };
	size_t count = check->path_count <= PATHS ? check->path_count : PATHS - 1;
	for (size_t i = 0; i < count; i++) {
		lopt_buf_text(out, i ? ", " : " Paths: ");
		lopt_buf_str(out, check->paths[i]);
	}
	if (count < check->path_count)
		lopt_buf_printf(out, ", and %zu more", check->path_count - count);
	lopt_buf_text(out, check->path_count ? "." : "");
}

/* " Because of Dockerfile:8 RUN rm -r /a, which hides what Dockerfile:6 RUN make made:" */
static void add_place(struct lopt_buf *out, const struct lopt_gate_result *result, const struct lopt_gate_check *check,
		      const struct lopt_report_options *options)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf place = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf maker = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_gate_instruction_format(&place, result, check->layer, check->line, options);
	lopt_gate_layer_format(&maker, result, check->made_by, options);
	out->failed |= place.failed || maker.failed;
	if (!place.len)
		return;
	lopt_buf_text(out, " Because of ");
	lopt_buf_str(out, lopt_buf_view(&place));
	if (maker.len) {
		lopt_buf_text(out, ", which hides what ");
		lopt_buf_str(out, lopt_buf_view(&maker));
		lopt_buf_text(out, " made");
	}
	lopt_buf_text(out, check->cause.len ? ":" : ".");
}

static void add_check(struct lopt_buf *out, const struct lopt_gate_result *result, const struct lopt_gate_check *check,
		      const struct lopt_report_options *options)
{
	if (lopt_gate_is_of_findings(check) && lopt_gate_allows_none(check))
		lopt_buf_text(out, check->budget); /* its name is in the sentence */
	else
		lopt_gate_name_format(out, check);
	lopt_buf_text(out, lopt_gate_allows_none(check) ? ": " : " is ");
	lopt_gate_breach_format(out, check);
	lopt_buf_char(out, '.');
	add_shown(out, " ", check->message, options);
	add_place(out, result, check, options);
	add_shown(out, " ", check->cause, options);
	add_paths(out, check);
	add_sentence(out, " Limit set by ", check->origin);
}

static void add_layer(struct lopt_buf *out, const char *front, const struct lopt_gate_result *result, size_t layer,
		      const struct lopt_report_options *options)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	lopt_gate_layer_format(&text, result, layer, options);
	out->failed |= text.failed;
	add_sentence(out, front, lopt_buf_view(&text));
}

void lopt_gate_issue_format(struct lopt_buf *out, const struct lopt_gate_result *result,
			    const struct lopt_gate_issue *issue, const struct lopt_report_options *options)
{
	if (issue->check) {
		add_check(out, result, issue->check, options);
		return;
	}
	const struct lopt_finding *finding = issue->finding->finding;
	add_shown(out, "", finding->message, options);
	add_sentence(out, strcmp(lopt_gate_largest_word(issue->finding), "what") == 0 ? " What: " : " Largest: ",
		     lopt_gate_largest(issue->finding));
	if (lopt_gate_is_hidden(finding)) {
		add_layer(out, " Made by ", result, lopt_finding_holder(finding), options);
		add_layer(out, " Hidden by ", result, finding->layer, options);
	}
	add_shown(out, " ", finding->advice, options);
}

struct lopt_str lopt_gate_file(const struct lopt_gate_result *result)
{
	if (result->dockerfile && *result->dockerfile)
		return lopt_str_from(result->dockerfile);
	return lopt_image_name(lopt_image_info(result->analysis->image));
}

enum lopt_status lopt_gate_issue_fingerprint(char out[33], const struct lopt_gate_issue *issue, struct lopt_error *err)
{
	static const char hex[] = "0123456789abcdef";
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(SIZE_MAX / 2);
	struct lopt_digest digest;
	if (issue->finding) {
		memcpy(out, issue->finding->finding->fingerprint, 33);
		return LOPT_OK;
	}
	lopt_buf_add(&text, issue->rule, strlen(issue->rule) + 1);
	lopt_buf_text(&text, lopt_gate_part_name(issue->check->part));
	lopt_buf_char(&text, '\0');
	lopt_buf_str(&text, issue->check->name);
	if (text.failed)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_digest_of(&digest, LOPT_SHA256, text.data, text.len, err));
	for (size_t i = 0; i < 16; i++) {
		out[2 * i] = hex[digest.bytes[i] >> 4];
		out[2 * i + 1] = hex[digest.bytes[i] & 15];
	}
	out[32] = '\0';
	return LOPT_OK;
}
