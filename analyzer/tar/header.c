/* SPDX-License-Identifier: MIT */
#include "tar/header.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* A field of the header block: offset and size. */
struct field {
	const char *name;
	size_t at, size;
};

static const struct field field_name = { "name", 0, 100 };
static const struct field field_mode = { "mode", 100, 8 };
static const struct field field_uid = { "uid", 108, 8 };
static const struct field field_gid = { "gid", 116, 8 };
static const struct field field_size = { "size", 124, 12 };
static const struct field field_mtime = { "mtime", 136, 12 };
static const struct field field_sum = { "checksum", 148, 8 };
static const struct field field_link = { "linkname", 157, 100 };
static const struct field field_major = { "devmajor", 329, 8 };
static const struct field field_minor = { "devminor", 337, 8 };
static const struct field field_prefix = { "prefix", 345, 155 };
static const struct field field_star_prefix = { "prefix", 345, 131 };
static const struct field field_gnu_atime = { "atime", 345, 12 };
static const struct field field_gnu_ctime = { "ctime", 357, 12 };

enum { AT_TYPEFLAG = 156, AT_MAGIC = 257, AT_VERSION = 263, AT_STAR_TRAILER = 508 };

enum variant { VARIANT_V7, VARIANT_USTAR, VARIANT_GNU, VARIANT_STAR };

static struct lopt_str text_of(const unsigned char *block, const struct field *field)
{
	const char *p = (const char *)block + field->at;
	return lopt_str_make(p, strnlen(p, field->size));
}

static bool parse_base256(int64_t *out, const unsigned char *p, size_t size)
{
	unsigned char invert = p[0] & 0x40 ? 0xff : 0;
	uint64_t x = 0;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = p[i] ^ invert;
		if (i == 0)
			c &= 0x7f;
		if (x >> 56)
			return false;
		x = x << 8 | c;
	}
	if (x >> 63)
		return false;
	*out = invert ? -(int64_t)x - 1 : (int64_t)x;
	return true;
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\0';
}

static bool parse_octal(int64_t *out, const unsigned char *p, size_t size)
{
	while (size && is_blank(p[0]))
		p++, size--;
	while (size && is_blank(p[size - 1]))
		size--;
	uint64_t x = 0;
	for (size_t i = 0; i < size && p[i] != '\0'; i++) {
		if (p[i] < '0' || p[i] > '7' || x >> 60)
			return false;
		x = x << 3 | (uint64_t)(p[i] - '0');
	}
	*out = (int64_t)x;
	return true;
}

static bool parse_number(int64_t *out, const unsigned char *block, const struct field *field)
{
	const unsigned char *p = block + field->at;
	return p[0] & 0x80 ? parse_base256(out, p, field->size) : parse_octal(out, p, field->size);
}

static enum lopt_status need_number(int64_t *out, const unsigned char *block, const struct field *field,
				    struct lopt_error *err)
{
	if (parse_number(out, block, field))
		return LOPT_OK;
	return lopt_error_set(err, LOPT_E_INPUT, "tar header: the %s field is no number", field->name);
}

/* Writers of old summed signed characters: each byte above 127 makes 256 less. The field itself counts as blanks. */
static bool sum_matches(const unsigned char *block)
{
	int64_t want;
	uint32_t sum = 0, high = 0;
	if (!parse_octal(&want, block + field_sum.at, field_sum.size))
		return false;
	for (size_t i = 0; i < LOPT_TAR_BLOCK_SIZE; i++) {
		sum += block[i];
		high += block[i] >> 7;
	}
	for (size_t i = field_sum.at; i < field_sum.at + field_sum.size; i++) {
		sum += ' ' - (uint32_t)block[i];
		high -= block[i] >> 7;
	}
	return want == sum || want == (int64_t)sum - 256 * (int64_t)high;
}

static enum variant variant_of(const unsigned char *block)
{
	if (memcmp(block + AT_MAGIC, "ustar\0", 6) == 0)
		return memcmp(block + AT_STAR_TRAILER, "tar\0", 4) == 0 ? VARIANT_STAR : VARIANT_USTAR;
	if (memcmp(block + AT_MAGIC, "ustar ", 6) == 0 && memcmp(block + AT_VERSION, " \0", 2) == 0)
		return VARIANT_GNU;
	return VARIANT_V7;
}

static bool is_ascii(struct lopt_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80)
			return false;
	return true;
}

/*
 * GNU headers hold two times where ustar has its prefix. Writers of Go before 1.8 put a prefix there all the same; it is
 * recognised by times that are none.
 */
static struct lopt_str gnu_prefix(const unsigned char *block)
{
	static const struct field *const times[] = { &field_gnu_atime, &field_gnu_ctime };
	struct lopt_str prefix = text_of(block, &field_prefix);
	for (size_t i = 0; i < 2; i++) {
		int64_t time;
		if (block[times[i]->at] && !parse_number(&time, block, times[i]) && is_ascii(prefix))
			return prefix;
	}
	return lopt_str_make(NULL, 0);
}

static struct lopt_str prefix_of(const unsigned char *block, enum variant variant)
{
	switch (variant) {
	case VARIANT_USTAR:
		return text_of(block, &field_prefix);
	case VARIANT_STAR:
		return text_of(block, &field_star_prefix);
	case VARIANT_GNU:
		return gnu_prefix(block);
	case VARIANT_V7:
		break;
	}
	return lopt_str_make(NULL, 0);
}

enum lopt_status lopt_tar_block_parse(struct lopt_tar_block *out, const unsigned char block[LOPT_TAR_BLOCK_SIZE],
				      struct lopt_error *err)
{
	if (!sum_matches(block))
		return lopt_error_set(err, LOPT_E_INPUT, "tar header: the checksum does not fit");
	enum variant variant = variant_of(block);
	*out = (struct lopt_tar_block){
		.typeflag = (char)block[AT_TYPEFLAG],
		.name = text_of(block, &field_name),
		.prefix = prefix_of(block, variant),
		.link = text_of(block, &field_link),
	};
	LOPT_TRY(need_number(&out->mode, block, &field_mode, err));
	LOPT_TRY(need_number(&out->uid, block, &field_uid, err));
	LOPT_TRY(need_number(&out->gid, block, &field_gid, err));
	LOPT_TRY(need_number(&out->size, block, &field_size, err));
	LOPT_TRY(need_number(&out->mtime, block, &field_mtime, err));
	if (variant == VARIANT_V7)
		return LOPT_OK;
	LOPT_TRY(need_number(&out->major, block, &field_major, err));
	return need_number(&out->minor, block, &field_minor, err);
}

bool lopt_tar_block_is_zero(const unsigned char block[LOPT_TAR_BLOCK_SIZE])
{
	return block[0] == 0 && memcmp(block, block + 1, LOPT_TAR_BLOCK_SIZE - 1) == 0;
}
