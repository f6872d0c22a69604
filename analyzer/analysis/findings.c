/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "analysis/figures.h"
#include "base/cleanup.h"
#include "blob/digest.h"

const char *lopt_severity_name(enum lopt_severity severity)
{
	static const char *const names[] = { "info", "warning", "error" };
	return names[severity];
}

const char *lopt_level_name(enum lopt_level level)
{
	static const char *const names[] = { NULL, "safe", "standard", "aggressive" };
	return names[level];
}

/*
 * Fingerprints are over what stays when lines move, files come and go, and sizes change: the rule, the instruction, and for
 * waste the one that made the bytes. Which paths a finding about bytes shows depends on their sizes; any other is about
 * its path, or about what its message says.
 */
static void put_key(const struct lopt_making *making, const struct lopt_finding *finding, struct lopt_buf *text)
{
	lopt_buf_add(text, finding->rule, strlen(finding->rule) + 1);
	if (finding->layer != LOPT_NO_LAYER)
		lopt_buf_str(text, making->layers[finding->layer].instruction);
	lopt_buf_char(text, '\0');
	if (finding->waste)
		lopt_buf_str(text, making->layers[finding->waste->layer].instruction);
	else if (finding->bytes == 0 && finding->path_count)
		lopt_buf_str(text, finding->paths[0]);
	else if (finding->bytes == 0)
		lopt_buf_str(text, finding->message);
}

static enum lopt_status set_fingerprint(struct lopt_finding *finding, struct lopt_str key, struct lopt_error *err)
{
	static const char hex[] = "0123456789abcdef";
	struct lopt_digest digest = { 0 };
	LOPT_TRY(lopt_digest_of(&digest, LOPT_SHA256, key.ptr, key.len, err));
	for (size_t i = 0; i < 16; i++) {
		finding->fingerprint[2 * i] = hex[digest.bytes[i] >> 4];
		finding->fingerprint[2 * i + 1] = hex[digest.bytes[i] & 15];
	}
	finding->fingerprint[32] = '\0';
	return LOPT_OK;
}

/* Equal fingerprints together, in the order of the layers that hide and hold. */
static int compare_keys(const void *a, const void *b)
{
	const struct lopt_finding *x = *(const struct lopt_finding *const *)a;
	const struct lopt_finding *y = *(const struct lopt_finding *const *)b;
	size_t left = x->waste ? x->waste->layer : 0, right = y->waste ? y->waste->layer : 0;
	int order = strcmp(x->fingerprint, y->fingerprint);
	if (order)
		return order;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	if (left != right)
		return left < right ? -1 : 1;
	return lopt_str_compare(x->message, y->message);
}

/* One instruction may stand there several times: the second finding of a key is told apart by its number, and so on. */
static enum lopt_status set_fingerprints(struct lopt_making *making, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf key = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_cleanup_bytes)
	struct lopt_finding **sorted = calloc(making->result.finding_count + 1, sizeof *sorted);
	if (!sorted)
		return lopt_error_memory(err);
	for (size_t i = 0; i < making->result.finding_count; i++) {
		sorted[i] = &making->findings[i];
		lopt_buf_clear(&key);
		put_key(making, sorted[i], &key);
		if (key.failed)
			return lopt_error_memory(err);
		LOPT_TRY(set_fingerprint(sorted[i], lopt_buf_view(&key), err));
	}
	if (making->result.finding_count)
		qsort(sorted, making->result.finding_count, sizeof *sorted, compare_keys);
	for (size_t i = 1, same = 0; i < making->result.finding_count; i++) {
		char text[64];
		same = memcmp(sorted[i]->fingerprint, sorted[i - 1 - same]->fingerprint, 32) == 0 ? same + 1 : 0;
		if (!same)
			continue;
		int len = snprintf(text, sizeof text, "%s %zu", sorted[i]->fingerprint, same);
		LOPT_TRY(set_fingerprint(sorted[i], lopt_str_make(text, (size_t)len), err));
	}
	return LOPT_OK;
}

enum lopt_status lopt_findings_add(struct lopt_making *making, const struct lopt_finding *finding,
				   struct lopt_error *err)
{
	size_t count = making->result.finding_count;
	if (!lopt_rule_name_known(finding->rule))
		return lopt_error_set(err, LOPT_E_BUG, "the rule %s is in no list", finding->rule);
	struct lopt_finding *findings = lopt_grow(making->findings, &making->finding_cap, count + 1, sizeof *findings);
	if (!findings)
		return lopt_error_memory(err);
	making->findings = findings;
	making->result.findings = findings;
	findings[count] = *finding;
	if (finding->layer != LOPT_NO_LAYER)
		findings[count].line = making->layers[finding->layer].line;
	making->result.finding_count++;
	return LOPT_OK;
}

/* --- what was noted while reading --- */

static enum lopt_status add_note(struct lopt_making *making, const struct lopt_note *note, struct lopt_error *err)
{
	struct lopt_finding finding = {
		.rule = note->rule,
		.severity = (enum lopt_severity)note->severity,
		.message = note->message,
		.layer = note->layer,
		.paths = &note->path,
		.path_count = note->path.len != 0,
	};
	if (note->count > 1) {
		finding.message = lopt_making_text(making, "%.*s (%" PRIu64 " entries)", LOPT_STR_ARGS(note->message),
						   note->count);
		if (!finding.message.ptr)
			return lopt_error_memory(err);
	}
	return lopt_findings_add(making, &finding, err);
}

/* --- the rest --- */

/* A chmod that copied a file which a lower hard link still shows: nothing is hidden, and yet it is there twice. */
static enum lopt_status add_copied_links(struct lopt_making *making, const struct lopt_layer *layer,
					 struct lopt_error *err)
{
	struct lopt_finding finding = {
		.rule = "hardlink-copied",
		.severity = LOPT_INFO,
		.message = lopt_str_from(
			"files of this layer were copied by a later change of one of their hard-linked names; both copies are seen"),
		.advice = lopt_str_from("change hard-linked files in the instruction that makes them"),
		.layer = layer->index,
	};
	for (size_t i = 0; i < layer->inode_count; i++) {
		if (!layer->inodes[i].copied_up)
			continue;
		finding.bytes = lopt_add_saturating(finding.bytes, layer->inodes[i].size, &making->saturated);
		if (!finding.path_count++)
			finding.paths = &layer->inodes[i].path;
	}
	finding.path_count = finding.path_count != 0;
	return finding.bytes ? lopt_findings_add(making, &finding, err) : LOPT_OK;
}

static enum lopt_status add_saturation(struct lopt_making *making, struct lopt_error *err)
{
	const struct lopt_finding finding = {
		.rule = "sum-saturated",
		.severity = LOPT_WARNING,
		.message = lopt_str_from("the sizes of this image add up to more than 64 bits hold; sums stop there"),
		.layer = LOPT_NO_LAYER,
	};
	return making->saturated ? lopt_findings_add(making, &finding, err) : LOPT_OK;
}

/* What is wrong, what warns of something else than bytes, bytes. */
static int urgency(const struct lopt_finding *finding)
{
	if (finding->severity == LOPT_ERROR)
		return 0;
	return finding->severity == LOPT_WARNING && finding->bytes == 0 ? 1 : 2;
}

static int compare_findings(const void *a, const void *b)
{
	const struct lopt_finding *x = a, *y = b;
	if (urgency(x) != urgency(y))
		return urgency(x) - urgency(y);
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	int r = strcmp(x->rule, y->rule);
	if (r)
		return r;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	r = lopt_str_compare(x->message, y->message);
	return r ? r : strcmp(x->fingerprint, y->fingerprint);
}

enum lopt_status lopt_make_findings(struct lopt_making *making, struct lopt_error *err)
{
	const struct lopt_image *image = making->result.image;
	for (size_t i = 0; i < lopt_image_note_count(image); i++)
		LOPT_TRY(add_note(making, lopt_image_note(image, i), err));
	LOPT_TRY(lopt_make_waste_findings(making, err));
	LOPT_TRY(lopt_make_known_findings(making, err));
	LOPT_TRY(lopt_make_credential_findings(making, err));
	for (size_t i = 0; i < lopt_image_layer_count(image); i++)
		LOPT_TRY(add_copied_links(making, lopt_image_layer(image, i), err));
	LOPT_TRY(add_saturation(making, err));
	LOPT_TRY(set_fingerprints(making, err));
	if (making->result.finding_count)
		qsort(making->findings, making->result.finding_count, sizeof *making->findings, compare_findings);
	return LOPT_OK;
}
