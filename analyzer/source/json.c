/* SPDX-License-Identifier: MIT */
#include "source/json.h"

#include <pthread.h>

#include "base/cleanup.h"

/* jansson does not always tell when memory is exhausted: it may lose a byte of a string. So its allocator tells. */
static _Thread_local bool exhausted;
static json_malloc_t next_malloc;
static json_free_t next_free;

static void *tell_malloc(size_t size)
{
	void *bytes = next_malloc(size);
	if (!bytes)
		exhausted = true;
	return bytes;
}

static void watch_memory(void)
{
	json_get_alloc_funcs(&next_malloc, &next_free);
	json_set_alloc_funcs(tell_malloc, next_free);
}

void lopt_value_prepare(void)
{
	json_object_seed(0);
}

void lopt_value_release(json_t **value)
{
	json_decref(*value);
}

/* jansson recurses once per level, so the depth is known before it starts. Wrong brackets are left to it. */
bool lopt_value_is_deeper(struct lopt_str text, uint64_t most)
{
	uint64_t depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{'))
			depth++;
		else if (!quoted && (c == ']' || c == '}') && depth)
			depth--;
		if (depth > most)
			return true;
	}
	return false;
}

enum lopt_status lopt_value_decode(json_t **out, struct lopt_str text, size_t flags, struct lopt_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	json_error_t error;
	(void)pthread_once(&once, watch_memory);
	exhausted = false;
	json_t *value = json_loadb(text.len ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES | flags, &error);
	if (exhausted) {
		json_decref(value);
		return lopt_error_memory(err);
	}
	if (value) {
		*out = value;
		return LOPT_OK;
	}
	return lopt_error_set(err, LOPT_E_INPUT, "not valid JSON: line %d, column %d: %s", error.line, error.column,
			      error.text);
}

enum lopt_status lopt_value_parse(json_t **out, struct lopt_str text, const struct lopt_limits *limits,
				  struct lopt_error *err)
{
	if (text.len > limits->json_bytes)
		return lopt_error_set(err, LOPT_E_LIMIT, "%zu bytes of JSON (--limit json_bytes=N)", text.len);
	if (lopt_value_is_deeper(text, limits->json_depth))
		return lopt_error_set(err, LOPT_E_LIMIT, "JSON nested more than %llu deep (--limit json_depth=N)",
				      (unsigned long long)limits->json_depth);
	return lopt_value_decode(out, text, 0, err);
}

static enum lopt_status wrong_type(struct lopt_error *err, const char *key, const char *want)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%s: not %s", key, want);
}

static const json_t *get(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return json_is_null(value) ? NULL : value;
}

enum lopt_status lopt_value_string(struct lopt_str *out, const json_t *object, const char *key, struct lopt_error *err)
{
	const json_t *value = get(object, key);
	*out = lopt_str_make(NULL, 0);
	if (!value)
		return LOPT_OK;
	if (!json_is_string(value))
		return wrong_type(err, key, "a string");
	*out = lopt_str_make(json_string_value(value), json_string_length(value));
	return LOPT_OK;
}

enum lopt_status lopt_value_need_string(struct lopt_str *out, const json_t *object, const char *key,
					struct lopt_error *err)
{
	LOPT_TRY(lopt_value_string(out, object, key, err));
	if (out->len == 0)
		return lopt_error_set(err, LOPT_E_INPUT, "%s: missing or empty", key);
	return LOPT_OK;
}

enum lopt_status lopt_value_copy(struct lopt_str *out, struct lopt_arena *arena, const json_t *object, const char *key,
				 struct lopt_error *err)
{
	struct lopt_str text;
	LOPT_TRY(lopt_value_string(&text, object, key, err));
	*out = text;
	if (!text.ptr)
		return LOPT_OK;
	*out = lopt_arena_copy(arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_value_array(const json_t **out, const json_t *object, const char *key, struct lopt_error *err)
{
	*out = get(object, key);
	return !*out || json_is_array(*out) ? LOPT_OK : wrong_type(err, key, "an array");
}

enum lopt_status lopt_value_object(const json_t **out, const json_t *object, const char *key, struct lopt_error *err)
{
	*out = get(object, key);
	return !*out || json_is_object(*out) ? LOPT_OK : wrong_type(err, key, "an object");
}

enum lopt_status lopt_value_bool(bool *out, const json_t *object, const char *key, struct lopt_error *err)
{
	const json_t *value = get(object, key);
	*out = json_is_true(value);
	return !value || json_is_boolean(value) ? LOPT_OK : wrong_type(err, key, "true or false");
}

enum lopt_status lopt_value_size(uint64_t *out, bool *has, const json_t *object, const char *key,
				 struct lopt_error *err)
{
	const json_t *value = get(object, key);
	*has = value != NULL;
	*out = 0;
	if (!value)
		return LOPT_OK;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return wrong_type(err, key, "an integer from 0 to 2^63 - 1");
	*out = (uint64_t)json_integer_value(value);
	return LOPT_OK;
}

enum lopt_status lopt_value_strings(const struct lopt_str **out, size_t *count, struct lopt_arena *arena,
				    const json_t *object, const char *key, struct lopt_error *err)
{
	const json_t *array;
	*out = NULL;
	*count = 0;
	LOPT_TRY(lopt_value_array(&array, object, key, err));
	size_t n = json_array_size(array);
	if (n == 0)
		return LOPT_OK;
	struct lopt_str *strings = lopt_arena_zalloc(arena, n, sizeof *strings);
	if (!strings)
		return lopt_error_memory(err);
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(array, i);
		if (!json_is_string(value))
			return lopt_error_set(err, LOPT_E_INPUT, "%s[%zu]: not a string", key, i);
		strings[i] = lopt_arena_copy(arena, lopt_str_make(json_string_value(value), json_string_length(value)));
		if (!strings[i].ptr)
			return lopt_error_memory(err);
	}
	*out = strings;
	*count = n;
	return LOPT_OK;
}

static int add_bytes(const char *bytes, size_t size, void *data)
{
	struct lopt_buf *out = data;
	lopt_buf_add(out, bytes, size);
	return out->failed ? -1 : 0;
}

/* Into a buffer that stays failed: jansson goes on where a key could not be put. */
enum lopt_status lopt_value_print(struct lopt_buf *out, const json_t *value, size_t flags, struct lopt_error *err)
{
	int status = json_dump_callback(value, add_bytes, out, flags);
	return status || out->failed ? lopt_error_memory(err) : LOPT_OK;
}
