/* SPDX-License-Identifier: MIT */
#include "analysis/saved.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "layeropt/analysis.h"
#include "source/json.h"

/*
 * Ceilings beside that on bytes: a small text can ask for a lot of memory. Ours have no more than one object and six
 * values for about a hundred bytes.
 */
enum { OBJECTS_MAX = 1000000, COMMAS_MAX = 4000000, PLACES_MAX = 8, LABEL_MAX = 64 };

/*
 * jansson refuses numbers beyond 2^63 - 1, without saying whose they are. They are put into strings that start like this;
 * no string of ours does.
 */
static const char mark[] = "\\u0000#";
enum { MARK = 2 }; /* bytes of it once it was read */

/* The text of numbers. */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number that starts at `at`; *whole: it has neither fraction nor exponent. */
static size_t number_length(struct lopt_str text, size_t at, bool *whole)
{
	size_t end = at + (text.ptr[at] == '-');
	*whole = true;
	for (; end < text.len; end++) {
		char c = text.ptr[end];
		if (c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-')
			*whole = false;
		else if (!is_digit(c))
			break;
	}
	return end - at;
}

static bool is_large(struct lopt_str number)
{
	static const char largest[] = "9223372036854775807";
	enum { DIGITS = sizeof largest - 1 };
	size_t sign = number.ptr[0] == '-';
	size_t digits = number.len - sign;
	return digits > DIGITS || (digits == DIGITS && memcmp(number.ptr + sign, largest, DIGITS) > 0);
}

struct survey {
	size_t objects, commas;
	bool large; /* numbers */
};

/* `out` NULL: only look. Else the text with every large number marked is put there. */
static void survey(struct survey *found, struct lopt_str text, struct lopt_buf *out)
{
	bool quoted = false;
	size_t done = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool whole;
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		found->objects += c == '{';
		found->commas += c == ',';
		if (c != '-' && !is_digit(c))
			continue;
		struct lopt_str number = lopt_str_make(text.ptr + i, number_length(text, i, &whole));
		i += number.len - 1;
		if (!whole || !is_large(number))
			continue;
		found->large = true;
		if (!out)
			continue;
		lopt_buf_add(out, text.ptr + done, (size_t)(number.ptr - text.ptr) - done);
		lopt_buf_printf(out, "\"%s", mark);
		lopt_buf_str(out, number);
		lopt_buf_char(out, '"');
		done = i + 1;
	}
	if (out)
		lopt_buf_add(out, text.ptr + done, text.len - done);
}

/* Where the marks are in the way of line and column, the text as it is tells them. */
static enum lopt_status decode(json_t **out, struct lopt_str text, bool large, struct lopt_error *err)
{
	if (!large)
		return lopt_value_decode(out, text, JSON_ALLOW_NUL, err);
	struct survey again = { 0 };
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf marked = LOPT_BUF_INIT(SIZE_MAX / 2);
	survey(&again, text, &marked);
	if (marked.failed)
		return lopt_error_memory(err);
	enum lopt_status status = lopt_value_decode(out, lopt_buf_view(&marked), JSON_ALLOW_NUL, err);
	return status == LOPT_E_INPUT ? lopt_value_decode(out, text, JSON_ALLOW_NUL, err) : status;
}

enum lopt_status lopt_saved_parse(json_t **out, struct lopt_str text, struct lopt_error *err)
{
	struct survey found = { 0 };
	uint64_t depth = lopt_limits_default()->json_depth;
	if (text.len > LOPT_ANALYSIS_JSON_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "more than %u bytes of JSON", LOPT_ANALYSIS_JSON_MAX);
	if (lopt_value_is_deeper(text, depth))
		return lopt_error_set(err, LOPT_E_USAGE, "JSON nested more than %llu deep", (unsigned long long)depth);
	survey(&found, text, NULL);
	if (found.objects > OBJECTS_MAX || found.commas > COMMAS_MAX)
		return lopt_error_set(err, LOPT_E_USAGE, "JSON of more than %d objects or %d values", OBJECTS_MAX,
				      COMMAS_MAX);
	enum lopt_status status = decode(out, text, found.large, err);
	if (status != LOPT_E_INPUT)
		return status;
	if (err)
		err->status = LOPT_E_USAGE;
	return LOPT_E_USAGE;
}

/* Places. */

struct lopt_saved lopt_saved_member(const struct lopt_saved *in, const char *key)
{
	return (struct lopt_saved){ .in = in, .key = key, .value = json_object_get(in->value, key) };
}

struct lopt_saved lopt_saved_item(const struct lopt_saved *in, size_t index)
{
	return (struct lopt_saved){ .in = in, .index = index, .value = json_array_get(in->value, index) };
}

/* "line 12: layers[3].content_bytes" */
static void print_place(struct lopt_buf *out, const struct lopt_saved *at)
{
	const struct lopt_saved *way[PLACES_MAX];
	size_t count = 0;
	for (; at->in && count < PLACES_MAX; at = at->in)
		way[count++] = at;
	lopt_buf_printf(out, "line %zu: ", lopt_saved_line(at->text, way, count));
	if (count == 0)
		lopt_buf_text(out, "the document");
	for (bool first = true; count--; first = false) {
		if (way[count]->key)
			lopt_buf_printf(out, "%s%s", first ? "" : ".", way[count]->key);
		else
			lopt_buf_printf(out, "[%zu]", way[count]->index);
	}
}

enum lopt_status lopt_saved_wrong(const struct lopt_saved *at, struct lopt_error *err, const char *fmt, ...)
{
	char what[LOPT_ERROR_MAX / 2];
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf place = LOPT_BUF_INIT(LOPT_ERROR_MAX);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	print_place(&place, at);
	if (place.failed)
		return lopt_error_memory(err);
	return lopt_error_set(err, LOPT_E_USAGE, "%s: %s", place.data, what);
}

static enum lopt_status need(const struct lopt_saved *at, struct lopt_error *err)
{
	return at->value ? LOPT_OK : lopt_saved_wrong(at, err, "missing");
}

enum lopt_status lopt_saved_need_object(const struct lopt_saved *at, struct lopt_error *err)
{
	LOPT_TRY(need(at, err));
	return json_is_object(at->value) ? LOPT_OK : lopt_saved_wrong(at, err, "not an object");
}

enum lopt_status lopt_saved_need_list(const struct lopt_saved *at, struct lopt_error *err)
{
	LOPT_TRY(need(at, err));
	return json_is_array(at->value) ? LOPT_OK : lopt_saved_wrong(at, err, "not a list");
}

/* Values. */

static bool is_marked(struct lopt_str text)
{
	return text.len > MARK && text.ptr[0] == '\0' && text.ptr[1] == '#';
}

static struct lopt_str text_of(const json_t *value)
{
	return lopt_str_make(json_string_value(value), json_string_length(value));
}

static enum lopt_status read_large(const struct lopt_saved *at, struct lopt_str digits, uint64_t *out,
				   struct lopt_error *err)
{
	if (digits.ptr[0] == '-')
		return lopt_saved_wrong(at, err, "less than 0");
	for (size_t i = 0; i < digits.len; i++)
		if (__builtin_mul_overflow(*out, (uint64_t)10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(digits.ptr[i] - '0'), out))
			return lopt_saved_wrong(at, err, "more than 2^64 - 1");
	return LOPT_OK;
}

static enum lopt_status read_count(const struct lopt_saved *at, uint64_t *out, struct lopt_error *err)
{
	*out = 0;
	LOPT_TRY(need(at, err));
	struct lopt_str text = json_is_string(at->value) ? text_of(at->value) : lopt_str_make(NULL, 0);
	if (is_marked(text))
		return read_large(at, lopt_str_make(text.ptr + MARK, text.len - MARK), out, err);
	if (!json_is_integer(at->value))
		return lopt_saved_wrong(at, err, "not a whole number");
	if (json_integer_value(at->value) < 0)
		return lopt_saved_wrong(at, err, "less than 0");
	*out = (uint64_t)json_integer_value(at->value);
	return LOPT_OK;
}

static enum lopt_status read_below(const struct lopt_saved *at, uint64_t end, uint64_t *out, struct lopt_error *err)
{
	LOPT_TRY(read_count(at, out, err));
	if (*out < end)
		return LOPT_OK;
	return lopt_saved_wrong(at, err, "%llu is too large", (unsigned long long)*out);
}

static enum lopt_status read_layer(const struct lopt_saved_reader *reader, const struct lopt_saved *at, size_t *out,
				   struct lopt_error *err)
{
	uint64_t number;
	LOPT_TRY(read_count(at, &number, err));
	if (number >= reader->layers)
		return lopt_saved_wrong(at, err, "%llu is no layer: there are %zu", (unsigned long long)number,
					reader->layers);
	*out = (size_t)number;
	return LOPT_OK;
}

static enum lopt_status read_layers(const struct lopt_saved_reader *reader, const struct lopt_saved *at,
				    const size_t **out, size_t *count, struct lopt_error *err)
{
	LOPT_TRY(lopt_saved_need_list(at, err));
	*count = json_array_size(at->value);
	size_t *layers = lopt_arena_zalloc(reader->arena, *count + 1, sizeof *layers);
	if (!layers)
		return lopt_error_memory(err);
	for (size_t i = 0; i < *count; i++) {
		const struct lopt_saved item = lopt_saved_item(at, i);
		LOPT_TRY(read_layer(reader, &item, &layers[i], err));
	}
	*out = layers;
	return LOPT_OK;
}

static enum lopt_status read_ratio(const struct lopt_saved *at, double *out, struct lopt_error *err)
{
	LOPT_TRY(need(at, err));
	*out = NAN;
	if (json_is_null(at->value))
		return LOPT_OK;
	if (!json_is_number(at->value))
		return lopt_saved_wrong(at, err, "not a number");
	*out = json_number_value(at->value);
	if (*out < 0 || *out > 1e9)
		return lopt_saved_wrong(at, err, "not from 0 to 10^9");
	return LOPT_OK;
}

static enum lopt_status read_bool(const struct lopt_saved *at, bool *out, struct lopt_error *err)
{
	LOPT_TRY(need(at, err));
	*out = json_is_true(at->value);
	return json_is_boolean(at->value) ? LOPT_OK : lopt_saved_wrong(at, err, "neither true nor false");
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* "\xNN" with a byte that is no ASCII. */
static bool is_byte(struct lopt_str text, size_t at)
{
	return text.len - at >= 4 && text.ptr[at] == '\\' && text.ptr[at + 1] == 'x' && text.ptr[at + 2] >= '8' &&
	       is_hex_digit(text.ptr[at + 2]) && is_hex_digit(text.ptr[at + 3]);
}

static unsigned hex_value(char c)
{
	return (unsigned)(is_digit(c) ? c - '0' : c - 'a' + 10);
}

static void put_bytes(struct lopt_buf *out, struct lopt_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_byte(text, i)) {
			lopt_buf_char(out, (char)(hex_value(text.ptr[i + 2]) << 4 | hex_value(text.ptr[i + 3])));
			i += 3;
		} else {
			lopt_buf_char(out, text.ptr[i]);
		}
	}
}

/*
 * A byte that is no UTF-8 was written as the four characters \xNN. It becomes that byte again, unless the text would then
 * be written in another way than it was: so it holds these characters itself.
 */
static enum lopt_status copy_name(const struct lopt_saved_reader *reader, struct lopt_str text, struct lopt_str *out,
				  struct lopt_error *err)
{
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf bytes = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf before = LOPT_BUF_INIT(SIZE_MAX / 2);
	LOPT_CLEANUP(lopt_buf_release) struct lopt_buf after = LOPT_BUF_INIT(SIZE_MAX / 2);
	if (text.len && memmem(text.ptr, text.len, "\\x", 2)) {
		put_bytes(&bytes, text);
		lopt_escape_json(&before, text);
		lopt_escape_json(&after, lopt_buf_view(&bytes));
		if (bytes.failed || before.failed || after.failed)
			return lopt_error_memory(err);
		if (lopt_str_equal(lopt_buf_view(&before), lopt_buf_view(&after)))
			text = lopt_buf_view(&bytes);
	}
	*out = lopt_arena_copy(reader->arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status need_text(const struct lopt_saved *at, struct lopt_str *out, struct lopt_error *err)
{
	LOPT_TRY(need(at, err));
	*out = json_is_string(at->value) ? text_of(at->value) : lopt_str_make(NULL, 0);
	return out->ptr && !is_marked(*out) ? LOPT_OK : lopt_saved_wrong(at, err, "not a string");
}

static enum lopt_status read_text(const struct lopt_saved_reader *reader, const struct lopt_saved *at, bool any_bytes,
				  struct lopt_str *out, struct lopt_error *err)
{
	struct lopt_str text;
	LOPT_TRY(need_text(at, &text, err));
	if (any_bytes)
		return copy_name(reader, text, out, err);
	*out = lopt_arena_copy(reader->arena, text);
	return out->ptr ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status read_texts(const struct lopt_saved_reader *reader, const struct lopt_saved *at, bool any_bytes,
				   const struct lopt_str **out, size_t *count, struct lopt_error *err)
{
	LOPT_TRY(lopt_saved_need_list(at, err));
	*count = json_array_size(at->value);
	struct lopt_str *texts = lopt_arena_zalloc(reader->arena, *count + 1, sizeof *texts);
	if (!texts)
		return lopt_error_memory(err);
	for (size_t i = 0; i < *count; i++) {
		const struct lopt_saved item = lopt_saved_item(at, i);
		LOPT_TRY(read_text(reader, &item, any_bytes, &texts[i], err));
	}
	*out = texts;
	return LOPT_OK;
}

/* Texts of the program's own are shown as they are, so they may hold nothing else than ours do. */

static bool is_letter_or_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_own(char c, enum lopt_saved_kind kind)
{
	if (kind == LOPT_SAVED_ADVICE)
		return c >= ' ' && c <= '~';
	const char *others = kind == LOPT_SAVED_SENTENCE ? " .,;:?!/()'\"%=+-" : "._+-";
	return is_letter_or_digit(c) || (c && strchr(others, c));
}

static enum lopt_status read_own(const struct lopt_saved_reader *reader, const struct lopt_saved *at,
				 enum lopt_saved_kind kind, const char **out, struct lopt_error *err)
{
	struct lopt_str text;
	LOPT_TRY(need_text(at, &text, err));
	if (text.len == 0)
		return lopt_saved_wrong(at, err, "empty");
	if (kind == LOPT_SAVED_LABEL && text.len > LABEL_MAX)
		return lopt_saved_wrong(at, err, "longer than %d bytes", LABEL_MAX);
	for (size_t i = 0; i < text.len; i++)
		if (!is_own(text.ptr[i], kind))
			return lopt_saved_wrong(at, err,
						"layeropt did not write this: it does not use the character "
						"at %zu there",
						i + 1);
	*out = lopt_arena_copy(reader->arena, text).ptr;
	return *out ? LOPT_OK : lopt_error_memory(err);
}

static enum lopt_status read_word(const struct lopt_saved *at, const char *const *words, unsigned *out,
				  struct lopt_error *err)
{
	struct lopt_str text;
	LOPT_TRY(need_text(at, &text, err));
	for (unsigned i = words[0] ? 0 : 1; words[i]; i++) {
		*out = i;
		if (lopt_str_is(text, words[i]))
			return LOPT_OK;
	}
	return lopt_saved_wrong(at, err, "\"%.*s\" is not known", text.len > 100 ? 100 : (int)text.len, text.ptr);
}

/* Fields. */

static enum lopt_status read_number(const struct lopt_saved_reader *reader, const struct lopt_saved *at,
				    const struct lopt_saved_field *field, void *to, struct lopt_error *err)
{
	uint64_t number;
	switch (field->kind) {
	case LOPT_SAVED_LINE:
		LOPT_TRY(read_below(at, (uint64_t)UINT32_MAX + 1, &number, err));
		*(uint32_t *)to = (uint32_t)number;
		return LOPT_OK;
	case LOPT_SAVED_LAYER:
	case LOPT_SAVED_LAYER_OR_NULL:
		return read_layer(reader, at, to, err);
	case LOPT_SAVED_RATIO:
		return read_ratio(at, to, err);
	case LOPT_SAVED_BOOL:
		return read_bool(at, to, err);
	default:
		return read_count(at, to, err);
	}
}

static enum lopt_status read_value(const struct lopt_saved_reader *reader, const struct lopt_saved *at,
				   const struct lopt_saved_field *field, void *to, size_t *count,
				   struct lopt_error *err)
{
	switch (field->kind) {
	case LOPT_SAVED_LAYERS:
		return read_layers(reader, at, to, count, err);
	case LOPT_SAVED_TEXT:
		return read_text(reader, at, false, to, err);
	case LOPT_SAVED_TEXTS:
		return read_texts(reader, at, false, to, count, err);
	case LOPT_SAVED_NAME:
	case LOPT_SAVED_NAME_OR_NULL:
		return read_text(reader, at, true, to, err);
	case LOPT_SAVED_NAMES:
		return read_texts(reader, at, true, to, count, err);
	case LOPT_SAVED_LABEL:
	case LOPT_SAVED_LABEL_OR_NULL:
		return read_own(reader, at, LOPT_SAVED_LABEL, to, err);
	case LOPT_SAVED_SENTENCE:
	case LOPT_SAVED_ADVICE:
		return read_own(reader, at, field->kind, to, err);
	case LOPT_SAVED_WORD:
	case LOPT_SAVED_WORD_OR_NULL:
		return read_word(at, field->words, to, err);
	default:
		return read_number(reader, at, field, to, err);
	}
}

/* What null stands for; false: it may not be there. */
static bool take_null(const struct lopt_saved_field *field, void *to)
{
	switch (field->kind) {
	case LOPT_SAVED_COUNT_OR_NULL:
		*(uint64_t *)to = 0;
		return true;
	case LOPT_SAVED_LINE:
		*(uint32_t *)to = 0;
		return true;
	case LOPT_SAVED_LAYER_OR_NULL:
		*(size_t *)to = LOPT_NO_LAYER;
		return true;
	case LOPT_SAVED_TEXT:
	case LOPT_SAVED_NAME_OR_NULL:
		*(struct lopt_str *)to = lopt_str_make(NULL, 0);
		return true;
	case LOPT_SAVED_LABEL_OR_NULL:
		*(const char **)to = NULL;
		return true;
	case LOPT_SAVED_WORD_OR_NULL:
		*(unsigned *)to = 0;
		return true;
	default:
		return false;
	}
}

enum lopt_status lopt_saved_fields(const struct lopt_saved_reader *reader, const struct lopt_saved *in,
				   const struct lopt_saved_field *fields, size_t count, void *to,
				   struct lopt_error *err)
{
	LOPT_TRY(lopt_saved_need_object(in, err));
	for (size_t i = 0; i < count; i++) {
		const struct lopt_saved at = lopt_saved_member(in, fields[i].name);
		void *value = (char *)to + fields[i].offset;
		size_t *number = (size_t *)((char *)to + fields[i].count_offset);
		if (json_is_null(at.value) && take_null(&fields[i], value))
			continue;
		LOPT_TRY(read_value(reader, &at, &fields[i], value, number, err));
	}
	return LOPT_OK;
}
