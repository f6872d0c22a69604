/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/escape.h"
#include "report/gate_view.h"
#include "report/view.h"

/* One row per budget (RFC 4180). */

static const char header[] = "verdict,part,budget,name,measure,unit,actual,limit,at_least,excess,ignored_bytes,true,"
			     "layer,line,cause,message,origin,skipped\r\n";

struct writer {
	FILE *to;
	struct lopt_buf line, text;
	const struct lopt_report_options *options;
};

static void put_text(struct writer *w, struct lopt_str text)
{
	lopt_buf_char(&w->line, ',');
	lopt_escape_csv(&w->line, text);
}

static void put_shown(struct writer *w, struct lopt_str text)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, text, w->options);
	w->line.failed |= w->text.failed;
	put_text(w, lopt_buf_view(&w->text));
}

static void put_number(struct writer *w, bool there, uint64_t number)
{
	lopt_buf_char(&w->line, ',');
	if (there)
		lopt_buf_printf(&w->line, "%" PRIu64, number);
}

static void put_figure(struct writer *w, const struct lopt_gate_check *check, bool there, uint64_t whole, double ratio)
{
	if (check->unit != LOPT_UNIT_RATIO) {
		put_number(w, there, whole);
		return;
	}
	lopt_buf_char(&w->line, ',');
	if (there)
		lopt_gate_ratio_format(&w->line, ratio);
}

static void put_check(struct writer *w, const struct lopt_gate_check *check)
{
	static const char *const units[] = { "bytes", "count", "ratio" };
	bool checked = check->verdict != LOPT_GATE_SKIPPED;
	lopt_buf_text(&w->line, lopt_gate_verdict_name(check->verdict));
	put_text(w, lopt_str_from(lopt_gate_part_name(check->part)));
	put_text(w, lopt_str_from(check->budget));
	put_text(w, check->name);
	put_text(w, lopt_str_from(check->measure));
	put_text(w, lopt_str_from(units[check->unit]));
	put_figure(w, check, checked, check->actual, check->actual_ratio);
	put_figure(w, check, true, check->limit, check->limit_ratio);
	lopt_buf_text(&w->line, check->at_least ? ",true" : ",false");
	put_figure(w, check, checked, lopt_gate_check_excess(check), lopt_gate_excess_ratio(check));
	put_number(w, true, check->ignored_bytes);
	put_figure(w, check, check->has_true_bytes, check->true_bytes, check->true_ratio);
	put_number(w, check->layer != LOPT_NO_LAYER, check->layer);
	put_number(w, check->line != 0, check->line);
	put_shown(w, check->cause);
	put_shown(w, check->message);
	put_text(w, check->origin);
	put_text(w, lopt_str_from(check->skipped));
	lopt_buf_text(&w->line, "\r\n");
	if (w->line.failed)
		return; /* and stays so: nothing may be missing from the middle */
	(void)fwrite(w->line.data, 1, w->line.len, w->to);
	lopt_buf_clear(&w->line);
}

enum lopt_status lopt_gate_csv(FILE *to, const struct lopt_gate_result *result,
			       const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = {
		.to = to, .line = LOPT_BUF_INIT(SIZE_MAX / 2), .text = LOPT_BUF_INIT(SIZE_MAX / 2), .options = options
	};
	(void)fputs(header, to);
	for (size_t i = 0; i < result->check_count; i++)
		put_check(&w, &result->checks[i]);
	bool failed = w.line.failed;
	lopt_buf_release(&w.line);
	lopt_buf_release(&w.text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}
