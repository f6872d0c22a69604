/* SPDX-License-Identifier: MIT */
#include "support/planning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/escape.h"
#include "proof/proof.h"
#include "support/archive.h"

static struct lopt_error err;

static bool ships(struct lopt_str keyword)
{
	return lopt_str_is(keyword, "run") || lopt_str_is(keyword, "copy") || lopt_str_is(keyword, "add");
}

/* As BuildKit words it. */
static void add_record(struct lopt_buf *history, const struct lopt_instruction *in, bool empty)
{
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	bool run = lopt_str_is(in->keyword, "run");
	for (size_t i = 0; i < in->keyword.len; i++)
		lopt_buf_char(&text, (char)(in->keyword.ptr[i] - 'a' + 'A'));
	lopt_buf_text(&text, run && !in->json ? " /bin/sh -c " : " ");
	for (size_t i = 0; i < in->flag_count && !run; i++)
		lopt_buf_printf(&text, "%.*s ", LOPT_STR_ARGS(in->flags[i]));
	for (size_t i = 0; i < in->word_count && in->json; i++)
		lopt_buf_printf(&text, "%s%.*s", i ? " " : "", LOPT_STR_ARGS(in->words[i]));
	if (!in->json)
		lopt_buf_str(&text, in->args);
	if (ships(in->keyword))
		lopt_buf_text(&text, " # buildkit");
	lopt_buf_text(history, "\"comment\":\"buildkit.dockerfile.v0\",\"created_by\":\"");
	lopt_escape_json(history, lopt_buf_view(&text));
	lopt_buf_printf(history, "\"%s}", empty ? ",\"empty_layer\":true" : "");
	lopt_buf_release(&text);
}

/* The n-th second of the year 2024, for n below a day. */
static void add_time(struct lopt_buf *history, unsigned second)
{
	lopt_buf_printf(history, "\"created\":\"2024-01-01T%02u:%02u:%02uZ\",", second / 3600, second / 60 % 60,
			second % 60);
}

static void write_history(struct lopt_buf *out, const struct lopt_dockerfile *file, const struct test_plan *c,
			  const struct lopt_buf *tars)
{
	size_t last = 0, next = 1;
	unsigned now = 0;
	for (size_t i = 0; i < lopt_dockerfile_count(file); i++)
		if (lopt_str_is(lopt_dockerfile_at(file, i)->keyword, "from"))
			last = i;
	lopt_buf_text(out, "\"history\":[{");
	if (c->seconds[0])
		add_time(out, now);
	lopt_buf_text(out, "\"created_by\":\"base\"}");
	for (size_t i = last + 1; i < lopt_dockerfile_count(file); i++) {
		const struct lopt_instruction *in = lopt_dockerfile_at(file, i);
		bool layer = next < TEST_LAYERS_MAX && ships(in->keyword) && tars[next].len;
		now += layer ? c->seconds[next - 1] : 0;
		lopt_buf_text(out, ",{");
		if (c->seconds[0])
			add_time(out, now);
		add_record(out, in, !layer);
		next += layer;
	}
	lopt_buf_char(out, ']');
}

static void write_environment(struct lopt_buf *out, const struct test_plan *c)
{
	if (!c->env)
		return;
	lopt_buf_text(out, "\"config\":{\"Env\":[\"");
	lopt_escape_json(out, lopt_str_from(c->env));
	lopt_buf_text(out, "\"]},");
}

static void write_layers(struct lopt_buf tars[TEST_LAYERS_MAX], const struct test_plan *c)
{
	size_t count = 0;
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++) {
		tars[i] = LOPT_BUF_INIT(1 << 22);
		if (c->layers[i])
			test_layer(&tars[i], c->layers[i]);
	}
	for (size_t i = 0; c->files && c->files[i].path; i++) {
		test_file(&tars[c->files[i].layer], &c->files[i]);
		count = c->files[i].layer + 1 > count ? c->files[i].layer + 1 : count;
	}
	for (size_t i = 0; i < count; i++)
		test_tar_end(&tars[i]);
}

static void read_image(struct test_planning *p, const struct test_plan *c)
{
	const struct lopt_open_options options = { .want_sha256 = true, .keep = lopt_proof_keep };
	struct lopt_buf text = LOPT_BUF_INIT(1 << 18), tars[TEST_LAYERS_MAX];
	write_layers(tars, c);
	write_environment(&text, c);
	write_history(&text, p->file, c, tars);
	lopt_buf_char(&text, '\0');
	if (test_open_configured(&p->image, tars, text.data, &options, &p->fd, &err) != LOPT_OK)
		fail_msg("%s: %s", c->source, err.message);
	for (size_t i = 0; i < TEST_LAYERS_MAX; i++)
		lopt_buf_release(&tars[i]);
	lopt_buf_release(&text);
}

static void read_commits(struct test_planning *p, const struct test_plan *c)
{
	char path[256];
	if (!c->context)
		return;
	(void)snprintf(path, sizeof path, "%s/Dockerfile", c->context);
	const struct lopt_commits_options options = { .context = c->context,
						      .dockerfile = path,
						      .commits_max = c->commits };
	if (lopt_commits_read(&p->commits, &options, p->file, &err) != LOPT_OK)
		fail_msg("%s: %s", c->source, err.message);
	p->input.commits = &p->commits;
}

void test_planning_begin(struct test_planning *p, const struct test_plan *c)
{
	const struct lopt_analysis_options analysis = { .dockerfile_name = "D",
							.dockerfile = lopt_str_from(c->source) };
	*p = (struct test_planning){ 0 };
	if (lopt_dockerfile_parse(&p->file, lopt_str_from(c->source), &err) != LOPT_OK)
		fail_msg("%s: %s", c->source, err.message);
	read_image(p, c);
	if (lopt_analysis_make(&p->analysis, p->image, &analysis, &err) != LOPT_OK)
		fail_msg("%s: %s", c->source, err.message);
	p->input = (struct lopt_plan_input){
		.file = p->file,
		.source = lopt_str_from(c->source),
		.analysis = p->analysis,
		.builder = LOPT_BUILDER_BUILDKIT,
		.copy_chmod = c->copy_chmod,
		.mount = c->mount,
		.has_test = c->has_test,
		.level = c->level ? c->level : LOPT_LEVEL_SAFE,
		.included = c->included,
		.excluded = c->excluded,
	};
	while (p->input.included_count < TEST_RULES_MAX && c->included[p->input.included_count])
		p->input.included_count++;
	while (p->input.excluded_count < TEST_RULES_MAX && c->excluded[p->input.excluded_count])
		p->input.excluded_count++;
	read_commits(p, c);
}

void test_planning_end(struct test_planning *p)
{
	lopt_plan_release(&p->plan);
	lopt_analysis_free(p->analysis);
	lopt_image_free(p->image);
	lopt_dockerfile_free(p->file);
	lopt_commits_release(&p->commits);
	(void)close(p->fd);
}

/* "-a": it goes, "+a" it comes, "~a": it changes, "a*": so does all beneath it. */
static void print_effect(struct lopt_buf *text, const struct lopt_effect *effect)
{
	lopt_buf_printf(text, " %s%s%s%.*s%s", effect->aspects & LOPT_ASPECT_REMOVED ? "-" : "",
			effect->aspects & LOPT_ASPECT_ADDED ? "+" : "",
			effect->aspects & ~(unsigned)(LOPT_ASPECT_REMOVED | LOPT_ASPECT_ADDED) ? "~" : "",
			LOPT_STR_ARGS(effect->path), effect->beneath ? "*" : "");
}

/* Whatever an edit carries can be named on the command line. */
static void check_rule(const char *rule)
{
	for (size_t i = 0; lopt_rule_name(i); i++)
		if (strcmp(lopt_rule_name(i), rule) == 0)
			return;
	fail_msg("%s cannot be named", rule);
}

static void print_edits(struct lopt_buf *text, const struct lopt_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct lopt_edit *edit = &plan->edits[i];
		lopt_buf_printf(text, "%s%s %u %llu", i ? "\n" : "", edit->rule, (unsigned)edit->line,
				(unsigned long long)edit->predicted_bytes);
		if (edit->state != LOPT_EDIT_CHOSEN)
			lopt_buf_printf(text, " %s", lopt_edit_state_words(edit->state));
		if (edit->seconds_before > 0)
			lopt_buf_printf(text, " %.4gs>%.4gs", edit->seconds_before, edit->seconds_after);
		for (size_t j = 0; j < edit->effect_count; j++)
			print_effect(text, &edit->effects[j]);
		assert_true(edit->evidence.len && edit->change.len);
		check_rule(edit->rule);
		assert_int_equal(edit->state == LOPT_EDIT_DROPPED, edit->why.len > 0);
	}
}

static void check_why(const struct test_planning *p, const char *want)
{
	for (size_t i = 0; i < p->plan.count; i++) {
		struct lopt_str why = p->plan.edits[i].why;
		if (!why.len)
			continue;
		if (!memmem(why.ptr, why.len, want, strlen(want)))
			fail_msg("%.*s\nnot %s", LOPT_STR_ARGS(why), want);
		return;
	}
	fail_msg("nobody says why: %s", want);
}

/* What is printed is a Dockerfile, and says the same when it is printed again. */
void test_planning_check_text(struct test_planning *p, const char *text)
{
	struct lopt_dockerfile *again;
	struct lopt_buf second = LOPT_BUF_INIT(1 << 20);
	if (lopt_dockerfile_parse(&again, lopt_str_from(text), &err) != LOPT_OK)
		fail_msg("%s: %s", text, err.message);
	lopt_dockerfile_free(again);
	assert_int_equal(lopt_plan_print(&p->plan, &p->input, &second, &err), LOPT_OK);
	lopt_buf_char(&second, '\0');
	assert_string_equal(second.data, text);
	lopt_buf_release(&second);
}

/* All together save no more than the image holds, and no more than each alone. */
void test_planning_check_bytes(const struct test_planning *p)
{
	uint64_t together, sum = 0;
	assert_int_equal(lopt_plan_predict(&p->plan, &together, &err), LOPT_OK);
	for (size_t i = 0; i < p->plan.count; i++)
		sum += lopt_edit_applies(&p->plan.edits[i]) ? p->plan.edits[i].predicted_bytes : 0;
	assert_true(together <= sum && together <= p->analysis->totals.content_bytes);
}

static void check_ignore(const struct test_planning *p, const struct test_plan *c)
{
	struct lopt_buf text = LOPT_BUF_INIT(1 << 16);
	assert_int_equal(lopt_plan_print_ignore(&p->plan, lopt_str_from(c->ignore_before ? c->ignore_before : ""),
						&text, &err),
			 LOPT_OK);
	lopt_buf_char(&text, '\0');
	assert_string_equal(text.data, c->ignore ? c->ignore : "");
	lopt_buf_release(&text);
}

static void expect(const struct test_plan *c)
{
	struct test_planning p;
	struct lopt_buf edits = LOPT_BUF_INIT(1 << 16), text = LOPT_BUF_INIT(1 << 20);
	test_planning_begin(&p, c);
	if (lopt_plan_make(&p.plan, &p.input, &err) != LOPT_OK)
		fail_msg("%s: %s", c->source, err.message);
	if (c->target && lopt_plan_aim(&p.plan, p.analysis->totals.content_bytes, c->target, &err) != LOPT_OK)
		fail_msg("%s", err.message);
	assert_int_equal(lopt_plan_print(&p.plan, &p.input, &text, &err), LOPT_OK);
	lopt_buf_char(&text, '\0');
	print_edits(&edits, &p.plan);
	lopt_buf_char(&edits, '\0');
	const char *want = c->text ? c->text : c->source;
	if (strcmp(edits.data, c->want) != 0 || strcmp(text.data, want) != 0)
		fail_msg("%s\n---\n%s\n---\n%s\nnot\n%s\n---\n%s", c->source, edits.data, text.data, c->want, want);
	if (c->why)
		check_why(&p, c->why);
	test_planning_check_text(&p, text.data);
	test_planning_check_bytes(&p);
	check_ignore(&p, c);
	lopt_buf_release(&edits);
	lopt_buf_release(&text);
	test_planning_end(&p);
}

void test_plans(const struct test_plan *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(&cases[i]);
}
