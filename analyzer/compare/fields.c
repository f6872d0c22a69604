/* SPDX-License-Identifier: MIT */
#include "compare/fields.h"

#include "base/cleanup.h"
#include "base/escape.h"

static const struct lopt_str nothing;

/* --- spellings --- */

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits, the last `pad` of which are "=". */
static bool decode_group(unsigned char *out, const char *digits, size_t pad)
{
	uint32_t group = 0;
	for (size_t k = 0; k < 4; k++) {
		int value = k < 4 - pad ? base64_value(digits[k]) : 0;
		if (value < 0)
			return false;
		group = group << 6 | (uint32_t)value;
	}
	for (size_t k = 0; k < 3 - pad; k++)
		out[k] = (unsigned char)(group >> (16 - 8 * k));
	return (group & ((1u << (8 * pad)) - 1)) == 0;
}

enum lopt_status lopt_base64_decode(struct lopt_str *out, struct lopt_arena *arena, struct lopt_str text,
				    struct lopt_error *err)
{
	*out = nothing;
	if (text.len == 0 || text.len % 4)
		return LOPT_OK;
	size_t pad = text.ptr[text.len - 1] != '=' ? 0 : text.ptr[text.len - 2] != '=' ? 1 : 2;
	size_t len = text.len / 4 * 3 - pad;
	unsigned char *bytes = lopt_arena_alloc(arena, len + 1);
	if (!bytes)
		return lopt_error_memory(err);
	for (size_t i = 0; i < text.len; i += 4)
		if (!decode_group(bytes + i / 4 * 3, text.ptr + i, i + 4 == text.len ? pad : 0))
			return LOPT_OK;
	bytes[len] = '\0';
	if (!memchr(bytes, '\0', len))
		*out = lopt_str_make((const char *)bytes, len);
	return LOPT_OK;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool lopt_hex_decode(unsigned char *out, size_t size, struct lopt_str digits)
{
	if (digits.len / 2 != size || digits.len % 2)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = hex_value(digits.ptr[2 * i]), low = hex_value(digits.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool lopt_digits_decode(uint64_t *out, struct lopt_str digits)
{
	uint64_t number = 0;
	if (digits.len == 0 || (digits.len > 1 && digits.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.ptr[i];
		if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
			return false;
	}
	*out = number;
	return true;
}

/* --- members --- */

enum lopt_status lopt_fields_wrong(const struct lopt_fields *fields, size_t index, const char *what,
				   struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "%s: not %s", fields->keys[index], what);
}

enum lopt_status lopt_fields_find(struct lopt_fields *fields, const char *const *keys, size_t count,
				  struct lopt_str text, struct lopt_error *err)
{
	fields->keys = keys;
	if (lopt_scan_object(text, keys, fields->values, count))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "not a JSON object, or one with a member twice");
}

bool lopt_fields_has(const struct lopt_fields *fields, size_t index)
{
	return fields->values[index].ptr && !lopt_str_is(fields->values[index], "null");
}

enum lopt_status lopt_fields_need(const struct lopt_fields *fields, size_t index, struct lopt_error *err)
{
	if (fields->values[index].ptr)
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "%s: missing", fields->keys[index]);
}

enum lopt_status lopt_fields_string(struct lopt_str *out, const struct lopt_fields *fields, struct lopt_str value,
				    struct lopt_error *err)
{
	struct lopt_str text;
	*out = nothing;
	LOPT_TRY(lopt_scan_string(&text, fields->room, value, err));
	if (!text.ptr || (text.len && memchr(text.ptr, '\0', text.len)) || !lopt_utf8_valid(text))
		return LOPT_OK;
	*out = lopt_arena_copy(fields->arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

enum lopt_status lopt_fields_text(struct lopt_str *out, const struct lopt_fields *fields, size_t index,
				  struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_need(fields, index, err));
	LOPT_TRY(lopt_fields_string(out, fields, fields->values[index], err));
	return out->ptr ? LOPT_OK : lopt_fields_wrong(fields, index, "a string", err);
}

enum lopt_status lopt_fields_known(struct lopt_str *out, const struct lopt_fields *fields, size_t index,
				   struct lopt_error *err)
{
	*out = nothing;
	LOPT_TRY(lopt_fields_need(fields, index, err));
	return lopt_fields_has(fields, index) ? lopt_fields_text(out, fields, index, err) : LOPT_OK;
}

enum lopt_status lopt_fields_bytes(struct lopt_str *out, const struct lopt_fields *fields, size_t index, size_t encoded,
				   struct lopt_error *err)
{
	struct lopt_str text;
	LOPT_TRY(lopt_fields_need(fields, index, err));
	if (!fields->values[encoded].ptr)
		return lopt_fields_text(out, fields, index, err);
	LOPT_TRY(lopt_fields_text(&text, fields, encoded, err));
	LOPT_TRY(lopt_base64_decode(out, fields->arena, text, err));
	return out->ptr ? LOPT_OK : lopt_fields_wrong(fields, encoded, "base64", err);
}

enum lopt_status lopt_fields_count(uint64_t *out, const struct lopt_fields *fields, size_t index,
				   struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_need(fields, index, err));
	if (lopt_digits_decode(out, fields->values[index]))
		return LOPT_OK;
	return lopt_fields_wrong(fields, index, "a whole number from 0 to 2^64 - 1", err);
}

enum lopt_status lopt_fields_number(int64_t *out, const struct lopt_fields *fields, size_t index,
				    struct lopt_error *err)
{
	uint64_t number;
	LOPT_TRY(lopt_fields_need(fields, index, err));
	struct lopt_str digits = fields->values[index];
	bool negative = digits.len > 1 && digits.ptr[0] == '-';
	if (negative)
		digits = lopt_str_make(digits.ptr + 1, digits.len - 1);
	if (!lopt_digits_decode(&number, digits) || number > (uint64_t)INT64_MAX + negative)
		return lopt_fields_wrong(fields, index, "a whole number from -2^63 to 2^63 - 1", err);
	*out = (int64_t)(negative ? -number : number);
	return LOPT_OK;
}

enum lopt_status lopt_fields_flag(bool *out, const struct lopt_fields *fields, size_t index, struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_need(fields, index, err));
	*out = lopt_str_is(fields->values[index], "true");
	if (*out || lopt_str_is(fields->values[index], "false"))
		return LOPT_OK;
	return lopt_fields_wrong(fields, index, "true or false", err);
}
