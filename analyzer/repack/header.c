/* SPDX-License-Identifier: MIT */
#include "repack/header.h"

enum { NAME = 100, ID_MAX = 07777777, SECOND = 1000000000 };
#define TIME_MAX 077777777777ull

/* `width` - 1 digits, which the value fits in, and a NUL. */
static void put_octal(char *field, size_t width, uint64_t value)
{
	field[--width] = '\0';
	for (; width; value >>= 3)
		field[--width] = (char)('0' + (value & 7));
}

/* A size of 8 GiB or more in binary, as GNU tar, Go and libarchive write and read it. */
static void put_size(char field[12], uint64_t size)
{
	if (size >> 33 == 0) {
		put_octal(field, 12, size);
		return;
	}
	memset(field, 0, 12);
	field[0] = (char)0x80;
	for (int i = 11; i > 3; i--, size >>= 8)
		field[i] = (char)(size & 0xff);
}

static void put_text(char *field, struct lopt_str text)
{
	if (text.len)
		memcpy(field, text.ptr, text.len < NAME ? text.len : NAME);
}

void lopt_block_make(char block[LOPT_TAR_BLOCK_SIZE], const struct lopt_block_fields *fields)
{
	unsigned sum = 0;
	bool is_device = fields->type == '3' || fields->type == '4';
	memset(block, 0, LOPT_TAR_BLOCK_SIZE);
	put_text(block, fields->name);
	put_octal(block + 100, 8, fields->mode);
	put_octal(block + 108, 8, fields->uid);
	put_octal(block + 116, 8, fields->gid);
	put_size(block + 124, fields->size);
	put_octal(block + 136, 12, fields->mtime);
	memset(block + 148, ' ', 8);
	block[156] = fields->type;
	put_text(block + 157, fields->link);
	memcpy(block + 257, "ustar", 6);
	block[263] = block[264] = '0';
	if (is_device) {
		put_octal(block + 329, 8, fields->major);
		put_octal(block + 337, 8, fields->minor);
	}
	for (size_t i = 0; i < LOPT_TAR_BLOCK_SIZE; i++)
		sum += (unsigned char)block[i];
	put_octal(block + 148, 7, sum);
	block[155] = ' ';
}

/* --- PAX records --- */

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static void put_record(struct lopt_buf *out, const char *prefix, struct lopt_str key, struct lopt_str value)
{
	size_t rest = strlen(prefix) + key.len + value.len + 3, len = rest + 1;
	for (size_t power = 10; len >= power; power *= 10)
		len++;
	lopt_buf_printf(out, "%zu %s", len, prefix);
	lopt_buf_str(out, key);
	lopt_buf_char(out, '=');
	lopt_buf_str(out, value);
	lopt_buf_char(out, '\n');
}

static void put_number(struct lopt_buf *out, const char *key, int64_t value)
{
	char text[24];
	(void)snprintf(text, sizeof text, "%lld", (long long)value);
	put_record(out, "", lopt_str_from(key), lopt_str_from(text));
}

static void put_time(struct lopt_buf *out, int64_t mtime_ns)
{
	char text[40];
	if (mtime_ns % SECOND == 0) {
		put_number(out, "mtime", mtime_ns / SECOND);
		return;
	}
	(void)snprintf(text, sizeof text, "%lld.%09lld", (long long)(mtime_ns / SECOND),
		       (long long)(mtime_ns % SECOND));
	put_record(out, "", lopt_str_from("mtime"), lopt_str_from(text));
}

static bool fits_id(int64_t id)
{
	return id >= 0 && id <= ID_MAX;
}

static bool fits_time(int64_t mtime_ns)
{
	return mtime_ns >= 0 && mtime_ns % SECOND == 0 && (uint64_t)(mtime_ns / SECOND) <= TIME_MAX;
}

static void put_records(struct lopt_buf *out, const struct lopt_header *header)
{
	const struct lopt_entry *entry = header->attributes;
	if (header->path.len > NAME)
		put_record(out, "", lopt_str_from("path"), header->path);
	if (header->link.len > NAME)
		put_record(out, "", lopt_str_from("linkpath"), header->link);
	if (!fits_id(entry->uid))
		put_number(out, "uid", entry->uid);
	if (!fits_id(entry->gid))
		put_number(out, "gid", entry->gid);
	if (!fits_time(entry->mtime_ns))
		put_time(out, entry->mtime_ns);
	for (size_t i = 0; i < entry->xattr_count; i++)
		put_record(out, "SCHILY.xattr.", entry->xattrs[i].name, entry->xattrs[i].value);
}

static void put_padding(struct lopt_buf *out, size_t size)
{
	static const char zeros[LOPT_TAR_BLOCK_SIZE];
	lopt_buf_add(out, zeros, -size & (LOPT_TAR_BLOCK_SIZE - 1));
}

/* --- both --- */

bool lopt_header_can_be_made(const struct lopt_entry *attributes)
{
	return attributes->uid >= 0 && attributes->gid >= 0 && attributes->mtime_ns != INT64_MAX &&
	       (attributes->mtime_ns >= 0 || attributes->mtime_ns % SECOND == 0);
}

/* Whole seconds, for who reads no PAX records. */
static uint64_t time_field(int64_t mtime_ns)
{
	uint64_t seconds = mtime_ns > 0 ? (uint64_t)(mtime_ns / SECOND) : 0;
	return seconds <= TIME_MAX ? seconds : 0;
}

void lopt_header_make(struct lopt_buf *out, const struct lopt_header *header)
{
	const struct lopt_entry *entry = header->attributes;
	struct lopt_buf records = LOPT_BUF_INIT(SIZE_MAX / 2);
	char block[LOPT_TAR_BLOCK_SIZE];
	put_records(&records, header);
	out->failed |= records.failed;
	if (records.len) {
		const struct lopt_block_fields fields = {
			.name = lopt_str_from("PaxHeader"), .type = 'x', .mode = 0644, .size = records.len
		};
		lopt_block_make(block, &fields);
		lopt_buf_add(out, block, sizeof block);
		lopt_buf_str(out, lopt_buf_view(&records));
		put_padding(out, records.len);
	}
	lopt_buf_release(&records);
	const struct lopt_block_fields fields = {
		.name = header->path,
		.link = header->link,
		.type = header->type,
		.mode = entry->mode,
		.uid = fits_id(entry->uid) ? (uint32_t)entry->uid : 0,
		.gid = fits_id(entry->gid) ? (uint32_t)entry->gid : 0,
		.major = entry->major,
		.minor = entry->minor,
		.size = header->size,
		.mtime = time_field(entry->mtime_ns),
	};
	lopt_block_make(block, &fields);
	lopt_buf_add(out, block, sizeof block);
}
