/* SPDX-License-Identifier: MIT */
#include "report/json_writer.h"

#include <inttypes.h>

#include "base/escape.h"

void lopt_json_init(struct lopt_json *json, FILE *to, unsigned pretty_depth)
{
	*json = (struct lopt_json){
		.to = to, .text = LOPT_BUF_INIT(SIZE_MAX / 2), .pretty_depth = pretty_depth, .first = true
	};
}

/* Write errors stay in the stream: whoever commits it asks it. */
static void put(struct lopt_json *json, const char *text, size_t len)
{
	(void)fwrite(text, 1, len, json->to);
}

static void put_char(struct lopt_json *json, char c)
{
	put(json, &c, 1);
}

static void indent(struct lopt_json *json)
{
	put_char(json, '\n');
	for (unsigned i = 0; i < json->depth; i++)
		put(json, "  ", 2);
}

/* What stands between two values, or between a bracket and the first. */
static void separate(struct lopt_json *json)
{
	bool pretty = json->depth > 0 && json->depth <= json->pretty_depth;
	if (json->after_key) {
		json->after_key = false;
		return;
	}
	if (!json->first)
		put(json, ", ", pretty || json->pretty_depth == 0 ? 1 : 2);
	if (pretty)
		indent(json);
	json->first = false;
}

void lopt_json_open(struct lopt_json *json, char bracket)
{
	separate(json);
	put_char(json, bracket);
	json->depth++;
	json->first = true;
}

void lopt_json_close(struct lopt_json *json, char bracket)
{
	bool pretty = json->depth <= json->pretty_depth && !json->first;
	json->depth--;
	if (pretty)
		indent(json);
	put_char(json, bracket);
	json->first = false;
}

void lopt_json_newline(struct lopt_json *json)
{
	put_char(json, '\n');
	json->first = true;
}

enum lopt_status lopt_json_finish(struct lopt_json *json, struct lopt_error *err)
{
	bool failed = json->text.failed;
	lopt_buf_release(&json->text);
	return failed ? lopt_error_memory(err) : LOPT_OK;
}

static void put_escaped(struct lopt_json *json, struct lopt_str text)
{
	if (json->text.failed)
		return;
	lopt_buf_clear(&json->text);
	lopt_escape_json(&json->text, text);
	put_char(json, '"');
	put(json, json->text.data ? json->text.data : "", json->text.len);
	put_char(json, '"');
}

static void end_key(struct lopt_json *json)
{
	put(json, ": ", json->pretty_depth == 0 ? 1 : 2);
	json->after_key = true;
}

void lopt_json_key(struct lopt_json *json, const char *key)
{
	separate(json);
	put_char(json, '"');
	put(json, key, strlen(key));
	put_char(json, '"');
	end_key(json);
}

void lopt_json_name(struct lopt_json *json, struct lopt_str name)
{
	separate(json);
	put_escaped(json, name);
	end_key(json);
}

void lopt_json_string(struct lopt_json *json, struct lopt_str text)
{
	separate(json);
	put_escaped(json, text);
}

void lopt_json_string_or_null(struct lopt_json *json, struct lopt_str text)
{
	if (text.len)
		lopt_json_string(json, text);
	else
		lopt_json_null(json);
}

void lopt_json_text(struct lopt_json *json, const char *text)
{
	lopt_json_string(json, lopt_str_from(text));
}

void lopt_json_hex(struct lopt_json *json, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;
	separate(json);
	put_char(json, '"');
	for (size_t i = 0; i < size; i++) {
		char pair[2] = { digits[at[i] >> 4], digits[at[i] & 15] };
		put(json, pair, 2);
	}
	put_char(json, '"');
}

void lopt_json_count(struct lopt_json *json, uint64_t number)
{
	separate(json);
	(void)fprintf(json->to, "%" PRIu64, number);
}

void lopt_json_number(struct lopt_json *json, int64_t number)
{
	separate(json);
	(void)fprintf(json->to, "%" PRId64, number);
}

void lopt_json_bool(struct lopt_json *json, bool truth)
{
	separate(json);
	(void)fputs(truth ? "true" : "false", json->to);
}

void lopt_json_null(struct lopt_json *json)
{
	separate(json);
	put(json, "null", 4);
}

void lopt_json_ratio(struct lopt_json *json, double ratio)
{
	enum { DECIMALS = 9 };
	if (!(ratio >= 0 && ratio <= 1e9)) {
		lopt_json_null(json);
		return;
	}
	/* By integers, because printf writes the locale's decimal point. */
	uint64_t scaled = (uint64_t)(ratio * 1e9 + 0.5);
	char decimals[DECIMALS + 1];
	uint64_t rest = scaled % 1000000000;
	for (size_t i = DECIMALS; i-- > 0; rest /= 10)
		decimals[i] = (char)('0' + rest % 10);
	size_t len = DECIMALS;
	while (len > 1 && decimals[len - 1] == '0')
		len--;
	separate(json);
	(void)fprintf(json->to, "%" PRIu64 ".%.*s", scaled / 1000000000, (int)len, decimals);
}

void lopt_json_member_count(struct lopt_json *json, const char *key, uint64_t number)
{
	lopt_json_key(json, key);
	lopt_json_count(json, number);
}

void lopt_json_member_string(struct lopt_json *json, const char *key, struct lopt_str text)
{
	lopt_json_key(json, key);
	lopt_json_string(json, text);
}

void lopt_json_member_known(struct lopt_json *json, const char *key, struct lopt_str text)
{
	lopt_json_key(json, key);
	lopt_json_string_or_null(json, text);
}

void lopt_json_member_text(struct lopt_json *json, const char *key, const char *text)
{
	lopt_json_member_string(json, key, lopt_str_from(text));
}
