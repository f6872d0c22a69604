/* SPDX-License-Identifier: MIT */
#include "advice/reorder.h"

#include <stdlib.h>

#include "advice/order.h"
#include "base/cleanup.h"
#include "dockerfile/record.h"

_Static_assert((int)LOPT_DEPENDS_STEPS_MAX == (int)LOPT_ORDER_ITEMS_MAX, "a step is an item");
_Static_assert((int)LOPT_DEPENDS_STEPS_MAX == (int)LOPT_COMMITS_INSTRUCTIONS_MAX, "commits tell of every step");
_Static_assert((int)LOPT_COMMITS_MAX <= (int)LOPT_ORDER_COMMITS_MAX, "an order weighs every commit");

void lopt_reorder_release(struct lopt_reorder *reorder)
{
	lopt_depends_release(&reorder->depends);
	*reorder = (struct lopt_reorder){ 0 };
}

/* BuildKit's cache does not see these. */
static bool is_metadata(struct lopt_str keyword)
{
	switch (lopt_keyword_find(keyword)) {
	case LOPT_KEYWORD_CMD:
	case LOPT_KEYWORD_ENTRYPOINT:
	case LOPT_KEYWORD_EXPOSE:
	case LOPT_KEYWORD_HEALTHCHECK:
	case LOPT_KEYWORD_LABEL:
	case LOPT_KEYWORD_MAINTAINER:
	case LOPT_KEYWORD_ONBUILD:
	case LOPT_KEYWORD_STOPSIGNAL:
	case LOPT_KEYWORD_VOLUME:
		return true;
	default:
		return false;
	}
}

static uint64_t unseen_steps(const struct lopt_reorder *out, const struct lopt_depends_input *input)
{
	uint64_t steps = 0;
	for (size_t i = 0; input->builder == LOPT_BUILDER_BUILDKIT && i < out->count; i++)
		if (is_metadata(lopt_dockerfile_at(input->file, out->depends.first + i)->keyword))
			steps |= (uint64_t)1 << i;
	return steps;
}

static enum lopt_status search(struct lopt_reorder *out, const struct lopt_reorder_input *input,
			       struct lopt_order *order, struct lopt_error *err)
{
	const struct lopt_commits *commits = input->commits;
	LOPT_CLEANUP(lopt_cleanup_bytes) uint64_t *changed = calloc(commits->count + 1, sizeof *changed);
	if (!changed)
		return lopt_error_memory(err);
	uint64_t unseen = unseen_steps(out, &input->depends);
	for (size_t t = 0; t < commits->count; t++)
		changed[t] = commits->changed[t] & ~unseen;
	const struct lopt_order_input items = {
		.count = out->count,
		.seconds = input->seconds + out->depends.first,
		.before = out->depends.must_precede,
		.commits = changed,
		.commit_count = commits->count,
	};
	return lopt_order_find(order, &items, err);
}

static const char *judge(const struct lopt_reorder *out)
{
	if (!(out->before > 0))
		return "no commit made an instruction run again that takes time";
	if (!(out->after < out->before))
		return out->exact ? "no order the dependencies allow rebuilds less"
				  : "no order was found that rebuilds less";
	if (out->before - out->after < LOPT_REORDER_GAIN_MIN * out->before)
		return "the best order would save less than 10 % of the rebuilding";
	return NULL;
}

static enum lopt_status propose(struct lopt_reorder *out, const struct lopt_reorder_input *input,
				struct lopt_error *err)
{
	struct lopt_order order = { .exact = false };
	LOPT_TRY(search(out, input, &order, err));
	out->before = order.before;
	out->after = order.after;
	out->exact = order.exact;
	out->reason = lopt_str_from(judge(out));
	for (size_t i = 0; !out->reason.len && i < out->count; i++)
		out->order[i] = out->depends.first + order.items[i];
	return LOPT_OK;
}

enum lopt_status lopt_reorder_find(struct lopt_reorder *out, const struct lopt_reorder_input *input,
				   struct lopt_error *err)
{
	*out = (struct lopt_reorder){ 0 };
	LOPT_TRY(lopt_depends_read(&out->depends, &input->depends, err));
	out->count = out->depends.count;
	for (size_t i = 0; i < out->count; i++)
		out->order[i] = out->depends.first + i;
	if (out->depends.reason)
		out->reason = lopt_str_from(out->depends.reason);
	else if (!input->commits->count)
		out->reason = input->commits->reason.len ? lopt_buf_view(&input->commits->reason)
							 : lopt_str_from("no commit is known");
	if (out->reason.len)
		return LOPT_OK;
	enum lopt_status status = propose(out, input, err);
	if (status != LOPT_OK)
		lopt_reorder_release(out);
	return status;
}
