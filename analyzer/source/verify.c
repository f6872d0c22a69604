/* SPDX-License-Identifier: MIT */
#include "source/plan.h"

#include "base/cleanup.h"

static enum lopt_status compare_digest(const struct lopt_digest *found, struct lopt_str claimed, const char *what,
				       bool *checked, struct lopt_error *err)
{
	struct lopt_digest expected;
	char text[LOPT_DIGEST_TEXT_MAX];
	LOPT_TRY(lopt_digest_parse(&expected, claimed, err));
	*checked = found->algorithm == expected.algorithm;
	if (!*checked || lopt_digest_fits(found, &expected))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "its %s is %s, expected %.*s", what, lopt_digest_format(text, found),
			      LOPT_STR_ARGS(claimed));
}

static enum lopt_status compare_digests(const struct lopt_bundle_layer *layer, bool *checked, struct lopt_error *err)
{
	bool blob = true, diff;
	if (layer->digest.len)
		LOPT_TRY(compare_digest(&layer->data->digest, layer->digest, "digest", &blob, err));
	LOPT_TRY(compare_digest(&layer->data->diff_id, layer->diff_id, "diff ID", &diff, err));
	*checked = blob && diff;
	return LOPT_OK;
}

enum lopt_status lopt_bundle_verify(struct lopt_bundle *bundle, size_t index, struct lopt_error *err)
{
	struct lopt_bundle_layer *layer = &bundle->layers[index];
	bool checked;
	if (compare_digests(layer, &checked, err) != LOPT_OK)
		return lopt_error_context(err, "layer %zu: %.*s", index, LOPT_STR_ARGS(layer->blob));
	if (checked) {
		layer->verified = LOPT_VERIFIED_TRUE;
		return LOPT_OK;
	}
	return lopt_notes_add(
		&bundle->notes, "digest-not-checked", LOPT_WARNING, index, layer->blob, err,
		"only SHA-256 digests can be checked in a stream; read the image from a file to check this");
}
