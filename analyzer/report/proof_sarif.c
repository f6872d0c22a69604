/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "report/json_writer.h"
#include "report/proof.h"
#include "report/view.h"

/* SARIF 2.1.0 (OASIS): one result per edit, at the line that ships the bytes. */

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
	lopt_json_key(&w->j, "message");
	lopt_json_open(&w->j, '{');
	lopt_json_member_string(&w->j, "text", lopt_buf_view(&w->text));
	lopt_json_close(&w->j, '}');
}

/* A path as a URI reference (RFC 3986): what may not stand in one is escaped, and a colon, which would end a scheme. */
static void put_uri(struct writer *w, const char *key, struct lopt_str path)
{
	lopt_buf_clear(&w->text);
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     (c && strchr("/-._~", c));
		if (plain)
			lopt_buf_char(&w->text, (char)c);
		else
			lopt_buf_printf(&w->text, "%%%02X", c);
	}
	w->j.text.failed |= w->text.failed;
	lopt_json_member_string(&w->j, key, lopt_buf_view(&w->text));
}

static void put_location(struct writer *w, const struct lopt_edit *edit)
{
	lopt_json_key(&w->j, "locations");
	lopt_json_open(&w->j, '[');
	lopt_json_open(&w->j, '{');
	lopt_json_key(&w->j, "physicalLocation");
	lopt_json_open(&w->j, '{');
	lopt_json_key(&w->j, "artifactLocation");
	lopt_json_open(&w->j, '{');
	put_uri(w, "uri", lopt_str_from(w->outcome->original_name));
	lopt_json_close(&w->j, '}');
	lopt_json_key(&w->j, "region");
	lopt_json_open(&w->j, '{');
	lopt_json_member_count(&w->j, "startLine", edit->line ? edit->line : 1);
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, ']');
}

static void put_result(struct writer *w, const struct lopt_edit *edit)
{
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "ruleId", edit->rule);
	lopt_json_member_text(&w->j, "level", lopt_edit_applies(edit) ? "warning" : "note");
	put_message(w, edit);
	put_location(w, edit);
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

static void put_driver(struct writer *w)
{
	const struct lopt_plan *plan = w->outcome->plan;
	lopt_json_key(&w->j, "tool");
	lopt_json_open(&w->j, '{');
	lopt_json_key(&w->j, "driver");
	lopt_json_open(&w->j, '{');
	lopt_json_member_text(&w->j, "name", "layeropt");
	lopt_json_member_text(&w->j, "version", LOPT_VERSION);
	lopt_json_key(&w->j, "rules");
	lopt_json_open(&w->j, '[');
	for (size_t i = 0; plan && i < plan->count; i++) {
		if (!is_first_of_rule(plan, i))
			continue;
		lopt_json_open(&w->j, '{');
		lopt_json_member_text(&w->j, "id", plan->edits[i].rule);
		lopt_json_close(&w->j, '}');
	}
	lopt_json_close(&w->j, ']');
	lopt_json_close(&w->j, '}');
	lopt_json_close(&w->j, '}');
}

enum lopt_status lopt_proof_sarif(FILE *to, const struct lopt_outcome *outcome,
				  const struct lopt_report_options *options, struct lopt_error *err)
{
	struct writer w = { .text = LOPT_BUF_INIT(SIZE_MAX / 2), .outcome = outcome, .options = options };
	lopt_json_init(&w.j, to, 4);
	lopt_json_open(&w.j, '{');
	lopt_json_member_text(&w.j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	lopt_json_member_text(&w.j, "version", "2.1.0");
	lopt_json_key(&w.j, "runs");
	lopt_json_open(&w.j, '[');
	lopt_json_open(&w.j, '{');
	put_driver(&w);
	lopt_json_key(&w.j, "results");
	lopt_json_open(&w.j, '[');
	for (size_t i = 0; outcome->plan && i < outcome->plan->count; i++)
		put_result(&w, &outcome->plan->edits[i]);
	lopt_json_close(&w.j, ']');
	lopt_json_close(&w.j, '}');
	lopt_json_close(&w.j, ']');
	lopt_json_close(&w.j, '}');
	lopt_json_newline(&w.j);
	lopt_buf_release(&w.text);
	return lopt_json_finish(&w.j, err);
}
