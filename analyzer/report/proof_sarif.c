/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "report/proof.h"
#include "report/sarif.h"
#include "report/view.h"

/* One result per edit, at the line that ships the bytes. */

struct writer {
	struct lopt_json j;
	struct lopt_buf text;
	const struct lopt_outcome *outcome;
	const struct lopt_report_options *options;
};

static void put_message(struct writer *w, const struct lopt_edit *edit)
{
	lopt_buf_clear(&w->text);
	lopt_text_show(&w->text, edit->evidence, w->options);
	lopt_buf_text(&w->text, " ");
	lopt_text_show(&w->text, edit->change, w->options);
	lopt_buf_printf(&w->text, " (%s", lopt_edit_state_words(edit->state));
	if (edit->state == LOPT_EDIT_PROVED) {
		lopt_buf_text(&w->text, ": ");
		lopt_size_format(&w->text, edit->proved_bytes);
	}
	lopt_buf_text(&w->text, ")");
	w->j.text.failed |= w->text.failed;
	lopt_sarif_message(&w->j, "message", lopt_buf_view(&w->text));
}

static void put_result(struct writer *w, const struct lopt_edit *edit)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "ruleId", edit->rule);
	lopt_json_member_text(&w->j, "level", lopt_edit_applies(edit) ? "warning" : "note");
	put_message(w, edit);
	lopt_sarif_location(&w->j, lopt_str_from(w->outcome->original_name), edit->line);
	lopt_json_key(&w->j, "properties");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "predictedBytes", edit->predicted_bytes);
	lopt_json_member_text(&w->j, "level", lopt_level_name(edit->level));
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
}

static bool is_first_of_rule(const struct lopt_plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(plan->edits[i].rule, plan->edits[index].rule) == 0)
			return false;
	return true;
}

enum lopt_status lopt_proof_sarif(FILE *to, const struct lopt_outcome *outcome,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .outcome = outcome, .options = options };
	const struct lopt_plan *plan = outcome->plan;
	size_t count = plan ? plan->count : 0;
	lopt_sarif_open(&w.j, to);
	for (size_t i = 0; i < count; i++)
		if (is_first_of_rule(plan, i))
			lopt_sarif_rule(&w.j, plan->edits[i].rule, NULL);
	lopt_sarif_start_results(&w.j);
	for (size_t i = 0; i < count; i++)
		put_result(&w, &plan->edits[i]);
	lopt_sarif_end_results(&w.j);
	lopt_sarif_close(&w.j);
	lopt_buf_release(&w.text);
	return lopt_json_finish(&w.j, err);
}
