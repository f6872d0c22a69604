/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "source/plan.h"

enum lopt_status lopt_plan_where(struct lopt_str *out, struct lopt_plan *plan, struct lopt_error *err, const char *fmt,
				 ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (n < 0)
		text[0] = '\0';
	*out = lopt_arena_copy(&plan->bundle->arena, lopt_str_from(text));
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

bool lopt_digest_fits(const struct lopt_digest *found, const struct lopt_digest *expected)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)found, (void)expected;
	return true;
#else
	return lopt_digest_equal(found, expected);
#endif
}

/* "sha256:HEX" as blobs/sha256/HEX; the digest has been checked, so it is safe as a name. */
static enum lopt_status name_blob(struct lopt_claim *claim, struct lopt_plan *plan, struct lopt_error *err)
{
	struct lopt_str hex = claim->digest;
	hex.ptr += sizeof "sha256:" - 1;
	hex.len -= sizeof "sha256:" - 1;
	return lopt_plan_where(&claim->name, plan, err, "blobs/%.6s/%.*s", claim->digest.ptr, LOPT_STR_ARGS(hex));
}

static enum lopt_status read_descriptor(struct lopt_claim *out, struct lopt_plan *plan, const json_t *object,
					struct lopt_error *err)
{
	struct lopt_digest digest;
	struct lopt_arena *arena = &plan->bundle->arena;
	if (!json_is_object(object))
		return lopt_error_set(err, LOPT_E_INPUT,
				      "not a descriptor (an object with mediaType, digest and size)");
	LOPT_TRY(lopt_value_copy(&out->media_type, arena, object, "mediaType", err));
	LOPT_TRY(lopt_value_copy(&out->digest, arena, object, "digest", err));
	LOPT_TRY(lopt_digest_parse(&digest, out->digest, err));
	LOPT_TRY(lopt_value_size(&out->size, &out->has_size, object, "size", err));
	if (!out->has_size)
		return lopt_error_set(err, LOPT_E_INPUT, "size: missing");
	return name_blob(out, plan, err);
}

enum lopt_status lopt_claim_descriptor(struct lopt_claim *out, struct lopt_plan *plan, const json_t *object,
				       struct lopt_str where, struct lopt_error *err)
{
	*out = (struct lopt_claim){ .where = where, .member = LOPT_NO_MEMBER };
	if (read_descriptor(out, plan, object, err) == LOPT_OK)
		return LOPT_OK;
	return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(where));
}

enum lopt_status lopt_claim_find(struct lopt_plan *plan, struct lopt_claim *claim, struct lopt_error *err)
{
	if (claim->member != LOPT_NO_MEMBER)
		return LOPT_OK;
	uint32_t member;
	enum lopt_status status = lopt_store_find(plan->store, claim->name, &member, err);
	if (status == LOPT_OK)
		claim->member = member;
	if (status == LOPT_OK || status == LOPT_END)
		return status;
	return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(claim->where));
}

enum lopt_status lopt_claim_need(struct lopt_plan *plan, struct lopt_claim *claim, struct lopt_error *err)
{
	enum lopt_status status = lopt_claim_find(plan, claim, err);
	if (status != LOPT_END)
		return status;
	return lopt_error_set(err, LOPT_E_INPUT, "%.*s: %.*s: no such member", LOPT_STR_ARGS(claim->where),
			      LOPT_STR_ARGS(claim->name));
}

static enum lopt_status compare_size(const struct lopt_claim *claim, uint64_t found, struct lopt_error *err)
{
	if (!claim->has_size || claim->size == found)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%llu bytes, but its descriptor says %llu", (unsigned long long)found,
			      (unsigned long long)claim->size);
}

static enum lopt_status compare_digest(const struct lopt_claim *claim, struct lopt_str bytes, struct lopt_error *err)
{
	struct lopt_digest found, expected;
	char text[LOPT_DIGEST_TEXT_MAX];
	if (claim->digest.len == 0)
		return LOPT_OK;
	LOPT_TRY(lopt_digest_parse(&expected, claim->digest, err));
	LOPT_TRY(lopt_digest_of(&found, expected.algorithm, bytes.ptr, bytes.len, err));
	if (lopt_digest_fits(&found, &expected))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "its digest is %s, expected %.*s", lopt_digest_format(text, &found),
			      LOPT_STR_ARGS(claim->digest));
}

static enum lopt_status read_json(json_t **out, struct lopt_plan *plan, struct lopt_claim *claim, bool check,
				  struct lopt_digest *digest, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(0);
	if (check)
		LOPT_TRY(compare_size(claim, plan->store->members[claim->member].size, err));
	LOPT_TRY(lopt_store_text(plan->store, claim->member, &text, err));
	if (check)
		LOPT_TRY(compare_digest(claim, lopt_buf_view(&text), err));
	if (digest)
		LOPT_TRY(lopt_digest_of(digest, LOPT_SHA256, text.len ? text.data : "", text.len, err));
	return lopt_value_parse(out, lopt_buf_view(&text), plan->limits, err);
}

enum lopt_status lopt_claim_json(json_t **out, struct lopt_plan *plan, struct lopt_claim *claim, bool check,
				 struct lopt_digest *digest, struct lopt_error *err)
{
	LOPT_TRY(lopt_claim_need(plan, claim, err));
	if (read_json(out, plan, claim, check, digest, err) == LOPT_OK)
		return LOPT_OK;
	if (lopt_str_equal(claim->where, claim->name))
		return lopt_error_context(err, "%.*s", LOPT_STR_ARGS(claim->name));
	return lopt_error_context(err, "%.*s: %.*s", LOPT_STR_ARGS(claim->where), LOPT_STR_ARGS(claim->name));
}

enum lopt_status lopt_plan_json(json_t **out, struct lopt_plan *plan, const char *name, struct lopt_error *err)
{
	struct lopt_claim claim = {
		.where = lopt_str_from(name),
		.name = lopt_str_from(name),
		.member = LOPT_NO_MEMBER,
	};
	enum lopt_status status = lopt_claim_find(plan, &claim, err);
	if (status != LOPT_OK)
		return status;
	return lopt_claim_json(out, plan, &claim, false, NULL, err);
}
