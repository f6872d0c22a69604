/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gate/inner.h"
#include "layer/path.h"

size_t lopt_gate_holder(const struct lopt_finding *finding)
{
	return finding->waste ? finding->waste->layer : finding->layer;
}

size_t lopt_gate_hidden_holder(const struct lopt_finding *finding)
{
	size_t holder = lopt_gate_holder(finding);
	return holder == finding->layer ? LOPT_NO_LAYER : holder;
}

/* --- ignores --- */

static bool expired(const struct lopt_evaluation *e, const struct lopt_gate_ignore *ignore)
{
	return ignore->expires.len && lopt_str_compare(ignore->expires, e->settings->today) < 0;
}

static bool names_paths(const struct lopt_gate_ignore *ignore, const struct lopt_finding *finding)
{
	struct lopt_path_pattern pattern;
	lopt_path_pattern_set(&pattern, ignore->path);
	for (size_t i = 0; i < finding->path_count; i++)
		if (!lopt_path_matches(&pattern, finding->paths[i]))
			return false;
	return finding->path_count != 0;
}

/* A pragma is about its instruction: one that made the bytes, or one that hid them. */
static bool names_line(const struct lopt_evaluation *e, uint32_t line, const struct lopt_finding *finding)
{
	size_t holder = lopt_gate_holder(finding);
	return finding->line == line || (holder != LOPT_NO_LAYER && e->result->analysis->layers[holder].line == line);
}

/* All but the paths. */
static bool is_about(const struct lopt_evaluation *e, const struct lopt_gate_ignore *ignore,
		     const struct lopt_finding *finding)
{
	if (ignore->rule.len && !lopt_str_is(ignore->rule, finding->rule))
		return false;
	if (ignore->fingerprint.len && !lopt_str_is(ignore->fingerprint, finding->fingerprint))
		return false;
	return !ignore->line || names_line(e, ignore->line, finding);
}

static void use(struct lopt_evaluation *e, struct lopt_gate_finding *at, struct lopt_gate_ignore *ignore,
		uint64_t bytes, bool all)
{
	ignore->findings++;
	ignore->bytes = lopt_add_saturating(ignore->bytes, bytes, NULL);
	if (ignore->expired) {
		at->expired = ignore;
		return;
	}
	at->ignored_bytes = lopt_add_saturating(at->ignored_bytes, bytes, NULL);
	e->result->ignored_bytes = lopt_add_saturating(e->result->ignored_bytes, bytes, NULL);
	if (all && !at->ignore) {
		at->ignore = ignore;
		e->result->ignored_count++;
	}
}

/* An inode of the waste that a finding sums up. */
static bool is_of(const struct lopt_inode *inode, const struct lopt_waste_row *waste)
{
	return inode->size && inode->cause == waste->cause && inode->masked_by == waste->masked_by;
}

/*
 * The finding shows the directories that its files have in common; what an ignore names are the files themselves. *left
 * is what no other ignore has taken yet: `taken` has a mark for each inode of the layer.
 */
static uint64_t waste_under(const struct lopt_layer *layer, const struct lopt_waste_row *waste, struct lopt_str path,
			    unsigned char *taken, bool *left)
{
	struct lopt_path_pattern pattern;
	uint64_t bytes = 0;
	lopt_path_pattern_set(&pattern, path);
	*left = false;
	for (size_t i = 0; i < layer->inode_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[i];
		if (!is_of(inode, waste) || taken[i])
			continue;
		if (lopt_path_matches(&pattern, inode->path)) {
			bytes = lopt_add_saturating(bytes, inode->size, NULL);
			taken[i] = 1;
		} else {
			*left = true;
		}
	}
	return bytes;
}

/* Rows of waste name the directory that their files have in common, which may be the root. */
static struct lopt_str largest_file(const struct lopt_layer *layer, const struct lopt_waste_row *waste,
				    const unsigned char *ignored)
{
	const struct lopt_inode *largest = NULL;
	if (!waste->path.len || waste->path.ptr[waste->path.len - 1] != '/')
		return lopt_str_make(NULL, 0);
	for (size_t i = 0; i < layer->inode_count; i++) {
		const struct lopt_inode *inode = &layer->inodes[i];
		bool counts = is_of(inode, waste) && !(ignored && ignored[i]);
		if (counts && (!largest || inode->size > largest->size))
			largest = inode;
	}
	return largest ? largest->path : lopt_str_make(NULL, 0);
}

static enum lopt_status ignore_waste(struct lopt_evaluation *e, struct lopt_gate_finding *at)
{
	struct lopt_gate_result *result = e->result;
	const struct lopt_waste_row *waste = at->finding->waste;
	const struct lopt_layer *layer = lopt_image_layer(result->analysis->image, waste->layer);
	LOPT_CLEANUP(lopt_cleanup_bytes) unsigned char *taken = calloc(layer->inode_count + 1, 1);
	LOPT_CLEANUP(lopt_cleanup_bytes) unsigned char *lapsed = calloc(layer->inode_count + 1, 1);
	if (!taken || !lapsed)
		return lopt_error_memory(e->err);
	for (size_t i = 0; i < result->ignore_count && !at->ignore; i++) {
		struct lopt_gate_ignore *ignore = &result->ignores[i];
		bool left;
		if (!is_about(e, ignore, at->finding))
			continue;
		uint64_t bytes = waste_under(layer, waste, ignore->path, ignore->expired ? lapsed : taken, &left);
		if (bytes)
			use(e, at, ignore, bytes, !left);
	}
	at->file = largest_file(layer, waste, at->ignore ? NULL : taken);
	return LOPT_OK;
}

static enum lopt_status ignore_finding(struct lopt_evaluation *e, struct lopt_gate_finding *at)
{
	struct lopt_gate_result *result = e->result;
	if (at->finding->waste)
		return ignore_waste(e, at);
	for (size_t i = 0; i < result->ignore_count && !at->ignore; i++) {
		struct lopt_gate_ignore *ignore = &result->ignores[i];
		if (is_about(e, ignore, at->finding) && (!ignore->path.len || names_paths(ignore, at->finding)))
			use(e, at, ignore, at->finding->bytes, true);
	}
	return LOPT_OK;
}

static enum lopt_status copy_ignores(struct lopt_evaluation *e)
{
	const struct lopt_gate_settings *settings = e->settings;
	size_t count = settings->ignore_count;
	e->result->ignores = lopt_arena_zalloc(&e->result->arena, count + 1, sizeof *e->result->ignores);
	if (!e->result->ignores)
		return lopt_error_memory(e->err);
	for (size_t i = 0; i < count; i++) {
		e->result->ignores[i] = settings->ignores[i];
		e->result->ignores[i].expired = expired(e, &settings->ignores[i]);
	}
	e->result->ignore_count = count;
	return LOPT_OK;
}

/* --- severities --- */

/* The last setting of a rule counts: options come before files, so the first does. */
static const struct lopt_rule_setting *setting_of(const struct lopt_gate_settings *settings, const char *rule)
{
	for (size_t i = 0; i < settings->rule_count; i++)
		if (lopt_str_is(settings->rules[i].rule, rule))
			return &settings->rules[i];
	return NULL;
}

/* LOPT_ERROR + 1 where nothing is asked for. */
static enum lopt_severity threshold(const struct lopt_gate_word *word)
{
	for (enum lopt_severity severity = LOPT_INFO; severity <= LOPT_ERROR; severity++)
		if (lopt_str_is(word->text, lopt_severity_name(severity)))
			return severity;
	return LOPT_ERROR + 1;
}

/* --- old and new --- */

static int compare_fingerprints(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum lopt_status mark_new(struct lopt_evaluation *e)
{
	const struct lopt_analysis *baseline = e->result->baseline;
	if (!baseline || baseline->omitted.findings.rows)
		return LOPT_OK; /* of one that was cut nobody can tell */
	LOPT_CLEANUP(lopt_cleanup_bytes) const char **known = calloc(baseline->finding_count + 1, sizeof *known);
	if (!known)
		return lopt_error_memory(e->err);
	for (size_t i = 0; i < baseline->finding_count; i++)
		known[i] = baseline->findings[i].fingerprint;
	if (baseline->finding_count)
		qsort(known, baseline->finding_count, sizeof *known, compare_fingerprints);
	for (size_t i = 0; i < e->result->finding_count; i++) {
		struct lopt_gate_finding *at = &e->result->findings[i];
		const char *key = at->finding->fingerprint;
		at->is_new = !bsearch(&key, known, baseline->finding_count, sizeof *known, compare_fingerprints);
	}
	return LOPT_OK;
}

/* --- checks --- */

static enum lopt_status tell_first(struct lopt_evaluation *e, struct lopt_gate_check *check,
				   const struct lopt_gate_finding *at)
{
	const struct lopt_finding *finding = at->finding;
	check->cause = lopt_gate_sentence(e, "%s: %.*s", finding->rule, LOPT_STR_ARGS(finding->message));
	check->layer = finding->layer;
	check->made_by = lopt_gate_hidden_holder(finding);
	check->line = finding->line;
	return check->cause.ptr ? lopt_gate_tell_paths(e, check, at) : lopt_error_memory(e->err);
}

/* Findings come with the worst first, so the first one that fails is named. */
static enum lopt_status check_findings(struct lopt_evaluation *e, const char *budget, const struct lopt_gate_word *word,
				       bool only_new)
{
	struct lopt_gate_result *result = e->result;
	enum lopt_severity least = threshold(word);
	const struct lopt_gate_finding *first = NULL;
	struct lopt_gate_check check = {
		.budget = budget,
		.name = word->text,
		.origin = word->origin,
		.measure = "findings",
		.unit = LOPT_UNIT_COUNT,
		.layer = LOPT_NO_LAYER,
		.made_by = LOPT_NO_LAYER,
	};
	if (least > LOPT_ERROR)
		return LOPT_OK;
	if (only_new && result->baseline && result->baseline->omitted.findings.rows)
		return lopt_error_set(
			e->err, LOPT_E_USAGE,
			"the baseline was cut and does not hold all its findings, so that others cannot be told for "
			"new: write it with --write-baseline, or with --top 0");
	for (size_t i = 0; i < result->finding_count; i++) {
		struct lopt_gate_finding *at = &result->findings[i];
		if (at->ignore || at->off || at->of_base || at->severity < least || (only_new && !at->is_new))
			continue;
		at->fails = true;
		first = first ? first : at;
		check.actual++;
	}
	if (only_new && !result->baseline) {
		check.verdict = LOPT_GATE_SKIPPED;
		check.skipped = "there is no baseline";
	} else if (first) {
		check.verdict = LOPT_GATE_EXCEEDED;
		LOPT_TRY(tell_first(e, &check, first));
	}
	return lopt_gate_add_check(e, &check);
}

static enum lopt_status judge(struct lopt_evaluation *e, struct lopt_gate_finding *at,
			      const struct lopt_finding *finding)
{
	const struct lopt_analysis *analysis = e->result->analysis;
	const struct lopt_rule_setting *setting = setting_of(e->settings, finding->rule);
	size_t holder = lopt_gate_holder(finding);
	at->finding = finding;
	at->severity = setting ? setting->severity : finding->severity;
	at->off = setting && setting->off;
	at->of_base = analysis->has_base && holder != LOPT_NO_LAYER && holder < analysis->base_layers;
	return ignore_finding(e, at);
}

enum lopt_status lopt_gate_judge(struct lopt_evaluation *e)
{
	struct lopt_gate_result *result = e->result;
	const struct lopt_analysis *analysis = result->analysis;
	LOPT_TRY(copy_ignores(e));
	result->findings = lopt_arena_zalloc(&result->arena, analysis->finding_count + 1, sizeof *result->findings);
	if (!result->findings)
		return lopt_error_memory(e->err);
	for (size_t i = 0; i < analysis->finding_count; i++)
		LOPT_TRY(judge(e, &result->findings[i], &analysis->findings[i]));
	result->finding_count = analysis->finding_count;
	return mark_new(e);
}

enum lopt_status lopt_gate_check_findings(struct lopt_evaluation *e)
{
	LOPT_TRY(check_findings(e, "fail-on", &e->settings->fail_on, false));
	return check_findings(e, "no-new", &e->settings->no_new, true);
}
