/* SPDX-License-Identifier: MIT */
#include "base/escape.h"
#include "report/gate_view.h"
#include "report/view.h"

/* JUnit's XML in the shape that Jenkins, GitLab and Azure read: one test case per budget. */

enum { FINDINGS = 20 };

struct writer {
	FILE *to;
	struct lopt_buf out, text;
	const struct lopt_gate_result *result;
	const struct lopt_report_options *options;
};

static struct lopt_buf *fresh(struct writer *w)
{
	lopt_buf_clear(&w->text);
	return &w->text;
}

static void put_text(struct writer *w)
{
	w->out.failed |= w->text.failed;
	lopt_escape_xml(&w->out, lopt_buf_view(&w->text));
}

/* Every line of a failure starts with a word of the program. */
static void put_line(struct writer *w, const char *name, struct lopt_str text)
{
	if (text.len == 0)
		return;
	lopt_buf_text(&w->out, name);
	lopt_text_show(fresh(w), text, w->options);
	put_text(w);
	lopt_buf_char(&w->out, '\n');
}

static void put_findings(struct writer *w)
{
	size_t rows = 0;
	for (size_t i = 0; i < w->result->finding_count; i++) {
		const struct lopt_gate_finding *row = &w->result->findings[i];
		if (!row->fails || rows++ >= FINDINGS)
			continue;
		lopt_buf_printf(&w->out, "%s: %s, ", lopt_severity_name(row->severity), row->finding->rule);
		lopt_gate_place_format(fresh(w), w->result, row->finding->layer, row->finding->line);
		lopt_buf_text(&w->text, w->text.len ? ": " : "");
		lopt_text_show(&w->text, row->finding->message, w->options);
		put_text(w);
		lopt_buf_char(&w->out, '\n');
	}
	if (rows > FINDINGS)
		lopt_buf_printf(&w->out, "and %zu more\n", rows - FINDINGS);
}

/* What was put into `text`. */
static void put_instruction(struct writer *w, const char *name)
{
	if (!w->text.len)
		return;
	lopt_buf_text(&w->out, name);
	put_text(w);
	lopt_buf_char(&w->out, '\n');
}

static void put_failure(struct writer *w, const struct lopt_gate_check *check)
{
	lopt_buf_text(&w->out, "      <failure type=\"");
	lopt_buf_text(&w->out, check->budget);
	lopt_buf_text(&w->out, "\" message=\"");
	lopt_gate_breach_format(fresh(w), check);
	put_text(w);
	lopt_buf_text(&w->out, "\">");
	put_line(w, "message: ", check->message);
	put_line(w, "cause: ", check->cause);
	lopt_gate_layer_format(fresh(w), w->result, check->made_by, w->options);
	put_instruction(w, "made by: ");
	lopt_gate_instruction_format(fresh(w), w->result, check->layer, check->line, w->options);
	put_instruction(w, check->made_by == LOPT_NO_LAYER ? "where: " : "hidden by: ");
	for (size_t i = 0; i < check->path_count; i++)
		put_line(w, "path: ", check->paths[i]);
	put_line(w, "limit set by: ", check->origin);
	if (lopt_gate_is_of_findings(check))
		put_findings(w);
	lopt_buf_text(&w->out, "</failure>\n");
}

static void put_case(struct writer *w, const struct lopt_gate_check *check)
{
	lopt_buf_text(&w->out, "    <testcase classname=\"layeropt.");
	lopt_buf_text(&w->out, lopt_gate_part_name(check->part));
	lopt_buf_text(&w->out, "\" name=\"");
	lopt_gate_name_format(fresh(w), check);
	put_text(w);
	if (check->verdict == LOPT_GATE_HELD) {
		lopt_buf_text(&w->out, "\"/>\n");
		return;
	}
	lopt_buf_text(&w->out, "\">\n");
	if (check->verdict == LOPT_GATE_EXCEEDED) {
		put_failure(w, check);
	} else {
		lopt_buf_text(&w->out, "      <skipped message=\"");
		lopt_escape_xml(&w->out, lopt_str_from(check->skipped));
		lopt_buf_text(&w->out, "\"/>\n");
	}
	lopt_buf_text(&w->out, "    </testcase>\n");
}

static void flush(struct writer *w)
{
	if (w->out.failed)
		return;
	(void)fwrite(w->out.data, 1, w->out.len, w->to);
	lopt_buf_clear(&w->out);
}

enum lopt_status lopt_gate_junit(FILE *to, const struct lopt_gate_result *result,
				 const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .to = to,
			    .out = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .text = LOPT_BUF_INIT(SIZE_MAX / 2),
			    .result = result,
			    .options = options };
	lopt_buf_printf(&w.out,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
			"  <testsuite name=\"layeropt\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
			result->check_count, result->exceeded, lopt_gate_skipped_count(result));
	for (size_t i = 0; i < result->check_count; i++) {
		put_case(&w, &result->checks[i]);
		flush(&w);
	}
	lopt_buf_text(&w.out, "  </testsuite>\n</testsuites>\n");
	flush(&w);
	bool failed = w.out.failed;
	lopt_buf_release(&w.out);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
