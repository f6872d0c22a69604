/* SPDX-License-Identifier: MIT */
/* JSON read in place: what jansson makes of the same text, value by value. */
#include <jansson.h>

#include "harness.h"
#include "package/scan.h"

enum { NESTED_MAX = 200 }; /* objects and arrays; more are left alone: comparing recurses */

static bool is_small(struct lopt_str text)
{
	size_t nested = 0;
	for (size_t i = 0; i < text.len; i++)
		nested += text.ptr[i] == '[' || text.ptr[i] == '{';
	return nested <= NESTED_MAX;
}

/* What jansson alone refuses: numbers out of its range, bytes that are no UTF-8, half a surrogate pair, some keys. */
static bool is_particular(const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);
	return code == json_error_numeric_overflow || code == json_error_invalid_utf8 ||
	       code == json_error_duplicate_key || code == json_error_null_byte_in_key ||
	       strstr(error->text, "Unicode");
}

static void compare(struct lopt_str value, const json_t *want);

static void compare_array(struct lopt_str text, const json_t *want)
{
	struct lopt_scan scan;
	struct lopt_str value;
	size_t count = 0;
	lopt_scan_start(&scan, text, '[');
	while (lopt_scan_element(&scan, &value))
		compare(value, json_array_get(want, count++));
	MUST(lopt_scan_ended(&scan) && count == json_array_size(want));
}

static void compare_object(struct lopt_str text, const json_t *want)
{
	struct lopt_scan scan;
	struct lopt_str key, value, name;
	struct lopt_error err;
	size_t count = 0;
	lopt_scan_start(&scan, text, '{');
	while (lopt_scan_member(&scan, &key, &value)) {
		struct lopt_buf room = LOPT_BUF_INIT(key.len);
		MUST(lopt_scan_string(&name, &room, key, &err) == LOPT_OK && name.ptr);
		compare(value, json_object_getn(want, name.ptr, name.len));
		lopt_buf_release(&room);
		count++;
	}
	MUST(lopt_scan_ended(&scan) && count == json_object_size(want));
}

static void compare(struct lopt_str value, const json_t *want)
{
	struct lopt_buf room = LOPT_BUF_INIT(value.len);
	struct lopt_str string;
	struct lopt_error err;
	MUST(value.len && want);
	if (value.ptr[0] == '[')
		compare_array(value, want);
	else if (value.ptr[0] == '{')
		compare_object(value, want);
	MUST(lopt_scan_string(&string, &room, value, &err) == LOPT_OK);
	MUST((string.ptr != NULL) == json_is_string(want));
	if (string.ptr)
		MUST(lopt_str_equal(string, lopt_str_make(json_string_value(want), json_string_length(want))));
	lopt_buf_release(&room);
}

static bool scans(struct lopt_str text, char open)
{
	struct lopt_scan scan;
	struct lopt_str key, value;
	lopt_scan_start(&scan, text, open);
	while (open == '[' ? lopt_scan_element(&scan, &value) : lopt_scan_member(&scan, &key, &value))
		;
	return lopt_scan_ended(&scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_error_t error;
	struct lopt_str text = lopt_str_make((const char *)data, size);
	bool array = scans(text, '['), object = scans(text, '{');
	MUST(!(array && object));
	/* jansson drops a NUL that stands behind a value. */
	bool nul = size && memchr(data, '\0', size);
	MUST(!nul || !(array || object));
	if (nul || !is_small(text))
		return 0;
	json_t *tree = json_loadb((const char *)data, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (tree) {
		MUST(array == json_is_array(tree) && object == json_is_object(tree));
		compare(text, tree);
	} else {
		MUST(!(array || object) || is_particular(&error));
	}
	json_decref(tree);
	return 0;
}
