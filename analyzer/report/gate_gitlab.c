/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "report/gate_issue.h"
#include "report/json_writer.h"

/*
 * GitLab's code quality report: it tells an issue of the target branch from a new one by its fingerprint alone, so each
 * fingerprint is there once, the worst issue of those that share it. What is ignored is not there at all.
 */

struct writer {
	struct lopt_json j;
	struct lopt_buf text;
	struct lopt_table seen;
	char (*fingerprints)[33];
	size_t count, cap;
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
};

static bool is_seen(const void *owner, uint32_t value, uint64_t number, struct lopt_str key)
{
	const struct writer *w = owner;
	(void)number;
	return lopt_str_is(key, w->fingerprints[value]);
}

/* LOPT_END: it is there already. */
static enum lopt_status note(struct writer *w, const struct lopt_gate_issue *issue, struct lopt_error *err)
{
	void *grown = lopt_grow(w->fingerprints, &w->cap, w->count + 1, sizeof *w->fingerprints);
	if (!grown)
		return lopt_error_memory(err);
	w->fingerprints = grown;
	char *fingerprint = w->fingerprints[w->count];
	LOPT_TRY(lopt_gate_issue_fingerprint(fingerprint, issue, err));
	struct lopt_str key = lopt_str_from(fingerprint);
	if (lopt_table_find(&w->seen, 0, key, is_seen, w) != LOPT_TABLE_NONE)
		return LOPT_END;
	if (!lopt_table_insert(&w->seen, 0, key, (uint32_t)w->count))
		return lopt_error_memory(err);
	w->count++;
	return LOPT_OK;
}

static const char *severity_of(const struct lopt_gate_issue *issue)
{
	static const char *const names[] = { "info", "minor", "critical" };
	return issue->check ? "blocker" : names[issue->severity];
}

static void put_issue(struct writer *w, const struct lopt_gate_issue *issue)
{
	lopt_buf_clear(&w->text);
	lopt_gate_issue_format(&w->text, w->result, issue, w->options);
	w->j.text.failed |= w->text.failed;
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "description", lopt_buf_view(&w->text));
	lopt_json_member_text(&w->j, "check_name", issue->rule);
	lopt_json_member_text(&w->j, "fingerprint", w->fingerprints[w->count - 1]);
	lopt_json_member_text(&w->j, "severity", severity_of(issue));
	lopt_json_key(&w->j, "location");
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "path", lopt_gate_file(w->result));
	lopt_json_key(&w->j, "lines");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "begin", issue->line ? issue->line : 1);
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
}

static enum lopt_status put_issues(struct writer *w, struct lopt_error *err)
{
	struct lopt_gate_walk walk = { 0 };
	struct lopt_gate_issue issue;
	while (lopt_gate_issue_next(&issue, w->result, &walk)) {
		if (issue.finding && issue.finding->ignore)
			continue;
		enum lopt_status status = note(w, &issue, err);
		if (status < LOPT_OK)
			return status;
		if (status == LOPT_OK)
			put_issue(w, &issue);
	}
	return LOPT_OK;
}

enum lopt_status lopt_gate_gitlab(FILE *to, const struct lopt_gate_result *result,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .result = result, .options = options };
	lopt_json_init(&w.j, to, 1);
	lopt_json_open(&w.j, '[');
	enum lopt_status status = put_issues(&w, err);
	lopt_json_close(&w.j, ']');
	lopt_json_newline(&w.j);
	lopt_table_release(&w.seen);
	free(w.fingerprints);
	lopt_buf_release(&w.text);
	enum lopt_status finished = lopt_json_finish(&w.j, status == LOPT_OK ? err : NULL);
	return status == LOPT_OK ? finished : status;
}
