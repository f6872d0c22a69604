/* SPDX-License-Identifier: MIT */
#include "advice/versions.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "dockerfile/runes.h"

struct version {
	const struct lopt_dockerfile *file;
	size_t count;
	uint64_t *hashes;
};

static void version_release(struct version *v)
{
	free(v->hashes);
}

static struct lopt_str text_of(const struct lopt_instruction *in)
{
	return lopt_str_trim(in->text);
}

/* What a here-document holds counts as well as the line. */
static bool is_same(const struct lopt_instruction *a, const struct lopt_instruction *b)
{
	bool same = lopt_str_equal(text_of(a), text_of(b)) && a->heredoc_count == b->heredoc_count;
	for (size_t i = 0; same && i < a->heredoc_count; i++)
		same = lopt_str_equal(a->heredocs[i].content, b->heredocs[i].content);
	return same;
}

static uint64_t hash_of(const struct lopt_instruction *in)
{
	uint64_t hash = lopt_hash(0, text_of(in));
	for (size_t i = 0; i < in->heredoc_count; i++)
		hash = lopt_hash(hash, in->heredocs[i].content);
	return hash;
}

static enum lopt_status version_read(struct version *v, const struct lopt_dockerfile *file, struct lopt_error *err)
{
	*v = (struct version){ .file = file, .count = lopt_dockerfile_count(file) };
	if (v->count > LOPT_VERSIONS_INSTRUCTIONS_MAX)
		return lopt_error_set(err, LOPT_E_LIMIT, "a Dockerfile of more than %d instructions",
				      LOPT_VERSIONS_INSTRUCTIONS_MAX);
	v->hashes = calloc(v->count + 1, sizeof *v->hashes);
	if (!v->hashes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < v->count; i++)
		v->hashes[i] = hash_of(lopt_dockerfile_at(file, i));
	return LOPT_OK;
}

static bool equal(const struct version *a, size_t i, const struct version *b, size_t j)
{
	return a->hashes[i] == b->hashes[j] && is_same(lopt_dockerfile_at(a->file, i), lopt_dockerfile_at(b->file, j));
}

/* lengths[i][j]: the longest common subsequence of what stands from i and from j on. */
static enum lopt_status match_equal(const struct version *a, const struct version *b, struct lopt_counterpart *out,
				    struct lopt_error *err)
{
	size_t width = b->count + 1;
	LOPT_CLEANUP(lopt_cleanup_bytes) uint16_t *lengths = calloc((a->count + 1) * width, sizeof *lengths);
	if (!lengths)
		return lopt_error_memory(err);
	for (size_t i = a->count; i-- > 0;)
		for (size_t j = b->count; j-- > 0;) {
			uint16_t down = lengths[(i + 1) * width + j], right = lengths[i * width + j + 1];
			lengths[i * width + j] = down > right ? down : right;
			if (equal(a, i, b, j))
				lengths[i * width + j] = (uint16_t)(lengths[(i + 1) * width + j + 1] + 1);
		}
	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		if (equal(a, i, b, j))
			out[i++] = (struct lopt_counterpart){ .index = j++, .same = true };
		else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])
			i++;
		else
			j++;
	}
	return LOPT_OK;
}

/* "NAME" of "NAME=value", for the keywords that have one. */
static struct lopt_str first_name(const struct lopt_instruction *in)
{
	if (!in->word_count)
		return lopt_str_from("");
	if (lopt_str_is(in->keyword, "env") || lopt_str_is(in->keyword, "label"))
		return in->words[0];
	if (lopt_str_is(in->keyword, "arg"))
		return lopt_str_make(in->words[0].ptr, lopt_str_find(in->words[0], '='));
	return lopt_str_from("");
}

static bool is_kin(const struct lopt_instruction *a, const struct lopt_instruction *b)
{
	return lopt_str_equal(a->keyword, b->keyword) && lopt_str_equal(first_name(a), first_name(b));
}

/* Those between two equal ones: i from..end of a, behind `after` and in front of `before` in b. */
static void match_gap(const struct version *a, const struct version *b, struct lopt_counterpart *out, size_t from,
		      size_t end, size_t after, size_t before)
{
	for (size_t i = from; i < end; i++)
		for (size_t j = after; j < before; j++)
			if (is_kin(lopt_dockerfile_at(a->file, i), lopt_dockerfile_at(b->file, j))) {
				out[i].index = j;
				after = j + 1;
				break;
			}
}

static void match_changed(const struct version *a, const struct version *b, struct lopt_counterpart *out)
{
	size_t from = 0, after = 0;
	for (size_t i = 0; i <= a->count; i++) {
		if (i < a->count && !out[i].same)
			continue;
		match_gap(a, b, out, from, i, after, i < a->count ? out[i].index : b->count);
		from = i + 1;
		after = i < a->count ? out[i].index + 1 : b->count;
	}
}

enum lopt_status lopt_versions_match(struct lopt_counterpart **out, const struct lopt_dockerfile *file,
				     const struct lopt_dockerfile *other, struct lopt_error *err)
{
	LOPT_CLEANUP(version_release) struct version a = { 0 };
	LOPT_CLEANUP(version_release) struct version b = { 0 };
	LOPT_TRY(version_read(&a, file, err));
	LOPT_TRY(version_read(&b, other, err));
	LOPT_CLEANUP(lopt_cleanup_bytes)
	struct lopt_counterpart *list = calloc(a.count + 1, sizeof *list);
	if (!list || !a.hashes || !b.hashes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < a.count; i++)
		list[i].index = SIZE_MAX;
	LOPT_TRY(match_equal(&a, &b, list, err));
	match_changed(&a, &b, list);
	*out = LOPT_MOVE(list);
	return LOPT_OK;
}
