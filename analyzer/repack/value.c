/* SPDX-License-Identifier: MIT */
#include "repack/value.h"

#include "base/cleanup.h"

enum lopt_status lopt_value_set(json_t *object, const char *key, json_t *value, struct lopt_error *err)
{
	return json_object_set_new(object, key, value) == 0 ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_value_append(json_t *array, json_t *value, struct lopt_error *err)
{
	return json_array_append_new(array, value) == 0 ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_value_describe(json_t *descriptor, const struct lopt_new_blob *blob, struct lopt_error *err)
{
	(void)json_object_del(descriptor, "data"); /* fails where it is not there */
	LOPT_TRY(lopt_value_set(descriptor, "digest", json_string(blob->digest), err));
	return lopt_value_set(descriptor, "size", json_integer((json_int_t)blob->size), err);
}

enum lopt_status lopt_value_read(json_t **out, struct lopt_buf *text, const struct lopt_documents *documents,
				 uint32_t member, struct lopt_error *err)
{
	LOPT_TRY(lopt_store_text(documents->bundle->input.store, member, text, err));
	return lopt_value_parse(out, lopt_buf_view(text), documents->limits, err);
}

enum lopt_status lopt_value_read_blob(json_t **out, struct lopt_store *store, const struct lopt_limits *limits,
				      struct lopt_str digest, struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf text = LOPT_BUF_INIT(0);
	char name[LOPT_BLOB_NAME_MAX], digest_text[LOPT_DIGEST_TEXT_MAX];
	struct lopt_digest wanted, found;
	uint32_t member;
	if (lopt_digest_parse(&wanted, digest, NULL) != LOPT_OK)
		return LOPT_OK;
	lopt_blob_name(name, lopt_digest_format(digest_text, &wanted));
	enum lopt_status status = lopt_store_find(store, lopt_str_from(name), &member, err);
	if (status != LOPT_OK)
		return status == LOPT_END ? LOPT_OK : status;
	LOPT_TRY(lopt_store_text(store, member, &text, err));
	LOPT_TRY(lopt_digest_of(&found, wanted.algorithm, text.data, text.len, err));
	return lopt_digest_equal(&wanted, &found) ? lopt_value_parse(out, lopt_buf_view(&text), limits, err) : LOPT_OK;
}
