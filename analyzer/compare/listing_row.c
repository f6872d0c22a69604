/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/cleanup.h"
#include "compare/listing.h"
#include "layer/path.h"

enum {
	PATH,
	PATH_B64,
	TYPE,
	MODE,
	UID,
	GID,
	MTIME_NS,
	SIZE,
	SHA256,
	LINK,
	LINK_B64,
	RDEV,
	HARDLINK,
	HARDLINK_B64,
	XATTRS,
	XATTRS_B64,
	LAYER,
	CONTENT_LAYER,
	WHITEOUT,
	OPAQUE,
	KEYS
};
static const char *const keys[] = { "path",	  "path_b64", "type",	       "mode",	       "uid",
				    "gid",	  "mtime_ns", "size",	       "sha256",       "link",
				    "link_b64",	  "rdev",     "hardlink",      "hardlink_b64", "xattrs",
				    "xattrs_b64", "layer",    "content_layer", "whiteout",     "opaque" };
_Static_assert(sizeof keys / sizeof keys[0] == KEYS && (int)KEYS <= (int)LOPT_FIELDS_MAX, "a key for each");

enum { COMPONENT_MAX = 255 };

/* As the final filesystem has them: no slash at either end, no ".", no "..". */
static bool is_clean(struct lopt_str path, const struct lopt_limits *limits)
{
	if (path.len == 0 || path.len > limits->path_bytes)
		return false;
	for (size_t at = 0; at <= path.len;) {
		const char *slash = at < path.len ? memchr(path.ptr + at, '/', path.len - at) : NULL;
		size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
		struct lopt_str part = lopt_str_make(path.ptr + at, end - at);
		if (part.len == 0 || part.len > COMPONENT_MAX || lopt_str_is(part, ".") || lopt_str_is(part, ".."))
			return false;
		at = end + 1;
	}
	return true;
}

static enum lopt_status take_path(struct lopt_str *out, const struct lopt_fields *fields, size_t index, size_t encoded,
				  const struct lopt_limits *limits, struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_bytes(out, fields, index, encoded, err));
	return is_clean(*out, limits) ? LOPT_OK : lopt_fields_wrong(fields, index, "a path of a filesystem", err);
}

static enum lopt_status take_type(enum lopt_type *out, const struct lopt_fields *fields, struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_need(fields, TYPE, err));
	struct lopt_str value = fields->values[TYPE];
	char c = value.len == 3 && value.ptr[0] == '"' ? value.ptr[1] : '\0';
	if (c == '\0' || !strchr("fdlcbp", c))
		return lopt_fields_wrong(fields, TYPE, "one of f, d, l, c, b and p", err);
	*out = (enum lopt_type)c;
	return LOPT_OK;
}

static enum lopt_status take_mode(uint32_t *out, const struct lopt_fields *fields, struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_need(fields, MODE, err));
	struct lopt_str value = fields->values[MODE];
	uint32_t mode = 0;
	bool good = value.len >= 3 && value.len <= 6 && value.ptr[0] == '"';
	for (size_t i = 1; good && i + 1 < value.len; i++) {
		good = value.ptr[i] >= '0' && value.ptr[i] <= '7';
		mode = mode << 3 | (uint32_t)(value.ptr[i] - '0');
	}
	if (!good)
		return lopt_fields_wrong(fields, MODE, "permission bits in octal, as text", err);
	*out = mode;
	return LOPT_OK;
}

/* "8,1" */
static enum lopt_status take_device(struct lopt_item *item, const struct lopt_fields *fields, struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_need(fields, RDEV, err));
	struct lopt_str value = fields->values[RDEV];
	const char *comma = value.len > 2 ? memchr(value.ptr, ',', value.len) : NULL;
	uint64_t major = 0, minor = 0;
	bool good = comma && value.ptr[0] == '"';
	if (good) {
		size_t len = (size_t)(comma - value.ptr);
		good = lopt_digits_decode(&major, lopt_str_make(value.ptr + 1, len - 1)) &&
		       lopt_digits_decode(&minor, lopt_str_make(comma + 1, value.len - len - 2)) &&
		       major <= UINT32_MAX && minor <= UINT32_MAX;
	}
	if (!good)
		return lopt_fields_wrong(fields, RDEV, "\"MAJOR,MINOR\"", err);
	item->major = (uint32_t)major;
	item->minor = (uint32_t)minor;
	return LOPT_OK;
}

static enum lopt_status take_content(struct lopt_item *item, const struct lopt_fields *fields, struct lopt_error *err)
{
	LOPT_TRY(lopt_fields_count(&item->side.size, fields, SIZE, err));
	LOPT_TRY(lopt_fields_need(fields, SHA256, err));
	if (!lopt_fields_has(fields, SHA256))
		return LOPT_OK;
	struct lopt_str value = fields->values[SHA256];
	unsigned char *digest = lopt_arena_alloc(fields->arena, 32);
	if (!digest)
		return lopt_error_memory(err);
	if (value.len != 66 || value.ptr[0] != '"' || !lopt_hex_decode(digest, 32, lopt_str_make(value.ptr + 1, 64)))
		return lopt_fields_wrong(fields, SHA256, "64 hex digits", err);
	item->sha256 = digest;
	return LOPT_OK;
}

/* What only some types have. */
static enum lopt_status take_object(struct lopt_item *item, const struct lopt_fields *fields,
				    const struct lopt_limits *limits, struct lopt_error *err)
{
	switch (item->side.type) {
	case LOPT_FILE:
		return take_content(item, fields, err);
	case LOPT_SYMLINK:
		/* a link to nothing with other names, whose row says so by what it lacks */
		if (!fields->values[LINK].ptr && fields->values[HARDLINK].ptr)
			return LOPT_OK;
		LOPT_TRY(lopt_fields_bytes(&item->side.target, fields, LINK, LINK_B64, err));
		if (item->side.target.len > limits->link_bytes)
			return lopt_fields_wrong(fields, LINK, "as short as a link may be (--limit link_bytes=N)", err);
		return LOPT_OK;
	case LOPT_CHAR:
	case LOPT_BLOCK:
		return take_device(item, fields, err);
	case LOPT_DIR:
	case LOPT_FIFO:
		return LOPT_OK;
	}
	return LOPT_OK;
}

/* --- extended attributes --- */

static int compare_xattrs(const void *a, const void *b)
{
	const struct lopt_xattr *x = a, *y = b;
	return lopt_str_compare(x->name, y->name);
}

static enum lopt_status take_xattr(struct lopt_xattr *out, const struct lopt_fields *fields, bool encoded,
				   struct lopt_str name, struct lopt_str value, struct lopt_error *err)
{
	bool quoted = value.len >= 2 && value.ptr[0] == '"';
	size_t size = quoted ? (value.len - 2) / 2 : 0;
	unsigned char *bytes = lopt_arena_alloc(fields->arena, size + 1);
	if (!bytes)
		return lopt_error_memory(err);
	LOPT_TRY(lopt_fields_string(&out->name, fields, name, err));
	if (out->name.ptr && encoded)
		LOPT_TRY(lopt_base64_decode(&out->name, fields->arena, out->name, err));
	if (!out->name.ptr || !quoted || !lopt_hex_decode(bytes, size, lopt_str_make(value.ptr + 1, value.len - 2)))
		return lopt_fields_wrong(fields, encoded ? XATTRS_B64 : XATTRS, "names with values in hex", err);
	out->value = lopt_str_make((const char *)bytes, size);
	return LOPT_OK;
}

static size_t count_members(struct lopt_str object, bool *good)
{
	struct lopt_scan scan;
	struct lopt_str name, value;
	size_t count = 0;
	lopt_scan_start(&scan, object, '{');
	while (lopt_scan_member(&scan, &name, &value))
		count++;
	*good = lopt_scan_ended(&scan);
	return count;
}

static enum lopt_status take_xattrs(struct lopt_item *item, const struct lopt_fields *fields,
				    const struct lopt_limits *limits, struct lopt_error *err)
{
	bool encoded = fields->values[XATTRS_B64].ptr, good;
	size_t index = encoded ? XATTRS_B64 : XATTRS, count = 0;
	if (!fields->values[index].ptr)
		return LOPT_OK;
	size_t have = count_members(fields->values[index], &good);
	if (!good || have > limits->xattrs)
		return lopt_fields_wrong(fields, index, "an object of as many names as there may be (--limit xattrs=N)",
					 err);
	struct lopt_xattr *xattrs = lopt_arena_zalloc(fields->arena, have + 1, sizeof *xattrs);
	struct lopt_scan scan;
	struct lopt_str name, value;
	if (!xattrs)
		return lopt_error_memory(err);
	lopt_scan_start(&scan, fields->values[index], '{');
	while (lopt_scan_member(&scan, &name, &value))
		LOPT_TRY(take_xattr(&xattrs[count++], fields, encoded, name, value, err));
	qsort(xattrs, count, sizeof *xattrs, compare_xattrs);
	for (size_t i = 1; i < count; i++)
		if (lopt_str_equal(xattrs[i - 1].name, xattrs[i].name))
			return lopt_fields_wrong(fields, index, "without a name that is there twice", err);
	item->xattrs = xattrs;
	item->xattr_count = count;
	return LOPT_OK;
}

/* --- a row --- */

static enum lopt_status take_layer(struct lopt_item *item, const struct lopt_inventory *in,
				   const struct lopt_fields *fields, struct lopt_error *err)
{
	bool own = item->side.type == LOPT_FILE && fields->values[CONTENT_LAYER].ptr;
	for (size_t index = LAYER; index <= (own ? (size_t)CONTENT_LAYER : (size_t)LAYER); index++) {
		uint64_t layer;
		LOPT_TRY(lopt_fields_count(&layer, fields, index, err));
		if (layer >= in->layer_count)
			return lopt_fields_wrong(fields, index, "one of the layers of the header row", err);
		item->side.holder = (size_t)layer;
	}
	return LOPT_OK;
}

static enum lopt_status take_attributes(struct lopt_item *item, const struct lopt_fields *fields,
					struct lopt_error *err)
{
	LOPT_TRY(take_mode(&item->side.mode, fields, err));
	LOPT_TRY(lopt_fields_number(&item->side.uid, fields, UID, err));
	LOPT_TRY(lopt_fields_number(&item->side.gid, fields, GID, err));
	LOPT_TRY(lopt_fields_need(fields, MTIME_NS, err));
	item->side.has_time = lopt_fields_has(fields, MTIME_NS);
	return item->side.has_time ? lopt_fields_number(&item->side.mtime_ns, fields, MTIME_NS, err) : LOPT_OK;
}

enum lopt_status lopt_listing_row(struct lopt_item *item, const struct lopt_inventory *in, struct lopt_str line,
				  struct lopt_buf *room, const struct lopt_limits *limits, struct lopt_error *err)
{
	struct lopt_fields fields = { .arena = in->arena, .room = room };
	*item = (struct lopt_item){ .side.inode = LOPT_NO_INODE };
	LOPT_TRY(lopt_fields_find(&fields, keys, KEYS, line, err));
	for (size_t i = WHITEOUT; i <= OPAQUE; i++)
		if (fields.values[i].ptr)
			return lopt_fields_wrong(&fields, i, "in a final filesystem", err);
	LOPT_TRY(take_path(&item->path, &fields, PATH, PATH_B64, limits, err));
	LOPT_TRY(take_type(&item->side.type, &fields, err));
	LOPT_TRY(take_attributes(item, &fields, err));
	LOPT_TRY(take_object(item, &fields, limits, err));
	if (fields.values[HARDLINK].ptr)
		LOPT_TRY(take_path(&item->side.hardlink, &fields, HARDLINK, HARDLINK_B64, limits, err));
	LOPT_TRY(take_xattrs(item, &fields, limits, err));
	return take_layer(item, in, &fields, err);
}
