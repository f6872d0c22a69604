/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tar/header.h"

/* PAX extended header records: "LENGTH KEY=VALUE\n", the length in decimal and over the whole record. */

static bool parse_decimal(int64_t *out, struct lopt_str text)
{
	size_t at = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
	bool negative = at && text.ptr[0] == '-';
	if (at == text.len)
		return false;
	int64_t x = 0;
	for (; at < text.len; at++) {
		if (text.ptr[at] < '0' || text.ptr[at] > '9')
			return false;
		int digit = text.ptr[at] - '0';
		if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, negative ? -digit : digit, &x))
			return false;
	}
	*out = x;
	return true;
}

/* "SECONDS[.FRACTION]"; what lies beyond 64 bits of nanoseconds is clamped. */
static bool parse_time(int64_t *out, struct lopt_str text)
{
	const char *dot = text.len ? memchr(text.ptr, '.', text.len) : NULL;
	size_t whole = dot ? (size_t)(dot - text.ptr) : text.len;
	int64_t seconds, nanos = 0, scale = 100000000;
	if (!parse_decimal(&seconds, lopt_str_make(text.ptr, whole)))
		return false;
	for (size_t i = whole + 1; i < text.len; i++, scale /= 10) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		nanos += (text.ptr[i] - '0') * scale;
	}
	bool negative = text.ptr[0] == '-';
	if (__builtin_mul_overflow(seconds, 1000000000, out) ||
	    __builtin_add_overflow(*out, negative ? -nanos : nanos, out))
		*out = negative ? INT64_MIN : INT64_MAX;
	return true;
}

static bool has_nul(struct lopt_str text)
{
	return text.len && memchr(text.ptr, '\0', text.len) != NULL;
}

static enum lopt_status bad_value(struct lopt_str key, struct lopt_error *err)
{
	return lopt_error_set(err, LOPT_E_INPUT, "PAX header: the value of %.*s makes no sense", LOPT_STR_ARGS(key));
}

static enum lopt_status add_xattr(struct lopt_tar_pax *pax, struct lopt_str name, struct lopt_str value,
				  const struct lopt_limits *limits, struct lopt_error *err)
{
	if (value.len == 0) { /* an empty value deletes the record, so that no engine sees the attribute */
		pax->empty_xattr = true;
		return LOPT_OK;
	}
	for (size_t i = 0; i < pax->xattr_count; i++) {
		if (lopt_str_equal(pax->xattrs[i].name, name)) {
			pax->xattrs[i].value = value;
			return LOPT_OK;
		}
	}
	if (pax->xattr_count >= limits->xattrs)
		return lopt_error_set(err, LOPT_E_LIMIT, "more than %llu extended attributes (--limit xattrs=N)",
				      (unsigned long long)limits->xattrs);
	struct lopt_tar_xattr *grown =
		lopt_grow(pax->xattrs, &pax->xattr_cap, pax->xattr_count + 1, sizeof *pax->xattrs);
	if (!grown)
		return lopt_error_memory(err);
	pax->xattrs = grown;
	pax->xattrs[pax->xattr_count++] = (struct lopt_tar_xattr){ name, value };
	return LOPT_OK;
}

enum kind { KIND_NAME, KIND_TEXT, KIND_NUMBER, KIND_TIME, KIND_FLAG };

/* What the keys we act on mean and where they go. */
static const struct {
	const char *key;
	enum kind kind;
	size_t value, present;
} keys[] = {
#define AT(member) offsetof(struct lopt_tar_pax, member)
	{ "path", KIND_NAME, AT(path), 0 },
	{ "linkpath", KIND_NAME, AT(linkpath), 0 },
	{ "size", KIND_NUMBER, AT(size), AT(has_size) },
	{ "uid", KIND_NUMBER, AT(uid), AT(has_uid) },
	{ "gid", KIND_NUMBER, AT(gid), AT(has_gid) },
	{ "mtime", KIND_TIME, AT(mtime_ns), AT(has_mtime) },
	{ "GNU.sparse.name", KIND_NAME, AT(sparse_name), 0 },
	{ "GNU.sparse.major", KIND_TEXT, AT(sparse_major), 0 },
	{ "GNU.sparse.minor", KIND_TEXT, AT(sparse_minor), 0 },
	{ "GNU.sparse.map", KIND_TEXT, AT(sparse_map), 0 },
	{ "GNU.sparse.size", KIND_TEXT, AT(sparse_size), 0 },
	{ "GNU.sparse.realsize", KIND_TEXT, AT(sparse_realsize), 0 },
	{ "GNU.sparse.offset", KIND_FLAG, AT(sparse_pairs), 0 },
#undef AT
};

static enum lopt_status set_key(struct lopt_tar_pax *pax, size_t index, struct lopt_str key, struct lopt_str value,
				struct lopt_error *err)
{
	void *to = (char *)pax + keys[index].value;
	bool ok = true;
	switch (keys[index].kind) {
	case KIND_NAME:
		ok = !has_nul(value);
		/* fall through */
	case KIND_TEXT:
		*(struct lopt_str *)to = value;
		break;
	case KIND_NUMBER:
		ok = parse_decimal(to, value);
		break;
	case KIND_TIME:
		ok = parse_time(to, value);
		break;
	case KIND_FLAG:
		*(bool *)to = true;
		break;
	}
	if (!ok)
		return bad_value(key, err);
	if (keys[index].present)
		*(bool *)((char *)pax + keys[index].present) = true;
	return LOPT_OK;
}

static enum lopt_status set_record(struct lopt_tar_pax *pax, struct lopt_str key, struct lopt_str value,
				   const struct lopt_limits *limits, struct lopt_error *err)
{
	static const char xattr[] = "SCHILY.xattr.";
	if (lopt_str_starts(key, xattr))
		return add_xattr(pax, lopt_str_make(key.ptr + sizeof xattr - 1, key.len - (sizeof xattr - 1)), value,
				 limits, err);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (lopt_str_is(key, keys[i].key))
			return value.len ? set_key(pax, i, key, value, err) : LOPT_OK;
	return LOPT_OK;
}

/* Cut the first record off `text`. */
static enum lopt_status next_record(struct lopt_str *text, struct lopt_str *key, struct lopt_str *value,
				    struct lopt_error *err)
{
	const char *space = memchr(text->ptr, ' ', text->len < 20 ? text->len : 20);
	size_t head = space ? (size_t)(space - text->ptr) : 0;
	int64_t length;
	if (!space || !parse_decimal(&length, lopt_str_make(text->ptr, head)) || length < 5 ||
	    (uint64_t)length > text->len || head + 2 > (uint64_t)length)
		return lopt_error_set(err, LOPT_E_INPUT, "PAX header: a record's length makes no sense");
	struct lopt_str record = lopt_str_make(space + 1, (size_t)length - head - 2);
	const char *equals = record.len ? memchr(record.ptr, '=', record.len) : NULL;
	if (text->ptr[length - 1] != '\n' || !equals || equals == record.ptr)
		return lopt_error_set(err, LOPT_E_INPUT, "PAX header: a record is not KEY=VALUE and a newline");
	*key = lopt_str_make(record.ptr, (size_t)(equals - record.ptr));
	*value = lopt_str_make(equals + 1, record.len - key->len - 1);
	if (has_nul(*key))
		return lopt_error_set(err, LOPT_E_INPUT, "PAX header: a key holds a NUL");
	*text = lopt_str_make(text->ptr + length, text->len - (size_t)length);
	return LOPT_OK;
}

enum lopt_status lopt_tar_pax_parse(struct lopt_tar_pax *pax, struct lopt_str text, const struct lopt_limits *limits,
				    struct lopt_error *err)
{
	while (text.len) {
		struct lopt_str key = { 0 }, value = { 0 };
		LOPT_TRY(next_record(&text, &key, &value, err));
		LOPT_TRY(set_record(pax, key, value, limits, err));
	}
	return LOPT_OK;
}

void lopt_tar_pax_release(struct lopt_tar_pax *pax)
{
	free(pax->xattrs);
	*pax = (struct lopt_tar_pax){ 0 };
}

static bool is_sparse(const struct lopt_tar_pax *pax)
{
	if (lopt_str_is(pax->sparse_major, "0"))
		return lopt_str_is(pax->sparse_minor, "0") || lopt_str_is(pax->sparse_minor, "1");
	if (lopt_str_is(pax->sparse_major, "1"))
		return lopt_str_is(pax->sparse_minor, "0");
	return !pax->sparse_major.len && !pax->sparse_minor.len && (pax->sparse_map.len || pax->sparse_pairs);
}

enum lopt_status lopt_tar_pax_sparse(const struct lopt_tar_pax *pax, bool *sparse, int64_t *size,
				     struct lopt_error *err)
{
	*sparse = is_sparse(pax);
	if (!*sparse)
		return LOPT_OK;
	struct lopt_str text = pax->sparse_size.len ? pax->sparse_size : pax->sparse_realsize;
	if (text.len && (!parse_decimal(size, text) || *size < 0))
		return lopt_error_set(err, LOPT_E_INPUT, "PAX header: the size of a sparse file makes no sense");
	return LOPT_OK;
}
