/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/gate_issue.h"
#include "report/sarif.h"
#include "report/view.h"

/*
 * One result per exceeded budget and per finding. GitHub takes 25,000 results and 10 MB, compressed; what is behind
 * either mark is counted in the properties of the run, uncompressed and so on the safe side.
 */
enum { RESULTS = 25000, BYTES = 9500000, RULES = 256 };

struct writer {
	struct lopt_json j;
	struct lopt_buf text;
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
	const char *rules[RULES]; /* the program's own names: there are not nearly as many */
	size_t rule_count;
};

/* Rules. */

static void note_rule(struct writer *w, const char *rule)
{
	for (size_t i = 0; i < w->rule_count; i++)
		if (strcmp(w->rules[i], rule) == 0)
			return;
	if (w->rule_count < RULES)
		w->rules[w->rule_count++] = rule;
}

/* GitHub shows what is suppressed like everything else: whoever ignores it does not want to see it there. */
static bool is_told(const struct writer *w, const struct lopt_gate_issue *issue)
{
	return w->options->show_suppressed || !issue->finding || !issue->finding->ignore;
}

static void put_rules(struct writer *w)
{
	struct lopt_gate_walk walk = { 0 };
	struct lopt_gate_issue issue;
	while (lopt_gate_issue_next(&issue, w->result, &walk))
		if (is_told(w, &issue))
			note_rule(w, issue.rule);
	for (size_t i = 0; i < w->rule_count; i++) {
		const char *what = lopt_rule_what(w->rules[i]);
		lopt_sarif_rule(&w->j, w->rules[i], what ? what : lopt_gate_budget_what(w->rules[i]));
	}
}

/* Results. */

static void put_suppression(struct writer *w, const struct lopt_gate_ignore *ignore)
{
	lopt_json_key(&w->j, "suppressions");
	lopt_json_open(&w->j, '[');
	if (ignore) {
		lopt_buf_clear(&w->text);
		lopt_text_show(&w->text, ignore->reason, w->options);
		w->j.text.failed |= w->text.failed;
		lopt_json_open(&w->j, '{');
		lopt_json_member_text(&w->j, "kind", ignore->line ? "inSource" : "external");
		lopt_json_member_string(&w->j, "justification", lopt_buf_view(&w->text));
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
}

/* GitHub follows a result by the second of these alone, whose form is that of its own. */
static void put_fingerprints(struct writer *w, const char *fingerprint)
{
	lopt_json_key(&w->j, "partialFingerprints");
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "layeropt/v1", fingerprint);
	lopt_buf_clear(&w->text);
	lopt_buf_printf(&w->text, "%s:1", fingerprint);
	w->j.text.failed |= w->text.failed;
	lopt_json_member_string(&w->j, "primaryLocationLineHash", lopt_buf_view(&w->text));
	lopt_json_close(&w->j, '}');
}

static void put_properties(struct writer *w, const struct lopt_gate_issue *issue)
{
	const struct lopt_gate_finding *finding = issue->finding;
	lopt_json_key(&w->j, "properties");
	lopt_json_open(&w->j, '{');
	if (finding) {
		lopt_json_member_count(&w->j, "bytes", finding->finding->bytes);
		lopt_json_key(&w->j, "fails");
		lopt_json_bool(&w->j, finding->fails);
		lopt_json_key(&w->j, "new");
		lopt_json_bool(&w->j, finding->is_new);
	} else {
		lopt_json_member_text(&w->j, "part", lopt_gate_part_name(issue->check->part));
		if (issue->check->unit != LOPT_UNIT_RATIO)
			lopt_json_member_count(&w->j, "excess", lopt_gate_check_excess(issue->check));
	}
	lopt_json_close(&w->j, '}');
}

static enum lopt_status put_result(struct writer *w, const struct lopt_gate_issue *issue, struct lopt_error *err)
{
	static const char *const levels[] = { "note", "warning", "error" };
	char fingerprint[33];
	LOPT_TRY(lopt_gate_issue_fingerprint(fingerprint, issue, err));
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "ruleId", issue->rule);
	lopt_json_member_text(&w->j, "level", levels[issue->severity]);
	lopt_buf_clear(&w->text);
	lopt_gate_issue_format(&w->text, w->result, issue, w->options);
	w->j.text.failed |= w->text.failed;
	lopt_sarif_message(&w->j, "message", lopt_buf_view(&w->text));
	lopt_sarif_location(&w->j, lopt_gate_file(w->result), issue->line);
	put_fingerprints(w, fingerprint);
	put_suppression(w, issue->finding ? issue->finding->ignore : NULL);
	put_properties(w, issue);
	lopt_json_close(&w->j, '}');
	return LOPT_OK;
}

/* Into memory, because only a whole result can be taken back. */
static enum lopt_status put_results(struct writer *w, size_t *left_out, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_cleanup_bytes) char *text = NULL;
	size_t size = 0, whole = 0, count = 0;
	struct lopt_gate_walk walk = { 0 };
	struct lopt_gate_issue issue;
	enum lopt_status status = LOPT_OK;
	FILE *to = w->j.to, *memory = open_memstream(&text, &size);
	if (!memory)
		return lopt_error_memory(err);
	w->j.to = memory;
	while (status == LOPT_OK && lopt_gate_issue_next(&issue, w->result, &walk)) {
		if (!is_told(w, &issue))
			continue;
		if (*left_out || count == RESULTS) {
			++*left_out;
			continue;
		}
		status = put_result(w, &issue, err);
		if (fflush(memory) && status == LOPT_OK)
			status = lopt_error_memory(err);
		if (size > BYTES) {
			++*left_out;
			continue;
		}
		whole = size;
		count++;
	}
	w->j.to = to;
	/* without memory glibc closes it without an error and without its text */
	bool lost = fclose(memory) || !text || size < whole;
	if (lost && status == LOPT_OK)
		status = lopt_error_memory(err);
	if (status == LOPT_OK)
		(void)fwrite(text, 1, whole, to);
	return status;
}

enum lopt_status lopt_gate_sarif(FILE *to, const struct lopt_gate_result *result,
				 const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .result = result, .options = options };
	size_t left_out = 0;
	lopt_sarif_open(&w.j, to);
	put_rules(&w);
	lopt_sarif_start_results(&w.j);
	enum lopt_status status = put_results(&w, &left_out, err);
	lopt_sarif_end_results(&w.j);
	lopt_json_key(&w.j, "properties");
	lopt_json_open(&w.j, '{');
	lopt_json_member_count(&w.j, "exceededBudgets", result->exceeded);
	lopt_json_member_count(&w.j, "resultsLeftOut", left_out);
	lopt_json_close(&w.j, '}');
	lopt_sarif_close(&w.j);
	lopt_buf_release(&w.text);
	enum lopt_status finished = lopt_json_finish(&w.j, status == LOPT_OK ? err : NULL);
	return status == LOPT_OK ? finished : status;
}
