/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/escape.h"
#include "report/gate_issue.h"

/*
 * Workflow commands of GitHub, which become annotations. Of each kind a step shows ten, so the worst ten are written, and
 * how many there are beyond them.
 */
enum { MOST = 10 };

struct writer {
	FILE *to;
	struct lopt_buf line, text;
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
};

static void put_property(struct writer *w, const char *name, struct lopt_str value)
{
	lopt_buf_text(&w->line, name);
	lopt_escape_workflow(&w->line, value, true);
}

static void end_line(struct writer *w)
{
	lopt_buf_char(&w->line, '\n');
	w->line.failed |= w->text.failed;
	if (w->line.failed)
		return; /* and stays so: half a command is another one */
	(void)fwrite(w->line.data, 1, w->line.len, w->to);
	lopt_buf_clear(&w->line);
}

static void put_issue(struct writer *w, const char *command, const struct lopt_gate_issue *issue)
{
	lopt_buf_printf(&w->line, "::%s ", command);
	if (w->result->dockerfile && *w->result->dockerfile) {
		put_property(w, "file=", lopt_str_from(w->result->dockerfile));
		lopt_buf_printf(&w->line, ",line=%" PRIu32 ",", issue->line ? issue->line : 1);
	}
	lopt_buf_clear(&w->text);
	lopt_buf_text(&w->text, "layeropt: ");
	if (issue->check)
		lopt_gate_name_format(&w->text, issue->check);
	else
		lopt_buf_text(&w->text, issue->rule);
	put_property(w, "title=", lopt_buf_view(&w->text));
	lopt_buf_text(&w->line, "::");
	w->line.failed |= w->text.failed;
	lopt_buf_clear(&w->text);
	lopt_gate_issue_format(&w->text, w->result, issue, w->options);
	lopt_escape_workflow(&w->line, lopt_buf_view(&w->text), false);
	end_line(w);
}

static void put_rest(struct writer *w, size_t errors, size_t warnings)
{
	if (errors <= MOST && warnings <= MOST)
		return;
	lopt_buf_printf(&w->line, "::notice title=layeropt::%zu more errors and %zu more warnings are in the report",
			errors > MOST ? errors - MOST : 0, warnings > MOST ? warnings - MOST : 0);
	end_line(w);
}

enum lopt_status lopt_gate_github(FILE *to, const struct lopt_gate_result *result,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .to = to,
			    .line = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .text = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .result = result,
			    .options = options };
	struct lopt_gate_walk walk = { 0 };
	struct lopt_gate_issue issue;
	size_t counts[LOPT_ERROR + 1] = { 0 };
	while (lopt_gate_issue_next(&issue, result, &walk)) {
		if (issue.severity == LOPT_INFO || (issue.finding && issue.finding->ignore))
			continue;
		if (counts[issue.severity]++ < MOST)
			put_issue(&w, lopt_severity_name(issue.severity), &issue);
	}
	put_rest(&w, counts[LOPT_ERROR], counts[LOPT_WARNING]);
	bool failed = w.line.failed || w.text.failed;
	lopt_buf_release(&w.line);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
